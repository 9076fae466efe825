//! Messages of edge nodes: each is placed in its node's order, and then means something.

use std::sync::Arc;

use model::{ErrorKind, Now, Timestamp};

use super::endpoint::{Around, Faults, Out, believable};
use super::order::{Gap, Held, Place};
use super::tags::endpoint;
use super::{Effects, Host, Retention};
use crate::sparkplug::payload;
use crate::sparkplug::topic::{Verb, shorten};
use crate::sparkplug::wire::Payload;

/// Where a message is from and what kind it is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct From<'a> {
    pub(super) group: &'a str,
    pub(super) verb: Verb,
    pub(super) node: &'a str,
    pub(super) device: Option<&'a str>,
}

impl From<'_> {
    /// In words.
    fn who(&self) -> String {
        match self.device {
            None => format!("{}/{}", shorten(self.group), shorten(self.node)),
            Some(device) => format!("{}/{}/{}", shorten(self.group), shorten(self.node), shorten(device)),
        }
    }
}

impl Host {
    /// Takes a message of a node.
    pub(super) fn edge(&mut self, now: Now, from: From<'_>, bytes: &[u8], retention: Retention, effects: &mut Effects) {
        if matches!(from.verb, Verb::NodeCommand | Verb::DeviceCommand) {
            // Commands of this host or of others; they are for the nodes.
            return;
        }
        let who = from.who();
        if retention == Retention::Retained {
            let words =
                format!("{who}: the broker kept its {} and hands it out again; it is not used", from.verb.word());
            return effects.fault(ErrorKind::Protocol, words);
        }
        let Some(node) = self.know(now.wall, from.group, from.node) else {
            effects.is_unknown = true;
            return effects.fault(ErrorKind::Protocol, format!("{who}: there are too many nodes; it is not read"));
        };
        node.messages += 1;
        let payload = match payload::decode(bytes) {
            Ok(payload) => payload,
            Err(words) => {
                effects.fault(ErrorKind::Decode, format!("{who}: {words}"));
                node.fault.clone_from(&words);
                if !node.was_heard() {
                    node.unborn(now.wall);
                }
                // A damaged death says nothing; another message that is lost cannot be made up for.
                if from.verb != Verb::NodeDeath {
                    node.rebirth.need(words);
                    self.wait(from);
                }
                return;
            }
        };
        match from.verb {
            Verb::NodeDeath => self.node_died(now, from, &payload, effects),
            Verb::NodeBirth => self.node_born(now, from, &payload, effects),
            _ => self.in_order(now, from, bytes, &payload, effects),
        }
    }

    fn wait(&mut self, from: From<'_>) {
        self.waiting.insert((from.group.into(), from.node.into()));
    }

