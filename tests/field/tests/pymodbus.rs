//! The Modbus gateway with a server that others wrote.

use std::time::Duration;

use field::link::{Link, network, point};
use field::plc::{Content, Framing, Plc};
use field::pty::Pty;
use model::{DataType, ErrorKind, LinkState, Point, Quality, TagIndex, Uptime, Value, Write, WritePolicy, Written};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

const POLL: &str = r#""poll_ms":50,"timeout_ms":1000"#;

/// A type's word in a plant file, its letter in Python's `struct`, its registers, what Python is told, what comes.
type Case = (&'static str, &'static str, u32, Json, Result<Value, Quality>);

fn cases() -> Vec<Case> {
    vec![
        ("u16", "H", 1, json!(65_535), Ok(Value::Int(65_535))),
        ("i16", "h", 1, json!(-32_768), Ok(Value::Int(-32_768))),
        ("u32", "I", 2, json!(4_022_250_974_u32), Ok(Value::Int(4_022_250_974))),
        ("i32", "i", 2, json!(-1_234_567_890), Ok(Value::Int(-1_234_567_890))),
        ("u64", "Q", 4, json!(u64::MAX), Ok(Value::UInt(u64::MAX))),
        ("u64", "Q", 4, json!(9_007_199_254_740_993_u64), Ok(Value::Int(9_007_199_254_740_993))),
        ("i64", "q", 4, json!(i64::MIN), Ok(Value::Int(i64::MIN))),
        ("f32", "f", 2, json!(-23.5), Ok(Value::Float(-23.5))),
        ("f32", "f", 2, json!(1e-45), Ok(Value::Float(f64::from(f32::from_bits(1))))),
        ("f64", "d", 4, json!(0.1), Ok(Value::Float(0.1))),
        ("f64", "d", 4, json!("nan"), Err(Quality::BAD_OUT_OF_RANGE)),
        ("f32", "f", 2, json!("inf"), Err(Quality::BAD_OUT_OF_RANGE)),
    ]
}

fn holding(index: u32, register: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"table":"holding","register":{register}}}"#))
}

