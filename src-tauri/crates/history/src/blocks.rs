//! The tables of sealed blocks: a row a block with what is known of it, and its bytes in a segment.
//!
//! A segment holds the bytes of many blocks that were sealed together, so that pages are full whatever the length of a block. Raw
//! samples and minutes have segments of their own, because they are not kept equally long. A segment goes when nothing in it is
//! in use any more.
//!
//! **Invariant:** the blocks of a series do not overlap.

mod row;

use model::{Quality, Sample, Timestamp, Value};
use rusqlite::{Connection, MAIN_DB, OptionalExtension, Transaction, params};

use crate::coding::Damaged;
use crate::coding::{block, rolls};
use crate::damage::Damage;
use crate::days;
use crate::roll::Roll;
use crate::samples::{Cell, Samples};
use crate::sqlite::Step;
use row::{RowSum, doubts};

/// The format in which blocks came.
pub(crate) const FIRST_FORMAT: i32 = 2;

/// `count` to `last_value` are the roll-up of the block (durations in ms, `sum` in value times ms). `last_quality` is that of the
/// last sample, which holds until the next block. `doubts`: 1 for samples without a number, 2 for uncertain ones. A part is
/// (segment, offset, bytes, CRC-32); without a segment there are no samples any more, or no minutes. Since format 3 the upper half of
/// `raw_crc` is the CRC-32 of the row itself; rows of format 2, which stay as they are, have 0 there. `live` of a segment counts the
/// parts in use.
pub(crate) const STEPS: &[Step] = &[Step {
    version: FIRST_FORMAT,
    sql: "CREATE TABLE block (
              series         INTEGER NOT NULL REFERENCES series (id),
              first          INTEGER NOT NULL,
              last           INTEGER NOT NULL,
              count          INTEGER NOT NULL,
              least          REAL,
              greatest       REAL,
              first_value    REAL,
              last_value     REAL,
              sum            REAL NOT NULL,
              good           INTEGER NOT NULL,
              uncertain      INTEGER NOT NULL,
              bad            INTEGER NOT NULL,
              doubts         INTEGER NOT NULL,
              last_quality   INTEGER NOT NULL,
              raw_segment    INTEGER,
              raw_at         INTEGER NOT NULL,
              raw_bytes      INTEGER NOT NULL,
              raw_crc        INTEGER NOT NULL,
              minute_segment INTEGER,
              minute_at      INTEGER NOT NULL,
              minute_bytes   INTEGER NOT NULL,
              minute_crc     INTEGER NOT NULL,
              PRIMARY KEY (series, first)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE segment (
              id    INTEGER PRIMARY KEY,
              bytes BLOB NOT NULL
          ) STRICT;
          CREATE TABLE segment_use (
              segment INTEGER PRIMARY KEY,
              live    INTEGER NOT NULL
          ) STRICT;",
}];

/// What SQLite gave, and whether it is what was written.
pub(crate) type Checked<T> = rusqlite::Result<Result<T, Damaged>>;

/// A block without its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub roll: Roll,
    pub last_quality: Quality,
    raw: Part,
    minutes: Part,
    row: RowSum,
}

/// Where bytes lie.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    segment: Option<i64>,
    at: usize,
    bytes: usize,
    crc: u32,
}

/// Blocks being written in one transaction, and the two segments that they share.
pub(crate) struct Writing<'a> {
    transaction: &'a Transaction<'a>,
    /// Where blocks that cannot be merged are noted.
    pub damage: &'a Damage,
    raw: Segment,
    minutes: Segment,
}

struct Segment {
    id: i64,
    live: i64,
    bytes: Vec<u8>,
}

/// The columns of a block, in the order in which they are read.
macro_rules! columns {
    () => {
        "first, last, count, least, greatest, first_value, last_value, sum, good, uncertain, bad, \
         doubts, last_quality, raw_segment, raw_at, raw_bytes, raw_crc, minute_segment, minute_at, minute_bytes, minute_crc"
    };
}

impl Block {
    pub(crate) fn first(&self) -> i64 {
        self.roll.from
    }

    pub(crate) fn last(&self) -> i64 {
        self.roll.until
    }

    pub(crate) fn count(&self) -> usize {
        self.roll.count
    }

