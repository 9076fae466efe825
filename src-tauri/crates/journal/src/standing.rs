//! The table of what stands of each alarm: what the entries say, kept ready for the next start.

use alarm::{Act, AlarmId, OccurrenceId, Standing, Transition};
use history::sqlite::Step;
use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::acts::{from_json, json};
use crate::words::Stored;

/// `raised` is the occurrence's name, `raised_at` the time to show. The four columns of an acknowledgement are all set
/// or all empty.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 1,
    sql: "CREATE TABLE standing (
              alarm       INTEGER NOT NULL REFERENCES alarms (id),
              raised      INTEGER NOT NULL,
              state       TEXT NOT NULL,
              raised_at   INTEGER NOT NULL,
              value       REAL,
              returned_at INTEGER,
              user        TEXT,
              station     TEXT,
              note        TEXT,
              acted_at    INTEGER,
              recurrences INTEGER NOT NULL,
              PRIMARY KEY (alarm, raised)
          ) STRICT, WITHOUT ROWID;",
}];

/// Brings what stands up to date with a transition.
pub(crate) fn follow(transaction: &Transaction<'_>, alarm: i64, transition: &Transition) -> rusqlite::Result<()> {
    let raised = transition.occurrence.raised.millis();
    let before = transaction
        .prepare_cached(
            "SELECT raised, state, raised_at, value, returned_at, user, station, note, acted_at, recurrences,
                    announced, level, last_level, re_alarms, confirmed, notes
             FROM standing WHERE alarm = ?1 AND raised = ?2",
        )?
        .query_row(params![alarm, raised], |row| decode(row, transition.occurrence.alarm.clone()))
        .optional()?;
    match Standing::after(before, transition) {
        None => {
            transaction
                .prepare_cached("DELETE FROM standing WHERE alarm = ?1 AND raised = ?2")?
                .execute(params![alarm, raised])?;
        }
        Some(standing) => {
            let act = standing.acknowledged.as_ref();
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO standing (alarm, raised, state, raised_at, value, returned_at,
                                                      user, station, note, acted_at, recurrences, announced,
                                                      level, last_level, re_alarms, confirmed, notes)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
                )?
                .execute(params![
                    alarm,
                    raised,
                    Stored(standing.state),
                    standing.raised_at.millis(),
                    standing.value,
                    standing.returned_at.map(Timestamp::millis),
                    act.map(|act| &act.user),
                    act.map(|act| &act.station),
                    act.map(|act| &act.note),
                    act.map(|act| act.at.millis()),
                    standing.recurrences,
                    standing.announced.millis(),
                    standing.level,
                    standing.last_level,
                    standing.re_alarms,
                    standing.confirmed.as_ref().map(json),
                    json(&standing.notes),
                ])?;
        }
    }
    Ok(())
}

/// Everything that stands, alarm by alarm, of each the earliest occurrence first.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<(AlarmId, Vec<Standing>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT raised, state, raised_at, value, returned_at, user, station, note, acted_at, recurrences,
                announced, level, last_level, re_alarms, confirmed, notes, name
         FROM standing JOIN alarms ON alarms.id = alarm ORDER BY name, raised",
    )?;
    let mut rows = statement.query([])?;
    let mut all: Vec<(AlarmId, Vec<Standing>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let alarm = AlarmId::new(row.get::<_, String>(16)?);
        let standing = decode(row, alarm.clone())?;
        match all.last_mut() {
            Some((last, standings)) if *last == alarm => standings.push(standing),
            Some(_) | None => all.push((alarm, vec![standing])),
        }
    }
    Ok(all)
}

fn decode(row: &Row<'_>, alarm: AlarmId) -> rusqlite::Result<Standing> {
    let Stored(state) = row.get(1)?;
    let acknowledged = match row.get(5)? {
        Some(user) => {
            Some(Act { user, station: row.get(6)?, note: row.get(7)?, at: Timestamp::from_millis(row.get(8)?) })
        }
        None => None,
    };
    Ok(Standing {
        occurrence: OccurrenceId { alarm, raised: Timestamp::from_millis(row.get(0)?) },
        state,
        raised_at: Timestamp::from_millis(row.get(2)?),
        value: row.get(3)?,
        returned_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        acknowledged,
        recurrences: row.get(9)?,
        // A file of the first format knows of no other announcement than the first.
        announced: Timestamp::from_millis(row.get::<_, Option<i64>>(10)?.map_or_else(|| row.get(0), Ok)?),
        level: row.get(11)?,
        last_level: row.get(12)?,
        re_alarms: row.get(13)?,
        confirmed: row.get::<_, Option<String>>(14)?.map(|text| from_json(&text)).transpose()?,
        notes: from_json(&row.get::<_, String>(15)?)?,
    })
}
