//! How an alarm is configured, and when its condition holds.

use std::fmt;
use std::time::Duration;

use model::{Quality, Severity};
use serde::{Deserialize, Serialize};

/// Everything the state machine wants to know of an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When the condition holds.
    pub trigger: Trigger,
    /// How long the condition must hold before the alarm is raised.
    pub on_delay: Duration,
    /// How long the condition must be gone before the alarm returns.
    pub off_delay: Duration,
    /// Whether it stays until it is reset.
    pub latching: Latching,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether somebody must acknowledge what has returned by itself.
    pub return_ack: ReturnAck,
    /// Whether somebody must confirm that the action was taken.
    pub confirmation: Confirm,
    /// When it is announced again although it was acknowledged.
    pub re_alarm: Option<ReAlarm>,
}

/// When an alarm that was acknowledged and still stands is announced again (OPC UA Part 9, `ReAlarmTime` and
/// `ReAlarmRepeatCount`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReAlarm {
    /// So long after it was acknowledged.
    pub after: Duration,
    /// At most so often for one occurrence; without a bound where there is none.
    pub at_most: Option<u32>,
}

/// Whether an alarm waits for the word that the action was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Confirm {
    /// To have seen it is enough.
    #[default]
    NotRequired,
    /// It stays in the list until somebody confirms it.
    Required,
}

/// When an alarm's condition holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trigger {
    /// A number reaches a limit.
    Limit {
        /// On which side.
        kind: LimitKind,
        /// The limit, in the tag's unit; finite. A value on the limit has reached it.
        limit: f64,
        /// How far the value must come back behind the limit, in the tag's unit; finite, not negative.
        deadband: f64,
    },
    /// A signal is in the alarming position; any number but zero is on.
    Digital {
        /// The alarming position.
        active_when: bool,
    },
    /// There is no fresh value: the quality says stale, last usable, or bad.
    Stale,
    /// A formula is true.
    Condition,
    /// The connection to a gateway is lost, which [`crate::Input::Truth`] says.
    LinkDown,
}

/// The side and the step of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Far above.
    HighHigh,
    /// Above.
    High,
    /// Below.
    Low,
    /// Far below.
    LowLow,
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

/// What one observation says of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds, on this level: 0 is the first, and greater is more severe.
    Present(u8),
    /// It does not hold.
    Absent,
    /// The observation is not to be trusted: nothing changes.
    Unknown,
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

impl Trigger {
    /// What an observation says, for an alarm that is `tripped` already or not: the deadband counts only on the way
    /// back.
    pub(crate) fn judge(&self, number: Option<f64>, quality: Quality, tripped: Tripped) -> Verdict {
        match *self {
            Trigger::Limit { kind, limit, deadband } => match usable(number, quality) {
                Some(value) => verdict(reaches(kind, limit, deadband, value, tripped)),
                None => Verdict::Unknown,
            },
            Trigger::Digital { active_when } => match usable(number, quality) {
                Some(value) => verdict((value != 0.0) == active_when),
                None => Verdict::Unknown,
            },
            Trigger::Condition | Trigger::LinkDown => match usable(number, quality) {
                Some(value) => verdict(value != 0.0),
                None => Verdict::Unknown,
            },
            Trigger::Stale => staleness(quality),
        }
    }
}

impl Verdict {
    /// Whether it is more severe than another one.
    pub(crate) fn is_above(self, other: Verdict) -> bool {
        self.rank() > other.rank()
    }

    fn rank(self) -> u16 {
        match self {
            Verdict::Absent | Verdict::Unknown => 0,
            Verdict::Present(level) => u16::from(level) + 1,
        }
    }
}

/// Whether an alarm's condition is accepted as holding, its delays included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tripped {
    /// It holds.
    Yes,
    /// It does not.
    No,
}

fn verdict(present: bool) -> Verdict {
    if present { Verdict::Present(0) } else { Verdict::Absent }
}

/// The number to judge by; none where the quality is not good or the number is none.
fn usable(number: Option<f64>, quality: Quality) -> Option<f64> {
    number.filter(|x| quality.is_good() && x.is_finite())
}

fn reaches(kind: LimitKind, limit: f64, deadband: f64, value: f64, tripped: Tripped) -> bool {
    let band = match tripped {
        Tripped::Yes => deadband,
        Tripped::No => 0.0,
    };
    match kind {
        LimitKind::HighHigh | LimitKind::High => value >= limit - band,
        LimitKind::Low | LimitKind::LowLow => value <= limit + band,
    }
}

/// A source that has said nothing yet, or only repeats what it knew before, is neither fresh nor stale.
fn staleness(quality: Quality) -> Verdict {
    match quality {
        Quality::BAD_WAITING | Quality::UNCERTAIN_INITIAL => Verdict::Unknown,
        Quality::STALE | Quality::UNCERTAIN_LAST_USABLE => Verdict::Present(0),
        other => match other.severity() {
            Severity::Good | Severity::Uncertain => Verdict::Absent,
            Severity::Bad => Verdict::Present(0),
        },
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
}
