//! What arrives is damaged (row N11 of the matrix in `docs/faults.md`). In a file of its own, because a hundred links at
//! once would be in the way of those who measure memory.

use std::net::SocketAddr;
use std::time::Duration;

use field::broker::{Keep, Mosquitto};
use field::figures::{self, rounds};
use field::link::{Link, point};
use field::proxy::{Proxy, spread};
use model::{DataType, ErrorKind, LinkState, Point};
use tokio::time::Instant;

fn tag(index: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"topic":"t/{index}"}}"#))
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
    let (mut slowest, mut broke, mut refused, mut internal) = (Duration::ZERO, 0, 0, 0);
    let mut running = tokio::task::JoinSet::new();
    let mut seeds = 0..flips as u64;
    loop {
        while running.len() < AT_ONCE
            && let Some(seed) = seeds.next()
        {
            running.spawn(one_flip(broker.address(), turned_bit(seed, stream_bits)));
        }
        let Some(ended) = running.join_next().await else { break };
        let outcome = ended.expect("no panic");
        internal += outcome.internal;
        broke += usize::from(outcome.broke);
        refused += usize::from(outcome.refused);
        if !outcome.refused {
            slowest = slowest.max(outcome.took);
        }
    }
    publishing.abort();
    assert_eq!(internal, 0, "no panic inside of a session");
    assert!(broke > flips / 10, "the bits were turned: {broke}");
    assert!(refused < flips / 20, "{refused}");
    assert!(slowest < Duration::from_secs(25), "{slowest:?}");
    figures::measured(
        "N11",
        &format!(
            "{flips} bits: 0 panics, {broke} connections broken, good values at the latest after {slowest:.1?}; \
             {refused} more looked like a refused log-in, which is tried again after half a minute"
        ),
    );
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
fn turned_bit(seed: u64, bits: u64) -> u64 {
    (spread(seed) * bits as f64) as u64
}

/// What one turned bit did.
struct Outcome {
    /// Until all was well again.
    took: Duration,
    broke: bool,
    /// It made the broker's answer look like a refusal.
    refused: bool,
    /// Faults of Andon itself.
    internal: u64,
}

/// A link whose first connection gets one turned bit.
async fn one_flip(broker: SocketAddr, bit: u64) -> Outcome {
    let proxy = Proxy::start(broker).await;
    proxy.set(|faults| faults.to_link.flipped_bits = [bit].into());
    let mut link = Link::open("mqtt", proxy.port, "", (0..8).map(tag).collect());
    let began = Instant::now();
    link.until("the first word", |link| link.statuses.len() > 1).await;
    proxy.heal();
    link.until_within(Duration::from_secs(60), "live values", |link| {
        link.is(LinkState::Up) && link.latest.iter().flatten().any(|sample| sample.quality.is_good())
    })
    .await;
    let traffic = link.link.traffic();
    let broke = traffic.connects > 1 || traffic.errors.keys().any(|kind| *kind != ErrorKind::Decode);
    let refused = link.errors(ErrorKind::Refused) > 0;
    Outcome { took: began.elapsed(), broke, refused, internal: link.errors(ErrorKind::Internal) }
}
