//! From a payload to samples: text or JSON, exact, and bad with a reason where it is neither.

use std::fmt;
use std::str;

use model::{DataType, Quality, Sample, Scaling, TagIndex, Timestamp, Update, Value};
use serde_json::Value as Json;

use super::address::Address;
use super::time::{self, SourceTimeFault};
use crate::convert::convert;

/// Longer texts are not values.
const LONGEST_TEXT: usize = 4_096;

/// One tag's part in a topic's messages.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) tag: TagIndex,
    pub(super) id: String,
    pub(super) data_type: DataType,
    pub(super) scaling: Option<Scaling>,
    pub(super) address: Address,
}

/// Whether the broker had kept the message for whoever comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// As it was published.
    Live,
    /// From before this connection, nobody knows how long.
    Retained,
}

/// What is wrong with a tag's part of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// There is no value.
    Value { tag: String, quality: Quality, detail: String },
    /// There is a value, but its time cannot be right.
    Time { tag: String, fault: SourceTimeFault },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Value { tag, quality, detail } => write!(f, "{tag}: {}: {detail}", quality.words()),
            Fault::Time { tag, fault } => write!(f, "{tag}: {fault}"),
        }
    }
}

/// A payload, looked at once for all its tags.
enum Content<'a> {
    Text(&'a str),
    Json(Result<Json, serde_json::Error>),
}

/// Makes one sample for each reader. `fault` hears of whatever was wrong.
pub(super) fn decode(
    readers: &[Reader],
    payload: &[u8],
    delivery: Delivery,
    arrival: Timestamp,
    mut fault: impl FnMut(Fault),
) -> Vec<Update> {
    let Ok(text) = str::from_utf8(payload) else {
        let detail = format!("the payload of {} bytes is not UTF-8", payload.len());
        return all_bad(readers, Quality::BAD_DECODING, &detail, arrival, fault);
    };
    // Parsed at most once, and only where a tag asks for it; serde_json bounds the depth, the packet limit the size.
    let json = readers.iter().any(|reader| reader.address.is_json()).then(|| Content::Json(serde_json::from_str(text)));
    let text = Content::Text(text);
    readers
        .iter()
        .map(|reader| {
            let content = json.as_ref().filter(|_| reader.address.is_json()).unwrap_or(&text);
            let sample = reader.sample(content, delivery, arrival, &mut fault);
            Update::new(reader.tag, sample)
        })
        .collect()
}

/// One bad sample for each reader.
pub(super) fn all_bad(
    readers: &[Reader],
    quality: Quality,
    detail: &str,
    arrival: Timestamp,
    mut fault: impl FnMut(Fault),
) -> Vec<Update> {
    readers
        .iter()
        .map(|reader| {
            fault(Fault::Value { tag: reader.id.clone(), quality, detail: detail.to_owned() });
            Update::new(reader.tag, Sample::bad(arrival, quality))
        })
        .collect()
}

impl Reader {
    fn sample(
        &self,
        content: &Content<'_>,
        delivery: Delivery,
        arrival: Timestamp,
        fault: &mut impl FnMut(Fault),
    ) -> Sample {
        let mut quality = match delivery {
            Delivery::Live => Quality::GOOD,
            Delivery::Retained => Quality::UNCERTAIN_INITIAL,
        };
        let mut time = arrival;
        if let (Content::Json(Ok(json)), Some(source)) = (content, &self.address.time) {
            match time::read(json.pointer(&source.pointer), source.unit, arrival) {
                Ok(stamp) => time = stamp,
                Err(reason) => {
                    quality = Quality::UNCERTAIN;
                    fault(Fault::Time { tag: self.id.clone(), fault: reason });
                }
            }
        }
        match self.value(content) {
            Ok(value) => Sample { time, received: arrival, value: Some(value), quality },
            Err((quality, detail)) => {
                fault(Fault::Value { tag: self.id.clone(), quality, detail });
                Sample { time, received: arrival, value: None, quality }
            }
        }
    }

    fn value(&self, content: &Content<'_>) -> Result<Value, (Quality, String)> {
        let raw = match content {
            Content::Text(text) => scalar(text, self.data_type).map_err(|quality| (quality, excerpt(text)))?,
            Content::Json(Ok(json)) => {
                let pointer = self.address.pointer.as_deref().unwrap_or_default();
                let Some(part) = json.pointer(pointer) else {
                    return Err((Quality::BAD_NO_DATA, format!("the message has nothing at \"{pointer}\"")));
                };
                json_value(part, self.data_type).map_err(|quality| (quality, excerpt(&part.to_string())))?
            }
            Content::Json(Err(error)) => return Err((Quality::BAD_DECODING, format!("not JSON: {error}"))),
        };
        let shown = raw.clone();
        convert(raw, self.data_type, self.scaling).map_err(|quality| (quality, excerpt(&shown.to_string())))
    }
}

/// The value of a payload that is a bare text.
fn scalar(text: &str, declared: DataType) -> Result<Value, Quality> {
    if declared == DataType::Text {
        return bounded(text);
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Quality::BAD_DECODING);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Value::Int(number));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Ok(Value::UInt(number));
    }
    if let Ok(number) = text.parse::<f64>() {
        // An integer that fits no 64 bits is not quietly rounded.
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
        return if is_whole && declared == DataType::Int {
            Err(Quality::BAD_OUT_OF_RANGE)
        } else {
            Value::float(number)
        };
    }
    truth(text, declared)
}

/// The value of a part of a JSON document.
fn json_value(part: &Json, declared: DataType) -> Result<Value, Quality> {
    match part {
        Json::Null => Err(Quality::BAD_NO_DATA),
        Json::Bool(x) => Ok(Value::Bool(*x)),
        Json::Number(number) => {
            if let Some(x) = number.as_i64() {
                Ok(Value::Int(x))
            } else if let Some(x) = number.as_u64() {
                Ok(Value::UInt(x))
            } else {
                number.as_f64().ok_or(Quality::BAD_DECODING).and_then(Value::float)
            }
        }
        Json::String(text) if declared == DataType::Text => bounded(text),
        Json::String(text) => truth(text, declared),
        Json::Array(_) | Json::Object(_) => Err(Quality::BAD_TYPE),
    }
}

/// The words for on and off, where a truth is asked for.
fn truth(text: &str, declared: DataType) -> Result<Value, Quality> {
    const WORDS: [(&str, bool); 6] =
        [("true", true), ("on", true), ("1", true), ("false", false), ("off", false), ("0", false)];
    if declared != DataType::Bool {
        return Err(Quality::BAD_TYPE);
    }
    WORDS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text))
        .map(|(_, truth)| Value::Bool(*truth))
        .ok_or(Quality::BAD_TYPE)
}

fn bounded(text: &str) -> Result<Value, Quality> {
    if text.len() > LONGEST_TEXT { Err(Quality::BAD_DECODING) } else { Ok(Value::text(text)) }
}

/// The beginning of a text, safe to show.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
