//! A mail server made of aiosmtpd and a web server made of Python's own: where notifications go.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value as Json, json};

use crate::certificates::Identity;
use crate::python::{REMEDY, peer};
use crate::{Process, free_port};

/// A server that keeps what it is sent.
#[derive(Debug)]
pub struct Post {
    /// Where it listens, on this machine alone.
    pub port: u16,
    folder: tempfile::TempDir,
    told: Json,
    process: Option<Process>,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// SMTP, and where it has a certificate only after STARTTLS.
    Smtp,
    /// SMTP within TLS.
    Smtps,
    /// HTTP, within TLS where it has a certificate.
    Http,
}

impl Post {
    /// One that is not started yet.
    ///
    /// # Panics
    /// When there is no place for a file.
    pub fn new(speech: Speech) -> Self {
        let kind = match speech {
            Speech::Smtp => "smtp",
            Speech::Smtps => "smtps",
            Speech::Http => "http",
        };
        let folder = tempfile::tempdir().expect("a scratch folder");
        let port = free_port();
        let told = json!({ "kind": kind, "port": port, "log": folder.path().join("kept") });
        Self { port, folder, told, process: None }
    }

    /// With a certificate.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn tls(mut self, identity: &Identity) -> Self {
        for (key, pem) in [("certificate", &identity.certificate), ("key", &identity.key)] {
            let path = self.folder.path().join(key);
            std::fs::write(&path, pem).expect("a scratch file");
            self.told[key] = json!(path);
        }
        self
    }

    /// Which wants a user and a password.
    #[must_use]
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.told["login"] = json!([user, password]);
        self
    }

    /// Which answers otherwise than with yes: a line of SMTP, or a status of HTTP.
    pub fn answer(&mut self, answer: Option<&str>) {
        self.told["answer"] = json!(answer);
    }

    /// Starts it, or starts it again on the same port with what was kept.
    ///
    /// # Panics
    /// When Python or a package is not there, or it does not listen in time.
    pub async fn start(&mut self) {
        self.stop();
        let path: PathBuf = self.folder.path().join("told");
        std::fs::write(&path, self.told.to_string()).expect("a scratch file");
        let told = std::fs::File::open(&path).expect("a scratch file");
        let mut command = peer("post.py");
        command.stdin(Stdio::from(told)).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(Process::start(&mut command, self.port, REMEDY).await);
    }

    /// Ends it with SIGKILL.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Every message it was sent, oldest first.
    ///
    /// # Panics
    /// When its file is not what it writes.
    pub fn kept(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(self.folder.path().join("kept")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}
