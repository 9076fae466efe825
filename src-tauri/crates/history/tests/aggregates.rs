//! Aggregates are those of the samples, whether they come from roll-ups, from blocks or from memory.

mod common;

use common::{Place, time};
use history::{Extreme, Increase, Interpolation, Row, Span, States, Summary};
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
fn reference(samples: &[Sample], span: Span, how: Interpolation) -> Summary {
    let (from, to) = (span.from.millis(), span.to.millis());
    let good = |sample: &Sample| if sample.quality.is_good() { sample.number() } else { None };
    let inside = |sample: &&Sample| sample.time >= span.from && sample.time < span.to;
    let mut summary = Summary {
        span,
        count: samples.iter().filter(inside).filter(|s| s.quality.is_good()).count(),
        least: None,
        greatest: None,
        start: None,
        end: None,
        sum: 0.0,
        good: 0,
        uncertain: 0,
        bad: 0,
        missing: samples.first().map_or(to, |first| first.time.millis().min(to)).max(from) - from,
        doubtful: samples.iter().filter(inside).any(|s| !s.quality.is_good()),
    };
    for sample in samples.iter().filter(inside) {
        let Some(value) = good(sample) else { continue };
        let one = Extreme { value, from: sample.time, to: sample.time };
        if summary.least.is_none_or(|least| value < least.value) {
            summary.least = Some(one);
        }
        if summary.greatest.is_none_or(|greatest| value > greatest.value) {
            summary.greatest = Some(one);
        }
    }
    for (i, sample) in samples.iter().enumerate() {
        let (time, next) = (sample.time.millis(), samples.get(i + 1));
        let until = next.map_or(i64::MAX, |next| next.time.millis());
        let next = next.and_then(good).filter(|_| how == Interpolation::Sloped);
        #[expect(clippy::cast_precision_loss, reason = "some hours in milliseconds")]
        let line = |at: i64| {
            let first = good(sample)?;
            let share = (at - time) as f64 / (until - time) as f64;
            Some(first + (next.unwrap_or(first) - first) * share)
        };
        if inside(&sample) && good(sample).is_some() {
            summary.end = good(sample);
        }
        if time < from && from <= until {
            summary.start = line(from);
        }
        let (begin, end) = (time.max(from), until.min(to));
        if begin >= end {
            continue;
        }
        let length = end - begin;
        if sample.quality.is_bad() {
            summary.bad += length;
        } else if !sample.quality.is_good() {
            summary.uncertain += length;
        } else {
            summary.good += length;
        }
        if let (Some(first), Some(last)) = (line(begin), line(end)) {
            #[expect(clippy::cast_precision_loss, reason = "some hours in milliseconds")]
            let length = length as f64;
            summary.sum += f64::midpoint(first, last) * length;
            summary.end = Some(last);
        }
    }
    summary
}

fn close(found: f64, expect: f64) -> bool {
    (found - expect).abs() <= 1e-6 * expect.abs().max(1.0)
}

/// That two are the same, numbers that are calculated to a millionth.
fn assert_same(found: Summary, expect: Summary) -> Result<(), TestCaseError> {
    prop_assert!(close(found.sum, expect.sum), "{:?} instead of {:?}", found, expect);
    for (one, other) in [(found.start, expect.start), (found.end, expect.end)] {
        let same = one.zip(other).map_or(one == other, |(one, other)| close(one, other));
        prop_assert!(same, "{:?} instead of {:?}", found, expect);
    }
    let exact = |summary| Summary { sum: 0.0, start: None, end: None, ..summary };
    prop_assert_eq!(exact(found), exact(expect));
    Ok(())
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
        how in prop_oneof![Just(Interpolation::Stepped), Just(Interpolation::Sloped)],
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
        let reader = history.reader();
        let mut found = reader.summaries(id, span, step, how).expect("works");
        prop_assert_eq!(i64::try_from(found.len()).expect("few"), (length + step - 1) / step);
        for summary in &mut found {
            for extreme in [&mut summary.least, &mut summary.greatest].into_iter().flatten() {
                let time = reader.pinpoint(id, extreme).expect("works").expect("its sample is there");
                prop_assert!((extreme.from..=extreme.to).contains(&time));
                (extreme.from, extreme.to) = (time, time);
            }
            assert_same(*summary, reference(&samples, summary.span, how))?;
        }
        let whole = found.iter().copied().reduce(|one, next| one.joined(&next)).expect("one at least");
        assert_same(whole, reference(&samples, span, how))?;
    }

    #[test]
    fn the_value_at_an_instant_is_on_the_line_that_was_promised(
        samples in samples(),
        sealed in any::<prop::sample::Index>(),
        at in prop::collection::vec(0..9 * HOUR, 1..20),
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
        let of = [(id, Interpolation::Stepped), (id, Interpolation::Sloped)];
        for at in at {
            let found = history.reader().promised(&of, time(at)).expect("works");
            let newest = samples.iter().rev().find(|sample| sample.time <= time(at));
            prop_assert_eq!(found[0].as_ref(), newest);
            let sloped = found[1].as_ref();
            prop_assert_eq!(sloped.map(|sample| sample.quality), newest.map(|newest| newest.quality));
            let good = newest.filter(|newest| newest.quality.is_good() && newest.number().is_some());
            // The end of the instant's own interval is where the line is then.
            let expect = good.and_then(|_| {
                let before = Span { from: time(at - 1), to: time(at) };
                let exact = newest.filter(|newest| newest.time == time(at)).and_then(Sample::number);
                exact.or(reference(&samples, before, Interpolation::Sloped).end)
            });
            match (good.and(sloped).and_then(Sample::number), expect) {
                (Some(found), Some(expect)) => prop_assert!(close(found, expect), "{found} instead of {expect}"),
                (found, expect) => prop_assert_eq!(found, expect),
            }
        }
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
    let summary = history.reader().summaries(id, seconds(0, 300), 300_000, Interpolation::Stepped).expect("works")[0];
    assert_eq!(summary.time_average(), Some(15.0));
    assert_eq!(summary.percent_good(), 80.0);
    assert_eq!(summary.quality(), Quality::UNCERTAIN_SUBNORMAL);
}

