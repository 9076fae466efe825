//! The journal's entries as changes of alarms, for [`crate::performance`].

use std::collections::HashMap;
use std::ops::Range;

use alarm::{AlarmId, Priority};
use history::sqlite::StoreFailure;
use model::EquipmentId;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};

use crate::blocks;
use crate::ids::IdSet;
use crate::names::{self, Names};
use crate::performance::{Change, Named, Performance, Tally, What, Window};
use crate::reader::Reader;
use crate::subjects;
use crate::words::Kind;

/// Entries that are read in one go.
const CHUNK: i64 = 16_384;

/// Where the window's entries are.
struct Stretch {
    /// Everything before this sequence number is before the window.
    first: i64,
    /// The sequence numbers that may be in the window, in their order.
    ranges: Vec<Range<i64>>,
    /// When the first entry was made that is not kept only because its occurrence stands.
    since: Option<i64>,
    equipment: Option<IdSet>,
}

/// An alarm that is active.
struct Active {
    alarm: i64,
    since: i64,
    /// The entry that says so.
    seq: i64,
}

pub(crate) fn performance(reader: &Reader, window: &Window<'_>) -> Result<Performance, StoreFailure> {
    let (stretch, active) = reader.at_once(|connection| {
        let stretch = Stretch::of(connection, window)?;
        let active = active_before(connection, stretch.first, stretch.equipment.as_ref())?;
        Ok((stretch, active))
    })?;
    // Of a time of which the journal has nothing, nothing is known: it is not a time without alarms.
    let from = window.from.millis().max(stretch.since.unwrap_or(i64::MIN));
    let mut tally = Tally::new(from, window.to.millis(), window.ahead);
    // The last entry of each alarm, which has its name.
    let mut last = HashMap::new();
    for Active { alarm, since, seq } in active {
        tally.is_active(alarm, since);
        last.insert(alarm, seq);
    }
    for range in stretch.ranges {
        let mut next = range.start;
        while next < range.end {
            let chunk = next..next.saturating_add(CHUNK).min(range.end);
            next = chunk.end;
            reader.at_once(|connection| tell(connection, chunk, stretch.equipment.as_ref(), &mut tally, &mut last))?;
        }
    }
    let figures = tally.figures();
    reader.at_once(|connection| {
        let mut names = Names::default();
        figures.try_map(|alarm| named(connection, alarm, last.get(&alarm).copied(), &mut names))
    })
}

impl Stretch {
    fn of(connection: &Connection, window: &Window<'_>) -> rusqlite::Result<Self> {
        let (from, to) = (window.from.millis(), window.to.millis());
        let end: i64 = connection.query_row("SELECT coalesce(max(seq), 0) + 1 FROM entries", [], |row| row.get(0))?;
        let sealed = blocks::end(connection)?;
        let mut first = sealed;
        let mut ranges = Vec::new();
        blocks::back(connection, i64::MAX, |block| {
            if block.latest >= from {
                first = block.first;
                if block.earliest < to {
                    ranges.push(first..first + blocks::LENGTH);
                }
            }
            Ok(false)
        })?;
        ranges.reverse();
        ranges.push(sealed..end);
        let since = connection
            .query_row("SELECT earliest FROM blocks ORDER BY first LIMIT 1", [], |row| row.get(0))
            .optional()?;
        let since = match since {
            Some(since) => Some(since),
            None => connection.query_row("SELECT min(time) FROM entries", [], |row| row.get(0))?,
        };
        let equipment = match window.equipment {
            Some(path) => Some(names::equipment_within(connection, path.as_str())?.into_iter().collect()),
            None => None,
        };
        Ok(Self { first, ranges, since, equipment })
    }
}

/// Whether an alarm is active after an entry of this kind; none where the entry does not say.
fn presence(kind: Kind) -> Option<bool> {
    match kind.change()? {
        What::Activated => Some(true),
        What::Returned => Some(false),
        What::Acknowledged => None,
    }
}

