//! An edge node with its devices.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use model::{ErrorKind, Timestamp};

use super::Effects;
use super::endpoint::{Around, Endpoint, METRICS, Out};
use super::order::Order;
use super::rebirth::Rebirth;
use super::tags::{Tags, endpoint};
use crate::sparkplug::topic::shorten;
use crate::sparkplug::wire::Payload;
use crate::sparkplug::wire::payload::{Metric, metric};

/// Devices of one node.
const DEVICES: usize = 5_000;
/// The metric that tells one session of a node from the next.
const BD_SEQ: &str = "bdSeq";

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was heard of it over this connection.
    Unheard,
    /// It speaks and its birth is not known.
    Unborn,
    /// Its birth is known, and every message since.
    Online,
    /// A message is missing: what comes cannot be understood until the next birth.
    Adrift,
    /// It died.
    Offline,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    standing: Standing,
    pub(super) since: Timestamp,
    bd_seq: Option<u64>,
    pub(super) own: Endpoint,
    pub(super) devices: BTreeMap<Arc<str>, Endpoint>,
    pub(super) order: Order,
    pub(super) rebirth: Rebirth,
    pub(super) messages: u64,
    pub(super) gaps: u64,
    pub(super) rebirths: u64,
    /// Why it stands where it does, in words.
    pub(super) why: String,
    /// What is odd about its name.
    pub(super) twin: String,
    /// What was wrong with its newest message that could not be read.
    pub(super) fault: String,
    /// Template definitions of its birth.
    definitions: HashSet<String>,
    /// Which endpoint announced an alias last; the empty one is the node itself.
    owners: HashMap<u64, Arc<str>>,
}

/// The session a message is of.
pub(super) fn bd_seq(metrics: &[Metric]) -> Option<u64> {
    let metric = metrics.iter().find(|metric| metric.name.as_deref() == Some(BD_SEQ))?;
    match metric.value {
        Some(metric::Value::LongValue(x)) => Some(x),
        Some(metric::Value::IntValue(x)) => Some(u64::from(x)),
        _ => None,
    }
}

impl Node {
    pub(super) fn new(at: Timestamp, twin: String) -> Self {
        Self {
            standing: Standing::Unheard,
            since: at,
            bd_seq: None,
            own: Endpoint::default(),
            devices: BTreeMap::new(),
            order: Order::default(),
            rebirth: Rebirth::default(),
            messages: 0,
            gaps: 0,
            rebirths: 0,
            why: "it has not announced itself yet".into(),
            twin,
            fault: String::new(),
            definitions: HashSet::new(),
            owners: HashMap::new(),
        }
    }

