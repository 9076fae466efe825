//! Answering a query: which entries are meant, newest first, a page at a time.
//!
//! Three stretches follow each other. The newest entries are in no block yet and are looked at one by one. Then come the
//! blocks, in which the answer is found by numbers. Before the first block are the few entries that retention had to leave,
//! one by one again. However rare the answer is, a page costs no more than going through the numbers once.

use model::Timestamp;
use rusqlite::{Connection, params};
use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::blocks::{self, Block};
use crate::entries::{Found, select};
use crate::ids::IdSet;
use crate::names::{self, Names};
use crate::subjects::{self, Subject};
use crate::texts::{self, Folded};
use crate::words::Kind;
use crate::{Page, Query, Record};

/// Blocks that one page looks through: a hundred million entries, well under a second.
const EXAMINED: usize = 25_000;

/// The query with its names replaced by numbers.
struct Wanted<'a> {
    query: &'a Query,
    times: RangeInclusive<i64>,
    alarm: Option<i64>,
    equipment: Option<IdSet>,
    text: Option<Folded>,
    /// The equipment with the text in its path.
    places: IdSet,
    user: Option<Folded>,
}

/// The query decided for all that is in blocks.
enum Sealed {
    /// Of every entry in the blocks only the time is asked for.
    All,
    /// Nothing in the blocks is meant.
    None,
    Some {
        /// For each subject by its number.
        verdicts: Vec<Verdict>,
        /// The texts with the text in them.
        texts: IdSet,
    },
}

/// What a subject says of its entries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// None is meant.
    Not,
    /// Those are meant in which the text was said.
    WhereSaid,
    /// All are meant.
    Meant,
}

/// The answer as it grows.
struct Answer<'a> {
    connection: &'a Connection,
    names: Names,
    limit: usize,
    records: Vec<Record>,
    /// What to ask for next, once the page is full or has looked at enough.
    next: Option<i64>,
}

pub(crate) fn page(connection: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let Some(wanted) = Wanted::new(connection, query)? else { return Ok(Page::default()) };
    let limit = query.limit.clamp(1, Query::LIMIT);
    let mut answer = Answer { connection, names: Names::default(), limit, records: Vec::new(), next: None };
    let before = query.before.unwrap_or(i64::MAX);
    let end = blocks::end(connection)?;
    if !answer.one_by_one(&wanted, end, before)? {
        let begin = blocks::begin(connection)?.unwrap_or(end);
        if !answer.by_block(&wanted, before.min(end))? {
            answer.one_by_one(&wanted, i64::MIN, before.min(begin))?;
        }
    }
    Ok(Page { records: answer.records, next: answer.next })
}

impl<'a> Wanted<'a> {
    /// None where nothing can be meant.
    fn new(connection: &Connection, query: &'a Query) -> rusqlite::Result<Option<Self>> {
        let Some(times) = times(query) else { return Ok(None) };
        let alarm = match &query.alarm {
            Some(alarm) => match names::find_alarm(connection, alarm.as_str())? {
                Some(id) => Some(id),
                None => return Ok(None),
            },
            None => None,
        };
        let equipment = match &query.equipment {
            Some(path) => Some(names::equipment_within(connection, path.as_str())?.into_iter().collect::<IdSet>()),
            None => None,
        };
        if equipment.as_ref().is_some_and(IdSet::is_empty) {
            return Ok(None);
        }
        let folded = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Folded::new);
        let text = folded(&query.text);
        let places = match &text {
            Some(text) => names::equipment_with(connection, text)?,
            None => IdSet::default(),
        };
        Ok(Some(Wanted { query, times, alarm, equipment, text, places, user: folded(&query.user) }))
    }

    /// Whether an entry is meant that is in no block.
    fn means(&self, found: &Found<'_>) -> rusqlite::Result<bool> {
        let mut buffer = String::new();
        if !self.times.contains(&found.time()?)
            || !self.means_kind(found.kind()?)
            || self.alarm.is_some() && found.alarm()? != self.alarm
            || !self.means_priority(found.priority()?.unwrap_or(0))
            || !self.means_equipment(found.equipment()?.unwrap_or(0))
        {
            return Ok(false);
        }
        if let Some(user) = &self.user
            && !found.user()?.is_some_and(|is| user.is_in(is, &mut buffer))
        {
            return Ok(false);
        }
        let Some(text) = &self.text else { return Ok(true) };
        Ok(self.places.contains(found.equipment()?.unwrap_or(0))
            || found.any_text(|candidate| text.is_in(candidate, &mut buffer))?
            || found.is_of(&self.query.commands)?)
    }

    fn means_kind(&self, kind: Kind) -> bool {
        self.query.kinds.is_empty() || self.query.kinds.contains(&kind)
    }

    fn means_priority(&self, number: u8) -> bool {
        self.query.priority.is_none_or(|wanted| wanted.number() == number)
    }

    fn means_equipment(&self, id: i64) -> bool {
        self.equipment.as_ref().is_none_or(|wanted| wanted.contains(id))
    }

    /// Decides the query for every subject there is.
    fn seal(&self, connection: &Connection) -> rusqlite::Result<Sealed> {
        let query = self.query;
        let asks_nothing = query.kinds.is_empty()
            && query.priority.is_none()
            && self.alarm.is_none()
            && self.equipment.is_none()
            && self.user.is_none()
            && self.text.is_none();
        if asks_nothing {
            return Ok(Sealed::All);
        }
        let texts = match &self.text {
            Some(text) => Some(texts::with(connection, text)?),
            None => None,
        };
        let users = match &self.user {
            Some(user) => Some(texts::with(connection, user)?),
            None => None,
        };
        let mut commands = IdSet::default();
        for command in &query.commands {
            commands.extend(texts::find(connection, command)?);
        }
        let mut verdicts = Vec::new();
        let mut any = false;
        subjects::each(connection, |id, subject| {
            let verdict = self.judge(&subject, texts.as_ref(), users.as_ref(), &commands);
            any |= verdict != Verdict::Not;
            let id = id as usize;
            if verdicts.len() <= id {
                verdicts.resize(id + 1, Verdict::Not);
            }
            verdicts[id] = verdict;
            Ok(())
        })?;
        Ok(if any { Sealed::Some { verdicts, texts: texts.unwrap_or_default() } } else { Sealed::None })
    }

    fn judge(&self, subject: &Subject, texts: Option<&IdSet>, users: Option<&IdSet>, commands: &IdSet) -> Verdict {
        if !self.means_kind(subject.kind)
            || !self.means_priority(subject.priority)
            || self.alarm.is_some_and(|alarm| alarm != subject.alarm)
            || !self.means_equipment(subject.equipment)
            || users.is_some_and(|users| !users.contains(subject.user))
        {
            return Verdict::Not;
        }
        let Some(texts) = texts else { return Verdict::Meant };
        let is_command = matches!(subject.kind, Kind::Intent | Kind::Outcome) && commands.contains(subject.message);
        if texts.contains(subject.message)
            || texts.contains(subject.user)
            || self.places.contains(subject.equipment)
            || is_command
        {
            return Verdict::Meant;
        }
        if texts.is_empty() { Verdict::Not } else { Verdict::WhereSaid }
    }
}

