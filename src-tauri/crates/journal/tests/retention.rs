//! What is too old goes, in blocks, and never what belongs to an occurrence that stands.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use alarm::{Cause, State};
use common::{Place, append, change, transition, wait_for};
use journal::{Entry, Journal, Keeping, Query};
use proptest::prelude::*;
use rusqlite::Connection;

/// The time of the tests' clock.
const NOW: i64 = 1_760_000_000_000;
const DAY: i64 = 86_400_000;
/// Entries of a block.
const BLOCK: i64 = 4096;

fn raised(alarm: &str, at: i64) -> Entry {
    change(transition(alarm, at, State::Normal, State::Unack, at, Cause::Raised), "ulm", 2)
}

fn over(alarm: &str, raised: i64, at: i64) -> Entry {
    change(transition(alarm, raised, State::Unack, State::Normal, at, Cause::AutoReturn), "ulm", 2)
}

/// All sequence numbers that are left.
fn left(journal: &Journal) -> BTreeSet<i64> {
    let mut query = Query { limit: Query::LIMIT, ..Query::default() };
    let mut all = BTreeSet::new();
    loop {
        let page = journal.page(&query).expect("works");
        all.extend(page.records.iter().map(|record| record.seq));
        match page.next {
            Some(next) => query.before = Some(next),
            None => return all,
        }
    }
}

fn append_all(journal: &Journal, entries: Vec<Entry>) {
    for part in entries.chunks(1000) {
        append(journal, part.to_vec()).expect("works");
    }
}

fn count(place: &Place, sql: &str) -> i64 {
    Connection::open(place.file()).expect("opens").query_row(sql, [], |row| row.get(0)).expect("counts")
}

fn days(days: u64) -> Option<Duration> {
    Some(Duration::from_secs(days * 86_400))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// Three blocks, one of them too old, one that is in part, one that is not. Some occurrences stand: their beginnings
    /// are anywhere.
    #[test]
    fn what_stands_is_left_however_old_it_is(standing in prop::collection::btree_set(0..3 * BLOCK, 0..40)) {
        let place = Place::new();
        let journal = place.open();
        // A block a day; the file begins with number 1, so the first block has one entry less.
        let at = |i: i64| NOW - 3 * DAY + (i + 1) * DAY / BLOCK;
        let entries = (0..3 * BLOCK).map(|i| {
            let name = format!("alarm{i}");
            if standing.contains(&i) { raised(&name, at(i)) } else { over(&name, at(i), at(i)) }
        });
        append_all(&journal, entries.collect());
        journal.keep(Keeping { age: Some(Duration::from_millis((DAY + DAY / 2).unsigned_abs())), size: None });
        let gone = 1..BLOCK;
        let expect: BTreeSet<i64> =
            (1..=3 * BLOCK).filter(|seq| !gone.contains(seq) || standing.contains(&(seq - 1))).collect();
        wait_for("the old block is gone", || left(&journal).len() == expect.len());
        prop_assert_eq!(left(&journal), expect);

        // What stood comes to its end, and the next block that goes takes it along.
        let ends = standing.iter().map(|i| over(&format!("alarm{i}"), at(*i), NOW));
        let new = (0..BLOCK).map(|i| over("new", NOW + i, NOW));
        append_all(&journal, ends.chain(new).collect());
        journal.keep(Keeping { age: days(1), size: None });
        wait_for("the second block is gone too", || left(&journal).first() == Some(&(2 * BLOCK)));
        prop_assert_eq!(count(&place, "SELECT count(*) FROM standing"), 0);
    }
}

#[test]
fn a_file_that_is_too_large_loses_its_oldest_entries_and_the_texts_that_only_they_had() {
    let place = Place::new();
    let journal = place.open();
    let entries = (0..6 * BLOCK).map(|i| over(&format!("alarm of block {}", i / BLOCK), i, NOW - i % 1000));
    append_all(&journal, entries.collect());
    let texts = count(&place, "SELECT count(*) FROM texts");
    let in_use = || (count(&place, "PRAGMA page_count") - count(&place, "PRAGMA freelist_count")) * 4096;
    let half = in_use() / 2;
    journal.keep(Keeping { age: None, size: Some(half.unsigned_abs()) });
    wait_for("the file is half as large", || in_use() <= half);
    let blocks = count(&place, "SELECT count(*) FROM blocks");
    assert!((1..=3).contains(&blocks), "{blocks} of 6 blocks");
    assert_eq!(left(&journal).first(), Some(&((6 - blocks) * BLOCK)), "the oldest go");
    let after = count(&place, "SELECT count(*) FROM texts");
    assert!(after < texts, "{after} of {texts} texts");
    assert_eq!(count(&place, "SELECT count(*) FROM letters WHERE letters MATCH '\"block 0\"'"), 0);
    wait_for("the room is given back", || count(&place, "PRAGMA freelist_count") < 10);
    drop(journal);
    let file = std::fs::metadata(place.file()).expect("is there").len();
    assert!(file < half.unsigned_abs() * 3 / 2, "{file} bytes, of which half are {half}");
}

#[test]
fn a_clock_that_was_set_years_ahead_does_not_cost_the_journal() {
    let place = Place::new();
    let journal = place.open();
    // By its entries it is ten years before what the clock says, and the first block is twenty days older than the others.
    let then = NOW - 3650 * DAY;
    let at = |i: i64| if i < BLOCK - 1 { then - 20 * DAY } else { then };
    append_all(&journal, (0..4 * BLOCK).map(|i| over("a", at(i), at(i))).collect());
    drop(journal);
    let journal = place.open();
    journal.keep(Keeping { age: days(10), size: None });
    let blocks = || count(&place, "SELECT count(*) FROM blocks");
    wait_for("what is old by the entries is gone", || blocks() < 4);
    // The thread goes on at once as long as there is something to remove.
    for _ in 0..3 {
        append(&journal, vec![over("b", NOW, NOW)]).expect("works");
    }
    assert_eq!(blocks(), 3, "by the clock the others were old too");
    assert_eq!(left(&journal).first(), Some(&BLOCK));
}

#[test]
fn the_file_itself_refuses_to_lose_what_stands() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![raised("a", 1), over("b", 2, 2)]).expect("works");
    drop(journal);
    let file = Connection::open(place.file()).expect("opens");
    file.execute("UPDATE released SET before = 100", []).expect("is allowed");
    let refusal = file.execute("DELETE FROM entries WHERE seq = 1", []).expect_err("it stands");
    assert!(refusal.to_string().contains("the journal is append-only"), "{refusal}");
    assert_eq!(file.execute("DELETE FROM entries WHERE seq = 2", []).expect("it is over"), 1);
}
