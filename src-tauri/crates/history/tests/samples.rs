//! What is recorded comes back: exactly, in order, once, whatever the order of arrival.

mod common;

use std::collections::BTreeMap;

use common::{Place, number, one, time};
use history::{History, OpenError, Options, Point, Reader, Row, SeriesId, Span};
use model::{Quality, Sample, Timestamp, Value};
use proptest::prelude::*;

/// One sample of one of three series; times collide often.
#[derive(Clone, Debug)]
struct Arrival {
    series: usize,
    sample: Sample,
}

fn value() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        1 => Just(None),
        4 => (-100.0..100.0f64).prop_map(|x| Some(Value::Float(x))),
        1 => any::<f64>().prop_map(|x| Some(Value::Float(x))),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(f64::MIN_POSITIVE / 3.0)]
            .prop_map(|x| Some(Value::Float(x))),
        1 => any::<i64>().prop_map(|x| Some(Value::Int(x))),
        1 => any::<u64>().prop_map(|x| Some(Value::UInt(x))),
        1 => any::<bool>().prop_map(|x| Some(Value::Bool(x))),
        1 => any::<String>().prop_map(|x| Some(Value::text(x))),
    ]
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        6 => Just(Quality::GOOD),
        1 => Just(Quality::STALE),
        1 => Just(Quality::BAD_TIMEOUT),
        1 => any::<u32>().prop_map(Quality::from_code),
    ]
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let time = prop_oneof![8 => 0..400i64, 1 => -1000..1000i64, 1 => any::<i64>()];
    (0..3usize, time, value(), quality(), prop_oneof![3 => Just(None), 1 => any::<i64>().prop_map(Some)]).prop_map(
        |(series, at, value, quality, received)| {
            let sample = Sample {
                time: Timestamp::from_millis(at),
                received: Timestamp::from_millis(received.unwrap_or(at)),
                value,
                quality,
            };
            Arrival { series, sample }
        },
    )
}

/// What a sample is once it is stored: what is not finite is bad and has no value.
fn stored(sample: &Sample) -> Sample {
    let mut sample = sample.clone();
    if let Some(Value::Float(x)) = sample.value
        && !x.is_finite()
    {
        sample.value = None;
        sample.quality = sample.quality.worst(Quality::BAD_OUT_OF_RANGE);
    }
    sample
}

/// Equal to the last bit: `Debug` tells -0.0 from 0.0.
fn assert_same(found: &[Sample], expect: &[&Sample]) {
    assert_eq!(format!("{found:?}"), format!("{expect:?}"));
}

/// Records arrivals in batches, the last by an import, and gives the reference.
fn record(history: &History, arrivals: &[Arrival], batch: usize) -> (Vec<SeriesId>, Vec<BTreeMap<i64, Sample>>) {
    let ids = history.series(&["a", "b", "c"]);
    let mut reference = vec![BTreeMap::new(); ids.len()];
    let batches: Vec<&[Arrival]> = arrivals.chunks(batch).collect();
    for (i, arrivals) in batches.iter().enumerate() {
        let rows: Vec<Row> = arrivals.iter().map(|a| Row { series: ids[a.series], sample: a.sample.clone() }).collect();
        for a in *arrivals {
            reference[a.series].insert(a.sample.time.millis(), stored(&a.sample));
        }
        if i + 1 == batches.len() {
            history.import(rows).expect("imports");
        } else {
            history.record(rows);
        }
    }
    history.flush().expect("commits");
    (ids, reference)
}

/// Every property that the points of a picture must have.
fn check_picture(samples: &BTreeMap<i64, Sample>, span: Span, pixels: u32, points: &[Point]) {
    assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time), "in order, none twice: {points:?}");
    for point in points {
        let sample = &samples[&point.time.millis()];
        assert_eq!((point.value, point.quality), (sample.number(), sample.quality), "every point is a real sample");
    }
    let before = samples.range(..span.from.millis()).next_back().map(|(time, _)| *time);
    let inside: Vec<(&i64, &Sample)> = samples.range(span.from.millis()..span.to.millis()).collect();
    let edge = before.or(inside.first().map(|(time, _)| **time));
    assert_eq!(points.first().map(|point| point.time.millis()), edge, "the line starts at the left edge");
    let end = inside.last().map(|(time, _)| **time).or(before);
    assert_eq!(points.last().map(|point| point.time.millis()), end, "the line ends with the newest sample");

    let length = u128::try_from(i128::from(span.to.millis()) - i128::from(span.from.millis())).expect("works");
    let width = i64::try_from(length.div_ceil(u128::from(pixels))).unwrap_or(i64::MAX);
    let column = |time: i64| time.div_euclid(width);
    assert!(points.len() <= 8 * (pixels as usize + 2), "{} points for {pixels} pixels", points.len());
    for (time, sample) in inside {
        let beside: Vec<&Point> =
            points.iter().filter(|p| p.time >= span.from && column(p.time.millis()) == column(*time)).collect();
        match sample.number() {
            Some(x) => {
                let values = || beside.iter().filter_map(|p| p.value);
                let (min, max) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
                assert!((min..=max).contains(&x), "{x} at {time} is hidden by {beside:?}");
                assert!(
                    sample.quality.is_good() || beside.iter().any(|p| p.value.is_some() && !p.quality.is_good()),
                    "the doubtful value at {time} is hidden"
                );
            }
            None => assert!(beside.iter().any(|p| p.value.is_none()), "the gap at {time} is hidden by {beside:?}"),
        }
    }
}

