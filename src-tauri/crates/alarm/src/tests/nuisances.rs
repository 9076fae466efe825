//! Alarms that chatter or are fleeting, and what keeps one that chatters from filling the journal.

use std::time::Duration;

use model::{Quality, Uptime};
use proptest::prelude::*;

use super::{Bench, high, limit, reading};
use crate::{
    Cause, Config, Enabling, Input, Latching, Level, LimitKind, Measure, Nuisance, Off, Operand, PRIORITIES, State,
    Trigger,
};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

fn set(bench: &mut Bench, at: u64, value: f64) {
    // As the engine does: what has become due is carried out before anything new is heard.
    while let Some(due) = bench.alarm.deadline().filter(|due| *due <= Uptime::from_millis(at)) {
        let due = u64::try_from(due.duration().as_millis()).unwrap().max(bench.last_ms);
        bench.step(due, Input::Tick);
    }
    bench.step(at, reading(at, Some(value), Quality::GOOD));
    bench.alarm.pass(Uptime::from_millis(at));
}

fn nuisance(bench: &Bench, at: u64) -> Option<Nuisance> {
    bench.alarm.nuisance(Uptime::from_millis(at))
}

fn count(bench: &Bench, cause: &Cause) -> usize {
    bench.journal.iter().filter(|transition| transition.cause == *cause).count()
}

/// Comes and goes every so many milliseconds, up to a time.
fn chatter(bench: &mut Bench, from: u64, to: u64, every: u64) {
    let mut at = from;
    while at < to {
        set(bench, at, 85.0);
        set(bench, at + every / 2, 70.0);
        at += every;
    }
}

#[test]
fn the_third_time_within_a_minute_is_chattering_until_a_minute_has_fewer() {
    let mut bench = Bench::new(high(80.0));
    chatter(&mut bench, 0, 20 * SECOND, 10 * SECOND);
    assert_eq!(nuisance(&bench, 20 * SECOND), None, "twice is no pattern");
    set(&mut bench, 20 * SECOND, 85.0);
    let lasting = Duration::from_secs(20);
    assert_eq!(nuisance(&bench, 20 * SECOND), Some(Nuisance::Chattering { times: 3, lasting }));
    let lasting = Duration::from_secs(60);
    assert_eq!(nuisance(&bench, MINUTE), Some(Nuisance::Chattering { times: 3, lasting }), "a minute after the first");
    assert_eq!(nuisance(&bench, MINUTE + 1), None, "it ends by itself");
}

#[test]
fn one_that_goes_at_once_and_stays_away_is_fleeting_for_an_hour() {
    let mut bench = Bench::new(high(80.0));
    set(&mut bench, 0, 85.0);
    set(&mut bench, 4 * SECOND, 70.0);
    set(&mut bench, 64 * SECOND, 70.0);
    assert_eq!(nuisance(&bench, 64 * SECOND), None, "it might come again within the minute");
    set(&mut bench, 64 * SECOND + 1, 70.0);
    assert_eq!(nuisance(&bench, 65 * SECOND), Some(Nuisance::Fleeting { times: 1 }));
    assert_eq!(nuisance(&bench, 64 * SECOND + 60 * MINUTE), Some(Nuisance::Fleeting { times: 1 }));
    assert_eq!(nuisance(&bench, 65 * SECOND + 60 * MINUTE), None);
}

#[test]
fn one_that_stays_for_longer_is_none() {
    let mut bench = Bench::new(high(80.0));
    set(&mut bench, 0, 85.0);
    set(&mut bench, 10 * SECOND + 1, 70.0);
    set(&mut bench, 5 * MINUTE, 70.0);
    assert_eq!(nuisance(&bench, 5 * MINUTE), None);
}

#[test]
fn a_tag_that_swings_round_its_limit_is_one_alarm_that_stands_and_is_counted() {
    let mut bench = Bench::new(high(80.0));
    chatter(&mut bench, 0, 6 * MINUTE, 20);
    assert_eq!(bench.alarm.state(), State::Unack, "it is held");
    assert_eq!((count(&bench, &Cause::Raised), count(&bench, &Cause::Returned)), (10, 9));
    assert_eq!(bench.journal.len(), 19, "and nothing else was journalled in 18,000 comings and goings");
    let Some(Nuisance::Chattering { times, .. }) = nuisance(&bench, 6 * MINUTE) else { panic!("it chatters") };
    assert_eq!(times, 18_000, "each is counted");
    // Ten seconds without it: now it has gone, and the time is that of the belief.
    set(&mut bench, 6 * MINUTE + 11 * SECOND, 70.0);
    assert_eq!(bench.alarm.state(), State::RtnUnack);
    assert_eq!(count(&bench, &Cause::Returned), 10);
}

