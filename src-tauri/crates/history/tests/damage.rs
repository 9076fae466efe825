//! A byte that the disk gives back otherwise than it was written costs the block that it is in, and nothing else.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::{Place, noise, number, one, time};
use history::{History, Interpolation, SeriesId, Span};
use model::{Quality, Sample, Value};
use rusqlite::Connection;

const HOUR: i64 = 3_600_000;
const STEP: i64 = 5_000;
/// Samples of an hour.
const COUNT: i64 = HOUR / STEP;
const WHOLE: Span = Span { from: time(0), to: time(3 * HOUR) };
const GAP: (Option<Value>, Quality) = (None, Quality::BAD_NO_DATA);

/// Three hours, each a block.
fn three_hours(place: &Place) {
    let history = place.open();
    let id = one(&history, "x");
    history.import((0..3 * COUNT).map(|i| number(id, i * STEP, noise(i))).collect()).expect("stores");
}

/// The bytes of the second hour.
const SAMPLES: &str =
    "SELECT substr(bytes, raw_at + 1, raw_bytes) FROM block JOIN segment ON id = raw_segment WHERE first = 3600000";
const MINUTES: &str = "SELECT substr(bytes, minute_at + 1, minute_bytes) FROM block JOIN segment ON id = minute_segment WHERE first = 3600000";

/// Turns a bit on the disk, in the middle of the bytes that a statement gives.
fn flip(file: &Path, part: &str) {
    let connection = Connection::open(file).expect("opens");
    let bytes: Vec<u8> = connection.query_row(part, [], |row| row.get(0)).expect("there is such a block");
    drop(connection);
    let on_disk = fs::read(file).expect("reads");
    let places: Vec<usize> = bytes
        .chunks_exact(40)
        .filter_map(|chunk| on_disk.windows(chunk.len()).position(|place| place == chunk))
        .collect();
    let place = places[places.len() / 2];
    let file = fs::OpenOptions::new().write(true).open(file).expect("opens");
    file.write_all_at(&[on_disk[place + 7] ^ 0x10], place as u64 + 7).expect("writes");
}

fn raw(history: &History, id: SeriesId) -> Vec<Sample> {
    history.reader().raw(id, WHOLE, usize::MAX).expect("reads")
}

fn at(history: &History, id: SeriesId, millis: i64) -> (Option<Value>, Quality) {
    let sample = history.reader().at(&[id], time(millis)).expect("reads").remove(0).expect("there is one");
    (sample.value, sample.quality)
}

fn good(x: f64) -> (Option<Value>, Quality) {
    (Some(Value::Float(x)), Quality::GOOD)
}

#[test]
fn a_block_with_a_flipped_bit_is_a_gap_and_all_others_are_there() {
    let place = Place::new();
    three_hours(&place);
    flip(&place.file(), SAMPLES);
    let history = place.open();
    let id = one(&history, "x");
    assert_eq!(history.status().notice, "", "nobody has looked there yet");
    let samples = raw(&history, id);
    assert_eq!(samples.len(), 2 * usize::try_from(COUNT).unwrap() + 1);
    let (lost, left): (Vec<_>, Vec<_>) = samples.into_iter().partition(|sample| sample.quality.is_bad());
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].time, &lost[0].value, lost[0].quality), (time(HOUR), &None, Quality::BAD_NO_DATA));
    let expect = (0..COUNT).chain(2 * COUNT..3 * COUNT).map(|i| number(id, i * STEP, noise(i)).sample);
    assert!(left.into_iter().eq(expect), "the others are as they were");

    assert_eq!(at(&history, id, HOUR - 1), good(noise(COUNT - 1)));
    assert_eq!(at(&history, id, HOUR + HOUR / 2), GAP);
    assert_eq!(at(&history, id, 2 * HOUR), good(noise(2 * COUNT)));
    let within = Span { from: time(HOUR), to: time(2 * HOUR) };
    let points = history.reader().minmax(id, within, 2_000).unwrap();
    assert!(points[1..].iter().all(|point| point.value.is_none()), "{points:?}");
    let newest = history.reader().latest(id, 2 * usize::try_from(COUNT).unwrap()).unwrap();
    assert_eq!(newest[newest.len() - usize::try_from(COUNT).unwrap() - 1].time, time(HOUR));

    let status = history.status();
    assert!(status.working, "{status:?}");
    assert_eq!(status.notice, "1 block is damaged; its time is shown as a gap.", "it is counted once");
    history.import(vec![number(id, 4 * HOUR, 1.0)]).expect("recording goes on");
}

