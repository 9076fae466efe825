//! What an edge node may do, and what an operator then sees.

use model::{DataType, Quality, Reach, Timestamp, Value};

use super::scene::{BEGIN, Scene, aliased, at, by_alias, double, metric, tag, tags};
use super::{Input, Presence, Retention, state_message};
use crate::sparkplug::value::Type;
use crate::sparkplug::wire::payload::{Metric, PropertySet, PropertyValue, Template, metric as wire, property_value};

const STALE: Quality = Quality::STALE;
const GOOD: Quality = Quality::GOOD;

#[test]
fn births_give_values_and_data_changes_them() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    scene.node_born(0, 1, vec![aliased(1, double("a", 1.0))]);
    scene.device_born("d", 1, vec![aliased(2, double("b", 2.0))]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 2.0, GOOD);
    scene.node_data(2, vec![by_alias(1, 1.5)]);
    scene.device_data("d", 3, vec![by_alias(2, 2.5)]);
    scene.check(0, 1.5, GOOD);
    scene.check(1, 2.5, GOOD);
    assert_eq!(scene.rebirths(), 0);
    assert_eq!(scene.faults, [""; 0]);
}

#[test]
fn a_death_leaves_the_last_value_stale_with_its_reason_and_a_second_death_changes_nothing() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 7, vec![double("a", 1.0)]);
    scene.later(500);
    scene.node_died(7);
    scene.check(0, 1.0, STALE);
    assert_eq!(scene.shown(0).time, scene.now.wall, "this station's time");
    assert!(scene.fault(&["g", "n"]).contains("NDEATH"));
    let told = scene.told[&0].len();
    scene.node_died(7);
    assert_eq!(scene.told[&0].len(), told);
}

#[test]
fn a_death_of_an_older_session_is_ignored() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 8, vec![double("a", 1.0)]);
    scene.node_died(7);
    scene.check(0, 1.0, GOOD);
    scene.node_died(8);
    scene.check(0, 1.0, STALE);
}

#[test]
fn the_sequence_goes_on_over_255() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(250, 1, vec![double("a", 0.0)]);
    for n in 251..300u32 {
        scene.node_data(u64::from(n % 256), vec![double("a", f64::from(n))]);
        scene.check(0, f64::from(n), GOOD);
    }
    assert_eq!(scene.rebirths(), 0);
}

#[test]
fn a_gap_that_is_filled_in_time_is_no_harm() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 0.0)]);
    scene.node_data(2, vec![double("a", 2.0)]);
    scene.check(0, 0.0, GOOD);
    scene.later(1_900);
    scene.node_data(1, vec![double("a", 1.0)]);
    scene.check(0, 2.0, GOOD);
    scene.later(60_000);
    assert_eq!(scene.rebirths(), 0);
    assert_eq!(scene.host.detail().nodes[0].gaps, 1);
}

#[test]
fn a_gap_that_is_not_filled_makes_everything_stale_and_asks_once() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    scene.node_born(0, 1, vec![double("a", 0.0)]);
    scene.device_born("d", 1, vec![double("b", 5.0)]);
    scene.node_data(3, vec![double("a", 3.0)]);
    scene.later(1_999);
    assert_eq!(scene.rebirths(), 0);
    scene.later(1);
    scene.check(0, 0.0, STALE);
    scene.check(1, 5.0, STALE);
    assert_eq!(scene.rebirths(), 1);
    assert!(scene.fault(&["g", "n"]).contains("did not come"), "{}", scene.fault(&["g", "n"]));
    for seq in 4..30 {
        scene.node_data(seq, vec![double("a", 9.0)]);
        scene.later(1_000);
    }
    assert_eq!(scene.rebirths(), 0, "one request a gap");
    scene.check(0, 0.0, STALE);
    scene.node_born(0, 1, vec![double("a", 9.0)]);
    scene.check(0, 9.0, GOOD);
    scene.later(3_600_000);
    assert_eq!(scene.rebirths(), 0);
}

