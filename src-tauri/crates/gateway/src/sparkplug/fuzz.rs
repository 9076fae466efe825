//! What edge nodes and other hosts send, and what a plant file says of them, as whatever bytes.

use std::time::Duration;

use model::{DataType, Now, Point, Settings, TagIndex, Timestamp, Uptime};

use super::address::{Address, Rules};
use super::host::{Effects, Host, Input, Retention};
use super::payload;
use crate::form::Form;
use crate::fuzz::{assert_finite, assert_said, document, point};

/// The topics whose messages a run is made of.
const TOPICS: [&str; 12] = [
    "spBv1.0/g/NBIRTH/n",
    "spBv1.0/g/NDATA/n",
    "spBv1.0/g/NDEATH/n",
    "spBv1.0/g/DBIRTH/n/d",
    "spBv1.0/g/DDATA/n/d",
    "spBv1.0/g/DDEATH/n/d",
    "spBv1.0/STATE/andon",
    "spBv1.0/STATE/other",
    "spBv1.0/g/NCMD/n",
    "spBv1.0/g/DDATA/n/e",
    "spBv1.0/g/NDATA/m",
    "STATE/andon",
];

/// A payload from bytes, and back.
pub fn sparkplug_payload(data: &[u8]) {
    match payload::decode(data) {
        Ok(decoded) => {
            let bytes = payload::encode(&decoded);
            let again = payload::decode(&bytes).expect("what was encoded can be decoded");
            assert_eq!(payload::encode(&again), bytes, "the same bytes again");
        }
        Err(words) => assert!(!words.is_empty() && words.len() < 1_024, "refused in a few words: {words}"),
    }
}

/// A plant file's document, as a host's rules and as a tag's address.
pub fn sparkplug_address(data: &[u8]) {
    let Some(settings) = document(data) else { return };
    let mut form = Form::new(&settings);
    let rules = Rules::read(&mut form);
    if let Err(rejections) = form.finish(rules) {
        assert_said(&rejections);
    }
    match Address::read(&point(settings.clone(), DataType::Float)) {
        Ok(Address { group, node, metric, .. }) => assert!(!(group.is_empty() || node.is_empty() || metric.is_empty())),
        Err(rejections) => assert_said(&rejections),
    }
}

/// A host with tags of a node and a device, and messages to it: each is a byte for the topic and what happens besides, a
/// byte for how long after the one before, two bytes for its length, and its payload.
pub fn sparkplug_host(mut data: &[u8]) {
    let mut host = host();
    let mut now = Now { wall: Timestamp::from_millis(1_700_000_000_000), uptime: Uptime::from_millis(1_000) };
    check(&host.step(now, Input::Connected { will: now.wall }));
    while let [what, after, high, low, rest @ ..] = data {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes([*high, *low]))));
        data = rest;
        let after_ms = i64::from(*after) * 100;
        now.wall = Timestamp::from_millis(now.wall.millis() + after_ms);
        now.uptime = now.uptime + Duration::from_millis(after_ms.unsigned_abs());
        let topic = TOPICS[usize::from(what & 0x0F) % TOPICS.len()];
        let retention = if what & 0x10 == 0 { Retention::Live } else { Retention::Retained };
        check(&host.step(now, Input::Message { topic, payload, retention }));
        if what & 0x20 != 0 {
            check(&host.step(now, Input::Tick));
        }
        if what & 0x40 != 0 {
            check(&host.step(now, Input::Lost));
            check(&host.step(now, Input::Connected { will: now.wall }));
        }
        assert!(host.deadline(now.uptime).is_none_or(|deadline| deadline >= now.uptime), "a deadline in the past");
    }
    check(&host.step(now, Input::Goodbye));
}

fn host() -> Host {
    let document = |text: &str| -> Settings { serde_json::from_str(text).expect("a document") };
    let settings = document(r#"{"host_id":"andon","reorder_ms":500}"#);
    let mut form = Form::new(&settings);
    let rules = Rules::read(&mut form);
    let rules = form.finish(rules).expect("rules of a host");
    let addresses = [
        (r#"{"group":"g","node":"n","metric":"a"}"#, DataType::Float),
        (r#"{"group":"g","node":"n","metric":"bdSeq"}"#, DataType::Int),
        (r#"{"group":"g","node":"n","device":"d","metric":"a"}"#, DataType::Int),
        (r#"{"group":"g","node":"n","device":"d","metric":"b"}"#, DataType::Text),
        (r#"{"group":"g","node":"n","device":"d","metric":"c"}"#, DataType::Bool),
    ];
    let points = (0..).zip(addresses);
    let points = points.map(|(n, (address, of))| Point { tag: TagIndex(n), ..point(document(address), of) });
    let (host, unusable) = Host::new(rules, points.collect());
    assert!(unusable.is_empty(), "{unusable:?}");
    host
}

fn check(effects: &Effects) {
    for update in &effects.updates {
        assert_finite(update.sample.value.as_ref());
        let is_empty = update.sample.value.is_none();
        assert!(!(is_empty && update.sample.quality.is_good()), "good, without a value: {update:?}");
    }
    for publish in &effects.publish {
        assert!(publish.topic.starts_with("spBv1.0/"), "{}", publish.topic);
        let word = publish.topic.split('/').nth(2).unwrap_or_default();
        let is_own = publish.topic == "spBv1.0/STATE/andon";
        assert!(is_own || matches!(word, "NCMD" | "DCMD"), "a host publishes nothing else: {}", publish.topic);
    }
    assert!(effects.faults.iter().all(|(_, words)| !words.is_empty() && words.len() < 4_096), "{:?}", effects.faults);
}
