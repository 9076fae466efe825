//! What each command does, one file an area. The functions are named after the commands; only the contract's list calls
//! them, after its checks.

mod adopt;
mod alarms;
mod audit;
mod companions;
mod demo;
mod exports;
mod gateways;
mod journal;
mod performance;
mod plant;
mod session;
mod status;
mod summaries;
mod trends;
mod tuning;
mod whatif;
mod write;

pub(crate) use audit::Recorded;
pub(crate) use companions::Found as Companions;
pub use journal::{JournalExportError, export_journal};
pub(crate) use plant::watched_tag;

use crate::{Code, Failure};

/// Runs something that waits for a disk where it may wait.
async fn wait_for_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::caused(Code::Internal, "a read from disk ended unexpectedly", &error))
}
