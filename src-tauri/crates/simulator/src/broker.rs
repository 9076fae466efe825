//! A real MQTT broker in this process that can be killed and begun anew on the same port.
//!
//! rumqttd's `Broker::start` has no way to end: it joins server threads that never return. The broker is therefore put
//! together from its public parts, a `Router` and a `Server`, and the server runs on a runtime of its own in a thread
//! of its own. Ending that runtime drops the listener and every connection at once, which is what the clients of a
//! killed broker see; a new `Router` remembers nothing. No relay in front of it is needed, and none is there to
//! behave in another way than a broker.
//!
//! What remains of a killed broker is its router's thread, which rumqttd never ends: asleep, with at most the few
//! megabytes that its log segments are capped at. That is one for each time that someone presses the button.
//!
//! Nothing of the broker's log is shown where this module can prevent it (the server's thread); the router's thread logs
//! under the target `rumqttd` and is left to the program's filter.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rumqttd::protocol::v4::V4;
use rumqttd::{ConnectionSettings, LinkType, Router, RouterConfig, Server, ServerSettings};
use tokio::sync::oneshot;

/// Why the broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// No free port on loopback.
    #[error("no free port for the demo's broker")]
    FindPort(#[source] std::io::Error),
    /// The thread could not be begun.
    #[error("the demo's broker could not be started")]
    Spawn(#[source] std::io::Error),
    /// The port was taken by someone else meanwhile, or the broker did not get ready.
    #[error("the demo's broker does not listen on port {port}: {reason}")]
    Listen {
        /// The port it should have.
        port: u16,
        /// What it said.
        reason: String,
    },
}

/// A running broker. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Broker {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How long a broker may take to listen.
const READY_WITHIN: Duration = Duration::from_secs(5);
/// The log of each topic filter is cut to this: rumqttd has no back-pressure and keeps what a slow subscriber has not
/// fetched yet.
const SEGMENT_BYTES: usize = 512 * 1024;
const SEGMENTS: usize = 2;

impl Broker {
    /// Starts a broker on a free port of loopback.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub(crate) fn start() -> Result<Broker, BrokerError> {
        let mut tries = 0;
        loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(BrokerError::FindPort)?;
            let port = free.local_addr().map_err(BrokerError::FindPort)?.port();
            // The server binds for itself, so the port has to be let go; whoever snatches it costs one more try.
            drop(free);
            tries += 1;
            match Self::start_on(port) {
                Err(BrokerError::Listen { .. }) if tries < 5 => {}
                outcome => return outcome,
            }
        }
    }

    /// Starts a broker that remembers nothing on a port of loopback.
    ///
    /// # Errors
    /// [`BrokerError::Spawn`], [`BrokerError::Listen`].
    pub(crate) fn start_on(port: u16) -> Result<Broker, BrokerError> {
        let (stop, stopped) = oneshot::channel();
        let (failed, failure) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BrokerError::Spawn)?;
        let thread = thread::Builder::new()
            .name("demo-broker".into())
            .spawn(move || {
                tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
                    runtime.block_on(async {
                        tokio::select! {
                            reason = serve(port) => {
                                // Nobody listens any more once the broker was ready.
                                let _ = failed.send(reason);
                            }
                            // Told to stop, or the handle is gone.
                            _ = stopped => {}
                        }
                    });
                });
            })
            .map_err(BrokerError::Spawn)?;
        let broker = Broker { port, stop: Some(stop), thread: Some(thread) };
        broker.wait_until_ready(&failure)?;
        Ok(broker)
    }

    fn wait_until_ready(&self, failure: &mpsc::Receiver<String>) -> Result<(), BrokerError> {
        let port = self.port;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            match failure.recv_timeout(Duration::from_millis(5)) {
                Ok(reason) => return Err(BrokerError::Listen { port, reason }),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(BrokerError::Listen { port, reason: "its thread ended".into() });
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BrokerError::Listen { port, reason: "it did not get ready in time".into() });
            }
        }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic in the broker ends the broker, which is what is wanted here.
            let _ = thread.join();
        }
    }
}

/// Runs the server for as long as it goes; says why it ended.
async fn serve(port: u16) -> String {
    let router = Router::new(
        0,
        RouterConfig {
            max_connections: 64,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        },
    );
    let settings = ServerSettings {
        name: "demo".into(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        tls: None,
        next_connection_delay_ms: 1,
        connections: ConnectionSettings {
            connection_timeout_ms: 5_000,
            max_payload_size: 64 * 1024,
            max_inflight_count: 100,
            auth: None,
            external_auth: None,
            dynamic_filters: true,
        },
    };
    match Server::new(settings, router.spawn(), V4).start(LinkType::Remote).await {
        Ok(()) => "it ended".into(),
        Err(error) => error.to_string(),
    }
}
