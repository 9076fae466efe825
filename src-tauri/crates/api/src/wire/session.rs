//! Who is at the screen and what they may do.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a command needs of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Permission {
    /// See everything.
    View,
    /// Acknowledge and reset alarms.
    Acknowledge,
    /// Act on machines.
    Operate,
    /// Change what the plant is.
    Configure,
}

/// Where the user interface runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Host {
    /// The desktop window.
    Window,
    /// A browser on the loopback host.
    Browser,
}

/// Answer of `session_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The person's name in records.
    pub user: String,
    /// This machine's name in records.
    pub station: String,
    /// What the person may do.
    pub permissions: Vec<Permission>,
    /// Where the user interface runs.
    pub host: Host,
    /// The program's version.
    pub version: String,
    /// Whether the plant is the built-in demo, which can be disturbed on purpose.
    pub demo: bool,
}
