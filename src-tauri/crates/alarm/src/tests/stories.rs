//! The life of an alarm, told as an operator would see it. The row numbers are those of ISA-18.2's transitions as the
//! design lists them.

use std::time::Duration;

use model::Quality;

use super::{Bench, high, limit, reading};
use crate::{Cause, Config, Confirm, Input, Latching, LimitKind, ReAlarm, ReturnAck, State, Transition, Trigger};

fn delayed(on_s: u64, off_s: u64) -> Config {
    Config { on_delay: Duration::from_secs(on_s), off_delay: Duration::from_secs(off_s), ..high(80.0) }
}

pub fn latching() -> Config {
    Config { latching: Latching::Yes, ..high(80.0) }
}

fn on(trigger: Trigger) -> Config {
    Config { trigger, ..high(0.0) }
}

/// Runs a script, a line an event: `seconds event: STATE, causes, lost, due seconds`.
///
/// Events: a number is a good reading; `stale`, `bad`, `waiting`, `initial`, `text` and `nan` are readings of that kind;
/// `true`, `false` and `unsure` are answers of a formula; `link` is the loss of the gateway; `tick`, `restart`, `ack`,
/// `ack 1`, `reset`, `reset 1` act, the number being the occurrence's. What is not said must not be so.
#[track_caller]
fn check(config: Config, script: &str) {
    let mut bench = Bench::new(config);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (event, expected) = line.split_once(": ").expect("an event and what follows");
        let (seconds, event) = event.split_once(' ').expect("a time and an event");
        let at_ms = (seconds.parse::<f64>().expect("seconds") * 1000.0) as u64;
        let effects = play(&mut bench, at_ms, event.trim());
        assert_eq!(outcome(&bench, &effects), expected, "{line}");
    }
}

fn play(bench: &mut Bench, at_ms: u64, event: &str) -> Vec<Transition> {
    let reading = |number, quality| reading(at_ms, number, quality);
    let (word, n) = event.split_once(' ').map_or((event, 0), |(word, n)| (word, n.parse().expect("an occurrence")));
    let occurrence = || match (n, bench.alarm.standing()) {
        (0, Some(standing)) => standing.occurrence.clone(),
        (0, None) => bench.occurrence(1),
        (n, _) => bench.occurrence(n),
    };
    let input = match word {
        "restart" => {
            bench.restart();
            return Vec::new();
        }
        "stale" => reading(Some(99.0), Quality::STALE),
        "bad" => reading(Some(99.0), Quality::BAD_SENSOR_FAILURE),
        "waiting" => reading(None, Quality::BAD_WAITING),
        "initial" => reading(Some(99.0), Quality::UNCERTAIN_INITIAL),
        "text" => reading(None, Quality::GOOD),
        "nan" => reading(Some(f64::NAN), Quality::GOOD),
        "true" => Input::Truth { active: true, quality: Quality::GOOD },
        "false" => Input::Truth { active: false, quality: Quality::GOOD },
        "unsure" => Input::Truth { active: true, quality: Quality::BAD_TYPE },
        "link" => Input::SourceLost,
        "tick" => Input::Tick,
        // What is refused changes nothing.
        "ack" => return bench.acknowledge(at_ms, &occurrence()).unwrap_or_default(),
        "reset" => return bench.reset(at_ms, &occurrence()).unwrap_or_default(),
        "confirm" => return bench.act(at_ms, bench.alarm.confirm(&occurrence()), "done").unwrap_or_default(),
        number => reading(Some(number.parse().expect("a number")), Quality::GOOD),
    };
    bench.step(at_ms, input)
}

fn outcome(bench: &Bench, effects: &[Transition]) -> String {
    let state = match bench.alarm.state() {
        State::Normal => "NORMAL",
        State::Unack => "UNACK",
        State::Acked => "ACKED",
        State::RtnUnack => "RTN_UNACK",
        State::LatchedUnack => "LATCHED_UNACK",
        State::LatchedAcked => "LATCHED_ACKED",
        State::RtnUnconfirmed => "RTN_UNCONFIRMED",
    };
    let mut words = vec![state.to_owned()];
    words.extend(effects.iter().map(|transition| {
        let cause = match transition.cause {
            Cause::Raised => "raised",
            Cause::Returned => "returned",
            Cause::Acknowledged(_) => "acknowledged",
            Cause::Reset(_) => "reset",
            Cause::Recurred => "recurred",
            Cause::AutoReturn => "gone by itself",
            Cause::Escalated => "escalated",
            Cause::Eased => "eased",
            Cause::ReAlarmed => "announced again",
            Cause::Unsuppressed => "announced after all",
            Cause::Confirmed(_) => "confirmed",
            Cause::Noted(_) => "noted",
        };
        cause.to_owned()
    }));
    if bench.alarm.source_lost() {
        words.push("lost".into());
    }
    if let Some(due) = bench.alarm.deadline() {
        words.push(format!("due {}", due.duration().as_secs_f64()));
    }
    if !bench.alarm.earlier().is_empty() {
        words.push(format!("{} earlier", bench.alarm.earlier().len()));
    }
    words.join(", ")
}