#[test]
fn a_node_that_does_not_answer_is_asked_ever_more_rarely() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_data(3, vec![double("a", 3.0)]);
    assert_eq!(scene.rebirths(), 1);
    let mut asked = Vec::new();
    for minute in 0..60 {
        for _ in 0..60 {
            scene.node_data(3, vec![double("a", 3.0)]);
            scene.later(1_000);
        }
        asked.extend(std::iter::repeat_n(minute, scene.rebirths()));
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 25, 35, 45, 55]);
}

#[test]
fn an_alias_that_means_another_metric_after_a_rebirth_is_followed() {
    let mut scene = Scene::new(tags(&["a", "b"]));
    scene.node_born(0, 1, vec![aliased(1, double("a", 1.0)), aliased(2, double("b", 2.0))]);
    scene.node_born(0, 1, vec![aliased(2, double("a", 1.0)), aliased(1, double("b", 2.0))]);
    scene.node_data(1, vec![by_alias(1, 22.0)]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 22.0, GOOD);
}

#[test]
fn data_before_a_birth_shows_nothing_and_asks_for_it() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_data(5, vec![double("a", 1.0)]);
    assert!(scene.told.is_empty());
    assert_eq!(scene.rebirths(), 1);
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.device_data("d", 1, vec![double("b", 1.0)]);
    scene.later(30_000);
    assert_eq!(scene.rebirths(), 1, "a device's data before its birth is a reason as well");
}

#[test]
fn devices_stay_stale_until_their_own_birth() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.device_born("d", 1, vec![double("b", 2.0)]);
    scene.node_died(1);
    scene.later(1_000);
    scene.node_born(0, 2, vec![double("a", 1.0)]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 2.0, STALE);
    assert!(!scene.is_online(&["g", "n", "d"]));
    assert!(scene.fault(&["g", "n", "d"]).contains("birth of the device"));
    scene.device_born("d", 1, vec![double("b", 2.0)]);
    scene.check(1, 2.0, GOOD);
}

#[test]
fn what_is_of_the_past_goes_to_history_alone() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    let past = Metric { is_historical: Some(true), ..at(-60_000, double("a", 99.0)) };
    scene.node_data(1, vec![past]);
    scene.check(0, 1.0, GOOD);
    let (sample, reach) = scene.told[&0].last().expect("told");
    assert_eq!((sample.time, *reach), (Timestamp::from_millis(BEGIN - 60_000), Reach::History));
}

#[test]
fn what_is_not_worth_keeping_is_shown_alone() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.node_data(1, vec![Metric { is_transient: Some(true), ..double("a", 2.0) }]);
    scene.check(0, 2.0, GOOD);
    assert_eq!(scene.told[&0].last().map(|(_, reach)| *reach), Some(Reach::Live));
}

#[test]
fn a_null_is_no_value_and_never_zero() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.node_data(1, vec![Metric { is_null: Some(true), value: None, ..double("a", 0.0) }]);
    let shown = scene.shown(0);
    assert_eq!((shown.value, shown.quality), (None, Quality::BAD_NO_DATA));
}

#[test]
fn an_unknown_datatype_is_bad_and_said() {
    let mut scene = Scene::new(tags(&["a", "b"]));
    scene.node_born(0, 1, vec![Metric { datatype: Some(99), ..double("a", 1.0) }, double("b", 2.0)]);
    assert_eq!((scene.shown(0).value, scene.shown(0).quality), (None, Quality::BAD_DECODING));
    scene.check(1, 2.0, GOOD);
    assert!(scene.fault(&["g", "n"]).contains("data type"));
}

#[test]
fn the_datatype_of_the_birth_holds_whatever_data_says() {
    let mut scene = Scene::new(vec![tag(0, DataType::Int, "a")]);
    scene.node_born(0, 1, vec![metric("a", Type::Int16, wire::Value::IntValue(5))]);
    scene.node_data(1, vec![metric("a", Type::UInt32, wire::Value::IntValue(0xFFFF_FFFE))]);
    assert_eq!(scene.shown(0).value, Some(Value::Int(-2)));
}

