//! The swinging door: which lines from a recorded sample are near enough to all samples after it.

use model::{Sample, Value};

/// The door is made narrower by this part of the numbers it is reckoned from, so that no rounding (at most 6 x 2^-53 of
/// them, from the step to the slope) lets a sample lie beyond the deviation.
const TOLERANCE: f64 = 1.0 / (1_u64 << 48) as f64;

/// The slopes, per millisecond, of the lines that are near enough. None is where `low` is above `high`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    low: f64,
    high: f64,
}

/// From one number to another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Between integers, exact: the difference of any two 64-bit integers fits.
    Whole(i128),
    /// Between floats.
    Real(f64),
}

impl Door {
    /// Every line is near enough.
    pub const OPEN: Door = Door { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// Whether the line to a sample, a step and so many milliseconds away, is near enough to all that narrowed the door.
    pub fn lets_pass(self, step: f64, ms: f64) -> bool {
        let slope = step / ms;
        self.low <= slope && slope <= self.high
    }

    /// Lets only those lines pass any more that come within `deviation` of a sample.
    pub fn narrow(&mut self, step: f64, ms: f64, deviation: f64) {
        let deviation = deviation - (step.abs() + deviation) * TOLERANCE;
        self.low = self.low.max((step - deviation) / ms);
        self.high = self.high.min((step + deviation) / ms);
    }
}

impl Step {
    /// `None` where there are no two finite numbers of one kind.
    pub fn between(from: &Sample, to: &Sample) -> Option<Step> {
        match (from.value.as_ref()?, to.value.as_ref()?) {
            (Value::Float(from), Value::Float(to)) => {
                (from.is_finite() && to.is_finite()).then_some(Step::Real(to - from))
            }
            (from, to) => Some(Step::Whole(integer(to)? - integer(from)?)),
        }
    }

    /// Whether it is larger than `most`, in either direction.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds towards 0, and is never negative"
    )]
    pub fn is_more_than(self, most: f64) -> bool {
        match self {
            Step::Whole(step) => step.unsigned_abs() > most as u128,
            Step::Real(step) => step.abs() > most,
        }
    }

    /// The step as a number to reckon with: exact up to 2^53.
    #[expect(clippy::cast_precision_loss, reason = "the rounding is within what the door allows for")]
    pub fn number(self) -> f64 {
        match self {
            Step::Whole(step) => step as f64,
            Step::Real(step) => step,
        }
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(x) => Some(i128::from(*x)),
        Value::UInt(x) => Some(i128::from(*x)),
        Value::Bool(_) | Value::Float(_) | Value::Text(_) => None,
    }
}
