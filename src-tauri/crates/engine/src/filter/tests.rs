//! What each rule records of what it is given, and that it keeps its promise whatever it is given.

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
fn texts_and_switches_are_compared_exactly_whatever_the_rule() {
    for rule in [Rule::OnChange, Rule::Deadband(5.0)] {
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
}

#[test]
fn between_two_recorded_samples_there_is_room() {
    let recording = Recording { min_interval: Duration::from_secs(10), ..recording(Rule::OnChange) };
    let fed = [(0.0, 1.0), (3.0, 2.0), (4.0, 3.0), (12.0, 4.0), (13.0, 4.0), (40.0, 5.0)];
    check(recording, &fed, &[fed[0], fed[3], fed[5]]);
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

/// Samples in order of time, some with the time of the one before. Values walk, jump and stand; the quality changes now
/// and then.
fn samples(least_ms: i64) -> impl Strategy<Value = (Made, Vec<Sample>)> {
    let step = prop_oneof![4 => -3 * UNIT..3 * UNIT, 2 => Just(0), 1 => -(1_i64 << 40)..1_i64 << 40];
    let ms = prop_oneof![1 => Just(least_ms), 8 => 1_i64..5_000, 1 => 1_i64..200_000];
    let quality = prop_oneof![20 => Just(Quality::GOOD), 1 => Just(Quality::STALE), 1 => Just(Quality::BAD_TIMEOUT)];
    let made = prop_oneof![Just(Made::Float), Just(Made::Int)];
    (made, prop::collection::vec((ms, step, quality), 0..120)).prop_map(|(made, steps)| {
        let (mut time, mut value) = (0, 0_i64);
        let sample = |(ms, step, quality)| {
            time += ms;
            value += step;
            #[expect(clippy::cast_precision_loss, reason = "at most 2^47")]
            let float = value as f64 / UNIT as f64;
            let value = match made {
                Made::Float => Value::Float(float),
                Made::Int => Value::Int((1 << 60) + value),
            };
            Sample { quality, ..Sample::good(Timestamp::from_millis(time), value) }
        };
        (made, steps.into_iter().map(sample).collect())
    })
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
fn as_kept(rows: &[Sample]) -> Vec<Sample> {
    let by_time: std::collections::BTreeMap<_, _> = rows.iter().map(|row| (row.time, row.clone())).collect();
    by_time.into_values().collect()
}

/// All that is recorded with the end of the program, as history has it.
fn kept(recording: Recording, samples: &[Sample]) -> Vec<Sample> {
    let mut filter = Filter::new(recording);
    let mut rows = Vec::new();
    for sample in samples {
        filter.take(Uptime::default(), sample, |row| rows.push(row));
    }
    filter.flush(Uptime::default(), |row| rows.push(row));
    as_kept(&rows)
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
        (made, sent) in samples(0),
        deviation in 1_i64..4 * UNIT,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let unit = match made { Made::Float => UNIT as f64, Made::Int => 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let rows = kept(recording(Rule::SwingingDoor(deviation as f64 / unit)), &sent);
        let sent = as_kept(&sent);
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
        (made, sent) in samples(0),
        deadband in 0_i64..4 * UNIT,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let unit = match made { Made::Float => UNIT as f64, Made::Int => 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let rows = kept(recording(Rule::Deadband(deadband as f64 / unit)), &sent);
        let sent = as_kept(&sent);
        for (before, sample, _) in left_out(&rows, &sent) {
            prop_assert!((steps(sample) - steps(before)).abs() <= i128::from(deadband), "{before:?} {sample:?}");
        }
    }

    #[test]
    fn on_change_leaves_out_what_stands_between_two_of_the_same((_, sent) in samples(0)) {
        let rows = kept(recording(Rule::OnChange), &sent);
        let sent = as_kept(&sent);
        for (before, sample, after) in left_out(&rows, &sent) {
            prop_assert!(before.value == sample.value && sample.value == after.value);
        }
    }

    #[test]
    fn but_for_changes_of_quality_there_is_room_between_recorded_samples(
        (_, sent) in samples(1),
        rule in prop_oneof![
            Just(Rule::EverySample),
            Just(Rule::OnChange),
            Just(Rule::Deadband(2.0)),
            Just(Rule::SwingingDoor(2.0)),
        ],
    ) {
        let min_interval = Duration::from_secs(7);
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
