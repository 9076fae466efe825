//! Writing a value to a tag's source.

use ::plant::Tag;
use engine::{LiveRow, Snapshot};
use model::{DataType, Value, Written};

use super::Recorded;
use crate::wire::{WriteOutcome, WriteResult, WriteTag, WriteValue};
use crate::{Api, Code, Failure, Principal};

/// Up to here a float holds every integer; what is larger may have lost digits before it came.
const EXACT: u64 = 1 << 53;
/// Longest text of a value that goes into words, characters.
const LONGEST: usize = 200;

impl Api {
    pub(crate) async fn tag_write(&self, _: &Principal, request: WriteTag) -> Result<WriteOutcome, Failure> {
        let snapshot = self.parts.engine.snapshot();
        let tag = snapshot.plant.tag_by_id(&request.tag);
        let tag = tag.ok_or_else(|| {
            Failure::new(Code::NotFound, format!("there is no tag \"{}\"", cut(&request.tag).escape_debug()))
        })?;
        let before = before(&snapshot, tag);
        let value = match value(request.value, tag.data_type) {
            Ok(value) => value,
            Err(words) => {
                return Ok(WriteOutcome { outcome: WriteResult::Refused, words, wanted: String::new(), before });
            }
        };
        let wanted = in_unit(&value, tag);
        let written = self.parts.engine.write(tag.index, value).await;
        let written = written.map_err(|stopped| Failure::caused(Code::Unavailable, "nothing was written", &stopped))?;
        let (outcome, words) = match written {
            Written::Done => (WriteResult::Done, String::new()),
            Written::Refused(words) => (WriteResult::Refused, words),
            Written::NotConfirmed(words) => (WriteResult::NotConfirmed, words),
            Written::Unknown(words) => (WriteResult::Unknown, words),
        };
        Ok(WriteOutcome { outcome, words, wanted, before })
    }
}

impl Recorded for WriteOutcome {
    fn record(&self) -> String {
        let result = match self.outcome {
            WriteResult::Done => "done",
            WriteResult::Refused => "refused",
            WriteResult::NotConfirmed => "sent and not confirmed",
            WriteResult::Unknown => "sent, outcome unknown",
        };
        let named = |caption: &str, words: &str| match words {
            "" => String::new(),
            words => format!("; {caption} {words}"),
        };
        let reason = if self.words.is_empty() { String::new() } else { format!(": {}", self.words) };
        format!("{result}{reason}{}{}", named("wanted", &self.wanted), named("before", &self.before))
    }
}

/// The value as its tag holds it.
///
/// # Errors
/// Why it is none of that tag, in words.
fn value(wanted: WriteValue, data_type: DataType) -> Result<Value, String> {
    match (data_type, wanted) {
        (DataType::Bool, WriteValue::Bool(on)) => Ok(Value::Bool(on)),
        (DataType::Text, WriteValue::Text(text)) => Ok(Value::text(text)),
        (DataType::Int, WriteValue::Text(digits)) => integer(&digits),
        (DataType::Int, WriteValue::Number(number)) => {
            let whole = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(whole), ..) if whole.unsigned_abs() <= EXACT => Value::Int(whole),
                (Some(_), ..) | (_, Some(_), _) => {
                    return Err(format!("{number} may have lost digits on its way; send its digits as text"));
                }
                (None, None, Some(float)) => Value::Float(float),
                (None, None, None) => return Err(format!("{number} is no number that a tag can hold")),
            };
            whole.into_type(DataType::Int).map_err(|_| format!("{number} is no integer"))
        }
        (DataType::Float, WriteValue::Number(number)) => {
            let float = number.as_f64().and_then(|float| Value::float(float).ok());
            float.ok_or_else(|| format!("{number} is no number that a tag can hold"))
        }
        (DataType::Bool, other) => Err(format!("{} is neither on nor off", words(&other))),
        (DataType::Int, other) => Err(format!("{} is no integer", words(&other))),
        (DataType::Float, other) => Err(format!("{} is no number", words(&other))),
        (DataType::Text, other) => Err(format!("{} is no text", words(&other))),
    }
}

fn integer(digits: &str) -> Result<Value, String> {
    let signed = digits.parse::<i64>().map(Value::Int);
    let value = signed.or_else(|_| digits.parse::<u64>().map(Value::unsigned));
    value.map_err(|_| format!("\"{}\" is no integer of 64 bits", cut(digits).escape_debug()))
}

fn words(value: &WriteValue) -> String {
    match value {
        WriteValue::Bool(on) => on.to_string(),
        WriteValue::Number(number) => number.to_string(),
        WriteValue::Text(text) => format!("\"{}\"", cut(text).escape_debug()),
    }
}

/// The value before, and whether it could be trusted.
fn before(snapshot: &Snapshot, tag: &Tag) -> String {
    let Some(LiveRow { value: Some(value), quality, .. }) = snapshot.table.row(tag.index) else { return String::new() };
    let doubt = if quality.is_good() { "" } else { " (not good)" };
    format!("{}{doubt}", in_unit(&value, tag))
}

fn in_unit(value: &Value, tag: &Tag) -> String {
    let words = cut(&value.to_string());
    if tag.unit.is_empty() { words } else { format!("{words} {}", tag.unit) }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, data_type: DataType, expect: Result<Value, &str>) {
        let wanted = serde_json::from_str(json).expect("a value to be written");
        assert_eq!(value(wanted, data_type), expect.map_err(str::to_owned), "{json} as {data_type:?}");
    }

    #[test]
    fn a_value_is_taken_exactly_or_not_at_all() {
        check("true", DataType::Bool, Ok(Value::Bool(true)));
        check("1", DataType::Bool, Err("1 is neither on nor off"));
        check("\"true\"", DataType::Bool, Err("\"true\" is neither on nor off"));
        check("7", DataType::Int, Ok(Value::Int(7)));
        check("7.0", DataType::Int, Ok(Value::Int(7)));
        check("7.5", DataType::Int, Err("7.5 is no integer"));
        check("\"-9223372036854775808\"", DataType::Int, Ok(Value::Int(i64::MIN)));
        check("\"18446744073709551615\"", DataType::Int, Ok(Value::UInt(u64::MAX)));
        check("\"18446744073709551616\"", DataType::Int, Err("\"18446744073709551616\" is no integer of 64 bits"));
        check("\"\"", DataType::Int, Err("\"\" is no integer of 64 bits"));
        check(
            "9007199254740993",
            DataType::Int,
            Err("9007199254740993 may have lost digits on its way; send its digits as text"),
        );
        check("9007199254740992", DataType::Int, Ok(Value::Int(9_007_199_254_740_992)));
        check("1e300", DataType::Int, Err("1e+300 is no integer"));
        check("21.5", DataType::Float, Ok(Value::Float(21.5)));
        check("\"NaN\"", DataType::Float, Err("\"NaN\" is no number"));
        check("\"21.5\"", DataType::Float, Err("\"21.5\" is no number"));
        check("true", DataType::Float, Err("true is no number"));
        check("\"NaN\"", DataType::Text, Ok(Value::text("NaN")));
        check("5", DataType::Text, Err("5 is no text"));
    }
}
