//! Being told that samples are on disk: never before they are, never where they are not.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use common::{Place, noise, number, one, time, wait_for};
use history::{History, SeriesId, Span, Trouble};

const WHOLE: Span = Span { from: time(0), to: time(10_000_000) };

fn count(history: &History, id: SeriesId) -> usize {
    history.reader().raw(id, WHOLE, usize::MAX).expect("reads").len()
}

#[test]
fn what_was_told_of_is_on_disk_at_that_moment() {
    let place = Place::new();
    let history = Arc::new(place.open());
    let id = one(&history, "x");
    let seen = Arc::new(AtomicUsize::new(0));
    for n in 0..50 {
        // A reader of its own: the call comes from the writer's thread, and sees what is committed.
        let (seen, reader) = (Arc::clone(&seen), history.reader());
        history.record_and_tell(vec![number(id, n * 10, 1.0), number(id, n * 10 + 1, 1.0)], move || {
            let on_disk = reader.raw(id, WHOLE, usize::MAX).expect("reads").len();
            assert!(on_disk >= 2 * (usize::try_from(n).expect("few") + 1), "told of {n} with {on_disk} on disk");
            seen.fetch_add(1, SeqCst);
        });
    }
    wait_for("all are told", || seen.load(SeqCst) == 50);
}

#[test]
fn where_nothing_is_left_to_write_it_is_told_all_the_same() {
    let place = Place::new();
    let history = place.open();
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    history.record_and_tell(Vec::new(), move || {
        tell.fetch_add(1, SeqCst);
    });
    wait_for("it is told", || told.load(SeqCst) == 1);
}

#[test]
fn a_full_disk_is_silent_until_it_has_room() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 0, 0.0)]).unwrap();
    history.limit_size(Some(100_000));
    let told = Arc::new(AtomicUsize::new(0));
    for batch in 0..20 {
        let tell = Arc::clone(&told);
        let rows = (batch * 1_000..(batch + 1) * 1_000).map(|i| number(id, i + 1, noise(i))).collect();
        history.record_and_tell(rows, move || {
            tell.fetch_add(1, SeqCst);
        });
    }
    wait_for("the disk is full", || history.status().trouble == Some(Trouble::DiskFull));
    let waiting = 20 - told.load(SeqCst);
    let on_disk = count(&history, id) - 1;
    assert!(waiting > 0, "something waits for room");
    assert!(on_disk >= (20 - waiting) * 1_000, "{} told of, {on_disk} on disk", 20 - waiting);
    history.limit_size(None);
    wait_for("all are told", || told.load(SeqCst) == 20);
    assert_eq!(count(&history, id), 20_001);
}

#[test]
fn rows_that_found_no_room_are_never_told_of() {
    let place = Place::new();
    let history = place.open();
    let id = one(&history, "x");
    history.import(vec![number(id, 0, 0.0)]).unwrap();
    history.limit_size(Some(100_000));
    history.record((0..20_000).map(|i| number(id, i + 1, noise(i))).collect());
    wait_for("the disk is full", || history.status().trouble == Some(Trouble::DiskFull));
    let told = Arc::new(AtomicUsize::new(0));
    let mut given = 0;
    while history.status().dropped == 0 {
        let tell = Arc::clone(&told);
        history.record_and_tell((0..50_000).map(|i| number(id, 20_000 + i, noise(i))).collect(), move || {
            tell.fetch_add(1, SeqCst);
        });
        given += 1;
    }
    history.limit_size(None);
    wait_for("what had room is written", || history.status().working && history.status().queued == 0);
    history.flush().expect("the disk works again");
    assert_eq!(told.load(SeqCst), given - 1, "the last one, of which some were dropped, stays untold");
}
