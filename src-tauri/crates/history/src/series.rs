//! The table of names, and the ids that stand for them while the program runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::SeriesId;
use crate::sqlite::{Step, lock};
use crate::tails::{TailIndex, Tails};

pub(crate) const STEPS: &[Step] = &[
    Step {
        version: 1,
        sql: "CREATE TABLE series (
              id   INTEGER PRIMARY KEY,
              name TEXT NOT NULL UNIQUE
          ) STRICT;",
    },
    Step {
        version: 2,
        // Of the log's batches up to `sealed_batch`, what is older than `sealed_before` is in blocks.
        sql: "ALTER TABLE series ADD COLUMN sealed_batch INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE series ADD COLUMN sealed_before INTEGER NOT NULL DEFAULT 0;",
    },
];

/// Names and their ids, in memory. An id needs no disk, so that asking for one cannot fail.
#[derive(Default)]
pub(crate) struct Names {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    ids: HashMap<Arc<str>, SeriesId>,
    names: Vec<Arc<str>>,
}

/// The file's own ids, as far as one connection of the writer has learned them.
#[derive(Default)]
pub(crate) struct Keys {
    epoch: u64,
    keys: Vec<Option<(i64, TailIndex)>>,
    /// All names of the file, and of what was made in transactions that were rolled back perhaps more.
    names: HashMap<i64, Arc<str>>,
}

impl Names {
    pub(crate) fn ids(&self, names: &[&str]) -> Vec<SeriesId> {
        let mut known = lock(&self.known);
        names.iter().map(|name| known.id(name)).collect()
    }

    pub(crate) fn name(&self, id: SeriesId) -> Option<Arc<str>> {
        lock(&self.known).names.get(id.0 as usize).cloned()
    }
}

impl Known {
    fn id(&mut self, name: &str) -> SeriesId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = SeriesId(u32::try_from(self.names.len()).expect("a plant has fewer than 2^32 tags"));
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.ids.insert(name, id);
        id
    }
}

impl Keys {
    /// Of a file that is open now.
    pub(crate) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let names = connection
            .prepare_cached("SELECT id, name FROM series")?
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?.into())))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { names, ..Self::default() })
    }

    /// Forgets everything: a transaction was rolled back.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
    }

    /// The name of a key.
    pub(crate) fn name(&self, key: i64) -> Option<Arc<str>> {
        self.names.get(&key).cloned()
    }

    /// The file's id of a series and its tail, made where there is none. None for an id that this history did not give out.
    pub(crate) fn key(
        &mut self,
        transaction: &Transaction<'_>,
        epoch: u64,
        names: &Names,
        tails: &Tails,
        id: SeriesId,
    ) -> rusqlite::Result<Option<(i64, TailIndex)>> {
        if epoch != self.epoch {
            self.clear();
            self.epoch = epoch;
        }
        if let Some(Some(key)) = self.keys.get(id.0 as usize) {
            return Ok(Some(*key));
        }
        let Some(name) = names.name(id) else { return Ok(None) };
        let key = find_or_make(transaction, &name)?;
        self.names.insert(key, name);
        if self.keys.len() <= id.0 as usize {
            self.keys.resize(id.0 as usize + 1, None);
        }
        let known = (key, tails.index(key));
        self.keys[id.0 as usize] = Some(known);
        Ok(Some(known))
    }
}

/// The file's id of a name; none where nothing was ever recorded under it.
pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM series WHERE name = ?1")?
        .query_row(params![name], |row| row.get(0))
        .optional()
}

/// All names, in order.
pub(crate) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached("SELECT name FROM series ORDER BY name")?.query_map([], |row| row.get(0))?.collect()
}

/// The file's id of a name, made where there is none.
pub(crate) fn find_or_make(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
    match find(transaction, name)? {
        Some(key) => Ok(key),
        None => transaction.prepare_cached("INSERT INTO series (name) VALUES (?1)")?.insert(params![name]),
    }
}

/// How far a series is in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub batch: u64,
    pub before: i64,
}

/// How far each series is in blocks; one that is not there is in none.
pub(crate) fn sealed(connection: &Connection) -> rusqlite::Result<HashMap<i64, Sealed>> {
    connection
        .prepare_cached("SELECT id, sealed_batch, sealed_before FROM series WHERE sealed_batch > 0")?
        .query_map([], |row| {
            let batch: i64 = row.get(1)?;
            Ok((row.get(0)?, Sealed { batch: batch.cast_unsigned(), before: row.get(2)? }))
        })?
        .collect()
}

/// The last batch of which something is in blocks; zero where there is none.
pub(crate) fn last_sealed(connection: &Connection) -> rusqlite::Result<u64> {
    let batch: i64 = connection.query_row("SELECT coalesce(max(sealed_batch), 0) FROM series", [], |row| row.get(0))?;
    Ok(batch.cast_unsigned())
}

pub(crate) fn set_sealed(transaction: &Transaction<'_>, series: i64, sealed: Sealed) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE series SET sealed_batch = ?2, sealed_before = ?3 WHERE id = ?1")?
        .execute(params![series, sealed.batch.cast_signed(), sealed.before])?;
    Ok(())
}

/// All series of the file with their names.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    connection
        .prepare_cached("SELECT id, name FROM series ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The file's ids above `after`, in order, at most `limit`.
pub(crate) fn following(connection: &Connection, after: i64, limit: i64) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT id FROM series WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after, limit], |row| row.get(0))?
        .collect()
}
