//! What the controllers of filler, labeller and palletiser publish: topics and payloads.
//!
//! On purpose not all alike, as in a plant that grew: most send JSON with their own timestamp, some values are bare
//! numbers on a topic of their own, and the speed setpoint is retained.

use serde_json::{Map, Value as Json, json};

use model::{Timestamp, Value};

use crate::line::Station;
use crate::readings::Readings;

/// The topics' root, the same as the equipment path of the line.
pub(crate) const ROOT: &str = "demo/filling/line1";

/// The machines that speak MQTT; the others are behind the PLC.
pub(crate) const SPEAKERS: [Station; 3] = [Station::Filler, Station::Labeller, Station::Palletiser];

/// Where the controllers listen for the speed that their machine should have.
pub(crate) const SETPOINTS: &str = "demo/filling/line1/+/setpoint/speed/set";

/// What a message to the controllers means: a bare number for one of their machines.
pub(crate) fn setpoint(topic: &str, payload: &[u8]) -> Option<(Station, f64)> {
    let machine = topic.strip_prefix(ROOT)?.strip_prefix('/')?.strip_suffix("/setpoint/speed/set")?;
    let station = SPEAKERS.into_iter().find(|station| station.id() == machine)?;
    let speed: f64 = std::str::from_utf8(payload).ok()?.trim().parse().ok()?;
    Some((station, speed))
}

/// Whether the broker keeps a message for those who subscribe later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Kept.
    Retained,
    /// For those who listen now.
    Passing,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) keep: Keep,
}

/// All messages of one moment.
pub(crate) fn messages(readings: &Readings, now: Timestamp) -> Vec<Message> {
    let mut all = Vec::with_capacity(16);
    for station in SPEAKERS {
        let from = Source { readings, station, now };
        all.push(from.status());
        all.extend(from.bare("speed_target", "setpoint/speed", Keep::Retained));
        match station {
            Station::Filler => {
                let product = from.fields(&[
                    ("pressure", "product_pressure"),
                    ("temperature", "product_temperature"),
                    ("flow", "product_flow"),
                    ("tank", "tank_level"),
                ]);
                all.push(from.document("product", product));
                let check = from.fields(&[("volume", "fill_volume"), ("rejects_per_minute", "reject_rate")]);
                all.push(from.document("inspection", check));
            }
            Station::Labeller => {
                all.extend(from.bare("glue_temperature", "glue/temperature", Keep::Passing));
                all.push(from.document("reel", from.fields(&[("level", "reel_level")])));
                all.extend(from.bare("label_offset", "camera/offset", Keep::Passing));
            }
            Station::Palletiser => {
                let pallet = from.fields(&[("cases", "cases_on_pallet"), ("made", "pallets")]);
                all.push(from.document("pallet", pallet));
                all.extend(from.bare("hoist_current", "hoist/current", Keep::Passing));
                all.extend(from.bare("guard_open", "guard/open", Keep::Passing));
            }
            Station::Depalletiser | Station::Capper | Station::Packer => {}
        }
    }
    all
}

/// One machine at one moment.
struct Source<'a> {
    readings: &'a Readings,
    station: Station,
    now: Timestamp,
}

impl Source<'_> {
    /// What every machine says, nested the way its controller's vendor thought best.
    fn status(&self) -> Message {
        let mut fields = self.fields(&[
            ("state", "state"),
            ("speed", "speed"),
            ("jam", "jam"),
            ("power", "power"),
            ("infeed", "infeed_fill"),
        ]);
        let counts = self.fields(&[("good", "good_count"), ("reject", "reject_count")]);
        fields.insert("counts".into(), Json::Object(counts));
        fields.insert("drive".into(), Json::Object(self.fields(&[("temperature", "drive_temperature")])));
        self.document("status", fields)
    }

    /// Readings under the names of the document; one that says nothing is left out.
    fn fields(&self, names: &[(&str, &str)]) -> Map<String, Json> {
        let field = |(key, name): &(&str, &str)| {
            let value = self.readings.get(Some(self.station), name)?;
            Some(((*key).to_owned(), json_of(value)))
        };
        names.iter().filter_map(field).collect()
    }

    fn document(&self, topic: &str, mut fields: Map<String, Json>) -> Message {
        fields.insert("ts".into(), json!(self.now.millis()));
        self.message(topic, Json::Object(fields).to_string(), Keep::Passing)
    }

    /// A bare value on a topic of its own; none while its sensor says nothing.
    fn bare(&self, name: &str, topic: &str, keep: Keep) -> Option<Message> {
        let value = self.readings.get(Some(self.station), name)?;
        Some(self.message(topic, value.to_string(), keep))
    }

    fn message(&self, topic: &str, payload: String, keep: Keep) -> Message {
        Message { topic: format!("{ROOT}/{}/{topic}", self.station.id()), payload, keep }
    }
}

/// Integers stay exact; a float is finite by its type's promise.
fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(x) => json!(x),
        Value::Int(x) => json!(x),
        Value::UInt(x) => json!(x),
        Value::Float(x) => json!(x),
        Value::Text(x) => json!(&**x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;
    use crate::random::Random;

    #[test]
    fn a_setpoint_is_a_number_for_a_machine_on_the_broker() {
        let topic = "demo/filling/line1/filler/setpoint/speed/set";
        assert_eq!(setpoint(topic, b" 380.5"), Some((Station::Filler, 380.5)));
        for (topic, payload) in [
            (topic, &b"fast"[..]),
            (topic, b""),
            ("demo/filling/line1/capper/setpoint/speed/set", b"1"),
            ("demo/filling/line1/filler/setpoint/speed", b"1"),
        ] {
            assert_eq!(setpoint(topic, payload), None, "{topic}");
        }
    }

    #[test]
    fn a_status_is_json_with_its_own_time_and_exact_counters() {
        let readings = Readings::of(&Line::running(0.0), &mut Random::new(1));
        let all = messages(&readings, Timestamp::from_millis(1_700_000_000_123));
        let status = all.iter().find(|message| message.topic == "demo/filling/line1/filler/status").unwrap();
        let json: Json = serde_json::from_str(&status.payload).unwrap();
        assert_eq!(json["ts"], 1_700_000_000_123_i64);
        assert_eq!(json["state"], "Execute");
        assert_eq!(json["counts"]["good"], 1_204_331_870_u64);
        assert!(json["drive"]["temperature"].is_f64());
        let offset = all.iter().find(|message| message.topic.ends_with("camera/offset")).unwrap();
        assert!(offset.payload.parse::<f64>().is_ok(), "a bare number: {}", offset.payload);
    }
}
