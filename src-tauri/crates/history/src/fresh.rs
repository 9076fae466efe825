//! The table of the first format, a row a sample. What a file still has of it is carried over into blocks, part by part.

use model::{Quality, Sample, Timestamp, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::blocks::{Direction, Writing};
use crate::damage::Damage;
use crate::samples::{Cell, Samples};
use crate::seal::{self, Kept};
use crate::sqlite::Step;

/// `kind` tells what `value` means, `delay` is the time of arrival less the time, both in milliseconds.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 1,
    sql: "CREATE TABLE fresh (
              series  INTEGER NOT NULL REFERENCES series (id),
              time    INTEGER NOT NULL,
              kind    INTEGER NOT NULL,
              value   ANY,
              quality INTEGER NOT NULL,
              delay   INTEGER NOT NULL,
              PRIMARY KEY (series, time)
          ) STRICT, WITHOUT ROWID;",
}];

/// Rows carried over in one transaction.
const STEP: i64 = 50_000;

/// Whether anything was left to carry over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Some,
    Nothing,
}

/// What `kind` says of `value`. The numbers are in files: they never change.
mod kind {
    pub(super) const NONE: i64 = 0;
    pub(super) const BOOL: i64 = 1;
    pub(super) const INT: i64 = 2;
    /// The same 64 bits, read as unsigned.
    pub(super) const UINT: i64 = 3;
    pub(super) const FLOAT: i64 = 4;
    pub(super) const TEXT: i64 = 5;
}

/// Carries some samples of one series over. The table goes when it is empty.
pub(crate) fn carry_over(transaction: &Transaction<'_>, damage: &Damage) -> rusqlite::Result<Left> {
    let exists: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'fresh')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(Left::Nothing);
    }
    let series: Option<i64> =
        transaction.query_row("SELECT series FROM fresh LIMIT 1", [], |row| row.get(0)).optional()?;
    let Some(series) = series else {
        transaction.execute_batch("DROP TABLE fresh")?;
        return Ok(Left::Nothing);
    };
    let mut samples = Samples::default();
    {
        let mut statement = transaction.prepare_cached(
            "SELECT time, kind, value, quality, delay FROM fresh WHERE series = ?1 ORDER BY time LIMIT ?2",
        )?;
        let mut rows = statement.query(params![series, STEP])?;
        while let Some(row) = rows.next()? {
            samples.put(Cell::of(&decode(row)?));
        }
    }
    let mut writing = Writing::begin(transaction, damage)?;
    seal::seal(transaction, &mut writing, series, &samples, Kept::Stored)?;
    writing.finish()?;
    transaction
        .prepare_cached("DELETE FROM fresh WHERE series = ?1 AND time <= ?2")?
        .execute(params![series, samples.last()])?;
    Ok(Left::Some)
}

/// Rows of a series one after another, at most `limit`. Those in front of an error are taken too.
pub(crate) fn page(
    connection: &Connection,
    series: i64,
    direction: Direction,
    limit: usize,
    mut take: impl FnMut(Cell),
) -> rusqlite::Result<()> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (sql, from, to) = match direction {
        Direction::Up { after } => (
            "SELECT time, kind, value, quality, delay FROM fresh
             WHERE series = ?1 AND time > ?2 AND time <= ?3 ORDER BY time LIMIT ?4",
            after,
            i64::MAX,
        ),
        Direction::Down { before, above } => (
            "SELECT time, kind, value, quality, delay FROM fresh
             WHERE series = ?1 AND time > ?2 AND time < ?3 ORDER BY time DESC LIMIT ?4",
            above,
            before,
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![series, from, to, limit])?;
    while let Some(row) = rows.next()? {
        take(Cell::of(&decode(row)?));
    }
    Ok(())
}

/// The sample of a row.
fn decode(row: &Row<'_>) -> rusqlite::Result<Sample> {
    let time: i64 = row.get(0)?;
    let quality = Quality::from_code(row.get(3)?);
    let delay: i64 = row.get(4)?;
    let (value, quality) = match (row.get(1)?, row.get_ref(2)?) {
        (kind::NONE, ValueRef::Null) => (None, quality),
        (kind::BOOL, ValueRef::Integer(x @ (0 | 1))) => (Some(Value::Bool(x == 1)), quality),
        (kind::INT, ValueRef::Integer(x)) => (Some(Value::Int(x)), quality),
        (kind::UINT, ValueRef::Integer(x)) => (Some(Value::UInt(x.cast_unsigned())), quality),
        (kind::FLOAT, ValueRef::Real(x)) => (Some(Value::Float(x)), quality),
        (kind::TEXT, ValueRef::Text(x)) => match std::str::from_utf8(x) {
            Ok(x) => (Some(Value::text(x)), quality),
            Err(_) => (None, quality.worst(Quality::BAD_DECODING)),
        },
        // Nobody but damage or another program writes this; it must not look like a value.
        _ => (None, quality.worst(Quality::BAD_DECODING)),
    };
    let time = Timestamp::from_millis(time);
    let received = Timestamp::from_millis(time.millis().wrapping_add(delay));
    Ok(Sample { time, received, value, quality })
}
