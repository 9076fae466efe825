//! What keeps an alarm from being announced: it is shelved, suppressed by design, or out of service.
//!
//! A suppressed alarm is still evaluated and journalled; only nobody is called (ISA-18.2, OPC UA Part 9
//! `SuppressedOrShelved`). The three are independent of each other and of the alarm's state.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Act, AlarmId};

/// A shelved alarm: by whom and why (the act's note), and until when at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shelved {
    /// Who, where, when and why.
    pub act: Act,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// It ends when the alarm returns to normal, if that is earlier.
    pub one_shot: bool,
}

/// A rule of the plant that suppresses an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ByDesign {
    /// Which rule, in words.
    pub rule: String,
    /// Since when.
    pub since: Timestamp,
}

/// Everything that keeps an alarm from being announced; empty where nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// Somebody does not want to hear of it for a while.
    pub shelved: Option<Shelved>,
    /// The plant's design says that it means nothing now.
    pub by_design: Option<ByDesign>,
    /// Its equipment is being worked on.
    pub out_of_service: Option<Act>,
}

/// One change of what keeps an alarm from being announced: what the journal keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuppressionChange {
    /// Which alarm.
    pub alarm: AlarmId,
    /// When.
    pub at: Timestamp,
    /// What changed.
    pub what: Suppressed,
}

/// How suppression changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "by")]
pub enum Suppressed {
    /// Somebody shelved it.
    Shelved(Shelved),
    /// It is shelved no more.
    Unshelved(Unshelved),
    /// A rule of the plant begins to suppress it.
    ByDesign(ByDesign),
    /// The rule does not hold any more.
    DesignEnded,
    /// It was taken out of service.
    OutOfService(Act),
    /// It was put back.
    InService(Act),
}

/// Why an alarm is shelved no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "act")]
pub enum Unshelved {
    /// Somebody said so.
    By(Act),
    /// Its time is over.
    Expired,
    /// It was shelved until it returns to normal, and has.
    Returned,
}

impl Suppression {
    /// Whether anything keeps the alarm from being announced.
    pub fn is_in_force(&self) -> bool {
        self.shelved.is_some() || self.by_design.is_some() || self.out_of_service.is_some()
    }

    /// What is so after a change. Folding a journal's changes in their order gives what the live alarm has.
    pub fn follow(&mut self, change: &SuppressionChange) {
        match &change.what {
            Suppressed::Shelved(shelving) => self.shelved = Some(shelving.clone()),
            Suppressed::Unshelved(_) => self.shelved = None,
            Suppressed::ByDesign(design) => self.by_design = Some(design.clone()),
            Suppressed::DesignEnded => self.by_design = None,
            Suppressed::OutOfService(act) => self.out_of_service = Some(act.clone()),
            Suppressed::InService(_) => self.out_of_service = None,
        }
    }
}
