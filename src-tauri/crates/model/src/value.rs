//! What a tag can hold, exactly: integers keep all 64 bits, texts are shared, and a float is always finite.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Quality;

/// A value as it came from its source. A [`Value::Float`] made by [`Value::float`] is finite; a missing value is
/// `None` in a [`crate::Sample`], never a variant here.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A signed integer, exact.
    Int(i64),
    /// An unsigned integer above `i64::MAX`, exact. Smaller ones are [`Value::Int`]; [`Value::unsigned`] chooses.
    UInt(u64),
    /// A finite number.
    Float(f64),
    /// Text as received, escaped where it is shown.
    Text(Arc<str>),
}

/// What a tag is declared to hold. A value of another kind is converted where nothing is lost, otherwise it is bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// On or off.
    Bool,
    /// An integer, 64 bits, signed or unsigned.
    Int,
    /// A number.
    #[default]
    Float,
    /// Text.
    Text,
}

/// Linear scaling from the raw value of the source to the engineering value: `raw * factor + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Engineering units per raw unit; finite and not zero.
    pub factor: f64,
    /// Engineering value at raw zero; finite.
    #[serde(default)]
    pub offset: f64,
}

impl Value {
    /// A float, or the quality that says why it is none: NaN and infinity are bad, never zero.
    ///
    /// # Errors
    /// [`Quality::BAD_OUT_OF_RANGE`] where `x` is not finite.
    pub fn float(x: f64) -> Result<Value, Quality> {
        if x.is_finite() { Ok(Value::Float(x)) } else { Err(Quality::BAD_OUT_OF_RANGE) }
    }

    /// An unsigned integer in its smallest exact form.
    pub fn unsigned(x: u64) -> Value {
        i64::try_from(x).map_or(Value::UInt(x), Value::Int)
    }

    /// A text.
    pub fn text(x: impl Into<Arc<str>>) -> Value {
        Value::Text(x.into())
    }

    /// The value as a number for limits, trends and bars: booleans are 0 and 1, texts have none. Integers beyond 2^53
    /// lose digits here and nowhere else.
    #[expect(clippy::cast_precision_loss, reason = "the documented purpose: a picture of the number, not the number")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Bool(x) => Some(f64::from(u8::from(*x))),
            Value::Int(x) => Some(*x as f64),
            Value::UInt(x) => Some(*x as f64),
            Value::Float(x) => Some(*x),
            Value::Text(_) => None,
        }
    }

    /// Converts to the declared type where nothing is lost.
    ///
    /// # Errors
    /// [`Quality::BAD_TYPE`] where the conversion would invent or lose something: a text for a number, 1.5 for an
    /// integer, 2 for a boolean.
    pub fn into_type(self, declared: DataType) -> Result<Value, Quality> {
        match (declared, self) {
            (DataType::Bool, Value::Bool(x)) => Ok(Value::Bool(x)),
            (DataType::Bool, Value::Int(x @ (0 | 1))) => Ok(Value::Bool(x == 1)),
            (DataType::Bool, Value::Float(x)) if x == 0.0 || x == 1.0 => Ok(Value::Bool(x == 1.0)),
            (DataType::Int, Value::Int(x)) => Ok(Value::Int(x)),
            (DataType::Int, Value::UInt(x)) => Ok(Value::UInt(x)),
            (DataType::Int, Value::Bool(x)) => Ok(Value::Int(i64::from(x))),
            (DataType::Int, Value::Float(x)) => exact_integer(x).ok_or(Quality::BAD_TYPE),
            (DataType::Float, Value::Text(_)) => Err(Quality::BAD_TYPE),
            (DataType::Float, value) => value.number().ok_or(Quality::BAD_TYPE).and_then(Value::float),
            (DataType::Text, Value::Text(x)) => Ok(Value::Text(x)),
            (DataType::Text, value) => Ok(Value::text(value.to_string())),
            (DataType::Bool | DataType::Int, _) => Err(Quality::BAD_TYPE),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(x) => write!(f, "{x}"),
            Value::Int(x) => write!(f, "{x}"),
            Value::UInt(x) => write!(f, "{x}"),
            Value::Float(x) => write!(f, "{x}"),
            Value::Text(x) => f.write_str(x),
        }
    }
}

impl Scaling {
    /// The engineering value of a raw number. The result may be infinite; [`Value::float`] refuses that.
    pub fn apply(self, raw: f64) -> f64 {
        raw.mul_add(self.factor, self.offset)
    }
}

/// A float that is a whole number within the exact range of floats, as an integer.
#[expect(clippy::cast_possible_truncation, reason = "checked: whole and within +-2^53")]
fn exact_integer(x: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (x.fract() == 0.0 && x.abs() <= EXACT).then_some(Value::Int(x as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, declared: DataType, expect: Result<Value, Quality>) {
        assert_eq!(value.clone().into_type(declared), expect, "{value:?} as {declared:?}");
    }

    #[test]
    fn conversion_never_invents_or_loses() {
        check(Value::Int(1), DataType::Bool, Ok(Value::Bool(true)));
        check(Value::Int(2), DataType::Bool, Err(Quality::BAD_TYPE));
        check(Value::Float(1.5), DataType::Int, Err(Quality::BAD_TYPE));
        check(Value::Float(3.0), DataType::Int, Ok(Value::Int(3)));
        check(Value::Float(1e300), DataType::Int, Err(Quality::BAD_TYPE));
        check(Value::UInt(u64::MAX), DataType::Int, Ok(Value::UInt(u64::MAX)));
        check(Value::text("12"), DataType::Float, Err(Quality::BAD_TYPE));
        check(Value::Bool(true), DataType::Float, Ok(Value::Float(1.0)));
        check(Value::Int(9_007_199_254_740_993), DataType::Text, Ok(Value::text("9007199254740993")));
        check(Value::text("on"), DataType::Bool, Err(Quality::BAD_TYPE));
    }

    #[test]
    fn what_is_not_finite_is_bad_and_never_zero() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Value::float(x), Err(Quality::BAD_OUT_OF_RANGE));
        }
        assert_eq!(Value::float(-0.0), Ok(Value::Float(-0.0)));
    }

    #[test]
    fn unsigned_takes_the_smallest_exact_form() {
        assert_eq!(Value::unsigned(7), Value::Int(7));
        assert_eq!(Value::unsigned(u64::MAX), Value::UInt(u64::MAX));
    }
}
