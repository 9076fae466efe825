//! Questions to the history, each answered from committed samples. The calls wait for the disk.
//!
//! A question looks into the tail first and into the blocks after that, so that it misses nothing that is sealed meanwhile. Long
//! answers are read page by page, each page a transaction of its own, so that SQLite's log can be cut meanwhile.

use std::collections::HashMap;
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use model::{Clock, Quality, Sample, Timestamp, Value};
use rusqlite::{Connection, TransactionBehavior};

use crate::blocks::{self, Block};
use crate::coding::Damaged;
use crate::damage::{self, Damage};
use crate::days;
use crate::log::Log;
use crate::reduce::Columns;
use crate::roll::{MINUTE, Roll};
use crate::samples::{Cell, Samples};
use crate::series::{self, Names};
use crate::sqlite::{OpenError, Store, StoreFailure};
use crate::states::{self, Interpolation};
use crate::tails::{DAY, Tails};
use crate::{Point, SeriesId, Span};

/// Why a question could not be answered.
pub type ReadError = StoreFailure;

/// Blocks unpacked in one transaction: some milliseconds.
pub(crate) const PAGE: usize = 64;
/// Blocks of which only the row is read in one transaction.
const ROW_PAGE: usize = 4_000;
/// Days of which the row is read in one transaction.
const DAYS_PAGE: usize = 1_000;
/// Series looked up in one transaction.
const INSTANT_PAGE: usize = 500;

/// Reads through its own read-only connections. Cheap to clone, for any thread that may wait.
#[derive(Clone)]
pub struct Reader {
    pub(crate) store: Arc<Store>,
    pub(crate) names: Arc<Names>,
    pub(crate) tails: Arc<Tails>,
    pub(crate) damage: Arc<Damage>,
}

/// What of a block is enough for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Samples,
    Minutes,
    Block,
}

/// What a question is answered from, in order of time.
pub(crate) enum Stretch<'a> {
    /// Some of these samples.
    Samples(&'a Samples, Range<usize>),
    Rolls(&'a [Roll]),
}

/// Whether whoever takes wants more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    On,
    Enough,
}

/// Of one block, as it is handed on.
enum Found {
    Samples(Samples),
    Rolls(Vec<Roll>),
}

