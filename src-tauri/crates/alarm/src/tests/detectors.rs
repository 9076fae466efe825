//! The detectors beside naive references, over any order of samples, gaps and bad quality.

use std::time::Duration;

use model::{Quality, TagIndex, Timestamp, Value};
use proptest::prelude::*;

use super::{Bench, limit, reading};
use crate::{
    Config, Enabling, Event, Input, Level, LimitKind, Measure, Off, Operand, PRIORITIES, Sense, State, Trigger,
};

const WINDOW_MS: u64 = 10_000;

fn on(measure: Measure, at: f64) -> Config {
    let level =
        Level { kind: LimitKind::High, limit: Operand::Number(at), off: Off::Deadband(0.0), priority: PRIORITIES[0] };
    unheld(Trigger::Limit { measure, levels: vec![level] })
}

/// An alarm that follows its detector at once, however often it comes.
fn unheld(trigger: Trigger) -> Config {
    Config { chatter_hold: Duration::ZERO, ..Config::new(trigger, PRIORITIES[0]) }
}

/// Samples with their times, so far apart that a window of ten seconds tells them from each other.
fn samples(values: std::ops::Range<i32>) -> impl Strategy<Value = Vec<(u64, f64)>> {
    let sample = (50..4_000_u64, values.prop_map(f64::from));
    prop::collection::vec(sample, 1..60).prop_map(|apart| {
        let mut at = 0;
        apart
            .into_iter()
            .map(|(later, value)| {
                at += later;
                (at, value)
            })
            .collect()
    })
}

