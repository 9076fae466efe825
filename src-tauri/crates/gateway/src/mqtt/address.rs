//! What the plant file says of a tag on a broker.

use model::{Point, Quality, Rejection};
use serde_json::Value as Json;

use super::payload::{Binary, DEEPEST, Endian, Kind, Qualities, SourceQuality, Word};
use super::time::{SourceTime, TimeUnit};
use super::write::Writing;
use crate::convert::check_scaling;
use crate::form::Form;

/// What may be said of an address.
pub(super) const KEYS: [&str; 12] = [
    "topic",
    "format",
    "endian",
    "offset",
    "pointer",
    "time",
    "time_unit",
    "quality",
    "qualities",
    "write_topic",
    "write_payload",
    "confirm_ms",
];

/// Longer topics are not accepted. The protocol would allow 65,535 bytes; nobody means that.
const LONGEST_TOPIC: usize = 1_024;
const LONGEST_POINTER: usize = 1_024;
/// As far as a payload can reach.
const FURTHEST: i64 = 16_777_216;
/// Most words of a list of qualities.
const MOST_WORDS: usize = 64;

/// Where a tag's value is found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    pub(super) topic: String,
    pub(super) format: Format,
    pub(super) writing: Writing,
}

/// What a payload is, and where in it the value lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Format {
    /// The whole payload, as text.
    Text,
    /// A number as bytes.
    Binary(Binary),
    /// A part of a document.
    Json(Places),
}

/// JSON pointers to the parts of a document that belong to one tag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Places {
    pub(super) value: String,
    pub(super) time: Option<SourceTime>,
    pub(super) quality: Option<SourceQuality>,
}

/// The word of a plant file for what a payload is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Text,
    Json,
    /// A document of `timestamp_ms` and `value`, as the United Manufacturing Hub writes them.
    Umh,
    Binary(Kind),
}

const FORMATS: [(&str, Written); 14] = [
    ("text", Written::Text),
    ("json", Written::Json),
    ("umh", Written::Umh),
    ("u8", Written::Binary(Kind::U8)),
    ("i8", Written::Binary(Kind::I8)),
    ("u16", Written::Binary(Kind::U16)),
    ("i16", Written::Binary(Kind::I16)),
    ("u32", Written::Binary(Kind::U32)),
    ("i32", Written::Binary(Kind::I32)),
    ("u64", Written::Binary(Kind::U64)),
    ("i64", Written::Binary(Kind::I64)),
    ("f32", Written::Binary(Kind::F32)),
    ("f64", Written::Binary(Kind::F64)),
    ("bool", Written::Binary(Kind::Bool)),
];

impl Address {
    pub(super) fn read(point: &Point) -> Result<Address, Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let topic = topic(&mut form);
        let format = format(&mut form);
        let writing = Writing::read(&mut form, point.write);
        let address = topic.zip(format).map(|(topic, format)| Address { topic, format, writing });
        let mut read = form.finish(address);
        if let Some(rejection) = check_scaling(point) {
            match &mut read {
                Ok(_) => return Err(vec![rejection]),
                Err(rejections) => rejections.push(rejection),
            }
        }
        read
    }
}

fn topic(form: &mut Form<'_>) -> Option<String> {
    let topic = form.required_text("topic", "plant/line1/filler/speed")?;
    let wrong = if topic.is_empty() {
        Some("a topic cannot be empty")
    } else if topic.len() > LONGEST_TOPIC {
        Some("a topic cannot be longer than 1,024 bytes")
    } else if topic.contains(['+', '#']) {
        Some("a tag has one topic: wildcards (+ and #) are not possible")
    } else if topic.starts_with("$share/") {
        Some("a shared subscription would leave a part of the values to other stations")
    } else if topic.chars().any(char::is_control) {
        Some("a topic cannot contain control characters")
    } else {
        None
    };
    if let Some(message) = wrong {
        form.reject("topic", message, "write the full topic of the value, as the broker knows it");
        return None;
    }
    Some(topic.to_owned())
}

