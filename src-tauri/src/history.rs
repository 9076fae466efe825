//! `andon history`: whether the history is whole, a copy of it, and a copy put back.
//!
//! Looking and copying work beside a running Andon. Putting a copy back does not: it needs the data folder for itself.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::Subcommand;
use engine::SystemClock;
use history::{BackupError, Contents, Progress};
use model::Timestamp;
use tokio::runtime;

use crate::data::{self, Data};

/// What can be done with the history.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Look whether the history is whole; changes nothing, also while Andon runs.
    Check,
    /// Copy the history into a file, also while Andon runs.
    Backup {
        /// The file to make; it must not be there yet.
        file: PathBuf,
    },
    /// Put a backup in the place of the history; the present one is kept under another name. Andon must not run.
    Restore {
        /// What `andon history backup` made.
        file: PathBuf,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no history to look at.
    #[error("the history cannot be opened; if Andon keeps its data elsewhere, say where with --data DIR")]
    Opening(#[source] history::OpenError),
    /// No backup was made.
    #[error("no backup was made")]
    BackingUp(#[source] BackupError),
    /// The backup was not put back.
    #[error("the backup was not put back; the history is as it was")]
    Restoring(#[source] BackupError),
    /// The process would not hear that it is to end.
    #[error("signals cannot be received")]
    Listening(#[source] io::Error),
}

/// Does it, and says what came of it.
///
/// # Errors
/// [`HistoryError`], or [`data::DataError::InUse`] where a backup is to be put back while Andon runs.
pub fn run(folder: PathBuf, what: &HistoryCommand) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match what {
        HistoryCommand::Check => Ok(check(&data::history(&folder))?),
        HistoryCommand::Backup { file } => {
            backup(&data::history(&folder), file)?;
            Ok(ExitCode::SUCCESS)
        }
        HistoryCommand::Restore { file } => {
            restore(folder, file)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(history: &Path) -> Result<ExitCode, HistoryError> {
    let cancelled = Cancelled::listen().map_err(HistoryError::Listening)?;
    let shown = Shown::default();
    let found = |finding| {
        shown.clear();
        println!("{finding}");
    };
    let progress = |looked| {
        shown.show(Progress::Checked(looked));
        cancelled.flow()
    };
    let contents = history::check(history, Arc::new(SystemClock), found, progress).map_err(HistoryError::Opening)?;
    shown.clear();
    println!("{}", words(&contents));
    let (verdict, code) = match contents.findings {
        0 if contents.finished => ("the history is whole".to_owned(), ExitCode::SUCCESS),
        0 => ("ended before all was looked at".to_owned(), ExitCode::FAILURE),
        1 => ("1 finding".to_owned(), ExitCode::FAILURE),
        n => (format!("{n} findings"), ExitCode::FAILURE),
    };
    println!("{verdict}");
    Ok(code)
}

fn backup(history: &Path, file: &Path) -> Result<(), HistoryError> {
    let cancelled = Cancelled::listen().map_err(HistoryError::Listening)?;
    let shown = Shown::default();
    let progress = |progress| {
        shown.show(progress);
        cancelled.flow()
    };
    let made = history::backup(history, file, Arc::new(SystemClock), progress);
    shown.clear();
    let contents = made.map_err(HistoryError::BackingUp)?;
    println!("{}", words(&contents));
    println!("{}", file.display());
    Ok(())
}

fn restore(folder: PathBuf, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let data = Data::take(folder)?;
    let cancelled = Cancelled::listen().map_err(HistoryError::Listening)?;
    let shown = Shown::default();
    let progress = |progress| {
        shown.show(progress);
        cancelled.flow()
    };
    let restored = history::restore(file, &data.history(), Arc::new(SystemClock), progress);
    shown.clear();
    let (contents, aside) = restored.map_err(HistoryError::Restoring)?;
    println!("{}", words(&contents));
    if let Some(aside) = aside {
        println!("the history of before is kept as {}", aside.display());
    }
    println!("{}", data.history().display());
    Ok(())
}

/// What a history holds, in one line.
fn words(contents: &Contents) -> String {
    let Contents { series, samples, bytes, first, last, .. } = contents;
    let mut words = format!("{series} series, {samples} samples, {bytes} bytes");
    // Hundredths in whole numbers: a file may have more bytes than a float counts.
    if let Some(hundredths) = (bytes.saturating_mul(100)).checked_div(*samples) {
        words = format!("{words} ({}.{:02} a sample)", hundredths / 100, hundredths % 100);
    }
    if let (Some(first), Some(last)) = (first, last) {
        words = format!("{words}, from {} to {}", time(*first), time(*last));
    }
    words
}

fn time(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}

/// How far it is, in one line of the terminal that is written over; nothing where there is no terminal.
#[derive(Default)]
struct Shown(AtomicBool);

impl Shown {
    fn show(&self, progress: Progress) {
        let mut out = io::stderr().lock();
        if !out.is_terminal() {
            return;
        }
        self.0.store(true, Ordering::Relaxed);
        let (what, done, all) = match progress {
            Progress::Copied(pages) => ("copied", pages.done, pages.all),
            Progress::Checked(looked) => ("looked at", looked.done, looked.all),
        };
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100).min(100);
        let _unseen = write!(out, "\r{what} {percent} %  ").and_then(|()| out.flush());
    }

    fn clear(&self) {
        if self.0.swap(false, Ordering::Relaxed) {
            let _unseen = write!(io::stderr(), "\r{:20}\r", "");
        }
    }
}

/// Whether somebody pressed Ctrl-C, so that nothing is left half done.
struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    fn listen() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&cancelled);
        let mut interrupt = {
            let _entered = runtime.enter();
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?
        };
        thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            runtime.block_on(interrupt.recv());
            heard.store(true, Ordering::Relaxed);
        })?;
        Ok(Self(cancelled))
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
