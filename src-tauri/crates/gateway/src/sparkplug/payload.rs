//! From bytes to a payload and back, bounded.
//!
//! A few bytes can announce a large structure, so what a long payload would become is counted before anything is made of
//! it. Nesting is limited by the decoder, and once more here.
//!
//! **Invariant:** whatever the bytes are, decoding ends in a payload or in words, and takes memory in proportion.

use bytes::Buf as _;
use prost::Message as _;

use super::wire::Payload;

/// A payload as short as this cannot become anything large.
const SMALL: usize = 65_536;
/// The most metrics in one message, those within templates included.
pub(super) const METRICS: usize = 60_000;
/// The most parts of any kind: properties, rows, cells.
const PARTS: usize = 600_000;
/// How deep templates and properties may be nested within each other.
const DEPTH: usize = 24;
/// How some implementations mark a compressed payload; the specification has no such thing.
const COMPRESSED: &str = "SPBV1.0_COMPRESSED";

/// Decodes a payload.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(bytes: &[u8]) -> Result<Payload, String> {
    if bytes.len() > SMALL {
        let mut survey = Survey::default();
        survey.message(bytes, Part::Payload, 0)?;
    }
    let payload = Payload::decode(bytes).map_err(|error| format!("the payload is damaged: {}", reason(&error)))?;
    if payload.uuid.as_deref() == Some(COMPRESSED) {
        return Err("the payload is compressed, which Sparkplug does not provide for; switch compression off".into());
    }
    Ok(payload)
}

/// The end of what is wrong: before it the decoder names every message around the place, however many there are.
fn reason(error: &prost::DecodeError) -> String {
    const SHOWN: usize = 160;
    let words = error.to_string();
    let cut = words.char_indices().rev().nth(SHOWN).map(|(at, _)| at);
    cut.map_or_else(|| words.clone(), |at| format!("… {}", &words[at..]))
}

/// The bytes of a payload.
pub(super) fn encode(payload: &Payload) -> Vec<u8> {
    payload.encode_to_vec()
}

/// The kinds of message within a payload, as far as they can contain others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Payload,
    Metric,
    PropertySet,
    PropertyValue,
    PropertySetList,
    DataSet,
    Row,
    Template,
    /// Contains nothing that counts.
    Leaf,
}

