//! One file in use: how it fares, its one writing connection, and its read-only ones.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::{Clock, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::ballast::Ballast;
use super::mark::{Mark, Reach};
use super::open::{self, NotOpen};
use super::pace::Pace;
use super::{OnFullDisk, OpenError, Room, Schema, StoreFailure, StoreStatus, Trouble};

/// Read-only connections kept open for the next question.
const IDLE_READERS: usize = 4;
/// Pauses between attempts, the last one for ever. Short, so that recording goes on soon after space is made.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// No question holds the log for longer.
const LONGEST_QUESTION: Duration = Duration::from_secs(2);
/// Instructions of SQLite between two looks at the clock: some tenths of a millisecond.
const LOOK_AT_CLOCK: i32 = 10_000;
/// How often the room on the disk is looked at.
pub(crate) const ROOM_EVERY: Duration = Duration::from_secs(10);
/// Pages in SQLite's log before they are moved into the file, while there is no room but the ballast's.
const SCARCE_PAGES: i64 = 500;

/// What a program does with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is the one that writes it.
    Writes,
    /// It looks at it, and takes the time it needs.
    Looks,
}

/// What all parts of the program know of one file. Shared by the writer's thread and all readers.
pub struct Store {
    path: PathBuf,
    schema: Schema,
    role: Role,
    clock: Arc<dyn Clock>,
    condition: Mutex<Condition>,
    /// Goes up when a damaged file was replaced: connections of before then look into the old one.
    generation: AtomicU64,
    /// A reader met damage; the writer looks into it before its next transaction.
    suspect: AtomicBool,
    /// Largest size the file may reach, bytes; zero for no limit.
    size_limit: AtomicU64,
    /// Bytes of the file with its log when that was last looked at. Whoever asks must not wait for a disk.
    bytes: AtomicU64,
    written: AtomicU64,
    dropped: AtomicU64,
    pace: Pace,
    idle: Mutex<Vec<(u64, Connection)>>,
}

/// The connection that writes, made anew after every failure. Owned by the store's one writing thread.
pub struct Writer {
    store: Arc<Store>,
    connection: Option<Connection>,
    /// The file that the connection has open.
    identity: Option<open::Identity>,
    mark: Mark,
    /// When the room on the disk was last looked at.
    room_looked: Option<Instant>,
    /// The limit that the connection was told, bytes.
    told_limit: u64,
    /// Connections made so far.
    epoch: u64,
    /// Failed attempts in a row.
    failures: usize,
    /// Whether the last failure was for want of room on the disk.
    was_full: bool,
    /// Whether room was made for the next attempt.
    made_room: bool,
}

struct Condition {
    failure: Option<StoreFailure>,
    since: Timestamp,
    notice: String,
    room: Room,
    /// The damaged file that was set aside last.
    aside: Option<PathBuf>,
}

impl Store {
    /// Opens the file, or makes it. A disk that does not work now is no error: it becomes the store's condition.
    ///
    /// # Errors
    /// What trying again cannot mend.
    pub fn open(path: PathBuf, schema: Schema, clock: Arc<dyn Clock>) -> Result<(Arc<Store>, Writer), OpenError> {
        open::check_library()?;
        let store = Arc::new(Store::new(path, schema, Role::Writes, clock));
        let mut writer = Writer {
            store: store.clone(),
            connection: None,
            identity: None,
            mark: Mark::of(&store.path),
            room_looked: None,
            told_limit: 0,
            epoch: 0,
            failures: 0,
            was_full: false,
            made_room: false,
        };
        writer.refuse_foreign_log();
        writer.look_at_room();
        match writer.connect() {
            Ok(_) => {}
            Err(NotOpen::Refused(refusal)) => return Err(refusal),
            Err(NotOpen::Failed(failure, error)) => {
                writer.failed(failure, &error);
            }
        }
        Ok((store, writer))
    }

    /// Opens a file only to be read, beside whoever writes it. Nothing is made, mended or moved.
    ///
    /// # Errors
    /// Why it is not to be read; that it is not there is one reason.
    pub fn look(path: PathBuf, schema: Schema, clock: Arc<dyn Clock>) -> Result<Arc<Store>, OpenError> {
        open::check_library()?;
        match open::examine(&path, &schema) {
            Ok(()) => Ok(Arc::new(Store::new(path, schema, Role::Looks, clock))),
            Err(NotOpen::Refused(refusal)) => Err(refusal),
            Err(NotOpen::Failed(_, source)) => Err(OpenError::Look { path, source }),
        }
    }

