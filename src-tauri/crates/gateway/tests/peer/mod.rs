//! What the fault tests share: a clock, a link with everything it tells, and waiting for a state with a deadline.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod broker;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gateway::{Credentials, GatewayEvent, Gateways, Network, NoCredentials, OpenLink, Receipt, What};
use model::{
    Clock, DataType, ErrorKind, GatewaySpec, LinkState, LinkStatus, Now, Point, Quality, Reach, Sample, Settings,
    TagIndex, Timestamp, Uptime, Value,
};
use tokio::sync::mpsc;

/// No step of a test takes longer, unless it says so.
pub const DEADLINE: Duration = Duration::from_secs(20);

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Now {
            wall: Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).expect("before the year 292 million")),
            uptime: Uptime::from_duration(self.0.elapsed()),
        }
    }
}

/// A document of settings.
pub fn settings(json: &str) -> Settings {
    serde_json::from_str(json).expect("a document")
}

/// A network with next to no jitter, so that the tests take the same time on every run; enough to tell one station from
/// another.
pub fn network() -> Network {
    let [a, b, ..] = RandomState::new().hash_one(0).to_le_bytes();
    let own = 0.5 + f64::from(u16::from_le_bytes([a, b])) * 1e-9;
    Network::with_randomness(Arc::new(RealClock(Instant::now())), Arc::new(move || own))
}

/// A tag; its index is its place in the list.
pub fn point(index: u32, data_type: DataType, address: &str) -> Point {
    Point {
        tag: TagIndex(index),
        id: format!("tag{index}"),
        data_type,
        scaling: None,
        address: settings(address),
        write: None,
    }
}

/// An open link, and what came out of it.
pub struct Link {
    /// The link itself, for its traffic and its end.
    pub link: OpenLink,
    events: mpsc::Receiver<GatewayEvent>,
    /// The newest sample of each tag.
    pub latest: Vec<Option<Sample>>,
    /// Every sample of every tag, in order.
    pub samples: Vec<(TagIndex, Sample)>,
    /// Where each of `samples` went.
    pub reaches: Vec<Reach>,
    /// The newest status.
    pub status: Option<LinkStatus>,
    /// Every status, in order.
    pub statuses: Vec<LinkStatus>,
    /// Whether receipts are signed at once or kept in `receipts`.
    pub signing: Signing,
    /// The receipts that were kept.
    pub receipts: Vec<Receipt>,
}

/// What becomes of receipts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// As if everything were on disk at once.
    AtOnce,
    /// As if the disk did not work.
    Never,
}

impl Link {
    /// Opens a link of a kind to a port of this machine.
    pub fn open(kind: &str, port: u16, more: &str, points: Vec<Point>) -> Link {
        Self::open_at(kind, "127.0.0.1", port, more, points, Arc::new(NoCredentials))
    }

