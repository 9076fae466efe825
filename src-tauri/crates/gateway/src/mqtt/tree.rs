//! The topics that were seen, as a tree, with what a tag on each of them would be.
//!
//! A path is `/` and the topic so far, so that the beginning is unlike a topic that begins with an empty level. Below a
//! JSON document it goes on with `#` and a JSON pointer: no topic has a `#`.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{Browsed, DataType, Offer, Settings};
use serde_json::Value as Json;

use super::client::Message;

/// More topics, or more bytes, are not collected.
const MOST_TOPICS: usize = 20_000;
const MOST_BYTES: usize = 8_388_608;
/// As much of a payload is looked at.
const LOOKED_AT: usize = 16_384;
/// As much of it is shown.
const SHOWN: usize = 80;
/// Fields under which messages carry their time, the most telling first.
const TIMES: [&str; 6] = ["timestamp_ms", "timestamp", "time", "ts", "datetime", "t"];

/// What was seen of a broker.
#[derive(Debug, Default)]
pub(super) struct Tree {
    topics: BTreeMap<String, Seen>,
    bytes: usize,
    is_full: bool,
}

#[derive(Debug)]
struct Seen {
    /// The beginning of the newest payload.
    payload: Bytes,
    messages: u64,
    retained: bool,
}

/// A place in the tree, from its path.
struct Place<'a> {
    topic: &'a str,
    pointer: Option<&'a str>,
}

