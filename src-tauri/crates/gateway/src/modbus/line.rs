//! Opening a physical link: a TCP connection or a serial port, and which frames travel on it.

use std::io;
use std::time::Duration;

use model::ErrorKind;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_modbus::client::{Context, rtu, tcp};
use tokio_serial::SerialPortBuilderExt as _;

use super::device::{Line, Parity, Serial};
use crate::attempt::Lost;
use crate::socket::{Peer, broken};

/// For the TCP connection alone.
const CONNECT: Duration = Duration::from_secs(3);

/// What opens a line.
pub(super) enum Opener {
    Tcp(Peer),
    RtuOverTcp(Peer),
    Serial(Serial),
    /// A line in memory.
    #[cfg(test)]
    Memory(Line, Box<dyn Fn() -> tokio::io::DuplexStream + Send + Sync>),
}

impl Opener {
    pub(super) fn new(line: &Line) -> Opener {
        match line {
            Line::Tcp { host, port } => Opener::Tcp(Peer::new(host.clone(), *port)),
            Line::RtuOverTcp { host, port } => Opener::RtuOverTcp(Peer::new(host.clone(), *port)),
            Line::Serial(port) => Opener::Serial(port.clone()),
        }
    }

    /// Opens the line. One whose answers carry no number is listened to until `quiet_from`, and what comes is thrown
    /// away: it is an answer to something that nobody waits for any more.
    pub(super) async fn open(&self, quiet_from: Instant) -> Result<Context, Lost> {
        match self {
            Opener::Tcp(peer) => Ok(tcp::attach(peer.connect(CONNECT).await?)),
            Opener::RtuOverTcp(peer) => rtu_frames(peer.connect(CONNECT).await?, quiet_from).await,
            Opener::Serial(port) => rtu_frames(open_serial(port)?, quiet_from).await,
            #[cfg(test)]
            Opener::Memory(line, open) if line.numbers_requests() => Ok(tcp::attach(open())),
            #[cfg(test)]
            Opener::Memory(_, open) => rtu_frames(open(), quiet_from).await,
        }
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
