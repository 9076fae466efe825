//! MQTT: a subscriber of exactly the topics of its tags, which publishes nothing but what people write.
//!
//! One session is one connection, or several in turn where a broker keeps what this station cannot record for the moment.
//! No connection knows anything of the one before, other than what has not been acknowledged yet.

mod address;
pub(crate) mod board;
pub(crate) mod broker;
mod browse;
pub(crate) mod client;
mod connection;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod ingest;
mod payload;
mod suspicion;
mod template;
mod time;
mod tree;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{GatewaySpec, Point, Rejection, Settings, TagIndex};

use self::address::Address;
use self::broker::{Broker, Subscribing};
use self::browse::Looked;
use self::client::{Acknowledging, Dial, Keeping, Login, Options};
use self::connection::{Connection, End};
use self::ingest::{Course, Memory};
use self::payload::{Reader, Readers};
use self::suspicion::Suspicion;
use self::write::Writable;
use crate::Credentials;
use crate::attempt::{Attempt, Driver, Lost, Session};

/// The protocol's word in a plant file.
pub(crate) const KIND: &str = "mqtt";

/// A broker with the tags that come from it.
pub(crate) struct Mqtt {
    broker: Broker,
    subscribing: Subscribing,
    dial: Arc<Dial>,
    credentials: Arc<dyn Credentials>,
    /// The same for every connection of this link, so that the broker drops a dead one of ours when the next comes.
    client_id: String,
    topics: HashMap<Arc<str>, Readers>,
    writables: HashMap<TagIndex, Writable>,
    unusable: Vec<(TagIndex, String)>,
    memory: Mutex<Memory>,
    suspicion: Mutex<Suspicion>,
    /// What the last look around found.
    looked: Mutex<Option<Arc<Looked>>>,
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
    pub(crate) fn new(
        spec: &GatewaySpec,
        points: Vec<Point>,
        random: f64,
        credentials: Arc<dyn Credentials>,
    ) -> Result<Self, Vec<Rejection>> {
        let (broker, subscribing) = Broker::read(&spec.settings)?;
        let mut topics: HashMap<Arc<str>, Readers> = HashMap::new();
        let mut writables = HashMap::new();
        let mut unusable = Vec::new();
        for point in points {
            match Address::read(&point) {
                Ok(address) => {
                    writables.extend(Writable::new(&point, &address).map(|writable| (point.tag, writable)));
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
        let dial = Arc::new(broker.dial(Arc::clone(&credentials)));
        Ok(Self {
            broker,
            subscribing,
            dial,
            credentials,
            client_id,
            topics,
            writables,
            unusable,
            memory: Mutex::default(),
            suspicion: Mutex::default(),
            looked: Mutex::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connections(&self, attempt: Attempt) -> Lost {
        let login = match self.broker.log_in(&self.credentials).await {
            Ok(login) => login,
            Err(lost) => return lost,
        };
        loop {
            let course = self.memory().course();
            let options = self.options(course, login.clone());
            let (requests, events) = client::prepare(&options, Arc::clone(&self.dial), &attempt);
            let (connection, confirmed) = Connection::new(self, &attempt, requests, course);
            match connection.run(events, confirmed).await {
                End::Lost(lost) => return self.explain(lost, &attempt),
                End::Turn => {}
            }
        }
    }

    fn options(&self, course: Course, login: Option<Login>) -> Options {
        let mut options = self.broker.options(self.client_id.clone(), login, self.topics.len());
        match (self.subscribing.keeping, course) {
            (Keeping::Nothing, _) => {}
            (keeping @ Keeping::Session { .. }, Course::Session) => {
                options.keeping = keeping;
                options.acknowledging = Acknowledging::ByHand;
            }
            (Keeping::Session { .. }, Course::Showing) => options.client_id.push_str("-live"),
        }
        options
    }

    /// Says more of a loss than the connection itself can know.
    fn explain(&self, lost: Lost, attempt: &Attempt) -> Lost {
        let mut suspicion = self.suspicion.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.broker.client_id {
            Some(client_id) => suspicion.judge(lost, attempt.is_up().then(|| attempt.up_for()), client_id),
            // Nobody else has one that this station has made.
            None => lost,
        }
    }
}

/// Within what every broker has to accept: 23 letters and digits (MQTT 3.1.1, 3.1.3.1).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "random lies between 0 and 1")]
pub(crate) fn own_client_id(random: f64) -> String {
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
        Box::pin(async move { self.connections(attempt).await })
    }
}
