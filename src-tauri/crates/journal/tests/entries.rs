//! What is appended comes back as it was, in order, by any query; nothing can be changed; what stands follows.

mod common;

use std::collections::BTreeMap;

use alarm::{
    Act, AlarmId, ByDesign, Cause, Deed, DeedId, OccurrenceId, Origin, PRIORITIES, Shelved, Standing, State,
    Suppressed, Suppression, SuppressionChange, Transition, Unshelved, What,
};
use common::{Place, act, append, change, raised, system, time, transition};
use journal::{Action, AlarmChange, Entry, Journal, Page, Phase, Query, Record, Remark, Remarked};
use model::EquipmentId;
use proptest::prelude::*;
use rusqlite::Connection;

fn everything() -> Query {
    Query { limit: Query::LIMIT, ..Query::default() }
}

/// All pages of a query, one after the other.
fn all_pages(journal: &Journal, query: &Query) -> Vec<Record> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let Page { records, next } = journal.page(&query).expect("works");
        assert!(records.len() <= query.limit);
        all.extend(records);
        match next {
            Some(next) => query.before = Some(next),
            None => return all,
        }
    }
}

fn intent(at: i64) -> Entry {
    action(at, Phase::Intent)
}

fn action(at: i64, phase: Phase) -> Entry {
    Entry::Action(Action {
        at: time(at),
        user: "Zoë".to_owned(),
        station: "desk".to_owned(),
        command: "setpoint_write".to_owned(),
        target: "ulm/filler/speed: 100 to 120".to_owned(),
        phase,
    })
}

#[test]
fn every_kind_of_entry_comes_back_as_it_was() {
    let place = Place::new();
    let journal = place.open();
    let (alarm, machine) = ("ulm/filler/warm", "ulm/filler");
    let step = |from, to, at, cause| change(transition(alarm, 1, from, to, at, cause), machine, 2);
    let mut entries = vec![
        system(0, "started"),
        step(State::Normal, State::Unack, 1, Cause::Raised),
        step(State::Unack, State::LatchedUnack, 2, Cause::Returned),
        step(State::LatchedUnack, State::Unack, 3, Cause::Recurred),
        step(State::Unack, State::Acked, 4, Cause::Acknowledged(act("Ärne", 4))),
        step(State::Acked, State::LatchedAcked, 5, Cause::Returned),
        step(State::LatchedAcked, State::Normal, 6, Cause::Reset(act("", -6))),
        step(State::RtnUnack, State::Normal, 7, Cause::AutoReturn),
        intent(8),
    ];
    entries.push(Entry::Alarm(AlarmChange {
        transition: Transition {
            value: None,
            ..transition("gateway/plc/connection", i64::MIN, State::Normal, State::RtnUnack, i64::MAX, Cause::Raised)
        },
        equipment: None,
        priority: PRIORITIES[0],
        message: "nul \0, quote ' and % _".to_owned(),
        value: String::new(),
        deed: None,
    }));
    let seqs = append(&journal, entries.clone()).unwrap();
    assert_eq!(seqs, (1..=10).collect::<Vec<i64>>());
    let outcome = action(9, Phase::Outcome { intent: Some(seqs[8]), words: "done".to_owned() });
    entries.push(outcome.clone());
    entries.push(action(9, Phase::Outcome { intent: None, words: "refused: not allowed".to_owned() }));
    append(&journal, entries[10..].to_vec()).unwrap();
    drop(journal);
    let journal = place.open();
    let found = all_pages(&journal, &everything());
    let mut expect: Vec<Record> = entries.into_iter().zip(1..).map(|(entry, seq)| Record { seq, entry }).collect();
    expect.reverse();
    assert_eq!(found, expect);
    assert_eq!(journal.status().queued, 0);
}