/// What holds also of a picture made from roll-ups, whose times are right to a row.
fn check_coarse(samples: &BTreeMap<i64, Sample>, span: Span, points: &[Point]) {
    assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time), "in order, none twice: {points:?}");
    let numbers = |less: fn(f64, f64) -> f64, of: &mut dyn Iterator<Item = f64>| of.reduce(less);
    let within = || samples.values().filter(|sample| sample.time < span.to);
    for extreme in [f64::min, f64::max] {
        let expect = numbers(extreme, &mut within().filter_map(Sample::number));
        let found = numbers(extreme, &mut points.iter().filter_map(|point| point.value));
        assert_eq!(found, expect, "no extreme is hidden or made up: {points:?}");
    }
    let has_gap = within().any(|sample| sample.number().is_none());
    assert_eq!(points.iter().any(|point| point.value.is_none()), has_gap, "no gap is hidden or made up");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_gives_the_same_history(
        arrivals in prop::collection::vec(arrival(), 1..300),
        batch in 1..100usize,
        from in -100..500i64,
        length in 1..500i64,
        pixels in 1..30u32,
        limit in 1..40usize,
    ) {
        let place = Place::new();
        let history = place.open();
        let (ids, reference) = record(&history, &arrivals, batch);
        let reader = history.reader();
        let whole = Span { from: time(i64::MIN), to: time(i64::MAX) };
        let span = Span { from: time(from), to: time(from + length) };
        for (id, samples) in ids.iter().zip(&reference) {
            let all: Vec<&Sample> = samples.values().filter(|s| s.time < whole.to).collect();
            assert_same(&reader.raw(*id, whole, usize::MAX).expect("works"), &all);
            let within: Vec<&Sample> = samples.range(from..from + length).map(|(_, s)| s).collect();
            assert_same(&reader.raw(*id, span, limit).expect("works"), &within[..within.len().min(limit)]);
            let newest: Vec<&Sample> = samples.values().skip(samples.len().saturating_sub(limit)).collect();
            assert_same(&reader.latest(*id, limit).expect("works"), &newest);
            check_picture(samples, span, pixels, &reader.minmax(*id, span, pixels).expect("works"));
            check_coarse(samples, whole, &reader.minmax(*id, whole, pixels).expect("works"));
        }
        let at = reader.at(&ids, time(from)).expect("works");
        for (found, samples) in at.iter().zip(&reference) {
            let expect = samples.range(..=from).next_back().map(|(_, sample)| sample);
            prop_assert_eq!(format!("{:?}", found.as_ref()), format!("{expect:?}"));
        }
    }
}

#[test]
fn what_is_recorded_survives_a_restart() {
    let place = Place::new();
    {
        let history = place.open();
        let id = one(&history, "ulm/filler/speed");
        history.record(vec![number(id, 1, 5.0)]);
    }
    let history = place.open();
    let ids = history.series(&["something else", "ulm/filler/speed", "never recorded"]);
    let at = history.reader().at(&ids, time(100)).unwrap();
    assert_eq!(at, vec![None, Some(Sample::good(time(1), Value::Float(5.0))), None]);
}

#[test]
fn a_history_is_read_beside_the_process_that_writes_it() {
    let place = Place::new();
    assert!(matches!(Reader::open(&place.file(), place.clock.clone()), Err(OpenError::Look { .. })));
    assert!(!place.file().exists(), "looking makes no file");
    let history = place.open();
    let id = one(&history, "a");
    history.import(vec![number(id, 1, 5.0)]).unwrap();
    let read = || {
        let reader = Reader::open(&place.file(), place.clock.clone()).unwrap();
        let ids = reader.series(&["unknown", "a"]);
        (reader.latest(ids[0], 9).unwrap(), reader.latest(ids[1], 9).unwrap())
    };
    let expect = (vec![], vec![Sample::good(time(1), Value::Float(5.0))]);
    assert_eq!(read(), expect);
    drop(history);
    assert_eq!(read(), expect);
}

