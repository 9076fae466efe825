//! Disks and files that do not work: said in the status, nothing lost that fits the queue, going on by itself.

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::{Place, noise, number, one, time, wait_for};
use history::{History, OpenError, Options, Reader, Row, SeriesId, Span, Trouble, check};
use model::{Quality, Sample, Value};
use rusqlite::Connection;

const WHOLE: Span = Span { from: time(0), to: time(1_000_000) };

fn count(history: &History, id: SeriesId) -> usize {
    history.reader().raw(id, WHOLE, usize::MAX).expect("reads").len()
}

/// Names in a folder that contain a word.
fn named(folder: &Path, word: &str) -> Vec<String> {
    let names = fs::read_dir(folder).expect("lists").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.contains(word)).collect()
}

#[test]
fn a_new_file_holds_the_newest_format() {
    let place = Place::new();
    drop(place.open());
    let connection = Connection::open(place.file()).unwrap();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(pragma("user_version"), 3);
    assert_eq!(pragma("application_id"), 0x416e_4869);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_file_whose_making_was_interrupted_is_made() {
    let place = Place::new();
    fs::write(place.file(), b"").unwrap();
    Connection::open(place.file()).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 1, 1.0)]).unwrap();
    assert_eq!(count(&history, id), 1);
}

#[test]
fn a_newer_file_and_a_foreign_one_are_refused_untouched() {
    let check = |prepare: &dyn Fn(&Connection), newer: bool| {
        let place = Place::new();
        drop(place.open());
        prepare(&Connection::open(place.file()).unwrap());
        let before = fs::read(place.file()).unwrap();
        let refusal = History::open(&place.file(), place.clock.clone()).err().expect("is refused");
        assert_eq!(matches!(refusal, OpenError::Newer { found: 4, known: 3, .. }), newer, "{refusal}");
        assert_eq!(matches!(refusal, OpenError::Foreign { .. }), !newer, "{refusal}");
        assert!(refusal.to_string().contains("left untouched"));
        assert_eq!(fs::read(place.file()).unwrap(), before, "not a byte changed");
    };
    check(&|file| file.pragma_update(None, "user_version", 4).unwrap(), true);
    check(&|file| file.pragma_update(None, "application_id", 7).unwrap(), false);
}

/// A file of the first format, with a row a sample: 70,000 of `x` and two of `y`.
fn first_format(place: &Place) {
    let file = Connection::open(place.file()).expect("opens");
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
         CREATE TABLE fresh (series INTEGER NOT NULL, time INTEGER NOT NULL, kind INTEGER NOT NULL, value ANY,
             quality INTEGER NOT NULL, delay INTEGER NOT NULL, PRIMARY KEY (series, time)) STRICT, WITHOUT ROWID;
         INSERT INTO series VALUES (7, 'x'), (8, 'y');
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69999)
             INSERT INTO fresh SELECT 7, i, 4, i / 10.0, 0, i % 2 FROM n;
         INSERT INTO fresh VALUES (8, 5, 5, 'filling', 0, 0), (8, 6, 2, 9007199254740993, 1083113472, 0);
         PRAGMA user_version = 1; PRAGMA application_id = 1097746537;",
    )
    .expect("is made");
}

#[test]
fn a_file_of_the_first_format_is_looked_through_and_not_read_before_it_is_carried_over() {
    let place = Place::new();
    first_format(&place);
    let mut findings = Vec::new();
    let contents =
        check(&place.file(), place.clock.clone(), |finding| findings.push(finding), |_| ControlFlow::Continue(()))
            .expect("is looked at");
    assert_eq!((findings, contents.finished), (vec![], true));
    assert_eq!((contents.series, contents.samples), (2, 70_002));
    let refusal = Reader::open(&place.file(), place.clock.clone()).err().expect("is refused");
    assert!(matches!(refusal, OpenError::Older { found: 1, .. }), "{refusal}");
    assert!(refusal.to_string().contains("start Andon once with this data folder"), "it says what to do: {refusal}");
}

