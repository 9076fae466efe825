//! What the engine sees of a gateway: a link that is open, and the events that come out of it.

use std::fmt;
use std::sync::Arc;

use model::{Batch, GatewaySpec, LinkStatus, Point, Traffic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::Counters;

/// Whatever can open links to gateways: the network, or a test.
pub trait Gateways: Send + Sync {
    /// Opens a link and returns at once; what becomes of it arrives as events.
    ///
    /// The link holds a clone of `events` until it is closed. While `events` is full it keeps the newest sample of each
    /// tag and counts what it merged ([`Traffic::merged`]). A status always precedes the samples it explains: `Up` comes
    /// before the first sample of a connection, `Connecting` or `Down` after the last.
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
}

/// An open link. Dropping it closes it, without waiting; [`OpenLink::close`] waits.
pub struct OpenLink {
    counters: Arc<Counters>,
    /// True asks the link's task to end. The task also ends when this is dropped.
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl OpenLink {
    /// A link run by `task`, which ends soon after `stop` turns true or its sender is gone.
    pub fn new(counters: Arc<Counters>, stop: watch::Sender<bool>, task: JoinHandle<()>) -> Self {
        Self { counters, stop, task: Some(task) }
    }

    /// A link without a task of its own, for gateways that live in memory.
    pub fn in_memory(counters: Arc<Counters>) -> Self {
        Self { counters, stop: watch::Sender::new(false), task: None }
    }

    /// What went over the link since it was opened.
    pub fn traffic(&self) -> Traffic {
        self.counters.traffic()
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
