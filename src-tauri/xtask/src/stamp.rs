//! What was done before, so that it is not done again: a file under `target/xtask` with a number made of whatever the
//! work depends on. Work whose number is still the same, and whose result is still there, is left out.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use crate::process::Trouble;
use crate::project::Project;

/// What one piece of work depends on, boiled down to a number.
pub struct Stamp {
    file: PathBuf,
    hasher: DefaultHasher,
}

impl Stamp {
    /// A stamp for the work called `name`.
    pub fn new(project: &Project, name: &str) -> Self {
        Self { file: project.target().join("xtask").join(name), hasher: DefaultHasher::new() }
    }

    /// The work depends on this text.
    pub fn text(mut self, text: &str) -> Self {
        self.hasher.write(text.as_bytes());
        self.hasher.write_u8(0xff);
        self
    }

    /// The work depends on this file, or on everything in this folder but what `leave_out` names.
    pub fn tree(mut self, path: &Path, leave_out: &[&str]) -> Result<Self, Trouble> {
        self.add(path, leave_out)?;
        Ok(self)
    }

    /// Whether the work was done with the same number.
    pub fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.number())
    }

    /// The work is done.
    pub fn set(&self) -> Result<(), Trouble> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(|error| Trouble::File(folder.to_path_buf(), error))?;
        }
        fs::write(&self.file, self.number()).map_err(|error| Trouble::File(self.file.clone(), error))
    }

    fn number(&self) -> String {
        format!("{:016x}", self.hasher.finish())
    }

    fn add(&mut self, path: &Path, leave_out: &[&str]) -> Result<(), Trouble> {
        let trouble = |error| Trouble::File(path.to_path_buf(), error);
        if path.is_dir() {
            let mut inside = Vec::new();
            for entry in fs::read_dir(path).map_err(trouble)? {
                let entry = entry.map_err(trouble)?;
                if !leave_out.iter().any(|name| entry.file_name() == *name) {
                    inside.push(entry.path());
                }
            }
            // The file system's order is not the same on every machine.
            inside.sort();
            return inside.iter().try_for_each(|path| self.add(path, leave_out));
        }
        self.hasher.write(path.as_os_str().as_encoded_bytes());
        self.hasher.write_u8(0xff);
        self.hasher.write(&fs::read(path).map_err(trouble)?);
        self.hasher.write_u8(0xff);
        Ok(())
    }
}
