//! The desktop's keyring: the Secret Service of freedesktop.org, over the session's D-Bus.
//!
//! A program that runs unattended must not wait for a keyring, nor make it ask a question: reading has a short end, and a
//! locked keyring is a reason in words. Only who sits in front of it, storing a secret, is asked to unlock it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use gateway::Secret;
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use zbus::fdo;

use super::secret;

/// The longest wait for an answer that needs nobody.
const READ_LIMIT: Duration = Duration::from_secs(5);
/// The longest wait where somebody may have to type a password.
const ASK_LIMIT: Duration = Duration::from_secs(120);

/// The attributes by which a secret is found again.
const APPLICATION: (&str, &str) = ("application", "andon");
const NAME: &str = "secret";

/// The keyring of this session.
pub struct Keyring;

/// Why the keyring cannot be used.
#[derive(Debug)]
pub enum Trouble {
    /// There is none.
    Absent,
    /// It waits for its password.
    Locked,
    /// It has no place to put things.
    Empty,
    /// Whoever was asked said no.
    Dismissed,
    /// It does not answer.
    Silent,
    /// What it holds is no text.
    Unusable(String),
    /// Anything else.
    Failed(Box<Error>),
}

impl Keyring {
    /// The secret of a name; `None` where it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Secret>, Trouble> {
        ask(READ_LIMIT, async |keyring| {
            let found = keyring.search_items(attributes(name)).await?;
            let Some(item) = found.unlocked.first() else {
                return if found.locked.is_empty() { Ok(None) } else { Err(Trouble::Locked) };
            };
            secret(item.get_secret().await?).map(Some).map_err(Trouble::Unusable)
        })
    }

    /// The names of all secrets of this program.
    pub fn names(&self) -> Result<Vec<String>, Trouble> {
        ask(READ_LIMIT, async |keyring| {
            let found = keyring.search_items(HashMap::from([APPLICATION])).await?;
            let mut names = Vec::new();
            for item in found.unlocked.iter().chain(&found.locked) {
                names.extend(item.get_attributes().await?.remove(NAME));
            }
            names.sort();
            names.dedup();
            Ok(names)
        })
    }

    /// Keeps a secret, in place of the one before it, and makes sure that it is there. May ask for the keyring's password.
    pub fn write(&self, name: &str, kept: &Secret) -> Result<(), Trouble> {
        ask(ASK_LIMIT, async |keyring| {
            let collection = match keyring.get_default_collection().await {
                Err(Error::NoResult) => return Err(Trouble::Empty),
                collection => collection?,
            };
            unlock(&collection).await?;
            let label = format!("Andon: {name}");
            let item =
                collection.create_item(&label, attributes(name), kept.reveal().as_bytes(), true, "text/plain").await?;
            let written = secret(item.get_secret().await?).map_err(Trouble::Unusable)?;
            if written == *kept {
                Ok(())
            } else {
                Err(Trouble::Unusable("it was changed while it was kept".to_owned()))
            }
        })
    }

    /// Removes a secret; says whether there was one. May ask for the keyring's password.
    pub fn remove(&self, name: &str) -> Result<bool, Trouble> {
        ask(ASK_LIMIT, async |keyring| {
            let found = keyring.search_items(attributes(name)).await?;
            let items: Vec<&Item<'_>> = found.unlocked.iter().chain(&found.locked).collect();
            for item in &items {
                if item.is_locked().await? {
                    item.unlock().await?;
                }
                item.delete().await?;
            }
            Ok(!items.is_empty())
        })
    }
}

impl Trouble {
    /// What to do about it, for the secret of a name.
    pub fn remedy(&self, name: &str) -> String {
        let pass = format!("pass it as a systemd credential of the name {name}");
        match self {
            Self::Absent | Self::Silent => format!("start Andon in a session with a keyring, or {pass}"),
            Self::Locked | Self::Dismissed => format!("unlock the keyring, or {pass}"),
            Self::Empty => format!("make a default keyring with the desktop's password manager, or {pass}"),
            Self::Unusable(_) => format!("store it again with `andon secret set {name}`"),
            Self::Failed(_) => format!("see whether the desktop's password manager works, or {pass}"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("none runs in this session"),
            Self::Locked => f.write_str("it is locked"),
            Self::Empty => f.write_str("it has no default collection"),
            Self::Dismissed => f.write_str("nobody unlocked it"),
            Self::Silent => f.write_str("it does not answer"),
            Self::Unusable(words) => f.write_str(words),
            Self::Failed(error) => write!(f, "it failed: {error}"),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let is_absent = match &error {
            Error::Unavailable => true,
            Error::Zbus(zbus::Error::MethodError(name, _, _)) => is_unknown(name.as_str()),
            Error::Zbus(zbus::Error::InputOutput(error) | zbus::Error::Connection(error, _)) => {
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
            }
            Error::Zbus(zbus::Error::FDO(error)) => is_unknown_to_the_bus(error),
            Error::ZbusFdo(error) => is_unknown_to_the_bus(error),
            _ => false,
        };
        match error {
            _ if is_absent => Self::Absent,
            Error::Locked => Self::Locked,
            Error::Prompt | Error::PromptDisconnected => Self::Dismissed,
            error => Self::Failed(Box::new(error)),
        }
    }
}

fn is_unknown(name: &str) -> bool {
    let last = name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or_default();
    matches!(last, "ServiceUnknown" | "NameHasNoOwner") || last.starts_with("Spawn.")
}

fn is_unknown_to_the_bus(error: &fdo::Error) -> bool {
    matches!(
        error,
        fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::SpawnServiceNotFound(_)
            | fdo::Error::SpawnFailed(_)
            | fdo::Error::SpawnChildExited(_)
    )
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([APPLICATION, (NAME, name)])
}

async fn unlock(collection: &Collection<'_>) -> Result<(), Trouble> {
    if collection.is_locked().await? {
        collection.unlock().await?;
    }
    Ok(())
}

/// Asks the keyring something and waits for the answer. On a thread of its own, because whoever asks may be a task of the
/// runtime, on which nothing may block another runtime.
fn ask<T: Send>(
    limit: Duration,
    work: impl AsyncFnOnce(&SecretService<'_>) -> Result<T, Trouble> + Send,
) -> Result<T, Trouble> {
    let on_a_thread = move || {
        let asked = async {
            let keyring = SecretService::connect(EncryptionType::Dh).await?;
            work(&keyring).await
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Zbus(zbus::Error::InputOutput(error.into())))?;
        runtime.block_on(async { tokio::time::timeout(limit, asked).await }).unwrap_or(Err(Trouble::Silent))
    };
    thread::scope(|scope| scope.spawn(on_a_thread).join().unwrap_or(Err(Trouble::Silent)))
}
