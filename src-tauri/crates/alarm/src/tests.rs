//! What the tests of the state machine share: an alarm on a bench, with a journal that must always agree with it.

mod properties;
mod records;
mod stories;

use std::time::Duration;

use model::{Now, Timestamp, Uptime};

use crate::{
    Act, Alarm, AlarmId, Cause, Config, Input, Latching, LimitKind, OccurrenceId, PRIORITIES, ReturnAck, Standing,
    Transition, Trigger,
};

/// An alarm with its journal, at a wall time that follows the uptime.
pub struct Bench {
    pub alarm: Alarm,
    pub journal: Vec<Transition>,
    pub wall_offset_ms: i64,
}

impl Bench {
    pub fn new(config: Config) -> Self {
        Self { alarm: Alarm::new(AlarmId::new("line1/filler/temp"), config), journal: Vec::new(), wall_offset_ms: 0 }
    }

    pub fn now(&self, at_ms: u64) -> Now {
        let wall = Timestamp::from_millis(1_700_000_000_000 + self.wall_offset_ms);
        Now { wall: wall.saturating_add(Duration::from_millis(at_ms)), uptime: Uptime::from_millis(at_ms) }
    }

    /// Steps, journals, and makes sure that the journal gives what the alarm has.
    pub fn step(&mut self, at_ms: u64, input: Input) -> Vec<Transition> {
        let effects = self.alarm.step(self.now(at_ms), input);
        self.journal.extend(effects.iter().cloned());
        let live: Vec<Standing> = self.alarm.standings().cloned().collect();
        assert_eq!(self.replay(), live, "the journal gives what the alarm has");
        effects
    }

    pub fn replay(&self) -> Vec<Standing> {
        let mut standings: Vec<Standing> = Vec::new();
        for transition in &self.journal {
            let at = standings.iter().position(|standing| standing.occurrence == transition.occurrence);
            let before = at.map(|at| standings.remove(at));
            if let Some(after) = Standing::after(before, transition) {
                standings.insert(at.unwrap_or(standings.len()), after);
            }
        }
        standings
    }

    /// What kill -9 and a new start do: only the journal is left.
    pub fn restart(&mut self) {
        let restored = Alarm::restore(self.alarm.id().clone(), self.alarm.config().clone(), self.replay());
        assert_eq!(restored.state(), self.alarm.state());
        self.alarm = restored;
    }

    /// The n-th occurrence ever raised, counted from 1.
    pub fn occurrence(&self, n: usize) -> OccurrenceId {
        let raised = self.journal.iter().filter(|transition| transition.cause == Cause::Raised);
        raised.map(|transition| transition.occurrence.clone()).nth(n - 1).expect("so many were raised")
    }
}

pub fn act(note: &str) -> Act {
    Act { user: "mueller".into(), station: "line 1".into(), note: note.into(), at: Timestamp::from_millis(5) }
}

pub fn high(limit: f64) -> Config {
    Config {
        trigger: Trigger::Limit { kind: LimitKind::High, limit, deadband: 2.0 },
        on_delay: Duration::ZERO,
        off_delay: Duration::ZERO,
        latching: Latching::No,
        priority: PRIORITIES[1],
        return_ack: ReturnAck::Required,
    }
}
