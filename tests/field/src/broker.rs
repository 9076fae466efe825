//! Mosquitto, set up by the test that uses it.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::certificates::Identity;
use crate::lab::Place;
pub use crate::publisher::{Keep, Publisher, publish_packet, raw_connection};
use crate::{Process, free_port};

/// A broker with its own configuration.
#[derive(Debug)]
pub struct Mosquitto {
    /// Where it listens.
    pub port: u16,
    setup: Setup,
    folder: TempDir,
    process: Option<Process>,
}

/// What a broker is like, beside its port.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    lines: String,
    files: Vec<(&'static str, String)>,
    users: Vec<(&'static str, &'static str)>,
    place: Option<Place>,
}

impl Setup {
    /// Sessions, what waits for them, and retained messages outlive it, if it is ended in order.
    #[must_use]
    pub fn persistent(self) -> Self {
        self.line("max_queued_messages 0\npersistence true")
    }

    /// Only these users are admitted, with these passwords.
    #[must_use]
    pub fn users(self, users: &[(&'static str, &'static str)]) -> Self {
        Self { users: users.to_vec(), ..self }
    }

    /// Who may read and write what, in Mosquitto's own words.
    #[must_use]
    pub fn acl(mut self, rules: &str) -> Self {
        self.files.push(("acl", rules.to_owned()));
        self.line("acl_file {folder}/acl")
    }

    /// It speaks TLS, shows this certificate, and asks for none.
    #[must_use]
    pub fn tls(mut self, own: &Identity) -> Self {
        self.files.push(("server.pem", own.certificate.clone()));
        self.files.push(("server.key", own.key.clone()));
        self.line("certfile {folder}/server.pem\nkeyfile {folder}/server.key")
    }

    /// It admits only who shows a certificate of this authority.
    #[must_use]
    pub fn admits_certificates_of(mut self, authority: &Identity) -> Self {
        self.files.push(("clients.pem", authority.certificate.clone()));
        self.line("cafile {folder}/clients.pem\nrequire_certificate true")
    }

    /// It speaks MQTT within WebSocket.
    #[must_use]
    pub fn websocket(self) -> Self {
        self.line("protocol websockets")
    }

    /// So many messages of a client are under way at most; 0 for any number.
    #[must_use]
    pub fn inflight(self, messages: u32) -> Self {
        self.line(&format!("max_inflight_messages {messages}"))
    }

    /// It runs in a place of a network of the test's own.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// Anything else, in Mosquitto's own words; `{folder}` stands for the broker's folder.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push_str(line);
        self.lines.push('\n');
        self
    }

    fn address(&self) -> IpAddr {
        self.place.as_ref().map_or(Ipv4Addr::LOCALHOST.into(), Place::address)
    }

    fn write(&self, folder: &Path, port: u16) {
        for (name, content) in &self.files {
            std::fs::write(folder.join(name), content).expect("a writable folder");
        }
        let mut text = format!("log_dest none\nlistener {port} {}\n", self.address());
        // Otherwise it becomes another user, who may not read the test's folder.
        text.push_str("user root\n");
        let place = folder.to_str().expect("a path of this test");
        text.push_str(&self.lines.replace("{folder}", place));
        writeln!(text, "persistence_location {place}/").expect("a string takes all");
        if self.users.is_empty() {
            text.push_str("allow_anonymous true\n");
        } else {
            let file = folder.join("passwords");
            std::fs::write(&file, "").expect("a writable folder");
            for (user, password) in &self.users {
                let made = Command::new("mosquitto_passwd").arg("-b").arg(&file).args([user, password]).status();
                assert!(made.is_ok_and(|status| status.success()), "apt-get install mosquitto");
            }
            writeln!(text, "allow_anonymous false\npassword_file {place}/passwords").expect("a string takes all");
        }
        std::fs::write(folder.join("mosquitto.conf"), text).expect("a writable folder");
    }
}

impl Mosquitto {
    /// Starts a broker that admits everybody and forgets everything.
    ///
    /// # Panics
    /// When Mosquitto is not installed.
    pub async fn start() -> Mosquitto {
        Self::start_as(Setup::default()).await
    }

    /// Starts a broker of a kind.
    ///
    /// # Panics
    /// As [`Mosquitto::start`].
    pub async fn start_as(setup: Setup) -> Mosquitto {
        let folder = TempDir::new().expect("a temporary folder");
        let port = free_port();
        setup.write(folder.path(), port);
        let mut broker = Mosquitto { port, setup, folder, process: None };
        broker.restart().await;
        broker
    }

    /// Goes over to another setup with the next start.
    pub fn change(&mut self, setup: Setup) {
        setup.write(self.folder.path(), self.port);
        self.setup = setup;
    }

    /// Starts it again, on the same port. What it knew is gone unless it is persistent.
    pub async fn restart(&mut self) {
        let configuration = self.folder.path().join("mosquitto.conf");
        let mut command = match &self.setup.place {
            None => Command::new(program()),
            Some(place) => place.command(program()),
        };
        command.arg("-c").arg(configuration).stdout(Stdio::null()).stderr(Stdio::null());
        let (address, place) = (self.address(), self.setup.place.clone());
        let is_ready = move || match &place {
            None => std::net::TcpStream::connect(address).is_ok(),
            Some(place) => place.connect(address).is_ok(),
        };
        self.process = Some(Process::start_until(&mut command, "apt-get install mosquitto", is_ready).await);
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it in order; a persistent one writes down what it knows.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop();
        }
    }

    /// Lets a persistent broker that was ended forget everything, sessions included.
    pub fn forget(&self) {
        // There is none where nothing was ever kept.
        let _none = std::fs::remove_file(self.folder.path().join("mosquitto.db"));
    }

    /// The running program.
    ///
    /// # Panics
    /// When it was killed.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the broker runs")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.setup.address(), self.port)
    }

    /// A connection to publish with, to a broker that admits everybody without TLS.
    pub async fn publisher(&self) -> Publisher {
        match &self.setup.place {
            None => Publisher::connect(self.port).await,
            Some(place) => {
                let stream = place.connect(self.address()).expect("the broker listens");
                Publisher::over(stream).await
            }
        }
    }
}

/// Mosquitto is a system program, and those are not on everybody's path.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(Into::into))
        .map(|folder: PathBuf| folder.join("mosquitto"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| Path::new("mosquitto").to_owned())
}
