//! What comes from outside, as bytes, into everything that reads it: for `tests/fuzz`, and for the seeds' own test.
//!
//! Each function takes whatever bytes there are, lets one decoder have them, and asserts what must hold of the answer
//! whatever they were. Built with the feature `fuzzing` and in this crate's tests only.

pub use crate::modbus::fuzz::{modbus_address, modbus_reply};
pub use crate::mqtt::client::fuzz::mqtt_sieve;
pub use crate::mqtt::fuzz::{mqtt_address, mqtt_payload};
pub use crate::sparkplug::fuzz::{sparkplug_address, sparkplug_host, sparkplug_payload};
pub use crate::tls::fuzz::certificate;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 9] = [
    ("mqtt_payload", mqtt_payload),
    ("mqtt_address", mqtt_address),
    ("mqtt_sieve", mqtt_sieve),
    ("modbus_address", modbus_address),
    ("modbus_reply", modbus_reply),
    ("sparkplug_payload", sparkplug_payload),
    ("sparkplug_address", sparkplug_address),
    ("sparkplug_host", sparkplug_host),
    ("certificate", certificate),
];

/// What holds of every sample that is made from outside.
pub(crate) fn assert_honest(sample: &model::Sample) {
    assert!(!(sample.value.is_some() && sample.quality.is_bad()), "a bad sample with a value: {sample:?}");
    assert!(sample.value.is_some() || sample.quality.is_bad(), "no value, and not bad: {sample:?}");
    assert_finite(sample.value.as_ref());
}

/// A value that came from outside is finite, and no longer than a text may be.
pub(crate) fn assert_finite(value: Option<&model::Value>) {
    match value {
        Some(model::Value::Float(x)) => assert!(x.is_finite(), "{x} is not finite"),
        Some(model::Value::UInt(x)) => assert!(i64::try_from(*x).is_err(), "{x} fits a signed integer"),
        Some(model::Value::Text(text)) => assert!(text.len() <= 4_096, "a text of {} bytes", text.len()),
        Some(model::Value::Bool(_) | model::Value::Int(_)) | None => {}
    }
}

/// Whatever is refused is refused in words, with what to do about it.
pub(crate) fn assert_said(rejections: &[model::Rejection]) {
    assert!(!rejections.is_empty(), "refused without a reason");
    for model::Rejection { key, message, remedy } in rejections {
        assert!(!message.is_empty() && !remedy.is_empty(), "{key:?} is refused without words");
    }
}

/// A document of settings, where the bytes are one.
pub(crate) fn document(data: &[u8]) -> Option<model::Settings> {
    serde_json::from_slice(data).ok()
}

/// A tag at an address.
pub(crate) fn point(address: model::Settings, data_type: model::DataType) -> model::Point {
    let id = "ulm/filling/line1/filler/speed".to_owned();
    model::Point { tag: model::TagIndex(0), id, data_type, scaling: None, address, write: None }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_seed_is_taken_as_it_must_be() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/seeds");
        for (name, target) in TARGETS {
            let folder = seeds.join(name);
            let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let mut count = 0;
            for entry in entries {
                let path = entry.expect("an entry of a folder that is being read").path();
                target(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
                count += 1;
            }
            assert!(count > 0, "{name} has no seeds");
        }
    }
}
