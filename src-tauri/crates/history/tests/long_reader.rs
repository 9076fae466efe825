//! D11: while somebody reads for long, SQLite's log cannot be cut. Our own questions end after two seconds; another program's may go
//! on, and the log stays small enough at a plant's pace.

mod common;

use std::fs;
use std::sync::Arc;

use common::{Place, number};
use history::sqlite::{OnFullDisk, Schema, Step, Store};
use history::{Row, Trouble};
use rusqlite::Connection;

/// Commits of ten minutes, two a second.
const COMMITS: i64 = 1_200;
const MOST: u64 = 256 * 1024 * 1024;

#[test]
fn d11_a_question_without_end_is_cut_off_and_the_next_one_is_answered() {
    const TABLE: &[Step] = &[Step { version: 1, sql: "CREATE TABLE n (i INTEGER) STRICT;" }];
    let place = Place::new();
    let schema = Schema {
        application_id: 7,
        tables: &[TABLE],
        checked_up_to: 0,
        counted: "commits",
        on_full_disk: OnFullDisk::Wait,
    };
    let (store, _writer) = Store::open(place.file(), schema, place.clock.clone()).expect("makes a file");
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let failure = store.read(|connection| connection.query_row(endless, [], |row| row.get::<_, i64>(0)));
    let failure = failure.expect_err("it has no end");
    assert_eq!(failure.trouble, Trouble::TooLong);
    assert_eq!(failure.reason, "the question took longer than two seconds and was cut off");
    let answer = store.read(|connection| connection.query_row("SELECT 7", [], |row| row.get::<_, i64>(0)));
    assert_eq!(answer, Ok(7));
    assert!(Arc::clone(&store).failure().is_none(), "the file has no trouble");
}

#[test]
fn d11_beside_another_programs_long_question_the_log_stays_bounded_and_is_cut_after_it() {
    let place = Place::new();
    let is_long = std::env::var("ANDON_FAULTS").is_ok_and(|said| said == "long");
    let tags = if is_long { 10_000 } else { 500 };
    let history = place.open();
    let names: Vec<String> = (0..tags).map(|i| format!("tag {i}")).collect();
    let ids = history.series(&names.iter().map(String::as_str).collect::<Vec<_>>());
    history.import(ids.iter().map(|id| number(*id, 0, 0.0)).collect()).expect("works");
    let other = Connection::open(place.file()).expect("opens");
    other.execute_batch("BEGIN; SELECT count(*) FROM log;").expect("reads");
    let mut largest = 0;
    let log = place.file().with_file_name("history.sqlite-wal");
    for half_second in 1..=COMMITS {
        let rows: Vec<Row> = ids
            .iter()
            .enumerate()
            .filter(|(i, _)| i.is_multiple_of(2) == (half_second % 2 == 0))
            .map(|(i, id)| number(*id, half_second * 500, f64::from(u32::try_from(i).expect("few")) / 10.0))
            .collect();
        history.import(rows).expect("works");
        largest = largest.max(fs::metadata(&log).expect("it is there").len());
    }
    println!("D11: {tags} samples a second for ten minutes: the log grew to {} MB", largest / 1_000_000);
    assert!(largest <= MOST, "{largest} bytes");
    drop(other);
    // The next checkpoint moves what is in the log, and the commit after it begins the log anew.
    Connection::open(place.file())
        .and_then(|file| file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
        .expect("nobody reads");
    history.import(vec![number(ids[0], COMMITS * 500 + 1, 1.0)]).expect("works");
    assert!(fs::metadata(&log).expect("it is there").len() < largest);
}
