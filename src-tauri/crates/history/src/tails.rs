//! The newest samples of every series, in memory: what is committed to the log and not in a block yet.
//!
//! A question sees a tail laid over the blocks. Sealing commits a block first and takes its samples out of the tail after that, so
//! that whoever looks into the tail first and into the file then misses nothing; what is in both is one sample all the same.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::samples::{Cell, Samples};
use crate::series::Sealed;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// A tail is sealed when it has so many samples, whatever the hour.
const MOST: usize = 40_000;
/// The same for the bytes of its texts.
const MOST_TEXT: usize = 4 * 1024 * 1024;
/// So many samples of past hours are worth a block of their own.
pub(crate) const WORTH_A_BLOCK: usize = 512;

#[derive(Default)]
pub(crate) struct Tails(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    tails: Vec<Tail>,
    /// The tail of a series by its key in the file.
    of: HashMap<i64, usize>,
}

/// The place of a tail: the same for as long as the file is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TailIndex(usize);

struct Tail {
    key: i64,
    samples: Samples,
    /// Of every hour that has samples here, the first batch that brought one.
    hours: Vec<(i64, u64)>,
    due: bool,
}

/// Tails while they are filled from a log. Whoever asks meanwhile waits.
pub(crate) struct Filling<'a> {
    inner: RwLockWriteGuard<'a, Inner>,
    /// What of a series is in blocks already, by its key.
    sealed: &'a HashMap<i64, Sealed>,
    /// The same for each tail.
    sealed_of: Vec<Option<Sealed>>,
    /// Where the next sample probably goes: batches mostly have the same series in the same order.
    next: usize,
    due: Vec<TailIndex>,
}

/// What of a tail is to be sealed: everything before a time.
pub(crate) struct Ripe {
    pub key: i64,
    pub before: i64,
    pub samples: Samples,
}

impl Tails {
    /// The tail of a series, begun where there is none.
    pub(crate) fn index(&self, key: i64) -> TailIndex {
        TailIndex(self.write().place(key))
    }

    /// Begins to take what a log has, but for what is `sealed`.
    pub(crate) fn fill<'a>(&'a self, sealed: &'a HashMap<i64, Sealed>) -> Filling<'a> {
        let inner = self.write();
        let sealed_of = inner.tails.iter().map(|tail| sealed.get(&tail.key).copied()).collect();
        Filling { inner, sealed, sealed_of, next: 0, due: Vec::new() }
    }

    /// Adds what a batch brought, and gives the tails that are due to be sealed because of it.
    pub(crate) fn put(&self, batch: u64, cells: impl IntoIterator<Item = (TailIndex, Cell)>) -> Vec<TailIndex> {
        let mut inner = self.write();
        let mut due = Vec::new();
        for (index, cell) in cells {
            let tail = &mut inner.tails[index.0];
            if tail.put(batch, cell) {
                due.push(index);
            }
        }
        due
    }

    /// A copy of the samples of a series from one time and before another.
    pub(crate) fn part(&self, key: i64, from: i64, to: i64) -> Samples {
        let inner = self.read();
        inner.of.get(&key).map_or_else(Samples::default, |place| {
            let samples = &inner.tails[*place].samples;
            samples.part(samples.range(from, to))
        })
    }

    /// The newest sample of a series at or before a time.
    pub(crate) fn at(&self, key: i64, time: i64) -> Option<Cell> {
        let inner = self.read();
        let samples = &inner.tails[*inner.of.get(&key)?].samples;
        samples.at(time).map(|i| samples.cell(i))
    }

