//! What each kind of condition does, told as a story.

use std::sync::Arc;
use std::time::Duration;

use model::{Quality, TagIndex, Timestamp, Value};

use super::{Bench, high, reading};
use crate::{
    Cause, Config, Enabling, Event, FirstOut, Input, Level, LimitKind, Measure, Off, Operand, Others, PRIORITIES,
    Refusal, Sense, State, Trigger,
};

/// The tags beside the watched one.
const FIRST: TagIndex = TagIndex(7);
const SECOND: TagIndex = TagIndex(8);

fn on(trigger: Trigger) -> Config {
    Config::new(trigger, PRIORITIES[2])
}

fn level(kind: LimitKind, limit: Operand, off: Off, priority: usize) -> Level {
    Level { kind, limit, off, priority: PRIORITIES[priority] }
}

fn at(limit: f64, deadband: f64) -> Vec<Level> {
    vec![level(LimitKind::High, Operand::Number(limit), Off::Deadband(deadband), 2)]
}

fn measured(measure: Measure, limit: f64, deadband: f64) -> Config {
    on(Trigger::Limit { measure, levels: at(limit, deadband) })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Runs a script, a line an event: `seconds event: outcome`.
///
/// Events: a number or a text in quotes is a good reading, `bad` one of a sensor that failed, `stale` one of a source
/// that is silent; `a=5` and `b=5` are other tags, `a=?` one that is bad; `on`, `off` and `unsure` are answers of the
/// enabling condition; `link` and `back` say that the gateway is lost and there again; `tick` lets time pass.
///
/// Outcomes: `-` for none, `!` for an alarm, `!1` for one at its second level, then `?` where the state is held; `due`
/// follows where a tick is wanted.
#[track_caller]
fn check(config: Config, script: &str) {
    let mut bench = Bench::new(config);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (event, expected) = line.split_once(": ").expect("an event and what follows");
        let (when, event) = event.split_once(' ').expect("a time and an event");
        let at_ms = (when.parse::<f64>().expect("seconds") * 1000.0) as u64;
        let effects = bench.step(at_ms, input(at_ms, event.trim()));
        assert!(effects.len() <= 1, "{line}: one thing happens at a time: {effects:?}");
        assert_eq!(outcome(&bench), expected, "{line}");
    }
}

fn input(at_ms: u64, event: &str) -> Input {
    let enabled = |active, quality| Input::Enabled { active, quality };
    if let Some((tag, value)) = event.split_once('=') {
        let tag = if tag == "a" { FIRST } else { SECOND };
        return match value {
            "?" => Input::Operand { tag, value: Some(Value::Float(5.0)), quality: Quality::BAD_SENSOR_FAILURE },
            value => Input::Operand { tag, value: Some(value_of(value)), quality: Quality::GOOD },
        };
    }
    match event {
        "bad" => reading(at_ms, Some(99.0), Quality::BAD_SENSOR_FAILURE),
        "stale" => reading(at_ms, Some(99.0), Quality::STALE),
        "on" => enabled(true, Quality::GOOD),
        "off" => enabled(false, Quality::GOOD),
        "unsure" => enabled(true, Quality::BAD_TYPE),
        "link" => Input::SourceLost,
        "back" => Input::SourceBack,
        "tick" => Input::Tick,
        value => {
            let time = Timestamp::from_millis(1_700_000_000_000).saturating_add(Duration::from_millis(at_ms));
            Input::Reading { value: Some(value_of(value)), quality: Quality::GOOD, time }
        }
    }
}

fn value_of(text: &str) -> Value {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) => Value::text(text),
        None => Value::Float(text.parse().expect("a number or a text in quotes")),
    }
}

fn outcome(bench: &Bench) -> String {
    let mut words = match (bench.alarm.state().is_present(), bench.alarm.level()) {
        (false, _) => "-".to_owned(),
        (true, 0) => "!".to_owned(),
        (true, level) => format!("!{level}"),
    };
    if bench.alarm.source_lost() {
        words.push('?');
    }
    if let Some(due) = bench.alarm.deadline() {
        words.push_str(&format!(" due {}", due.duration().as_secs_f64()));
    }
    words
}

