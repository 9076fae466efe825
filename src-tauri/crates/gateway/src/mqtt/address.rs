//! What the plant file says of a tag on a broker.

use model::{Point, Rejection};

use super::write::Writing;
use crate::convert::check_scaling;
use crate::form::Form;

/// Longer topics are not accepted. The protocol would allow 65,535 bytes; nobody means that.
const LONGEST_TOPIC: usize = 1_024;

/// Where a tag's value is found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    pub(super) topic: String,
    /// A JSON pointer; without one, the whole payload is the value, as text.
    pub(super) pointer: Option<String>,
    pub(super) time: Option<SourceTime>,
    pub(super) writing: Writing,
}

/// Where a message says when it was so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SourceTime {
    pub(super) pointer: String,
    pub(super) unit: TimeUnit,
}

/// How a source writes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    Rfc3339,
}

impl Address {
    pub(super) fn read(point: &Point) -> Result<Address, Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let topic = topic(&mut form);
        let pointer = pointer(&mut form, "pointer");
        let time = pointer_to_time(&mut form, pointer.is_some());
        let writing = Writing::read(&mut form, point.write.is_some());
        let mut read = form.finish(topic.map(|topic| Address { topic, pointer, time, writing }));
        if let Some(rejection) = check_scaling(point) {
            match &mut read {
                Ok(_) => return Err(vec![rejection]),
                Err(rejections) => rejections.push(rejection),
            }
        }
        read
    }

    /// Whether the payload has to be JSON.
    pub(super) fn is_json(&self) -> bool {
        self.pointer.is_some()
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

/// A JSON pointer (RFC 6901).
fn pointer(form: &mut Form<'_>, key: &'static str) -> Option<String> {
    let text = form.text(key)?;
    let escapes_are_whole = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if (text.is_empty() || text.starts_with('/')) && escapes_are_whole {
        return Some(text.to_owned());
    }
    form.reject(
        key,
        format!("`{key}` is not a JSON pointer: \"{}\"", text.escape_debug()),
        "write \"/name\" or \"/outer/inner\"; in a name, ~ is written ~0 and / is written ~1",
    );
    None
}

fn pointer_to_time(form: &mut Form<'_>, is_json: bool) -> Option<SourceTime> {
    let has_time = form.has("time");
    let pointer = pointer(form, "time");
    let units = [
        ("ms", TimeUnit::Milliseconds),
        ("s", TimeUnit::Seconds),
        ("us", TimeUnit::Microseconds),
        ("ns", TimeUnit::Nanoseconds),
        ("rfc3339", TimeUnit::Rfc3339),
    ];
    if form.has("time_unit") && !has_time {
        form.reject("time_unit", "a unit of time without `time`", "write time = \"/timestamp\", or remove the unit");
    }
    if has_time && !is_json {
        form.reject(
            "time",
            "only a JSON message can carry its time",
            "write pointer = \"/value\" as well, or remove `time`",
        );
    }
    let unit = form.choice("time_unit", &units).unwrap_or(TimeUnit::Milliseconds);
    pointer.map(|pointer| SourceTime { pointer, unit })
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
        ] {
            assert_eq!(rejected_keys(address), keys, "{address}");
        }
        let long = format!(r#"{{"topic":"{}"}}"#, "x".repeat(1_025));
        assert_eq!(rejected_keys(&long), ["topic"]);
    }
}
