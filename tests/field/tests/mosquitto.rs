//! The MQTT gateway with a real broker.

use std::time::Duration;

use field::broker::{Keep, Mosquitto};
use field::link::{Link, point};
use model::{DataType, ErrorKind, LinkState, Point, Quality, Value};
use tokio::time::Instant;

fn scalar(index: u32, data_type: DataType, topic: &str) -> Point {
    point(index, data_type, &format!(r#"{{"topic":"{topic}"}}"#))
}

fn link(broker: &Mosquitto, points: Vec<Point>) -> Link {
    Link::open("mqtt", broker.port, "", points)
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

#[tokio::test]
async fn values_arrive_exactly() {
    let broker = Mosquitto::start().await;
    let time = 1_700_000_000_123_i64;
    let cases = [
        (scalar(0, DataType::Float, "s/float"), "-21.55".to_owned(), Value::Float(-21.55)),
        (scalar(1, DataType::Int, "s/int"), i64::MIN.to_string(), Value::Int(i64::MIN)),
        (scalar(2, DataType::Int, "s/big"), u64::MAX.to_string(), Value::UInt(u64::MAX)),
        (scalar(3, DataType::Bool, "s/bool"), "ON".to_owned(), Value::Bool(true)),
        (scalar(4, DataType::Text, "s/text"), "Füller läuft".to_owned(), Value::text("Füller läuft")),
        (
            point(5, DataType::Int, r#"{"topic":"j","pointer":"/a/0","time":"/t"}"#),
            format!(r#"{{"a":[9007199254740993],"b":{{"c":0.1}},"t":{time}}}"#),
            Value::Int(9_007_199_254_740_993),
        ),
        (point(6, DataType::Float, r#"{"topic":"j","pointer":"/b/c"}"#), String::new(), Value::Float(0.1)),
    ];
    let mut link = link(&broker, cases.iter().map(|(point, ..)| point.clone()).collect());
    link.until_up().await;
    let mut publisher = broker.publisher().await;
    for (point, payload, _) in cases.iter().filter(|(_, payload, _)| !payload.is_empty()) {
        let topic = point.address["topic"].as_str().expect("a topic");
        publisher.live(topic, payload).await;
    }
    link.until("all values", |link| link.latest.iter().all(Option::is_some)).await;
    for (n, (_, payload, expect)) in cases.iter().enumerate() {
        assert_eq!(value(&link, n).as_ref(), Some(expect), "{payload}");
        assert_eq!(link.quality(n), Some(Quality::GOOD), "{payload}");
    }
    let sample = link.latest[5].as_ref().expect("just seen");
    assert_eq!(sample.time.millis(), time);
    assert!(sample.received.millis() > time);
    link.link.close().await;
}

#[tokio::test]
async fn a_killed_broker_is_known_at_once_and_everything_is_subscribed_again() {
    const TOPICS: u32 = 350;
    let mut broker = Mosquitto::start().await;
    let mut link = link(&broker, (0..TOPICS).map(|n| scalar(n, DataType::Int, &format!("t/{n}"))).collect());
    link.until_up().await;
    for round in 0..3 {
        let killed = Instant::now();
        broker.kill();
        let down = link.until_down().await;
        assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
        assert_eq!(down.quality, Quality::STALE);

        // The new broker knows nothing of the old one's sessions: persistence is off.
        broker.restart().await;
        link.until_within(Duration::from_secs(10), "back", |link| link.is(LinkState::Up)).await;
        let mut publisher = broker.publisher().await;
        for n in 0..TOPICS {
            publisher.live(&format!("t/{n}"), (round * 1_000 + n).to_string()).await;
        }
        link.until("every tag's new value", |link| {
            (0..TOPICS).all(|n| value(link, n as usize) == Some(Value::Int(i64::from(round * 1_000 + n))))
        })
        .await;
    }
    assert_eq!(link.link.traffic().connects, 4);
}

#[tokio::test]
async fn a_frozen_broker_is_stale_within_twelve_seconds_and_recovers() {
    let broker = Mosquitto::start().await;
    let mut link = link(&broker, vec![scalar(0, DataType::Int, "t")]);
    link.until_up().await;
    broker.publisher().await.live("t", "1").await;
    link.until("the value", |link| value(link, 0) == Some(Value::Int(1))).await;

    broker.process().freeze();
    let frozen = Instant::now();
    link.until("down", |link| link.is(LinkState::Down)).await;
    assert!(frozen.elapsed() < Duration::from_secs(12), "{:?}", frozen.elapsed());
    assert!(link.errors(ErrorKind::Silent) >= 1);

    let seen = link.samples.len();
    broker.process().thaw();
    link.until_within(Duration::from_secs(15), "back", |link| link.is(LinkState::Up)).await;
    assert_eq!(link.samples.len(), seen, "nothing is good before it was heard again");
    broker.publisher().await.live("t", "2").await;
    link.until("the new value", |link| value(link, 0) == Some(Value::Int(2))).await;
}

#[tokio::test]
async fn wrong_payloads_are_bad_and_the_link_lives_on() {
    let broker = Mosquitto::start().await;
    let points = vec![scalar(0, DataType::Float, "s"), point(1, DataType::Float, r#"{"topic":"j","pointer":"/v"}"#)];
    let mut link = link(&broker, points);
    link.until_up().await;
    let mut publisher = broker.publisher().await;
    for (topic, payload, quality) in [
        ("s", &b"nan"[..], Quality::BAD_OUT_OF_RANGE),
        ("s", b"\xC3\x28", Quality::BAD_DECODING),
        ("s", b"", Quality::BAD_DECODING),
        ("j", b"{\"v\":", Quality::BAD_DECODING),
        ("j", b"{\"v\":\"high\"}", Quality::BAD_TYPE),
        ("j", b"{}", Quality::BAD_NO_DATA),
    ] {
        let index = usize::from(topic == "j");
        publisher.live(topic, payload).await;
        link.until("bad", |link| link.quality(index) == Some(quality)).await;
        assert_eq!(value(&link, index), None, "never a value with it");
    }
    assert_eq!(link.errors(ErrorKind::Decode), 6);
    publisher.live("s", "1").await;
    publisher.live("j", "{\"v\":2}").await;
    link.until("good again", |link| (0..2).all(|n| link.quality(n) == Some(Quality::GOOD))).await;
    assert_eq!(link.link.traffic().connects, 1);
}

#[tokio::test]
async fn a_retained_message_that_is_too_large_does_not_come_back_for_ever() {
    let broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    publisher.publish("big", &vec![b'7'; 5_000_000], Keep::Retained).await;
    publisher.publish("kept", b"7", Keep::Retained).await;
    let mut link = link(&broker, vec![scalar(0, DataType::Text, "big"), scalar(1, DataType::Int, "kept")]);
    link.until("both", |link| link.latest.iter().all(Option::is_some)).await;
    assert_eq!((link.quality(0), link.quality(1)), (Some(Quality::BAD_DECODING), Some(Quality::UNCERTAIN_INITIAL)));
    assert!(link.last_error().contains("larger than the limit of 1048576"), "{}", link.last_error());
    publisher.live("big", "small now").await;
    link.until("good", |link| link.quality(0) == Some(Quality::GOOD)).await;
    assert_eq!(link.link.traffic().connects, 1);
}

#[tokio::test]
async fn many_messages_arrive_soon_and_none_is_lost() {
    const TAGS: u32 = 200;
    let broker = Mosquitto::start().await;
    let mut link = link(&broker, (0..TAGS).map(|n| scalar(n, DataType::Int, &format!("t/{n}"))).collect());
    link.until_up().await;
    let mut publisher = broker.publisher().await;
    let publishing = tokio::spawn(async move {
        for round in 0..20 {
            for n in 0..TAGS {
                publisher.live(&format!("t/{n}"), (round * 10_000 + n).to_string()).await;
            }
        }
    });
    link.until("every message", |link| link.samples.len() == 20 * TAGS as usize).await;
    publishing.await.expect("published");
    assert_eq!(link.link.traffic().merged, 0);
    let last = value(&link, 0);
    assert_eq!(last, Some(Value::Int(190_000)));
}