impl Answer<'_> {
    /// Looks at entries one by one, the newest first. True when the page is complete.
    fn one_by_one(&mut self, wanted: &Wanted<'_>, from: i64, to: i64) -> rusqlite::Result<bool> {
        if from >= to {
            return Ok(false);
        }
        let connection = self.connection;
        let mut statement = connection.prepare_cached(select!("WHERE seq >= ?1 AND seq < ?2 ORDER BY seq DESC"))?;
        let mut rows = statement.query(params![from, to])?;
        while let Some(row) = rows.next()? {
            let found = Found(row);
            if wanted.means(&found)? && self.take(&found)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks through the blocks before a sequence number. True when the page is complete.
    fn by_block(&mut self, wanted: &Wanted<'_>, before: i64) -> rusqlite::Result<bool> {
        let connection = self.connection;
        let sealed = wanted.seal(connection)?;
        let mut entry = connection.prepare_cached(select!("WHERE seq = ?1"))?;
        let mut examined = 0;
        let mut is_complete = false;
        blocks::back(connection, before, |block| {
            if block.latest < *wanted.times.start() || block.earliest > *wanted.times.end() {
                return Ok(false);
            }
            let first = block.first;
            for place in sealed.places(block)?.into_iter().rev() {
                let seq = first + i64::from(place);
                if seq >= before {
                    continue;
                }
                let mut rows = entry.query(params![seq])?;
                let Some(row) = rows.next()? else { continue };
                let found = Found(row);
                if wanted.times.contains(&found.time()?) && self.take(&found)? {
                    is_complete = true;
                    return Ok(true);
                }
            }
            examined += 1;
            if examined == EXAMINED {
                self.next = Some(first);
                is_complete = true;
            }
            Ok(is_complete)
        })?;
        Ok(is_complete)
    }

    /// Takes an entry that is meant. True when the page is complete.
    fn take(&mut self, found: &Found<'_>) -> rusqlite::Result<bool> {
        if self.records.len() == self.limit {
            // One more than fits: so there is a next page.
            self.next = self.records.last().map(|record| record.seq);
            return Ok(true);
        }
        let record = found.record(self.connection, &mut self.names)?;
        self.records.push(record);
        Ok(false)
    }
}

impl Sealed {
    /// The places of a block whose entries are meant, as far as their times are.
    fn places(&self, block: &Block<'_>) -> rusqlite::Result<Vec<u16>> {
        let places = 0_u16..;
        match self {
            Sealed::None => Ok(Vec::new()),
            Sealed::All => Ok(places.zip(block.subjects()?).filter(|(_, id)| *id > 0).map(|(at, _)| at).collect()),
            Sealed::Some { verdicts, texts } => {
                let said: HashSet<u16> = if texts.is_empty() {
                    HashSet::new()
                } else {
                    block.said()?.into_iter().filter(|(_, text)| texts.contains(*text)).map(|(at, _)| at).collect()
                };
                let means = |at: &u16, id: u32| match verdicts.get(id as usize).copied().unwrap_or(Verdict::Not) {
                    Verdict::Not => false,
                    Verdict::WhereSaid => said.contains(at),
                    Verdict::Meant => true,
                };
                Ok(places.zip(block.subjects()?).filter(|(at, id)| means(at, *id)).map(|(at, _)| at).collect())
            }
        }
    }
}

/// The times asked for; none where the query leaves no time at all.
fn times(query: &Query) -> Option<RangeInclusive<i64>> {
    let first = query.from.map_or(i64::MIN, Timestamp::millis);
    let last = query.to.map_or(Some(i64::MAX), |time| time.millis().checked_sub(1))?;
    (first <= last).then_some(first..=last)
}