#[test]
fn high_acknowledged_and_ok_again() {
    // Rows 1, 2 and 5.
    check(
        high(80.0),
        "0 70: NORMAL
         1 85: UNACK, raised
         2 86: UNACK
         3 ack: ACKED, acknowledged
         4 90: ACKED
         5 70: NORMAL, returned",
    );
}

#[test]
fn high_ok_again_and_then_acknowledged() {
    // Rows 1, 3 and 8.
    check(
        high(80.0),
        "0 85: UNACK, raised
         1 70: RTN_UNACK, returned
         2 60: RTN_UNACK
         3 ack: NORMAL, acknowledged
         4 ack 1: NORMAL",
    );
}

#[test]
fn the_limit_itself_has_been_reached_and_the_deadband_must_be_left() {
    check(
        high(80.0),
        "0 79.999: NORMAL
         1 80: UNACK, raised
         2 79: UNACK
         3 78: UNACK
         4 77.999: RTN_UNACK, returned
         5 79: RTN_UNACK
         6 80: UNACK, raised, 1 earlier",
    );
    let low = limit(LimitKind::LowLow, 5.0, 0.5);
    check(
        on(low),
        "0 5.001: NORMAL
         1 5: UNACK, raised
         2 5.5: UNACK
         3 5.501: RTN_UNACK, returned",
    );
}

#[test]
fn without_a_deadband_every_value_is_on_one_side() {
    let sharp = limit(LimitKind::HighHigh, 80.0, 0.0);
    check(
        on(sharp),
        "0 80: UNACK, raised
         1 79.999: RTN_UNACK, returned",
    );
}

#[test]
fn the_on_delay_forgives_a_peak() {
    check(
        delayed(10, 0),
        "0 85: NORMAL, due 10
         5 86: NORMAL, due 10
         9 79: NORMAL
         10 tick: NORMAL
         11 85: NORMAL, due 21
         20.999 tick: NORMAL, due 21
         21 tick: UNACK, raised",
    );
}

#[test]
fn an_ok_that_comes_late_beats_an_alarm_that_is_due() {
    check(
        delayed(10, 0),
        "0 85: NORMAL, due 10
         12 70: NORMAL",
    );
}

#[test]
fn a_late_reading_that_is_still_high_raises_without_a_tick() {
    check(
        delayed(10, 0),
        "0 85: NORMAL, due 10
         12 85: UNACK, raised",
    );
}

#[test]
fn the_off_delay_holds_the_alarm_while_the_value_swings() {
    check(
        delayed(0, 30),
        "0 85: UNACK, raised
         1 70: UNACK, due 31
         20 79: UNACK
         21 70: UNACK, due 51
         22 ack: ACKED, acknowledged, due 51
         51 tick: NORMAL, returned",
    );
}

#[test]
fn latched_until_acknowledged_and_reset() {
    // Rows 4, 11 and 14.
    check(
        latching(),
        "0 85: UNACK, raised
         1 70: LATCHED_UNACK, returned
         2 ack: LATCHED_ACKED, acknowledged
         3 reset: NORMAL, reset
         4 reset 1: NORMAL",
    );
}

#[test]
fn latched_and_acknowledged_first() {
    // Rows 2, 6 and 14.
    check(
        latching(),
        "0 85: UNACK, raised
         1 ack: ACKED, acknowledged
         2 70: LATCHED_ACKED, returned
         3 reset: NORMAL, reset",
    );
}

