//! The gateways that are reached over a network.

use std::sync::Arc;

use model::{Clock, GatewaySpec, Point, Protocols, Rejection};
use tokio::sync::{mpsc, watch};

use crate::{Counters, GatewayEvent, Gateways, OpenLink};

/// Opens links to real gateways, and knows which settings and addresses their protocols accept.
pub struct Network {
    clock: Arc<dyn Clock>,
}

impl Network {
    /// Gateways whose samples are stamped by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Gateways for Network {
    fn open(&self, _spec: &GatewaySpec, _points: Vec<Point>, events: mpsc::Sender<GatewayEvent>) -> OpenLink {
        let (stop, mut stopped) = watch::channel(false);
        let clock = Arc::clone(&self.clock);
        let task = tokio::spawn(async move {
            clock.now();
            let _ended = stopped.wait_for(|stop| *stop).await;
            drop(events);
        });
        OpenLink::new(Arc::new(Counters::default()), stop, task)
    }
}

impl Protocols for Network {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["mqtt", "modbus-tcp"]
    }

    fn check_gateway(&self, _spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
        Ok(())
    }

    fn check_point(&self, _spec: &GatewaySpec, _point: &Point) -> Result<(), Vec<Rejection>> {
        Ok(())
    }
}
