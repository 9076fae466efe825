//! A Sparkplug edge node made of the npm package `sparkplug-client`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::{Process, free_port};

/// The node `n` of the group `g` with the device `d`. It is born once its primary host is online.
#[derive(Debug)]
pub struct EdgeNode {
    broker: u16,
    host_id: String,
    control: u16,
    process: Option<Process>,
}

impl EdgeNode {
    /// Starts a node.
    ///
    /// # Panics
    /// When Node or its packages are not there and cannot be had.
    pub async fn start(broker: u16, host_id: &str) -> EdgeNode {
        let mut node = EdgeNode { broker, host_id: host_id.to_owned(), control: free_port(), process: None };
        node.restart().await;
        node
    }

    /// Starts it again.
    ///
    /// # Panics
    /// As [`EdgeNode::start`].
    pub async fn restart(&mut self) {
        let mut command = Command::new("node");
        command.arg(peers().join("edge.cjs"));
        command.args([self.broker.to_string(), self.control.to_string(), self.host_id.clone()]);
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        self.process = Some(Process::start(&mut command, self.control, "apt-get install nodejs").await);
    }

    /// Ends it with SIGKILL: the broker tells of its death.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Tells it to do something, and gets what it has seen so far.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn tell(&self, word: &str) -> Json {
        let stream = TcpStream::connect(("127.0.0.1", self.control)).await.expect("the edge node listens");
        let mut stream = BufReader::new(stream);
        stream.write_all(format!("{word}\n").as_bytes()).await.expect("still open");
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }
}

/// The folder of the peers, with the packages installed that its lock file names.
fn peers() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    // Tests of one process run at once, and only one of them may install.
    MADE.get_or_init(install).clone()
}

fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    if !folder.join("node_modules/sparkplug-client").is_dir() {
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["ci", "--no-fund", "--no-audit", "--ignore-scripts"]).stdout(Stdio::null());
        let remedy = "npm cannot install the packages of tests/field/peers: apt-get install npm";
        assert!(npm.status().is_ok_and(|status| status.success()), "{remedy}");
    }
    folder
}
