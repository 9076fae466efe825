//! What an alarm is and how it changes, designed along ISA-18.2.
//!
//! A [`Trigger`] says when an alarm's condition holds, a [`Config`] what follows from that.
//! [`Alarm::step`] is told what happens and says what changed; [`Alarm::deadline`] says when it wants to be told that
//! time has passed. What changed goes to the journal, and [`Standing::after`] gets back from the journal what stands.
//!
//! You do *not* need this crate to know which alarms a plant has, how they are shown, or how they are kept.
//!
//! **Invariant:** no clock, no timer, no randomness, no I/O. Time is an argument, and the same inputs give the same
//! transitions with the same names.

mod alarm;
mod burst;
mod config;
mod deed;
mod detect;
mod flood;
mod id;
mod machine;
mod nuisance;
mod replay;
mod standing;
mod suggest;
mod suppression;
mod trigger;
mod tuning;

#[cfg(test)]
mod tests;

pub use alarm::{Alarm, EARLIER_AT_MOST, Effects, Input, Known, Origin, Refusal};
pub use burst::{Burst, BurstRule, BurstStep};
pub use config::{
    CLASSES, Class, Config, Confirm, Enabling, FirstOut, Latching, NotAPriority, Others, PRIORITIES, Priority, ReAlarm,
    ReturnAck, Shelving, TIMES_AT_MOST,
};
pub use deed::{Act, Deed, DeedId, SAME_ANNOUNCEMENT, What};
pub use flood::{FLOOD, Flood, FloodStep, FloodWatch};
pub use id::{AlarmId, OccurrenceId, ParseOccurrenceError};
pub use nuisance::{ALONE_MS, CHATTER_HOLD, CHATTERING, FLEETING_MS, Fleeting, HELD_FROM, Nuisance};
pub use replay::{Activation, Replay, Replayed, ReplayedFlood};
pub use standing::{Cause, Effect, Place, Standing, State, Transition};
pub use suggest::{Search, Target};
pub use suppression::{ByDesign, Shelved, Suppressed, Suppression, SuppressionChange, Unshelved};
pub use trigger::{Event, Level, LimitKind, Measure, Off, Operand, Sense, Trigger};
pub use tuning::{Tuning, Untunable};