#[test]
fn high_and_high_high_are_levels_of_one_alarm() {
    let levels = vec![
        level(LimitKind::High, Operand::Number(80.0), Off::Deadband(2.0), 2),
        level(LimitKind::HighHigh, Operand::Number(90.0), Off::Deadband(5.0), 1),
    ];
    let config = on(Trigger::Limit { measure: Measure::Value, levels });
    check(
        config.clone(),
        "0 79.9: -
         1 80: !
         2 89.9: !
         3 90: !1
         4 85: !1
         5 84.9: !
         6 95: !1
         7 78: !
         8 77.9: -",
    );
    let mut bench = Bench::new(config);
    bench.step(0, reading(0, Some(81.0), Quality::GOOD));
    assert_eq!(bench.alarm.config().priority_at(bench.alarm.level()), PRIORITIES[2]);
    bench.step(1, reading(1, Some(91.0), Quality::GOOD));
    assert_eq!(bench.alarm.config().priority_at(bench.alarm.level()), PRIORITIES[1], "each level has its priority");
    assert_eq!(bench.alarm.standings().count(), 1, "and it is still one occurrence");
}

#[test]
fn what_became_more_severe_while_somebody_wrote_a_note_is_not_acknowledged_with_it() {
    let levels = vec![
        level(LimitKind::High, Operand::Number(80.0), Off::Deadband(2.0), 2),
        level(LimitKind::HighHigh, Operand::Number(90.0), Off::Deadband(5.0), 1),
    ];
    let mut bench = Bench::new(on(Trigger::Limit { measure: Measure::Value, levels }));
    bench.step(0, reading(0, Some(81.0), Quality::GOOD));
    let occurrence = bench.occurrence(1);
    let seen = |bench: &Bench| bench.alarm.standing().expect("it stands").announced;
    let at_first = seen(&bench);
    bench.step(5_000, reading(5_000, Some(91.0), Quality::GOOD));

    let late = bench.alarm.acknowledge_as_seen(&occurrence, at_first);
    assert_eq!(bench.act(20_000, late, "high, I go there"), Err(Refusal::AnnouncedSince));
    assert_eq!(bench.alarm.state(), State::Unack);

    let tomorrow = Timestamp::from_millis(seen(&bench).millis() + 86_400_000);
    let now = bench.alarm.acknowledge_as_seen(&occurrence, seen(&bench));
    assert_eq!(bench.alarm.acknowledge_as_seen(&occurrence, tomorrow), now, "nothing is acknowledged before it comes");
    bench.act(21_000, now, "high-high").expect("it was seen");
    assert_eq!(bench.alarm.state(), State::Acked);
}

#[test]
fn low_and_low_low_mirror_them_with_off_limits_of_their_own() {
    let levels = vec![
        level(LimitKind::Low, Operand::Number(20.0), Off::Limit(25.0), 2),
        level(LimitKind::LowLow, Operand::Number(10.0), Off::Limit(12.0), 1),
    ];
    check(
        on(Trigger::Limit { measure: Measure::Value, levels }),
        "0 20.1: -
         1 20: !
         2 10: !1
         3 12: !1
         4 12.1: !
         5 25: !
         6 25.1: -",
    );
}

#[test]
fn a_limit_that_is_another_tag_moves_with_it() {
    let levels = vec![
        level(LimitKind::High, Operand::Tag(FIRST), Off::Deadband(1.0), 2),
        level(LimitKind::HighHigh, Operand::Tag(SECOND), Off::Deadband(1.0), 1),
    ];
    check(
        on(Trigger::Limit { measure: Measure::Value, levels }),
        "0 50: -?
         1 a=40: -?
         2 b=60: !
         3 b=45: !1
         4 b=?: !1?
         5 10: !1?
         6 b=45: -
         7 a=9: !",
    );
}

