//! Disks that do not work, and a process that is killed: nothing that was acknowledged is lost, and nothing is
//! acknowledged that is not on disk.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use alarm::{AlarmId, State};
use common::{Place, TestClock, append, raised, system, wait_for};
use journal::{Entry, Journal, OpenError, Query, Trouble};
use rusqlite::Connection;

const FILE: &str = "ANDON_TEST_JOURNAL_TO_WRITE";

fn newest(journal: &Journal, limit: usize) -> Vec<String> {
    let page = journal.page(&Query { limit, ..Query::default() }).expect("works");
    page.records.into_iter().map(|record| message(record.entry)).collect()
}

fn message(entry: Entry) -> String {
    match entry {
        Entry::Alarm(change) => change.message,
        Entry::Remark(remark) => remark.message,
        Entry::Action(action) => action.command,
        Entry::System(system) => system.message,
    }
}

#[test]
fn a_locked_file_refuses_an_act_and_keeps_an_event() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![system(0, "started")]).unwrap();
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    journal.append(vec![raised("kept", 1, "m", 1)], None);
    let failure = append(&journal, vec![system(2, "refused")]).expect_err("it is not on disk");
    assert_eq!(failure.trouble, Trouble::Locked);
    assert_eq!(failure.to_string(), "the file is locked by another program");
    let status = journal.status();
    assert_eq!((status.working, status.queued), (false, 1));
    assert_eq!(newest(&journal, 10), ["started"], "what is on disk can be read meanwhile");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    wait_for("it goes on", || journal.status().working && journal.status().queued == 0);
    assert_eq!(newest(&journal, 10), ["kept is too warm", "started"], "the refused act is not written later");
    append(&journal, vec![system(3, "and on")]).unwrap();
}

#[test]
fn a_full_disk_refuses_an_act_at_once_and_keeps_events_in_order() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![system(0, "started")]).unwrap();
    journal.limit_size(Some(journal.status().bytes.min(80_000)));
    let long = "x".repeat(2000);
    for i in 0..100 {
        journal.append(vec![system(i, &format!("event {i} {long}"))], None);
    }
    wait_for("the disk is full", || journal.status().trouble == Some(Trouble::DiskFull));
    let failure = append(&journal, vec![system(200, "act")]).expect_err("it is not on disk");
    assert_eq!(failure.trouble, Trouble::DiskFull);
    assert_eq!(journal.status().reason, "the disk is full");
    journal.limit_size(None);
    wait_for("it goes on", || journal.status().working && journal.status().queued == 0);
    let found = newest(&journal, 200);
    assert_eq!(found.len(), 101, "nothing is missing and nothing is there twice");
    assert!(found[..100].iter().rev().enumerate().all(|(i, text)| text.starts_with(&format!("event {i} "))));
}

#[test]
fn what_waits_is_bounded_and_counted() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![system(0, "started")]).unwrap();
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for _ in 0..101 {
        journal.append((0..100).map(|i| system(i, "event")).collect(), None);
    }
    let status = journal.status();
    assert_eq!((status.queued, status.dropped), (10_000, 100));
    assert!(append(&journal, vec![system(1, "act")]).is_err());
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    wait_for("it goes on", || journal.status().working && journal.status().queued == 0);
    assert_eq!(journal.status().written, 10_001);
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let place = Place::new();
    drop(place.open());
    Connection::open(place.file()).unwrap().pragma_update(None, "user_version", 9).unwrap();
    let before = fs::read(place.file()).unwrap();
    let refusal = Journal::open(&place.file(), Arc::new(TestClock)).err().expect("is refused");
    assert!(matches!(refusal, OpenError::Newer { found: 9, known: 2, .. }), "{refusal}");
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[test]
fn a_damaged_file_is_set_aside() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, (0..500).map(|i| raised("a", i, "m", 1)).collect()).unwrap();
    drop(journal);
    let mut bytes = fs::read(place.file()).unwrap();
    let end = bytes.len() - 4096;
    bytes[3 * 4096..end].fill(0x77);
    fs::write(place.file(), &bytes).unwrap();
    let journal = place.open();
    assert!(journal.status().notice.contains("journal.sqlite.damaged-20251009T085320Z"), "{:?}", journal.status());
    append(&journal, vec![system(0, "begun anew")]).unwrap();
    assert_eq!(newest(&journal, 10), ["begun anew"]);
}

#[test]
fn d09_entries_that_went_with_the_log_are_missed() {
    let (running, left) = (Place::new(), Place::new());
    append(&running.open(), vec![system(1_000, "kept")]).unwrap();
    let journal = running.open();
    append(&journal, vec![system(2_000, "lost"), system(3_000, "lost")]).unwrap();
    for ending in ["", "-wal", "-mark"] {
        let with = |place: &Place| place.file().with_file_name(format!("journal.sqlite{ending}"));
        fs::copy(with(&running), with(&left)).unwrap();
    }
    assert_eq!(newest(&journal, 10), ["lost", "lost", "kept"]);
    fs::remove_file(left.file().with_file_name("journal.sqlite-wal")).unwrap();
    let journal = left.open();
    assert_eq!(newest(&journal, 10), ["kept"]);
    let notice = journal.status().notice;
    let words = "what is left ends at 1970-01-01T00:00:01Z, it went up to 1970-01-01T00:00:03Z; entries gone: 2.";
    assert!(notice.contains(words), "{notice}");
    append(&journal, vec![system(4_000, "and on")]).unwrap();
    drop(journal);
    assert_eq!(left.open().status().notice, "", "told once");
}

/// Not a test of its own: what the killed process runs. Raises one alarm after the other and tells each one that is on
/// disk.
#[test]
fn writing_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let journal = Journal::open(Path::new(&file), Arc::new(TestClock)).unwrap();
    for i in 0.. {
        let seqs = append(&journal, vec![raised(&format!("alarm {i}"), i, "m", 1), system(i, "beside it")]).unwrap();
        println!("stored {i} {}", seqs[1]);
    }
}

fn start(file: &Path) -> Child {
    Command::new(std::env::current_exe().expect("works"))
        .args(["--exact", "writing_process", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("works")
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_process_is_killed() {
    const KILLS: u32 = 20;
    let place = Place::new();
    for round in 0..KILLS {
        let mut child = start(&place.file());
        let mut stored = (0, 0);
        let mut seen = 0;
        let mut killed = false;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let Some((alarm, seq)) = line.strip_prefix("stored ").and_then(|words| words.split_once(' ')) else {
                continue;
            };
            stored = (alarm.parse().unwrap(), seq.parse().unwrap());
            seen += 1;
            // At another place each time; what it still tells after that was stored too.
            if seen > round && !killed {
                std::thread::sleep(Duration::from_micros(u64::from(round) * 137));
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(killed, "the writing process ended by itself: {:?}", child.wait());
        child.wait().unwrap();

        let journal = place.open();
        assert_eq!(journal.status().notice, "", "a killed process damages nothing");
        let (alarm, seq): (i64, i64) = stored;
        let standing = journal.known().unwrap();
        for i in 0..=alarm {
            let id = AlarmId::new(format!("alarm {i}"));
            let standings = standing.get(&id).map(|known| &known.standings);
            assert!(standings.is_some_and(|all| all[0].state == State::Unack), "{id} was acknowledged and is lost");
        }
        let newest = journal.page(&Query { limit: 1, ..Query::default() }).unwrap().records[0].seq;
        assert!(newest >= seq, "stored up to {seq}, found up to {newest}");
        assert_eq!(newest % 2, 0, "entries of one append are there all or none");
    }
}
