//! A journal of several sealed blocks: a query finds the same as by looking at every entry, whether an entry is in a block or
//! not, and whether the block was sealed while it was written or of a file that had none.

mod common;

use alarm::{AlarmId, Cause, PRIORITIES, State};
use common::{Place, act, append, change, time, transition};
use journal::{Action, AlarmChange, Entry, Journal, Kind, Phase, Query, Record, System};
use model::EquipmentId;
use proptest::prelude::*;
use rusqlite::Connection;

/// More than two blocks of 4,096, and a rest.
const ENTRIES: i64 = 9_500;

/// A plant's entries, each of them made from its number alone: alarms of some machines, acts with notes, audited actions.
fn entry(i: i64) -> Entry {
    let alarm = ["w", "x", "y", "z"][usize::try_from(i * 7 % 4).expect("small")];
    let machine = ["ulm/l1/a", "ulm/l1/b", "ulm/l2/a", "bonn/l1/a"][usize::try_from(i * 5 % 4).expect("small")];
    // The clock goes back and forth a little.
    let at = i * 1000 - i * 7919 % 5000;
    let user = ["Ada", "Zoë", "Bob"][usize::try_from(i % 3).expect("small")];
    let priority = if i % 1000 == 500 { 1 } else { 2 + usize::try_from(i % 3).expect("small") };
    let of = |from, to, cause| match change(transition(alarm, i, from, to, at, cause), machine, priority) {
        Entry::Alarm(change) => Entry::Alarm(AlarmChange { message: format!("{alarm} is {} °C", i % 20), ..change }),
        other => other,
    };
    match i % 10 {
        0..4 => of(State::Normal, State::Unack, Cause::Raised),
        4..7 => of(State::Unack, State::Normal, Cause::Returned),
        7 | 8 => {
            let note = if i % 100 == 7 { format!("Leck, Schraube {i} nachgezogen") } else { String::new() };
            of(State::Unack, State::Acked, Cause::Acknowledged(alarm::Act { note, ..act(user, at) }))
        }
        _ if i % 4 == 1 => Entry::System(System { at: time(at), message: "a gateway was lost".to_owned() }),
        _ => Entry::Action(Action {
            at: time(at),
            user: user.to_owned(),
            station: "desk".to_owned(),
            command: "tag_write".to_owned(),
            target: format!("ulm/filler/speed: {i}"),
            phase: Phase::Outcome { intent: None, words: "done".to_owned() },
        }),
    }
}

fn kind(entry: &Entry) -> Kind {
    match entry {
        Entry::Alarm(change) => match &change.transition.cause {
            Cause::Raised => Kind::Raised,
            Cause::Returned => Kind::Returned,
            Cause::Acknowledged(_) => Kind::Acknowledged,
            other => panic!("{other:?} is not made"),
        },
        Entry::Remark(_) => panic!("none is made"),
        Entry::Action(_) => Kind::Outcome,
        Entry::System(_) => Kind::System,
    }
}

/// Whether a query means an entry, the plain way.
fn is_meant(query: &Query, entry: &Entry) -> bool {
    let has = |text: &str, wanted: &str| text.to_lowercase().contains(&wanted.to_lowercase());
    let (user, texts) = match entry {
        Entry::Alarm(change) => {
            let act = match &change.transition.cause {
                Cause::Acknowledged(act) => Some(act),
                _ => None,
            };
            let (user, note) = act.map(|act| (act.user.as_str(), act.note.as_str())).unwrap_or_default();
            let path = change.equipment.as_ref().map_or("", |equipment| equipment.as_str());
            (user, vec![change.message.as_str(), path, user, note])
        }
        Entry::Remark(remark) => ("", vec![remark.message.as_str()]),
        Entry::Action(action) => (action.user.as_str(), vec![&*action.command, &*action.target, &*action.user, "done"]),
        Entry::System(system) => ("", vec![system.message.as_str()]),
    };
    let change = match entry {
        Entry::Alarm(change) => Some(change),
        Entry::Remark(_) | Entry::Action(_) | Entry::System(_) => None,
    };
    query.alarm.as_ref().is_none_or(|id| change.is_some_and(|c| c.transition.occurrence.alarm == *id))
        && query.equipment.as_ref().is_none_or(|wanted| {
            change.and_then(|c| c.equipment.as_ref()).is_some_and(|equipment| equipment.is_within(wanted))
        })
        && query.priority.is_none_or(|wanted| change.is_some_and(|c| c.priority == wanted))
        && (query.kinds.is_empty() || query.kinds.contains(&kind(entry)))
        && query.user.as_ref().is_none_or(|wanted| has(user, wanted))
        && query.from.is_none_or(|from| entry.time() >= from)
        && query.to.is_none_or(|to| entry.time() < to)
        && query.text.as_ref().is_none_or(|text| {
            texts.iter().any(|is| has(is, text))
                || kind(entry) == Kind::Outcome && query.commands.iter().any(|command| command == "tag_write")
        })
}

