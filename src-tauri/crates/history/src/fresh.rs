//! The table of samples as they came: a row a sample, in order of series and time.
//!
//! A value is kept exactly: 64-bit integers of both kinds, the bits of a float, text, on and off. Because the key is
//! (series, time), the same sample twice is one row, and the order of arrival does not matter.

use model::{Quality, Sample, Timestamp, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction, params};

use crate::sqlite::Step;

/// `kind` tells what `value` means, `delay` is the time of arrival less the time, both in milliseconds: mostly zero,
/// which takes no space.
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

/// One step of pruning.
pub(crate) struct Pruned {
    /// The series to go on with: everything up to it, and not it, is done.
    pub after: i64,
    /// Whether no series is left.
    pub finished: bool,
}

/// Stores samples; one of the same series and time is replaced.
pub(crate) struct Insertion<'a>(CachedStatement<'a>);

impl<'a> Insertion<'a> {
    pub(crate) fn new(transaction: &'a Transaction<'_>) -> rusqlite::Result<Self> {
        let statement = transaction.prepare_cached(
            "INSERT INTO fresh (series, time, kind, value, quality, delay) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (series, time) DO UPDATE
             SET kind = excluded.kind, value = excluded.value, quality = excluded.quality, delay = excluded.delay",
        )?;
        Ok(Self(statement))
    }

    pub(crate) fn put(&mut self, series: i64, sample: &Sample) -> rusqlite::Result<()> {
        let (kind, value, quality) = encode(sample);
        self.0.execute(params![
            series,
            sample.time.millis(),
            kind,
            ToSqlOutput::Borrowed(value),
            quality.code(),
            sample.received.millis().wrapping_sub(sample.time.millis()),
        ])?;
        Ok(())
    }
}

/// Finds of many series the sample at an instant.
pub(crate) struct Instant<'a>(CachedStatement<'a>);

impl<'a> Instant<'a> {
    pub(crate) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let statement = connection.prepare_cached(
            "SELECT time, kind, value, quality, delay FROM fresh
             WHERE series = (SELECT id FROM series WHERE name = ?1) AND time <= ?2 ORDER BY time DESC LIMIT 1",
        )?;
        Ok(Self(statement))
    }

    pub(crate) fn of(&mut self, name: &str, until: Timestamp) -> rusqlite::Result<Option<Sample>> {
        self.0.query_row(params![name, until.millis()], decode).optional()
    }
}

/// Marks that samples from here on were lost, unless there is a sample at this very time.
pub(crate) fn mark_gap(transaction: &Transaction<'_>, series: i64, time: Timestamp) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO fresh (series, time, kind, value, quality, delay) VALUES (?1, ?2, ?3, NULL, ?4, 0)
             ON CONFLICT (series, time) DO NOTHING",
        )?
        .execute(params![series, time.millis(), kind::NONE, Quality::BAD_NO_DATA.code()])?;
    Ok(())
}

/// Hands the samples of a series from one time up to another to `take`, in order, at most `limit`.
pub(crate) fn forward(
    connection: &Connection,
    series: i64,
    from: i64,
    to: i64,
    limit: usize,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(
        "SELECT time, kind, value, quality, delay FROM fresh
         WHERE series = ?1 AND time >= ?2 AND time < ?3 ORDER BY time LIMIT ?4",
    )?;
    let mut rows = statement.query(params![series, from, to, count(limit)])?;
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        take(row)?;
        taken += 1;
    }
    Ok(taken)
}

/// The samples of a series at or before a time, newest first, at most `limit`.
pub(crate) fn backward(
    connection: &Connection,
    series: i64,
    until: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Sample>> {
    connection
        .prepare_cached(
            "SELECT time, kind, value, quality, delay FROM fresh
             WHERE series = ?1 AND time <= ?2 ORDER BY time DESC LIMIT ?3",
        )?
        .query_map(params![series, until, count(limit)], decode)?
        .collect()
}

/// The time of the newest sample of all; one look into the index for each series.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let newest: Option<i64> = connection.query_row(
        "SELECT max((SELECT time FROM fresh WHERE series = series.id ORDER BY time DESC LIMIT 1)) FROM series",
        [],
        |row| row.get(0),
    )?;
    Ok(newest.map(Timestamp::from_millis))
}

