//! Calculated tags and alarm conditions, over the `cel` crate.

use std::fmt;
use std::sync::Arc;

use model::{Quality, TagIndex, Value};

/// A compiled formula. Two are equal where text and inputs are.
#[derive(Clone)]
pub struct Formula {
    text: Arc<str>,
    inputs: Vec<TagIndex>,
}

/// What a formula reads of a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value; none where there is none to calculate with.
    pub value: Option<Value>,
    /// How far to trust it.
    pub quality: Quality,
}

/// What a formula says.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The result; none where the quality is bad.
    pub value: Option<Value>,
    /// The worst quality of what was read, or what went wrong in calculating.
    pub quality: Quality,
}

/// Why a text is not a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    /// What is wrong, with the place in the text where one is known.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Formula {
    /// Compiles a text. `resolve` knows the tags; `None` for a name that is no tag.
    ///
    /// # Errors
    /// What is wrong with the text, and what to do about it.
    pub fn compile(text: &str, resolve: &dyn Fn(&str) -> Option<TagIndex>) -> Result<Formula, CompileError> {
        let _ = resolve;
        cel::Program::compile(text)
            .map_err(|errors| CompileError { message: errors.to_string(), remedy: String::new() })?;
        Ok(Formula { text: text.into(), inputs: Vec::new() })
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tags it reads, each once.
    pub fn inputs(&self) -> &[TagIndex] {
        &self.inputs
    }

    /// Calculates. `read` is asked for inputs only.
    pub fn evaluate(&self, read: &dyn Fn(TagIndex) -> Reading) -> Outcome {
        let quality = self.inputs.iter().fold(Quality::GOOD, |worst, tag| worst.worst(read(*tag).quality));
        Outcome { value: None, quality }
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.inputs == other.inputs
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula").field("text", &self.text).field("inputs", &self.inputs).finish()
    }
}