impl Reader {
    /// Opens a history only to read it, also while another process writes it. Of what that one has in its log, the reader
    /// knows what was there when it was opened.
    ///
    /// # Errors
    /// [`OpenError`]; that there is no such file is one, and that it is of a format that has no blocks yet is another.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Reader, OpenError> {
        let store = Store::look(path.to_owned(), crate::SCHEMA, clock)?;
        let format = store.read(|connection| connection.pragma_query_value(None, "user_version", |row| row.get(0)));
        if let Ok(found) = format
            && found < blocks::FIRST_FORMAT
        {
            return Err(OpenError::Older { path: path.to_owned(), found });
        }
        let (tails, nothing_sealed) = (Tails::default(), HashMap::new());
        let read = store.read(|connection| {
            let mut filling = tails.fill(&nothing_sealed);
            Log::load(connection, |batch, key, cell| filling.put(batch, key, cell))
        });
        if let Err(failure) = read {
            tracing::warn!(path = %path.display(), %failure, "the newest samples cannot be read");
        }
        Ok(Reader { store, names: Arc::new(Names::default()), tails: Arc::new(tails), damage: Arc::default() })
    }

    /// The ids of names, for questions. Never fails: of a name that was never recorded there are no samples.
    pub fn series(&self, names: &[&str]) -> Vec<SeriesId> {
        self.names.ids(names)
    }

    /// The names of all series in the file, in order.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn names(&self) -> Result<Vec<String>, ReadError> {
        self.store.read(|connection| series::names(connection))
    }

    /// The newest `n` samples, oldest first. Of a stretch whose samples were kept no longer it has the last.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn latest(&self, series: SeriesId, n: usize) -> Result<Vec<Sample>, ReadError> {
        let Some(key) = self.key(series)? else { return Ok(Vec::new()) };
        let tail = self.tails.part(key, i64::MIN, i64::MAX);
        let mut until = tail.len();
        let mut newest_first = Vec::new();
        let mut before = i64::MAX;
        while newest_first.len() < n {
            let block = self.store.read(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                let block = blocks::before(&transaction, key, before)?;
                let unpack = |block: Block| {
                    let samples = self.newest(&transaction, key, &block, &tail)?;
                    Ok((block.first(), samples))
                };
                block.map(unpack).transpose()
            })?;
            let Some((first, samples)) = block else {
                newest_first.extend((0..until).rev().take(n - newest_first.len()).map(|i| tail.sample(i)));
                break;
            };
            let begin = tail.times()[..until].partition_point(|time| *time < first);
            let samples = samples.overlaid(&tail.part(begin..until));
            newest_first.extend((0..samples.len()).rev().take(n - newest_first.len()).map(|i| samples.sample(i)));
            until = begin;
            let Some(time) = first.checked_sub(1) else { break };
            before = time;
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    /// The samples of a span in order of time, at most `limit`; those that are kept. The next page begins 1 ms after the last one's time.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn raw(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Sample>, ReadError> {
        let mut taken = Vec::new();
        self.walk_samples(series, span, |samples, range| {
            taken.extend(range.take(limit - taken.len()).map(|i| samples.sample(i)));
            if taken.len() < limit { Walk::On } else { Walk::Enough }
        })?;
        Ok(taken)
    }

    /// What a picture `pixels` wide needs, in order of time. Of each column the first, the least, the greatest and the last
    /// number, and the ends of every stretch that has no value or not a good one, so that neither a spike nor a gap is hidden.
    /// Where a column is wide they come from roll-ups, and their times are right to the row of the roll-up: a minute or an
    /// hour, never more than about a column. The newest sample before the span comes first, with its own time, so that the
    /// line starts at the left edge.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn minmax(&self, series: SeriesId, span: Span, pixels: u32) -> Result<Vec<Point>, ReadError> {
        if span.from >= span.to {
            return Ok(Vec::new());
        }
        let mut columns = Columns::new(span, pixels);
        if let Some(sample) = self.newest_before(series, span.from)? {
            columns.push(Point { time: sample.time, value: sample.number(), quality: sample.quality });
            columns.cut();
        }
        let width = columns.width();
        let page = if width >= WIDE { ROW_PAGE } else { PAGE };
        let need = |block: &Block| enough(block, width);
        let mut take = |stretch: Stretch<'_>| match stretch {
            Stretch::Samples(samples, range) => push_samples(&mut columns, samples, range),
            Stretch::Rolls(rolls) => rolls.iter().for_each(|roll| push_roll(&mut columns, roll)),
        };
        if serves(width, DAY) {
            self.walk_days(series, span, page, |_| true, need, take)?;
        } else {
            self.walk(series, span, page, need, |stretch| all(&mut take, stretch))?;
        }
        Ok(columns.finish())
    }

    /// For each series its newest sample at or before an instant. Many are looked up side by side.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn at(&self, series: &[SeriesId], time: Timestamp) -> Result<Vec<Option<Sample>>, ReadError> {
        side_by_side(series, |part| self.at_one_by_one(part, time))
    }

    /// For each series the value at an instant as it was promised: of a stepped one as [`Reader::at`], with the time of its sample; of a
    /// sloped one what the straight line to the next sample has there, with the instant's time. The line needs a good number at both of
    /// its ends; where what follows is not one, or nothing does, the value holds.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn promised(
        &self,
        series: &[(SeriesId, Interpolation)],
        time: Timestamp,
    ) -> Result<Vec<Option<Sample>>, ReadError> {
        side_by_side(series, |part| {
            let ids: Vec<SeriesId> = part.iter().map(|(id, _)| *id).collect();
            let mut samples = self.at_one_by_one(&ids, time)?;
            for ((id, how), sample) in part.iter().zip(&mut samples) {
                let held = sample.as_ref().filter(|held| *how == Interpolation::Sloped && held.time < time);
                if let Some(held) = held.filter(|held| held.quality.is_good() && held.number().is_some())
                    && let Some(next) = self.oldest_from(*id, time)?.filter(|next| next.quality.is_good())
                    && let Some(value) = states::between(held, &next, time)
                {
                    *sample =
                        Some(Sample { time, received: time, value: Some(Value::Float(value)), quality: held.quality });
                }
            }
            Ok(samples)
        })
    }

    fn at_one_by_one(&self, series: &[SeriesId], time: Timestamp) -> Result<Vec<Option<Sample>>, ReadError> {
        let mut samples = Vec::with_capacity(series.len());
        for page in series.chunks(INSTANT_PAGE) {
            let found = self.store.read(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                let one = |id: &SeriesId| match self.key_in(&transaction, *id)? {
                    Some(key) => self.cell_in(&transaction, key, time.millis()),
                    None => Ok(None),
                };
                page.iter().map(one).collect::<rusqlite::Result<Vec<_>>>()
            })?;
            samples.extend(found.into_iter().map(|cell| cell.map(Cell::sample)));
        }
        Ok(samples)
    }

    /// The newest sample before an instant.
    pub(crate) fn newest_before(&self, series: SeriesId, time: Timestamp) -> Result<Option<Sample>, ReadError> {
        let Some(before) = time.millis().checked_sub(1) else { return Ok(None) };
        Ok(self.at(&[series], Timestamp::from_millis(before))?.pop().flatten())
    }

    /// The oldest sample at or after an instant; none where there is none, or where it is kept no longer.
    pub(crate) fn oldest_from(&self, series: SeriesId, time: Timestamp) -> Result<Option<Sample>, ReadError> {
        let mut oldest = None;
        let ahead = Span { from: time, to: Timestamp::from_millis(i64::MAX) };
        self.walk(
            series,
            ahead,
            1,
            |_| Need::Samples,
            |stretch| {
                if let Stretch::Samples(samples, mut range) = stretch {
                    oldest = range.next().map(|i| samples.sample(i));
                }
                Walk::Enough
            },
        )?;
        Ok(oldest)
    }

    /// Hands the samples of a span to `take`, stretch by stretch in order of time; those that are kept.
    pub(crate) fn walk_samples(
        &self,
        series: SeriesId,
        span: Span,
        mut take: impl FnMut(&Samples, Range<usize>) -> Walk,
    ) -> Result<(), ReadError> {
        let take = |stretch: Stretch<'_>| match stretch {
            Stretch::Samples(samples, range) => take(samples, range),
            Stretch::Rolls(_) => Walk::On,
        };
        self.walk(series, span, PAGE, |_| Need::Samples, take)
    }

    /// Hands what a span has to `take`, stretch by stretch in order of time. `need` says what is enough of a block that lies in the
    /// span as a whole and has no newer samples over it; of every other one the samples are handed over. So many blocks are read in one
    /// transaction.
    pub(crate) fn walk(
        &self,
        series: SeriesId,
        span: Span,
        page: usize,
        need: impl Fn(&Block) -> Need,
        mut take: impl FnMut(Stretch<'_>) -> Walk,
    ) -> Result<(), ReadError> {
        let Some(key) = self.key(series)?.filter(|_| span.from < span.to) else { return Ok(()) };
        let (from, to) = (span.from.millis(), span.to.millis());
        let tail = self.tails.part(key, from, to);
        let mut take = |stretch: Stretch<'_>| match &stretch {
            Stretch::Samples(_, range) if range.is_empty() => Walk::On,
            Stretch::Samples(..) | Stretch::Rolls(_) => take(stretch),
        };
        let mut cursor = from;
        loop {
            let found = self.store.read(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                let read = |block: Block| {
                    let (first, last) = (block.first(), block.last());
                    let whole = first >= from && last < to && !tail.touches(first, last);
                    let need = if whole { need(&block) } else { Need::Samples };
                    self.find(&transaction, key, &block, &tail, need).map(|found| (block, found))
                };
                let blocks = blocks::touching(&transaction, key, cursor, to - 1, page)?;
                blocks.into_iter().map(read).collect::<rusqlite::Result<Vec<_>>>()
            })?;
            let full = found.len() == page;
            for (block, found) in found {
                let between = take(Stretch::Samples(&tail, tail.range(cursor, block.first())));
                let end = block.last().saturating_add(1);
                let walk = match found {
                    _ if between == Walk::Enough => Walk::Enough,
                    Found::Rolls(rolls) => take(Stretch::Rolls(&rolls)),
                    Found::Samples(samples) => {
                        let samples = samples.overlaid(&tail.part(tail.range(block.first(), end)));
                        take(Stretch::Samples(&samples, samples.range(cursor, to)))
                    }
                };
                if walk == Walk::Enough {
                    return Ok(());
                }
                cursor = end.max(cursor);
            }
            if !full || cursor >= to {
                take(Stretch::Samples(&tail, tail.range(cursor, to)));
                return Ok(());
            }
        }
    }

    /// As [`Reader::walk`] to the end of the span, and hands over the rows of whole days where there are such and `day_serves`.
    pub(crate) fn walk_days(
        &self,
        series: SeriesId,
        span: Span,
        page: usize,
        day_serves: impl Fn(&Roll) -> bool,
        need: impl Fn(&Block) -> Need,
        mut take: impl FnMut(Stretch<'_>),
    ) -> Result<(), ReadError> {
        let Some(key) = self.key(series)? else { return Ok(()) };
        let (mut at, mut looked, to) = (span.from, span.from.millis(), span.to.millis());
        let mut full = true;
        while full {
            // The tail comes first: a day that is made of it meanwhile is walked through, and nothing is missed.
            let tail = self.tails.part(key, looked, to);
            let days = self.store.read(|connection| days::within(connection, key, looked, to, DAYS_PAGE))?;
            full = days.len() == DAYS_PAGE;
            for day in days {
                looked = day.end();
                if tail.touches(day.begin, day.end() - 1) || !day_serves(&day.roll) {
                    continue;
                }
                let before = Span { from: at, to: Timestamp::from_millis(day.begin) };
                self.walk(series, before, page, &need, |stretch| all(&mut take, stretch))?;
                take(Stretch::Rolls(&[day.roll]));
                at = Timestamp::from_millis(day.end());
            }
        }
        self.walk(series, Span { from: at, to: span.to }, page, &need, |stretch| all(&mut take, stretch))
    }

    fn cell_in(&self, connection: &Connection, key: i64, time: i64) -> rusqlite::Result<Option<Cell>> {
        let newest = self.tails.at(key, time);
        let Some(block) = blocks::before(connection, key, time)? else { return Ok(newest) };
        if newest.as_ref().is_some_and(|cell| cell.time >= block.last().min(time)) {
            return Ok(newest);
        }
        let Ok(sealed) = block.at(connection, time)? else {
            self.damage.note(key, &block);
            let late = self.tails.part(key, block.first(), block.last().saturating_add(1));
            let samples = damage::gaps(&block, &late).overlaid(&late);
            return Ok(samples.at(time).map(|i| samples.cell(i)));
        };
        Ok(match (newest, sealed) {
            (Some(newest), Some(sealed)) if newest.time >= sealed.time => Some(newest),
            (newest, sealed) => sealed.or(newest),
        })
    }

    /// What is needed of a block, or the next finer of it that is there. Samples are not kept as long as what is known of them.
    fn find(
        &self,
        connection: &Connection,
        key: i64,
        block: &Block,
        tail: &Samples,
        need: Need,
    ) -> rusqlite::Result<Found> {
        if need == Need::Block && !block.is_damaged() {
            return Ok(Found::Rolls(vec![block.roll]));
        }
        if block.has_minutes() && (need == Need::Minutes || !block.has_samples()) {
            match block.minutes(connection)? {
                Ok(minutes) => return Ok(Found::Rolls(minutes)),
                // The samples know as much.
                Err(Damaged) => self.damage.note(key, block),
            }
        }
        if block.has_samples() {
            self.damage.samples(connection, key, block, tail).map(Found::Samples)
        } else {
            Ok(Found::Rolls(vec![block.roll]))
        }
    }

    /// The samples of a block, or the last of them.
    fn newest(&self, connection: &Connection, key: i64, block: &Block, tail: &Samples) -> rusqlite::Result<Samples> {
        if block.has_samples() {
            return self.damage.samples(connection, key, block, tail);
        }
        let mut last = Samples::default();
        block.at(connection, block.last())?.into_iter().flatten().for_each(|cell| last.put(cell));
        Ok(last)
    }

    fn key(&self, id: SeriesId) -> Result<Option<i64>, ReadError> {
        self.store.read(|connection| self.key_in(connection, id))
    }

    fn key_in(&self, connection: &Connection, id: SeriesId) -> rusqlite::Result<Option<i64>> {
        match self.names.name(id) {
            Some(name) => series::find(connection, &name),
            None => Ok(None),
        }
    }
}