    /// The time of the newest sample of all.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.read().tails.iter().filter_map(|tail| tail.samples.last()).max()
    }

    /// The first batch that has a sample here; none where all tails are empty.
    pub(crate) fn oldest_batch(&self) -> Option<u64> {
        self.read().tails.iter().filter_map(Tail::oldest_batch).min()
    }

    /// The tails that have samples of batches before this one.
    pub(crate) fn older_than(&self, batch: u64) -> Vec<TailIndex> {
        self.which(|tail| tail.oldest_batch().is_some_and(|oldest| oldest < batch))
    }

    /// The tails that have samples of before a time.
    pub(crate) fn begun_before(&self, time: i64) -> Vec<TailIndex> {
        self.which(|tail| tail.samples.first().is_some_and(|first| first < time))
    }

    /// What a tail that is due has of past hours; all of it where it is long.
    pub(crate) fn ripe(&self, index: TailIndex) -> Ripe {
        let inner = self.read();
        let tail = &inner.tails[index.0];
        let before = if tail.is_long() { i64::MAX } else { tail.current_hour() };
        tail.before(before)
    }

    /// All of a tail.
    pub(crate) fn whole(&self, index: TailIndex) -> Ripe {
        self.read().tails[index.0].before(i64::MAX)
    }

    /// What was ripe is in blocks now.
    pub(crate) fn sealed(&self, index: TailIndex, before: i64) {
        let mut inner = self.write();
        let tail = &mut inner.tails[index.0];
        tail.due = false;
        if before == i64::MAX {
            (tail.samples, tail.hours) = (Samples::default(), Vec::new());
        } else {
            tail.samples = tail.samples.without(i64::MIN, before);
            tail.hours.retain(|(hour, _)| *hour >= before);
        }
    }

    /// Forgets everything, because another file took the place, and gives what there was: the series' keys and their samples.
    pub(crate) fn take(&self) -> Vec<(i64, Samples)> {
        let inner = std::mem::take(&mut *self.write());
        inner.tails.into_iter().filter(|tail| !tail.samples.is_empty()).map(|tail| (tail.key, tail.samples)).collect()
    }

    fn which(&self, is_meant: impl Fn(&Tail) -> bool) -> Vec<TailIndex> {
        let inner = self.read();
        (0..inner.tails.len()).filter(|i| is_meant(&inner.tails[*i])).map(TailIndex).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Where the tail of a series is, begun where there is none.
    fn place(&mut self, key: i64) -> usize {
        let next = self.tails.len();
        let place = *self.of.entry(key).or_insert(next);
        if place == next {
            self.tails.push(Tail { key, samples: Samples::default(), hours: Vec::new(), due: false });
        }
        place
    }
}

impl Filling<'_> {
    /// Adds a sample that a batch brought, unless it is in a block.
    pub(crate) fn put(&mut self, batch: u64, key: i64, cell: Cell) {
        let mut place = self.next;
        if self.inner.tails.get(place).is_none_or(|tail| tail.key != key) {
            place = self.inner.place(key);
            if place == self.sealed_of.len() {
                self.sealed_of.push(self.sealed.get(&key).copied());
            }
        }
        self.next = if place + 1 < self.inner.tails.len() { place + 1 } else { 0 };
        let is_sealed = self.sealed_of[place].is_some_and(|sealed| batch <= sealed.batch && cell.time < sealed.before);
        if !is_sealed && self.inner.tails[place].put(batch, cell) {
            self.due.push(TailIndex(place));
        }
    }

    /// The tails that are due to be sealed because of it.
    pub(crate) fn finish(self) -> Vec<TailIndex> {
        self.due
    }
}

impl Tail {
    /// Whether the tail is due now and was not before.
    fn put(&mut self, batch: u64, cell: Cell) -> bool {
        let time = cell.time;
        self.samples.put(cell);
        let hour = start_of_hour(time);
        let known = self.hours.iter().rev().any(|(known, _)| *known == hour);
        if !known {
            self.hours.push((hour, batch));
        }
        if self.due || (known && hour == self.current_hour() && !self.is_long()) {
            return false;
        }
        let current = self.current_hour();
        let past = self.samples.range(i64::MIN, current).len();
        let new_day = past > 0 && self.samples.first().is_some_and(|first| start_of_day(first) < start_of_day(current));
        self.due = self.is_long() || past >= WORTH_A_BLOCK || new_day;
        self.due
    }

    /// Whether it is to be sealed without waiting for the end of the hour.
    fn is_long(&self) -> bool {
        self.samples.len() >= MOST || self.samples.text_bytes() >= MOST_TEXT
    }

    fn oldest_batch(&self) -> Option<u64> {
        self.hours.iter().map(|(_, batch)| *batch).min()
    }

    /// The hour of the newest sample.
    fn current_hour(&self) -> i64 {
        self.samples.last().map_or(i64::MIN, start_of_hour)
    }

    fn before(&self, before: i64) -> Ripe {
        let range = if before == i64::MAX { 0..self.samples.len() } else { self.samples.range(i64::MIN, before) };
        Ripe { key: self.key, before, samples: self.samples.part(range) }
    }
}

/// At the borders of what a time can be, the border.
pub(crate) fn start_of_hour(time: i64) -> i64 {
    time.div_euclid(HOUR).saturating_mul(HOUR)
}

pub(crate) fn start_of_day(time: i64) -> i64 {
    time.div_euclid(DAY).saturating_mul(DAY)
}
