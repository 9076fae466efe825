//! Modbus/TCP Security: a PLC that speaks inside TLS and wants to see a certificate.

mod peer;
#[path = "peer/plc.rs"]
#[allow(dead_code, reason = "each test file uses its own part")]
mod plc;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gateway::{Credentials, Secret};
use model::{CertificateOwner, DataType, ErrorKind, LinkState, TagIndex, Uptime, Value, Write, WritePolicy, Written};
use peer::{Link, network, point};
use plc::{Fate, Frames, Plc};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Files and secrets in memory.
#[derive(Default)]
struct Store {
    files: HashMap<&'static str, String>,
    secrets: HashMap<&'static str, String>,
}

impl Credentials for Store {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        self.secrets.get(name).map(Secret::new).ok_or_else(|| format!("there is no secret \"{name}\""))
    }

    fn certificate(&self, file: &str) -> Result<Vec<u8>, String> {
        let text = self.files.get(file).ok_or_else(|| format!("{file} is not there"))?;
        Ok(text.clone().into_bytes())
    }
}

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Plant");
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn leaf(issuer: &Issuer, name: &str) -> (rcgen::Certificate, KeyPair) {
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, issuer).expect("a certificate"), key)
}

/// Puts TLS before a PLC, for those who show a certificate of the authority. It ends with the test's runtime.
async fn secured(plc: &Plc, authority: &Issuer) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("an authority");
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let (certificate, key) = leaf(authority, "127.0.0.1");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .expect("a certificate");
    let (acceptor, port) = (TlsAcceptor::from(Arc::new(config)), plc.port);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let own = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(("127.0.0.1", port)).await.expect("the PLC");
                let _ended = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    own
}

#[tokio::test]
async fn a_plc_behind_tls_is_read_and_written_by_who_shows_a_certificate() {
    let authority = authority();
    let plc = Plc::start(Frames::Tcp, |_| Fate::Sound).await;
    plc.memory().registers[1] = 7;
    let port = secured(&plc, &authority).await;
    let (certificate, key) = leaf(&authority, "station");
    let mut store = Store::default();
    store.files.insert("ca.pem", authority.pem());
    store.files.insert("station.pem", certificate.pem());
    store.secrets.insert("station", key.serialize_pem());
    let network = network().with_credentials(Arc::new(store));
    let tag = || {
        let tag = point(0, DataType::Int, r#"{"table":"holding","register":1}"#);
        vec![model::Point { write: Some(WritePolicy::default()), ..tag }]
    };
    let base = format!(r#""host":"127.0.0.1","port":{port},"poll_ms":50,"tls":true,"ca":"ca.pem""#);

    let settings = format!(r#"{{{base},"certificate":"station.pem","key_secret":"station"}}"#);
    let mut link = Link::open_with(&network, "modbus-tcp", &settings, tag());
    link.until("the value", |link| link.latest[0].as_ref().is_some_and(|sample| sample.value == Some(Value::Int(7))))
        .await;
    let expires = Uptime::from_duration(Duration::from_secs(3_600));
    let write = Write { tag: TagIndex(0), value: Value::Int(8), expires };
    assert_eq!(link.link.handle().write(write).await, Written::Done);
    link.until("the certificates", |link| link.link.detail().certificates.len() == 3).await;
    let owners: Vec<_> = link.link.detail().certificates.iter().map(|certificate| certificate.owner).collect();
    for owner in [CertificateOwner::Authority, CertificateOwner::Own, CertificateOwner::Peer] {
        assert!(owners.contains(&owner), "{owners:?}");
    }
    link.link.close().await;

    // Without one of its own, and with an authority that is another.
    for (settings, file) in [(format!("{{{base}}}"), "without a certificate"), (settings, "another authority")] {
        let network = if file == "another authority" {
            let mut store = Store::default();
            store.files.insert("ca.pem", self::authority().pem());
            store.files.insert("station.pem", certificate.pem());
            store.secrets.insert("station", key.serialize_pem());
            self::network().with_credentials(Arc::new(store))
        } else {
            let mut store = Store::default();
            store.files.insert("ca.pem", authority.pem());
            self::network().with_credentials(Arc::new(store))
        };
        let mut link = Link::open_with(&network, "modbus-tcp", &settings, tag());
        let down = link.until_down().await;
        assert!(!down.reason.is_empty(), "{file}");
        assert!(link.samples.is_empty() && !link.is(LinkState::Up), "{file}: {}", down.reason);
        assert_eq!(link.errors(ErrorKind::Internal), 0, "{file}");
    }
}
