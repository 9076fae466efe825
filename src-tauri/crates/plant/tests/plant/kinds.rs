//! The kinds of alarms: what each of them comes to, and what is wrong with its keys.

use std::time::Duration;

use alarm::{Enabling, Event, LimitKind, Measure, Off, Operand, Sense, Trigger};
use model::Value;
use plant::{AlarmDefinition, Plant, TagIndices, Watch};

use crate::common::{AROUND, check, folder, plant};

/// Tags of the filler of every type; each has one line more than it seems.
const TAGS: &str = r#"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "temp"
name = "Temperature"
unit = "°C"
gateway = "broker"
address = { topic = "f/temp" }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "target"
name = "Setpoint"
unit = "°C"
gateway = "broker"
address = { topic = "f/target" }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "valve"
name = "Valve"
type = "bool"
words = ["shut", "open"]
gateway = "broker"
address = { topic = "f/valve" }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "valve_command"
name = "Valve command"
type = "bool"
gateway = "broker"
address = { topic = "f/valve/command" }
[[tags]]
machine = "ulm/fill/line1/filler"
id = "state"
name = "State"
type = "text"
gateway = "broker"
address = { topic = "f/state" }
"#;

const FILLER: &str = "ulm/fill/line1/filler";

fn resolved(alarm: &str) -> Plant {
    let text = format!("[[alarms]]\nmachine = \"{FILLER}\"\n{alarm}{AROUND}{TAGS}");
    plant(&folder(&text), &TagIndices::default())
}

/// The one alarm of the filler.
fn only(alarm: &str) -> (Plant, AlarmDefinition) {
    let plant = resolved(alarm);
    let mut own = plant.alarms.iter().filter(|alarm| alarm.equipment.is_some());
    let definition = own.next().expect("the filler's alarm").clone();
    assert!(own.next().is_none(), "there is one alarm");
    (plant, definition)
}

#[track_caller]
fn measured(alarm: &str, measure: &dyn Fn(&Plant) -> Measure, condition: &str) {
    let (plant, definition) = only(alarm);
    let Trigger::Limit { measure: own, .. } = &definition.config.trigger else { panic!("it has limits: {alarm}") };
    assert_eq!(*own, measure(&plant), "{alarm}");
    assert_eq!(definition.condition, condition, "{alarm}");
}

fn tag(plant: &Plant, id: &str) -> Operand {
    Operand::Tag(plant.tag_by_id(&format!("{FILLER}/{id}")).expect("a tag of the filler").index)
}

