//! Sparkplug B 3.0: a host application, or an observer, of the edge nodes behind a broker.
//!
//! What is decided is in `host`, which knows neither network nor clock; `session` connects it to a broker. How the broker
//! is reached is the MQTT module's matter.
//!
//! **Invariant:** an observer publishes nothing, and a host nothing before its own birth.

mod address;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod host;
mod payload;
mod session;
mod topic;
mod value;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic, dead_code, missing_docs, reason = "made by a program")]
mod wire;

#[cfg(test)]
mod value_tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{GatewaySpec, LinkDetail, Point, Rejection, TagIndex};

use self::address::{Address, Rules};
use self::host::{Host, Input};
use self::session::Connection;
use crate::Credentials;
use crate::attempt::{Attempt, Driver, Lost, Session};
use crate::form::Form;
use crate::mqtt::broker::Broker;
use crate::mqtt::client::{self, Dial};
use crate::mqtt::own_client_id;

/// The protocol's word in a plant file.
pub(crate) const KIND: &str = "sparkplug";

/// A host with its broker.
pub(crate) struct Sparkplug {
    broker: Broker,
    dial: Arc<Dial>,
    credentials: Arc<dyn Credentials>,
    client_id: String,
    filters: Vec<Arc<str>>,
    host: Mutex<Host>,
    unusable: Vec<(TagIndex, String)>,
}

/// Checks a host's settings.
pub(crate) fn check_gateway(spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
    read(spec).map(drop)
}

/// Checks a tag of a host.
pub(crate) fn check_point(point: &Point) -> Result<(), Vec<Rejection>> {
    Address::read(point).map(drop)
}

/// The broker's settings and the host's, which stand side by side.
fn read(spec: &GatewaySpec) -> Result<(Broker, Rules), Vec<Rejection>> {
    let mut form = Form::new(&spec.settings);
    let broker = Broker::part(&mut form);
    let rules = Rules::read(&mut form);
    form.finish(broker.zip(rules))
}

impl Sparkplug {
    /// Sets up a host with its tags. `random` lies between 0 and 1 and tells this station from others.
    pub(crate) fn new(
        spec: &GatewaySpec,
        points: Vec<Point>,
        random: f64,
        credentials: Arc<dyn Credentials>,
    ) -> Result<Self, Vec<Rejection>> {
        let (broker, rules) = read(spec)?;
        let client_id = broker.client_id.clone().unwrap_or_else(|| own_client_id(random));
        let dial = Arc::new(broker.dial(Arc::clone(&credentials)));
        let filters = session::filters(rules.host_id.as_deref(), &rules.groups);
        let (host, unusable) = Host::new(rules, points);
        Ok(Self { broker, dial, credentials, client_id, filters, host: Mutex::new(host), unusable })
    }

    fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn detail(&self) -> LinkDetail {
        let mut detail = self.host().detail();
        detail.certificates = self.dial.certificates();
        detail.remarks.push(("Broker".into(), self.broker.words()));
        detail
    }

    async fn connection(&self, attempt: Attempt) -> Lost {
        let login = match self.broker.log_in(&self.credentials).await {
            Ok(login) => login,
            Err(lost) => return lost,
        };
        // The time of this attempt, also after a connection that was lost: with the will of an earlier one a node would
        // take this host's death for an old one.
        let at = attempt.now().wall;
        let mut options = self.broker.options(self.client_id.clone(), login, self.filters.len());
        options.will = self.host().rules().host_id.as_deref().map(|id| session::will(id, at));
        let (requests, events) = client::prepare(&options, Arc::clone(&self.dial), &attempt);
        let _ended = Ended { sparkplug: self, attempt: &attempt };
        Connection::new(self, &attempt, requests, at).run(events).await
    }
}

/// Tells the host that its connection is gone, however that came about.
struct Ended<'a> {
    sparkplug: &'a Sparkplug,
    attempt: &'a Attempt,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let _nothing = self.sparkplug.host().step(self.attempt.now(), Input::Lost);
        self.attempt.counters().tell(self.sparkplug.detail());
    }
}

impl Driver for Sparkplug {
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
