//! Taking what a gateway offers over into the plant.

use model::Settings;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::{PlantStatus, TagKind};

/// Request of `plant_adopt`: tags on a gateway, and machines for them, to be written behind what is in the plant file.
/// All of it is done, or nothing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adopt {
    /// The gateway's id.
    pub gateway: String,
    /// At most 5,000.
    pub tags: Vec<AdoptTag>,
    /// Those that are in the plant already are left alone.
    pub machines: Vec<AdoptMachine>,
}

/// A tag to take over.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdoptTag {
    /// The path of the machine, line, area or site it is to belong to; none for the plant's own.
    pub equipment: Option<String>,
    /// Its id within that; none to have one made of its name.
    pub id: Option<String>,
    /// What people are to call it.
    pub name: String,
    /// What it holds.
    pub kind: TagKind,
    /// The unit; empty where there is none.
    pub unit: String,
    /// Display range, low before high.
    pub range: Option<(f64, f64)>,
    /// Digits after the point; none for what is usual.
    pub decimals: Option<u8>,
    /// Its address, as the gateway offers it.
    #[ts(type = "Record<string, unknown>")]
    pub address: Settings,
    /// Whether it may be written.
    pub writable: bool,
}

/// A machine to take over.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdoptMachine {
    /// `site/area/line/machine`.
    pub path: String,
    /// What people are to call it; empty for the last part of its path.
    pub name: String,
}

/// Answer of `plant_adopt`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Adopted {
    /// The full ids of the tags that were added.
    pub tags: Vec<String>,
    /// The paths of the machines that were added.
    pub machines: Vec<String>,
    /// What was left out because the plant has it already.
    pub left_out: Vec<LeftOut>,
    /// The plant file afterwards.
    pub plant: PlantStatus,
}

/// A tag that was not added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Its name in the request.
    pub name: String,
    /// Why.
    pub reason: String,
}
