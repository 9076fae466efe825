//! How the program itself is doing.

use ::journal::StoreStatus;
use ::plant::Plant;
use engine::Link;
use model::{ErrorKind, LinkState, Timestamp};
use stations::State;

use super::gateways::{needs_somebody, worst_certificate};
use crate::wire::{
    ErrorCount, ExchangeState, GatewayState, GatewayView, Nothing, OtherStation, StationsView, Status, StoreView,
};
use crate::{Api, Failure, Principal};

impl Api {
    pub(crate) async fn status_read(&self, _: &Principal, _: Nothing) -> Result<Status, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let now = self.parts.clock.now().wall;
        Ok(Status {
            gateways: snapshot.links.iter().map(|link| gateway_view(link, &snapshot.plant, now)).collect(),
            history: store_view(self.parts.history.status()),
            journal: store_view(self.parts.journal.status()),
            notifications: self.parts.notifications.as_ref().and_then(|notifications| notifications.view()),
            plant: self.plant_status(),
            stations: self.parts.stations.as_ref().and_then(|stations| stations_view(stations.status())),
        })
    }
}

pub(super) fn gateway_view(link: &Link, plant: &Plant, now: Timestamp) -> GatewayView {
    let gateway = plant.gateway(&link.gateway);
    let traffic = &link.traffic;
    let detail = &link.detail;
    GatewayView {
        id: link.gateway.to_string(),
        name: gateway.map(|gateway| gateway.spec.name.clone()).unwrap_or_default(),
        kind: gateway.map(|gateway| gateway.spec.kind.clone()).unwrap_or_default(),
        address: gateway.map(|gateway| gateway.address.clone()).unwrap_or_default(),
        state: match link.status.state {
            LinkState::Connecting => GatewayState::Connecting,
            LinkState::Up => GatewayState::Up,
            LinkState::Down => GatewayState::Down,
        },
        since: link.status.since.millis(),
        reason: link.status.reason.clone(),
        tags: link.tags,
        tags_not_good: link.tags_not_good,
        messages: traffic.messages,
        messages_per_second: link.messages_per_second,
        samples: traffic.samples,
        samples_per_second: link.samples_per_second,
        bytes: traffic.bytes,
        bytes_per_second: link.bytes_per_second,
        connects: traffic.connects,
        reconnects: traffic.connects.saturating_sub(1),
        merged: traffic.merged,
        unknown: traffic.unknown,
        overruns: traffic.overruns,
        latency_ms: traffic.latency_ms,
        last_message_at: traffic.last_message.map(|time| time.millis()),
        newest_value_at: traffic.newest_value.map(|time| time.millis()),
        certificate: worst_certificate(&detail.certificates, now),
        blocks: count(detail.blocks.len()),
        blocks_faulty: count(detail.blocks.iter().filter(|block| !block.fault.is_empty()).count()),
        nodes: count(detail.nodes.len()),
        nodes_faulty: count(detail.nodes.iter().filter(|node| needs_somebody(node)).count()),
        errors: traffic
            .errors
            .iter()
            .map(|(kind, count)| ErrorCount { kind: words(*kind).to_owned(), count: *count })
            .collect(),
        last_error: traffic.last_error.as_ref().map(|(_, words)| words.clone()),
        last_error_at: traffic.last_error.as_ref().map(|(time, _)| time.millis()),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn words(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Connect => "could not connect",
        ErrorKind::Lost => "connection lost",
        ErrorKind::Silent => "silent",
        ErrorKind::Protocol => "against the protocol",
        ErrorKind::Decode => "not understood",
        ErrorKind::Refused => "refused",
        ErrorKind::Oversize => "too large",
        ErrorKind::Internal => "internal error",
    }
}

fn store_view(status: StoreStatus) -> StoreView {
    let warning = status.warning();
    StoreView {
        warning,
        working: status.working,
        reason: status.reason,
        notice: status.notice,
        since: status.since.millis(),
        bytes: status.bytes,
        written: status.written,
        queued: status.queued,
        dropped: status.dropped,
    }
}

/// `None` where the plant file has no exchange.
fn stations_view(status: stations::Status) -> Option<StationsView> {
    let state = match status.state {
        State::Off => return None,
        State::Unready => ExchangeState::Unready,
        State::Connecting => ExchangeState::Connecting,
        State::Up => ExchangeState::Up,
        State::Down => ExchangeState::Down,
    };
    let (last_refused_at, last_refused) = status.last_refused.unzip();
    let other =
        |(name, heard): (String, Option<Timestamp>)| OtherStation { name, heard_at: heard.map(Timestamp::millis) };
    Some(StationsView {
        state,
        reason: status.reason,
        gateway: status.gateway,
        station: status.station,
        others: status.others.into_iter().map(other).collect(),
        sent: status.sent,
        last_sent_at: status.last_sent.map(Timestamp::millis),
        waiting: count(status.waiting),
        heard: status.heard,
        last_heard_at: status.last_heard.map(Timestamp::millis),
        refused: status.refused,
        last_refused,
        last_refused_at: last_refused_at.map(Timestamp::millis),
    })
}
