//! What the plant file says of a broker and of a tag on it.

use model::{Point, Rejection, Settings};

use crate::convert::check_scaling;
use crate::form::Form;

/// The standard port without TLS.
const PORT: u16 = 1883;
/// Longer topics are not accepted. The protocol would allow 65,535 bytes; nobody means that.
const LONGEST_TOPIC: usize = 1_024;
const MEBIBYTE: usize = 1_048_576;

/// A broker's settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
    /// As configured; without one, each start makes its own.
    pub(super) client_id: Option<String>,
    pub(super) keep_alive_s: u16,
    /// Larger messages are left unread.
    pub(super) max_packet_bytes: usize,
}

/// Where a tag's value is found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Address {
    pub(super) topic: String,
    /// A JSON pointer; without one, the whole payload is the value, as text.
    pub(super) pointer: Option<String>,
    pub(super) time: Option<SourceTime>,
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

impl Broker {
    pub(super) fn read(settings: &Settings) -> Result<Broker, Vec<Rejection>> {
        let mut form = Form::new(settings);
        let host = form.host();
        let port = form.port(PORT);
        let client_id = form.text("client_id").map(str::to_owned);
        if let Some(id) = &client_id
            && (id.is_empty() || id.len() > 128 || id.chars().any(char::is_control))
        {
            form.reject(
                "client_id",
                "a client id has 1 to 128 characters, none of them a control character",
                "shorten it, or leave it out: then each station makes its own",
            );
        }
        let keep_alive_s = form.integer("keep_alive_s", 1..=60).unwrap_or(5);
        let max_packet_bytes = form.integer("max_packet_bytes", 1_024..=16_777_216);
        let read = host.zip(port).map(|(host, port)| Broker {
            host,
            port,
            client_id,
            keep_alive_s: u16::try_from(keep_alive_s).unwrap_or(5),
            max_packet_bytes: max_packet_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(MEBIBYTE),
        });
        form.finish(read)
    }
}

impl Address {
    pub(super) fn read(point: &Point) -> Result<Address, Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let topic = topic(&mut form);
        let pointer = pointer(&mut form, "pointer");
        let time = pointer_to_time(&mut form, pointer.is_some());
        let mut read = form.finish(topic.map(|topic| Address { topic, pointer, time }));
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

    #[test]
    fn a_broker_needs_a_host_and_has_defaults() {
        let read = |text: &str| Broker::read(&serde_json::from_str(text).expect("a document"));
        let broker = read(r#"{"host":"broker"}"#).expect("enough");
        assert_eq!((broker.port, broker.keep_alive_s, broker.max_packet_bytes), (1883, 5, 1_048_576));
        assert!(read(r"{}").is_err());
        assert!(read(r#"{"host":"b","keep_alive_s":0}"#).is_err());
        assert!(read(r#"{"host":"b","client_id":""}"#).is_err());
        assert!(read(r#"{"host":"b","password":"x"}"#).is_err(), "unknown keys are never ignored");
    }
}
