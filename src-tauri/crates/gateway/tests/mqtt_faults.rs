//! A hand-written broker that does what brokers must not do.

mod peer;

use std::time::Duration;

use model::{DataType, ErrorKind, LinkState, Quality, Value};
use peer::broker::{Broker, CONNACK, granted, mqtt, publish};
use peer::{Link, point};
use tokio::time::Instant;

#[tokio::test]
async fn a_value_arrives_and_the_link_says_goodbye() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a/speed"]);
    let mut station = broker.subscribe(granted).await;
    station.publish("a/speed", b"12.5").await;
    link.until("the value", |link| link.latest[0].is_some()).await;
    assert_eq!(link.latest[0].as_ref().and_then(|sample| sample.value.clone()), Some(Value::Float(12.5)));
    assert_eq!(link.statuses.iter().map(|s| s.state).collect::<Vec<_>>(), [LinkState::Connecting, LinkState::Up]);
    let traffic = link.link.traffic();
    assert_eq!((traffic.messages, traffic.samples, traffic.bytes, traffic.connects), (1, 1, 4, 1));

    link.link.close().await;
    assert_eq!(station.packet().await.map(|(first, _)| first), Some(0xE0), "DISCONNECT");
    assert!(station.packet().await.is_none());
}

#[tokio::test]
async fn garbage_for_an_answer_is_named_and_tried_again() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    for garbage in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0xFF; 64], &[0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &[0x20, 2, 0, 9]]
    {
        broker.connect().await.send(garbage).await;
        let seen = link.statuses.len();
        link.until("down again", |link| {
            link.statuses[seen..].iter().any(|status| status.state == LinkState::Down && !status.reason.is_empty())
        })
        .await;
    }
    assert!(link.errors(ErrorKind::Protocol) + link.errors(ErrorKind::Lost) >= 3, "{:?}", link.link.traffic());
    assert_eq!(link.errors(ErrorKind::Internal), 0);
}

#[tokio::test]
async fn no_answer_to_connect_is_named_within_five_seconds() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let _silent = broker.connect().await;
    let started = Instant::now();
    let down = link.until_down().await;
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(down.reason, "connected, but no MQTT broker answers there within 5 s");
    let station = broker.subscribe(granted).await;
    link.until_up().await;
    drop(station);
}

#[tokio::test]
async fn a_refused_log_in_has_its_own_words() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    broker.connect().await.send(&[0x20, 2, 0, 5]).await;
    let down = link.until_down().await;
    assert!(down.reason.contains("not authorised"), "{}", down.reason);
    assert_eq!(link.errors(ErrorKind::Refused), 1);
}

#[tokio::test]
async fn a_refused_topic_makes_its_tags_bad_and_no_others() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["open", "secret"]);
    let mut station = broker.subscribe(|topic| if topic == "secret" { 0x80 } else { 1 }).await;
    station.publish("open", b"1").await;
    link.until("both samples", |link| link.latest.iter().all(Option::is_some)).await;
    link.until_up().await;
    assert_eq!(link.quality(0), Some(Quality::GOOD));
    assert_eq!(link.quality(1), Some(Quality::BAD_ACCESS_DENIED));
    let reason = link.status.expect("up").reason;
    assert!(reason.contains("1 of 2 topics") && reason.contains("secret"), "{reason}");
}

#[tokio::test]
async fn a_closed_connection_is_known_at_once_and_every_topic_subscribed_again() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a", "b", "c"]);
    for _ in 0..3 {
        let mut station = broker.connect().await;
        station.send(&CONNACK).await;
        let mut topics = station.grant(granted).await;
        topics.sort();
        assert_eq!(topics, ["a", "b", "c"]);
        link.until_up().await;
        drop(station);
        let closed = Instant::now();
        let down = link.until_down().await;
        assert!(closed.elapsed() < Duration::from_secs(1), "{:?}", closed.elapsed());
        assert_eq!((down.reason.as_str(), down.quality), ("the broker closed the connection", Quality::STALE));
    }
    assert_eq!(link.link.traffic().connects, 3);
}

#[tokio::test]
async fn a_message_just_before_the_end_is_not_lost() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let mut station = broker.subscribe(granted).await;
    station.publish("a", b"7").await;
    drop(station);
    link.until("the last value", |link| link.latest[0].is_some()).await;
}

#[tokio::test]
async fn a_silent_broker_is_lost_within_twelve_seconds() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let station = broker.subscribe(granted).await;
    link.until_up().await;
    let up = Instant::now();
    link.until("down", |link| link.is(LinkState::Down)).await;
    assert!(up.elapsed() <= Duration::from_secs(12), "{:?}", up.elapsed());
    assert_eq!(link.errors(ErrorKind::Silent), 1);
    drop(station);
}

#[tokio::test]
async fn subscriptions_without_an_answer_are_not_waited_for_forever() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let mut station = broker.connect().await;
    station.send(&CONNACK).await;
    let serving = tokio::spawn(station.serve());
    let down = link.until_down().await;
    assert_eq!(down.reason, "the broker does not answer to the subscriptions");
    assert!(link.statuses.iter().all(|status| status.state != LinkState::Up), "it never said that it was up");
    serving.abort();
}

#[tokio::test]
async fn an_oversize_message_has_its_own_words_and_the_link_lives_on() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["big", "small"]);
    let mut station = broker.subscribe(granted).await;
    // QoS 1: an acknowledgement that never came would wedge the broker after a few.
    station.send(&publish(0x32, "big", &vec![b'x'; 20_000_000])).await;
    station.publish("small", b"1").await;
    link.until("the value after it", |link| link.latest[1].is_some()).await;
    assert_eq!(link.quality(0), Some(Quality::BAD_DECODING));
    assert_eq!(station.packet().await, Some((0x40, vec![0, 9])), "PUBACK");
    assert_eq!(link.errors(ErrorKind::Oversize), 1);
    let words = link.last_error();
    assert!(words.contains("20000007 bytes") && words.contains("\"big\"") && words.contains("1048576"), "{words}");
    assert_eq!(link.link.traffic().connects, 1);
}

