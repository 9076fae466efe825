//! What a payload becomes, case by case.

use proptest::prelude::*;

use super::super::address::Places;
use super::super::time::SourceTime;
use super::super::write::Writing;
use super::*;

const ARRIVAL: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn places(value: &str) -> Places {
    Places { value: value.into(), time: None, quality: None }
}

fn formatted(data_type: DataType, format: Format) -> Reader {
    let address = Address { topic: "t".into(), format, writing: Writing::default() };
    Reader { tag: TagIndex(0), id: "tag".into(), data_type, scaling: None, address }
}

fn reader(data_type: DataType, pointer: Option<&str>) -> Reader {
    formatted(data_type, pointer.map_or(Format::Text, |pointer| Format::Json(places(pointer))))
}

fn together(readers: impl IntoIterator<Item = Reader>) -> Readers {
    let mut all = Readers::default();
    readers.into_iter().for_each(|reader| all.push(reader));
    all
}

fn sample(reader: Reader, payload: &[u8], delivery: Delivery) -> (Sample, usize) {
    let mut faults = 0;
    let updates = decode(&together([reader]), payload, delivery, ARRIVAL, |fault| {
        assert!(!fault.to_string().is_empty());
        faults += 1;
    });
    (updates.into_iter().next().expect("one sample for one reader").sample, faults)
}

fn check(payload: impl AsRef<[u8]>, data_type: DataType, pointer: Option<&str>, expect: Result<Value, Quality>) {
    let payload = payload.as_ref();
    let (sample, faults) = sample(reader(data_type, pointer), payload, Delivery::Live);
    let shown = excerpt(&String::from_utf8_lossy(payload));
    match expect {
        Ok(value) => assert_eq!((sample.value, sample.quality, faults), (Some(value), Quality::GOOD, 0), "{shown}"),
        Err(quality) => assert_eq!((sample.value, sample.quality, faults), (None, quality, 1), "{shown}"),
    }
}

#[test]
fn a_bare_text_is_read_as_its_tag_is_declared() {
    use DataType::{Bool, Float, Int, Text};
    check("21.5", Float, None, Ok(Value::Float(21.5)));
    check(" -7\n", Float, None, Ok(Value::Float(-7.0)));
    check("-0", Float, None, Ok(Value::Float(0.0)));
    check("5e-324", Float, None, Ok(Value::Float(5e-324)));
    check("9223372036854775807", Int, None, Ok(Value::Int(i64::MAX)));
    check("-9223372036854775808", Int, None, Ok(Value::Int(i64::MIN)));
    check("9007199254740993", Int, None, Ok(Value::Int(9_007_199_254_740_993)));
    check("18446744073709551615", Int, None, Ok(Value::UInt(u64::MAX)));
    check("18446744073709551616", Int, None, Err(Quality::BAD_OUT_OF_RANGE));
    check("3.0", Int, None, Ok(Value::Int(3)));
    check("3.5", Int, None, Err(Quality::BAD_TYPE));
    for (word, truth) in [("true", true), ("ON", true), ("1", true), ("False", false), ("off", false), ("0", false)] {
        check(word, Bool, None, Ok(Value::Bool(truth)));
    }
    check("2", Bool, None, Err(Quality::BAD_TYPE));
    check("maybe", Bool, None, Err(Quality::BAD_TYPE));
    check("running", Float, None, Err(Quality::BAD_TYPE));
    check("", Float, None, Err(Quality::BAD_DECODING));
    check("", Text, None, Ok(Value::text("")));
    check("Störung \u{202e}", Text, None, Ok(Value::text("Störung \u{202e}")));
    check([b'a', 0xFF], Text, None, Err(Quality::BAD_DECODING));
    check([0xFF], Float, None, Err(Quality::BAD_DECODING));
    check("x".repeat(4_097), Text, None, Err(Quality::BAD_DECODING));
}

