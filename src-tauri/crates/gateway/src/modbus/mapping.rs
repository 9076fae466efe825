//! What a raw value means: from what a register holds to the tag's value, and back for a write.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{DataType, Point, Quality, Scaling, Value};

use super::registers::Encoding;
use crate::convert::convert;
use crate::form::Form;

/// From raw to engineering value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mapping {
    /// By the tag's scaling, where it has one.
    Plain,
    /// By a straight line through two points. A raw value beyond them is out of what the sensor can say: it is carried
    /// on along the line, and uncertain.
    Range { raw: (f64, f64), engineering: (f64, f64) },
    /// By a list. A number that is not in it is shown as it is, and uncertain.
    Words(Arc<BTreeMap<i64, String>>),
}

impl Mapping {
    /// Reads the keys of an address; `None` after a rejection.
    pub(super) fn read(form: &mut Form<'_>, point: &Point, encoding: Option<Encoding>) -> Option<Mapping> {
        let there = ["raw", "engineering", "words"].map(|key| form.has(key));
        let (raw, engineering) = (form.pair("raw"), form.pair("engineering"));
        let words = form.words("words");
        match there {
            [false, false, false] => Some(Mapping::Plain),
            [true, true, false] => {
                if point.data_type != DataType::Float || point.scaling.is_some() {
                    let remedy = "declare the tag as float, without a scaling of its own";
                    form.reject("raw", "a range gives a number with a fraction", remedy);
                }
                let (raw, engineering) = raw.zip(engineering)?;
                // The lower raw value first, whichever way it was written; the engineering range may fall.
                Some(if raw.0 < raw.1 {
                    Mapping::Range { raw, engineering }
                } else {
                    Mapping::Range { raw: (raw.1, raw.0), engineering: (engineering.1, engineering.0) }
                })
            }
            [false, false, true] => {
                let is_number = encoding.is_none_or(|encoding| {
                    !matches!(encoding, Encoding::F32(_) | Encoding::F64(_) | Encoding::Text(..))
                });
                if point.data_type != DataType::Text || !is_number {
                    form.reject("words", "words go with whole numbers and a text", "declare the tag as text");
                }
                list(form, &words?)
            }
            [true, false, false] => {
                form.reject("engineering", "`raw` without `engineering`", "write for example engineering = [0, 100]");
                None
            }
            [false, true, false] => {
                form.reject("raw", "`engineering` without `raw`", "write for example raw = [0, 4095]");
                None
            }
            [_, _, true] => {
                form.reject("words", "words and a range exclude each other", "remove one of them");
                None
            }
        }
    }

    /// The tag's value from a raw one, with how far to trust it.
    ///
    /// # Errors
    /// The quality that says why there is no value.
    pub(super) fn apply(
        &self,
        raw: Value,
        declared: DataType,
        scaling: Option<Scaling>,
    ) -> Result<(Value, Quality), Quality> {
        match self {
            Mapping::Plain => convert(raw, declared, scaling).map(|value| (value, Quality::GOOD)),
            Mapping::Range { raw: (low, high), engineering } => {
                let number = raw.number().ok_or(Quality::BAD_TYPE)?;
                let value = Value::float(along((*low, *high), *engineering, number))?;
                let is_within = (*low..=*high).contains(&number);
                Ok((value, if is_within { Quality::GOOD } else { Quality::UNCERTAIN_RANGE }))
            }
            Mapping::Words(words) => {
                let known = match &raw {
                    Value::Bool(x) => words.get(&i64::from(*x)),
                    Value::Int(x) => words.get(x),
                    Value::UInt(_) | Value::Float(_) | Value::Text(_) => None,
                };
                Ok(match known {
                    Some(word) => (Value::text(word.as_str()), Quality::GOOD),
                    None => (Value::text(raw.to_string()), Quality::UNCERTAIN),
                })
            }
        }
    }

    /// The raw value of a tag's value, to be written. Where the register holds whole numbers it is the nearest one.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) fn invert(&self, value: &Value, scaling: Option<Scaling>, encoding: Encoding) -> Result<Value, String> {
        let no_number = || format!("{value} is not a number");
        match self {
            Mapping::Plain => match (scaling, value) {
                (None, _) => Ok(round(value.clone(), encoding)),
                (Some(scaling), Value::Int(_) | Value::UInt(_)) if scaling.factor == 1.0 && scaling.offset == 0.0 => {
                    Ok(value.clone())
                }
                (Some(scaling), _) => {
                    let number = value.number().ok_or_else(no_number)?;
                    finite((number - scaling.offset) / scaling.factor, value).map(|raw| round(raw, encoding))
                }
            },
            Mapping::Range { raw, engineering } => {
                let number = value.number().ok_or_else(no_number)?;
                let (low, high) = (engineering.0.min(engineering.1), engineering.0.max(engineering.1));
                if !(low..=high).contains(&number) {
                    return Err(format!("{value} is outside of {low} to {high}, what the register stands for"));
                }
                finite(along(*engineering, *raw, number), value).map(|raw| round(raw, encoding))
            }
            Mapping::Words(words) => {
                let Value::Text(text) = value else { return Err(format!("{value} is none of the words")) };
                let found = words.iter().find(|(_, word)| word.as_str() == &**text);
                found.map(|(number, _)| Value::Int(*number)).ok_or_else(|| {
                    let list: Vec<_> = words.values().map(|word| format!("\"{word}\"")).collect();
                    format!("\"{}\" is none of the words {}", text.escape_debug(), list.join(", "))
                })
            }
        }
    }
}

