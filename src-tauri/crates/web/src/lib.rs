//! The contract over HTTP, for a browser on this machine: the same user interface, the same commands, the same frames.
//!
//! You do *not* need this for the desktop window, which speaks to `api` without a socket. It is off unless asked for.
//!
//! **Invariant:** it listens on loopback only, answers nobody without the token that was made at this start, and knows
//! no command: whatever `api` has in its list is what it serves.

mod guard;
mod routes;

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use api::{Api, Principal};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use guard::Token;

/// How to listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The port; 0 takes any free one.
    pub port: u16,
}

/// A file of the user interface.
#[derive(Clone, Debug)]
pub struct Asset {
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub content_type: &'static str,
}

/// Where the user interface's files come from: the program has them inside, tests bring their own.
pub trait Assets: Send + Sync + 'static {
    /// The file at a path without its leading slash, such as `index.html`.
    fn asset(&self, path: &str) -> Option<Asset>;
}

/// Why it could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or not allowed.
    #[error("cannot listen on 127.0.0.1:{port}; choose another port")]
    Listening {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gave no random bytes for the token.
    #[error("cannot make a session token")]
    MakingToken {
        /// What the system said.
        source: std::io::Error,
    },
}

/// A listener at work. Dropping it closes the listener; [`Served::close`] also waits for it.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    token: Token,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Listens on loopback and serves the user interface and the contract to whoever has the token, as `who`.
///
/// # Errors
/// [`ServeError`] where the port cannot be had or no token can be made.
pub async fn serve(
    options: Options,
    api: Arc<Api>,
    who: Principal,
    assets: Arc<dyn Assets>,
) -> Result<Served, ServeError> {
    let token = Token::random().map_err(|source| ServeError::MakingToken { source })?;
    let listening = |source| ServeError::Listening { port: options.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    let router =
        routes::router(routes::Site { api, who, assets, guard: guard::Guard::new(address.port(), token.clone()) });

    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move {
            // An error means that `Served` was dropped, which says the same.
            stopped.await.ok();
        });
        if let Err(error) = served.await {
            tracing::error!("the web host ended: {error}");
        }
    });
    Ok(Served { address, token, stop: Some(stop), task })
}

impl Served {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open in a browser, with the token in it. Whoever has it is let in.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token.as_str())
    }

    /// Stops listening and waits until the open requests are answered, for a second at most.
    pub async fn close(mut self) {
        self.stop.take();
        let limit = std::time::Duration::from_secs(1);
        if tokio::time::timeout(limit, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
