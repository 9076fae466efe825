//! From a payload to samples: text, bytes or JSON, exact, and bad with a reason where it is none of them.

mod binary;
mod leaf;
mod outline;
mod quality;

use std::fmt;
use std::str;

use model::{DataType, Quality, Sample, Scaling, TagIndex, Timestamp, Update, Value};

use self::leaf::{LONGEST_TEXT, scalar};
use self::outline::{Found, Outline};
use super::address::{Address, Format};
use super::time::{self, SourceTimeFault, TimeUnit};
use crate::convert::convert;

pub(super) use self::binary::{Binary, Endian, Kind};
pub(super) use self::leaf::Leaf;
pub(super) use self::outline::DEEPEST;
pub(super) use self::quality::{Qualities, SourceQuality, Word};

/// One tag's part in a topic's messages.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) tag: TagIndex,
    pub(super) id: String,
    pub(super) data_type: DataType,
    pub(super) scaling: Option<Scaling>,
    pub(super) address: Address,
}

/// All tags of a topic, with what they want of its messages.
#[derive(Debug, Default)]
pub(super) struct Readers {
    readers: Vec<Reader>,
    /// Where each finds its parts in what the outline found, in the same order.
    parts: Vec<Option<Parts>>,
    outline: Outline,
}

/// The numbers of a tag's parts in a document.
#[derive(Clone, Copy, Debug)]
struct Parts {
    value: usize,
    time: Option<(usize, TimeUnit)>,
    quality: Option<usize>,
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
    /// There is a value, but nobody knows what its source thinks of it.
    Quality { tag: String, detail: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Value { tag, quality, detail } => write!(f, "{tag}: {}: {detail}", quality.words()),
            Fault::Time { tag, fault } => write!(f, "{tag}: {fault}"),
            Fault::Quality { tag, detail } => write!(f, "{tag}: {detail}; the value counts as uncertain"),
        }
    }
}

impl Readers {
    pub(super) fn push(&mut self, reader: Reader) {
        let parts = match &reader.address.format {
            Format::Text | Format::Binary(_) => None,
            Format::Json(places) => Some(Parts {
                value: self.outline.want(&places.value),
                time: places.time.as_ref().map(|time| (self.outline.want(&time.pointer), time.unit)),
                quality: places.quality.as_ref().map(|quality| self.outline.want(&quality.pointer)),
            }),
        };
        self.parts.push(parts);
        self.readers.push(reader);
    }

    pub(super) fn as_slice(&self) -> &[Reader] {
        &self.readers
    }
}

/// A payload, looked at once for all its tags.
struct Content<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
    document: Result<Vec<Found<'a>>, String>,
}

