//! A damaged file is set aside, and what can be read in it is carried over while recording goes on.

mod common;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::{Place, noise, number, one, time, wait_for};
use history::{History, Row, Span};
use model::{Sample, Value};
use rusqlite::Connection;

const STEP: i64 = 5_000;
const COUNT: i64 = 6 * 720;
const SERIES: i64 = 40;
const WHOLE: Span = Span { from: time(0), to: time(COUNT * STEP + 1_000_000) };
const PAGE: usize = 4_096;

fn name(series: i64) -> String {
    format!("line/machine {series}")
}

fn value(series: i64, i: i64) -> f64 {
    noise(series * COUNT + i)
}

/// Six hours of forty series.
fn six_hours(place: &Place) {
    let history = place.open();
    for series in 0..SERIES {
        let id = one(&history, &name(series));
        history.import((0..COUNT).map(|i| number(id, i * STEP, value(series, i))).collect()).expect("stores");
    }
}

fn is_over(history: &History) -> bool {
    history.status().notice.contains("were carried over")
}

/// What became of the samples: how many of them are there. None may be another one, and none may hold over a time that is lost.
fn examine(history: &History) -> usize {
    let mut there = 0;
    for series in 0..SERIES {
        let id = one(history, &name(series));
        let found = history.reader().raw(id, WHOLE, usize::MAX).expect("the new file can be read");
        for i in 0..COUNT {
            let newest = found.partition_point(|sample| sample.time <= time(i * STEP)).checked_sub(1);
            let Some(sample) = newest.map(|newest| &found[newest]) else { continue };
            if !sample.quality.is_bad() {
                let expect = Sample::good(time(i * STEP), Value::Float(value(series, i)));
                assert_eq!(sample, &expect, "of {} at {i}", name(series));
                there += 1;
            }
        }
    }
    there
}

/// Overwrites pages, chosen by a seed, and never the first.
fn overwrite(file: &Path, share: usize, seed: i64) -> usize {
    let pages = fs::read(file).expect("reads").len() / PAGE;
    let file = fs::OpenOptions::new().write(true).open(file).expect("opens");
    let chosen = (1..pages).filter(|page| {
        let draw = noise(seed * 1_000_003 + i64::try_from(*page).expect("few")).to_bits();
        draw % 1_000 < share as u64
    });
    chosen
        .map(|page| {
            let garbage: Vec<u8> = (0..PAGE).map(|i| (i * 31 + page * 7) as u8).collect();
            file.write_all_at(&garbage, (page * PAGE) as u64).expect("writes");
        })
        .count()
}

#[test]
fn of_a_file_with_overwritten_pages_the_rest_is_carried_over() {
    let total = usize::try_from(SERIES * COUNT).unwrap();
    let mut left = Vec::new();
    for seed in 1..=8 {
        let place = Place::new();
        six_hours(&place);
        let overwritten = overwrite(&place.file(), 20, seed);
        let damaged = fs::read(place.file()).unwrap();
        let history = place.open();
        let id = one(&history, "new");
        history.record(vec![number(id, 1, 7.0)]);
        wait_for("it is read to its end", || {
            let status = history.status();
            assert!(status.working, "{status:?}");
            is_over(&history) || overwritten == 0
        });
        let aside = place.file().with_file_name("history.sqlite.damaged-20251009T085320Z");
        assert!(fs::read(aside).unwrap() == damaged, "the damaged file is kept as it was");
        let there = examine(&history);
        let notice = history.status().notice;
        assert!(there == total || notice.contains("could not be read"), "{there} of {total}: {notice}");
        history.flush().unwrap();
        assert_eq!(history.reader().latest(id, 1).unwrap().len(), 1, "recording went on");
        left.push(there);
    }
    left.sort_unstable();
    assert!(left[left.len() / 2] > total / 2, "{left:?} of {total}");
}

