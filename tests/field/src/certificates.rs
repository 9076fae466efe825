//! Certificates made for a test: an authority, and what it signs, right and wrong.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, string::Ia5String,
};
use time::{Duration, OffsetDateTime};

/// A certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The certificate as it travels, for a fingerprint.
    pub der: Vec<u8>,
}

/// Who vouches for others.
#[derive(Debug)]
pub struct Authority {
    /// Its own certificate, signed by itself.
    pub identity: Identity,
    params: CertificateParams,
    key: KeyPair,
}

/// When a certificate is valid, in days from today.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Days {
    /// From yesterday on for a year.
    pub const VALID: Days = Days { from: -1, to: 365 };
    /// Over since yesterday.
    pub const EXPIRED: Days = Days { from: -30, to: -1 };
    /// From next week on.
    pub const TO_COME: Days = Days { from: 7, to: 365 };
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When this machine has no randomness.
    pub fn new(name: &str) -> Authority {
        let mut params = params(name, &[], Days::VALID);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("randomness");
        let certificate = params.self_signed(&key).expect("a certificate of its own");
        let identity =
            Identity { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() };
        Authority { identity, params, key }
    }

    /// Signs a certificate for a name. `hosts` are the names and addresses it is good for.
    ///
    /// # Panics
    /// When a name has letters that no certificate can carry.
    pub fn signs(&self, name: &str, hosts: &[&str], days: Days) -> Identity {
        let key = KeyPair::generate().expect("randomness");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params(name, hosts, days).signed_by(&key, &issuer).expect("a certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() }
    }
}

fn params(name: &str, hosts: &[&str], days: Days) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = hosts
        .iter()
        .map(|host| match host.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_name) => SanType::DnsName(Ia5String::try_from(*host).expect("letters without accents")),
        })
        .collect();
    let today = OffsetDateTime::now_utc();
    params.not_before = today + Duration::days(days.from);
    params.not_after = today + Duration::days(days.to);
    params
}
