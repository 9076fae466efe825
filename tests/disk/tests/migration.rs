//! D13: the power goes at any point while a file of the first format is brought to the present one. Afterwards everything is there,
//! in the old format or the new one, and the rest is done.

mod common;

use common::{Place, WHOLE, is_long, number, wait_for};
use disk::Fault;
use rusqlite::Connection;

const ROWS: usize = 2_000;

/// A file of the first format, with some rows.
fn make_first_format(place: &Place) {
    let file = Connection::open(place.history_file()).expect("makes a file");
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
         CREATE TABLE fresh (series INTEGER NOT NULL, time INTEGER NOT NULL, kind INTEGER NOT NULL, value ANY,
             quality INTEGER NOT NULL, delay INTEGER NOT NULL, PRIMARY KEY (series, time)) STRICT, WITHOUT ROWID;
         INSERT INTO series VALUES (7, 'x');
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
             INSERT INTO fresh SELECT 7, i * 10000, 4, i / 10.0, 0, 0 FROM n;
         PRAGMA user_version = 1; PRAGMA application_id = 1097746537;",
    )
    .expect("the first format's own statements");
}

/// Whether nothing is left of the first format.
fn is_carried_over(place: &Place) -> bool {
    let old = Connection::open(place.history_file()).and_then(|file| {
        file.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'fresh'", [], |row| row.get::<_, i64>(0))
    });
    old.is_ok_and(|old| old == 0)
}

#[test]
fn d13_a_migration_that_is_cut_off_anywhere_leaves_a_usable_file() {
    let step = if is_long() { 1 } else { 3 };
    let mut cuts = 0;
    for off_after in (0..).step_by(step) {
        let place = Place::new();
        make_first_format(&place);
        place.disk.set(Fault::Off(off_after));
        let history = place.history();
        wait_for("it is cut off or done", || place.disk.felt() > 0 || is_carried_over(&place));
        drop(history);
        let felt = place.disk.heal();
        place.disk.lose_unsynced(u64::from(off_after));

        let history = place.history();
        assert_eq!(history.status().notice, "", "off after {off_after}");
        let id = history.series(&["x"])[0];
        history.import(vec![number(id, -1, 1.0)]).expect("it is usable");
        wait_for("all is carried over", || is_carried_over(&place));
        let found = history.reader().raw(id, WHOLE, usize::MAX).expect("reads");
        assert_eq!(found.len(), ROWS + 1, "off after {off_after}");
        for (i, sample) in (0_i32..).zip(&found[1..]) {
            assert_eq!((sample.time.millis(), sample.number()), (i64::from(i) * 10_000, Some(f64::from(i) / 10.0)));
        }
        if felt == 0 {
            break;
        }
        cuts += 1;
    }
    println!("D13: cut off at {cuts} places");
    assert!(cuts >= 8, "only {cuts}");
}

#[test]
fn a_file_whose_very_first_change_was_cut_off_is_made() {
    for off_after in 0..30 {
        let place = Place::new();
        place.disk.set(Fault::Off(off_after));
        drop(place.history());
        drop(place.journal());
        place.disk.heal();
        place.disk.lose_unsynced(u64::from(off_after) + 7);
        let history = place.history();
        assert_eq!(history.status().notice, "", "off after {off_after}");
        let id = history.series(&["x"])[0];
        history.import(vec![number(id, 1, 1.0)]).expect("it is made");
        assert_eq!(history.reader().raw(id, WHOLE, usize::MAX).expect("reads").len(), 1);
        common::append(&place.journal(), "first".to_owned()).expect("it is made");
    }
}
