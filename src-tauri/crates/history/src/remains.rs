//! A damaged file, read as far as it can be.
//!
//! Damage in one page of a table makes what lies behind it unreachable from one side, so that each stretch is read from both ends:
//! upwards until an error, then downwards until one. Blocks are read series by series, so that an error of one costs the others
//! nothing. Any error counts as the end of what can be read; nothing is tried twice.
//!
//! **Invariant:** what is given is what was written, checksums included, or a gap.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::blocks::{self, Block, Direction};
use crate::coding::Damaged;
use crate::log;
use crate::roll::Roll;
use crate::samples::{Cell, Samples};
use crate::series::Sealed;
use crate::{damage, fresh};

/// Blocks read at once.
const PAGE: usize = 64;

/// What was found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub samples: i64,
    /// Blocks of which the row could be read and not the samples, and batches of the log.
    pub blocks: i64,
    /// Places from which on nothing could be read.
    pub breaks: i64,
    /// Time of the newest sample.
    pub newest: Option<i64>,
}

/// A part of a series, to be written at once.
pub(crate) struct Part {
    pub series: Arc<str>,
    pub samples: Samples,
    /// Blocks whose samples were kept no longer, with their minutes.
    pub rolled: Vec<(Block, Option<Vec<Roll>>)>,
    /// The series up to this key are done with this part.
    pub after: i64,
    /// What was found, this part with it.
    pub found: Found,
    key: i64,
    next: Option<Stage>,
}

pub(crate) struct Remains {
    pub path: PathBuf,
    pub name: String,
    /// None where it cannot be opened at all.
    connection: Option<Connection>,
    tables: Vec<String>,
    series: VecDeque<(i64, Arc<str>)>,
    log: HashMap<i64, Samples>,
    stage: Stage,
    after: i64,
    pub found: Found,
}

/// Where in a series reading goes on.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Log,
    /// After a row's key; and the time up to which the rows so far reach.
    Up(Source, i64, Option<i64>),
    /// Before a row's key, down to that time.
    Down(Source, i64, Option<i64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Blocks,
    /// The table of the first format.
    Rows,
}

impl Source {
    fn table(self) -> &'static str {
        match self {
            Source::Blocks => "block",
            Source::Rows => "fresh",
        }
    }

    /// What comes when nothing more of it can be read.
    fn next(self) -> Option<Stage> {
        match self {
            Source::Blocks => Some(Stage::Up(Source::Rows, i64::MIN, None)),
            Source::Rows => None,
        }
    }
}

impl Remains {
    /// Opens a file and reads its names and its log. The series up to `after` are done, with what was `found`.
    pub(crate) fn open(path: PathBuf, name: String, after: i64, found: Found) -> Remains {
        let mut remains = Remains {
            path,
            name,
            connection: None,
            tables: Vec::new(),
            series: VecDeque::new(),
            log: HashMap::new(),
            stage: Stage::Log,
            after,
            found,
        };
        match open(&remains.path) {
            Ok(connection) => {
                remains.read_names_and_log(&connection);
                remains.connection = Some(connection);
            }
            Err(error) => {
                tracing::error!(path = %remains.path.display(), %error, "nothing of the damaged file can be read");
                remains.found.breaks += 1;
            }
        }
        remains
    }

