//! Exports that go on, of samples or of the journal: each a thread that writes a file, and a bounded channel from which its reader takes the parts.
//!
//! Nothing is put on disk, and a reader that is slow slows the writer. One that vanished without a word is noticed when it
//! has asked for nothing for a minute: its thread ends, and its place is free for the next.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange::Progress;
use model::Uptime;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::frame::Part;
use crate::wire::ExportId;
use crate::{Code, Failure};

/// Most exports at once.
const MOST: usize = 4;
/// A part's size, bytes.
const PART_BYTES: usize = 1024 * 1024;
/// Parts that wait for their reader.
const WAITING: usize = 2;
/// How long an export waits for its reader.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long a reader is answered, be it with nothing.
const ANSWER: Duration = Duration::from_secs(1);

/// Asked how to go on, with how far it is.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// What comes out of an export.
enum Output {
    Bytes(Vec<u8>),
    /// It is at its end: nothing follows.
    End(Result<(), Failure>),
}

/// An export as its reader sees it.
struct Running {
    outputs: Arc<tokio::sync::Mutex<Receiver<Output>>>,
    progress: Arc<Mutex<Progress>>,
    /// When its reader last asked.
    asked: Uptime,
}

/// The exports that go on.
#[derive(Default)]
pub(crate) struct Exports {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    begun: u32,
    running: HashMap<ExportId, Running>,
}

impl Exports {
    /// Begins an export: `write` writes the whole file, and asks whether to go on.
    ///
    /// # Errors
    /// [`Code::Unavailable`] where too many go on.
    pub(crate) fn start(
        &self,
        now: Uptime,
        write: impl FnOnce(&mut Sink, Watch<'_>) -> Result<(), Failure> + Send + 'static,
    ) -> Result<ExportId, Failure> {
        let mut known = lock(&self.known);
        known.running.retain(|_, running| now.since(running.asked) < PATIENCE);
        if known.running.len() >= MOST {
            let message = format!("{MOST} exports go on already; wait for one, or cancel it");
            return Err(Failure::new(Code::Unavailable, message));
        }
        known.begun = known.begun.wrapping_add(1);
        let id = ExportId { export: known.begun };
        let (sender, outputs) = mpsc::channel(WAITING);
        let progress = Arc::new(Mutex::new(Progress::default()));
        let sink = Sink { sender, runtime: Handle::current(), bytes: Vec::new() };
        let watched = Arc::clone(&progress);
        tokio::task::spawn_blocking(move || run(write, sink, &watched));
        let outputs = Arc::new(tokio::sync::Mutex::new(outputs));
        known.running.insert(id, Running { outputs, progress, asked: now });
        Ok(id)
    }

    /// The next part of an export; one without bytes where none is ready yet. With the last part the export is forgotten.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no such export, and why it failed.
    pub(crate) async fn next(&self, id: ExportId, now: Uptime) -> Result<Part, Failure> {
        let gone = || Failure::new(Code::NotFound, "this export has ended; begin it anew");
        let (outputs, progress) = {
            let mut known = lock(&self.known);
            let running = known.running.get_mut(&id).ok_or_else(gone)?;
            running.asked = now;
            (Arc::clone(&running.outputs), Arc::clone(&running.progress))
        };
        let output = match tokio::time::timeout(ANSWER, async { outputs.lock().await.recv().await }).await {
            Ok(output) => output,
            Err(_) => Some(Output::Bytes(Vec::new())),
        };
        let Progress { rows, share } = *lock(&progress);
        match output {
            Some(Output::Bytes(bytes)) => Ok(Part { last: false, rows, share, bytes }),
            Some(Output::End(outcome)) => {
                self.cancel(id);
                outcome.map(|()| Part { last: true, rows, share, bytes: Vec::new() })
            }
            None => {
                self.cancel(id);
                Err(gone())
            }
        }
    }

    /// Ends an export; one that has ended is left alone.
    pub(crate) fn cancel(&self, id: ExportId) {
        lock(&self.known).running.remove(&id);
    }
}

/// Writes the whole file; ends early where nobody takes it.
fn run(write: impl FnOnce(&mut Sink, Watch<'_>) -> Result<(), Failure>, mut sink: Sink, progress: &Mutex<Progress>) {
    let sender = sink.sender.clone();
    let mut watch = |reached: Progress| {
        *lock(progress) = reached;
        if sender.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let outcome = write(&mut sink, &mut watch).and_then(|()| {
        sink.send().map_err(|error| Failure::caused(Code::Internal, "the file cannot be written", &error))
    });
    // Nobody may be there any more to hear of it.
    sink.give(Output::End(outcome)).ok();
}

/// Collects bytes until they are a part.
pub(crate) struct Sink {
    sender: Sender<Output>,
    runtime: Handle,
    bytes: Vec<u8>,
}

impl Sink {
    fn send(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        self.give(Output::Bytes(bytes))
    }

    fn give(&self, output: Output) -> io::Result<()> {
        let sent = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.sender.send(output)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend(bytes);
        if self.bytes.len() >= PART_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// A part is sent when it is full, or at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
