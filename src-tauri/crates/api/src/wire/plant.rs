//! What the plant is, as far as a screen needs to know. Fetched once for each plant revision.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Answer of `plant_read`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlantView {
    /// Goes up with every activated plant; a frame carries the same number.
    pub revision: u32,
    /// What people call the plant.
    pub name: String,
    /// All equipment, parents first, machines of a line in order of flow.
    pub equipment: Vec<EquipmentView>,
    /// All tags.
    pub tags: Vec<TagView>,
    /// All configured alarms.
    pub alarms: Vec<AlarmView>,
}

/// A level of the equipment tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LevelView {
    /// A place.
    Site,
    /// A part of a site.
    Area,
    /// Machines in order of flow.
    Line,
    /// One machine.
    Machine,
}

/// A node of the equipment tree.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EquipmentView {
    /// The path, such as `ulm/filling/line1/filler`.
    pub id: String,
    /// The path of the node above, none for a site.
    pub parent: Option<String>,
    /// Which level.
    pub level: LevelView,
    /// What people call it.
    pub name: String,
}

/// What a tag means to its machine, so that tiles and faceplates need no drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TagRole {
    /// The PackML state as a word: `Execute`, `Held`, `Suspended`.
    State,
    /// Current speed.
    Speed,
    /// Speed it should have.
    SpeedTarget,
    /// Good units made.
    GoodCount,
    /// Units rejected.
    RejectCount,
    /// The value to show as the machine's sparkline, where it is not the speed.
    Key,
}

/// What a tag holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TagKind {
    /// On or off.
    Bool,
    /// An integer of 64 bits.
    Int,
    /// A number.
    Float,
    /// Text.
    Text,
}

/// A tag.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagView {
    /// The number by which frames and history requests name the tag.
    pub index: u32,
    /// The full id, such as `ulm/filling/line1/filler/temperature`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The equipment it belongs to; none for the plant's own.
    pub equipment: Option<String>,
    /// What it means to its machine.
    pub role: Option<TagRole>,
    /// What it holds.
    pub kind: TagKind,
    /// The unit as shown; empty where there is none.
    pub unit: String,
    /// Digits after the point.
    pub decimals: u8,
    /// Display range: the ends of a bar or an axis.
    pub range: Option<(f64, f64)>,
    /// Normal band: where the value should be.
    pub normal: Option<(f64, f64)>,
    /// Alarm limits, for bars and trends.
    pub limits: Vec<LimitView>,
    /// The gateway it comes from; none for a calculated tag.
    pub gateway: Option<String>,
    /// The formula of a calculated tag.
    pub formula: Option<String>,
    /// Words for values on and off, where they have any.
    pub words: Option<(String, String)>,
    /// Whether its history is recorded.
    pub recorded: bool,
    /// Whether what lies between two recorded values is the straight line between them.
    pub sloped: bool,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LimitKind {
    /// HH
    HighHigh,
    /// H
    High,
    /// L
    Low,
    /// LL
    LowLow,
}

/// An alarm limit of a tag.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LimitView {
    /// Which limit.
    pub kind: LimitKind,
    /// In the tag's unit.
    pub value: f64,
    /// Priority of its alarm, 1 highest to 4.
    pub priority: u8,
}

/// A configured alarm with the guidance an operator needs.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlarmView {
    /// The full id.
    pub id: String,
    /// What is shown in lists.
    pub message: String,
    /// The tag it watches, where it watches one.
    pub tag: Option<u32>,
    /// The equipment it belongs to; none for the plant's own, such as a gateway's alarm.
    pub equipment: Option<String>,
    /// The condition in words, such as `high, 82.0 °C`.
    pub condition: String,
    /// 1 highest to 4 diagnostic.
    pub priority: u8,
    /// Class, such as `process`.
    pub class: String,
    /// What usually causes it.
    pub cause: String,
    /// What happens if nobody acts.
    pub consequence: String,
    /// What to do.
    pub action: String,
    /// How to see that it has helped.
    pub confirmation: String,
    /// How long there is to act, in seconds; none where not said.
    pub time_to_respond_s: Option<f64>,
    /// The screen to look at: the path of equipment, a path relative to the plant's folder, or an `https` address.
    pub screen: Option<String>,
    /// What to read: a path relative to the plant's folder, or an `https` address.
    pub document: Option<String>,
    /// It is looked at while this formula is true; none for always.
    pub enabled_when: Option<String>,
    /// It is suppressed while this formula is true; none for never.
    pub suppressed_when: Option<String>,
}
