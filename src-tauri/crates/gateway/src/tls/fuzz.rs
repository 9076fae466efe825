//! A certificate that the other side shows, as whatever bytes.

use model::{Certificate, CertificateOwner};

use super::certificate::{issuer, read};

/// A certificate, read for a person to look at.
pub fn certificate(data: &[u8]) {
    let text = |text: &str| {
        assert!(text.len() <= 16_384, "a name of {} bytes", text.len());
        assert!(!text.contains(char::is_control), "a name with control characters: {text:?}");
    };
    if let Some(Certificate { subject, fingerprint, .. }) = read(data, CertificateOwner::Peer) {
        text(&subject);
        assert_eq!(fingerprint.len(), 64, "{fingerprint}");
    }
    if let Some(issuer) = issuer(data) {
        text(&issuer);
    }
}
