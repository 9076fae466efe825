//! A day is answered from one row where there is one, and the answer is that of the samples.

mod common;

use std::ops::ControlFlow;

use common::{Place, number, one, time, wait_for};
use history::{History, Interpolation, Reader, SeriesId, Span, Summary};
use model::{Quality, Sample};
use proptest::prelude::*;
use rusqlite::Connection;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 600 samples an hour: each hour is a block.
const STEP: i64 = 6_000;

fn summaries(reader: &Reader, id: SeriesId, span: Span, step: i64) -> Vec<Summary> {
    reader.summaries(id, span, step, Interpolation::Stepped).expect("reads")
}

/// A walk in eighths, always the same for the same seed.
fn value(seed: i64, i: i64) -> f64 {
    f64::from(i32::try_from((i * 37 + i / 600 * 211 + seed * 101) % 2_000).expect("small")) / 8.0
}

fn fill(history: &History, id: SeriesId, from: i64, to: i64) {
    history.import((from / STEP..to / STEP).map(|i| number(id, i * STEP, value(1, i))).collect()).expect("imports");
}

/// A tag of three days and an hour.
fn three_days(place: &Place) {
    let history = place.open();
    fill(&history, one(&history, "x"), 0, 3 * DAY + HOUR);
}

fn days(place: &Place) -> Vec<i64> {
    let file = Connection::open(place.file()).expect("opens");
    let mut rows = file.prepare("SELECT day FROM day ORDER BY day").expect("there is such a table");
    let days = rows.query_map([], |row| row.get(0)).expect("reads").collect::<Result<_, _>>();
    days.expect("reads")
}

fn change(place: &Place, sql: &str) {
    let file = Connection::open(place.file()).expect("opens");
    assert!(file.execute(sql, []).expect(sql) > 0, "{sql}");
}

const WHOLE: Span = Span { from: time(0), to: time(4 * DAY) };

#[test]
fn a_day_that_is_over_has_a_row_and_is_answered_from_it() {
    let place = Place::new();
    three_days(&place);
    assert_eq!(days(&place), [0, DAY, 2 * DAY], "the fourth goes on");
    let answers = |history: &History| {
        let (reader, id) = (history.reader(), one(history, "x"));
        let points = reader.minmax(id, WHOLE, 4).expect("reads");
        let drawn = points.iter().filter_map(|point| point.value);
        let range = (drawn.clone().fold(f64::MAX, f64::min), drawn.fold(f64::MIN, f64::max));
        (summaries(&reader, id, WHOLE, DAY), summaries(&reader, id, WHOLE, 4 * DAY), range)
    };
    let before = answers(&place.open());
    assert_eq!(before.0[1].count, 14_400);
    // Without its hours the second day can come from nowhere else.
    change(&place, "DELETE FROM block WHERE first BETWEEN 86400000 AND 172799999");
    assert_eq!(answers(&place.open()), before);
}

#[test]
fn what_comes_late_is_in_its_day() {
    let place = Place::new();
    three_days(&place);
    let history = place.open();
    let id = one(&history, "x");
    let day = || summaries(&history.reader(), id, WHOLE, DAY)[1];
    history.import(vec![number(id, DAY + 5 * HOUR + 1, 9_999.0)]).expect("imports");
    assert_eq!((day().count, day().range().map(|range| range.1)), (14_401, Some(9_999.0)), "while it is in memory");
    let picture = history.reader().minmax(id, WHOLE, 4).expect("reads");
    assert!(picture.iter().any(|point| point.value == Some(9_999.0)), "no spike is hidden");
    let before = day();
    drop(history);
    assert_eq!(days(&place), [0, DAY, 2 * DAY], "made anew");
    let history = place.open();
    // From its row, an extreme is known to the day and not to the hour.
    let plain = |summary: Summary| Summary { least: None, greatest: None, ..summary };
    let after = summaries(&history.reader(), one(&history, "x"), WHOLE, DAY)[1];
    assert_eq!((plain(after), after.range()), (plain(before), before.range()), "and when it is sealed");
}

#[test]
fn a_day_with_a_doubtful_sample_is_answered_from_its_hours() {
    let place = Place::new();
    three_days(&place);
    {
        let history = place.open();
        let id = one(&history, "x");
        let at = time(DAY + HOUR + 1);
        let bad = Sample { time: at, received: at, value: None, quality: Quality::BAD_TIMEOUT };
        history.import(vec![history::Row { series: id, sample: bad }]).expect("imports");
    }
    assert_eq!(days(&place), [0, 2 * DAY]);
    let history = place.open();
    let day = summaries(&history.reader(), one(&history, "x"), WHOLE, DAY)[1];
    assert_eq!((day.bad, day.doubtful, day.count), (STEP - 1, true, 14_400));
}

