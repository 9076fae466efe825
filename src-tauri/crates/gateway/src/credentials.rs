//! Where secrets and certificates come from. The plant file names them and never holds a secret.

use std::fmt;
use std::path::{Component, Path};

use zeroize::Zeroize as _;

/// Something that must not be shown. It has no `Debug` that shows it, is not written anywhere, and its memory is wiped
/// when it is dropped.
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

/// Whether a secret may have this name: letters, digits, `-`, `_` and `.`, the first one a letter or a digit, 64 at most.
pub fn is_secret_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain)
}

/// Whether this can be a file beside the plant file: a path that goes down only.
pub fn is_certificate_file(file: &str) -> bool {
    let goes_down = |component| matches!(component, Component::Normal(_));
    !file.is_empty() && !file.contains(char::is_control) && Path::new(file).components().all(goes_down)
}

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

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_plain_words() {
        for (name, allowed) in [
            ("broker", true),
            ("line1_broker.key-2", true),
            ("", false),
            (".hidden", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
            ("user:password", false),
            ("Brücke", false),
        ] {
            assert_eq!(is_secret_name(name), allowed, "{name}");
        }
        assert!(is_secret_name(&"a".repeat(64)) && !is_secret_name(&"a".repeat(65)));
    }

    #[test]
    fn files_of_certificates_are_beside_the_plant_file() {
        for (file, allowed) in [
            ("ca.pem", true),
            ("certs/ca.pem", true),
            ("", false),
            ("/etc/ssl/ca.pem", false),
            ("../ca.pem", false),
            ("certs/../../ca.pem", false),
            ("./ca.pem", false),
            ("ca\n.pem", false),
        ] {
            assert_eq!(is_certificate_file(file), allowed, "{file}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("tr0ub4dor")), "Secret(…)");
    }
}
