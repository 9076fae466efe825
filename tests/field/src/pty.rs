//! Serial ports without hardware: pseudo-terminals held together by `socat`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Process;

/// A serial port that leads somewhere; gone when this is dropped, as an adapter that is pulled out.
#[derive(Debug)]
pub struct Pty {
    process: Option<Process>,
    /// The ports, for whoever opens them.
    pub ports: Vec<PathBuf>,
}

impl Pty {
    /// Two ports that lead to each other, as two adapters with a cable between them.
    ///
    /// # Panics
    /// When `socat` is not installed or does not make them.
    pub async fn pair(folder: &Path) -> Pty {
        let ports = ["near", "far"].map(|name| folder.join(name));
        let arguments = ports.iter().map(|port| link(port)).collect::<Vec<_>>();
        Self::start(&arguments, ports.to_vec()).await
    }

    /// A port that leads to a TCP port of this machine, as an adapter with a device behind it.
    ///
    /// # Panics
    /// As [`Pty::pair`].
    pub async fn to_tcp(port: &Path, tcp: u16) -> Pty {
        let arguments = [link(port), format!("TCP:127.0.0.1:{tcp}")];
        Self::start(&arguments, vec![port.to_owned()]).await
    }

    async fn start(arguments: &[String], ports: Vec<PathBuf>) -> Pty {
        for port in &ports {
            // What is left of an earlier one; mostly there is nothing.
            let _nothing = std::fs::remove_file(port);
        }
        let mut command = Command::new("socat");
        command.args(arguments).stdin(Stdio::null());
        let process = Process::spawn(&mut command, "apt-get install socat");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !ports.iter().all(|port| port.exists()) {
            assert!(Instant::now() < deadline, "socat does not make {ports:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Pty { process: Some(process), ports }
    }

    /// Pulls it out.
    pub fn unplug(&mut self) {
        let Some(process) = self.process.take() else { return };
        process.kill();
        for port in &self.ports {
            // Killed, it leaves its link behind, where the system would take the device away.
            let _nothing = std::fs::remove_file(port);
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.unplug();
    }
}

fn link(port: &Path) -> String {
    format!("PTY,link={},rawer", port.display())
}
