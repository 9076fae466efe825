//! The states of a machine after PackML (ISA-TR88.00.02), with the numbers that a PLC sends and the words people read.
//!
//! Held is a stop for a cause inside the machine, Suspended one for a cause outside it (starved or blocked).

use serde::{Deserialize, Serialize};

/// A state of the PackML unit state machine. The number is `StateCurrent`; 0 (undefined) does not occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// Clearing faults after an abort.
    Clearing = 1,
    /// At rest, needs a reset.
    Stopped = 2,
    /// Getting up to speed.
    Starting = 3,
    /// Ready to start.
    Idle = 4,
    /// Waiting for material or for room.
    Suspended = 5,
    /// Producing.
    Execute = 6,
    /// Running down to stopped.
    Stopping = 7,
    /// Stopping at once.
    Aborting = 8,
    /// Stopped at once, needs a clear.
    Aborted = 9,
    /// Running down to held.
    Holding = 10,
    /// Waiting for a fault of its own to be cleared.
    Held = 11,
    /// Getting up again after a fault.
    Unholding = 12,
    /// Running down to suspended.
    Suspending = 13,
    /// Getting up again after waiting.
    Unsuspending = 14,
    /// Getting ready.
    Resetting = 15,
    /// Finishing the order.
    Completing = 16,
    /// The order is done.
    Complete = 17,
}

/// What pulls a machine out of its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    /// Someone opened a guard: stop at once.
    pub(super) abort: bool,
    /// Maintenance stops the machine.
    pub(super) stop: bool,
    /// A jam.
    pub(super) hold: bool,
    /// No material, or no room.
    pub(super) suspend: bool,
    /// The order is done.
    pub(super) complete: bool,
}

impl State {
    /// The number that a PLC sends.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The word of the standard.
    pub fn word(self) -> &'static str {
        match self {
            State::Clearing => "Clearing",
            State::Stopped => "Stopped",
            State::Starting => "Starting",
            State::Idle => "Idle",
            State::Suspended => "Suspended",
            State::Execute => "Execute",
            State::Stopping => "Stopping",
            State::Aborting => "Aborting",
            State::Aborted => "Aborted",
            State::Holding => "Holding",
            State::Held => "Held",
            State::Unholding => "Unholding",
            State::Suspending => "Suspending",
            State::Unsuspending => "Unsuspending",
            State::Resetting => "Resetting",
            State::Completing => "Completing",
            State::Complete => "Complete",
        }
    }

    /// The next state after `for_s` seconds in this one.
    pub(super) fn next(self, for_s: f64, demands: Demands) -> State {
        let after = |seconds: f64, then: State| if for_s >= seconds { then } else { self };
        let safe = matches!(self, State::Aborting | State::Aborted | State::Clearing);
        if demands.abort && !safe {
            return State::Aborting;
        }
        let stopping = matches!(self, State::Stopping | State::Stopped);
        if demands.stop && !safe && !stopping {
            return State::Stopping;
        }
        match self {
            State::Execute if demands.hold => State::Holding,
            State::Execute if demands.complete => State::Completing,
            State::Execute if demands.suspend => State::Suspending,
            State::Execute => State::Execute,
            State::Holding => after(2.0, State::Held),
            State::Held if demands.hold => State::Held,
            State::Held => after(3.0, State::Unholding),
            State::Unholding => after(4.0, State::Execute),
            State::Suspending => after(2.0, State::Suspended),
            State::Suspended if demands.hold => State::Holding,
            State::Suspended if demands.complete => State::Unsuspending,
            State::Suspended if demands.suspend => State::Suspended,
            State::Suspended => after(3.0, State::Unsuspending),
            State::Unsuspending => after(2.0, State::Execute),
            State::Stopping => after(3.0, State::Stopped),
            State::Stopped if demands.stop => State::Stopped,
            State::Stopped => after(5.0, State::Resetting),
            State::Resetting => after(4.0, State::Idle),
            State::Idle if demands.complete => State::Idle,
            State::Idle => after(3.0, State::Starting),
            State::Starting => after(5.0, State::Execute),
            State::Completing => after(4.0, State::Complete),
            State::Complete if demands.complete => State::Complete,
            State::Complete => after(2.0, State::Resetting),
            State::Aborting => after(1.0, State::Aborted),
            State::Aborted if demands.abort => State::Aborted,
            State::Aborted => after(8.0, State::Clearing),
            State::Clearing => after(3.0, State::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_long(from: State, demands: Demands) -> State {
        (0..40).fold(from, |state, _| state.next(60.0, demands))
    }

    #[test]
    fn every_wait_ends_in_execute_when_nothing_demands_otherwise() {
        for start in [State::Held, State::Suspended, State::Stopped, State::Complete, State::Aborted, State::Clearing] {
            assert_eq!(after_long(start, Demands::default()), State::Execute, "from {start:?}");
        }
    }

    #[test]
    fn a_demand_leads_to_its_own_wait_state() {
        let none = Demands::default();
        assert_eq!(after_long(State::Execute, Demands { hold: true, ..none }), State::Held);
        assert_eq!(after_long(State::Execute, Demands { suspend: true, ..none }), State::Suspended);
        assert_eq!(after_long(State::Execute, Demands { stop: true, ..none }), State::Stopped);
        assert_eq!(after_long(State::Execute, Demands { complete: true, ..none }), State::Complete);
        assert_eq!(after_long(State::Suspended, Demands { abort: true, ..none }), State::Aborted);
        assert_eq!(after_long(State::Suspended, Demands { hold: true, suspend: true, ..none }), State::Held);
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        assert_eq!((State::Stopped.code(), State::Execute.code(), State::Held.code()), (2, 6, 11));
    }
}
