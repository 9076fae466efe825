//! The table of entries. The file itself refuses to change or remove one.

use alarm::{
    Act, AlarmId, Cause, Deed, OccurrenceId, Origin, Priority, Suppressed, SuppressionChange, Transition, Unshelved,
};
use history::sqlite::{Reach, Step};
use model::{EquipmentId, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::acts::{self, from_json, json};
use crate::names::{self, Names};
use crate::words::{Kind, Stored};
use crate::{Action, AlarmChange, Entry, Phase, Record, Remark, Remarked, System, standing};

/// The triggers are a guard against accidents, and against `INSERT OR REPLACE`, which removes without asking the trigger
/// on removal. The second format has no index of its own on the rows, because [`crate::blocks`] finds them, and lets
/// [`crate::retention`] remove what it has released, but never what belongs to an occurrence that stands.
pub(crate) const STEPS: &[Step] = &[
    Step {
        version: 1,
        sql: "CREATE TABLE entries (
              seq       INTEGER PRIMARY KEY,
              time      INTEGER NOT NULL,
              kind      TEXT NOT NULL,
              message   TEXT NOT NULL,
              alarm     INTEGER REFERENCES alarms (id),
              raised    INTEGER,
              was       TEXT,
              became    TEXT,
              number    REAL,
              equipment INTEGER REFERENCES equipment (id),
              priority  INTEGER,
              value     TEXT,
              user      TEXT,
              station   TEXT,
              note      TEXT,
              acted_at  INTEGER,
              target    TEXT,
              intent    INTEGER
          ) STRICT;
          CREATE INDEX entries_time ON entries (time);
          CREATE INDEX entries_alarm ON entries (alarm) WHERE alarm IS NOT NULL;
          CREATE INDEX entries_equipment ON entries (equipment) WHERE equipment IS NOT NULL;
          CREATE INDEX entries_priority ON entries (priority) WHERE priority IS NOT NULL;
          CREATE TRIGGER entries_stay BEFORE DELETE ON entries
              BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entries
              BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER entries_are_not_replaced BEFORE INSERT ON entries
              WHEN EXISTS (SELECT 1 FROM entries WHERE seq = new.seq)
              BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
    },
    Step {
        version: 2,
        sql: "DROP INDEX entries_time;
              DROP INDEX entries_alarm;
              DROP INDEX entries_equipment;
              DROP INDEX entries_priority;
              CREATE TABLE released (before INTEGER NOT NULL) STRICT;
              INSERT INTO released VALUES (0);
              DROP TRIGGER entries_stay;
              CREATE TRIGGER entries_stay BEFORE DELETE ON entries
                  WHEN old.seq >= (SELECT before FROM released)
                      OR EXISTS (SELECT 1 FROM standing WHERE alarm = old.alarm AND raised = old.raised)
                  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
    },
];

/// The columns that [`Found`] reads, before whatever follows.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, time, kind, message, alarm, raised, was, became, number, equipment, priority, value, ",
            "user, station, note, acted_at, target, intent, announced, level, suppressed, detail FROM entries ",
            $rest
        )
    };
}
pub(crate) use select;

/// A row of the table, read as far as it is asked for.
pub(crate) struct Found<'a>(pub &'a Row<'a>);

/// The columns of one entry, empty where they do not apply.
struct Columns<'a> {
    time: Timestamp,
    kind: Kind,
    message: &'a str,
    change: Option<&'a AlarmChange>,
    alarm: Option<&'a AlarmId>,
    equipment: Option<&'a EquipmentId>,
    priority: Option<Priority>,
    deed: Option<&'a (Deed, Origin)>,
    /// What a remark says, as JSON.
    detail: Option<String>,
    act: Option<&'a Act>,
    user: Option<&'a str>,
    station: Option<&'a str>,
    note: Option<&'a str>,
    target: Option<&'a str>,
    intent: Option<i64>,
}