    /// Whether its samples are still there, or were when the row could still be read.
    pub(crate) fn has_samples(&self) -> bool {
        self.raw.segment.is_some() || self.is_damaged()
    }

    /// Whether its row is not what was written. Nothing is known then but when it begins, and its samples count as damaged.
    pub(crate) fn is_damaged(&self) -> bool {
        self.row == RowSum::Wrong
    }

    pub(crate) fn has_minutes(&self) -> bool {
        self.minutes.segment.is_some()
    }

    /// Bytes of the samples.
    pub(crate) fn bytes(&self) -> usize {
        self.raw.bytes
    }

    pub(crate) fn samples(&self, connection: &Connection) -> Checked<Samples> {
        let samples = self.raw.load(connection)?.and_then(|bytes| block::decode(&bytes));
        Ok(samples.and_then(|samples| {
            let whole = samples.len() == self.count()
                && samples.first() == Some(self.first())
                && samples.last() == Some(self.last());
            if whole { Ok(samples) } else { Err(Damaged) }
        }))
    }

    /// The newest sample at or before a time. Where the samples are gone it is what the roll-ups tell: the last sample exactly, any
    /// other one to a row and uncertain, as a float.
    pub(crate) fn at(&self, connection: &Connection, time: i64) -> Checked<Option<Cell>> {
        if !self.has_samples() {
            return self.about(connection, time).map(|cell| Ok(Some(cell)));
        }
        Ok(self.raw.load(connection)?.and_then(|bytes| block::decode_at(&bytes, time)))
    }

    fn about(&self, connection: &Connection, time: i64) -> rusqlite::Result<Cell> {
        let cell = |time: i64, number: Option<f64>, quality: Quality| {
            let (time, value) = (Timestamp::from_millis(time), number.map(Value::Float));
            Cell::of(&Sample { time, received: time, value, quality })
        };
        let Roll { ends, doubts, .. } = self.roll;
        if time >= self.last() && (self.last_quality.is_bad() || !doubts.gap) {
            let last = ends.map(|(_, last)| last).filter(|_| !self.last_quality.is_bad());
            return Ok(cell(self.last(), last, self.last_quality));
        }
        let minutes = if self.has_minutes() { self.minutes(connection)? } else { Err(Damaged) };
        let rows = minutes.unwrap_or_else(|Damaged| vec![self.roll]);
        let whole = rows.partition_point(|row| row.until <= time);
        let (at, number) = match (whole.checked_sub(1).and_then(|i| rows.get(i)), rows.first()) {
            (Some(row), _) => (row.until, row.ends.map(|(_, last)| last)),
            (None, Some(row)) => (row.from, row.ends.map(|(first, _)| first)),
            (None, None) => (self.first(), None),
        };
        Ok(cell(at, number, Quality::UNCERTAIN_SUBNORMAL))
    }

    /// The rows of its minutes. Only for a block that has them.
    pub(crate) fn minutes(&self, connection: &Connection) -> Checked<Vec<Roll>> {
        Ok(self.minutes.load(connection)?.and_then(|bytes| rolls::decode(&bytes)))
    }
}

impl Part {
    fn load(self, connection: &Connection) -> Checked<Vec<u8>> {
        /// That there is no such row (`SQLITE_ERROR`).
        const MISSING: i32 = 1;
        let Some(segment) = self.segment else { return Ok(Err(Damaged)) };
        let blob = match connection.blob_open(MAIN_DB, "segment", "bytes", segment, true) {
            Err(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == MISSING => {
                return Ok(Err(Damaged));
            }
            blob => blob?,
        };
        let whole = self.at.checked_add(self.bytes).is_some_and(|end| end <= blob.len());
        if !whole {
            return Ok(Err(Damaged));
        }
        let mut bytes = vec![0; self.bytes];
        blob.read_at_exact(&mut bytes, self.at)?;
        Ok(if crc32fast::hash(&bytes) == self.crc { Ok(bytes) } else { Err(Damaged) })
    }
}

/// Blocks of a series that touch a stretch, both ends included, in order of time, at most `limit`.
pub(crate) fn touching(
    connection: &Connection,
    series: i64,
    from: i64,
    to: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Block>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM block WHERE series = ?1 AND last >= ?2 AND first <= ?3 AND first >= coalesce(
                 (SELECT first FROM block WHERE series = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), ?2)
             ORDER BY first LIMIT ?4"
        ))?
        .query_map(params![series, from, to, limit], |row| Block::read(series, row))?
        .collect()
}