#[test]
fn a_file_of_the_second_format_is_read_as_it_is_and_goes_on_as_one_of_the_newest() {
    let place = Place::new();
    {
        let history = place.open();
        let id = one(&history, "x");
        history.import((0..7_200).map(|i| number(id, i * 1_000, 1.0)).collect()).unwrap();
    }
    let file = Connection::open(place.file()).unwrap();
    let older = file.execute("UPDATE block SET raw_crc = raw_crc & 4294967295", []).unwrap();
    assert_eq!(older, 2, "two hours");
    file.execute_batch("DROP TABLE day; PRAGMA user_version = 2").unwrap();
    drop(file);
    let look = || {
        let contents = check(&place.file(), place.clock.clone(), |f| panic!("{f}"), |_| ControlFlow::Continue(()));
        assert_eq!(contents.expect("is looked at").samples, 7_200);
        let reader = Reader::open(&place.file(), place.clock.clone()).expect("opens");
        let id = reader.series(&["x"])[0];
        let two_hours = Span { from: time(0), to: time(7_200_000) };
        assert_eq!(reader.raw(id, two_hours, usize::MAX).expect("reads").len(), 7_200);
    };
    look();
    drop(place.open());
    look();
    let file = Connection::open(place.file()).unwrap();
    let format: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let own: i64 = file.query_row("SELECT max(raw_crc >> 32) FROM block", [], |row| row.get(0)).unwrap();
    assert_eq!((format, own), (3, 0), "rows that were there are judged as before");
}

#[test]
fn a_file_of_the_first_format_is_carried_over() {
    let place = Place::new();
    first_format(&place);
    let history = place.open();
    let ids = history.series(&["x", "y"]);
    wait_for("everything is carried over", || count(&history, ids[0]) == 70_000 && count(&history, ids[1]) == 2);
    let last = history.reader().latest(ids[0], 1).unwrap().remove(0);
    assert_eq!((last.time, last.received, last.value), (time(69_999), time(70_000), Some(Value::Float(6_999.9))));
    let texts = history.reader().raw(ids[1], WHOLE, 9).unwrap();
    assert_eq!(texts[0].value, Some(Value::text("filling")));
    assert_eq!((&texts[1].value, texts[1].quality), (&Some(Value::Int(9_007_199_254_740_993)), Quality::STALE));
}

/// Blocks in the file.
fn blocks(file: &Path) -> i64 {
    let connection = Connection::open(file).expect("opens");
    connection.query_row("SELECT count(*) FROM block", [], |row| row.get(0)).expect("counts")
}

/// Copies a history as it is at this moment, with SQLite's log: what a cut of the power leaves behind.
fn copy(from: &Path, to: &Path) {
    for ending in ["", "-wal"] {
        let with = |path: &Path| path.with_file_name(format!("history.sqlite{ending}"));
        fs::copy(with(from), with(to)).expect("copies");
    }
}

#[test]
fn after_a_power_cut_the_log_is_read_and_sealing_goes_on() {
    let (place, other) = (Place::new(), Place::new());
    let history = place.open();
    let id = one(&history, "x");
    history.import((0..600).map(|i| number(id, i * 5_000, noise(i))).collect()).unwrap();
    assert_eq!(blocks(&place.file()), 0, "the hour is not over");
    copy(&place.file(), &other.file());
    let history = other.open();
    let id = one(&history, "x");
    let hours = Span { from: time(0), to: time(7_200_000) };
    assert_eq!(history.reader().raw(id, hours, usize::MAX).unwrap().len(), 600);
    history.import(vec![number(id, 3_700_000, 1.0)]).unwrap();
    wait_for("the hour is sealed", || blocks(&other.file()) == 1);
    assert_eq!(history.reader().raw(id, hours, usize::MAX).unwrap().len(), 601, "none is lost or there twice");
}