#[test]
fn a_metric_that_the_birth_does_not_announce_is_bad_with_its_reason() {
    let mut scene = Scene::new(tags(&["a", "gone"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    assert_eq!((scene.shown(1).value, scene.shown(1).quality), (None, Quality::BAD_NO_DATA));
    let remarks = scene.host.detail().remarks;
    assert!(remarks.iter().any(|(caption, words)| caption.contains("without a metric") && words.contains("tag1")));
}

#[test]
fn an_unknown_alias_is_under_no_metric_and_asks() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    scene.node_born(0, 1, vec![aliased(1, double("a", 1.0))]);
    scene.device_born("d", 1, vec![aliased(2, double("b", 2.0))]);
    scene.device_data("d", 2, vec![by_alias(1, 99.0), by_alias(2, 3.0)]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 3.0, GOOD);
    assert_eq!(scene.rebirths(), 1);
    scene.node_data(3, vec![double("new", 1.0)]);
    scene.later(30_000);
    assert_eq!(scene.rebirths(), 1);
}

#[test]
fn an_alias_of_two_metrics_means_neither() {
    let mut scene = Scene::new(tags(&["a", "b"]));
    scene.node_born(0, 1, vec![aliased(1, double("a", 1.0)), aliased(1, double("b", 2.0))]);
    assert!(scene.fault(&["g", "n"]).contains("alias 1"));
    scene.node_data(1, vec![by_alias(1, 9.0)]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 2.0, GOOD);
    assert_eq!(scene.rebirths(), 1);
}

#[test]
fn damaged_messages_are_counted_and_ask() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.hear("spBv1.0/g/NDATA/n", b"\x12\x7Fnonsense");
    assert_eq!(scene.rebirths(), 1);
    assert!(scene.faults.iter().any(|words| words.contains("damaged")));
    scene.check(0, 1.0, GOOD);
}

#[test]
fn several_changes_in_one_message_all_arrive_in_order() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 0.0)]);
    scene.node_data(1, (1..=5i32).map(|n| at(i64::from(n) * 10 - 100, double("a", f64::from(n)))).collect());
    let values: Vec<_> = scene.told[&0][1..].iter().map(|(sample, _)| sample.value.clone()).collect();
    let expect: Vec<_> = (1..=5i32).map(|n| Some(Value::Float(f64::from(n)))).collect();
    assert_eq!(values, expect);
    assert_eq!(scene.shown(0).time.millis(), BEGIN - 50);
}

#[test]
fn a_value_that_did_not_change_for_hours_is_current_again_after_a_rebirth() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![at(-7_200_000, double("a", 1.0))]);
    assert_eq!(scene.shown(0).time.millis(), BEGIN - 7_200_000, "the metric's own time");
    scene.node_died(1);
    scene.later(5_000);
    scene.node_born(0, 2, vec![at(-7_200_000, double("a", 1.0))]);
    let shown = scene.shown(0);
    assert_eq!((shown.quality, shown.time), (GOOD, scene.now.wall), "not older than the mark");
}

#[test]
fn a_device_dies_at_the_time_it_says_but_never_before_its_last_value() {
    let mut scene = Scene::new(tags(&["d:b"]));
    scene.node_born(0, 1, vec![]);
    scene.device_born("d", 1, vec![at(30_000, double("b", 2.0))]);
    scene.later(1_000);
    scene.message_of(Timestamp::from_millis(BEGIN), "spBv1.0/g/DDEATH/n/d", Some(2), Vec::new());
    scene.check(0, 2.0, STALE);
    assert_eq!(scene.shown(0).time.millis(), BEGIN + 30_000);
}

fn with_properties(metric: Metric, properties: &[(&str, Type, property_value::Value)]) -> Metric {
    let value = |of: Type, value: &property_value::Value| PropertyValue {
        r#type: Some(of as u32),
        is_null: None,
        value: Some(value.clone()),
    };
    let set = PropertySet {
        keys: properties.iter().map(|(key, ..)| (*key).to_owned()).collect(),
        values: properties.iter().map(|(_, of, x)| value(*of, x)).collect(),
    };
    Metric { properties: Some(set), ..metric }
}

