//! A history is looked through, copied while it is recorded, and put back.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use common::{Place, noise, number, one, time, wait_for};
use history::{BackupError, Contents, CopyError, Finding, History, Progress, Reader, Span, backup, check, restore};
use rusqlite::Connection;

const STEP: i64 = 5_000;
const COUNT: i64 = 3 * 720;
const WHOLE: Span = Span { from: time(0), to: time(i64::MAX) };

/// Three hours of two series, of which the last hour is not sealed while it is open.
fn three_hours(place: &Place) -> History {
    let history = place.open();
    for name in ["x", "y"] {
        let id = one(&history, name);
        history.import((0..COUNT).map(|i| number(id, i * STEP, noise(i))).collect()).expect("stores");
    }
    history
}

fn look(place: &Place) -> (Contents, Vec<Finding>) {
    let mut findings = Vec::new();
    let contents =
        check(&place.file(), place.clock.clone(), |finding| findings.push(finding), |_| ControlFlow::Continue(()));
    (contents.expect("there is a history"), findings)
}

fn beside(place: &Place, name: &str) -> PathBuf {
    place.file().with_file_name(name)
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Samples of a series in a file, read only.
fn samples(file: &Path, place: &Place, name: &str) -> Vec<i64> {
    let reader = Reader::open(file, place.clock.clone()).expect("opens");
    let id = reader.series(&[name])[0];
    let found = reader.raw(id, WHOLE, usize::MAX).expect("reads");
    found.into_iter().map(|sample| sample.time.millis()).collect()
}

fn names(place: &Place) -> Vec<String> {
    let folder = place.file().parent().expect("a folder").to_owned();
    let names = fs::read_dir(folder).expect("lists").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_history_that_is_whole_is_said_to_be_so_also_while_it_is_open() {
    let place = Place::new();
    let history = three_hours(&place);
    let (open, findings) = look(&place);
    assert_eq!((findings, open.findings, open.finished), (Vec::new(), 0, true));
    assert_eq!((open.series, open.samples), (2, 2 * COUNT.unsigned_abs()));
    assert_eq!((open.first, open.last), (Some(time(0)), Some(time((COUNT - 1) * STEP))));
    drop(history);
    let (closed, findings) = look(&place);
    assert_eq!(findings, []);
    assert_eq!(closed.samples, open.samples, "sealed or not");
    assert!(closed.blocks > open.blocks, "{closed:?} after {open:?}");
}

#[test]
fn whatever_is_wrong_is_found_with_its_place() {
    let check = |damage: &str, place_and_words: [&str; 2]| {
        let place = Place::new();
        drop(three_hours(&place));
        let file = Connection::open(place.file()).expect("opens");
        file.pragma_update(None, "foreign_keys", false).expect("works");
        // Of rows without a checksum of their own everything is compared with the samples.
        file.execute("UPDATE block SET raw_crc = raw_crc & 4294967295", []).expect("works");
        let changed = file.execute(damage, []).expect(damage);
        drop(file);
        assert!(changed > 0, "{damage}");
        let (contents, findings) = look(&place);
        let told: Vec<String> = findings.iter().map(Finding::to_string).collect();
        let is_told = told.iter().any(|line| place_and_words.iter().all(|words| line.contains(words)));
        assert!(is_told && contents.findings > 0, "{damage}: {told:?}");
    };
    let second = "series 'x', block of 1970-01-01T01:00:00Z";
    check(
        "UPDATE block SET raw_crc = raw_crc + 1 WHERE series = 1 AND first = 3600000",
        [second, "samples: the bytes"],
    );
    check(
        "UPDATE block SET minute_crc = minute_crc + 1 WHERE series = 1 AND first = 3600000",
        [second, "minutes: the bytes"],
    );
    check(
        "UPDATE block SET greatest = greatest + 1e300 WHERE series = 1 AND first = 3600000",
        [second, "known of it as a whole"],
    );
    check("UPDATE block SET last_quality = 5 WHERE series = 1 AND first = 3600000", [second, "known of it as a whole"]);
    check("UPDATE block SET count = count - 1 WHERE series = 1 AND first = 3600000", [second, "samples: "]);
    check("UPDATE block SET last = 3600001 WHERE series = 1 AND first = 0", [second, "overlaps"]);
    check(
        "UPDATE block SET (minute_segment, minute_at, minute_bytes, minute_crc) =
             (SELECT minute_segment, minute_at, minute_bytes, minute_crc FROM block WHERE series = 1 AND first = 0)
         WHERE series = 1 AND first = 3600000",
        [second, "its minutes are not"],
    );
    check("UPDATE segment_use SET live = live + 1 WHERE segment = 1", ["segment 1", "are counted"]);
    check(
        "DELETE FROM segment WHERE id = (SELECT raw_segment FROM block WHERE first = 3600000)",
        [second, "samples: "],
    );
    check("DELETE FROM series WHERE name = 'y'", ["series 2", "no name"]);
}

#[test]
fn damage_of_the_log_and_of_sqlite_is_found() {
    let place = Place::new();
    let history = three_hours(&place);
    let id = one(&history, "z");
    history.import(vec![number(id, 1, 1.0)]).unwrap();
    let file = Connection::open(place.file()).unwrap();
    let changed = file.execute(
        "UPDATE log SET bytes = CAST(substr(bytes, 1, 40) || x'ff' || substr(bytes, 42) AS BLOB) WHERE slot = 1",
        [],
    );
    assert_eq!(changed, Ok(1));
    let (_, findings) = look(&place);
    assert!(findings.iter().any(|finding| finding.place.starts_with("log")), "{findings:?}");
    drop(file);

    let place = Place::new();
    drop(three_hours(&place));
    let mut bytes = fs::read(place.file()).unwrap();
    let pages = bytes.len() / 4096;
    bytes[(pages / 2) * 4096..(pages / 2 + 2) * 4096].fill(0x5a);
    fs::write(place.file(), &bytes).unwrap();
    let (contents, findings) = look(&place);
    assert!(contents.findings > 0 && !findings.is_empty(), "{contents:?}");
    assert_eq!(fs::read(place.file()).unwrap(), bytes, "nothing is changed");
}

/// Ends the writer also where the test fails.
struct Stopped<'a>(&'a AtomicBool);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_backup_made_while_it_is_recorded_has_all_that_was_stored_before() {
    let place = Place::new();
    let history = three_hours(&place);
    let long = one(&history, "long");
    history.import((0..300_000).map(|i| number(long, i * 1_000, noise(i))).collect()).unwrap();
    let (stored, stop) = (AtomicI64::new(0), AtomicBool::new(false));
    let id = one(&history, "busy");
    thread::scope(|scope| {
        scope.spawn(|| {
            for i in (0..).take_while(|_| !stop.load(Ordering::SeqCst)) {
                history.import((0..50).map(|k| number(id, (i * 50 + k) * STEP, noise(k))).collect()).expect("stores");
                stored.store((i + 1) * 50, Ordering::SeqCst);
            }
        });
        let _stopped = Stopped(&stop);
        for round in 0..5 {
            wait_for("it is being written", || stored.load(Ordering::SeqCst) > round * 500);
            let before = stored.load(Ordering::SeqCst);
            let to = beside(&place, &format!("backup-{round}"));
            let mut copied = Vec::new();
            let progress = |progress| {
                if let Progress::Copied(pages) = progress {
                    let now = stored.load(Ordering::SeqCst);
                    wait_for("more is written between two steps", || stored.load(Ordering::SeqCst) > now);
                    assert!(copied.last() < Some(&pages.done), "it does not begin again");
                    copied.push(pages.done);
                }
                ControlFlow::Continue(())
            };
            let contents = backup(&place.file(), &to, place.clock.clone(), progress).expect("a backup");
            assert_eq!(contents.findings, 0);
            assert!(copied.len() > 2, "in several steps: {copied:?}");
            let busy = samples(&to, &place, "busy");
            let count = i64::try_from(busy.len()).unwrap();
            assert!(count >= before, "{count} of {before}");
            assert!(count < stored.load(Ordering::SeqCst), "what came later is not in it");
            assert!(busy.into_iter().eq((0..count).map(|i| i * STEP)), "it is of one moment");
            assert_eq!(samples(&to, &place, "long").len(), 300_000);
        }
    });
    let mode = fs::metadata(beside(&place, "backup-0")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is for its owner");
    let left = names(&place).into_iter().filter(|name| name.starts_with("backup-") && name.len() > "backup-0".len());
    assert_eq!(left.collect::<Vec<_>>(), [""; 0], "each is one file");
}

#[test]
fn a_backup_writes_over_nothing_and_leaves_nothing_half_done() {
    let place = Place::new();
    let _history = three_hours(&place);
    let to = beside(&place, "backup");
    let stop = |_| ControlFlow::Break(());
    let cancelled = backup(&place.file(), &to, place.clock.clone(), stop).expect_err("somebody ends it");
    assert!(matches!(cancelled, BackupError::Copying(CopyError::Cancelled)), "{cancelled}");
    let in_the_check = |progress| match progress {
        Progress::Copied(_) => ControlFlow::Continue(()),
        Progress::Checked(_) => ControlFlow::Break(()),
    };
    backup(&place.file(), &to, place.clock.clone(), in_the_check).expect_err("somebody ends it later");
    let left: Vec<_> = names(&place).into_iter().filter(|name| name.contains("backup")).collect();
    assert_eq!(left, [""; 0]);

    fs::write(&to, "something else").unwrap();
    let refused = backup(&place.file(), &to, place.clock.clone(), go_on).expect_err("there is something");
    assert!(matches!(refused, BackupError::Copying(CopyError::Exists { .. })), "{refused}");
    assert_eq!(fs::read(&to).unwrap(), b"something else");
    backup(&beside(&place, "nothing"), &beside(&place, "b"), place.clock.clone(), go_on).expect_err("nothing to copy");
}

#[test]
fn a_backup_is_put_back_and_the_history_of_before_is_kept() {
    let place = Place::new();
    let history = three_hours(&place);
    let to = beside(&place, "backup");
    let made = backup(&place.file(), &to, place.clock.clone(), go_on).unwrap();
    let later = one(&history, "later");
    history.import(vec![number(later, 1, 1.0)]).unwrap();
    drop(history);
    let (restored, aside) = restore(&to, &place.file(), place.clock.clone(), go_on).expect("is put back");
    assert_eq!((restored.samples, restored.series), (made.samples, made.series));
    let history = place.open();
    assert_eq!(history.status().notice, "", "{:?}", history.status());
    let count = |name: &str| history.reader().raw(one(&history, name), WHOLE, usize::MAX).unwrap().len();
    assert_eq!((count("x"), count("later")), (usize::try_from(COUNT).unwrap(), 0));
    let aside = aside.expect("the one of before is kept");
    assert!(aside.to_string_lossy().ends_with("history.sqlite.replaced-20251009T085320Z"), "{aside:?}");
    assert_eq!(samples(&aside, &place, "later"), [1]);
    assert!(to.exists(), "the backup is still there");
}

#[test]
fn a_damaged_backup_is_not_put_back() {
    let place = Place::new();
    let history = three_hours(&place);
    let to = beside(&place, "backup");
    backup(&place.file(), &to, place.clock.clone(), go_on).unwrap();
    drop(history);
    Connection::open(&to).unwrap().execute("UPDATE block SET raw_crc = 7 WHERE first = 0", []).unwrap();
    let before = fs::read(place.file()).unwrap();
    let refused = restore(&to, &place.file(), place.clock.clone(), go_on).expect_err("it is damaged");
    assert!(refused.to_string().contains("series 'x', block of 1970-01-01T00:00:00Z"), "{refused}");
    assert_eq!(fs::read(place.file()).unwrap(), before, "the history is as it was");
}
