//! The broker goes away and comes back (rows N01, N02, N04 and N20 of the matrix in `docs/faults.md`).

use std::time::Duration;

use field::broker::Mosquitto;
use field::figures::{self, rounds};
use field::link::{Link, network, point};
use field::proxy::{Door, Proxy};
use field::station::{Station, row};
use model::{DataType, ErrorKind, LinkState, Point, Quality, Value};
use tokio::time::Instant;

fn tag(index: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"topic":"t/{index}"}}"#))
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

/// A plant of one machine with so many tags on a broker, each with an alarm limit that its values stay below.
fn plant(port: u16, tags: usize) -> String {
    let mut text = format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         [[machines]]\npath = \"s/a/l/m\"\n"
    );
    for n in 0..tags {
        text.push_str(&format!(
            "[[tags]]\nmachine = \"s/a/l/m\"\nid = \"t{n}\"\ngateway = \"broker\"\n\
             address = {{ topic = \"t/{n}\" }}\nlimits = {{ high = 1000000 }}\n"
        ));
    }
    text
}

const CONNECTION: &str = "gateway/broker/connection";

#[tokio::test]
async fn n01_a_broker_that_goes_is_known_within_a_second() {
    let mut took = Vec::new();
    for round in 0..rounds(20, 20) {
        let mut broker = Mosquitto::start().await;
        let mut link = Link::open("mqtt", broker.port, "", vec![tag(0)]);
        link.until_up().await;
        let gone = Instant::now();
        if round % 2 == 0 {
            broker.kill()
        } else {
            broker.stop()
        }
        let down = link.until_down().await;
        took.push(gone.elapsed());
        assert_eq!(down.quality, Quality::STALE);
        assert!(!down.reason.is_empty());
    }
    assert!(took.iter().all(|took| *took < Duration::from_secs(1)), "{took:?}");
    figures::measured("N01", &format!("until the link says so {}", figures::spread(took)));
}

#[tokio::test]
async fn n01_every_tag_of_a_lost_broker_is_stale_within_two_seconds_and_one_alarm_says_so() {
    const TAGS: usize = 1_000;
    let mut broker = Mosquitto::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let station = Station::start(folder.path(), &plant(broker.port, TAGS));
    station.until_up().await;
    let mut publisher = broker.publisher().await;
    for n in 0..TAGS {
        publisher.live(&format!("t/{n}"), n.to_string()).await;
    }
    let all = |quality: Quality| {
        move |snapshot: &engine::Snapshot| (0..TAGS).all(|n| row(snapshot, &format!("s/a/l/m/t{n}")).quality == quality)
    };
    station.until("all good", all(Quality::GOOD)).await;
    let gone = Instant::now();
    broker.kill();
    station.until("all stale", all(Quality::STALE)).await;
    let took = gone.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(row(&station.snapshot(), "s/a/l/m/t7").value, Some(Value::Float(7.0)), "the last value stays");
    station.until("the alarm", |snapshot| snapshot.alarms.alarms.len() == 1).await;
    assert_eq!(station.raised(CONNECTION), 1);
    figures::measured("N01", &format!("{TAGS} tags stale after {took:.3?}, with 1 alarm"));
    station.stop().await;
}

#[tokio::test]
async fn n02_a_broker_that_comes_back_is_found_and_every_topic_read_again() {
    const LINKS: usize = 5;
    const TOPICS: u32 = 350;
    let (mut until_up, mut until_read) = (Vec::new(), Vec::new());
    for round in 0..rounds(4, 10) {
        let mut broker = Mosquitto::start().await;
        let open = |_| Link::open("mqtt", broker.port, "", (0..TOPICS).map(tag).collect());
        let mut links: Vec<Link> = (0..LINKS).map(open).collect();
        for link in &mut links {
            link.until_up().await;
        }
        broker.kill();
        for link in &mut links {
            link.until_down().await;
        }
        broker.restart().await;
        let back = Instant::now();
        for link in &mut links {
            link.until_within(Duration::from_secs(10), "up again", |link| link.is(LinkState::Up)).await;
            until_up.push(back.elapsed());
        }
        let up = Instant::now();
        let mut publisher = broker.publisher().await;
        for n in 0..TOPICS {
            publisher.live(&format!("t/{n}"), format!("{round}{n}")).await;
        }
        for link in &mut links {
            link.until("every topic's new value", |link| link.latest.iter().all(Option::is_some)).await;
        }
        until_read.push(up.elapsed());
    }
    let total = until_up.len();
    figures::measured("N02", &format!("{total}/{total} up again after {}", figures::spread(until_up)));
    figures::measured("N02", &format!("{TOPICS} topics read again after {}", figures::spread(until_read)));
}

