//! What holds for every alarm, whatever happens to it.

use std::collections::HashMap;
use std::time::Duration;

use model::{Quality, Timestamp};
use proptest::prelude::*;

use super::{Bench, high, limit, reading};
use crate::{
    Cause, Config, Confirm, Deed, EARLIER_AT_MOST, Input, Latching, LimitKind, OccurrenceId, ReAlarm, ReturnAck, State,
    Transition, Trigger, What,
};

/// Something that happens, some time after what happened before.
#[derive(Clone, Debug)]
enum Event {
    Reading {
        number: f64,
        quality: Quality,
    },
    Truth {
        active: bool,
        quality: Quality,
    },
    SourceLost,
    /// At the deadline where there is one, otherwise now.
    Tick,
    /// The occurrence is chosen among all that ever were.
    Acknowledge {
        nth: prop::sample::Index,
    },
    Reset {
        nth: prop::sample::Index,
    },
    Confirm {
        nth: prop::sample::Index,
    },
    Note {
        nth: prop::sample::Index,
    },
    Shelve {
        for_ms: u64,
        one_shot: bool,
    },
    Unshelve,
    Service {
        take_out: bool,
    },
    Design {
        active: bool,
    },
    Restart,
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let kind = prop::sample::select(vec![LimitKind::HighHigh, LimitKind::High, LimitKind::Low, LimitKind::LowLow]);
    prop_oneof![
        (kind, 0.0..3.0).prop_map(|(kind, deadband)| limit(kind, 5.0, deadband)),
        any::<bool>().prop_map(|active_when| Trigger::Digital { active_when }),
        Just(Trigger::Stale),
        Just(Trigger::Condition),
        Just(Trigger::LinkDown),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let latching = prop::sample::select(vec![Latching::No, Latching::Yes]);
    let return_ack = prop::sample::select(vec![ReturnAck::Required, ReturnAck::NotRequired]);
    let confirm = prop::sample::select(vec![Confirm::NotRequired, Confirm::Required]);
    let re_alarm = prop::option::of((1..5_u64, prop::option::of(0..3_u16)));
    let acts = (latching, return_ack, confirm, re_alarm);
    (trigger(), 0..3_u64, 0..3_u64, acts).prop_map(|(trigger, on, off, acts)| {
        let (latching, return_ack, confirm, re_alarm) = acts;
        Config {
            trigger,
            on_delay: Duration::from_secs(on),
            off_delay: Duration::from_secs(off),
            latching,
            return_ack,
            confirm,
            re_alarm: re_alarm.map(|(after, times)| ReAlarm { after: Duration::from_secs(after), times }),
            ..high(0.0)
        }
    })
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        4 => Just(Quality::GOOD),
        1 => prop::sample::select(vec![
            Quality::STALE,
            Quality::UNCERTAIN_INITIAL,
            Quality::UNCERTAIN_RANGE,
            Quality::BAD_WAITING,
            Quality::BAD_TIMEOUT,
        ]),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0.0..10.0, quality()).prop_map(|(number, quality)| Event::Reading { number: f64::round(number), quality }),
        2 => (any::<bool>(), quality()).prop_map(|(active, quality)| Event::Truth { active, quality }),
        1 => Just(Event::SourceLost),
        3 => Just(Event::Tick),
        3 => any::<prop::sample::Index>().prop_map(|nth| Event::Acknowledge { nth }),
        2 => any::<prop::sample::Index>().prop_map(|nth| Event::Reset { nth }),
        1 => any::<prop::sample::Index>().prop_map(|nth| Event::Confirm { nth }),
        1 => any::<prop::sample::Index>().prop_map(|nth| Event::Note { nth }),
        1 => (1..9_000_u64, any::<bool>()).prop_map(|(for_ms, one_shot)| Event::Shelve { for_ms, one_shot }),
        1 => Just(Event::Unshelve),
        1 => any::<bool>().prop_map(|take_out| Event::Service { take_out }),
        1 => any::<bool>().prop_map(|active| Event::Design { active }),
        1 => Just(Event::Restart),
    ]
}

fn story() -> impl Strategy<Value = (Config, Vec<(u64, Event)>)> {
    (config(), prop::collection::vec((0..2_500_u64, event()), 0..80))
}

/// Every occurrence that ever was, in order.
fn occurrences(bench: &Bench) -> Vec<OccurrenceId> {
    let raised = bench.journal.iter().filter(|transition| transition.cause == Cause::Raised);
    raised.map(|transition| transition.occurrence.clone()).collect()
}

