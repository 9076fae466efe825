//! D12, D06: a sync that fails once, and a disk that takes its time.

mod common;

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{Place, WHOLE, append, messages, number, wait_for};
use disk::{Fault, Lasting, Operation};
use history::Trouble;

/// Rows that history keeps in memory while the disk takes none.
const QUEUE: usize = 500_000;

#[test]
fn d12_a_sync_that_fails_once_is_told_and_its_batch_is_not_acknowledged_before_it_is_on_disk() {
    let place = Place::new();
    let history = place.history();
    let id = history.series(&["x"])[0];
    history.import(vec![number(id, 1, 1.0)]).expect("works");
    place.disk.set(Fault::Fail(Operation::Sync, 1, Lasting::Once));
    let failure = history.import(vec![number(id, 2, 2.0)]).expect_err("it is not on disk");
    assert_eq!(failure.trouble, Trouble::InputOutput);
    assert_eq!((place.disk.felt(), history.status().working), (1, false), "{:?}", history.status());
    assert_eq!(history.status().reason, "the disk reports an error");
    // Nobody tries again by hand: the connection is made anew and the disk is found to work.
    wait_for("it works again", || history.status().working);
    history.import(vec![number(id, 3, 3.0)]).expect("works again");
    let found = history.reader().raw(id, WHOLE, usize::MAX).expect("reads");
    let times: Vec<i64> = found.iter().map(|sample| sample.time.millis()).collect();
    assert!(times == [1, 3] || times == [1, 2, 3], "{times:?}");
}

#[test]
fn d12_recorded_rows_wait_and_their_receipt_comes_after_the_second_attempt() {
    let place = Place::new();
    let history = place.history();
    let id = history.series(&["x"])[0];
    history.import(vec![number(id, 1, 1.0)]).expect("works");
    place.disk.set(Fault::Fail(Operation::Sync, 1, Lasting::ForGood));
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    history.record_and_tell(vec![number(id, 2, 2.0)], move || {
        tell.fetch_add(1, Ordering::SeqCst);
    });
    wait_for("two attempts have failed", || place.disk.felt() >= 2);
    assert_eq!((told.load(Ordering::SeqCst), history.status().queued), (0, 1), "nobody is told before it is on disk");
    place.disk.heal();
    wait_for("it is told", || told.load(Ordering::SeqCst) == 1);
    drop(history);
    let history = place.history();
    let id = history.series(&["x"])[0];
    assert_eq!(history.reader().raw(id, WHOLE, usize::MAX).expect("reads").len(), 2);
}

#[test]
fn d12_after_an_error_of_the_disk_the_file_is_looked_through_before_it_is_used() {
    let place = Place::new();
    {
        let history = place.history();
        let id = history.series(&["x"])[0];
        history
            .import((0..20_000).map(|i| number(id, i, f64::from(i32::try_from(i).expect("small")))).collect())
            .expect("works");
    }
    let history = place.history();
    let id = history.series(&["x"])[0];
    history.import(vec![number(id, 30_000, 1.0)]).expect("works");
    // The same error has cost a page of an index; nobody has read it yet.
    place.disk.set(Fault::Fail(Operation::Sync, 1, Lasting::Once));
    let file = std::fs::OpenOptions::new().write(true).open(place.history_file()).expect("it is there");
    let pages = file.metadata().expect("it is there").len() / 4_096;
    for page in 2..pages {
        file.write_all_at(&[0xa5; 4_096], page * 4_096).expect("writes");
    }
    history.record(vec![number(id, 30_001, 1.0)]);
    wait_for("the file is set aside", || history.status().notice.contains("damaged"));
    wait_for("a new one is in use", || history.status().working && history.status().queued == 0);
}

#[test]
fn d12_the_journal_refuses_the_act_whose_sync_failed() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, "first".to_owned()).expect("works");
    place.disk.set(Fault::Fail(Operation::Sync, 1, Lasting::Once));
    let failure = append(&journal, "refused".to_owned()).expect_err("it is not on disk");
    assert_eq!(failure.to_string(), "the disk reports an error");
    wait_for("it works again", || journal.status().working);
    append(&journal, "and on".to_owned()).expect("works");
    let found = messages(&journal);
    assert!(found.first().is_some_and(|m| m == "first") && found.last().is_some_and(|m| m == "and on"), "{found:?}");
}

#[test]
fn d06_nobody_waits_for_a_disk_that_stands_still_and_what_does_not_fit_is_counted() {
    let place = Place::new();
    let history = place.history();
    let ids = history.series(&["x", "y"]);
    history.import(vec![number(ids[0], 0, 0.0)]).expect("works");
    place.disk.set(Fault::HeldSync);
    // None of these calls would come back if anybody waited for the disk.
    history.record(vec![number(ids[0], 1, 1.0)]);
    wait_for("a commit is under way", || place.disk.felt() > 0);
    wait_for("the disk is said to be slow", || history.status().slow.is_some());
    let status = history.status();
    assert!(status.warning().starts_with("The disk is slow"), "{status:?}");
    let rows = i64::try_from(QUEUE).expect("fits");
    for begin in (2..rows).step_by(10_000) {
        history.record((begin..(begin + 10_000).min(rows)).map(|i| number(ids[0], i, 1.0)).collect());
    }
    assert_eq!(
        (history.status().dropped, history.status().queued),
        (0, QUEUE as u64 - 1),
        "up to the bound nothing is lost"
    );
    history.record((0..11).map(|i| number(ids[1], i, 1.0)).collect());
    assert_eq!((history.status().dropped, history.status().queued), (10, QUEUE as u64), "then it is counted");
    let latest = history.reader().latest(ids[0], 1).expect("what is stored can be read meanwhile");
    assert_eq!(latest.len(), 1);
    place.disk.heal();
    wait_for("all is stored", || history.status().queued == 0);
    history.flush().expect("works");
    assert_eq!(history.reader().raw(ids[0], WHOLE, usize::MAX).expect("reads").len(), QUEUE);
    let gap = history.reader().raw(ids[1], WHOLE, usize::MAX).expect("reads");
    assert_eq!(gap.len(), 2);
    assert!(gap[1].quality.is_bad() && gap[1].time.millis() == 1, "the gap is marked: {gap:?}");
}

#[test]
fn d06_on_a_disk_that_takes_two_seconds_for_each_sync_everything_is_stored_in_the_end() {
    let place = Place::new();
    let (history, journal) = (place.history(), place.journal());
    let id = history.series(&["x"])[0];
    history.import(vec![number(id, 0, 0.0)]).expect("works");
    append(&journal, "first".to_owned()).expect("works");
    place.disk.set(Fault::SlowSync(Duration::from_secs(2)));
    let ended = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&ended);
    for i in 1..=50 {
        history.record((i * 100..(i + 1) * 100).map(|i| number(id, i, 1.0)).collect());
    }
    history.record_and_tell(vec![number(id, 9_999, 1.0)], move || tell.store(true, Ordering::SeqCst));
    append(&journal, "an act".to_owned()).expect("it takes its time, and is on disk");
    wait_for("all is stored", || ended.load(Ordering::SeqCst));
    assert!(history.status().slow.is_some_and(|slow| slow >= Duration::from_secs(2)), "{:?}", history.status());
    assert!(journal.status().warning().starts_with("The disk is slow: a commit took 2 s"), "{:?}", journal.status());
    assert_eq!(history.status().dropped, 0);
    place.disk.heal();
    assert_eq!(history.reader().raw(id, WHOLE, usize::MAX).expect("reads").len(), 5_002);
}