/// The newest block of a series that begins at or before a time.
pub(crate) fn before(connection: &Connection, series: i64, time: i64) -> rusqlite::Result<Option<Block>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM block WHERE series = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1"
        ))?
        .query_row(params![series, time], |row| Block::read(series, row))
        .optional()
}

/// Blocks of a series whose last sample is older than a time, the oldest first, at most `limit`.
pub(crate) fn older(connection: &Connection, series: i64, time: i64, limit: usize) -> rusqlite::Result<Vec<Block>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM block WHERE series = ?1 AND first < ?2 AND last < ?2 ORDER BY first LIMIT ?3"
        ))?
        .query_map(params![series, time, limit], |row| Block::read(series, row))?
        .collect()
}

/// What of a block can go before the whole of it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Its samples, where it has minutes. The samples of a block without are few, and stand for them.
    Samples,
    /// Its minutes, and samples that stand for them.
    Minutes,
}

/// Blocks of a series that begin after `after`, whose last sample is older than `before`, and that still have this level; the oldest
/// first, at most `limit`.
pub(crate) fn with_level(
    connection: &Connection,
    series: i64,
    level: Level,
    after: i64,
    before: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Block>> {
    macro_rules! having {
        ($level:literal) => {
            concat!(
                "SELECT ",
                columns!(),
                " FROM block WHERE series = ?1 AND first > ?2 AND first < ?3 AND last < ?3 AND ",
                $level,
                " ORDER BY first LIMIT ?4"
            )
        };
    }
    let sql = match level {
        Level::Samples => having!("raw_segment IS NOT NULL AND minute_segment IS NOT NULL"),
        Level::Minutes => having!("(raw_segment IS NOT NULL OR minute_segment IS NOT NULL)"),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(sql)?
        .query_map(params![series, after, before, limit], |row| Block::read(series, row))?
        .collect()
}

/// Takes a level from a block. Of one whose row is damaged nothing is taken: what its row names may be another's.
pub(crate) fn strip(transaction: &Transaction<'_>, series: i64, block: &Block, level: Level) -> rusqlite::Result<()> {
    if block.is_damaged() {
        return Ok(());
    }
    let minutes = match level {
        Level::Samples => block.minutes,
        Level::Minutes => Part::default(),
    };
    let left = Block { raw: Part::default(), minutes, ..block.clone() };
    transaction
        .prepare_cached(
            "UPDATE block SET raw_segment = NULL, raw_at = 0, raw_bytes = 0, raw_crc = ?3,
                 minute_segment = ?4, minute_at = ?5, minute_bytes = ?6, minute_crc = ?7
             WHERE series = ?1 AND first = ?2",
        )?
        .execute(params![
            series,
            block.first(),
            left.sums(series),
            minutes.segment,
            stored(minutes.at),
            stored(minutes.bytes),
            minutes.crc,
        ])?;
    release(transaction, block.raw.segment)?;
    match level {
        Level::Samples => Ok(()),
        Level::Minutes => release(transaction, block.minutes.segment),
    }
}

/// The time of the oldest sample in any block; one look into the index for each series.
pub(crate) fn oldest(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT min((SELECT first FROM block WHERE series = series.id ORDER BY first LIMIT 1)) FROM series",
        [],
        |row| row.get(0),
    )
}

/// Which way rows are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Up { after: i64 },
    Down { before: i64, above: i64 },
}

/// Blocks of a series one after another, at most `limit`. Those in front of an error are taken too.
pub(crate) fn page(
    connection: &Connection,
    series: i64,
    direction: Direction,
    limit: usize,
    mut take: impl FnMut(Block),
) -> rusqlite::Result<()> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (sql, from, to) = match direction {
        Direction::Up { after } => (
            concat!(
                "SELECT ",
                columns!(),
                " FROM block WHERE series = ?1 AND first > ?2 AND first <= ?3 ORDER BY first LIMIT ?4"
            ),
            after,
            i64::MAX,
        ),
        Direction::Down { before, above } => (
            concat!(
                "SELECT ",
                columns!(),
                " FROM block WHERE series = ?1 AND first > ?2 AND first < ?3 ORDER BY first DESC LIMIT ?4"
            ),
            above,
            before,
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![series, from, to, limit])?;
    while let Some(row) = rows.next()? {
        take(Block::read(series, row)?);
    }
    Ok(())
}

