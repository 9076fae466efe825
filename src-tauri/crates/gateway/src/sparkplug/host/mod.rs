//! A Sparkplug host application (Sparkplug 3.0, chapters 5 and 6) as a state machine: it is told what came and what time
//! it is, and says what is to be done. No I/O, no clock.
//!
//! It outlives the connections of its link, so that a broker that restarts often does not make it forget which nodes it
//! asked for their births just before.
//!
//! **Invariant:** a value is given to a tag only if the birth that announced its metric is the newest one and no message
//! since is missing. When in doubt the tags are stale, and the node is asked for its births.

mod command;
mod edge;
mod endpoint;
mod look;
mod node;
mod order;
mod rebirth;
mod state;
mod tags;

#[cfg(test)]
mod assertion_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod story_tests;
#[cfg(test)]
mod write_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::{ErrorKind, Now, Point, TagIndex, Timestamp, Update, Uptime, Write, Written};

use self::node::Node;
use self::state::Told;
pub(super) use self::state::{Presence, message as state_message};
use self::tags::Tags;
use super::address::{Rebirth as Asking, Role, Rules};
use super::topic::{self, Topic, shorten};

/// Nodes with a tag that did not announce themselves so long after the connection was made are asked to.
const GREETING: Duration = Duration::from_secs(5);
/// Nodes that are known at once.
const NODES: usize = 5_000;
/// Other hosts that are known at once.
const HOSTS: usize = 64;
/// Requests for births within a second, all nodes together.
const REQUESTS: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);

/// What a host is told.
#[derive(Debug)]
pub(super) enum Input<'a> {
    /// The broker granted the subscriptions of a connection whose will carries this time.
    Connected { will: Timestamp },
    /// A message came.
    Message { topic: &'a str, payload: &'a [u8], retention: Retention },
    /// Somebody wants to write a value. Answered under its number.
    Write { id: u64, write: &'a Write },
    /// Time has passed.
    Tick,
    /// The connection is being closed on purpose.
    Goodbye,
    /// The connection is gone.
    Lost,
}

/// Whether a message came live or from the broker's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    Live,
    Retained,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Effects {
    pub(super) updates: Vec<Update>,
    pub(super) publish: Vec<Publish>,
    pub(super) faults: Vec<(ErrorKind, String)>,
    pub(super) answers: Vec<(u64, Written)>,
    /// Whether the message was of nobody that is known here.
    pub(super) is_unknown: bool,
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) style: Style,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The host's own state: QoS 1, retained.
    State,
    /// A command: QoS 0, not retained. The number is that of the write it carries out.
    Command(Option<u64>),
}

/// The host.
#[derive(Debug)]
pub(super) struct Host {
    rules: Rules,
    tags: Tags,
    /// By group, then by node.
    nodes: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Node>>,
    /// Nodes for which something is due.
    waiting: BTreeSet<(Arc<str>, Arc<str>)>,
    others: BTreeMap<String, Told>,
    session: Option<Session>,
    requests: Requests,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    /// The time in the will, and therefore in the birth.
    will: Timestamp,
    /// When nodes that have not been heard are asked; `None` once they were.
    greeting: Option<Uptime>,
}

/// How many requests for births went out within the present second.
#[derive(Debug, Default)]
struct Requests {
    begun: Uptime,
    count: u32,
}

impl Requests {
    /// When the next one may go out, if not at once.
    fn wait(&self, now: Uptime) -> Option<Uptime> {
        (now.since(self.begun) < SECOND && self.count >= REQUESTS).then(|| self.begun + SECOND)
    }

    fn spend(&mut self, now: Uptime) {
        if now.since(self.begun) >= SECOND {
            *self = Requests { begun: now, count: 0 };
        }
        self.count += 1;
    }
}

impl Effects {
    fn fault(&mut self, kind: ErrorKind, words: impl Into<String>) {
        self.faults.push((kind, words.into()));
    }
}

