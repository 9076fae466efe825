//! The session of a Sparkplug host with its broker, seen by a broker that looks at every packet.
//!
//! One connection is lost, the next one is closed on purpose; everything that went over both is recorded, and each of the
//! specification's assertions is a test over the record, named by its id.

mod peer;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use model::DataType;
use peer::{Link, point};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A packet with its first byte.
#[derive(Clone, Debug)]
struct Packet {
    first: u8,
    body: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Publish {
    topic: String,
    qos: u8,
    retain: bool,
    packet_id: [u8; 2],
    payload: String,
}

#[derive(Clone, Debug)]
struct Connect {
    clean: bool,
    will: Publish,
    /// When it arrived, milliseconds since 1970.
    at: i64,
}

/// What went over one connection.
#[derive(Clone, Debug)]
struct Session {
    connect: Connect,
    filters: Vec<String>,
    /// What was published before the subscriptions were granted.
    early: Vec<Publish>,
    birth: Publish,
}

#[derive(Clone, Debug)]
struct Record {
    first: Session,
    /// What followed when the broker said that this host is offline.
    corrected: Publish,
    second: Session,
    death: Publish,
    death_at: i64,
    /// Whether anything came before the death was acknowledged.
    silent_until_acknowledged: bool,
    /// The packet after that.
    last: u8,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("in range")
}

async fn packet(stream: &mut TcpStream) -> Packet {
    loop {
        let first = stream.read_u8().await.expect("a packet");
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let byte = stream.read_u8().await.expect("a length");
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        if first == 0xC0 {
            stream.write_all(&[0xD0, 0]).await.expect("still open");
            continue;
        }
        return Packet { first, body };
    }
}

fn text(bytes: &mut &[u8]) -> String {
    let (length, rest) = bytes.split_at(2);
    let (text, rest) = rest.split_at(usize::from(u16::from_be_bytes([length[0], length[1]])));
    *bytes = rest;
    String::from_utf8(text.to_vec()).expect("UTF-8")
}

fn publish(packet: &Packet) -> Publish {
    assert_eq!(packet.first >> 4, 3, "a PUBLISH: {packet:?}");
    let mut rest = &packet.body[..];
    let topic = text(&mut rest);
    let qos = packet.first >> 1 & 3;
    let mut packet_id = [0; 2];
    if qos > 0 {
        packet_id.copy_from_slice(&rest[..2]);
        rest = &rest[2..];
    }
    let payload = String::from_utf8(rest.to_vec()).expect("UTF-8");
    Publish { topic, qos, retain: packet.first & 1 == 1, packet_id, payload }
}

fn connect(packet: &Packet) -> Connect {
    assert_eq!(packet.first, 0x10, "a CONNECT: {packet:?}");
    assert_eq!(&packet.body[..7], b"\0\x04MQTT\x04", "of MQTT 3.1.1");
    let flags = packet.body[7];
    assert!(flags & 0x04 != 0, "with a will");
    let mut rest = &packet.body[10..];
    let _client_id = text(&mut rest);
    let (topic, payload) = (text(&mut rest), text(&mut rest));
    let will = Publish { topic, qos: flags >> 3 & 3, retain: flags & 0x20 != 0, packet_id: [0; 2], payload };
    Connect { clean: flags & 0x02 != 0, will, at: now() }
}

async fn acknowledge(stream: &mut TcpStream, publish: &Publish) {
    let [high, low] = publish.packet_id;
    stream.write_all(&[0x40, 2, high, low]).await.expect("still open");
}

/// Up to the birth.
async fn begin(stream: &mut TcpStream) -> Session {
    let connect = connect(&packet(stream).await);
    stream.write_all(&[0x20, 2, 0, 0]).await.expect("still open");
    let subscribe = packet(stream).await;
    assert_eq!(subscribe.first, 0x82, "a SUBSCRIBE");
    let mut rest = &subscribe.body[2..];
    let mut filters = Vec::new();
    while !rest.is_empty() {
        filters.push(text(&mut rest));
        rest = &rest[1..];
    }
    // Whatever it has to say before the subscriptions are granted comes now.
    let mut early = Vec::new();
    while let Ok(packet) = tokio::time::timeout(Duration::from_millis(150), packet(stream)).await {
        early.push(publish(&packet));
    }
    let grants = vec![1; filters.len()];
    let length = u8::try_from(2 + grants.len()).expect("few");
    let answer = [&[0x90, length][..], &subscribe.body[..2], &grants].concat();
    stream.write_all(&answer).await.expect("still open");
    let birth = publish(&packet(stream).await);
    acknowledge(stream, &birth).await;
    Session { connect, filters, early, birth }
}

async fn run() -> Record {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let tag = point(0, DataType::Float, r#"{"group":"g","node":"n","metric":"a"}"#);
    let link = Link::open("sparkplug", port, r#""host_id":"andon""#, vec![tag]);
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let first = begin(&mut stream).await;

    let offline = br#"{"online":false,"timestamp":1}"#;
    let topic = b"spBv1.0/STATE/andon";
    let length = u8::try_from(2 + topic.len() + offline.len()).expect("short");
    let said = [&[0x30, length, 0, 19][..], topic, offline].concat();
    stream.write_all(&said).await.expect("still open");
    let corrected = publish(&packet(&mut stream).await);
    acknowledge(&mut stream, &corrected).await;
    drop(stream);

    let (mut stream, _) = listener.accept().await.expect("it comes back");
    let second = begin(&mut stream).await;
    let closing = tokio::spawn(link.link.close());
    let death = publish(&packet(&mut stream).await);
    let death_at = now();
    let silent_until_acknowledged =
        tokio::time::timeout(Duration::from_millis(150), packet(&mut stream)).await.is_err();
    acknowledge(&mut stream, &death).await;
    let last = packet(&mut stream).await.first;
    closing.await.expect("in order");
    Record { first, corrected, second, death, death_at, silent_until_acknowledged, last }
}

fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), run()).await.expect("in time") })
    })
}

