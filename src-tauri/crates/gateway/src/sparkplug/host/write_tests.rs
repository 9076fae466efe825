//! Values on their way to a node, and what becomes of them.

use model::{DataType, Point, Scaling, TagIndex, Value, Write, WritePolicy, Written};

use super::scene::{Scene, aliased, double, metric, tag, tags};
use super::{Input, Style};
use crate::sparkplug::value::Type;
use crate::sparkplug::wire::payload::{Metric, metric as wire};

fn refused(scene: &Scene, id: u64) -> String {
    match scene.answers.iter().find(|(answered, _)| *answered == id) {
        Some((_, Written::Refused(words))) => words.clone(),
        other => panic!("write {id} is not refused: {other:?}"),
    }
}

#[test]
fn a_command_is_done_once_the_node_shows_the_value() {
    let mut scene = Scene::new(tags(&["d:b"]));
    scene.node_born(0, 1, vec![]);
    scene.device_born("d", 1, vec![aliased(3, double("b", 1.0))]);
    scene.write(7, 0, Value::Float(4.5));
    assert_eq!(scene.answers, []);
    scene.device_data(
        "d",
        2,
        vec![Metric { alias: Some(3), value: Some(wire::Value::DoubleValue(4.4)), ..Metric::default() }],
    );
    assert_eq!(scene.answers, []);
    scene.device_data(
        "d",
        3,
        vec![Metric { alias: Some(3), value: Some(wire::Value::DoubleValue(4.5)), ..Metric::default() }],
    );
    assert_eq!(scene.answers, [(7, Written::Done)]);
    scene.later(60_000);
    assert_eq!(scene.answers.len(), 1);
}

#[test]
fn a_command_that_the_node_does_not_show_is_not_confirmed() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.write(7, 0, Value::Float(4.5));
    scene.later(2_999);
    assert_eq!(scene.answers, []);
    scene.later(1);
    assert!(matches!(&scene.answers[..], [(7, Written::NotConfirmed(words))] if words.contains("shows 1")));
}

#[test]
fn a_value_that_the_node_has_already_is_done() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.write(7, 0, Value::Float(1.0));
    scene.later(3_000);
    assert_eq!(scene.answers, [(7, Written::Done)]);
}

#[test]
fn nobody_knows_what_became_of_a_command_when_the_node_dies() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.write(7, 0, Value::Float(4.5));
    scene.node_died(1);
    assert!(matches!(&scene.answers[..], [(7, Written::Unknown(words))] if words.contains("offline")));
}

#[test]
fn what_must_not_be_written_is_refused_in_words_and_never_sent() {
    let read_only = Point { write: None, ..tag(1, DataType::Float, "a") };
    let bounded =
        Point { write: Some(WritePolicy { low: Some(0.0), high: Some(10.0) }), ..tag(2, DataType::Float, "a") };
    let control = tag(3, DataType::Bool, "Node Control/Reboot");
    let points = vec![
        tag(0, DataType::Float, "unknown"),
        read_only,
        bounded,
        control,
        tag(4, DataType::Int, "small"),
        tag(5, DataType::Float, "d:b"),
    ];
    let mut scene = Scene::with(r#"{"host_id":"andon"}"#, points);
    scene.write(0, 2, Value::Float(1.0));
    assert!(refused(&scene, 0).contains("not connected"));
    scene.connect();
    let sent = scene.sent.len();
    scene.write(1, 2, Value::Float(1.0));
    assert!(refused(&scene, 1).contains("not online"));
    let reboot = metric("Node Control/Reboot", Type::Boolean, wire::Value::BooleanValue(false));
    let small = metric("small", Type::Int8, wire::Value::IntValue(1));
    scene.node_born(0, 1, vec![double("a", 1.0), reboot, small]);
    for (id, index, value, words) in [
        (2, 0, Value::Float(1.0), "did not announce"),
        (3, 1, Value::Float(1.0), "read only"),
        (4, 2, Value::Float(11.0), "above"),
        (5, 3, Value::Bool(true), "control = true"),
        (6, 4, Value::Int(200), "range"),
        (7, 2, Value::text("x"), "type"),
        (8, 5, Value::Float(1.0), "not online"),
    ] {
        scene.write(id, index, value);
        assert!(refused(&scene, id).contains(words), "{words}: {}", refused(&scene, id));
    }
    let late = Write { tag: TagIndex(2), value: Value::Float(1.0), expires: scene.now.uptime };
    scene.step(Input::Write { id: 9, write: &late });
    assert!(refused(&scene, 9).contains("too late"));
    assert_eq!(scene.sent.len(), sent, "nothing was sent");
    scene.write(10, 2, Value::Float(5.0));
    scene.write(11, 2, Value::Float(6.0));
    assert!(refused(&scene, 11).contains("under way"));
}

#[test]
fn a_control_metric_is_written_where_the_tag_says_so() {
    let mut point = tag(0, DataType::Bool, "Node Control/Reboot");
    point.address.insert("control".into(), true.into());
    let mut scene = Scene::new(vec![point]);
    scene.node_born(0, 1, vec![metric("Node Control/Reboot", Type::Boolean, wire::Value::BooleanValue(false))]);
    scene.write(1, 0, Value::Bool(true));
    let (_, payload) = scene.last_sent();
    assert_eq!(payload.metrics[0].value, Some(wire::Value::BooleanValue(true)));
}

#[test]
fn scaling_is_undone_and_the_devices_own_type_is_met() {
    let mut point = tag(0, DataType::Float, "t");
    point.scaling = Some(Scaling { factor: 0.1, offset: -40.0 });
    let mut scene = Scene::new(vec![point]);
    scene.node_born(0, 1, vec![metric("t", Type::Int16, wire::Value::IntValue(500))]);
    scene.write(1, 0, Value::Float(21.5));
    let (_, payload) = scene.last_sent();
    assert_eq!(payload.metrics[0].value, Some(wire::Value::IntValue(615)));
    scene.node_data(1, vec![metric("t", Type::Int16, wire::Value::IntValue(615))]);
    assert_eq!(scene.answers, [(1, Written::Done)]);
}

#[test]
fn a_lost_connection_confirms_nothing() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.write(7, 0, Value::Float(4.5));
    assert!(matches!(scene.sent.last(), Some(publish) if publish.style == Style::Command(Some(7))));
    scene.step(Input::Lost);
    scene.connect();
    scene.node_born(0, 1, vec![double("a", 4.5)]);
    scene.later(10_000);
    assert_eq!(scene.answers, [], "the link itself has answered that nobody knows");
    assert!(scene.sent.iter().filter(|publish| publish.style == Style::Command(Some(7))).count() == 1, "never again");
}

#[test]
fn commands_carry_the_data_type_for_nodes_that_need_it() {
    let mut scene = Scene::with(r#"{"host_id":"andon","command_types":true}"#, tags(&["a"]));
    scene.connect();
    scene.node_data(1, vec![double("a", 1.0)]);
    assert_eq!(scene.last_sent().1.metrics[0].datatype, Some(Type::Boolean as u32));
    scene.node_born(0, 1, vec![double("a", 1.0)]);
    scene.write(7, 0, Value::Float(4.5));
    assert_eq!(scene.last_sent().1.metrics[0].datatype, Some(Type::Double as u32));
}

#[test]
fn a_node_that_does_not_answer_is_said_what_may_help() {
    let mut scene = Scene::new(tags(&["a"]));
    scene.node_data(1, vec![double("a", 1.0)]);
    assert!(!scene.fault(&["g", "n"]).contains("command_types"));
    scene.later(30_000);
    assert!(scene.fault(&["g", "n"]).contains("command_types"));
}