#[test]
fn a_held_alarm_is_acknowledged_like_any_other_and_does_not_call_again() {
    let mut bench = Bench::new(high(80.0));
    chatter(&mut bench, 0, MINUTE, 100);
    let newest = bench.occurrence(10);
    bench.acknowledge(MINUTE, &newest).unwrap();
    assert_eq!(bench.alarm.standings().count(), 1, "the nine before are seen with it");
    chatter(&mut bench, MINUTE, 10 * MINUTE, 100);
    assert_eq!((bench.alarm.state(), count(&bench, &Cause::Raised)), (State::Acked, 10));
    set(&mut bench, 11 * MINUTE, 70.0);
    assert_eq!(bench.alarm.state(), State::Normal);
}

#[test]
fn one_that_stands_steadily_after_it_chattered_returns_without_the_hold() {
    let mut bench = Bench::new(high(80.0));
    chatter(&mut bench, 0, 5 * SECOND, 100);
    set(&mut bench, 5 * SECOND, 85.0);
    set(&mut bench, 3 * MINUTE, 70.0);
    assert_eq!(bench.alarm.state(), State::RtnUnack, "a minute of peace ends the chattering");
}

#[test]
fn a_swing_between_two_levels_and_an_enabling_that_flickers_are_held_as_well() {
    let level = |limit, priority| Level {
        kind: LimitKind::High,
        limit: Operand::Number(limit),
        off: Off::Deadband(1.0),
        priority: PRIORITIES[priority],
    };
    let levels = vec![level(80.0, 2), level(90.0, 1)];
    let trigger = Trigger::Limit { measure: Measure::Value, levels };
    let mut bench = Bench::new(Config::new(trigger, PRIORITIES[2]));
    for round in 0..3_000 {
        set(&mut bench, round * 20, 95.0);
        set(&mut bench, round * 20 + 10, 85.0);
    }
    assert_eq!(count(&bench, &Cause::Raised), 1);
    assert!(count(&bench, &Cause::Escalated) <= 10, "{}", count(&bench, &Cause::Escalated));

    let mut bench = Bench::new(Config { enabling: Enabling::Conditional, ..high(80.0) });
    set(&mut bench, 0, 85.0);
    for round in 0..3_000 {
        for (after, active) in [(0, true), (10, false)] {
            bench.step(round * 20 + after, Input::Enabled { active, quality: Quality::GOOD });
        }
    }
    assert_eq!(count(&bench, &Cause::Raised), 10);
}

#[test]
fn without_a_hold_every_coming_is_an_alarm_of_its_own() {
    let mut bench = Bench::new(Config { chatter_hold: Duration::ZERO, ..high(80.0) });
    chatter(&mut bench, 0, 10 * SECOND, 100);
    assert_eq!(count(&bench, &Cause::Raised), 100);
}

#[test]
fn after_a_restart_it_still_chatters() {
    let mut bench = Bench::new(high(80.0));
    chatter(&mut bench, 0, 30 * SECOND, 10 * SECOND);
    bench.restart();
    let at = bench.last_ms;
    assert!(matches!(nuisance(&bench, at), Some(Nuisance::Chattering { times: 3, .. })), "{:?}", nuisance(&bench, at));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_its_tag_does_it_is_raised_at_most_sixteen_times_in_any_minute(
        steps in prop::collection::vec((prop_oneof![1_u64..200, 1_u64..15_000], any::<bool>()), 1..400),
        is_latching in any::<bool>(),
    ) {
        let latching = if is_latching { Latching::Yes } else { Latching::No };
        let config = Config { latching, ..Config::new(limit(LimitKind::High, 80.0, 2.0), PRIORITIES[1]) };
        let mut bench = Bench::new(config);
        let mut at = 0;
        for (step, is_high) in steps {
            at += step;
            set(&mut bench, at, if is_high { 85.0 } else { 70.0 });
        }
        let came = bench.journal.iter().filter(|one| matches!(one.cause, Cause::Raised | Cause::Recurred));
        let came: Vec<i64> = came.map(|one| one.at.millis()).collect();
        for (first, begin) in came.iter().enumerate() {
            let within = came[first..].iter().filter(|time| **time < begin + 60_000).count();
            prop_assert!(within <= 16, "{within} from {begin}");
        }
    }
}