    fn new(path: PathBuf, schema: Schema, role: Role, clock: Arc<dyn Clock>) -> Store {
        let since = clock.now().wall;
        let bytes = AtomicU64::new(open::size(&path));
        Store {
            path,
            schema,
            role,
            clock,
            condition: Mutex::new(Condition {
                failure: None,
                since,
                notice: String::new(),
                room: Room::default(),
                aside: None,
            }),
            generation: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
            size_limit: AtomicU64::new(0),
            bytes,
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            pace: Pace::default(),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// How it fares. How many rows are `queued` only the caller knows.
    pub fn status(&self, queued: u64) -> StoreStatus {
        let condition = lock(&self.condition);
        StoreStatus {
            working: condition.failure.is_none(),
            reason: condition.failure.as_ref().map(|failure| failure.reason.clone()).unwrap_or_default(),
            trouble: condition.failure.as_ref().map(|failure| failure.trouble),
            since: condition.since,
            notice: condition.notice.clone(),
            bytes: self.bytes.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            queued,
            dropped: self.dropped.load(Ordering::Relaxed),
            room: condition.room,
            slow: self.pace.slow(),
        }
    }

    /// Why nothing reaches the disk, while that is so.
    pub fn failure(&self) -> Option<StoreFailure> {
        lock(&self.condition).failure.clone()
    }

    /// Goes up whenever another file takes the place of the one before.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The damaged file that was set aside, told once.
    pub fn take_aside(&self) -> Option<PathBuf> {
        lock(&self.condition).aside.take()
    }

    /// What a person should know of the past.
    pub fn set_notice(&self, notice: String) {
        tracing::info!(path = %self.path.display(), notice);
        lock(&self.condition).notice = notice;
    }

    /// The same, behind what was said before.
    fn add_notice(&self, notice: &str) {
        tracing::error!(path = %self.path.display(), notice);
        let mut condition = lock(&self.condition);
        if !condition.notice.is_empty() {
            condition.notice.push(' ');
        }
        condition.notice.push_str(notice);
    }

    /// The store's time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Counts rows that were committed.
    pub fn count_written(&self, rows: usize) {
        self.written.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Counts rows that were lost.
    pub fn count_dropped(&self, rows: usize) {
        self.dropped.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Lets the file grow no larger than so many bytes; `None` for as large as the disk allows. A file at its limit is
    /// as good as a full disk.
    pub fn limit_size(&self, bytes: Option<u64>) {
        self.size_limit.store(bytes.unwrap_or(0), Ordering::Relaxed);
    }

    /// Asks a question through a read-only connection. Each statement that `ask` runs is a read transaction of its own,
    /// unless it begins one. Beside the program that writes, all of `ask` is cut off after two seconds: while somebody reads, the
    /// log cannot be cut.
    ///
    /// # Errors
    /// The disk's reason, in words.
    pub fn read<T>(&self, ask: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreFailure> {
        let generation = self.generation.load(Ordering::Acquire);
        let idle = {
            let mut idle = lock(&self.idle);
            idle.retain(|(of, _)| *of == generation);
            idle.pop()
        };
        let asked = match idle {
            Some((_, connection)) => Ok(connection),
            None => open::open_reader(&self.path),
        }
        .and_then(|mut connection| {
            if self.role == Role::Writes {
                let begun = Instant::now();
                connection.progress_handler(LOOK_AT_CLOCK, Some(move || begun.elapsed() >= LONGEST_QUESTION))?;
            }
            ask(&mut connection).map(|answer| (answer, connection))
        });
        match asked {
            Ok((answer, connection)) => {
                let mut idle = lock(&self.idle);
                if idle.len() < IDLE_READERS {
                    idle.push((generation, connection));
                }
                Ok(answer)
            }
            Err(error) => {
                let trouble = Trouble::of(&error);
                if trouble == Trouble::Damaged {
                    self.suspect.store(true, Ordering::Release);
                }
                tracing::warn!(path = %self.path.display(), %error, "reading failed");
                Err(StoreFailure { trouble, reason: trouble.to_string() })
            }
        }
    }

    fn set_condition(&self, failure: Option<StoreFailure>) {
        let mut condition = lock(&self.condition);
        if condition.failure == failure {
            return;
        }
        match &failure {
            Some(failure) => tracing::error!(path = %self.path.display(), reason = failure.reason, "not working"),
            None => tracing::info!(path = %self.path.display(), "working again"),
        }
        if condition.failure.is_some() != failure.is_some() {
            condition.since = self.clock.now().wall;
        }
        condition.failure = failure;
    }

    /// Another file takes the place: connections into the old one are not used again.
    fn replaced(&self, notice: String) {
        tracing::error!(path = %self.path.display(), notice, "another file is begun");
        lock(&self.condition).notice = notice;
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    fn set_aside(&self) {
        match open::set_aside(&self.path, "damaged", self.clock.now().wall) {
            Ok(aside) => {
                lock(&self.condition).aside = Some(aside.clone());
                let name = aside.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.replaced(format!("The file was damaged. It was set aside as {name}, and a new one was begun."));
            }
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "a damaged file could not be set aside");
            }
        }
    }
}

impl Writer {
    /// Runs `work` in a transaction and commits it. After a failure the connection is made anew, because after an I/O
    /// error it cannot be trusted; a damaged file is set aside. `work` is told which connection it uses, counted from
    /// the start: what was learned through an earlier one, such as an id, may not hold.
    ///
    /// # Errors
    /// The disk's reason; nothing of `work` was kept. The exception is a commit that reached the disk although the disk
    /// reported an error: `work` must bear being repeated.
    pub fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, u64) -> rusqlite::Result<T>,
    ) -> Result<T, StoreFailure> {
        if self.store.suspect.swap(false, Ordering::AcqRel) {
            self.connection = None;
            self.set_aside();
        }
        self.notice_absence();
        let store = Arc::clone(&self.store);
        let pace = &store.pace;
        let outcome = self.find_room().and_then(|()| self.connect()).and_then(|(connection, epoch)| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction, epoch)?;
            pace.of(|| transaction.commit())?;
            Ok(answer)
        });
        self.store.bytes.store(open::size(&self.store.path), Ordering::Relaxed);
        match outcome {
            Ok(answer) => {
                self.mark.follow_log();
                self.failures = 0;
                self.was_full = false;
                self.store.set_condition(None);
                Ok(answer)
            }
            Err(NotOpen::Failed(failure, error)) => Err(self.failed(failure, &error)),
            Err(NotOpen::Refused(refusal)) => {
                let trouble = Trouble::NotOurs;
                tracing::error!(%refusal, "the file was replaced");
                let failure = StoreFailure { trouble, reason: trouble.to_string() };
                self.note(failure.clone());
                Err(failure)
            }
        }
    }

