//! How a database file of this program is opened, migrated, and judged when it does not work.
//!
//! `history` and `journal` each have a file of their own and the same troubles with it. What they share is here: the
//! [`Schema`] of a file, the [`Store`] that knows how the file fares and lends read-only connections, and the [`Writer`]
//! that owns the one connection that writes. This module knows no table.
//!
//! **Invariant:** a file of a newer version or of another program is never written to, and a damaged one is renamed,
//! never deleted.

mod ballast;
pub mod copy;
mod mark;
mod open;
mod pace;
mod room;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use model::Timestamp;
use rusqlite::ErrorCode;
use thiserror::Error;

pub use ballast::OnFullDisk;
pub use mark::Reach;
pub(crate) use mark::{Loss, noted};
pub use open::{Schema, Step, bytes_used};
pub use room::Room;
pub(crate) use store::ROOM_EVERY;
pub use store::{Store, Writer, lock};

/// What is wrong with a store, as far as somebody can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No space left.
    DiskFull,
    /// The file or its folder may not be written.
    ReadOnly,
    /// Another program holds the file.
    Locked,
    /// The disk reports an error.
    InputOutput,
    /// The file's contents are damaged.
    Damaged,
    /// The file can be neither opened nor made.
    Unreachable,
    /// The file was put there by a newer version of the program, or by another one, while this one ran.
    NotOurs,
    /// A question would have held the log for too long, and was cut off.
    TooLong,
    /// Anything else; the log has the details.
    Other,
}

/// Why a store could not be opened, and trying again would not help.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The SQLite that is linked has a known way to damage a file (sqlite.org/wal.html, "the WAL-reset bug").
    #[error("this program needs SQLite 3.51.3 or newer, but runs with {found}")]
    Library {
        /// The version linked.
        found: String,
    },
    /// The file is from a newer version of the program. It was not touched.
    #[error("{} was made by a newer version of this program (format {found}, this one knows {known}); it was left untouched", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i32,
        /// The newest format that this program knows.
        known: i32,
    },
    /// The file is a database of something else. It was not touched.
    #[error("{} is a database of another program; it was left untouched", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is of a format that cannot be read as it is, and was not to be changed.
    #[error(
        "{} was made by an older version of this program (format {found}) and was not brought up to date yet; \
         start Andon once with this data folder, which does so",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i32,
    },
    /// The file was to be read only, and cannot be.
    #[error("{} cannot be read", path.display())]
    Look {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// No thread could be started.
    #[error("could not start the thread that writes {}", path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Why something is not on disk or cannot be read from it, in a form that can be shown and kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct StoreFailure {
    /// What kind of trouble.
    pub trouble: Trouble,
    /// In words for an operator.
    pub reason: String,
}

/// How a store fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether what is queued reaches the disk.
    pub working: bool,
    /// Why not, in words for an operator; empty while it works.
    pub reason: String,
    /// What kind of trouble; none while it works.
    pub trouble: Option<Trouble>,
    /// Since when it works or does not.
    pub since: Timestamp,
    /// What a person should know of the past, such as a damaged file that was set aside; empty otherwise.
    pub notice: String,
    /// Size of the file with its log, bytes.
    pub bytes: u64,
    /// Rows committed since the program started.
    pub written: u64,
    /// Rows waiting to be committed.
    pub queued: u64,
    /// Rows lost because the queue was full.
    pub dropped: u64,
    /// How much room the disk has left, where the store looks after that.
    pub room: Room,
    /// How long a commit takes, while the disk is slow.
    pub slow: Option<Duration>,
}

impl StoreStatus {
    /// Changes with what [`StoreStatus::warning`] is about, but not while a slow commit goes on.
    pub fn warns(&self) -> u8 {
        self.room as u8 * 2 + u8::from(self.slow.is_some())
    }

    /// What will become a trouble if nobody does anything, in words for an operator; empty while there is nothing.
    pub fn warning(&self) -> String {
        let mut words = self.room.in_words().to_owned();
        if let Some(slow) = self.slow {
            let gap = if words.is_empty() { "" } else { " " };
            words = format!("{words}{gap}The disk is slow: a commit took {} s or more.", slow.as_secs());
        }
        words
    }
}

impl Trouble {
    /// The kind of an error of SQLite.
    pub fn of(error: &rusqlite::Error) -> Trouble {
        /// The file was renamed or removed while it was open (`SQLITE_READONLY_DBMOVED`).
        const MOVED: i32 = 8 | (4 << 8);
        /// The index of the log could not grow (`SQLITE_IOERR_SHMSIZE`), which only a full disk causes.
        const INDEX_CANNOT_GROW: i32 = 10 | (19 << 8);
        let Some(error) = error.sqlite_error() else { return Trouble::Other };
        match (error.code, error.extended_code) {
            (ErrorCode::DiskFull, _) | (_, INDEX_CANNOT_GROW) => Trouble::DiskFull,
            (ErrorCode::CannotOpen, _) | (_, MOVED) => Trouble::Unreachable,
            (ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _) => Trouble::ReadOnly,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed, _) => {
                Trouble::Locked
            }
            (ErrorCode::OperationInterrupted, _) => Trouble::TooLong,
            (ErrorCode::SystemIoFailure, _) => Trouble::InputOutput,
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Trouble::Damaged,
            _ => Trouble::Other,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::DiskFull => "the disk is full",
            Trouble::ReadOnly => "the file or its folder is read-only",
            Trouble::Locked => "the file is locked by another program",
            Trouble::InputOutput => "the disk reports an error",
            Trouble::Damaged => "the file is damaged",
            Trouble::Unreachable => "the file cannot be opened",
            Trouble::NotOurs => "the file belongs to a newer version of this program or to another one",
            Trouble::TooLong => "the question took longer than two seconds and was cut off",
            Trouble::Other => "the database reports an error",
        })
    }
}
