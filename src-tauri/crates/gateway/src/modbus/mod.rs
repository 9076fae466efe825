//! Modbus: a poller of the registers of its tags, which also writes them and looks around.
//!
//! One task a gateway. Gateways that are reached over the same line share its [`bus`], with one connection and one
//! question at a time.

mod address;
mod bus;
mod client;
mod device;
mod doubt;
mod exception;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod line;
mod mapping;
mod notation;
mod plan;
mod poll;
#[cfg(test)]
mod pretend;
mod registers;
mod scan;
mod write;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{ErrorKind, GatewaySpec, Point, Rejection, TagIndex};

use self::bus::Bus;
pub(crate) use self::bus::Buses;
use self::device::Device;
pub(crate) use self::device::{RTU, RTU_TCP, TCP};
pub(crate) use self::line::Trust;
use self::plan::{Wanted, plan};
use self::poll::{Poll, Polled};
use crate::attempt::{Attempt, Driver, Lost, Session};

/// A device with the tags that come from it.
pub(crate) struct Modbus {
    device: Device,
    bus: Arc<Bus>,
    tags: Vec<Wanted>,
    unusable: Vec<(TagIndex, String)>,
    /// What is read together, and what the device refused of it: learnt by one connection, and kept for the next.
    layout: Mutex<Vec<Polled>>,
}

/// Checks a device's settings.
pub(crate) fn check_gateway(spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
    Device::read(spec).map(drop)
}

/// Checks a tag on a device.
pub(crate) fn check_point(spec: &GatewaySpec, point: &Point) -> Result<(), Vec<Rejection>> {
    match Device::read(spec) {
        Ok(device) => Wanted::read(point.clone(), &device).map(drop),
        // What is wrong with the device is said of the device; how its addresses count is not known before.
        Err(_) => Ok(()),
    }
}

impl Modbus {
    /// Sets up a device with its tags.
    pub(crate) fn new(
        spec: &GatewaySpec,
        points: Vec<Point>,
        buses: &Buses,
        trust: &Trust,
    ) -> Result<Self, Vec<Rejection>> {
        let device = Device::read(spec)?;
        let bus = buses.bus(&device.line, trust);
        Ok(Self::over(bus, device, points))
    }

    fn over(bus: Arc<Bus>, device: Device, points: Vec<Point>) -> Self {
        let (mut tags, mut unusable) = (Vec::new(), Vec::new());
        for point in points {
            let (tag, id) = (point.tag, point.id.clone());
            match Wanted::read(point, &device) {
                Ok(wanted) => tags.push(wanted),
                Err(rejections) => {
                    let words: Vec<_> = rejections.into_iter().map(|rejection| rejection.message).collect();
                    unusable.push((tag, format!("{id}: {}", words.join("; "))));
                }
            }
        }
        let layout = plan(tags.clone(), device.limits).into_iter().map(Polled::from).collect();
        Self { device, bus, tags, unusable, layout: Mutex::new(layout) }
    }

    fn layout(&self) -> std::sync::MutexGuard<'_, Vec<Polled>> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Modbus {
    fn silence(&self) -> Duration {
        // Every question has its own time-out; this is for what that one misses, and must not end a slow poll.
        let slowest = self.tags.iter().map(|tag| tag.address.period).max().unwrap_or(self.device.poll);
        let timing = self.device.timing;
        Duration::from_secs(12).max(slowest + 2 * (timing.timeout + timing.turnaround) + Duration::from_secs(5))
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
