//! What is behind a gateway, and what it offers.

use model::Settings;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::{GatewayView, TagKind};

/// Request of `gateway_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayId {
    /// The gateway's id.
    pub gateway: String,
}

/// Answer of `gateway_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GatewayDetail {
    /// What the list says of it, at this moment.
    pub gateway: GatewayView,
    /// The certificates in use, of both sides.
    pub certificates: Vec<CertificateView>,
    /// What is read together, where the protocol polls; those with a fault first, at most 1,000.
    pub blocks: Vec<BlockView>,
    /// Who announces itself on it, where the protocol has edge nodes; those with a fault first, at most 1,000.
    pub nodes: Vec<NodeView>,
    /// Anything else its protocol has to tell, such as its session with the broker.
    pub remarks: Vec<CaptionView>,
}

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CertificateOwner {
    /// The gateway's.
    Peer,
    /// The one this station shows.
    Own,
    /// The authority that the plant file names.
    Authority,
}

/// How near a certificate is to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CertificateLevel {
    /// More than 60 days are left.
    Good,
    /// At most 60 days.
    Information,
    /// At most 30 days.
    Warning,
    /// At most 7 days.
    Alarm,
    /// It begins later, or this station's clock is wrong.
    NotYetValid,
    /// It has ended, or this station's clock is wrong.
    Ended,
}

/// A certificate that needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CertificateWarning {
    /// How near its end is.
    pub level: CertificateLevel,
    /// Whole days up to its end; below 0 after it.
    #[ts(type = "number")]
    pub days_left: i64,
}

/// A certificate.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    /// Whose.
    pub owner: CertificateOwner,
    /// For whom it was made out.
    pub subject: String,
    /// It is valid from here on.
    #[ts(type = "number")]
    pub not_before: i64,
    /// It is valid up to here.
    #[ts(type = "number")]
    pub not_after: i64,
    /// Whole days up to its end; below 0 after it.
    #[ts(type = "number")]
    pub days_left: i64,
    /// How near its end is.
    pub level: CertificateLevel,
    /// SHA-256 of it, as hexadecimal digits.
    pub fingerprint: String,
}

/// One request of a poll.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    /// The unit it goes to.
    pub unit: u8,
    /// The table it reads, in words.
    pub table: String,
    /// The first cell, from 0.
    pub first: u16,
    /// How many cells.
    pub count: u16,
    /// How many tags are within.
    pub tags: u32,
    /// From one poll to the next, milliseconds.
    pub period_ms: u32,
    /// The answer's time, milliseconds; none before the first.
    pub latency_ms: Option<f64>,
    /// What is wrong with it, in words; empty while all is well.
    pub fault: String,
}

/// A node or a device that announces itself.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeView {
    /// Its ids from the outermost: group, node, device.
    pub path: Vec<String>,
    /// Whether it is there.
    pub online: bool,
    /// Since when.
    #[ts(type = "number")]
    pub since: i64,
    /// How many metrics it announced.
    pub metrics: u32,
    /// How many messages of it came.
    #[ts(type = "number")]
    pub messages: u64,
    /// How many of its messages were missing or out of order.
    #[ts(type = "number")]
    pub gaps: u64,
    /// How often it was asked to announce itself anew.
    #[ts(type = "number")]
    pub rebirths: u64,
    /// What is wrong with it, in words; empty while all is well.
    pub fault: String,
}

/// A caption and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CaptionView {
    /// What it is about.
    pub caption: String,
    /// What there is to say.
    pub words: String,
}

/// Request of `gateway_browse`: a look at what a gateway offers. It makes traffic on the way to it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrowseGateway {
    /// The gateway's id.
    pub gateway: String,
    /// Below which offer, by its `path`; empty for the beginning.
    pub path: String,
    /// The protocol's own wishes, such as which registers to read.
    #[ts(type = "Record<string, unknown>")]
    pub options: Settings,
}

/// Answer of `gateway_browse`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BrowsedView {
    /// In the protocol's order.
    pub offers: Vec<OfferView>,
    /// How many more there are than are listed.
    #[ts(type = "number")]
    pub more: usize,
    /// What a person should know of the answer; may be empty.
    pub remark: String,
}

/// Something a gateway offers: a value, or a place that holds more.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OfferView {
    /// Where to look for what is below it.
    pub path: String,
    /// Its own name, as the source writes it.
    pub name: String,
    /// Whether there is more below it.
    pub has_more: bool,
    /// The newest payload or value in words, shortened; none where nothing was seen.
    pub sample: Option<String>,
    /// What its values seem to be.
    pub kind: Option<TagKind>,
    /// The unit, where the source says one.
    pub unit: String,
    /// The range, low before high, where the source says one.
    pub range: Option<(f64, f64)>,
    /// The address a tag would have in the plant file; none for a place that is no value.
    #[ts(type = "Record<string, unknown> | null")]
    pub address: Option<Settings>,
    /// Whether a tag on it can be written.
    pub writable: bool,
    /// The equipment that the source suggests: group, edge node, device.
    pub equipment: Vec<String>,
    /// Further columns, such as a register in the four byte orders.
    pub columns: Vec<CaptionView>,
    /// The plant's tag that has this address already.
    pub tag: Option<String>,
}
