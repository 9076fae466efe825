//! Whatever can cause work in the engine, in one place.

use std::sync::Arc;

use alarm::{Act, OccurrenceId, Wanted};
use gateway::{GatewayEvent, LinkHandle};
use history::SeriesId;
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
    /// An act on occurrences of alarms.
    Act {
        /// Which.
        occurrences: Vec<OccurrenceId>,
        /// What is wanted.
        wanted: Wanted,
        /// Who, where, when, with what note.
        act: Act,
        /// Told once it is on disk, or cannot be.
        reply: oneshot::Sender<Result<Acted, StoreRefused>>,
    },
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
    pub done: Vec<OccurrenceId>,
    /// Not done, each with its reason in words.
    pub refused: Vec<(OccurrenceId, String)>,
}

/// The act could not be put on disk, so nothing was done. Its text is the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreRefused(pub String);
