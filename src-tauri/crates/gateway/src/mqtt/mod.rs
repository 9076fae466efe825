//! MQTT 3.1.1: a subscriber of exactly the topics of its tags.
//!
//! One session is one connection: connect, subscribe, check every answer, decode what comes. It publishes nothing.

mod address;
mod broker;
pub(crate) mod client;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod payload;
mod template;
mod time;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{ErrorKind, GatewaySpec, Point, Quality, Rejection, Settings, TagIndex};
use tokio::sync::Notify;

use self::address::Address;
use self::broker::Broker;
use self::client::{Acknowledging, Dial, Events, Grant, Heard, Keeping, Message, Options, Qos, Requests, Version};
use self::payload::{Delivery, Reader, Readers};
use crate::attempt::{Attempt, Driver, Lost, Session};
use crate::socket::Peer;

/// The protocol's word in a plant file.
pub(crate) const KIND: &str = "mqtt";

/// A broker that has not answered to the subscriptions so long after the first attempt to reach it will not.
const SUBSCRIBED: Duration = Duration::from_secs(15);
/// A refused topic is asked for again after this time: someone may have corrected the broker's rules.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A connection that the broker closes so soon may have been taken over by another station.
const SOON: Duration = Duration::from_secs(2);

/// A broker with the tags that come from it.
pub(crate) struct Mqtt {
    broker: Broker,
    dial: Arc<Dial>,
    /// The same for every connection of this link, so that the broker drops a dead one of ours when the next comes.
    client_id: String,
    topics: HashMap<Arc<str>, Readers>,
    unusable: Vec<(TagIndex, String)>,
}

/// Checks a broker's settings.
pub(crate) fn check_gateway(spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
    Broker::read(&spec.settings).map(drop)
}

/// Checks a tag on a broker.
pub(crate) fn check_point(point: &Point) -> Result<(), Vec<Rejection>> {
    Address::read(point).map(drop)
}

/// A tag's address in full: what the broker's settings say of all its tags, and over it what the tag says itself.
pub(crate) fn full_address(spec: &GatewaySpec, point: &Point) -> Result<Settings, Vec<Rejection>> {
    template::fill(&spec.settings, point)
}

impl Mqtt {
    /// Sets up a broker with its tags. `random` lies between 0 and 1 and tells this station from others.
    pub(crate) fn new(spec: &GatewaySpec, points: Vec<Point>, random: f64) -> Result<Self, Vec<Rejection>> {
        let broker = Broker::read(&spec.settings)?;
        let mut topics: HashMap<Arc<str>, Readers> = HashMap::new();
        let mut unusable = Vec::new();
        for point in points {
            match Address::read(&point) {
                Ok(address) => {
                    topics.entry(address.topic.as_str().into()).or_default().push(Reader {
                        tag: point.tag,
                        id: point.id,
                        data_type: point.data_type,
                        scaling: point.scaling,
                        address,
                    });
                }
                Err(rejections) => {
                    let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
                    unusable.push((point.tag, format!("{}: {}", point.id, words.join("; "))));
                }
            }
        }
        let client_id = broker.client_id.clone().unwrap_or_else(|| own_client_id(random));
        let dial = Arc::new(Dial::new(Peer::new(broker.host.clone(), broker.port)));
        Ok(Self { broker, dial, client_id, topics, unusable })
    }

    async fn connection(&self, attempt: Attempt) -> Lost {
        let options = Options {
            version: Version::V3,
            client_id: self.client_id.clone(),
            login: None,
            keep_alive_s: self.broker.keep_alive_s,
            max_packet_bytes: self.broker.max_packet_bytes,
            keeping: Keeping::Nothing,
            acknowledging: Acknowledging::AtOnce,
            will: None,
            filters: self.topics.len(),
        };
        let (requests, events) = client::prepare(&options, Arc::clone(&self.dial), &attempt);
        let connection =
            Connection { mqtt: self, attempt: &attempt, requests, standing: Mutex::default(), settled: Notify::new() };
        let lost = tokio::select! {
            lost = connection.listen(events) => lost,
            lost = connection.steer() => lost,
        };
        self.explain(lost, &attempt)
    }

    /// Says more of a loss than the connection itself can know.
    fn explain(&self, lost: Lost, attempt: &Attempt) -> Lost {
        let is_own_id = self.broker.client_id.is_none();
        if is_own_id || lost.kind != ErrorKind::Lost || !attempt.is_up() || attempt.up_for() > SOON {
            return lost;
        }
        let words = format!(
            "{} right after it was made; perhaps another station uses the client id \"{}\"",
            lost.words, self.client_id
        );
        Lost::new(lost.kind, words)
    }
}

/// Within what every broker has to accept: 23 letters and digits (MQTT 3.1.1, 3.1.3.1).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "random lies between 0 and 1")]
fn own_client_id(random: f64) -> String {
    format!("andon{:013x}", (random.clamp(0.0, 1.0) * 2f64.powi(52)) as u64)
}

impl Driver for Mqtt {
    fn silence(&self) -> Duration {
        // A ping every keep-alive; one whole missed one is silence. The usual 5 s give 12 s.
        Duration::from_secs(u64::from(self.broker.keep_alive_s) * 2 + 2)
    }

    fn unusable(&self) -> Vec<(TagIndex, String)> {
        self.unusable.clone()
    }