impl Tree {
    /// Adds a message.
    pub(super) fn add(&mut self, message: &Message) {
        let Ok(topic) = std::str::from_utf8(&message.topic) else { return };
        let payload = Bytes::copy_from_slice(&message.payload[..message.payload.len().min(LOOKED_AT)]);
        if let Some(seen) = self.topics.get_mut(topic) {
            self.bytes = self.bytes - seen.payload.len() + payload.len();
            *seen = Seen { payload, messages: seen.messages + 1, retained: message.retained };
        } else {
            self.bytes += topic.len() + payload.len();
            self.topics.insert(topic.to_owned(), Seen { payload, messages: 1, retained: message.retained });
        }
        self.is_full = self.topics.len() >= MOST_TOPICS || self.bytes >= MOST_BYTES;
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn len(&self) -> usize {
        self.topics.len()
    }

    /// What is directly below a path.
    ///
    /// # Errors
    /// Why there is nothing, in words.
    pub(super) fn below(&self, path: &str) -> Result<Browsed, String> {
        let offers = match Place::parse(path) {
            None if path.is_empty() => self.levels(""),
            None => return Err(format!("\"{}\" is not a place among the topics", path.escape_debug())),
            Some(Place { topic, pointer: Some(pointer) }) => self.fields(topic, pointer)?,
            Some(Place { topic, pointer: None }) => {
                let mut offers = self.levels(&format!("{topic}/"));
                if let Some(seen) = self.topics.get(topic)
                    && is_container(&seen.payload)
                {
                    offers.extend(self.fields(topic, "")?);
                }
                if offers.is_empty() {
                    return Err(format!("nothing was seen below \"{}\"", topic.escape_debug()));
                }
                offers
            }
        };
        let more = offers.len().saturating_sub(Browsed::MOST);
        Ok(Browsed { offers: offers.into_iter().take(Browsed::MOST).collect(), more, remark: String::new() })
    }

    /// The levels that follow a prefix, which is empty or ends in a `/`.
    fn levels(&self, prefix: &str) -> Vec<Offer> {
        let following = self.topics.range(prefix.to_owned()..).take_while(|(topic, _)| topic.starts_with(prefix));
        // Topics below a level need not follow it at once: `a`, `a-b`, `a/c`. So they are gathered by level first.
        let mut gathered: BTreeMap<&str, (Option<&Seen>, usize)> = BTreeMap::new();
        for (topic, seen) in following {
            let rest = &topic[prefix.len()..];
            match rest.split_once('/') {
                Some((level, _)) => gathered.entry(level).or_default().1 += 1,
                None => gathered.entry(rest).or_default().0 = Some(seen),
            }
        }
        let offers = gathered.into_iter().map(|(level, (seen, below))| {
            let mut offer = offer(&format!("{prefix}{level}"), level, seen);
            if below > 0 {
                offer.has_more = true;
                offer.columns.push(("Topics below".into(), below.to_string()));
            }
            offer
        });
        offers.collect()
    }

    /// The parts of a JSON document at a pointer.
    fn fields(&self, topic: &str, pointer: &str) -> Result<Vec<Offer>, String> {
        let nothing = || format!("nothing was seen at \"{}\" of \"{}\"", pointer.escape_debug(), topic.escape_debug());
        let seen = self.topics.get(topic).ok_or_else(nothing)?;
        let document: Json = serde_json::from_slice(&seen.payload).map_err(|_| nothing())?;
        let part = document.pointer(pointer).ok_or_else(nothing)?;
        let time = time_of(part, pointer).or_else(|| time_of(&document, ""));
        let field = |name: String, value: &Json| {
            let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let path = format!("/{topic}#{below}");
            let mut offer = Offer { path, name, ..Offer::default() };
            if matches!(value, Json::Object(_) | Json::Array(_)) {
                offer.has_more = true;
                return offer;
            }
            offer.sample = Some(excerpt(value.to_string().as_bytes()));
            offer.data_type = json_type(value);
            let mut address: Settings =
                [("topic".to_owned(), topic.into()), ("pointer".to_owned(), below.as_str().into())]
                    .into_iter()
                    .collect();
            if let Some((at, unit)) = &time
                && *at != below
            {
                address.insert("time".into(), at.as_str().into());
                address.insert("time_unit".into(), (*unit).into());
            }
            offer.address = Some(address);
            offer
        };
        Ok(match part {
            Json::Object(fields) => fields.iter().map(|(name, value)| field(name.clone(), value)).collect(),
            Json::Array(items) => items.iter().enumerate().map(|(n, value)| field(n.to_string(), value)).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Err(nothing()),
        })
    }
}

impl<'a> Place<'a> {
    fn parse(path: &'a str) -> Option<Place<'a>> {
        let rest = path.strip_prefix('/')?;
        Some(match rest.split_once('#') {
            Some((topic, pointer)) => Place { topic, pointer: Some(pointer) },
            None => Place { topic: rest, pointer: None },
        })
    }
}

/// A level of the topics.
fn offer(topic: &str, name: &str, seen: Option<&Seen>) -> Offer {
    let mut offer = Offer {
        path: format!("/{topic}"),
        name: name.to_owned(),
        equipment: topic
            .rsplit_once('/')
            .map_or_else(Vec::new, |(above, _)| above.split('/').map(str::to_owned).collect()),
        ..Offer::default()
    };
    let Some(seen) = seen else { return offer };
    offer.sample = Some(excerpt(&seen.payload));
    offer.columns.push(("Messages".into(), seen.messages.to_string()));
    offer.columns.push(("Kept by the broker".into(), if seen.retained { "yes" } else { "no" }.into()));
    if is_container(&seen.payload) {
        offer.has_more = true;
        return offer;
    }
    offer.data_type = Some(text_type(&seen.payload));
    offer.address = Some([("topic".to_owned(), topic.into())].into_iter().collect());
    offer
}

/// Whether a payload is a JSON document with parts.
fn is_container(payload: &[u8]) -> bool {
    let begins = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    // Parsed as a whole, which bounds its depth.
    matches!(begins, Some(b'{' | b'[')) && serde_json::from_slice::<Json>(payload).is_ok()
}

/// What a bare payload seems to be.
fn text_type(payload: &[u8]) -> DataType {
    let text = std::str::from_utf8(payload).unwrap_or_default().trim();
    let is_truth = ["true", "false", "on", "off"].iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_truth {
        DataType::Bool
    } else if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        DataType::Int
    } else if text.parse::<f64>().is_ok() {
        DataType::Float
    } else {
        DataType::Text
    }
}

fn json_type(value: &Json) -> Option<DataType> {
    match value {
        Json::Bool(_) => Some(DataType::Bool),
        Json::Number(number) if number.is_f64() => Some(DataType::Float),
        Json::Number(_) => Some(DataType::Int),
        Json::String(_) => Some(DataType::Text),
        Json::Null | Json::Object(_) | Json::Array(_) => None,
    }
}

/// Where an object carries its time, and in which unit.
fn time_of(object: &Json, pointer: &str) -> Option<(String, &'static str)> {
    let fields = object.as_object()?;
    TIMES.iter().find_map(|name| {
        let unit = time_unit(name, fields.get(*name)?)?;
        Some((format!("{pointer}/{name}"), unit))
    })
}

/// The unit of a time, by its size: from 1973 on a number is in one of them only.
fn time_unit(name: &str, value: &Json) -> Option<&'static str> {
    if let Some(text) = value.as_str() {
        return text.parse::<jiff::Timestamp>().is_ok().then_some("rfc3339");
    }
    let number = value.as_f64()?;
    if name.ends_with("_ms") {
        return Some("ms");
    }
    match number {
        x if (1e17..1e19).contains(&x) => Some("ns"),
        x if (1e14..1e17).contains(&x) => Some("us"),
        x if (1e11..1e14).contains(&x) => Some("ms"),
        x if (1e8..1e11).contains(&x) => Some("s"),
        _ => None,
    }
}

/// The beginning of a payload, safe to show.
fn excerpt(payload: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(payload) else {
        let shown: Vec<_> = payload.iter().take(SHOWN / 4).map(|byte| format!("{byte:02x}")).collect();
        let dots = if payload.len() > SHOWN / 4 { " …" } else { "" };
        return format!("{} bytes: {}{dots}", payload.len(), shown.join(" "));
    };
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