    /// Notes beside the file how far it reaches, for the next start.
    pub fn mark(&mut self, reach: Reach) {
        self.mark.note(reach);
    }

    /// Whether a file that reaches up to a number has less than was noted when the program last ran.
    pub fn lacks(&self, number: u64) -> bool {
        self.mark.lacks(number)
    }

    /// Compares how far the file reaches with what was noted when the program last ran. What is missing is said in the store's notice.
    pub fn compare(&mut self, reach: Reach) {
        if let Some(loss) = self.mark.compare(reach) {
            self.store.add_notice(&loss.in_words(self.store.schema.counted));
        }
    }

    /// Looks now and then how much room the disk has left.
    pub fn look_at_room(&mut self) {
        if self.store.schema.on_full_disk == OnFullDisk::UseBallast {
            // It has room of its own.
            return;
        }
        if self.room_looked.is_none_or(|looked| looked.elapsed() >= ROOM_EVERY) {
            self.room_looked = Some(Instant::now());
            let known = lock(&self.store.condition).room;
            let room = known.look(&self.store.path);
            lock(&self.store.condition).room = room;
        }
    }

    /// Finds out whether the disk takes something, without changing what is stored.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn probe(&mut self) -> Result<(), StoreFailure> {
        self.transact(|transaction, _| {
            let format: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            // A transaction without a change would not reach the disk.
            transaction.pragma_update(None, "user_version", format)
        })
    }

    /// Gives some free pages, a few milliseconds' worth, back to the disk, and says whether there are more.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn give_back(&mut self) -> Result<bool, StoreFailure> {
        self.transact(|transaction, _| {
            let free: i64 = transaction.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            if free > 0 {
                let mut step = transaction.prepare("PRAGMA incremental_vacuum(256)")?;
                let mut rows = step.query([])?;
                while rows.next()?.is_some() {}
            }
            let left: i64 = transaction.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            // A file of the first format cannot be made smaller; its free pages are used again.
            Ok(left > 0 && left < free)
        })
    }

    /// How long to wait before the next attempt; zero while all is well.
    pub fn pause(&self) -> Duration {
        match self.failures {
            0 => Duration::ZERO,
            n => PAUSES[(n - 1).min(PAUSES.len() - 1)],
        }
    }

    /// Whether room was made on a full disk since the last failure, so that another attempt is worth it at once. Told once.
    pub fn made_room(&mut self) -> bool {
        std::mem::take(&mut self.made_room)
    }

    /// A store that waits for room writes nothing before there is some.
    fn find_room(&self) -> Result<(), NotOpen> {
        match self.store.schema.on_full_disk {
            OnFullDisk::UseBallast => Ok(()),
            OnFullDisk::Wait if Ballast::beside(&self.store.path).leaves_room(self.was_full) => Ok(()),
            OnFullDisk::Wait => Err(open::sqlite_error(rusqlite::ffi::SQLITE_FULL, None).into()),
        }
    }

    fn connect(&mut self) -> Result<(&mut Connection, u64), NotOpen> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.told_limit = 0;
                self.epoch += 1;
                let connection = self.open()?;
                let is_scarce = self.store.schema.on_full_disk == OnFullDisk::UseBallast
                    && Ballast::beside(&self.store.path).is_given_up();
                if is_scarce {
                    // SQLite's log is to take little of what the ballast left.
                    connection.pragma_update(None, "wal_autocheckpoint", SCARCE_PAGES)?;
                }
                self.identity = open::identity(&self.store.path);
                connection
            }
        };
        let limit = self.store.size_limit.load(Ordering::Relaxed);
        if limit != self.told_limit {
            apply_limit(&mut connection, limit)?;
            self.told_limit = limit;
        }
        Ok((self.connection.insert(connection), self.epoch))
    }

    /// SQLite goes on writing into a file that was renamed or removed; what is recorded there would not be found again.
    fn notice_absence(&mut self) {
        if self.connection.is_some() && open::identity(&self.store.path) != self.identity {
            self.connection = None;
            self.mark.forget();
            self.store.replaced("The file was moved or removed while it was in use. A new one was begun.".to_owned());
        }
    }

    /// SQLite would take the log of another file for this one's own.
    fn refuse_foreign_log(&mut self) {
        match self.mark.set_foreign_log_aside(self.store.clock.now().wall) {
            Ok(None) => {}
            Ok(Some(aside)) => {
                let name = aside.file_name().unwrap_or_default().to_string_lossy();
                self.store
                    .add_notice(&format!("The log beside the file was another file's. It was set aside as {name}."));
            }
            Err(error) => {
                tracing::error!(path = %self.store.path.display(), %error, "another file's log could not be set aside");
            }
        }
    }

    fn set_aside(&mut self) {
        self.mark.forget();
        self.store.set_aside();
    }

    fn open(&mut self) -> Result<Connection, NotOpen> {
        let opened = open::open_writer(&self.store.path, &self.store.schema);
        let Err(NotOpen::Failed(failure, error)) = opened else { return opened };
        match failure.trouble {
            Trouble::Damaged => {
                self.set_aside();
                open::open_writer(&self.store.path, &self.store.schema)
            }
            Trouble::Unreachable => {
                let trouble = open::judge_folder(&self.store.path);
                Err(NotOpen::Failed(StoreFailure { trouble, reason: trouble.to_string() }, error))
            }
            Trouble::DiskFull
            | Trouble::ReadOnly
            | Trouble::Locked
            | Trouble::InputOutput
            | Trouble::NotOurs
            | Trouble::TooLong
            | Trouble::Other => Err(NotOpen::Failed(failure, error)),
        }
    }

    fn failed(&mut self, failure: StoreFailure, error: &rusqlite::Error) -> StoreFailure {
        tracing::debug!(path = %self.store.path.display(), %error, "an attempt failed");
        if failure.trouble == Trouble::Damaged {
            self.store.suspect.store(true, Ordering::Release);
        }
        // A file that is as large as it may be says the same as a full disk.
        self.was_full = failure.trouble == Trouble::DiskFull && self.store.size_limit.load(Ordering::Relaxed) == 0;
        if self.was_full && self.store.schema.on_full_disk == OnFullDisk::UseBallast {
            self.made_room = Ballast::beside(&self.store.path).give_up();
        }
        self.note(failure.clone());
        failure
    }

    fn note(&mut self, failure: StoreFailure) {
        self.connection = None;
        self.failures += 1;
        self.store.set_condition(Some(failure));
    }
}

impl Drop for Writer {
    /// The writing connection closes last: only then can SQLite empty the log and leave one file behind.
    fn drop(&mut self) {
        lock(&self.store.idle).clear();
        self.connection = None;
        self.mark.close();
    }
}

/// Locks, also after a panic elsewhere: what is kept under these locks is whole at every instant.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn apply_limit(connection: &mut Connection, bytes: u64) -> rusqlite::Result<()> {
    /// As many pages as SQLite can count.
    const NO_LIMIT: u64 = 0xffff_fffe;
    let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = if bytes == 0 { NO_LIMIT } else { (bytes / u64::from(page).max(1)).clamp(1, NO_LIMIT) };
    connection.pragma_update_and_check(None, "max_page_count", i64::try_from(pages).unwrap_or(i64::MAX), |_| Ok(()))
}