#[test]
fn a_second_limit_is_a_level_of_the_same_alarm() {
    let (_, both) = only("tag = \"temp\"\nkind = \"high\"\nlimit = 80\nsecond_limit = 90\ndeadband = 2\n");
    assert_eq!(both.id.as_str(), "ulm/fill/line1/filler/temp/high");
    assert_eq!(both.condition, "high, 80.0 °C; high-high, 90.0 °C");
    let levels = both.config.trigger.levels();
    let words: Vec<_> = levels.iter().map(|level| (level.kind, level.limit, level.off)).collect();
    assert_eq!(
        words,
        [
            (LimitKind::High, Operand::Number(80.0), Off::Deadband(2.0)),
            (LimitKind::HighHigh, Operand::Number(90.0), Off::Deadband(2.0)),
        ]
    );
    assert_eq!(levels.iter().map(|level| level.priority.number()).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(both.config.priority.number(), 3, "that of the first level");

    let (plant, own) = only(
        "tag = \"temp\"\nkind = \"low\"\nlimit = \"target\"\nsecond_limit = 5\nsecond_deadband = 0.5\nsecond_priority = 1\n\
         priority = 4\n",
    );
    let levels = own.config.trigger.levels();
    assert_eq!((levels[0].limit, levels[0].priority.number()), (tag(&plant, "target"), 4));
    assert_eq!((levels[1].kind, levels[1].off), (LimitKind::LowLow, Off::Deadband(0.5)));
    assert_eq!(levels[1].priority.number(), 1);
    assert_eq!(own.condition, "low, Setpoint; low-low, 5.0 °C");

    let (_, off) = only("tag = \"temp\"\nkind = \"high\"\nlimit = 80\noff_limit = 70\nsecond_limit = 95\n");
    let offs: Vec<_> = off.config.trigger.levels().iter().map(|level| level.off).collect();
    assert_eq!(offs, [Off::Limit(70.0), Off::Limit(85.0)], "as far behind the second as behind the first");
}

#[test]
fn limits_at_a_tag_may_be_tags() {
    let text = format!(
        "[[tags]]\nmachine = \"{FILLER}\"\nid = \"level\"\nformula = \"1.0\"\nlimits = {{ high_high = 90, high = \"target\", low_low = 3 }}\n{AROUND}{TAGS}"
    );
    let plant = plant(&folder(&text), &TagIndices::default());
    let ids: Vec<&str> = plant.alarms.iter().map(|alarm| alarm.id.as_str()).filter(|id| id.contains("level")).collect();
    assert_eq!(ids, ["ulm/fill/line1/filler/level/low", "ulm/fill/line1/filler/level/high"], "one alarm a side");
    let high = &plant.alarms[1].config.trigger;
    assert_eq!(
        high.levels().iter().map(|level| level.limit).collect::<Vec<_>>(),
        [tag(&plant, "target"), Operand::Number(90.0)]
    );
    assert_eq!(high.operands().len(), 1);
    assert_eq!(plant.alarms[0].config.trigger.levels()[0].kind, LimitKind::LowLow);
}

#[test]
fn each_kind_says_what_it_measures() {
    let minute = Duration::from_secs(60);
    measured(
        "tag = \"temp\"\nkind = \"rate\"\nlimit = 0.5\nwindow_s = 60\n",
        &|_| Measure::Rate { window: minute, sense: Sense::Both },
        "changes by 0.5 °C/s within 60 s",
    );
    measured(
        "tag = \"temp\"\nkind = \"rate\"\nlimit = 0.5\nsecond_limit = 1\nwindow_s = 60\nsense = \"down\"\n",
        &|_| Measure::Rate { window: minute, sense: Sense::Down },
        "falls by 0.5 °C/s or 1.0 °C/s within 60 s",
    );
    measured(
        "tag = \"temp\"\nkind = \"deviation\"\nlimit = 5\nsetpoint = \"target\"\n",
        &|plant| Measure::Deviation { setpoint: tag(plant, "target"), sense: Sense::Both },
        "5.0 °C off Setpoint",
    );
    measured(
        "tag = \"temp\"\nkind = \"deviation\"\nlimit = 5\nsetpoint = 20\nsense = \"up\"\n",
        &|_| Measure::Deviation { setpoint: Operand::Number(20.0), sense: Sense::Up },
        "5.0 °C above 20.0 °C",
    );
    measured(
        "tag = \"valve\"\nkind = \"count\"\nlimit = 5\nwithin_s = 60\n",
        &|_| Measure::Count { within: minute, event: Event::Switch { active_when: true } },
        "5 times within 60 s: open",
    );
    measured(
        "tag = \"temp\"\nkind = \"count\"\nlimit = 5\nwithin_s = 60\ncrossing = 30\nsense = \"down\"\ndeadband = 2\n",
        &|_| {
            let event = Event::Crossing { kind: LimitKind::Low, limit: 30.0, deadband: 2.0 };
            Measure::Count { within: minute, event }
        },
        "5 times within 60 s: low, 30.0 °C",
    );
    measured(
        "kind = \"count\"\nformula = 'state == \"Held\"'\nlimit = 5\nwithin_s = 60\nid = \"x\"\nmessage = \"m\"\n",
        &|_| Measure::Count { within: minute, event: Event::Switch { active_when: true } },
        "5 times within 60 s: state == \"Held\"",
    );
    measured(
        "tag = \"temp\"\nkind = \"cusum\"\nlimit = 4\ntarget = \"target\"\nslack = 0.5\n",
        &|plant| Measure::Cusum { target: tag(plant, "target"), slack: 0.5, sense: Sense::Both },
        "adds up to 4.0 °C off Setpoint",
    );
    let (_, cusum) = only("tag = \"temp\"\nkind = \"cusum\"\nlimit = 4\ntarget = 20\n");
    assert_eq!(cusum.config.trigger.levels()[0].off, Off::Limit(2.0), "it returns at half of the decision interval");
}

#[test]
fn kinds_without_a_limit() {
    let (_, state) = only("tag = \"state\"\nkind = \"state\"\nstates = [\"Held\", \"Aborted\"]\n");
    let states = vec![Value::text("Held"), Value::text("Aborted")];
    assert_eq!(state.config.trigger, Trigger::State { states, active_when: true });
    assert_eq!((&*state.message, &*state.condition), ("State Held or Aborted", "Held or Aborted"));
    let (_, other) = only("tag = \"temp\"\nkind = \"state\"\nstates = [3]\nactive_when = false\n");
    assert_eq!(other.config.trigger, Trigger::State { states: vec![Value::Int(3)], active_when: false });
    assert_eq!(other.condition, "not 3");

    let (plant, valve) = only("tag = \"valve\"\nkind = \"discrepancy\"\ncommand = \"valve_command\"\non_delay_s = 5\n");
    let command = tag(&plant, "valve_command").tag().unwrap();
    assert_eq!(valve.config.trigger, Trigger::Discrepancy { command });
    assert_eq!((&*valve.message, &*valve.condition), ("Valve does not follow", "not as Valve command"));

    let (_, frozen) = only("tag = \"temp\"\nkind = \"no-change\"\nwithin_s = 600\ndeadband = 0.1\n");
    assert_eq!(frozen.config.trigger, Trigger::Unchanged { within: Duration::from_secs(600), band: 0.1 });
    assert_eq!((frozen.id.as_str(), frozen.config.priority.number()), ("ulm/fill/line1/filler/temp/no-change", 4));
    let (_, silent) = only("tag = \"state\"\nkind = \"no-update\"\nwithin_s = 30\n");
    assert_eq!(silent.config.trigger, Trigger::Silent { within: Duration::from_secs(30) });
    assert_eq!(silent.condition, "no sample for 30 s");
}

#[test]
fn conditions_of_an_alarm_are_formulas_seen_from_its_machine() {
    let (plant, alarm) = only(
        "tag = \"temp\"\nkind = \"low\"\nlimit = 3\nenabled_when = 'state == \"Execute\"'\nsuppressed_when = \"valve\"\n\
         on_delay_s = 60\ntimes = 3\n",
    );
    assert_eq!((alarm.config.enabling, alarm.config.times), (Enabling::Conditional, Some(3)));
    let inputs = |formula: &Option<std::sync::Arc<formula::Formula>>| formula.as_ref().unwrap().inputs().to_vec();
    assert_eq!(inputs(&alarm.enabled_when), [tag(&plant, "state").tag().unwrap()]);
    assert_eq!(inputs(&alarm.suppressed_when), [tag(&plant, "valve").tag().unwrap()]);
    assert!(matches!(alarm.watch, Watch::Tag(_)));
    let (_, plain) = only("tag = \"temp\"\nkind = \"low\"\nlimit = 3\n");
    assert_eq!((plain.config.enabling, plain.config.times), (Enabling::Always, None));
}

#[test]
fn a_template_has_every_kind_with_parameters() {
    let text = format!(
        r#"
[[machines]]
path = "ulm/fill/line1/capper"
template = "press"
with = {{ hot = 70, wrong = "Held", limit_tag = "top" }}
[[machines]]
path = "ulm/fill/line1/labeller"
template = "press"
with = {{ hot = 75, wrong = "Aborted", limit_tag = 99 }}
[templates.press]
defaults = {{ window = 30 }}
[[templates.press.tags]]
id = "top"
formula = "100.0"
[[templates.press.tags]]
id = "heat"
formula = "20.0"
limits = {{ high = "{{hot}}", high_high = "{{limit_tag}}" }}
[[templates.press.tags]]
id = "word"
type = "text"
formula = "'Execute'"
[[templates.press.alarms]]
tag = "heat"
kind = "rate"
limit = 0.5
window_s = "{{window}}"
enabled_when = 'word != "{{wrong}}"'
cause = "{{name}} was opened."
time_to_respond_s = "{{hot}}"
[[templates.press.alarms]]
tag = "word"
kind = "state"
states = ["{{wrong}}"]
{AROUND}"#
    );
    let plant = plant(&folder(&text), &TagIndices::default());
    let alarm = |id: &str| plant.alarms.iter().find(|alarm| alarm.id.as_str() == id).unwrap_or_else(|| panic!("{id}"));
    let limits = |id: &str| alarm(id).config.trigger.levels().iter().map(|level| level.limit).collect::<Vec<_>>();
    let top = plant.tag_by_id("ulm/fill/line1/capper/top").unwrap().index;
    assert_eq!(limits("ulm/fill/line1/capper/heat/high"), [Operand::Number(70.0), Operand::Tag(top)]);
    assert_eq!(limits("ulm/fill/line1/labeller/heat/high"), [Operand::Number(75.0), Operand::Number(99.0)]);
    let rate = alarm("ulm/fill/line1/labeller/heat/rate");
    assert_eq!(rate.condition, "changes by 0.5 /s within 30 s".replace(" /s", "/s"));
    assert_eq!(rate.cause, "labeller was opened.");
    assert_eq!(rate.time_to_respond, Some(Duration::from_secs(75)));
    assert_eq!(rate.enabled_when.as_ref().unwrap().text(), "word != \"Aborted\"");
    assert_eq!(alarm("ulm/fill/line1/capper/word/state").condition, "Held");
}

/// A tag of each type, and one entry of `[[alarms]]` from line 3 on.
#[track_caller]
fn wrong(alarm: &str, expect: &[&str]) {
    const OTHERS: &str = "TAG\nid = \"t\"\nformula = \"1.0\"\nTAG\nid = \"b\"\ntype = \"bool\"\nformula = \"true\"\n\
                          TAG\nid = \"s\"\ntype = \"text\"\nformula = \"'x'\"\n";
    check(&format!("ALARM\n{alarm}\n{OTHERS}"), expect);
}

#[test]
fn what_a_kind_needs() {
    wrong(
        "tag = \"t\"\nkind = \"rate\"",
        &["1 `limit` is missing in alarm; add `limit = 0.5`", "1 `window_s` is missing in alarm; add `window_s = 60`"],
    );
    wrong(
        "tag = \"t\"\nkind = \"deviation\"\nlimit = 1",
        &["1 `setpoint` is missing in alarm; add `setpoint = \"speed_target\"`"],
    );
    wrong(
        "tag = \"b\"\nkind = \"count\"",
        &["1 `limit` is missing in alarm; add `limit = 5`", "1 `within_s` is missing in alarm; add `within_s = 600`"],
    );
    wrong("tag = \"t\"\nkind = \"cusum\"\nlimit = 3", &["1 `target` is missing in alarm; add `target = 20`"]);
    wrong("tag = \"s\"\nkind = \"state\"", &["1 `states` is missing in alarm; add `states = [\"Held\", \"Aborted\"]`"]);
    wrong(
        "tag = \"b\"\nkind = \"discrepancy\"",
        &[
            "1 `command` is missing in alarm; add `command = \"valve_command\"`",
            "1 `on_delay_s` is missing in alarm; add `on_delay_s = 5`",
        ],
    );
    wrong("tag = \"t\"\nkind = \"no-change\"", &["1 `within_s` is missing in alarm; add `within_s = 600`"]);
    wrong("tag = \"t\"\nkind = \"no-update\"", &["1 `within_s` is missing in alarm; add `within_s = 600`"]);
    wrong(
        "tag = \"t\"\nkind = \"count\"\nlimit = 2\nwithin_s = 9",
        &["1 `crossing` is missing in alarm; add `crossing = 50`"],
    );
}

#[test]
fn what_a_kind_has_no_use_for() {
    let key = |line: &str, key: &str, kind: &str| {
        vec![format!("{line} `{key}` has no meaning for an alarm of kind {kind}; remove it, or change the kind")]
    };
    for (alarm, at, name, kind) in [
        ("tag = \"t\"\nkind = \"no-update\"\nwithin_s = 9\ndeadband = 1", "6", "deadband", "no-update"),
        ("tag = \"t\"\nkind = \"rate\"\nlimit = 1\nwindow_s = 9\nwithin_s = 9", "7", "within_s", "rate"),
        ("tag = \"t\"\nkind = \"deviation\"\nlimit = 1\nsetpoint = 3\nslack = 1", "7", "slack", "deviation"),
        ("tag = \"b\"\nkind = \"digital\"\nstates = [1]", "5", "states", "digital"),
        ("tag = \"s\"\nkind = \"state\"\nstates = [\"x\"]\ncommand = \"b\"", "6", "command", "state"),
        ("tag = \"t\"\nkind = \"cusum\"\nlimit = 1\ntarget = 3\ncrossing = 1", "7", "crossing", "cusum"),
    ] {
        let expect = key(at, name, kind);
        wrong(alarm, &expect.iter().map(String::as_str).collect::<Vec<_>>());
    }
    wrong(
        "tag = \"t\"\nkind = \"high-high\"\nlimit = 3\nsecond_limit = 5",
        &["6 `second_limit` has no meaning for an alarm on a limit; remove it, or change the kind"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\nsecond_priority = 1\nsecond_deadband = 1",
        &[
            "6 `second_priority` has no meaning without `second_limit`; add `second_limit`, or remove it",
            "7 `second_deadband` has no meaning without `second_limit`; add `second_limit`, or remove it",
        ],
    );
    wrong(
        "formula = \"b\"\nkind = \"count\"\nlimit = 3\nwithin_s = 9\ncrossing = 3\nid = \"x\"\nmessage = \"m\"",
        &["7 `crossing` has no meaning where a formula is counted; remove it, or the formula"],
    );
    wrong(
        "tag = \"b\"\nkind = \"count\"\nlimit = 3\nwithin_s = 9\ncrossing = 3",
        &["7 `crossing` has no meaning where a tag of type bool is counted; remove it"],
    );
    wrong(
        "tag = \"t\"\nkind = \"count\"\nlimit = 3\nwithin_s = 9\ncrossing = 3\nactive_when = true",
        &[
            "8 `active_when` has a meaning where a tag of type bool is counted; remove it; `crossing` says what is counted",
        ],
    );
}

#[test]
fn tags_that_do_not_fit_their_kind() {
    wrong(
        "tag = \"s\"\nkind = \"rate\"\nlimit = 1\nwindow_s = 9",
        &["4 an alarm of kind rate needs a tag of type int or float; watch another tag, or change the kind"],
    );
    wrong(
        "tag = \"b\"\nkind = \"state\"\nstates = [1]",
        &["4 a tag of type bool has no states but on and off; use kind = \"digital\""],
    );
    wrong(
        "tag = \"s\"\nkind = \"count\"\nlimit = 3\nwithin_s = 9\ncrossing = 3",
        &[
            "4 an alarm of kind count needs a tag of type bool, int or float, or a formula; count a formula such as `state == \"Held\"`",
        ],
    );
    wrong(
        "tag = \"s\"\nkind = \"no-change\"\nwithin_s = 9\ndeadband = 1",
        &["6 `deadband` has a meaning for tags of type int and float only; remove it"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = \"s\"",
        &[
            "5 `ulm/fill/line1/filler/s` is no number to be compared with; name a tag of type int or float, or write a number",
        ],
    );
    wrong("tag = \"t\"\nkind = \"high\"\nlimit = \"tt\"", &["5 unknown tag `tt`; did you mean `t`?"]);
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = true",
        &["5 `limit` is true or false, which does not fit; write a number, or a tag's name in quotes"],
    );
    wrong(
        "tag = \"t\"\nkind = \"deviation\"\nlimit = 1\nsetpoint = \"tt\"",
        &["6 unknown tag `tt`; did you mean `t`?"],
    );
    wrong("tag = \"t\"\nkind = \"cusum\"\nlimit = 1\ntarget = \"tt\"", &["6 unknown tag `tt`; did you mean `t`?"]);
    wrong(
        "tag = \"b\"\nkind = \"discrepancy\"\ncommand = \"s\"\non_delay_s = 5",
        &[
            "5 `ulm/fill/line1/filler/b` and `ulm/fill/line1/filler/s` can never be the same: one is a text; name a command of the same type as its feedback",
        ],
    );
    wrong(
        "tag = \"b\"\nkind = \"discrepancy\"\ncommand = \"b\"\non_delay_s = 5",
        &["5 the command is the feedback itself; name the tag of the command"],
    );
    wrong(
        "tag = \"b\"\nkind = \"discrepancy\"\ncommand = \"bb\"\non_delay_s = 5",
        &["5 unknown tag `bb`; did you mean `b`?"],
    );
}

#[test]
fn values_that_do_not_fit_their_key() {
    wrong(
        "tag = \"t\"\nkind = \"rate\"\nlimit = -1\nwindow_s = 0",
        &["6 `window_s` is 0; use a time in seconds above 0"],
    );
    wrong(
        "tag = \"t\"\nkind = \"rate\"\nlimit = -1\nwindow_s = 60",
        &["5 the limit -1 is not above 0; write an amount above 0; `sense` says which way it counts"],
    );
    wrong(
        "tag = \"t\"\nkind = \"rate\"\nlimit = 2\nsecond_limit = 1\nwindow_s = 60",
        &["6 `second_limit` 1 is not beyond `limit` 2; write the milder limit first"],
    );
    wrong(
        "tag = \"t\"\nkind = \"rate\"\nlimit = 2\nwindow_s = 60\nsense = \"upp\"",
        &["7 unknown sense `upp` in alarm; did you mean `up`?"],
    );
    wrong(
        "tag = \"b\"\nkind = \"count\"\nlimit = 1.5\nwithin_s = 60",
        &["5 the limit 1.5 is no number of times; use a whole number from 1 to 1000"],
    );
    wrong(
        "tag = \"t\"\nkind = \"count\"\nlimit = 2\nwithin_s = 60\ncrossing = 3\nsense = \"both\"",
        &["8 crossings are counted one way; write \"up\" or \"down\""],
    );
    wrong(
        "tag = \"t\"\nkind = \"cusum\"\nlimit = 2\ntarget = 1\nslack = -1",
        &["7 `slack` is negative; use 0 or more"],
    );
    wrong("tag = \"t\"\nkind = \"no-update\"\nwithin_s = 0", &["5 `within_s` is 0; use a time in seconds above 0"]);
    wrong(
        "tag = \"s\"\nkind = \"state\"\nstates = []",
        &["5 `states` is empty; write a list of texts or whole numbers: [\"Held\", \"Aborted\"]"],
    );
    wrong(
        "tag = \"s\"\nkind = \"state\"\nstates = [true]",
        &[
            "5 `states` is true or false, which does not fit; write a list of texts or whole numbers: [\"Held\", \"Aborted\"]",
        ],
    );
    wrong(
        "tag = \"s\"\nkind = \"state\"\nstates = [3]",
        &["5 `ulm/fill/line1/filler/s` can never be 3; write its states as texts in quotes"],
    );
    wrong(
        "tag = \"t\"\nkind = \"state\"\nstates = [\"Held\"]",
        &["5 `ulm/fill/line1/filler/t` can never be \"Held\"; write its states as whole numbers"],
    );
    wrong(
        "tag = \"b\"\nkind = \"discrepancy\"\ncommand = \"t\"\non_delay_s = 0",
        &["6 `on_delay_s` is 0: a feedback is never as fast as its command; write how long it may take to follow"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\noff_limit = 4",
        &["6 `off_limit` 4 is beyond `limit` 3; write a value on the good side of the limit"],
    );
    wrong(
        "tag = \"t\"\nkind = \"low\"\nlimit = 3\noff_limit = 2",
        &["6 `off_limit` 2 is beyond `limit` 3; write a value on the good side of the limit"],
    );
    wrong(
        "tag = \"t\"\nkind = \"low\"\nlimit = 3\noff_limit = 4\ndeadband = 1",
        &["6 `off_limit` and `deadband` are both given; keep the one that says when the alarm returns"],
    );
    wrong(
        "tag = \"t\"\nkind = \"low\"\nlimit = \"t\"\noff_limit = 4",
        &["6 `off_limit` has no meaning where `limit` is a tag; write `deadband` in its place"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\nsecond_limit = 2",
        &["6 the limits are out of order: high 3 is not below high-high 2; keep low-low < low < high < high-high"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\nsecond_limit = 5\nsecond_deadband = -1\nsecond_priority = 9",
        &[
            "7 `second_deadband` is negative; use 0 or more",
            "8 `second_priority` is 9, which is not within 1 to 4; use a whole number from 1 to 4",
        ],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\ntimes = 1\non_delay_s = 5",
        &["6 `times` is 1, which is not within 2 to 1000; use a whole number from 2 to 1000"],
    );
    wrong(
        "tag = \"t\"\nkind = \"high\"\nlimit = 3\ntimes = 3",
        &[
            "6 `times` has no meaning without `on_delay_s`, the time within which they are counted; add `on_delay_s = 60`, or remove it",
        ],
    );
}
