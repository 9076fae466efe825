//! What a payload becomes, case by case.

use super::super::address::{SourceTime, TimeUnit};
use super::*;

const ARRIVAL: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn reader(data_type: DataType, pointer: Option<&str>) -> Reader {
    Reader {
        tag: TagIndex(0),
        id: "tag".into(),
        data_type,
        scaling: None,
        address: Address {
            topic: "t".into(),
            pointer: pointer.map(Into::into),
            time: None,
            writing: Default::default(),
        },
    }
}

fn sample(reader: Reader, payload: &[u8], delivery: Delivery) -> (Sample, usize) {
    let mut faults = 0;
    let updates = decode(&[reader], payload, delivery, ARRIVAL, |fault| {
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
    check(r#"{"v":1e999}"#, DataType::Float, Some("/v"), Err(Quality::BAD_DECODING));
    check(r#"{"v":null}"#, DataType::Float, Some("/v"), Err(Quality::BAD_NO_DATA));
}

#[test]
fn json_is_read_by_pointer() {
    use DataType::{Bool, Float, Int, Text};
    check(r#"{"v":{"a/b":[1,2.5]}}"#, Float, Some("/v/a~1b/1"), Ok(Value::Float(2.5)));
    check("18446744073709551615", Int, Some(""), Ok(Value::UInt(u64::MAX)));
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
    let readers = [
        reader(DataType::Float, Some("/speed")),
        reader(DataType::Int, Some("/count")),
        reader(DataType::Float, Some("/missing")),
        reader(DataType::Text, None),
    ];
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
    for (payload, time, quality) in [
        (r#"{"v":1,"t":1699999999123}"#, 1_699_999_999_123, Quality::GOOD),
        (r#"{"v":1,"t":1799999999123}"#, ARRIVAL.millis(), Quality::UNCERTAIN),
        (r#"{"v":1}"#, ARRIVAL.millis(), Quality::UNCERTAIN),
    ] {
        let mut reader = reader(DataType::Float, Some("/v"));
        reader.address.time = Some(SourceTime { pointer: "/t".into(), unit: TimeUnit::Milliseconds });
        let (sample, faults) = sample(reader, payload.as_bytes(), Delivery::Live);
        assert_eq!((sample.time.millis(), sample.received, sample.quality), (time, ARRIVAL, quality), "{payload}");
        assert_eq!((sample.value, faults == 0), (Some(Value::Float(1.0)), quality.is_good()));
    }
}
