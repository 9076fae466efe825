//! What is known of each alarm: whether it is active and since when, and how it behaved.

use std::collections::{BTreeMap, HashMap};

use alarm::{Burst, is_alone, is_fleeting};
use model::Timestamp;

use super::floods::most;
use super::{Change, Contribution, DAY, STALE, Stale, What};

/// Alarms of a list.
const LISTED: usize = 100;
/// The alarms that contribute most.
const TOP: usize = 10;

/// All alarms that there are.
pub(super) struct Alarms {
    from: i64,
    to: i64,
    of: HashMap<i64, One>,
    stale: Vec<Stale<i64>>,
    /// How many alarms were stale on each day, by days since 1970.
    stale_days: BTreeMap<i64, u64>,
}

/// One alarm.
#[derive(Default)]
struct One {
    count: u64,
    /// Since when it is active.
    active: Option<i64>,
    /// The occurrence that was annunciated last, within the window, and when.
    occurrence: Option<(i64, i64)>,
    is_acknowledged: bool,
    burst: Option<Burst>,
    chattered: u64,
    /// When it went after a short time, as long as it has not come again.
    went: Option<i64>,
    fleeting: u64,
}

/// What became of an occurrence that the window has seen beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How long after its annunciation it was acknowledged, milliseconds.
    pub acknowledged_after: Option<i64>,
    /// It went before anybody had acknowledged it.
    pub returned_unacknowledged: bool,
}

/// What is known of the alarms at the end.
pub(super) struct Known {
    pub alarms: u64,
    pub top: Vec<Contribution<i64>>,
    pub chattering: Vec<Contribution<i64>>,
    pub fleeting: Vec<Contribution<i64>>,
    pub stale: Vec<Stale<i64>>,
    pub stale_at_end: u64,
    pub stale_on_a_day: u64,
}

impl Alarms {
    pub fn new(from: i64, to: i64) -> Self {
        Self { from, to, of: HashMap::new(), stale: Vec::new(), stale_days: BTreeMap::new() }
    }

    /// An alarm that is active since before anything is told.
    pub fn is_active(&mut self, alarm: i64, since: i64) {
        self.of.entry(alarm).or_default().active = Some(since);
    }

    /// Takes a change at a time, which may be before the window: then only what is active is followed.
    pub fn take(&mut self, at: i64, change: &Change<'_>, ahead: &dyn Fn(i64) -> i64) -> Seen {
        let one = self.of.entry(change.alarm).or_default();
        let is_within = at >= self.from;
        let mut seen = Seen::default();
        match change.what {
            What::Activated => {
                one.active.get_or_insert(at);
                if is_within {
                    one.activate(at, change.occurrence);
                }
            }
            What::Returned => {
                if let Some(since) = one.active.take()
                    && is_within
                {
                    if is_fleeting(at - since) && one.occurrence.is_some() {
                        one.went = Some(at);
                    }
                    self.went_stale(change.alarm, since, Some(at), ahead);
                }
                let one = self.of.entry(change.alarm).or_default();
                seen.returned_unacknowledged = is_within
                    && one.occurrence.is_some_and(|(name, _)| name == change.occurrence)
                    && !one.is_acknowledged;
            }
            What::Acknowledged => {
                let annunciated = match one.occurrence {
                    Some((name, annunciated)) if name == change.occurrence => {
                        let is_first = !std::mem::replace(&mut one.is_acknowledged, true);
                        is_first.then_some(annunciated)
                    }
                    Some(_) | None => Some(change.occurrence),
                };
                seen.acknowledged_after = annunciated.filter(|_| is_within).map(|since| (at - since).max(0));
            }
        }
        seen
    }

    pub fn finish(mut self, ahead: &dyn Fn(i64) -> i64) -> Known {
        let to = self.to;
        let active: Vec<(i64, i64)> = self.of.iter().filter_map(|(alarm, one)| Some((*alarm, one.active?))).collect();
        let mut stale_at_end = 0;
        for (alarm, since) in active {
            stale_at_end += u64::from(self.went_stale(alarm, since, None, ahead));
        }
        for one in self.of.values_mut() {
            one.settle(to);
        }
        let list = |of: fn(&One) -> u64, at_most| {
            let found = most(self.of.iter().map(|(alarm, one)| (*alarm, of(one))), at_most);
            found.into_iter().map(|(alarm, count)| Contribution { alarm, count }).collect::<Vec<_>>()
        };
        let (top, chattering, fleeting) =
            (list(|one| one.count, TOP), list(|one| one.chattered, LISTED), list(|one| one.fleeting, LISTED));
        let length = |one: &Stale<i64>| one.until.map_or(to, Timestamp::millis) - one.since.millis();
        self.stale.sort_by_key(|one| (std::cmp::Reverse(length(one)), one.alarm));
        Known {
            alarms: self.of.values().filter(|one| one.count > 0).count() as u64,
            top,
            chattering,
            fleeting,
            stale: self.stale,
            stale_at_end,
            stale_on_a_day: self.stale_days.values().copied().max().unwrap_or(0),
        }
    }

    /// Notes an alarm that was active up to a time, if that was for too long. True where it was.
    fn went_stale(&mut self, alarm: i64, since: i64, until: Option<i64>, ahead: &dyn Fn(i64) -> i64) -> bool {
        let end = until.unwrap_or(self.to);
        if end - since <= STALE {
            return false;
        }
        self.stale.push(Stale {
            alarm,
            since: Timestamp::from_millis(since),
            until: until.map(Timestamp::from_millis),
        });
        let day = |at: i64| (at + ahead(at) * 1000).div_euclid(DAY);
        for day in day((since + STALE).max(self.from))..=day(end - 1) {
            *self.stale_days.entry(day).or_default() += 1;
        }
        true
    }
}

impl One {
    fn activate(&mut self, at: i64, occurrence: i64) {
        self.settle(at);
        self.count += 1;
        self.occurrence = Some((occurrence, at));
        self.is_acknowledged = false;
        let burst = self.burst.get_or_insert_with(Burst::chatter);
        self.chattered += u64::from(burst.take(at).began.is_some());
    }

    /// It comes again, or the window ends: whether it was fleeting is known now.
    fn settle(&mut self, at: i64) {
        if self.went.take().is_some_and(|went| is_alone(went, at)) {
            self.fleeting += 1;
        }
    }
}