/// All of an address but its topic; `None` where something is wrong with it.
fn format(form: &mut Form<'_>) -> Option<Format> {
    let said = form.choice("format", &FORMATS);
    let written = match said {
        None if form.has("pointer") => Written::Json,
        None => Written::Text,
        Some(written) => written,
    };
    let binary = binary(form, written);
    let value = pointer(form, "pointer");
    let time = time(form, written);
    let quality = quality(form);
    match written {
        Written::Text | Written::Binary(_) => {
            for key in ["pointer", "time", "quality"] {
                if !form.has(key) {
                    continue;
                }
                let message = format!("`{key}` says where in a JSON message to look, and this is none");
                form.reject(key, message, "write pointer = \"/value\" and no `format`, or remove it");
            }
        }
        Written::Json | Written::Umh => {}
    }
    match written {
        Written::Text => Some(Format::Text),
        Written::Binary(_) => binary.map(Format::Binary),
        Written::Json => Some(Format::Json(Places { value: value.unwrap_or_default(), time, quality })),
        Written::Umh => {
            let value = value.unwrap_or_else(|| "/value".to_owned());
            let stamp = || SourceTime { pointer: "/timestamp_ms".to_owned(), unit: TimeUnit::Milliseconds };
            Some(Format::Json(Places { value, time: time.or_else(|| Some(stamp())), quality }))
        }
    }
}

fn binary(form: &mut Form<'_>, written: Written) -> Option<Binary> {
    let endian = form.choice("endian", &[("big", Endian::Big), ("little", Endian::Little)]).unwrap_or_default();
    let offset = form.integer("offset", 0..=FURTHEST).and_then(|offset| usize::try_from(offset).ok());
    let Written::Binary(kind) = written else {
        for key in ["endian", "offset"] {
            if !form.has(key) {
                continue;
            }
            let message = format!("`{key}` has a meaning for numbers as bytes only");
            form.reject(key, message, "write which number it is, such as format = \"u16\", or remove it");
        }
        return None;
    };
    Some(Binary { kind, endian, offset })
}

/// A JSON pointer (RFC 6901).
fn pointer(form: &mut Form<'_>, key: &'static str) -> Option<String> {
    let text = form.text(key)?;
    let escapes_are_whole = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let is_short = text.len() <= LONGEST_POINTER && text.matches('/').count() <= DEEPEST;
    if (text.is_empty() || text.starts_with('/')) && escapes_are_whole && is_short {
        return Some(text.to_owned());
    }
    let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    let message = if is_short {
        format!("`{key}` is not a JSON pointer: \"{shown}\"")
    } else {
        format!("`{key}` is too long: a pointer has at most {LONGEST_POINTER} bytes and {DEEPEST} names")
    };
    form.reject(key, message, "write \"/name\" or \"/outer/inner\"; in a name, ~ is written ~0 and / is written ~1");
    None
}

fn time(form: &mut Form<'_>, written: Written) -> Option<SourceTime> {
    let pointer = pointer(form, "time");
    let units = [
        ("ms", TimeUnit::Milliseconds),
        ("s", TimeUnit::Seconds),
        ("us", TimeUnit::Microseconds),
        ("ns", TimeUnit::Nanoseconds),
        ("rfc3339", TimeUnit::Rfc3339),
    ];
    let unit = form.choice("time_unit", &units);
    if form.has("time_unit") && !form.has("time") {
        let remedy = match written {
            Written::Umh => "remove the unit: `timestamp_ms` is in milliseconds",
            Written::Text | Written::Json | Written::Binary(_) => "write time = \"/timestamp\", or remove the unit",
        };
        form.reject("time_unit", "a unit of time without `time`", remedy);
    }
    pointer.map(|pointer| SourceTime { pointer, unit: unit.unwrap_or(TimeUnit::Milliseconds) })
}

