//! Aggregates are those of the samples, whether they come from roll-ups, from blocks or from memory.

mod common;

use common::{Place, time};
use history::{Increase, Interpolation, Row, Span, States, Summary};
use model::{Quality, Sample, Value};
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Samples in order of time, some seconds apart with a pause now and then: all good numbers, as most stretches are and as roll-ups
/// serve, or others among them.
fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let step = prop_oneof![20 => 500..3_000_i64, 1 => 1..20 * MINUTE, 1 => Just(MINUTE)];
    let number = (-200..200_i32).prop_map(|x| Some(Value::Float(f64::from(x) / 8.0)));
    let good = (step.clone(), number.clone(), Just(Quality::GOOD));
    let value = prop_oneof![200 => number, 1 => Just(None), 1 => Just(Some(Value::text("jam")))];
    let quality = prop_oneof![200 => Just(Quality::GOOD), 1 => Just(Quality::STALE), 1 => Just(Quality::BAD_TIMEOUT)];
    let rows =
        prop_oneof![prop::collection::vec(good, 1..6_000), prop::collection::vec((step, value, quality), 1..6_000)];
    rows.prop_map(|rows| {
        let mut at = 0;
        let sample = |(step, value, quality)| {
            at += step;
            Sample { time: time(at), received: time(at), value, quality }
        };
        rows.into_iter().map(sample).collect()
    })
}

/// What a summary must be, sample by sample.
fn reference(samples: &[Sample], span: Span) -> Summary {
    let (from, to) = (span.from.millis(), span.to.millis());
    let good = |sample: &Sample| if sample.quality.is_good() { sample.number() } else { None };
    let inside = || samples.iter().filter(|s| s.time >= span.from && s.time < span.to);
    let before = samples.iter().rev().find(|s| s.time < span.from);
    let numbers: Vec<f64> = inside().filter_map(good).collect();
    let mut summary = Summary {
        span,
        count: inside().filter(|s| s.quality.is_good()).count(),
        range: numbers.iter().copied().reduce(f64::min).zip(numbers.iter().copied().reduce(f64::max)),
        start: before.and_then(good),
        end: numbers.last().copied(),
        sum: 0.0,
        good: 0,
        uncertain: 0,
        bad: 0,
        missing: 0,
        doubtful: inside().any(|s| !s.quality.is_good()),
    };
    let mut pieces: Vec<(i64, Option<&Sample>)> = vec![(from, before)];
    pieces.extend(inside().map(|s| (s.time.millis(), Some(s))));
    for (i, (begin, sample)) in pieces.iter().enumerate() {
        let length = pieces.get(i + 1).map_or(to, |(next, _)| *next) - begin;
        match sample {
            None => summary.missing += length,
            Some(s) if s.quality.is_bad() => summary.bad += length,
            Some(s) if !s.quality.is_good() => summary.uncertain += length,
            Some(s) => {
                summary.good += length;
                #[expect(clippy::cast_precision_loss, reason = "some hours in milliseconds")]
                let held = s.number().unwrap_or(0.0) * length as f64;
                summary.sum += held;
                if length > 0 {
                    summary.end = summary.end.or(s.number());
                }
            }
        }
    }
    summary
}

fn close(found: f64, expect: f64) -> bool {
    (found - expect).abs() <= 1e-6 * expect.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn summaries_are_those_of_the_samples(
        samples in samples(),
        sealed in any::<prop::sample::Index>(),
        from in prop_oneof![Just(0), 0..3 * HOUR, (0..180_i64).prop_map(|minute| minute * MINUTE)],
        length in 1..8 * HOUR,
        step in prop_oneof![Just(MINUTE), Just(5 * MINUTE), Just(HOUR), Just(4 * HOUR), 700..2 * HOUR],
    ) {
        let place = Place::new();
        let rows = |samples: &[Sample], id| samples.iter().map(|s| Row { series: id, sample: s.clone() }).collect();
        let sealed = sealed.index(samples.len());
        {
            let history = place.open();
            let id = history.series(&["tag"])[0];
            history.import(rows(&samples[..sealed], id)).expect("imports");
        }
        let history = place.open();
        let id = history.series(&["tag"])[0];
        history.import(rows(&samples[sealed..], id)).expect("imports");
        let span = Span { from: time(from), to: time(from + length) };
        let found = history.reader().summaries(id, span, step).expect("works");
        prop_assert_eq!(i64::try_from(found.len()).expect("few"), (length + step - 1) / step);
        for summary in &found {
            let expect = reference(&samples, summary.span);
            prop_assert!(close(summary.sum, expect.sum), "{summary:?} instead of {expect:?}");
            prop_assert_eq!(Summary { sum: 0.0, ..*summary }, Summary { sum: 0.0, ..expect });
        }
        let whole = found.iter().copied().reduce(|one, next| one.joined(&next)).expect("one at least");
        let expect = reference(&samples, span);
        prop_assert!(close(whole.sum, expect.sum), "{whole:?} instead of {expect:?}");
        prop_assert_eq!(Summary { sum: 0.0, ..whole }, Summary { sum: 0.0, ..expect });
    }
}

/// A history with these samples, times in seconds.
fn with(samples: &[(i64, Option<Value>, Quality)]) -> (Place, history::History, history::SeriesId) {
    let place = Place::new();
    let history = place.open();
    let id = history.series(&["tag"])[0];
    let row = |(at, value, quality): &(i64, Option<Value>, Quality)| {
        let time = time(at * 1_000);
        Row { series: id, sample: Sample { time, received: time, value: value.clone(), quality: *quality } }
    };
    history.import(samples.iter().map(row).collect()).expect("imports");
    (place, history, id)
}