/// The time of the newest sample in any block; one look into the index for each series.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT max((SELECT last FROM block WHERE series = series.id ORDER BY first DESC LIMIT 1)) FROM series",
        [],
        |row| row.get(0),
    )
}

impl<'a> Writing<'a> {
    pub(crate) fn begin(transaction: &'a Transaction<'a>, damage: &'a Damage) -> rusqlite::Result<Self> {
        let next = transaction.query_row("SELECT coalesce(max(id), 0) + 1 FROM segment", [], |row| row.get(0))?;
        let segment = |id| Segment { id, live: 0, bytes: Vec::new() };
        Ok(Self { transaction, damage, raw: segment(next), minutes: segment(next + 1) })
    }

    /// Adds a block that overlaps no other of its series.
    pub(crate) fn insert(
        &mut self,
        series: i64,
        roll: &Roll,
        last_quality: Quality,
        raw: Option<&[u8]>,
        minutes: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        days::forget(self.transaction, series, roll.from)?;
        let raw = raw.map_or_else(Part::default, |raw| self.raw.add(raw));
        let minutes = minutes.map_or_else(Part::default, |minutes| self.minutes.add(minutes));
        let (least, greatest) = roll.range.unzip();
        let (first_value, last_value) = roll.ends.unzip();
        let block = Block { roll: *roll, last_quality, raw, minutes, row: RowSum::Right };
        self.transaction
            .prepare_cached(concat!(
                "INSERT INTO block (series, ",
                columns!(),
                ") VALUES
                 (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"
            ))?
            .execute(params![
                series,
                roll.from,
                roll.until,
                stored(roll.count),
                least,
                greatest,
                first_value,
                last_value,
                roll.sum,
                roll.good,
                roll.uncertain,
                roll.bad,
                doubts(roll),
                last_quality.code(),
                raw.segment,
                stored(raw.at),
                stored(raw.bytes),
                block.sums(series),
                minutes.segment,
                stored(minutes.at),
                stored(minutes.bytes),
                minutes.crc,
            ])?;
        Ok(())
    }

    pub(crate) fn finish(self) -> rusqlite::Result<()> {
        for segment in [&self.raw, &self.minutes] {
            if segment.live > 0 {
                self.transaction
                    .prepare_cached("INSERT INTO segment (id, bytes) VALUES (?1, ?2)")?
                    .execute(params![segment.id, segment.bytes])?;
                self.transaction
                    .prepare_cached("INSERT INTO segment_use (segment, live) VALUES (?1, ?2)")?
                    .execute(params![segment.id, segment.live])?;
            }
        }
        Ok(())
    }
}

impl Segment {
    fn add(&mut self, bytes: &[u8]) -> Part {
        let part =
            Part { segment: Some(self.id), at: self.bytes.len(), bytes: bytes.len(), crc: crc32fast::hash(bytes) };
        self.bytes.extend_from_slice(bytes);
        self.live += 1;
        part
    }
}

/// Removes a block and whatever nothing else needs.
pub(crate) fn remove(transaction: &Transaction<'_>, series: i64, block: &Block) -> rusqlite::Result<()> {
    days::forget(transaction, series, block.first())?;
    transaction
        .prepare_cached("DELETE FROM block WHERE series = ?1 AND first = ?2")?
        .execute(params![series, block.first()])?;
    release(transaction, block.raw.segment)?;
    release(transaction, block.minutes.segment)
}

/// One part of a segment is in use no more.
fn release(transaction: &Transaction<'_>, segment: Option<i64>) -> rusqlite::Result<()> {
    let Some(segment) = segment else { return Ok(()) };
    let live: Option<i64> = transaction
        .prepare_cached("UPDATE segment_use SET live = live - 1 WHERE segment = ?1 RETURNING live")?
        .query_row([segment], |row| row.get(0))
        .optional()?;
    if live.is_some_and(|live| live <= 0) {
        transaction.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute([segment])?;
        transaction.prepare_cached("DELETE FROM segment_use WHERE segment = ?1")?.execute([segment])?;
    }
    Ok(())
}

fn stored(length: usize) -> i64 {
    i64::try_from(length).expect("what is in memory is shorter")
}