fn quality(form: &mut Form<'_>) -> Option<SourceQuality> {
    let pointer = pointer(form, "quality");
    let words = match form.document("qualities") {
        Some(Json::Object(lists)) => listed(form, lists),
        Some(_) => form
            .choice(
                "qualities",
                &[
                    ("opc-da", &Qualities::OpcDa),
                    ("opc-ua", &Qualities::OpcUa),
                    ("words", &Qualities::Words),
                    ("boolean", &Qualities::Boolean),
                ],
            )
            .cloned(),
        None => None,
    };
    match (form.has("quality"), form.has("qualities")) {
        (true, false) => form.reject(
            "quality",
            "nothing says how the message writes quality",
            "write qualities = \"opc-da\", \"opc-ua\", \"words\" or \"boolean\", or a table of good, uncertain and bad",
        ),
        (false, true) => {
            form.reject("qualities", "`qualities` without `quality`", "write quality = \"/quality\", or remove it")
        }
        (true, true) | (false, false) => {}
    }
    pointer.zip(words).map(|(pointer, words)| SourceQuality { pointer, words })
}

/// `{ good = [192, "GOOD"], bad = [0] }`.
fn listed(form: &mut Form<'_>, lists: &serde_json::Map<String, Json>) -> Option<Qualities> {
    const REMEDY: &str = "write for example qualities = { good = [192, \"GOOD\", true], bad = [0] }";
    let mut words: Vec<(Word, Quality)> = Vec::new();
    for (key, list) in lists {
        let quality = match &**key {
            "good" => Quality::GOOD,
            "uncertain" => Quality::UNCERTAIN,
            "bad" => Quality::BAD,
            _ => {
                let message = format!("a quality is good, uncertain or bad, and not \"{}\"", key.escape_debug());
                form.reject("qualities", message, REMEDY);
                return None;
            }
        };
        let alone = std::slice::from_ref(list);
        for said in list.as_array().map_or(alone, Vec::as_slice) {
            let word = match said {
                Json::Bool(x) => Some(Word::Bool(*x)),
                Json::Number(x) => x.as_i64().map(Word::Int),
                Json::String(x) => Some(Word::Text(x.clone())),
                Json::Null | Json::Array(_) | Json::Object(_) => None,
            };
            let wrong = match &word {
                None => Some(format!("{said} is not a whole number, a text, true or false")),
                Some(word) if words.iter().any(|(earlier, _)| earlier == word) => {
                    Some(format!("{said} is there twice"))
                }
                Some(_) => (words.len() >= MOST_WORDS).then(|| format!("there are more than {MOST_WORDS} words")),
            };
            if let Some(message) = wrong {
                form.reject("qualities", message, REMEDY);
                return None;
            }
            words.extend(word.map(|word| (word, quality)));
        }
    }
    if words.is_empty() {
        form.reject("qualities", "the table says nothing", REMEDY);
        return None;
    }
    Some(Qualities::Listed(words))
}

#[cfg(test)]
mod tests {
    use model::{DataType, TagIndex};

    use super::*;

    fn rejected_keys(address: &str) -> Vec<String> {
        let point = Point {
            tag: TagIndex(0),
            id: "line/speed".into(),
            data_type: DataType::Float,
            scaling: None,
            address: serde_json::from_str(address).expect("a document"),
            write: None,
        };
        Address::read(&point).err().unwrap_or_default().into_iter().filter_map(|r| r.key).collect()
    }