    /// The next part, of about so many samples; none when there is no more.
    pub(crate) fn next(&mut self, limit: usize) -> Option<Part> {
        let connection = self.connection.as_ref()?;
        let (key, series) = self.series.front()?.clone();
        let mut found = self.found;
        let mut rolled = Vec::new();
        let (samples, next) = match self.stage {
            Stage::Log => {
                (self.log.get(&key).cloned().unwrap_or_default(), Some(Stage::Up(Source::Blocks, i64::MIN, None)))
            }
            Stage::Up(source, ..) | Stage::Down(source, ..) if !self.tables.iter().any(|t| t == source.table()) => {
                (Samples::default(), source.next())
            }
            Stage::Up(source, after, last) => {
                let mut reading = Reading::of(connection, key, limit);
                let end = reading.read(source, Direction::Up { after });
                let last = last.max(reading.last);
                let next = match (end, reading.reached) {
                    (End::Limit, Some(reached)) => Some(Stage::Up(source, reached, last)),
                    (End::Error, _) => {
                        found.breaks += 1;
                        Some(Stage::Down(source, i64::MAX, last))
                    }
                    (End::Limit | End::Nothing, _) => source.next(),
                };
                found.blocks += reading.lost;
                rolled = reading.rolled;
                (reading.samples, next)
            }
            Stage::Down(source, before, floor) => {
                let mut reading = Reading::of(connection, key, limit);
                let end = reading.read(source, Direction::Down { before, above: floor.unwrap_or(i64::MIN) });
                found.blocks += reading.lost;
                let next = match (end, reading.reached) {
                    (End::Limit, Some(reached)) => Some(Stage::Down(source, reached, floor)),
                    (End::Limit | End::Error | End::Nothing, _) => {
                        // The last value that was read upwards does not hold over what is missing behind it.
                        if let Some(behind) = floor.and_then(|floor| floor.checked_add(1))
                            && !reading.samples.touches(behind, behind)
                        {
                            reading.samples.put(Cell::gap(behind));
                        }
                        source.next()
                    }
                };
                rolled = reading.rolled;
                (reading.samples, next)
            }
        };
        found.samples += i64::try_from(samples.len()).unwrap_or(0);
        found.newest = found.newest.max(samples.last());
        let after = if next.is_none() { key } else { self.after };
        Some(Part { series, samples, rolled, after, found, key, next })
    }

    /// A part is written.
    pub(crate) fn done(&mut self, part: Part) {
        self.found = part.found;
        self.after = part.after;
        match part.next {
            Some(stage) => self.stage = stage,
            None => {
                self.log.remove(&part.key);
                self.series.pop_front();
                self.stage = Stage::Log;
            }
        }
    }

    fn read_names_and_log(&mut self, connection: &Connection) {
        let tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect());
        self.tables = tables.unwrap_or_else(|error| {
            tracing::error!(%error, "the tables of the damaged file cannot be read");
            self.found.breaks += 1;
            Vec::new()
        });
        let has_log = self.tables.iter().any(|table| table == "log");
        // A file of the first format does not know how far a series is in blocks: it has none.
        let [up, down] = if has_log {
            [
                "SELECT id, name, sealed_batch, sealed_before FROM series ORDER BY id",
                "SELECT id, name, sealed_batch, sealed_before FROM series ORDER BY id DESC",
            ]
        } else {
            ["SELECT id, name, 0, 0 FROM series ORDER BY id", "SELECT id, name, 0, 0 FROM series ORDER BY id DESC"]
        };
        let mut sealed = HashMap::new();
        let mut series = Vec::new();
        let whole = from_both_ends(connection, up, down, |row| {
            let (key, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let batch: i64 = row.get(2)?;
            sealed.insert(key, Sealed { batch: batch.cast_unsigned(), before: row.get(3)? });
            series.push((key, Arc::from(name)));
            Ok(key)
        });
        if !whole {
            self.found.breaks += 1;
            // The index of the names has every name once more.
            let index = "SELECT id, name FROM series INDEXED BY sqlite_autoindex_series_1 ORDER BY name";
            let by_name = connection.prepare(index).and_then(|mut index| {
                let mut rows = index.query([])?;
                while let Some(row) = rows.next()? {
                    series.push((row.get(0)?, Arc::from(row.get::<_, String>(1)?)));
                }
                Ok(())
            });
            if let Err(error) = by_name {
                tracing::debug!(%error, "the index of the names ended too");
            }
        }
        series.sort_unstable();
        series.dedup_by_key(|(key, _)| *key);
        self.series = series.into_iter().filter(|(key, _)| *key > self.after).collect();
        if has_log {
            self.read_log(connection, &sealed);
        }
    }

