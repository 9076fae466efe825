//! A faulty network between a link and its peer: a TCP relay that a test damages while it runs.
//!
//! What is set with [`Proxy::set`] holds for the bytes that come after it, on connections that are there already and on
//! new ones. What happens once, such as [`Proxy::reset`], happens to the connections that are there.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// Chunks under way in one direction of one connection. More wait in the sender's socket.
const UNDER_WAY: usize = 256;

/// What is wrong with the way to the server, and with the way back.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// How new connections are received.
    pub door: Door,
    /// From the link to the server.
    pub to_server: Way,
    /// From the server to the link.
    pub to_link: Way,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// It is passed on.
    #[default]
    Open,
    /// Nothing listens.
    Refuses,
    /// The system shakes hands, and nobody takes the connection.
    Unattended,
    /// It is taken, and closed at once.
    Slams,
}

/// What becomes of bytes in one direction.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// They come later by so much.
    pub delay: Duration,
    /// And by up to so much more, differently for each piece; they stay in order.
    pub jitter: Duration,
    /// They are cut into pieces of so many bytes, each of them a write of its own.
    pub segment: Option<usize>,
    /// No more than so many bytes a second.
    pub bytes_per_second: Option<u64>,
    /// These bits of a connection's stream are turned, counted from its begin.
    pub flipped_bits: BTreeSet<u64>,
    /// The connection is cut after so many bytes, which still arrive.
    pub cut_after: Option<u64>,
    /// Whether they are passed on at all.
    pub flow: Flow,
}

/// Whether bytes are passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// They are.
    #[default]
    Pass,
    /// They are not taken; the sender's socket fills up. They arrive once this ends.
    Hold,
    /// They are taken and thrown away.
    Swallow,
}

/// What happens once; each number goes up by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Blows {
    resets: u64,
    ends: u64,
}

/// A relay on a port of its own.
#[derive(Debug)]
pub struct Proxy {
    /// Where links connect to.
    pub port: u16,
    faults: watch::Sender<Faults>,
    blows: watch::Sender<Blows>,
    accepted: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A relay to a server, without any fault.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn start(server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (faults, blows) = (watch::Sender::new(Faults::default()), watch::Sender::new(Blows::default()));
        let accepted = Arc::new(AtomicU64::new(0));
        let relay = Relay { server, faults: faults.subscribe(), blows: blows.subscribe() };
        let task = tokio::spawn(relay.accept(listener, port, Arc::clone(&accepted)));
        Proxy { port, faults, blows, accepted, task }
    }

    /// Changes what is wrong from now on.
    pub fn set(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }

    /// Nothing is wrong from now on.
    pub fn heal(&self) {
        self.faults.send_replace(Faults::default());
    }

    /// Resets every connection, as a device does that was switched off and on.
    pub fn reset(&self) {
        self.blows.send_modify(|blows| blows.resets += 1);
    }

    /// Tells every link that nothing more will come, and goes on taking what it sends.
    pub fn half_close(&self) {
        self.blows.send_modify(|blows| blows.ends += 1);
    }

    /// How many connections were taken so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Relay {
    server: SocketAddr,
    faults: watch::Receiver<Faults>,
    blows: watch::Receiver<Blows>,
}

impl Relay {
    async fn accept(mut self, listener: TcpListener, port: u16, accepted: Arc<AtomicU64>) {
        let mut listener = Some(listener);
        // Dropped with this task, and every connection with it.
        let mut connections = JoinSet::new();
        loop {
            let door = self.faults.borrow_and_update().door;
            match (door, &listener) {
                (Door::Refuses, _) => {
                    listener = None;
                    let _closing = self.faults.changed().await;
                }
                (_, None) => listener = Some(listen_again(port)),
                (Door::Unattended, Some(_)) => {
                    let _closing = self.faults.changed().await;
                }
                (Door::Open | Door::Slams, Some(listening)) => tokio::select! {
                    taken = listening.accept() => {
                        let Ok((stream, _)) = taken else { continue };
                        accepted.fetch_add(1, Relaxed);
                        if door == Door::Open {
                            connections.spawn(self.clone().connection(stream));
                        }
                    }
                    _ = self.faults.changed() => {}
                    Some(_ended) = connections.join_next() => {}
                },
            }
        }
    }

