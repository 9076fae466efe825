//! A virtual display, so that windows open where there is no screen and disturb nobody where there is one.

use std::io::Read;
use std::process::{Child, Command, Stdio};

/// A running virtual display.
pub struct Display {
    name: String,
    server: Child,
}

impl Display {
    /// Starts one as large as Andon's window is at first, on a number that it finds free itself.
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x950x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed; `cargo xtask setup` does it");
        let mut pipe = server.stdout.take().expect("its standard output is a pipe");
        let mut number = String::new();
        let mut byte = [0_u8];
        // It writes its number, or ends; either ends this.
        while pipe.read_exact(&mut byte).is_ok() && byte[0] != b'\n' {
            number.push(char::from(byte[0]));
        }
        assert!(!number.is_empty(), "Xvfb ended before it had a display");
        Self { name: format!(":{number}"), server }
    }

    /// What to put into `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended already, which is as well.
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}
