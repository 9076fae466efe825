//! The engine's side of the gateways: which links are open, where they stand, what went over them.

use std::collections::HashMap;
use std::sync::Arc;

use gateway::{GatewayEvent, Gateways, LinkHandle, OpenLink};
use model::{LinkDetail, LinkState, LinkStatus, Now, Quality, TagIndex, Traffic, Uptime};
use plant::{Difference, Plant, Source};
use tokio::sync::mpsc;

use crate::{Link, Table};

/// The links of the running plant.
pub(crate) struct Links {
    gateways: Arc<dyn Gateways>,
    events: mpsc::Sender<GatewayEvent>,
    links: HashMap<Arc<str>, Running>,
    revision: u32,
}

struct Running {
    open: OpenLink,
    status: LinkStatus,
    tags: Vec<TagIndex>,
    measured: Measured,
}

/// Traffic at the last measurement, for rates.
#[derive(Default)]
struct Measured {
    at: Uptime,
    messages: u64,
    samples: u64,
    bytes: u64,
    messages_per_second: f64,
    samples_per_second: f64,
    bytes_per_second: f64,
}

impl Links {
    pub fn new(gateways: Arc<dyn Gateways>, events: mpsc::Sender<GatewayEvent>) -> Self {
        Self { gateways, events, links: HashMap::new(), revision: 0 }
    }

    /// Opens and closes what the difference asks for and leaves the others alone. Returns the tags that have lost
    /// their source or got another one.
    pub fn apply(&mut self, plant: &Plant, difference: &Difference, now: Now) -> Vec<TagIndex> {
        let mut lost = Vec::new();
        for id in difference.gateways.removed.iter().chain(&difference.gateways.changed) {
            if let Some(running) = self.links.remove(id) {
                lost.extend(running.tags);
            }
        }
        for id in difference.gateways.added.iter().chain(&difference.gateways.changed) {
            if let Some(gateway) = plant.gateway(id) {
                self.open(Arc::clone(id), &gateway.spec, plant, now);
            }
        }
        self.revision += 1;
        lost
    }

    /// Goes up when a link's state changes.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The tags that come over a link.
    pub fn tags(&self, gateway: &str) -> &[TagIndex] {
        self.links.get(gateway).map_or(&[], |running| &running.tags)
    }

    /// Takes a link's new state. False for one that was closed in the meantime.
    pub fn set_status(&mut self, gateway: &str, status: LinkStatus) -> bool {
        let Some(running) = self.links.get_mut(gateway) else { return false };
        running.status = status;
        self.revision += 1;
        true
    }

    /// Where a link stands; `None` where it is not open.
    pub fn state(&self, gateway: &str) -> Option<LinkState> {
        self.links.get(gateway).map(|running| running.status.state)
    }

    /// Whether a link is open; an event of one that was closed is late and means nothing.
    pub fn is_open(&self, gateway: &str) -> bool {
        self.links.contains_key(gateway)
    }

    /// What the open links' protocols have to tell.
    pub fn details(&self) -> Vec<(Arc<str>, Arc<LinkDetail>)> {
        self.links.iter().map(|(id, running)| (Arc::clone(id), running.open.detail())).collect()
    }

    /// For asking something of a link; `None` where it is not open.
    pub fn handle(&self, gateway: &str) -> Option<LinkHandle> {
        self.links.get(gateway).map(|running| running.open.handle())
    }

    /// Measures the rates of the time since the last call.
    pub fn measure(&mut self, now: Uptime) {
        for running in self.links.values_mut() {
            let traffic = running.open.traffic();
            running.measured.take(&traffic, now);
        }
    }

    /// Every link as it stands, in the plant file's order.
    pub fn list(&self, plant: &Plant, table: &Table) -> Vec<Link> {
        let link = |gateway: &plant::Gateway| {
            let (id, running) = self.links.get_key_value(gateway.spec.id.as_str())?;
            let not_good = running.tags.iter().filter(|tag| !table.quality(**tag).is_good()).count();
            Some(Link {
                gateway: Arc::clone(id),
                status: running.status.clone(),
                traffic: running.open.traffic(),
                detail: running.open.detail(),
                messages_per_second: running.measured.messages_per_second,
                samples_per_second: running.measured.samples_per_second,
                bytes_per_second: running.measured.bytes_per_second,
                tags: count(running.tags.len()),
                tags_not_good: count(not_good),
            })
        };
        plant.gateways.iter().filter_map(link).collect()
    }

    /// Closes all links and waits until they are closed.
    pub async fn close(&mut self) {
        for (_, running) in self.links.drain() {
            running.open.close().await;
        }
    }

    fn open(&mut self, id: Arc<str>, spec: &model::GatewaySpec, plant: &Plant, now: Now) {
        let open = self.gateways.open(spec, plant.points(&id), self.events.clone());
        let tags = plant.tags.iter().filter(|tag| comes_over(&tag.source, &id)).map(|tag| tag.index).collect();
        let status = LinkStatus {
            state: LinkState::Connecting,
            since: now.wall,
            reason: String::new(),
            quality: Quality::BAD_WAITING,
        };
        let measured = Measured { at: now.uptime, ..Measured::default() };
        self.links.insert(id, Running { open, status, tags, measured });
    }
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people; counts of a second are small")]
    fn take(&mut self, traffic: &Traffic, now: Uptime) {
        let seconds = now.since(self.at).as_secs_f64();
        if seconds > 0.0 {
            self.messages_per_second = traffic.messages.saturating_sub(self.messages) as f64 / seconds;
            self.samples_per_second = traffic.samples.saturating_sub(self.samples) as f64 / seconds;
            self.bytes_per_second = traffic.bytes.saturating_sub(self.bytes) as f64 / seconds;
            (self.at, self.messages, self.samples, self.bytes) =
                (now, traffic.messages, traffic.samples, traffic.bytes);
        }
    }
}

fn comes_over(source: &Source, id: &str) -> bool {
    match source {
        Source::Link { gateway, .. } => **gateway == *id,
        Source::Calculated(_) => false,
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
