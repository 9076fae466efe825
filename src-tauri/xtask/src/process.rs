//! Child processes: each with a bound on its time, each ended when this program is interrupted.

use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};

/// How often a child is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Why a command did not do what it should.
#[derive(Debug)]
pub enum Trouble {
    /// What was typed makes no sense, or the machine lacks something; the text says what to do.
    Usage(String),
    /// A program could not be started.
    Start(String, io::Error),
    /// A program ended with an error.
    Failed(String, ExitStatus),
    /// A program took longer than it may.
    TimedOut(String, Duration),
    /// A file could not be read or written.
    File(PathBuf, io::Error),
    /// Somebody pressed Ctrl-C, or this program was told to end.
    Interrupted,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::Start(program, error) => write!(f, "{program} could not be started: {error}"),
            Self::Failed(program, status) => write!(f, "{program} failed ({status})"),
            Self::TimedOut(program, limit) => write!(f, "{program} took longer than {} s", limit.as_secs()),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Interrupted => f.write_str("Interrupted."),
        }
    }
}

impl std::error::Error for Trouble {}

/// Whether this program was told to end.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts to listen for Ctrl-C and SIGTERM.
    pub fn listen() -> Result<Self, Trouble> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag))
                .map_err(|error| Trouble::Start("the signal handler".into(), error))?;
        }
        Ok(Self(flag))
    }

    /// Whether it was.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A running child with all that it started; ended when dropped.
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts `command` in a process group of its own.
    pub fn start(command: &mut Command) -> Result<Self, Trouble> {
        let name = name_of(command);
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| Trouble::Start(name.clone(), error))?;
        Ok(Self { name, child })
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, or nothing while it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Trouble> {
        self.child.try_wait().map_err(|error| Trouble::Start(self.name.clone(), error))
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self, limit: Duration, interrupt: &Interrupt) -> Result<ExitStatus, Trouble> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if interrupt.is_set() {
                return Err(Trouble::Interrupted);
            }
            if started.elapsed() > limit {
                return Err(Trouble::TimedOut(self.name.clone(), limit));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // A group that has ended already is what is wanted here.
            let _gone = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                // What it started itself may outlive it: a browser, a web process.
                self.signal(Signal::KILL);
                return;
            }
            std::thread::sleep(LOOK);
        }
        self.signal(Signal::KILL);
        let _reaped = self.child.wait();
    }
}

/// Runs `command` to its end with its output on the screen.
pub fn run(command: &mut Command, limit: Duration, interrupt: &Interrupt) -> Result<(), Trouble> {
    let mut running = Running::start(command)?;
    let status = running.wait(limit, interrupt)?;
    if status.success() { Ok(()) } else { Err(Trouble::Failed(running.name.clone(), status)) }
}

/// What `command` prints on its standard output, or nothing where it cannot be started or fails. For quick questions.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where `program` is on the path.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn name_of(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args().take(3) {
        name.push(' ');
        name.push_str(&argument.to_string_lossy());
    }
    name
}
