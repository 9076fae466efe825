//! An alarm with other numbers: what its past would have been, and putting them into the plant file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::{LimitKind, PlantStatus};

/// The numbers of an alarm. What it has not, or takes from another tag, is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlarmTuning {
    /// The limit, in the unit of what is measured.
    pub limit: Option<f64>,
    /// The limit of the more severe level.
    pub second_limit: Option<f64>,
    /// How far the measure must come back, in the same unit.
    pub deadband: Option<f64>,
    /// How long the condition must hold before it is raised, in seconds.
    pub on_delay_s: f64,
    /// How long the condition must be gone before it returns, in seconds.
    pub off_delay_s: f64,
    /// It is raised, too, once the condition has come so many times within the on-delay.
    pub times: Option<u16>,
}

/// Request of `alarm_try`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TryAlarm {
    /// The alarm's id.
    pub alarm: String,
    /// The beginning; at most 31 days before the end.
    #[ts(type = "number")]
    pub from: i64,
    /// The end, not included.
    #[ts(type = "number")]
    pub to: i64,
    /// Other numbers; none to see the alarm as it is.
    pub tuning: Option<AlarmTuning>,
    /// Looks for numbers with which it comes at most so often a day and does not chatter; none for no search.
    pub suggest_per_day: Option<f64>,
}

/// Answer of `alarm_try`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TriedAlarm {
    /// The time that was looked at; it ends now at the latest.
    #[ts(type = "number")]
    pub from: i64,
    /// Its end.
    #[ts(type = "number")]
    pub to: i64,
    /// Samples that were replayed.
    #[ts(type = "number")]
    pub samples: u64,
    /// The first of them; none where there is none. Before it nothing is known.
    #[ts(type = "number | null")]
    pub first: Option<i64>,
    /// Which limits these are, the first and the second; none where it measures something else than the tag's value.
    pub levels: Vec<LimitKind>,
    /// The numbers the alarm has.
    pub tuning: AlarmTuning,
    /// What came of them.
    pub before: TrialFigures,
    /// What would have come of the others.
    pub after: Option<TrialFigures>,
    /// Numbers with the least change that meet what was asked for; none where it was not asked, or there are none.
    pub suggestion: Option<AlarmTuning>,
    /// What would have come of these.
    pub suggested: Option<TrialFigures>,
    /// What to keep in mind about the figures.
    pub remarks: Vec<TrialRemark>,
}

/// What a replay counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrialFigures {
    /// How often it was raised or came again while latched.
    #[ts(type = "number")]
    pub activations: u64,
    /// How often it went on to a more severe level.
    #[ts(type = "number")]
    pub escalations: u64,
    /// Time in alarm.
    #[ts(type = "number")]
    pub active_ms: i64,
    /// Time in which its source could not be judged.
    #[ts(type = "number")]
    pub unknown_ms: i64,
    /// Activations that were over within ten seconds and did not come again for a minute.
    #[ts(type = "number")]
    pub fleeting: u64,
    /// How often it began to chatter: came three times within a minute.
    #[ts(type = "number")]
    pub chattering: u64,
    /// Most activations within any hour.
    #[ts(type = "number")]
    pub worst_hour: u64,
    /// Floods that it makes by itself: more than ten in ten minutes until fewer than five.
    #[ts(type = "number")]
    pub floods: u64,
    /// Time in such floods.
    #[ts(type = "number")]
    pub flood_ms: i64,
    /// When it was active, oldest first; the newest 1,000.
    pub spans: Vec<TrialSpan>,
}

/// One time an alarm is active in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrialSpan {
    /// From when.
    #[ts(type = "number")]
    pub from: i64,
    /// Until when; none where it still is at the end.
    #[ts(type = "number | null")]
    pub to: Option<i64>,
    /// The number of its most severe level.
    pub level: u8,
}

/// What to keep in mind about a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrialRemark {
    /// Of a tag not every sample is recorded: what moved less than its recording's deviation is not seen.
    Thinned,
    /// Of a tag the line between the recorded samples is replayed, second by second.
    Sloped,
    /// The alarm is suppressed by design at times, and the replay is not.
    SuppressionLeftOut,
    /// History begins later than the time that was asked for.
    BeginsLater,
    /// Of alarms of this kind no other numbers are searched for.
    NoSearch,
}

/// Request of `alarm_change`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeAlarm {
    /// The alarm's id.
    pub alarm: String,
    /// All of its numbers. Those that are as they were are left alone in the file.
    pub tuning: AlarmTuning,
    /// Why; not empty, at most 2,000 characters.
    pub reason: String,
}

/// Answer of `alarm_change`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangedAlarm {
    /// The numbers it had.
    pub before: AlarmTuning,
    /// The numbers it has now.
    pub after: AlarmTuning,
    /// Other alarms that share what was changed, such as the deadband of a tag's limits.
    pub others: Vec<String>,
    /// The plant file afterwards.
    pub plant: PlantStatus,
}
