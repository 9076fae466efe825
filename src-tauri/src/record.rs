//! The audit record of what is done from a terminal: the intent on disk before it is done, the outcome after, as for
//! whoever calls the contract.

use std::path::Path;
use std::sync::{Arc, mpsc};

use api::wire::Host;
use history::{OpenError, StoreFailure};
use journal::{Action, Entry, Journal, Phase};
use model::Clock;

use crate::station;

/// An action whose intent is on disk.
pub struct Record {
    journal: Journal,
    clock: Arc<dyn Clock>,
    action: Action,
    intent: Option<i64>,
}

/// Why it is not to be done.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No journal to record it in.
    #[error("nothing was done, because the journal cannot be opened")]
    Opening(#[source] OpenError),
    /// The disk does not take it.
    #[error("nothing was done, because it could not be recorded")]
    Recording(#[source] StoreFailure),
    /// The journal ended.
    #[error("nothing was done, because the journal has stopped")]
    Stopped,
}

impl Record {
    /// Puts on disk that whoever is at this machine is about to do something to `target`.
    ///
    /// # Errors
    /// [`RecordError`]; then it is not to be done.
    pub fn intent(journal: &Path, clock: Arc<dyn Clock>, command: &str, target: String) -> Result<Record, RecordError> {
        // How they got here does not go into the record.
        let who = station::principal(Host::Window);
        let journal = Journal::open(journal, Arc::clone(&clock)).map_err(RecordError::Opening)?;
        let action = Action {
            at: clock.now().wall,
            user: who.user,
            station: who.station,
            command: command.to_owned(),
            target,
            phase: Phase::Intent,
        };
        let (tell, told) = mpsc::sync_channel(1);
        let done = move |result| {
            tell.send(result).ok();
        };
        journal.append(vec![Entry::Action(action.clone())], Some(Box::new(done)));
        let seqs = told.recv().map_err(|_| RecordError::Stopped)?.map_err(RecordError::Recording)?;
        Ok(Record { journal, clock, action, intent: seqs.first().copied() })
    }

    /// Writes down what came of it.
    pub fn outcome(self, words: String) {
        let phase = Phase::Outcome { intent: self.intent, words };
        self.journal.append(vec![Entry::Action(Action { at: self.clock.now().wall, phase, ..self.action })], None);
    }
}
