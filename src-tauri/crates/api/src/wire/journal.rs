//! What the journal says: its entries, what is asked of it, and how the alarms performed.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What happened, in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum JournalKind {
    /// An alarm was raised.
    Raised,
    /// Its condition went back to normal.
    Returned,
    /// It was acknowledged.
    Acknowledged,
    /// A latched alarm was reset.
    Reset,
    /// Its condition came back while it was latched.
    Recurred,
    /// It reached a more severe level.
    Escalated,
    /// It is back on a less severe level.
    Eased,
    /// It was announced again because nobody did anything.
    ReAlarmed,
    /// It was announced after all, as what suppressed it has ended.
    Announced,
    /// Somebody confirmed that the action was taken.
    Confirmed,
    /// Somebody made a note.
    Noted,
    /// Somebody shelved it.
    Shelved,
    /// It is shelved no more.
    Unshelved,
    /// A rule of the plant began to suppress it.
    Suppressed,
    /// The rule does not hold any more.
    Unsuppressed,
    /// Somebody took it out of service.
    OutOfService,
    /// Somebody put it back into service.
    InService,
    /// Somebody at another station did something that changes nothing here.
    Heard,
    /// Somebody did something else that is audited.
    Action,
    /// The program itself: start, stop, plant activated, storage trouble.
    System,
}

/// Which entries of the journal. What is not said does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct JournalFilter {
    /// Only of this equipment and below.
    pub equipment: Option<String>,
    /// Only of this alarm.
    pub alarm: Option<String>,
    /// Only entries with this text in message, note, user or equipment.
    pub text: Option<String>,
    /// Only of what was done by somebody with this text in their name.
    pub user: Option<String>,
    /// Only of this priority.
    pub priority: Option<u8>,
    /// Only of these kinds; of all where there is none.
    pub kinds: Vec<JournalKind>,
    /// Not before this time.
    #[ts(type = "number | null")]
    pub from: Option<i64>,
    /// Before this time.
    #[ts(type = "number | null")]
    pub to: Option<i64>,
}

/// Request of `journal_read`: newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadJournal {
    /// Only entries before this sequence number; none for the newest.
    #[ts(type = "number | null")]
    pub before: Option<i64>,
    /// At most so many entries, 1 to 500.
    pub limit: u32,
    /// Which.
    pub filter: JournalFilter,
}

/// Request of `journal_export`: the same as a CSV file, newest first, which comes by `export_next`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportJournal {
    /// Which.
    pub filter: JournalFilter,
}

/// Answer of `journal_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JournalPage {
    /// Newest first.
    pub entries: Vec<JournalEntry>,
    /// What to ask `before` for the next page; none at the end.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// One line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// Its place in the journal.
    #[ts(type = "number")]
    pub seq: i64,
    /// When it happened.
    #[ts(type = "number")]
    pub time: i64,
    /// What happened.
    pub kind: JournalKind,
    /// The alarm, for entries of alarms.
    pub alarm: Option<String>,
    /// The occurrence, for entries of alarms.
    pub occurrence: Option<String>,
    /// The equipment's path.
    pub equipment: Option<String>,
    /// 1 highest to 4, for entries of alarms.
    pub priority: Option<u8>,
    /// What is shown.
    pub message: String,
    /// The value in words with its unit; empty where there is none.
    pub value: String,
    /// Who did it; empty where nobody did.
    pub user: String,
    /// Where it was done.
    pub station: String,
    /// What they said; the result of an action.
    pub note: String,
}

/// Request of `alarm_performance`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadPerformance {
    /// From this time.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time, at most 400 days later.
    #[ts(type = "number")]
    pub to: i64,
    /// Only the alarms of this equipment and below: what one operator answers for.
    pub equipment: Option<String>,
}

