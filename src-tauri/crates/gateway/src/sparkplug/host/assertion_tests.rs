//! What the specification demands of a host application, one test an assertion, named by its id. Those about the session
//! with the broker are in `tests/sparkplug_session.rs`; `docs/sparkplug.md` lists them all.

use model::{Quality, Timestamp, Value};

use super::scene::{BEGIN, Scene, aliased, by_alias, double, metric, tags};
use super::{Publish, Style};
use crate::sparkplug::payload;
use crate::sparkplug::value::Type;
use crate::sparkplug::wire::Payload;
use crate::sparkplug::wire::payload::{Metric, metric as wire};

macro_rules! assertions {
    ($($check:ident: $($id:ident),+;)*) => {
        $($(#[test] fn $id() { $check(); })+)*
    };
}

assertions! {
    a_second_host_of_the_same_id_is_told:
        tck_id_operational_behavior_host_application_host_id;
    each_broker_gets_a_birth_of_its_own:
        tck_id_operational_behavior_primary_application_state_with_multiple_servers_state_subs;
    a_dead_node_is_offline_at_this_stations_time:
        tck_id_operational_behavior_edge_node_termination_host_action_ndeath_node_offline,
        tck_id_operational_behavior_edge_node_termination_host_action_ndeath_devices_offline;
    the_metrics_of_a_dead_node_are_stale_at_this_stations_time:
        tck_id_operational_behavior_edge_node_termination_host_action_ndeath_node_tags_stale,
        tck_id_operational_behavior_edge_node_termination_host_action_ndeath_devices_tags_stale;
    a_dead_device_is_offline_at_the_time_it_says:
        tck_id_operational_behavior_edge_node_termination_host_action_ddeath_devices_offline,
        tck_id_operational_behavior_edge_node_termination_host_action_ddeath_devices_tags_stale;
    a_message_out_of_order_starts_the_wait:
        tck_id_operational_behavior_host_reordering_start;
    a_message_that_stays_away_leads_to_a_rebirth:
        tck_id_operational_behavior_host_reordering_rebirth;
    a_message_that_comes_in_time_ends_the_wait:
        tck_id_operational_behavior_host_reordering_success;
    a_rebirth_is_asked_for_as_it_is_to_be:
        tck_id_operational_behavior_data_commands_ncmd_rebirth_verb,
        tck_id_operational_behavior_data_commands_ncmd_rebirth_name,
        tck_id_operational_behavior_data_commands_ncmd_rebirth_value;
    a_node_is_commanded_on_its_topic:
        tck_id_operational_behavior_data_commands_ncmd_verb,
        tck_id_topics_ncmd_topic;
    a_device_is_commanded_on_its_topic:
        tck_id_operational_behavior_data_commands_dcmd_verb,
        tck_id_topics_dcmd_topic;
    only_what_was_announced_is_commanded:
        tck_id_operational_behavior_data_commands_ncmd_metric_name,
        tck_id_operational_behavior_data_commands_dcmd_metric_name;
    only_what_fits_the_metric_is_commanded:
        tck_id_operational_behavior_data_commands_ncmd_metric_value,
        tck_id_operational_behavior_data_commands_dcmd_metric_value;
    a_command_contains_what_is_to_be_written:
        tck_id_topics_ncmd_payload,
        tck_id_topics_dcmd_payload;
    a_command_says_when_it_was_sent:
        tck_id_topics_ncmd_timestamp,
        tck_id_topics_dcmd_timestamp,
        tck_id_payloads_ncmd_timestamp,
        tck_id_payloads_dcmd_timestamp,
        tck_id_payloads_name_cmd_requirement,
        tck_id_payloads_timestamp_in_utc,
        tck_id_payloads_metric_timestamp_in_utc;
    a_command_has_no_sequence_number:
        tck_id_payloads_ncmd_seq,
        tck_id_payloads_dcmd_seq;
    a_command_is_sent_once_and_not_kept:
        tck_id_payloads_ncmd_qos,
        tck_id_payloads_ncmd_retain,
        tck_id_payloads_dcmd_qos,
        tck_id_payloads_dcmd_retain,
        tck_id_topics_dcmd_mqtt;
    a_command_carries_the_alias_alone_where_there_is_one:
        tck_id_payloads_alias_data_cmd_requirement;
    a_command_carries_no_data_type:
        tck_id_payloads_metric_datatype_not_req;
}

/// A node with a metric `a`, a device `d` with a metric `b`.
fn plant() -> Scene {
    let mut scene = Scene::new(tags(&["a", "d:b", "gone", "d:gone"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.device_born("d", 1, vec![double("b", 2.0)]);
    scene.later(1_000);
    scene
}

fn since(scene: &Scene, path: &[&str]) -> Timestamp {
    scene.host.detail().nodes.iter().find(|node| node.path == path).expect("known").since
}

fn a_second_host_of_the_same_id_is_told() {
    let mut scene = plant();
    scene.hear("spBv1.0/STATE/andon", format!(r#"{{"online":true,"timestamp":{BEGIN}}}"#).as_bytes());
    assert!(scene.faults.is_empty(), "its own birth comes back from the broker");
    scene.hear("spBv1.0/STATE/andon", br#"{"online":true,"timestamp":5}"#);
    assert!(scene.faults.iter().any(|words| words.contains("another station")));
}

fn each_broker_gets_a_birth_of_its_own() {
    // A gateway a broker: each has its own state, and its own time.
    for later in [0, 7_000] {
        let mut scene = Scene::with(r#"{"host_id":"andon"}"#, Vec::new());
        scene.later(later);
        scene.connect();
        let birth = scene.sent.first().expect("a birth");
        let time = BEGIN + i64::try_from(later).expect("small");
        assert_eq!((birth.topic.as_str(), birth.style), ("spBv1.0/STATE/andon", Style::State));
        assert_eq!(birth.payload, format!(r#"{{"online":true,"timestamp":{time}}}"#).into_bytes());
    }
}

fn a_dead_node_is_offline_at_this_stations_time() {
    let mut scene = plant();
    // Its own time says nothing: the broker may have kept the death since the node connected.
    scene.message_of(
        Timestamp::from_millis(BEGIN - 86_400_000),
        "spBv1.0/g/NDEATH/n",
        None,
        vec![super::scene::bd_seq(1)],
    );
    for path in [&["g", "n"][..], &["g", "n", "d"]] {
        assert!(!scene.is_online(path));
        assert_eq!(since(&scene, path), scene.now.wall);
    }
}

fn the_metrics_of_a_dead_node_are_stale_at_this_stations_time() {
    let mut scene = plant();
    scene.message_of(
        Timestamp::from_millis(BEGIN - 86_400_000),
        "spBv1.0/g/NDEATH/n",
        None,
        vec![super::scene::bd_seq(1)],
    );
    scene.check(0, 1.0, Quality::STALE);
    scene.check(1, 2.0, Quality::STALE);
    assert_eq!((scene.shown(0).time, scene.shown(1).time), (scene.now.wall, scene.now.wall));
}

fn a_dead_device_is_offline_at_the_time_it_says() {
    let mut scene = plant();
    let says = Timestamp::from_millis(BEGIN + 400);
    scene.message_of(says, "spBv1.0/g/DDEATH/n/d", Some(2), Vec::new());
    assert!(!scene.is_online(&["g", "n", "d"]) && scene.is_online(&["g", "n"]));
    assert_eq!(since(&scene, &["g", "n", "d"]), says);
    scene.check(1, 2.0, Quality::STALE);
    assert_eq!(scene.shown(1).time, says);
    scene.check(0, 1.0, Quality::GOOD);
}

fn a_message_out_of_order_starts_the_wait() {
    let mut scene = plant();
    assert_eq!(
        scene.host.deadline(scene.now.uptime).map(|at| at.since(scene.now.uptime).as_millis()),
        Some(4_000),
        "the greeting"
    );
    scene.node_data(3, vec![double("a", 9.0)]);
    assert_eq!(scene.host.deadline(scene.now.uptime).map(|at| at.since(scene.now.uptime).as_millis()), Some(2_000));
    scene.check(0, 1.0, Quality::GOOD);
}

fn a_message_that_stays_away_leads_to_a_rebirth() {
    let mut scene = plant();
    scene.node_data(3, vec![double("a", 9.0)]);
    scene.later(1_999);
    assert_eq!(scene.rebirths(), 0);
    scene.later(1);
    assert_eq!(scene.rebirths(), 1);
}

fn a_message_that_comes_in_time_ends_the_wait() {
    let mut scene = plant();
    scene.node_data(3, vec![double("a", 9.0)]);
    scene.node_data(2, vec![double("a", 8.0)]);
    scene.check(0, 9.0, Quality::GOOD);
    scene.later(60_000);
    assert_eq!(scene.rebirths(), 0);
}

fn a_rebirth_is_asked_for_as_it_is_to_be() {
    let mut scene = plant();
    scene.node_data(2, vec![double("new", 9.0)]);
    let (publish, payload) = scene.last_sent();
    assert_eq!(publish.topic, "spBv1.0/g/NCMD/n");
    let [metric] = &payload.metrics[..] else { panic!("one metric: {payload:?}") };
    assert_eq!(metric.name.as_deref(), Some("Node Control/Rebirth"));
    assert_eq!((metric.alias, &metric.value), (None, &Some(wire::Value::BooleanValue(true))));
    assert_eq!((payload.seq, payload.timestamp), (None, u64::try_from(scene.now.wall.millis()).ok()));
}

/// What is sent to the node, and what to the device.
fn commands(scene: &mut Scene) -> [(Publish, Payload); 2] {
    [(1, 0), (2, 1)].map(|(id, index)| {
        scene.write(id, index, Value::Float(5.5));
        let (publish, payload) = scene.last_sent();
        (publish.clone(), payload)
    })
}

fn a_node_is_commanded_on_its_topic() {
    let [(publish, _), _] = commands(&mut plant());
    assert_eq!(publish.topic, "spBv1.0/g/NCMD/n");
}

fn a_device_is_commanded_on_its_topic() {
    let [_, (publish, _)] = commands(&mut plant());
    assert_eq!(publish.topic, "spBv1.0/g/DCMD/n/d");
}

fn only_what_was_announced_is_commanded() {
    let mut scene = plant();
    let sent = scene.sent.len();
    scene.write(1, 2, Value::Float(1.0));
    scene.write(2, 3, Value::Float(1.0));
    assert_eq!((scene.sent.len(), scene.answers.len()), (sent, 2));
}

fn only_what_fits_the_metric_is_commanded() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    let small = |name: &str| metric(name, Type::UInt8, wire::Value::IntValue(1));
    scene.node_born(0, 1, vec![small("a")]);
    scene.device_born("d", 1, vec![small("b")]);
    let sent = scene.sent.len();
    for (id, index) in [(1, 0), (2, 1)] {
        scene.write(id, index, Value::Float(256.0));
        scene.write(id + 10, index, Value::Float(1.5));
    }
    assert_eq!((scene.sent.len(), scene.answers.len()), (sent, 4));
    scene.write(3, 0, Value::Float(255.0));
    let (_, payload) = scene.last_sent();
    assert_eq!(payload.metrics[0].value, Some(wire::Value::IntValue(255)));
}

fn a_command_contains_what_is_to_be_written() {
    for ((_, payload), name) in commands(&mut plant()).into_iter().zip(["a", "b"]) {
        let [metric] = &payload.metrics[..] else { panic!("one metric: {payload:?}") };
        assert_eq!(metric.name.as_deref(), Some(name));
        assert_eq!(metric.value, Some(wire::Value::DoubleValue(5.5)));
    }
}

fn a_command_says_when_it_was_sent() {
    let mut scene = plant();
    let now = u64::try_from(scene.now.wall.millis()).ok();
    for (_, payload) in commands(&mut scene) {
        assert_eq!((payload.timestamp, payload.metrics[0].timestamp), (now, now), "milliseconds since 1970, UTC");
    }
}

fn a_command_has_no_sequence_number() {
    for (_, payload) in commands(&mut plant()) {
        assert_eq!(payload.seq, None);
    }
}

fn a_command_is_sent_once_and_not_kept() {
    // `session` sends this style with QoS 0 and without retaining, which its own tests hold.
    for ((publish, _), id) in commands(&mut plant()).into_iter().zip([1, 2]) {
        assert_eq!(publish.style, Style::Command(Some(id)));
    }
}

fn a_command_carries_the_alias_alone_where_there_is_one() {
    let mut scene = Scene::new(tags(&["a", "d:b"]));
    scene.node_born(0, 1, vec![aliased(7, double("a", 1.0))]);
    scene.device_born("d", 1, vec![aliased(8, double("b", 2.0))]);
    for ((_, payload), alias) in commands(&mut scene).into_iter().zip([7, 8]) {
        assert_eq!((payload.metrics[0].alias, &payload.metrics[0].name), (Some(alias), &None));
    }
    // And what comes with an alias alone is understood.
    scene.node_data(2, vec![by_alias(7, 3.0)]);
    scene.check(0, 3.0, Quality::GOOD);
}

fn a_command_carries_no_data_type() {
    for (publish, payload) in commands(&mut plant()) {
        assert_eq!(payload.metrics[0].datatype, None);
        assert_eq!(payload::decode(&publish.payload), Ok(payload));
    }
    // And data without one is understood.
    let mut scene = plant();
    scene.node_data(2, vec![Metric { datatype: None, ..double("a", 4.0) }]);
    scene.check(0, 4.0, Quality::GOOD);
}