#[test]
fn a_damaged_row_of_a_day_is_not_believed_and_is_found() {
    let place = Place::new();
    three_days(&place);
    let before = {
        let history = place.open();
        summaries(&history.reader(), one(&history, "x"), WHOLE, DAY)
    };
    for another in ["sum = sum * 2", "last_value = 0.1", "count = -1", "first = first + 1", "crc = 1"] {
        change(&place, &["UPDATE day SET ", another, " WHERE day = 86400000"].concat());
        let history = place.open();
        let after = summaries(&history.reader(), one(&history, "x"), WHOLE, DAY);
        let same = |one: &Summary, other: &Summary| {
            (one.sum - other.sum).abs() < 1e-6 * other.sum
                && Summary { sum: 0.0, ..*one } == Summary { sum: 0.0, ..*other }
        };
        // From hours, an extreme is known to the hour and not to the day.
        let plain = |summary: &Summary| Summary { least: None, greatest: None, ..*summary };
        assert!(after.iter().zip(&before).all(|(one, other)| same(&plain(one), &plain(other))), "{another}: {after:?}");
        drop(history);
        let mut told = Vec::new();
        let found = |finding: history::Finding| told.push(finding.to_string());
        history::check(&place.file(), place.clock.clone(), found, |_| ControlFlow::Continue(())).expect("is looked at");
        assert_eq!(told, ["series 'x', day of 1970-01-02T00:00:00Z: is not what its blocks say"], "{another}");
    }
}

#[test]
fn a_day_goes_with_its_hours() {
    let place = Place::new();
    three_days(&place);
    let history = place.open();
    history.prune(time(2 * DAY));
    wait_for("the first two days are gone", || days(&place) == [2 * DAY]);
}

/// What is known of a span, sample by sample.
fn reference(samples: &[(i64, f64)], from: i64, to: i64) -> (usize, f64, Option<(f64, f64)>) {
    let inside = samples.iter().filter(|(time, _)| (from..to).contains(time));
    let mut sum = 0.0;
    for (i, (time, x)) in samples.iter().enumerate() {
        let (begin, end) = ((*time).max(from), samples.get(i + 1).map_or(to, |next| next.0).min(to));
        if begin < end {
            #[expect(clippy::cast_precision_loss, reason = "some days in milliseconds")]
            let length = (end - begin) as f64;
            sum += x * length;
        }
    }
    let range = inside.clone().fold(None, |range: Option<(f64, f64)>, (_, x)| {
        Some(range.map_or((*x, *x), |(least, most)| (least.min(*x), most.max(*x))))
    });
    (inside.count(), sum, range)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn days_are_those_of_the_samples(
        seed in 0..100_i64,
        length in DAY..4 * DAY,
        late in prop::collection::vec((0..4 * DAY, -9_000..9_000_i32), 0..4),
        from in prop_oneof![Just(0), Just(DAY), 0..2 * DAY],
        step in prop_oneof![Just(DAY), Just(2 * DAY), DAY..3 * DAY],
    ) {
        let place = Place::new();
        let mut samples: std::collections::BTreeMap<i64, f64> =
            (0..length / STEP).map(|i| (i * STEP, value(seed, i))).collect();
        {
            let history = place.open();
            let id = one(&history, "x");
            let rows = samples.iter().map(|(time, x)| number(id, *time, *x)).collect();
            history.import(rows).expect("imports");
        }
        for in_memory in [false, true] {
            let history = place.open();
            let id = one(&history, "x");
            for (time, x) in late.iter().filter(|(time, _)| (time % 2 == 0) == in_memory) {
                samples.insert(*time, f64::from(*x));
                history.import(vec![number(id, *time, f64::from(*x))]).expect("imports");
            }
            let all: Vec<(i64, f64)> = samples.iter().map(|(time, x)| (*time, *x)).collect();
            let reader = history.reader();
            let span = Span { from: time(from), to: time(5 * DAY) };
            for summary in summaries(&reader, id, span, step) {
                let (count, sum, range) = reference(&all, summary.span.from.millis(), summary.span.to.millis());
                prop_assert_eq!(summary.count, count);
                prop_assert!((summary.sum - sum).abs() <= 1e-6 * sum.abs().max(1.0), "{:?} instead of {}", summary, sum);
                prop_assert_eq!(summary.least.zip(summary.greatest).map(|(a, b)| (a.value, b.value)), range);
                for extreme in [summary.least, summary.greatest].into_iter().flatten() {
                    let at = reader.pinpoint(id, &extreme).expect("reads").expect("its sample is there");
                    prop_assert_eq!(samples.get(&at.millis()), Some(&extreme.value));
                }
            }
            let points = reader.minmax(id, span, 3).expect("reads");
            let drawn: Vec<f64> = points.iter().filter(|p| p.time >= span.from).filter_map(|p| p.value).collect();
            let (_, _, range) = reference(&all, from, 5 * DAY);
            let found = drawn.iter().copied().reduce(f64::min).zip(drawn.iter().copied().reduce(f64::max));
            prop_assert_eq!(found, range, "no extreme is hidden");
        }
    }
}
