//! One attempt at a connection, from the protocol's side of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Clock, ErrorKind, LinkState, LinkStatus, Now, Quality, TagIndex, Timestamp, Update, Uptime};
use tokio::sync::watch;

use crate::outlet::Outlet;
use crate::requests::{Request, Requests};
use crate::{Counters, Receipt};

/// A protocol, set up for one gateway. The supervisor runs one session after another.
pub(crate) trait Driver: Send + Sync + 'static {
    /// The link is lost when nothing at all was heard for so long.
    fn silence(&self) -> Duration;

    /// The tags whose address the protocol cannot use. They are bad from the start; the others work.
    fn unusable(&self) -> Vec<(TagIndex, String)>;

    /// Connects and stays connected until the connection is lost or the attempt is asked to stop. Starts from nothing:
    /// whatever the session before left behind is gone.
    fn session(self: Arc<Self>, attempt: Attempt) -> Session;
}

/// A running session; it ends with what ended it.
pub(crate) type Session = Pin<Box<dyn Future<Output = Lost> + Send>>;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Lost {
    /// For counting.
    pub(crate) kind: ErrorKind,
    /// For an operator.
    pub(crate) words: String,
}

impl Lost {
    pub(crate) fn new(kind: ErrorKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }
}

/// What a session may use: the way to the engine, the clock, the counters and the wish to stop.
#[derive(Clone)]
pub(crate) struct Attempt {
    outlet: Outlet,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    life: Arc<Mutex<Life>>,
    requests: Requests,
    /// This connection's number among those of its link.
    epoch: u64,
    stop: watch::Receiver<bool>,
}

struct Life {
    heard: Uptime,
    up: Option<Uptime>,
    remark: String,
    since: Timestamp,
}

impl Life {
    fn new(now: Now) -> Self {
        Self { heard: now.uptime, up: None, remark: String::new(), since: now.wall }
    }
}

impl Attempt {
    pub(crate) fn new(
        outlet: Outlet,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
        requests: Requests,
        epoch: u64,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let life = Life::new(clock.now());
        Self { outlet, counters, clock, life: Arc::new(Mutex::new(life)), requests, epoch, stop }
    }

    /// The same, for a second connection beside the first: its signs of life are its own.
    pub(crate) fn aside(&self) -> Self {
        Self { life: Arc::new(Mutex::new(Life::new(self.now()))), ..self.clone() }
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The other side gave a sign of life.
    pub(crate) fn heard(&self) {
        let now = self.clock.now().uptime;
        self.life().heard = now;
    }

    /// The connection is made. `remark` says what is nevertheless not as it should be; it may be empty, and change.
    pub(crate) fn up(&self, remark: &str) {
        let now = self.clock.now();
        let mut life = self.life();
        let first = life.up.is_none();
        if !first && life.remark == remark {
            return;
        }
        if first {
            life.up = Some(now.uptime);
            life.since = now.wall;
            self.counters.connected();
            self.requests.open(self.epoch);
        }
        life.remark = remark.to_owned();
        let since = life.since;
        drop(life);
        self.outlet.status(LinkStatus {
            state: LinkState::Up,
            since,
            reason: remark.to_owned(),
            quality: Quality::GOOD,
        });
    }

    /// Whether [`Attempt::up`] was said.
    pub(crate) fn is_up(&self) -> bool {
        self.life().up.is_some()
    }

    /// Hands samples over; never waits.
    pub(crate) fn deliver(&self, updates: Vec<Update>) {
        if let Some(newest) = updates.iter().map(|update| update.sample.time).max() {
            self.counters.samples(updates.len(), newest);
            self.outlet.samples(updates);
        }
    }

    /// Asks for a word once all samples delivered so far are on disk.
    pub(crate) fn ask_receipt(&self, receipt: Receipt) {
        self.outlet.receipt(receipt);
    }

    /// The next thing somebody asks of this connection; waits for it. Only once [`Attempt::up`] was said does any come.
    pub(crate) async fn request(&self) -> Request {
        self.requests.next(self.epoch).await
    }

    /// Counts something that went wrong and did not end the connection.
    pub(crate) fn error(&self, kind: ErrorKind, words: impl fmt::Display) {
        self.counters.error(self.clock.now().wall, kind, words);
    }

    /// Waits until the session is asked to end.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // An error means that the link was dropped, which asks for the same.
        let _either_way = stop.wait_for(|stop| *stop).await;
    }

    /// How long nothing was heard.
    pub(crate) fn silent_for(&self) -> Duration {
        let now = self.clock.now().uptime;
        now.since(self.life().heard)
    }

    /// How long the connection has been up.
    pub(crate) fn up_for(&self) -> Duration {
        let now = self.clock.now().uptime;
        self.life().up.map_or(Duration::ZERO, |up| now.since(up))
    }
}
