//! Alarms that are a nuisance: they chatter, or are gone before anybody can look (ISA-18.2-2016, EEMUA 191). One
//! definition, for the live list and for the figures of the past; and what is done about one that chatters.

use std::collections::VecDeque;
use std::time::Duration;

use model::Uptime;

use crate::burst::{Burst, BurstRule};

/// Three times within a minute is chattering.
pub const CHATTERING: BurstRule = BurstRule { within_ms: 60_000, begins_at: 3, ends_below: 3 };
/// An alarm that goes within so many milliseconds ...
pub const FLEETING_MS: i64 = 10_000;
/// ... and does not come again within so many is fleeting.
pub const ALONE_MS: i64 = 60_000;

/// An alarm that has come so often within a minute is held from then on: it has returned only once its condition was gone for
/// [`crate::Config::chatter_hold`]. The first nine are what any alarm may do, so that chattering is seen in its figures.
pub const HELD_FROM: usize = 10;
/// How long the condition of a held alarm must be gone where nothing else is said.
///
/// With [`HELD_FROM`] it bounds what one alarm can do: within any minute it is raised at most 16 times, nine
/// times as it comes, once as the tenth, and once after each whole hold.
pub const CHATTER_HOLD: Duration = Duration::from_secs(10);
/// For so long an alarm that was fleeting is said to be, milliseconds.
const FLEETING_KEPT_MS: i64 = 3_600_000;
/// So many times are remembered of it at most.
const FLEETING_MOST: usize = 100;

/// How an alarm is a nuisance now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nuisance {
    /// It comes again and again.
    Chattering {
        /// So often, since it began to.
        times: u32,
        /// So long ago it began to.
        lasting: Duration,
    },
    /// It goes before anybody can look.
    Fleeting {
        /// So often within the last hour.
        times: u32,
    },
}

/// Finds out whether an alarm was fleeting. Times are milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fleeting {
    /// When it went after a short time, as long as it has not come again.
    went: Option<i64>,
}

impl Fleeting {
    /// The alarm that came at a time has gone.
    pub fn go(&mut self, came: i64, at: i64) {
        if at - came <= FLEETING_MS {
            self.went = Some(at);
        }
    }

    /// It comes again, or nothing more will be heard of it. Says whether it was fleeting when it went last.
    pub fn come(&mut self, at: i64) -> bool {
        self.went.take().is_some_and(|went| at > went + ALONE_MS)
    }

    /// Lets time pass. Says once that it was fleeting, when that is known.
    pub fn pass(&mut self, to: i64) -> bool {
        let is_known = self.went.is_some_and(|went| to > went + ALONE_MS);
        is_known && self.come(to)
    }
}

/// What is remembered of one alarm, in a bounded space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    /// When it came lately; of those within a minute the last [`HELD_FROM`]. None for one that never came.
    comings: Option<Burst>,
    /// Since when it chatters, and how often it has come.
    chatter: Option<(i64, u32)>,
    is_held: bool,
    came: Option<i64>,
    fleeting: Fleeting,
    /// When it was found to be fleeting.
    found: VecDeque<i64>,
}

impl Habits {
    /// Its condition has come: it is raised, or would be were it not held.
    pub fn come(&mut self, at: Uptime) {
        self.come_at(millis(at));
    }

    /// It came so long before now, as was known when the program began.
    pub fn came_before(&mut self, now: Uptime, ago: Duration) {
        self.come_at(millis(now) - i64::try_from(ago.as_millis()).unwrap_or(i64::MAX / 2));
    }

    fn come_at(&mut self, at: i64) {
        if self.fleeting.come(at) {
            self.find(at);
        }
        self.came = Some(at);
        let comings = self.comings.get_or_insert_with(|| Burst::new(CHATTERING));
        let step = comings.take(at);
        if step.ended.is_some() {
            self.chatter = None;
        }
        if step.begins {
            let begin = comings.recent().next().unwrap_or(at);
            self.chatter = Some((begin, u32::try_from(step.within).unwrap_or(u32::MAX)));
        } else if let Some((_, times)) = &mut self.chatter {
            *times = times.saturating_add(1);
        }
        self.is_held = step.within >= HELD_FROM;
        comings.keep_last(HELD_FROM);
    }

    /// It has returned.
    pub fn go(&mut self, at: Uptime) {
        self.is_held = false;
        if let Some(came) = self.came {
            self.fleeting.go(came, millis(at));
        }
    }

    /// Whether it is held.
    pub fn is_held(&self, now: Uptime) -> bool {
        self.is_held && self.is_chattering(millis(now))
    }

    /// Lets time pass.
    pub fn pass(&mut self, now: Uptime) {
        let now = millis(now);
        if self.fleeting.pass(now) {
            self.find(now);
        }
        while self.found.front().is_some_and(|at| *at <= now - FLEETING_KEPT_MS) {
            self.found.pop_front();
        }
        if self.comings.as_mut().is_some_and(|comings| comings.pass(now).is_some()) {
            self.chatter = None;
        }
    }

    /// How it is a nuisance.
    pub fn nuisance(&self, now: Uptime) -> Option<Nuisance> {
        let now = millis(now);
        if let Some((begin, times)) = self.chatter.filter(|_| self.is_chattering(now)) {
            let lasting = Duration::from_millis((now - begin).max(0).unsigned_abs());
            return Some(Nuisance::Chattering { times, lasting });
        }
        let found = self.found.iter().filter(|at| **at > now - FLEETING_KEPT_MS).count();
        (found > 0).then(|| Nuisance::Fleeting { times: u32::try_from(found).unwrap_or(u32::MAX) })
    }

    /// Whether nothing about it changes by itself as time passes.
    pub fn is_settled(&self) -> bool {
        self.chatter.is_none() && self.found.is_empty() && self.fleeting.went.is_none()
    }

    fn is_chattering(&self, now: i64) -> bool {
        self.comings.as_ref().and_then(Burst::end).is_some_and(|end| end >= now)
    }

    fn find(&mut self, at: i64) {
        if self.found.len() == FLEETING_MOST {
            self.found.pop_front();
        }
        self.found.push_back(at);
    }
}

fn millis(uptime: Uptime) -> i64 {
    i64::try_from(uptime.duration().as_millis()).unwrap_or(i64::MAX / 2)
}