    /// Opens a link of a kind to wherever, with what gives out secrets and certificates.
    pub fn open_at(
        kind: &str,
        host: &str,
        port: u16,
        more: &str,
        points: Vec<Point>,
        credentials: Arc<dyn Credentials>,
    ) -> Link {
        let comma = if more.is_empty() { "" } else { "," };
        let json = format!(r#"{{"host":"{host}","port":{port}{comma}{more}}}"#);
        Self::open_with(&network().with_credentials(credentials), kind, &json, points)
    }

    /// Opens a link of a kind with these settings.
    pub fn open_with(network: &Network, kind: &str, json: &str, points: Vec<Point>) -> Link {
        Self::open_narrow(network, kind, json, points, 64)
    }

    /// Opens a link whose way to the engine has room for so many events.
    pub fn open_narrow(network: &Network, kind: &str, json: &str, points: Vec<Point>, room: usize) -> Link {
        let spec =
            GatewaySpec { id: "press".into(), name: "Press".into(), kind: kind.into(), settings: settings(json) };
        let (sender, events) = mpsc::channel(room);
        let latest = points.iter().map(|_| None).collect();
        let link = network.open(&spec, points, sender);
        Link {
            link,
            events,
            latest,
            samples: Vec::new(),
            reaches: Vec::new(),
            status: None,
            statuses: Vec::new(),
            signing: Signing::AtOnce,
            receipts: Vec::new(),
        }
    }

    /// Takes events until `done` holds.
    ///
    /// # Panics
    /// When it does not within the time.
    pub async fn until_within(&mut self, limit: Duration, what: &str, mut done: impl FnMut(&Link) -> bool) {
        let deadline = tokio::time::Instant::now() + limit;
        while !done(self) {
            // Counters change without an event, so the state is looked at again now and then.
            let next = tokio::time::timeout(Duration::from_millis(50), self.events.recv()).await;
            match next {
                Ok(Some(event)) => self.take(event),
                Ok(None) => panic!("the link ended while waiting for: {what}"),
                Err(_elapsed) => {}
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "waited {limit:?} for: {what}\nstatus: {:?}\nlatest: {:?}\ntraffic: {:?}",
                self.status,
                self.latest,
                self.link.traffic()
            );
        }
    }

    /// Takes events for a while.
    pub async fn for_a_while(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        self.until_within(time + DEADLINE, "the end of a while", |_| tokio::time::Instant::now() >= end).await;
    }

    /// Takes events until `done` holds, for no longer than [`DEADLINE`].
    pub async fn until(&mut self, what: &str, done: impl FnMut(&Link) -> bool) {
        self.until_within(DEADLINE, what, done).await;
    }

    /// Takes events while something else happens, for no longer than [`DEADLINE`].
    pub async fn meanwhile<T>(&mut self, other: impl Future<Output = T>) -> T {
        tokio::pin!(other);
        let deadline = tokio::time::sleep(DEADLINE);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                done = &mut other => return done,
                event = self.events.recv() => self.take(event.expect("the link lives")),
                () = &mut deadline => panic!("waited {DEADLINE:?}; status: {:?}", self.status),
            }
        }
    }

    /// Takes the events that are there, and waits for none.
    pub fn drain(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
    }

    fn take(&mut self, event: GatewayEvent) {
        match event.what {
            What::Status(status) => {
                self.status = Some(status.clone());
                self.statuses.push(status);
            }
            What::Batch(batch) => {
                for update in batch.updates {
                    self.latest[update.tag.slot()] = Some(update.sample.clone());
                    self.samples.push((update.tag, update.sample));
                    self.reaches.push(update.reach);
                }
            }
            What::Receipt(receipt) if self.signing == Signing::AtOnce => receipt.sign(),
            What::Receipt(receipt) => self.receipts.push(receipt),
        }
    }

    /// Takes events until the link is up.
    pub async fn until_up(&mut self) {
        self.until("up", |link| link.is(LinkState::Up)).await;
    }

    /// Takes events until the link is down; returns what it says of that.
    pub async fn until_down(&mut self) -> LinkStatus {
        self.until("down", |link| link.is(LinkState::Down)).await;
        self.status.clone().expect("just seen")
    }

    /// Whether the newest status is of this state.
    pub fn is(&self, state: LinkState) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == state)
    }

    /// The quality of a tag's newest sample.
    pub fn quality(&self, index: usize) -> Option<Quality> {
        self.latest[index].as_ref().map(|sample| sample.quality)
    }

    /// The value of a tag's newest sample.
    pub fn value(&self, index: usize) -> Option<Value> {
        self.latest[index].as_ref().and_then(|sample| sample.value.clone())
    }

    /// Errors of a kind, so far.
    pub fn errors(&self, kind: ErrorKind) -> u64 {
        self.link.traffic().errors.get(&kind).copied().unwrap_or_default()
    }

    /// The last error in words; empty before the first.
    pub fn last_error(&self) -> String {
        self.link.traffic().last_error.map(|(_, words)| words).unwrap_or_default()
    }
}
