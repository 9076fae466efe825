//! How the program itself is doing: gateways, stores, the plant file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::CertificateWarning;

/// Answer of `status_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Every gateway, in the plant file's order.
    pub gateways: Vec<GatewayView>,
    /// The history file.
    pub history: StoreView,
    /// The journal file.
    pub journal: StoreView,
    /// Who is told away from the screen; none where the plant file asks for nobody.
    pub notifications: Option<NotificationsView>,
    /// The plant file.
    pub plant: PlantStatus,
    /// The exchange of acts on alarms with other stations; `null` where the plant file has none.
    pub stations: Option<StationsView>,
}

/// Where the exchange between stations stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExchangeState {
    /// This station has not what it takes; the reason says what is missing.
    Unready,
    /// Being connected.
    Connecting,
    /// Acts come and go.
    Up,
    /// The connection is lost; the next attempt is waiting.
    Down,
}

/// The exchange of acts on alarms with other stations. What it counts, it counts from the start of the program.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StationsView {
    /// Where it stands.
    pub state: ExchangeState,
    /// Why, in words; empty while all is well.
    pub reason: String,
    /// The id of the gateway over whose broker it goes.
    pub gateway: String,
    /// This station's name.
    pub station: String,
    /// The other stations of the plant file.
    pub others: Vec<OtherStation>,
    /// Messages that the broker took.
    #[ts(type = "number")]
    pub sent: u64,
    /// When it last took one.
    #[ts(type = "number | null")]
    pub last_sent_at: Option<i64>,
    /// Messages that it has yet to take.
    pub waiting: u32,
    /// Acts of other stations that were news.
    #[ts(type = "number")]
    pub heard: u64,
    /// When there last were some.
    #[ts(type = "number | null")]
    pub last_heard_at: Option<i64>,
    /// Messages and acts that were refused.
    #[ts(type = "number")]
    pub refused: u64,
    /// Why the last one was, in words.
    pub last_refused: Option<String>,
    /// When that was.
    #[ts(type = "number | null")]
    pub last_refused_at: Option<i64>,
}

/// Another station of the plant file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OtherStation {
    /// Its name.
    pub name: String,
    /// When acts of it last came, whether they were news or not.
    #[ts(type = "number | null")]
    pub heard_at: Option<i64>,
}

/// Where a gateway's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum GatewayState {
    /// Being made.
    Connecting,
    /// Made.
    Up,
    /// Lost; the next attempt is waiting.
    Down,
}

/// A gateway.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GatewayView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The protocol's word.
    pub kind: String,
    /// Where it is reached, in words.
    pub address: String,
    /// Where it stands.
    pub state: GatewayState,
    /// Since when.
    #[ts(type = "number")]
    pub since: i64,
    /// Why, in words; empty while all is well.
    pub reason: String,
    /// How many tags come from it.
    pub tags: u32,
    /// How many of those are not good now.
    pub tags_not_good: u32,
    /// Messages or answered polls since the start.
    #[ts(type = "number")]
    pub messages: u64,
    /// Of the last whole second.
    pub messages_per_second: f64,
    /// Samples since the start.
    #[ts(type = "number")]
    pub samples: u64,
    /// Of the last whole second.
    pub samples_per_second: f64,
    /// Payload bytes since the start.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Of the last whole second.
    pub bytes_per_second: f64,
    /// Connections made since the start.
    #[ts(type = "number")]
    pub connects: u64,
    /// How often the connection had to be made again.
    #[ts(type = "number")]
    pub reconnects: u64,
    /// Samples merged because the engine was busy.
    #[ts(type = "number")]
    pub merged: u64,
    /// Messages that no tag wanted.
    #[ts(type = "number")]
    pub unknown: u64,
    /// Polls left out because the one before was not done.
    #[ts(type = "number")]
    pub overruns: u64,
    /// Milliseconds from request to answer, newest.
    pub latency_ms: Option<f64>,
    /// When the last message came.
    #[ts(type = "number | null")]
    pub last_message_at: Option<i64>,
    /// The source's time of the newest value.
    #[ts(type = "number | null")]
    pub newest_value_at: Option<i64>,
    /// The certificate that needs somebody most; none while all are good.
    pub certificate: Option<CertificateWarning>,
    /// How many requests a round of polls has, where the protocol polls.
    pub blocks: u32,
    /// How many of those have a fault.
    pub blocks_faulty: u32,
    /// How many edge nodes and devices announced themselves, where the protocol has them.
    pub nodes: u32,
    /// How many of those are gone or have a fault.
    pub nodes_faulty: u32,
    /// Errors by kind, those above zero.
    pub errors: Vec<ErrorCount>,
    /// The last error in words.
    pub last_error: Option<String>,
    /// When it was.
    #[ts(type = "number | null")]
    pub last_error_at: Option<i64>,
}

/// A count of errors of one kind.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ErrorCount {
    /// In words: `could not connect`, `connection lost`, `silent`, ...
    pub kind: String,
    /// Since the start.
    #[ts(type = "number")]
    pub count: u64,
}

/// A store on disk.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StoreView {
    /// Whether what is new gets to disk.
    pub working: bool,
    /// Why not, in words; empty while all is well.
    pub reason: String,
    /// What a person should know of the past, such as a damaged file that was set aside; empty otherwise.
    pub notice: String,
    /// What will become a trouble if nobody does anything, such as a disk that is nearly full or slow; empty otherwise.
    pub warning: String,
    /// Since when it stands as it does.
    #[ts(type = "number")]
    pub since: i64,
    /// Bytes of the file, its log included.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Rows written since the start.
    #[ts(type = "number")]
    pub written: u64,
    /// Rows waiting to be written.
    #[ts(type = "number")]
    pub queued: u64,
    /// Rows given up because the queue was full or the store was not working.
    #[ts(type = "number")]
    pub dropped: u64,
}

/// How it fares with telling people who are not at the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsView {
    /// Whether what is to be told is told.
    pub working: bool,
    /// Why not, in words; empty while all is well.
    pub reason: String,
    /// Since when it stands as it does.
    #[ts(type = "number")]
    pub since: i64,
    /// How many rules there are.
    pub rules: u32,
    /// Messages that are to be sent.
    #[ts(type = "number")]
    pub waiting: u64,
    /// Messages that were delivered within the last 30 days.
    #[ts(type = "number")]
    pub delivered: u64,
    /// The newest messages that were given up, newest first.
    pub given_up: Vec<GivenUpView>,
}

/// A message that was not delivered and is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GivenUpView {
    /// Its id.
    pub id: String,
    /// The rule it followed.
    pub rule: String,
    /// To whom it should have gone.
    pub to: String,
    /// When it was given up.
    #[ts(type = "number")]
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// The plant file: what runs, and what the last reading of it found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlantStatus {
    /// The folder; empty for the demo plant.
    pub folder: String,
    /// When the running plant was activated.
    #[ts(type = "number")]
    pub activated_at: i64,
    /// What the last reading found; errors here mean that the older plant still runs.
    pub problems: Vec<ProblemView>,
}

/// Something wrong in the plant file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProblemView {
    /// Whether it keeps the plant from being activated; otherwise it is a warning.
    pub error: bool,
    /// The file, relative to the plant's folder.
    pub file: String,
    /// The line, from 1; 0 where none can be named.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}
