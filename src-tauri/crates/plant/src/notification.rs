//! Who is told of alarms away from the screen: what the plant file's rules mean.

use std::sync::Arc;
use std::time::Duration;

use alarm::Priority;
use model::EquipmentId;

/// The server that takes e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its name or address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection to it is kept private.
    pub tls: MailTls,
    /// The name of the secret with user and password; `None` where it wants none.
    pub login: Option<String>,
    /// Who the messages are from.
    pub from: String,
    /// The file with the authority that its certificate has to come from; `None` for the system's.
    pub ca: Option<String>,
    /// The line of `plant.toml` it begins on, from 1.
    pub line: u32,
}

/// How a connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in the clear and must go over to TLS before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all: for a server on the same machine, or a plant network that is trusted.
    Off,
}

/// A rule: which alarms, whom to tell, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Unique in the plant, an id.
    pub name: Arc<str>,
    /// Whom to tell. All at once, or one after the other where there is [`Notification::escalate_after`].
    pub to: Vec<Recipient>,
    /// Of which priorities; empty for all.
    pub priorities: Vec<Priority>,
    /// Of which classes; empty for all.
    pub classes: Vec<String>,
    /// Of which equipment and below; empty for all.
    pub equipment: Vec<EquipmentId>,
    /// Nobody is told of what is acknowledged within so long.
    pub delay: Duration,
    /// The next one is told of what is still unacknowledged so long after the one before was.
    pub escalate_after: Option<Duration>,
    /// When nobody is told.
    pub quiet: Vec<Quiet>,
    /// After a message the rule gathers what comes for so long, and sends it as one.
    pub gather: Duration,
    /// Whether those who were told are also told that the condition went.
    pub returns: bool,
    /// Whether those who were told are also told that somebody acknowledged.
    pub acknowledgements: bool,
    /// The name of the secret that signs what goes to webhooks.
    pub sign_with: Option<String>,
    /// The file with the authority that a webhook's certificate has to come from; `None` for the system's.
    pub ca: Option<String>,
    /// The line of `plant.toml` it begins on, from 1.
    pub line: u32,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// An address.
    Mail(String),
    /// An address of the web that takes JSON by POST.
    Webhook(String),
    /// The same, where the address is itself a secret, by the secret's name.
    SecretWebhook(String),
}

/// A time of day in which some alarms wait. From `from` until before `to`, minutes after midnight; over midnight where
/// `to` is not after `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// When it begins.
    pub from: u16,
    /// When it ends.
    pub to: u16,
    /// For which priorities; empty for all.
    pub priorities: Vec<Priority>,
    /// For which classes; empty for all.
    pub classes: Vec<String>,
}

impl Recipient {
    /// As it is written in the plant file.
    pub fn words(&self) -> String {
        match self {
            Recipient::Mail(address) => address.clone(),
            Recipient::Webhook(url) => url.clone(),
            Recipient::SecretWebhook(name) => format!("webhook:{name}"),
        }
    }

    /// What [`Recipient::words`] wrote of one.
    pub fn from_words(words: &str) -> Self {
        match words.strip_prefix("webhook:") {
            Some(name) => Recipient::SecretWebhook(name.to_owned()),
            None if words.contains("://") => Recipient::Webhook(words.to_owned()),
            None => Recipient::Mail(words.to_owned()),
        }
    }
}