#[test]
fn quality_unit_and_range_come_from_the_properties() {
    use property_value::Value::{DoubleValue, IntValue, StringValue};
    for (code, quality) in [(0, Quality::BAD), (192, GOOD), (500, STALE), (7, Quality::UNCERTAIN)] {
        let mut scene = Scene::new(tags(&["a"]));
        let properties = [
            ("Quality", Type::Int32, IntValue(code)),
            ("engUnit", Type::String, StringValue("bar".into())),
            ("engLow", Type::Double, DoubleValue(0.0)),
            ("engHigh", Type::Double, DoubleValue(16.0)),
        ];
        scene.node_born(0, 1, vec![with_properties(double("a", 1.0), &properties)]);
        assert_eq!(scene.shown(0).quality, quality, "{code}");
        let offers =
            scene.host.browse(&model::Browse { path: "g/n".into(), ..Default::default() }).expect("there").offers;
        let offer = offers.iter().find(|offer| offer.name == "a").expect("offered");
        assert_eq!((offer.unit.as_str(), offer.range, offer.writable), ("bar", Some((0.0, 16.0)), true));
        assert_eq!(offer.address.as_ref().map(|address| address["metric"].clone()), Some("a".into()));
    }
}

fn template(name: &str, reference: Option<&str>, members: Vec<Metric>) -> Metric {
    let template = Template {
        metrics: members,
        template_ref: reference.map(str::to_owned),
        is_definition: Some(reference.is_none()),
        ..Template::default()
    };
    metric(name, Type::Template, wire::Value::TemplateValue(template))
}

#[test]
fn members_of_a_template_are_metrics_and_may_come_in_part() {
    let mut scene = Scene::new(tags(&["motor/speed", "motor/current"]));
    let definition = template("MotorType", None, vec![double("speed", 0.0), double("current", 0.0)]);
    let instance = template("motor", Some("MotorType"), vec![double("speed", 1.0), double("current", 2.0)]);
    scene.node_born(0, 1, vec![definition, instance]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 2.0, GOOD);
    assert_eq!(scene.faults, [""; 0]);
    scene.node_data(1, vec![template("motor", Some("MotorType"), vec![double("current", 3.0)])]);
    scene.check(0, 1.0, GOOD);
    scene.check(1, 3.0, GOOD);
    scene.node_born(0, 1, vec![template("motor", Some("Pump"), vec![double("speed", 1.0)])]);
    assert!(scene.fault(&["g", "n"]).contains("Pump"), "an instance of what was not announced");
}

#[test]
fn names_that_differ_by_case_only_are_said() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0), double("A", 2.0)]);
    scene.check(0, 1.0, GOOD);
    assert!(scene.fault(&["g", "n"]).contains("upper and lower case"));
    scene.message("spBv1.0/g/NBIRTH/N", Some(0), vec![double("a", 3.0)]);
    assert!(scene.fault(&["g", "N"]).contains("upper and lower case"));
    scene.check(0, 1.0, GOOD);
}

#[test]
fn a_birth_out_of_the_brokers_store_is_not_believed() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.node_died(1);
    let payload = crate::sparkplug::payload::encode(&crate::sparkplug::wire::Payload {
        seq: Some(0),
        metrics: vec![double("a", 1.0)],
        ..Default::default()
    });
    scene.step(Input::Message { topic: "spBv1.0/g/NBIRTH/n", payload: &payload, retention: Retention::Retained });
    scene.check(0, 1.0, STALE);
}

#[test]
fn a_clock_that_cannot_be_is_not_believed() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![at(7_200_000, double("a", 1.0))]);
    assert_eq!(scene.shown(0).time, scene.now.wall);
    assert!(scene.fault(&["g", "n"]).contains("clock"));
    scene.node_data(1, vec![Metric { timestamp: Some(5), ..double("a", 2.0) }]);
    assert_eq!(scene.shown(0).time, scene.now.wall);
}

