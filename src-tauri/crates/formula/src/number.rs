//! Numbers as formulas know them: exact integers and finite floats that mix.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Divider, Modder, Multiplier, Negator, Subtractor};
use cel::common::types::{CelBool, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use model::Value;

static NUMBER: Type = Type::new_unspecified_type("number");

/// A number that is certain to fit into a tag: an integer from `i64::MIN` to `u64::MAX`, or a finite float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Exact.
    Int(i128),
    /// Finite.
    Float(f64),
}

impl Number {
    /// An integer, where a tag can hold it.
    pub fn int(x: i128) -> Option<Number> {
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&x).then_some(Number::Int(x))
    }

    /// A float, where it is finite.
    pub fn float(x: f64) -> Option<Number> {
        x.is_finite().then_some(Number::Float(x))
    }

    /// As a float; integers beyond 2^53 lose digits.
    #[expect(clippy::cast_precision_loss, reason = "an integer meets a float here, and the float's precision rules")]
    pub fn as_float(self) -> f64 {
        match self {
            Number::Int(x) => x as f64,
            Number::Float(x) => x,
        }
    }

    /// As a tag's value.
    pub fn value(self) -> Option<Value> {
        match self {
            Number::Int(x) => i64::try_from(x).map(Value::Int).or_else(|_| u64::try_from(x).map(Value::UInt)).ok(),
            Number::Float(x) => Value::float(x).ok(),
        }
    }

    /// The order of two numbers, exact also where an integer meets a float.
    pub fn order(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Number::Int(a), Number::Float(b)) => order_mixed(a, b),
            (Number::Float(a), Number::Int(b)) => order_mixed(b, a).reverse(),
        }
    }

    fn of(value: &dyn Val, operator: &'static str) -> Result<Number, ExecutionError> {
        value.downcast_ref::<Number>().copied().ok_or_else(|| mismatch(operator))
    }

    fn combine(
        self,
        other: &dyn Val,
        operator: &'static str,
        ints: impl Fn(i128, i128) -> Option<i128>,
        floats: impl Fn(f64, f64) -> f64,
    ) -> Result<Number, ExecutionError> {
        let result = match (self, Number::of(other, operator)?) {
            (Number::Int(a), Number::Int(b)) => ints(a, b).and_then(Number::int),
            (a, b) => Number::float(floats(a.as_float(), b.as_float())),
        };
        result.ok_or_else(|| out_of_range(operator))
    }

    fn divide(self, other: &dyn Val) -> Result<Number, ExecutionError> {
        let result = match (self, Number::of(other, "/")?) {
            (Number::Int(a), Number::Int(b)) if b != 0 && a % b == 0 => Number::int(a / b),
            (a, b) => Number::float(a.as_float() / b.as_float()),
        };
        result.ok_or_else(|| out_of_range("/"))
    }
}

/// An integer against a finite float, without losing digits: the whole part decides, then the fraction.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and an integer of a tag is far from the ends")]
fn order_mixed(a: i128, b: f64) -> Ordering {
    a.cmp(&(b.trunc() as i128)).then_with(|| 0.0_f64.partial_cmp(&b.fract()).unwrap_or(Ordering::Equal))
}

/// Operands that do not fit their operator.
pub fn mismatch(operator: &str) -> ExecutionError {
    ExecutionError::no_such_overload(operator, Vec::new())
}

/// A result that no tag can hold.
pub fn out_of_range(operator: &str) -> ExecutionError {
    ExecutionError::function_error(operator, "out of range")
}

impl Val for Number {
    fn get_type(&self) -> &Type {
        &NUMBER
    }

    fn cel_type() -> &'static Type {
        &NUMBER
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_multiplier<'b, 'v>(&'b self) -> Option<&'b (dyn Multiplier + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_divider<'b, 'v>(&'b self) -> Option<&'b (dyn Divider + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_modder<'b, 'v>(&'b self) -> Option<&'b (dyn Modder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_negator<'b, 'v>(&'b self) -> Option<&'b (dyn Negator + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        match (other.downcast_ref::<Number>(), other.downcast_ref::<CelBool>()) {
            (Some(number), _) => self.order(*number) == Ordering::Equal,
            (None, Some(truth)) => self.order(Number::Int(i128::from(*truth.inner()))) == Ordering::Equal,
            (None, None) => false,
        }
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Number {}

impl Adder for Number {
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.combine(rhs, "+", i128::checked_add, |a, b| a + b).map(CowVal::owned)
    }
}

impl Subtractor for Number {
    fn sub<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.combine(rhs, "-", i128::checked_sub, |a, b| a - b).map(CowVal::owned)
    }
}

impl Multiplier for Number {
    fn mul<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.combine(rhs, "*", i128::checked_mul, |a, b| a * b).map(CowVal::owned)
    }
}

impl Divider for Number {
    fn div<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.divide(rhs).map(CowVal::owned)
    }
}

impl Modder for Number {
    fn modulo<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.combine(rhs, "%", i128::checked_rem, |a, b| a % b).map(CowVal::owned)
    }
}

impl Negator for Number {
    fn negate<'v>(&self) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let negated = match *self {
            Number::Int(x) => x.checked_neg().and_then(Number::int),
            Number::Float(x) => Number::float(-x),
        };
        Ok(Box::new(negated.ok_or_else(|| out_of_range("-"))?))
    }
}

impl Comparer for Number {
    fn compare(&self, rhs: &dyn Val) -> Result<Ordering, ExecutionError> {
        Ok(self.order(Number::of(rhs, "<")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_and_a_float_compare_exactly() {
        let beyond = Number::Int(9_007_199_254_740_993);
        assert_eq!(beyond.order(Number::Float(9_007_199_254_740_992.0)), Ordering::Greater);
        assert_eq!(Number::Int(2).order(Number::Float(2.5)), Ordering::Less);
        assert_eq!(Number::Int(-2).order(Number::Float(-2.5)), Ordering::Greater);
        assert_eq!(Number::Float(1e300).order(Number::Int(i128::from(u64::MAX))), Ordering::Greater);
        assert_eq!(Number::Float(3.0).order(Number::Int(3)), Ordering::Equal);
    }

    #[test]
    fn what_no_tag_can_hold_is_no_number() {
        assert_eq!(Number::int(i128::from(u64::MAX) + 1), None);
        assert_eq!(Number::int(i128::from(i64::MIN) - 1), None);
        assert_eq!(Number::float(f64::NAN), None);
        assert_eq!(Number::Int(i128::from(u64::MAX)).value(), Some(Value::UInt(u64::MAX)));
    }
}
