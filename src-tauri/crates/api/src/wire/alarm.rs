//! Alarms as they stand, and what is done to them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The states of `ISA-18.2` that are built, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum AlarmState {
    /// No alarm.
    Normal,
    /// Active, not acknowledged.
    Unack,
    /// Active, acknowledged.
    Acked,
    /// Returned to normal, not acknowledged.
    RtnUnack,
    /// Returned, held until reset, not acknowledged.
    LatchedUnack,
    /// Returned, held until reset, acknowledged.
    LatchedAcked,
}

/// Answer of `alarms_read`: every alarm that is not normal, and unacknowledged earlier occurrences.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActiveAlarms {
    /// Goes up with every change; a frame carries the same number.
    pub revision: u32,
    /// Unacknowledged first, then by priority, then newest first.
    pub alarms: Vec<ActiveAlarm>,
}

/// One occurrence of an alarm that still needs somebody.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActiveAlarm {
    /// Names the occurrence; an acknowledgement carries it.
    pub occurrence: String,
    /// The alarm's id.
    pub alarm: String,
    /// Where it stands.
    pub state: AlarmState,
    /// 1 highest to 4.
    pub priority: u8,
    /// What is shown.
    pub message: String,
    /// The equipment's path, where it has one.
    pub equipment: Option<String>,
    /// The tag it watches, where it watches one.
    pub tag: Option<u32>,
    /// The condition in words, such as `high, 82.0 °C`.
    pub condition: String,
    /// The value that raised it, in words with its unit; empty where there is none.
    pub value: String,
    /// When it was raised.
    #[ts(type = "number")]
    pub raised_at: i64,
    /// When the condition went back to normal.
    #[ts(type = "number | null")]
    pub returned_at: Option<i64>,
    /// When it was acknowledged, by whom, where, and with what note.
    #[ts(type = "number | null")]
    pub acked_at: Option<i64>,
    /// Who acknowledged it.
    pub acked_by: Option<String>,
    /// The note of the acknowledgement.
    pub note: Option<String>,
    /// Whether its source is silent or bad, so that the state is the last one known.
    pub source_lost: bool,
}

/// Request of `alarm_acknowledge`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcknowledgeAlarms {
    /// Which occurrences; at most 1,000 at once.
    pub occurrences: Vec<String>,
    /// What was seen or done; may be empty; at most 2,000 characters.
    pub note: String,
}

/// Request of `alarm_reset`, for alarms that latch.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetAlarms {
    /// Which occurrences; at most 1,000 at once.
    pub occurrences: Vec<String>,
    /// Why; may be empty; at most 2,000 characters.
    pub note: String,
}

/// Answer of an act on alarms. What is named in `done` is on disk.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActedOn {
    /// Done and committed.
    pub done: Vec<String>,
    /// Not done, each with its reason.
    pub refused: Vec<RefusedOccurrence>,
}

/// An occurrence that could not be acted on.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefusedOccurrence {
    /// Which.
    pub occurrence: String,
    /// Why, in words.
    pub reason: String,
}
