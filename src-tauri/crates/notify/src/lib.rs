//! Tells people who are not at the screen of alarms: by e-mail and by webhook, from an outbox that survives restarts.
//!
//! It follows the journal from a place that it keeps, so that neither the engine nor the journal ever waits for it, and what
//! happened while it was down is told afterwards. What to say when is decided by a ledger, which knows no network, no file and
//! no clock; the decision, the place in the journal and the messages reach the disk in one transaction. A message is sent
//! until its recipient has taken it: at least once, and under the same id each time.
//!
//! You do *not* need this crate to run a plant, and a plant without `[[notifications]]` has a file with nothing in it.
//!
//! **Invariant:** a message that was delivered and marked is never sent again; one that was not is never forgotten: it
//! is delivered, or given up with a reason that can be seen.

mod ledger;
mod letter;
mod news;
mod outbox;
mod quiet;
mod run;
mod send;

pub use history::sqlite::OpenError;
pub use letter::{Letter, trial};
pub use outbox::GivenUp;
pub use run::{Notifier, Parts, Status, end_of};
pub use send::{Outcome, Post, Sender};