/// Makes one sample for each reader. `fault` hears of whatever was wrong.
pub(super) fn decode(
    readers: &Readers,
    payload: &[u8],
    delivery: Delivery,
    arrival: Timestamp,
    mut fault: impl FnMut(Fault),
) -> Vec<Update> {
    let text = str::from_utf8(payload).ok().map(|text| text.strip_prefix('\u{FEFF}').unwrap_or(text));
    // Gone through at most once, and only where a tag asks for it; the packet limit bounds its length.
    let document = match text {
        Some(text) if readers.parts.iter().any(Option::is_some) => {
            readers.outline.find(text).map_err(|error| format!("not JSON: {error}"))
        }
        Some(_) | None => Err(not_text(payload)),
    };
    let content = Content { bytes: payload, text, document };
    let samples = readers.readers.iter().zip(&readers.parts).map(|(reader, parts)| {
        let sample = reader.sample(*parts, &content, delivery, arrival, &mut fault);
        Update::new(reader.tag, sample)
    });
    samples.collect()
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
        parts: Option<Parts>,
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
        if let (Some(parts), Ok(found)) = (parts, &content.document) {
            if let Some((at, unit)) = parts.time {
                match time::read(leaf(found[at]).as_ref(), unit, arrival) {
                    Ok(stamp) => time = stamp,
                    Err(reason) => {
                        quality = quality.worst(Quality::UNCERTAIN);
                        fault(Fault::Time { tag: self.id.clone(), fault: reason });
                    }
                }
            }
            if let Some(at) = parts.quality {
                let (said, unknown) = self.said(found[at]);
                quality = quality.worst(said);
                if let Some(detail) = unknown {
                    fault(Fault::Quality { tag: self.id.clone(), detail });
                }
            }
        }
        // What its source calls bad is no value, whatever is in its place.
        if quality.is_bad() {
            return Sample { time, received: arrival, value: None, quality };
        }
        match self.value(parts, content) {
            Ok(value) => Sample { time, received: arrival, value: Some(value), quality },
            Err((quality, detail)) => {
                fault(Fault::Value { tag: self.id.clone(), quality, detail });
                Sample { time, received: arrival, value: None, quality }
            }
        }
    }

    /// What the source says of its value, and what is wrong with how it says so.
    fn said(&self, found: Found<'_>) -> (Quality, Option<String>) {
        let source = match &self.address.format {
            Format::Json(places) => places.quality.as_ref(),
            Format::Text | Format::Binary(_) => None,
        };
        let Some(source) = source else { return (Quality::GOOD, None) };
        if let Some(quality) = leaf(found).and_then(|leaf| source.words.read(&leaf)) {
            return (quality, None);
        }
        let pointer = &source.pointer;
        let detail = match found {
            Found::Nothing => format!("the message has no quality at \"{pointer}\""),
            Found::Part(raw) => format!("the quality {} at \"{pointer}\" is not known", excerpt(raw)),
            Found::Ambiguous => format!("the message has more than one quality at \"{pointer}\""),
        };
        (Quality::UNCERTAIN, Some(detail))
    }

    fn value(&self, parts: Option<Parts>, content: &Content<'_>) -> Result<Value, (Quality, String)> {
        let raw = match (&self.address.format, parts, content.text) {
            (Format::Binary(binary), _, _) => binary.read(content.bytes)?,
            (Format::Text | Format::Json(_), _, None) => {
                return Err((Quality::BAD_DECODING, not_text(content.bytes)));
            }
            (Format::Text, _, Some(text)) => scalar(text, self.data_type).map_err(|quality| (quality, shown(text)))?,
            (Format::Json(places), parts, Some(_)) => self.part(&places.value, parts, content)?,
        };
        let written = raw.clone();
        convert(raw, self.data_type, self.scaling).map_err(|quality| (quality, excerpt(&written.to_string())))
    }

    fn part(&self, pointer: &str, parts: Option<Parts>, content: &Content<'_>) -> Result<Value, (Quality, String)> {
        let found = content.document.as_ref().map_err(|reason| (Quality::BAD_DECODING, reason.clone()))?;
        match parts.map_or(Found::Nothing, |parts| found[parts.value]) {
            Found::Nothing => Err((Quality::BAD_NO_DATA, format!("the message has nothing at \"{pointer}\""))),
            Found::Ambiguous => {
                let detail = format!("the message has more than one value at \"{pointer}\"");
                Err((Quality::BAD_DECODING, detail))
            }
            Found::Part(raw) => Leaf::new(raw).value(self.data_type).map_err(|quality| (quality, shown(raw))),
        }
    }
}

fn leaf(found: Found<'_>) -> Option<Leaf<'_>> {
    match found {
        Found::Part(raw) => Some(Leaf::new(raw)),
        Found::Nothing | Found::Ambiguous => None,
    }
}

fn not_text(payload: &[u8]) -> String {
    format!("the payload of {} bytes is not UTF-8", payload.len())
}

/// What is said of a text that is no value.
fn shown(text: &str) -> String {
    if text.len() > LONGEST_TEXT {
        return format!("{} and so on, {} bytes; a text has at most {LONGEST_TEXT}", excerpt(text), text.len());
    }
    excerpt(text)
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
