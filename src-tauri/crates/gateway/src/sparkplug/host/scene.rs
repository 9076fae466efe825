//! A stage for the host's tests: an edge node that is played by hand, a clock that is turned by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{
    DataType, Now, Point, Quality, Reach, Sample, Settings, TagIndex, Timestamp, Uptime, Value, Write, WritePolicy,
    Written,
};

use super::{Host, Input, Publish, Retention, Style};
use crate::form::Form;
use crate::sparkplug::address::Rules;
use crate::sparkplug::payload;
use crate::sparkplug::value::Type;
use crate::sparkplug::wire::Payload;
use crate::sparkplug::wire::payload::{Metric, metric};

/// When the stories begin, by the wall clock.
pub(super) const BEGIN: i64 = 1_700_000_000_000;

pub(super) struct Scene {
    pub(super) host: Host,
    pub(super) now: Now,
    /// Everything every tag was told.
    pub(super) told: BTreeMap<u32, Vec<(Sample, Reach)>>,
    pub(super) sent: Vec<Publish>,
    pub(super) faults: Vec<String>,
    pub(super) answers: Vec<(u64, Written)>,
}

/// A tag of the node `g/n`, by its metric, or by `device:metric`.
pub(super) fn tag(index: u32, data_type: DataType, metric: &str) -> Point {
    let (device, metric) = metric.split_once(':').map_or((None, metric), |(device, metric)| (Some(device), metric));
    let mut address: Settings = serde_json::from_str(r#"{"group":"g","node":"n"}"#).expect("a document");
    address.insert("metric".into(), metric.into());
    if let Some(device) = device {
        address.insert("device".into(), device.into());
    }
    let write = Some(WritePolicy::default());
    Point { tag: TagIndex(index), id: format!("tag{index}"), data_type, scaling: None, address, write }
}

/// Tags of numbers.
pub(super) fn tags(metrics: &[&str]) -> Vec<Point> {
    (0..).zip(metrics).map(|(index, metric)| tag(index, DataType::Float, metric)).collect()
}

pub(super) fn metric(name: &str, of: Type, value: metric::Value) -> Metric {
    Metric { name: Some(name.into()), datatype: Some(of as u32), value: Some(value), ..Metric::default() }
}

pub(super) fn double(name: &str, x: f64) -> Metric {
    metric(name, Type::Double, metric::Value::DoubleValue(x))
}

pub(super) fn aliased(alias: u64, metric: Metric) -> Metric {
    Metric { alias: Some(alias), ..metric }
}

/// As it travels once its alias is known.
pub(super) fn by_alias(alias: u64, x: f64) -> Metric {
    Metric { alias: Some(alias), value: Some(metric::Value::DoubleValue(x)), ..Metric::default() }
}

pub(super) fn at(ms: i64, metric: Metric) -> Metric {
    Metric { timestamp: u64::try_from(BEGIN + ms).ok(), ..metric }
}

pub(super) fn bd_seq(x: u64) -> Metric {
    metric("bdSeq", Type::Int64, metric::Value::LongValue(x))
}

impl Scene {
    /// A primary host that is connected, with these tags.
    pub(super) fn new(points: Vec<Point>) -> Scene {
        let mut scene = Scene::with(r#"{"host_id":"andon"}"#, points);
        scene.connect();
        scene
    }

    /// A host with these settings that is not connected yet.
    pub(super) fn with(settings: &str, points: Vec<Point>) -> Scene {
        let settings: Settings = serde_json::from_str(settings).expect("a document");
        let mut form = Form::new(&settings);
        let rules = Rules::read(&mut form);
        let rules = form.finish(rules).expect("sound settings");
        let (host, unusable) = Host::new(rules, points);
        assert_eq!(unusable, []);
        let now = Now { wall: Timestamp::from_millis(BEGIN), uptime: Uptime::from_millis(1_000_000) };
        let (told, sent, faults, answers) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        Scene { host, now, told, sent, faults, answers }
    }

    pub(super) fn connect(&mut self) {
        let will = self.now.wall;
        self.step(Input::Connected { will });
    }

    pub(super) fn step(&mut self, input: Input<'_>) {
        let effects = self.host.step(self.now, input);
        for update in effects.updates {
            self.told.entry(update.tag.0).or_default().push((update.sample, update.reach));
        }
        self.sent.extend(effects.publish);
        self.faults.extend(effects.faults.into_iter().map(|(_, words)| words));
        self.answers.extend(effects.answers);
    }

    /// Time passes, and the host is told so whenever it wants to be.
    pub(super) fn later(&mut self, ms: u64) {
        let end = self.now.uptime + Duration::from_millis(ms);
        while let Some(deadline) = self.host.deadline(self.now.uptime).filter(|deadline| *deadline <= end) {
            let before = self.now.uptime;
            self.turn_to(deadline.max(before));
            self.step(Input::Tick);
            let next = self.host.deadline(self.now.uptime);
            assert!(next.is_none_or(|next| next > self.now.uptime), "due again at once: {next:?}");
        }
        self.turn_to(end);
    }

    fn turn_to(&mut self, uptime: Uptime) {
        let by = uptime.since(self.now.uptime);
        self.now = Now { wall: self.now.wall.saturating_add(by), uptime: self.now.uptime + by };
    }

    pub(super) fn hear(&mut self, topic: &str, bytes: &[u8]) {
        self.step(Input::Message { topic, payload: bytes, retention: Retention::Live });
    }

    /// A message of a node or a device, sent now.
    pub(super) fn message(&mut self, topic: &str, seq: Option<u64>, metrics: Vec<Metric>) {
        self.message_of(self.now.wall, topic, seq, metrics);
    }

    /// The same, sent at a time.
    pub(super) fn message_of(&mut self, sent: Timestamp, topic: &str, seq: Option<u64>, metrics: Vec<Metric>) {
        let timestamp = u64::try_from(sent.millis()).ok();
        let payload = Payload { timestamp, seq, metrics, ..Payload::default() };
        self.hear(topic, &payload::encode(&payload));
    }

    pub(super) fn node_born(&mut self, seq: u64, session: u64, mut metrics: Vec<Metric>) {
        metrics.push(bd_seq(session));
        self.message("spBv1.0/g/NBIRTH/n", Some(seq), metrics);
    }

    pub(super) fn node_data(&mut self, seq: u64, metrics: Vec<Metric>) {
        self.message("spBv1.0/g/NDATA/n", Some(seq), metrics);
    }

    pub(super) fn node_died(&mut self, session: u64) {
        self.message("spBv1.0/g/NDEATH/n", None, vec![bd_seq(session)]);
    }

    pub(super) fn device_born(&mut self, device: &str, seq: u64, metrics: Vec<Metric>) {
        self.message(&format!("spBv1.0/g/DBIRTH/n/{device}"), Some(seq), metrics);
    }

    pub(super) fn device_data(&mut self, device: &str, seq: u64, metrics: Vec<Metric>) {
        self.message(&format!("spBv1.0/g/DDATA/n/{device}"), Some(seq), metrics);
    }

    /// The last that is shown of a tag.
    pub(super) fn shown(&self, index: u32) -> Sample {
        let told = self.told.get(&index).into_iter().flatten();
        let mut live = told.filter(|(_, reach)| *reach != Reach::History);
        live.next_back().unwrap_or_else(|| panic!("tag{index} was told nothing")).0.clone()
    }

    pub(super) fn check(&self, index: u32, value: f64, quality: Quality) {
        let shown = self.shown(index);
        assert_eq!((shown.value, shown.quality), (Some(Value::Float(value)), quality), "tag{index}");
    }

    /// The requests for births since the last look.
    pub(super) fn rebirths(&mut self) -> usize {
        let before = self.sent.len();
        self.sent.retain(|publish| publish.style != Style::Command(None));
        before - self.sent.len()
    }

    /// Why a node or a device is not all right.
    pub(super) fn fault(&self, path: &[&str]) -> String {
        let detail = self.host.detail();
        let node = detail.nodes.iter().find(|node| node.path == path);
        node.unwrap_or_else(|| panic!("there is no {path:?}")).fault.clone()
    }

    pub(super) fn is_online(&self, path: &[&str]) -> bool {
        self.host.detail().nodes.iter().any(|node| node.path == path && node.online)
    }

    pub(super) fn write(&mut self, id: u64, index: u32, value: Value) {
        let expires = self.now.uptime + Duration::from_secs(5);
        self.step(Input::Write { id, write: &Write { tag: TagIndex(index), value, expires } });
    }

    /// What the host sent last.
    pub(super) fn last_sent(&self) -> (&Publish, Payload) {
        let publish = self.sent.last().expect("something was sent");
        (publish, payload::decode(&publish.payload).expect("a payload"))
    }
}
