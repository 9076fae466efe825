//! Samples in SQLite: one file, one writer thread, any number of readers.
//!
//! [`History::record`] never waits: rows go into a bounded queue and are committed in batches, at most half a second
//! later. [`Reader`] answers with samples, or with what a picture so many pixels wide needs of them. [`sqlite`] holds
//! how a database file of this program is opened, migrated and judged; `journal` uses it too, and nothing else of here.
//!
//! [`check()`] looks whether a file is whole, [`backup()`] copies it while it is recorded, and [`restore()`] puts a copy back.
//!
//! You do *not* need this crate to see live values, and it does not decide what is worth recording: the engine does.
//!
//! **Invariant:** no caller of [`History::record`] ever waits for a disk, and a disk that does not work is a condition
//! in [`StoreStatus`], never a panic and never unbounded memory.

mod aggregate;
mod backup;
mod blocks;
mod check;
mod coding;
mod damage;
mod days;
mod fresh;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
#[cfg(all(test, not(feature = "fuzzing")))]
mod fuzz;
mod keep;
mod log;
mod prune;
mod queue;
mod reader;
mod recorder;
mod reduce;
mod remains;
mod roll;
mod salvage;
mod samples;
mod seal;
mod series;
pub mod sqlite;
mod states;
mod tails;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use model::{Clock, Quality, Sample, Timestamp};

pub use backup::{BackupError, Progress, backup, restore};
pub use check::{Contents, Finding, Looked, check};
use damage::Damage;
use keep::Kept;
pub use keep::{Keep, Keeping};
use queue::{Import, Queue};
pub use reader::{ReadError, Reader};
use recorder::Recorder;
use series::Names;
use sqlite::{OnFullDisk, Schema, Store};

use tails::Tails;

pub use aggregate::{Extreme, MOST_INTERVALS, Summary};
pub use sqlite::copy::{CopyError, Pages};
pub use sqlite::{OpenError, Room, StoreFailure, StoreStatus, Trouble};
pub use states::{Increase, Interpolation, States};

/// What one tag's samples are kept under. The same name has the same id for as long as the history is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(u32);

/// One sample on its way to the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose sample.
    pub series: SeriesId,
    /// The sample. A later row of the same series and time replaces it.
    pub sample: Sample,
}

/// A stretch of time, its end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// A sample as a trend needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub time: Timestamp,
    /// The number; `None` where the line has a gap.
    pub value: Option<f64>,
    /// How far to trust it.
    pub quality: Quality,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Older samples are removed, in small steps; `None` keeps everything. Of each series the newest of the older
    /// samples stays, so that the value at the beginning is known. It holds until [`History::keep`] says otherwise.
    pub retention: Option<Duration>,
}

impl Default for Options {
    /// As long as [`Keep::default`] says.
    fn default() -> Self {
        Self { retention: Keep::default().raw }
    }
}

/// The history of a plant, open for recording. Dropping it commits what is queued, as far as the disk allows, and
/// ends its thread.
pub struct History {
    store: Arc<Store>,
    queue: Arc<Queue>,
    names: Arc<Names>,
    tails: Arc<Tails>,
    kept: Arc<Kept>,
    damage: Arc<Damage>,
    /// Taken when it is joined, at the end.
    thread: Option<JoinHandle<()>>,
}

const SCHEMA: Schema = Schema {
    // "AnHi"
    application_id: 0x416e_4869,
    tables: &[series::STEPS, fresh::STEPS, log::STEPS, blocks::STEPS, days::STEPS],
    checked_up_to: 64 * 1024 * 1024,
    counted: "commits",
    on_full_disk: OnFullDisk::Wait,
};

