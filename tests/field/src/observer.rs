//! Whoever listens at the broker, and notes what arrived and when. It shares no code with what is tested.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::publisher::{packet, raw_connection, raw_over, text};

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// When the broker handed it over.
    pub at: Instant,
    /// Whether the broker had kept it.
    pub retained: bool,
}

/// A subscriber with QoS 0: each publication arrives once.
#[derive(Debug)]
pub struct Observer {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    task: JoinHandle<()>,
}

impl Observer {
    /// Subscribes at a broker of this machine.
    ///
    /// # Panics
    /// When it does not grant it.
    pub async fn start(port: u16, filter: &str) -> Observer {
        Self::subscribe(raw_connection(port).await, filter).await
    }

    /// Subscribes over a connection that was made elsewhere.
    ///
    /// # Panics
    /// When the broker does not grant it.
    pub async fn over(stream: std::net::TcpStream, filter: &str) -> Observer {
        Self::subscribe(raw_over(stream).await, filter).await
    }

    async fn subscribe(mut stream: TcpStream, filter: &str) -> Observer {
        let body = [&[0, 1][..], &text(filter), &[0]].concat();
        stream.write_all(&packet(0x82, &body)).await.expect("the broker listens");
        let answer = next_packet(&mut stream).await.expect("SUBACK");
        assert_eq!(answer, (0x90, vec![0, 1, 0]), "the broker grants it");
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&arrived);
        let task = tokio::spawn(async move {
            while let Some((first, body)) = next_packet(&mut stream).await {
                let [high, low, rest @ ..] = &body[..] else { continue };
                let (topic, payload) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                notes.lock().unwrap_or_else(PoisonError::into_inner).push(Arrived {
                    topic: String::from_utf8_lossy(topic).into_owned(),
                    payload: payload.to_vec(),
                    at: Instant::now(),
                    retained: first & 1 == 1,
                });
            }
        });
        Observer { arrived, task }
    }

    /// Everything that arrived so far, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until nothing came for a while.
    pub async fn until_quiet(&self, quiet: Duration) {
        loop {
            let before = self.arrived().len();
            tokio::time::sleep(quiet).await;
            if self.arrived().len() == before {
                return;
            }
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first byte and the body of the next packet; `None` when the broker left.
async fn next_packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let first = stream.read_u8().await.ok()?;
    let (mut length, mut shift) = (0usize, 0);
    loop {
        let byte = stream.read_u8().await.ok()?;
        length |= usize::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((first, body))
}
