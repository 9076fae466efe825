//! An alarm's past over again: stories of what is counted, and that it is what the alarm itself would have done.

use std::time::Duration;

use model::{Quality, Timestamp, Value};
use proptest::prelude::*;

use super::{Bench, limit};
use crate::{
    Activation, AlarmId, Cause, Config, Input, Latching, LimitKind, PRIORITIES, Replay, Replayed, Search, Target,
    Transition, Untunable,
};

const BEGIN: i64 = 1_700_000_000_000;

fn high(at: f64, deadband: f64) -> Config {
    Config::new(limit(LimitKind::High, at, deadband), PRIORITIES[1])
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(BEGIN + i64::try_from(ms).expect("a story is short"))
}

fn reading(ms: u64, number: f64, quality: Quality) -> Input {
    Input::Reading { value: Some(Value::Float(number)), quality, time: at(ms) }
}

/// Readings in seconds, until the last of them and a minute more.
fn replay(config: &Config, readings: &[(u64, f64)]) -> Replayed {
    let mut replay = Replay::new(AlarmId::new("a"), config.clone(), at(0));
    for (second, number) in readings {
        replay.tell(at(second * 1_000), reading(second * 1_000, *number, Quality::GOOD));
    }
    replay.finish(at(end(readings)))
}

fn end(readings: &[(u64, f64)]) -> u64 {
    readings.last().map_or(0, |(second, _)| second * 1_000) + 60_000
}

fn spans(replayed: &Replayed) -> Vec<(i64, Option<i64>)> {
    let second = |time: Timestamp| (time.millis() - BEGIN) / 1_000;
    replayed.activations.iter().map(|one| (second(one.from), one.until.map(second))).collect()
}

#[test]
fn delays_end_between_the_samples_too() {
    let mut config = high(80.0, 0.0);
    (config.on_delay, config.off_delay) = (Duration::from_secs(3), Duration::from_secs(5));
    let replayed = replay(&config, &[(0, 70.0), (10, 85.0), (30, 70.0)]);
    assert_eq!(spans(&replayed), [(13, Some(35))]);
    assert_eq!(replayed.active(at(end(&[(30, 0.0)]))), Duration::from_secs(22));
}

#[test]
fn what_still_stands_at_the_end_is_counted_until_then() {
    let replayed = replay(&high(80.0, 0.0), &[(0, 70.0), (10, 85.0)]);
    assert_eq!(spans(&replayed), [(10, None)]);
    assert_eq!(replayed.active(at(70_000)), Duration::from_secs(60));
}

#[test]
fn a_latched_alarm_that_comes_again_is_active_twice() {
    let config = Config { latching: Latching::Yes, ..high(80.0, 0.0) };
    let replayed = replay(&config, &[(0, 85.0), (10, 70.0), (20, 85.0), (30, 70.0)]);
    assert_eq!(spans(&replayed), [(0, Some(10)), (20, Some(30))]);
}

#[test]
fn a_wider_deadband_ends_the_chatter_and_a_longer_on_delay_what_is_fleeting() {
    let noise: Vec<(u64, f64)> = (0..60).map(|second| (second, if second % 4 < 2 { 80.5 } else { 79.5 })).collect();
    let free = Config { chatter_hold: Duration::ZERO, ..high(80.0, 0.0) };
    let chatters = replay(&free, &noise);
    assert_eq!((chatters.activations.len(), chatters.chattering(), chatters.fleeting(at(end(&noise)))), (15, 1, 1));
    let held = replay(&high(80.0, 0.0), &noise);
    assert_eq!((held.activations.len(), held.chattering()), (10, 1), "as in the live plant the tenth stays");
    let calm = replay(&high(80.0, 1.0), &noise);
    assert_eq!((calm.activations.len(), calm.chattering()), (1, 0));
    let late = replay(&Config { on_delay: Duration::from_secs(5), ..high(80.0, 0.0) }, &noise);
    assert!(late.activations.is_empty());
}

#[test]
fn a_source_that_cannot_be_judged_is_counted_as_unknown() {
    let mut replay = Replay::new(AlarmId::new("a"), high(80.0, 0.0), at(0));
    replay.tell(at(5_000), reading(5_000, 70.0, Quality::GOOD));
    replay.tell(at(20_000), reading(20_000, 99.0, Quality::BAD_TIMEOUT));
    let replayed = replay.finish(at(30_000));
    assert_eq!(replayed.unknown, Duration::from_secs(15));
    assert!(replayed.activations.is_empty(), "nothing is concluded from what is bad");
}

