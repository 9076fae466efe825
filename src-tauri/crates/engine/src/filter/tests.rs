//! What each rule records of what it is given, and that it keeps its promise whatever it is given.

use std::collections::BTreeMap;

use model::Quality;
use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn recording(rule: Rule) -> Recording {
    Recording { rule, min_interval: Duration::ZERO, max_interval: MINUTE }
}

fn at(seconds: f64, value: Value) -> Sample {
    #[expect(clippy::cast_possible_truncation, reason = "some seconds")]
    Sample::good(Timestamp::from_millis((seconds * 1_000.0) as i64), value)
}

/// Everything that is recorded of samples that arrive when they happen, without what is held back at the end.
fn recorded(recording: Recording, samples: &[Sample]) -> Vec<Sample> {
    let mut filter = Filter::new(recording);
    let mut rows = Vec::new();
    for sample in samples {
        filter.take(Uptime::default(), sample, |sample| rows.push(sample));
    }
    rows
}

/// Feeds (second, value) and expects what is recorded, as (second, value).
fn check(recording: Recording, fed: &[(f64, f64)], expect: &[(f64, f64)]) {
    let samples: Vec<Sample> = fed.iter().map(|(second, value)| at(*second, Value::Float(*value))).collect();
    let rows: Vec<Sample> = expect.iter().map(|(second, value)| at(*second, Value::Float(*value))).collect();
    assert_eq!(recorded(recording, &samples), rows);
}

#[test]
fn a_standing_value_is_recorded_once_and_a_step_stays_a_step() {
    check(
        recording(Rule::OnChange),
        &[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 5.0)],
        &[(0.0, 1.0), (2.0, 1.0), (3.0, 5.0)],
    );
}