    pub(super) fn is_online(&self) -> bool {
        self.standing == Standing::Online
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    pub(super) fn was_heard(&self) -> bool {
        self.standing != Standing::Unheard
    }

    /// The connection is gone, or has just been made.
    pub(super) fn unheard(&mut self, at: Timestamp, why: &str) {
        self.offline(Standing::Unheard, at, why);
    }

    fn offline(&mut self, standing: Standing, at: Timestamp, why: &str) {
        if self.standing != standing {
            self.since = at;
        }
        self.standing = standing;
        why.clone_into(&mut self.why);
        self.order.give_up();
        self.own.dead(at, why);
        self.own.forget_aliases();
        for device in self.devices.values_mut() {
            device.dead(at, why);
            device.forget_aliases();
        }
    }

    /// A message of it came that nothing can be made of before its birth.
    pub(super) fn unborn(&mut self, at: Timestamp) {
        if matches!(self.standing, Standing::Unheard | Standing::Offline) {
            self.standing = Standing::Unborn;
            self.since = at;
            self.why = "it sends data, and its birth was not seen".into();
        }
        self.rebirth.need("data came before its birth");
    }

    /// A message is missing: everything it told is stale until it is born again.
    pub(super) fn adrift(
        &mut self,
        group: &str,
        id: &str,
        at: Timestamp,
        words: &str,
        tags: &mut Tags,
        effects: &mut Effects,
    ) {
        let why = format!("{words}; its values are stale until its next birth");
        effects.fault(ErrorKind::Protocol, format!("{}/{}: {why}", shorten(group), shorten(id)));
        self.stale(group, id, at, &why, tags, effects);
        self.offline(Standing::Adrift, at, &why);
        self.rebirth.need(words);
    }

    /// It died, which only its death of the same session as its birth says.
    pub(super) fn died(
        &mut self,
        group: &str,
        id: &str,
        at: Timestamp,
        payload: &Payload,
        tags: &mut Tags,
        effects: &mut Effects,
    ) {
        let died = bd_seq(&payload.metrics);
        let is_older = self.is_online() && died.zip(self.bd_seq).is_some_and(|(died, born)| died != born);
        if died.is_none() {
            effects.fault(
                ErrorKind::Protocol,
                format!("{}/{}: its death does not say of which session it is (bdSeq)", shorten(group), shorten(id)),
            );
        }
        if self.standing == Standing::Offline || is_older {
            return;
        }
        let why = "it is offline: its death message (NDEATH) came";
        self.stale(group, id, at, why, tags, effects);
        self.offline(Standing::Offline, at, why);
        self.rebirth.satisfied();
    }

    /// Marks all of its tags, at this station's time.
    fn stale(&self, group: &str, id: &str, at: Timestamp, why: &str, tags: &mut Tags, effects: &mut Effects) {
        tags.stale(&endpoint(group, id, None), at, at, why, effects);
        for device in self.devices.keys() {
            tags.stale(&endpoint(group, id, Some(device)), at, at, why, effects);
        }
    }

    /// It is born. Its devices are stale until they are born as well.
    pub(super) fn born(
        &mut self,
        group: &str,
        id: &str,
        payload: &Payload,
        seq: u8,
        around: Around,
        out: &mut Out<'_>,
    ) {
        let who = format!("{}/{}", shorten(group), shorten(id));
        let why = "its node was born, and the birth of the device has not come yet";
        let devices: Vec<_> = self.devices.keys().cloned().collect();
        for device in &devices {
            out.tags.stale(&endpoint(group, id, Some(device)), around.received, around.received, why, out.effects);
        }
        // A device that does not come back is forgotten, unless there is a tag of it.
        self.devices.retain(|device, _| !out.tags.of_endpoint(&endpoint(group, id, Some(device))).is_empty());
        for device in self.devices.values_mut() {
            device.forget();
            device.dead(around.received, why);
        }
        if self.standing != Standing::Online {
            self.since = around.received;
        }
        self.standing = Standing::Online;
        self.why.clear();
        self.fault.clear();
        self.order.begin(seq);
        self.rebirth.satisfied();
        self.bd_seq = bd_seq(&payload.metrics);
        if self.bd_seq.is_none() {
            out.faults.first.get_or_insert_with(|| "its birth does not say of which session it is (bdSeq)".into());
        }
        self.definitions = definitions(&payload.metrics);
        self.owners.clear();
        self.check_templates(&payload.metrics, out);
        self.own.born(&endpoint(group, id, None), &payload.metrics, around, METRICS, out);
        self.own_aliases("", out);
        out.report(&who);
    }

    /// A device behind it is born.
    pub(super) fn device_born(
        &mut self,
        who: &str,
        key: &str,
        device: &str,
        payload: &Payload,
        around: Around,
        out: &mut Out<'_>,
    ) {
        if !self.devices.contains_key(device) && self.devices.len() >= DEVICES {
            let words = format!("it has more than {DEVICES} devices; \"{}\" is not read", shorten(device));
            out.effects.fault(ErrorKind::Protocol, format!("{who}: {words}"));
            self.fault = words;
            return;
        }
        let lower = device.to_lowercase();
        if let Some(twin) = self.devices.keys().find(|other| ***other != *device && other.to_lowercase() == lower) {
            let twin = shorten(twin);
            out.faults.first.get_or_insert_with(|| format!("it differs from \"{twin}\" in upper and lower case only"));
        }
        if payload.metrics.iter().any(is_definition) {
            out.faults.first.get_or_insert_with(|| {
                "a device's birth has a template definition, which belongs in the node's".into()
            });
        }
        self.check_templates(&payload.metrics, out);
        let others = self.devices.iter().filter(|(other, _)| ***other != *device).map(|(_, other)| other.metrics.len());
        let room = METRICS.saturating_sub(self.own.metrics.len() + others.sum::<usize>());
        let born = self.devices.entry(device.into()).or_default();
        born.born(key, &payload.metrics, around, room, out);
        self.own_aliases(device, out);
        out.report(who);
    }

    /// Notes who has which alias, and says so where two have the same: they are to be unique within a node.
    fn own_aliases(&mut self, device: &str, out: &mut Out<'_>) {
        let endpoint = if device.is_empty() { Some(&self.own) } else { self.devices.get(device) };
        let Some(endpoint) = endpoint else { return };
        if self.owners.len() > 2 * METRICS {
            self.owners.clear();
        }
        let owner: Arc<str> = device.into();
        for alias in endpoint.aliases() {
            let Some(before) = self.owners.insert(alias, Arc::clone(&owner)).filter(|before| *before != owner) else {
                continue;
            };
            let still = if before.is_empty() { Some(&self.own) } else { self.devices.get(&before) };
            if still.is_some_and(|still| still.is_online && still.has_alias(alias)) {
                out.faults.first.get_or_insert_with(|| format!("the alias {alias} is announced by two of its devices"));
            }
        }
    }

    fn check_templates(&self, metrics: &[Metric], out: &mut Out<'_>) {
        for metric in metrics {
            if let Some(metric::Value::TemplateValue(template)) = &metric.value
                && !template.is_definition()
            {
                let name = shorten(metric.name.as_deref().unwrap_or_default());
                match template.template_ref.as_deref() {
                    None => {
                        out.faults.first.get_or_insert_with(|| {
                            format!("the template \"{name}\" does not say what it is an instance of")
                        });
                    }
                    Some(definition) if !self.definitions.contains(definition) => {
                        let definition = shorten(definition);
                        out.faults.first.get_or_insert_with(|| {
                            format!(
                                "the template \"{name}\" is an instance of \"{definition}\", which was not announced"
                            )
                        });
                    }
                    Some(_announced) => {}
                }
            }
        }
    }
}

fn is_definition(metric: &Metric) -> bool {
    matches!(&metric.value, Some(metric::Value::TemplateValue(template)) if template.is_definition())
}

fn definitions(metrics: &[Metric]) -> HashSet<String> {
    metrics.iter().filter(|metric| is_definition(metric)).filter_map(|metric| metric.name.clone()).collect()
}
