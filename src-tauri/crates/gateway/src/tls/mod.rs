//! TLS: who the other side is, who this station is to it, and in words what is wrong with either.
//!
//! Nothing is sent to a side that is not the right one. There is no way to leave the check of its name out, other than to
//! name its very certificate by its fingerprint. Certificates and keys are read anew for every connection, so that a
//! renewed one needs no restart.

mod certificate;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
mod verifier;
mod words;

use std::io;
use std::sync::Arc;

use model::{Certificate, CertificateOwner, ErrorKind, Settings, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
pub(crate) use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use self::certificate::fingerprint;
use self::verifier::Verifier;
use self::words::Peer;
pub(crate) use self::words::in_words;
use crate::Credentials;
use crate::attempt::Lost;
use crate::form::Form;

/// The keys of TLS in a gateway's settings.
const KEYS: [&str; 5] = ["ca", "certificate", "key_secret", "server_name", "fingerprint"];

/// What the plant file says of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tls {
    /// The file with the authority that the other side's certificate has to come from; without one, the system's.
    ca: Option<String>,
    own: Option<Own>,
    /// The name that the other side's certificate has to be made out for, where that is not the host.
    server_name: Option<String>,
    /// SHA-256 of the other side's certificate: it has to be this very one.
    pin: Option<[u8; 32]>,
}

/// What this station shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Own {
    /// The file with the certificate and what leads up to its authority.
    certificate: String,
    /// The secret with the private key.
    key_secret: String,
}

/// Whether settings ask for TLS, in whatever protocol.
pub(crate) fn is_on(settings: &Settings) -> bool {
    settings.get("tls").and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// The certificates in a file's content, PEM, for whoever wants to know how long they are good for.
///
/// # Errors
/// Why there are none, in words.
pub fn certificates(pem: &[u8], owner: CertificateOwner) -> Result<Vec<Certificate>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| format!("it cannot be read: {error}"))?;
    let told: Vec<_> = read.iter().filter_map(|der| certificate::read(der, owner)).collect();
    if told.is_empty() { Err("it holds no certificate in PEM form".to_owned()) } else { Ok(told) }
}

impl Tls {
    /// Reads `tls` and what belongs to it; `None` where it is off, or wrong.
    pub(crate) fn read(form: &mut Form<'_>) -> Option<Tls> {
        let is_on = form.flag("tls").unwrap_or(false);
        let [ca, certificate, key_secret, server_name, pin] = KEYS.map(|key| form.text(key).map(str::to_owned));
        if !is_on {
            for key in KEYS {
                if form.has(key) {
                    form.reject(key, format!("`{key}` without TLS"), "write tls = true, or remove it");
                }
            }
            return None;
        }
        let own = match (certificate, key_secret) {
            (Some(certificate), Some(key_secret)) => Some(Own { certificate, key_secret }),
            (Some(_), None) => {
                let remedy = "write key_secret = \"...\", the name of the secret that holds the key";
                form.reject("certificate", "a certificate needs its private key", remedy);
                None
            }
            (None, Some(_)) => {
                let remedy = "write certificate = \"certs/station.pem\"";
                form.reject("key_secret", "a private key needs its certificate", remedy);
                None
            }
            (None, None) => None,
        };
        if let Some(name) = &server_name
            && ServerName::try_from(name.as_str()).is_err()
        {
            form.reject(
                "server_name",
                format!("`server_name` is not a name or an address: \"{}\"", name.escape_debug()),
                "write the name that the certificate is made out for",
            );
        }
        let pin = pin.and_then(|text| {
            let pin = digits(&text);
            if pin.is_none() {
                form.reject(
                    "fingerprint",
                    "`fingerprint` is not a SHA-256 in hexadecimal digits",
                    "write the 64 digits that `openssl x509 -noout -fingerprint -sha256 -in FILE` shows",
                );
            }
            pin
        });
        Some(Tls { ca, own, server_name, pin })
    }

