//! `andon secret`: keeping, listing and forgetting the secrets that plant files name.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use api::PlantFolder as _;
use clap::Subcommand;
use engine::SystemClock;
use gateway::{Network, Secret, is_secret_name};
use model::{Protocols as _, Reference, Referent};
use plant::TagIndices;

use super::keyring::{Keyring, Trouble};
use super::{Place, Store, terminal};
use crate::folder::{Folder, Owner};

/// What can be done with secrets.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretCommand {
    /// Keep a secret in the desktop's keyring, in place of the one before it.
    ///
    /// It is asked for and not shown; without a terminal it is read from standard input.
    Set {
        /// The name that the plant file has for it.
        name: String,
        /// Ask for a user and a password; from standard input, the user is the first line and the password the second.
        #[arg(long)]
        login: bool,
    },
    /// Say which secrets a plant needs and where they are, never what they are.
    List {
        /// The plant; the one shown last if not given.
        #[arg(long, value_name = "DIR")]
        plant: Option<PathBuf>,
    },
    /// Remove a secret from the desktop's keyring.
    Forget {
        /// The name that the plant file has for it.
        name: String,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No such name is possible.
    #[error(
        "a secret's name has letters, digits, `-`, `_` and `.` only, begins with a letter or a digit, and has 64 at most"
    )]
    Naming,
    /// The terminal does not work.
    #[error("the terminal cannot be used")]
    Asking(#[source] io::Error),
    /// What was typed or piped is no secret.
    #[error("the secret is not kept: {0}")]
    Taking(String),
    /// The keyring does not do it.
    #[error("{what} (keyring: {trouble}): {remedy}")]
    Keeping {
        /// What was not done.
        what: String,
        /// Why not, of the keyring.
        trouble: Box<Trouble>,
        /// What to do.
        remedy: String,
    },
    /// It is none of ours.
    #[error("the keyring has no secret \"{0}\" of Andon")]
    Unknown(String),
    /// The plant has errors.
    #[error("the plant in {} has errors; `andon check` lists them", folder.display())]
    ReadingPlant {
        /// Where it is.
        folder: PathBuf,
    },
}

/// Does it, and prints what was done.
///
/// # Errors
/// [`SecretError`].
pub fn run(command: SecretCommand, last_plant: Option<PathBuf>) -> Result<(), SecretError> {
    match command {
        SecretCommand::Set { name, login } => set(&name, if login { Referent::Login } else { Referent::Secret }),
        SecretCommand::List { plant } => list(plant.or(last_plant)),
        SecretCommand::Forget { name } => forget(&name),
    }
}

fn set(name: &str, what: Referent) -> Result<(), SecretError> {
    if !is_secret_name(name) {
        return Err(SecretError::Naming);
    }
    let secret = match what {
        Referent::Login if terminal::is_attended() => {
            let user = terminal::ask("User").map_err(SecretError::Asking)?;
            let password = terminal::ask_hidden("Password").map_err(SecretError::Asking)?;
            login(&user, &password)
        }
        Referent::Secret | Referent::Certificate if terminal::is_attended() => {
            let text = terminal::ask_hidden("Secret").map_err(SecretError::Asking)?;
            if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(text.as_str())) }
        }
        Referent::Login => terminal::from_pipe().and_then(|secret| {
            let parts =
                secret.reveal().split_once('\n').ok_or("its first line is the user, its second the password")?;
            login(parts.0.trim_end_matches('\r'), parts.1)
        }),
        Referent::Secret | Referent::Certificate => terminal::from_pipe(),
    };
    let secret = secret.map_err(SecretError::Taking)?;
    Keyring.write(name, &secret).map_err(|trouble| keeping(format!("\"{name}\" is not kept"), name, trouble))?;
    println!("\"{name}\" is in the keyring");
    Ok(())
}

/// A user and a password as one secret.
fn login(user: &str, password: &str) -> Result<Secret, String> {
    if user.is_empty() {
        return Err("the user is empty".to_owned());
    }
    if user.contains(char::is_control) || password.contains(['\n', '\r']) {
        return Err("a user and a password are one line each".to_owned());
    }
    Ok(Secret::new(format!("{user}\n{password}")))
}

fn list(plant: Option<PathBuf>) -> Result<(), SecretError> {
    let store = Store::new(plant.clone().unwrap_or_default());
    let needed = plant.map(needed).transpose()?.unwrap_or_default();
    let mut others = Keyring.names();
    for (gateway, Reference { key, name, .. }) in &needed {
        let place = match store.locate(name) {
            Ok(place) => place.words().to_owned(),
            Err(missing) => format!("missing: {}", missing.words),
        };
        println!("{name}: {key} of {gateway}; {place}");
        if let Ok(others) = &mut others {
            others.retain(|other| other != name);
        }
    }
    match others {
        Ok(others) => others.iter().for_each(|name| println!("{name}: in the keyring; this plant does not need it")),
        Err(trouble) => println!("keyring: {trouble}"),
    }
    if needed.is_empty() {
        println!("this plant needs no secret");
    }
    Ok(())
}

/// The secrets that a plant names, each with what needs it.
fn needed(folder: PathBuf) -> Result<Vec<(String, Reference)>, SecretError> {
    let network = Arc::new(Network::new(Arc::new(SystemClock)));
    let reading = Folder::new(folder.clone(), Owner::Person, Arc::clone(&network)).read(&TagIndices::default());
    let plant = reading.plant.ok_or(SecretError::ReadingPlant { folder })?;
    let of = |gateway: &plant::Gateway| {
        let words = format!("the gateway \"{}\"", gateway.spec.name);
        let named = network.references(&gateway.spec).into_iter();
        let secrets = named.filter(|reference| reference.referent != Referent::Certificate);
        secrets.map(|reference| (words.clone(), reference)).collect::<Vec<_>>()
    };
    let key = |_| {
        let reference = Reference { key: "key", referent: Referent::Secret, name: stations::KEY_SECRET.to_owned() };
        ("this station".to_owned(), reference)
    };
    Ok(plant.gateways.iter().flat_map(of).chain(plant.stations.iter().map(key)).collect())
}

fn forget(name: &str) -> Result<(), SecretError> {
    if !is_secret_name(name) {
        return Err(SecretError::Naming);
    }
    let removed = Keyring.remove(name);
    let removed = removed.map_err(|trouble| keeping(format!("\"{name}\" is not removed"), name, trouble))?;
    if !removed {
        return Err(SecretError::Unknown(name.to_owned()));
    }
    println!("\"{name}\" is no longer in the keyring");
    if matches!(Store::new(PathBuf::new()).locate(name), Ok(Place::Passed)) {
        println!("systemd still passes a secret of this name");
    }
    Ok(())
}

fn keeping(what: String, name: &str, trouble: Trouble) -> SecretError {
    let remedy = trouble.remedy(name);
    SecretError::Keeping { what, trouble: Box::new(trouble), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_two_lines() {
        assert_eq!(login("anna", "p w:1").expect("a log-in").reveal(), "anna\np w:1");
        for (user, password) in [("", "x"), ("a\nb", "x"), ("a", "x\ny")] {
            let said = login(user, password).expect_err("no log-in");
            assert!(!said.contains('x'), "{said}");
        }
    }
}
