//! What tags did in a stretch of time, in numbers: aggregates after OPC UA Part 13.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Request of `history_summary`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadSummary {
    /// Which tags, at most 16.
    pub tags: Vec<u32>,
    /// From this time.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time; of a later time than now nothing is known, and the answer ends now.
    #[ts(type = "number")]
    pub to: i64,
    /// So many intervals of the same length, 1 to 500; the last one may be shorter.
    pub intervals: u32,
    /// What is to be told of the whole stretch beside them. It is read from the samples one by one.
    pub with: Vec<SummaryPart>,
    /// How many values a counter of these tags has, such as 65,536 of 16 bits: a fall by more than half of it is a step over its end.
    /// Without it every fall is a reset.
    pub counter_end: Option<f64>,
}

/// What takes longer, and is told only where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SummaryPart {
    /// How long the tag was in which state.
    States,
    /// How far a counter went.
    Increase,
}

/// Answer of `history_summary`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistorySummary {
    /// Where it begins.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to what time it was known.
    #[ts(type = "number")]
    pub to: i64,
    /// In the order in which they were asked for; those that are not recorded are left out.
    pub tags: Vec<TagSummary>,
}

/// What one tag did.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagSummary {
    /// Which tag.
    pub tag: u32,
    /// In order of time, without gaps.
    pub intervals: Vec<IntervalSummary>,
    /// Its states, where they were asked for.
    pub states: Option<StateSummary>,
    /// Its increase, where that was asked for and it holds numbers.
    pub increase: Option<CounterSummary>,
}

/// What a tag did in one interval. Only good values count.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IntervalSummary {
    /// Its first instant.
    #[ts(type = "number")]
    pub from: i64,
    /// The first instant after it.
    #[ts(type = "number")]
    pub to: i64,
    /// Good samples in it (Count).
    #[ts(type = "number")]
    pub count: u64,
    /// The average over the good time (TimeAverage2), held or on a straight line as the tag is recorded; null without a number.
    pub mean: Option<f64>,
    /// The least value, what held at the beginning too (Minimum2).
    pub least: Option<ExtremeView>,
    /// The greatest value, what held at the beginning too (Maximum2).
    pub greatest: Option<ExtremeView>,
    /// What held up to the beginning.
    pub first: Option<f64>,
    /// What holds at the end.
    pub last: Option<f64>,
    /// Share of its time with a good value, 0 to 100 (PercentGood).
    pub percent_good: f64,
    /// OPC UA status code of what is calculated here: uncertain where some of it was not good.
    pub quality: u32,
}

/// A least or greatest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExtremeView {
    /// The value.
    pub value: f64,
    /// When a sample first had it; null where it held from before or is on a line between samples, and where the samples are kept no longer.
    #[ts(type = "number | null")]
    pub time: Option<i64>,
}

/// How long a tag was in which state.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StateSummary {
    /// The longest first; at most a thousand.
    pub durations: Vec<StateDuration>,
    /// Milliseconds in states beyond those.
    #[ts(type = "number")]
    pub others_ms: i64,
    /// Milliseconds without a good state.
    #[ts(type = "number")]
    pub unknown_ms: i64,
    /// Changes from one good state to another.
    #[ts(type = "number")]
    pub transitions: u64,
}

/// One state (DurationInState).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StateDuration {
    /// Which.
    pub state: StateValue,
    /// How long, milliseconds.
    #[ts(type = "number")]
    pub ms: i64,
}

/// A state. An integer that a float cannot hold comes as its digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum StateValue {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(f64),
    /// A text, or the digits of an integer.
    Text(String),
}

/// How far a counter went.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CounterSummary {
    /// The sum of all steps upwards, with those over its end.
    pub total: f64,
    /// How often it went over its end.
    #[ts(type = "number")]
    pub rollovers: u64,
    /// How often it fell back otherwise.
    #[ts(type = "number")]
    pub resets: u64,
}
