//! D09: a file that lost its end, because its log or the file itself was removed, cut short or exchanged, does not pass for a whole one.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use common::{Place, noise, number, one, time};
use history::{History, Row, SeriesId, Span};

/// Samples of the first day, which the file itself has.
const OLD: i64 = 600;
/// Commits of one sample each after that, which are in the log only.
const NEW: i64 = 20;

fn row(id: SeriesId, i: i64) -> Row {
    number(id, i * 1_000, noise(i))
}

/// A file in the state in which a killed program leaves it: the newest commits are in the log beside it.
fn killed() -> Place {
    let (running, left) = (Place::new(), Place::new());
    {
        let history = running.open();
        let id = one(&history, "x");
        history.import((0..OLD).map(|i| row(id, i)).collect()).expect("works");
    }
    let history = running.open();
    let id = one(&history, "x");
    for i in OLD..OLD + NEW {
        history.import(vec![row(id, i)]).expect("works");
    }
    for ending in ["", "-wal", "-mark"] {
        fs::copy(beside(&running.file(), ending), beside(&left.file(), ending)).expect("copies");
    }
    left
}

fn beside(file: &Path, ending: &str) -> std::path::PathBuf {
    file.with_file_name(format!("history.sqlite{ending}"))
}

fn found(history: &History) -> Vec<i64> {
    let whole = Span { from: time(i64::MIN), to: time(i64::MAX) };
    let samples = history.reader().raw(one(history, "x"), whole, usize::MAX).expect("reads");
    let right = |i: i64, x: Option<f64>| x == Some(noise(i));
    assert!(
        samples.iter().all(|sample| right(sample.time.millis() / 1_000, sample.number())),
        "no wrong value is good"
    );
    samples.iter().map(|sample| sample.time.millis() / 1_000).collect()
}

fn findings(place: &Place) -> Vec<String> {
    let mut findings = Vec::new();
    let tell = |finding: history::Finding| findings.push(finding.to_string());
    history::check(&place.file(), place.clock.clone(), tell, |_| ControlFlow::Continue(())).expect("can be read");
    findings
}

/// Does something to the files that a killed program left; then `left` samples are there, and the rest is said to be missing.
fn check(fault: impl Fn(&Path), left: i64) {
    let place = killed();
    fault(&place.file());
    let found_missing = findings(&place);
    let history = place.open();
    assert_eq!(found(&history), (0..left).collect::<Vec<_>>());
    let notice = history.status().notice;
    let words = format!("commits gone: {}.", OLD + NEW - left);
    assert!(notice.contains("The end of what was stored is missing") && notice.contains(&words), "{notice}");
    let newest = |i: i64| jiff::Timestamp::from_millisecond(i * 1_000).expect("a time").to_string();
    assert!(notice.contains(&format!("what is left ends at {}", newest(left - 1))), "{notice}");
    assert!(notice.contains(&format!("it went up to {}", newest(OLD + NEW - 1))), "{notice}");
    assert!(found_missing.iter().any(|finding| finding.contains(&words)), "the check says so too: {found_missing:?}");

    // From here on it is what it is.
    history.import(vec![row(one(&history, "x"), 900)]).expect("goes on");
    drop(history);
    assert_eq!(findings(&place), Vec::<String>::new());
    let history = place.open();
    assert_eq!(history.status().notice, "", "told once");
    assert_eq!(found(&history).len(), usize::try_from(left).expect("few") + 1);
}

#[test]
fn d09_nothing_is_said_of_a_whole_file() {
    let place = killed();
    assert_eq!(findings(&place), Vec::<String>::new());
    let history = place.open();
    assert_eq!((history.status().notice, found(&history).len()), (String::new(), 620));
}

#[test]
fn d09_a_log_that_was_deleted_is_missed() {
    check(|file| fs::remove_file(beside(file, "-wal")).expect("it is there"), OLD);
}

#[test]
fn d09_a_log_that_was_cut_short_is_missed() {
    let shorten = |by: u64| {
        move |file: &Path| {
            let log = fs::OpenOptions::new().write(true).open(beside(file, "-wal")).expect("it is there");
            log.set_len(log.metadata().expect("it is there").len() - by).expect("cuts");
        }
    };
    check(shorten(1), OLD + NEW - 1);
    check(
        |file| {
            let log = fs::OpenOptions::new().write(true).open(beside(file, "-wal")).expect("it is there");
            log.set_len(0).expect("cuts");
        },
        OLD,
    );
}

#[test]
fn d09_another_files_log_is_set_aside_and_not_taken_for_its_own() {
    let other = killed();
    let place = killed();
    fs::copy(beside(&other.file(), "-wal"), beside(&place.file(), "-wal")).expect("copies");
    let history = place.open();
    assert_eq!(found(&history), (0..OLD).collect::<Vec<_>>());
    let notice = history.status().notice;
    assert!(notice.contains("another file's. It was set aside as history.sqlite-wal.foreign-"), "{notice}");
    assert!(notice.contains("commits gone: 20."), "{notice}");
    let aside = beside(&place.file(), "-wal.foreign-20251009T085320Z");
    assert_eq!(fs::read(aside).expect("kept"), fs::read(beside(&other.file(), "-wal")).expect("is there"));
}

#[test]
fn d09_a_file_that_is_gone_or_older_is_missed() {
    let gone = killed();
    for ending in ["", "-wal"] {
        fs::remove_file(beside(&gone.file(), ending)).expect("it is there");
    }
    let notice = gone.open().status().notice;
    assert!(notice.contains("nothing is left"), "{notice}");

    let place = Place::new();
    let history = place.open();
    history.import(vec![row(one(&history, "x"), 0)]).expect("works");
    drop(history);
    let older = fs::read(place.file()).expect("is there");
    let history = place.open();
    history.import(vec![row(one(&history, "x"), 1)]).expect("works");
    drop(history);
    fs::write(place.file(), older).expect("writes");
    let notice = place.open().status().notice;
    assert!(
        notice.contains(
            "what is left ends at 1970-01-01T00:00:00Z, it went up to 1970-01-01T00:00:01Z; commits gone: 1."
        ),
        "{notice}"
    );
}

#[test]
fn a_backup_that_is_put_back_on_purpose_is_no_loss() {
    let place = Place::new();
    let history = place.open();
    history.import(vec![row(one(&history, "x"), 0)]).expect("works");
    let copy = place.file().with_file_name("copy");
    let go_on = |_| ControlFlow::Continue(());
    history::backup(&place.file(), &copy, place.clock.clone(), go_on).expect("copies");
    history.import(vec![row(one(&history, "x"), 1)]).expect("works");
    drop(history);
    history::restore(&copy, &place.file(), place.clock.clone(), go_on).expect("puts back");
    let history = place.open();
    assert_eq!((history.status().notice, found(&history)), (String::new(), vec![0]));
}