#[test]
fn of_a_file_cut_short_the_front_is_carried_over() {
    let total = usize::try_from(SERIES * COUNT).unwrap();
    for tenths in [5, 9] {
        let place = Place::new();
        six_hours(&place);
        let file = fs::OpenOptions::new().write(true).open(place.file()).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length * tenths / 10 + 77).unwrap();
        let history = place.open();
        wait_for("it is read to its end", || is_over(&history));
        let there = examine(&history);
        let notice = history.status().notice;
        assert!(there > 0 && there < total, "{there} of {total}: {notice}");
        assert!(notice.contains("could not be read"), "{notice}");
    }
}

#[test]
fn what_can_be_read_of_a_file_of_the_first_format_is_carried_over() {
    let place = Place::new();
    let file = Connection::open(place.file()).unwrap();
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
         CREATE TABLE fresh (series INTEGER NOT NULL, time INTEGER NOT NULL, kind INTEGER NOT NULL, value ANY,
             quality INTEGER NOT NULL, delay INTEGER NOT NULL, PRIMARY KEY (series, time)) STRICT, WITHOUT ROWID;
         INSERT INTO series VALUES (7, 'x');
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69999)
             INSERT INTO fresh SELECT 7, i, 4, i / 10.0, 0, 0 FROM n;
         PRAGMA user_version = 1; PRAGMA application_id = 1097746537;
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    drop(file);
    let pages = fs::read(place.file()).unwrap().len() / PAGE;
    let file = fs::OpenOptions::new().write(true).open(place.file()).unwrap();
    file.write_all_at(&[0x5a; PAGE], (pages / 2 * PAGE) as u64).unwrap();
    let history = place.open();
    wait_for("it is read to its end", || is_over(&history));
    let found = history.reader().raw(one(&history, "x"), WHOLE, usize::MAX).unwrap();
    let (bad, good): (Vec<_>, Vec<_>) = found.into_iter().partition(|sample| sample.quality.is_bad());
    assert_eq!(bad.len(), 1, "where a page is missing there is a gap");
    assert!(good.len() > 69_000 && good.len() < 70_000, "{} rows of 70,000", good.len());
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let is_own = |sample: &Sample| sample.value == Some(Value::Float(sample.time.millis() as f64 / 10.0));
    assert!(good.iter().all(is_own));
    let behind = good.partition_point(|sample| sample.time < bad[0].time);
    assert_eq!(good[behind - 1].time.millis() + 1, bad[0].time.millis(), "right behind what could be read");
}

#[test]
fn carrying_over_goes_on_after_a_restart() {
    // The same file twice: another one of the same samples has its pages elsewhere.
    let damaged = |seed| {
        let (place, twin) = (Place::new(), Place::new());
        six_hours(&place);
        overwrite(&place.file(), 20, seed);
        fs::copy(place.file(), twin.file()).unwrap();
        (place, twin)
    };
    // Ended in the middle of it, which takes some attempts where the disk is quick.
    let stopped = (1..=20).map(damaged).find(|(place, _)| {
        let history = place.open();
        let has_begun = || history.status().notice.contains("carried over");
        wait_for("it has begun", || has_begun() || history.status().notice.is_empty());
        drop(history);
        let file = Connection::open(place.file()).unwrap();
        let noted = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'salvage')";
        file.query_row(noted, [], |row| row.get(0)).unwrap()
    });
    let (stopped, twin) = stopped.expect("one of them is stopped half way");
    let there = [stopped, twin].map(|place| {
        let history = place.open();
        wait_for("it is read to its end", || is_over(&history));
        examine(&history)
    });
    assert_eq!(there[0], there[1], "as much as without a restart");
}

#[test]
fn what_is_recorded_meanwhile_is_newer_than_what_is_carried_over() {
    let place = Place::new();
    six_hours(&place);
    assert!(overwrite(&place.file(), 20, 2) > 0);
    let history = place.open();
    let rows = (0..SERIES)
        .map(|series| Row { series: one(&history, &name(series)), sample: Sample::good(time(0), Value::Float(-1.0)) });
    history.import(rows.collect()).unwrap();
    wait_for("it is read to its end", || is_over(&history));
    for series in 0..SERIES {
        let id = one(&history, &name(series));
        let first = history.reader().raw(id, WHOLE, 1).unwrap().remove(0);
        assert_eq!(first, Sample::good(time(0), Value::Float(-1.0)));
    }
}