    /// Shakes hands over a stream. Tells the certificates of both sides as far as they were seen, whether it worked or
    /// not. `host` is the name that the other side was called by.
    pub(crate) async fn shake_hands<S>(
        &self,
        stream: S,
        host: &str,
        credentials: &Arc<dyn Credentials>,
        now: Timestamp,
    ) -> (Result<TlsStream<S>, Lost>, Vec<Certificate>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = self.server_name.as_deref().unwrap_or(host);
        let Ok(server_name) = ServerName::try_from(name.to_owned()) else {
            let words = format!("no certificate can be made out for the name \"{name}\": write another `server_name`");
            return (Err(refused(words)), Vec::new());
        };
        let (tls, from, host) = (self.clone(), Arc::clone(credentials), host.to_owned());
        // Reading files and looking up secrets may take its time, which others need not share.
        let prepared = tokio::task::spawn_blocking(move || tls.prepare(&*from, &host, now)).await;
        let (config, verifier, mut certificates) = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(lost)) => return (Err(lost), Vec::new()),
            Err(error) => return (Err(Lost::new(ErrorKind::Internal, format!("TLS failed: {error}"))), Vec::new()),
        };
        let shaken = TlsConnector::from(Arc::new(config)).connect(server_name, stream).await;
        certificates.extend(verifier.seen());
        (shaken.map_err(|error| verifier.in_words(&error)), certificates)
    }

    fn prepare(
        &self,
        credentials: &dyn Credentials,
        host: &str,
        now: Timestamp,
    ) -> Result<(ClientConfig, Arc<Verifier>, Vec<Certificate>), Lost> {
        let provider = Arc::new(ring::default_provider());
        let mut certificates = Vec::new();
        let roots = self.roots(credentials, &mut certificates)?;
        let peer = Peer { host: host.to_owned(), shows_itself: self.own.is_some(), now };
        let verifier = Verifier::new(roots, self.pin, &provider, peer).map_err(refused)?;
        let verifier = Arc::new(verifier);
        let config = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Stopped(now)))
            .with_safe_default_protocol_versions()
            .map_err(|error| Lost::new(ErrorKind::Internal, format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let config = match &self.own {
            None => config.with_no_client_auth(),
            Some(own) => {
                let (chain, key) = own.read(credentials, &provider)?;
                certificates.extend(chain.first().and_then(|der| certificate::read(der, CertificateOwner::Own)));
                config.with_client_auth_cert(chain, key).map_err(|error| {
                    let (file, secret) = (&own.certificate, &own.key_secret);
                    refused(format!(
                        "the key in the secret \"{secret}\" and the certificate {file} do not match: {error}"
                    ))
                })?
            }
        };
        Ok((config, verifier, certificates))
    }

    /// The authorities that are believed.
    fn roots(&self, credentials: &dyn Credentials, told: &mut Vec<Certificate>) -> Result<RootCertStore, Lost> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(file) => {
                for der in read_certificates(credentials, file)? {
                    told.extend(certificate::read(&der, CertificateOwner::Authority));
                    roots.add(der).map_err(|error| refused(format!("{file} is not of an authority: {error}")))?;
                }
            }
            None if self.pin.is_some() => {}
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    return Err(refused(
                        "this system knows no certificate authority: write ca = \"certs/ca.pem\", or a fingerprint",
                    ));
                }
            }
        }
        Ok(roots)
    }
}

impl Own {
    fn read(
        &self,
        credentials: &dyn Credentials,
        provider: &CryptoProvider,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Lost> {
        let chain = read_certificates(credentials, &self.certificate)?;
        let name = &self.key_secret;
        let secret = credentials.secret(name).map_err(refused)?;
        let not_a_key = |_| refused(format!("the secret \"{name}\" is no private key without a password, in PEM form"));
        let key = PrivateKeyDer::from_pem_slice(secret.reveal().as_bytes()).map_err(not_a_key)?;
        provider.key_provider.load_private_key(key.clone_key()).map_err(|_unusable| {
            refused(format!("the private key in the secret \"{name}\" is of a kind that is not supported"))
        })?;
        Ok((chain, key))
    }
}

fn read_certificates(credentials: &dyn Credentials, file: &str) -> Result<Vec<CertificateDer<'static>>, Lost> {
    let pem = credentials.certificate(file).map_err(refused)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(refused(format!("{file} holds no certificate in PEM form"))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(refused(format!("{file} cannot be read: {error}"))),
    }
}

/// What a try soon after would not mend.
fn refused(words: impl Into<String>) -> Lost {
    Lost::new(ErrorKind::Refused, words)
}

/// A fingerprint as people write it: with colons, spaces and letters of either case, and sometimes its kind before it.
fn digits(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let text = text
        .rsplit_once(['=', ' '])
        .map_or(text, |(kind, rest)| if kind.to_ascii_lowercase().contains("sha") { rest } else { text });
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ':' | ' ' | '-'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

/// The station's own time as it was when the connection was made.
#[derive(Debug)]
struct Stopped(Timestamp);

impl TimeProvider for Stopped {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0))
    }
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0)))
}

/// The error of rustls within one of a stream.
fn inner(error: &io::Error) -> Option<&tokio_rustls::rustls::Error> {
    error.get_ref()?.downcast_ref()
}