/// The alarms that are active before a sequence number. Goes back only until the last word on every alarm is found.
fn active_before(connection: &Connection, before: i64, equipment: Option<&IdSet>) -> rusqlite::Result<Vec<Active>> {
    let is_meant = |id| equipment.is_none_or(|meant| meant.contains(id));
    let mut says: Vec<Option<(i64, bool)>> = Vec::new();
    let mut alarms = IdSet::default();
    subjects::each(connection, |id, subject| {
        if let Some(is_active) = presence(subject.kind).filter(|_| is_meant(subject.equipment)) {
            let id = id as usize;
            if says.len() <= id {
                says.resize(id + 1, None);
            }
            says[id] = Some((subject.alarm, is_active));
            alarms.insert(subject.alarm);
        }
        Ok(())
    })?;
    let mut known = IdSet::default();
    let mut active = Vec::new();
    let mut entry = connection.prepare_cached("SELECT time FROM entries WHERE seq = ?1")?;
    blocks::back(connection, before, |block| {
        for (place, id) in block.subjects()?.into_iter().enumerate().rev() {
            let Some((alarm, is_active)) = says.get(id as usize).copied().flatten() else { continue };
            if known.insert(alarm) && is_active {
                let seq = block.first.saturating_add_unsigned(place as u64);
                active.push(Active { alarm, since: entry.query_row(params![seq], |row| row.get(0))?, seq });
            }
        }
        Ok(known.len() == alarms.len())
    })?;
    // What retention had to leave, because it stands, is before all blocks.
    let left = blocks::begin(connection)?.unwrap_or(0).min(before);
    let mut statement = connection.prepare_cached(
        "SELECT seq, time, kind, alarm, coalesce(equipment, 0) FROM entries
         WHERE seq < ?1 AND alarm IS NOT NULL ORDER BY seq DESC",
    )?;
    let mut rows = statement.query(params![left])?;
    while let Some(row) = rows.next()? {
        let Some(is_active) = presence(row.get(2)?) else { continue };
        let alarm = row.get(3)?;
        if is_meant(row.get(4)?) && known.insert(alarm) && is_active {
            active.push(Active { alarm, since: row.get(1)?, seq: row.get(0)? });
        }
    }
    Ok(active)
}

/// Tells a tally the changes of a range of entries, and notes which entry of each alarm is the last.
fn tell(
    connection: &Connection,
    range: Range<i64>,
    equipment: Option<&IdSet>,
    tally: &mut Tally<'_>,
    last: &mut HashMap<i64, i64>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, time, kind, alarm, raised, priority, user, coalesce(equipment, 0),
                coalesce(suppressed, 0)
         FROM entries WHERE seq >= ?1 AND seq < ?2 AND alarm IS NOT NULL",
    )?;
    let mut rows = statement.query(params![range.start, range.end])?;
    while let Some(row) = rows.next()? {
        let Some(what) = row.get::<_, Kind>(2)?.change() else { continue };
        if equipment.is_some_and(|meant| row.get(7).is_ok_and(|id| !meant.contains(id))) {
            continue;
        }
        // Nobody was called: what counts is what operators hear of.
        if what == What::Activated && row.get(8)? {
            continue;
        }
        let alarm = row.get(3)?;
        last.insert(alarm, row.get(0)?);
        tally.take(&Change {
            at: row.get(1)?,
            alarm,
            occurrence: row.get(4)?,
            what,
            priority: priority(row.get(5)?, 5)?,
            user: row.get_ref(6)?.as_str_or_null()?.unwrap_or_default(),
        });
    }
    Ok(())
}

/// An alarm as it was called in its last entry.
fn named(connection: &Connection, alarm: i64, seq: Option<i64>, names: &mut Names) -> rusqlite::Result<Named> {
    let found: (String, Option<i64>, u8) = connection
        .prepare_cached("SELECT message, equipment, priority FROM entries WHERE seq = ?1")?
        .query_row(params![seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (message, equipment, number) = found;
    let equipment = match equipment {
        Some(id) => Some(EquipmentId::new(names.equipment(connection, id)?)),
        None => None,
    };
    let id = AlarmId::new(names.alarm(connection, alarm)?);
    Ok(Named { id, message, equipment, priority: priority(number, 2)? })
}

fn priority(number: u8, column: usize) -> rusqlite::Result<Priority> {
    Priority::try_from(number)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}
