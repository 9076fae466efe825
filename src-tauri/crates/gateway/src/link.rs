//! What the engine sees of a gateway: a link that is open, and the events that come out of it.

use std::fmt;
use std::sync::Arc;

use model::{Batch, GatewaySpec, LinkDetail, LinkStatus, Point, Traffic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::Counters;
use crate::requests::{LinkHandle, Requests};

/// Whatever can open links to gateways: the network, or a test.
pub trait Gateways: Send + Sync {
    /// Opens a link and returns at once; what becomes of it arrives as events.
    ///
    /// The link holds a clone of `events` until it is closed. While `events` is full it keeps the newest sample of each
    /// tag and counts what it merged ([`Traffic::merged`]), unless somebody waits for a receipt: then it keeps them all.
    /// A status always precedes the samples it explains: `Up` comes before the first sample of a connection,
    /// `Connecting` or `Down` after the last.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    fn open(&self, spec: &GatewaySpec, points: Vec<Point>, events: mpsc::Sender<GatewayEvent>) -> OpenLink;
}

/// Something a gateway's link has to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewayEvent {
    /// The gateway's id.
    pub gateway: Arc<str>,
    /// What there is to tell.
    pub what: What,
}

/// What a link tells.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// New samples.
    Batch(Batch),
    /// The connection's state changed, or its reason did.
    Status(LinkStatus),
    /// All samples before this are to be confirmed once they are on disk. Until then their source keeps them.
    Receipt(Receipt),
}

/// A link's wish to be told when the samples it handed over so far are on disk. Dropped unsigned, it says nothing: the
/// source goes on keeping them, and brings them again.
#[derive(Clone, Debug)]
pub struct Receipt {
    number: u64,
    confirm: mpsc::UnboundedSender<u64>,
}

impl Receipt {
    /// A receipt of a number; `confirm` gets the number when it is signed.
    pub fn new(number: u64, confirm: mpsc::UnboundedSender<u64>) -> Self {
        Self { number, confirm }
    }

    /// The samples are on disk.
    pub fn sign(self) {
        // The link may have been closed since; then the source brings the samples again, which is harmless.
        let _closed = self.confirm.send(self.number);
    }
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.confirm.same_channel(&other.confirm)
    }
}

/// An open link. Dropping it closes it, without waiting; [`OpenLink::close`] waits.
pub struct OpenLink {
    counters: Arc<Counters>,
    handle: LinkHandle,
    /// True asks the link's task to end. The task also ends when this is dropped.
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl OpenLink {
    /// A link run by `task`, which ends soon after `stop` turns true or its sender is gone.
    pub fn new(counters: Arc<Counters>, handle: LinkHandle, stop: watch::Sender<bool>, task: JoinHandle<()>) -> Self {
        Self { counters, handle, stop, task: Some(task) }
    }

    /// A link without a task of its own, for gateways that live in memory.
    pub fn in_memory(counters: Arc<Counters>) -> Self {
        Self::answering(counters).0
    }

    /// The same with its answering side, for gateways in memory that can be written to and looked at.
    pub fn answering(counters: Arc<Counters>) -> (Self, Requests) {
        let (handle, requests) = crate::requests::channel();
        (Self { counters, handle, stop: watch::Sender::new(false), task: None }, requests)
    }

    /// What went over the link since it was opened.
    pub fn traffic(&self) -> Traffic {
        self.counters.traffic()
    }

    /// What the protocol can tell beyond that.
    pub fn detail(&self) -> Arc<LinkDetail> {
        self.counters.detail()
    }

    /// For writing and looking around; it may be kept longer than the link, and then refuses.
    pub fn handle(&self) -> LinkHandle {
        self.handle.clone()
    }

    /// Says goodbye to the other side where the protocol has a word for it, and waits until the link has ended. No
    /// event comes after that.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a link's task did not end in order");
        }
    }
}

impl fmt::Debug for OpenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLink").field("traffic", &self.traffic()).finish_non_exhaustive()
    }
}
