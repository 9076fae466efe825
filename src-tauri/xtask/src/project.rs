//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Trouble;

/// The checkout this program belongs to.
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Finds the checkout from where this crate's manifest is.
    pub fn find() -> Result<Self, Trouble> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf)
            .ok_or_else(|| Trouble::Usage(format!("{} is not in a checkout of Andon.", manifest.display())))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The checkout's top.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The user interface.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The tests that cross crates.
    pub fn tests(&self) -> PathBuf {
        self.root.join("tests")
    }

    /// Programs that only the checks need, installed for this checkout alone.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The program that was built.
    pub fn andon(&self) -> PathBuf {
        self.target.join("debug/andon")
    }

    /// The cargo that runs this program, at the checkout's top.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }
}
