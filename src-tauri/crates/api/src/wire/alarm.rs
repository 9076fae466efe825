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
    /// Returned and acknowledged; the action has yet to be confirmed.
    RtnUnconfirmed,
}

/// Answer of `alarms_read`: every alarm that is not normal, and unacknowledged earlier occurrences.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActiveAlarms {
    /// Goes up with every change; a frame carries the same number.
    pub revision: u32,
    /// Unacknowledged first, then by priority, then newest first.
    pub alarms: Vec<ActiveAlarm>,
    /// The alarms that are not announced, in the order of the plant. They are not among the others.
    pub suppressed: Vec<SuppressedAlarm>,
    /// The flood that goes on; `null` where there is none.
    pub flood: Option<AlarmFlood>,
}

/// More alarms than an operator can take in: more than ten within ten minutes, until there are fewer than five.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmFlood {
    /// When the first of its alarms came.
    #[ts(type = "number")]
    pub since: i64,
    /// How many there were since.
    #[ts(type = "number")]
    pub count: u64,
}

/// An alarm that chatters: it comes three times within a minute, or more often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmChatter {
    /// How often it came since it began to.
    pub times: u32,
    /// How long ago that was, seconds.
    pub seconds: u32,
}

/// Answer of `alarm_companions`: which alarms usually come together, from the journal.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmCompanions {
    /// From when on the journal was looked at.
    #[ts(type = "number")]
    pub from: i64,
    /// Until when.
    #[ts(type = "number")]
    pub to: i64,
    /// The strongest first.
    pub pairs: Vec<AlarmPair>,
}

/// Two alarms that usually come within a minute of each other.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmPair {
    /// The alarms' ids.
    pub alarms: (String, String),
    /// How often they came together.
    pub together: u32,
    /// How often the rarer of them came at all.
    pub of: u32,
}

/// Who did something, where, when, and what they said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmAct {
    /// Who.
    pub user: String,
    /// At which station.
    pub station: String,
    /// What they said; may be empty.
    pub note: String,
    /// When.
    #[ts(type = "number")]
    pub at: i64,
}

/// An alarm that is not announced, whether it stands or not. At least one of the three reasons is set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SuppressedAlarm {
    /// The alarm's id.
    pub alarm: String,
    /// 1 highest to 4.
    pub priority: u8,
    /// What is shown.
    pub message: String,
    /// The equipment's path, where it has one.
    pub equipment: Option<String>,
    /// Whether its condition holds now.
    pub is_present: bool,
    /// Who shelved it and why.
    pub shelved: Option<AlarmAct>,
    /// Until when it is shelved.
    #[ts(type = "number | null")]
    pub shelved_until: Option<i64>,
    /// Whether the shelving ends when it returns to normal.
    pub one_shot: bool,
    /// The plant's rule that suppresses it, in words.
    pub by_design: Option<String>,
    /// Since when it does.
    #[ts(type = "number | null")]
    pub by_design_since: Option<i64>,
    /// Who took it out of service and why.
    pub out_of_service: Option<AlarmAct>,
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
    /// When it was last announced: raised, come back, more severe, or called again. An acknowledgement carries it.
    #[ts(type = "number")]
    pub announced_at: i64,
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
    /// At which station it was acknowledged.
    pub acked_at_station: Option<String>,
    /// Its priority before it was as severe as now; none where it never was another one.
    pub last_priority: Option<u8>,
    /// Whether somebody has to confirm that the action was taken, and has not.
    pub needs_confirmation: bool,
    /// Who confirmed that the action was taken.
    pub confirmed: Option<AlarmAct>,
    /// What was noted of it, the earliest first.
    pub notes: Vec<AlarmAct>,
    /// How often it was announced again because nobody did anything.
    pub re_alarms: u32,
    /// Whether it is the first of its group that stands.
    pub first_out: bool,
    /// The group of which the first one is marked; none where it belongs to no group.
    pub first_out_group: Option<String>,
    /// Set where its alarm chatters.
    pub chattering: Option<AlarmChatter>,
    /// How often within the last hour its alarm went within ten seconds and did not come again for a minute.
    pub fleeting: u32,
    /// Whether its source is silent or bad, so that the state is the last one known.
    pub source_lost: bool,
}

/// Request of `alarm_acknowledge`, `alarm_confirm`, `alarm_reset` and `alarm_note`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActOnOccurrences {
    /// Which occurrences; at most 1,000 at once.
    pub occurrences: Vec<String>,
    /// Of each, when it was last announced as far as whoever acts has seen. One that was announced since is not acknowledged. May be
    /// left out: then each is meant as it stands.
    #[serde(default)]
    #[ts(type = "number[]")]
    pub announced_at: Vec<i64>,
    /// What was seen or done; may be empty except for `alarm_note`; at most 2,000 characters.
    pub note: String,
}

/// Request of `alarm_shelve`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShelveAlarms {
    /// Which alarms; at most 1,000 at once.
    pub alarms: Vec<String>,
    /// For how long at most, in minutes; an alarm may allow less than is asked.
    pub minutes: u32,
    /// Until they return to normal, if that is earlier.
    pub one_shot: bool,
    /// Why; at most 2,000 characters.
    pub note: String,
}

/// Request of `alarm_unshelve`, `alarm_out_of_service` and `alarm_in_service`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActOnAlarms {
    /// Which alarms; at most 1,000 at once.
    pub alarms: Vec<String>,
    /// Why; at most 2,000 characters; must be said where an alarm is taken out of service.
    pub note: String,
}

/// Answer of an act on alarms. What is named in `done` is on disk.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActedOn {
    /// Done and committed.
    pub done: Vec<String>,
    /// Not done, each with its reason.
    pub refused: Vec<RefusedAct>,
}

/// An occurrence or an alarm that could not be acted on.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefusedAct {
    /// Which occurrence or alarm.
    pub target: String,
    /// Why, in words.
    pub reason: String,
}