/// The sample of a row.
pub(crate) fn decode(row: &Row<'_>) -> rusqlite::Result<Sample> {
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

/// Time, number and quality of a row, without making its text.
#[expect(clippy::cast_precision_loss, reason = "a picture of the number, as in Value::number")]
pub(crate) fn decode_number(row: &Row<'_>) -> rusqlite::Result<(i64, Option<f64>, Quality)> {
    let quality = Quality::from_code(row.get(3)?);
    let number = match (row.get(1)?, row.get_ref(2)?) {
        (kind::FLOAT, ValueRef::Real(x)) => Some(x),
        (kind::BOOL | kind::INT, ValueRef::Integer(x)) => Some(x as f64),
        (kind::UINT, ValueRef::Integer(x)) => Some(x.cast_unsigned() as f64),
        _ => None,
    };
    Ok((row.get(0)?, if quality.is_bad() { None } else { number }, quality))
}

/// Removes up to about `limit` samples older than `before`, series by series after `after`. Of each series the newest
/// of the older ones stays: it is the value at the beginning.
pub(crate) fn prune(
    transaction: &Transaction<'_>,
    after: i64,
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<Pruned> {
    /// Series looked at in one step, so that a step over many series with nothing to remove stays short.
    const SERIES: i64 = 500;
    let mut done = after;
    let mut removed = 0;
    let series = crate::series::following(transaction, after, SERIES)?;
    let finished = i64::try_from(series.len()).is_ok_and(|found| found < SERIES);
    for series in series {
        removed += prune_one(transaction, series, before.millis(), limit - removed)?;
        if removed >= limit {
            return Ok(Pruned { after: done, finished: false });
        }
        done = series;
    }
    Ok(Pruned { after: done, finished })
}

fn prune_one(transaction: &Transaction<'_>, series: i64, before: i64, limit: usize) -> rusqlite::Result<usize> {
    let staying: Option<i64> = transaction
        .prepare_cached("SELECT time FROM fresh WHERE series = ?1 AND time < ?2 ORDER BY time DESC LIMIT 1")?
        .query_row(params![series, before], |row| row.get(0))
        .optional()?;
    let Some(staying) = staying else { return Ok(0) };
    let too_far: Option<i64> = transaction
        .prepare_cached("SELECT time FROM fresh WHERE series = ?1 AND time < ?2 ORDER BY time LIMIT 1 OFFSET ?3")?
        .query_row(params![series, staying, count(limit)], |row| row.get(0))
        .optional()?;
    transaction
        .prepare_cached("DELETE FROM fresh WHERE series = ?1 AND time < ?2")?
        .execute(params![series, too_far.unwrap_or(staying)])
}

/// What of a sample is stored. SQLite has no NaN and would keep NULL in its place, so that what is not finite is kept as
/// bad and without a value.
fn encode(sample: &Sample) -> (i64, ValueRef<'_>, Quality) {
    let quality = sample.quality;
    match &sample.value {
        None => (kind::NONE, ValueRef::Null, quality),
        Some(Value::Bool(x)) => (kind::BOOL, ValueRef::Integer(i64::from(*x)), quality),
        Some(Value::Int(x)) => (kind::INT, ValueRef::Integer(*x), quality),
        Some(Value::UInt(x)) => (kind::UINT, ValueRef::Integer(x.cast_signed()), quality),
        Some(Value::Float(x)) if x.is_finite() => (kind::FLOAT, ValueRef::Real(*x), quality),
        Some(Value::Float(_)) => (kind::NONE, ValueRef::Null, quality.worst(Quality::BAD_OUT_OF_RANGE)),
        Some(Value::Text(x)) => (kind::TEXT, ValueRef::Text(x.as_bytes()), quality),
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
