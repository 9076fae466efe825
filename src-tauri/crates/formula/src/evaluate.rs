//! Calculating: the interpreter reads inputs and constants through names that compiling has put into the tree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cel::common::types::CelBool;
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, ExecutionError};
use model::{Quality, Severity, TagIndex};

use crate::compile::Compiled;
use crate::constant::{self, Constant};
use crate::{Outcome, Reading};

/// The names in the tree: a letter and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The value of an input.
    Input(usize),
    /// Whether an input is good.
    Good(usize),
    /// A constant of the text.
    Constant(usize),
}

impl Name {
    /// As it stands in the tree.
    pub fn written(self) -> String {
        match self {
            Name::Input(at) => format!("i{at}"),
            Name::Good(at) => format!("g{at}"),
            Name::Constant(at) => format!("c{at}"),
        }
    }

    fn read(written: &str) -> Option<Name> {
        let at = written.get(1..)?.parse().ok()?;
        match written.as_bytes().first()? {
            b'i' => Some(Name::Input(at)),
            b'g' => Some(Name::Good(at)),
            b'c' => Some(Name::Constant(at)),
            _ => None,
        }
    }
}

/// An input during one evaluation.
struct Slot {
    /// None where it is bad.
    value: Option<Constant>,
    quality: Quality,
    good: CelBool,
    /// Whether its value was asked for. The interpreter wants its resolver to be `Sync`, hence the atomic.
    used: AtomicBool,
}

struct Inputs<'a> {
    slots: Vec<Slot>,
    constants: &'a [Constant],
}

impl VariableResolver for Inputs<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        match Name::read(name)? {
            Name::Input(at) => {
                let slot = self.slots.get(at)?;
                slot.used.store(true, Ordering::Relaxed);
                slot.value.as_ref().map(|value| CowVal::Borrowed(value.val()))
            }
            Name::Good(at) => self.slots.get(at).map(|slot| CowVal::Borrowed(&slot.good)),
            Name::Constant(at) => self.constants.get(at).map(|constant| CowVal::Borrowed(constant.val())),
        }
    }
}

impl Inputs<'_> {
    /// The worst quality among the inputs whose value was asked for and whose severity is at most `worst`.
    fn quality(&self, worst: Severity) -> Quality {
        self.slots
            .iter()
            .filter(|slot| slot.used.load(Ordering::Relaxed) && slot.quality.severity() <= worst)
            .fold(Quality::GOOD, |quality, slot| quality.worst(slot.quality))
    }
}

impl Compiled {
    /// Calculates.
    pub fn evaluate(&self, read: &dyn Fn(TagIndex) -> Reading) -> Outcome {
        let slots = self.inputs.iter().map(|tag| slot(read(*tag))).collect();
        let inputs = Inputs { slots, constants: &self.constants };
        let mut context = Context::with_env(Arc::clone(&self.env));
        context.set_variable_resolver(&inputs);
        match cel::Value::resolve_val(&self.tree, &context) {
            // A bad input that was asked for is an error wherever the result depends on it; there is a result, so that
            // `&&` or `||` was decided without it.
            Ok(result) => match constant::value(result.as_ref()) {
                Some(value) => Outcome { value: Some(value), quality: inputs.quality(Severity::Uncertain) },
                None => Outcome { value: None, quality: Quality::BAD_TYPE },
            },
            Err(error) => Outcome { value: None, quality: blame(&inputs, &error) },
        }
    }
}

fn slot(reading: Reading) -> Slot {
    let Reading { value, quality } = reading;
    let value = if quality.is_bad() { None } else { value.and_then(Constant::of) };
    let quality = if value.is_none() && !quality.is_bad() { Quality::BAD_NO_DATA } else { quality };
    Slot { value, quality, good: CelBool::from(quality.is_good()), used: AtomicBool::new(false) }
}

/// The quality of a failed calculation: that of the bad input, else what went wrong with good ones.
fn blame(inputs: &Inputs<'_>, error: &ExecutionError) -> Quality {
    let quality = inputs.quality(Severity::Bad);
    if quality.is_bad() {
        return quality;
    }
    match error {
        ExecutionError::FunctionError { .. } => Quality::BAD_OUT_OF_RANGE,
        _ => Quality::BAD_TYPE,
    }
}
