//! Values that are there and must not be believed as they are, and two stations of one name (rows N14, N18 and N21 of the
//! matrix in `docs/faults.md`).

use std::time::Duration;

use field::broker::{Keep, Mosquitto};
use field::figures::{self, rounds};
use field::link::{Link, point};
use field::station::{Station, row};
use model::{DataType, LinkState, Quality, Value};
use tokio::time::Instant;

const TAGS: usize = 100;

fn plant(port: u16, address: &str) -> String {
    let mut text = format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         [[machines]]\npath = \"s/a/l/m\"\n"
    );
    for n in 0..TAGS {
        let address = address.replace("{n}", &n.to_string());
        text.push_str(&format!(
            "[[tags]]\nmachine = \"s/a/l/m\"\nid = \"t{n}\"\ngateway = \"broker\"\naddress = {address}\n\
             limits = {{ high = 50 }}\n"
        ));
    }
    text
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

#[tokio::test]
async fn n18_what_the_broker_had_kept_is_not_good_and_raises_no_alarm() {
    let mut broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    for n in 0..TAGS {
        publisher.publish(&format!("t/{n}"), b"99", Keep::Retained).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let station = Station::start(folder.path(), &plant(broker.port, "{ topic = \"t/{n}\" }"));
    let all = |quality: Quality| {
        move |snapshot: &engine::Snapshot| (0..TAGS).all(|n| row(snapshot, &format!("s/a/l/m/t{n}")).quality == quality)
    };
    station.until("all retained", all(Quality::UNCERTAIN_INITIAL)).await;
    // What would have been raised is raised with the value, so an event later is late enough.
    publisher.live("t/0", "1").await;
    station.until("one is live", |snapshot| row(snapshot, "s/a/l/m/t0").quality == Quality::GOOD).await;
    assert_eq!(station.snapshot().alarms.alarms.len(), 0, "{:?}", station.snapshot().alarms.alarms);
    publisher.live("t/1", "98").await;
    station.until("a live value's alarm", |snapshot| snapshot.alarms.alarms.len() == 1).await;
    assert_eq!(station.raised("s/a/l/m/t1/high"), 1);
    figures::measured("N18", &format!("{TAGS} of {TAGS} retained values not good, 0 alarms from them"));
    broker.kill();
    station.stop().await;
}

#[tokio::test]
async fn n21_a_publisher_whose_clock_is_two_hours_off_is_uncertain_and_both_times_are_kept() {
    let broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = "{ topic = \"t/{n}\", pointer = \"/value\", time = \"/timestamp_ms\" }";
    let station = Station::start(folder.path(), &plant(broker.port, address));
    station.until_up().await;
    let mut publisher = broker.publisher().await;
    let now = now_ms();
    let hours = |hours: i64| hours * 3_600_000;
    for (value, time) in [(1, now), (2, now + hours(2)), (3, now - hours(2))] {
        publisher.live("t/0", format!("{{\"value\":{value},\"timestamp_ms\":{time}}}")).await;
    }
    station.until("all three", |snapshot| snapshot.links[0].traffic.messages == 3).await;
    publisher.live("t/0", format!("{{\"value\":4,\"timestamp_ms\":{}}}", now_ms())).await;
    let last = |snapshot: &engine::Snapshot| row(snapshot, "s/a/l/m/t0").value == Some(Value::Float(4.0));
    station.until("the newest value", last).await;
    let stored = station.stored("s/a/l/m/t0");
    assert!(stored.windows(2).all(|pair| pair[0].time <= pair[1].time), "stored in order of time");
    let of = |number: f64| stored.iter().find(|sample| sample.number() == Some(number));
    let future = of(2.0).expect("nothing is thrown away");
    assert_eq!(future.quality.severity(), model::Severity::Uncertain, "{future:?}");
    assert!(future.time.millis() < now + hours(1), "a time to come is not believed: {future:?}");
    assert!((future.received.millis() - now).abs() < 60_000, "the time of arrival is kept");
    let past = of(3.0).expect("nothing is thrown away");
    assert_eq!(past.time.millis(), now - hours(2), "a time of the past may be right: {past:?}");
    assert!((past.received.millis() - now).abs() < 60_000, "the time of arrival is kept");
    let link = station.snapshot().links[0].clone();
    assert!(link.traffic.errors.values().sum::<u64>() >= 1, "it is counted: {:?}", link.traffic);
    figures::measured("N21", "2 h ahead: uncertain, stamped on arrival, counted; 2 h behind: stored at its own time");
    station.stop().await;
}

#[tokio::test]
async fn n14_two_stations_of_one_client_id_are_told_so_and_do_not_storm() {
    let broker = Mosquitto::start().await;
    let open = || {
        let points = vec![point(0, DataType::Int, r#"{"topic":"t"}"#)];
        Link::open("mqtt", broker.port, r#""client_id":"line1""#, points)
    };
    let (mut first, mut second) = (open(), open());
    let began = Instant::now();
    let names_it = |link: &Link| link.statuses.iter().any(|status| status.reason.contains("client id \"line1\""));
    let mut detected = None;
    while began.elapsed() < Duration::from_secs(rounds(25, 60) as u64) {
        for link in [&mut first, &mut second] {
            link.for_a_while(Duration::from_millis(20)).await;
        }
        if detected.is_none() && (names_it(&first) || names_it(&second)) {
            detected = Some(began.elapsed());
        }
    }
    let detected = detected.expect("it is said within the time");
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let connects = first.link.traffic().connects.max(second.link.traffic().connects);
    #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
    let a_minute = connects as f64 / minutes;
    assert!(first.is(LinkState::Up) || second.is(LinkState::Up) || connects > 1);
    figures::measured("N14", &format!("said after {detected:.1?}; {a_minute:.1} connections a minute of one station"));
    assert!(detected < Duration::from_secs(30), "{detected:?}");
    // A short run begins with the first, short waits.
    assert!(connects <= 8, "{connects} connections in {minutes:.1} minutes");
}