    /// Carries one connection until it ends on either side.
    async fn connection(self, mut link: TcpStream) {
        let Ok(mut server) = TcpStream::connect(self.server).await else { return };
        for stream in [&link, &server] {
            // Pieces are to leave as pieces.
            let _late = stream.set_nodelay(true);
        }
        let mut blows = self.blows.clone();
        let before = *blows.borrow_and_update();
        let is_reset = {
            let (link_in, link_out) = link.split();
            let (server_in, server_out) = server.split();
            let mut half = self.blows.clone();
            let half_closed = async move {
                let _closing = half.wait_for(|now| now.ends != before.ends).await;
            };
            tokio::select! {
                () = self.carry(link_in, server_out, |faults| &faults.to_server, std::future::pending()) => false,
                () = self.carry(server_in, link_out, |faults| &faults.to_link, half_closed) => false,
                _ = blows.wait_for(|now| now.resets != before.resets) => true,
            }
        };
        if is_reset {
            for stream in [&link, &server] {
                // One that is gone already needs no reset.
                let _gone = stream.set_zero_linger();
            }
        }
    }

    /// Carries one direction of one connection, until its sender ends or `half_closed`; then nothing more comes, and the
    /// other direction lives on.
    async fn carry(
        &self,
        mut from: impl AsyncReadExt + Unpin,
        mut to: impl AsyncWriteExt + Unpin,
        way: impl Fn(&Faults) -> &Way,
        half_closed: impl Future<Output = ()>,
    ) {
        let (send, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
        let faults = &self.faults;
        let take = async {
            let (mut at, mut due) = (0u64, Instant::now());
            let mut faults = faults.clone();
            loop {
                let flow = way(&faults.borrow_and_update()).flow;
                if flow == Flow::Hold {
                    let _closing = faults.changed().await;
                    continue;
                }
                let mut chunk = vec![0; 16_384];
                let read = tokio::select! {
                    read = from.read(&mut chunk) => read,
                    _ = faults.changed() => continue,
                };
                let Ok(n @ 1..) = read else { break };
                let way = way(&faults.borrow()).clone();
                if way.flow == Flow::Swallow {
                    continue;
                }
                let n = n.min(usize::try_from(way.cut_after.unwrap_or(u64::MAX).saturating_sub(at)).unwrap_or(n));
                chunk.truncate(n);
                flip(&mut chunk, at, &way.flipped_bits);
                at += n as u64;
                due = due.max(Instant::now() + way.delay + way.jitter.mul_f64(spread(at)));
                if send.send((due, chunk)).await.is_err() || way.cut_after.is_some_and(|end| at >= end) {
                    break;
                }
            }
            drop(send);
        };
        let put = async {
            while let Some((due, chunk)) = under_way.recv().await {
                sleep_until(due).await;
                let way = way(&faults.borrow()).clone();
                let rate = way.bytes_per_second;
                let piece = way.segment.or(rate.map(|_| 256)).unwrap_or(chunk.len()).max(1);
                for piece in chunk.chunks(piece) {
                    if to.write_all(piece).await.is_err() {
                        return;
                    }
                    match rate {
                        #[expect(clippy::cast_precision_loss, reason = "a pause of a test")]
                        Some(rate) => sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await,
                        // Without a turn of the system in between, pieces would leave as one.
                        None => tokio::task::yield_now().await,
                    }
                }
            }
        };
        let lives_on = tokio::select! {
            _ = async { tokio::join!(take, put) } => false,
            () = half_closed => true,
        };
        let _gone = to.shutdown().await;
        if lives_on {
            std::future::pending::<()>().await;
        }
    }
}

fn listen_again(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a new socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).expect("the proxy's own port");
    socket.listen(1_024).expect("a bound socket")
}

fn flip(chunk: &mut [u8], at: u64, bits: &BTreeSet<u64>) {
    let end = at + chunk.len() as u64;
    for bit in bits.range(at * 8..end * 8) {
        let byte = usize::try_from(bit / 8 - at).expect("within the chunk");
        chunk[byte] ^= 0x80 >> (bit % 8);
    }
}

/// A number between 0 and 1 that looks as if it had nothing to do with `seed`.
pub fn spread(seed: u64) -> f64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let unit = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
    unit
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
