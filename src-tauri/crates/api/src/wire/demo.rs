//! Disturbing the demo plant on purpose. Refused on any other plant.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Request of `demo_act`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", tag = "act", deny_unknown_fields)]
pub enum DemoAct {
    /// Jam a machine until it is cleared.
    Jam {
        /// Its equipment path.
        machine: String,
    },
    /// Clear a jam.
    Clear {
        /// Its equipment path.
        machine: String,
    },
    /// Make the broker vanish as if it was killed.
    StopBroker {},
    /// Start it again, with nothing remembered.
    StartBroker {},
    /// The PLC holds its connections but answers nothing.
    FreezePlc {},
    /// It answers again.
    ThawPlc {},
    /// Many machines go out of limits at once, for a minute.
    AlarmFlood {},
}

/// Answer of `demo_read` and `demo_act`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DemoView {
    /// The machines in order of flow.
    pub machines: Vec<DemoMachine>,
    /// Whether the broker runs.
    pub broker_running: bool,
    /// Whether the PLC is frozen.
    pub plc_frozen: bool,
    /// Whether a flood is going on.
    pub flooding: bool,
}

/// A machine of the demo plant.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DemoMachine {
    /// Its equipment path.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is jammed.
    pub jammed: bool,
}