#[test]
fn an_observer_publishes_nothing_whatever_happens() {
    let mut scene = Scene::with(r#"{"role":"observer"}"#, tags(&["a"]));
    scene.connect();
    scene.node_data(5, vec![double("a", 1.0)]);
    scene.hear("spBv1.0/g/NDATA/n", b"\xFF");
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.node_data(9, vec![double("a", 1.0)]);
    scene.hear("spBv1.0/STATE/andon", br#"{"online":false,"timestamp":1}"#);
    scene.later(3_600_000);
    scene.write(1, 0, Value::Float(1.0));
    scene.step(Input::Goodbye);
    assert_eq!(scene.sent, []);
    scene.check(0, 1.0, STALE);
    assert!(scene.fault(&["g", "n"]).contains("only observes"));
}

#[test]
fn births_are_not_asked_for_where_that_is_switched_off() {
    let mut scene = Scene::with(r#"{"host_id":"andon","rebirth":false}"#, tags(&["a"]));
    scene.connect();
    scene.node_data(5, vec![double("a", 1.0)]);
    scene.later(3_600_000);
    assert_eq!(scene.rebirths(), 0);
    assert!(scene.fault(&["g", "n"]).contains("switched off"));
}

#[test]
fn a_node_with_tags_that_stays_silent_is_asked_once_after_connecting() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.later(4_999);
    assert_eq!(scene.rebirths(), 0);
    scene.later(3_600_000);
    assert_eq!(scene.rebirths(), 1);
}

#[test]
fn requests_for_many_nodes_are_spread() {
    let mut scene = Scene::new(Vec::new());
    for n in 0..100 {
        scene.message(&format!("spBv1.0/g/NDATA/n{n}"), Some(1), vec![double("a", 1.0)]);
    }
    assert_eq!(scene.rebirths(), 20);
    scene.later(1_000);
    assert_eq!(scene.rebirths(), 20);
    scene.later(10_000);
    assert_eq!(scene.rebirths(), 60);
}

#[test]
fn the_state_of_other_hosts_is_shown_also_in_its_old_form() {
    let mut scene = Scene::new(Vec::new());
    scene.hear("spBv1.0/STATE/ignition", br#"{"online":true,"timestamp":5}"#);
    scene.hear("spBv1.0/STATE/old", b"OFFLINE");
    scene.hear("spBv1.0/STATE/andon", br#"{"online":true,"timestamp":5}"#);
    let remarks = scene.host.detail().remarks;
    let of = |name: &str| remarks.iter().find(|(caption, _)| caption.contains(name)).map(|(_, words)| words.clone());
    assert_eq!(of("ignition").as_deref(), Some("online"));
    assert_eq!(of("old").as_deref(), Some("offline"));
    assert!(of("andon").is_some_and(|words| words.contains("another station")));
    for n in 0..1_000 {
        scene.hear(&format!("spBv1.0/STATE/h{n}"), b"ONLINE");
    }
    assert!(scene.host.detail().remarks.len() < 100, "bounded");
}

#[test]
fn a_hostile_node_cannot_eat_memory() {
    let mut scene = Scene::new(tags(&["a"]));
    let many = |prefix: &str| (0..30_000).map(|n| double(&format!("{prefix}{n}"), 1.0)).collect::<Vec<_>>();
    scene.node_born(0, 1, many("a"));
    scene.device_born("d", 1, many("b"));
    let metrics: u32 = scene.host.detail().nodes.iter().map(|node| node.metrics).sum();
    assert_eq!(metrics, 50_000);
    scene.device_born(&"x".repeat(300), 2, Vec::new());
    scene.node_data(2, vec![double(&"y".repeat(5_000), 1.0)]);
    for n in 0..6_000 {
        scene.message(&format!("spBv1.0/h/NDATA/n{n}"), Some(1), Vec::new());
    }
    scene.node_data(3, vec![double("a1", 2.0)]);
    assert!(scene.is_online(&["g", "n"]), "a node that is there is never pushed out");
}

#[test]
fn a_lost_connection_forgets_nobody_and_believes_nobody() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![aliased(1, double("a", 1.0))]);
    scene.step(Input::Lost);
    assert!(!scene.is_online(&["g", "n"]));
    scene.later(1_000);
    scene.connect();
    scene.node_data(1, vec![by_alias(1, 5.0)]);
    scene.check(0, 1.0, GOOD);
    assert_eq!(scene.rebirths(), 1, "what it missed meanwhile nobody knows");
    scene.later(100);
    scene.node_born(0, 1, vec![at(0, double("a", 5.0))]);
    assert_eq!(scene.shown(0).time, scene.now.wall, "newer than the mark of the lost connection");
    assert_eq!(state_message("andon", Presence::Online, scene.now.wall).topic, "spBv1.0/STATE/andon");
}