#[test]
fn questions_longer_than_a_page_are_answered_whole() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    let count = 120_001;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    history.import((0..count).rev().map(|i| number(id, i, i as f64)).collect()).unwrap();
    let reader = history.reader();
    let whole = Span { from: time(0), to: time(count) };
    let all = reader.raw(id, whole, usize::MAX).unwrap();
    assert_eq!(all.len(), 120_001);
    assert!(all.windows(2).all(|pair| pair[1].time.millis() == pair[0].time.millis() + 1));
    assert_eq!(reader.latest(id, 60_000).unwrap(), all[60_001..]);
    let points = reader.minmax(id, whole, 100).unwrap();
    assert!(points.len() <= 202, "first and last of each column are also its least and greatest");
    assert_eq!(history.status().written, 120_001);
}

#[test]
fn an_empty_span_and_no_pixels_do_no_harm() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 5, 1.0)]).unwrap();
    let reader = history.reader();
    assert_eq!(reader.minmax(id, Span { from: time(9), to: time(9) }, 10).unwrap(), vec![]);
    assert_eq!(reader.minmax(id, Span { from: time(0), to: time(9) }, 0).unwrap().len(), 1);
    assert_eq!(reader.raw(id, Span { from: time(9), to: time(0) }, 10).unwrap(), vec![]);
    assert_eq!(reader.latest(id, 0).unwrap(), vec![]);
}

#[test]
fn pruning_goes_by_blocks_and_keeps_the_value_at_the_beginning() {
    const HOUR: i64 = 3_600_000;
    let place = Place::new();
    let history = place.open();
    let ids = history.series(&["busy", "slow"]);
    let mut rows: Vec<Row> = (0..40 * 720).map(|i| number(ids[0], i * 5_000, common::noise(i))).collect();
    rows.push(number(ids[1], 3, 7.0));
    history.import(rows).unwrap();
    history.prune(time(30 * HOUR));
    let reader = history.reader();
    let whole = Span { from: time(0), to: time(100 * HOUR) };
    common::wait_for("old hours are gone", || reader.raw(ids[0], whole, usize::MAX).unwrap().len() == 11 * 720);
    assert_eq!(reader.raw(ids[0], whole, 1).unwrap()[0].time, time(29 * HOUR), "the newest of the old hours stays");
    assert_eq!(reader.raw(ids[1], whole, 10).unwrap().len(), 1, "a tag that seldom changes keeps its value");
}

const DAY: i64 = 24 * 3600 * 1000;
const NOW: i64 = 1_760_000_000_000;

/// A history of which ten days are kept, with thirty days in it.
fn thirty_days(place: &Place) -> (History, SeriesId) {
    let retention = Some(std::time::Duration::from_secs(10 * 24 * 3600));
    let history = History::open_with(&place.file(), place.clock.clone(), Options { retention }).expect("opens");
    let id = one(&history, "x");
    history.import((0..30).map(|d| number(id, NOW - d * DAY, 1.0)).collect()).expect("imports");
    (history, id)
}

fn kept(history: &History, id: SeriesId) -> usize {
    history.flush().expect("commits");
    history.reader().raw(id, Span { from: time(0), to: time(i64::MAX) }, 100).expect("reads").len()
}

#[test]
fn samples_older_than_the_retention_go_by_themselves() {
    let place = Place::new();
    let (history, id) = thirty_days(&place);
    place.clock.set(NOW + 61_000);
    common::wait_for("ten days and one sample are left", || kept(&history, id) == 11);
}

#[test]
fn a_clock_that_is_years_ahead_costs_no_history() {
    let place = Place::new();
    drop(thirty_days(&place));
    place.clock.shift(4000 * DAY);
    let (history, id) = thirty_days(&place);
    place.clock.set(NOW + 61_000);
    common::wait_for("what is old by the samples' own time is gone", || kept(&history, id) == 11);
}

#[test]
fn a_full_queue_drops_counts_and_marks_the_gap() {
    let place = Place::new();
    let history = place.open();
    let ids = history.series(&["a", "b"]);
    history.import(vec![number(ids[0], 0, 1.0)]).unwrap();
    let lock = rusqlite::Connection::open(place.file()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    history.record((1..=500_000).map(|i| number(ids[0], i, i as f64)).collect());
    history.record((500_001..500_101).flat_map(|i| [number(ids[0], i, 0.0), number(ids[1], i, 0.0)]).collect());
    let status = history.status();
    assert_eq!((status.queued, status.dropped), (500_000, 200));
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    history.flush().unwrap();
    let whole = Span { from: time(0), to: time(i64::MAX) };
    let reader = history.reader();
    let gap = Sample::bad(time(500_001), Quality::BAD_NO_DATA);
    assert_eq!(reader.latest(ids[0], 1).unwrap(), vec![gap.clone()], "the gap begins where rows were lost");
    assert_eq!(reader.raw(ids[1], whole, 10).unwrap(), vec![gap]);
    assert_eq!(history.status().queued, 0);
}
