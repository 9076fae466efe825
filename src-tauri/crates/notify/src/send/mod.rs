//! Sending one message, and what became of it.

mod mail;
mod tls;
mod webhook;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use gateway::Credentials;
use model::Clock;
use plant::{Plant, Recipient};

use crate::letter::{Letter, Sheet};

/// Nobody waits longer for a server.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of an attempt. The words never hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The recipient's server took it.
    Delivered(String),
    /// It may be taken later.
    Later(String),
    /// It will not be taken, however often it is tried.
    Never(String),
}

/// What takes messages where they belong.
pub trait Post: Send + Sync {
    /// Tries once.
    fn send<'s>(&'s self, letter: &'s Letter, plant: &'s Plant) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>>;
}

/// Takes messages to servers of mail and to webhooks.
pub struct Sender {
    credentials: Arc<dyn Credentials>,
    clock: Arc<dyn Clock>,
    sheet: Sheet,
}

impl Sender {
    /// One for a station. `zone` is that of the times in messages.
    pub fn new(
        credentials: Arc<dyn Credentials>,
        clock: Arc<dyn Clock>,
        station: String,
        zone: jiff::tz::TimeZone,
    ) -> Self {
        Self { credentials, clock, sheet: Sheet { plant: String::new(), station, zone } }
    }

    async fn attempt(&self, letter: &Letter, plant: &Plant) -> Outcome {
        let Some(rule) = plant.notification(&letter.rule) else {
            return Outcome::Never(format!("the notification `{}` is no longer in the plant file", letter.rule));
        };
        let sheet = Sheet { plant: plant.name.clone(), ..self.sheet.clone() };
        match Recipient::from_words(&letter.to) {
            Recipient::Mail(address) => match &plant.mail {
                Some(mail) => mail::send(mail, &address, letter, &sheet, &self.credentials).await,
                None => Outcome::Later("there is no `[mail]` in the plant file".to_owned()),
            },
            Recipient::Webhook(url) => {
                webhook::send(&url, rule, letter, &sheet, &self.credentials, self.clock.now().wall).await
            }
            Recipient::SecretWebhook(name) => match secret(&self.credentials, name).await {
                Ok(url) => {
                    let now = self.clock.now().wall;
                    webhook::send(url.reveal().trim(), rule, letter, &sheet, &self.credentials, now).await
                }
                Err(words) => Outcome::Later(words),
            },
        }
    }
}

impl Post for Sender {
    fn send<'s>(&'s self, letter: &'s Letter, plant: &'s Plant) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.attempt(letter, plant)).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::Later(format!("no answer within {} s", PATIENCE.as_secs())),
            }
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Delivered(words) => write!(f, "delivered: {words}"),
            Outcome::Later(words) => write!(f, "not delivered, to be tried again: {words}"),
            Outcome::Never(words) => write!(f, "refused: {words}"),
        }
    }
}

/// A secret; a keyring may take its time, which others need not share.
async fn secret(credentials: &Arc<dyn Credentials>, name: String) -> Result<gateway::Secret, String> {
    let credentials = Arc::clone(credentials);
    tokio::task::spawn_blocking(move || credentials.secret(&name)).await.map_err(|error| error.to_string())?
}

/// A file of certificates beside the plant file.
async fn certificate(credentials: &Arc<dyn Credentials>, file: String) -> Result<Vec<u8>, String> {
    let credentials = Arc::clone(credentials);
    tokio::task::spawn_blocking(move || credentials.certificate(&file)).await.map_err(|error| error.to_string())?
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some say their cause themselves.
        if !words.ends_with(&next) {
            words.push_str(": ");
            words.push_str(&next);
        }
        cause = error.source();
    }
    words
}