#[test]
fn a_rate_is_what_changed_within_the_window() {
    // 1 °C a second over ten seconds. A value before the first sample is taken to have been the first one.
    let rate = |sense| measured(Measure::Rate { window: seconds(10), sense }, 1.0, 0.5);
    check(
        rate(Sense::Both),
        "0 20: -
         5 25: - due 10
         10 30: ! due 15
         15 tick: ! due 20
         20 tick: -",
    );
    check(rate(Sense::Up), "0 20: -\n10 10: - due 20\n20 tick: -");
    check(rate(Sense::Down), "0 20: -\n10 10: ! due 20\n20 tick: -");
}

#[test]
fn a_rate_of_samples_that_come_seldom_is_their_slope() {
    // Every minute, over a window of ten seconds: 30 °C a minute are half a degree a second, and no jump within the window.
    let rate = measured(Measure::Rate { window: seconds(10), sense: Sense::Both }, 1.0, 0.0);
    check(
        rate,
        "0 20: -
         60 50: - due 70
         70 tick: -
         120 111: ! due 130
         130 tick: -",
    );
}

#[test]
fn a_rate_does_not_mind_clocks_that_are_set() {
    let config = measured(Measure::Rate { window: seconds(10), sense: Sense::Both }, 1.0, 0.0);
    for step_s in [-7_200_i64, -4, 3_600] {
        let mut bench = Bench::new(config.clone());
        for second in 0..60_u64 {
            // Half a degree a second; the source's clock is set in the middle.
            let offset_ms = if second < 30 { 0 } else { step_s * 1000 };
            let time = Timestamp::from_millis(bench.now(second * 1000).wall.millis() + offset_ms);
            let value = Some(Value::Float(20.0 + second as f64 / 2.0));
            bench.step(second * 1000, Input::Reading { value, quality: Quality::GOOD, time });
            assert_eq!(bench.alarm.state(), State::Normal, "set by {step_s} s, at {second} s");
        }
    }
}

#[test]
fn a_rate_of_samples_that_were_held_up_is_that_of_their_times() {
    let config = measured(Measure::Rate { window: seconds(10), sense: Sense::Both }, 1.0, 0.0);
    for (slope, expected) in [(0.5, State::Normal), (1.5, State::Unack)] {
        let mut bench = Bench::new(config.clone());
        bench.step(0, reading(0, Some(20.0), Quality::GOOD));
        // Nothing for ten minutes, and then all of it at once.
        for second in 1..600_u64 {
            let time = bench.now(second * 1000).wall;
            let value = Some(Value::Float(20.0 + slope * second as f64));
            bench.step(600_000, Input::Reading { value, quality: Quality::GOOD, time });
        }
        assert_eq!(bench.alarm.state(), expected, "{slope} a second");
    }
}

#[test]
fn a_deviation_is_the_distance_from_a_setpoint() {
    let deviation = |sense| measured(Measure::Deviation { setpoint: Operand::Tag(FIRST), sense }, 5.0, 1.0);
    check(
        deviation(Sense::Both),
        "0 100: -?
         1 a=97: -
         2 102: !
         3 101.5: !
         4 100.9: -
         5 a=110: !
         6 a=?: !?
         7 a=101: -",
    );
    check(deviation(Sense::Up), "0 a=50: -?\n1 40: -\n2 55: !");
    check(deviation(Sense::Down), "0 a=50: -?\n1 60: -\n2 45: !");
    check(
        measured(Measure::Deviation { setpoint: Operand::Number(10.0), sense: Sense::Both }, 2.0, 0.0),
        "0 11: -\n1 8: !",
    );
}

#[test]
fn a_state_is_one_of_some() {
    let states = |states: &[Value], active_when| on(Trigger::State { states: states.to_vec(), active_when });
    let bad = [Value::text("Held"), Value::text("Aborted")];
    check(states(&bad, true), "0 \"Execute\": -\n1 \"Held\": !\n2 \"Aborted\": !\n3 bad: !?\n4 \"Execute\": -");
    check(states(&[Value::text("Execute")], false), "0 \"Execute\": -\n1 \"Held\": !");
    check(states(&[Value::Int(3), Value::Int(4)], true), "0 2: -\n1 3: !\n2 5: -\n3 4: !");
    check(states(&bad, true), "0 3: -");
}

