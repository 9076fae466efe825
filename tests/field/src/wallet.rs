//! Secrets and certificates that a test gives to a station.

use std::collections::BTreeMap;

use gateway::{Credentials, Secret};

/// What a station finds by name.
#[derive(Clone, Debug, Default)]
pub struct Wallet {
    secrets: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl Wallet {
    /// With a secret in it.
    #[must_use]
    pub fn secret(mut self, name: &str, text: &str) -> Self {
        self.secrets.insert(name.to_owned(), text.to_owned());
        self
    }

    /// With a certificate's file in it.
    #[must_use]
    pub fn file(mut self, name: &str, pem: &str) -> Self {
        self.files.insert(name.to_owned(), pem.to_owned());
        self
    }
}

impl Credentials for Wallet {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        self.secrets.get(name).map(Secret::new).ok_or_else(|| format!("there is no secret \"{name}\""))
    }

    fn certificate(&self, file: &str) -> Result<Vec<u8>, String> {
        self.files.get(file).map(|pem| pem.clone().into_bytes()).ok_or_else(|| format!("there is no file {file}"))
    }
}