#[test]
fn damaged_minutes_are_made_up_for_by_the_samples() {
    let place = Place::new();
    three_hours(&place);
    flip(&place.file(), MINUTES);
    let history = place.open();
    let id = one(&history, "x");
    assert_eq!(raw(&history, id).len(), 3 * usize::try_from(COUNT).unwrap(), "the samples are whole");
    let points = history.reader().minmax(id, WHOLE, 180).unwrap();
    let drawn = |from: i64, to: i64| {
        let within = points.iter().filter(|point| (from..to).contains(&point.time.millis()));
        within.filter_map(|point| point.value).fold(f64::MIN, f64::max)
    };
    let greatest = (COUNT..2 * COUNT).map(noise).fold(f64::MIN, f64::max);
    assert_eq!(drawn(HOUR, 2 * HOUR).to_bits(), greatest.to_bits(), "the picture is the same");
    assert!(history.status().notice.starts_with("1 block is damaged"), "{:?}", history.status());
}

#[test]
fn late_samples_in_a_damaged_block_do_not_hold_over_what_is_lost() {
    let place = Place::new();
    three_hours(&place);
    flip(&place.file(), SAMPLES);
    let (first, late) = (HOUR + 1_000, HOUR + HOUR / 2 + 1);
    let check = |history: &History| {
        let id = one(history, "x");
        assert_eq!(at(history, id, first), good(0.5));
        assert_eq!(at(history, id, late), good(1.5));
        for lost in [HOUR, first + 1, late - 1, late + 1, 2 * HOUR - 1] {
            assert_eq!(at(history, id, lost), GAP, "at {lost}");
        }
        assert_eq!(at(history, id, 2 * HOUR), good(noise(2 * COUNT)));
        let samples = raw(history, id);
        let found = samples.iter().filter(|sample| (HOUR..2 * HOUR).contains(&sample.time.millis()));
        assert_eq!(
            found.map(|sample| sample.time).collect::<Vec<_>>(),
            [HOUR, first, first + 1, late, late + 1].map(time)
        );
    };
    {
        let history = place.open();
        let id = one(&history, "x");
        history.import(vec![number(id, late, 1.5), number(id, first, 0.5)]).unwrap();
        check(&history);
    }
    // Closing has sealed them into the block.
    check(&place.open());
    assert_eq!(place.open().status().notice, "", "the block is whole again, with gaps in it");
}

#[test]
fn samples_that_are_brought_again_mend_the_block() {
    let place = Place::new();
    three_hours(&place);
    flip(&place.file(), SAMPLES);
    {
        let history = place.open();
        let id = one(&history, "x");
        history.import((COUNT..2 * COUNT).map(|i| number(id, i * STEP, noise(i))).collect()).unwrap();
    }
    let history = place.open();
    let id = one(&history, "x");
    assert!(raw(&history, id).into_iter().eq((0..3 * COUNT).map(|i| number(id, i * STEP, noise(i)).sample)));
}

/// Every column of a block's row, and another value for it.
const ANOTHER: [&str; 21] = [
    "last = last - 1000",
    "last = last + 1000",
    "count = count - 1",
    "least = least + 1e300",
    "greatest = NULL",
    "first_value = 1.5",
    "last_value = 1.5",
    "sum = sum * 2",
    "good = good + 60000",
    "uncertain = 60000",
    "bad = 60000",
    "doubts = 1",
    "last_quality = 1083113472",
    "raw_segment = raw_segment + 1",
    "raw_at = (SELECT raw_at FROM block WHERE first = 0)",
    "raw_bytes = raw_bytes - 1",
    "raw_crc = raw_crc + 1",
    "raw_crc = raw_crc + 4294967296",
    "minute_at = minute_at + 1",
    "minute_bytes = -1",
    "minute_crc = minute_crc + 1",
];