/// The input that an event is; none for a restart or an act on what never was.
fn input(bench: &Bench, at_ms: u64, event: &Event) -> Option<Input> {
    let known = occurrences(bench);
    let chosen = |nth: &prop::sample::Index| (!known.is_empty()).then(|| nth.get(&known).clone());
    match event {
        Event::Reading { number, quality } => Some(reading(at_ms, Some(*number), *quality)),
        Event::Truth { active, quality } => Some(Input::Truth { active: *active, quality: *quality }),
        Event::SourceLost => Some(Input::SourceLost),
        Event::Tick => Some(Input::Tick),
        Event::Acknowledge { nth } => Some(bench.deed(at_ms, bench.alarm.acknowledge(&chosen(nth)?), "seen")),
        Event::Reset { nth } => Some(bench.deed(at_ms, bench.alarm.reset(&chosen(nth)?), "repaired")),
        Event::Confirm { nth } => Some(bench.deed(at_ms, bench.alarm.confirm(&chosen(nth)?), "done")),
        Event::Note { nth } => Some(bench.deed(at_ms, bench.alarm.note(&chosen(nth)?), "wet floor")),
        Event::Shelve { for_ms, one_shot } => {
            let until = bench.now(at_ms).wall.saturating_add(Duration::from_millis(*for_ms));
            Some(bench.deed(at_ms, What::Shelve { until, one_shot: *one_shot }, "noisy"))
        }
        Event::Unshelve => Some(bench.deed(at_ms, What::Unshelve, "")),
        Event::Service { take_out: true } => Some(bench.deed(at_ms, What::TakeOutOfService, "permit 7")),
        Event::Service { take_out: false } => Some(bench.deed(at_ms, What::ReturnToService, "")),
        Event::Design { active } => Some(Input::Design(active.then(|| "line stopped".to_owned()))),
        Event::Restart => None,
    }
}

/// Plays a story and hands every step to `each`: the bench before, the input, the bench after, what changed, and when.
fn play(
    (config, events): (Config, Vec<(u64, Event)>),
    mut each: impl FnMut(&Bench, &Input, &Bench, &[Transition], u64) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut bench = Bench::new(config);
    let mut at_ms = 1;
    for (later, event) in events {
        let due = bench.alarm.deadline().map(|due| u64::try_from(due.duration().as_millis()).expect("a short story"));
        at_ms = match (&event, due) {
            (Event::Tick, Some(due)) => due,
            _ => at_ms + later,
        };
        let Some(input) = input(&bench, at_ms, &event) else {
            if matches!(event, Event::Restart) {
                bench.restart();
            }
            continue;
        };
        let is_refused = match &input {
            Input::Deed(deed, _) => bench.alarm.check(&deed.what, bench.now(at_ms)).is_err(),
            _ => false,
        };
        if is_refused {
            continue;
        }
        let before = bench.clone();
        let effects = bench.step(at_ms, input.clone());
        each(&before, &input, &bench, &effects, at_ms)?;
    }
    Ok(())
}

