//! What is known of whole days: a row for each day of a series that has several blocks and no doubtful sample.
//!
//! A picture of many years has columns of a day and more, and an average of a year needs no hours. What is read of a day is one row
//! then and not twenty-four. The rows are made of blocks' rows and can be made again: whatever changes a block of a day
//! forgets the day, in the same transaction, and sealing makes it anew once a later day has begun. A day without a row is
//! answered from its blocks. So the rows go with the hours that they are made of, and take about a hundredth of their bytes.
//!
//! **Invariant:** a day's row is what its blocks say together.

use rusqlite::{Connection, Row, Transaction, params};

use crate::blocks::{self, Block};
use crate::roll::{Doubts, Roll};
use crate::sqlite::Step;
use crate::tails::{DAY, start_of_day};

/// `first` and `last` are times of samples; all of them are good numbers, and `sum` is value times milliseconds in between. `crc` is the
/// CRC-32 of the row.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 3,
    sql: "CREATE TABLE day (
              series      INTEGER NOT NULL REFERENCES series (id),
              day         INTEGER NOT NULL,
              first       INTEGER NOT NULL,
              last        INTEGER NOT NULL,
              count       INTEGER NOT NULL,
              least       REAL NOT NULL,
              greatest    REAL NOT NULL,
              first_value REAL NOT NULL,
              last_value  REAL NOT NULL,
              sum         REAL NOT NULL,
              crc         INTEGER NOT NULL,
              PRIMARY KEY (series, day)
          ) STRICT, WITHOUT ROWID;",
}];

/// A day with fewer blocks is read as quickly without.
const WORTH_A_ROW: usize = 3;
/// Blocks of one day that are joined at most; a source that fills more in a day is read block by block.
const MOST_BLOCKS: usize = 10_000;

/// A whole day.
pub(crate) struct Day {
    /// Its first instant, milliseconds.
    pub begin: i64,
    pub roll: Roll,
}

impl Day {
    /// The first instant after it.
    pub(crate) fn end(&self) -> i64 {
        self.begin.saturating_add(DAY)
    }
}

/// Forgets the day of an instant: something in it changes.
pub(crate) fn forget(transaction: &Transaction<'_>, series: i64, time: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM day WHERE series = ?1 AND day = ?2")?
        .execute(params![series, start_of_day(time)])?;
    Ok(())
}