impl Part {
    /// What a field of this message holds, where it is a message or one of many texts.
    fn field(self, number: u64) -> Option<Part> {
        match (self, number) {
            (Part::Payload | Part::Template, 2) => Some(Part::Metric),
            (Part::Metric, 9) | (Part::PropertyValue, 9) | (Part::PropertySetList, 1) => Some(Part::PropertySet),
            (Part::Metric, 17) => Some(Part::DataSet),
            (Part::Metric, 18) => Some(Part::Template),
            (Part::PropertySet, 2) => Some(Part::PropertyValue),
            (Part::PropertyValue, 10) => Some(Part::PropertySetList),
            (Part::DataSet, 4) => Some(Part::Row),
            (Part::PropertySet, 1) | (Part::DataSet, 2) | (Part::Row, 1) | (Part::Template, 3) => Some(Part::Leaf),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Survey {
    metrics: usize,
    parts: usize,
}

impl Survey {
    fn message(&mut self, mut bytes: &[u8], part: Part, depth: usize) -> Result<(), String> {
        self.parts += 1;
        self.metrics += usize::from(part == Part::Metric);
        if self.metrics > METRICS {
            return Err(format!("the message has more than {METRICS} metrics"));
        }
        if self.parts > PARTS {
            return Err(format!("the message has more than {PARTS} parts"));
        }
        if depth > DEPTH {
            return Err(format!("the message is nested deeper than {DEPTH} levels"));
        }
        while !bytes.is_empty() {
            // What is not well-formed is left to the decoder, which says what is wrong with it.
            let Some(key) = varint(&mut bytes) else { return Ok(()) };
            let skipped = match key & 7 {
                0 => varint(&mut bytes).map(|_| 0),
                1 => Some(8),
                5 => Some(4),
                2 => varint(&mut bytes).and_then(|length| usize::try_from(length).ok()),
                _ => None,
            };
            let Some(length) = skipped.filter(|length| *length <= bytes.len()) else { return Ok(()) };
            let (inner, rest) = bytes.split_at(length);
            bytes = rest;
            if key & 7 == 2
                && let Some(part) = part.field(key >> 3)
            {
                self.message(inner, part, depth + 1)?;
            }
        }
        Ok(())
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        if bytes.is_empty() {
            return None;
        }
        let byte = bytes.get_u8();
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sparkplug::wire::payload::{Metric, PropertySet, PropertyValue, Template, metric, property_value};

    fn sound() -> Payload {
        let metric = |n: u64| Metric {
            name: Some(format!("m{n}")),
            alias: Some(n),
            datatype: Some(10),
            value: Some(metric::Value::DoubleValue(1.5)),
            ..Metric::default()
        };
        Payload { timestamp: Some(1), seq: Some(0), metrics: (0..20).map(metric).collect(), ..Payload::default() }
    }

    #[test]
    fn a_payload_cut_anywhere_never_panics_and_a_whole_one_is_the_same_again() {
        let bytes = encode(&sound());
        assert_eq!(decode(&bytes), Ok(sound()));
        for length in 0..bytes.len() {
            let _either_way = decode(&bytes[..length]);
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _either_way = decode(&damaged);
        }
    }

    #[test]
    fn many_empty_metrics_in_few_bytes_are_refused_before_they_cost_anything() {
        let bytes = [0x12, 0x00].repeat(500_000);
        assert!(decode(&bytes).is_err_and(|words| words.contains("metrics")));
        // Keys of properties: nine bytes of frame and half a million empty texts.
        let keys = [0x0A, 0x00].repeat(700_000);
        let length = |n: usize| {
            let mut bytes = Vec::new();
            prost::encoding::encode_varint(n as u64, &mut bytes);
            bytes
        };
        let set = [&[0x4A][..], &length(keys.len()), &keys].concat();
        let bytes = [&[0x12][..], &length(set.len()), &set].concat();
        assert!(decode(&bytes).is_err_and(|words| words.contains("parts")));
    }

    #[test]
    fn deep_nesting_ends_in_words() {
        let mut template = Template::default();
        for _ in 0..90 {
            let value = Some(metric::Value::TemplateValue(template));
            template = Template { metrics: vec![Metric { value, ..Metric::default() }], ..Template::default() };
        }
        let padding = "x".repeat(SMALL);
        let value = Some(metric::Value::TemplateValue(template.clone()));
        let metric = Metric { name: Some(padding), value, ..Metric::default() };
        let bytes = encode(&Payload { metrics: vec![metric], ..Payload::default() });
        assert!(decode(&bytes).is_err_and(|words| words.contains("nested")));
        // A short one reaches the decoder's own limit.
        for _ in 0..100 {
            let value = Some(metric::Value::TemplateValue(template));
            template = Template { metrics: vec![Metric { value, ..Metric::default() }], ..Template::default() };
        }
        let value = Some(metric::Value::TemplateValue(template));
        let bytes = encode(&Payload { metrics: vec![Metric { value, ..Metric::default() }], ..Payload::default() });
        assert!(decode(&bytes).is_err());
        let mut set = PropertySet::default();
        for _ in 0..120 {
            let value = Some(property_value::Value::PropertysetValue(set));
            set = PropertySet {
                keys: vec!["k".into()],
                values: vec![PropertyValue { value, ..PropertyValue::default() }],
            };
        }
        let metric = Metric { properties: Some(set), ..Metric::default() };
        assert!(decode(&encode(&Payload { metrics: vec![metric], ..Payload::default() })).is_err());
    }

    #[test]
    fn a_compressed_payload_says_so() {
        let payload = Payload { uuid: Some(COMPRESSED.into()), body: Some(vec![1, 2]), ..Payload::default() };
        assert!(decode(&encode(&payload)).is_err_and(|words| words.contains("compressed")));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), long in any::<bool>()) {
            let bytes = if long { bytes.repeat(80) } else { bytes };
            let _either_way = decode(&bytes);
        }
    }
}