    fn read_log(&mut self, connection: &Connection, sealed: &HashMap<i64, Sealed>) {
        let mut slots = Vec::new();
        let whole = from_both_ends(
            connection,
            "SELECT slot, bytes FROM log ORDER BY slot",
            "SELECT slot, bytes FROM log ORDER BY slot DESC",
            |row| {
                let slot: i64 = row.get(0)?;
                slots.push((slot, row.get::<_, Vec<u8>>(1)?));
                Ok(slot)
            },
        );
        slots.sort_unstable();
        slots.dedup();
        let samples = &mut self.log;
        let damaged = log::salvage(&slots, |batch, key, cell| {
            let known = sealed.get(&key).is_some_and(|sealed| batch <= sealed.batch && cell.time < sealed.before);
            if !known {
                samples.entry(key).or_default().put(cell);
            }
        });
        self.found.breaks += i64::from(!whole);
        self.found.blocks += i64::try_from(damaged).unwrap_or(0);
    }
}

/// Why reading came to an end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Limit,
    Nothing,
    Error,
}

/// One reading of a stretch of a series.
struct Reading<'a> {
    connection: &'a Connection,
    key: i64,
    limit: usize,
    samples: Samples,
    rolled: Vec<(Block, Option<Vec<Roll>>)>,
    /// Blocks whose samples cannot be read.
    lost: i64,
    /// The key of the last row.
    reached: Option<i64>,
    /// The time up to which it reaches.
    last: Option<i64>,
}

impl<'a> Reading<'a> {
    fn of(connection: &'a Connection, key: i64, limit: usize) -> Self {
        Self {
            connection,
            key,
            limit,
            samples: Samples::default(),
            rolled: Vec::new(),
            lost: 0,
            reached: None,
            last: None,
        }
    }

    fn read(&mut self, source: Source, direction: Direction) -> End {
        match source {
            Source::Blocks => self.read_blocks(direction),
            Source::Rows => self.read_rows(direction),
        }
    }

    fn read_blocks(&mut self, direction: Direction) -> End {
        let mut found = Vec::new();
        let all = blocks::page(self.connection, self.key, direction, PAGE, |block| found.push(block));
        let full = found.len() == PAGE;
        for block in found {
            if self.samples.len() >= self.limit {
                return End::Limit;
            }
            self.add(&block);
        }
        match all {
            Err(_) => End::Error,
            Ok(()) if full => End::Limit,
            Ok(()) => End::Nothing,
        }
    }

    fn add(&mut self, block: &Block) {
        self.reached = Some(block.first());
        self.last = self.last.max(Some(block.last()));
        if !block.has_samples() {
            let minutes =
                if block.has_minutes() { block.minutes(self.connection).ok().and_then(Result::ok) } else { None };
            self.rolled.push((block.clone(), minutes));
            return;
        }
        let samples = match block.samples(self.connection) {
            Ok(Ok(samples)) => samples,
            Ok(Err(Damaged)) | Err(_) => {
                self.lost += 1;
                damage::gaps(block, &Samples::default())
            }
        };
        self.samples = std::mem::take(&mut self.samples).overlaid(&samples);
    }

    fn read_rows(&mut self, direction: Direction) -> End {
        let mut count = 0;
        let samples = &mut self.samples;
        let mut last = None;
        let all = fresh::page(self.connection, self.key, direction, self.limit, |cell| {
            count += 1;
            last = Some(cell.time);
            samples.put(cell);
        });
        self.reached = last;
        self.last = self.samples.last();
        match all {
            Err(_) => End::Error,
            Ok(()) if count == self.limit => End::Limit,
            Ok(()) => End::Nothing,
        }
    }
}

/// Reads rows in their order until an error, and then in the other one down to where the first reading ended. `take` gives a row's
/// key. Says whether all was read.
fn from_both_ends(
    connection: &Connection,
    up: &str,
    down: &str,
    mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<i64>,
) -> bool {
    let mut highest = i64::MIN;
    let mut read = |sql: &str, above: i64, highest: &mut i64| -> rusqlite::Result<()> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? <= above {
                break;
            }
            *highest = (*highest).max(take(row)?);
        }
        Ok(())
    };
    if read(up, i64::MIN, &mut highest).is_ok() {
        return true;
    }
    let mut from_above = i64::MIN;
    if let Err(error) = read(down, highest, &mut from_above) {
        tracing::debug!(%error, "reading from the other end ended too");
    }
    false
}

/// Opens a damaged file to read it, also one that is shorter than it says.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // SQLite reads a file that was cut short only for whoever may write its schema, which this connection cannot.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}
