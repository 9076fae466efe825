//! `cargo xtask icons`: the icon files, made from `icons/andon.svg`.
//!
//! They are in the tree, so that building Andon needs no drawing program; this is only run when the picture changes.

use std::process::Command;
use std::time::Duration;

use crate::process::{self, Interrupt, Trouble, which};
use crate::project::Project;

/// Widths in pixels: for lists and task bars, for launchers, and for large displays.
const SIZES: [u32; 4] = [32, 128, 256, 512];

/// Makes them.
pub fn make(project: &Project, interrupt: &Interrupt) -> Result<(), Trouble> {
    if which("rsvg-convert").is_none() {
        return Err(Trouble::Usage("The icons are drawn by rsvg-convert: sudo apt-get install librsvg2-bin".into()));
    }
    let folder = project.root().join("icons");
    for size in SIZES {
        let picture = folder.join(format!("{size}x{size}.png"));
        let size = size.to_string();
        let mut draw = Command::new("rsvg-convert");
        draw.args(["--width", &size, "--height", &size, "--output"]).arg(&picture).arg(folder.join("andon.svg"));
        process::run(&mut draw, Duration::from_secs(30), interrupt)?;
        println!("{}", picture.display());
    }
    Ok(())
}
