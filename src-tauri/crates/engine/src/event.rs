//! Whatever can cause work in the engine, in one place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alarm::{Act, AlarmId, Deed, OccurrenceId};
use gateway::{GatewayEvent, LinkHandle};
use history::SeriesId;
use model::Timestamp;
use plant::Plant;
use tokio::sync::oneshot;

use crate::bank::{Outcome, Ticket};

/// The closed list of what the loop reacts to.
pub(crate) enum Event {
    /// A gateway has something to tell.
    Gateway(GatewayEvent),
    /// A person wants something.
    Command(Command),
    /// The journal has an act on disk, or will not have it.
    Settled {
        /// Which act.
        ticket: Ticket,
        /// What became of it.
        outcome: Outcome,
    },
    /// A delay has run out, or the heartbeat is due.
    Tick,
}

/// What a person can want of the engine.
pub(crate) enum Command {
    /// An act on alarms or occurrences of alarms.
    Act {
        /// Which.
        targets: Vec<Target>,
        /// What is wanted.
        wanted: Wanted,
        /// Who, where, when, with what note.
        act: Act,
        /// Told once it is on disk, or cannot be.
        reply: oneshot::Sender<Result<Acted, StoreRefused>>,
    },
    /// Acts that were done at other stations.
    Hear(Vec<Deed>),
    /// The way to a gateway's link.
    Link {
        /// Which gateway's.
        gateway: Arc<str>,
        /// Told; `None` where it is not open.
        reply: oneshot::Sender<Option<LinkHandle>>,
    },
    /// Another plant.
    Activate {
        /// It, and under what history keeps its tags, by slot.
        activation: Box<Activation>,
        /// Told once it is active.
        reply: oneshot::Sender<()>,
    },
}

/// A plant with all that has to be looked up before the loop can take it.
pub(crate) struct Activation {
    pub plant: Plant,
    pub series: Vec<Option<SeriesId>>,
}

/// What became of an act on alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acted {
    /// Done, and on disk.
    pub done: Vec<Target>,
    /// Not done, each with its reason in words.
    pub refused: Vec<(Target, String)>,
}

/// What an act is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One occurrence, as it stands.
    Occurrence(OccurrenceId),
    /// One occurrence, as it was before somebody.
    Seen {
        /// Which.
        occurrence: OccurrenceId,
        /// When it was last announced to them. What was announced later is not acknowledged with it.
        announced: Timestamp,
    },
    /// An alarm, whether it stands or not.
    Alarm(AlarmId),
}

/// What somebody wants of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To acknowledge an occurrence.
    Acknowledge,
    /// To confirm that the action was taken.
    Confirm,
    /// To reset it.
    Reset,
    /// To make a note on it.
    Note,
    /// To shelve an alarm.
    Shelve {
        /// For so long at most.
        time: Duration,
        /// Or until it returns to normal.
        one_shot: bool,
    },
    /// To hear of it again.
    Unshelve,
    /// To take it out of service.
    TakeOutOfService,
    /// To put it back.
    ReturnToService,
}

impl Target {
    /// The alarm.
    pub fn alarm(&self) -> &AlarmId {
        match self {
            Target::Occurrence(occurrence) | Target::Seen { occurrence, .. } => &occurrence.alarm,
            Target::Alarm(alarm) => alarm,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Occurrence(occurrence) | Target::Seen { occurrence, .. } => occurrence.fmt(f),
            Target::Alarm(alarm) => alarm.fmt(f),
        }
    }
}

/// The act could not be put on disk, so nothing was done. Its text is the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreRefused(pub String);
