//! Programs that only the checks need and that no package of the distribution has.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble, answer, which};
use crate::project::Project;
use crate::stamp::Stamp;

/// The bridge between a WebDriver client and Tauri's window.
const TAURI_DRIVER: &str = "2.1.0";

/// Installs the bridge once, for this checkout alone, and says where it is.
pub fn tauri_driver(project: &Project, interrupt: &Interrupt) -> Result<PathBuf, Trouble> {
    let program = project.tools().join("bin/tauri-driver");
    let stamp = Stamp::new(project, "tauri-driver").text(TAURI_DRIVER);
    if !(stamp.is_current() && program.is_file()) {
        let mut install = project.cargo();
        install.args(["install", "tauri-driver", "--version", TAURI_DRIVER, "--locked", "--force", "--root"]);
        install.arg(project.tools());
        process::run(&mut install, Duration::from_secs(900), interrupt)?;
        stamp.set()?;
    }
    Ok(program)
}

/// A Chromium or Chrome: the one that `ANDON_CHROMIUM` names, or one on the path that is more than a pointer to a snap.
pub fn browser(project: &Project) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ANDON_CHROMIUM") {
        return Some(project.root().join(named));
    }
    ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"]
        .into_iter()
        .filter_map(which)
        .find(|program| answer(Command::new(program).arg("--version")).is_some())
}

/// `cargo deny`, where somebody installed it.
pub fn deny() -> Option<PathBuf> {
    which("cargo-deny")
}