#[test]
fn the_file_refuses_to_change_or_remove_an_entry() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![system(0, "started"), raised("a", 1, "m", 1)]).unwrap();
    drop(journal);
    let file = Connection::open(place.file()).unwrap();
    for sql in [
        "UPDATE entries SET message = 'never happened' WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 2",
        "DELETE FROM entries",
        "REPLACE INTO entries (seq, time, kind, message) VALUES (1, 0, 'system', 'never happened')",
        "INSERT INTO entries (seq, time, kind, message) VALUES (1, 0, 'system', 'x') ON CONFLICT DO UPDATE SET time = 9",
    ] {
        let refusal = file.execute(sql, []).expect_err(sql);
        assert!(refusal.to_string().contains("the journal is append-only"), "{sql}: {refusal}");
    }
    assert_eq!(all_pages(&place.open(), &everything()).len(), 2);
}

#[test]
fn what_stands_survives_and_an_earlier_occurrence_stands_beside_the_current_one() {
    let place = Place::new();
    let journal = place.open();
    let step = |raised, from, to, at, cause| change(transition("ulm/warm", raised, from, to, at, cause), "ulm", 2);
    append(&journal, vec![step(1, State::Normal, State::Unack, 1, Cause::Raised)]).unwrap();
    journal.append(vec![step(1, State::Unack, State::RtnUnack, 2, Cause::Returned)], None);
    append(&journal, vec![step(3, State::RtnUnack, State::Unack, 3, Cause::Raised)]).unwrap();
    append(&journal, vec![step(3, State::Unack, State::Acked, 4, Cause::Acknowledged(act("Ärne", 4)))]).unwrap();
    append(&journal, vec![raised("gone", 5, "ulm", 1)]).unwrap();
    let gone = transition("gone", 5, State::Acked, State::Normal, 6, Cause::Returned);
    append(&journal, vec![change(gone, "ulm", 1)]).unwrap();
    drop(journal);

    let standing = place.open().known().unwrap();
    assert_eq!(standing.len(), 1, "what went back to normal does not stand");
    let alarm = AlarmId::new("ulm/warm");
    let standings = &standing[&alarm].standings;
    let expect = |raised, state, returned_at, acknowledged| Standing {
        occurrence: OccurrenceId { alarm: alarm.clone(), raised: time(raised) },
        state,
        raised_at: time(raised),
        value: Some(81.25),
        returned_at,
        acknowledged,
        recurrences: 0,
        announced: time(raised),
        level: 0,
        last_level: None,
        re_alarms: 0,
        confirmed: None,
        notes: Vec::new(),
    };
    assert_eq!(
        *standings,
        [expect(1, State::RtnUnack, Some(time(2)), None), expect(3, State::Acked, None, Some(act("Ärne", 4)))]
    );
}

#[test]
fn what_keeps_an_alarm_quiet_and_what_was_done_to_it_survive() {
    let place = Place::new();
    let journal = place.open();
    let alarm = AlarmId::new("ulm/warm");
    let deed = |order, station: &str, what| Deed {
        order,
        alarm: alarm.clone(),
        what,
        act: Act { station: station.to_owned(), ..act("eve", order) },
    };
    let remark = |at, what, deed: Option<(Deed, Origin)>| {
        Entry::Remark(Remark {
            what,
            at: time(at),
            equipment: Some(EquipmentId::new("ulm")),
            priority: PRIORITIES[1],
            message: "it is too warm".to_owned(),
            deed,
        })
    };
    let suppression = |at, what| Remarked::Suppression(SuppressionChange { alarm: alarm.clone(), at: time(at), what });
    let shelve = deed(10, "desk", What::Shelve { until: time(900), one_shot: false });
    let shelved = Shelved { act: shelve.act.clone(), until: time(900), one_shot: false };
    let design = ByDesign { rule: "not running".to_owned(), since: time(11) };
    let heard = deed(12, "laptop", What::Unshelve);
    let entries = vec![
        remark(10, suppression(10, Suppressed::Shelved(shelved.clone())), Some((shelve.clone(), Origin::Here))),
        remark(11, suppression(11, Suppressed::ByDesign(design.clone())), None),
        remark(12, Remarked::Heard(heard.clone()), Some((heard.clone(), Origin::Elsewhere))),
    ];
    append(&journal, entries.clone()).unwrap();
    let id = heard.id();
    assert_eq!(journal.reader().has_act(&id), Ok(true));
    assert_eq!(journal.reader().has_act(&DeedId { order: 13, ..id }), Ok(false));
    drop(journal);

    let journal = place.open();
    let known = journal.known().unwrap().remove(&alarm).expect("it is suppressed");
    let expect = Suppression { shelved: Some(shelved), by_design: Some(design), out_of_service: None };
    assert_eq!(known.suppression, expect);
    assert_eq!(known.deeds, [(heard, Origin::Elsewhere), (shelve, Origin::Here)]);
    assert_eq!(journal.reader().newest_order(), Ok(12));
    let page = journal.page(&everything()).unwrap();
    let read: Vec<Entry> = page.records.into_iter().rev().map(|record| record.entry).collect();
    let without_deed = |entry: Entry| match entry {
        Entry::Remark(remark) => Entry::Remark(Remark { deed: None, ..remark }),
        other => other,
    };
    assert_eq!(read, entries.into_iter().map(without_deed).collect::<Vec<_>>());

    let unshelved = Suppressed::Unshelved(Unshelved::Expired);
    append(&journal, vec![remark(900, suppression(900, unshelved), None)]).unwrap();
    append(&journal, vec![remark(901, suppression(901, Suppressed::DesignEnded), None)]).unwrap();
    assert!(!journal.known().unwrap().contains_key(&alarm), "nothing is left of it");
}

