//! What arrives is late, in pieces, or from nobody who speaks MQTT (rows N10 and N12 of the matrix in
//! `docs/faults.md`).

use std::time::Duration;

use field::broker::Mosquitto;
use field::figures::{self, rounds};
use field::link::{Link, point};
use field::proxy::{Proxy, Way};
use model::{DataType, LinkState, Point, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

fn tag(index: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"topic":"t/{index}"}}"#))
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
