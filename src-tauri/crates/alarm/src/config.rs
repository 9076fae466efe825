//! How an alarm is configured: how it is raised and returns, how urgent it is, and what may be done with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{CHATTER_HOLD, Trigger};

/// Everything the state machine wants to know of an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When the condition holds.
    pub trigger: Trigger,
    /// How long the condition must hold before the alarm is raised.
    pub on_delay: Duration,
    /// How long the condition must be gone before the alarm returns.
    pub off_delay: Duration,
    /// Once the alarm chatters, how long the condition must be gone before it returns, if that is longer than the
    /// off-delay; zero for no longer. [`crate::HELD_FROM`] says from when on.
    pub chatter_hold: Duration,
    /// The alarm is raised, too, once the condition has come so many times within the on-delay, however shortly each
    /// time; at least 2, at most [`TIMES_AT_MOST`].
    pub times: Option<u16>,
    /// Whether it is looked at always or under a condition of its own.
    pub enabling: Enabling,
    /// Whether it stays until it is reset.
    pub latching: Latching,
    /// How urgent it is, at its first level where it has several.
    pub priority: Priority,
    /// Whether somebody must acknowledge what has returned by itself.
    pub return_ack: ReturnAck,
    /// Whether somebody has to confirm that the action was taken (OPC UA Part 9, 5.7.3, Confirm).
    pub confirm: Confirm,
    /// Whether and when an acknowledged alarm that still stands is announced again.
    pub re_alarm: Option<ReAlarm>,
    /// The group of which the first alarm is marked; none where it belongs to no group.
    pub first_out: Option<FirstOut>,
    /// Whether it may be shelved.
    pub shelving: Shelving,
    /// How long it may be shelved at most; none for the site's own limit.
    pub shelve_at_most: Option<Duration>,
}

/// The greatest number of [`Config::times`], and of a count's limit.
pub const TIMES_AT_MOST: u16 = 1_000;

/// Whether an alarm is looked at always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Enabling {
    /// Always.
    #[default]
    Always,
    /// While [`crate::Input::Enabled`] says so. While it does not, the condition counts as gone at once, without the
    /// off-delay, and what was raised returns as it would by itself: it still waits for its acknowledgement where that
    /// is wanted, so that nothing that was announced goes unseen. Once enabled again it begins anew: windows, counts
    /// and delays know nothing of the time before (OPC UA Part 9, 5.5.2: a Condition is re-evaluated when it is enabled).
    Conditional,
}

/// Whether an alarm stays active after its condition has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Latching {
    /// It returns by itself.
    #[default]
    No,
    /// It stays until it is acknowledged and reset.
    Yes,
}

/// Whether an alarm that returned before it was acknowledged waits for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReturnAck {
    /// It stays in the list until it is acknowledged.
    #[default]
    Required,
    /// It goes by itself; the journal keeps it. Says nothing of latching alarms.
    NotRequired,
}

/// Whether an alarm has the step after the acknowledgement, that what had to be done was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Confirm {
    /// It has not.
    #[default]
    NotRequired,
    /// It has.
    Required,
}

/// When an alarm that was acknowledged and still stands is announced again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReAlarm {
    /// So long after the acknowledgement; not zero.
    pub after: Duration,
    /// So many times at most; none for as long as it stands.
    pub times: Option<u16>,
}

/// A group of alarms that one cause raises, of which the first one says most (OPC UA Part 9, `FirstInGroupFlag`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstOut {
    /// Its name.
    pub group: Arc<str>,
    /// What becomes of the others while the first one stands.
    pub others: Others,
}

/// What becomes of the other alarms of a group while the first one stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Others {
    /// They are announced; the first one is marked.
    #[default]
    Announced,
    /// They are suppressed by design.
    Suppressed,
}

/// Whether an alarm may be shelved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shelving {
    /// It may.
    Allowed,
    /// It may, and somebody has to say why (ISA-18.2: a reason is recorded).
    #[default]
    WithReason,
    /// It may not.
    NotAllowed,
}

/// What kind of thing an alarm is about, so that each kind can have its own rules and its own people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The process.
    #[default]
    Process,
    /// The product.
    Quality,
    /// What is used up.
    Material,
    /// Air, water, power, heat.
    Utility,
    /// The surroundings.
    Environment,
    /// Work for maintenance staff.
    Maintenance,
    /// Gateways, sensors and the stations themselves.
    System,
    /// People.
    Safety,
    /// What is managed with more rigour than others (ISA-18.2: highly managed alarms).
    HighlyManaged,
    /// Something for an engineer to look at, and nothing to act on.
    Diagnostic,
    /// A calculation over many samples.
    Statistical,
    /// For training.
    Training,
    /// A test.
    Test,
}

/// All classes.
pub const CLASSES: [Class; 13] = [
    Class::Process,
    Class::Quality,
    Class::Material,
    Class::Utility,
    Class::Environment,
    Class::Maintenance,
    Class::System,
    Class::Safety,
    Class::HighlyManaged,
    Class::Diagnostic,
    Class::Statistical,
    Class::Training,
    Class::Test,
];

/// How urgent an alarm is: 1 is the most urgent, 4 the least. The most urgent comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

/// All priorities, the most urgent first.
pub const PRIORITIES: [Priority; 4] = [Priority(1), Priority(2), Priority(3), Priority(4)];

/// A number that is no priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no priority: 1 is the most urgent, 4 the least")]
pub struct NotAPriority(pub u8);

impl Config {
    /// An alarm that comes and goes with its condition, without delays, and has to be acknowledged.
    pub fn new(trigger: Trigger, priority: Priority) -> Self {
        Self {
            trigger,
            on_delay: Duration::ZERO,
            off_delay: Duration::ZERO,
            chatter_hold: CHATTER_HOLD,
            times: None,
            enabling: Enabling::Always,
            latching: Latching::No,
            priority,
            return_ack: ReturnAck::Required,
            confirm: Confirm::NotRequired,
            re_alarm: None,
            first_out: None,
            shelving: Shelving::default(),
            shelve_at_most: None,
        }
    }

    /// How urgent it is at a level; at one that it has not, as at its first.
    pub fn priority_at(&self, level: u8) -> Priority {
        self.trigger.levels().get(usize::from(level)).map_or(self.priority, |level| level.priority)
    }
}

impl Class {
    /// The word for it, as the plant file has it.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Process => "process",
            Class::Quality => "quality",
            Class::Material => "material",
            Class::Utility => "utility",
            Class::Environment => "environment",
            Class::Maintenance => "maintenance",
            Class::System => "system",
            Class::Safety => "safety",
            Class::HighlyManaged => "highly-managed",
            Class::Diagnostic => "diagnostic",
            Class::Statistical => "statistical",
            Class::Training => "training",
            Class::Test => "test",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Priority {
    /// 1 to 4.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Priority {
    type Error = NotAPriority;

    fn try_from(number: u8) -> Result<Self, NotAPriority> {
        PRIORITIES.into_iter().find(|priority| priority.0 == number).ok_or(NotAPriority(number))
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> u8 {
        priority.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_to_four_are_priorities() {
        for number in 0..=u8::MAX {
            assert_eq!(Priority::try_from(number).is_ok(), (1..=4).contains(&number), "{number}");
        }
        assert!(PRIORITIES.is_sorted(), "the most urgent first");
    }

    #[test]
    fn every_class_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> = CLASSES.into_iter().map(Class::word).collect();
        assert_eq!(words.len(), CLASSES.len());
    }
}
