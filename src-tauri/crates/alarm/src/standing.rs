//! What is known of one occurrence, and how it follows from what was recorded of it.

use std::cmp::Reverse;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Act, Deed, OccurrenceId, Priority, SuppressionChange};

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
    /// Returned and acknowledged; somebody has yet to confirm that the action was taken.
    RtnUnconfirmed,
}

/// What changed in one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// An occurrence changed, or somebody did something to it.
    Occurrence(Transition),
    /// What keeps the alarm from being announced changed.
    Suppression(SuppressionChange),
    /// Somebody at another station did something that changes nothing here: it is over, or a later act has won.
    Heard(Deed),
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
    /// How severe it is now: the number of its trigger's level.
    pub level: u8,
    /// Set where somebody is called, or would be were it not suppressed: the name of the announcement. Of one alarm
    /// they only grow.
    pub announced: Option<Timestamp>,
    /// Whether something keeps it from being announced.
    pub suppressed: bool,
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
    /// It went by itself, unacknowledged: it is configured so, it was suppressed, or too many earlier occurrences were
    /// waiting.
    AutoReturn,
    /// It reached a more severe level: the same occurrence, announced again.
    Escalated,
    /// It is back on a less severe level.
    Eased,
    /// Nobody did anything about it for the re-alarm time: the same occurrence, announced again.
    ReAlarmed,
    /// It stands, and something that kept it from being announced has ended: announced again.
    Unsuppressed,
    /// Somebody confirmed that the action was taken.
    Confirmed(Act),
    /// Somebody made a note.
    Noted(Act),
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
    /// When it was last announced, as a name: see [`Transition::announced`].
    pub announced: Timestamp,
    /// How severe it is: the number of its trigger's level.
    pub level: u8,
    /// How severe it was before it was as severe as now (OPC UA Part 9, `LastSeverity`).
    pub last_level: Option<u8>,
    /// How often it was announced again because nobody did anything.
    pub re_alarms: u32,
    /// Who confirmed that the action was taken.
    pub confirmed: Option<Act>,
    /// What was noted of it, the earliest first.
    pub notes: Vec<Act>,
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
            State::Normal | State::Acked | State::LatchedAcked | State::RtnUnconfirmed => false,
        }
    }

    /// Whether the condition holds, its delays and its deadband included.
    pub fn is_present(self) -> bool {
        match self {
            State::Unack | State::Acked => true,
            State::Normal | State::RtnUnack | State::LatchedUnack | State::LatchedAcked | State::RtnUnconfirmed => {
                false
            }
        }
    }

    /// Whether it is held until it is reset.
    pub fn is_latched(self) -> bool {
        match self {
            State::LatchedUnack | State::LatchedAcked => true,
            State::Normal | State::Unack | State::Acked | State::RtnUnack | State::RtnUnconfirmed => false,
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
        let mut standing = before.unwrap_or_else(|| Standing::begin(transition));
        standing.state = transition.to;
        if transition.level != standing.level {
            standing.last_level = Some(std::mem::replace(&mut standing.level, transition.level));
        }
        if let Some(announced) = transition.announced {
            standing.announced = announced;
            standing.acknowledged = None;
            standing.confirmed = None;
        }
        match &transition.cause {
            Cause::Raised | Cause::Reset(_) | Cause::AutoReturn | Cause::Escalated | Cause::Eased => {}
            Cause::Unsuppressed => {}
            Cause::Returned => standing.returned_at = Some(transition.at),
            Cause::Acknowledged(act) => standing.acknowledged = Some(earlier(standing.acknowledged.take(), act)),
            Cause::Confirmed(act) => standing.confirmed = Some(earlier(standing.confirmed.take(), act)),
            Cause::Noted(act) => {
                standing.notes.push(act.clone());
                standing.notes.sort_by(|a, b| a.place().cmp(&b.place()));
            }
            Cause::Recurred => {
                standing.returned_at = None;
                standing.recurrences = standing.recurrences.saturating_add(1);
            }
            Cause::ReAlarmed => standing.re_alarms = standing.re_alarms.saturating_add(1),
        }
        Some(standing)
    }

    /// What a transition says of an occurrence of which nothing else is known.
    fn begin(transition: &Transition) -> Standing {
        Standing {
            occurrence: transition.occurrence.clone(),
            state: transition.to,
            raised_at: transition.at,
            value: transition.value,
            returned_at: None,
            acknowledged: None,
            recurrences: 0,
            announced: transition.announced.unwrap_or(transition.occurrence.raised),
            level: transition.level,
            last_level: None,
            re_alarms: 0,
            confirmed: None,
            notes: Vec::new(),
        }
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

/// The earlier of two acts, so that everybody agrees whose it was.
fn earlier(known: Option<Act>, act: &Act) -> Act {
    match known {
        Some(known) if known.place() <= act.place() => known,
        Some(_) | None => act.clone(),
    }
}