/// Adds an entry, and what follows from it for what stands. Gives its sequence number.
pub(crate) fn put(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<i64> {
    let columns = Columns::of(entry);
    let change = columns.change;
    let alarm = columns.alarm.map(|alarm| names::make_alarm(transaction, alarm.as_str())).transpose()?;
    let equipment =
        columns.equipment.map(|equipment| names::make_equipment(transaction, equipment.as_str())).transpose()?;
    let seq = transaction
        .prepare_cached(
            "INSERT INTO entries (time, kind, message, alarm, raised, was, became, number, equipment, priority, value,
                                  user, station, note, acted_at, target, intent, announced, level, suppressed, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        )?
        .insert(params![
            columns.time.millis(),
            columns.kind,
            columns.message,
            alarm,
            change.map(|change| change.transition.occurrence.raised.millis()),
            change.map(|change| Stored(change.transition.from)),
            change.map(|change| Stored(change.transition.to)),
            change.and_then(|change| change.transition.value),
            equipment,
            columns.priority.map(Priority::number),
            change.map(|change| change.value.as_str()),
            columns.user,
            columns.station,
            columns.note,
            columns.act.map(|act| act.at.millis()),
            columns.target,
            columns.intent,
            change.and_then(|change| change.transition.announced).map(Timestamp::millis),
            change.map(|change| change.transition.level),
            change.map(|change| change.transition.suppressed),
            columns.detail,
        ])?;
    let Some(alarm) = alarm else { return Ok(seq) };
    if let Some(change) = change {
        standing::follow(transaction, alarm, &change.transition)?;
    }
    if let Entry::Remark(Remark { what: Remarked::Suppression(change), .. }) = entry {
        acts::follow(transaction, alarm, change)?;
    }
    if let Some((deed, origin)) = columns.deed {
        acts::put(transaction, alarm, deed, *origin)?;
    }
    Ok(seq)
}

/// The newest sequence number; 0 where there is no entry.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM entries", [], |row| row.get(0))
}

/// How far the file reaches: the newest entry's number and time.
pub(crate) fn reach(connection: &Connection) -> rusqlite::Result<Reach> {
    let newest = connection
        .query_row("SELECT seq, time FROM entries ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(Reach {
        number: newest.map_or(0, |(seq, _)| seq.unsigned_abs()),
        newest: newest.map(|(_, time)| Timestamp::from_millis(time)),
    })
}

impl<'a> Columns<'a> {
    /// An entry of a kind with nothing else in it.
    fn plain(time: Timestamp, kind: Kind, message: &'a str) -> Self {
        Columns {
            time,
            kind,
            message,
            change: None,
            alarm: None,
            equipment: None,
            priority: None,
            deed: None,
            detail: None,
            act: None,
            user: None,
            station: None,
            note: None,
            target: None,
            intent: None,
        }
    }

    fn of(entry: &'a Entry) -> Self {
        match entry {
            Entry::Alarm(change) => {
                let (kind, act) = cause_kind(&change.transition.cause);
                Columns {
                    change: Some(change),
                    alarm: Some(&change.transition.occurrence.alarm),
                    equipment: change.equipment.as_ref(),
                    priority: Some(change.priority),
                    deed: change.deed.as_ref(),
                    ..Columns::plain(change.transition.at, kind, &change.message).by(act)
                }
            }
            Entry::Remark(remark) => {
                let (kind, alarm, act, detail) = match &remark.what {
                    Remarked::Suppression(change) => {
                        let (kind, act) = suppressed_kind(&change.what);
                        (kind, &change.alarm, act, json(&change.what))
                    }
                    Remarked::Heard(deed) => (Kind::Heard, &deed.alarm, Some(&deed.act), json(deed)),
                };
                Columns {
                    alarm: Some(alarm),
                    equipment: remark.equipment.as_ref(),
                    priority: Some(remark.priority),
                    deed: remark.deed.as_ref(),
                    detail: Some(detail),
                    ..Columns::plain(remark.at, kind, &remark.message).by(act)
                }
            }
            Entry::Action(action) => {
                let (kind, intent, words) = match &action.phase {
                    Phase::Intent => (Kind::Intent, None, None),
                    Phase::Outcome { intent, words } => (Kind::Outcome, *intent, Some(words.as_str())),
                };
                Columns {
                    user: Some(&action.user),
                    station: Some(&action.station),
                    note: words,
                    target: Some(&action.target),
                    intent,
                    ..Columns::plain(action.at, kind, &action.command)
                }
            }
            Entry::System(system) => Columns::plain(system.at, Kind::System, &system.message),
        }
    }