/// The value at a time by brute force: on the line between the samples around it.
fn value_at(samples: &[(u64, f64)], at: i64) -> f64 {
    let at = at as f64;
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    if at <= first.0 as f64 {
        return first.1;
    }
    if at >= last.0 as f64 {
        return last.1;
    }
    let pair = samples.windows(2).find(|pair| pair[0].0 as f64 <= at && at <= pair[1].0 as f64).expect("within them");
    let ((from, before), (to, after)) = (pair[0], pair[1]);
    before + (after - before) * (at - from as f64) / (to - from) as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_rate_is_that_of_brute_force(samples in samples(0..100), limit in 1..40_i32) {
        let limit = f64::from(limit) / 4.0;
        let window = Duration::from_millis(WINDOW_MS);
        let mut bench = Bench::new(on(Measure::Rate { window, sense: Sense::Both }, limit));
        for (n, (at_ms, value)) in samples.iter().enumerate() {
            bench.step(*at_ms, reading(*at_ms, Some(*value), Quality::GOOD));
            let known = &samples[..=n];
            let begin = i64::try_from(*at_ms).unwrap() - i64::try_from(WINDOW_MS).unwrap();
            let rate = (value - value_at(known, begin)).abs() / 10.0;
            // So near to the limit the order of the arithmetic decides.
            prop_assume!((rate - limit).abs() > 1e-9);
            prop_assert_eq!(bench.alarm.state().is_present(), rate >= limit, "{} a second at {} ms", rate, at_ms);
        }
    }

    #[test]
    fn between_samples_a_rate_ends_by_its_deadlines(samples in samples(0..100), limit in 1..40_i32) {
        let limit = f64::from(limit) / 4.0;
        let window = Duration::from_millis(WINDOW_MS);
        let mut bench = Bench::new(on(Measure::Rate { window, sense: Sense::Both }, limit));
        let mut last_ms = 0;
        for (at_ms, value) in &samples {
            bench.step(*at_ms, reading(*at_ms, Some(*value), Quality::GOOD));
            last_ms = *at_ms;
        }
        let mut ticks = 0;
        while let Some(due) = bench.alarm.deadline() {
            let due_ms = u64::try_from(due.duration().as_millis()).unwrap();
            prop_assert!(due_ms > last_ms, "a deadline is ahead");
            prop_assert!(due_ms <= samples[samples.len() - 1].0 + WINDOW_MS);
            last_ms = due_ms;
            bench.step(due_ms, Input::Tick);
            ticks += 1;
            prop_assert!(ticks <= samples.len());
        }
        prop_assert!(!bench.alarm.state().is_present(), "a value that stays has no rate");
    }

    #[test]
    fn within_the_deadband_nothing_chatters(
        values in prop::collection::vec(70.0..=80.0_f64, 1..100),
        deadband in 0.0..12.0_f64,
    ) {
        let mut bench = Bench::new(unheld(limit(LimitKind::High, 80.0, deadband)));
        bench.step(0, reading(0, Some(80.0), Quality::GOOD));
        let mut is_present = true;
        for (at_ms, value) in (1..).zip(values) {
            let was_present = is_present;
            bench.step(at_ms, reading(at_ms, Some(value), Quality::GOOD));
            is_present = bench.alarm.state().is_present();
            if value < 80.0 && value >= 80.0 - deadband {
                prop_assert_eq!(is_present, was_present, "{} is within the deadband {}", value, deadband);
            } else {
                prop_assert_eq!(is_present, value >= 80.0);
            }
        }
    }

    #[test]
    fn a_count_is_that_of_brute_force(samples in samples(0..2), times in 1..6_u16) {
        let within = Duration::from_millis(WINDOW_MS);
        let event = Event::Switch { active_when: true };
        let mut bench = Bench::new(on(Measure::Count { within, event }, f64::from(times)));
        for (n, (at_ms, value)) in samples.iter().enumerate() {
            bench.step(*at_ms, reading(*at_ms, Some(*value), Quality::GOOD));
            let comes = samples[..=n].windows(2).filter(|pair| {
                pair[0].1 == 0.0 && pair[1].1 == 1.0 && at_ms - pair[1].0 < WINDOW_MS
            });
            prop_assert_eq!(bench.alarm.state().is_present(), comes.count() >= usize::from(times), "at {} ms", at_ms);
        }
    }

    #[test]
    fn a_cusum_is_that_of_its_definition(
        values in prop::collection::vec(-30..30_i32, 1..80),
        slack in 0..4_i32,
        decision in 1..40_i32,
    ) {
        let (slack, decision) = (f64::from(slack), f64::from(decision));
        let measure = Measure::Cusum { target: Operand::Number(0.0), slack, sense: Sense::Both };
        let mut bench = Bench::new(on(measure, decision));
        // Whole numbers, so that both add up exactly.
        let (mut above, mut below) = (0.0_f64, 0.0_f64);
        for (at_ms, value) in (0..).zip(values) {
            let value = f64::from(value);
            bench.step(at_ms, reading(at_ms, Some(value), Quality::GOOD));
            above = (above + value - slack).clamp(0.0, decision);
            below = (below - value - slack).clamp(0.0, decision);
            prop_assert_eq!(bench.alarm.state().is_present(), above >= decision || below >= decision);
        }
    }

    #[test]
    fn a_level_is_the_highest_that_is_reached(values in prop::collection::vec(0.0..100.0_f64, 1..60)) {
        let level = |kind, limit| Level {
            kind,
            limit: Operand::Number(limit),
            off: Off::Deadband(0.0),
            priority: PRIORITIES[0],
        };
        let levels = vec![level(LimitKind::High, 50.0), level(LimitKind::HighHigh, 80.0)];
        let mut bench = Bench::new(unheld(Trigger::Limit { measure: Measure::Value, levels }));
        for (at_ms, value) in (0..).zip(values) {
            bench.step(at_ms, reading(at_ms, Some(value), Quality::GOOD));
            prop_assert_eq!(bench.alarm.state().is_present(), value >= 50.0);
            if value >= 50.0 {
                prop_assert_eq!(bench.alarm.level(), u8::from(value >= 80.0));
            }
        }
    }
}

/// Everything that an alarm may be told of its sources.
fn heard() -> impl Strategy<Value = Input> {
    let quality = prop::sample::select(vec![
        Quality::GOOD,
        Quality::GOOD,
        Quality::GOOD,
        Quality::STALE,
        Quality::UNCERTAIN_SENSOR,
        Quality::BAD_SENSOR_FAILURE,
    ]);
    let value = prop_oneof![
        6 => (0..10_i64).prop_map(|number| Some(Value::Int(number))),
        1 => Just(Some(Value::text("Held"))),
        1 => Just(None),
    ];
    prop_oneof![
        6 => (value.clone(), quality.clone(), 0..100_000_i64).prop_map(|(value, quality, ms)| Input::Reading {
            value,
            quality,
            time: Timestamp::from_millis(ms),
        }),
        2 => (value, quality.clone()).prop_map(|(value, quality)| Input::Operand { tag: OTHER, value, quality }),
        2 => (any::<bool>(), quality).prop_map(|(active, quality)| Input::Enabled { active, quality }),
        1 => Just(Input::SourceLost),
        1 => Just(Input::SourceBack),
        2 => Just(Input::Tick),
    ]
}