fn list(form: &mut Form<'_>, words: &[(&str, &str)]) -> Option<Mapping> {
    let mut map = BTreeMap::new();
    for (number, word) in words {
        let Ok(number) = number.trim().parse::<i64>() else {
            let message = format!("\"{}\" is not a whole number", number.escape_debug());
            form.reject("words", message, "write for example words = { \"0\" = \"Stopped\" }");
            return None;
        };
        map.insert(number, (*word).to_owned());
    }
    if map.is_empty() {
        form.reject("words", "there are no words", "write for example words = { \"0\" = \"Stopped\" }");
        return None;
    }
    Some(Mapping::Words(Arc::new(map)))
}

/// The point above `x` on the line through two points.
fn along(from: (f64, f64), to: (f64, f64), x: f64) -> f64 {
    to.0 + (x - from.0) / (from.1 - from.0) * (to.1 - to.0)
}

fn finite(raw: f64, value: &Value) -> Result<Value, String> {
    Value::float(raw).map_err(|_| format!("{value} is beyond what the register stands for"))
}

/// The nearest whole number, for a register that holds one.
fn round(raw: Value, encoding: Encoding) -> Value {
    match (raw, encoding) {
        (Value::Float(x), Encoding::F32(_) | Encoding::F64(_)) => Value::Float(x),
        (Value::Float(x), _) => Value::Float(x.round()),
        (raw, _) => raw,
    }
}

#[cfg(test)]
mod tests {
    use super::super::registers::Order;
    use super::*;

    const U16: Encoding = Encoding::U16(Order::Abcd);
    const F32: Encoding = Encoding::F32(Order::Abcd);

    fn range(engineering: (f64, f64)) -> Mapping {
        Mapping::Range { raw: (0.0, 4_000.0), engineering }
    }

    #[test]
    fn a_range_is_a_straight_line_and_uncertain_beyond_its_ends() {
        for (engineering, raw, value, quality) in [
            ((0.0, 100.0), 1_000, 25.0, Quality::GOOD),
            ((0.0, 100.0), 4_000, 100.0, Quality::GOOD),
            ((0.0, 100.0), 4_001, 100.025, Quality::UNCERTAIN_RANGE),
            ((0.0, 100.0), -1, -0.025, Quality::UNCERTAIN_RANGE),
            ((20.0, -20.0), 4_000, -20.0, Quality::GOOD),
        ] {
            let got = range(engineering).apply(Value::Int(raw), DataType::Float, None);
            assert_eq!(got, Ok((Value::Float(value), quality)), "{raw}");
        }
        let down = range((20.0, -20.0));
        assert_eq!(down.invert(&Value::Float(-20.0), None, U16), Ok(Value::Float(4_000.0)));
        assert_eq!(down.invert(&Value::Float(0.0), None, U16), Ok(Value::Float(2_000.0)));
        assert!(down.invert(&Value::Float(20.1), None, U16).is_err());
    }

    #[test]
    fn words_stand_for_numbers_both_ways() {
        let words = Mapping::Words(Arc::new([(0, "Stopped".to_owned()), (3, "Execute".to_owned())].into()));
        let text = |raw: Value| words.apply(raw, DataType::Text, None);
        assert_eq!(text(Value::Int(3)), Ok((Value::text("Execute"), Quality::GOOD)));
        assert_eq!(text(Value::Bool(false)), Ok((Value::text("Stopped"), Quality::GOOD)));
        assert_eq!(text(Value::Int(7)), Ok((Value::text("7"), Quality::UNCERTAIN)));
        assert_eq!(words.invert(&Value::text("Execute"), None, U16), Ok(Value::Int(3)));
        let refused = words.invert(&Value::text("Held"), None, U16).expect_err("not in the list");
        assert!(refused.contains("\"Stopped\", \"Execute\""), "{refused}");
    }

    #[test]
    fn scaling_is_undone_for_a_write() {
        let tenths = Some(Scaling { factor: 0.1, offset: 5.0 });
        assert_eq!(Mapping::Plain.invert(&Value::Float(30.0), tenths, U16), Ok(Value::Float(250.0)));
        assert_eq!(Mapping::Plain.invert(&Value::Float(30.04), tenths, U16), Ok(Value::Float(250.0)), "the nearest");
        assert_eq!(Mapping::Plain.invert(&Value::Float(1.25), None, F32), Ok(Value::Float(1.25)));
        let big = Value::Int(9_007_199_254_740_993);
        assert_eq!(Mapping::Plain.invert(&big, None, U16), Ok(big.clone()), "no digit is lost without a scaling");
        let tiny = Some(Scaling { factor: 1e-300, offset: 0.0 });
        assert!(Mapping::Plain.invert(&Value::Float(1e300), tiny, F32).is_err());
        assert!(Mapping::Plain.invert(&Value::text("x"), tenths, U16).is_err());
    }
}