fn state(publish: &Publish) -> (bool, i64) {
    let json: Json = serde_json::from_str(&publish.payload).expect("JSON");
    let keys: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["online", "timestamp"]);
    (json["online"].as_bool().expect("a boolean"), json["timestamp"].as_i64().expect("an integer"))
}

macro_rules! assertions {
    ($($check:ident: $($id:ident),+;)*) => {
        $($(#[test] fn $id() { $check(record()); })+)*
    };
}

assertions! {
    a_host_tells_whether_it_is_there:
        tck_id_intro_sparkplug_host_state,
        tck_id_components_ph_state,
        tck_id_conformance_primary_host;
    the_birth_is_published_first:
        tck_id_principles_birth_certificates_order,
        tck_id_host_topic_phid_birth_message,
        tck_id_operational_behavior_host_application_connect_birth,
        tck_id_operational_behavior_primary_application_state_with_multiple_servers_state;
    the_birth_has_qos_1:
        tck_id_host_topic_phid_birth_qos,
        tck_id_operational_behavior_host_application_connect_birth_qos;
    the_birth_is_retained:
        tck_id_host_topic_phid_birth_retain,
        tck_id_operational_behavior_host_application_connect_birth_retained;
    the_birth_is_on_the_hosts_topic:
        tck_id_host_topic_phid_birth_topic,
        tck_id_operational_behavior_host_application_connect_birth_topic;
    the_birth_follows_the_subscription:
        tck_id_host_topic_phid_birth_required,
        tck_id_message_flow_phid_sparkplug_subscription,
        tck_id_message_flow_phid_sparkplug_state_publish,
        tck_id_payloads_state_subscribe,
        tck_id_payloads_state_birth;
    the_birth_says_since_when:
        tck_id_host_topic_phid_birth_payload,
        tck_id_message_flow_phid_sparkplug_state_publish_payload,
        tck_id_payloads_state_birth_payload,
        tck_id_operational_behavior_host_application_connect_birth_payload;
    the_births_time_is_the_wills:
        tck_id_host_topic_phid_birth_payload_timestamp,
        tck_id_message_flow_phid_sparkplug_state_publish_payload_timestamp;
    there_is_a_will:
        tck_id_host_topic_phid_death_required,
        tck_id_operational_behavior_host_application_connect_will;
    the_will_has_qos_1:
        tck_id_payloads_state_will_message_qos,
        tck_id_operational_behavior_host_application_connect_will_qos;
    the_will_is_retained:
        tck_id_payloads_state_will_message_retain,
        tck_id_operational_behavior_host_application_connect_will_retained;
    the_will_is_on_the_hosts_topic:
        tck_id_operational_behavior_host_application_connect_will_topic;
    the_will_says_offline:
        tck_id_host_topic_phid_death_payload,
        tck_id_payloads_state_will_message_payload,
        tck_id_operational_behavior_host_application_connect_will_payload;
    the_wills_time_is_taken_anew_for_every_connection:
        tck_id_host_topic_phid_death_payload_timestamp_connect,
        tck_id_operational_behavior_host_application_multi_server_timestamp;
    the_session_is_clean:
        tck_id_message_flow_phid_sparkplug_clean_session_311;
    a_false_death_is_corrected_at_once:
        tck_id_message_flow_hid_sparkplug_state_message_delivered;
    the_death_is_published_before_a_goodbye:
        tck_id_operational_behavior_host_application_termination,
        tck_id_host_topic_phid_death_payload_timestamp_disconnect_with_no_disconnect_packet,
        tck_id_operational_behavior_host_application_disconnect_intentional;
    the_death_says_when:
        tck_id_host_topic_phid_death_payload_timestamp_disconnect_clean,
        tck_id_operational_behavior_host_application_death_payload;
    the_death_has_qos_1:
        tck_id_host_topic_phid_death_qos,
        tck_id_operational_behavior_host_application_death_qos;
    the_death_is_retained:
        tck_id_host_topic_phid_death_retain,
        tck_id_operational_behavior_host_application_death_retained;
    the_death_is_on_the_hosts_topic:
        tck_id_host_topic_phid_death_topic,
        tck_id_operational_behavior_host_application_death_topic;
}

fn sessions(record: &Record) -> [&Session; 2] {
    [&record.first, &record.second]
}

fn a_host_tells_whether_it_is_there(record: &Record) {
    assert!(state(&record.first.birth).0 && state(&record.second.birth).0);
    assert!(!state(&record.death).0);
}

fn the_birth_is_published_first(record: &Record) {
    for session in sessions(record) {
        assert!(session.early.is_empty(), "{:?}", session.early);
        assert!(state(&session.birth).0);
    }
}

fn the_birth_has_qos_1(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.birth.qos == 1));
}

