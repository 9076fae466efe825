//! A day at the demo, counted as its operator would: alarms come as a trickle, one of them at once, and a flood floods.
//!
//! The plant file's own alarms are stepped on the line's own readings, second by second, without a network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alarm::{Act, Alarm, Cause, Deed, Effect, Input, Origin, State};
use formula::Formula;
use gateway::Network;
use model::{Clock, Now, Quality, TagIndex, Timestamp, Uptime, Value};
use plant::{Files, Plant, Source, TagIndices, Watch};

use crate::line::{Faults, Line};
use crate::past::tag_id;
use crate::plant_file::plant_file;
use crate::random::Random;
use crate::readings::Readings;

struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Now {
        Now::default()
    }
}

fn plant() -> Plant {
    let mut files = Files::new();
    files.insert("plant.toml", plant_file(1883, 502));
    let reading = plant::read(&files, &Network::new(Arc::new(NoClock)), &TagIndices::default());
    assert!(reading.problems.is_empty(), "{:#?}", reading.problems);
    reading.plant.unwrap()
}

/// An operator who acknowledges at once and resets what is latched.
struct Operator {
    plant: Plant,
    alarms: Vec<Alarm>,
    raised: BTreeMap<String, Vec<u64>>,
}

impl Operator {
    fn new() -> Self {
        let plant = plant();
        let alarms = plant.alarms.iter().map(|alarm| Alarm::new(alarm.id.clone(), alarm.config.clone())).collect();
        Self { plant, alarms, raised: BTreeMap::new() }
    }

    fn look(&mut self, second: u64, readings: &Readings) {
        let now = Now {
            wall: Timestamp::from_millis(i64::try_from(second * 1000).unwrap()),
            uptime: Uptime::from_duration(Duration::from_secs(second)),
        };
        let values: BTreeMap<TagIndex, Option<Value>> = readings
            .all()
            .iter()
            .filter_map(|reading| Some((self.plant.tag_by_id(&tag_id(reading))?.index, reading.value.clone())))
            .collect();
        for (definition, alarm) in self.plant.alarms.iter().zip(&mut self.alarms) {
            let said = |tag: TagIndex| match &values[&tag] {
                Some(value) => (Some(value.clone()), Quality::GOOD),
                None => (None, Quality::STALE),
            };
            let mut inputs = Vec::new();
            if let Some(enabling) = &definition.enabled_when {
                let active = evaluate(enabling, &values) == Some(Value::Bool(true));
                inputs.push(Input::Enabled { active, quality: Quality::GOOD });
            }
            for tag in definition.config.trigger.operands() {
                let (value, quality) = said(tag);
                inputs.push(Input::Operand { tag, value, quality });
            }
            inputs.push(match &definition.watch {
                Watch::Tag(tag) => {
                    let (value, quality) = said(*tag);
                    Input::Reading { value, quality, time: now.wall }
                }
                Watch::Formula(formula) => {
                    let outcome = evaluate(formula, &values);
                    Input::Truth { active: outcome == Some(Value::Bool(true)), quality: Quality::GOOD }
                }
                Watch::Link(_) | Watch::Certificate { .. } => continue,
            });
            let act = Act { user: String::new(), station: String::new(), note: String::new(), at: now.wall };
            let effects: Vec<Effect> = inputs.into_iter().flat_map(|input| alarm.step(now, input)).collect();
            let is_raise = |effect: &&Effect| match effect {
                Effect::Occurrence(transition) => transition.cause == Cause::Raised,
                Effect::Suppression(_) | Effect::Heard(_) => false,
            };
            let raises = effects.iter().filter(is_raise).count();
            self.raised.entry(definition.id.to_string()).or_default().extend(std::iter::repeat_n(second, raises));
            let Some(occurrence) = alarm.standing().map(|standing| standing.occurrence.clone()) else { continue };
            let what = match alarm.state() {
                State::Unack | State::RtnUnack | State::LatchedUnack => alarm.acknowledge(&occurrence),
                State::LatchedAcked => alarm.reset(&occurrence),
                State::RtnUnconfirmed => alarm.confirm(&occurrence),
                State::Normal | State::Acked => continue,
            };
            let deed = Deed { order: now.wall.millis(), alarm: alarm.id().clone(), what, act };
            alarm.step(now, Input::Deed(deed, Origin::Here));
        }
    }

    fn count(&self) -> usize {
        self.raised.values().map(Vec::len).sum()
    }
}

fn evaluate(formula: &Formula, values: &BTreeMap<TagIndex, Option<Value>>) -> Option<Value> {
    let read = |tag: TagIndex| match &values[&tag] {
        Some(value) => formula::Reading { value: Some(value.clone()), quality: Quality::GOOD },
        None => formula::Reading { value: None, quality: Quality::STALE },
    };
    formula.evaluate(&read).value
}

#[test]
fn a_day_has_a_trickle_of_alarms_and_the_first_at_once() {
    let mut line = Line::running(8.0 * 3600.0);
    line.mount_reel_for(8.0);
    let (mut random, mut noise) = (Random::new(11), Random::new(12));
    let mut operator = Operator::new();
    for second in 0..86_400 {
        line.step(1.0, &mut random);
        operator.look(second, &Readings::of(&line, &mut noise));
    }
    let first = operator.raised.values().flatten().min().copied().unwrap();
    assert!((3..=20).contains(&first), "the first alarm after {first} s");
    let by_alarm: Vec<String> = operator.raised.iter().map(|(id, at)| format!("{id}: {}", at.len())).collect();
    let an_hour = operator.count() / 24;
    assert!((8..=25).contains(&an_hour), "{an_hour} alarms an hour:\n{}", by_alarm.join("\n"));
    let mut all: Vec<u64> = operator.raised.values().flatten().copied().collect();
    all.sort_unstable();
    let crowd = all.iter().map(|from| all.iter().filter(|at| (*from..from + 600).contains(*at)).count()).max().unwrap();
    assert!(crowd <= 10, "{crowd} alarms in ten minutes is a flood (EEMUA 191)");
}

#[test]
fn a_flood_floods() {
    let mut line = Line::running(8.0 * 3600.0);
    line.set_faults(Faults::None);
    let (mut random, mut noise) = (Random::new(1), Random::new(2));
    let mut operator = Operator::new();
    line.flood();
    for second in 0..60 {
        line.step(1.0, &mut random);
        operator.look(second, &Readings::of(&line, &mut noise));
    }
    assert!(operator.count() >= 15, "{:?}", operator.raised);
}

#[test]
fn written_calculations_are_those_of_the_plant_file() {
    let plant = plant();
    let mut line = Line::running(0.0);
    let (mut random, mut noise) = (Random::new(3), Random::new(4));
    for _ in 0..50 {
        line.step(61.0, &mut random);
        let readings = Readings::of(&line, &mut noise);
        let values: BTreeMap<TagIndex, Option<Value>> = readings
            .all()
            .iter()
            .filter_map(|reading| Some((plant.tag_by_id(&tag_id(reading))?.index, reading.value.clone())))
            .collect();
        for tag in &plant.tags {
            let Source::Calculated(formula) = &tag.source else { continue };
            let (calculated, written) = (evaluate(formula, &values), values[&tag.index].clone());
            let same = match (calculated.as_ref().and_then(Value::number), written.as_ref().and_then(Value::number)) {
                (Some(calculated), Some(written)) => (calculated - written).abs() <= 0.51,
                (None, None) => calculated == written,
                _ => false,
            };
            assert!(same, "{}: {calculated:?} by the formula, {written:?} written", tag.id);
        }
    }
}
