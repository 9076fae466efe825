//! A publisher that shares no code with what is tested.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Publishes with QoS 1, one message after another.
#[derive(Debug)]
pub struct Publisher {
    stream: TcpStream,
}

/// Whether a message is kept by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// No: whoever subscribes later does not see it.
    Live,
    /// Yes, until the next one of its topic.
    Retained,
}

impl Publisher {
    /// Connects to a broker of this machine that admits everybody.
    pub(crate) async fn connect(port: u16) -> Publisher {
        Publisher { stream: raw_connection(port).await }
    }

    /// Introduces itself over a connection that was made elsewhere.
    pub(crate) async fn over(stream: std::net::TcpStream) -> Publisher {
        Publisher { stream: raw_over(stream).await }
    }

    /// Connects as a user.
    ///
    /// # Panics
    /// When nobody listens or the broker does not accept.
    pub async fn connect_as(port: u16, user: &str, password: &str) -> Publisher {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the broker listens");
        Publisher { stream: introduce(stream, Some((user, password))).await.expect(ADMITS) }
    }

    /// Connects to a broker of this machine that may be away.
    pub async fn try_connect(port: u16) -> Option<Publisher> {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => introduce(stream, None).await.ok().map(|stream| Publisher { stream }),
            Err(_away) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                None
            }
        }
    }

    /// Publishes a message and waits until the broker has it.
    ///
    /// # Panics
    /// When the broker does not take it.
    pub async fn publish(&mut self, topic: &str, payload: &[u8], keep: Keep) {
        self.stream.write_all(&confirmed_packet(topic, payload, keep)).await.expect("the broker listens");
        let mut answer = [0; 4];
        self.stream.read_exact(&mut answer).await.expect("PUBACK");
        assert_eq!(answer, [0x40, 2, 0, 1], "the broker has it");
    }

    /// Publishes a live message.
    pub async fn live(&mut self, topic: &str, payload: impl AsRef<[u8]>) {
        self.publish(topic, payload.as_ref(), Keep::Live).await;
    }

    /// Publishes a live message, or gives up where the broker is gone: then nobody knows whether it has it.
    pub async fn try_live(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> bool {
        let mut answer = [0; 4];
        let packet = confirmed_packet(topic, payload.as_ref(), Keep::Live);
        self.stream.write_all(&packet).await.is_ok() && self.stream.read_exact(&mut answer).await.is_ok()
    }
}

/// A connection to a broker of this machine that accepted it, for bytes of one's own.
///
/// # Panics
/// When nobody listens or the broker does not accept.
pub async fn raw_connection(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the broker listens");
    introduce(stream, None).await.expect(ADMITS)
}

/// Introduces itself over a connection that was made elsewhere.
pub(crate) async fn raw_over(stream: std::net::TcpStream) -> TcpStream {
    stream.set_nonblocking(true).expect("a socket");
    introduce(TcpStream::from_std(stream).expect("a socket"), None).await.expect(ADMITS)
}

const ADMITS: &str = "the broker admits it";

async fn introduce(mut stream: TcpStream, user: Option<(&str, &str)>) -> io::Result<TcpStream> {
    // Of two clients of one name the broker ends the first, also where another process has it.
    let id = format!("test{}-{}", std::process::id(), own_number());
    let flags = if user.is_some() { 0xC2 } else { 0x02 };
    // CONNECT, MQTT 3.1.1, clean session, no keep-alive.
    let mut body = [&b"\0\x04MQTT\x04"[..], &[flags, 0, 0], &text(&id)].concat();
    if let Some((user, password)) = user {
        body.extend([text(user), text(password)].concat());
    }
    stream.write_all(&packet(0x10, &body)).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    let is_accepted = answer == [0x20, 2, 0, 0];
    if is_accepted { Ok(stream) } else { Err(io::Error::other(format!("the broker answers {answer:?}"))) }
}

/// A message with QoS 0, as bytes.
///
/// # Panics
/// When the topic is longer than 65,535 bytes.
pub fn publish_packet(topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x30, &[&text(topic), payload].concat())
}

/// A message with QoS 1 and the packet id 1.
fn confirmed_packet(topic: &str, payload: &[u8], keep: Keep) -> Vec<u8> {
    let first = match keep {
        Keep::Live => 0x32,
        Keep::Retained => 0x33,
    };
    packet(first, &[&text(topic)[..], &[0, 1], payload].concat())
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a text of at most 65,535 bytes").to_be_bytes();
    [&length[..], text.as_bytes()].concat()
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length & 0x7F).expect("seven bits");
        length >>= 7;
        bytes.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

/// Differs from every other in this process.
fn own_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
