//! Events in SQLite: the alarm journal and the audit trail. One file, one writer thread, append-only.
//!
//! [`Journal::append`] never waits: it says through a callback when its entries are on disk, for whoever must not answer
//! before. What stands of each alarm is kept beside the entries and changes in the same transaction, so that
//! [`Journal::standing`] is what the entries say, also after a crash.
//!
//! You do *not* need this crate to know what an alarm does; it writes down what `alarm` decided. Of `history` it uses
//! only [`history::sqlite`], which holds how database files are opened.
//!
//! **Invariant:** an entry that was reported as written is on disk, and no entry is ever changed or removed; the file
//! itself refuses both.

mod entry;

use std::path::Path;
use std::sync::Arc;

use alarm::{AlarmId, Standing};
use model::Clock;

pub use entry::{Action, AlarmChange, Entry, Page, Phase, Query, Record, System};
pub use history::sqlite::{OpenError, StoreFailure, StoreStatus, Trouble};

/// Told on the writer's thread when entries are on disk, with their sequence numbers, or why they are not.
pub type Done = Box<dyn FnOnce(Result<Vec<i64>, StoreFailure>) + Send>;

/// The journal of a plant, open for writing. Dropping it writes what waits, as far as the disk allows, and ends its
/// thread.
pub struct Journal {}

impl Journal {
    /// Opens the file at `path`, or makes it.
    ///
    /// A disk that does not work now is no error: the journal opens, says so in [`Journal::status`], and goes on trying.
    /// A damaged file is set aside under a name with the time in it, and a new one is begun.
    ///
    /// # Errors
    /// What trying again cannot mend: see [`OpenError`].
    pub fn open(_path: &Path, _clock: Arc<dyn Clock>) -> Result<Journal, OpenError> {
        Ok(Journal {})
    }

    /// Appends entries, all or none, after those appended before.
    ///
    /// With `done`, the entries fail at once where the disk does not work, and are then not written later. Without, they
    /// wait for the disk; at most 10,000 wait, and what is beyond is dropped and counted.
    pub fn append(&self, _entries: Vec<Entry>, _done: Option<Done>) {}

    /// What stands of each alarm that is not normal, as it is on disk, the earliest occurrence first. For
    /// [`alarm::Alarm::restore`].
    ///
    /// # Errors
    /// The disk's reason.
    pub fn standing(&self) -> Result<Vec<(AlarmId, Vec<Standing>)>, StoreFailure> {
        Ok(Vec::new())
    }

    /// Entries, newest first. Waits for the disk.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn page(&self, _query: &Query) -> Result<Page, StoreFailure> {
        Ok(Page::default())
    }

    /// How the file fares.
    pub fn status(&self) -> StoreStatus {
        StoreStatus::default()
    }
}
