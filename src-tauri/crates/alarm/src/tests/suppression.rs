//! Shelving, suppression by design and taking out of service, as operators and maintenance staff live with them: rows 16
//! to 21 of the table.

use std::time::Duration;

use model::Quality;

use super::stories::latching;
use super::{Bench, high, reading};
use crate::{Cause, Effect, Input, Refusal, State, Suppressed, Transition, Unshelved, What};

fn good(number: f64) -> Input {
    reading(0, Some(number), Quality::GOOD)
}

fn shelve(bench: &Bench, at_ms: u64, for_s: u64, one_shot: bool) -> What {
    What::Shelve { until: bench.now(at_ms).wall.saturating_add(Duration::from_secs(for_s)), one_shot }
}

fn causes(transitions: &[Transition]) -> Vec<&Cause> {
    transitions.iter().map(|transition| &transition.cause).collect()
}

/// Why it was unshelved, where it was.
fn unshelved(effects: &[Effect]) -> Option<&Unshelved> {
    effects.iter().find_map(|effect| match effect {
        Effect::Suppression(change) => match &change.what {
            Suppressed::Unshelved(why) => Some(why),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn a_shelved_alarm_is_evaluated_and_journalled_and_calls_nobody() {
    let mut bench = Bench::new(high(80.0));
    bench.act(0, shelve(&bench, 0, 3600, false), "sensor is being cleaned").unwrap();
    let raised = bench.step(1_000, good(85.0));
    assert_eq!(causes(&raised), [&Cause::Raised]);
    assert!(raised[0].suppressed, "the journal says that nobody was called");
    let returned = bench.step(2_000, good(70.0));
    assert_eq!(causes(&returned), [&Cause::Returned, &Cause::AutoReturn], "nobody has to acknowledge it");
    assert_eq!(bench.alarm.state(), State::Normal);
}

#[test]
fn when_the_time_is_over_what_stands_is_announced_and_what_has_returned_is_not() {
    let mut bench = Bench::new(high(80.0));
    bench.step(0, good(85.0));
    bench.act(1_000, shelve(&bench, 1_000, 60, false), "known, fitter is on the way").unwrap();
    assert_eq!(bench.alarm.deadline(), Some(bench.now(61_000).uptime));
    let effects = bench.every_effect(61_000, Input::Tick);
    assert_eq!(unshelved(&effects), Some(&Unshelved::Expired));
    let Some(Effect::Occurrence(again)) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((again.to, &again.cause, again.suppressed), (State::Unack, &Cause::Unsuppressed, false));

    bench.act(70_000, shelve(&bench, 70_000, 60, false), "again").unwrap();
    bench.step(80_000, good(70.0));
    let effects = bench.every_effect(130_000, Input::Tick);
    assert_eq!(effects.len(), 1, "it is unshelved, and there is nothing to say: {effects:?}");
    assert_eq!(bench.alarm.state(), State::Normal);
}

#[test]
fn what_was_acknowledged_before_it_was_shelved_is_announced_anew() {
    let mut bench = Bench::new(high(80.0));
    bench.step(0, good(85.0));
    bench.acknowledge(500, &bench.occurrence(1)).unwrap();
    bench.act(1_000, shelve(&bench, 1_000, 60, false), "").unwrap();
    bench.act(2_000, What::Unshelve, "back early").unwrap();
    assert_eq!(bench.alarm.state(), State::Unack);
    assert_eq!(bench.alarm.standing().unwrap().acknowledged, None);
    bench.acknowledge(3_000, &bench.occurrence(1)).unwrap();
    assert_eq!(bench.alarm.state(), State::Acked);
}

#[test]
fn shelved_once_means_until_it_returns() {
    let mut bench = Bench::new(high(80.0));
    bench.step(0, good(85.0));
    bench.act(1_000, shelve(&bench, 1_000, 3600, true), "").unwrap();
    bench.step(2_000, good(86.0));
    assert!(bench.alarm.suppression().is_in_force());
    let effects = bench.every_effect(3_000, good(70.0));
    assert_eq!(unshelved(&effects), Some(&Unshelved::Returned));
    assert_eq!(bench.alarm.state(), State::Normal);
    let raised = bench.step(4_000, good(85.0));
    assert!(!raised[0].suppressed, "the next one is announced");
}

#[test]
fn a_restart_leaves_the_rest_of_the_time_and_a_clock_that_was_set_back_does_not_lengthen_it() {
    let mut bench = Bench::new(high(80.0));
    bench.act(0, shelve(&bench, 0, 60, false), "").unwrap();
    bench.last_ms = 20_000;
    bench.restart();
    assert_eq!(bench.alarm.deadline(), Some(bench.now(60_000).uptime));
    bench.wall_offset_ms = -3_600_000;
    bench.restart();
    assert_eq!(bench.alarm.deadline(), Some(bench.now(80_000).uptime), "the whole time at most");
    bench.wall_offset_ms = 3_600_000;
    bench.restart();
    assert_eq!(bench.alarm.deadline(), Some(bench.now(20_000).uptime), "it is over, and the next tick says so");
    let effects = bench.every_effect(20_000, Input::Tick);
    assert_eq!(unshelved(&effects), Some(&Unshelved::Expired));
}

#[test]
fn what_latched_while_it_was_shelved_still_waits_for_its_reset() {
    let mut bench = Bench::new(latching());
    bench.act(0, shelve(&bench, 0, 60, false), "").unwrap();
    bench.step(1_000, good(85.0));
    bench.step(2_000, good(70.0));
    bench.every_effect(60_000, Input::Tick);
    assert_eq!(bench.alarm.state(), State::LatchedUnack);
}

#[test]
fn a_rule_of_the_plant_suppresses_and_ends() {
    let mut bench = Bench::new(high(80.0));
    bench.step(0, Input::Design(Some("line stopped".into())));
    assert_eq!(bench.alarm.suppression().by_design.as_ref().unwrap().rule, "line stopped");
    let raised = bench.step(1_000, good(85.0));
    assert!(raised[0].suppressed);
    assert_eq!(bench.every_effect(1_500, Input::Design(Some("line stopped".into()))), [], "it is so already");
    let announced = bench.step(2_000, Input::Design(None));
    assert_eq!(causes(&announced), [&Cause::Unsuppressed]);
}

#[test]
fn out_of_service_stays_until_it_is_put_back_whatever_else_ends() {
    let mut bench = Bench::new(high(80.0));
    bench.act(0, What::TakeOutOfService, "permit 4711").unwrap();
    assert_eq!(bench.act(1, What::TakeOutOfService, ""), Err(Refusal::AlreadyOutOfService));
    bench.act(2, shelve(&bench, 2, 10, false), "").unwrap();
    bench.step(1_000, good(85.0));
    let still = bench.step(10_002, Input::Tick);
    assert!(still.iter().all(|transition| transition.suppressed), "the shelving ends, and it is out of service");
    bench.restart();
    assert_eq!(bench.alarm.suppression().out_of_service.as_ref().unwrap().note, "permit 4711");
    let announced = bench.act(20_000, What::ReturnToService, "done").unwrap();
    assert_eq!(causes(&announced), [&Cause::Unsuppressed]);
    assert_eq!(bench.act(20_001, What::ReturnToService, ""), Err(Refusal::NotOutOfService));
}

#[test]
fn what_cannot_be_is_refused() {
    let bench = &mut Bench::new(high(80.0));
    assert_eq!(bench.act(0, What::Unshelve, ""), Err(Refusal::NotShelved));
    assert_eq!(bench.act(0, shelve(bench, 0, 0, false), ""), Err(Refusal::TimeIsOver));
}
