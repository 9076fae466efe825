//! A display to open windows on: the person's own, or a virtual one where there is none.

use std::ffi::OsString;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Interrupt, Running, Trouble};

/// How long a virtual display may take to come up.
const LIMIT: Duration = Duration::from_secs(20);

/// The display of whoever typed the command, where there is one.
pub fn present() -> Option<OsString> {
    ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().filter_map(std::env::var_os).find(|name| !name.is_empty())
}

/// A virtual display; gone when dropped.
pub struct Virtual {
    name: String,
    _server: Running,
}

impl Virtual {
    /// Starts one on a number that nobody uses, as large as Andon's window is at first.
    pub fn start(interrupt: &Interrupt) -> Result<Self, Trouble> {
        // The server chooses the number itself and writes it to its standard output: no two can choose the same.
        let mut server = Running::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "1600x950x24", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let mut pipe = server.child().stdout.take().expect("its standard output was asked to be a pipe");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut number = String::new();
            let mut byte = [0_u8];
            while pipe.read_exact(&mut byte).is_ok() && byte[0] != b'\n' {
                number.push(char::from(byte[0]));
            }
            // Whoever waited may have given up.
            let _late = tell.send(number);
        });
        let started = Instant::now();
        while started.elapsed() < LIMIT && !interrupt.is_set() {
            if let Ok(number) = told.recv_timeout(Duration::from_millis(50)) {
                if number.is_empty() {
                    return Err(Trouble::Usage("Xvfb ended before it had a display.".into()));
                }
                return Ok(Self { name: format!(":{number}"), _server: server });
            }
        }
        if interrupt.is_set() { Err(Trouble::Interrupted) } else { Err(Trouble::TimedOut("Xvfb".into(), LIMIT)) }
    }

    /// What to put into `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}
