//! What the tests of the state machine share: an alarm on a bench, with a journal that must always agree with it.

mod detectors;
mod floods;
mod kinds;
mod merging;
mod nuisances;
mod properties;
mod records;
mod replay;
mod stories;
mod suppression;

use std::time::Duration;

use model::{Now, Quality, Timestamp, Uptime, Value};

use crate::{
    Act, Alarm, AlarmId, Cause, Config, Deed, Effect, Input, Known, Level, LimitKind, Measure, OccurrenceId, Off,
    Operand, Origin, PRIORITIES, Refusal, Standing, Suppression, Transition, Trigger, What,
};

/// An alarm with its journal, at a wall time that follows the uptime.
#[derive(Clone)]
pub struct Bench {
    pub alarm: Alarm,
    pub journal: Vec<Transition>,
    pub suppression: Suppression,
    pub deeds: Vec<Deed>,
    pub wall_offset_ms: i64,
    /// When it was stepped last.
    pub last_ms: u64,
}

impl Bench {
    pub fn new(config: Config) -> Self {
        Self {
            alarm: Alarm::new(AlarmId::new("line1/filler/temp"), config),
            journal: Vec::new(),
            suppression: Suppression::default(),
            deeds: Vec::new(),
            wall_offset_ms: 0,
            last_ms: 0,
        }
    }

    pub fn now(&self, at_ms: u64) -> Now {
        let wall = Timestamp::from_millis(1_700_000_000_000 + self.wall_offset_ms);
        Now { wall: wall.saturating_add(Duration::from_millis(at_ms)), uptime: Uptime::from_millis(at_ms) }
    }

    /// Steps, journals, and makes sure that the journal gives what the alarm has.
    pub fn step(&mut self, at_ms: u64, input: Input) -> Vec<Transition> {
        let effects = self.every_effect(at_ms, input);
        let occurrence = |effect| match effect {
            Effect::Occurrence(transition) => Some(transition),
            Effect::Suppression(_) | Effect::Heard(_) => None,
        };
        effects.into_iter().filter_map(occurrence).collect()
    }

    pub fn every_effect(&mut self, at_ms: u64, input: Input) -> Vec<Effect> {
        if let Input::Deed(deed, _) = &input {
            self.deeds.push(deed.clone());
        }
        self.last_ms = at_ms;
        let effects = self.alarm.step(self.now(at_ms), input);
        for effect in &effects {
            match effect {
                Effect::Occurrence(transition) => self.journal.push(transition.clone()),
                Effect::Suppression(change) => self.suppression.follow(change),
                Effect::Heard(_) => {}
            }
        }
        let live: Vec<Standing> = self.alarm.standings().cloned().collect();
        assert_eq!(self.replay(), live, "the journal gives what the alarm has");
        assert_eq!(self.suppression, *self.alarm.suppression(), "and what keeps it from being announced");
        effects
    }

    /// What somebody does at this station, where it is not refused.
    pub fn act(&mut self, at_ms: u64, what: What, note: &str) -> Result<Vec<Transition>, Refusal> {
        self.alarm.check(&what, self.now(at_ms))?;
        let input = self.deed(at_ms, what, note);
        Ok(self.step(at_ms, input))
    }

    pub fn acknowledge(&mut self, at_ms: u64, occurrence: &OccurrenceId) -> Result<Vec<Transition>, Refusal> {
        self.act(at_ms, self.alarm.acknowledge(occurrence), "seen")
    }

    pub fn reset(&mut self, at_ms: u64, occurrence: &OccurrenceId) -> Result<Vec<Transition>, Refusal> {
        self.act(at_ms, self.alarm.reset(occurrence), "repaired")
    }

    /// An act as it is told to the alarm.
    pub fn deed(&self, at_ms: u64, what: What, note: &str) -> Input {
        let order = self.now(at_ms).wall.millis().max(self.deeds.iter().map(|deed| deed.order + 1).max().unwrap_or(0));
        let act = Act { at: self.now(at_ms).wall, ..act(note) };
        Input::Deed(Deed { order, alarm: self.alarm.id().clone(), what, act }, Origin::Here)
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
        let known = Known {
            standings: self.replay(),
            suppression: self.suppression.clone(),
            deeds: self.deeds.iter().map(|deed| (deed.clone(), Origin::Here)).collect(),
        };
        let now = self.now(self.last_ms);
        let restored = Alarm::restore(self.alarm.id().clone(), self.alarm.config().clone(), known, now);
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

/// A limit on the value itself.
pub fn limit(kind: LimitKind, limit: f64, deadband: f64) -> Trigger {
    let off = Off::Deadband(deadband);
    let level = Level { kind, limit: Operand::Number(limit), off, priority: PRIORITIES[1] };
    Trigger::Limit { measure: Measure::Value, levels: vec![level] }
}

pub fn high(at: f64) -> Config {
    Config::new(limit(LimitKind::High, at, 2.0), PRIORITIES[1])
}

/// A reading whose time follows the uptime.
pub fn reading(at_ms: u64, number: Option<f64>, quality: Quality) -> Input {
    let time = Timestamp::from_millis(1_700_000_000_000).saturating_add(Duration::from_millis(at_ms));
    Input::Reading { value: number.map(Value::Float), quality, time }
}
