//! Modbus TCP: a poller of the registers of its tags.
//!
//! One task a connection, and one request at a time. It writes nothing.

mod address;
mod client;
mod exception;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod plan;
mod poll;
mod registers;

use std::sync::Arc;
use std::time::Duration;

use model::{ErrorKind, GatewaySpec, Point, Rejection, TagIndex};

use self::address::{Address, Device};
use self::plan::Wanted;
use self::poll::Poll;
use crate::attempt::{Attempt, Driver, Lost, Session};
use crate::socket::Peer;

/// The protocol's word in a plant file.
pub(crate) const KIND: &str = "modbus-tcp";

/// A device with the tags that come from it.
pub(crate) struct Modbus {
    device: Device,
    peer: Arc<Peer>,
    tags: Vec<Wanted>,
    unusable: Vec<(TagIndex, String)>,
}

/// Checks a device's settings.
pub(crate) fn check_gateway(spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
    Device::read(&spec.settings).map(drop)
}

/// Checks a tag on a device.
pub(crate) fn check_point(point: &Point) -> Result<(), Vec<Rejection>> {
    // The unit a tag takes over from its device cannot make an address wrong.
    Address::read(point, 0).map(drop)
}

impl Modbus {
    /// Sets up a device with its tags.
    pub(crate) fn new(spec: &GatewaySpec, points: Vec<Point>) -> Result<Self, Vec<Rejection>> {
        let device = Device::read(&spec.settings)?;
        let (mut tags, mut unusable) = (Vec::new(), Vec::new());
        for point in points {
            match Address::read(&point, device.unit) {
                Ok(address) => tags.push(Wanted {
                    tag: point.tag,
                    id: point.id,
                    data_type: point.data_type,
                    scaling: point.scaling,
                    address,
                }),
                Err(rejections) => {
                    let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
                    unusable.push((point.tag, format!("{}: {}", point.id, words.join("; "))));
                }
            }
        }
        let peer = Arc::new(Peer::new(device.host.clone(), device.port));
        Ok(Self { device, peer, tags, unusable })
    }
}

impl Driver for Modbus {
    fn silence(&self) -> Duration {
        // Every request has its own time-out; this is for what that one misses, and must not end a slow poll.
        Duration::from_secs(12).max(self.device.poll + 2 * self.device.timeout + Duration::from_secs(5))
    }

    fn unusable(&self) -> Vec<(TagIndex, String)> {
        self.unusable.clone()
    }

    fn session(self: Arc<Self>, attempt: Attempt) -> Session {
        Box::pin(async move {
            tokio::select! {
                lost = Poll::new(&self, &attempt).run() => lost,
                () = attempt.stopped() => Lost::new(ErrorKind::Lost, "closed by this station"),
            }
        })
    }
}
