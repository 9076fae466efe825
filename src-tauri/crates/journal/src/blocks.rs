//! The table of blocks: for each [`LENGTH`] entries in a row, what each of them is about, as columns of numbers.
//!
//! This is how a search finds its entries among millions, whatever it asks for: it decides once for each subject whether it
//! is meant, and then goes through four bytes an entry. A block is sealed when it is full, in the transaction that filled
//! it; until then its entries are looked at one by one. So a new entry costs an index nothing but its share of one block,
//! written once.

use std::collections::BTreeSet;

use history::sqlite::Step;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::subjects::{self, Subject};
use crate::texts;

/// Entries of a block.
pub(crate) const LENGTH: i64 = 4096;

/// `subjects` has the number of a subject for each entry, 0 where the entry is missing. `said` has the numbers of the
/// texts that were said in entries, each with the entry's place in the block. `earliest` and `latest` are of the times in
/// the block, which are not in order where a clock was set.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 2,
    sql: "CREATE TABLE blocks (
              first    INTEGER PRIMARY KEY,
              earliest INTEGER NOT NULL,
              latest   INTEGER NOT NULL,
              subjects BLOB NOT NULL,
              said     BLOB NOT NULL
          ) STRICT;",
}];

/// Bytes of an entry's subject: a little-endian `u32`.
const SUBJECT: usize = 4;
/// Bytes of something said: the place as `u16` and the text as `u32`, little-endian.
const SAID: usize = 6;

/// A block, of which the columns are read only when they are asked for: they are large.
pub(crate) struct Block<'a> {
    connection: &'a Connection,
    /// Its first sequence number.
    pub first: i64,
    /// The earliest time in it.
    pub earliest: i64,
    /// The latest time in it.
    pub latest: i64,
}

/// Where the entries begin that are in no block yet.
pub(crate) fn end(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(first) + ?1, 0) FROM blocks")?.query_row([LENGTH], |row| row.get(0))
}

/// Where the first block begins; none while there is none.
pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached("SELECT min(first) FROM blocks")?.query_row([], |row| row.get(0))
}

/// Hands the blocks that begin before a sequence number to `take`, the newest first, until it has enough.
pub(crate) fn back(
    connection: &Connection,
    before: i64,
    mut take: impl FnMut(&Block<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT first, earliest, latest FROM blocks WHERE first < ?1 ORDER BY first DESC")?;
    let mut rows = statement.query(params![before])?;
    while let Some(row) = rows.next()? {
        if take(&Block { connection, first: row.get(0)?, earliest: row.get(1)?, latest: row.get(2)? })? {
            break;
        }
    }
    Ok(())
}

impl Block<'_> {
    /// What its entries are about, in their order; 0 where one is missing.
    pub(crate) fn subjects(&self) -> rusqlite::Result<Vec<u32>> {
        let mut statement = self.connection.prepare_cached("SELECT subjects FROM blocks WHERE first = ?1")?;
        statement.query_row(params![self.first], |row| {
            let places = row.get_ref(0)?.as_blob()?.chunks_exact(SUBJECT);
            Ok(places.map(|at| u32::from_le_bytes([at[0], at[1], at[2], at[3]])).collect())
        })
    }

    /// The texts that were said, each with the place of its entry.
    pub(crate) fn said(&self) -> rusqlite::Result<Vec<(u16, i64)>> {
        let mut statement = self.connection.prepare_cached("SELECT said FROM blocks WHERE first = ?1")?;
        statement.query_row(params![self.first], |row| {
            let said = row.get_ref(0)?.as_blob()?.chunks_exact(SAID).map(|at| {
                let text = u32::from_le_bytes([at[2], at[3], at[4], at[5]]);
                (u16::from_le_bytes([at[0], at[1]]), i64::from(text))
            });
            Ok(said.collect())
        })
    }
}

/// Seals the next block if it is full. True where it was.
pub(crate) fn seal(transaction: &Transaction<'_>, newest: i64) -> rusqlite::Result<bool> {
    let first = end(transaction)?;
    if newest < first + LENGTH - 1 {
        return Ok(false);
    }
    let mut statement = transaction.prepare_cached(
        "SELECT seq, time, kind, message, alarm, equipment, priority, user, note, target
         FROM entries WHERE seq >= ?1 AND seq < ?1 + ?2",
    )?;
    let mut rows = statement.query(params![first, LENGTH])?;
    let (mut texts, mut subjects) = (texts::Numbers::default(), subjects::Numbers::default());
    let mut column = vec![0; usize::try_from(LENGTH).unwrap_or(0) * SUBJECT];
    let mut said = Vec::new();
    let mut held = BTreeSet::new();
    let (mut earliest, mut latest) = (i64::MAX, i64::MIN);
    while let Some(row) = rows.next()? {
        let place = u16::try_from(row.get::<_, i64>(0)? - first).unwrap_or(u16::MAX);
        let time: i64 = row.get(1)?;
        (earliest, latest) = (earliest.min(time), latest.max(time));
        let user = row.get_ref(7)?.as_str_or_null()?.unwrap_or_default();
        let subject = Subject {
            kind: row.get(2)?,
            message: texts.make(transaction, row.get_ref(3)?.as_str()?)?,
            alarm: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
            equipment: row.get::<_, Option<i64>>(5)?.unwrap_or(0),
            priority: row.get::<_, Option<u8>>(6)?.unwrap_or(0),
            user: if user.is_empty() { 0 } else { texts.make(transaction, user)? },
        };
        let at = usize::from(place) * SUBJECT;
        column[at..at + SUBJECT].copy_from_slice(&subjects.make(transaction, subject)?.to_le_bytes());
        for words in [8, 9] {
            let words = row.get_ref(words)?.as_str_or_null()?.unwrap_or_default();
            if words.is_empty() {
                continue;
            }
            let text = texts.make(transaction, words)?;
            held.insert(text);
            let text = u32::try_from(text).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, text))?;
            said.extend(place.to_le_bytes());
            said.extend(text.to_le_bytes());
        }
    }
    for text in held {
        texts::hold(transaction, text)?;
    }
    transaction
        .prepare_cached("INSERT INTO blocks (first, earliest, latest, subjects, said) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![first, earliest, latest, column, said])?;
    Ok(true)
}

/// The oldest block that is not the newest, as its first sequence number and its latest time: a file never forgets which
/// sequence number is next.
pub(crate) fn oldest(connection: &Connection) -> rusqlite::Result<Option<(i64, i64)>> {
    connection
        .prepare_cached(
            "SELECT first, latest FROM blocks WHERE first < (SELECT max(first) FROM blocks) ORDER BY first LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Removes a block, and the subjects and texts that only it had.
pub(crate) fn remove(transaction: &Transaction<'_>, first: i64) -> rusqlite::Result<()> {
    let mut named = BTreeSet::new();
    let mut held = BTreeSet::new();
    back(transaction, first + 1, |block| {
        named.extend(block.subjects()?.into_iter().filter(|id| *id > 0));
        held.extend(block.said()?.into_iter().map(|(_, text)| text));
        Ok(true)
    })?;
    for subject in named {
        subjects::release(transaction, subject)?;
    }
    for text in held {
        texts::release(transaction, text)?;
    }
    transaction.prepare_cached("DELETE FROM blocks WHERE first = ?1")?.execute(params![first])?;
    Ok(())
}
