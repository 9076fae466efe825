//! What is kept for how long: samples, what is known of minutes, what is known of hours; by series, and by the size of the file.

mod common;

use std::time::Duration;

use common::{Place, noise, number, time, wait_for};
use history::{History, Interpolation, Keep, Keeping, Row, SeriesId, Span, Summary};
use model::{Quality, Sample, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The test's clock stands here when a place is made.
const NOW: i64 = 1_760_000_000_000;
/// Some hour a hundred days before.
const OLD: i64 = NOW - NOW % DAY - 100 * DAY;

fn days(n: u64) -> Option<Duration> {
    Some(Duration::from_secs(n * 24 * 3600))
}

/// Quarters below a thousand, without an order that something could pack.
fn value(i: i64) -> f64 {
    f64::from(u32::try_from((noise(i).to_bits() >> 20) % 4_000).expect("below 4,000")) / 4.0
}

/// Forty hours of a sample a second a hundred days ago, and one sample of now, so that it is known how late it is.
fn old_and_new(history: &History, name: &str) -> SeriesId {
    let id = history.series(&[name])[0];
    let mut rows: Vec<Row> = (0..40 * 3_600).map(|i| number(id, OLD + i * 1_000, value(i))).collect();
    rows.push(number(id, NOW, 1.0));
    history.import(rows).expect("imports");
    id
}

/// Opens anew with a keeping, and lets the first look at old samples come.
fn keep(place: &Place, keeping: impl Fn(&History) -> Keeping) -> History {
    let history = place.open();
    history.keep(keeping(&history));
    // Its thread has looked at the clock before it is moved, and looks again after that.
    history.flush().expect("works");
    place.clock.set(place_now(place) + 61_000);
    history.flush().expect("works");
    history
}

fn place_now(place: &Place) -> i64 {
    use model::Clock as _;
    place.clock.now().wall.millis()
}

/// The first two of the old hours.
const TWO_HOURS: Span = Span { from: Timestamp::from_millis(OLD), to: Timestamp::from_millis(OLD + 2 * HOUR) };

fn raw(history: &History, id: SeriesId) -> Vec<Sample> {
    history.reader().raw(id, TWO_HOURS, usize::MAX).expect("reads")
}

fn summaries(history: &History, id: SeriesId, step: i64) -> Vec<Summary> {
    history.reader().summaries(id, TWO_HOURS, step, Interpolation::Stepped).expect("reads")
}

fn extremes(history: &History, id: SeriesId) -> (f64, f64) {
    let points = history.reader().minmax(id, TWO_HOURS, 500).expect("reads");
    let values = || points.iter().filter_map(|point| point.value);
    (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max))
}

/// A history whose old samples went, and what is known of their minutes and hours stayed.
fn without_old_samples() -> (Place, History, SeriesId) {
    let place = Place::new();
    {
        old_and_new(&place.open(), "x");
    }
    let keeping = Keep { raw: days(7), minutes: None, hours: None };
    let history = keep(&place, |_| Keeping { default: keeping, ..Keeping::default() });
    let id = history.series(&["x"])[0];
    wait_for("the old samples are gone", || raw(&history, id).is_empty());
    (place, history, id)
}

#[test]
fn samples_go_first_then_minutes_and_what_is_known_of_them_stays() {
    let place = Place::new();
    let (before, minutes_before, picture) = {
        let history = place.open();
        let id = old_and_new(&history, "x");
        (summaries(&history, id, HOUR), summaries(&history, id, 5 * 60_000), extremes(&history, id))
    };
    let bytes = std::fs::metadata(place.file()).expect("is there").len();

    let with_minutes = Keep { raw: days(7), minutes: days(200), hours: None };
    let history = keep(&place, |_| Keeping { default: with_minutes, ..Keeping::default() });
    let id = history.series(&["x"])[0];
    wait_for("the old samples are gone", || raw(&history, id).is_empty());
    assert_eq!(summaries(&history, id, HOUR), before, "hours are what they were");
    assert_eq!(summaries(&history, id, 5 * 60_000), minutes_before, "and minutes are");
    assert_eq!(extremes(&history, id), picture, "no extreme is hidden");
    let inside = history.reader().at(&[id], time(OLD + HOUR + 90_500)).expect("reads")[0].clone().expect("is known");
    assert_eq!(inside.quality, Quality::UNCERTAIN_SUBNORMAL, "a value between is not certain");
    assert_eq!(inside.number(), Some(value(3_600 + 59)), "it is the last of the minute before");
    drop(history);
    let smaller = std::fs::metadata(place.file()).expect("is there").len();
    assert!(smaller < bytes, "{smaller} bytes, {bytes} before: what is free is given back");

    let hours_only = Keep { minutes: days(30), ..with_minutes };
    let history = keep(&place, |_| Keeping { default: hours_only, ..Keeping::default() });
    let id = history.series(&["x"])[0];
    wait_for("the minutes are gone", || summaries(&history, id, 5 * 60_000) != minutes_before);
    assert_eq!(summaries(&history, id, HOUR), before, "hours are still what they were");
    assert_eq!(extremes(&history, id), picture, "no extreme is hidden");
    let five = summaries(&history, id, 5 * 60_000);
    assert!(five.iter().all(|five| five.doubtful), "shares of an hour are no certain minutes");
    let joined = five.into_iter().reduce(|one, next| one.joined(&next)).expect("some");
    let whole = before.iter().copied().reduce(|one, next| one.joined(&next)).expect("two");
    assert_eq!((joined.good, joined.count), (whole.good, whole.count), "together they are what they were");
    assert!((joined.sum - whole.sum).abs() < 1e-6 * whole.sum, "{} instead of {}", joined.sum, whole.sum);
}