impl Host {
    /// A host with the tags of its gateway, and which of them have no usable address.
    pub(super) fn new(rules: Rules, points: Vec<Point>) -> (Host, Vec<(TagIndex, String)>) {
        let (tags, unusable) = Tags::new(points);
        let host = Host {
            rules,
            tags,
            nodes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            others: BTreeMap::new(),
            session: None,
            requests: Requests::default(),
        };
        (host, unusable)
    }

    /// How it behaves.
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Takes what happened.
    pub(super) fn step(&mut self, now: Now, input: Input<'_>) -> Effects {
        let mut effects = Effects::default();
        match input {
            Input::Connected { will } => self.connected(now, will, &mut effects),
            Input::Message { topic, payload, retention } => match topic::read(topic) {
                Ok(Topic::State(host)) => self.state(host, payload, &mut effects),
                Ok(Topic::Edge { group, verb, node, device }) => {
                    let from = edge::From { group, verb, node, device };
                    self.edge(now, from, payload, retention, &mut effects);
                }
                Err(words) => {
                    effects.is_unknown = true;
                    effects.fault(ErrorKind::Protocol, words);
                }
            },
            Input::Write { id, write } => self.write(now, id, write, &mut effects),
            Input::Tick => {}
            Input::Goodbye => self.goodbye(now, &mut effects),
            Input::Lost => self.lost(now),
        }
        self.do_what_is_due(now, &mut effects);
        effects
    }

    /// When the next [`Input::Tick`] is needed.
    pub(super) fn deadline(&self, now: Uptime) -> Option<Uptime> {
        let session = self.session?;
        let held_back = self.requests.wait(now);
        let nodes = self.waiting.iter().filter_map(|(group, id)| {
            let node = self.nodes.get(group)?.get(id)?;
            let birth =
                node.rebirth.due().filter(|_| self.may_ask()).map(|due| held_back.map_or(due, |wait| due.max(wait)));
            node.order.ends(self.rules.reorder).into_iter().chain(birth).min()
        });
        nodes.chain(session.greeting).chain(self.tags.ends()).min()
    }

    fn may_ask(&self) -> bool {
        self.rules.rebirth == Asking::Asked && self.session.is_some()
    }

    fn connected(&mut self, now: Now, will: Timestamp, effects: &mut Effects) {
        self.session = Some(Session { will, greeting: Some(now.uptime + GREETING) });
        self.tell_state(Presence::Online, will, effects);
        // What was said before the connection may be long over.
        for (group, id) in self.tags.nodes() {
            self.know(now.wall, &group, &id);
        }
    }

    fn tell_state(&self, presence: Presence, at: Timestamp, effects: &mut Effects) {
        if let (Role::Primary, Some(id)) = (self.rules.role, &self.rules.host_id) {
            effects.publish.push(state_message(id, presence, at));
        }
    }

    fn goodbye(&mut self, now: Now, effects: &mut Effects) {
        if self.session.take().is_some() {
            self.tell_state(Presence::Offline, now.wall, effects);
        }
    }

    fn lost(&mut self, now: Now) {
        self.session = None;
        self.others.clear();
        self.waiting.clear();
        self.tags.lost(now.wall);
        for node in self.nodes.values_mut().flat_map(BTreeMap::values_mut) {
            node.unheard(now.wall, "the connection to the broker was lost; nothing was heard of it since");
        }
    }

    /// A host, perhaps this one, told whether it is there.
    fn state(&mut self, host: &str, payload: &[u8], effects: &mut Effects) {
        let Some(told) = state::read(payload) else {
            return effects
                .fault(ErrorKind::Decode, format!("the state of the host \"{}\" cannot be read", shorten(host)));
        };
        let is_own = self.rules.host_id.as_deref() == Some(host);
        match (is_own, self.session) {
            // Somebody, perhaps the broker with an old will, says that this host is not there. It is.
            (true, Some(session)) if told.presence == Presence::Offline => {
                self.tell_state(Presence::Online, session.will, effects);
            }
            (true, Some(session)) if told.since.is_some_and(|since| since != session.will) => {
                let words = format!(
                    "another station is online as the host \"{}\"; each host needs an id of its own",
                    shorten(host)
                );
                effects.fault(ErrorKind::Protocol, words);
                self.others.insert(host.to_owned(), told);
            }
            (true, _) => {
                self.others.remove(host);
            }
            (false, _) if self.others.len() < HOSTS || self.others.contains_key(host) => {
                self.others.insert(host.to_owned(), told);
            }
            (false, _) => {}
        }
    }