#[test]
fn what_is_gone_within_ten_seconds_and_stays_away_is_fleeting() {
    let mut readings = vec![(0, 70.0)];
    readings.extend([(100, 85.0), (105, 70.0), (300, 85.0), (305, 70.0), (330, 85.0), (390, 70.0)]);
    let replayed = replay(&high(80.0, 0.0), &readings);
    assert_eq!(replayed.activations.len(), 3);
    assert_eq!(replayed.fleeting(at(600_000)), 1, "the second comes again, the third stays");
}

#[test]
fn a_flood_is_more_than_ten_in_ten_minutes_until_fewer_than_five() {
    let of = |seconds: Vec<u64>, end: u64| {
        let one = |second: u64| Activation { from: at(second * 1_000), until: None, level: 0 };
        let replayed = Replayed { activations: seconds.into_iter().map(one).collect(), ..Replayed::default() };
        let second = |time: Timestamp| (time.millis() - BEGIN) / 1_000;
        replayed.floods(at(end * 1_000)).iter().map(|one| (second(one.from), second(one.until))).collect::<Vec<_>>()
    };
    assert_eq!(of((0..10).collect(), 9_000), [], "ten are none");
    // The fifth newest came after six seconds: ten minutes later there are four.
    assert_eq!(of((0..11).collect(), 9_000), [(0, 606)]);
    assert_eq!(of((0..11).chain(3_600..3_611).collect(), 9_000), [(0, 606), (3_600, 4_206)]);
    assert_eq!(of((0..60).map(|minute| minute * 60).collect(), 3_600), [], "one in a minute is ten in ten minutes");
    assert_eq!(of((0..120).map(|nth| nth * 30).collect(), 3_600), [(0, 3_600)], "it goes on at the end");
}

#[test]
fn the_worst_hour_is_any_hour() {
    let one = |minute: u64| Activation { from: at(minute * 60_000), until: None, level: 0 };
    let replayed = Replayed { activations: [0, 50, 70, 109, 110].map(one).to_vec(), ..Replayed::default() };
    assert_eq!(replayed.worst_hour(), 3, "from 50, not included, to 110");
    assert_eq!(Replayed::default().worst_hour(), 0);
}

#[test]
fn numbers_that_an_alarm_cannot_have_are_refused() {
    let config = high(80.0, 1.0);
    let now = config.tuning();
    assert_eq!(config.tuned(&now).as_ref(), Ok(&config));
    let check = |tuning, expect| assert_eq!(config.tuned(&tuning), Err(expect), "{tuning:?}");
    check(crate::Tuning { second_limit: Some(90.0), ..now }, Untunable::NoSuchLimit);
    check(crate::Tuning { limit: None, ..now }, Untunable::NoSuchLimit);
    check(crate::Tuning { limit: Some(f64::NAN), ..now }, Untunable::LimitNotFinite);
    check(crate::Tuning { deadband: None, ..now }, Untunable::NoDeadband);
    check(crate::Tuning { deadband: Some(-1.0), ..now }, Untunable::DeadbandNegative);
    check(crate::Tuning { times: Some(3), ..now }, Untunable::CountWithoutTime);
}

#[test]
fn a_limit_is_moved_only_where_nothing_else_helps_and_no_further_than_needed() {
    let config = high(80.0, 0.0);
    // Up for ten minutes of each hour: no delay that may be suggested makes that fewer.
    let hourly: Vec<(u64, f64)> = (0..24)
        .flat_map(|hour| [(hour * 3_600, 70.0), (hour * 3_600 + 600, 81.5), (hour * 3_600 + 1_200, 70.0)])
        .collect();
    let mut search = Search::new(AlarmId::new("a"), &config, Some((0.0, 100.0)), at(0)).expect("a limit on a value");
    hourly
        .iter()
        .for_each(|(second, number)| search.hear(at(second * 1_000), &reading(second * 1_000, *number, Quality::GOOD)));
    let found = search.find(Target { activations: 0 }, at(end(&hourly)), || true).expect("there is one");
    assert_eq!((found.limit, found.on_delay), (Some(82.0), Duration::ZERO));
    assert_eq!(found.deadband, Some(0.0), "no more than is needed");
    assert_eq!(search.find(Target { activations: 0 }, at(end(&hourly)), || false), None, "nobody waits");
    let enough = search.find(Target { activations: 24 }, at(end(&hourly)), || true);
    assert_eq!(enough, Some(config.tuning()), "it is bearable as it is");
}

