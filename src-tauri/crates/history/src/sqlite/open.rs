//! Opening one file: what it is, its settings, its migrations.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use super::{OnFullDisk, OpenError, StoreFailure, Trouble, mark};

/// How long a statement waits for a lock that another program holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the log before they are moved into the file: a page that is written again and again is moved once.
const CHECKPOINT_PAGES: i64 = 16_000;
/// The log is cut to this size after a checkpoint.
const LOG_SIZE_LIMIT: i64 = 64 * 1024 * 1024;
/// Pages that the writing connection keeps: one batch of a few thousand series touches a page of each.
const CACHE_KIB: i64 = 16 * 1024;
/// No statement of this program is longer.
const STATEMENT_LIMIT: i32 = 100_000;
/// The first version without the WAL-reset bug, as SQLite numbers itself.
const OLDEST_LIBRARY: i32 = 3_051_003;

/// What a file holds: who made it and how each table came to be.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// SQLite's `application_id` of such files, so that a database of something else is not taken for ours.
    pub application_id: i32,
    /// For each table its steps, which live beside the code of the table.
    pub tables: &'static [&'static [Step]],
    /// A file no larger than this is checked whole when it is opened, bytes. Of a larger one the damage is found where
    /// it is read.
    pub checked_up_to: u64,
    /// The word for what [`super::Reach::number`] counts.
    pub counted: &'static str,
    /// What to do when the disk is full.
    pub on_full_disk: OnFullDisk,
}

/// One migration of one table.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The format that it leads to; the file's `user_version` afterwards. Steps of several tables may share one.
    pub version: i32,
    /// The statements.
    pub sql: &'static str,
}

/// Tells one file from another at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// Why a file did not open: for good, or for now.
pub(super) enum NotOpen {
    /// Trying again does not help.
    Refused(OpenError),
    /// It may open later.
    Failed(StoreFailure, rusqlite::Error),
}

impl Schema {
    /// The format of a file that has gone through all steps.
    pub fn version(&self) -> i32 {
        self.steps().map(|step| step.version).max().unwrap_or(0)
    }

    fn steps(&self) -> impl Iterator<Item = &'static Step> {
        self.tables.iter().flat_map(|table| table.iter())
    }
}

impl From<rusqlite::Error> for NotOpen {
    fn from(error: rusqlite::Error) -> Self {
        let trouble = Trouble::of(&error);
        NotOpen::Failed(StoreFailure { trouble, reason: trouble.to_string() }, error)
    }
}

/// Refuses a SQLite that may damage files.
pub(super) fn check_library() -> Result<(), OpenError> {
    if rusqlite::version_number() < OLDEST_LIBRARY {
        return Err(OpenError::Library { found: rusqlite::version().to_owned() });
    }
    Ok(())
}

/// Opens for writing: looks first whether the file is ours, then brings it to the newest format.
pub(super) fn open_writer(path: &Path, schema: &Schema) -> Result<Connection, NotOpen> {
    check_library().map_err(NotOpen::Refused)?;
    if path.exists() {
        match examine(path, schema) {
            Err(NotOpen::Failed(_, error)) if is_half_changed(&error) => {
                roll_back(path)?;
                examine(path, schema)?;
            }
            examined => examined?,
        }
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    harden(&connection)?;
    // SQLite opens a file that may not be written for reading, and says so only at the first change.
    if connection.is_readonly(MAIN_DB)? {
        return Err(sqlite_error(rusqlite::ffi::SQLITE_READONLY, None).into());
    }
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        // Can be said of a new file only: what is freed can be given back page by page.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if fs::metadata(path).is_ok_and(|file| file.len() <= schema.checked_up_to) {
        check_contents(&connection)?;
    }
    migrate(&mut connection, schema)?;
    Ok(connection)
}

/// Opens for reading only.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    harden(&connection)?;
    Ok(connection)
}

