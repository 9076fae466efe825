//! Whom a webhook's certificate has to come from.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A connector that believes the authorities in a file's content, PEM, or those of the system.
///
/// # Errors
/// Why nobody could be believed, in words.
pub(super) fn connector(ca: Option<(&str, &[u8])>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some((file, pem)) => {
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            for der in read.map_err(|error| format!("{file} cannot be read: {error}"))? {
                roots.add(der).map_err(|error| format!("{file} is not of an authority: {error}"))?;
            }
            if roots.is_empty() {
                return Err(format!("{file} holds no certificate in PEM form"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("this system knows no certificate authority: write ca = \"certs/ca.pem\"".to_owned());
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