    fn by(self, act: Option<&'a Act>) -> Self {
        Columns {
            act,
            user: act.map(|act| act.user.as_str()),
            station: act.map(|act| act.station.as_str()),
            note: act.map(|act| act.note.as_str()),
            ..self
        }
    }
}

fn cause_kind(cause: &Cause) -> (Kind, Option<&Act>) {
    match cause {
        Cause::Raised => (Kind::Raised, None),
        Cause::Returned => (Kind::Returned, None),
        Cause::Acknowledged(act) => (Kind::Acknowledged, Some(act)),
        Cause::Reset(act) => (Kind::Reset, Some(act)),
        Cause::Recurred => (Kind::Recurred, None),
        Cause::AutoReturn => (Kind::AutoReturn, None),
        Cause::Escalated => (Kind::Escalated, None),
        Cause::Eased => (Kind::Eased, None),
        Cause::ReAlarmed => (Kind::ReAlarmed, None),
        Cause::Unsuppressed => (Kind::Unsuppressed, None),
        Cause::Confirmed(act) => (Kind::Confirmed, Some(act)),
        Cause::Noted(act) => (Kind::Noted, Some(act)),
    }
}

fn suppressed_kind(what: &Suppressed) -> (Kind, Option<&Act>) {
    match what {
        Suppressed::Shelved(shelved) => (Kind::Shelved, Some(&shelved.act)),
        Suppressed::Unshelved(Unshelved::By(act)) => (Kind::Unshelved, Some(act)),
        Suppressed::Unshelved(Unshelved::Expired | Unshelved::Returned) => (Kind::Unshelved, None),
        Suppressed::ByDesign(_) => (Kind::SuppressedByDesign, None),
        Suppressed::DesignEnded => (Kind::DesignEnded, None),
        Suppressed::OutOfService(act) => (Kind::OutOfService, Some(act)),
        Suppressed::InService(act) => (Kind::InService, Some(act)),
    }
}