impl History {
    /// Opens the file at `path`, or makes it, with the default [`Options`].
    ///
    /// A disk that does not work now is no error: the history opens, says so in [`History::status`], and goes on trying.
    /// A damaged file is set aside under a name with the time in it, a new one is begun, and what is readable is carried over while
    /// recording goes on.
    ///
    /// # Errors
    /// What trying again cannot mend: see [`OpenError`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<History, OpenError> {
        Self::open_with(path, clock, Options::default())
    }

    /// Opens with chosen options; otherwise as [`History::open`].
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>, options: Options) -> Result<History, OpenError> {
        let (store, writer) = Store::open(path.to_owned(), SCHEMA, clock)?;
        let queue = Arc::new(Queue::default());
        let names = Arc::new(Names::default());
        let tails = Arc::new(Tails::default());
        let kept = Keeping { default: Keep::all(options.retention), ..Keeping::default() };
        let kept = Arc::new(Kept::new(kept));
        let damage = Arc::new(Damage::default());
        let recorder = Recorder::new(
            store.clone(),
            writer,
            queue.clone(),
            names.clone(),
            tails.clone(),
            kept.clone(),
            damage.clone(),
        );
        let thread = thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || recorder.run())
            .map_err(|source| OpenError::Thread { path: path.to_owned(), source })?;
        Ok(History { store, queue, names, tails, kept, damage, thread: Some(thread) })
    }

    /// The ids of names, new ones made as needed. Never fails: a name reaches the file with its first row.
    pub fn series(&self, names: &[&str]) -> Vec<SeriesId> {
        self.names.ids(names)
    }

    /// Queues rows. Where the queue is full the rows are dropped and counted, and each series that lost some gets a
    /// [`Quality::BAD_NO_DATA`] sample at the time of the first lost one, so that the gap shows.
    pub fn record(&self, rows: Vec<Row>) {
        let lost = self.queue.add(rows, None);
        self.store.count_dropped(lost);
    }

    /// As [`History::record`], and tells once these rows and all queued before are on disk. It is called on the writer's
    /// thread and must not wait. Where rows were dropped, or the program ends first, it is dropped without a call.
    pub fn record_and_tell(&self, rows: Vec<Row>, committed: impl FnOnce() + Send + 'static) {
        let lost = self.queue.add(rows, Some(Box::new(committed)));
        self.store.count_dropped(lost);
    }

    /// Stores many rows, such as another system's past, and waits until they are committed.
    ///
    /// # Errors
    /// The reason why the disk does not take them. A part may have been stored; doing it again is harmless.
    pub fn import(&self, rows: Vec<Row>) -> Result<(), StoreFailure> {
        let (done, outcome) = mpsc::sync_channel(1);
        self.queue.import(Import { rows, done });
        outcome.recv().unwrap_or_else(|_| {
            let trouble = Trouble::Other;
            Err(StoreFailure { trouble, reason: trouble.to_string() })
        })
    }

    /// Waits until all rows recorded before are committed.
    ///
    /// # Errors
    /// The reason why they cannot be; they stay queued.
    pub fn flush(&self) -> Result<(), StoreFailure> {
        self.import(Vec::new())
    }

    /// Says how long what is recorded is kept from now on. A file that comes near its limit loses what is oldest, of all series alike;
    /// one that grows faster than that is full, and takes no samples until there is room.
    pub fn keep(&self, keeping: Keeping) {
        self.store.limit_size(keeping.size);
        self.kept.set(keeping);
    }

    /// Removes samples before a time, in small steps while there is nothing else to do; of each series the newest of
    /// them stays.
    pub fn prune(&self, before: Timestamp) {
        self.queue.prune(before);
    }

    /// Lets the file grow no larger than so many bytes; `None` for as large as the disk allows. A file at its limit
    /// takes no more samples, as if the disk were full.
    pub fn limit_size(&self, bytes: Option<u64>) {
        self.store.limit_size(bytes);
    }

    /// How the file fares.
    pub fn status(&self) -> StoreStatus {
        let mut status = self.store.status(self.queue.len() as u64);
        let damage = self.damage.notice();
        if !status.notice.is_empty() && !damage.is_empty() {
            status.notice.push(' ');
        }
        status.notice.push_str(&damage);
        status
    }

    /// A reader of the file: cheap to make and to clone, for any thread that may wait.
    pub fn reader(&self) -> Reader {
        Reader {
            store: self.store.clone(),
            names: self.names.clone(),
            tails: self.tails.clone(),
            damage: self.damage.clone(),
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the history's thread ended by a panic");
        }
    }
}
