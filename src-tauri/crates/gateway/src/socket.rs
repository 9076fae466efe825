//! A TCP connection that notices when the other side is gone.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::ErrorKind;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use crate::attempt::Lost;

/// One address gets this head start over the next (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Idle time before the system probes the other side, and the time between probes.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Sent bytes that stay unconfirmed for so long end the connection.
#[cfg(target_os = "linux")]
const UNCONFIRMED: Duration = Duration::from_secs(10);

type Lookup = JoinHandle<io::Result<Vec<SocketAddr>>>;

/// Where a gateway listens.
#[derive(Debug)]
pub(crate) struct Peer {
    host: String,
    port: u16,
    /// A look-up that outlived its attempt. The next attempt waits for it instead of starting another, because each
    /// holds a thread for as long as the system's resolver likes.
    lookup: Mutex<Option<Lookup>>,
}

impl Peer {
    pub(crate) fn new(host: String, port: u16) -> Self {
        Self { host, port, lookup: Mutex::default() }
    }

    /// Connects within `limit`. Addresses are raced, so that a dead one does not eat the others' time.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<TcpStream, Lost> {
        let deadline = Instant::now() + limit;
        let addresses = self.addresses(deadline).await?;
        let mut race = JoinSet::new();
        for (n, address) in (0u32..).zip(addresses) {
            race.spawn(async move {
                sleep(HEAD_START * n).await;
                TcpStream::connect(address).await
            });
        }
        let mut failure = None;
        loop {
            match timeout_at(deadline, race.join_next()).await {
                Ok(Some(Ok(Ok(stream)))) => {
                    watch_over(&stream).map_err(|error| self.lost(&error))?;
                    return Ok(stream);
                }
                Ok(Some(Ok(Err(error)))) => failure = Some(self.lost(&error)),
                Ok(Some(Err(_cancelled))) => {}
                Ok(None) => return Err(failure.unwrap_or_else(|| self.unknown_host("no address"))),
                Err(_elapsed) => return Err(failure.unwrap_or_else(|| self.no_answer(limit))),
            }
        }
    }

    async fn addresses(&self, deadline: Instant) -> Result<Vec<SocketAddr>, Lost> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let earlier = self.lookup.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut lookup = earlier.unwrap_or_else(|| {
            let name = (self.host.clone(), self.port);
            tokio::spawn(async move { Ok(lookup_host(name).await?.collect()) })
        });
        match timeout_at(deadline, &mut lookup).await {
            Ok(Ok(Ok(addresses))) => Ok(addresses),
            Ok(Ok(Err(error))) => Err(self.unknown_host(error)),
            Ok(Err(error)) => Err(self.unknown_host(error)),
            Err(_elapsed) => {
                *self.lookup.lock().unwrap_or_else(PoisonError::into_inner) = Some(lookup);
                Err(self.unknown_host("the name server does not answer"))
            }
        }
    }

    fn unknown_host(&self, error: impl std::fmt::Display) -> Lost {
        Lost::new(ErrorKind::Connect, format!("the name \"{}\" cannot be resolved: {error}", self.host))
    }

    fn no_answer(&self, limit: Duration) -> Lost {
        let (host, port) = (&self.host, self.port);
        Lost::new(ErrorKind::Connect, format!("{host}, port {port}: no answer within {} s", limit.as_secs_f32()))
    }

    fn lost(&self, error: &io::Error) -> Lost {
        let (host, port) = (&self.host, self.port);
        let words = match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("nothing listens at {host}, port {port}"),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                format!("{host} cannot be reached: {error}")
            }
            io::ErrorKind::TimedOut => format!("{host}, port {port}: no answer"),
            _ => format!("{host}, port {port}: {error}"),
        };
        Lost::new(ErrorKind::Connect, words)
    }
}

/// Why a connection that was made broke, in words. A [`Lost`] that travelled as an error is what it was.
pub(crate) fn broken(error: &io::Error) -> Lost {
    if let Some(lost) = error.get_ref().and_then(|inner| inner.downcast_ref::<Lost>()) {
        return lost.clone();
    }
    if let Some(lost) = crate::tls::in_words(error) {
        return lost;
    }
    match error.kind() {
        io::ErrorKind::TimedOut => Lost::new(ErrorKind::Silent, "the other side no longer answers"),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Lost::new(ErrorKind::Lost, "the other side closed the connection"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Lost::new(ErrorKind::Protocol, format!("the other side does not keep to the protocol: {error}"))
        }
        _ => Lost::new(ErrorKind::Lost, format!("the connection broke: {error}")),
    }
}

fn watch_over(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNCONFIRMED))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_where_nothing_listens_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        drop(listener);
        let lost = Peer::new("127.0.0.1".into(), port).connect(Duration::from_secs(5)).await.expect_err("nobody");
        assert_eq!(lost, Lost::new(ErrorKind::Connect, format!("nothing listens at 127.0.0.1, port {port}")));
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_its_addresses_are_raced() {
        // `localhost` is both ::1 and 127.0.0.1 on many machines; only the second listens.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let stream = Peer::new("localhost".into(), port).connect(Duration::from_secs(5)).await.expect("connected");
        assert!(stream.nodelay().expect("a live socket"));
        assert!(SockRef::from(&stream).keepalive().expect("a live socket"));
    }
}
