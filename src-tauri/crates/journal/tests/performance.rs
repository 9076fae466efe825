//! The figures of a journal are those of its entries told one by one, wherever the window is.

mod common;

use alarm::{Cause, PRIORITIES, State};
use common::{Place, act, append, change, time, transition, wait_for};
use journal::performance::{Change, DAY, Tally, What, Window};
use journal::{Entry, Journal, Keeping};
use model::EquipmentId;
use proptest::prelude::*;

const ENTRIES: i64 = 9_500;
/// The time of the tests' clock.
const NOW: i64 = 1_760_000_000_000;

fn utc(_: i64) -> i64 {
    0
}

/// Forty alarms that come, are acknowledged and go at a rhythm of their own; some of them stay for days.
fn entry(i: i64) -> Entry {
    let alarm = i % 40;
    let turn = i / 40;
    let at = NOW - (ENTRIES - i) * 60_000;
    let raised = NOW - (ENTRIES - (turn / 3 * 3 * 40 + alarm)) * 60_000;
    let stays = alarm == 7 && turn > 30;
    let (from, to, cause) = match turn % 3 {
        0 if !stays => (State::Normal, State::Unack, Cause::Raised),
        2 if !stays => (State::Acked, State::Normal, Cause::Returned),
        _ => (State::Unack, State::Acked, Cause::Acknowledged(act("Ada", at))),
    };
    let machine = if alarm % 2 == 0 { "ulm/l1/a" } else { "ulm/l2/b" };
    let priority = usize::try_from(1 + alarm % 4).expect("small");
    change(transition(&format!("alarm{alarm:02}"), raised, from, to, at, cause), machine, priority)
}

fn filled(place: &Place) -> Journal {
    let journal = place.open();
    for begin in (0..ENTRIES).step_by(500) {
        append(&journal, (begin..begin + 500).map(entry).collect()).expect("works");
    }
    journal
}

/// The same by telling every entry, those before the window too.
fn told(from: i64, to: i64, only: Option<&str>) -> journal::performance::Figures<i64> {
    let begin = entry(0).time().millis();
    let mut tally = Tally::new(from.max(begin), to, &utc);
    for i in 0..ENTRIES {
        let Entry::Alarm(change) = entry(i) else { unreachable!("only alarms are made") };
        let is_meant = only.is_none_or(|path| {
            change.equipment.as_ref().is_some_and(|equipment| equipment.is_within(&EquipmentId::new(path)))
        });
        let (what, user) = match &change.transition.cause {
            Cause::Raised => (What::Activated, ""),
            Cause::Returned => (What::Returned, ""),
            Cause::Acknowledged(act) => (What::Acknowledged, act.user.as_str()),
            other => unreachable!("{other:?} is not made"),
        };
        if is_meant {
            tally.take(&Change {
                at: change.transition.at.millis(),
                alarm: i % 40,
                occurrence: change.transition.occurrence.raised.millis(),
                what,
                priority: change.priority,
                user,
            });
        }
    }
    tally.figures()
}

#[test]
fn wherever_the_window_is() {
    let place = Place::new();
    let journal = filled(&place);
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let minute = || -1000..ENTRIES + 1000;
    let window = (minute(), minute(), prop::option::of(prop_oneof![Just("ulm/l1"), Just("ulm"), Just("nowhere")]));
    let outcome = runner.run(&window, |(one, other, only)| {
        let at = |minute: i64| NOW - (ENTRIES - minute) * 60_000;
        let (from, to) = (at(one.min(other)), at(one.max(other)));
        let equipment = only.map(EquipmentId::new);
        let window = Window { from: time(from), to: time(to), equipment: equipment.as_ref(), ahead: &utc };
        let found = journal.reader().performance(&window).expect("works");
        let number = |id: &str| id.trim_start_matches("alarm").parse::<i64>().expect("its name has its number");
        let found = found.try_map(|alarm| Ok::<_, ()>(number(alarm.id.as_str()))).expect("cannot fail");
        prop_assert_eq!(found, told(from, to, only));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn an_alarm_that_stands_since_before_all_that_is_kept_is_stale() {
    let place = Place::new();
    let journal = place.open();
    let old = NOW - 100 * DAY;
    let stands = change(transition("stands", old, State::Normal, State::Unack, old, Cause::Raised), "ulm", 1);
    append(&journal, vec![stands]).expect("works");
    for begin in (0..ENTRIES).step_by(500) {
        append(&journal, (begin..begin + 500).map(entry).collect()).expect("works");
    }
    journal.keep(Keeping { age: Some(std::time::Duration::from_secs(3 * 86_400)), size: None });
    let begin = NOW - 10 * DAY;
    let all = Window { from: time(begin), to: time(NOW), equipment: None, ahead: &utc };
    let performance = || journal.reader().performance(&all).expect("works");
    wait_for("the old entries are gone", || performance().from > time(begin));
    let figures = performance();
    let first = &figures.stale[0];
    assert_eq!((first.alarm.id.as_str(), first.since, first.until), ("stands", time(old), None));
    assert_eq!(first.alarm.priority, PRIORITIES[0]);
    assert!(figures.from > time(begin), "what is said is said of the time that the journal has");
}