#[test]
fn a_latched_alarm_that_comes_back_is_the_same_occurrence() {
    // Rows 12 and 13.
    check(
        latching(),
        "0 85: UNACK, raised
         1 70: LATCHED_UNACK, returned
         2 85: UNACK, recurred
         3 ack 1: ACKED, acknowledged
         4 70: LATCHED_ACKED, returned
         5 85: UNACK, recurred
         6 ack 1: ACKED, acknowledged",
    );
}

#[test]
fn a_reset_waits_for_the_cause_to_go_and_for_the_acknowledgement() {
    // Row 15.
    check(
        latching(),
        "0 85: UNACK, raised
         1 reset: UNACK
         2 ack: ACKED, acknowledged
         3 reset: ACKED
         4 70: LATCHED_ACKED, returned
         5 85: UNACK, recurred
         6 70: LATCHED_UNACK, returned
         7 reset: LATCHED_UNACK",
    );
    check(
        Config { on_delay: Duration::from_secs(10), ..latching() },
        "0 85: NORMAL, due 10
         10 tick: UNACK, raised
         11 ack: ACKED, acknowledged
         12 70: LATCHED_ACKED, returned
         13 85: LATCHED_ACKED, due 23
         14 reset: LATCHED_ACKED, due 23
         15 70: LATCHED_ACKED
         16 reset: NORMAL, reset",
    );
}

#[test]
fn a_second_occurrence_leaves_the_first_one_to_be_acknowledged() {
    // Row 9.
    check(
        high(80.0),
        "0 85: UNACK, raised
         1 70: RTN_UNACK, returned
         2 90: UNACK, raised, 1 earlier
         3 ack 1: UNACK, acknowledged
         4 ack 1: UNACK
         5 70: RTN_UNACK, returned
         6 90: UNACK, raised, 1 earlier
         7 ack 2: UNACK, acknowledged
         8 ack 3: ACKED, acknowledged
         9 70: NORMAL, returned",
    );
}

#[test]
fn where_no_acknowledgement_is_wanted_a_return_ends_it() {
    // Row 10.
    check(
        Config { return_ack: ReturnAck::NotRequired, ..high(80.0) },
        "0 85: UNACK, raised
         1 70: NORMAL, returned, gone by itself",
    );
}

#[test]
fn a_digital_signal_alarms_in_either_position() {
    check(
        on(Trigger::Digital { active_when: true }),
        "0 0: NORMAL
         1 1: UNACK, raised
         2 0: RTN_UNACK, returned",
    );
    check(
        on(Trigger::Digital { active_when: false }),
        "0 1: NORMAL
         1 0: UNACK, raised
         2 false: UNACK
         3 true: RTN_UNACK, returned",
    );
}

#[test]
fn a_condition_is_what_the_formula_says() {
    check(
        on(Trigger::Condition),
        "0 false: NORMAL
         1 true: UNACK, raised
         2 unsure: UNACK, lost
         3 false: RTN_UNACK, returned
         4 unsure: RTN_UNACK, lost",
    );
}

#[test]
fn a_lost_link_is_one_alarm() {
    check(
        Config { trigger: Trigger::LinkDown, on_delay: Duration::from_secs(5), ..high(0.0) },
        "0 false: NORMAL
         1 true: NORMAL, due 6
         6 tick: UNACK, raised
         7 ack: ACKED, acknowledged
         8 false: NORMAL, returned",
    );
}

#[test]
fn a_silent_source_alarms_and_a_talking_one_does_not() {
    check(
        on(Trigger::Stale),
        "0 waiting: NORMAL, lost
         1 initial: NORMAL, lost
         2 70: NORMAL
         3 stale: UNACK, raised
         4 link: UNACK, lost
         5 70: RTN_UNACK, returned
         6 bad: UNACK, raised, 1 earlier
         7 text: RTN_UNACK, returned, 1 earlier",
    );
}

#[test]
fn a_lost_gateway_does_not_make_every_stale_alarm_ring() {
    check(
        Config { on_delay: Duration::from_secs(3), ..on(Trigger::Stale) },
        "0 70: NORMAL
         1 link: NORMAL, lost
         9 tick: NORMAL, lost
         10 70: NORMAL",
    );
}

#[test]
fn what_cannot_be_trusted_changes_nothing() {
    check(
        high(80.0),
        "0 bad: NORMAL, lost
         1 stale: NORMAL, lost
         2 85: UNACK, raised
         3 bad: UNACK, lost
         4 nan: UNACK, lost
         5 text: UNACK, lost
         6 ack: ACKED, acknowledged, lost
         7 waiting: ACKED, lost
         8 link: ACKED, lost
         9 70: NORMAL, returned",
    );
}

