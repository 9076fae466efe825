//! The exchange of acts on alarms between stations, over the plant's broker.
//!
//! A station keeps its last acts on each alarm at the broker, as one retained message an alarm, signed by its own key. Every
//! other station reads them, checks them, and hands to its engine what its journal does not have. The broker is only the
//! place where the messages lie: what they say depends neither on their order nor on how often they come, because acts
//! merge (see `alarm::Deed`), so that a station that was away is up to date once it has read what is there.
//!
//! You do *not* need this crate to act on alarms: without `[stations]` in the plant file nothing is opened, and one
//! station alone does the same.
//!
//! **Invariant:** nothing is handed to the engine that is not signed by the station it names, and nothing is sent that
//! is not in the journal on disk.

mod exchange;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
#[cfg(all(test, not(feature = "fuzzing")))]
mod fuzz;
mod key;
mod letter;
mod outbox;
mod status;
mod topic;

pub use exchange::{Exchange, Parts};
pub use key::{KEY_SECRET, KeyError, PublicKey, StationKey};
pub use letter::{ACTS_AT_MOST, AHEAD_AT_MOST, LETTER_BYTES, Opened, Refusal, Scope, open, seal};
pub use status::{State, Status};
pub use topic::{filter, topic};