#[test]
fn what_was_due_when_the_power_went_is_sealed_after_it() {
    let (place, other) = (Place::new(), Place::new());
    let history = place.open();
    let id = one(&history, "x");
    // Told between the commit and the sealing of what is due by it.
    let (done, copied) = std::sync::mpsc::channel();
    let (from, to) = (place.file(), other.file());
    history.record_and_tell((0..1_500).map(|i| number(id, i * 5_000, noise(i))).collect(), move || {
        copy(&from, &to);
        done.send(()).expect("is waited for");
    });
    copied.recv().unwrap();
    let history = other.open();
    wait_for("the past hours are sealed", || blocks(&other.file()) == 2);
    let hours = Span { from: time(0), to: time(7_600_000) };
    let id = one(&history, "x");
    assert_eq!(history.reader().raw(id, hours, usize::MAX).unwrap().len(), 1_500, "none is lost or there twice");
}

#[test]
fn a_tail_that_is_due_twice_is_sealed_once() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.record((0..45_000).map(|i| number(id, i, noise(i))).collect());
    history.prune(time(1));
    history.flush().unwrap();
    wait_for("it is sealed", || blocks(&place.file()) >= 1);
    assert!(history.status().working, "{:?}", history.status());
    assert_eq!(count(&history, id), 45_000);
}

#[test]
fn samples_of_another_historys_series_hold_nothing_up() {
    let (place, other) = (Place::new(), Place::new());
    let history = place.open();
    let id = one(&history, "x");
    let foreign = other.open().series(&["a", "b", "c"])[2];
    history.record(vec![number(foreign, 1, 1.0), number(id, 1, 1.0)]);
    history.import(vec![number(foreign, 2, 1.0), number(id, 2, 1.0)]).unwrap();
    assert_eq!((count(&history, id), history.status().queued), (2, 0));
}

#[test]
fn numbers_whose_sum_is_not_a_number_are_sealed_as_others_are() {
    let place = Place::new();
    let rows = |history: &History| {
        let id = one(history, "x");
        (0..600).map(|i| number(id, i * 1_000, if i % 2 == 0 { f64::MAX } else { f64::MIN })).collect::<Vec<_>>()
    };
    {
        let history = place.open();
        history.import(rows(&history)).unwrap();
    }
    assert_eq!(blocks(&place.file()), 1, "closing has sealed them");
    let history = place.open();
    assert_eq!(count(&history, one(&history, "x")), 600);
}

#[test]
fn long_texts_are_sealed_in_blocks_that_fit_into_memory() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    let text = |i: i64| "0123456789abcdef".repeat(65_536) + &i.to_string();
    let row = |i| Row { series: id, sample: Sample::good(time(i), Value::text(text(i))) };
    (0..40).for_each(|i| history.import(vec![row(i)]).unwrap());
    wait_for("they are sealed", || blocks(&place.file()) >= 2);
    let texts = history.reader().raw(id, WHOLE, usize::MAX).unwrap();
    assert_eq!(texts, (0..40).map(|i| row(i).sample).collect::<Vec<_>>());
}

#[test]
fn a_locked_file_is_waited_for() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 1, 1.0)]).unwrap();
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    history.record(vec![number(id, 2, 1.0)]);
    wait_for("the lock is noticed", || !history.status().working);
    let status = history.status();
    assert_eq!((status.trouble, status.queued), (Some(Trouble::Locked), 1));
    assert_eq!(status.reason, "the file is locked by another program");
    assert_eq!(count(&history, id), 1, "what is stored can be read meanwhile");
    history.record(vec![number(id, 3, 1.0)]);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    wait_for("it goes on", || history.status().working && history.status().queued == 0);
    assert_eq!(count(&history, id), 3, "nothing was lost");
}

