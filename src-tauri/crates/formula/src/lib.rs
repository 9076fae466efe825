//! Calculated tags and alarm conditions: the grammar and the interpreter of the `cel` crate, with tags, quality and a
//! bound on work.
//!
//! | in the text | meaning |
//! |---|---|
//! | `speed` | a tag, by the name that the caller resolves |
//! | `tag("line1/filler/speed")` | a tag whose name is no identifier |
//! | `good(speed)` | whether the tag's quality is good; the only way to look at a bad tag and still get a value |
//! | `+ - * / %`, `< <= > >= == !=` | numbers; `+` also joins texts, and the comparisons order them |
//! | `&&`, `\|\|`, `!`, `c ? a : b` | truths; what decides alone decides, so that `true \|\| x` is true whatever `x` is |
//! | `state in [3, 4]` | one of a written list |
//! | `min max abs round floor ceil sqrt clamp` | numbers; `round(x, 2)` keeps two decimals, `clamp(x, low, high)` |
//! | `text.contains("x")`, `startsWith`, `endsWith` | texts |
//!
//! It differs from CEL where CEL would surprise in a plant. Integers and floats mix; integers are exact, and so is a
//! quotient that comes out even: `7 / 2` is `3.5`, `8 / 2` is the integer 4. `==` takes `true` for 1, and a text never
//! equals a number: that is an error and not a quiet `false`. There are no loops, maps or objects.
//!
//! **Quality.** The result has the worst quality of the tags that it depends on. A bad tag gives no value, with the
//! tag's quality. A calculation without a finite result, such as a division by zero or an integer beyond 64 bits, is
//! [`Quality::BAD_OUT_OF_RANGE`]; operands that do not fit their operator are [`Quality::BAD_TYPE`].
//!
//! You do *not* need this crate to know when a formula is to be calculated: that is the engine's.
//!
//! **Invariant:** no text makes it panic, and none makes it work for long: its length is limited, the depth of parsing
//! and of the tree is, there are no loops, and texts do not grow beyond [`TEXT_AT_MOST`]. No I/O, no clock.

mod compile;
mod constant;
mod evaluate;
mod functions;
mod lower;
mod number;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use model::{Quality, TagIndex, Value};

use crate::compile::Compiled;

/// How many characters a formula has at most.
pub const LENGTH_AT_MOST: usize = 2_000;

/// How many bytes a text may have that a formula makes.
pub const TEXT_AT_MOST: usize = 65_536;

/// A compiled formula; cloning it is cheap. Two are equal where their texts and inputs are.
#[derive(Clone)]
pub struct Formula {
    compiled: Arc<Compiled>,
}

/// What a formula reads of a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value; none where there is none. The value of a bad reading is not looked at.
    pub value: Option<Value>,
    /// How far to trust it.
    pub quality: Quality,
}

/// What a formula says.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The result; none exactly where the quality is bad.
    pub value: Option<Value>,
    /// The worst quality of what the result depends on, or what went wrong.
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
    /// The place in the text, counted in characters from 1, where one is known.
    pub character: Option<usize>,
    /// The name that is no tag, where that is what is wrong: whoever knows all names can suggest the nearest one.
    pub unknown_tag: Option<String>,
}

impl Formula {
    /// Compiles a text. `resolve` knows the tags; `None` for a name that is no tag.
    ///
    /// # Errors
    /// The first thing that is wrong with the text, and what to do about it.
    pub fn compile(text: &str, resolve: &dyn Fn(&str) -> Option<TagIndex>) -> Result<Formula, CompileError> {
        Ok(Formula { compiled: Arc::new(Compiled::new(text, resolve)?) })
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.compiled.text
    }

    /// The tags it reads, each once, in the order of the text. A formula may read none.
    pub fn inputs(&self) -> &[TagIndex] {
        &self.compiled.inputs
    }

    /// Calculates. `read` is asked once for every input, and for nothing else.
    pub fn evaluate(&self, read: &dyn Fn(TagIndex) -> Reading) -> Outcome {
        self.compiled.evaluate(read)
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text() && self.inputs() == other.inputs()
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula").field("text", &self.text()).field("inputs", &self.inputs()).finish()
    }
}