#[test]
fn each_series_is_kept_as_long_as_it_says() {
    let place = Place::new();
    {
        let history = place.open();
        for name in ["short", "long", "other"] {
            old_and_new(&history, name);
        }
    }
    let history = keep(&place, |history| {
        let of = |name: &str, keep| (history.series(&[name])[0], keep);
        let long = Keep { raw: None, minutes: None, hours: None };
        let of = [of("short", Keep::all(days(7))), of("long", long)].into();
        Keeping { default: Keep { raw: days(50), minutes: days(400), hours: days(400) }, of, size: None }
    });
    let ids = history.series(&["short", "long", "other"]);
    wait_for("what is kept shortly is gone", || {
        summaries(&history, ids[0], HOUR)[0].count == 0 && raw(&history, ids[2]).is_empty()
    });
    assert_eq!(raw(&history, ids[1]).len(), 7_200, "nothing of what is kept for ever goes");
    assert_eq!(summaries(&history, ids[2], HOUR)[0].count, 3_600, "its hours are there");
}

#[test]
fn a_sample_that_comes_later_than_samples_are_kept_changes_nothing_of_what_is_known() {
    let (place, history, id) = without_old_samples();
    let before = summaries(&history, id, HOUR);
    let late = |millis| number(id, millis, 9_999.0);
    history.import(vec![late(OLD - HOUR), late(OLD + 500), late(OLD + HOUR + 500), late(NOW - HOUR)]).expect("imports");
    drop(history);
    let history = place.open();
    let id = history.series(&["x"])[0];
    assert_eq!(summaries(&history, id, HOUR)[1], before[1]);
    assert_eq!(summaries(&history, id, HOUR)[0].count, before[0].count);
    let all = Span { from: time(0), to: time(NOW) };
    let times: Vec<Timestamp> =
        history.reader().raw(id, all, usize::MAX).expect("reads").iter().map(|sample| sample.time).collect();
    assert!(times.starts_with(&[time(OLD - HOUR)]), "one that is in no such block is kept: {times:?}");
    assert!(times.ends_with(&[time(NOW - HOUR)]), "{times:?}");
}

#[test]
fn a_file_near_its_limit_loses_what_is_oldest_and_goes_on() {
    let place = Place::new();
    let limit = 4_000_000;
    let history = keep(&place, |_| Keeping { default: Keep::all(None), size: Some(limit), ..Keeping::default() });
    let id = history.series(&["x"])[0];
    for part in 0..100 {
        // A part is 80 kB, whatever packs it.
        let rows = (0..10_000).map(|i| number(id, (part * 10_000 + i) * 1_000, noise(part * 10_000 + i))).collect();
        history.import(rows).expect("there is always room");
        place.clock.set(place_now(&place) + 61_000);
        wait_for("there is room again", || {
            history.flush().expect("commits");
            let file = rusqlite::Connection::open(place.file()).expect("opens");
            history::sqlite::bytes_used(&file).expect("reads") < limit / 100 * 92
        });
    }
    let whole = Span { from: time(0), to: time(i64::MAX) };
    let left = history.reader().raw(id, whole, usize::MAX).expect("reads");
    assert!(left.len() > 200_000, "{} samples: not more goes than must", left.len());
    assert_eq!(left.last().map(|sample| sample.time), Some(time(999_999_000)), "the newest is there");
    assert!(left[0].time > time(400_000_000), "the oldest went: {:?}", left[0].time);
    assert_eq!(history.status().dropped, 0);
}

#[test]
fn what_is_known_of_samples_that_went_is_carried_over_from_a_damaged_file() {
    let (place, history, id) = without_old_samples();
    let before = summaries(&history, id, HOUR);
    drop(history);
    // SQLite reads the list of free pages only when it needs one, and its own check tells.
    let mut bytes = std::fs::read(place.file()).expect("is there");
    bytes[32..40].copy_from_slice(&[0, 0, 0x7f, 0xff, 0, 0, 0, 9]);
    std::fs::write(place.file(), bytes).expect("writes");
    let history = place.open();
    let id = history.series(&["x"])[0];
    assert!(history.status().notice.contains("damaged"), "{}", history.status().notice);
    wait_for("what is known is there again", || summaries(&history, id, HOUR) == before);
    assert!(raw(&history, id).is_empty());
}
