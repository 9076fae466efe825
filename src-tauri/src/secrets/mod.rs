//! Secrets and certificates, by the names that a plant file has for them.
//!
//! A secret is looked up in the credentials that systemd passes to the program, then in the desktop's keyring. There is
//! no third place: no file with the secret in it, no environment variable, and nothing is tried in silence. Where a secret
//! cannot be had, the words say where it was looked for and what to do. Certificates are files beside the plant file.
//!
//! **Invariant:** what is secret is in no message, no log and no error.

mod command;
mod files;
mod keyring;
mod passed;
mod station;
mod terminal;

use std::path::PathBuf;

use gateway::{Credentials, Secret, is_secret_name};

pub use command::{SecretCommand, run};
pub use station::{StationCommand, run as run_station};

use self::keyring::Keyring;
use self::passed::Passed;

/// The largest secret, bytes: a private key with room to spare.
const MOST_BYTES: usize = 64 * 1024;

/// Where secrets are looked up for one plant.
pub struct Store {
    passed: Passed,
    keyring: Keyring,
    plant: PathBuf,
}

/// Where a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Passed by systemd.
    Passed,
    /// In the desktop's keyring.
    Keyring,
}

/// A secret that cannot be had.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Why, and where it was looked for.
    pub words: String,
    /// What to do.
    pub remedy: String,
}

/// What came of looking for a secret.
enum Found {
    Here(Place, Secret),
    /// In none of the stores. Why not in the keyring, where that could not be asked.
    Nowhere(Option<keyring::Trouble>),
}

impl Store {
    /// The stores of this process, and the plant whose certificates are read.
    pub fn new(plant: PathBuf) -> Self {
        Self { passed: Passed::of_this_process(), keyring: Keyring, plant }
    }

    /// Looks for a secret and says where it is, not what it is.
    ///
    /// # Errors
    /// Why it cannot be had, and what to do.
    pub fn locate(&self, name: &str) -> Result<Place, Missing> {
        match self.find(name)? {
            Found::Here(place, _) => Ok(place),
            Found::Nowhere(trouble) => Err(self.nowhere(name, trouble.as_ref())),
        }
    }

    fn find(&self, name: &str) -> Result<Found, Missing> {
        if !is_secret_name(name) {
            let words = "a secret's name has letters, digits, `-`, `_` and `.` only, 64 at most".to_owned();
            return Err(Missing { words, remedy: "give it another name".to_owned() });
        }
        let refused = |words| Missing { words, remedy: "pass it again".to_owned() };
        if let Some(secret) = self.passed.read(name).map_err(refused)? {
            return Ok(Found::Here(Place::Passed, secret));
        }
        Ok(match self.keyring.read(name) {
            Ok(Some(secret)) => Found::Here(Place::Keyring, secret),
            Ok(None) => Found::Nowhere(None),
            Err(trouble) => Found::Nowhere(Some(trouble)),
        })
    }

    fn nowhere(&self, name: &str, trouble: Option<&keyring::Trouble>) -> Missing {
        let passed = if self.passed.is_any() { "it is not among them" } else { "none are passed to this program" };
        let (keyring, remedy) = match trouble {
            None => (
                "it is not in it".to_owned(),
                format!("store it with `andon secret set {name}`, adding --login for a user with a password"),
            ),
            Some(trouble) => (trouble.to_string(), trouble.remedy(name)),
        };
        let words = format!("the secret \"{name}\" was not found (systemd credentials: {passed}; keyring: {keyring})");
        Missing { words, remedy }
    }
}

impl Credentials for Store {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        let missing = match self.find(name) {
            Ok(Found::Here(_, secret)) => return Ok(secret),
            Ok(Found::Nowhere(trouble)) => self.nowhere(name, trouble.as_ref()),
            Err(missing) => missing,
        };
        Err(format!("{}: {}", missing.words, missing.remedy))
    }

    fn certificate(&self, file: &str) -> Result<Vec<u8>, String> {
        files::read(&self.plant, file)
    }
}

impl Place {
    /// As in "it is ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed by systemd",
            Self::Keyring => "in the keyring",
        }
    }
}

/// Bytes as a secret, without the line feed that an editor or `echo` leaves at their end.
fn secret(bytes: Vec<u8>) -> Result<Secret, String> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        zeroize::Zeroize::zeroize(&mut error.into_bytes());
        "it is not text in UTF-8".to_owned()
    })?;
    let end = text.strip_suffix('\n').map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(end);
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_at_the_end_is_not_part_of_a_secret() {
        for (bytes, expect) in
            [("pw\n", "pw"), ("pw\r\n", "pw"), ("pw", "pw"), ("u\np w ", "u\np w "), ("pw\n\n", "pw\n")]
        {
            assert_eq!(secret(bytes.into()).expect("a secret").reveal(), expect);
        }
        assert!(secret(b"\n".to_vec()).is_err());
        let said = secret(vec![b's', 0xff]).expect_err("no text");
        assert_eq!(said, "it is not text in UTF-8");
    }
}
