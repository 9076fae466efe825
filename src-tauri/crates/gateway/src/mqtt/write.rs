//! A value on its way to a device: published once, and confirmed by what the device itself says.
//!
//! A command is published while the connection is up and before it expires, at least once as far as the broker, and never
//! retained. It is not sent again by anybody: with the connection everything goes that was not sent. That the broker has
//! it says nothing of the device, so the tag's own topic has to show the value.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::{DataType, Point, Sample, Scaling, TagIndex, Update, Value, Write, WritePolicy, Written};
use tokio::sync::mpsc;

use super::address::Address;
use super::client::{Handed, Publication, Qos};
use super::connection::Connection;
use crate::convert;
use crate::form::Form;
use crate::requests::Answer;

/// What may be said of writing in an address.
pub(super) const KEYS: [&str; 3] = ["write_topic", "write_payload", "confirm_ms"];
/// What is published below a tag's own topic.
const SET: &str = "/set";
/// Where the value goes in a template. The second one is for templates of the plant file, which have braces of their own.
const PLACES: [&str; 2] = ["{value}", "$value"];
const LONGEST_TEMPLATE: usize = 4_096;
const CONFIRM_MS: u64 = 3_000;
/// A number that came back by way of a device of single precision is the same number.
const ALIKE: f64 = 1e-6;

/// What the plant file says of writing a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Writing {
    /// Where to publish, if not below the tag's own topic.
    topic: Option<String>,
    /// A JSON document with a place for the value; without one the payload is the bare value.
    template: Option<String>,
    confirm_ms: Option<u64>,
}

/// A tag that can be written.
#[derive(Debug)]
pub(super) struct Writable {
    data_type: DataType,
    scaling: Option<Scaling>,
    policy: WritePolicy,
    topic: String,
    template: Option<String>,
    confirm: Duration,
}

impl Writing {
    /// Reads what belongs to writing. Without a `policy` the tag is read only.
    pub(super) fn read(form: &mut Form<'_>, policy: Option<WritePolicy>) -> Writing {
        let topic = form.text(KEYS[0]).map(str::to_owned);
        if let Some(text) = &topic
            && (text.is_empty() || text.len() > 1_024 || text.contains(['+', '#']) || text.contains(char::is_control))
        {
            form.reject(KEYS[0], "`write_topic` is not a topic that can be written to", "write the full topic");
        }
        let template = form.text(KEYS[1]).filter(|text| *text != "plain").map(str::to_owned);
        if let Some(text) = &template {
            let is_document = serde_json::from_str::<serde_json::Value>(&fill(text, "0")).is_ok();
            if fill(text, "0") == *text || !is_document || text.len() > LONGEST_TEMPLATE {
                let remedy = "write \"plain\", or for example write_payload = '{\"value\": $value}'";
                form.reject(KEYS[1], "`write_payload` is no JSON document with a place for the value", remedy);
            }
        }
        let confirm_ms = form.integer(KEYS[2], 100..=10_000).and_then(|ms| u64::try_from(ms).ok());
        if policy.is_none() {
            for key in KEYS {
                if form.has(key) {
                    let remedy = "write write = true at the tag, or remove it";
                    form.reject(key, format!("`{key}` at a tag that is read only"), remedy);
                }
            }
        }
        Writing { topic, template, confirm_ms }
    }
}

/// Puts a value into a template.
fn fill(template: &str, value: &str) -> String {
    PLACES.iter().fold(template.to_owned(), |text, place| text.replace(place, value))
}

impl Writable {
    /// How to write a tag; `None` for one that is read only.
    pub(super) fn new(point: &Point, address: &Address) -> Option<Writable> {
        let Writing { topic, template, confirm_ms } = address.writing.clone();
        Some(Writable {
            data_type: point.data_type,
            scaling: point.scaling,
            policy: point.write?,
            topic: topic.unwrap_or_else(|| format!("{}{SET}", address.topic)),
            template,
            confirm: Duration::from_millis(confirm_ms.unwrap_or(CONFIRM_MS)),
        })
    }

