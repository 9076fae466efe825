//! Texts as formulas know them: shared, compared by code point, and bounded where they grow.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer};
use cel::common::types::Type;
use cel::common::value::{CowVal, StaticVal, Val};

use crate::TEXT_AT_MOST;
use crate::number::{mismatch, out_of_range};

static TEXT: Type = Type::new_unspecified_type("text");

/// A text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text(pub Arc<str>);

impl Text {
    fn of<'b>(value: &'b dyn Val, operator: &'static str) -> Result<&'b Text, ExecutionError> {
        value.downcast_ref::<Text>().ok_or_else(|| mismatch(operator))
    }
}

impl Val for Text {
    fn get_type(&self) -> &Type {
        &TEXT
    }

    fn cel_type() -> &'static Type {
        &TEXT
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Text>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Text {}

impl Adder for Text {
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let other = Text::of(rhs, "+")?;
        if self.0.len() + other.0.len() > TEXT_AT_MOST {
            return Err(out_of_range("+"));
        }
        Ok(CowVal::owned(Text([&*self.0, &*other.0].concat().into())))
    }
}

impl Comparer for Text {
    fn compare(&self, rhs: &dyn Val) -> Result<Ordering, ExecutionError> {
        Ok(self.0.cmp(&Text::of(rhs, "<")?.0))
    }
}