#[test]
fn a_full_disk_pauses_and_goes_on_by_itself() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 0, 0.0)]).unwrap();
    history.limit_size(Some(150_000));
    place.clock.set(1_760_000_005_000);
    for batch in 0..20 {
        history.record((batch * 1000..(batch + 1) * 1000).map(|i| number(id, i + 1, noise(i))).collect());
    }
    wait_for("the disk is full", || history.status().trouble == Some(Trouble::DiskFull));
    let status = history.status();
    assert_eq!(status.reason, "the disk is full");
    assert_eq!(status.since, time(1_760_000_005_000));
    assert!(status.queued > 0 && status.dropped == 0);
    assert!(history.flush().is_err(), "nobody is told that it is stored");
    history.limit_size(None);
    wait_for("it goes on", || history.status().working && history.status().queued == 0);
    assert_eq!(history.status().reason, "");
    assert_eq!(count(&history, id), 20_001, "nothing was lost");
}

#[test]
fn the_ballast_is_made_and_made_anew_when_there_is_room() {
    const BALLAST: u64 = 32 * 1024 * 1024;
    let place = Place::new();
    let ballast = place.file().with_file_name("ballast");
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 1, 1.0)]).unwrap();
    let taken = || {
        let file = fs::metadata(&ballast).expect("it is there");
        (file.len(), file.blocks() * 512 >= BALLAST)
    };
    assert_eq!(taken(), (BALLAST, true), "it takes its room, and does not only say so");
    // What the journal does when the disk is full. Here it is not.
    fs::OpenOptions::new().write(true).open(&ballast).unwrap().set_len(0).unwrap();
    history.import(vec![number(id, 2, 1.0)]).unwrap();
    assert_eq!((taken(), count(&history, id)), ((BALLAST, true), 2));
}

#[test]
fn a_damaged_file_is_set_aside_at_the_start() {
    let check = |damage: &dyn Fn(&mut Vec<u8>)| {
        let place = Place::new();
        {
            let history = place.open();
            let id = one(&history, "x");
            history.import((0..5_000).map(|i| number(id, i, noise(i))).collect()).unwrap();
        }
        let mut bytes = fs::read(place.file()).unwrap();
        damage(&mut bytes);
        fs::write(place.file(), &bytes).unwrap();
        let history = place.open();
        let status = history.status();
        assert!(status.working, "{status:?}");
        let aside = named(place.file().parent().unwrap(), "damaged-20251009T085320Z");
        assert!(aside.iter().any(|name| status.notice.contains(name)), "{} names one of {aside:?}", status.notice);
        let kept = place.file().with_file_name("history.sqlite.damaged-20251009T085320Z");
        assert_eq!(fs::read(kept).unwrap(), bytes, "the damaged file is kept as it was");
        let id = one(&history, "x");
        history.import(vec![number(id, 900_000, 1.0)]).unwrap();
        let newest = history.reader().latest(id, 1).unwrap();
        assert_eq!(newest[0].time, time(900_000), "the new file works");
    };
    check(&|bytes| bytes[..100].fill(b'?'));
    check(&|bytes| bytes[100..4096].fill(0x5a));
    check(&|bytes| {
        let pages = bytes.len() / 4096;
        for page in 4..pages - 1 {
            bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        }
    });
    check(&|bytes| bytes.truncate(3 * 4096 + 17));
}

#[test]
fn damage_found_while_reading_sets_the_file_aside() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import((0..20_000).map(|i| number(id, i, noise(i))).collect()).unwrap();
    Connection::open(place.file()).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let pages = fs::metadata(place.file()).unwrap().len() / 4096;
    let file = fs::OpenOptions::new().write(true).open(place.file()).unwrap();
    for page in 5..pages {
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 4096], page * 4096).unwrap();
    }
    drop(file);
    let failure = history.reader().raw(id, WHOLE, usize::MAX).expect_err("no wrong value is shown as a good one");
    assert_eq!(failure.trouble, Trouble::Damaged);
    history.record(vec![number(id, 1, 1.0)]);
    wait_for("a new file is in use", || history.status().written == 20_001);
    assert!(history.status().notice.contains("damaged-"), "{:?}", history.status());
    wait_for("what was in memory is there again", || count(&history, id) == 20_000);
    let second = history.reader().at(&[id], time(1)).unwrap().remove(0).unwrap();
    assert_eq!(second.value, Some(Value::Float(1.0)), "what came after the damage is the newer one");
}