/// A past: steps of time in milliseconds, numbers around the limits, and sometimes no good quality.
fn past() -> impl Strategy<Value = Vec<(u64, Input)>> {
    let one = (0_u64..20_000, 0.0..10.0, prop::bool::weighted(0.9));
    prop::collection::vec(one, 0..80).prop_map(|steps| {
        let mut ms = 0;
        let told = steps.into_iter().map(|(step, number, is_good)| {
            ms += step;
            (ms, reading(ms, number, if is_good { Quality::GOOD } else { Quality::BAD_TIMEOUT }))
        });
        told.collect()
    })
}

fn config() -> impl Strategy<Value = Config> {
    (3.0..7.0, 0.0..2.0, 0_u64..15, 0_u64..15, any::<bool>(), prop::option::of(2_u16..4)).prop_map(
        |(limit, deadband, on, off, latches, times)| Config {
            on_delay: Duration::from_secs(on),
            off_delay: Duration::from_secs(off),
            times: times.filter(|_| on > 0),
            latching: if latches { Latching::Yes } else { Latching::No },
            ..high(limit, deadband)
        },
    )
}

/// What an alarm journals that is told the same and ticked at its deadlines.
fn journal(config: Config, past: &[(u64, Input)], end: u64) -> Vec<Transition> {
    let mut bench = Bench::new(config);
    for (ms, input) in past.iter().cloned().map(|(ms, input)| (ms, Some(input))).chain([(end, None)]) {
        while let Some(due) =
            bench.alarm.deadline().map(|due| u64::try_from(due.duration().as_millis()).expect("short"))
            && due <= ms
        {
            bench.step(due, Input::Tick);
        }
        input.into_iter().for_each(|input| drop(bench.step(ms, input)));
    }
    bench.journal
}

proptest! {
    #[test]
    fn a_replay_counts_what_the_alarm_journals(config in config(), past in past()) {
        let end = past.last().map_or(0, |(ms, _)| *ms) + 60_000;
        let mut replay = Replay::new(AlarmId::new("line1/filler/temp"), config.clone(), at(0));
        past.iter().for_each(|(ms, input)| replay.tell(at(*ms), input.clone()));
        let replayed = replay.finish(at(end));
        let journal = journal(config, &past, end);
        let when = |is: fn(&Cause) -> bool| -> Vec<Timestamp> {
            journal.iter().filter(|transition| is(&transition.cause)).map(|transition| transition.at).collect()
        };
        let raised = when(|cause| matches!(cause, Cause::Raised | Cause::Recurred));
        let returned = when(|cause| matches!(cause, Cause::Returned));
        prop_assert_eq!(replayed.activations.iter().map(|one| one.from).collect::<Vec<_>>(), raised);
        prop_assert_eq!(replayed.activations.iter().filter_map(|one| one.until).collect::<Vec<_>>(), returned);
    }

    #[test]
    fn a_search_leaves_nothing_out_that_counts(config in config(), past in past(), target in 0_usize..5) {
        let end = at(past.last().map_or(0, |(ms, _)| *ms) + 60_000);
        let mut search = Search::new(AlarmId::new("a"), &config, Some((0.0, 10.0)), at(0)).expect("a limit on a value");
        past.iter().for_each(|(ms, input)| search.hear(at(*ms), input));
        if let Some(found) = search.find(Target { activations: target }, end, || true) {
            let tuned = config.tuned(&found).expect("what is suggested can be set");
            let mut replay = Replay::new(AlarmId::new("a"), tuned, at(0));
            past.iter().for_each(|(ms, input)| replay.tell(at(*ms), input.clone()));
            let replayed = replay.finish(end);
            let kept = search.replay(&found, end);
            prop_assert_eq!(kept.as_ref(), Some(&replayed), "of the past that it kept");
            prop_assert!(replayed.activations.len() <= target && replayed.chattering() == 0, "{found:?}: {replayed:?}");
        } else {
            let mut replay = Replay::new(AlarmId::new("a"), config, at(0));
            past.iter().for_each(|(ms, input)| replay.tell(at(*ms), input.clone()));
            let replayed = replay.finish(end);
            prop_assert!(replayed.activations.len() > target || replayed.chattering() > 0, "it is bearable as it is");
        }
    }
}
