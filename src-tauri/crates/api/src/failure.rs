//! Why a command was not carried out: a code for the program, a sentence for the person, an id for the log.

use std::error::Error;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the user interface branches on. A code exists only where it acts differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// The caller may not do that.
    Denied,
    /// The request makes no sense.
    Invalid,
    /// What it names does not exist.
    NotFound,
    /// It could not be put on disk, or read from it.
    Storage,
    /// Not with this plant, or not now.
    Unavailable,
    /// A bug.
    Internal,
}

/// A command that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub code: Code,
    /// Why, and what to do, for a person.
    pub message: String,
    /// Under this the log has the whole story. The router gives it.
    pub id: String,
    /// The chain of causes, for the log and nobody else.
    #[serde(skip)]
    #[ts(skip)]
    pub cause: String,
}

impl Failure {
    /// A failure that is its own explanation.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), id: String::new(), cause: String::new() }
    }

    /// A failure of which the person sees `message`, and the log the chain of causes too.
    pub fn caused(code: Code, message: impl Into<String>, cause: &dyn Error) -> Self {
        let mut chain = cause.to_string();
        let mut deeper = cause.source();
        while let Some(error) = deeper {
            chain = format!("{chain}: {error}");
            deeper = error.source();
        }
        Self { cause: chain, ..Self::new(code, message) }
    }
}
