//! Events in SQLite: the alarm journal and the audit trail. One file, one writer thread, append-only.
//!
//! [`Journal::append`] never waits: it says through a callback when its entries are on disk, for whoever must not answer
//! before. What stands of each alarm is kept beside the entries and changes in the same transaction, so that
//! [`Journal::known`] is what the entries say, also after a crash.
//!
//! You do *not* need this crate to know what an alarm does; it writes down what `alarm` decided. Of `history` it uses
//! only [`history::sqlite`], which holds how database files are opened.
//!
//! **Invariant:** an entry that was reported as written is on disk. No entry is ever changed, and none is removed but by
//! [`Keeping`], which leaves what belongs to an occurrence that stands; the file itself refuses anything else.

mod acts;
mod blocks;
mod entries;
mod entry;
mod ids;
mod measure;
mod names;
mod page;
pub mod performance;
mod reader;
mod retention;
mod scribe;
mod standing;
mod subjects;
mod texts;
mod words;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use alarm::{AlarmId, Deed, Known};
use history::sqlite::{OnFullDisk, Schema, Store};
use model::Clock;

use scribe::{Group, Queue, Scribe};

pub use entry::{Action, AlarmChange, Entry, Page, Phase, Query, Record, Remark, Remarked, System};
pub use history::sqlite::{OpenError, StoreFailure, StoreStatus, Trouble};
pub use reader::Reader;
pub use retention::Keeping;
pub use words::Kind;

/// Told when entries are on disk, with their sequence numbers, or why they are not; as a rule on the writer's thread,
/// which does nothing else meanwhile.
pub type Done = Box<dyn FnOnce(Result<Vec<i64>, StoreFailure>) + Send>;

/// The journal of a plant, open for writing. Dropping it writes what waits, as far as the disk allows, and ends its
/// thread.
pub struct Journal {
    store: Arc<Store>,
    queue: Arc<Queue>,
    /// Taken when it is joined, at the end.
    thread: Option<JoinHandle<()>>,
}

const SCHEMA: Schema = Schema {
    // "AnJo"
    application_id: 0x416e_4a6f,
    tables: &[names::STEPS, entries::STEPS, standing::STEPS, acts::STEPS, texts::STEPS, subjects::STEPS, blocks::STEPS],
    checked_up_to: 256 * 1024 * 1024,
    counted: "entries",
    on_full_disk: OnFullDisk::UseBallast,
};

impl Journal {
    /// Opens the file at `path`, or makes it.
    ///
    /// A disk that does not work now is no error: the journal opens, says so in [`Journal::status`], and goes on trying.
    /// A damaged file is set aside under a name with the time in it, and a new one is begun.
    ///
    /// # Errors
    /// What trying again cannot mend: see [`OpenError`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Journal, OpenError> {
        let (store, writer) = Store::open(path.to_owned(), SCHEMA, clock)?;
        let queue = Arc::new(Queue::default());
        let scribe = Scribe::new(store.clone(), writer, queue.clone());
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || scribe.run())
            .map_err(|source| OpenError::Thread { path: path.to_owned(), source })?;
        Ok(Journal { store, queue, thread: Some(thread) })
    }

    /// Appends entries, all or none, after those appended before.
    ///
    /// With `done`, the entries fail at once where the disk does not work, and are then not written later. Without, they
    /// wait for the disk; at most 10,000 entries wait, and what is beyond is dropped and counted.
    pub fn append(&self, entries: Vec<Entry>, done: Option<Done>) {
        let Err(refused) = self.queue.add(Group { entries, done }) else { return };
        match refused.done {
            Some(done) => done(Err(self.store.failure().unwrap_or_else(|| StoreFailure {
                trouble: Trouble::Other,
                reason: "too many entries wait to be written".to_owned(),
            }))),
            None => self.store.count_dropped(refused.entries.len()),
        }
    }

    /// What is known of every alarm that stands or is suppressed, as the entries on disk have it.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn known(&self) -> Result<HashMap<AlarmId, Known>, StoreFailure> {
        self.reader().known()
    }

    /// To read it, from any thread.
    pub fn reader(&self) -> Reader {
        Reader::of(Arc::clone(&self.store))
    }

    /// At most so many acts of a station behind a number ([`alarm::Deed::order`]), in their order. What is on disk only: a
    /// station's numbers grow, and are written in their order, so that the last one read is where to go on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn acts_of(&self, station: &str, behind: i64, most: usize) -> Result<Vec<Deed>, StoreFailure> {
        self.store.read(|connection| acts::of_station(connection, station, behind, most))
    }

    /// At most so many of the last acts of a station on an alarm, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn last_acts_of(&self, station: &str, alarm: &AlarmId, most: usize) -> Result<Vec<Deed>, StoreFailure> {
        self.store.read(|connection| acts::last_of_station(connection, station, alarm, most))
    }

    /// Entries, newest first. Waits for the disk.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn page(&self, query: &Query) -> Result<Page, StoreFailure> {
        self.reader().page(query)
    }

    /// How long entries are kept from now on, and how large the file may grow. At first all is kept for ever. Nothing is
    /// removed at once: the writer's thread does it in small steps while there is nothing to write.
    pub fn keep(&self, keeping: Keeping) {
        self.queue.keep(keeping);
    }

    /// Lets the file grow no larger than so many bytes; `None` for as large as the disk allows. A file at its limit
    /// takes no more entries, as if the disk were full.
    pub fn limit_size(&self, bytes: Option<u64>) {
        self.store.limit_size(bytes);
    }

    /// How the file fares.
    pub fn status(&self) -> StoreStatus {
        self.store.status(self.queue.len() as u64)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread ended by a panic");
        }
    }
}
