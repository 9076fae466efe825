//! An alarm's past over again: what would have been announced, had it been configured otherwise.
//!
//! A [`Replay`] tells the very [`Alarm`] that runs in the plant what its sources said, at the times at which they said it,
//! and counts. Nobody acknowledges in it, and nothing is suppressed: it says what the condition does, not what people made
//! of it.

use std::time::Duration;

use model::{Now, Timestamp, Uptime};

use crate::nuisance::CHATTERING;
use crate::{Alarm, AlarmId, Burst, BurstRule, Cause, Config, Effect, Fleeting, FloodWatch, Input};

/// What comes within an hour is counted; it never is a burst.
const HOUR: BurstRule = BurstRule { within_ms: 3_600_000, begins_at: usize::MAX, ends_below: 0 };

/// An alarm that is told its past.
#[derive(Debug)]
pub struct Replay {
    alarm: Alarm,
    begin: Timestamp,
    replayed: Replayed,
    unknown_since: Option<Timestamp>,
}

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// Each time the alarm was active, in order of time. Raised anew and recurred while latched count alike.
    pub activations: Vec<Activation>,
    /// How often it went on to a more severe level.
    pub escalations: u64,
    /// For how long its source could not be judged.
    pub unknown: Duration,
}

/// One time the alarm was active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// When it was announced, its on-delay included.
    pub from: Timestamp,
    /// When it returned, its off-delay included; none where it was still active at the end.
    pub until: Option<Timestamp>,
    /// The most severe level it had.
    pub level: u8,
}

/// A time in which more is announced than a person can look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayedFlood {
    /// The first of the activations that made it one.
    pub from: Timestamp,
    /// When there were few enough again, or the end of the replay.
    pub until: Timestamp,
}

impl Replay {
    /// An alarm that has heard nothing yet. `begin` is before everything that it will be told.
    pub fn new(id: AlarmId, config: Config, begin: Timestamp) -> Self {
        Self { alarm: Alarm::new(id, config), begin, replayed: Replayed::default(), unknown_since: Some(begin) }
    }

    /// Tells it something, not earlier than everything before. Delays that end by then end first.
    pub fn tell(&mut self, at: Timestamp, input: Input) {
        self.pass(at);
        self.step(at, input);
    }

    /// How often it was active so far.
    pub fn activations(&self) -> usize {
        self.replayed.activations.len()
    }

    /// Lets the time until the end pass, and says what came of it all.
    pub fn finish(mut self, end: Timestamp) -> Replayed {
        self.pass(end);
        if let Some(since) = self.unknown_since {
            self.replayed.unknown += between(since, end);
        }
        self.replayed
    }

    fn pass(&mut self, until: Timestamp) {
        while let Some(due) = self.alarm.deadline() {
            let at = self.begin.saturating_add(due.duration());
            if at > until {
                return;
            }
            self.step(at, Input::Tick);
            if self.alarm.deadline() == Some(due) {
                return;
            }
        }
    }

    fn step(&mut self, at: Timestamp, input: Input) {
        let now = Now { wall: at, uptime: Uptime::from_duration(between(self.begin, at)) };
        for effect in self.alarm.step(now, input) {
            if let Effect::Occurrence(transition) = effect {
                self.count(at, &transition.cause, transition.level);
            }
        }
        match (self.unknown_since, self.alarm.source_lost()) {
            (None, true) => self.unknown_since = Some(at),
            (Some(since), false) => {
                self.replayed.unknown += between(since, at);
                self.unknown_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn count(&mut self, at: Timestamp, cause: &Cause, level: u8) {
        match cause {
            Cause::Raised | Cause::Recurred => {
                self.replayed.activations.push(Activation { from: at, until: None, level });
            }
            Cause::Returned => self.last().into_iter().for_each(|last| last.until = Some(at)),
            Cause::Escalated => {
                self.replayed.escalations += 1;
                self.last().into_iter().for_each(|last| last.level = last.level.max(level));
            }
            Cause::Acknowledged(_)
            | Cause::Reset(_)
            | Cause::AutoReturn
            | Cause::Eased
            | Cause::ReAlarmed
            | Cause::Unsuppressed
            | Cause::Confirmed(_)
            | Cause::Noted(_) => {}
        }
    }

    fn last(&mut self) -> Option<&mut Activation> {
        self.replayed.activations.last_mut()
    }
}

impl Replayed {
    /// For how long it was active, until the end of the replay.
    pub fn active(&self, end: Timestamp) -> Duration {
        self.activations.iter().map(|one| between(one.from, one.until.unwrap_or(end))).sum()
    }

    /// How often it went before anybody could act on it and did not come again at once, as the figures of the journal count
    /// it.
    pub fn fleeting(&self, end: Timestamp) -> usize {
        let mut fleeting = Fleeting::default();
        let mut count = 0;
        for one in &self.activations {
            count += usize::from(fleeting.come(one.from.millis()));
            if let Some(until) = one.until {
                fleeting.go(one.from.millis(), until.millis());
            }
        }
        count + usize::from(fleeting.come(end.millis()))
    }

    /// How often it began to chatter, as the figures of the journal count it.
    pub fn chattering(&self) -> usize {
        let mut burst = Burst::new(CHATTERING);
        self.activations.iter().filter(|one| burst.take(one.from.millis()).begins).count()
    }

    /// Most activations within any hour.
    pub fn worst_hour(&self) -> usize {
        let mut hour = Burst::new(HOUR);
        self.activations.iter().map(|one| hour.take(one.from.millis()).within).max().unwrap_or(0)
    }

    /// The floods that it makes by itself, until the end of the replay.
    pub fn floods(&self, end: Timestamp) -> Vec<ReplayedFlood> {
        let mut watch = FloodWatch::default();
        let mut floods = Vec::new();
        let flood = |from, until| ReplayedFlood {
            from: Timestamp::from_millis(from),
            until: Timestamp::from_millis(until).min(end),
        };
        for one in &self.activations {
            if let Some((until, of)) = watch.take(one.from.millis()).ended {
                floods.push(flood(of.begin, until));
            }
        }
        if let (Some(until), Some(of)) = (watch.end(), watch.current()) {
            floods.push(flood(of.begin, until));
        }
        floods
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(to.millis_since(from).max(0).unsigned_abs())
}