fn trusted(trigger: &Trigger, input: &Input) -> bool {
    match (trigger, input) {
        (_, Input::SourceLost) => false,
        (Trigger::Stale, Input::Reading { quality, .. } | Input::Truth { quality, .. }) => {
            !matches!(*quality, Quality::BAD_WAITING | Quality::UNCERTAIN_INITIAL)
        }
        (_, Input::Reading { quality, .. } | Input::Truth { quality, .. }) => quality.is_good(),
        (
            _,
            Input::Tick
            | Input::Deed(..)
            | Input::Design(_)
            | Input::Operand { .. }
            | Input::Enabled { .. }
            | Input::SourceBack,
        ) => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_unacknowledged_never_disappears(story in story()) {
        play(story, |before, _, after, effects, _| {
            for standing in before.alarm.standings().filter(|standing| standing.state.needs_acknowledgement()) {
                let stays = after.alarm.standings().any(|now| now.occurrence == standing.occurrence);
                let closed = effects.iter().any(|transition| {
                    transition.occurrence == standing.occurrence
                        && match transition.cause {
                            Cause::Acknowledged(_) => true,
                            Cause::AutoReturn => {
                                after.alarm.config().return_ack == ReturnAck::NotRequired
                                    || after.alarm.earlier().len() == EARLIER_AT_MOST
                                    || before.alarm.suppression().is_in_force()
                                    || after.alarm.suppression().is_in_force()
                            }
                            _ => false,
                        }
                });
                prop_assert!(stays || closed, "{standing:?} is gone with {effects:?}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_acknowledgement_is_of_one_occurrence_and_once(story in story()) {
        play(story, |before, input, after, effects, at_ms| {
            let Input::Deed(Deed { what: What::Acknowledge { raised, through }, .. }, _) = input else { return Ok(()) };
            let acked: Vec<_> =
                effects.iter().filter(|transition| matches!(transition.cause, Cause::Acknowledged(_))).collect();
            prop_assert_eq!(acked.len(), effects.len(), "an acknowledgement is nothing else: {:?}", effects);
            prop_assert!(acked.iter().any(|transition| transition.occurrence.raised == *raised));
            let newer = |transition: &&&Transition| {
                let named = before.alarm.standings().find(|one| one.occurrence == transition.occurrence);
                named.is_none_or(|standing| standing.announced > *through)
            };
            prop_assert_eq!(acked.iter().find(newer), None, "never one that was announced later");
            let unseen = after.alarm.standings().find(|one| one.state.needs_acknowledgement() && one.announced <= *through);
            prop_assert_eq!(unseen, None, "and every one up to there");
            let mut again = after.alarm.clone();
            prop_assert_eq!(again.step(after.now(at_ms), input.clone()), Vec::new());
            Ok(())
        })?;
    }

    #[test]
    fn a_reset_happens_exactly_where_it_is_not_refused(story in story()) {
        play(story, |before, input, _, effects, _| {
            let Input::Deed(Deed { what: What::Reset { .. }, .. }, _) = input else { return Ok(()) };
            let reset = effects.iter().filter(|transition| matches!(transition.cause, Cause::Reset(_))).count();
            prop_assert_eq!((reset, effects.len()), (1, 1));
            prop_assert_eq!(before.alarm.state(), State::LatchedAcked);
            Ok(())
        })?;
    }

    #[test]
    fn a_deadline_is_ahead_and_brings_a_change(story in story()) {
        play(story, |_, input, after, _, at_ms| {
            let Some(due) = after.alarm.deadline() else { return Ok(()) };
            if matches!(input, Input::Deed(..) | Input::Design(_)) {
                return Ok(());
            }
            // What else runs out is for a tick alone.
            let others = [after.alarm.unshelve, after.alarm.re_alarm].into_iter().flatten().min();
            if !matches!(input, Input::Tick) && others == Some(due) {
                return Ok(());
            }
            prop_assert!(due > after.now(at_ms).uptime, "a deadline that has passed was missed");
            let due_ms = u64::try_from(due.duration().as_millis()).expect("a short story");
            let mut early = after.alarm.clone();
            prop_assert_eq!(early.step(after.now(due_ms - 1), Input::Tick), Vec::new());
            let mut late = after.alarm.clone();
            prop_assert!(!late.step(after.now(due_ms), Input::Tick).is_empty());
            prop_assert!(late.deadline().is_none_or(|next| next > due), "it is due once");
            Ok(())
        })?;
    }

    #[test]
    fn what_cannot_be_trusted_changes_nothing(story in story()) {
        play(story, |before, input, after, effects, _| {
            if !trusted(&before.alarm.config().trigger, input) {
                prop_assert!(effects.is_empty(), "{effects:?}");
                prop_assert!(after.alarm.source_lost());
                let others = [after.alarm.unshelve, after.alarm.re_alarm].into_iter().flatten().min();
                prop_assert_eq!(after.alarm.deadline(), others, "no delay runs");
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_restart_at_any_point_raises_nothing_that_stands(story in story()) {
        play(story, |before, input, after, effects, at_ms| {
            let mut restarted = before.clone();
            restarted.restart();
            let again = restarted.step(at_ms, input.clone());
            if before.alarm.state().is_present() {
                prop_assert!(again.iter().all(|transition| transition.cause != Cause::Raised));
            }
            // Delays start again with the program; without one it goes on exactly as it would have.
            if before.alarm.deadline().is_none() && after.alarm.deadline().is_none() && trusted_delay(before, input) {
                let causes = |transitions: &[Transition]| {
                    transitions.iter().map(|transition| transition.cause.clone()).collect::<Vec<_>>()
                };
                prop_assert_eq!(causes(&again), causes(effects));
            }
            Ok(())
        })?;
    }

    #[test]
    fn names_are_unique_and_in_order(story in story(), steps_back_ms in prop::collection::vec(0..5_000_i64, 1..5)) {
        let mut bench = Bench::new(story.0);
        let mut at_ms = 1;
        for (at, (later, event)) in story.1.into_iter().enumerate() {
            at_ms += later;
            bench.wall_offset_ms -= steps_back_ms[at % steps_back_ms.len()];
            if let Some(input) = input(&bench, at_ms, &event) {
                bench.step(at_ms, input);
            }
        }
        let names: Vec<Timestamp> = occurrences(&bench).into_iter().map(|occurrence| occurrence.raised).collect();
        prop_assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn every_change_begins_where_the_one_before_ended(story in story()) {
        play(story, |before, _, after, effects, _| {
            let mut states: HashMap<OccurrenceId, State> =
                before.alarm.standings().map(|standing| (standing.occurrence.clone(), standing.state)).collect();
            for transition in effects {
                let from = states.get(&transition.occurrence).copied().unwrap_or(before.alarm.state());
                prop_assert_eq!(transition.from, from, "{:?}", effects);
                states.insert(transition.occurrence.clone(), transition.to);
            }
            for standing in after.alarm.standings() {
                prop_assert_eq!(states.get(&standing.occurrence), Some(&standing.state));
                prop_assert!(standing.state != State::Normal);
            }
            Ok(())
        })?;
    }
}

/// Whether nothing of an earlier delay can be in play: a delay that was held when the source was lost is forgotten by a
/// restart.
fn trusted_delay(before: &Bench, input: &Input) -> bool {
    before.alarm.config().on_delay.is_zero() && before.alarm.config().off_delay.is_zero()
        || matches!(input, Input::Deed(..))
}