#[test]
fn a_query_of_a_line_does_not_find_the_line_with_a_longer_name() {
    let place = Place::new();
    let journal = place.open();
    for (at, machine) in [(1, "ulm/line1"), (2, "ulm/line1/filler"), (3, "ulm/line10/filler"), (4, "ulm/line1-b")] {
        append(&journal, vec![raised("a", at, machine, 1)]).unwrap();
    }
    let query = Query { equipment: Some(EquipmentId::new("ulm/line1")), ..everything() };
    let seqs: Vec<i64> = all_pages(&journal, &query).iter().map(|record| record.seq).collect();
    assert_eq!(seqs, [2, 1]);
}

#[test]
fn a_text_is_found_in_any_case_and_as_it_is_written() {
    let place = Place::new();
    let journal = place.open();
    append(&journal, vec![system(0, "100% of Öfen"), system(1, "100 of them"), intent(2)]).unwrap();
    append(&journal, vec![raised("a", 3, "ulm/Palletiser", 1)]).unwrap();
    let check = |text: &str, expect: &[i64]| {
        let query = Query { text: Some(text.to_owned()), ..everything() };
        let seqs: Vec<i64> = all_pages(&journal, &query).iter().map(|record| record.seq).collect();
        assert_eq!(seqs, expect, "{text}");
    };
    check("öfEN", &[1]);
    check("100%", &[1]);
    check("1_0", &[]);
    check("zoË", &[3]);
    check("palletiser", &[4]);
    check("speed: 100", &[3]);
    check("", &[4, 3, 2, 1]);
}

