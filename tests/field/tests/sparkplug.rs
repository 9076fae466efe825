//! The Sparkplug host with an edge node that others wrote, and a real broker between them.

use std::time::Duration;

use field::broker::Mosquitto;
use field::edge::EdgeNode;
use field::link::{Link, point};
use model::{Browse, DataType, LinkState, Point, Quality, TagIndex, Uptime, Value, Write, WritePolicy, Written};
use serde_json::Value as Json;
use tokio::time::Instant;

/// The node's library takes a command without a data type for one without a value.
const HOST: &str = r#""host_id":"andon","command_types":true"#;
const SPEED: usize = 1;

fn points() -> Vec<Point> {
    let metric = |device: &str, name: &str| format!(r#"{{"group":"g","node":"n"{device},"metric":"{name}"}}"#);
    let device = r#","device":"d""#;
    let mut points = vec![
        point(0, DataType::Float, &metric("", "temperature")),
        point(1, DataType::Float, &metric(device, "Outputs/speed")),
        point(2, DataType::Int, &metric(device, "Outputs/count")),
        point(3, DataType::Bool, &metric(device, "Outputs/running")),
        point(4, DataType::Float, &metric(device, "Inputs/setpoint")),
        point(5, DataType::Float, &metric(device, "Outputs/missing")),
    ];
    points[4].write = Some(WritePolicy { low: Some(0.0), high: Some(100.0) });
    points
}

fn shows(link: &Link, index: usize, value: Value) -> bool {
    link.quality(index) == Some(Quality::GOOD) && link.value(index) == Some(value)
}

async fn born(link: &mut Link) {
    link.until("all values of the births", |link| {
        shows(link, 0, Value::Float(21.5))
            && shows(link, SPEED, Value::Float(10.5))
            && shows(link, 2, Value::Int(7))
            && shows(link, 3, Value::Bool(true))
            && shows(link, 4, Value::Float(50.0))
            && link.quality(5) == Some(Quality::BAD_NO_DATA)
    })
    .await;
}

async fn until(node: &EdgeNode, what: &str, done: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let seen = node.tell("look").await;
        if done(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited for: {what}; the node has seen {seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_node_waits_for_its_primary_host_and_sees_it_go() {
    let broker = Mosquitto::start().await;
    let node = EdgeNode::start(broker.port, "andon").await;
    assert_eq!(node.tell("look").await["births"], 0, "nobody is there yet");
    let mut link = Link::open("sparkplug", broker.port, HOST, points());
    born(&mut link).await;
    node.tell("data").await;
    link.until("data", |link| shows(link, SPEED, Value::Float(11.5))).await;
    until(&node, "the host", |seen| seen["host"] == "online").await;
    link.link.close().await;
    until(&node, "the host's death", |seen| seen["host"] == "offline").await;
}

#[tokio::test]
async fn a_killed_node_is_stale_within_two_seconds_and_comes_back() {
    let broker = Mosquitto::start().await;
    let mut node = EdgeNode::start(broker.port, "andon").await;
    let mut link = Link::open("sparkplug", broker.port, HOST, points());
    for _ in 0..3 {
        born(&mut link).await;
        let killed = Instant::now();
        node.kill();
        link.until("stale", |link| (0..5).all(|index| link.quality(index) == Some(Quality::STALE))).await;
        assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
        assert_eq!(link.value(SPEED), Some(Value::Float(10.5)), "the last value stays");
        assert!(link.is(LinkState::Up), "the broker is there");
        node.restart().await;
    }
    born(&mut link).await;
    node.tell("device_death").await;
    link.until("the device stale", |link| link.quality(SPEED) == Some(Quality::STALE)).await;
    assert_eq!(link.quality(0), Some(Quality::GOOD), "the node is there");
}

#[tokio::test]
async fn a_missing_message_is_found_and_the_node_is_born_again() {
    let broker = Mosquitto::start().await;
    let node = EdgeNode::start(broker.port, "andon").await;
    let mut link = Link::open("sparkplug", broker.port, &format!(r#"{HOST},"reorder_ms":300"#), points());
    born(&mut link).await;
    node.tell("gap").await;
    link.until("stale", |link| link.quality(SPEED) == Some(Quality::STALE)).await;
    link.until("good again", |link| shows(link, SPEED, Value::Float(11.5))).await;
    let seen = node.tell("look").await;
    assert_eq!((&seen["rebirths"], &seen["births"]), (&Json::from(1), &Json::from(2)));
    link.until("the figures", |link| {
        link.link.detail().nodes.first().is_some_and(|node| (node.gaps, node.rebirths, node.online) == (1, 1, true))
    })
    .await;
}

#[tokio::test]
async fn a_command_is_confirmed_by_the_node_and_refused_by_this_station() {
    let broker = Mosquitto::start().await;
    let node = EdgeNode::start(broker.port, "andon").await;
    let mut link = Link::open("sparkplug", broker.port, HOST, points());
    born(&mut link).await;
    let handle = link.link.handle();
    let write = |tag, value| Write { tag: TagIndex(tag), value, expires: Uptime::from_millis(3_600_000) };
    let sent = Instant::now();
    let written = handle.write(write(4, Value::Float(62.5))).await;
    assert_eq!(written, Written::Done, "after {:?}", sent.elapsed());
    link.until("the new setpoint", |link| shows(link, 4, Value::Float(62.5))).await;
    assert!(matches!(handle.write(write(4, Value::Float(101.0))).await, Written::Refused(_)));
    assert!(matches!(handle.write(write(1, Value::Float(1.0))).await, Written::Refused(_)));
    let late = Write { expires: Uptime::default(), ..write(4, Value::Float(1.0)) };
    assert!(matches!(handle.write(late).await, Written::Refused(_)));
    let seen = node.tell("look").await;
    assert_eq!(seen["commands"].as_array().map(Vec::len), Some(1), "{seen}");
}

#[tokio::test]
async fn what_a_node_offers_can_be_looked_through() {
    let broker = Mosquitto::start().await;
    let _node = EdgeNode::start(broker.port, "andon").await;
    let mut link = Link::open("sparkplug", broker.port, HOST, points());
    born(&mut link).await;
    let handle = link.link.handle();
    let look = async |path: &str| {
        let browse = Browse { path: path.into(), ..Browse::default() };
        let offers = handle.browse(browse).await.expect("an answer").offers;
        offers.into_iter().map(|offer| (offer.name.clone(), offer)).collect::<std::collections::BTreeMap<_, _>>()
    };
    assert!(look("").await["g"].has_more);
    assert!(look("g").await["n"].has_more);
    let of_node = look("g/n").await;
    assert_eq!((of_node["temperature"].unit.as_str(), of_node["d"].has_more), ("°C", true));
    let of_device = look("g/n/d").await;
    let outputs = look(&of_device["Outputs"].path).await;
    let speed = &outputs["speed"];
    assert_eq!((speed.sample.as_deref(), speed.data_type), (Some("10.5"), Some(DataType::Float)));
    let address = speed.address.clone().expect("a value");
    assert_eq!(address, points()[SPEED].address);
}

#[tokio::test]
async fn an_observer_reads_along_and_is_never_seen() {
    let broker = Mosquitto::start().await;
    let mut observer = Link::open("sparkplug", broker.port, r#""role":"observer""#, points());
    observer.until_up().await;
    let node = EdgeNode::start(broker.port, "andon").await;
    let mut host = Link::open("sparkplug", broker.port, HOST, points());
    born(&mut host).await;
    born(&mut observer).await;
    node.tell("gap").await;
    observer.until("stale", |link| link.quality(SPEED) == Some(Quality::STALE)).await;
    observer.until("good again", |link| shows(link, SPEED, Value::Float(11.5))).await;
    assert_eq!(node.tell("look").await["rebirths"], 1, "the host asked, the observer did not");
}

#[tokio::test]
async fn a_restarted_broker_brings_everything_back() {
    let mut broker = Mosquitto::start().await;
    let _node = EdgeNode::start(broker.port, "andon").await;
    let mut link = Link::open("sparkplug", broker.port, HOST, points());
    born(&mut link).await;
    broker.kill();
    link.until_down().await;
    let seen = link.samples.len();
    broker.restart().await;
    link.until_up().await;
    link.until("new values", |link| {
        link.samples[seen..].iter().any(|(tag, sample)| tag.slot() == SPEED && sample.quality.is_good())
    })
    .await;
}
