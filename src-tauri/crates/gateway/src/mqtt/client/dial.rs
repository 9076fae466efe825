//! The way to a broker, up to where MQTT begins: TCP, and on it, where the plant file says so, TLS and a WebSocket.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Certificate, ErrorKind, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::websocket;
use crate::Credentials;
use crate::attempt::Lost;
use crate::socket::Peer;
use crate::tls::Tls;

/// For the TCP connection alone. Shorter than the limit for it and the CONNACK together, so that the words can tell the
/// one from the other.
const CONNECT: Duration = Duration::from_secs(4);
/// For TLS and the WebSocket together.
const WRAP: Duration = Duration::from_secs(4);
/// For everything up to the CONNACK, over bare TCP and otherwise.
const ANSWERED_S: u64 = 5;
const ANSWERED_WRAPPED_S: u64 = 10;

/// How a broker is reached.
pub(crate) struct Dial {
    peer: Peer,
    host: String,
    port: u16,
    wrapping: Wrapping,
    credentials: Arc<dyn Credentials>,
    /// The certificates of both sides, as the newest connection showed them.
    certificates: Mutex<Vec<Certificate>>,
}

/// What is around MQTT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrapping {
    pub(crate) tls: Option<Tls>,
    /// The path of the WebSocket.
    pub(crate) websocket: Option<String>,
}

/// Whatever bytes travel on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Dial {
    pub(crate) fn new(host: String, port: u16, wrapping: Wrapping, credentials: Arc<dyn Credentials>) -> Self {
        let peer = Peer::new(host.clone(), port);
        Self { peer, host, port, wrapping, credentials, certificates: Mutex::default() }
    }

    /// The certificates of both sides, as the newest connection showed them.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Seconds within which the broker has to have answered to CONNECT.
    pub(super) fn limit_s(&self) -> u64 {
        if self.wrapping == Wrapping::default() { ANSWERED_S } else { ANSWERED_WRAPPED_S }
    }

    /// Connects. `now` is what certificates are judged by.
    pub(super) async fn connect(&self, now: Timestamp) -> Result<Box<dyn Stream>, Lost> {
        let stream = self.peer.connect(CONNECT).await?;
        match timeout(WRAP, self.wrap(Box::new(stream), now)).await {
            Ok(wrapped) => wrapped,
            Err(_elapsed) => {
                let (host, port) = (&self.host, self.port);
                let what = if self.wrapping.tls.is_some() { "TLS" } else { "a WebSocket" };
                let seconds = WRAP.as_secs();
                let words =
                    format!("{host}, port {port} is connected, but does not answer with {what} within {seconds} s");
                Err(Lost::new(ErrorKind::Connect, words))
            }
        }
    }

    async fn wrap(&self, stream: Box<dyn Stream>, now: Timestamp) -> Result<Box<dyn Stream>, Lost> {
        let mut stream = stream;
        if let Some(tls) = &self.wrapping.tls {
            let (shaken, certificates) = tls.shake_hands(stream, &self.host, &self.credentials, now).await;
            *self.certificates.lock().unwrap_or_else(PoisonError::into_inner) = certificates;
            stream = Box::new(shaken?);
        }
        if let Some(path) = &self.wrapping.websocket {
            stream = Box::new(websocket::open(stream, &self.host, self.port, path).await?);
        }
        Ok(stream)
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("peer", &self.peer).field("wrapping", &self.wrapping).finish_non_exhaustive()
    }
}
