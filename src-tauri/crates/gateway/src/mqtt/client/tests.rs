//! What the libraries do with a broker that does what it should not.

use std::time::{Duration, Instant};

use model::{Clock, Now, Timestamp, Uptime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::outlet::Outlet;
use crate::{Counters, NoCredentials};

#[test]
fn subscriptions_are_cut_to_what_brokers_take() {
    let topics: Vec<Arc<str>> = (0..250).map(|n| format!("t/{n}").into()).collect();
    assert_eq!(parts(&topics).map(<[_]>::len).collect::<Vec<_>>(), [100, 100, 50]);
    let long: Vec<Arc<str>> = (0..70).map(|_| "x".repeat(1_021).into()).collect();
    assert_eq!(parts(&long).map(<[_]>::len).collect::<Vec<_>>(), [32, 32, 6]);
    assert_eq!(parts(&[]).count(), 0);
}

struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Now {
        Now { wall: Timestamp::default(), uptime: Uptime::from_duration(self.0.elapsed()) }
    }
}

/// CONNACK, SUBACK for one topic, a message of QoS 0, one of QoS 1, PINGRESP.
const SANE_V3: &[u8] = b"\x20\x02\x00\x00\x90\x03\x00\x01\x01\x30\x07\x00\x01a12.5\x32\x06\x00\x01a\x00\x097\xD0\x00";
/// The same, with a reason in words for the subscription, and a DISCONNECT with one.
const SANE_V5: &[u8] = b"\x20\x06\x00\x00\x03\x22\x00\x00\x90\x08\x00\x01\x04\x1F\x00\x01k\x01\
    \x30\x08\x00\x01a\x0012.5\x32\x07\x00\x01a\x00\x09\x007\xD0\x00\xE0\x06\x8B\x04\x1F\x00\x01k";

fn options(version: Version) -> Options {
    Options {
        version,
        client_id: "x".into(),
        login: None,
        keep_alive_s: 5,
        max_packet_bytes: 1_024,
        keeping: Keeping::Nothing,
        acknowledging: Acknowledging::AtOnce,
        will: None,
        filters: 1,
    }
}

fn attempt() -> (watch::Sender<bool>, Attempt) {
    let counters = Arc::new(Counters::default());
    let outlet = Outlet::new(1, Arc::clone(&counters));
    let (stop, stopped) = watch::channel(false);
    (stop, Attempt::new(outlet, counters, Arc::new(Running(Instant::now())), crate::channel().1, 1, stopped))
}

/// A listener, and the way to it.
async fn listen() -> (TcpListener, Arc<Dial>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    (listener, Arc::new(Dial::new("127.0.0.1".into(), port, Wrapping::default(), Arc::new(NoCredentials))))
}