#[test]
fn what_is_not_finite_is_bad_and_never_zero() {
    for text in ["nan", "NaN", "inf", "-Infinity", "1e999"] {
        check(text, DataType::Float, None, Err(Quality::BAD_OUT_OF_RANGE));
    }
    check("NaN", DataType::Float, Some(""), Err(Quality::BAD_DECODING));
    check(r#"{"v":1e999}"#, DataType::Float, Some("/v"), Err(Quality::BAD_OUT_OF_RANGE));
    check(r#"{"v":-1e999}"#, DataType::Int, Some("/v"), Err(Quality::BAD_OUT_OF_RANGE));
    check(r#"{"v":"nan"}"#, DataType::Float, Some("/v"), Err(Quality::BAD_TYPE));
    check(r#"{"v":null}"#, DataType::Float, Some("/v"), Err(Quality::BAD_NO_DATA));
}

#[test]
fn json_is_read_by_pointer() {
    use DataType::{Bool, Float, Int, Text};
    check(r#"{"v":{"a/b":[1,2.5]}}"#, Float, Some("/v/a~1b/1"), Ok(Value::Float(2.5)));
    check("18446744073709551615", Int, Some(""), Ok(Value::UInt(u64::MAX)));
    check("18446744073709551616", Int, Some(""), Err(Quality::BAD_OUT_OF_RANGE));
    check("18446744073709551616", Float, Some(""), Ok(Value::Float(18_446_744_073_709_551_616.0)));
    check("-9223372036854775808", Int, Some(""), Ok(Value::Int(i64::MIN)));
    check("3e2", Int, Some(""), Ok(Value::Int(300)));
    check(r#"{"v":1e999,"w":2}"#, Int, Some("/w"), Ok(Value::Int(2)));
    check(r#"{"v":1,"v":2}"#, Int, Some("/v"), Err(Quality::BAD_DECODING));
    check(r#"{"v":"a\n\u00e9\ud83d\ude00"}"#, Text, Some("/v"), Ok(Value::text("a\né\u{1F600}")));
    check(r#"{"v":"\ud83d"}"#, Text, Some("/v"), Err(Quality::BAD_DECODING));
    check(r#"{"v":{}}"#, Text, Some("/v"), Err(Quality::BAD_TYPE));
    check(r#"{"v":true}"#, Bool, Some("/v"), Ok(Value::Bool(true)));
    check(r#"{"v":"off"}"#, Bool, Some("/v"), Ok(Value::Bool(false)));
    check(r#"{"v":"off"}"#, Text, Some("/v"), Ok(Value::text("off")));
    check(r#"{"v":"12"}"#, Float, Some("/v"), Err(Quality::BAD_TYPE));
    check(r#"{"v":[1]}"#, Float, Some("/v"), Err(Quality::BAD_TYPE));
    check(r#"{"w":1}"#, Float, Some("/v"), Err(Quality::BAD_NO_DATA));
    check("{", Float, Some("/v"), Err(Quality::BAD_DECODING));
    check("[".repeat(100_000), Float, Some("/v"), Err(Quality::BAD_DECODING));
}

#[test]
fn many_tags_share_one_message_and_fail_apart() {
    let readers = together([
        reader(DataType::Float, Some("/speed")),
        reader(DataType::Int, Some("/count")),
        reader(DataType::Float, Some("/missing")),
        reader(DataType::Text, None),
    ]);
    let mut faults = Vec::new();
    let payload = r#"{"speed":12.5,"count":9007199254740993}"#;
    let updates = decode(&readers, payload.as_bytes(), Delivery::Live, ARRIVAL, |fault| faults.push(fault.to_string()));
    let values: Vec<_> = updates.into_iter().map(|update| update.sample.value).collect();
    assert_eq!(
        values,
        [Some(Value::Float(12.5)), Some(Value::Int(9_007_199_254_740_993)), None, Some(Value::text(payload)),]
    );
    assert_eq!(faults, ["tag: no data: the message has nothing at \"/missing\""]);
}

#[test]
fn a_retained_message_is_not_good() {
    let (sample, _) = sample(reader(DataType::Float, None), b"7", Delivery::Retained);
    assert_eq!((sample.value, sample.quality), (Some(Value::Float(7.0)), Quality::UNCERTAIN_INITIAL));
}

#[test]
fn the_source_s_time_is_used_where_it_can_be_right() {
    for (payload, stamp, quality) in [
        (r#"{"v":1,"t":1699999999123}"#, 1_699_999_999_123, Quality::GOOD),
        (r#"{"v":1,"t":1799999999123}"#, ARRIVAL.millis(), Quality::UNCERTAIN),
        (r#"{"v":1}"#, ARRIVAL.millis(), Quality::UNCERTAIN),
    ] {
        let time = Some(SourceTime { pointer: "/t".into(), unit: TimeUnit::Milliseconds });
        let reader = formatted(DataType::Float, Format::Json(Places { time, ..places("/v") }));
        let (sample, faults) = sample(reader, payload.as_bytes(), Delivery::Live);
        assert_eq!((sample.time.millis(), sample.received, sample.quality), (stamp, ARRIVAL, quality), "{payload}");
        assert_eq!((sample.value, faults == 0), (Some(Value::Float(1.0)), quality.is_good()));
    }
}

#[test]
fn a_retained_message_stays_a_first_value_whatever_its_time() {
    let time = Some(SourceTime { pointer: "/t".into(), unit: TimeUnit::Seconds });
    let reader = formatted(DataType::Float, Format::Json(Places { time, ..places("/v") }));
    let (sample, faults) = sample(reader, br#"{"v":1,"t":0}"#, Delivery::Retained);
    assert_eq!((sample.quality, sample.time, faults), (Quality::UNCERTAIN_INITIAL, ARRIVAL, 1));
}

#[test]
fn the_source_s_quality_is_taken_over() {
    let judged = |words: Qualities| {
        let quality = Some(SourceQuality { pointer: "/q".into(), words });
        formatted(DataType::Float, Format::Json(Places { quality, ..places("/v") }))
    };
    let check = |payload: &str, delivery, expect: (Option<f64>, Quality, usize)| {
        let (sample, faults) = sample(judged(Qualities::OpcDa), payload.as_bytes(), delivery);
        assert_eq!(
            (sample.value, sample.quality, faults),
            (expect.0.map(Value::Float), expect.1, expect.2),
            "{payload}"
        );
    };
    use Delivery::{Live, Retained};
    check(r#"{"v":1,"q":192}"#, Live, (Some(1.0), Quality::GOOD, 0));
    check(r#"{"v":1,"q":216}"#, Live, (Some(1.0), Quality::GOOD, 0));
    check(r#"{"v":1,"q":80}"#, Live, (Some(1.0), Quality::UNCERTAIN_SENSOR, 0));
    check(r#"{"v":1,"q":16}"#, Live, (None, Quality::BAD_SENSOR_FAILURE, 0));
    check(r#"{"q":16}"#, Live, (None, Quality::BAD_SENSOR_FAILURE, 0));
    check(r#"{"v":1,"q":130}"#, Live, (Some(1.0), Quality::UNCERTAIN, 1));
    check(r#"{"v":1}"#, Live, (Some(1.0), Quality::UNCERTAIN, 1));
    check(r#"{"v":1,"q":192,"q":0}"#, Live, (Some(1.0), Quality::UNCERTAIN, 1));
    check(r#"{"v":"x","q":192}"#, Live, (None, Quality::BAD_TYPE, 1));
    check(r#"{"v":1,"q":192}"#, Retained, (Some(1.0), Quality::UNCERTAIN_INITIAL, 0));
    check(r#"{"v":1,"q":68}"#, Retained, (Some(1.0), Quality::UNCERTAIN_INITIAL, 0));
    check(r#"{"v":1,"q":0}"#, Retained, (None, Quality::BAD, 0));
    check("{", Live, (None, Quality::BAD_DECODING, 1));
}

#[test]
fn bytes_are_a_number_beside_tags_that_want_text() {
    let word = Binary { kind: Kind::U16, endian: Endian::Little, offset: Some(2) };
    let readers = together([
        formatted(DataType::Int, Format::Binary(word)),
        reader(DataType::Text, None),
        reader(DataType::Float, Some("/v")),
    ]);
    let mut faults = 0;
    let updates = decode(&readers, &[0xFF, 0, 0x34, 0x12], Delivery::Live, ARRIVAL, |_| faults += 1);
    let samples: Vec<_> = updates.into_iter().map(|update| (update.sample.value, update.sample.quality)).collect();
    let bad = (None, Quality::BAD_DECODING);
    assert_eq!((samples, faults), (vec![(Some(Value::Int(0x1234)), Quality::GOOD), bad.clone(), bad], 2));
}

#[test]
fn a_text_is_kept_as_it_came_and_shown_escaped() {
    use DataType::{Float, Text};
    for text in ["a\0b", "\u{202e}txt.exe", "\u{1F600}", "\r\n", &"x".repeat(4_096)] {
        check(text, Text, None, Ok(Value::text(text)));
        check(serde_json::to_string(text).expect("a text"), Text, Some(""), Ok(Value::text(text)));
    }
    check("\u{FEFF}21.5", Float, None, Ok(Value::Float(21.5)));
    check("\u{FEFF}{\"v\":21.5}", Float, Some("/v"), Ok(Value::Float(21.5)));
    check("\u{FEFF}on", Text, None, Ok(Value::text("on")));
    check("1\x002", Float, None, Err(Quality::BAD_TYPE));
    check(format!("\"{}\"", "x".repeat(4_097)), Text, Some(""), Err(Quality::BAD_DECODING));
    check([0xEF, 0xBB], Text, None, Err(Quality::BAD_DECODING));
    check([b'"', 0xC3, b'"'], Text, Some(""), Err(Quality::BAD_DECODING));
    let mut said = Vec::new();
    let payload = "\u{202e}\0\u{1b}[31m";
    decode(&together([reader(Float, None)]), payload.as_bytes(), Delivery::Live, ARRIVAL, |f| said.push(f.to_string()));
    assert!(said.iter().all(|words| !words.contains(['\u{202e}', '\0', '\u{1b}'])), "{said:?}");
}

#[test]
fn a_large_message_is_one_value_or_a_reason() {
    use DataType::{Float, Int, Text};
    const MEBIBYTE: usize = 1 << 20;
    let digits = "7".repeat(MEBIBYTE);
    check(&digits, Int, None, Err(Quality::BAD_OUT_OF_RANGE));
    check(&digits, Float, Some(""), Err(Quality::BAD_OUT_OF_RANGE));
    check(format!("0.{digits}"), Float, None, Ok(Value::Float(7.0 / 9.0)));
    check(&digits, Text, None, Err(Quality::BAD_DECODING));
    check(format!(r#"{{"x":"{digits}","v":1}}"#), Int, Some("/v"), Ok(Value::Int(1)));
    check(format!(r#"{{"x":{digits},"v":1}}"#), Int, Some("/v"), Ok(Value::Int(1)));
    check(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), Float, Some("/v"), Err(Quality::BAD_NO_DATA));
    check("[".repeat(MEBIBYTE), Float, Some("/v"), Err(Quality::BAD_DECODING));
    check(r#"{"v":"#.repeat(100_000), Float, Some("/v"), Err(Quality::BAD_DECODING));
}

proptest! {
    /// Whatever comes: one sample for each tag, a value or a reason, finite, and never better than its source says.
    #[test]
    fn every_payload_gives_each_tag_one_honest_sample(
        payload in proptest::collection::vec(any::<u8>(), 0..64),
        json in r#"\{"v":[0-9a-z".eE+-]{0,8},"q":[0-9]{1,3},"t":-?[0-9]{1,20}\}"#,
        is_retained: bool,
    ) {
        let delivery = if is_retained { Delivery::Retained } else { Delivery::Live };
        let quality = Some(SourceQuality { pointer: "/q".into(), words: Qualities::OpcDa });
        let time = Some(SourceTime { pointer: "/t".into(), unit: TimeUnit::Milliseconds });
        let binary = Binary { kind: Kind::F32, endian: Endian::Big, offset: None };
        for payload in [payload.as_slice(), json.as_bytes()] {
            for data_type in [DataType::Bool, DataType::Int, DataType::Float, DataType::Text] {
                let full = Places { value: "/v".into(), time: time.clone(), quality: quality.clone() };
                let readers = together([
                    reader(data_type, None),
                    formatted(data_type, Format::Binary(binary)),
                    formatted(data_type, Format::Json(full)),
                ]);
                let updates = decode(&readers, payload, delivery, ARRIVAL, |_| {});
                prop_assert_eq!(updates.len(), 3);
                for Update { sample, .. } in updates {
                    prop_assert_eq!(sample.value.is_some(), !sample.quality.is_bad());
                    prop_assert!(!(is_retained && sample.quality.is_good()));
                    let is_finite = sample.value.as_ref().and_then(Value::number).is_none_or(f64::is_finite);
                    prop_assert!(is_finite);
                    prop_assert!(sample.time.millis_since(ARRIVAL) <= 60_000);
                }
            }
        }
    }
}
