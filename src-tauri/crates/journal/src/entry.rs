//! What the journal keeps, and how it is asked.

use alarm::{AlarmId, Deed, Origin, Priority, SuppressionChange, Transition};
use model::{EquipmentId, Timestamp};

use crate::Kind;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An occurrence of an alarm changed.
    Alarm(AlarmChange),
    /// What keeps an alarm from being announced changed, or somebody elsewhere did something that changes nothing here.
    Remark(Remark),
    /// Somebody did something that is audited.
    Action(Action),
    /// The program itself: start, stop, plant activated, storage trouble.
    System(System),
}

/// A change of an alarm, with what a reader of the journal needs although the plant may have changed since.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmChange {
    /// The change.
    pub transition: Transition,
    /// Where.
    pub equipment: Option<EquipmentId>,
    /// How urgent.
    pub priority: Priority,
    /// What was shown.
    pub message: String,
    /// The value in words with its unit; empty where there is none.
    pub value: String,
    /// The act that it follows from, where it is the first change that does.
    pub deed: Option<(Deed, Origin)>,
}

/// What happened to an alarm and to none of its occurrences.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// What.
    pub what: Remarked,
    /// When, by this station's clock.
    pub at: Timestamp,
    /// Where.
    pub equipment: Option<EquipmentId>,
    /// How urgent the alarm is.
    pub priority: Priority,
    /// What is shown of the alarm.
    pub message: String,
    /// The act that it follows from, where it is the first change that does.
    pub deed: Option<(Deed, Origin)>,
}

/// What can happen to an alarm beside what happens to its occurrences.
#[derive(Clone, Debug, PartialEq)]
pub enum Remarked {
    /// What keeps it from being announced changed.
    Suppression(SuppressionChange),
    /// Somebody at another station did something that changes nothing here.
    Heard(Deed),
}

/// One half of an audited action: what somebody is about to do, or what came of it. The intent is on disk before
/// anything is done, so that an action without an outcome can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub user: String,
    /// At which station.
    pub station: String,
    /// The command's name.
    pub command: String,
    /// On what, with the old and the new value where there are some.
    pub target: String,
    /// Which half.
    pub phase: Phase,
}

/// The halves of an audited action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before it is done.
    Intent,
    /// After it was done, refused or failed.
    Outcome {
        /// The sequence number of the intent, where that was written.
        intent: Option<i64>,
        /// What came of it.
        words: String,
    },
}

/// Something that the program says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// When.
    pub at: Timestamp,
    /// What.
    pub message: String,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its sequence number: one more than the entry's before it.
    pub seq: i64,
    /// What happened.
    pub entry: Entry,
}

/// Which entries, newest first. What is `None` does not restrict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Only entries before this sequence number.
    pub before: Option<i64>,
    /// At most so many; at least one, at most [`Query::LIMIT`].
    pub limit: usize,
    /// Only of this equipment and below.
    pub equipment: Option<EquipmentId>,
    /// Only of this alarm.
    pub alarm: Option<AlarmId>,
    /// Only entries with this text, in any case of letters, in what was shown, said or done, by whom, or where.
    pub text: Option<String>,
    /// Commands that also count as having the text: a person is shown other words for them than their names.
    pub commands: Vec<String>,
    /// Only of what was done by somebody with this text in their name, in any case of letters.
    pub user: Option<String>,
    /// Only of alarms of this priority.
    pub priority: Option<Priority>,
    /// Only of these kinds; of all where there is none.
    pub kinds: Vec<Kind>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

/// A part of the answer to a [`Query`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The entries, newest first. There may be fewer than asked for, even none, although more follow: a page looks at a
    /// bounded number of entries, a hundred million.
    pub records: Vec<Record>,
    /// What to ask [`Query::before`] for the next page; `None` at the end.
    pub next: Option<i64>,
}

impl Query {
    /// No page is longer.
    pub const LIMIT: usize = 1000;
}

impl Entry {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Entry::Alarm(change) => change.transition.at,
            Entry::Remark(remark) => remark.at,
            Entry::Action(action) => action.at,
            Entry::System(system) => system.at,
        }
    }
}
