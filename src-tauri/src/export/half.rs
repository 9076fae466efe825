//! A file that appears in its place only when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is being written beside its place, and is removed unless it is finished.
pub struct Half {
    file: File,
    path: PathBuf,
}

impl Half {
    /// Begins one for a place.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut half = OsString::from(".");
        half.push(name);
        half.push(format!(".{}.part", std::process::id()));
        let path = place.with_file_name(half);
        Ok(Self { file: File::create(&path)?, path })
    }

    /// What is to be written.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Puts it in its place, where another file may be.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self, place: &Path) -> io::Result<()> {
        (&self.file).flush()?;
        self.file.sync_all()?;
        fs::rename(&self.path, place)
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // In its place it is no longer there.
        fs::remove_file(&self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_does_not_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("a.csv");
        fs::write(&place, "before").expect("a file");
        let half = Half::begin(&place).expect("a file");
        (&half.file).write_all(b"half").expect("written");
        drop(half);
        assert_eq!(fs::read(&place).expect("the file before"), b"before");
        let whole = Half::begin(&place).expect("a file");
        (&whole.file).write_all(b"whole").expect("written");
        whole.finish(&place).expect("in its place");
        assert_eq!(fs::read(&place).expect("the file"), b"whole");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
