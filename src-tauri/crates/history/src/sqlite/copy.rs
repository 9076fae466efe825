//! A copy of a database file that is in use, as it is at one moment, and a file put in another one's place.
//!
//! The copy is read in one read transaction, so that nothing of what is written meanwhile is in it and nothing makes it begin again;
//! SQLite's log of the original grows by what is written until the copy is done. It is made under another name and gets its own one
//! once it is whole and on the disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use thiserror::Error;

use super::open::{self, NotOpen, with_suffix};
use super::{OpenError, Schema};

/// Pages copied between two looks at whether it goes on: a megabyte, some milliseconds.
const STEP: i32 = 256;

/// Why there is no copy.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The original cannot be opened.
    #[error("there is nothing to copy")]
    Opening(#[source] OpenError),
    /// There is something in the copy's place.
    #[error("{} is there already; nothing is written over", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The original cannot be read or the copy not be written.
    #[error("{} cannot be copied to {}", from.display(), to.display())]
    Copying {
        /// The original.
        from: PathBuf,
        /// The copy.
        to: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The copy cannot be made where it is to be.
    #[error("{} cannot be written", path.display())]
    Placing {
        /// The place.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever asked for it does not want it any more.
    #[error("ended before it was done; nothing was kept")]
    Cancelled,
}

/// How far a copy is, in pages of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Pages copied.
    pub done: u64,
    /// Pages in all.
    pub all: u64,
}

/// A copy under a name of its own. It is removed unless it is put in its place.
pub(crate) struct Copied {
    half: PathBuf,
    to: PathBuf,
}

impl Copied {
    /// Copies a file beside where the copy is to be.
    pub(crate) fn of(
        from: &Path,
        to: &Path,
        schema: &Schema,
        mut progress: impl FnMut(Pages) -> ControlFlow<()>,
    ) -> Result<Copied, CopyError> {
        open::check_library().map_err(CopyError::Opening)?;
        open::examine(from, schema).map_err(|refusal| {
            CopyError::Opening(match refusal {
                NotOpen::Refused(refusal) => refusal,
                NotOpen::Failed(_, source) => OpenError::Look { path: from.to_owned(), source },
            })
        })?;
        let half = with_suffix(to, ".part");
        // What an earlier attempt left behind when it was killed.
        remove(&half);
        let copied = Copied { half, to: to.to_owned() };
        // What a plant makes is nobody else's business, wherever the copy lies.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&copied.half)
            .map_err(|source| CopyError::Placing { path: copied.half.clone(), source })?;
        match copied.copy(from, &mut progress) {
            Ok(ControlFlow::Continue(())) => Ok(copied),
            Ok(ControlFlow::Break(())) => Err(CopyError::Cancelled),
            Err(source) => Err(CopyError::Copying { from: from.to_owned(), to: copied.half.clone(), source }),
        }
    }

    /// Where the copy is now.
    pub(crate) fn path(&self) -> &Path {
        &self.half
    }

    /// Gives the copy its name once it is on the disk. Nothing is written over.
    pub(crate) fn place(self) -> Result<(), CopyError> {
        let placing = |source| CopyError::Placing { path: self.to.clone(), source };
        File::open(&self.half).and_then(|file| file.sync_all()).map_err(placing)?;
        match renameat_with(CWD, &self.half, CWD, &self.to, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => return Err(CopyError::Exists { path: self.to.clone() }),
            // Not every file system can; whether there is a file was looked at before.
            Err(Errno::INVAL | Errno::NOSYS) => fs::rename(&self.half, &self.to).map_err(placing)?,
            renamed => renamed.map_err(|error| placing(error.into()))?,
        }
        let folder = self.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(placing)
    }

    fn copy(
        &self,
        from: &Path,
        progress: &mut impl FnMut(Pages) -> ControlFlow<()>,
    ) -> rusqlite::Result<ControlFlow<()>> {
        let source = open::open_reader(from)?;
        source.execute_batch("BEGIN")?;
        // Only a read begins the transaction: from here on the copy is of this moment.
        source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let mut copy = Connection::open(&self.half)?;
        // It is brought to the disk as a whole before it is put in its place.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            let step = backup.step(STEP)?;
            let (left, all) = (backup.progress().remaining, backup.progress().pagecount);
            let pages = |pages: i32| u64::try_from(pages).unwrap_or(0);
            if progress(Pages { done: pages(all - left), all: pages(all) }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(20)),
                _ => {}
            }
        }
        drop(backup);
        // One file that can be read anywhere, also where nothing can be written beside it.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(ControlFlow::Continue(()))
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        remove(&self.half);
    }
}

/// Renames a file and its log to a name with a word and the time in it. Nothing where there is no file.
pub(crate) fn keep_aside(path: &Path, word: &str, now: model::Timestamp) -> io::Result<Option<PathBuf>> {
    if path.exists() { open::set_aside(path, word, now).map(Some) } else { Ok(None) }
}

fn remove(half: &Path) {
    for ending in ["", "-journal", "-wal", "-shm"] {
        let path = with_suffix(half, ending);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "half a copy stays behind");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
