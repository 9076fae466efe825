//! What a formula's text and its inputs hold, ready for the interpreter, which borrows it.

use cel::common::types::CelBool;
use cel::common::value::Val;
use model::Value;

use crate::number::Number;
use crate::text::Text;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A number.
    Number(Number),
    /// A truth.
    Truth(CelBool),
    /// A text.
    Text(Text),
}

impl Constant {
    /// A tag's value; none for a float that is not finite.
    pub fn of(value: Value) -> Option<Constant> {
        match value {
            Value::Bool(x) => Some(Constant::Truth(CelBool::from(x))),
            Value::Int(x) => Number::int(x.into()).map(Constant::Number),
            Value::UInt(x) => Number::int(x.into()).map(Constant::Number),
            Value::Float(x) => Number::float(x).map(Constant::Number),
            Value::Text(x) => Some(Constant::Text(Text(x))),
        }
    }

    /// As the interpreter takes it.
    pub fn val(&self) -> &dyn Val {
        match self {
            Constant::Number(x) => x,
            Constant::Truth(x) => x,
            Constant::Text(x) => x,
        }
    }
}

/// A result as a tag's value; none for what no tag can hold.
pub fn value(result: &dyn Val) -> Option<Value> {
    if let Some(number) = result.downcast_ref::<Number>() {
        return number.value();
    }
    if let Some(truth) = result.downcast_ref::<CelBool>() {
        return Some(Value::Bool(*truth.inner()));
    }
    result.downcast_ref::<Text>().map(|text| Value::Text(text.0.clone()))
}
