//! The words under which kinds and states are in the file. They never change: files outlive programs.

use alarm::State;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// What kind of entry a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Raised,
    Returned,
    Acknowledged,
    Reset,
    Recurred,
    AutoReturn,
    Escalated,
    Eased,
    ReAlarmed,
    Unsuppressed,
    Confirmed,
    Noted,
    Shelved,
    Unshelved,
    SuppressedByDesign,
    DesignEnded,
    OutOfService,
    InService,
    Heard,
    Intent,
    Outcome,
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
