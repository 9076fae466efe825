//! Andon as a process: started on a display, looked at, and killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Display, program};

/// Andon in a window, without a driver.
pub struct Andon {
    child: Child,
    lines: Receiver<String>,
}

impl Andon {
    /// Starts it on the demo plant with this data folder and these changes to its environment.
    pub fn start(display: &Display, data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program())
            .arg("demo")
            .arg("--data")
            .arg(data)
            .env("DISPLAY", display.name())
            .env_remove("WAYLAND_DISPLAY")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is built; `cargo xtask test window` does it");
        let pipe = child.stdout.take().expect("its standard output is a pipe");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for a line on its standard output.
    ///
    /// # Panics
    /// When it does not come within the limit.
    pub fn says(&self, wanted: &str, limit: Duration) {
        let started = Instant::now();
        while let Some(left) = limit.checked_sub(started.elapsed()) {
            match self.lines.recv_timeout(left) {
                Ok(line) if line == wanted => return,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        panic!("Andon did not say `{wanted}` within {} s", limit.as_secs());
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end as the system does, and says how long it took.
    ///
    /// # Panics
    /// When it takes longer than ten seconds or ends with an error.
    pub fn end(mut self) -> Duration {
        let started = Instant::now();
        signal(self.child.id(), Signal::TERM);
        let status = crate::until("the end of Andon", Duration::from_secs(10), || {
            self.child.try_wait().expect("our own child can be waited for")
        });
        assert!(status.success(), "Andon ended with {status}");
        started.elapsed()
    }
}

impl Drop for Andon {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The process that has a data folder, as its lock says.
pub fn lock_owner(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("lock")).ok()?.trim().parse().ok()
}

/// Ends a process as a power failure would.
pub fn kill(process: u32) {
    signal(process, Signal::KILL);
}

/// The child processes of `parent` whose name begins so.
pub fn children_named(parent: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("Linux has /proc").flatten() {
        let Some(process) = entry.file_name().to_string_lossy().parse::<u32>().ok() else { continue };
        // `id (name) state parent ...`; the name may have spaces and brackets in it.
        let Ok(about) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((head, tail)) = about.rsplit_once(") ") else { continue };
        let its_name = head.split_once('(').map_or("", |(_, name)| name);
        let its_parent = tail.split(' ').nth(1).and_then(|word| word.parse::<u32>().ok());
        if its_parent == Some(parent) && its_name.starts_with(name) {
            found.push(process);
        }
    }
    found
}

/// Takes a picture of a display, and says how many bytes it has: a blank one has few.
pub fn picture(display: &Display, file: &Path) -> u64 {
    let status = Command::new("scrot")
        .args(["--overwrite", "--silent"])
        .arg(file)
        .env("DISPLAY", display.name())
        .status()
        .expect("scrot is installed; `cargo xtask setup` does it");
    assert!(status.success(), "scrot ended with {status}");
    fs::metadata(file).expect("scrot wrote the file").len()
}

fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(process, signal).expect("it is there and it is ours");
}
