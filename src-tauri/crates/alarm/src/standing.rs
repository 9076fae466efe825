//! What is known of one occurrence, and how it follows from what was recorded of it.

use std::cmp::Reverse;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{OccurrenceId, Priority};

/// Where an alarm stands. The names are those of ISA-18.2's states; its letters differ between editions and are not
/// used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// No alarm.
    #[default]
    Normal,
    /// Active, not acknowledged.
    Unack,
    /// Active, acknowledged.
    Acked,
    /// Returned to normal, not acknowledged.
    RtnUnack,
    /// Returned, held until it is reset, not acknowledged.
    LatchedUnack,
    /// Returned, held until it is reset, acknowledged.
    LatchedAcked,
}

/// What somebody did: who, where, when, and what they said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// Who.
    pub user: String,
    /// At which station.
    pub station: String,
    /// What they saw or did; may be empty.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// One change of one occurrence: what the journal keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Which occurrence.
    pub occurrence: OccurrenceId,
    /// Where the alarm stood. A new occurrence may begin while the one before is returned and unacknowledged; that
    /// one then goes on as an earlier occurrence.
    pub from: State,
    /// Where it stands now.
    pub to: State,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// The value that was watched, at that moment, where it is a number.
    pub value: Option<f64>,
}

/// Why an occurrence changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "act")]
pub enum Cause {
    /// The condition held for the on-delay: a new occurrence.
    Raised,
    /// The condition was gone for the off-delay.
    Returned,
    /// Somebody acknowledged it.
    Acknowledged(Act),
    /// Somebody reset it.
    Reset(Act),
    /// The condition came back while it was latched: the same occurrence again.
    Recurred,
    /// It went by itself, unacknowledged: either it is configured so, or too many earlier occurrences were waiting.
    AutoReturn,
}

/// Everything needed to go on with an occurrence after a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Which occurrence.
    pub occurrence: OccurrenceId,
    /// Where it stands; never [`State::Normal`].
    pub state: State,
    /// When it was raised, by the wall clock of that moment.
    pub raised_at: Timestamp,
    /// The value that raised it, where it was a number.
    pub value: Option<f64>,
    /// When the condition last went, while it is gone.
    pub returned_at: Option<Timestamp>,
    /// Who acknowledged it, while it is acknowledged.
    pub acknowledged: Option<Act>,
    /// How often the condition came back while it was latched.
    pub recurrences: u32,
}

/// An occurrence's place in a list: sorted ascending, unacknowledged ones come first, then the urgent ones, then the
/// newest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    acknowledged: bool,
    priority: Priority,
    newest: Reverse<Timestamp>,
    occurrence: OccurrenceId,
}

impl State {
    /// Whether somebody has to acknowledge it.
    pub fn needs_acknowledgement(self) -> bool {
        match self {
            State::Unack | State::RtnUnack | State::LatchedUnack => true,
            State::Normal | State::Acked | State::LatchedAcked => false,
        }
    }

    /// Whether the condition holds, its delays and its deadband included.
    pub fn is_present(self) -> bool {
        match self {
            State::Unack | State::Acked => true,
            State::Normal | State::RtnUnack | State::LatchedUnack | State::LatchedAcked => false,
        }
    }

    /// Whether it is held until it is reset.
    pub fn is_latched(self) -> bool {
        match self {
            State::LatchedUnack | State::LatchedAcked => true,
            State::Normal | State::Unack | State::Acked | State::RtnUnack => false,
        }
    }
}

impl Standing {
    /// What stands after a transition, given what stood of the same occurrence before; none once it is over.
    ///
    /// Folding a journal's transitions in their order gives what the live alarm has. A transition whose beginning is
    /// missing still stands with what it says itself: a damaged journal must not lose an alarm.
    #[must_use]
    pub fn after(before: Option<Standing>, transition: &Transition) -> Option<Standing> {
        if transition.to == State::Normal {
            return None;
        }
        let mut standing = before.unwrap_or_else(|| Standing {
            occurrence: transition.occurrence.clone(),
            state: transition.to,
            raised_at: transition.at,
            value: transition.value,
            returned_at: None,
            acknowledged: None,
            recurrences: 0,
        });
        standing.state = transition.to;
        match &transition.cause {
            Cause::Raised | Cause::Reset(_) | Cause::AutoReturn => {}
            Cause::Returned => standing.returned_at = Some(transition.at),
            Cause::Acknowledged(act) => standing.acknowledged = Some(act.clone()),
            Cause::Recurred => {
                standing.returned_at = None;
                standing.acknowledged = None;
                standing.recurrences = standing.recurrences.saturating_add(1);
            }
        }
        Some(standing)
    }

    /// Its place in a list, for an alarm of this priority.
    pub fn place(&self, priority: Priority) -> Place {
        Place {
            acknowledged: !self.state.needs_acknowledgement(),
            priority,
            newest: Reverse(self.raised_at),
            occurrence: self.occurrence.clone(),
        }
    }
}
