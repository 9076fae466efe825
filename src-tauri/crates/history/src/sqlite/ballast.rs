//! The ballast: room on the disk that only the journal may use when everything else is full.
//!
//! A file of 32 MB beside the databases. When the disk is full the journal's store gives it up, so that alarms, acknowledgements and
//! the audit trail go on being written; it is empty from then on. A store that waits writes nothing until there is room for the
//! ballast and a margin beside it, and makes it anew. Where there never was room for one there is no file, and nobody waits for it.
//!
//! **Invariant:** what the ballast frees is the journal's alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

/// Bytes of the ballast.
const SIZE: u64 = 32 * 1024 * 1024;
/// Bytes that have to be free beside it before a store that waited goes on.
const MARGIN: u64 = 16 * 1024 * 1024;

/// What a store does when the disk is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFullDisk {
    /// It gives the ballast up and goes on.
    UseBallast,
    /// It waits until there is room again, the ballast's included, and looks after the ballast.
    Wait,
}

/// The ballast of a folder.
pub(super) struct Ballast(PathBuf);

enum State {
    Whole,
    GivenUp,
    Missing,
}

impl Ballast {
    /// In the folder of a database file.
    pub(super) fn beside(file: &Path) -> Ballast {
        Ballast(file.with_file_name("ballast"))
    }

    pub(super) fn is_given_up(&self) -> bool {
        matches!(self.state(), State::GivenUp)
    }

    /// Frees the room, and says whether there was some to free.
    pub(super) fn give_up(&self) -> bool {
        if !matches!(self.state(), State::Whole) {
            return false;
        }
        match OpenOptions::new().write(true).open(&self.0).and_then(|file| file.set_len(0)) {
            Ok(()) => {
                tracing::error!(path = %self.0.display(), "the disk is full; the ballast is given up");
                true
            }
            Err(error) => {
                tracing::error!(path = %self.0.display(), %error, "the ballast cannot be given up");
                false
            }
        }
    }

    /// Whether a store that waits may write, which failed for want of room before or not. Makes the ballast where there is room.
    pub(super) fn leaves_room(&self, failed: bool) -> bool {
        match self.state() {
            State::Whole => !failed || self.free() >= MARGIN,
            State::GivenUp => self.free() >= SIZE + MARGIN && self.make(),
            State::Missing => {
                if self.free() >= SIZE + MARGIN && !self.make() {
                    // Not even begun, so that nobody waits for it.
                    drop(fs::remove_file(&self.0));
                }
                true
            }
        }
    }

    fn state(&self) -> State {
        match fs::metadata(&self.0) {
            Ok(file) if file.len() >= SIZE => State::Whole,
            Ok(_) => State::GivenUp,
            Err(_) => State::Missing,
        }
    }

    fn make(&self) -> bool {
        let made = OpenOptions::new().create(true).write(true).truncate(false).open(&self.0).and_then(|mut file| {
            let filled = match fallocate(&file, FallocateFlags::empty(), 0, SIZE) {
                // Not every file system can; what is written takes room on all of them.
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    (0..SIZE / 4096).try_for_each(|_| file.write_all(&[0x5a; 4096]))
                }
                filled => filled.map_err(io::Error::from),
            };
            if filled.is_err() {
                file.set_len(0)?;
            }
            filled
        });
        if let Err(error) = &made {
            tracing::warn!(path = %self.0.display(), %error, "the ballast cannot be made");
        }
        made.is_ok()
    }

    /// Bytes of the disk that this process may still use; nothing where that cannot be found out.
    fn free(&self) -> u64 {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        statvfs(folder).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