#[tokio::test]
async fn wrong_payloads_are_bad_and_counted_and_the_link_lives_on() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let mut station = broker.subscribe(granted).await;
    let wrong: [(&[u8], Quality); 6] = [
        (b"", Quality::BAD_DECODING),
        (b"NaN", Quality::BAD_OUT_OF_RANGE),
        (b"inf", Quality::BAD_OUT_OF_RANGE),
        (b"running", Quality::BAD_TYPE),
        (b"\xFF\xFE", Quality::BAD_DECODING),
        (b"{\"v\":1}", Quality::BAD_TYPE),
    ];
    for (payload, _) in &wrong {
        station.publish("a", payload).await;
    }
    station.publish("nobody/asked", b"1").await;
    station.publish("a", b"5").await;
    link.until("the good value", |link| link.quality(0) == Some(Quality::GOOD)).await;
    let qualities: Vec<_> = link.samples.iter().map(|(_, sample)| sample.quality).collect();
    assert_eq!(qualities[..6], wrong.map(|(_, quality)| quality));
    assert!(link.samples[..6].iter().all(|(_, sample)| sample.value.is_none()));
    let traffic = link.link.traffic();
    assert_eq!((link.errors(ErrorKind::Decode), traffic.unknown, traffic.connects), (6, 1, 1));
}

#[tokio::test]
async fn a_retained_value_is_not_good_until_a_live_one_comes() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, "", &["a"]);
    let mut station = broker.subscribe(granted).await;
    station.send(&publish(0x31, "a", b"1")).await;
    link.until("retained", |link| link.quality(0) == Some(Quality::UNCERTAIN_INITIAL)).await;
    station.publish("a", b"2").await;
    link.until("live", |link| link.quality(0) == Some(Quality::GOOD)).await;
}

#[tokio::test]
async fn a_taken_over_client_id_is_suspected() {
    let broker = Broker::start().await;
    let points = vec![point(0, DataType::Float, r#"{"topic":"a"}"#)];
    let mut link = Link::open("mqtt", broker.port, r#""client_id":"line1""#, points);
    let station = broker.subscribe(granted).await;
    link.until_up().await;
    drop(station);
    let down = link.until_down().await;
    assert!(down.reason.contains("another station uses the client id \"line1\""), "{}", down.reason);
}

#[tokio::test]
async fn a_fight_for_a_client_id_is_slowed_down() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, r#""client_id":"line1""#, &["a"]);
    for _ in 0..3 {
        let station = broker.subscribe(granted).await;
        link.until_up().await;
        drop(station);
        link.until_down().await;
    }
    let down = link.status.clone().expect("down").reason;
    assert!(down.contains("the 3. time in a row") && down.contains("\"line1\""), "{down}");
    assert_eq!(link.errors(ErrorKind::Refused), 1, "what is refused is tried again after half a minute");
}

/// Connects over MQTT 5 and answers to the subscription of one topic.
async fn connect_v5(broker: &Broker, grant: u8) -> peer::broker::Station {
    let mut station = broker.connect().await;
    station.send(&[0x20, 3, 0, 0, 0]).await;
    let (first, body) = station.packet().await.expect("SUBSCRIBE");
    assert_eq!((first, body[2]), (0x82, 0), "without properties");
    station.send(&[0x90, 4, body[0], body[1], 0, grant]).await;
    station
}

#[tokio::test]
async fn mqtt_5_brings_values_and_says_why_it_ends() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, r#""version":"5","client_id":"line1""#, &["a"]);
    let mut station = connect_v5(&broker, 1).await;
    assert_eq!(station.client_id, "line1");
    // With a content type among its properties.
    station.send(b"\x30\x0E\x00\x01a\x06\x03\x00\x03txt12.5").await;
    link.until("the value", |link| link.value(0) == Some(Value::Float(12.5))).await;
    // An oversize one, QoS 1: PUBACK, and the link lives on.
    let big = [&[0x00][..], &vec![b'x'; 2_000_000]].concat();
    station.send(&publish(0x32, "a", &big)).await;
    assert_eq!(station.packet().await.map(|(first, _)| first), Some(0x40), "PUBACK");
    link.until("bad", |link| link.quality(0) == Some(Quality::BAD_DECODING)).await;
    assert!(link.last_error().contains("is larger than the limit of 1048576"), "{}", link.last_error());
    station.send(&[0xE0, 1, 0x8E]).await;
    let down = link.until_down().await;
    assert_eq!(down.reason, "another station has connected with the client id \"line1\" and taken over");
    assert_eq!(link.errors(ErrorKind::Refused), 1);
}

#[tokio::test]
async fn mqtt_5_says_why_a_topic_is_refused() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, r#""version":"5""#, &["a"]);
    let _station = connect_v5(&broker, 0x97).await;
    link.until_up().await;
    assert!(link.last_error().ends_with("\"a\": a quota is exceeded"), "{}", link.last_error());
}

#[tokio::test]
async fn a_log_in_that_cannot_be_had_is_no_crash() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, r#""login":"broker""#, &["a"]);
    let down = link.until_down().await;
    assert_eq!(down.reason, "there is no store of secrets to look up \"broker\"");
    assert_eq!((link.errors(ErrorKind::Refused), link.errors(ErrorKind::Internal)), (1, 0));
}
