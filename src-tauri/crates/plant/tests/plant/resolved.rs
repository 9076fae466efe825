//! What a right plant file becomes.

use std::time::Duration;

use alarm::{Class, Latching, LimitKind, Measure, Off, Operand, ReturnAck, Trigger};
use model::{DataType, EquipmentId, Keep, Level, Point, Scaling, TagIndex, Value};
use plant::{AlarmDefinition, Plant, Recording, Role, Rule, Source, TagIndices, Watch};

use crate::common::{AROUND, folder, plant};

fn resolved(text: &str) -> Plant {
    plant(&folder(&format!("{text}{AROUND}")), &TagIndices::default())
}

fn alarm<'p>(plant: &'p Plant, id: &str) -> &'p AlarmDefinition {
    let ids = || plant.alarms.iter().map(|alarm| alarm.id.as_str()).collect::<Vec<_>>();
    plant.alarms.iter().find(|alarm| alarm.id.as_str() == id).unwrap_or_else(|| panic!("no {id} among {:?}", ids()))
}

fn point<'p>(plant: &'p Plant, id: &str) -> &'p Point {
    match &plant.tag_by_id(id).unwrap_or_else(|| panic!("no {id}")).source {
        Source::Link { point, .. } => point,
        Source::Calculated(formula) => panic!("{id} is calculated: {formula:?}"),
    }
}

