//! What is made with Node: the user interface, and the browser journeys.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble, answer};
use crate::project::Project;
use crate::stamp::Stamp;
use crate::steps::Steps;
use crate::tools;

/// What in the UI's folder is made, not written.
const MADE: [&str; 4] = ["node_modules", "dist", "coverage", ".vite"];

/// Installs the UI's packages and builds it, each only where something changed. Two steps.
pub fn build_ui(project: &Project, interrupt: &Interrupt, steps: &mut Steps) -> Result<(), Trouble> {
    let ui = project.ui();
    steps.step("Packages of the user interface", || install(project, &ui, interrupt))?;
    steps.step("User interface", || {
        let stamp = Stamp::new(project, "ui").text(&node_version()).tree(&ui, &MADE)?;
        if stamp.is_current() && ui.join("dist/index.html").is_file() {
            return Ok(());
        }
        process::run(npm(&ui).args(["run", "build"]), Duration::from_secs(300), interrupt)?;
        stamp.set()
    })
}

/// Installs exactly the packages that the lock file in `folder` names.
pub fn install(project: &Project, folder: &Path, interrupt: &Interrupt) -> Result<(), Trouble> {
    let name = format!("npm-{}", folder.file_name().unwrap_or_default().to_string_lossy());
    let stamp = Stamp::new(project, &name)
        .text(&node_version())
        .tree(&folder.join("package.json"), &[])?
        .tree(&folder.join("package-lock.json"), &[])?;
    if stamp.is_current() && folder.join("node_modules").is_dir() {
        return Ok(());
    }
    process::run(npm(folder).args(["ci", "--no-fund", "--no-audit"]), Duration::from_secs(900), interrupt)?;
    stamp.set()
}

/// An npm in `folder`. Playwright's own browsers stay where they are: the machine's is used.
pub fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("NO_UPDATE_NOTIFIER", "1");
    command
}

/// The browser journeys, or one of their scripts, against the program that was built.
pub fn journeys(project: &Project, script: &str) -> Result<Command, Trouble> {
    let browser = tools::browser(project).ok_or_else(|| {
        Trouble::Usage("There is no Chromium or Chrome on this machine; set ANDON_CHROMIUM to one.".into())
    })?;
    let mut command = npm(&project.tests());
    command.args(["run", script]).env("ANDON_CHROMIUM", browser).env("ANDON_BIN", project.andon());
    Ok(command)
}

/// Pictures of screens: the script says of which.
pub fn screenshots(project: &Project, interrupt: &Interrupt, script: &str) -> Result<(), Trouble> {
    process::run(&mut journeys(project, script)?, Duration::from_secs(900), interrupt)
}

/// What a browser needs for a long list of alarms, as `docs/performance.md` has it.
pub fn figures(project: &Project, interrupt: &Interrupt) -> Result<(), Trouble> {
    process::run(&mut journeys(project, "figures")?, Duration::from_secs(900), interrupt)
}

fn node_version() -> String {
    answer(Command::new("node").arg("--version")).unwrap_or_default()
}
