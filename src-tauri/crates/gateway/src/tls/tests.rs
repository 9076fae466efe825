//! Handshakes with certificates made for the purpose.

use std::collections::HashMap;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use super::*;
use crate::Secret;

/// 2026-11-25, in the middle of what the certificates below are valid for.
const NOW: Timestamp = Timestamp::from_millis(1_795_600_000_000);

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

fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate of an authority for a name, and its key.
struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

fn leaf(issuer: &Issuer, name: &str, years: (i32, i32)) -> Leaf {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    Leaf { certificate, key }
}

fn settings(text: &str) -> Tls {
    let document = serde_json::from_str(text).expect("a document");
    let mut form = Form::new(&document);
    let tls = Tls::read(&mut form);
    form.finish(tls).expect("settings that make sense")
}

/// Serves one handshake, and an echo of four bytes.
fn serve(leaf: &Leaf, clients: Option<&Issuer>, stream: DuplexStream) -> tokio::task::JoinHandle<Option<[u8; 4]>> {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivatePkcs8KeyDer::from(leaf.key.serialize_der());
    let config = config.with_single_cert(vec![leaf.certificate.der().clone()], key.into()).expect("a certificate");
    tokio::spawn(async move {
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        let mut said = [0; 4];
        stream.read_exact(&mut said).await.ok()?;
        stream.write_all(&said).await.ok()?;
        stream.shutdown().await.ok()?;
        Some(said)
    })
}

struct Outcome {
    /// What the server read, and got through.
    heard: Option<[u8; 4]>,
    lost: Option<Lost>,
    certificates: Vec<Certificate>,
}

/// Connects to a server with a certificate, and says something to it.
async fn connect(tls: &Tls, store: Store, leaf: &Leaf, clients: Option<&Issuer>) -> Outcome {
    let (station, server) = duplex(65_536);
    let server = serve(leaf, clients, server);
    let credentials: Arc<dyn Credentials> = Arc::new(store);
    let (shaken, certificates) = tls.shake_hands(station, "broker.local", &credentials, NOW).await;
    let lost = match shaken {
        Err(lost) => Some(lost),
        Ok(mut stream) => {
            let echo = async {
                stream.write_all(b"MQTT").await?;
                let mut echo = [0; 4];
                stream.read_exact(&mut echo).await.map(drop)
            };
            echo.await.err().map(|error| in_words(&error).unwrap_or_else(|| crate::socket::broken(&error)))
        }
    };
    Outcome { heard: server.await.expect("in order"), lost, certificates }
}

fn store(authority: &Issuer) -> Store {
    Store { files: [("certs/ca.pem", authority.pem())].into_iter().collect(), ..Store::default() }
}

const WITH_CA: &str = r#"{"tls":true,"ca":"certs/ca.pem"}"#;

