//! Whether the other side is the right one.
//!
//! rustls judges; here a fingerprint may take the place of chain and name, and what was seen is remembered, so that it can
//! be shown and the reason of a refusal told in words.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Certificate, CertificateOwner};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::words::{self, Peer};
use super::{certificate, fingerprint, unix};
use crate::attempt::Lost;

#[derive(Debug)]
pub(super) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    peer: Peer,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
enum Judge {
    /// Chain and name.
    Authorities(Arc<WebPkiServerVerifier>),
    /// It has to be this very certificate.
    Pin([u8; 32]),
}

#[derive(Debug, Default)]
struct Seen {
    certificate: Option<Certificate>,
    /// Why it was refused, in words.
    objection: Option<String>,
}

impl Verifier {
    /// # Errors
    /// Why no certificate could be judged, in words.
    pub(super) fn new(
        roots: RootCertStore,
        pin: Option<[u8; 32]>,
        provider: &Arc<CryptoProvider>,
        peer: Peer,
    ) -> Result<Self, String> {
        let judge = match pin {
            Some(pin) => Judge::Pin(pin),
            None => Judge::Authorities(
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                    .build()
                    .map_err(|error| format!("the authorities cannot be used: {error}"))?,
            ),
        };
        Ok(Self { judge, provider: Arc::clone(provider), peer, seen: Mutex::default() })
    }

    /// The certificate that the other side showed.
    pub(super) fn seen(&self) -> Option<Certificate> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).certificate.clone()
    }

    /// Why the handshake failed.
    pub(super) fn in_words(&self, error: &io::Error) -> Lost {
        let objection = self.seen.lock().unwrap_or_else(PoisonError::into_inner).objection.clone();
        match objection {
            Some(words) => super::refused(words),
            None => words::of_handshake(error, &self.peer),
        }
    }

    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
        seen: Option<&Certificate>,
    ) -> Result<(), Error> {
        match &self.judge {
            Judge::Authorities(judge) => {
                judge.verify_server_cert(end_entity, intermediates, name, ocsp, now).map(|_verified| ())
            }
            Judge::Pin(pin) if fingerprint(end_entity) != *pin => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Judge::Pin(_) => {
                let Some(seen) = seen else { return Err(CertificateError::BadEncoding.into()) };
                if self.peer.now < seen.not_before {
                    return Err(CertificateError::NotValidYet.into());
                }
                if self.peer.now > seen.not_after {
                    return Err(CertificateError::Expired.into());
                }
                Ok(())
            }
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = certificate::read(end_entity, CertificateOwner::Peer);
        let now = unix(self.peer.now);
        let judged = self.judge(end_entity, intermediates, server_name, ocsp_response, now, certificate.as_ref());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = &judged {
            seen.objection =
                Some(words::of_certificate(error, &self.peer, certificate.as_ref(), end_entity, server_name));
        }
        seen.certificate = certificate;
        judged.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
