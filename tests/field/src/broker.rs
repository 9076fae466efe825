//! Mosquitto, and a publisher that shares no code with what is tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Process, free_port};

/// A broker with its own configuration.
#[derive(Debug)]
pub struct Mosquitto {
    /// Where it listens, on this machine alone.
    pub port: u16,
    folder: TempDir,
    process: Option<Process>,
}

/// Whether a message is kept by the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// No: whoever subscribes later does not see it.
    Live,
    /// Yes, until the next one of its topic.
    Retained,
}

impl Mosquitto {
    /// Starts a broker that admits everybody.
    ///
    /// # Panics
    /// When Mosquitto is not installed.
    pub async fn start() -> Mosquitto {
        let folder = TempDir::new().expect("a temporary folder");
        let port = free_port();
        let configuration =
            format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n");
        std::fs::write(folder.path().join("mosquitto.conf"), configuration).expect("a writable folder");
        let mut broker = Mosquitto { port, folder, process: None };
        broker.restart().await;
        broker
    }

    /// Starts it again, on the same port, with nothing of what it knew.
    pub async fn restart(&mut self) {
        let mut command = Command::new(program());
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let remedy = "apt-get install mosquitto";
        self.process = Some(Process::start(&mut command, self.port, remedy).await);
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// The running program.
    ///
    /// # Panics
    /// When it was killed.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the broker runs")
    }

    /// A connection to publish with.
    pub async fn publisher(&self) -> Publisher {
        Publisher::connect(self.port).await
    }
}

/// Mosquitto is a system program, and those are not on everybody's path.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(Into::into))
        .map(|folder: PathBuf| folder.join("mosquitto"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| Path::new("mosquitto").to_owned())
}

/// Publishes with QoS 1, one message after another.
#[derive(Debug)]
pub struct Publisher {
    stream: TcpStream,
}

impl Publisher {
    async fn connect(port: u16) -> Publisher {
        Publisher { stream: raw_connection(port).await }
    }

    /// Publishes a message and waits until the broker has it.
    ///
    /// # Panics
    /// When the broker does not take it.
    pub async fn publish(&mut self, topic: &str, payload: &[u8], keep: Keep) {
        let length = u16::try_from(topic.len()).expect("short").to_be_bytes();
        let body = [&length[..], topic.as_bytes(), &[0, 1], payload].concat();
        let first = match keep {
            Keep::Live => 0x32,
            Keep::Retained => 0x33,
        };
        self.stream.write_all(&packet(first, &body)).await.expect("the broker listens");
        let mut answer = [0; 4];
        self.stream.read_exact(&mut answer).await.expect("PUBACK");
        assert_eq!(answer, [0x40, 2, 0, 1], "the broker has it");
    }

    /// Publishes a live message.
    pub async fn live(&mut self, topic: &str, payload: impl AsRef<[u8]>) {
        self.publish(topic, payload.as_ref(), Keep::Live).await;
    }
}

/// A connection to a broker that accepted it, for bytes of one's own.
///
/// # Panics
/// When nobody listens or the broker does not accept.
pub async fn raw_connection(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the broker listens");
    let id = format!("test{}", own_number());
    let length = u16::try_from(id.len()).expect("short").to_be_bytes();
    // CONNECT, MQTT 3.1.1, clean session, no keep-alive.
    let body = [&b"\0\x04MQTT\x04\x02\0\0"[..], &length, id.as_bytes()].concat();
    stream.write_all(&packet(0x10, &body)).await.expect("the broker listens");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.expect("CONNACK");
    assert_eq!(answer, [0x20, 2, 0, 0], "the broker accepts");
    stream
}

/// A message with QoS 0, as bytes.
///
/// # Panics
/// When the topic is longer than 65,535 bytes.
pub fn publish_packet(topic: &str, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(topic.len()).expect("a topic of this length").to_be_bytes();
    packet(0x30, &[&length[..], topic.as_bytes(), payload].concat())
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
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

/// Differs from every other in this process; brokers of different processes never meet.
fn own_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
