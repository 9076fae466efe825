//! An alarm's past over again: what would have been announced, had it been configured otherwise.
//!
//! A [`Replay`] tells the very [`Alarm`] that runs in the plant what its sources said, at the times at which they said it,
//! and counts. Nobody acknowledges in it, and nothing is suppressed: it says what the condition does, not what people made
//! of it.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Now, Timestamp, Uptime};

use crate::{Alarm, AlarmId, Cause, Config, Effect, Input};

/// A flood is over a window of this length (ISA-18.2, 16.4: alarms in ten minutes).
const FLOOD_WINDOW: Duration = Duration::from_secs(600);
/// More activations than this in the window begin a flood.
const FLOOD_BEGINS: usize = 10;
/// Fewer than this in the window end it.
const FLOOD_ENDS: usize = 5;
/// An alarm chatters that is raised so often ...
const CHATTERING: usize = 3;
/// ... within this time.
const CHATTERING_WITHIN: Duration = Duration::from_secs(60);
/// An alarm that is gone again within this time was too short to act on.
const FLEETING: Duration = Duration::from_secs(10);

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
pub struct Flood {
    /// The first of the activations that made it one.
    pub from: Timestamp,
    /// When there were few enough again, or the end of the replay.
    pub until: Timestamp,
    /// Activations in it.
    pub activations: u64,
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

    /// How often it was gone again before anybody could act on it.
    pub fn fleeting(&self) -> usize {
        let is_fleeting = |one: &&Activation| one.until.is_some_and(|until| between(one.from, until) < FLEETING);
        self.activations.iter().filter(is_fleeting).count()
    }

    /// How many of its activations were the third within a minute, or a later one.
    pub fn chattering(&self) -> usize {
        let runs = self.activations.windows(CHATTERING);
        runs.filter(|run| between(run[0].from, run[CHATTERING - 1].from) <= CHATTERING_WITHIN).count()
    }

    /// The floods that it makes by itself, until the end of the replay.
    pub fn floods(&self, end: Timestamp) -> Vec<Flood> {
        floods(self.activations.iter().map(|one| one.from), end)
    }
}

/// The floods among activations in order of time, until `end`: each begins with more than ten in ten minutes and lasts until
/// there are fewer than five (ISA-18.2, 16.5).
pub fn floods(activations: impl IntoIterator<Item = Timestamp>, end: Timestamp) -> Vec<Flood> {
    let mut floods: Vec<Flood> = Vec::new();
    let mut window: VecDeque<Timestamp> = VecDeque::new();
    let mut in_flood = false;
    for at in activations {
        in_flood = in_flood && !ends_by(&mut window, at, &mut floods);
        while window.front().is_some_and(|first| between(*first, at) >= FLOOD_WINDOW) {
            window.pop_front();
        }
        window.push_back(at);
        if in_flood {
            floods.last_mut().into_iter().for_each(|flood| flood.activations += 1);
        } else if window.len() > FLOOD_BEGINS {
            in_flood = true;
            floods.push(Flood { from: window[0], until: end, activations: window.len() as u64 });
        }
    }
    if in_flood {
        ends_by(&mut window, end, &mut floods);
    }
    floods
}

/// Ends the last flood where there were fewer than five in the window at some time up to `by`.
fn ends_by(window: &mut VecDeque<Timestamp>, by: Timestamp, floods: &mut [Flood]) -> bool {
    // As long as the fifth newest is within the window, there are five.
    let fifth = window.len().checked_sub(FLOOD_ENDS).map(|at| window[at]);
    let over = fifth.map(|fifth| fifth.saturating_add(FLOOD_WINDOW)).filter(|over| *over <= by);
    if let (Some(over), Some(flood)) = (over, floods.last_mut()) {
        flood.until = over;
        window.retain(|at| between(*at, over) < FLOOD_WINDOW);
    }
    over.is_some()
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(to.millis_since(from).max(0).unsigned_abs())
}