fn word(register: u32, value: u16) -> Json {
    json!({"table": "holding", "register": register, "format": "H", "order": "abcd", "value": value})
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

/// What a tag is, and what has to come of it.
type Expected = Vec<(String, Result<Value, Quality>)>;

/// Every table, type and order, and what has to come of it.
fn everything() -> (Content, Vec<Point>, Expected) {
    let mut content = Content {
        coils: (0..100).map(|n: u32| n.is_multiple_of(3)).collect(),
        discrete: (0..100).map(|n: u32| n.is_multiple_of(7)).collect(),
        ..Content::default()
    };
    let (mut points, mut expected) = (Vec::new(), Vec::new());
    let mut index = 0..;
    let mut next = || index.next().expect("endless");
    for table in ["holding", "input"] {
        let mut register = 0;
        for (n, order) in ["abcd", "badc", "cdab", "dcba"].into_iter().enumerate() {
            for (word, format, registers, told, expect) in cases() {
                let declared = if word.starts_with('f') { DataType::Float } else { DataType::Int };
                let address =
                    format!(r#"{{"table":"{table}","register":{register},"type":"{word}","order":"{order}"}}"#);
                points.push(point(next(), declared, &address));
                content.values.push(json!(
                    {"table": table, "register": register, "format": format, "order": order, "value": told}
                ));
                expected.push((format!("{table} {word} {order}"), expect));
                // A gap after some of them, so that the reads are joined in different ways.
                register += registers + u32::from(n == 1);
            }
        }
        for bit in [0, 15] {
            let address = format!(r#"{{"table":"{table}","register":0,"type":"bool","bit":{bit}}}"#);
            points.push(point(next(), DataType::Bool, &address));
            expected.push((format!("{table} bit {bit}"), Ok(Value::Bool(true))));
        }
    }
    for (table, every) in [("coil", 3), ("discrete", 7)] {
        for register in [0u32, 1, 3, 7, 49, 98, 99] {
            let address = format!(r#"{{"table":"{table}","register":{register}}}"#);
            points.push(point(next(), DataType::Bool, &address));
            expected.push((format!("{table} {register}"), Ok(Value::Bool(register.is_multiple_of(every)))));
        }
    }

    (content, points, expected)
}

async fn check_everything(link: &mut Link, expected: &[(String, Result<Value, Quality>)]) {
    link.until("all samples", |link| link.latest.iter().all(Option::is_some)).await;
    for (n, (what, expect)) in expected.iter().enumerate() {
        let sample = link.latest[n].clone().expect("just seen");
        let got = sample.value.filter(|_| sample.quality.is_good()).ok_or(sample.quality);
        assert_eq!(got, *expect, "{what}");
    }
}

#[tokio::test]
async fn every_table_type_and_order_arrives_exactly() {
    let (content, points, expected) = everything();
    for (framing, kind) in [(Framing::Tcp, "modbus-tcp"), (Framing::RtuOverTcp, "modbus-rtu-tcp")] {
        let plc = Plc::start_with(framing, &content).await;
        let mut link = Link::open(kind, plc.port, POLL, points.clone());
        check_everything(&mut link, &expected).await;
        assert_eq!(link.errors(ErrorKind::Protocol), 0);
        link.link.close().await;
    }
}

#[tokio::test]
async fn a_serial_line_carries_everything_too() {
    let (content, points, expected) = everything();
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Pty::pair(folder.path()).await;
    let _plc = Plc::start_serial(&pair.ports[1], &content);
    // A pseudo-terminal knows no parity.
    let settings =
        json!({"device": pair.ports[0], "poll_ms": 50, "timeout_ms": 1000, "turnaround_ms": 100, "parity": "none"})
            .to_string();
    let mut link = Link::open_with(&network(), "modbus-rtu", &settings, points);
    check_everything(&mut link, &expected).await;
    let seen = link.samples.len();
    link.until("it goes on", |link| link.samples.len() > seen + expected.len() * 3).await;
    assert_eq!(link.errors(ErrorKind::Protocol), 0);
}

#[tokio::test]
async fn commands_reach_the_plc() {
    let content = Content { coils: vec![false; 10], ..Content::default() };
    let policy = Some(WritePolicy { low: None, high: None });
    for (framing, kind) in [(Framing::Tcp, "modbus-tcp"), (Framing::RtuOverTcp, "modbus-rtu-tcp")] {
        let plc = Plc::start_with(framing, &content).await;
        let addresses = [
            (DataType::Int, r#"{"register":"40006"}"#),
            (DataType::Float, r#"{"register":"HR10","type":"f64","order":"dcba"}"#),
            (DataType::Bool, r#"{"table":"holding","register":20,"type":"bool","bit":15}"#),
            (DataType::Bool, r#"{"table":"coil","register":3}"#),
            (DataType::Text, r#"{"table":"holding","register":30,"type":"string","length":5,"order":"badc"}"#),
            (DataType::Int, r#"{"table":"holding","register":40,"type":"bcd32"}"#),
        ];
        let points = (0..)
            .zip(addresses)
            .map(|(n, (data_type, address))| Point { write: policy, ..point(n, data_type, address) });
        let mut link = Link::open(kind, plc.port, POLL, points.collect());
        link.until_up().await;
        let values = [
            Value::Int(40_000),
            Value::Float(-0.1),
            Value::Bool(true),
            Value::Bool(true),
            Value::text("Füller"),
            Value::Int(12_345_678),
        ];
        for (tag, value) in (0..).zip(values.clone()) {
            let expires = Uptime::from_duration(Duration::from_secs(3_600));
            let written = link.link.handle().write(Write { tag: TagIndex(tag), value, expires }).await;
            assert_eq!(written, Written::Done, "{kind}, {}", addresses[tag as usize].1);
        }
        link.until("all values", |link| (0..values.len()).all(|n| value(link, n).as_ref() == Some(&values[n]))).await;
    }
}

#[tokio::test]
async fn a_killed_plc_is_stale_at_once_and_comes_back_with_its_new_program() {
    let mut plc = Plc::start(&Content { values: vec![word(5, 1)], ..Content::default() }).await;
    let mut link = Link::open("modbus-tcp", plc.port, POLL, vec![holding(0, 5), holding(1, 100)]);
    link.until("the first value", |link| value(link, 0) == Some(Value::Int(1))).await;
    for round in 2..6 {
        let killed = Instant::now();
        plc.kill();
        let down = link.until_down().await;
        assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
        assert_eq!(down.quality, Quality::STALE);
        // Its register map changes with each program: every other one has no register 100.
        let has_it = round % 2 == 1;
        let registers = if has_it { 200 } else { 50 };
        plc.restart(&Content { values: vec![word(5, round)], registers, ..Content::default() }).await;
        let other = if has_it { Quality::GOOD } else { Quality::BAD_CONFIGURATION };
        link.latest[1] = None;
        link.until_within(Duration::from_secs(10), "the new values", |link| {
            link.is(LinkState::Up)
                && value(link, 0) == Some(Value::Int(i64::from(round)))
                && link.quality(1) == Some(other)
        })
        .await;
    }
}

#[tokio::test]
async fn a_frozen_plc_is_stale_within_two_time_outs_and_recovers() {
    let plc = Plc::start(&Content { values: vec![word(5, 1)], ..Content::default() }).await;
    let mut link = Link::open("modbus-tcp", plc.port, POLL, vec![holding(0, 5)]);
    link.until("the first value", |link| link.latest[0].is_some()).await;
    plc.process().freeze();
    let frozen = Instant::now();
    link.until("down", |link| link.is(LinkState::Down)).await;
    assert!(frozen.elapsed() < Duration::from_secs(2), "{:?}", frozen.elapsed());
    assert_eq!(link.errors(ErrorKind::Silent), 1);
    plc.process().thaw();
    link.until_within(Duration::from_secs(12), "up again", |link| link.is(LinkState::Up)).await;
    let seen = link.samples.len();
    link.until("new samples", |link| link.samples.len() > seen).await;
}

#[tokio::test]
async fn what_the_plc_does_not_have_is_bad_and_the_rest_is_good() {
    let plc = Plc::start(&Content { values: vec![word(199, 7)], ..Content::default() }).await;
    let missing_unit = point(3, DataType::Int, r#"{"table":"holding","register":5,"unit":9}"#);
    // The PLC has registers 0 to 199.
    let points = vec![holding(0, 198), holding(1, 199), holding(2, 200), missing_unit];
    let mut link = Link::open("modbus-tcp", plc.port, POLL, points);
    link.until("all samples", |link| link.latest.iter().all(Option::is_some)).await;
    assert_eq!((link.quality(0), value(&link, 1)), (Some(Quality::GOOD), Some(Value::Int(7))));
    assert_eq!(link.quality(2), Some(Quality::BAD_CONFIGURATION));
    assert!(link.quality(3).is_some_and(Quality::is_bad), "{:?}", link.quality(3));
    let seen = link.samples.len();
    link.until("it goes on", |link| link.samples.len() > seen + 10).await;
    assert!(link.statuses.iter().all(|status| status.state != LinkState::Down), "{:?}", link.statuses);
}
