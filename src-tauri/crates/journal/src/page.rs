//! Answering a query: which index gives the candidates, and which of them are meant.
//!
//! Candidates come newest first from the narrowest index that applies; the other conditions are looked at row by row.
//! A page looks at a bounded number of candidates, so that no read transaction takes long.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::RangeInclusive;

use model::Timestamp;
use rusqlite::{Connection, Rows, Statement, params};

use crate::entries::{Found, select};
use crate::names::{self, Names};
use crate::{Page, Query, Record};

/// Entries that one page looks at: some tenths of a second where a text is searched.
const EXAMINED: usize = 250_000;
/// Equipment whose entries are merged from the index. Where there is more, the entries are numerous anyway.
const MERGED: usize = 500;

/// Sequence numbers between which the answer lies, the second not included.
#[derive(Clone, Copy)]
struct Bounds {
    from: i64,
    to: i64,
}

/// The query with its names replaced by numbers, and the answer as it grows.
struct Search<'a> {
    query: &'a Query,
    connection: &'a Connection,
    names: Names,
    times: RangeInclusive<i64>,
    alarm: Option<i64>,
    equipment: Option<HashSet<i64>>,
    text: Option<Text>,
    limit: usize,
    examined: usize,
    records: Vec<Record>,
    /// What to ask for next, once the page is full or has looked at enough.
    next: Option<i64>,
}

/// A text to look for in any case of letters.
struct Text {
    folded: String,
    /// Reused for every text that is looked at.
    buffer: String,
    /// Whether the path of a number matches.
    paths: HashMap<i64, bool>,
}

pub(crate) fn page(connection: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let Some(times) = times(query) else { return Ok(Page::default()) };
    let Some(bounds) = bounds(connection, query, times.clone())? else { return Ok(Page::default()) };
    let alarm = match &query.alarm {
        Some(alarm) => match names::find_alarm(connection, alarm.as_str())? {
            Some(id) => Some(id),
            None => return Ok(Page::default()),
        },
        None => None,
    };
    let equipment = match &query.equipment {
        Some(path) => Some(names::equipment_within(connection, path.as_str())?),
        None => None,
    };
    let mut search = Search {
        query,
        connection,
        names: Names::default(),
        times,
        alarm,
        equipment: equipment.as_ref().map(|ids| ids.iter().copied().collect()),
        text: query.text.as_deref().filter(|text| !text.is_empty()).map(Text::new),
        limit: query.limit.clamp(1, Query::LIMIT),
        examined: 0,
        records: Vec::new(),
        next: None,
    };
    match (alarm, equipment, query.priority) {
        (Some(alarm), _, _) => search.by_alarm(alarm, bounds)?,
        (None, Some(equipment), _) if equipment.len() <= MERGED => search.by_equipment(&equipment, bounds)?,
        (None, _, Some(priority)) => search.by_priority(priority.number(), bounds)?,
        (None, _, None) => search.by_seq(bounds)?,
    }
    Ok(Page { records: search.records, next: search.next })
}

