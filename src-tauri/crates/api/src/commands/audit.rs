//! The record of what people do: the intent on disk before anything is done, the outcome after.

use ::journal::{Action, Entry, Phase};
use model::Timestamp;
use tokio::sync::oneshot;

use crate::contract::Command;
use crate::wire::{ActedOn, DemoView, PlantStatus};
use crate::{Answer, Api, Code, Failure, Principal};

/// Longest part of a request that is kept, characters.
const MOST_KEPT: usize = 2_000;

/// What the record says of an answer. Every audited command has an answer that knows.
pub(crate) trait Recorded {
    /// In words; `done` where there is nothing more to say.
    fn record(&self) -> String {
        "done".to_owned()
    }
}

impl Recorded for ActedOn {}
impl Recorded for DemoView {}
impl Recorded for PlantStatus {}

/// An action whose intent is on disk.
pub(crate) struct Intent {
    action: Action,
    seq: Option<i64>,
}

impl Api {
    /// Puts on disk what somebody is about to do.
    pub(crate) async fn record_intent(
        &self,
        who: &Principal,
        command: &Command,
        request: &[u8],
    ) -> Result<Intent, Failure> {
        let action = Action {
            at: self.parts.clock.now().wall,
            user: who.user.clone(),
            station: who.station.clone(),
            command: command.name.to_owned(),
            target: String::from_utf8_lossy(request).chars().take(MOST_KEPT).collect(),
            phase: Phase::Intent,
        };
        let (written, answer) = oneshot::channel();
        let done = move |result| {
            // The caller may have given up waiting.
            written.send(result).ok();
        };
        self.parts.journal.append(vec![Entry::Action(action.clone())], Some(Box::new(done)));
        match answer.await {
            Ok(Ok(seqs)) => Ok(Intent { action, seq: seqs.first().copied() }),
            Ok(Err(failure)) => {
                let message = format!("nothing was done, because it could not be recorded: {failure}");
                Err(Failure::caused(Code::Storage, message, &failure))
            }
            Err(error) => {
                Err(Failure::caused(Code::Storage, "nothing was done, because the journal has stopped", &error))
            }
        }
    }

    /// Writes down what came of it. The action is over, so nobody waits.
    pub(crate) fn record_outcome(&self, intent: Intent, outcome: &Result<(Answer, String), Failure>) {
        let at: Timestamp = self.parts.clock.now().wall;
        let words = match outcome {
            Ok((_, record)) => record.chars().take(MOST_KEPT).collect(),
            Err(failure) => format!("not done: {}", failure.message),
        };
        let phase = Phase::Outcome { intent: intent.seq, words };
        self.parts.journal.append(vec![Entry::Action(Action { at, phase, ..intent.action })], None);
    }
}
