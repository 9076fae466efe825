//! What is behind a gateway, and a look at what it offers.
//!
//! What other machines say of themselves is bounded before it goes to a screen: a topic of 64 KiB a thousand times is
//! more than a browser takes.

use std::collections::HashMap;

use ::plant::{Plant, Source};
use model::{
    Browse, Browsed, Certificate, CertificateOwner as Owner, CertificateStanding, EdgeNode, LinkDetail, Offer,
    ReadBlock, Settings, Timestamp,
};

use super::Recorded;
use super::plant::kind_view;
use super::status::gateway_view;
use crate::wire::{
    BlockView, BrowseGateway, BrowsedView, CaptionView, CertificateLevel, CertificateOwner, CertificateView,
    CertificateWarning, GatewayDetail, GatewayId, NodeView, OfferView,
};
use crate::{Api, Code, Failure, Principal};

/// Most blocks and most nodes of an answer.
const LISTED: usize = 1_000;
/// Longest text of a peer that is shown, characters.
const LONGEST_TEXT: usize = 1_000;
/// Longest path or address of an offer, bytes. Nobody could take over what is longer, nor look below it.
const LONGEST_PATH: usize = 8 * 1024;
/// Most further columns of an offer.
const MOST_COLUMNS: usize = 32;

impl Api {
    pub(crate) async fn gateway_read(&self, _: &Principal, request: GatewayId) -> Result<GatewayDetail, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let now = self.parts.clock.now().wall;
        let link = snapshot.links.iter().find(|link| *link.gateway == *request.gateway);
        let link = link.ok_or_else(|| no_gateway(&request.gateway))?;
        let LinkDetail { certificates, blocks, nodes, remarks } = &*link.detail;
        Ok(GatewayDetail {
            gateway: gateway_view(link, &snapshot.plant, now),
            certificates: certificates.iter().take(LISTED).map(|each| certificate_view(each, now)).collect(),
            blocks: first_those(blocks, |block| !block.fault.is_empty()).map(block_view).collect(),
            nodes: first_those(nodes, needs_somebody).map(node_view).collect(),
            remarks: remarks.iter().take(LISTED).map(caption_view).collect(),
        })
    }

    pub(crate) async fn gateway_browse(&self, _: &Principal, request: BrowseGateway) -> Result<BrowsedView, Failure> {
        let snapshot = self.parts.engine.snapshot();
        if snapshot.plant.gateway(&request.gateway).is_none() {
            return Err(no_gateway(&request.gateway));
        }
        let browse = Browse { path: request.path, options: request.options };
        let browsed = self.parts.engine.browse(&request.gateway, browse).await;
        let browsed =
            browsed.map_err(|stopped| Failure::caused(Code::Unavailable, "nothing was looked at", &stopped))?;
        let browsed = browsed.map_err(|words| Failure::new(Code::Unavailable, words))?;
        Ok(browsed_view(browsed, &addresses(&snapshot.plant, &request.gateway)))
    }
}

impl Recorded for BrowsedView {
    fn record(&self) -> String {
        format!("done: {} found", self.offers.len().saturating_add(self.more))
    }
}

/// Whether somebody should look after a node.
pub(super) fn needs_somebody(node: &EdgeNode) -> bool {
    !node.online || !node.fault.is_empty()
}

/// The certificate that needs somebody most; `None` while all are good.
pub(super) fn worst_certificate(certificates: &[Certificate], now: Timestamp) -> Option<CertificateWarning> {
    let warnings = certificates.iter().map(|certificate| CertificateWarning {
        level: level(certificate.standing(now)),
        days_left: certificate.days_left(now),
    });
    warnings
        .filter(|warning| warning.level != CertificateLevel::Good)
        .max_by_key(|warning| (warning.level, std::cmp::Reverse(warning.days_left)))
}

/// The plant's tags on a gateway by their address.
pub(super) fn addresses(plant: &Plant, gateway: &str) -> HashMap<String, String> {
    let of_gateway = plant.tags.iter().filter_map(|tag| match &tag.source {
        Source::Link { gateway: own, point } if **own == *gateway => Some((key(&point.address), tag.id.to_string())),
        Source::Link { .. } | Source::Calculated(_) => None,
    });
    of_gateway.collect()
}

/// An address as a text that is the same for the same address, in whatever order it was written.
pub(super) fn key(address: &Settings) -> String {
    let sorted: std::collections::BTreeMap<_, _> = address.iter().collect();
    serde_json::to_string(&sorted).expect("texts, numbers and booleans under text keys")
}

pub(super) fn no_gateway(id: &str) -> Failure {
    Failure::new(Code::NotFound, format!("there is no gateway \"{}\"", short(id).escape_debug()))
}

