//! The way to a broker, up to where MQTT begins.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::attempt::Lost;
use crate::socket::Peer;

/// For the TCP connection alone. Shorter than the limit for it and the CONNACK together, so that the words can tell the
/// one from the other.
const CONNECT: Duration = Duration::from_secs(4);
/// For the connection and the CONNACK.
const ANSWERED: u64 = 5;

/// How a broker is reached.
#[derive(Debug)]
pub(crate) struct Dial {
    peer: Peer,
}

/// Whatever bytes travel on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Dial {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    /// Seconds within which the broker has to have answered to CONNECT.
    pub(super) fn limit_s(&self) -> u64 {
        ANSWERED
    }

    /// Connects.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, Lost> {
        Ok(Box::new(self.peer.connect(CONNECT).await?))
    }
}
