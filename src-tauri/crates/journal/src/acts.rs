//! The tables of what people did to alarms: every act under its name, so that one that is heard again is known, and what
//! keeps alarms from being announced, kept ready for the next start.

use std::collections::HashMap;

use alarm::{AlarmId, Deed, DeedId, Known, Origin, Suppression, SuppressionChange};
use history::sqlite::Step;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::standing;

/// `ord` is the act's number at its station. What an alarm is suppressed by and an act are JSON: they are read as a whole
/// and by nobody else.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 2,
    sql: "ALTER TABLE entries ADD COLUMN announced INTEGER;
          ALTER TABLE entries ADD COLUMN level INTEGER;
          ALTER TABLE entries ADD COLUMN suppressed INTEGER;
          ALTER TABLE entries ADD COLUMN detail TEXT;
          ALTER TABLE standing ADD COLUMN announced INTEGER;
          ALTER TABLE standing ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE standing ADD COLUMN last_level INTEGER;
          ALTER TABLE standing ADD COLUMN re_alarms INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE standing ADD COLUMN confirmed TEXT;
          ALTER TABLE standing ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
          CREATE TABLE suppressed (
              alarm INTEGER PRIMARY KEY REFERENCES alarms (id),
              what  TEXT NOT NULL
          ) STRICT;
          CREATE TABLE deeds (
              station TEXT NOT NULL,
              ord     INTEGER NOT NULL,
              alarm   INTEGER NOT NULL REFERENCES alarms (id),
              own     INTEGER NOT NULL,
              deed    TEXT NOT NULL,
              PRIMARY KEY (station, ord)
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX deeds_alarm ON deeds (alarm, ord);",
}];

/// So many of the last acts on an alarm are read at the start; what is older is settled.
const LAST_DEEDS: i64 = 100;

/// Adds an act. One that is known already is not added again.
pub(crate) fn put(transaction: &Transaction<'_>, alarm: i64, deed: &Deed, origin: Origin) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO deeds (station, ord, alarm, own, deed) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![deed.act.station, deed.order, alarm, origin == Origin::Here, json(deed)])
        .map(|_| ())
}

/// Brings what an alarm is suppressed by up to date with a change.
pub(crate) fn follow(transaction: &Transaction<'_>, alarm: i64, change: &SuppressionChange) -> rusqlite::Result<()> {
    let mut suppression = transaction
        .prepare_cached("SELECT what FROM suppressed WHERE alarm = ?1")?
        .query_row(params![alarm], |row| from_json::<Suppression>(&row.get::<_, String>(0)?))
        .optional()?
        .unwrap_or_default();
    suppression.follow(change);
    if suppression.is_in_force() {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO suppressed (alarm, what) VALUES (?1, ?2)")?
            .execute(params![alarm, json(&suppression)])?;
    } else {
        transaction.prepare_cached("DELETE FROM suppressed WHERE alarm = ?1")?.execute(params![alarm])?;
    }
    Ok(())
}

/// Everything that is known of the alarms that stand, are suppressed, or were acted on, for the next start.
pub(crate) fn known(connection: &Connection) -> rusqlite::Result<HashMap<AlarmId, Known>> {
    let mut known: HashMap<AlarmId, Known> = HashMap::new();
    for (alarm, standings) in standing::all(connection)? {
        known.entry(alarm).or_default().standings = standings;
    }
    let mut statement =
        connection.prepare_cached("SELECT name, what FROM suppressed JOIN alarms ON alarms.id = alarm")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let alarm = AlarmId::new(row.get::<_, String>(0)?);
        known.entry(alarm).or_default().suppression = from_json(&row.get::<_, String>(1)?)?;
    }
    let mut last = connection.prepare_cached(
        "SELECT deed, own FROM deeds WHERE alarm = (SELECT id FROM alarms WHERE name = ?1) ORDER BY ord DESC LIMIT ?2",
    )?;
    for (alarm, known) in &mut known {
        let deeds = last.query_map(params![alarm.as_str(), LAST_DEEDS], |row| {
            let origin = if row.get(1)? { Origin::Here } else { Origin::Elsewhere };
            Ok((from_json(&row.get::<_, String>(0)?)?, origin))
        })?;
        known.deeds = deeds.collect::<rusqlite::Result<_>>()?;
    }
    Ok(known)
}

/// The greatest number of an act that is known; 0 where there is none.
pub(crate) fn newest_order(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(ord), 0) FROM deeds", [], |row| row.get(0))
}

/// Whether an act is known.
pub(crate) fn is_known(connection: &Connection, id: &DeedId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM deeds WHERE station = ?1 AND ord = ?2")?
        .exists(params![id.station, id.order])
}

/// The acts of a station behind a number, in their order.
pub(crate) fn of_station(
    connection: &Connection,
    station: &str,
    behind: i64,
    most: usize,
) -> rusqlite::Result<Vec<Deed>> {
    connection
        .prepare_cached("SELECT deed FROM deeds WHERE station = ?1 AND ord > ?2 ORDER BY ord LIMIT ?3")?
        .query_map(params![station, behind, limit(most)], |row| from_json(&row.get::<_, String>(0)?))?
        .collect()
}

/// The last acts of a station on an alarm, in their order.
pub(crate) fn last_of_station(
    connection: &Connection,
    station: &str,
    alarm: &AlarmId,
    most: usize,
) -> rusqlite::Result<Vec<Deed>> {
    let mut deeds: Vec<Deed> = connection
        .prepare_cached(
            "SELECT deed FROM deeds WHERE alarm = (SELECT id FROM alarms WHERE name = ?1) AND station = ?2
             ORDER BY ord DESC LIMIT ?3",
        )?
        .query_map(params![alarm.as_str(), station, limit(most)], |row| from_json(&row.get::<_, String>(0)?))?
        .collect::<rusqlite::Result<_>>()?;
    deeds.reverse();
    Ok(deeds)
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// As it is kept in a column. What is kept has no maps with other keys than texts, so that it cannot fail.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what the journal keeps can be written as JSON")
}

/// Read from a column.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}