fn query() -> impl Strategy<Value = Query> {
    let text = prop_oneof![
        Just("leck"),
        Just("LECK, schraube 107"),
        Just("w IS 7"),
        Just("zOë"),
        Just("l2/"),
        Just("°"),
        Just("7"),
        Just("filler/speed: 8"),
        Just("no such text"),
        Just("\"quoted\" AND x*"),
    ];
    let kinds = prop_oneof![
        Just(vec![Kind::Raised]),
        Just(vec![Kind::Acknowledged, Kind::Outcome]),
        Just(vec![Kind::System]),
        Just(vec![Kind::Reset]),
    ];
    let instant = || prop::option::weighted(0.3, 0..ENTRIES * 1000);
    (
        1..400_usize,
        prop::option::weighted(0.3, prop_oneof![Just("ulm"), Just("ulm/l1/a"), Just("bonn"), Just("nowhere")]),
        prop::option::weighted(0.2, prop_oneof![Just("w"), Just("no such alarm")]),
        prop::option::weighted(0.6, text),
        prop::option::weighted(0.3, prop_oneof![Just("ada"), Just("o"), Just("nobody")]),
        prop::option::weighted(0.3, 0..4_usize),
        prop::option::weighted(0.4, kinds),
        (instant(), instant(), prop::bool::weighted(0.2)),
    )
        .prop_map(|(limit, equipment, alarm, text, user, priority, kinds, (from, to, commands))| Query {
            before: None,
            limit,
            equipment: equipment.map(EquipmentId::new),
            alarm: alarm.map(AlarmId::new),
            text: text.map(str::to_owned),
            commands: if commands { vec!["tag_write".to_owned()] } else { Vec::new() },
            user: user.map(str::to_owned),
            priority: priority.map(|i| PRIORITIES[i]),
            kinds: kinds.unwrap_or_default(),
            from: from.map(time),
            to: to.map(time),
        })
}

fn filled(place: &Place) -> Journal {
    let journal = place.open();
    for begin in (0..ENTRIES).step_by(500) {
        append(&journal, (begin..begin + 500).map(entry).collect()).expect("works");
    }
    journal
}

fn all_pages(journal: &Journal, query: &Query) -> Vec<Record> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let page = journal.page(&query).expect("works");
        assert!(page.records.len() <= query.limit);
        assert!(page.next.is_none() || page.records.len() == query.limit, "a page is full, or it is the last");
        all.extend(page.records);
        match page.next {
            Some(next) => query.before = Some(next),
            None => return all,
        }
    }
}

fn expect(query: &Query) -> Vec<Record> {
    let mut expect: Vec<Record> = (0..ENTRIES)
        .map(|i| Record { seq: i + 1, entry: entry(i) })
        .filter(|record| is_meant(query, &record.entry))
        .collect();
    expect.reverse();
    expect
}

fn blocks(place: &Place) -> i64 {
    let file = Connection::open(place.file()).expect("opens");
    file.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).expect("counts")
}

#[test]
fn a_query_of_blocks_finds_what_a_look_at_every_entry_finds() {
    let place = Place::new();
    let journal = filled(&place);
    assert_eq!(blocks(&place), 2, "the blocks are sealed as they are filled");
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&query(), |query| {
        prop_assert_eq!(all_pages(&journal, &query), expect(&query), "{:?}", query);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_file_of_the_first_format_is_brought_up_and_sealed_while_nothing_else_is_to_do() {
    let place = Place::new();
    drop(filled(&place));
    // As the first format was: nothing but the entries, and an index that is not there any more.
    Connection::open(place.file())
        .expect("opens")
        .execute_batch(
            "DROP TABLE blocks; DROP TABLE subjects; DROP TABLE letters; DROP TABLE texts;
             DROP TABLE released; DROP TRIGGER entries_stay; DROP TABLE deeds; DROP TABLE suppressed;
             ALTER TABLE entries DROP COLUMN announced; ALTER TABLE entries DROP COLUMN level;
             ALTER TABLE entries DROP COLUMN suppressed; ALTER TABLE entries DROP COLUMN detail;
             ALTER TABLE standing DROP COLUMN announced; ALTER TABLE standing DROP COLUMN level;
             ALTER TABLE standing DROP COLUMN last_level; ALTER TABLE standing DROP COLUMN re_alarms;
             ALTER TABLE standing DROP COLUMN confirmed; ALTER TABLE standing DROP COLUMN notes;
             CREATE INDEX entries_time ON entries (time);
             CREATE INDEX entries_alarm ON entries (alarm) WHERE alarm IS NOT NULL;
             CREATE INDEX entries_equipment ON entries (equipment) WHERE equipment IS NOT NULL;
             CREATE INDEX entries_priority ON entries (priority) WHERE priority IS NOT NULL;
             CREATE TRIGGER entries_stay BEFORE DELETE ON entries
                 BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
             PRAGMA user_version = 1;",
        )
        .expect("becomes an old one");
    let journal = place.open();
    let rare = Query { limit: 100, text: Some("schraube 9".to_owned()), ..Query::default() };
    assert_eq!(all_pages(&journal, &rare), expect(&rare), "also before it is sealed");
    common::wait_for("the blocks are sealed", || blocks(&place) == 2);
    assert_eq!(all_pages(&journal, &rare), expect(&rare));
}