    /// What to publish for a value.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    fn publication(&self, value: &Value) -> Result<Publication, String> {
        self.policy.check(value)?;
        let raw = convert::raw(value.clone(), self.data_type, self.scaling)?;
        let payload = match &self.template {
            None => raw.to_string(),
            Some(template) => {
                let json = match &raw {
                    Value::Bool(x) => serde_json::Value::from(*x),
                    Value::Int(x) => serde_json::Value::from(*x),
                    Value::UInt(x) => serde_json::Value::from(*x),
                    Value::Float(x) => serde_json::Value::from(*x),
                    Value::Text(x) => serde_json::Value::from(&**x),
                };
                fill(template, &json.to_string())
            }
        };
        let (topic, payload) = (self.topic.clone(), Bytes::from(payload));
        Ok(Publication { topic, payload, qos: Qos::AtLeastOnce, retained: false })
    }
}

/// Whether a tag shows what was written.
fn is_shown(shown: &Value, written: &Value) -> bool {
    match (shown, written) {
        (Value::Text(shown), Value::Text(written)) => shown == written,
        (Value::Text(_), _) | (_, Value::Text(_)) => false,
        (Value::Float(_), _) | (_, Value::Float(_)) => shown.number().zip(written.number()).is_some_and(|(a, b)| {
            let scale = a.abs().max(b.abs());
            (a - b).abs() <= scale * ALIKE
        }),
        (Value::Bool(_) | Value::Int(_) | Value::UInt(_), _) => shown == written,
    }
}

/// Who waits for the values of a tag.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<Vec<(TagIndex, mpsc::UnboundedSender<Sample>)>>);

impl Watchers {
    fn watch(&self, tag: TagIndex) -> mpsc::UnboundedReceiver<Sample> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.push((tag, sender));
        receiver
    }

    /// Shows what came to whoever waits for it.
    pub(super) fn show(&self, updates: &[Update]) {
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watchers.is_empty() {
            return;
        }
        watchers.retain(|(_, sender)| !sender.is_closed());
        for update in updates {
            for (_, sender) in watchers.iter().filter(|(tag, _)| *tag == update.tag) {
                // Whoever waited may have gone.
                let _gone = sender.send(update.sample.clone());
            }
        }
    }
}