#[test]
fn a_source_that_drops_out_cannot_hide_an_alarm() {
    check(
        delayed(10, 0),
        "0 85: NORMAL, due 10
         6 bad: NORMAL, lost
         60 tick: NORMAL, lost
         61 85: NORMAL, due 65
         62 bad: NORMAL, lost
         63 bad: NORMAL, lost
         64 85: NORMAL, due 67
         67 tick: UNACK, raised",
    );
}

#[test]
fn a_return_is_only_believed_after_the_whole_off_delay() {
    check(
        delayed(0, 10),
        "0 85: UNACK, raised
         1 70: UNACK, due 11
         9 bad: UNACK, lost
         11 tick: UNACK, lost
         20 70: UNACK, due 30
         30 tick: RTN_UNACK, returned",
    );
}

#[test]
fn a_restart_goes_on_where_it_was_and_annunciates_nothing_twice() {
    check(
        high(80.0),
        "0 85: UNACK, raised
         1 restart: UNACK, lost
         2 85: UNACK
         3 ack 1: ACKED, acknowledged
         4 restart: ACKED, lost
         5 85: ACKED
         6 70: NORMAL, returned
         7 restart: NORMAL, lost
         8 70: NORMAL",
    );
    check(
        high(80.0),
        "0 85: UNACK, raised
         1 70: RTN_UNACK, returned
         2 85: UNACK, raised, 1 earlier
         3 restart: UNACK, lost, 1 earlier
         4 70: RTN_UNACK, returned, 1 earlier
         5 restart: RTN_UNACK, lost, 1 earlier
         6 ack 1: RTN_UNACK, acknowledged, lost
         7 ack 2: NORMAL, acknowledged, lost",
    );
    check(
        latching(),
        "0 85: UNACK, raised
         1 70: LATCHED_UNACK, returned
         2 restart: LATCHED_UNACK, lost
         3 85: UNACK, recurred
         4 70: LATCHED_UNACK, returned
         5 ack: LATCHED_ACKED, acknowledged
         6 restart: LATCHED_ACKED, lost
         7 reset: NORMAL, reset, lost",
    );
}

#[test]
fn acknowledged_and_forgotten_and_announced_again_twice_at_most() {
    // Row 7, by time.
    let after = Duration::from_secs(60);
    check(
        Config { re_alarm: Some(ReAlarm { after, times: Some(2) }), ..high(80.0) },
        "0 85: UNACK, raised
         10 ack: ACKED, acknowledged, due 70
         69 86: ACKED, due 70
         70 tick: UNACK, announced again
         75 ack: ACKED, acknowledged, due 135
         135 tick: UNACK, announced again
         140 ack: ACKED, acknowledged
         999 tick: ACKED
         1000 70: NORMAL, returned",
    );
}

#[test]
fn what_has_to_be_confirmed_waits_for_the_word_that_it_was_done() {
    let confirmed = || Config { confirm: Confirm::Required, ..high(80.0) };
    check(
        confirmed(),
        "0 85: UNACK, raised
         1 confirm: UNACK
         2 ack: ACKED, acknowledged
         3 70: RTN_UNCONFIRMED, returned
         4 ack: RTN_UNCONFIRMED
         5 confirm: NORMAL, confirmed",
    );
    check(
        confirmed(),
        "0 85: UNACK, raised
         1 ack: ACKED, acknowledged
         2 confirm: ACKED, confirmed
         3 confirm: ACKED
         4 70: NORMAL, returned",
    );
    check(
        confirmed(),
        "0 85: UNACK, raised
         1 70: RTN_UNACK, returned
         2 ack: RTN_UNCONFIRMED, acknowledged
         3 85: UNACK, raised, 1 earlier
         4 confirm 1: UNACK, confirmed",
    );
}

#[test]
fn an_acknowledgement_of_the_newest_says_that_the_earlier_ones_were_seen_too() {
    check(
        high(80.0),
        "0 85: UNACK, raised
         1 70: RTN_UNACK, returned
         2 85: UNACK, raised, 1 earlier
         3 70: RTN_UNACK, returned, 1 earlier
         4 85: UNACK, raised, 2 earlier
         5 ack 2: UNACK, acknowledged, acknowledged
         6 ack 3: ACKED, acknowledged",
    );
}
