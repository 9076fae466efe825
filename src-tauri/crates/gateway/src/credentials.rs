//! Where secrets and certificates come from. The plant file names them and never holds a secret.

use std::fmt;

/// Something that must not be shown. It has no `Debug` that shows it and is not written anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What gives out secrets and certificates by name.
pub trait Credentials: Send + Sync {
    /// The secret of a name.
    ///
    /// # Errors
    /// Why it cannot be had, and what to do, in words.
    fn secret(&self, name: &str) -> Result<Secret, String>;

    /// The content of a certificate file, PEM, by its name beside the plant file.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn certificate(&self, file: &str) -> Result<Vec<u8>, String>;
}

/// For plants that need none.
pub struct NoCredentials;

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever really needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Credentials for NoCredentials {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        Err(format!("there is no store of secrets to look up \"{name}\""))
    }

    fn certificate(&self, file: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no folder to look for {file}"))
    }
}