/// Looks many things up in as many threads as there are processors, few in this one.
fn side_by_side<T: Sync, A: Send>(
    all: &[T],
    look: impl Fn(&[T]) -> Result<Vec<A>, ReadError> + Sync,
) -> Result<Vec<A>, ReadError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(all.len().div_ceil(INSTANT_PAGE));
    if threads < 2 {
        return look(all);
    }
    thread::scope(|scope| {
        let look = &look;
        let parts = all.chunks(all.len().div_ceil(threads));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || look(part))).collect();
        let mut found = Vec::with_capacity(all.len());
        for part in parts {
            found.extend(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(found)
    })
}

/// Takes a stretch, whatever comes next.
fn all(take: &mut impl FnMut(Stretch<'_>), stretch: Stretch<'_>) -> Walk {
    take(stretch);
    Walk::On
}

/// From this width of a column on, milliseconds, most blocks need no unpacking.
const WIDE: i64 = 50 * MINUTE;

/// What is enough of a block for a picture whose columns are so wide.
fn enough(block: &Block, width: i64) -> Need {
    if serves(width, block.last().saturating_sub(block.first())) {
        Need::Block
    } else if serves(width, MINUTE) {
        Need::Minutes
    } else {
        Need::Samples
    }
}

/// Whether a row of such a length is fine enough for columns so wide. It may be a little wider: the day's 1,440 minutes on a screen of
/// 1,920 pixels.
fn serves(width: i64, length: i64) -> bool {
    width.saturating_mul(3) >= length.max(MINUTE).saturating_mul(2)
}

fn push_samples(columns: &mut Columns, samples: &Samples, range: Range<usize>) {
    for i in range {
        let time = Timestamp::from_millis(samples.times()[i]);
        columns.push(Point { time, value: samples.number(i), quality: samples.mark(i).quality });
    }
}

/// The points that stand for a row: its first number, its least and greatest, what is doubtful, its last, spread over its time.
fn push_roll(columns: &mut Columns, roll: &Roll) {
    let quality = if roll.doubts.uncertain { Quality::UNCERTAIN } else { Quality::GOOD };
    let begin = roll.from;
    let step = ((roll.until - begin) / 5).max(1);
    let mut put = |place: i64, value: Option<f64>, quality: Quality| {
        columns.push(Point { time: Timestamp::from_millis(begin.saturating_add(place * step)), value, quality });
    };
    if let (Some((least, greatest)), Some((first, last))) = (roll.range, roll.ends) {
        put(0, Some(first), quality);
        put(1, Some(least), quality);
        put(2, Some(greatest), quality);
        if roll.doubts.gap {
            put(3, None, Quality::BAD);
        }
        put(4, Some(last), quality);
    } else {
        put(0, None, if roll.doubts.gap { Quality::BAD } else { quality });
    }
}