/// Those that need somebody first, otherwise in their order, as far as they are listed.
fn first_those<T>(all: &[T], first: impl Fn(&T) -> bool + Copy) -> impl Iterator<Item = &T> {
    let urgent = all.iter().filter(move |each| first(each));
    urgent.chain(all.iter().filter(move |each| !first(each))).take(LISTED)
}

fn level(standing: CertificateStanding) -> CertificateLevel {
    match standing {
        CertificateStanding::Good => CertificateLevel::Good,
        CertificateStanding::Notice => CertificateLevel::Information,
        CertificateStanding::Warning => CertificateLevel::Warning,
        CertificateStanding::Ending => CertificateLevel::Alarm,
        CertificateStanding::NotYetValid => CertificateLevel::NotYetValid,
        CertificateStanding::Ended => CertificateLevel::Ended,
    }
}

fn certificate_view(certificate: &Certificate, now: Timestamp) -> CertificateView {
    CertificateView {
        owner: match certificate.owner {
            Owner::Peer => CertificateOwner::Peer,
            Owner::Own => CertificateOwner::Own,
            Owner::Authority => CertificateOwner::Authority,
        },
        subject: short(&certificate.subject),
        not_before: certificate.not_before.millis(),
        not_after: certificate.not_after.millis(),
        days_left: certificate.days_left(now),
        level: level(certificate.standing(now)),
        fingerprint: short(&certificate.fingerprint),
    }
}

fn block_view(block: &ReadBlock) -> BlockView {
    BlockView {
        unit: block.unit,
        table: short(&block.table),
        first: block.first,
        count: block.count,
        tags: block.tags,
        period_ms: block.period_ms,
        latency_ms: block.latency_ms,
        fault: short(&block.fault),
    }
}

fn node_view(node: &EdgeNode) -> NodeView {
    NodeView {
        path: node.path.iter().map(|part| short(part)).collect(),
        online: node.online,
        since: node.since.millis(),
        metrics: node.metrics,
        messages: node.messages,
        gaps: node.gaps,
        rebirths: node.rebirths,
        fault: short(&node.fault),
    }
}

fn caption_view((caption, words): &(String, String)) -> CaptionView {
    CaptionView { caption: short(caption), words: short(words) }
}

fn browsed_view(browsed: Browsed, tags: &HashMap<String, String>) -> BrowsedView {
    let all = browsed.offers.len();
    let offers: Vec<_> =
        browsed.offers.into_iter().filter_map(|offer| offer_view(offer, tags)).take(Browsed::MOST).collect();
    let left_out = all - offers.len();
    BrowsedView { offers, more: browsed.more.saturating_add(left_out), remark: short(&browsed.remark) }
}

/// `None` for one that is too long to be taken over.
fn offer_view(offer: Offer, tags: &HashMap<String, String>) -> Option<OfferView> {
    let key = offer.address.as_ref().map(key);
    if offer.path.len() > LONGEST_PATH || key.as_ref().is_some_and(|key| key.len() > LONGEST_PATH) {
        return None;
    }
    Some(OfferView {
        tag: key.and_then(|key| tags.get(&key)).cloned(),
        path: offer.path,
        name: short(&offer.name),
        has_more: offer.has_more,
        sample: offer.sample.as_deref().map(short),
        kind: offer.data_type.map(kind_view),
        unit: short(&offer.unit),
        range: offer.range.filter(|(low, high)| low.is_finite() && high.is_finite()),
        address: offer.address,
        writable: offer.writable,
        equipment: offer.equipment.iter().map(|part| short(part)).collect(),
        columns: offer.columns.iter().take(MOST_COLUMNS).map(caption_view).collect(),
    })
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn the_worst_certificate_speaks_for_all() {
        let now = Timestamp::from_millis(1_000 * DAY_MS);
        let until = |days: i64| Certificate {
            owner: Owner::Own,
            subject: String::new(),
            not_before: Timestamp::from_millis(0),
            not_after: Timestamp::from_millis((1_000 + days) * DAY_MS),
            fingerprint: String::new(),
        };
        assert_eq!(worst_certificate(&[until(400), until(90)], now), None);
        let worst = worst_certificate(&[until(400), until(25), until(12), until(50)], now);
        assert_eq!(worst, Some(CertificateWarning { level: CertificateLevel::Warning, days_left: 12 }));
        let early = Certificate { not_before: Timestamp::from_millis(2_000 * DAY_MS), ..until(4_000) };
        assert_eq!(worst_certificate(&[early], now).map(|worst| worst.level), Some(CertificateLevel::NotYetValid));
    }
}