impl Connection<'_> {
    /// Writes a value and answers what became of it.
    pub(super) async fn write(&self, write: Write, mut answer: Answer) {
        let written = self.carry_out(&write, &mut answer).await;
        answer.give(written);
    }

    async fn carry_out(&self, write: &Write, answer: &mut Answer) -> Written {
        let Some(writable) = self.mqtt.writables.get(&write.tag) else {
            return Written::Refused("the tag is read only".into());
        };
        let publication = match writable.publication(&write.value) {
            Ok(publication) => publication,
            Err(words) => return Written::Refused(words),
        };
        let topic: Arc<str> = publication.topic.as_str().into();
        let mut shown = self.watchers.watch(write.tag);
        if self.attempt.now().uptime >= write.expires {
            return Written::Refused("it expired before it could be sent".into());
        }
        answer.sent();
        let handing = match self.requests.publish(publication) {
            Ok(handing) => handing.done(),
            Err(words) => return Written::Refused(format!("it could not be sent: {words}")),
        };
        tokio::pin!(handing);
        let over = tokio::time::sleep(writable.confirm);
        tokio::pin!(over);
        let mut is_taken = false;
        let mut last = None;
        loop {
            tokio::select! {
                handed = &mut handing, if !is_taken => match handed {
                    Handed::Taken => is_taken = true,
                    Handed::NobodyListens => {
                        return Written::NotConfirmed(format!("the broker took it, but nobody subscribes to \"{topic}\""));
                    }
                    Handed::Refused(words) => return Written::Refused(words),
                    Handed::Unknown => return Written::Unknown("the connection was lost before the answer".into()),
                },
                Some(sample) = shown.recv() => match sample.value {
                    Some(value) if !sample.quality.is_bad() && is_shown(&value, &write.value) => return Written::Done,
                    value => last = value,
                },
                () = &mut over => break,
            }
        }
        let seconds = writable.confirm.as_secs_f32();
        match last {
            Some(value) => Written::NotConfirmed(format!("the tag shows {value} after {seconds} s")),
            None if is_taken => {
                Written::NotConfirmed(format!("the broker took it, but the tag showed no value within {seconds} s"))
            }
            None => Written::Unknown(format!("the broker did not say within {seconds} s that it has it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Settings;

    use super::*;

    fn writable(data_type: DataType, scaling: Option<Scaling>, address: &str) -> Writable {
        let point = Point {
            tag: TagIndex(0),
            id: "line/speed".into(),
            data_type,
            scaling,
            address: serde_json::from_str(address).expect("a document"),
            write: Some(WritePolicy { low: Some(0.0), high: Some(1_000.0) }),
        };
        let address = Address::read(&point).expect("an address");
        Writable::new(&point, &address).expect("may be written")
    }

    fn published(writable: &Writable, value: Value) -> Result<(String, String), String> {
        let publication = writable.publication(&value)?;
        assert_eq!((publication.qos, publication.retained), (Qos::AtLeastOnce, false));
        Ok((publication.topic, String::from_utf8(publication.payload.to_vec()).expect("text")))
    }

    #[test]
    fn a_value_is_published_raw_and_below_its_topic_unless_said_otherwise() {
        let speed = writable(DataType::Float, Some(Scaling { factor: 0.5, offset: 10.0 }), r#"{"topic":"a/speed"}"#);
        assert_eq!(published(&speed, Value::Float(110.0)), Ok(("a/speed/set".into(), "200".into())));
        assert!(published(&speed, Value::Float(1_001.0)).is_err_and(|words| words.contains("greatest allowed")));
        assert!(published(&speed, Value::text("fast")).is_err(), "a text is no number");
        let mode = r#"{"topic":"a","write_topic":"b/cmd","write_payload":"{\"v\": $value, \"by\": \"andon\"}"}"#;
        let mode = writable(DataType::Text, None, mode);
        let expected = ("b/cmd".to_owned(), r#"{"v": "say \"go\"", "by": "andon"}"#.to_owned());
        assert_eq!(published(&mode, Value::text("say \"go\"")), Ok(expected));
        let valve = writable(DataType::Bool, None, r#"{"topic":"a","write_payload":"[{value}]"}"#);
        assert_eq!(published(&valve, Value::Bool(true)), Ok(("a/set".into(), "[true]".into())));
        let count = writable(DataType::Int, Some(Scaling { factor: 10.0, offset: 0.0 }), r#"{"topic":"a"}"#);
        assert_eq!(published(&count, Value::Int(70)), Ok(("a/set".into(), "7".into())));
        assert!(published(&count, Value::Int(75)).is_err(), "between two raw values");
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_it_is_started() {
        let keys = |address: &str, write: Option<WritePolicy>| {
            let address: Settings = serde_json::from_str(address).expect("a document");
            let point =
                Point { tag: TagIndex(0), id: "t".into(), data_type: DataType::Float, scaling: None, address, write };
            let rejections = Address::read(&point).err().unwrap_or_default();
            rejections.into_iter().filter_map(|rejection| rejection.key).collect::<Vec<_>>()
        };
        let may = Some(WritePolicy::default());
        assert_eq!(keys(r#"{"topic":"a","write_payload":"plain","confirm_ms":500}"#, may), [""; 0]);
        assert_eq!(keys(r#"{"topic":"a","write_topic":"a/+/set"}"#, may), ["write_topic"]);
        assert_eq!(keys(r#"{"topic":"a","write_payload":"{\"v\": 1}"}"#, may), ["write_payload"]);
        assert_eq!(keys(r#"{"topic":"a","write_payload":"{\"v\": $value"}"#, may), ["write_payload"]);
        assert_eq!(keys(r#"{"topic":"a","confirm_ms":1}"#, may), ["confirm_ms"]);
        assert_eq!(keys(r#"{"topic":"a","write_topic":"b"}"#, None), ["write_topic"]);
    }

    #[test]
    fn a_number_is_shown_where_only_its_precision_differs() {
        assert!(is_shown(&Value::Float(f64::from(0.1f32)), &Value::Float(0.1)));
        assert!(is_shown(&Value::Int(3), &Value::Float(3.0)));
        assert!(is_shown(&Value::Float(0.0), &Value::Int(0)));
        assert!(!is_shown(&Value::Float(3.01), &Value::Float(3.0)));
        assert!(!is_shown(&Value::Int(9_007_199_254_740_993), &Value::Int(9_007_199_254_740_992)));
        assert!(!is_shown(&Value::text("3"), &Value::Int(3)));
    }
}