    /// The node of these ids, made if it is not known yet and there is room.
    fn know(&mut self, at: Timestamp, group: &str, id: &str) -> Option<&mut Node> {
        let is_known = self.nodes.get(group).is_some_and(|nodes| nodes.contains_key(id));
        if !is_known {
            let count: usize = self.nodes.values().map(BTreeMap::len).sum();
            if count >= NODES && !self.make_room() {
                return None;
            }
            let nodes = self.nodes.entry(group.into()).or_default();
            let lower = id.to_lowercase();
            let twin = nodes.keys().find(|other| other.to_lowercase() == lower);
            let twin = twin.map(|twin| format!("it differs from \"{}\" in upper and lower case only", shorten(twin)));
            nodes.insert(id.into(), Node::new(at, twin.unwrap_or_default()));
        }
        self.nodes.get_mut(group).and_then(|nodes| nodes.get_mut(id))
    }

    /// Forgets a node that is not there and of which there is no tag.
    fn make_room(&mut self) -> bool {
        let mut all =
            self.nodes.iter().flat_map(|(group, nodes)| nodes.iter().map(move |(id, node)| (group, id, node)));
        let spare = all.find(|(group, id, node)| !node.is_online() && !self.tags.want(group, id));
        let Some((group, id)) = spare.map(|(group, id, _)| (Arc::clone(group), Arc::clone(id))) else { return false };
        if let Some(nodes) = self.nodes.get_mut(&group) {
            nodes.remove(&id);
        }
        self.waiting.remove(&(group, id));
        true
    }

    fn do_what_is_due(&mut self, now: Now, effects: &mut Effects) {
        self.tags.time_out(now.uptime, effects);
        if let Some(session) = &mut self.session
            && session.greeting.is_some_and(|at| at <= now.uptime)
        {
            session.greeting = None;
            for (group, id) in self.tags.nodes() {
                if let Some(node) = self.know(now.wall, &group, &id)
                    && !node.was_heard()
                {
                    node.rebirth.need("it has not announced itself since this station connected");
                    self.waiting.insert((group.into(), id.into()));
                }
            }
        }
        let waiting: Vec<_> = self.waiting.iter().cloned().collect();
        for (group, id) in waiting {
            let may_ask = self.may_ask() && self.requests.wait(now.uptime).is_none();
            let Some(node) = self.nodes.get_mut(&group).and_then(|nodes| nodes.get_mut(&id)) else { continue };
            if node.order.ends(self.rules.reorder).is_some_and(|ends| ends <= now.uptime) {
                let expected = node.order.expected();
                let words = format!("its message {expected} did not come within {} ms", self.rules.reorder.as_millis());
                node.adrift(&group, &id, now.wall, &words, &mut self.tags, effects);
            }
            if may_ask && node.rebirth.due().is_some_and(|due| due <= now.uptime) {
                node.rebirth.asked(now.uptime);
                node.rebirths += 1;
                self.requests.spend(now.uptime);
                effects.publish.push(command::rebirth(&group, &id, now.wall, self.rules.command_types));
                // A node that was never heard may not exist. It is asked once, and not until it exists.
                if !node.was_heard() {
                    node.rebirth.satisfied();
                }
            }
            if node.order.ends(self.rules.reorder).is_none() && node.rebirth.due().is_none() {
                self.waiting.remove(&(group, id));
            }
        }
    }
}
