//! What is said about the connection to a gateway: how it is configured, its state, and its traffic.
//!
//! A protocol's settings and addresses travel as a [`Settings`] document that only the protocol's own module reads, so
//! that neither the plant file nor the engine knows any protocol.

use std::collections::BTreeMap;

use crate::{DataType, Quality, Reference, Scaling, TagIndex, Timestamp, WritePolicy};

/// A document of settings: what a protocol wants to know of a gateway, or of one tag's address.
pub type Settings = serde_json::Map<String, serde_json::Value>;

/// A gateway as the plant file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewaySpec {
    /// The gateway's id, unique in the plant.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The protocol's word: `mqtt`, `modbus-tcp`.
    pub kind: String,
    /// The protocol's own settings.
    pub settings: Settings,
}

/// One tag as its gateway sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Where the value goes.
    pub tag: TagIndex,
    /// The tag's id, for messages.
    pub id: String,
    /// What the tag is declared to hold.
    pub data_type: DataType,
    /// From raw to engineering value.
    pub scaling: Option<Scaling>,
    /// The protocol's own address, in full.
    pub address: Settings,
    /// How far it may be written; `None` for a tag that is read only.
    pub write: Option<WritePolicy>,
}

/// Why a setting or an address is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The key at fault, where one can be named.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What the plant file's reader asks of the protocols: whether settings make sense, before anything is started.
pub trait Protocols {
    /// The protocols' words, for messages.
    fn kinds(&self) -> Vec<&'static str>;

    /// Checks a gateway's settings.
    ///
    /// # Errors
    /// Everything that is wrong with them, an unknown kind included.
    fn check_gateway(&self, spec: &GatewaySpec) -> Result<(), Vec<Rejection>>;

    /// A tag's address in full: what the gateway's settings say of the addresses of all its tags, and over it what the
    /// tag says itself.
    ///
    /// # Errors
    /// What the gateway's settings ask of the tag that it does not have.
    fn full_address(&self, _gateway: &GatewaySpec, point: &Point) -> Result<Settings, Vec<Rejection>> {
        Ok(point.address.clone())
    }

    /// Checks a tag's address on a gateway. It is the address in full.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn check_point(&self, spec: &GatewaySpec, point: &Point) -> Result<(), Vec<Rejection>>;

    /// The secrets and files that a gateway's settings name.
    fn references(&self, _spec: &GatewaySpec) -> Vec<Reference> {
        Vec::new()
    }

    /// Whether stations can leave messages for one another at a gateway: whether it is a broker.
    fn has_board(&self, _spec: &GatewaySpec) -> bool {
        false
    }

    /// Whether a gateway shows a certificate, so that somebody has to be told when it ends.
    fn has_certificate(&self, _spec: &GatewaySpec) -> bool {
        false
    }
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// Being made for the first time, or again.
    Connecting,
    /// Made, and values can come.
    Up,
    /// Lost; the next attempt is waiting for its time.
    Down,
}

/// A connection's state with its history in words.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatus {
    /// Where it stands.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words for an operator; empty while all is well.
    pub reason: String,
    /// The quality its tags get while it is not up.
    pub quality: Quality,
}

/// What kind of thing went wrong on a link, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// Could not connect.
    Connect,
    /// The other side closed the connection, or it broke.
    Lost,
    /// No answer, or nothing at all, for too long.
    Silent,
    /// The other side does not keep to the protocol.
    Protocol,
    /// A payload or a register could not be understood.
    Decode,
    /// The other side refused: a subscription, a request, a log-in.
    Refused,
    /// A message larger than allowed.
    Oversize,
    /// A bug on our side, contained.
    Internal,
}

/// What went over a link since the program started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Messages received, or polls answered.
    pub messages: u64,
    /// Samples made of them.
    pub samples: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Connections made, the first one included.
    pub connects: u64,
    /// Samples replaced by a newer one of the same tag before the engine took them.
    pub merged: u64,
    /// Messages that no tag wanted.
    pub unknown: u64,
    /// Polls left out because the one before was not finished, where the protocol polls.
    pub overruns: u64,
    /// Errors by kind.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// The last error in words, and when.
    pub last_error: Option<(Timestamp, String)>,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// The source's time of the newest value.
    pub newest_value: Option<Timestamp>,
    /// Time from request to answer, milliseconds, of the newest request, where the protocol has requests.
    pub latency_ms: Option<f64>,
}

/// What a protocol can tell of a link beyond its traffic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkDetail {
    /// The certificates in use, of both sides.
    pub certificates: Vec<Certificate>,
    /// What is read together, where the protocol polls.
    pub blocks: Vec<ReadBlock>,
    /// Who is behind the link, where the protocol has edge nodes.
    pub nodes: Vec<EdgeNode>,
    /// Anything else in a caption and its words, such as the session with the broker.
    pub remarks: Vec<(String, String)>,
}

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateOwner {
    /// The gateway's.
    Peer,
    /// The one this station shows.
    Own,
    /// The authority that the plant file names.
    Authority,
}

/// A certificate as far as a person has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose.
    pub owner: CertificateOwner,
    /// For whom it was made out.
    pub subject: String,
    /// It is valid from here on.
    pub not_before: Timestamp,
    /// It is valid up to here.
    pub not_after: Timestamp,
    /// SHA-256 of it, as hexadecimal digits.
    pub fingerprint: String,
}

/// One request of a poll.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBlock {
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
    /// The answer's time, milliseconds; `None` before the first.
    pub latency_ms: Option<f64>,
    /// What is wrong with it, in words; empty while all is well.
    pub fault: String,
}

/// A node or a device that announces itself on a link.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeNode {
    /// Its ids from the outermost: group, node, device.
    pub path: Vec<String>,
    /// Whether it is there.
    pub online: bool,
    /// Since when.
    pub since: Timestamp,
    /// How many metrics it announced.
    pub metrics: u32,
    /// How many messages of it came.
    pub messages: u64,
    /// How many of its messages were missing or out of order.
    pub gaps: u64,
    /// How often it was asked to announce itself anew.
    pub rebirths: u64,
    /// What is wrong with it, in words; empty while all is well.
    pub fault: String,
}
