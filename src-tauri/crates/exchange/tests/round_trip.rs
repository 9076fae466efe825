//! What a history gives out comes back in: every kind of value, every quality, to the last bit.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{NOW, Place, everything, said, span, time};
use exchange::{Csv, Form, Format};
use jiff::tz::TimeZone;
use model::{Quality, Sample, Value};
use proptest::prelude::*;

const TAGS: [&str; 3] = ["ulm/fill/line1/filler/speed", "ulm/fill/line1/filler/state", "=odd"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-=+@\t\r\n']?[a-z0-9,;\"']{0,6}[\r\n]{0,2}",
        "[-+]?[0-9]{1,3}(\\.[0-9])?(e[0-9])?",
        Just("true".to_owned()),
        Just("nan".to_owned()),
        Just(String::new()),
    ]
}

fn value() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        1 => Just(None),
        2 => (-100.0..100.0f64).prop_map(|x| Some(Value::Float((x * 10.0).round() / 10.0))),
        2 => any::<f64>().prop_filter("kept as bad", |x| x.is_finite()).prop_map(|x| Some(Value::Float(x))),
        1 => prop_oneof![Just(-0.0), Just(f64::MIN_POSITIVE / 3.0), Just(1e300)].prop_map(|x| Some(Value::Float(x))),
        2 => any::<i64>().prop_map(|x| Some(Value::Int(x))),
        1 => (i64::MAX as u64 + 1..=u64::MAX).prop_map(|x| Some(Value::UInt(x))),
        1 => any::<bool>().prop_map(|x| Some(Value::Bool(x))),
        3 => text().prop_map(|x| Some(Value::text(x))),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let quality = prop_oneof![
        4 => Just(Quality::GOOD),
        1 => Just(Quality::STALE),
        1 => Just(Quality::BAD_TIMEOUT),
        1 => any::<u32>().prop_map(Quality::from_code),
    ];
    // Near each other, so that instants are shared, and far, so that slices are empty.
    let at = prop_oneof![4 => 0..50i64, 1 => -4_000_000_000_000..NOW];
    (at, value(), quality).prop_map(|(at, value, quality)| Sample {
        time: time(at),
        received: time(at),
        value,
        quality,
    })
}

fn csv(form: Form, zone: &str) -> Format {
    Format::Csv(Csv { form, zone: TimeZone::get(zone).expect("a zone") })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exported_can_be_imported(samples in prop::collection::vec((0..3usize, sample()), 0..60)) {
        let before = Place::new();
        let mut expect = vec![BTreeMap::new(); TAGS.len()];
        for (tag, sample) in &samples {
            before.record(TAGS[*tag], [sample.clone()]);
            expect[*tag].insert(sample.time, sample.clone());
        }
        let wide = Form::Wide { every: None };
        for format in [csv(Form::Long, "UTC"), csv(Form::Long, "Europe/Berlin"), csv(wide, "UTC"), Format::Parquet] {
            let file = before.export(&TAGS, everything(), &format);
            let after = Place::new();
            let summary = after.import(&file, None);
            prop_assert!(summary.stopped.is_none() && summary.refused == 0, "{:?} of {:?}", summary, String::from_utf8_lossy(&file));
            for (tag, expect) in TAGS.iter().zip(&expect) {
                let expect: Vec<Sample> = expect.values().cloned().collect();
                prop_assert_eq!(said(&after.samples(tag)), said(&expect), "{:?} of {:?}", tag, String::from_utf8_lossy(&file));
            }
        }
    }
}

#[test]
fn a_long_file_has_a_row_a_sample_in_order_of_time() {
    let place = Place::new();
    place.record(
        "a",
        [Sample::good(time(NOW - 2_000), Value::Float(1.5)), Sample::bad(time(NOW), Quality::BAD_TIMEOUT)],
    );
    place.record("b", [Sample::good(time(NOW - 1_000), Value::text("run, \"fast\""))]);
    assert_eq!(
        place.csv(&["a", "b"], span(NOW - 10_000, NOW + 1), Form::Long),
        "time,tag,value,quality\r\n\
         2026-11-23T05:59:58.000Z,a,1.5,good\r\n\
         2026-11-23T05:59:59.000Z,b,\"run, \"\"fast\"\"\",good\r\n\
         2026-11-23T06:00:00.000Z,a,,bad 0x800A0000\r\n"
    );
}

#[test]
fn a_wide_file_has_a_row_an_instant_and_tells_a_gap_from_nothing() {
    let place = Place::new();
    place.record("a", [Sample::good(time(NOW - 2_000), Value::Int(1)), Sample::bad(time(NOW), Quality::BAD)]);
    place.record("=b", [Sample::good(time(NOW - 2_000), Value::Bool(true))]);
    assert_eq!(
        place.csv(&["a", "=b"], span(NOW - 10_000, NOW + 1), Form::Wide { every: None }),
        "time,a,a quality,'=b,'=b quality\r\n\
         2026-11-23T05:59:58.000Z,1,good,true,good\r\n\
         2026-11-23T06:00:00.000Z,,bad,,\r\n"
    );
}

#[test]
fn at_an_interval_the_last_value_holds_and_not_beyond_what_is_known() {
    let place = Place::new();
    let good = |at: i64, x: i64| Sample::good(time(NOW + at), Value::Int(x));
    place.record("a", [good(-5_000, 1), good(-2_000, 2), good(-1_500, 3)]);
    assert_eq!(
        place.csv(&["a"], span(NOW - 3_000, NOW + 5_000), Form::Wide { every: Some(Duration::from_secs(1)) }),
        "time,a,a quality\r\n\
         2026-11-23T05:59:57.000Z,1,good\r\n\
         2026-11-23T05:59:58.000Z,2,good\r\n\
         2026-11-23T05:59:59.000Z,3,good\r\n\
         2026-11-23T06:00:00.000Z,3,good\r\n"
    );
}
