//! A hand-written broker, to be told what to do packet by packet.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Link, point};
use model::DataType;

/// The connection is accepted, and nothing was kept.
pub const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
/// The connection is accepted, and its session goes on.
pub const RESUMED: [u8; 4] = [0x20, 2, 1, 0];
const PINGRESP: [u8; 2] = [0xD0, 0];

/// Listens on a free port.
pub struct Broker {
    listener: TcpListener,
    /// Where.
    pub port: u16,
}

/// One connection of the station under test.
pub struct Station {
    stream: TcpStream,
    /// As it called itself.
    pub client_id: String,
    /// Whether it wants nothing of a session to be kept.
    pub is_clean: bool,
}

impl Broker {
    /// On a free port.
    pub async fn start() -> Broker {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        Broker { listener, port }
    }

    /// The next connection, after its CONNECT.
    pub async fn connect(&self) -> Station {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        let mut station = Station { stream, client_id: String::new(), is_clean: false };
        let (first, body) = station.packet().await.expect("CONNECT");
        assert_eq!(first, 0x10);
        // Name and level of the protocol, flags, keep-alive, in MQTT 5 few properties; then the client id.
        let properties = if body[6] == 5 { 1 + usize::from(body[10]) } else { 0 };
        station.is_clean = body[7] & 0b10 != 0;
        station.client_id = text(&body[10 + properties..]).0;
        station
    }

    /// The next connection, after its subscriptions were granted with `grant`.
    pub async fn subscribe(&self, grant: impl Fn(&str) -> u8) -> Station {
        self.go_on(&CONNACK, grant).await
    }

    /// The same, with an answer to CONNECT.
    pub async fn go_on(&self, answer: &[u8], grant: impl Fn(&str) -> u8) -> Station {
        let mut station = self.connect().await;
        station.send(answer).await;
        station.grant(grant).await;
        station
    }
}

impl Station {
    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        // The station may have left already; what it makes of that is what the test looks at.
        let _left = self.stream.write_all(bytes).await;
    }

    /// The first byte and the body of the next packet; `None` when the station left.
    pub async fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((first, body))
    }

    /// Answers one SUBSCRIBE; returns its topics.
    pub async fn grant(&mut self, grant: impl Fn(&str) -> u8) -> Vec<String> {
        let (first, body) = self.packet().await.expect("SUBSCRIBE");
        assert_eq!(first, 0x82);
        let (mut topics, mut rest) = (Vec::new(), &body[2..]);
        while let [high, low, after @ ..] = rest {
            let (topic, after) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            topics.push(String::from_utf8(topic.to_vec()).expect("UTF-8"));
            rest = &after[1..];
        }
        let mut answer = vec![0x90, u8::try_from(2 + topics.len()).expect("few topics"), body[0], body[1]];
        answer.extend(topics.iter().map(|topic| grant(topic)));
        self.send(&answer).await;
        topics
    }

    /// A message of QoS 0.
    pub async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.send(&publish(0x30, topic, payload)).await;
    }

    /// The next packet that is no ping; pings are answered.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let (first, body) = self.packet().await?;
            if first != 0xC0 {
                return Some((first, body));
            }
            self.send(&PINGRESP).await;
        }
    }

    /// The packet id of the next packet, which is a PUBACK.
    pub async fn acknowledged(&mut self) -> u16 {
        let (first, body) = self.next().await.expect("PUBACK");
        assert_eq!(first, 0x40, "PUBACK");
        u16::from_be_bytes([body[0], body[1]])
    }

    /// The next packet, which is a message of QoS 1: its topic, its packet id and its payload.
    pub async fn published(&mut self) -> (String, u16, String) {
        let (first, body) = self.next().await.expect("PUBLISH");
        assert_eq!(first, 0x32, "PUBLISH of QoS 1, neither repeated nor retained");
        let (topic, rest) = text(&body);
        let payload = String::from_utf8(rest[2..].to_vec()).expect("UTF-8");
        (topic, u16::from_be_bytes([rest[0], rest[1]]), payload)
    }

    /// Tells that it has a message.
    pub async fn take(&mut self, packet_id: u16) {
        let [high, low] = packet_id.to_be_bytes();
        self.send(&[0x40, 2, high, low]).await;
    }

    /// Answers pings until the station leaves.
    pub async fn serve(mut self) {
        while let Some((first, _)) = self.packet().await {
            if first == 0xC0 {
                self.send(&PINGRESP).await;
            }
        }
    }
}

/// A text with its length, and what follows it.
fn text(bytes: &[u8]) -> (String, &[u8]) {
    let (text, rest) = bytes[2..].split_at(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])));
    (String::from_utf8(text.to_vec()).expect("UTF-8"), rest)
}

/// A message with the first byte as given, and the packet id 9 where it has one.
pub fn publish(first: u8, topic: &str, payload: &[u8]) -> Vec<u8> {
    publish_as(first, 9, topic, payload)
}

/// The same with a packet id.
pub fn publish_as(first: u8, packet_id: u16, topic: &str, payload: &[u8]) -> Vec<u8> {
    let id = packet_id.to_be_bytes();
    let id: &[u8] = if first & 0b110 == 0 { &[] } else { &id };
    let topic_length = u16::try_from(topic.len()).expect("short").to_be_bytes();
    let body = [&topic_length[..], topic.as_bytes(), id, payload].concat();
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length & 0x7F).expect("seven bits");
        length >>= 7;
        packet.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// Grants QoS 1.
pub fn granted(_topic: &str) -> u8 {
    1
}

/// A link to a broker with a number on each topic.
pub fn mqtt(broker: &Broker, more: &str, topics: &[&str]) -> Link {
    let points = (0..).zip(topics).map(|(n, topic)| point(n, DataType::Float, &format!(r#"{{"topic":"{topic}"}}"#)));
    Link::open("mqtt", broker.port, more, points.collect())
}