/// An entry of a plant of six machines, in an order of time that is not quite that of the entries.
fn entry() -> impl Strategy<Value = Entry> {
    let machine = prop_oneof![Just("ulm/l1/a"), Just("ulm/l1/b"), Just("ulm/l2/a"), Just("bonn/l1/a")];
    let text = prop_oneof![Just("jam"), Just("Leck"), Just("warm")];
    prop_oneof![
        4 => (0..4usize, machine, 1..=4usize, 0..60i64, text.clone()).prop_map(|(alarm, machine, priority, at, text)| {
            let transition = transition(
                ["w", "x", "y", "z"][alarm], at, State::Normal, State::Unack, at, Cause::Raised,
            );
            match change(transition, machine, priority) {
                Entry::Alarm(change) => Entry::Alarm(AlarmChange { message: text.to_owned(), ..change }),
                other => other,
            }
        }),
        1 => (0..60i64, text).prop_map(|(at, text)| system(at, text)),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let some = |p| prop::option::weighted(p, 0..60i64);
    (
        1..20usize,
        prop::option::weighted(0.4, prop_oneof![Just("ulm"), Just("ulm/l1"), Just("ulm/l1/a"), Just("nowhere")]),
        prop::option::weighted(0.2, prop_oneof![Just("w"), Just("x"), Just("no such alarm")]),
        prop::option::weighted(0.2, prop_oneof![Just("JAM"), Just("leck"), Just("l2/")]),
        prop::option::weighted(0.3, 0..4usize),
        (some(0.3), some(0.3)),
    )
        .prop_map(|(limit, equipment, alarm, text, priority, (from, to))| Query {
            before: None,
            limit,
            equipment: equipment.map(EquipmentId::new),
            alarm: alarm.map(AlarmId::new),
            text: text.map(str::to_owned),
            commands: Vec::new(),
            user: None,
            kinds: Vec::new(),
            priority: priority.map(|i| PRIORITIES[i]),
            from: from.map(time),
            to: to.map(time),
        })
}

/// Whether a query means an entry, the plain way.
fn is_meant(query: &Query, entry: &Entry) -> bool {
    let (alarm, equipment, priority, texts) = match entry {
        Entry::Alarm(change) => (
            Some(&change.transition.occurrence.alarm),
            change.equipment.as_ref(),
            Some(change.priority),
            vec![change.message.as_str(), change.equipment.as_ref().map_or("", |equipment| equipment.as_str())],
        ),
        Entry::System(system) => (None, None, None, vec![system.message.as_str()]),
        Entry::Remark(_) | Entry::Action(_) => unreachable!("none is made"),
    };
    query.alarm.as_ref().is_none_or(|wanted| alarm == Some(wanted))
        && query.equipment.as_ref().is_none_or(|wanted| equipment.is_some_and(|is| is.is_within(wanted)))
        && query.priority.is_none_or(|wanted| priority == Some(wanted))
        && query.from.is_none_or(|from| entry.time() >= from)
        && query.to.is_none_or(|to| entry.time() < to)
        && query
            .text
            .as_ref()
            .is_none_or(|text| texts.iter().any(|is| is.to_lowercase().contains(&text.to_lowercase())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn pages_hold_what_the_query_means_and_nothing_else(
        entries in prop::collection::vec(entry(), 1..120),
        queries in prop::collection::vec(query(), 1..12),
    ) {
        let place = Place::new();
        let journal = place.open();
        append(&journal, entries.clone()).expect("works");
        for query in queries {
            let mut expect: Vec<Record> = entries
                .iter()
                .zip(1..)
                .filter(|(entry, _)| is_meant(&query, entry))
                .map(|(entry, seq)| Record { seq, entry: entry.clone() })
                .collect();
            expect.reverse();
            prop_assert_eq!(all_pages(&journal, &query), expect, "{:?}", query);
        }
    }

    #[test]
    fn what_stands_is_what_the_entries_say(
        steps in prop::collection::vec((0..3usize, 0..3i64, 0..6usize, 0..6usize), 1..60)
    ) {
        const STATES: [State; 6] =
            [State::Normal, State::Unack, State::Acked, State::RtnUnack, State::LatchedUnack, State::LatchedAcked];
        let place = Place::new();
        let journal = place.open();
        let mut reference: BTreeMap<OccurrenceId, Standing> = BTreeMap::new();
        for (at, (alarm, raised, to, cause)) in (100..).zip(&steps) {
            let cause = match cause {
                0 => Cause::Raised,
                1 => Cause::Returned,
                2 => Cause::Acknowledged(act("a", at)),
                3 => Cause::Reset(act("b", at)),
                4 => Cause::Recurred,
                _ => Cause::AutoReturn,
            };
            let transition = transition(["a", "b", "c"][*alarm], *raised, State::Normal, STATES[*to], at, cause);
            let occurrence = transition.occurrence.clone();
            let after = Standing::after(reference.remove(&occurrence), &transition);
            reference.extend(after.map(|standing| (occurrence, standing)));
            journal.append(vec![change(transition, "m", 1)], None);
        }
        drop(journal);
        let standing = place.open().known().expect("works");
        let mut found: Vec<Standing> = standing.into_values().flat_map(|known| known.standings).collect();
        found.sort_by(|a, b| a.occurrence.cmp(&b.occurrence));
        prop_assert_eq!(found, reference.into_values().collect::<Vec<_>>());
    }
}
