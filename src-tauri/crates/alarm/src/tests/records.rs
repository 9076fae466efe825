//! What is recorded of an alarm, what is refused, and the order in a list.

use std::time::Duration;

use model::{Quality, Timestamp};

use super::stories::latching;
use super::{Bench, act, high, reading};
use crate::{Act, Alarm, AlarmId, Cause, OccurrenceId, PRIORITIES, Standing, State, Transition, What};

#[test]
fn an_act_that_is_refused_says_why() {
    let mut bench = Bench::new(latching());
    let reading = |number| reading(0, Some(number), Quality::GOOD);
    let reason = |bench: &Bench, occurrence: &OccurrenceId, wanted: fn(&Alarm, &OccurrenceId) -> What| {
        let what = wanted(&bench.alarm, occurrence);
        bench.alarm.check(&what, bench.now(bench.last_ms)).map_err(|refusal| refusal.to_string())
    };
    bench.step(0, reading(85.0));
    let first = bench.occurrence(1);
    let other = OccurrenceId { raised: first.raised.saturating_add(Duration::from_secs(1)), ..first.clone() };
    assert_eq!(reason(&bench, &other, Alarm::acknowledge), Err("this occurrence is over".into()));
    assert_eq!(reason(&bench, &first, Alarm::acknowledge), Ok(()));
    assert_eq!(reason(&bench, &first, Alarm::reset), Err("its cause is still present".into()));
    bench.step(1, reading(70.0));
    assert_eq!(reason(&bench, &first, Alarm::reset), Err("it is not acknowledged yet: acknowledge it first".into()));
    bench.acknowledge(2, &first).unwrap();
    assert_eq!(reason(&bench, &first, Alarm::acknowledge), Err("it is acknowledged already".into()));
    assert_eq!(reason(&bench, &first, Alarm::reset), Ok(()));
    bench.alarm.reconfigure(high(80.0), bench.now(2));
    assert_eq!(reason(&bench, &first, Alarm::reset), Ok(()), "what is latched can be reset whatever comes to be");

    let mut plain = Bench::new(high(80.0));
    plain.step(0, reading(85.0));
    let only = plain.occurrence(1);
    assert_eq!(reason(&plain, &only, Alarm::reset), Err("it does not latch: there is nothing to reset".into()));
}

#[test]
fn what_is_recorded_names_who_when_and_which_value() {
    let mut bench = Bench::new(high(80.0));
    let raised = bench.step(1_000, reading(1_000, Some(85.5), Quality::GOOD));
    assert_eq!(raised[0].value, Some(85.5));
    assert_eq!(raised[0].at, bench.now(1_000).wall);
    assert_eq!((raised[0].from, raised[0].to), (State::Normal, State::Unack));
    bench.step(2_000, reading(2_000, Some(12.0), Quality::BAD_SENSOR_FAILURE));
    let occurrence = raised[0].occurrence.clone();
    let act = Act { at: bench.now(3_000).wall, ..act("valve closed") };
    let acked = bench.act(3_000, bench.alarm.acknowledge(&occurrence), "valve closed").unwrap();
    assert_eq!(acked[0].cause, Cause::Acknowledged(act.clone()));
    assert_eq!(acked[0].value, Some(85.5), "a bad value is no evidence");
    let standing = bench.alarm.standing().unwrap();
    assert_eq!(standing.value, Some(85.5), "the value that raised it stays");
    assert_eq!(standing.acknowledged, Some(act));
}

#[test]
fn names_stay_unique_when_the_clock_is_set_back() {
    let mut bench = Bench::new(high(80.0));
    for round in 0..5 {
        bench.step(round * 10, reading(round * 10, Some(85.0), Quality::GOOD));
        bench.step(round * 10 + 1, reading(round * 10 + 1, Some(70.0), Quality::GOOD));
        bench.wall_offset_ms -= 3_600_000;
    }
    let names: Vec<Timestamp> = (1..=5).map(|n| bench.occurrence(n).raised).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    let shown = bench.alarm.standing().unwrap().raised_at;
    assert_eq!(shown, Timestamp::from_millis(1_700_000_000_000 - 4 * 3_600_000 + 40), "shown is what the clock said");
}

#[test]
fn twenty_earlier_occurrences_wait_and_the_oldest_of_more_is_closed_on_record() {
    let mut bench = Bench::new(high(80.0));
    for round in 0..21 {
        bench.step(round * 10_000, reading(round * 10_000, Some(85.0), Quality::GOOD));
        bench.step(round * 10_000 + 1, reading(round * 10_000 + 1, Some(70.0), Quality::GOOD));
    }
    assert_eq!(bench.alarm.earlier().len(), 20);
    let effects = bench.step(300_000, reading(300_000, Some(85.0), Quality::GOOD));
    assert_eq!(bench.alarm.earlier().len(), 20);
    assert_eq!(effects[0].cause, Cause::AutoReturn);
    assert_eq!(effects[0].occurrence, bench.occurrence(1));
    assert_eq!(effects[1].cause, Cause::Raised);
}

#[test]
fn the_list_has_unacknowledged_then_urgent_then_newest_first() {
    let standing = |name: &str, state, at| Standing {
        occurrence: OccurrenceId { alarm: AlarmId::new(name), raised: Timestamp::from_millis(at) },
        state,
        raised_at: Timestamp::from_millis(at),
        value: None,
        returned_at: None,
        acknowledged: None,
        recurrences: 0,
        announced: Timestamp::from_millis(at),
        level: 0,
        last_level: None,
        re_alarms: 0,
        confirmed: None,
        notes: Vec::new(),
    };
    let mut list = [
        (standing("acked, urgent", State::Acked, 9), PRIORITIES[0]),
        (standing("old, low", State::Unack, 1), PRIORITIES[3]),
        (standing("latched, acked", State::LatchedAcked, 10), PRIORITIES[0]),
        (standing("returned, urgent", State::RtnUnack, 2), PRIORITIES[0]),
        (standing("new, low", State::LatchedUnack, 5), PRIORITIES[3]),
        (standing("new, urgent", State::Unack, 7), PRIORITIES[0]),
    ];
    list.sort_by_key(|(standing, priority)| standing.place(*priority));
    let names: Vec<&str> = list.iter().map(|(standing, _)| standing.occurrence.alarm.as_str()).collect();
    assert_eq!(names, ["new, urgent", "returned, urgent", "new, low", "old, low", "latched, acked", "acked, urgent"]);
}

#[test]
fn a_journal_without_the_beginning_still_stands() {
    let mut bench = Bench::new(high(80.0));
    bench.step(0, reading(0, Some(85.0), Quality::GOOD));
    bench.step(1, reading(1, Some(70.0), Quality::GOOD));
    let standing = Standing::after(None, &bench.journal[1]).unwrap();
    assert_eq!(standing.state, State::RtnUnack);
    assert_eq!(standing.occurrence, bench.occurrence(1));
}

#[test]
fn standings_and_transitions_can_be_kept_as_text() {
    let mut bench = Bench::new(latching());
    bench.step(0, reading(0, Some(85.5), Quality::GOOD));
    let occurrence = bench.occurrence(1);
    bench.acknowledge(1, &occurrence).unwrap();
    bench.step(2, reading(2, Some(70.0), Quality::GOOD));
    for transition in &bench.journal {
        let text = serde_json::to_string(transition).unwrap();
        assert_eq!(serde_json::from_str::<Transition>(&text).unwrap(), *transition, "{text}");
    }
    let standing = bench.alarm.standing().unwrap();
    let text = serde_json::to_string(standing).unwrap();
    assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), *standing, "{text}");
}
