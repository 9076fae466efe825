//! Programs that only the checks need and that no package of the distribution has.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble, answer, which};
use crate::project::Project;
use crate::stamp::Stamp;

/// The bridge between a WebDriver client and Tauri's window.
const TAURI_DRIVER: &str = "2.1.0";

/// Builds the fuzz targets and runs them.
const CARGO_FUZZ: &str = "0.13.2";

/// The bridge between a WebDriver client and Tauri's window.
pub fn tauri_driver(project: &Project, interrupt: &Interrupt) -> Result<PathBuf, Trouble> {
    install(project, interrupt, "tauri-driver", TAURI_DRIVER)
}

/// `cargo fuzz`.
pub fn cargo_fuzz(project: &Project, interrupt: &Interrupt) -> Result<PathBuf, Trouble> {
    install(project, interrupt, "cargo-fuzz", CARGO_FUZZ)
}

/// Installs a program once, for this checkout alone, and says where it is.
fn install(project: &Project, interrupt: &Interrupt, name: &str, version: &str) -> Result<PathBuf, Trouble> {
    let program = project.tools().join("bin").join(name);
    let stamp = Stamp::new(project, name).text(version);
    if !(stamp.is_current() && program.is_file()) {
        let mut install = project.cargo();
        install.args(["install", name, "--version", version, "--locked", "--force", "--root"]);
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
