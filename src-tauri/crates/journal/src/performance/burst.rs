//! A burst: it begins when so many events are within a stretch of time, and ends when fewer are.

use std::collections::VecDeque;

/// Watches for bursts of one kind of event. Events come in order of time.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    /// Milliseconds.
    width: i64,
    begins_at: usize,
    ends_below: usize,
    /// The events of the last `width`.
    recent: VecDeque<i64>,
    is_on: bool,
}

/// What one more event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The burst before had ended, at this time.
    pub ended: Option<i64>,
    /// A burst begins with this event; its first event was at this time.
    pub began: Option<i64>,
    /// Events within the stretch now, this one included.
    pub within: usize,
}

impl Burst {
    /// From `begins_at` events within `width` milliseconds to fewer than `ends_below`, which is at most `begins_at`.
    pub fn new(width: i64, begins_at: usize, ends_below: usize) -> Self {
        Self { width, begins_at, ends_below, recent: VecDeque::new(), is_on: false }
    }

    /// Takes an event.
    pub fn take(&mut self, at: i64) -> Step {
        let ended = self.end().filter(|end| *end < at);
        self.is_on &= ended.is_none();
        while self.recent.front().is_some_and(|first| *first <= at - self.width) {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let within = self.recent.len();
        let begins = !self.is_on && within >= self.begins_at;
        self.is_on |= begins;
        Step { ended, began: self.recent.front().copied().filter(|_| begins), within }
    }

    /// When the burst that goes on ends if nothing more comes: then there are fewer than enough for the first time.
    pub fn end(&self) -> Option<i64> {
        let last = self.recent.len().checked_sub(self.ends_below)?;
        self.recent.get(last).filter(|_| self.is_on).map(|at| at + self.width)
    }
}
