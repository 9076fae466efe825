//! A burst: it begins when so many events are within a stretch of time, and ends when fewer are.
//!
//! A stretch is open at its beginning and closed at its end: "within a minute of `t`" is from `t` - 1 min, not included,
//! to `t`. Times are milliseconds of whatever clock the caller has, and never go back.

use std::collections::VecDeque;

/// When a burst begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurstRule {
    /// The stretch of time, milliseconds.
    pub within_ms: i64,
    /// With so many events in it a burst begins.
    pub begins_at: usize,
    /// It ends when there are fewer than this; at most `begins_at`.
    pub ends_below: usize,
}

/// Watches for bursts of one kind of event.
#[derive(Clone, Debug)]
pub struct Burst {
    rule: BurstRule,
    /// The events of the last stretch.
    recent: VecDeque<i64>,
    is_on: bool,
}

/// What one more event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurstStep {
    /// The burst before had ended, at this time.
    pub ended: Option<i64>,
    /// A burst begins with this event.
    pub begins: bool,
    /// Events within the stretch now, this one included.
    pub within: usize,
}

impl Burst {
    /// Nothing has happened yet.
    pub fn new(rule: BurstRule) -> Self {
        Self { rule, recent: VecDeque::new(), is_on: false }
    }

    /// Takes an event.
    pub fn take(&mut self, at: i64) -> BurstStep {
        let ended = self.pass(at);
        while self.recent.front().is_some_and(|first| *first <= at - self.rule.within_ms) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let within = self.recent.len();
        let begins = !self.is_on && within >= self.rule.begins_at;
        self.is_on |= begins;
        BurstStep { ended, begins, within }
    }

    /// Lets time pass without an event. Says when the burst ended, where it has before this time. Whether it is called
    /// in between or not changes nothing of what [`Burst::take`] says of bursts that begin.
    pub fn pass(&mut self, to: i64) -> Option<i64> {
        let ended = self.end().filter(|end| *end < to);
        self.is_on &= ended.is_none();
        ended
    }

    /// When the burst that goes on ends if nothing more comes: then there are fewer than enough for the first time.
    pub fn end(&self) -> Option<i64> {
        let last = self.recent.len().checked_sub(self.rule.ends_below)?;
        self.recent.get(last).filter(|_| self.is_on).map(|at| at + self.rule.within_ms)
    }

    /// The events of the last stretch, the earliest first.
    pub fn recent(&self) -> impl Iterator<Item = i64> + '_ {
        self.recent.iter().copied()
    }

    /// Keeps no more than so many of the last events, for whoever does not want to know how many more there were.
    pub fn keep_last(&mut self, most: usize) {
        self.recent.drain(..self.recent.len().saturating_sub(most));
    }
}
