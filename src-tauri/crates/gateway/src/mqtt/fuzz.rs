//! What a broker sends and what a plant file says of it, as whatever bytes.

use model::{DataType, Timestamp, Update};

use super::address::{Address, Format, Places};
use super::broker::Broker;
use super::payload::{self, Binary, Delivery, Endian, Kind, Qualities, Reader, Readers, SourceQuality};
use super::template;
use super::time::{SourceTime, TimeUnit};
use super::write::Writing;
use crate::fuzz::{assert_honest, assert_said, document, point};

const ARRIVAL: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const TYPES: [DataType; 4] = [DataType::Float, DataType::Int, DataType::Text, DataType::Bool];
const KINDS: [Kind; 11] = [
    Kind::U8,
    Kind::I8,
    Kind::U16,
    Kind::I16,
    Kind::U32,
    Kind::I32,
    Kind::U64,
    Kind::I64,
    Kind::F32,
    Kind::F64,
    Kind::Bool,
];

/// A payload in every format at once. The first byte chooses the type, and how times and qualities are written.
pub fn mqtt_payload(data: &[u8]) {
    let (choice, payload) = data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest));
    let units =
        [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds, TimeUnit::Rfc3339];
    let qualities = [Qualities::OpcDa, Qualities::OpcUa, Qualities::Words, Qualities::Boolean];
    let (unit, words) = (units[choice % 5], qualities[choice / 5 % 4].clone());
    let delivery = if choice / 20 % 2 == 0 { Delivery::Live } else { Delivery::Retained };
    let full = |value: &str| {
        Format::Json(Places {
            value: value.into(),
            time: Some(SourceTime { pointer: "/t".into(), unit }),
            quality: Some(SourceQuality { pointer: "/q".into(), words: words.clone() }),
        })
    };
    let bare = |value: &str| Format::Json(Places { value: value.into(), time: None, quality: None });
    let mut formats =
        vec![Format::Text, full("/v"), full(""), bare(""), bare("/v"), bare("/v/0"), bare("/v/1/a~1b"), bare("/")];
    for kind in KINDS {
        for endian in [Endian::Little, Endian::Big] {
            let offsets = [None, Some(0), Some(3), Some(usize::MAX)];
            formats.extend(offsets.map(|offset| Format::Binary(Binary { kind, endian, offset })));
        }
    }
    let mut readers = Readers::default();
    let data_type = TYPES[choice / 40 % 4];
    for format in formats {
        let address = Address { topic: "t".into(), format, writing: Writing::default() };
        readers.push(Reader { tag: model::TagIndex(0), id: "tag".into(), data_type, scaling: None, address });
    }
    let mut words = 0;
    let updates = payload::decode(&readers, payload, delivery, ARRIVAL, |fault| words += fault.to_string().len());
    assert_eq!(updates.len(), readers.as_slice().len(), "one sample for each tag");
    assert!(words < 2_048 * updates.len(), "what is said of a message is short");
    for Update { sample, .. } in &updates {
        assert_honest(sample);
        assert!(sample.time.millis_since(ARRIVAL) <= 60_000, "a time that is not yet: {sample:?}");
        assert!(!(delivery == Delivery::Retained && sample.quality.is_good()), "a kept message counts as good");
    }
}

/// A plant file's document, as the address of a tag, as a broker's settings, and as what they say of all addresses.
pub fn mqtt_address(data: &[u8]) {
    let Some(settings) = document(data) else { return };
    match Broker::read(&settings) {
        Ok((broker, _)) => assert!(!broker.host.is_empty()),
        Err(rejections) => assert_said(&rejections),
    }
    let own = point(settings.clone(), DataType::Float);
    match Address::read(&own) {
        Ok(address) => assert_usable(&address),
        Err(rejections) => assert_said(&rejections),
    }
    let around = [(template::KEY.to_owned(), settings.into())].into_iter().collect();
    let mut filled = point(model::Settings::new(), DataType::Float);
    match template::fill(&around, &filled) {
        Ok(full) => {
            filled.address = full;
            assert_eq!(template::fill(&around, &filled).as_ref(), Ok(&filled.address), "what is full stays as it is");
            if let Ok(address) = Address::read(&filled) {
                assert_usable(&address);
            }
        }
        Err(rejections) => assert_said(&rejections),
    }
}

fn assert_usable(address: &Address) {
    let topic = &address.topic;
    assert!(!topic.is_empty() && topic.len() <= 1_024 && !topic.contains(['+', '#', '\0']), "{topic:?}");
    let mut readers = Readers::default();
    let reader = |address| Reader {
        tag: model::TagIndex(0),
        id: "tag".into(),
        data_type: DataType::Float,
        scaling: None,
        address,
    };
    readers.push(reader(address.clone()));
    for payload in ["", "7", r#"{"value":7,"timestamp_ms":1699999999000}"#, "[[[[1]]]]"] {
        for update in payload::decode(&readers, payload.as_bytes(), Delivery::Live, ARRIVAL, drop) {
            assert_honest(&update.sample);
        }
    }
}