impl Found<'_> {
    pub(crate) fn time(&self) -> rusqlite::Result<i64> {
        self.0.get(1)
    }

    pub(crate) fn kind(&self) -> rusqlite::Result<Kind> {
        self.0.get(2)
    }

    /// Who did it, where somebody did.
    pub(crate) fn user(&self) -> rusqlite::Result<Option<&str>> {
        Ok(self.0.get_ref(12)?.as_str_or_null()?)
    }

    pub(crate) fn alarm(&self) -> rusqlite::Result<Option<i64>> {
        self.0.get(4)
    }

    pub(crate) fn equipment(&self) -> rusqlite::Result<Option<i64>> {
        self.0.get(9)
    }

    pub(crate) fn priority(&self) -> rusqlite::Result<Option<u8>> {
        self.0.get(10)
    }

    /// Whether `matches` finds something in what was shown, said or done, or by whom.
    pub(crate) fn any_text(&self, mut matches: impl FnMut(&str) -> bool) -> rusqlite::Result<bool> {
        /// message, user, note, target
        const TEXTS: [usize; 4] = [3, 12, 14, 16];
        for column in TEXTS {
            if self.0.get_ref(column)?.as_str_or_null()?.is_some_and(&mut matches) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether it is an action with one of these commands.
    pub(crate) fn is_of(&self, commands: &[String]) -> rusqlite::Result<bool> {
        if commands.is_empty() || !matches!(self.0.get(2)?, Kind::Intent | Kind::Outcome) {
            return Ok(false);
        }
        let command = self.0.get_ref(3)?.as_str()?;
        Ok(commands.iter().any(|one| one == command))
    }

    /// The whole entry.
    pub(crate) fn record(&self, connection: &Connection, names: &mut Names) -> rusqlite::Result<Record> {
        let Found(row) = self;
        let kind: Kind = row.get(2)?;
        let entry = match kind {
            Kind::Raised => self.change(connection, names, Cause::Raised)?,
            Kind::Returned => self.change(connection, names, Cause::Returned)?,
            Kind::Acknowledged => self.change(connection, names, Cause::Acknowledged(self.act()?))?,
            Kind::Reset => self.change(connection, names, Cause::Reset(self.act()?))?,
            Kind::Recurred => self.change(connection, names, Cause::Recurred)?,
            Kind::AutoReturn => self.change(connection, names, Cause::AutoReturn)?,
            Kind::Escalated => self.change(connection, names, Cause::Escalated)?,
            Kind::Eased => self.change(connection, names, Cause::Eased)?,
            Kind::ReAlarmed => self.change(connection, names, Cause::ReAlarmed)?,
            Kind::Unsuppressed => self.change(connection, names, Cause::Unsuppressed)?,
            Kind::Confirmed => self.change(connection, names, Cause::Confirmed(self.act()?))?,
            Kind::Noted => self.change(connection, names, Cause::Noted(self.act()?))?,
            Kind::Shelved
            | Kind::Unshelved
            | Kind::SuppressedByDesign
            | Kind::DesignEnded
            | Kind::OutOfService
            | Kind::InService => {
                let change = SuppressionChange {
                    alarm: AlarmId::new(names.alarm(connection, row.get(4)?)?),
                    at: Timestamp::from_millis(row.get(1)?),
                    what: from_json(&row.get::<_, String>(21)?)?,
                };
                self.remark(connection, names, Remarked::Suppression(change))?
            }
            Kind::Heard => {
                let deed = from_json(&row.get::<_, String>(21)?)?;
                self.remark(connection, names, Remarked::Heard(deed))?
            }
            Kind::Intent => self.action(Phase::Intent)?,
            Kind::Outcome => self.action(Phase::Outcome { intent: row.get(17)?, words: row.get(14)? })?,
            Kind::System => Entry::System(System { at: Timestamp::from_millis(row.get(1)?), message: row.get(3)? }),
        };
        Ok(Record { seq: row.get(0)?, entry })
    }

    fn act(&self) -> rusqlite::Result<Act> {
        let Found(row) = self;
        Ok(Act {
            user: row.get(12)?,
            station: row.get(13)?,
            note: row.get(14)?,
            at: Timestamp::from_millis(row.get(15)?),
        })
    }

    fn action(&self, phase: Phase) -> rusqlite::Result<Entry> {
        let Found(row) = self;
        Ok(Entry::Action(Action {
            at: Timestamp::from_millis(row.get(1)?),
            user: row.get(12)?,
            station: row.get(13)?,
            command: row.get(3)?,
            target: row.get(16)?,
            phase,
        }))
    }

    fn change(&self, connection: &Connection, names: &mut Names, cause: Cause) -> rusqlite::Result<Entry> {
        let Found(row) = self;
        let (Stored(from), Stored(to)) = (row.get(6)?, row.get(7)?);
        Ok(Entry::Alarm(AlarmChange {
            transition: Transition {
                occurrence: OccurrenceId {
                    alarm: AlarmId::new(names.alarm(connection, row.get(4)?)?),
                    raised: Timestamp::from_millis(row.get(5)?),
                },
                from,
                to,
                at: Timestamp::from_millis(row.get(1)?),
                cause,
                value: row.get(8)?,
                level: row.get::<_, Option<u8>>(19)?.unwrap_or(0),
                announced: row.get::<_, Option<i64>>(18)?.map(Timestamp::from_millis),
                suppressed: row.get::<_, Option<bool>>(20)?.unwrap_or(false),
            },
            equipment: self.where_it_is(connection, names)?,
            priority: self.urgency()?,
            message: row.get(3)?,
            value: row.get(11)?,
            deed: None,
        }))
    }

    fn remark(&self, connection: &Connection, names: &mut Names, what: Remarked) -> rusqlite::Result<Entry> {
        let Found(row) = self;
        Ok(Entry::Remark(Remark {
            what,
            at: Timestamp::from_millis(row.get(1)?),
            equipment: self.where_it_is(connection, names)?,
            priority: self.urgency()?,
            message: row.get(3)?,
            deed: None,
        }))
    }

    fn urgency(&self) -> rusqlite::Result<Priority> {
        let number: u8 = self.0.get(10)?;
        Priority::try_from(number)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(10, Type::Integer, Box::new(error)))
    }

    fn where_it_is(&self, connection: &Connection, names: &mut Names) -> rusqlite::Result<Option<EquipmentId>> {
        match self.equipment()? {
            Some(id) => Ok(Some(EquipmentId::new(names.equipment(connection, id)?))),
            None => Ok(None),
        }
    }
}