fn seconds(from: i64, to: i64) -> Span {
    Span { from: time(from * 1_000), to: time(to * 1_000) }
}

fn float(x: f64) -> Option<Value> {
    Some(Value::Float(x))
}

/// Part 13's own rule for TimeAverage2: of five minutes of which one is bad, the area is divided by four.
#[test]
fn bad_time_is_no_part_of_the_average() {
    let samples =
        [(0, float(10.0), Quality::GOOD), (120, None, Quality::BAD_TIMEOUT), (180, float(20.0), Quality::GOOD)];
    let (_place, history, id) = with(&samples);
    let summary = history.reader().summaries(id, seconds(0, 300), 300_000).expect("works")[0];
    assert_eq!(summary.time_average(), Some(15.0));
    assert_eq!(summary.percent_good(), 80.0);
    assert_eq!(summary.quality(), Quality::UNCERTAIN_SUBNORMAL);
}

#[test]
fn without_samples_there_is_no_data_and_before_the_first_one_some_is_missing() {
    let (_place, history, id) = with(&[(90, float(1.0), Quality::GOOD)]);
    let found = history.reader().summaries(id, seconds(0, 180), 60_000).expect("works");
    let qualities: Vec<Quality> = found.iter().map(Summary::quality).collect();
    assert_eq!(qualities, [Quality::BAD_NO_DATA, Quality::UNCERTAIN_SUBNORMAL, Quality::GOOD]);
    assert_eq!((found[0].time_average(), found[1].missing, found[2].time_average()), (None, 30_000, Some(1.0)));
    assert_eq!(found[2].range_with_start(), Some((1.0, 1.0)), "no sample came, but one holds");
    assert_eq!(history.reader().summaries(id, seconds(9, 9), 1).expect("works"), []);
    assert_eq!(history.reader().summaries(id, seconds(0, 9), 0).expect("works"), []);
}

#[test]
fn states_have_their_durations_and_their_transitions() {
    let text = |x: &str| Some(Value::text(x));
    let (_place, history, id) = with(&[
        (0, text("idle"), Quality::GOOD),
        (10, text("run"), Quality::GOOD),
        (20, None, Quality::STALE),
        (30, text("run"), Quality::GOOD),
        (70, text("jam"), Quality::GOOD),
    ]);
    let found = history.reader().states(id, seconds(5, 80)).expect("works");
    let durations = vec![(Value::text("run"), 50_000), (Value::text("jam"), 10_000), (Value::text("idle"), 5_000)];
    assert_eq!(found, States { durations, others: 0, unknown: 10_000, transitions: 2 });
    let nothing = history.reader().states(id, seconds(-9, 0)).expect("works");
    assert_eq!(nothing, States { unknown: 9_000, ..States::default() });
}

#[test]
fn a_counter_goes_over_its_end_and_is_reset() {
    let uint = |x| Some(Value::UInt(x));
    let (_place, history, id) = with(&[
        (0, uint(65_500), Quality::GOOD),
        (10, uint(65_530), Quality::GOOD),
        (20, uint(4), Quality::GOOD),
        (30, uint(60_000), Quality::BAD_TIMEOUT),
        (40, uint(104), Quality::GOOD),
        (50, uint(0), Quality::GOOD),
        (60, uint(7), Quality::GOOD),
    ]);
    let reader = history.reader();
    let found = reader.increase(id, seconds(5, 100), Some(65_536.0)).expect("works");
    assert_eq!(found, Increase { total: 30.0 + 10.0 + 100.0 + 7.0, rollovers: 1, resets: 1 });
    let without = reader.increase(id, seconds(5, 100), None).expect("works");
    assert_eq!(without, Increase { total: 30.0 + 100.0 + 7.0, rollovers: 0, resets: 2 });
}

#[test]
fn between_samples_a_value_is_held_or_calculated_and_says_so() {
    let (_place, history, id) = with(&[
        (10, float(10.0), Quality::GOOD),
        (20, None, Quality::BAD_TIMEOUT),
        (30, float(30.0), Quality::GOOD),
        (40, float(40.0), Quality::GOOD),
    ]);
    let at = |second: i64, how| {
        let found = history.reader().interpolated(id, time(second * 1_000), how).expect("works");
        (found.number(), found.quality)
    };
    assert_eq!(at(9, Interpolation::Sloped), (None, Quality::BAD_NO_DATA));
    assert_eq!(at(35, Interpolation::Sloped), (Some(35.0), Quality::GOOD));
    assert_eq!(at(35, Interpolation::Stepped), (Some(30.0), Quality::GOOD));
    assert_eq!(at(40, Interpolation::Sloped), (Some(40.0), Quality::GOOD));
    assert_eq!(at(25, Interpolation::Sloped), (Some(25.0), Quality::UNCERTAIN_SUBNORMAL), "a bad one was passed over");
    assert_eq!(at(15, Interpolation::Sloped), (Some(15.0), Quality::UNCERTAIN_SUBNORMAL));
    assert_eq!(at(25, Interpolation::Stepped), (None, Quality::BAD_TIMEOUT));
    assert_eq!(at(50, Interpolation::Sloped), (Some(40.0), Quality::UNCERTAIN_SUBNORMAL), "nothing comes after");
}