fn the_birth_is_retained(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.birth.retain));
}

fn the_birth_is_on_the_hosts_topic(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.birth.topic == "spBv1.0/STATE/andon"));
}

fn the_birth_follows_the_subscription(record: &Record) {
    for session in sessions(record) {
        assert_eq!(session.filters[0], "spBv1.0/STATE/andon");
        assert!(session.filters.iter().any(|filter| filter == "spBv1.0/+/NBIRTH/+"));
        assert!(session.early.is_empty() && state(&session.birth).0);
        assert_eq!((session.birth.qos, session.birth.retain), (1, true));
    }
}

fn the_birth_says_since_when(record: &Record) {
    for session in sessions(record) {
        let (online, time) = state(&session.birth);
        assert!(online && (session.connect.at - time).abs() < 5_000);
    }
}

fn the_births_time_is_the_wills(record: &Record) {
    for session in sessions(record) {
        assert_eq!(state(&session.birth).1, state(&session.connect.will).1);
    }
}

fn there_is_a_will(record: &Record) {
    assert!(sessions(record).iter().all(|session| !session.connect.will.payload.is_empty()));
}

fn the_will_has_qos_1(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.connect.will.qos == 1));
}

fn the_will_is_retained(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.connect.will.retain));
}

fn the_will_is_on_the_hosts_topic(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.connect.will.topic == "spBv1.0/STATE/andon"));
}

fn the_will_says_offline(record: &Record) {
    assert!(sessions(record).iter().all(|session| !state(&session.connect.will).0));
}

fn the_wills_time_is_taken_anew_for_every_connection(record: &Record) {
    let [first, second] = sessions(record).map(|session| state(&session.connect.will).1);
    assert!(second > first, "{first} and {second}");
    for session in sessions(record) {
        let behind = session.connect.at - state(&session.connect.will).1;
        assert!((0..5_000).contains(&behind), "{behind} ms");
    }
}

fn the_session_is_clean(record: &Record) {
    assert!(sessions(record).iter().all(|session| session.connect.clean));
}

fn a_false_death_is_corrected_at_once(record: &Record) {
    let corrected = &record.corrected;
    assert_eq!(state(corrected), (true, state(&record.first.connect.will).1));
    assert_eq!((corrected.topic.as_str(), corrected.qos, corrected.retain), ("spBv1.0/STATE/andon", 1, true));
}

fn the_death_is_published_before_a_goodbye(record: &Record) {
    assert!(!state(&record.death).0);
    assert!(record.silent_until_acknowledged, "the goodbye waits until the broker has the death");
    assert_eq!(record.last, 0xE0, "DISCONNECT");
}

fn the_death_says_when(record: &Record) {
    let (online, time) = state(&record.death);
    assert!(!online && (0..2_000).contains(&(record.death_at - time)));
    assert!(time > state(&record.second.birth).1, "now, and not when it connected");
}

fn the_death_has_qos_1(record: &Record) {
    assert_eq!(record.death.qos, 1);
}

fn the_death_is_retained(record: &Record) {
    assert!(record.death.retain);
}

fn the_death_is_on_the_hosts_topic(record: &Record) {
    assert_eq!(record.death.topic, "spBv1.0/STATE/andon");
}

#[tokio::test]
async fn tck_id_message_flow_phid_sparkplug_clean_session_50() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let _link = Link::open("sparkplug", port, r#""host_id":"andon","version":"5""#, Vec::new());
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let body = packet(&mut stream).await.body;
    assert_eq!(&body[..7], b"\0\x04MQTT\x05", "of MQTT 5");
    assert!(body[7] & 0x02 != 0, "clean start");
    // The properties of CONNECT that come before the client id (MQTT 5, 3.1.2.11), with the bytes of each.
    let mut properties = &body[11..11 + usize::from(body[10])];
    while let [id, rest @ ..] = properties {
        let length = match id {
            0x11 | 0x27 => 4,
            0x21 | 0x22 => 2,
            0x17 | 0x19 => 1,
            other => panic!("the property {other:#x} is not expected"),
        };
        let (value, rest) = rest.split_at(length);
        assert!(*id != 0x11 || value == [0; 4], "the session ends with the connection: {value:?}");
        properties = rest;
    }
}
