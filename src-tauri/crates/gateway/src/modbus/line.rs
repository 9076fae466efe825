//! Opening a physical link: a TCP connection or a serial port, and which frames travel on it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Certificate, Clock, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_modbus::client::{Context, rtu, tcp};
use tokio_serial::SerialPortBuilderExt as _;

use super::device::{Line, Parity, Serial};
use crate::Credentials;
use crate::attempt::Lost;
use crate::socket::{Peer, broken};
use crate::tls::Tls;

/// For the TCP connection alone.
const CONNECT: Duration = Duration::from_secs(3);

/// What opens a line.
pub(super) enum Opener {
    Tcp(Peer),
    Tls(Box<Secured>),
    RtuOverTcp(Peer),
    Serial(Serial),
    /// A line in memory.
    #[cfg(test)]
    Memory(Line, Box<dyn Fn() -> tokio::io::DuplexStream + Send + Sync>),
}

/// A TCP connection with TLS in it.
pub(super) struct Secured {
    peer: Peer,
    host: String,
    tls: Tls,
    trust: Trust,
    /// The certificates of the last handshake, whether it worked or not.
    seen: Mutex<Vec<Certificate>>,
}

/// Where certificates and keys come from, and what time it is for them.
#[derive(Clone)]
pub(crate) struct Trust {
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Opener {
    pub(super) fn new(line: &Line, trust: &Trust) -> Opener {
        match line {
            Line::Tls { host, port, tls } => Opener::Tls(Box::new(Secured {
                peer: Peer::new(host.clone(), *port),
                host: host.clone(),
                tls: tls.clone(),
                trust: trust.clone(),
                seen: Mutex::default(),
            })),
            Line::Tcp { host, port } => Opener::Tcp(Peer::new(host.clone(), *port)),
            Line::RtuOverTcp { host, port } => Opener::RtuOverTcp(Peer::new(host.clone(), *port)),
            Line::Serial(port) => Opener::Serial(port.clone()),
        }
    }

    /// The certificates of both sides, where there are any.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        match self {
            Opener::Tls(secured) => secured.seen.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Opener::Tcp(_) | Opener::RtuOverTcp(_) | Opener::Serial(_) => Vec::new(),
            #[cfg(test)]
            Opener::Memory(..) => Vec::new(),
        }
    }

    /// Opens the line. One whose answers carry no number is listened to until `quiet_from`, and what comes is thrown
    /// away: it is an answer to something that nobody waits for any more.
    pub(super) async fn open(&self, quiet_from: Instant) -> Result<Context, Lost> {
        match self {
            Opener::Tcp(peer) => Ok(tcp::attach(peer.connect(CONNECT).await?)),
            Opener::Tls(secured) => secured.open().await,
            Opener::RtuOverTcp(peer) => rtu_frames(peer.connect(CONNECT).await?, quiet_from).await,
            Opener::Serial(port) => rtu_frames(open_serial(port)?, quiet_from).await,
            #[cfg(test)]
            Opener::Memory(line, open) if line.numbers_requests() => Ok(tcp::attach(open())),
            #[cfg(test)]
            Opener::Memory(_, open) => rtu_frames(open(), quiet_from).await,
        }
    }
}

impl Secured {
    async fn open(&self) -> Result<Context, Lost> {
        let stream = self.peer.connect(CONNECT).await?;
        let Trust { credentials, clock } = &self.trust;
        let shaking = self.tls.shake_hands(stream, &self.host, credentials, clock.now().wall);
        let Ok((shaken, certificates)) = timeout(CONNECT, shaking).await else {
            return Err(Lost::new(ErrorKind::Connect, "the device accepts the connection and does not speak TLS"));
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = certificates;
        Ok(tcp::attach(shaken?))
    }
}

async fn rtu_frames<T>(mut stream: T, quiet_from: Instant) -> Result<Context, Lost>
where
    T: AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut stale = [0; 256];
    loop {
        match timeout_at(quiet_from, stream.read(&mut stale)).await {
            Ok(Ok(0)) => return Err(Lost::new(ErrorKind::Lost, "the other side closed the connection")),
            Ok(Ok(bytes)) => tracing::debug!(bytes, "late bytes were thrown away"),
            Ok(Err(error)) => return Err(broken(&error)),
            Err(_elapsed) => return Ok(rtu::attach(stream)),
        }
    }
}

fn open_serial(port: &Serial) -> Result<tokio_serial::SerialStream, Lost> {
    let (parity, stop_bits) = (
        match port.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        },
        if port.stop_bits == 2 { tokio_serial::StopBits::Two } else { tokio_serial::StopBits::One },
    );
    let builder = tokio_serial::new(&port.device, port.baud).parity(parity).stop_bits(stop_bits);
    builder.open_native_async().map_err(|error| Lost::new(ErrorKind::Connect, cannot_open(&port.device, &error)))
}

fn cannot_open(device: &str, error: &tokio_serial::Error) -> String {
    match error.kind() {
        tokio_serial::ErrorKind::Io(io::ErrorKind::NotFound) => {
            format!("there is no serial port {device}: is its adapter plugged in?")
        }
        tokio_serial::ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
            format!("this user may not open {device}: add it to the group that may, often \"dialout\"")
        }
        tokio_serial::ErrorKind::NoDevice => {
            format!(
                "{device} cannot be opened: it is not there, or another program has it, or a gateway with other settings"
            )
        }
        tokio_serial::ErrorKind::InvalidInput | tokio_serial::ErrorKind::Unknown | tokio_serial::ErrorKind::Io(_) => {
            format!("{device} cannot be opened: {error}")
        }
    }
}