#[tokio::test]
async fn n04_a_flapping_broker_raises_one_alarm_and_is_not_hammered() {
    let flaps = rounds(12, 300);
    let broker = Mosquitto::start().await;
    let proxy = Proxy::start(broker.address()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let station = Station::start(folder.path(), &plant(proxy.port, 100));
    station.until_up().await;
    let attempts = |station: &Station| {
        let traffic = &station.snapshot().links[0].traffic;
        traffic.connects + traffic.errors.get(&ErrorKind::Connect).copied().unwrap_or_default()
    };
    let before = attempts(&station);
    let (began, held) = (Instant::now(), figures::resident_bytes());
    let mut most_alarms = 0;
    for _ in 0..flaps {
        proxy.set(|faults| faults.door = Door::Refuses);
        proxy.reset();
        tokio::time::sleep(Duration::from_secs(1)).await;
        most_alarms = most_alarms.max(station.snapshot().alarms.active.iter().sum::<u32>());
        proxy.heal();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
    let a_minute = (attempts(&station) - before) as f64 / minutes;
    let grown = figures::resident_bytes().saturating_sub(held) / 1_024;
    let healed = Instant::now();
    station
        .until_within(Duration::from_secs(15), "up again", |snapshot| {
            snapshot.links.iter().all(|link| link.status.state == LinkState::Up)
        })
        .await;
    figures::measured(
        "N04",
        &format!(
            "{flaps} flaps: {a_minute:.1} attempts a minute, {most_alarms} alarm at a time, {} raised, {grown} KiB more \
             memory, up {:.1?} after the end",
            station.raised(CONNECTION),
            healed.elapsed(),
        ),
    );
    // A short run begins with the first, short waits.
    assert!(a_minute <= if flaps >= 100 { 12.0 } else { 20.0 }, "{a_minute}");
    assert!(most_alarms <= 1, "{most_alarms}");
    assert!(grown < 5 * 1_024, "{grown} KiB");
    station.stop().await;
}

#[tokio::test]
async fn n20_a_channel_of_one_that_nobody_empties_wedges_nothing() {
    const TAGS: u32 = 50;
    let broker = Mosquitto::start().await;
    let settings = format!(r#"{{"host":"127.0.0.1","port":{}}}"#, broker.port);
    let mut link = Link::open_narrow(&network(), "mqtt", &settings, (0..TAGS).map(tag).collect(), 1);
    link.until_up().await;
    let mut publisher = broker.publisher().await;
    let quiet = Instant::now();
    let mut sent = 0u32;
    // Nobody takes an event meanwhile, and the keep-alive has to go on all the same.
    while quiet.elapsed() < Duration::from_secs(rounds(16, 60) as u64) {
        for n in 0..TAGS {
            sent += 1;
            publisher.live(&format!("t/{n}"), sent.to_string()).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let last = i64::from(sent);
    link.until("the newest value", |link| value(link, TAGS as usize - 1) == Some(Value::Int(last))).await;
    let traffic = link.link.traffic();
    assert_eq!(traffic.connects, 1, "the keep-alive went on: {traffic:?}");
    assert_eq!(link.samples.len() as u64 + traffic.merged, u64::from(sent), "delivered or counted");
    figures::measured(
        "N20",
        &format!("{sent} messages against a full channel: {} merged, 1 connection", traffic.merged),
    );
}