const OTHER: TagIndex = TagIndex(3);

fn any_trigger() -> impl Strategy<Value = Trigger> {
    let sense = prop::sample::select(vec![Sense::Up, Sense::Down, Sense::Both]);
    let operand = prop::sample::select(vec![Operand::Number(4.0), Operand::Tag(OTHER)]);
    let window = Duration::from_secs(5);
    let measure = prop_oneof![
        Just(Measure::Value),
        (operand.clone(), sense.clone()).prop_map(|(setpoint, sense)| Measure::Deviation { setpoint, sense }),
        sense.clone().prop_map(move |sense| Measure::Rate { window, sense }),
        Just(Measure::Count {
            within: window,
            event: Event::Crossing { kind: LimitKind::High, limit: 5.0, deadband: 1.0 }
        }),
        (operand.clone(), sense).prop_map(|(target, sense)| Measure::Cusum { target, slack: 0.5, sense }),
    ];
    prop_oneof![
        5 => (measure, operand).prop_map(|(measure, limit)| {
            let off = Off::Deadband(0.5);
            let level = Level { kind: LimitKind::High, limit, off, priority: PRIORITIES[0] };
            Trigger::Limit { measure, levels: vec![level] }
        }),
        1 => Just(Trigger::State { states: vec![Value::Int(3), Value::text("Held")], active_when: true }),
        1 => Just(Trigger::Discrepancy { command: OTHER }),
        1 => Just(Trigger::Unchanged { within: window, band: 0.5 }),
        1 => Just(Trigger::Silent { within: window }),
    ]
}

/// Whether nothing may be concluded from the newest of each source.
struct Trust {
    watched: bool,
    operand: bool,
    enabled: Option<bool>,
}

impl Trust {
    fn hear(&mut self, input: &Input) {
        match input {
            Input::Reading { value, quality, .. } => self.watched = quality.is_good() && value.is_some(),
            Input::Operand { value, quality, .. } => self.operand = quality.is_good() && value.is_some(),
            Input::Enabled { active, quality } => self.enabled = quality.is_good().then_some(*active),
            Input::SourceLost => self.watched = false,
            Input::Truth { .. } | Input::SourceBack | Input::Tick | Input::Deed(..) | Input::Design(_) => {}
        }
    }

    /// Silence is judged by what does not come, and so by no quality.
    fn is_missing(&self, config: &Config) -> bool {
        if config.enabling == Enabling::Conditional && self.enabled != Some(true) {
            return self.enabled.is_none();
        }
        let needs_operand = !config.trigger.operands().is_empty();
        let is_silence = matches!(config.trigger, Trigger::Silent { .. });
        !is_silence && (!self.watched || (needs_operand && !self.operand))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_cannot_be_trusted_holds_the_state(
        trigger in any_trigger(),
        is_conditional: bool,
        script in prop::collection::vec((0..3_000_u64, heard()), 0..60),
    ) {
        let enabling = if is_conditional { Enabling::Conditional } else { Enabling::Always };
        let mut bench = Bench::new(Config { enabling, ..unheld(trigger) });
        let mut trust = Trust { watched: false, operand: false, enabled: None };
        let mut at_ms = 0;
        for (later, input) in script {
            at_ms += later;
            let before = bench.alarm.state();
            trust.hear(&input);
            let effects = bench.step(at_ms, input.clone());
            if trust.is_missing(bench.alarm.config()) {
                prop_assert!(effects.is_empty(), "{:?} made {:?}", input, effects);
                prop_assert_eq!(bench.alarm.state(), before);
                prop_assert!(bench.alarm.source_lost(), "and it is marked");
            }
            if enabling == Enabling::Conditional && trust.enabled == Some(false) {
                prop_assert!(!bench.alarm.state().is_present(), "it is not looked at");
            }
            if let Some(due) = bench.alarm.deadline() {
                prop_assert!(due > bench.now(at_ms).uptime, "a deadline is ahead");
            }
            prop_assert_eq!(bench.step(at_ms, input), Vec::new(), "told twice, it is heard once");
        }
        prop_assert!(matches!(bench.alarm.state(), State::Normal | State::Unack | State::RtnUnack));
    }
}
