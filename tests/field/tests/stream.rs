//! What arrives is late, in pieces, damaged, or from nobody who speaks MQTT (rows N10, N11 and N12 of the matrix in
//! `docs/faults.md`).

use std::net::SocketAddr;
use std::time::Duration;

use field::broker::{Keep, Mosquitto};
use field::figures::{self, rounds};
use field::link::{Link, point};
use field::proxy::{Proxy, Way, spread};
use model::{DataType, ErrorKind, LinkState, Point, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

fn tag(index: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"topic":"t/{index}"}}"#))
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

#[tokio::test]
async fn n10_a_link_with_two_seconds_of_delay_in_single_bytes_loses_nothing() {
    const TAGS: u32 = 20;
    const TIMES: i64 = 20;
    let broker = Mosquitto::start().await;
    let proxy = Proxy::start(broker.address()).await;
    proxy.set(|faults| {
        faults.to_link = Way { delay: Duration::from_secs(2), segment: Some(1), ..Way::default() };
        faults.to_server = Way { segment: Some(1), ..Way::default() };
    });
    let mut link = Link::open("mqtt", proxy.port, "", (0..TAGS).map(tag).collect());
    link.until_up().await;
    let mut publisher = broker.publisher().await;
    for time in 0..TIMES {
        for n in 0..TAGS {
            publisher.live(&format!("t/{n}"), (time * 1_000 + i64::from(n)).to_string()).await;
        }
    }
    let expected = TAGS as usize * usize::try_from(TIMES).expect("few");
    link.until_within(Duration::from_secs(40), "every message", |link| link.samples.len() >= expected).await;
    let traffic = link.link.traffic();
    assert_eq!((link.samples.len(), traffic.connects), (expected, 1), "{traffic:?}");
    assert!(traffic.errors.is_empty(), "{traffic:?}");
    for n in 0..TAGS {
        let of_tag: Vec<_> = link.samples.iter().filter(|(tag, _)| tag.0 == n).map(|(_, s)| s.value.clone()).collect();
        let sent: Vec<_> = (0..TIMES).map(|time| Some(Value::Int(time * 1_000 + i64::from(n)))).collect();
        assert_eq!(of_tag, sent, "in order");
    }
    figures::measured("N10", &format!("{expected} of {expected} messages, in order, no error"));
}

#[tokio::test]
async fn n11_a_thousand_turned_bits_end_in_words_and_never_in_a_panic() {
    const AT_ONCE: usize = 100;
    const TOPICS: u32 = 8;
    let flips = rounds(1_000, 1_000);
    let broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    for n in 0..TOPICS {
        publisher.publish(&format!("t/{n}"), b"1234567", Keep::Retained).await;
    }
    // What a first connection gets: CONNACK, SUBACK, the retained messages and an answer to a ping.
    let stream_bits = 8 * (4 + 4 + u64::from(TOPICS) * (1 + 1 + 2 + 3 + 2 + 7) + 8 + 2);
    let publishing = tokio::spawn(async move {
        for n in 0.. {
            publisher.live(&format!("t/{}", n % TOPICS), n.to_string()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (mut slowest, mut broke, mut internal, mut seed) = (Duration::ZERO, 0, 0, 0);
    for _ in 0..flips.div_ceil(AT_ONCE) {
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            seed += 1;
            running.spawn(one_flip(broker.address(), turned_bit(seed, stream_bits)));
        }
        while let Some(ended) = running.join_next().await {
            let (took, errors, faults) = ended.expect("no panic");
            slowest = slowest.max(took);
            broke += usize::from(errors);
            internal += faults;
        }
    }
    publishing.abort();
    assert_eq!(internal, 0, "no panic inside of a session");
    assert!(broke > flips / 10, "the bits were turned: {broke}");
    figures::measured(
        "N11",
        &format!("{flips} bits: 0 panics, {broke} connections broken, good values at the latest after {slowest:.1?}"),
    );
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
fn turned_bit(seed: u64, bits: u64) -> u64 {
    (spread(seed) * bits as f64) as u64
}

/// A link whose first connection gets one turned bit; how long until all is well again, whether the connection broke, and
/// how many faults of Andon itself there were.
async fn one_flip(broker: SocketAddr, bit: u64) -> (Duration, bool, u64) {
    let proxy = Proxy::start(broker).await;
    proxy.set(|faults| faults.to_link.flipped_bits = [bit].into());
    let mut link = Link::open("mqtt", proxy.port, "", (0..8).map(tag).collect());
    let began = Instant::now();
    link.until("the first word", |link| link.statuses.len() > 1).await;
    proxy.heal();
    link.until_within(Duration::from_secs(25), "live values", |link| {
        link.is(LinkState::Up) && link.latest.iter().flatten().any(|sample| sample.quality.is_good())
    })
    .await;
    let traffic = link.link.traffic();
    let broke = traffic.connects > 1 || traffic.errors.keys().any(|kind| *kind != ErrorKind::Decode);
    (began.elapsed(), broke, link.errors(ErrorKind::Internal))
}

#[tokio::test]
async fn n12_whoever_does_not_speak_mqtt_is_named_tried_less_and_less_and_costs_no_memory() {
    // No answer at all; an answer of another protocol; a packet that claims 256 MB; an answer that never ends.
    let answers: [&[u8]; 4] =
        [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0x30, 0xFF, 0xFF, 0xFF, 0x7F], &[0x20, 2, 0]];
    let held = figures::resident_bytes();
    let mut running = tokio::task::JoinSet::new();
    for answer in answers {
        running.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let port = listener.local_addr().expect("bound").port();
            tokio::spawn(async move {
                let mut open = Vec::new();
                while let Ok((mut stream, _)) = listener.accept().await {
                    let _read = stream.read(&mut [0; 256]).await;
                    let _left = stream.write_all(answer).await;
                    open.push(stream);
                }
            });
            let mut link = Link::open("mqtt", port, "", vec![tag(0)]);
            let began = Instant::now();
            let down = link.until_down().await;
            let took = began.elapsed();
            assert!(took < Duration::from_secs(8) && !down.reason.is_empty(), "{took:?}: {}", down.reason);
            link.for_a_while(Duration::from_secs(rounds(15, 60) as u64)).await;
            assert_eq!(link.link.traffic().connects, 0, "it was never up");
            let attempts = link.statuses.iter().filter(|status| status.state == LinkState::Connecting).count();
            assert!(attempts <= 12, "{attempts} attempts in a minute");
            (down.reason, took, attempts)
        });
    }
    while let Some(ended) = running.join_next().await {
        let (words, took, attempts) = ended.expect("no panic");
        figures::measured("N12", &format!("\"{words}\" after {took:.1?}; {attempts} attempts at most"));
    }
    let grown = figures::resident_bytes().saturating_sub(held) / 1_024;
    assert!(grown < 8 * 1_024, "{grown} KiB");
    figures::measured("N12", &format!("{grown} KiB more memory for four of them, their servers included"));
}
