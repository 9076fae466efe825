//! One part of a JSON document, or a bare text, as a value: numbers exact, nothing guessed.

use std::borrow::Cow;

use model::{DataType, Quality, Value};

/// Longer texts are not values.
pub(super) const LONGEST_TEXT: usize = 4_096;

/// What a part of a document is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mqtt) enum Leaf<'a> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List,
    Object,
    /// A text with escapes that stand for no character.
    Broken,
}

impl<'a> Leaf<'a> {
    /// From the part as it is written, which is JSON.
    pub(in crate::mqtt) fn new(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'n') | None => Leaf::Null,
            Some(b't') => Leaf::Bool(true),
            Some(b'f') => Leaf::Bool(false),
            Some(b'[') => Leaf::List,
            Some(b'{') => Leaf::Object,
            Some(b'"') => Self::text(raw),
            Some(_) => Leaf::Number(raw),
        }
    }

    fn text(raw: &'a str) -> Self {
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        if !inner.contains('\\') {
            return Leaf::Text(inner.into());
        }
        serde_json::from_str::<String>(raw).map_or(Leaf::Broken, |text| Leaf::Text(text.into()))
    }

    /// The value.
    pub(super) fn value(&self, declared: DataType) -> Result<Value, Quality> {
        match self {
            Leaf::Null => Err(Quality::BAD_NO_DATA),
            Leaf::Bool(x) => Ok(Value::Bool(*x)),
            Leaf::Number(text) => number(text, declared).unwrap_or(Err(Quality::BAD_DECODING)),
            Leaf::Text(text) if declared == DataType::Text => bounded(text),
            Leaf::Text(text) => truth(text, declared),
            Leaf::List | Leaf::Object => Err(Quality::BAD_TYPE),
            Leaf::Broken => Err(Quality::BAD_DECODING),
        }
    }

    /// A whole number, if it is one that 64 bits hold.
    pub(in crate::mqtt) fn whole(&self) -> Option<i64> {
        match self {
            Leaf::Number(text) => match number(text, DataType::Int)?.and_then(|x| x.into_type(DataType::Int)) {
                Ok(Value::Int(x)) => Some(x),
                Ok(Value::Bool(_) | Value::UInt(_) | Value::Float(_) | Value::Text(_)) | Err(_) => None,
            },
            Leaf::Null | Leaf::Bool(_) | Leaf::Text(_) | Leaf::List | Leaf::Object | Leaf::Broken => None,
        }
    }
}

/// The value of a payload that is a bare text.
pub(super) fn scalar(text: &str, declared: DataType) -> Result<Value, Quality> {
    if declared == DataType::Text {
        return bounded(text);
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Quality::BAD_DECODING);
    }
    number(text, declared).unwrap_or_else(|| truth(text, declared))
}

/// A number, exact up to 64 bits; `None` where the text is none.
fn number(text: &str, declared: DataType) -> Option<Result<Value, Quality>> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(Ok(Value::Int(number)));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(Ok(Value::UInt(number)));
    }
    let number = text.parse::<f64>().ok()?;
    // An integer that fits no 64 bits is not quietly rounded.
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
    Some(if is_whole && declared == DataType::Int { Err(Quality::BAD_OUT_OF_RANGE) } else { Value::float(number) })
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