#[test]
fn a_feedback_has_its_time_to_follow_the_command() {
    let config = Config { on_delay: seconds(5), ..on(Trigger::Discrepancy { command: FIRST }) };
    check(
        config.clone(),
        "0 0: -?
         1 a=0: -
         2 a=1: - due 7
         6 1: -
         7 tick: -
         10 a=0: - due 15
         15 tick: !
         16 bad: !?
         17 0: -",
    );
    check(config, "0 \"shut\": -?\n1 a=\"open\": - due 6\n3 link: -?\n8 \"shut\": - due 11\n11 tick: !");
}

#[test]
fn a_value_that_does_not_move_is_frozen() {
    let frozen = |band| on(Trigger::Unchanged { within: seconds(60), band });
    check(
        frozen(0.0),
        "0 5: - due 60
         30 5: - due 60
         40 5.1: - due 100
         99 5.1: - due 100
         100 tick: !
         130 5.1: !
         131 5.2: - due 191",
    );
    check(frozen(0.5), "0 5: - due 60\n30 5.4: - due 60\n50 4.6: - due 60\n55 5.6: - due 115");
    check(frozen(0.0), "0 \"Execute\": - due 60\n60 tick: !\n61 \"Held\": - due 121");
}

#[test]
fn what_is_not_connected_is_not_frozen() {
    let frozen = on(Trigger::Unchanged { within: seconds(60), band: 0.0 });
    check(
        frozen,
        "0 5: - due 60
         50 link: -?
         70 tick: -?
         80 5: - due 140
         100 bad: -?
         120 5: - due 180
         180 tick: !
         190 link: !?
         200 5: !
         201 6: - due 261",
    );
}

#[test]
fn a_source_that_says_nothing_is_silent() {
    let silent = || on(Trigger::Silent { within: seconds(10) });
    check(
        silent(),
        "0 5: - due 10
         9 5: - due 19
         12 bad: - due 22
         22 tick: !
         25 stale: !
         30 5: - due 40
         35 link: -?
         60 tick: -?
         70 back: - due 80
         80 tick: !
         85 link: !?
         90 back: !
         95 5: - due 105",
    );
    check(silent(), "0 stale: - due 10\n5 stale: - due 10\n10 tick: !");
}

#[test]
fn the_same_sample_told_twice_is_one() {
    let mut bench = Bench::new(on(Trigger::Silent { within: seconds(10) }));
    let once = reading(0, Some(5.0), Quality::GOOD);
    bench.step(0, once.clone());
    bench.step(9_000, once);
    bench.step(10_000, Input::Tick);
    assert_eq!(bench.alarm.state(), State::Unack, "a reload tells everything again, and that is no sign of life");
}

#[test]
fn what_happens_too_often_within_a_time() {
    let event = Event::Switch { active_when: true };
    check(
        measured(Measure::Count { within: seconds(60), event }, 3.0, 0.0),
        "0 1: -
         1 0: -
         2 1: - due 62
         3 1: - due 62
         4 0: - due 62
         5 1: - due 62
         6 0: - due 62
         7 1: ! due 62
         8 bad: !? due 62
         9 0: ! due 62
         62 tick: - due 65",
    );
    let event = Event::Crossing { kind: LimitKind::High, limit: 50.0, deadband: 10.0 };
    check(
        measured(Measure::Count { within: seconds(60), event }, 2.0, 0.0),
        "0 45: -
         1 50: - due 61
         2 45: - due 61
         3 50: - due 61
         4 39: - due 61
         5 51: ! due 61
         61 tick: - due 65",
    );
}