#[test]
fn every_change_is_recorded() {
    let fed = [(0.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
    check(recording(Rule::OnChange), &fed, &fed);
}

#[test]
fn every_sample_is_every_sample_and_the_same_one_twice_is_one() {
    let fed = [(0.0, 1.0), (1.0, 1.0), (1.0, 1.0), (2.0, 1.0)];
    check(recording(Rule::EverySample), &fed, &[fed[0], fed[1], fed[3]]);
}

#[test]
fn within_the_deadband_nothing_is_recorded() {
    let fed = [(0.0, 1.0), (1.0, 1.4), (2.0, 0.6), (3.0, 1.6)];
    check(recording(Rule::Deadband(0.5)), &fed, &[fed[0], fed[2], fed[3]]);
}

#[test]
fn a_standing_value_is_confirmed_every_minute() {
    for rule in [Rule::OnChange, Rule::Deadband(1.0), Rule::SwingingDoor(1.0)] {
        check(recording(rule), &[(0.0, 1.0), (59.0, 1.0), (60.0, 1.0), (61.0, 1.0)], &[(0.0, 1.0), (60.0, 1.0)]);
        // Where no sample lies on the minute, the one before it is taken.
        check(
            recording(rule),
            &[(0.0, 1.0), (58.0, 1.0), (61.0, 1.0), (200.0, 1.0)],
            &[(0.0, 1.0), (58.0, 1.0), (61.0, 1.0), (200.0, 1.0)],
        );
    }
}

#[test]
fn a_door_records_where_a_slope_begins_and_ends() {
    let fed: Vec<(f64, f64)> =
        (0..30_i32).map(|second| (f64::from(second), f64::from((second - 10).clamp(0, 10)))).collect();
    check(recording(Rule::SwingingDoor(0.1)), &fed, &[fed[0], fed[10], fed[20]]);
}

#[test]
fn no_rounding_lets_a_sample_be_further_away_than_the_deviation() {
    // The line to the last sample is 1 / 60,000,001 further from the one in between than the deviation of 1, which is
    // nothing beside 5e14: both slopes are the same number.
    let (ms, slope) = (30_000_001_i64, 1_i64 << 24);
    let bound = 1 + slope * ms;
    let line = [(0, 0), (ms, bound - 1), (2 * ms - 1, 2 * bound - slope)];
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let (one, other) = (bound as f64 / ms as f64, line[2].1 as f64 / line[2].0 as f64);
    let exact = |a: i64, b: i64| i128::from(a) * i128::from(b);
    assert!(one.to_bits() == other.to_bits() && exact(line[2].1, ms) > exact(bound, line[2].0));
    let max_interval = Duration::from_secs(86_400);
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let makes: [fn(i64) -> Value; 2] = [Value::Int, |x| Value::Float(x as f64)];
    for make in makes {
        let sent = line.map(|(time, value)| Sample::good(Timestamp::from_millis(time), make(value)));
        let rows = recorded(Recording { max_interval, ..recording(Rule::SwingingDoor(1.0)) }, &sent);
        assert_eq!(rows, sent[..2], "the one in between begins a new line");
    }
}

#[test]
fn a_spike_of_one_sample_is_recorded_whole() {
    check(
        recording(Rule::SwingingDoor(0.5)),
        &[(0.0, 1.0), (1.0, 1.0), (2.0, 9.0), (3.0, 1.0), (4.0, 1.0), (5.0, 1.0), (65.0, 1.0)],
        &[(0.0, 1.0), (1.0, 1.0), (2.0, 9.0), (3.0, 1.0), (5.0, 1.0), (65.0, 1.0)],
    );
}

#[test]
fn a_change_of_quality_is_recorded_with_what_was_before_it() {
    for rule in [Rule::OnChange, Rule::Deadband(10.0), Rule::SwingingDoor(10.0)] {
        let stale = Sample { quality: Quality::STALE, ..at(3.0, Value::Float(1.2)) };
        let gap = Sample::bad(Timestamp::from_millis(4_000), Quality::BAD_TIMEOUT);
        let fed = [
            at(0.0, Value::Float(1.0)),
            at(1.0, Value::Float(1.0)),
            at(2.0, Value::Float(1.0)),
            stale,
            gap,
            at(5.0, Value::Float(1.0)),
        ];
        let expect = [&fed[..1], &fed[2..]].concat();
        assert_eq!(recorded(recording(rule), &fed), expect, "{rule:?}");
    }
}

#[test]
fn a_value_of_another_kind_is_recorded_also_what_is_no_number() {
    let not_a_number = |second| at(second, Value::Float(f64::NAN));
    let fed = [
        at(0.0, Value::Float(1.0)),
        not_a_number(1.0),
        not_a_number(2.0),
        at(3.0, Value::Float(1.0)),
        at(4.0, Value::Int(1)),
        at(5.0, Value::Bool(true)),
        at(6.0, Value::text("one")),
    ];
    let rows = recorded(recording(Rule::SwingingDoor(5.0)), &fed);
    let times: Vec<i64> = rows.iter().map(|row| row.time.millis() / 1_000).collect();
    assert_eq!(times, [0, 1, 2, 3, 4, 5, 6], "the second of two that are none stands before a change");
}

#[test]
fn a_gap_that_lasts_is_confirmed_like_a_value() {
    for rule in [Rule::OnChange, Rule::Deadband(1.0), Rule::SwingingDoor(1.0)] {
        for value in [None, Some(Value::Float(f64::NAN))] {
            let bad = |second: i64| Sample {
                value: value.clone(),
                ..Sample::bad(Timestamp::from_millis(second * 1_000), Quality::BAD_TIMEOUT)
            };
            let fed: Vec<Sample> = (0..100).map(bad).collect();
            let times: Vec<i64> = recorded(recording(rule), &fed).iter().map(|row| row.time.millis() / 1_000).collect();
            assert_eq!(times, [0, 60], "{rule:?} {value:?}");
        }
    }
}

#[test]
fn steps_too_large_for_a_number_are_recorded() {
    let fed = [(0.0, -1.7e308), (1.0, 1.7e308), (2.0, -1.7e308)];
    check(recording(Rule::SwingingDoor(1.0)), &fed, &fed);
}

#[test]
fn texts_and_switches_are_compared_exactly_whatever_the_rule() {
    for rule in [Rule::OnChange, Rule::Deadband(5.0), Rule::SwingingDoor(5.0)] {
        let fed = [
            at(0.0, Value::text("a")),
            at(1.0, Value::text("a")),
            at(2.0, Value::text("b")),
            at(3.0, Value::Bool(false)),
            at(4.0, Value::Bool(false)),
            at(5.0, Value::Bool(true)),
        ];
        assert_eq!(recorded(recording(rule), &fed), fed, "each stands before a change or is one");
        assert_eq!(recorded(recording(rule), &fed[..2]), fed[..1]);
    }
}

#[test]
fn integers_beyond_2_to_the_53_differ_by_one() {
    let large = 9_007_199_254_740_992_i64;
    let fed = [at(0.0, Value::Int(large)), at(1.0, Value::Int(large + 1)), at(2.0, Value::UInt(u64::MAX))];
    assert_eq!(recorded(recording(Rule::OnChange), &fed), fed);
    let near = [at(0.0, Value::Int(large)), at(1.0, Value::Int(large + 1)), at(2.0, Value::Int(large + 2))];
    assert_eq!(recorded(recording(Rule::Deadband(1.5)), &near), near, "2 is more than 1.5");
    assert_eq!(recorded(recording(Rule::Deadband(2.0)), &near), near[..1], "and not more than 2");
    let far = [at(0.0, Value::Int(-1)), at(1.0, Value::Int(large))];
    assert_eq!(recorded(recording(Rule::Deadband(9_007_199_254_740_992.0)), &far), far, "2^53 + 1 is more than 2^53");
}

#[test]
fn between_two_recorded_samples_there_is_room() {
    let recording = Recording { min_interval: Duration::from_secs(10), ..recording(Rule::OnChange) };
    let fed = [(0.0, 1.0), (3.0, 2.0), (4.0, 3.0), (12.0, 4.0), (13.0, 4.0), (40.0, 5.0)];
    check(recording, &fed, &[fed[0], fed[3], fed[5]]);
}

#[test]
fn a_gap_waits_for_no_room() {
    let recording = |rule| Recording { min_interval: Duration::from_secs(10), ..recording(rule) };
    for rule in [Rule::EverySample, Rule::OnChange, Rule::Deadband(1.0), Rule::SwingingDoor(1.0)] {
        let none = Sample { value: None, ..at(5.0, Value::Int(0)) };
        let bad = Sample::bad(Timestamp::from_millis(6_000), Quality::BAD_TIMEOUT);
        let fed = [at(0.0, Value::Int(1)), at(4.0, Value::Int(1)), none, bad, at(7.0, Value::Int(1))];
        assert_eq!(recorded(recording(rule), &fed), fed, "{rule:?}");
    }
}

#[test]
fn what_came_too_soon_and_stays_is_recorded_when_its_time_has_come() {
    let second = |seconds: u64| Uptime::from_millis(seconds * 1_000);
    let mut filter = Filter::new(Recording { min_interval: Duration::from_secs(10), ..recording(Rule::OnChange) });
    let mut rows = Vec::new();
    filter.take(second(0), &at(0.0, Value::Bool(false)), |row| rows.push(row));
    filter.take(second(3), &at(3.0, Value::Bool(true)), |row| rows.push(row));
    filter.tick(second(9), |row| rows.push(row));
    assert_eq!(rows.len(), 1);
    filter.tick(second(10), |row| rows.push(row));
    assert_eq!(rows[1..], [at(3.0, Value::Bool(true))], "with its own time");
    filter.tick(second(100), |row| rows.push(row));
    assert_eq!(rows.len(), 2, "and once");
}

#[test]
fn what_is_held_back_is_recorded_when_nothing_more_comes() {
    let second = |seconds: u64| Uptime::from_millis(seconds * 1_000);
    let mut filter = Filter::new(recording(Rule::SwingingDoor(1.0)));
    let mut rows = Vec::new();
    filter.take(second(0), &at(0.0, Value::Float(0.0)), |row| rows.push(row));
    filter.take(second(1), &at(1.0, Value::Float(7.0)), |row| rows.push(row));
    filter.tick(second(59), |row| rows.push(row));
    assert_eq!(rows.len(), 1);
    filter.tick(second(60), |row| rows.push(row));
    assert_eq!(rows[1..], [at(1.0, Value::Float(7.0))]);
}

#[test]
fn a_time_that_comes_again_has_the_value_that_came_last() {
    let door = recording(Rule::SwingingDoor(1.0));
    check(door, &[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (2.0, 9.0), (3.0, 9.0)], &[(0.0, 0.0), (1.0, 0.0), (2.0, 9.0)]);
    // Also where what was held back has just been confirmed.
    check(
        door,
        &[(0.0, 0.0), (40.0, 0.0), (42.0, 0.0), (61.0, 1.2), (61.0, 3.2), (65.0, 1.7)],
        &[(0.0, 0.0), (42.0, 0.0), (61.0, 3.2)],
    );
}

#[test]
fn a_straggler_goes_on_as_it_is_and_disturbs_nothing() {
    let fed = [(0.0, 1.0), (10.0, 1.0), (5.0, 9.0), (20.0, 1.0), (30.0, 2.0)];
    check(recording(Rule::OnChange), &fed, &[fed[0], fed[2], fed[3], fed[4]]);
}

#[test]
fn a_source_whose_clock_was_set_back_is_filtered_again() {
    let before = (0..3_i32).map(|second| (f64::from(second) + 100.0, 1.0));
    let after = (0..30_i32).map(|second| (f64::from(second), 1.0));
    let samples: Vec<Sample> = before.chain(after).map(|(second, value)| at(second, Value::Float(value))).collect();
    let rows = recorded(recording(Rule::OnChange), &samples);
    let times: Vec<i64> = rows.iter().map(|row| row.time.millis() / 1_000).collect();
    assert_eq!(times, [100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 102, 9], "ten of them, and what was held back before");
}

/// Numbers in steps of 2^-10, as large as a float holds exactly with them, so that the tests reckon without rounding.
const UNIT: i64 = 1_024;

#[derive(Clone, Copy, Debug)]
enum Made {
    Float,
    Int,
}

/// A sample, and the milliseconds in which nothing comes after it. They have nothing to do with the times of the samples,
/// which are their source's.
type Sent = (Sample, u64);

/// Samples in order of time, some with the time of the one before. Values walk, jump and stand; the quality changes now
/// and then. Half of the sources send on whole seconds.
fn sent(least_ms: i64) -> impl Strategy<Value = (Made, Vec<Sent>)> {
    let step = prop_oneof![4 => -3 * UNIT..3 * UNIT, 2 => Just(0), 1 => -(1_i64 << 40)..1_i64 << 40];
    let ms = prop_oneof![1 => Just(least_ms), 8 => 1_i64..5_000, 1 => 1_i64..200_000];
    let quality = prop_oneof![20 => Just(Quality::GOOD), 1 => Just(Quality::STALE), 1 => Just(Quality::BAD_TIMEOUT)];
    let silence = prop_oneof![8 => Just(0), 1 => 0_u64..100_000];
    let made = prop_oneof![Just(Made::Float), Just(Made::Int)];
    let steps = prop::collection::vec((ms, step, quality, silence), 0..120);
    (made, any::<bool>(), steps).prop_map(|(made, on_seconds, steps)| {
        let (mut time, mut value) = (0, 0_i64);
        let sample = |(ms, step, quality, silence): (i64, i64, Quality, u64)| {
            time += if on_seconds { (ms + 999) / 1_000 * 1_000 } else { ms };
            value += step;
            #[expect(clippy::cast_precision_loss, reason = "at most 2^47")]
            let float = value as f64 / UNIT as f64;
            let value = match made {
                Made::Float => Value::Float(float),
                Made::Int => Value::Int((1 << 60) + value),
            };
            (Sample { quality, ..Sample::good(Timestamp::from_millis(time), value) }, silence)
        };
        (made, steps.into_iter().map(sample).collect())
    })
}

/// A deviation in steps.
fn deviation() -> impl Strategy<Value = i64> {
    prop_oneof![1_i64..4 * UNIT, 4 * UNIT..100 * UNIT]
}

/// A value in whole steps.
fn steps(sample: &Sample) -> i128 {
    match sample.value {
        #[expect(clippy::cast_possible_truncation, reason = "made of an integer")]
        Some(Value::Float(x)) => (x * UNIT as f64) as i128,
        Some(Value::Int(x)) => i128::from(x),
        _ => panic!("the samples are numbers"),
    }
}

/// Of each time the sample that came last, as history has it.
fn as_kept(rows: impl IntoIterator<Item = Sample>) -> Vec<Sample> {
    let by_time: BTreeMap<Timestamp, Sample> = rows.into_iter().map(|row| (row.time, row)).collect();
    by_time.into_values().collect()
}

fn without_silence(sent: &[Sent]) -> Vec<Sample> {
    sent.iter().map(|(sample, _)| sample.clone()).collect()
}

/// All that is recorded with the end of the program, as history has it.
fn kept(recording: Recording, sent: &[Sent]) -> Vec<Sample> {
    let mut filter = Filter::new(recording);
    let mut rows = Vec::new();
    let mut now = Uptime::default();
    for (sample, silence) in sent {
        filter.take(now, sample, |row| rows.push(row));
        now = now + Duration::from_millis(*silence);
        filter.tick(now, |row| rows.push(row));
    }
    filter.flush(now, |row| rows.push(row));
    as_kept(rows)
}

/// Whether a sample is of another quality than the one before it.
fn changes(samples: &[Sample]) -> Vec<bool> {
    let change = |at: usize| at == 0 || samples[at].quality != samples[at - 1].quality;
    (0..samples.len()).map(change).collect()
}

/// The recorded samples before and after one that is not recorded.
fn neighbours<'r>(rows: &'r [Sample], sample: &Sample) -> (&'r Sample, &'r Sample) {
    let after = rows.partition_point(|row| row.time < sample.time);
    (&rows[after - 1], &rows[after])
}

/// Every sample that is not recorded, with its recorded neighbours. What holds for every rule is checked here.
fn left_out<'s>(rows: &'s [Sample], samples: &'s [Sample]) -> Vec<(&'s Sample, &'s Sample, &'s Sample)> {
    let is_recorded = |sample: &Sample| rows.iter().any(|row| row.time == sample.time);
    assert!(rows.iter().all(|row| samples.contains(row)), "only what was sent is recorded");
    let changes = changes(samples);
    for at in 1..samples.len() {
        if changes[at] {
            assert!(is_recorded(&samples[at - 1]) && is_recorded(&samples[at]), "a change of quality at {at}");
        }
    }
    let left_out = samples.iter().filter(|sample| !is_recorded(sample));
    let with_neighbours = |sample| {
        let (before, after) = neighbours(rows, sample);
        let gap = after.time.millis_since(before.time);
        assert!(gap <= 60_000, "{gap} ms without a recorded sample around {sample:?}");
        assert!(before.quality == sample.quality && after.quality == sample.quality);
        (before, sample, after)
    };
    left_out.map(with_neighbours).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_sample_is_further_from_the_recorded_line_than_the_deviation(
        (made, sent) in sent(0),
        deviation in deviation(),
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let unit = match made { Made::Float => UNIT as f64, Made::Int => 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let rows = kept(recording(Rule::SwingingDoor(deviation as f64 / unit)), &sent);
        let sent = as_kept(without_silence(&sent));
        for (before, sample, after) in left_out(&rows, &sent) {
            // |value - line| <= deviation, times the length of the line: exact in integers.
            let length = i128::from(after.time.millis_since(before.time));
            let part = i128::from(sample.time.millis_since(before.time));
            let off = (steps(sample) - steps(before)) * length - (steps(after) - steps(before)) * part;
            prop_assert!(off.abs() <= i128::from(deviation) * length, "{before:?} {sample:?} {after:?}");
        }
    }

    #[test]
    fn no_sample_is_further_from_the_recorded_one_before_than_the_deadband(
        (made, sent) in sent(0),
        deadband in deviation(),
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let unit = match made { Made::Float => UNIT as f64, Made::Int => 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let rows = kept(recording(Rule::Deadband(deadband as f64 / unit)), &sent);
        let sent = as_kept(without_silence(&sent));
        for (before, sample, _) in left_out(&rows, &sent) {
            prop_assert!((steps(sample) - steps(before)).abs() <= i128::from(deadband), "{before:?} {sample:?}");
        }
    }

    #[test]
    fn on_change_leaves_out_what_stands_between_two_of_the_same((_, sent) in sent(0)) {
        let rows = kept(recording(Rule::OnChange), &sent);
        let sent = as_kept(without_silence(&sent));
        for (before, sample, after) in left_out(&rows, &sent) {
            prop_assert!(before.value == sample.value && sample.value == after.value);
        }
    }

    #[test]
    fn but_for_changes_of_quality_there_is_room_between_recorded_samples(
        (_, sent) in sent(1),
        rule in prop_oneof![
            Just(Rule::EverySample),
            Just(Rule::OnChange),
            Just(Rule::Deadband(2.0)),
            Just(Rule::SwingingDoor(2.0)),
        ],
    ) {
        let min_interval = Duration::from_secs(7);
        let sent = without_silence(&sent);
        let rows = recorded(Recording { rule, min_interval, max_interval: MINUTE }, &sent);
        let changes = changes(&sent);
        let near_a_change = |row: &Sample| {
            let at = sent.partition_point(|sample| sample.time < row.time);
            changes[at] || changes.get(at + 1).copied().unwrap_or(true)
        };
        for pair in rows.windows(2) {
            let room = pair[1].time.millis_since(pair[0].time);
            prop_assert!(room >= 7_000 || near_a_change(&pair[1]), "{room} ms between {pair:?}");
        }
    }
}