/// Makes the row of the day of an instant that was sealed, where a later day has begun, and of the day before it in which there was
/// something.
pub(crate) fn make(transaction: &Transaction<'_>, series: i64, time: i64) -> rusqlite::Result<()> {
    let begin = start_of_day(time);
    let end = begin.saturating_add(DAY);
    if !blocks::touching(transaction, series, end, i64::MAX, 1)?.is_empty() {
        make_one(transaction, series, begin)?;
    }
    match begin.checked_sub(1).map(|before| blocks::before(transaction, series, before)).transpose()?.flatten() {
        Some(block) if !exists(transaction, series, start_of_day(block.first()))? => {
            make_one(transaction, series, start_of_day(block.first()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whole days of a series that have a row, from an instant on and ending before another, in order, at most `limit`. Rows that are not
/// what was written are left out.
pub(crate) fn within(
    connection: &Connection,
    series: i64,
    from: i64,
    to: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Day>> {
    // A file of an older format that is only read has no such table.
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'day')";
    if !connection.prepare_cached(there)?.query_row([], |row| row.get::<_, bool>(0))? {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = connection.prepare_cached(
        "SELECT day, first, last, count, least, greatest, first_value, last_value, sum, crc FROM day
         WHERE series = ?1 AND day >= ?2 AND day <= ?3 ORDER BY day LIMIT ?4",
    )?;
    let last = to.saturating_sub(DAY);
    let days = rows.query_map(params![series, from, last, limit], |row| Ok(read(series, row).ok().flatten()))?;
    days.filter_map(Result::transpose).collect()
}

/// The day of an instant, made anew of its blocks; none where it is to have no row.
pub(crate) fn of_blocks(connection: &Connection, series: i64, time: i64) -> rusqlite::Result<Option<Day>> {
    let begin = start_of_day(time);
    let end = begin.saturating_add(DAY);
    let blocks = blocks::touching(connection, series, begin, end - 1, MOST_BLOCKS)?;
    let is_plain = |block: &Block| {
        let Roll { doubts, .. } = block.roll;
        !doubts.gap && !doubts.uncertain && (begin..end).contains(&block.first()) && block.last() < end
    };
    if !(WORTH_A_ROW..MOST_BLOCKS).contains(&blocks.len()) || !blocks.iter().all(is_plain) {
        return Ok(None);
    }
    let roll = blocks.into_iter().map(|block| block.roll).reduce(|day, next| joined(&day, &next));
    Ok(roll.map(|roll| Day { begin, roll }))
}

/// Two stretches of good numbers as one; between them the last number of the first one holds.
#[expect(clippy::cast_precision_loss, reason = "a day in milliseconds")]
fn joined(one: &Roll, next: &Roll) -> Roll {
    let between = next.from.saturating_sub(one.until);
    let held = one.ends.map_or(0.0, |(_, last)| last) * between as f64;
    Roll {
        from: one.from,
        until: next.until,
        count: one.count + next.count,
        range: one.range.zip(next.range).map(|((a, b), (c, d))| (a.min(c), b.max(d))),
        ends: one.ends.zip(next.ends).map(|((first, _), (_, last))| (first, last)),
        sum: (one.sum + held + next.sum).clamp(f64::MIN, f64::MAX),
        good: one.good + between + next.good,
        uncertain: 0,
        bad: 0,
        doubts: Doubts::default(),
    }
}

fn exists(connection: &Connection, series: i64, begin: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM day WHERE series = ?1 AND day = ?2)")?
        .query_row(params![series, begin], |row| row.get(0))
}

fn make_one(transaction: &Transaction<'_>, series: i64, begin: i64) -> rusqlite::Result<()> {
    let Some(Day { roll, .. }) = of_blocks(transaction, series, begin)? else { return Ok(()) };
    let (Some((least, greatest)), Some((first_value, last_value))) = (roll.range, roll.ends) else { return Ok(()) };
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO day (series, day, first, last, count, least, greatest, first_value, last_value, sum, crc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            series,
            begin,
            roll.from,
            roll.until,
            i64::try_from(roll.count).unwrap_or(i64::MAX),
            least,
            greatest,
            first_value,
            last_value,
            roll.sum,
            checksum(series, begin, &roll),
        ])?;
    Ok(())
}

fn read(series: i64, row: &Row<'_>) -> rusqlite::Result<Option<Day>> {
    let (first, last) = (row.get(1)?, row.get::<_, i64>(2)?);
    let day = Day {
        begin: row.get(0)?,
        roll: Roll {
            count: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            range: Some((row.get(4)?, row.get(5)?)),
            ends: Some((row.get(6)?, row.get(7)?)),
            sum: row.get(8)?,
            good: last.saturating_sub(first),
            ..Roll::empty(first, last)
        },
    };
    let is_whole = row.get::<_, i64>(9)? == i64::from(checksum(series, day.begin, &day.roll));
    Ok(is_whole.then_some(day))
}

fn checksum(series: i64, begin: i64, roll: &Roll) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for x in [series, begin, roll.from, roll.until, i64::try_from(roll.count).unwrap_or(i64::MAX)] {
        hasher.update(&x.to_le_bytes());
    }
    for (a, b) in [roll.range, roll.ends, Some((roll.sum, 0.0))].into_iter().flatten() {
        // SQLite gives zero back without its sign.
        hasher.update(&(a + 0.0).to_le_bytes());
        hasher.update(&(b + 0.0).to_le_bytes());
    }
    hasher.finalize()
}