fn findings(place: &Place) -> Vec<String> {
    let mut findings = Vec::new();
    let found = |finding: history::Finding| findings.push(finding.to_string());
    history::check(&place.file(), place.clock.clone(), found, |_| ControlFlow::Continue(())).expect("is looked at");
    findings
}

#[test]
fn nothing_of_a_block_whose_row_is_damaged_is_believed() {
    for another in ANOTHER {
        let place = Place::new();
        three_hours(&place);
        let file = Connection::open(place.file()).expect("opens");
        let changed = file.execute(&["UPDATE block SET ", another, " WHERE first = 3600000"].concat(), []);
        assert_eq!(changed.expect("changes"), 1);
        drop(file);
        let history = place.open();
        let id = one(&history, "x");
        let hour = Span { from: time(HOUR), to: time(2 * HOUR) };
        for second in [0, 1, 1_800, 3_599] {
            assert_eq!(at(&history, id, HOUR + second * 1_000), GAP, "{another}: at {second} s");
        }
        let reader = history.reader();
        let summary = reader.summaries(id, hour, HOUR, Interpolation::Stepped).expect("reads")[0];
        assert_eq!((summary.count, summary.good, summary.bad), (0, 0, HOUR), "{another}");
        // One column for all, some for each hour, one for each sample.
        for pixels in [1, 30, 2_000] {
            let points = reader.minmax(id, hour, pixels).expect("reads");
            let drawn: Vec<_> =
                points.iter().filter(|point| point.time >= hour.from && point.value.is_some()).collect();
            assert!(drawn.is_empty(), "{another}: {drawn:?}");
        }
        assert_eq!(raw(&history, id).len(), 2 * usize::try_from(COUNT).unwrap() + 1, "{another}: the others are there");
        assert_eq!(history.status().notice, "1 block is damaged; its time is shown as a gap.", "{another}");
        assert!(history.status().working);
        assert!(findings(&place).iter().any(|finding| finding.contains("what is known of it")), "{another}");
    }
}

/// The eight bytes of the sum, as the disk gives them back.
#[test]
fn a_bit_of_a_row_turned_on_the_disk_is_noticed() {
    let place = Place::new();
    three_hours(&place);
    let file = Connection::open(place.file()).expect("opens");
    let sum: f64 =
        file.query_row("SELECT sum FROM block WHERE first = 3600000", [], |row| row.get(0)).expect("is there");
    drop(file);
    let on_disk = fs::read(place.file()).expect("reads");
    let at_sum = on_disk.windows(8).position(|eight| eight == sum.to_be_bytes()).expect("is on the disk");
    let file = fs::OpenOptions::new().write(true).open(place.file()).expect("opens");
    file.write_all_at(&[on_disk[at_sum + 3] ^ 0x10], at_sum as u64 + 3).expect("writes");
    let history = place.open();
    let id = one(&history, "x");
    let summary = history.reader().summaries(id, WHOLE, 3 * HOUR, Interpolation::Stepped).expect("reads")[0];
    assert_eq!((summary.good, summary.bad), (2 * HOUR, HOUR));
}

#[test]
fn samples_that_are_brought_again_mend_a_block_whose_row_was_damaged() {
    let place = Place::new();
    three_hours(&place);
    Connection::open(place.file())
        .and_then(|file| file.execute("UPDATE block SET sum = 1 WHERE first = 3600000", []))
        .expect("changes");
    {
        let history = place.open();
        let id = one(&history, "x");
        history.import((COUNT..2 * COUNT).map(|i| number(id, i * STEP, noise(i))).collect()).unwrap();
    }
    let history = place.open();
    let id = one(&history, "x");
    assert!(raw(&history, id).into_iter().eq((0..3 * COUNT).map(|i| number(id, i * STEP, noise(i)).sample)));
}