/// What a swinging door recorded is a line: ten minutes up and ten minutes down again, with a sample at each turn.
#[test]
fn what_was_promised_as_a_line_is_averaged_as_a_line() {
    let samples =
        [(0, float(0.0), Quality::GOOD), (600, float(60.0), Quality::GOOD), (1_200, float(0.0), Quality::GOOD)];
    let (_place, history, id) = with(&samples);
    let reader = history.reader();
    let summary = |from, to, how| reader.summaries(id, seconds(from, to), 10_000_000, how).expect("works")[0];
    let sloped = summary(0, 1_200, Interpolation::Sloped);
    assert_eq!((sloped.time_average(), sloped.range(), sloped.percent_good()), (Some(30.0), Some((0.0, 60.0)), 100.0));
    let within = summary(150, 450, Interpolation::Sloped);
    assert_eq!((within.count, within.time_average(), within.range()), (0, Some(30.0), Some((15.0, 45.0))));
    assert_eq!((within.start, within.end), (Some(15.0), Some(45.0)));
    let stepped = summary(150, 450, Interpolation::Stepped);
    assert_eq!((stepped.time_average(), stepped.range()), (Some(0.0), Some((0.0, 0.0))), "a step would have stood");
    let at = |second: i64, how| {
        let found = reader.promised(&[(id, how)], time(second * 1_000)).expect("works").remove(0).expect("is known");
        (found.number(), found.time)
    };
    assert_eq!(at(300, Interpolation::Sloped), (Some(30.0), time(300_000)));
    assert_eq!(at(600, Interpolation::Sloped), (Some(60.0), time(600_000)));
    assert_eq!(at(300, Interpolation::Stepped), (Some(0.0), time(0)));
    assert_eq!(at(9_000, Interpolation::Sloped), (Some(0.0), time(1_200_000)), "nothing comes after: it holds");
}

/// A line leads to good numbers only: what is not good has no say in an average, and the value before it holds.
#[test]
fn no_line_leads_to_what_is_not_good() {
    let samples =
        [(0, float(10.0), Quality::GOOD), (100, float(900.0), Quality::STALE), (200, None, Quality::BAD_TIMEOUT)];
    let (_place, history, id) = with(&samples);
    let summary = history.reader().summaries(id, seconds(0, 300), 300_000, Interpolation::Sloped).expect("works")[0];
    assert_eq!((summary.time_average(), summary.range()), (Some(10.0), Some((10.0, 10.0))));
    assert_eq!((summary.good, summary.uncertain, summary.bad), (100_000, 100_000, 100_000));
    let held = history.reader().promised(&[(id, Interpolation::Sloped)], time(50_000)).expect("works").remove(0);
    assert_eq!(held.and_then(|held| held.number()), Some(10.0));
}

#[test]
fn without_samples_there_is_no_data_and_before_the_first_one_some_is_missing() {
    let (_place, history, id) = with(&[(90, float(1.0), Quality::GOOD)]);
    let found = history.reader().summaries(id, seconds(0, 180), 60_000, Interpolation::Stepped).expect("works");
    let qualities: Vec<Quality> = found.iter().map(Summary::quality).collect();
    assert_eq!(qualities, [Quality::BAD_NO_DATA, Quality::UNCERTAIN_SUBNORMAL, Quality::GOOD]);
    assert_eq!((found[0].time_average(), found[1].missing, found[2].time_average()), (None, 30_000, Some(1.0)));
    assert_eq!(found[2].range(), Some((1.0, 1.0)), "no sample came, but one holds");
    assert_eq!(history.reader().summaries(id, seconds(9, 9), 1, Interpolation::Stepped).expect("works"), []);
    assert_eq!(history.reader().summaries(id, seconds(0, 9), 0, Interpolation::Stepped).expect("works"), []);
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
