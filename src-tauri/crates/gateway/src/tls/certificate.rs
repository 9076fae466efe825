//! What a person has to know of a certificate.

use std::fmt::Write as _;

use model::{Certificate, CertificateOwner, Timestamp};
use ring::digest::{SHA256, digest};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

/// SHA-256 of a certificate.
pub(super) fn fingerprint(der: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, der).as_ref());
    bytes
}

/// As hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a certificate; `None` for one that cannot be read.
pub(super) fn read(der: &[u8], owner: CertificateOwner) -> Option<Certificate> {
    let tbs = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
    let mut subject = tbs.subject.to_string();
    if subject.is_empty()
        && let Ok(Some((_is_critical, names))) = tbs.get::<SubjectAltName>()
    {
        let names: Vec<_> = names.0.iter().filter_map(dns_name).collect();
        subject = names.join(", ");
    }
    Some(Certificate {
        owner,
        subject: subject.chars().take(200).flat_map(char::escape_debug).collect(),
        not_before: stamp(tbs.validity.not_before),
        not_after: stamp(tbs.validity.not_after),
        fingerprint: hex(&fingerprint(der)),
    })
}

/// Who made a certificate.
pub(super) fn issuer(der: &[u8]) -> Option<String> {
    let name = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate.issuer.to_string();
    Some(name.chars().take(200).flat_map(char::escape_debug).collect())
}

fn dns_name(name: &GeneralName) -> Option<&str> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    }
}

fn stamp(time: Time) -> Timestamp {
    let millis = time.to_unix_duration().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
