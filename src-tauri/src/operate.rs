//! Running a plant in front of people: in a window, on loopback, or both, until somebody ends it.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::wire::Host;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::data::{Announced, Data};
use crate::running::{Running, Source};
use crate::window::{self, Desk, Files};
use crate::{logs, station};

/// How long an end in order may take; then it ends anyway.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// How it is shown.
pub enum Showing {
    /// In a window, and perhaps to a browser as well.
    Window {
        /// To a browser as well.
        served: Option<Served>,
    },
    /// To a browser only.
    Headless(Served),
}

/// How it is served to a browser on this machine.
#[derive(Clone, Copy)]
pub struct Served {
    /// The port; 0 for any free one.
    pub port: u16,
}

/// What went wrong around a plant that could run.
#[derive(Debug, thiserror::Error)]
enum OperateError {
    #[error("the program could not be started again with the web view's environment")]
    Preparing(#[source] io::Error),
    #[error("the program's threads could not be started")]
    Threading(#[source] io::Error),
    #[error("the address of the web host could not be written")]
    Announcing(#[source] io::Error),
    #[error("signals cannot be received")]
    Signalling(#[source] io::Error),
}

/// Runs until the window is closed or the process is told to end.
///
/// # Errors
/// Why it does not run.
pub fn run(source: Source, data: Option<PathBuf>, showing: Showing) -> Result<ExitCode, Box<dyn Error>> {
    if matches!(showing, Showing::Window { .. }) {
        window::graphics::prepare().map_err(OperateError::Preparing)?;
    }
    let data = Data::take(data.map_or_else(|| source.data(), Ok)?)?;
    if let Err(error) = logs::begin(&data.logs()) {
        tracing::warn!("there is no log in {}: {error}", data.logs().display());
    }
    data.warn_if_open();
    let runtime = Runtime::new().map_err(OperateError::Threading)?;
    // What is started belongs to the runtime also where this thread is not one of its own.
    let _inside = runtime.enter();
    let ends = Ends::listen().map_err(OperateError::Signalling)?;
    let running = Running::start(source, &data)?;
    tracing::info!("Andon {} runs {}", env!("CARGO_PKG_VERSION"), running.name);

    let outcome = show(&runtime, &running, &data, showing, ends);
    stop(&runtime, running);
    outcome.map(|()| ExitCode::SUCCESS)
}

fn show(runtime: &Runtime, running: &Running, data: &Data, showing: Showing, ends: Ends) -> Result<(), Box<dyn Error>> {
    match showing {
        Showing::Headless(served) => {
            let host = serve(runtime, running, data, served)?;
            let by = runtime.block_on(ends.wait());
            tracing::info!("told to end by {by}");
            close(runtime, host);
            Ok(())
        }
        Showing::Window { served } => {
            let host = served.map(|served| serve(runtime, running, data, served)).transpose()?;
            window::use_runtime(runtime.handle().clone());
            let desk = Desk {
                api: Arc::clone(&running.api),
                who: station::principal(Host::Window),
                title: format!("{} \u{2013} Andon", running.name),
                folder: data.web_view(),
                live: Box::new(|| say("Andon's window shows live values")),
            };
            let outcome = window::run(desk, |closer| {
                runtime.spawn(async move {
                    let by = ends.wait().await;
                    tracing::info!("told to end by {by}");
                    closer.close();
                });
            });
            if let Some(host) = host {
                close(runtime, host);
            }
            Ok(outcome?)
        }
    }
}

/// A web host and the note that says where it is.
type Hosting = (web::Served, Announced);

fn serve(runtime: &Runtime, running: &Running, data: &Data, served: Served) -> Result<Hosting, Box<dyn Error>> {
    let options = web::Options { port: served.port };
    let who = station::principal(Host::Browser);
    let host = runtime.block_on(web::serve(options, Arc::clone(&running.api), who, Arc::new(Files::embedded())))?;
    let announced = data.announce(&host.url()).map_err(OperateError::Announcing)?;
    say(&format!("Andon is served at {}", host.url()));
    Ok((host, announced))
}

fn close(runtime: &Runtime, (host, announced): Hosting) {
    drop(announced);
    runtime.block_on(host.close());
}

/// Ends the plant in order, or ends the process when that takes too long: a disk that hangs must not keep a process
/// alive that has been told to go.
fn stop(runtime: &Runtime, running: Running) {
    let stopped = runtime.block_on(async { tokio::time::timeout(STOP_LIMIT, running.stop()).await });
    if stopped.is_err() {
        tracing::error!("ending took longer than {} s; the rest is given up", STOP_LIMIT.as_secs());
        std::process::exit(1);
    }
    tracing::info!("Andon ended");
}

/// A line for whoever started the program. That nobody reads it is no reason to end.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _unheard = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The ways in which a process is told to end.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Ends {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}