#[test]
fn a_tag_with_everything() {
    let plant = resolved(
        r#"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "speed"
name = "Speed"
role = "speed"
gateway = "plc"
address = { register = 4, table = "holding" }
type = "int"
unit = "1/h"
decimals = 2
range = [0, 1.5]
normal = [0.5, 1]
scaling = { factor = 2, offset = -1 }
deadband = 0.25
record = false
stale_after_s = 2.5
"#,
    );
    let tag = plant.tag_by_id("ulm/fill/line1/filler/speed").unwrap();
    assert_eq!((&*tag.name, tag.role, tag.data_type), ("Speed", Some(Role::Speed), DataType::Int));
    assert_eq!((&*tag.unit, tag.decimals), ("1/h", 2));
    assert_eq!((tag.range, tag.normal), (Some((0.0, 1.5)), Some((0.5, 1.0))));
    assert_eq!(tag.recording, None);
    assert_eq!(tag.stale_after, Some(Duration::from_millis(2500)));
    let point = point(&plant, &tag.id);
    assert_eq!((point.tag, &*point.id), (tag.index, &*tag.id));
    assert_eq!(point.scaling, Some(Scaling { factor: 2.0, offset: -1.0 }));
    assert_eq!(serde_json::Value::Object(point.address.clone()).to_string(), r#"{"register":4,"table":"holding"}"#);
    assert_eq!(plant.tag(tag.index), Some(tag));
}

#[test]
fn a_tag_with_nothing_but_what_it_needs() {
    let plant = resolved("[[tags]]\nid = \"ambient\"\ngateway = \"broker\"\naddress = { topic = \"x\" }\n");
    let tag = plant.tag_by_id("ambient").unwrap();
    assert_eq!((&*tag.name, &tag.equipment, tag.role), ("ambient", &None, None), "the plant's own");
    assert_eq!((tag.data_type, tag.decimals, &*tag.unit), (DataType::Float, 1, ""));
    assert_eq!((tag.range, tag.normal, &tag.words, tag.stale_after), (None, None, &None, None));
    let recording =
        Recording { rule: Rule::OnChange, min_interval: Duration::ZERO, max_interval: Duration::from_secs(60) };
    assert_eq!((tag.recording, tag.keep), (Some(recording), Keep::default()));
    assert_eq!((plant.keep, plant.size_limit_bytes), (Keep::default(), None));
}

#[test]
fn equipment_is_a_tree_in_the_order_of_the_file() {
    let plant = resolved(
        r#"
[[lines]]
path = "ulm/fill/line1"
name = "Line 1"
[[machines]]
path = "ulm/pack/line2/packer"
[[machines]]
path = "ulm/fill/line1/rinser"
"#,
    );
    let nodes = plant.equipment.nodes().iter().map(|node| (node.id.as_str(), node.level, &*node.name));
    let expect = [
        ("ulm", Level::Site, "ulm"),
        ("ulm/fill", Level::Area, "fill"),
        ("ulm/fill/line1", Level::Line, "Line 1"),
        ("ulm/fill/line1/rinser", Level::Machine, "rinser"),
        ("ulm/fill/line1/filler", Level::Machine, "Filler"),
        ("ulm/pack", Level::Area, "pack"),
        ("ulm/pack/line2", Level::Line, "line2"),
        ("ulm/pack/line2/packer", Level::Machine, "packer"),
    ];
    assert_eq!(nodes.collect::<Vec<_>>(), expect);
}

#[test]
fn a_template_is_filled_with_values_of_their_own_kind() {
    let plant = resolved(
        r#"
[templates.servo]
defaults = { limit = 7.5, spare = "no", fast = true, area = "x" }
[[templates.servo.tags]]
id = "{side}_temp"
name = "{name} {side}, {machine} of {path}, {line} in {site}"
gateway = "plc"
address = { register = "{base}+4", table = "{side}", bit = "{base}", order = "{base}+x" }
range = [0, "{limit}"]
record = "{fast}"
[[templates.servo.alarms]]
tag = "{side}_temp"
kind = "high"
limit = "{limit}"
message = "{not a placeholder} {spare}{area}"
[[machines]]
path = "ulm/fill/line1/f1"
name = "First"
template = "servo"
with = { base = 100, side = "left", limit = 8 }
"#,
    );
    let tag = plant.tag_by_id("ulm/fill/line1/f1/left_temp").unwrap();
    assert_eq!(tag.name, "First left, f1 of ulm/fill/line1/f1, line1 in ulm");
    assert_eq!((tag.range, tag.recording.is_some()), (Some((0.0, 8.0)), true), "`with` goes before `defaults`");
    let address = serde_json::Value::Object(point(&plant, &tag.id).address.clone()).to_string();
    assert_eq!(address, r#"{"register":104,"table":"left","bit":100,"order":"100+x"}"#);
    let alarm = alarm(&plant, "ulm/fill/line1/f1/left_temp/high");
    assert_eq!(alarm.message, "{not a placeholder} nox", "a value for `area` goes before the machine's own");
    assert_eq!(alarm.condition, "high, 8.0");
    assert_eq!(alarm.equipment, Some(EquipmentId::new("ulm/fill/line1/f1")));
}

#[test]
fn names_are_looked_for_from_the_machine_upwards() {
    let plant = resolved(
        r#"
[[machines]]
path = "ulm/fill/line1/capper"
[[tags]]
id = "speed"
formula = "1"
[[tags]]
equipment = "ulm/fill/line1"
id = "rate"
formula = 'tag("filler/speed")'
[[tags]]
machine = "ulm/fill/line1/filler"
id = "speed"
formula = "2"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "own"
formula = "speed + rate"
[[tags]]
machine = "ulm/fill/line1/capper"
id = "other"
formula = 'speed + tag("ulm/fill/line1/filler/own")'
"#,
    );
    let inputs = |id: &str| match &plant.tag_by_id(id).unwrap().source {
        Source::Calculated(formula) => {
            formula.inputs().iter().map(|input| plant.tag(*input).unwrap().id.to_string()).collect::<Vec<_>>()
        }
        Source::Link { .. } => panic!("{id} is not calculated"),
    };
    assert_eq!(inputs("ulm/fill/line1/rate"), ["ulm/fill/line1/filler/speed"]);
    assert_eq!(inputs("ulm/fill/line1/filler/own"), ["ulm/fill/line1/filler/speed", "ulm/fill/line1/rate"]);
    assert_eq!(inputs("ulm/fill/line1/capper/other"), ["speed", "ulm/fill/line1/filler/own"]);
    let ids: Vec<&str> = plant.tags.iter().map(|tag| &*tag.id).collect();
    let expect = [
        "ulm/fill/line1/rate",
        "ulm/fill/line1/capper/other",
        "ulm/fill/line1/filler/speed",
        "ulm/fill/line1/filler/own",
        "speed",
    ];
    assert_eq!(ids, expect, "by equipment in the order of the tree, the plant's own last");
}

#[test]
fn inputs_are_calculated_first() {
    let links = (0..500).map(|n| format!("[[tags]]\nid = \"t{n}\"\nformula = \"t{} + 1\"\n", n + 1));
    let plant = resolved(&format!("{}[[tags]]\nid = \"t500\"\nformula = \"1\"\n", links.collect::<String>()));
    let order = plant.calculation_order();
    assert_eq!(order.len(), 501);
    let place = |index: TagIndex| order.iter().position(|other| *other == index).unwrap();
    for tag in &plant.tags {
        let Source::Calculated(formula) = &tag.source else { panic!("all are calculated") };
        assert!(formula.inputs().iter().all(|input| place(*input) < place(tag.index)), "{}", tag.id);
    }
}

#[test]
fn limits_at_a_tag_are_alarms() {
    let plant = resolved(
        r#"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "temp"
name = "Temperature"
unit = "°C"
gateway = "broker"
address = { topic = "x" }
limits = { low = 2.25, high = 82, high_high = 90, deadband = 1.5, on_delay_s = 5, off_delay_s = 0.5 }
"#,
    );
    let high = alarm(&plant, "ulm/fill/line1/filler/temp/high");
    let tag = plant.tag_by_id("ulm/fill/line1/filler/temp").unwrap();
    assert_eq!((&*high.message, high.class), ("Temperature high", Class::Process));
    assert_eq!(high.condition, "high, 82.0 °C; high-high, 90.0 °C");
    assert_eq!(high.watch, Watch::Tag(tag.index));
    let level = |kind, limit, priority: u8| alarm::Level {
        kind,
        limit: Operand::Number(limit),
        off: Off::Deadband(1.5),
        priority: priority.try_into().unwrap(),
    };
    let levels = vec![level(LimitKind::High, 82.0, 3), level(LimitKind::HighHigh, 90.0, 2)];
    assert_eq!(high.config.trigger, Trigger::Limit { measure: Measure::Value, levels }, "one alarm a side");
    assert_eq!((high.config.on_delay, high.config.off_delay), (Duration::from_secs(5), Duration::from_millis(500)));
    assert_eq!((high.config.latching, high.config.return_ack), (Latching::No, ReturnAck::Required));
    assert_eq!(high.config.priority.number(), 3);
    let low = alarm(&plant, "ulm/fill/line1/filler/temp/low");
    assert_eq!(low.condition, "low, 2.25 °C", "a limit is never shown rounded");
}

#[test]
fn alarms_with_all_there_is_to_say() {
    let plant = resolved(
        r#"
[[tags]]
machine = "ulm/fill/line1/filler"
id = "door"
name = "Door"
type = "bool"
words = ["shut", "open"]
stale_after_s = 10
gateway = "broker"
address = { topic = "x" }
[[alarms]]
machine = "ulm/fill/line1/filler"
id = "door-open"
tag = "door"
kind = "digital"
latching = true
acknowledge_return = false
priority = 1
message = "The door is open"
class = "safety"
cause = "a"
consequence = "b"
action = "c"
confirmation = "e"
time_to_respond_s = 90
screen = "ulm/fill/line1/filler"
document = "https://manuals.local/filler.pdf#door"
[[alarms]]
tag = "ulm/fill/line1/filler/door"
kind = "digital"
active_when = false
[[alarms]]
tag = "ulm/fill/line1/filler/door"
kind = "stale"
[[alarms]]
id = "anything"
message = "Anything"
formula = 'tag("ulm/fill/line1/filler/door")'
"#,
    );
    let open = alarm(&plant, "ulm/fill/line1/filler/door-open");
    assert_eq!((&*open.condition, open.class), ("open", Class::Safety));
    assert_eq!((&*open.cause, &*open.consequence, &*open.action, &*open.confirmation), ("a", "b", "c", "e"));
    assert_eq!(open.time_to_respond, Some(Duration::from_secs(90)));
    assert_eq!(open.screen.as_deref(), Some("ulm/fill/line1/filler"));
    assert_eq!(open.document.as_deref(), Some("https://manuals.local/filler.pdf#door"));
    assert_eq!((open.config.latching, open.config.return_ack), (Latching::Yes, ReturnAck::NotRequired));
    assert_eq!(open.config.priority.number(), 1);
    let shut = alarm(&plant, "ulm/fill/line1/filler/door/digital");
    assert_eq!((&*shut.condition, &*shut.message), ("shut", "Door"));
    assert_eq!(shut.equipment, Some(EquipmentId::new("ulm/fill/line1/filler")), "that of its tag");
    assert_eq!(shut.config.trigger, Trigger::Digital { active_when: false });
    let stale = alarm(&plant, "ulm/fill/line1/filler/door/stale");
    assert_eq!((&*stale.condition, &*stale.message), ("no fresh value for 10 s", "Door stale"));
    let anything = alarm(&plant, "anything");
    assert_eq!((&anything.equipment, &anything.config.trigger), (&None, &Trigger::Condition));
    assert_eq!(anything.condition, "tag(\"ulm/fill/line1/filler/door\")");
    assert!(matches!(&anything.watch, Watch::Formula(formula) if formula.inputs().len() == 1));
}

#[test]
fn a_gateway_has_an_address_in_words_and_an_alarm() {
    let gateway = "[[gateways]]\nid = \"v6\"\nname = \"Six\"\nkind = \"mqtt\"\nhost = \"::1\"\nport = 1883\n\
                   alarm_priority = 1\n";
    let plant = resolved(gateway);
    let six = plant.gateway("v6").unwrap();
    assert_eq!((&*six.address, six.line, &*six.spec.name), ("[::1]:1883", 1, "Six"));
    assert_eq!(six.spec.settings.keys().collect::<Vec<_>>(), ["host", "port"], "what is Andon's own is not passed on");
    assert_eq!(plant.gateway("broker").unwrap().address, "broker.local");
    let lost = alarm(&plant, "gateway/v6/connection");
    assert_eq!((&*lost.message, lost.config.priority.number()), ("Six: connection lost", 1));
    assert_eq!((&lost.watch, &lost.config.trigger), (&Watch::Link("v6".into()), &Trigger::LinkDown));
}

#[test]
fn a_list_becomes_tags_like_any_other() {
    let mut files = folder(AROUND);
    let list = "\u{feff}machine,id,name,gateway,address.register,address.table,range,type,words,limits.high\r\n\
                ulm/fill/line1/filler,a,\"A, \"\"quoted\"\"\r\nname\",plc,12,\"\"\"12\"\"\",-1|2.5,,,2\r\n\
                \r\n\
                ulm/fill/line1/filler,b,5,plc,13,input,,bool,shut | open,\r\n";
    files.insert("tags/pumps.csv", list);
    let plant = plant(&files, &TagIndices::default());
    let a = plant.tag_by_id("ulm/fill/line1/filler/a").unwrap();
    assert_eq!((&*a.name, a.range), ("A, \"quoted\"\r\nname", Some((-1.0, 2.5))));
    let address = serde_json::Value::Object(point(&plant, &a.id).address.clone()).to_string();
    assert_eq!(address, r#"{"register":12,"table":"12"}"#, "a text in quotes stays a text");
    assert_eq!(alarm(&plant, "ulm/fill/line1/filler/a/high").condition, "high, 2.0");
    let b = plant.tag_by_id("ulm/fill/line1/filler/b").unwrap();
    assert_eq!((&*b.name, b.data_type), ("5", DataType::Bool));
    assert_eq!(b.words, Some(("shut".to_owned(), "open".to_owned())));
}

#[test]
fn a_calculated_tag_calculates() {
    let plant = resolved("[[tags]]\nid = \"answer\"\nformula = \"6 * 7\"\n");
    let Source::Calculated(formula) = &plant.tag_by_id("answer").unwrap().source else { panic!("it has a formula") };
    let outcome = formula.evaluate(&|_| panic!("it reads nothing"));
    assert_eq!(outcome.value, Some(Value::Int(42)));
}
