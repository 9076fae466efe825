//! A disk of a few megabytes, to be full. Only root can make one.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statvfs;

use crate::figures;

/// A file system of a few megabytes on a folder; gone when dropped.
pub struct SmallDisk {
    folder: tempfile::TempDir,
    is_mounted: Cell<bool>,
}

impl SmallDisk {
    /// Makes one; where that is not allowed, says that a row was not run.
    ///
    /// # Panics
    /// Where there is no folder for it.
    pub fn mount(row: &str, megabytes: u32) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(SmallDisk { folder, is_mounted: Cell::new(true) });
        }
        figures::not_run(row, "it needs root, to make a small disk");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left.
    ///
    /// # Panics
    /// Where not even a file can be made.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("an open disk");
        while file.write(&[0; 4_096]).is_ok_and(|n| n == 4_096) {}
    }

    /// Takes so much space that so many percent of the disk are full.
    ///
    /// # Panics
    /// Where it cannot be looked at or written.
    pub fn fill_up_to(&self, percent: u64) {
        let mut file = File::create(self.filler()).expect("an open disk");
        loop {
            let disk = statvfs(self.path()).expect("the disk is there");
            if (disk.f_blocks - disk.f_bfree) * 100 >= disk.f_blocks * percent {
                return;
            }
            file.write_all(&[0; 65_536]).expect("there is room");
        }
    }

    /// Pulls it out: whoever has a file on it keeps it, and nobody finds it any more.
    ///
    /// # Panics
    /// Where it is not there.
    pub fn pull(&self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the test's own disk");
        self.is_mounted.set(false);
    }

    /// Gives back what was taken.
    ///
    /// # Panics
    /// Where it was not filled.
    pub fn give_back(&self) {
        fs::remove_file(self.filler()).expect("it was filled");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted.get() {
            self.pull();
        }
    }
}