    #[test]
    fn addresses_that_cannot_work_are_refused_with_their_key() {
        for (address, keys) in [
            (r#"{"topic":"a/b"}"#, &[][..]),
            (r#"{"topic":"a/b","pointer":"/v","time":"/t","time_unit":"rfc3339"}"#, &[]),
            (r#"{"topic":"a/b","pointer":""}"#, &[]),
            (r"{}", &["topic"]),
            (r#"{"topic":"a/+"}"#, &["topic"]),
            (r##"{"topic":"#"}"##, &["topic"]),
            (r#"{"topic":"a\u0000b"}"#, &["topic"]),
            (r#"{"topic":""}"#, &["topic"]),
            (r#"{"topic":7}"#, &["topic"]),
            (r#"{"topic":"a","pointer":"v"}"#, &["pointer"]),
            (r#"{"topic":"a","pointer":"/v~2"}"#, &["pointer"]),
            (r#"{"topic":"a","time":"/t"}"#, &["time"]),
            (r#"{"topic":"a","time_unit":"ms"}"#, &["time_unit"]),
            (r#"{"topic":"a","pointer":"/v","time":"/t","time_unit":"h"}"#, &["time_unit"]),
            (r#"{"topic":"a","qos":1}"#, &["qos"]),
            (r#"{"topic":"$share/g/a"}"#, &["topic"]),
            (r#"{"topic":"$SYS/broker/uptime"}"#, &[]),
            (r#"{"topic":"Störung/\u202e/\ud83d\ude00"}"#, &[]),
            (r#"{"topic":"a","format":"u16","endian":"little","offset":2}"#, &[]),
            (r#"{"topic":"a","format":"u24"}"#, &["format"]),
            (r#"{"topic":"a","format":"u16","endian":"middle","offset":-1}"#, &["endian", "offset"]),
            (r#"{"topic":"a","endian":"big"}"#, &["endian"]),
            (r#"{"topic":"a","pointer":"/v","offset":1}"#, &["offset"]),
            (r#"{"topic":"a","format":"u16","pointer":"/v"}"#, &["pointer"]),
            (r#"{"topic":"a","format":"text","pointer":"/v"}"#, &["pointer"]),
            (r#"{"topic":"a","format":"json"}"#, &[]),
            (r#"{"topic":"a","format":"json","time":"/t"}"#, &[]),
            (r#"{"topic":"a","format":"umh"}"#, &[]),
            (r#"{"topic":"a","format":"umh","time_unit":"s"}"#, &["time_unit"]),
            (r#"{"topic":"a","format":"umh","time":"/t","time_unit":"s"}"#, &[]),
            (r#"{"topic":"a","quality":"/q","qualities":"opc-da"}"#, &["quality"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":"opc-da"}"#, &[]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q"}"#, &["quality"]),
            (r#"{"topic":"a","pointer":"/v","qualities":"words"}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"q","qualities":"words"}"#, &["quality"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":"opc"}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":7}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":{"good":[192,"GOOD",true],"bad":0}}"#, &[]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":{}}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":{"good":[1],"bad":[1]}}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":{"good":[1.5]}}"#, &["qualities"]),
            (r#"{"topic":"a","pointer":"/v","quality":"/q","qualities":{"fine":[1]}}"#, &["qualities"]),
        ] {
            assert_eq!(rejected_keys(address), keys, "{address}");
        }
        let deep = |names: usize| rejected_keys(&format!(r#"{{"topic":"a","pointer":"{}"}}"#, "/v".repeat(names)));
        assert_eq!((deep(DEEPEST), deep(DEEPEST + 1)), (vec![], vec!["pointer".to_owned()]));
        let many = vec!["0"; 65].iter().enumerate().map(|(n, _)| n.to_string()).collect::<Vec<_>>().join(",");
        let many = format!(r#"{{"topic":"a","pointer":"","quality":"","qualities":{{"good":[{many}]}}}}"#);
        assert_eq!(rejected_keys(&many), ["qualities"]);
        let long = format!(r#"{{"topic":"{}"}}"#, "x".repeat(1_025));
        assert_eq!(rejected_keys(&long), ["topic"]);
    }

    #[test]
    fn the_known_keys_are_those_that_are_read() {
        let keys = || KEYS.iter().chain(&super::super::write::KEYS);
        let all: model::Settings = keys().map(|key| ((*key).to_owned(), Json::Null)).collect();
        let rejected = rejected_keys(&serde_json::to_string(&all).expect("a document"));
        let missing: Vec<_> = keys().filter(|key| !rejected.iter().any(|rejected| rejected == *key)).collect();
        assert!(missing.is_empty(), "null is nothing for any key, but was taken for {missing:?}");
        let point = crate::fuzz::point(all, DataType::Float);
        let rejections = Address::read(&point).expect_err("nothing of it is right");
        assert!(rejections.iter().all(|rejection| !rejection.message.contains("not known here")), "{rejections:?}");
    }
}
