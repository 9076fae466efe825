//! What people ask of a broker: to write a value, to show its topics. A command that is late never arrives.

mod peer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::LinkHandle;
use model::{Browse, DataType, Point, TagIndex, Uptime, Value, Write, WritePolicy, Written};
use peer::broker::{Broker, CONNACK, Station, granted, publish};
use peer::{Link, point};

/// After every test.
const LATE: Uptime = Uptime::from_millis(3_600_000);

fn write(value: f64) -> Write {
    Write { tag: TagIndex(0), value: Value::Float(value), expires: LATE }
}

fn writable(more: &str) -> Point {
    let address = format!(r#"{{"topic":"a"{more}}}"#);
    Point { write: Some(WritePolicy { low: None, high: Some(10_000.0) }), ..point(0, DataType::Float, &address) }
}

/// A link with one tag that can be written, and its broker's side.
async fn connected(more: &str) -> (Broker, Link, Station) {
    let broker = Broker::start().await;
    let mut link = Link::open("mqtt", broker.port, "", vec![writable(more)]);
    let station = broker.subscribe(granted).await;
    link.until_up().await;
    (broker, link, station)
}

fn start(link: &Link, write: Write) -> tokio::task::JoinHandle<Written> {
    let handle: LinkHandle = link.link.handle();
    tokio::spawn(async move { handle.write(write).await })
}

#[tokio::test]
async fn a_write_is_done_when_the_tag_shows_it() {
    let (_broker, link, mut station) = connected("").await;
    let written = start(&link, write(7.5));
    let (topic, id, payload) = station.published().await;
    assert_eq!((topic.as_str(), payload.as_str()), ("a/set", "7.5"));
    station.take(id).await;
    // The value of before, once more, does not settle it.
    station.publish("a", b"3").await;
    station.publish("a", b"7.5").await;
    assert_eq!(written.await.expect("in order"), Written::Done);
}

#[tokio::test]
async fn a_write_that_the_tag_does_not_show_is_not_confirmed() {
    let template = r#","write_topic":"b/cmd","write_payload":"{\"v\": $value}","confirm_ms":300"#;
    let (_broker, link, mut station) = connected(template).await;
    let written = start(&link, write(8.0));
    let (topic, id, payload) = station.published().await;
    assert_eq!((topic.as_str(), payload.as_str()), ("b/cmd", r#"{"v": 8.0}"#));
    station.take(id).await;
    // Kept from before: nobody knows how old it is.
    station.send(&publish(0x31, "a", b"8")).await;
    let written = written.await.expect("in order");
    let Written::NotConfirmed(words) = written else { panic!("{written:?}") };
    assert!(words.starts_with("the broker took it, but the tag showed no value"), "{words}");

    let written = start(&link, write(9.0));
    let (_, id, _) = station.published().await;
    station.take(id).await;
    station.publish("a", b"3").await;
    assert_eq!(written.await.expect("in order"), Written::NotConfirmed("the tag shows 3 after 0.3 s".into()));

    let written = start(&link, write(9.0));
    station.published().await;
    let written = written.await.expect("in order");
    assert!(matches!(written, Written::Unknown(_)), "the broker did not say that it has it: {written:?}");
}

#[tokio::test]
async fn what_is_not_sent_is_refused_and_what_was_sent_is_unknown() {
    let (_broker, mut link, mut station) = connected("").await;
    let expired = Write { expires: Uptime::from_millis(0), ..write(1.0) };
    assert!(matches!(start(&link, expired).await.expect("in order"), Written::Refused(_)));
    assert!(matches!(start(&link, write(10_001.0)).await.expect("in order"), Written::Refused(_)));
    let foreign = Write { tag: TagIndex(1), ..write(1.0) };
    assert!(matches!(start(&link, foreign).await.expect("in order"), Written::Refused(_)));
    let written = start(&link, write(2.0));
    let (_, _, payload) = station.published().await;
    assert_eq!(payload, "2", "nothing of the refused ones was sent");
    drop(station);
    let written = written.await.expect("in order");
    assert!(matches!(written, Written::Unknown(_)), "{written:?}");
    link.until_down().await;
    assert_eq!(
        start(&link, write(3.0)).await.expect("in order"),
        Written::Refused("the gateway is not connected".into())
    );
}

/// Numbers of commands, and what became of each.
#[derive(Default)]
struct Log {
    next: AtomicU64,
    answers: Mutex<HashMap<u64, Written>>,
}

const COMMANDS: u64 = 1_000;

/// Gives commands one after the other, and waits for the link where it is down.
async fn operate(handle: LinkHandle, log: Arc<Log>) {
    while let number @ 0..COMMANDS = log.next.fetch_add(1, SeqCst) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let mut written = handle.write(write(number as f64)).await;
        while written == Written::Refused("the gateway is not connected".into()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let again = handle.write(write(number as f64)).await;
            written = again;
        }
        log.answers.lock().expect("no panic").insert(number, written);
    }
}

#[tokio::test]
async fn no_command_arrives_after_the_link_has_dropped() {
    let broker = Broker::start().await;
    let link = Link::open("mqtt", broker.port, "", vec![writable("")]);
    let log = Arc::new(Log::default());
    let mut delivered: HashMap<u64, usize> = HashMap::new();
    let serving = async {
        // So many publications until the link drops, with those after them on their way.
        for (connection, until) in [170, 230, 90, 310, u64::MAX].into_iter().enumerate() {
            let mut station = broker.subscribe(granted).await;
            for n in 0..until {
                let Some((first, body)) = station.next().await else { break };
                assert_eq!(first, 0x32, "neither repeated nor retained");
                let payload = std::str::from_utf8(&body[9..]).expect("UTF-8");
                let number: u64 = payload.parse().expect("a number");
                assert!(!log.answers.lock().expect("no panic").contains_key(&number), "{number} came after its answer");
                assert_eq!(delivered.insert(number, connection), None, "{number} came twice");
                if n + 3 < until {
                    station.take(u16::from_be_bytes([body[7], body[8]])).await;
                    station.publish("a", payload.as_bytes()).await;
                }
            }
        }
    };
    let operating = async {
        let operators = (0..8).map(|_| tokio::spawn(operate(link.link.handle(), Arc::clone(&log))));
        for operator in operators.collect::<Vec<_>>() {
            operator.await.expect("in order");
        }
    };
    tokio::select! {
        () = serving => panic!("the last connection holds"),
        () = operating => {}
    }
    let answers = log.answers.lock().expect("no panic");
    let count = |matches: fn(&Written) -> bool| answers.values().filter(|written| matches(written)).count();
    let (done, unknown) = (count(|w| *w == Written::Done), count(|w| matches!(w, Written::Unknown(_))));
    for (number, written) in answers.iter() {
        let arrived = delivered.contains_key(number);
        match written {
            Written::Done => assert!(arrived, "{number}"),
            Written::Refused(words) => assert!(!arrived, "{number} was refused ({words}) and came"),
            Written::NotConfirmed(_) | Written::Unknown(_) => {}
        }
    }
    assert_eq!(answers.len() as u64, COMMANDS);
    assert!(done > 900 && unknown >= 4, "{done} done, {unknown} unknown");
}

#[tokio::test]
async fn topics_are_collected_aside_and_shown_as_a_tree() {
    let (broker, link, mut station) = connected("").await;
    let handle = link.link.handle();
    let options = peer::settings(r#"{"seconds":1}"#);
    let looking = {
        let (handle, options) = (handle.clone(), options.clone());
        tokio::spawn(async move { handle.browse(Browse { path: String::new(), options }).await })
    };
    let mut aside = broker.connect().await;
    assert!(aside.client_id.ends_with("-browse") && aside.is_clean, "{}", aside.client_id);
    aside.send(&CONNACK).await;
    assert_eq!(aside.grant(|_| 0).await, ["#"]);
    aside.send(&publish(0x31, "plant/line/speed", b"12.5")).await;
    aside.publish("plant/line/values", br#"{"timestamp_ms":1760000000123,"value":3}"#).await;
    let browsed = looking.await.expect("in order").expect("topics");
    assert_eq!(browsed.offers.iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["plant"]);
    assert!(browsed.remark.starts_with("2 topics within 1 s"), "{}", browsed.remark);
    // What was found is kept: no further connection is needed.
    let path = "/plant/line/values".to_owned();
    let fields = handle.browse(Browse { path, options }).await.expect("fields").offers;
    let address = fields[1].address.as_ref().expect("a value");
    assert_eq!((address["pointer"].as_str(), address["time"].as_str()), (Some("/value"), Some("/timestamp_ms")));
    // The connection of the values was not disturbed.
    let written = start(&link, write(1.0));
    station.published().await;
    station.publish("a", b"1").await;
    assert_eq!(written.await.expect("in order"), Written::Done);
    assert_eq!(link.link.traffic().connects, 1);
}

#[tokio::test]
async fn a_look_that_is_not_allowed_is_named() {
    let (broker, mut link, station) = connected("").await;
    let handle = link.link.handle();
    let looking = {
        let handle = handle.clone();
        tokio::spawn(async move { handle.browse(Browse::default()).await })
    };
    let mut aside = broker.connect().await;
    aside.send(&CONNACK).await;
    aside.grant(|_| 0x80).await;
    let refused = looking.await.expect("in order").expect_err("refused");
    assert_eq!(refused, "the broker does not let this station read \"#\"");
    drop(station);
    link.until_down().await;
    assert_eq!(handle.browse(Browse::default()).await, Err("the gateway is not connected".into()));
}
