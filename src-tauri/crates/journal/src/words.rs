//! The words under which kinds and states are in the file. They never change: files outlive programs.

use alarm::State;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::performance::What;

/// What kind of entry a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An alarm was raised.
    Raised,
    /// Its condition went.
    Returned,
    /// Somebody acknowledged it.
    Acknowledged,
    /// Somebody reset it.
    Reset,
    /// Its condition came back while it was latched.
    Recurred,
    /// It went by itself, unacknowledged.
    AutoReturn,
    /// It reached a more severe level.
    Escalated,
    /// It is back on a less severe level.
    Eased,
    /// It was announced again because nobody did anything.
    ReAlarmed,
    /// It was announced after all, as what suppressed it has ended.
    Unsuppressed,
    /// Somebody confirmed that the action was taken.
    Confirmed,
    /// Somebody made a note.
    Noted,
    /// Somebody shelved it.
    Shelved,
    /// It is shelved no more.
    Unshelved,
    /// A rule of the plant began to suppress it.
    SuppressedByDesign,
    /// The rule does not hold any more.
    DesignEnded,
    /// Somebody took it out of service.
    OutOfService,
    /// Somebody put it back into service.
    InService,
    /// Somebody at another station did something that changes nothing here.
    Heard,
    /// Somebody is about to do something that is audited.
    Intent,
    /// What came of it.
    Outcome,
    /// The program said something of itself.
    System,
}

/// A state, as a column's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored(pub State);

const KINDS: [Kind; 22] = [
    Kind::Raised,
    Kind::Returned,
    Kind::Acknowledged,
    Kind::Reset,
    Kind::Recurred,
    Kind::AutoReturn,
    Kind::Escalated,
    Kind::Eased,
    Kind::ReAlarmed,
    Kind::Unsuppressed,
    Kind::Confirmed,
    Kind::Noted,
    Kind::Shelved,
    Kind::Unshelved,
    Kind::SuppressedByDesign,
    Kind::DesignEnded,
    Kind::OutOfService,
    Kind::InService,
    Kind::Heard,
    Kind::Intent,
    Kind::Outcome,
    Kind::System,
];

const STATES: [State; 7] = [
    State::Normal,
    State::Unack,
    State::Acked,
    State::RtnUnack,
    State::LatchedUnack,
    State::LatchedAcked,
    State::RtnUnconfirmed,
];

impl Kind {
    /// What an entry of this kind says of an alarm, as far as its performance is measured by it.
    pub(crate) fn change(self) -> Option<What> {
        match self {
            Kind::Raised | Kind::Recurred | Kind::Unsuppressed => Some(What::Activated),
            Kind::Returned => Some(What::Returned),
            Kind::Acknowledged => Some(What::Acknowledged),
            Kind::Reset
            | Kind::AutoReturn
            | Kind::Escalated
            | Kind::Eased
            | Kind::ReAlarmed
            | Kind::Confirmed
            | Kind::Noted
            | Kind::Shelved
            | Kind::Unshelved
            | Kind::SuppressedByDesign
            | Kind::DesignEnded
            | Kind::OutOfService
            | Kind::InService
            | Kind::Heard
            | Kind::Intent
            | Kind::Outcome
            | Kind::System => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Raised => "raised",
            Kind::Returned => "returned",
            Kind::Acknowledged => "acknowledged",
            Kind::Reset => "reset",
            Kind::Recurred => "recurred",
            Kind::AutoReturn => "autoReturn",
            Kind::Escalated => "escalated",
            Kind::Eased => "eased",
            Kind::ReAlarmed => "reAlarmed",
            Kind::Unsuppressed => "unsuppressed",
            Kind::Confirmed => "confirmed",
            Kind::Noted => "noted",
            Kind::Shelved => "shelved",
            Kind::Unshelved => "unshelved",
            Kind::SuppressedByDesign => "suppressedByDesign",
            Kind::DesignEnded => "designEnded",
            Kind::OutOfService => "outOfService",
            Kind::InService => "inService",
            Kind::Heard => "heard",
            Kind::Intent => "intent",
            Kind::Outcome => "outcome",
            Kind::System => "system",
        }
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Normal => "normal",
        State::Unack => "unack",
        State::Acked => "acked",
        State::RtnUnack => "rtnUnack",
        State::LatchedUnack => "latchedUnack",
        State::LatchedAcked => "latchedAcked",
        State::RtnUnconfirmed => "rtnUnconfirmed",
    }
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.word()))
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        KINDS.into_iter().find(|kind| kind.word() == word).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(state_word(self.0)))
    }
}

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        STATES.into_iter().find(|state| state_word(*state) == word).map(Stored).ok_or(FromSqlError::InvalidType)
    }
}
