//! Writing a value to a tag's source.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use ts_rs::TS;

/// Request of `tag_write`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteTag {
    /// The tag's full id.
    pub tag: String,
    /// In the tag's unit.
    pub value: WriteValue,
}

/// A value to be written. An integer may come as text, and has to where a float would lose digits of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum WriteValue {
    /// On or off.
    Bool(bool),
    /// A number.
    Number(#[ts(type = "number")] Number),
    /// A text, or the digits of an integer.
    Text(String),
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum WriteResult {
    /// The device has the value.
    Done,
    /// Nothing was sent.
    Refused,
    /// It was sent, and the device does not show the value.
    NotConfirmed,
    /// It was sent, and nobody knows whether it was carried out.
    Unknown,
}

/// Answer of `tag_write`. Whatever it says, the write is not repeated by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WriteOutcome {
    /// What became of it.
    pub outcome: WriteResult,
    /// The reason, or what the device shows; empty when it is done.
    pub words: String,
    /// The value that was wanted, in words with its unit.
    pub wanted: String,
    /// The value before, in words with its unit and, where it could not be trusted, that; empty where there was none.
    pub before: String,
}