#[test]
fn a_small_shift_adds_up() {
    // Page's scheme: target 10, slack 0.5, decision at 2. A shift by one adds a half each sample.
    let cusum = |sense| {
        let measure = Measure::Cusum { target: Operand::Number(10.0), slack: 0.5, sense };
        let levels = vec![level(LimitKind::High, Operand::Number(2.0), Off::Limit(0.5), 2)];
        on(Trigger::Limit { measure, levels })
    };
    check(
        cusum(Sense::Both),
        "0 10.4: -
         1 11: -
         2 11: -
         3 11: -
         4 bad: -?
         5 11: !
         6 30: !
         7 10: !
         8 10: !
         9 10: !
         10 9.9: -",
    );
    check(cusum(Sense::Down), "0 20: -\n1 20: -\n2 9: -\n3 9: -\n4 9: -\n5 9: !");
    check(cusum(Sense::Up), "0 9: -\n1 9: -\n2 9: -\n3 9: -\n4 9: -\n5 12.5: !");
}

#[test]
fn what_comes_often_and_shortly_is_raised_as_what_lasts() {
    let config = Config { on_delay: seconds(10), off_delay: seconds(3), times: Some(3), ..high(80.0) };
    check(
        config.clone(),
        "0 85: - due 10
         1 70: -
         2 85: - due 12
         3 70: -
         4 85: !
         5 70: ! due 8
         8 tick: -
         9 85: - due 19
         10 70: -
         11 85: - due 21
         21 tick: !",
    );
    check(config, "0 85: - due 10\n1 70: -\n9 85: - due 19\n10 70: -\n15 85: - due 25\n16 70: -");
}

#[test]
fn an_alarm_is_looked_at_while_it_is_enabled() {
    let config = Config { enabling: Enabling::Conditional, off_delay: seconds(30), ..high(80.0) };
    check(
        config.clone(),
        "0 85: -?
         1 off: -
         2 on: !
         3 unsure: !?
         4 70: !?
         5 85: !?
         6 on: !
         7 off: -
         8 90: -
         9 on: !",
    );
    let mut bench = Bench::new(config);
    bench.step(0, input(0, "on"));
    bench.step(1, input(1, "85"));
    let returned = bench.step(2, input(2, "off"));
    assert_eq!(returned[0].cause, Cause::Returned, "at once, whatever the off-delay");
    assert_eq!(bench.alarm.state(), State::RtnUnack, "it was announced, and so it waits for somebody");
}

#[test]
fn enabled_again_it_begins_anew() {
    let config =
        Config { enabling: Enabling::Conditional, ..on(Trigger::Unchanged { within: seconds(60), band: 0.0 }) };
    check(
        config,
        "0 on: -?
         1 5: - due 61
         50 off: -
         70 on: - due 130
         130 tick: !
         140 unsure: !?
         150 on: !
         160 off: -",
    );
    let rate = measured(Measure::Rate { window: seconds(10), sense: Sense::Both }, 1.0, 0.0);
    check(
        Config { enabling: Enabling::Conditional, ..rate },
        "0 on: -?
         1 20: -
         2 off: -
         5 80: -
         6 on: -
         7 80: -
         8 95: ! due 15",
    );
}

#[test]
fn a_reload_keeps_what_is_heard_of_a_condition_that_stays() {
    let config = on(Trigger::Unchanged { within: seconds(60), band: 0.0 });
    let mut bench = Bench::new(config.clone());
    bench.step(0, input(0, "5"));
    bench.alarm.reconfigure(
        Config { first_out: Some(FirstOut { group: Arc::from("press"), others: Others::Announced }), ..config },
        bench.now(0),
    );
    bench.step(60_000, Input::Tick);
    assert_eq!(bench.alarm.state(), State::Unack);
    bench.alarm.reconfigure(on(Trigger::Unchanged { within: seconds(90), band: 0.0 }), bench.now(0));
    assert!(bench.alarm.source_lost(), "another condition knows nothing yet");
    assert_eq!(bench.alarm.state(), State::Unack, "and what stands goes on standing");
}
