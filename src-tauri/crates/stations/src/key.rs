//! The keys of stations: Ed25519 (RFC 8032), made at the station and never leaving its store of secrets. The plant file
//! has the public halves.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use gateway::Secret;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

/// The name of the secret that a station's key is kept under.
pub const KEY_SECRET: &str = "station-key";

/// Bytes of a public key (RFC 8032, 5.1.5).
const PUBLIC_BYTES: usize = 32;
/// Bytes of a signature (RFC 8032, 5.1.6).
const SIGNATURE_BYTES: usize = 64;

/// The key of this station. It does not show itself.
pub struct StationKey(Ed25519KeyPair);

/// The public half of a station's key, as the plant file has it: 32 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC_BYTES]);

/// A text that is no key, or a key that could not be made. The text is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The secret holds something else.
    #[error("the secret \"{KEY_SECRET}\" holds no station key: make one with `andon station key`")]
    ReadingSecret,
    /// The plant file holds something else.
    #[error("this is no station key: write the line that `andon station key` prints at that station")]
    ReadingPublic,
    /// The system gives no random numbers.
    #[error("this system gives no random numbers to make a key of")]
    Making,
}

impl StationKey {
    /// Makes a key, as the secret to keep.
    ///
    /// # Errors
    /// [`KeyError::Making`].
    pub fn make() -> Result<Secret, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Making)?;
        Ok(Secret::new(BASE64_STANDARD.encode(document.as_ref())))
    }

    /// Reads a key from its secret.
    ///
    /// # Errors
    /// [`KeyError::ReadingSecret`].
    pub fn read(secret: &Secret) -> Result<StationKey, KeyError> {
        let document = BASE64_STANDARD.decode(secret.reveal().trim()).map_err(|_| KeyError::ReadingSecret)?;
        let document = Zeroizing::new(document);
        Ed25519KeyPair::from_pkcs8(&document).map(StationKey).map_err(|_| KeyError::ReadingSecret)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_BYTES];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs bytes; the signature in base64.
    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        BASE64_STANDARD.encode(self.0.sign(bytes).as_ref())
    }
}

impl PublicKey {
    /// Whether a signature in base64 is one of these bytes by this key.
    pub(crate) fn has_signed(&self, bytes: &[u8], signature: &str) -> bool {
        // Nothing longer is decoded at all.
        let decoded =
            (signature.len() <= 2 * SIGNATURE_BYTES).then(|| BASE64_STANDARD.decode(signature).ok()).flatten();
        decoded.is_some_and(|signature| UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| KeyError::ReadingPublic)?;
        bytes.try_into().map(PublicKey).map_err(|_| KeyError::ReadingPublic)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_as_a_secret_and_named_by_its_public_half() {
        let secret = StationKey::make().expect("a system with random numbers");
        let key = StationKey::read(&secret).expect("was made just now");
        let public: PublicKey = key.public().to_string().parse().expect("reads back");
        assert_eq!(public, key.public());
        assert!(public.has_signed(b"what was done", &key.sign(b"what was done")));
        assert!(!public.has_signed(b"what was not", &key.sign(b"what was done")));
        let other = StationKey::read(&StationKey::make().expect("another")).expect("a key");
        assert_ne!(other.public(), public, "every station has a key of its own");
    }

    #[test]
    fn another_text_is_no_key() {
        for text in ["", "tr0ub4dor", "AAAA"] {
            assert!(
                StationKey::read(&Secret::new(text)).is_err_and(|error| error == KeyError::ReadingSecret),
                "{text}"
            );
            assert_eq!(text.parse::<PublicKey>(), Err(KeyError::ReadingPublic), "{text}");
        }
    }
}