#[tokio::test]
async fn a_certificate_of_the_right_authority_for_the_right_name_is_accepted_and_told() {
    let ca = authority("Plant CA");
    let leaf = leaf(&ca, "broker.local", (2026, 2027));
    let outcome = connect(&settings(WITH_CA), store(&ca), &leaf, None).await;
    assert_eq!((outcome.lost, outcome.heard), (None, Some(*b"MQTT")));
    let [authority, peer] = &outcome.certificates[..] else { panic!("{:?}", outcome.certificates) };
    assert_eq!((authority.owner, authority.subject.as_str()), (CertificateOwner::Authority, "CN=Plant CA"));
    assert_eq!((peer.owner, peer.subject.as_str()), (CertificateOwner::Peer, "CN=broker.local"));
    assert_eq!(peer.not_after, Timestamp::from_millis(1_798_761_600_000), "2027-01-01");
    assert_eq!(peer.fingerprint, certificate::hex(&fingerprint(leaf.certificate.der())));
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_named_and_nothing_is_said_to_it() {
    let (ca, other) = (authority("Plant CA"), authority("Somebody"));
    let cases = [
        (leaf(&ca, "broker.local", (2024, 2025)), "expired on 2025-01-01 00:00 UTC"),
        (leaf(&ca, "broker.local", (2028, 2029)), "valid only from 2028-01-01 00:00 UTC on, or this station's clock"),
        (leaf(&ca, "plc7.local", (2026, 2027)), "is made out for plc7.local, not for broker.local"),
        (leaf(&other, "broker.local", (2026, 2027)), "an authority that is not known here, \"CN=Somebody\""),
    ];
    for (leaf, words) in cases {
        let outcome = connect(&settings(WITH_CA), store(&ca), &leaf, None).await;
        let lost = outcome.lost.expect(words);
        assert!(lost.words.contains(words), "{lost}");
        assert_eq!((lost.kind, outcome.heard), (ErrorKind::Refused, None));
        let peer = outcome.certificates.iter().find(|certificate| certificate.owner == CertificateOwner::Peer);
        assert!(peer.is_some(), "it is shown all the same");
    }
}

#[tokio::test]
async fn a_pinned_certificate_needs_no_authority_and_no_name_and_still_ends() {
    let ca = authority("Somebody");
    let pinned = |leaf: &Leaf| {
        let digits = certificate::hex(&fingerprint(leaf.certificate.der())).to_uppercase();
        let pairs: Vec<_> = digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
        settings(&format!(r#"{{"tls":true,"fingerprint":"sha256 Fingerprint={}"}}"#, pairs.join(":")))
    };
    let right = leaf(&ca, "anything", (2026, 2027));
    let outcome = connect(&pinned(&right), Store::default(), &right, None).await;
    assert_eq!((outcome.lost, outcome.heard), (None, Some(*b"MQTT")));
    let another = leaf(&ca, "broker.local", (2026, 2027));
    let lost = connect(&pinned(&right), Store::default(), &another, None).await.lost.expect("another one");
    assert!(lost.words.contains("is not the one in the plant file: its fingerprint is"), "{lost}");
    let ended = leaf(&ca, "broker.local", (2024, 2025));
    let lost = connect(&pinned(&ended), Store::default(), &ended, None).await.lost.expect("ended");
    assert!(lost.words.contains("expired on 2025-01-01"), "{lost}");
}

#[tokio::test]
async fn this_station_shows_itself_where_it_is_asked_to() {
    let (ca, other) = (authority("Plant CA"), authority("Somebody"));
    let server = leaf(&ca, "broker.local", (2026, 2027));
    let tls = settings(r#"{"tls":true,"ca":"certs/ca.pem","certificate":"certs/own.pem","key_secret":"own"}"#);
    let with = |own: &Leaf, key: &str| {
        let mut store = store(&ca);
        store.files.insert("certs/own.pem", own.certificate.pem());
        store.secrets.insert("own", key.to_owned());
        store
    };
    let own = leaf(&ca, "station3", (2026, 2027));
    let outcome = connect(&tls, with(&own, &own.key.serialize_pem()), &server, Some(&ca)).await;
    assert_eq!((outcome.lost, outcome.heard), (None, Some(*b"MQTT")));
    assert!(outcome.certificates.iter().any(|certificate| certificate.owner == CertificateOwner::Own));

    let foreign = leaf(&other, "station3", (2026, 2027));
    let key = foreign.key.serialize_pem();
    let lost = connect(&tls, with(&foreign, &key), &server, Some(&ca)).await.lost.expect("not accepted");
    assert!(lost.words.contains("does not accept this station's certificate"), "{lost}");
    let lost = connect(&settings(WITH_CA), store(&ca), &server, Some(&ca)).await.lost.expect("none shown");
    assert!(lost.words.contains("wants a certificate of this station"), "{lost}");

    for (key, words) in [("no key", "is no private key"), (key.as_str(), "do not match")] {
        let lost = connect(&tls, with(&own, key), &server, Some(&ca)).await.lost.expect(words);
        assert!(lost.words.contains(words), "{lost}");
        assert_eq!(lost.kind, ErrorKind::Refused);
    }
    let lost = connect(&tls, store(&ca), &server, Some(&ca)).await.lost.expect("no file");
    assert_eq!(lost.words, "certs/own.pem is not there");
}

/// Answers to whatever comes first with bytes that are no TLS of today.
async fn answer(bytes: &'static [u8]) -> Lost {
    let (station, mut server) = duplex(65_536);
    let server = tokio::spawn(async move {
        let mut hello = [0; 512];
        assert_ne!(server.read(&mut hello).await.expect("a hello"), 0);
        server.write_all(bytes).await.expect("a small write");
    });
    let credentials: Arc<dyn Credentials> = Arc::new(store(&authority("Plant CA")));
    let (shaken, _) = settings(WITH_CA).shake_hands(station, "broker.local", &credentials, NOW).await;
    server.await.expect("in order");
    shaken.expect_err("no TLS")
}

#[tokio::test]
async fn what_is_not_tls_or_too_old_is_named() {
    let plain = answer(b"\x20\x02\x00\x00").await;
    assert!(plain.words.contains("does not answer with TLS"), "{plain}");
    let web = answer(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(web.words.contains("does not answer with TLS"), "{web}");
    let gone = answer(b"").await;
    assert!(gone.words.contains("closed the connection where TLS begins"), "{gone}");
    // An alert: protocol version.
    let old = answer(b"\x15\x03\x01\x00\x02\x02\x46").await;
    assert!(old.words.contains("no TLS newer than 1.1"), "{old}");
    assert_eq!(old.kind, ErrorKind::Refused);
}

#[test]
fn fingerprints_are_read_as_people_write_them() {
    let plain = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let expected = digits(plain).expect("64 digits");
    assert_eq!(expected[15], 0xFF);
    let pairs: Vec<_> = plain.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    assert_eq!(digits(&pairs.join(":").to_uppercase()), Some(expected));
    assert_eq!(digits(&format!("SHA256 Fingerprint={}", pairs.join(":"))), Some(expected));
    assert_eq!(digits(&pairs.join(" ")), Some(expected));
    for wrong in ["", "sha256", &plain[1..], &plain.replace('0', "g"), &format!("{plain}00")] {
        assert_eq!(digits(wrong), None, "{wrong}");
    }
}
