//! A burst: it begins when so many events are within a stretch of time, and ends when fewer are. Floods and chatter are
//! bursts of activations, and what is fleeting is said here too, so that whoever counts them counts the same.
//!
//! **Invariant:** a stretch is open at its beginning and closed at its end: "within a minute of `t`" is from `t` - 60 s, not
//! included, to `t`.

use std::collections::VecDeque;

/// More than ten activations within ten minutes are a flood, until there are fewer than five (ISA-18.2, 16.5):
/// milliseconds, events at which it begins, events below which it ends.
const FLOOD: (i64, usize, usize) = (600_000, 11, 5);
/// Three activations of one alarm within a minute are chatter (ISA-18.2, 16.5).
const CHATTER: (i64, usize, usize) = (60_000, 3, 3);
/// An alarm that goes within so many milliseconds ...
const FLEETING: i64 = 10_000;
/// ... and does not come again within so many is fleeting.
const ALONE: i64 = 60_000;

/// Whether an alarm that was active for so long was too short to act on, milliseconds.
pub fn is_fleeting(active: i64) -> bool {
    active <= FLEETING
}

/// Whether an alarm that went at a time, and came again at another, did so for itself and not as chatter; both in
/// milliseconds.
pub fn is_alone(went: i64, came: i64) -> bool {
    came > went + ALONE
}

/// Watches for bursts of one kind of event. Events come in order of time.
#[derive(Clone, Debug)]
pub struct Burst {
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
pub struct Step {
    /// The burst before had ended, at this time.
    pub ended: Option<i64>,
    /// A burst begins with this event; its first event was at this time.
    pub began: Option<i64>,
    /// Events within the stretch now, this one included.
    pub within: usize,
}

impl Burst {
    /// Floods of activations.
    pub fn flood() -> Self {
        Self::new(FLOOD.0, FLOOD.1, FLOOD.2)
    }

    /// Chatter of one alarm.
    pub fn chatter() -> Self {
        Self::new(CHATTER.0, CHATTER.1, CHATTER.2)
    }

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