/// Renames a file, its log and its mark with it, to a name with a word and the time in it.
///
/// The log goes first: a database without its log is at worst older than it should be, but a log beside a new database
/// would be taken for that one's own.
pub(super) fn set_aside(path: &Path, word: &str, now: Timestamp) -> io::Result<PathBuf> {
    let stamp = jiff::Timestamp::from_millisecond(now.millis())
        .map_or_else(|_| now.millis().to_string(), |time| time.strftime("%Y%m%dT%H%M%SZ").to_string());
    let aside = (0..1000)
        .map(|n| if n == 0 { format!(".{word}-{stamp}") } else { format!(".{word}-{stamp}-{n}") })
        .map(|suffix| with_suffix(path, &suffix))
        .find(|candidate| !candidate.exists())
        .ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
    for ending in ["-wal", "-shm", mark::ENDING, ""] {
        match fs::rename(with_suffix(path, ending), with_suffix(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

/// Which file lies at a path now; none where there is none.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|file| Identity { device: file.dev(), inode: file.ino() })
}

/// Bytes of the file with its log.
pub(super) fn size(path: &Path) -> u64 {
    ["", "-wal"].iter().filter_map(|ending| fs::metadata(with_suffix(path, ending)).ok()).map(|file| file.len()).sum()
}

/// Bytes of the file that hold something.
///
/// # Errors
/// The disk's reason.
pub fn bytes_used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(pages.saturating_mul(number("page_size")?).unsigned_abs())
}

/// Why a file that "cannot be opened" cannot, found by trying to make another file beside it.
pub(super) fn judge_folder(path: &Path) -> Trouble {
    let probe = with_suffix(path, "-probe");
    match fs::File::create_new(&probe) {
        Ok(_) => {
            if let Err(error) = fs::remove_file(&probe) {
                tracing::warn!(path = %probe.display(), %error, "an empty file stays behind");
            }
            Trouble::Unreachable
        }
        Err(error) => match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::DiskFull,
            _ => Trouble::Unreachable,
        },
    }
}

/// Whether the file may be touched at all. Reads through a read-only connection, so that the answer changes nothing.
pub(super) fn examine(path: &Path, schema: &Schema) -> Result<(), NotOpen> {
    let connection = open_reader(path)?;
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != schema.application_id && (tables > 0 || application != 0) {
        return Err(NotOpen::Refused(OpenError::Foreign { path: path.to_owned() }));
    }
    let known = schema.version();
    if found > known {
        return Err(NotOpen::Refused(OpenError::Newer { path: path.to_owned(), found, known }));
    }
    Ok(())
}

/// Whether a change was cut off before the file had a log, as while it was made. A connection that only reads cannot undo it
/// (`SQLITE_READONLY_ROLLBACK`).
fn is_half_changed(error: &rusqlite::Error) -> bool {
    const ROLL_BACK_NEEDED: i32 = 8 | (3 << 8);
    error.sqlite_error().is_some_and(|error| error.extended_code == ROLL_BACK_NEEDED)
}

/// Brings a file back to what it was before a change that was cut off, whoever made it: nothing else can be read of it.
fn roll_back(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Settings of every connection: a file is data, whoever may have written to it.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, STATEMENT_LIMIT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn check_contents(connection: &Connection) -> Result<(), NotOpen> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    tracing::error!(verdict, "a database file is damaged");
    Err(sqlite_error(rusqlite::ffi::SQLITE_CORRUPT, Some(verdict)).into())
}

/// All steps that are due, in one transaction: a process killed half way leaves the file as it was.
fn migrate(connection: &mut Connection, schema: &Schema) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = schema.version();
    if found < known {
        for version in found + 1..=known {
            for step in schema.steps().filter(|step| step.version == version) {
                transaction.execute_batch(step.sql)?;
            }
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.pragma_update(None, "application_id", schema.application_id)?;
    }
    transaction.commit()
}

/// An error as SQLite itself would report it.
pub(super) fn sqlite_error(code: i32, words: Option<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), words)
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