    fn session(self: Arc<Self>, attempt: Attempt) -> Session {
        Box::pin(async move { self.connection(attempt).await })
    }
}

/// One connection, seen from the half that listens and the half that acts by the clock.
struct Connection<'a> {
    mqtt: &'a Mqtt,
    attempt: &'a Attempt,
    requests: Requests,
    standing: Mutex<Standing>,
    /// Told when every subscription was answered.
    settled: Notify,
}

#[derive(Default)]
struct Standing {
    refused: BTreeSet<Arc<str>>,
    /// Whether it is time to ask for the refused topics again. Done with the next event, at the latest the answer to
    /// the next ping.
    ask_again: bool,
}

impl Connection<'_> {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts by the clock, until the broker does not answer to the subscriptions in time.
    async fn steer(&self) -> Lost {
        let goodbye = async {
            self.attempt.stopped().await;
            self.requests.goodbye();
            // The listening half ends the session once the goodbye is out.
            std::future::pending().await
        };
        let clockwork = async {
            if tokio::time::timeout(SUBSCRIBED, self.settled.notified()).await.is_err() {
                return Lost::new(ErrorKind::Silent, "the broker does not answer to the subscriptions");
            }
            loop {
                tokio::time::sleep(ASK_AGAIN).await;
                let mut standing = self.standing();
                standing.ask_again = !standing.refused.is_empty();
            }
        };
        tokio::select! {
            lost = goodbye => lost,
            lost = clockwork => lost,
        }
    }

    /// Takes what the broker sends, until the connection ends.
    async fn listen(&self, mut events: Events) -> Lost {
        loop {
            let done = match events.next().await {
                Ok(heard) => self.hear(heard, &events),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = done {
                return lost;
            }
        }
    }

    fn hear(&self, heard: Heard, events: &Events) -> Result<(), Lost> {
        match heard {
            Heard::Connected { session_present: _ } => {
                let topics: Vec<_> = self.mqtt.topics.keys().cloned().collect();
                self.requests.subscribe(&topics, Qos::AtLeastOnce)?;
                self.settle(events);
            }
            Heard::Subscribed(answers) => {
                self.note(answers);
                self.settle(events);
            }
            Heard::Message(message) => {
                if !self.attempt.is_up() {
                    self.say_up();
                }
                self.take(&message);
            }
            Heard::Other => {}
        }
        let mut standing = self.standing();
        if std::mem::take(&mut standing.ask_again) {
            let refused: Vec<_> = standing.refused.iter().cloned().collect();
            self.requests.subscribe(&refused, Qos::AtLeastOnce)?;
        }
        Ok(())
    }

    fn settle(&self, events: &Events) {
        if events.is_settled() {
            self.say_up();
            self.settled.notify_one();
        }
    }

    /// Notes which topics the broker refused; their tags are bad.
    fn note(&self, answers: Vec<(Arc<str>, Grant)>) {
        let arrival = self.attempt.now().wall;
        for (topic, grant) in answers {
            match grant {
                Grant::Granted(_) => {
                    self.standing().refused.remove(&topic);
                }
                Grant::Refused(reason) => {
                    let colon = if reason.is_empty() { "" } else { ": " };
                    let detail =
                        format!("the broker does not let this station read the topic \"{topic}\"{colon}{reason}");
                    self.attempt.error(ErrorKind::Refused, &detail);
                    let readers = self.mqtt.topics.get(&topic).map(Readers::as_slice).unwrap_or_default();
                    self.attempt.deliver(payload::all_bad(
                        readers,
                        Quality::BAD_ACCESS_DENIED,
                        &detail,
                        arrival,
                        |_said_already| {},
                    ));
                    self.standing().refused.insert(topic);
                }
            }
        }
    }

    fn say_up(&self) {
        let standing = self.standing();
        let remark = match standing.refused.first() {
            None => String::new(),
            Some(first) => format!(
                "the broker refuses {} of {} topics, \"{first}\" among them",
                standing.refused.len(),
                self.mqtt.topics.len()
            ),
        };
        drop(standing);
        self.attempt.up(&remark);
    }

    fn take(&self, message: &Message) {
        let arrival = self.attempt.now().wall;
        let counters = self.attempt.counters();
        counters.message(arrival, message.oversize.unwrap_or(message.payload.len()));
        let readers = std::str::from_utf8(&message.topic).ok().and_then(|topic| self.mqtt.topics.get(topic));
        let Some(readers) = readers else {
            counters.unknown();
            return;
        };
        let updates = match message.oversize {
            Some(bytes) => {
                let topic = String::from_utf8_lossy(&message.topic);
                let limit = self.mqtt.broker.max_packet_bytes;
                let detail = format!("a message of {bytes} bytes on \"{topic}\" is larger than the limit of {limit}");
                counters.error(arrival, ErrorKind::Oversize, &detail);
                payload::all_bad(readers.as_slice(), Quality::BAD_DECODING, &detail, arrival, |_said_already| {})
            }
            None => {
                let delivery = if message.retained { Delivery::Retained } else { Delivery::Live };
                payload::decode(readers, &message.payload, delivery, arrival, |fault| {
                    counters.error(arrival, ErrorKind::Decode, fault);
                })
            }
        };
        self.attempt.deliver(updates);
    }
}
