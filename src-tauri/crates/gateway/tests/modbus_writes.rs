//! Commands to a PLC, and what is said of them; and looking around on it.

mod peer;
#[path = "peer/plc.rs"]
mod plc;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use gateway::LinkHandle;
use model::{
    Browse, Browsed, DataType, LinkState, Point, Scaling, TagIndex, Uptime, Value, Write, WritePolicy, Written,
};
use peer::{Link, network, point, settings};
use plc::{Fate, Frames, Plc};

const FRAMES: [(Frames, &str); 2] = [(Frames::Tcp, "modbus-tcp"), (Frames::Rtu, "modbus-rtu-tcp")];
const COMMON: &str = r#""poll_ms":50,"timeout_ms":300"#;

/// A tag that may be written.
fn writable(index: u32, data_type: DataType, address: &str) -> Point {
    Point { write: Some(WritePolicy::default()), ..point(index, data_type, address) }
}

fn link(plc: &Plc, kind: &str, more: &str, points: Vec<Point>) -> Link {
    let turnaround = if kind == "modbus-rtu-tcp" { r#","turnaround_ms":20"# } else { "" };
    Link::open(kind, plc.port, &format!("{COMMON}{turnaround}{more}"), points)
}

async fn write(link: &mut Link, tag: u32, value: Value) -> Written {
    write_until(link.link.handle(), tag, value, Duration::from_secs(3_600)).await
}

async fn write_until(handle: LinkHandle, tag: u32, value: Value, expires: Duration) -> Written {
    handle.write(Write { tag: TagIndex(tag), value, expires: Uptime::from_duration(expires) }).await
}

#[tokio::test]
async fn every_kind_of_value_is_written_and_read_back() {
    for (frames, kind) in FRAMES {
        for (functions, expect) in
            [("single", [6, 16, 22, 5]), ("multiple", [16, 16, 22, 15]), ("read-write", [23, 23, 22, 15])]
        {
            let plc = Plc::start(frames, |_| Fate::Sound).await;
            plc.memory().registers[20] = 0x0F0F;
            let words = r#"{"table":"holding","register":30,"words":{"0":"Stopped","3":"Execute"}}"#;
            let mut scaled = writable(5, DataType::Float, r#"{"table":"holding","register":31,"type":"i16"}"#);
            scaled.scaling = Some(Scaling { factor: 0.1, offset: 0.0 });
            let points = vec![
                writable(0, DataType::Int, r#"{"table":"holding","register":10}"#),
                writable(1, DataType::Float, r#"{"table":"holding","register":11,"type":"f32","order":"cdab"}"#),
                writable(2, DataType::Bool, r#"{"table":"holding","register":20,"type":"bool","bit":4}"#),
                writable(3, DataType::Bool, r#"{"table":"coil","register":7}"#),
                writable(4, DataType::Text, words),
                scaled,
                writable(6, DataType::Text, r#"{"table":"holding","register":40,"type":"string","length":4}"#),
            ];
            let mut link = link(&plc, kind, &format!(r#","write_functions":"{functions}""#), points);
            link.until_up().await;
            for (tag, value) in [
                (0, Value::Int(65_535)),
                (1, Value::Float(25.0)),
                (2, Value::Bool(true)),
                (3, Value::Bool(true)),
                (4, Value::text("Execute")),
                (5, Value::Float(-12.3)),
                (6, Value::text("Ulm 7")),
            ] {
                assert_eq!(write(&mut link, tag, value.clone()).await, Written::Done, "{kind}, {functions}: {value:?}");
            }
            {
                let memory = plc.memory();
                assert_eq!(memory.registers[10..13], [65_535, 0x0000, 0x41C8]);
                assert_eq!((memory.registers[20], memory.coils[7]), (0x0F1F, true));
                assert_eq!((memory.registers[30], memory.registers[31].cast_signed()), (3, -123));
                assert_eq!(memory.registers[40..44], [0x556C, 0x6D20, 0x3700, 0]);
                let used: Vec<_> = memory.writes.iter().take(4).map(|asked| asked.function).collect();
                assert_eq!(used, expect, "{kind}, {functions}");
                assert_eq!(memory.writes.len(), 7, "each was sent once");
            }
            link.until("the new values", |link| {
                link.latest[6].as_ref().is_some_and(|sample| sample.value == Some(Value::text("Ulm 7")))
            })
            .await;
        }
    }
}

#[tokio::test]
async fn what_must_not_be_written_is_not_sent() {
    let plc = Plc::start(Frames::Tcp, |_| Fate::Sound).await;
    let mut bounded = writable(1, DataType::Int, r#"{"table":"holding","register":1}"#);
    bounded.write = Some(WritePolicy { low: Some(0.0), high: Some(100.0) });
    let mut tens = writable(4, DataType::Int, r#"{"table":"holding","register":4}"#);
    tens.scaling = Some(Scaling { factor: 10.0, offset: 0.0 });
    let points = vec![
        point(0, DataType::Int, r#"{"table":"holding","register":0}"#),
        bounded,
        writable(2, DataType::Int, r#"{"table":"holding","register":2}"#),
        writable(3, DataType::Text, r#"{"table":"holding","register":3,"words":{"0":"off"}}"#),
        tens,
    ];
    let mut link = link(&plc, "modbus-tcp", "", points);
    link.until_up().await;
    for (tag, value, reason) in [
        (0, Value::Int(1), "read only"),
        (1, Value::Int(101), "above the greatest"),
        (1, Value::text("x"), "not of the declared type"),
        (2, Value::Int(65_536), "cannot hold"),
        (2, Value::Float(1.5), "not of the declared type"),
        (3, Value::text("on"), "none of the words"),
        (4, Value::Int(25), "the nearest it can is 30"),
        (99, Value::Int(1), "cannot be used"),
    ] {
        let written = write(&mut link, tag, value.clone()).await;
        let Written::Refused(words) = &written else { panic!("{value:?}: {written:?}") };
        assert!(words.contains(reason), "{value:?}: {words}");
    }
    let late = write_until(link.link.handle(), 2, Value::Int(1), Duration::ZERO).await;
    assert!(matches!(&late, Written::Refused(words) if words.contains("expired")), "{late:?}");
    assert!(plc.memory().writes.is_empty());
    assert_eq!(plc.connections.load(Relaxed), 1);
}

#[tokio::test]
async fn a_write_is_done_only_when_the_device_shows_the_value() {
    for (frames, kind) in FRAMES {
        for (fate, expect) in [
            (Fate::Ignored, "not confirmed: the device reads 5"),
            (Fate::Refused(1), "refused: the device does not know this function (exception 01)"),
            (Fate::Refused(2), "refused: the device has no such address (exception 02)"),
            (Fate::Refused(3), "refused: the device does not accept the request (exception 03)"),
            (Fate::Refused(6), "refused: the device is busy (exception 06)"),
            (Fate::Refused(4), "unknown: the device reports a failure (exception 04); the device now reads 5"),
            (
                Fate::Refused(0x0B),
                "unknown: the unit does not answer its Modbus gateway (exception 0B); the device now reads 5",
            ),
            (
                Fate::WrongEcho,
                "unknown: the device confirms something else than it was told (holding registers, 1); the device now reads 77",
            ),
            (
                Fate::Unanswered,
                "unknown: unit 1 does not answer within 300 ms (holding registers, 1); the device now reads 77",
            ),
            (Fate::Closed, "; the device now reads 77"),
            (Fate::Garbled, "; the device now reads 77"),
        ] {
            let plc = Plc::start(frames, move |asked| if asked.is_write() { fate } else { Fate::Sound }).await;
            plc.memory().registers[1] = 5;
            let points = vec![writable(0, DataType::Int, r#"{"table":"holding","register":1}"#)];
            let mut link = link(&plc, kind, "", points);
            link.until_up().await;
            let said = match write(&mut link, 0, Value::Int(77)).await {
                Written::Done => "done".to_owned(),
                Written::Refused(words) => format!("refused: {words}"),
                Written::NotConfirmed(words) => format!("not confirmed: {words}"),
                Written::Unknown(words) => format!("unknown: {words}"),
            };
            assert!(said.ends_with(expect), "{kind}, {fate:?}: {said}");
            assert!(!expect.starts_with(';') || said.starts_with("unknown"), "{kind}, {fate:?}: {said}");
            let was_carried_out = usize::from(plc.memory().registers[1] == 77);
            assert_eq!(plc.memory().writes.len(), was_carried_out, "{kind}, {fate:?}: sent once");
            // The link lives on, whatever happened.
            let seen = link.samples.len();
            link.until("it goes on", |link| link.is(LinkState::Up) && link.samples.len() > seen + 2).await;
            assert_eq!(plc.memory().writes.len(), was_carried_out, "{kind}, {fate:?}: never repeated");
        }
    }
}

#[tokio::test]
async fn bits_are_written_by_the_device_or_by_a_persons_word() {
    let plc = Plc::start(Frames::Tcp, |asked| if asked.function == 22 { Fate::Refused(1) } else { Fate::Sound }).await;
    plc.memory().registers[0] = 0xFF00;
    let address = r#"{"table":"holding","register":0,"type":"bool","bit":0"#;
    let points = vec![
        writable(0, DataType::Bool, &format!("{address}}}")),
        writable(1, DataType::Bool, &format!(r#"{address},"bit_write":"read-modify-write"}}"#)),
        writable(
            2,
            DataType::Int,
            r#"{"table":"holding","register":0,"type":"u8","byte":"high","bit_write":"read-modify-write"}"#,
        ),
    ];
    let mut link = link(&plc, "modbus-tcp", "", points);
    link.until_up().await;
    let refused = write(&mut link, 0, Value::Bool(true)).await;
    assert!(matches!(&refused, Written::Refused(words) if words.contains("read-modify-write")), "{refused:?}");
    assert_eq!(write(&mut link, 1, Value::Bool(true)).await, Written::Done);
    assert_eq!(plc.memory().registers[0], 0xFF01);
    assert_eq!(write(&mut link, 2, Value::Int(0x12)).await, Written::Done);
    assert_eq!(plc.memory().registers[0], 0x1201);
}

#[tokio::test]
async fn a_link_that_drops_never_delivers_an_old_command() {
    // The PLC closes the connection on one request in forty, writes among them.
    let requests = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&requests);
    let plc = Plc::start(
        Frames::Tcp,
        move |_| {
            if count.fetch_add(1, Relaxed) % 40 == 39 { Fate::Closed } else { Fate::Sound }
        },
    )
    .await;
    let points =
        (0..8).map(|n| writable(n, DataType::Int, &format!(r#"{{"table":"holding","register":{n},"type":"u16"}}"#)));
    let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":20,"timeout_ms":300"#, points.collect());
    link.until_up().await;
    let (handle, is_done) = (link.link.handle(), Arc::new(AtomicBool::new(false)));
    let writers = (0..8u32).map(|tag| {
        let (handle, is_done) = (handle.clone(), Arc::clone(&is_done));
        tokio::spawn(async move {
            let mut answers = HashMap::new();
            // Each value once, so that what the PLC saw can be told apart. Thousands while the link is down, too.
            for value in 1..=60_000u16 {
                if is_done.load(Relaxed) {
                    break;
                }
                let answer =
                    write_until(handle.clone(), tag, Value::Int(value.into()), Duration::from_secs(3_600)).await;
                if matches!(answer, Written::Refused(_)) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                answers.insert(value, answer);
            }
            answers
        })
    });
    let writers: Vec<_> = writers.collect();
    link.until("five drops", |link| link.link.traffic().connects >= 5).await;
    is_done.store(true, Relaxed);
    let mut totals = (0, 0, 0);
    for (tag, writer) in writers.into_iter().enumerate() {
        let answers = writer.await.expect("in order");
        let memory = plc.memory();
        let seen: Vec<u16> =
            memory.writes.iter().filter(|asked| usize::from(asked.word(0)) == tag).map(|asked| asked.word(2)).collect();
        assert!(seen.is_sorted_by(|a, b| a < b), "twice, or an old one after a newer one: {seen:?}");
        for (value, answer) in answers {
            let was_seen = seen.contains(&value);
            match answer {
                Written::Refused(words) => {
                    totals.0 += 1;
                    assert!(!was_seen, "refused and carried out: {words}");
                }
                Written::Done => {
                    totals.1 += 1;
                    assert!(was_seen, "done and never seen");
                }
                Written::NotConfirmed(_) | Written::Unknown(_) => totals.2 += 1,
            }
        }
    }
    let (refused, done, unknown) = totals;
    assert!(refused + done + unknown > 1_000 && refused > 0 && done > 20, "{totals:?}");
}

#[tokio::test]
async fn gateways_on_one_line_share_one_connection() {
    for (frames, kind) in FRAMES {
        let plc = Plc::start(frames, |_| Fate::Sound).await;
        let network = network();
        let settings = format!(r#"{{"host":"127.0.0.1","port":{},{COMMON}}}"#, plc.port);
        let points = |register: u32, unit: u32| {
            vec![point(0, DataType::Int, &format!(r#"{{"table":"holding","register":{register},"unit":{unit}}}"#))]
        };
        let mut one = Link::open_with(&network, kind, &settings, points(1, 1));
        let mut two = Link::open_with(&network, kind, &settings, points(2, 2));
        for link in [&mut one, &mut two] {
            link.until("values", |link| link.samples.len() > 5).await;
        }
        assert_eq!(plc.connections.load(Relaxed), 1, "{kind}");
        one.link.close().await;
        let seen = two.samples.len();
        two.until("the other goes on", |link| link.samples.len() > seen + 5).await;
        assert_eq!(plc.connections.load(Relaxed), 1, "{kind}");
    }
}

async fn browse(link: &mut Link, path: &str, options: &str) -> Result<Browsed, String> {
    let handle = link.link.handle();
    handle.browse(Browse { path: path.into(), options: settings(options) }).await
}

#[tokio::test]
async fn a_line_can_be_looked_around_on() {
    for (frames, kind) in FRAMES {
        // Units 3 and 5 are there, and 7 says that it knows no holding registers.
        let plc = Plc::start(frames, |asked| match asked.unit {
            1 | 3 | 5 => Fate::Sound,
            7 => Fate::Refused(1),
            _ => Fate::Refused(0x0B),
        })
        .await;
        plc.memory().registers[0..3].copy_from_slice(&[0x41C8, 0, 0xFFFF]);
        plc.memory().registers[998] = 9;
        let mut link = link(&plc, kind, "", vec![point(0, DataType::Int, r#"{"table":"holding","register":0}"#)]);
        link.until_up().await;

        let named = browse(&mut link, "", "{}").await.expect("units");
        assert_eq!(named.offers.iter().map(|offer| offer.path.as_str()).collect::<Vec<_>>(), ["unit/1"]);
        let found = browse(&mut link, "", r#"{"units":"2-10"}"#).await.expect("units");
        let units: Vec<_> =
            found.offers.iter().map(|offer| (offer.path.as_str(), offer.sample.clone().unwrap_or_default())).collect();
        let unknown = "the device does not know this function (exception 01)".to_owned();
        assert_eq!(units, [("unit/3", "answers".into()), ("unit/5", "answers".into()), ("unit/7", unknown)]);

        let tables = browse(&mut link, "unit/3", "{}").await.expect("tables");
        assert_eq!(tables.offers.len(), 4);
        let cells = browse(&mut link, "unit/3/holding", r#"{"start":0,"count":4}"#).await.expect("registers");
        assert_eq!(cells.offers.len(), 4);
        let first = &cells.offers[0];
        assert_eq!((first.name.as_str(), first.sample.as_deref(), first.writable), ("4x00001", Some("16840"), true));
        assert!(first.columns.contains(&("f32 abcd".into(), "25".into())), "{:?}", first.columns);
        assert_eq!(first.address, Some(settings(r#"{"table":"holding","register":0,"unit":3}"#)));

        // Past the end: what is there is shown, and that there is no more is said.
        let end = browse(&mut link, "unit/1/holding", r#"{"start":990,"count":20}"#).await.expect("registers");
        assert_eq!(end.offers.len(), 10);
        assert_eq!(end.offers[8].sample.as_deref(), Some("9"));
        assert!(end.remark.contains("exception 02"), "{}", end.remark);
        let coils = browse(&mut link, "unit/1/coil", r#"{"count":20}"#).await.expect("coils");
        assert_eq!((coils.offers.len(), coils.offers[0].sample.as_deref()), (20, Some("false")));

        for (path, options) in
            [("unit/x", "{}"), ("unit/1/nothing", "{}"), ("a", "{}"), ("", r#"{"units":"x"}"#), ("", r#"{"unit":1}"#)]
        {
            assert!(browse(&mut link, path, options).await.is_err(), "{path} {options}");
        }
    }
}

#[tokio::test]
async fn a_scan_of_silent_units_neither_stops_the_poll_nor_lasts_for_ever() {
    let plc = Plc::start(Frames::Tcp, |asked| if asked.unit < 5 { Fate::Sound } else { Fate::Unanswered }).await;
    let points = vec![point(0, DataType::Int, r#"{"table":"holding","register":0}"#)];
    let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":100,"timeout_ms":50"#, points);
    link.until_up().await;
    let handle = link.link.handle();
    let options = settings(r#"{"units":"1-20"}"#);
    let scan = tokio::spawn(async move { handle.browse(Browse { path: String::new(), options }).await });
    let seen = link.samples.len();
    link.until("the scan's end", |_| scan.is_finished()).await;
    assert!(link.samples.len() > seen + 4, "polls went on");
    assert_eq!(scan.await.expect("in order").expect("units").offers.len(), 4);
    assert!(link.statuses.iter().all(|status| status.state != LinkState::Down), "{:?}", link.statuses);
}
