//! Changes in, figures out.

use std::collections::BTreeMap;

use alarm::PRIORITIES;
use model::Timestamp;

use super::ack::{Haste, Waits};
use super::alarms::Alarms;
use super::floods::Floods;
use super::{BUSY_HOUR, BUSY_TEN_MINUTES, Change, DAY, Figures, HOUR, OfPriority, Periods, TEN_MINUTES, What, rank};

/// Counts the alarms of a window.
pub struct Tally<'a> {
    from: i64,
    to: i64,
    ahead: &'a dyn Fn(i64) -> i64,
    /// The time of the last change. A clock that was set back stands until the time has come again.
    at: i64,
    count: u64,
    hours: Counter,
    ten_minutes: Counter,
    floods: Floods,
    alarms: Alarms,
    counts: [u64; PRIORITIES.len()],
    waits: [Waits; PRIORITIES.len()],
    haste: Haste,
    returned_unacknowledged: u64,
    heat: BTreeMap<i64, [u32; 24]>,
}

/// Counts alarms in periods of one length.
struct Counter {
    length: i64,
    too_many: u64,
    /// The period of the last alarm, counted from the window's beginning, and how many it has.
    current: (i64, u64),
    busy: u64,
}

impl<'a> Tally<'a> {
    /// Begins to count from a time up to another, not included, both in milliseconds since 1970. `ahead` says how many
    /// seconds the local time is ahead of UTC at an instant.
    pub fn new(from: i64, to: i64, ahead: &'a dyn Fn(i64) -> i64) -> Self {
        let to = to.max(from);
        Self {
            from,
            to,
            ahead,
            at: i64::MIN,
            count: 0,
            hours: Counter { length: HOUR, too_many: BUSY_HOUR, current: (0, 0), busy: 0 },
            ten_minutes: Counter { length: TEN_MINUTES, too_many: BUSY_TEN_MINUTES, current: (0, 0), busy: 0 },
            floods: Floods::new(from),
            alarms: Alarms::new(from, to),
            counts: Default::default(),
            waits: Default::default(),
            haste: Haste::default(),
            returned_unacknowledged: 0,
            heat: days(from, to, ahead),
        }
    }

    /// An alarm that is active since a time before all changes that will be told.
    pub fn is_active(&mut self, alarm: i64, since: i64) {
        self.alarms.is_active(alarm, since);
    }

    /// Takes a change, in the journal's order. Of one before the window it only learns what is active; one after it does
    /// not count.
    pub fn take(&mut self, change: &Change<'_>) {
        if change.at >= self.to {
            return;
        }
        self.at = self.at.max(change.at);
        let at = self.at;
        let seen = self.alarms.take(at, change, self.ahead);
        if at < self.from {
            return;
        }
        match change.what {
            What::Activated => self.activated(at, change),
            What::Returned => self.returned_unacknowledged += u64::from(seen.returned_unacknowledged),
            What::Acknowledged => {
                self.haste.take(at, change.user);
                if let Some(wait) = seen.acknowledged_after {
                    self.waits[rank(change.priority)].take(wait);
                }
            }
        }
    }

    fn activated(&mut self, at: i64, change: &Change<'_>) {
        self.count += 1;
        self.counts[rank(change.priority)] += 1;
        self.hours.take(at - self.from);
        self.ten_minutes.take(at - self.from);
        self.floods.take(at, change.alarm);
        let local = at + (self.ahead)(at) * 1000;
        let hour = usize::try_from(local.rem_euclid(DAY) / HOUR).unwrap_or(0);
        self.heat.entry(local.div_euclid(DAY)).or_default()[hour] += 1;
    }

    /// The figures, once everything is told.
    pub fn figures(self) -> Figures<i64> {
        let length = self.to - self.from;
        let (floods, flooded_ms, peak) = self.floods.finish(self.to);
        let known = self.alarms.finish(self.ahead);
        let priorities = PRIORITIES.into_iter().zip(self.counts).zip(&self.waits);
        let priorities = priorities.map(|((priority, count), waits)| OfPriority {
            priority,
            count,
            acknowledged: waits.count(),
            median_s: waits.percentile(50),
            p95_s: waits.percentile(95),
        });
        Figures {
            from: Timestamp::from_millis(self.from),
            to: Timestamp::from_millis(self.to),
            count: self.count,
            hours: self.hours.finish(length),
            ten_minutes: self.ten_minutes.finish(length),
            peak,
            floods,
            flooded_ms,
            alarms: known.alarms,
            top: known.top,
            chattering: known.chattering,
            fleeting: known.fleeting,
            stale: known.stale,
            stale_at_end: known.stale_at_end,
            stale_on_a_day: known.stale_on_a_day,
            priorities: priorities.collect(),
            returned_unacknowledged: self.returned_unacknowledged,
            hasty: self.haste.times(),
            heat: self.heat,
        }
    }
}

impl Counter {
    /// An alarm so many milliseconds after the window's beginning.
    fn take(&mut self, after: i64) {
        let period = after / self.length;
        if period != self.current.0 {
            self.busy += self.is_busy();
            self.current = (period, 0);
        }
        self.current.1 += 1;
    }

    /// A period that the window cuts off says nothing, and is not counted.
    fn finish(mut self, length: i64) -> Periods {
        let whole = length / self.length;
        if self.current.0 < whole {
            self.busy += self.is_busy();
        }
        Periods { whole: whole.unsigned_abs(), busy: self.busy }
    }

    fn is_busy(&self) -> u64 {
        u64::from(self.current.1 > self.too_many)
    }
}

/// Every day of the local calendar in the window, without an alarm.
fn days(from: i64, to: i64, ahead: &dyn Fn(i64) -> i64) -> BTreeMap<i64, [u32; 24]> {
    if from >= to {
        return BTreeMap::new();
    }
    let day = |at: i64| (at + ahead(at) * 1000).div_euclid(DAY);
    (day(from)..=day(to - 1)).map(|day| (day, [0; 24])).collect()
}