    fn node_died(&mut self, now: Now, from: From<'_>, payload: &Payload, effects: &mut Effects) {
        if let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node)) {
            node.died(from.group, from.node, now.wall, payload, &mut self.tags, effects);
        }
    }

    fn node_born(&mut self, now: Now, from: From<'_>, payload: &Payload, effects: &mut Effects) {
        let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node)) else { return };
        let mut out = Out { tags: &mut self.tags, effects, faults: Faults::default() };
        let around = around(now, payload, &mut out.faults);
        let seq = match payload.seq.and_then(|seq| u8::try_from(seq).ok()) {
            Some(seq) => seq,
            None => {
                out.faults.first.get_or_insert_with(|| "its birth has no sequence number from 0 to 255".into());
                0
            }
        };
        node.born(from.group, from.node, payload, seq, around, &mut out);
        node.own.messages += 1;
    }

    /// Takes a message that has its place in the order.
    fn in_order(&mut self, now: Now, from: From<'_>, bytes: &[u8], payload: &Payload, effects: &mut Effects) {
        let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node)) else { return };
        if !node.is_online() {
            node.unborn(now.wall);
            return self.wait(from);
        }
        let Some(seq) = payload.seq.and_then(|seq| u8::try_from(seq).ok()) else {
            let words = format!("its {} has no sequence number from 0 to 255", from.verb.word());
            effects.fault(ErrorKind::Protocol, format!("{}: {words}", from.who()));
            node.fault.clone_from(&words);
            node.rebirth.need(words);
            return self.wait(from);
        };
        let held = || Held { verb: from.verb, device: from.device.map(Arc::from), bytes: bytes.to_vec() };
        match node.order.arrive(now.uptime, seq, bytes, held) {
            Place::Next => {
                self.apply(now, from, payload, effects);
                self.follow(now, from, effects);
            }
            Place::Repeated => {}
            Place::Early(gap) => {
                node.gaps += u64::from(gap == Gap::Opened);
                self.wait(from);
            }
            Place::Full => {
                let words = format!("its message {} did not come, and too many came after it", node.order.expected());
                node.adrift(from.group, from.node, now.wall, &words, &mut self.tags, effects);
                self.wait(from);
            }
        }
    }

    /// Takes the messages that were held for the one that just came.
    fn follow(&mut self, now: Now, from: From<'_>, effects: &mut Effects) {
        loop {
            let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node)) else { return };
            if !node.order.is_waiting() {
                return;
            }
            let Some(held) = node.order.next_held(now.uptime) else {
                node.gaps += u64::from(node.order.is_waiting());
                return;
            };
            // It could be decoded before it was held.
            if let Ok(payload) = payload::decode(&held.bytes) {
                let from = From { verb: held.verb, device: held.device.as_deref(), ..from };
                self.apply(now, from, &payload, effects);
            }
            if let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node))
                && !node.order.is_waiting()
            {
                // The last one was taken: nothing is missing any more.
                let _nothing = node.order.next_held(now.uptime);
            }
        }
    }

    /// Takes a message whose turn it is.
    fn apply(&mut self, now: Now, from: From<'_>, payload: &Payload, effects: &mut Effects) {
        let Some(node) = self.nodes.get_mut(from.group).and_then(|nodes| nodes.get_mut(from.node)) else { return };
        let who = from.who();
        let key = endpoint(from.group, from.node, from.device);
        let mut out = Out { tags: &mut self.tags, effects, faults: Faults::default() };
        let around = around(now, payload, &mut out.faults);
        let endpoint = from.device.map_or(Some(&node.own), |device| node.devices.get(device));
        if matches!(from.verb, Verb::NodeData | Verb::DeviceData)
            && endpoint.is_some_and(|endpoint| endpoint.may_mean_others(&payload.metrics, around))
        {
            let words = "a message from before its newest birth came after it";
            node.adrift(from.group, from.node, now.wall, words, &mut self.tags, effects);
            return self.wait(from);
        }
        match (from.verb, from.device) {
            (Verb::DeviceBirth, Some(device)) => {
                node.device_born(&who, &key, device, payload, around, &mut out);
                if let Some(device) = node.devices.get_mut(device) {
                    device.messages += 1;
                }
            }
            (Verb::NodeData, None) => {
                node.own.messages += 1;
                node.own.data(&payload.metrics, around, &mut out);
                out.report(&who);
            }
            (Verb::DeviceData, Some(device)) => match node.devices.get_mut(device).filter(|device| device.is_online) {
                Some(device) => {
                    device.messages += 1;
                    device.data(&payload.metrics, around, &mut out);
                    out.report(&who);
                }
                None => {
                    let words = format!("data of the device \"{}\" came before its birth", shorten(device));
                    out.effects.fault(ErrorKind::Protocol, format!("{who}: {words}"));
                    out.faults.rebirth = Some(words);
                }
            },
            (Verb::DeviceDeath, Some(device)) => {
                let why = "it is offline: its death message (DDEATH) came";
                out.tags.stale(&key, around.time, now.wall, why, out.effects);
                if let Some(device) = node.devices.get_mut(device) {
                    device.messages += 1;
                    device.dead(around.time, why);
                    device.forget_aliases();
                }
            }
            _ => {}
        }
        if let Some(words) = out.faults.rebirth {
            node.rebirth.need(words);
            self.wait(from);
        }
    }
}

/// The time of a payload.
fn around(now: Now, payload: &Payload, faults: &mut Faults) -> Around {
    let received = now.wall;
    let Some(ms) = payload.timestamp else {
        faults.first.get_or_insert_with(|| "its message does not say when it was sent".into());
        return Around { time: received, received };
    };
    match believable(Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)), received) {
        Ok(time) => Around { time, received },
        Err(words) => {
            faults.first.get_or_insert_with(|| words.into());
            Around { time: received, received }
        }
    }
}
