//! Looks whether a history is whole, and changes nothing. Works beside a program that writes it.
//!
//! SQLite's own check comes first, then every block of every series: its checksums, its order, what its row and its minutes say
//! against its samples; then the uses of segments, and the batches of the log. Each series is looked at in one read transaction, so
//! that sealing meanwhile is no finding.

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use model::{Clock, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};

use crate::blocks::{self, Block, Direction};
use crate::coding::{Damaged, rolls};
use crate::log::Log;
use crate::samples::Samples;
use crate::sqlite::{self, Loss, OpenError, Reach, Store, StoreFailure};
use crate::{SCHEMA, days, roll, series};

/// Blocks looked at between two looks at whether it goes on.
const PAGE: usize = 64;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where in the file.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// What a history holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Series with a name.
    pub series: u64,
    /// Samples in blocks and in the log.
    pub samples: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of the file and its log.
    pub bytes: u64,
    /// Time of the oldest sample.
    pub first: Option<Timestamp>,
    /// Time of the newest sample.
    pub last: Option<Timestamp>,
    /// How much is not as it should be.
    pub findings: u64,
    /// Whether all was looked at.
    pub finished: bool,
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Blocks looked at.
    pub done: u64,
    /// Blocks in all, when the check began.
    pub all: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Looks through a history. Each finding is told, and now and then how far it is; the answer says whether to go on.
///
/// # Errors
/// [`OpenError`] where there is no history to look at.
pub fn check(
    path: &Path,
    clock: Arc<dyn Clock>,
    mut found: impl FnMut(Finding),
    progress: impl FnMut(Looked) -> ControlFlow<()>,
) -> Result<Contents, OpenError> {
    let store = Store::look(path.to_owned(), SCHEMA, clock)?;
    let mut contents = Contents { bytes: store.status(0).bytes, ..Contents::default() };
    // Before anything else: whoever writes the file only ever goes on from here.
    let noted = sqlite::noted(path);
    let mut findings = 0;
    let mut tell = |place: String, what: String| {
        findings += 1;
        found(Finding { place, what });
    };
    let looked = Look { store: &store, contents: &mut contents, tell: &mut tell, progress, noted }.all();
    if let Err(failure) = looked {
        tell("file".to_owned(), format!("cannot be read further: {failure}"));
    }
    contents.findings = findings;
    Ok(contents)
}

struct Look<'a, P> {
    store: &'a Store,
    contents: &'a mut Contents,
    tell: &'a mut dyn FnMut(String, String),
    progress: P,
    /// How far the file reached when it was last written.
    noted: Option<Reach>,
}

