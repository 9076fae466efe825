//! Nothing is lost while this station is away: the broker keeps a message until its samples are on disk.

mod peer;

use std::time::Duration;

use model::{LinkState, Quality, Value};
use peer::broker::{Broker, CONNACK, RESUMED, Station, granted, mqtt, publish, publish_as};
use peer::{Link, Signing};

const KEPT: &str = r#""session":"persistent","client_id":"line1""#;

/// Asserts that the station says nothing for a moment. It can only fail where the station is wrong.
async fn says_nothing(station: &mut Station, link: &mut Link) {
    let moment = tokio::time::timeout(Duration::from_millis(300), station.next());
    if let Ok(packet) = link.meanwhile(moment).await {
        panic!("{packet:?}");
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_when_it_is_on_disk_and_in_order() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    link.signing = Signing::Never;
    let mut station = broker.subscribe(granted).await;
    assert_eq!((station.client_id.as_str(), station.is_clean), ("line1", false));
    for id in 1..=3 {
        station.send(&publish_as(0x32, id, "a", id.to_string().as_bytes())).await;
    }
    link.until("three receipts are asked for", |link| link.receipts.len() == 3).await;
    assert_eq!(link.samples.len(), 3, "with the samples, and not before them");
    says_nothing(&mut station, &mut link).await;
    let mut receipts = link.receipts.split_off(0).into_iter();
    let (first, second, third) = (receipts.next(), receipts.next(), receipts.next());
    second.expect("three").sign();
    says_nothing(&mut station, &mut link).await;
    first.expect("three").sign();
    assert_eq!((station.acknowledged().await, station.acknowledged().await), (1, 2));
    third.expect("three").sign();
    assert_eq!(station.acknowledged().await, 3);
}

#[tokio::test]
async fn what_makes_no_sample_for_the_disk_is_acknowledged_at_once() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    link.signing = Signing::Never;
    let mut station = broker.subscribe(granted).await;
    station.send(&publish_as(0x32, 1, "nobody/asked", b"1")).await;
    station.send(&publish_as(0x33, 2, "a", b"1")).await;
    assert_eq!((station.acknowledged().await, station.acknowledged().await), (1, 2));
    link.until("the kept value", |link| link.quality(0) == Some(Quality::UNCERTAIN_INITIAL)).await;
    // What cannot be decoded is a sample too, a bad one.
    station.send(&publish_as(0x32, 3, "a", b"broken")).await;
    link.until("its receipt", |link| link.receipts.len() == 1).await;
    link.receipts.remove(0).sign();
    assert_eq!(station.acknowledged().await, 3);
}

#[tokio::test]
async fn a_receipt_that_is_dropped_is_no_receipt() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    link.signing = Signing::Never;
    let mut station = broker.subscribe(granted).await;
    station.send(&publish_as(0x32, 1, "a", b"1")).await;
    station.send(&publish_as(0x32, 2, "a", b"2")).await;
    link.until("the receipts", |link| link.receipts.len() == 2).await;
    drop(link.receipts.remove(0));
    link.receipts.remove(0).sign();
    says_nothing(&mut station, &mut link).await;
}

#[tokio::test]
async fn a_message_that_comes_again_is_the_same_sample() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    link.signing = Signing::Never;
    let mut station = broker.subscribe(granted).await;
    station.send(&publish_as(0x32, 7, "a", b"5")).await;
    link.until("the value", |link| link.receipts.len() == 1).await;
    drop(station);
    link.until_down().await;
    // On disk, but the broker does not know.
    link.receipts.remove(0).sign();
    let mut station = broker.go_on(&RESUMED, granted).await;
    station.send(&publish_as(0x3A, 7, "a", b"5")).await;
    link.until("it again", |link| link.samples.len() == 2).await;
    assert_eq!(link.samples[0].1.time, link.samples[1].1.time, "one sample of history");
    link.until("its receipt", |link| link.receipts.len() == 1).await;
    link.receipts.remove(0).sign();
    assert_eq!(station.acknowledged().await, 7);
    // The packet id is free now: what comes under it is another message, however alike.
    let first = link.samples[0].1.time;
    station.send(&publish_as(0x32, 7, "a", b"5")).await;
    link.until("another one", |link| link.samples.len() == 3).await;
    assert!(link.samples[2].1.time > first);
}

#[tokio::test]
async fn a_resumed_session_does_not_record_again_what_the_broker_kept_for_newcomers() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    let mut station = broker.go_on(&RESUMED, granted).await;
    station.send(&publish(0x31, "a", b"1")).await;
    link.until("the kept value", |link| link.latest[0].is_some()).await;
    assert_eq!(link.reaches[0], model::Reach::Live);
}

#[tokio::test]
async fn while_the_disk_does_not_work_values_go_on_and_the_broker_keeps_them() {
    let broker = Broker::start().await;
    let mut link = mqtt(&broker, KEPT, &["a"]);
    link.signing = Signing::Never;
    let mut station = broker.subscribe(granted).await;
    station.send(&publish_as(0x32, 1, "a", b"1")).await;
    link.until("the value", |link| link.latest[0].is_some()).await;

    let away = tokio::spawn(async move { while station.next().await.is_some_and(|(first, _)| first != 0xE0) {} });
    // Fifteen seconds of patience, and no loss of the link.
    let mut live = link.meanwhile(broker.go_on(&CONNACK, granted)).await;
    assert_eq!((live.client_id.as_str(), live.is_clean), ("line1-live", true));
    away.await.expect("in order");
    live.publish("a", b"2").await;
    link.until("the live value", |link| link.value(0) == Some(Value::Float(2.0))).await;
    assert_eq!(link.reaches.last(), Some(&model::Reach::Live), "shown and not recorded");
    link.until("words", |link| link.status.as_ref().is_some_and(|status| status.reason.contains("not recorded"))).await;
    assert!(link.statuses.iter().all(|status| status.state != LinkState::Down), "{:?}", link.statuses);

    // The disk works again: the session goes on, and with it what was not acknowledged.
    let receipts = std::mem::take(&mut link.receipts);
    link.signing = Signing::AtOnce;
    receipts.into_iter().for_each(gateway::Receipt::sign);
    let mut station = link.meanwhile(broker.go_on(&RESUMED, granted)).await;
    assert_eq!((station.client_id.as_str(), station.is_clean), ("line1", false));
    station.send(&publish_as(0x3A, 1, "a", b"1")).await;
    station.send(&publish_as(0x32, 2, "a", b"2")).await;
    let both = async { (station.acknowledged().await, station.acknowledged().await) };
    assert_eq!(link.meanwhile(both).await, (1, 2));
    assert_eq!(link.samples[link.samples.len() - 2].1.time, link.samples[0].1.time, "the first one, once more");
    link.until("no words", |link| link.status.as_ref().is_some_and(|status| status.reason.is_empty())).await;
}
