//! The tables of names: alarms and equipment, so that an entry holds a number instead of a path, and so that the entries
//! of a part of the plant are found without looking at the others.

use std::collections::HashMap;
use std::sync::Arc;

use history::sqlite::Step;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::ids::IdSet;
use crate::texts::Folded;

pub(crate) const STEPS: &[Step] = &[Step {
    version: 1,
    sql: "CREATE TABLE alarms (
              id   INTEGER PRIMARY KEY,
              name TEXT NOT NULL UNIQUE
          ) STRICT;
          CREATE TABLE equipment (
              id   INTEGER PRIMARY KEY,
              path TEXT NOT NULL UNIQUE
          ) STRICT;",
}];

/// The names behind numbers, as far as one question needed them.
#[derive(Default)]
pub(crate) struct Names {
    alarms: HashMap<i64, Arc<str>>,
    equipment: HashMap<i64, Arc<str>>,
}

impl Names {
    /// The alarm of a number.
    pub(crate) fn alarm(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<Arc<str>> {
        look_up(&mut self.alarms, connection, "SELECT name FROM alarms WHERE id = ?1", id)
    }

    /// The equipment of a number.
    pub(crate) fn equipment(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<Arc<str>> {
        look_up(&mut self.equipment, connection, "SELECT path FROM equipment WHERE id = ?1", id)
    }
}

/// The number of an alarm, made where there is none.
pub(crate) fn make_alarm(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
    match find_alarm(transaction, name)? {
        Some(id) => Ok(id),
        None => transaction.prepare_cached("INSERT INTO alarms (name) VALUES (?1)")?.insert(params![name]),
    }
}

/// The number of an alarm.
pub(crate) fn find_alarm(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM alarms WHERE name = ?1")?
        .query_row(params![name], |row| row.get(0))
        .optional()
}

/// The number of a piece of equipment, made where there is none.
pub(crate) fn make_equipment(transaction: &Transaction<'_>, path: &str) -> rusqlite::Result<i64> {
    let found = transaction
        .prepare_cached("SELECT id FROM equipment WHERE path = ?1")?
        .query_row(params![path], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => transaction.prepare_cached("INSERT INTO equipment (path) VALUES (?1)")?.insert(params![path]),
    }
}

/// The numbers of a piece of equipment and of everything below it: `0` is the character after `/`.
pub(crate) fn equipment_within(connection: &Connection, path: &str) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT id FROM equipment WHERE path = ?1 OR (path > ?1 || '/' AND path < ?1 || '0')")?
        .query_map(params![path], |row| row.get(0))?
        .collect()
}

/// The numbers of the equipment whose path has a text in it.
pub(crate) fn equipment_with(connection: &Connection, wanted: &Folded) -> rusqlite::Result<IdSet> {
    let mut statement = connection.prepare_cached("SELECT id, path FROM equipment")?;
    let mut rows = statement.query([])?;
    let mut found = IdSet::default();
    let mut buffer = String::new();
    while let Some(row) = rows.next()? {
        if wanted.is_in(row.get_ref(1)?.as_str()?, &mut buffer) {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

fn look_up(
    known: &mut HashMap<i64, Arc<str>>,
    connection: &Connection,
    sql: &'static str,
    id: i64,
) -> rusqlite::Result<Arc<str>> {
    if let Some(name) = known.get(&id) {
        return Ok(name.clone());
    }
    let name: Arc<str> = connection.prepare_cached(sql)?.query_row(params![id], |row| row.get(0))?;
    known.insert(id, name.clone());
    Ok(name)
}
