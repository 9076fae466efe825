//! A peer program that is ended with its test.

use std::io;
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A running program. It is killed when this is dropped, also when the test failed.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program and waits until it listens on a port of this machine.
    ///
    /// # Panics
    /// When the program is missing, with `remedy`, or when it does not listen in time.
    pub async fn start(command: &mut Command, port: u16, remedy: &str) -> Process {
        Self::start_until(command, remedy, || TcpStream::connect(("127.0.0.1", port)).is_ok()).await
    }

    /// Starts a program and waits until `is_ready`.
    ///
    /// # Panics
    /// When the program is missing, with `remedy`, or when it is not ready in time.
    pub async fn start_until(command: &mut Command, remedy: &str, is_ready: impl Fn() -> bool) -> Process {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = Process::spawn(command, remedy);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_ready() {
            if let Ok(Some(status)) = process.child.try_wait() {
                panic!("{program} ended at once: {status}");
            }
            assert!(Instant::now() < deadline, "{program} does not get ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    /// Starts a program and does not wait.
    ///
    /// # Panics
    /// When the program is missing, with `remedy`.
    pub fn spawn(command: &mut Command, remedy: &str) -> Process {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => panic!("{program} is not installed: {remedy}"),
            _ => panic!("{program} cannot be started: {error}"),
        });
        Process { child }
    }

    /// Ends it without a chance to say anything.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not within ten seconds.
    pub fn stop(mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            assert!(asked.elapsed() < Duration::from_secs(10), "it does not end when asked to");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Freezes it: the system goes on to accept and confirm bytes, the program does nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
        kill_process(id, signal).expect("the test's own process");
    }

    fn end(&mut self) {
        // Neither can fail for a child that was not waited for, and an ended one is what is wanted.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