/// Answer of `alarm_performance`: how the alarms performed after ISA-18.2 and EEMUA 191, from the journal alone. Annunciated
/// alarms are counted, not changes of state.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceView {
    /// From this time: as asked for, or the journal's beginning where that is later.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time: as asked for, or now.
    #[ts(type = "number")]
    pub to: i64,
    /// Whose journal it is.
    pub station: String,
    /// Annunciated alarms.
    #[ts(type = "number")]
    pub count: u64,
    /// Different alarms among them.
    #[ts(type = "number")]
    pub alarms: u64,
    /// On average in ten minutes.
    pub per_ten_minutes: f64,
    /// On average in an hour.
    pub per_hour: f64,
    /// On average in a day.
    pub per_day: f64,
    /// Hours, and those with more than 30.
    pub hours: PeriodsView,
    /// Periods of ten minutes, and those with more than ten.
    pub ten_minutes: PeriodsView,
    /// Most within any ten minutes.
    #[ts(type = "number")]
    pub peak: u64,
    /// When the ten minutes with the most ended; none where there was no alarm.
    #[ts(type = "number | null")]
    pub peak_at: Option<i64>,
    /// How many floods there were.
    #[ts(type = "number")]
    pub flood_count: u64,
    /// Milliseconds of flood.
    #[ts(type = "number")]
    pub flooded_ms: i64,
    /// The floods, the newest first; at most the newest hundred.
    pub floods: Vec<FloodView>,
    /// The alarms that came most often, at most ten.
    pub top: Vec<ContributionView>,
    /// Alarms that chattered, with how many times they began to; at most a hundred, as in the lists that follow.
    pub chattering: Vec<ContributionView>,
    /// Alarms that were fleeting, with how many times.
    pub fleeting: Vec<ContributionView>,
    /// Alarms that were active for more than a day at some time in the window, the longest first.
    pub stale: Vec<StaleView>,
    /// Alarms that are so at the end.
    #[ts(type = "number")]
    pub stale_at_end: u64,
    /// Most of them on one day.
    #[ts(type = "number")]
    pub stale_on_a_day: u64,
    /// By priority, the most urgent first.
    pub priorities: Vec<PriorityView>,
    /// How many had returned before anybody acknowledged them.
    #[ts(type = "number")]
    pub returned_unacknowledged: u64,
    /// How many times one person began to acknowledge more than five within ten seconds.
    #[ts(type = "number")]
    pub hasty: u64,
    /// Alarms in each hour of each day of the local calendar.
    pub heat: Vec<HeatDay>,
}

/// Periods of one length, only whole ones.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PeriodsView {
    /// How many there are.
    #[ts(type = "number")]
    pub whole: u64,
    /// In how many there were too many alarms.
    #[ts(type = "number")]
    pub busy: u64,
}

/// An alarm as it was called last.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MeasuredAlarm {
    /// Its id.
    pub alarm: String,
    /// What was shown.
    pub message: String,
    /// The equipment's path.
    pub equipment: Option<String>,
    /// 1 highest to 4.
    pub priority: u8,
}

/// What one alarm contributed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ContributionView {
    /// Which.
    pub alarm: MeasuredAlarm,
    /// How often.
    #[ts(type = "number")]
    pub count: u64,
}

/// More than ten alarms within ten minutes, until there were fewer than five.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FloodView {
    /// When the first of its alarms came.
    #[ts(type = "number")]
    pub begin: i64,
    /// When it ended, or the window did.
    #[ts(type = "number")]
    pub end: i64,
    /// Whether it had ended by then.
    pub ended: bool,
    /// Alarms in it.
    #[ts(type = "number")]
    pub count: u64,
    /// Most within ten minutes.
    #[ts(type = "number")]
    pub peak: u64,
    /// The first ten alarms.
    pub first: Vec<FirstAlarm>,
    /// The alarms that came most often, at most ten.
    pub top: Vec<ContributionView>,
}

/// One of the first alarms of a flood.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FirstAlarm {
    /// Which.
    pub alarm: MeasuredAlarm,
    /// When it came.
    #[ts(type = "number")]
    pub time: i64,
}

/// An alarm that was active for more than a day.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StaleView {
    /// Which.
    pub alarm: MeasuredAlarm,
    /// Since when, which may be before the window.
    #[ts(type = "number")]
    pub since: i64,
    /// Until when; none where it is active at the end.
    #[ts(type = "number | null")]
    pub until: Option<i64>,
}

/// The alarms of one priority.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PriorityView {
    /// 1 highest to 4.
    pub priority: u8,
    /// How many there were.
    #[ts(type = "number")]
    pub count: u64,
    /// How many were acknowledged.
    #[ts(type = "number")]
    pub acknowledged: u64,
    /// The median of the times to that, seconds.
    pub median_s: Option<u32>,
    /// In 95 of 100 cases it was no longer than this, seconds.
    pub p95_s: Option<u32>,
}

/// A day of the local calendar.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HeatDay {
    /// Its date, such as `2026-11-23`.
    pub date: String,
    /// When each of its hours begins, by the clock of that day.
    #[ts(type = "number[]")]
    pub begins: Vec<i64>,
    /// Alarms in each of its 24 hours.
    pub hours: Vec<u32>,
}