/// Between which sequence numbers the entries of the time asked for lie. The clock may have been set, so that the order
/// of times is not that of the entries. None where there are none.
fn bounds(connection: &Connection, query: &Query, times: RangeInclusive<i64>) -> rusqlite::Result<Option<Bounds>> {
    let to = query.before.unwrap_or(i64::MAX);
    if query.from.is_none() && query.to.is_none() {
        return Ok(Some(Bounds { from: i64::MIN, to }));
    }
    let found: (Option<i64>, Option<i64>) = connection
        .prepare_cached("SELECT min(seq), max(seq) FROM entries INDEXED BY entries_time WHERE time BETWEEN ?1 AND ?2")?
        .query_row(params![times.start(), times.end()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match found {
        (Some(first), Some(last)) => Some(Bounds { from: first, to: to.min(last.saturating_add(1)) }),
        (None, _) | (_, None) => None,
    })
}

/// The times asked for; none where the query leaves no time at all.
fn times(query: &Query) -> Option<RangeInclusive<i64>> {
    let first = query.from.map_or(i64::MIN, Timestamp::millis);
    let last = query.to.map_or(Some(i64::MAX), |time| time.millis().checked_sub(1))?;
    (first <= last).then_some(first..=last)
}

impl Search<'_> {
    fn by_alarm(&mut self, alarm: i64, bounds: Bounds) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(select!(
            "INDEXED BY entries_alarm WHERE alarm = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq DESC"
        ))?;
        let mut rows = statement.query(params![alarm, bounds.from, bounds.to])?;
        self.take_all(&mut rows)
    }

    fn by_priority(&mut self, priority: u8, bounds: Bounds) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(select!(
            "INDEXED BY entries_priority WHERE priority = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq DESC"
        ))?;
        let mut rows = statement.query(params![priority, bounds.from, bounds.to])?;
        self.take_all(&mut rows)
    }

    fn by_seq(&mut self, bounds: Bounds) -> rusqlite::Result<()> {
        let mut statement =
            self.connection.prepare_cached(select!("WHERE seq >= ?1 AND seq < ?2 ORDER BY seq DESC"))?;
        let mut rows = statement.query(params![bounds.from, bounds.to])?;
        self.take_all(&mut rows)
    }

    /// Merges the entries of several pieces of equipment: each gives its own newest first, and the newest of all is
    /// next. Only as much is read as the page needs.
    fn by_equipment(&mut self, equipment: &[i64], bounds: Bounds) -> rusqlite::Result<()> {
        let mut statements: Vec<Statement<'_>> = equipment
            .iter()
            .map(|_| {
                self.connection.prepare(
                    "SELECT seq FROM entries INDEXED BY entries_equipment
                     WHERE equipment = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq DESC",
                )
            })
            .collect::<rusqlite::Result<_>>()?;
        let mut cursors: Vec<Rows<'_>> = statements
            .iter_mut()
            .zip(equipment)
            .map(|(statement, id)| statement.query(params![id, bounds.from, bounds.to]))
            .collect::<rusqlite::Result<_>>()?;
        let mut newest = BinaryHeap::new();
        for (cursor, rows) in cursors.iter_mut().enumerate() {
            if let Some(row) = rows.next()? {
                newest.push((row.get::<_, i64>(0)?, cursor));
            }
        }
        let connection = self.connection;
        let mut entry = connection.prepare_cached(select!("WHERE seq = ?1"))?;
        while let Some((seq, cursor)) = newest.pop() {
            let mut rows = entry.query(params![seq])?;
            if let Some(row) = rows.next()?
                && self.take(&Found(row))?
            {
                return Ok(());
            }
            if let Some(row) = cursors[cursor].next()? {
                newest.push((row.get(0)?, cursor));
            }
        }
        Ok(())
    }

    fn take_all(&mut self, rows: &mut Rows<'_>) -> rusqlite::Result<()> {
        while let Some(row) = rows.next()? {
            if self.take(&Found(row))? {
                break;
            }
        }
        Ok(())
    }

    /// Looks at a candidate. True when the page is complete.
    fn take(&mut self, found: &Found<'_>) -> rusqlite::Result<bool> {
        self.examined += 1;
        if self.is_meant(found)? {
            if self.records.len() == self.limit {
                // One more than fits: so there is a next page.
                self.next = self.records.last().map(|record| record.seq);
                return Ok(true);
            }
            let record = found.record(self.connection, &mut self.names)?;
            self.records.push(record);
        }
        if self.examined == EXAMINED {
            self.next = Some(found.seq()?);
            return Ok(true);
        }
        Ok(false)
    }

    fn is_meant(&mut self, found: &Found<'_>) -> rusqlite::Result<bool> {
        if !self.times.contains(&found.time()?) {
            return Ok(false);
        }
        if self.alarm.is_some() && found.alarm()? != self.alarm {
            return Ok(false);
        }
        if let Some(priority) = self.query.priority
            && found.priority()? != Some(priority.number())
        {
            return Ok(false);
        }
        let equipment = found.equipment()?;
        if let Some(wanted) = &self.equipment
            && !equipment.is_some_and(|id| wanted.contains(&id))
        {
            return Ok(false);
        }
        let Some(text) = &mut self.text else { return Ok(true) };
        if found.any_text(|candidate| text.is_in(candidate))? || found.is_of(&self.query.commands)? {
            return Ok(true);
        }
        let Some(id) = equipment else { return Ok(false) };
        if let Slot::Vacant(slot) = text.paths.entry(id) {
            let path = self.names.equipment(self.connection, id)?;
            slot.insert(fold(&path, &mut String::new()).contains(&text.folded));
        }
        Ok(text.paths[&id])
    }
}

impl Text {
    fn new(text: &str) -> Self {
        let mut folded = String::new();
        fold(text, &mut folded);
        Text { folded, buffer: String::new(), paths: HashMap::new() }
    }

    fn is_in(&mut self, candidate: &str) -> bool {
        fold(candidate, &mut self.buffer).contains(&self.folded)
    }
}

/// The text in small letters, in a buffer that is used again.
fn fold<'a>(text: &str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        buffer.extend(text.chars().flat_map(char::to_lowercase));
    }
    buffer
}
