//! When a flood begins and ends.

use proptest::prelude::*;

use crate::{Flood, FloodWatch};

const MINUTE: i64 = 60_000;

/// Watches alarms at these times; what goes on at the end, and what has ended, as (begin, end, count).
fn watch(times: &[i64]) -> (FloodWatch, Vec<(i64, i64, u64)>) {
    let mut watch = FloodWatch::default();
    let ended = times.iter().filter_map(|at| watch.take(*at).ended);
    let ended = ended.map(|(end, flood)| (flood.begin, end, flood.count)).collect();
    (watch, ended)
}

#[test]
fn the_eleventh_alarm_within_ten_minutes_begins_a_flood_of_eleven() {
    let ten: Vec<i64> = (0..10).map(|n| n * MINUTE / 2).collect();
    assert_eq!(watch(&ten).0.current(), None);
    let eleven: Vec<i64> = (0..11).map(|n| n * MINUTE / 2).collect();
    assert_eq!(watch(&eleven).0.current(), Some(Flood { begin: 0, count: 11, peak: 11 }));
    let slow: Vec<i64> = (0..40).map(|n| n * MINUTE).collect();
    assert_eq!(watch(&slow).0.current(), None, "the eleventh comes when the first is ten minutes old");
}

#[test]
fn it_ends_when_fewer_than_five_came_within_ten_minutes_and_not_before() {
    let burst: Vec<i64> = (0..11).map(|n| n * 1_000).collect();
    let (mut flood, _) = watch(&burst);
    // The fifth to last came at 6 s: ten minutes later there are four.
    let end = 6_000 + 10 * MINUTE;
    assert_eq!(flood.pass(end), None);
    assert_eq!(flood.pass(end + 1), Some((end, Flood { begin: 0, count: 11, peak: 11 })));
    assert_eq!(flood.current(), None);
    assert_eq!(flood.pass(end + MINUTE), None, "it ends once");
}

#[test]
fn a_trickle_of_one_in_two_minutes_keeps_it_going() {
    let mut times: Vec<i64> = (0..11).map(|n| n * 1_000).collect();
    times.extend((1..60).map(|n| n * 2 * MINUTE));
    let (flood, ended) = watch(&times);
    assert_eq!(ended, []);
    assert_eq!(flood.current().map(|flood| (flood.begin, flood.count)), Some((0, 70)));
}

#[test]
fn the_alarms_of_one_flood_do_not_begin_the_next() {
    let mut times: Vec<i64> = (0..11).map(|n| n * 1_000).collect();
    times.extend((0..10).map(|n| 6_000 + 10 * MINUTE + 1 + n));
    let (flood, ended) = watch(&times);
    assert_eq!(ended, [(0, 6_000 + 10 * MINUTE, 11)]);
    // Four of the first are still within ten minutes: with these ten there are more than ten again.
    assert_eq!(flood.current().map(|flood| (flood.begin, flood.count)), Some((6_000 + 10 * MINUTE + 1, 10)));
}

proptest! {
    #[test]
    fn it_is_what_its_definition_says_of_every_moment(steps in prop::collection::vec(0_i64..120, 0..120)) {
        let mut watch = FloodWatch::default();
        let mut passed = FloodWatch::default();
        let mut times: Vec<i64> = Vec::new();
        let mut is_flood = false;
        let mut at = 0;
        // All in whole seconds, so that looking at each of them is looking at every moment.
        for step in steps.into_iter().map(|seconds| seconds * 1_000) {
            // Looked at in between or not, it comes to the same.
            passed.pass(at + step / 2);
            passed.pass(at + step);
            let within = |to: i64| times.iter().filter(|time| (to - 10 * MINUTE + 1..=to).contains(*time)).count();
            is_flood &= (at..at + step).step_by(1_000).all(|to| within(to) >= 5);
            at += step;
            times.push(at);
            let count = times.iter().filter(|time| **time > at - 10 * MINUTE).count();
            is_flood |= count > 10;
            watch.take(at);
            passed.take(at);
            prop_assert_eq!(watch.current().is_some(), is_flood, "at {}", at);
            prop_assert_eq!(passed.current(), watch.current());
        }
    }
}