impl<P: FnMut(Looked) -> ControlFlow<()>> Look<'_, P> {
    fn all(&mut self) -> Result<(), StoreFailure> {
        self.sqlite()?;
        let tables: Vec<String> = self.store.read(|connection| {
            let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
            tables.query_map([], |row| row.get(0))?.collect()
        })?;
        let has = |table: &str| tables.iter().any(|name| name == table);
        if has("fresh") {
            self.rows_of_the_first_format()?;
        }
        if !has("block") {
            self.contents.series = self.store.read(|connection| series::all(connection))?.len() as u64;
            self.contents.finished = true;
            return Ok(());
        }
        let all = self
            .store
            .read(|connection| connection.query_row("SELECT count(*) FROM block", [], |row| row.get::<_, i64>(0)))?;
        let all = u64::try_from(all).unwrap_or(0);
        for (key, name) in self.store.read(|connection| series::all(connection))? {
            self.contents.series += 1;
            if self.blocks_of(key, &name, all).is_break() {
                return Ok(());
            }
            if has("day") {
                self.days_of(key, &name)?;
            }
        }
        self.segments()?;
        self.log()?;
        self.contents.finished = true;
        Ok(())
    }

    fn sqlite(&mut self) -> Result<(), StoreFailure> {
        let told: Vec<String> = self.store.read(|connection| {
            let mut check = connection.prepare("PRAGMA integrity_check")?;
            check.query_map([], |row| row.get(0))?.collect()
        })?;
        told.into_iter().filter(|line| line != "ok").for_each(|line| (self.tell)("SQLite".to_owned(), line));
        Ok(())
    }

    /// A series that cannot be read does not keep others from being looked at.
    fn blocks_of(&mut self, key: i64, name: &str, all: u64) -> ControlFlow<()> {
        let store = self.store;
        let looked = store.read(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let (mut after, mut last) = (i64::MIN, None);
            loop {
                let mut found = Vec::with_capacity(PAGE);
                blocks::page(&transaction, key, Direction::Up { after }, PAGE, |block| found.push(block))?;
                for block in &found {
                    let place = || format!("series '{name}', block of {}", time(block.first()));
                    if last.is_some_and(|last| block.first() <= last) {
                        (self.tell)(place(), "overlaps the one before".to_owned());
                    }
                    for what in faults(&transaction, key, block)? {
                        (self.tell)(place(), what);
                    }
                    (after, last) = (block.first(), last.max(Some(block.last())));
                    self.contents.see(block.first(), block.last(), block.count());
                    self.contents.blocks += 1;
                }
                if (self.progress)(Looked { done: self.contents.blocks, all }).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                if found.len() < PAGE {
                    return Ok(ControlFlow::Continue(()));
                }
            }
        });
        looked.unwrap_or_else(|failure| {
            (self.tell)(format!("series '{name}'"), format!("cannot be read further: {failure}"));
            ControlFlow::Continue(())
        })
    }

    /// A day's row must be what its blocks say together.
    fn days_of(&mut self, key: i64, name: &str) -> Result<(), StoreFailure> {
        let wrong = self.store.read(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let rows = transaction
                .prepare_cached("SELECT day FROM day WHERE series = ?1 ORDER BY day")?
                .query_map([key], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            let whole = days::within(&transaction, key, i64::MIN, i64::MAX, usize::MAX)?;
            let mut wrong = Vec::new();
            for begin in rows {
                let row = whole.iter().find(|day| day.begin == begin).map(|day| day.roll);
                if row.is_none() || row != days::of_blocks(&transaction, key, begin)?.map(|day| day.roll) {
                    wrong.push(begin);
                }
            }
            Ok(wrong)
        })?;
        for begin in wrong {
            let place = format!("series '{name}', day of {}", time(begin));
            (self.tell)(place, "is not what its blocks say".to_owned());
        }
        Ok(())
    }

    /// They have nothing to be compared with.
    fn rows_of_the_first_format(&mut self) -> Result<(), StoreFailure> {
        let (count, ends) = self.store.read(|connection| {
            connection.query_row("SELECT count(*), min(time), max(time) FROM fresh", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?.zip(row.get(2)?)))
            })
        })?;
        if let Some((first, last)) = ends {
            self.contents.see(first, last, usize::try_from(count).unwrap_or(0));
        }
        Ok(())
    }

    fn segments(&mut self) -> Result<(), StoreFailure> {
        let told: Vec<(i64, i64, i64)> = self.store.read(|connection| {
            let mut wrong = connection.prepare(
                "WITH part (segment) AS (
                     SELECT raw_segment FROM block
                     UNION ALL SELECT minute_segment FROM block WHERE minute_segment IS NOT NULL
                 ),
                 used (segment, live) AS (SELECT segment, count(*) FROM part GROUP BY segment)
                 SELECT segment.id, coalesce(used.live, 0), coalesce(segment_use.live, 0) FROM segment
                 LEFT JOIN used ON used.segment = segment.id
                 LEFT JOIN segment_use ON segment_use.segment = segment.id
                 WHERE coalesce(used.live, 0) <> coalesce(segment_use.live, 0)",
            )?;
            wrong.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })?;
        for (segment, used, counted) in told {
            (self.tell)(format!("segment {segment}"), format!("{used} parts are in use, and {counted} are counted"));
        }
        let orphans: Vec<(i64, i64)> = self.store.read(|connection| {
            let mut orphans = connection.prepare(
                "SELECT series, count(*) FROM block WHERE series NOT IN (SELECT id FROM series) GROUP BY series",
            )?;
            orphans.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        for (key, count) in orphans {
            (self.tell)(format!("series {key}"), format!("has {count} blocks and no name"));
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), StoreFailure> {
        let (log, damaged, number) = self.store.read(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let sealed = series::sealed(&transaction)?;
            let mut samples = HashMap::<i64, Samples>::new();
            let (mut log, damaged) = Log::load(&transaction, |batch, key, cell| {
                let known = sealed.get(&key).is_some_and(|sealed| batch <= sealed.batch && cell.time < sealed.before);
                if !known {
                    samples.entry(key).or_default().put(cell);
                }
            })?;
            log.skip_to(series::last_sealed(&transaction)? + 1);
            Ok((samples, damaged, log.next_batch() - 1))
        })?;
        for samples in log.values() {
            if let (Some(first), Some(last)) = (samples.first(), samples.last()) {
                self.contents.see(first, last, samples.len());
            }
        }
        for part in 1..=damaged.len() {
            (self.tell)(format!("log, damage {part} of {}", damaged.len()), Damaged.to_string());
        }
        let reach = Reach { number, newest: self.contents.last };
        if let Some(loss) = self.noted.and_then(|noted| Loss::between(noted, reach)) {
            (self.tell)("mark".to_owned(), loss.in_words(SCHEMA.counted));
        }
        Ok(())
    }
}

impl Contents {
    fn see(&mut self, first: i64, last: i64, count: usize) {
        let (first, last) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
        self.samples += count as u64;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = self.last.max(Some(last));
    }
}

/// What is wrong with a block.
fn faults(connection: &Connection, series: i64, block: &Block) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    if block.is_damaged() {
        return Ok(vec![format!("what is known of it: {Damaged}")]);
    }
    if !block.has_samples() {
        // Of what is kept no longer nothing can be compared; its minutes can still be damaged.
        if block.has_minutes()
            && let Err(damaged) = block.minutes(connection)?
        {
            faults.push(format!("minutes: {damaged}"));
        }
        return Ok(faults);
    }
    let samples = block.samples(connection)?;
    match &samples {
        Err(damaged) => faults.push(format!("samples: {damaged}")),
        Ok(samples) => {
            if !samples.times().is_sorted_by(|a, b| a < b) {
                faults.push("samples are not in order of time".to_owned());
            }
            let newest = samples.len().checked_sub(1).map(|i| samples.mark(i).quality.code());
            let noted: u32 = connection
                .prepare_cached("SELECT last_quality FROM block WHERE series = ?1 AND first = ?2")?
                .query_row(params![series, block.first()], |row| row.get(0))?;
            if roll::of_block(samples) != Some(block.roll) || newest != Some(noted) {
                faults.push("what is known of it as a whole is not what its samples say".to_owned());
            }
        }
    }
    if block.has_minutes() {
        match (block.minutes(connection)?, samples) {
            (Err(damaged), _) => faults.push(format!("minutes: {damaged}")),
            (Ok(minutes), Ok(samples)) => {
                // Sums may be rounded in bytes, and only there.
                let expect = rolls::decode(&rolls::encode(&roll::of_minutes(&samples)));
                if expect != Ok(minutes) {
                    faults.push("its minutes are not what its samples say".to_owned());
                }
            }
            (Ok(_), Err(Damaged)) => {}
        }
    }
    Ok(faults)
}

fn time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}