async fn damage_every_bit(version: Version, sane: &'static [u8]) {
    let (listener, dial) = listen().await;
    let server = tokio::spawn(async move {
        for bit in 0..sane.len() * 8 {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut bytes = sane.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            stream.write_all(&bytes).await.expect("a small write");
            stream.shutdown().await.expect("still open");
            // Reading to the end keeps the close from turning into a reset that swallows what was sent.
            let _reset_or_end = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let (_stop, attempt) = attempt();
    for bit in 0..sane.len() * 8 {
        let (requests, mut events) = prepare(&options(version), Arc::clone(&dial), &attempt);
        let ended = async {
            loop {
                match events.next().await {
                    Ok(Heard::Connected { .. }) => requests.subscribe(&["a".into()], Qos::AtLeastOnce)?,
                    Ok(Heard::Subscribed(_) | Heard::Message(_) | Heard::Other) => {}
                    Err(lost) => return Err::<(), Lost>(lost),
                }
            }
        };
        let lost = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("an end");
        assert!(lost.is_err_and(|lost| !lost.words.is_empty()), "bit {bit}");
    }
    server.await.expect("in order");
}

#[tokio::test]
async fn every_damaged_bit_ends_in_words_and_never_in_a_panic() {
    damage_every_bit(Version::V3, SANE_V3).await;
}

#[tokio::test]
async fn every_damaged_bit_of_mqtt_5_does_so_too() {
    damage_every_bit(Version::V5, SANE_V5).await;
}

/// Plays a broker that sends `answers`, one after each packet of the station; returns what the station sent.
async fn play(listener: TcpListener, answers: &'static [&'static [u8]]) -> Vec<Vec<u8>> {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut packets = Vec::new();
    for answer in answers {
        let mut packet = vec![0; 2];
        stream.read_exact(&mut packet).await.expect("a packet");
        assert!(packet[1] < 0x80, "a short one");
        packet.resize(2 + usize::from(packet[1]), 0);
        stream.read_exact(&mut packet[2..]).await.expect("the rest of it");
        packets.push(packet);
        stream.write_all(answer).await.expect("a small write");
    }
    stream.shutdown().await.expect("still open");
    let _reset_or_end = stream.read_to_end(&mut Vec::new()).await;
    packets
}

#[tokio::test]
async fn a_will_a_log_in_and_a_kept_session_are_in_the_first_packet() {
    let will =
        Publication { topic: "w".into(), payload: Bytes::from_static(b"gone"), qos: Qos::AtLeastOnce, retained: true };
    // User name, password, will to be retained, at least once, no clean session; MQTT 5 adds its properties.
    let expected: [(Version, &[u8]); 2] = [
        (Version::V3, b"\x00\x04MQTT\x04\xEC\x00\x05\x00\x01x\x00\x01w\x00\x04gone\x00\x01u\x00\x01p"),
        (
            Version::V5,
            b"\x00\x04MQTT\x05\xEC\x00\x05\x08\x11\x00\x00\x00\x3C\x21\x07\xD0\x00\x01x\x00\x00\x01w\x00\x04gone\x00\x01u\x00\x01p",
        ),
    ];
    for (version, connect) in expected {
        let (listener, dial) = listen().await;
        let server = tokio::spawn(play(listener, &[b""]));
        let (_stop, attempt) = attempt();
        let options = Options {
            login: Some(Login { user: "u".into(), password: "p".into() }),
            keeping: Keeping::Session { for_s: 60 },
            acknowledging: Acknowledging::ByHand,
            will: Some(will.clone()),
            ..options(version)
        };
        let (_requests, mut events) = prepare(&options, dial, &attempt);
        let lost = events.next().await.err().expect("the broker leaves");
        assert_eq!(lost.kind, ErrorKind::Lost, "{lost}");
        let sent = server.await.expect("in order");
        assert_eq!(sent[0][2..], *connect, "{version:?}");
    }
}

/// Connects, goes on with the broker's session, subscribes, and acknowledges one message by hand.
async fn go_on(version: Version, answers: &'static [&'static [u8]]) -> Vec<Vec<u8>> {
    let (listener, dial) = listen().await;
    let server = tokio::spawn(play(listener, answers));
    let (_stop, attempt) = attempt();
    let options =
        Options { keeping: Keeping::Session { for_s: 60 }, acknowledging: Acknowledging::ByHand, ..options(version) };
    let (requests, mut events) = prepare(&options, dial, &attempt);
    let mut told = Vec::new();
    loop {
        match events.next().await {
            Ok(Heard::Connected { session_present }) => {
                told.push(format!("session present: {session_present}"));
                requests.subscribe(&["a".into()], Qos::AtLeastOnce).expect("there is room");
            }
            Ok(Heard::Subscribed(answers)) => told.push(format!("{answers:?}")),
            Ok(Heard::Message(message)) => {
                let ack = message.ack.expect("at least once, and by hand");
                told.push(format!("{} repeated: {}", ack.packet_id(), message.repeated));
                requests.acknowledge(ack).expect("there is room");
            }
            Ok(Heard::Other) => {}
            Err(_lost) => break,
        }
    }
    assert_eq!(told, ["session present: true", r#"[("a", Granted(AtLeastOnce))]"#, "9 repeated: true"]);
    server.await.expect("in order")
}

#[tokio::test]
async fn a_kept_session_goes_on_and_is_acknowledged_by_hand() {
    let sent = go_on(Version::V3, &[b"\x20\x02\x01\x00", b"\x90\x03\x00\x01\x01\x3A\x06\x00\x01a\x00\x097", b""]).await;
    assert_eq!(sent[2], b"\x40\x02\x00\x09");
    let sent =
        go_on(Version::V5, &[b"\x20\x03\x01\x00\x00", b"\x90\x04\x00\x01\x00\x01\x3A\x07\x00\x01a\x00\x09\x007", b""])
            .await;
    assert_eq!(sent[2], b"\x40\x02\x00\x09");
}

/// Publishes once connected; returns what became of it and what ended the connection.
async fn hand(version: Version, qos: Qos, answers: &'static [&'static [u8]]) -> (Handed, Lost) {
    let (listener, dial) = listen().await;
    let server = tokio::spawn(play(listener, answers));
    let (_stop, attempt) = attempt();
    let (requests, mut events) = prepare(&options(version), dial, &attempt);
    let mut handing = None;
    let lost = loop {
        match events.next().await {
            Ok(Heard::Connected { .. }) => {
                let publication =
                    Publication { topic: "a/set".into(), payload: Bytes::from_static(b"7"), qos, retained: false };
                handing = Some(requests.publish(publication).expect("there is room"));
            }
            Ok(Heard::Subscribed(_) | Heard::Message(_) | Heard::Other) => {}
            Err(lost) => break lost,
        }
    };
    drop((requests, events));
    server.await.expect("in order");
    (handing.expect("published").done().await, lost)
}

#[tokio::test]
async fn what_becomes_of_a_publication_is_told() {
    let v3: &[u8] = b"\x20\x02\x00\x00";
    let v5: &[u8] = b"\x20\x03\x00\x00\x00";
    let once = |version, answers| hand(version, Qos::AtLeastOnce, answers);
    let answers: &[&[u8]] = Box::leak(Box::new([v3, b"\x40\x02\x00\x01"]));
    assert_eq!(once(Version::V3, answers).await.0, Handed::Taken);
    let answers: &[&[u8]] = Box::leak(Box::new([v3, b""]));
    assert_eq!(once(Version::V3, answers).await.0, Handed::Unknown, "the broker left without an answer");
    assert_eq!(hand(Version::V3, Qos::AtMostOnce, answers).await.0, Handed::Taken, "it was sent");
    let answers: &[&[u8]] = Box::leak(Box::new([v5, b"\x40\x02\x00\x01"]));
    assert_eq!(once(Version::V5, answers).await.0, Handed::Taken);
    let answers: &[&[u8]] = Box::leak(Box::new([v5, b"\x40\x03\x00\x01\x10"]));
    assert_eq!(once(Version::V5, answers).await.0, Handed::NobodyListens);
    let answers: &[&[u8]] = Box::leak(Box::new([v5, b"\x40\x03\x00\x01\x87"]));
    let words = "the broker did not take the message: this station is not authorised";
    assert_eq!(once(Version::V5, answers).await.0, Handed::Refused(words.into()));
    let answers: &[&[u8]] = Box::leak(Box::new([v5, b"\xE0\x01\x8E"]));
    let (handed, lost) = once(Version::V5, answers).await;
    assert_eq!((handed, lost.kind), (Handed::Unknown, ErrorKind::Refused), "{lost}");
    assert!(lost.words.contains("another station has connected with the client id \"x\""), "{lost}");
}