#[test]
fn a_file_that_cannot_be_opened_is_opened_when_it_can() {
    let place = Place::new();
    let folder = place.file().parent().unwrap().to_owned();
    let link = folder.join("link");
    symlink(folder.join("not there yet"), &link).unwrap();
    let history =
        History::open_with(&link.join("history.sqlite"), place.clock.clone(), Options { retention: None }).unwrap();
    assert_eq!(history.status().trouble, Some(Trouble::Unreachable));
    let id = one(&history, "x");
    history.record(vec![number(id, 1, 1.0)]);
    assert!(history.reader().raw(id, WHOLE, 1).is_err());
    fs::create_dir(folder.join("not there yet")).unwrap();
    wait_for("it is opened", || history.status().working && history.status().queued == 0);
    assert_eq!(count(&history, id), 1);
}

#[test]
fn a_file_that_is_taken_away_is_begun_anew() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 1, 1.0)]).unwrap();
    for ending in ["", "-wal", "-shm"] {
        let name = format!("history.sqlite{ending}");
        fs::rename(place.file().with_file_name(&name), place.file().with_file_name(format!("away{ending}"))).unwrap();
    }
    history.record(vec![number(id, 2, 1.0)]);
    wait_for("the file is there again", || place.file().exists() && history.status().queued == 0);
    assert!(history.status().working, "{:?}", history.status());
}

/// Root may write everywhere, so that the test goes on as somebody else.
#[test]
fn a_read_only_folder_is_said_and_waited_for() {
    const FOLDER: &str = "ANDON_TEST_READ_ONLY_FOLDER";
    const TEST: &str = "a_read_only_folder_is_said_and_waited_for";
    const NOBODY: u32 = 65_534;
    if let Ok(folder) = std::env::var(FOLDER) {
        return check_read_only_folder(Path::new(&folder));
    }
    let place = Place::new();
    let folder = place.file().parent().unwrap().to_owned();
    if !rustix::process::geteuid().is_root() {
        return check_read_only_folder(&folder);
    }
    // The program under test may lie where nobody else may look.
    let program = folder.join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let inner = folder.join("inner");
    fs::DirBuilder::new().mode(0o755).create(&inner).unwrap();
    std::os::unix::fs::chown(&inner, Some(NOBODY), None).unwrap();
    let outcome = Command::new(&program)
        .args(["--exact", TEST])
        .env(FOLDER, &inner)
        .current_dir(&inner)
        .uid(NOBODY)
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stdout));
}

fn check_read_only_folder(folder: &Path) {
    let file = folder.join("history.sqlite");
    let clock = common::TestClock::at(0);
    let open = || History::open_with(&file, clock.clone(), Options { retention: None }).expect("works");
    let allow = |mode| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("works");
    for time in [1, 2] {
        allow(0o555);
        let history = open();
        let status = history.status();
        assert_eq!(status.trouble, Some(Trouble::ReadOnly), "{status:?}");
        let id = one(&history, "x");
        history.record(vec![number(id, time, 1.0)]);
        assert!(history.flush().is_err());
        allow(0o755);
        wait_for("it may be written", || history.status().working && history.status().queued == 0);
        assert_eq!(count(&history, id), usize::try_from(time).expect("works"));
    }
    drop(open());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("works");
    let history = open();
    let status = history.status();
    assert_eq!(status.trouble, Some(Trouble::ReadOnly), "{status:?}");
    let id = one(&history, "x");
    assert_eq!(count(&history, id), 2, "what is stored can be read");
    history.record(vec![number(id, 3, 1.0)]);
    assert_eq!(history.flush().expect_err("the file is read-only").trouble, Trouble::ReadOnly);
}
