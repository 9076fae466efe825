//! A broker behind TLS, with certificates that are right and wrong, and log-ins that are not admitted (rows N13 and N17
//! of the matrix in `docs/faults.md`).

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use field::Process;
use field::broker::{Mosquitto, Publisher, Setup};
use field::certificates::{Authority, Days, Identity};
use field::figures;
use field::link::{Link, point};
use field::wallet::Wallet;
use model::{CertificateOwner, DataType, ErrorKind, LinkState, Point, Quality, Value};

const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

fn tag(topic: &str) -> Point {
    point(0, DataType::Int, &format!(r#"{{"topic":"{topic}"}}"#))
}

fn open(broker: &Mosquitto, host: &str, more: &str, wallet: Wallet) -> Link {
    Link::open_at("mqtt", host, broker.port, more, vec![tag("t")], Arc::new(wallet))
}

fn with_ca(authority: &Authority) -> Wallet {
    Wallet::default().file("plant-ca.pem", &authority.identity.certificate)
}

const TLS: &str = r#""tls":true,"ca":"plant-ca.pem""#;

/// What a broker that shows this certificate is called on the screen; it is never connected to.
async fn refused(server: &Identity, host: &str, more: &str, wallet: Wallet) -> String {
    let broker = Mosquitto::start_as(Setup::default().tls(server)).await;
    let mut link = open(&broker, host, more, wallet);
    let down = link.until_down().await;
    assert_eq!(link.link.traffic().connects, 0, "it was never up");
    assert!(link.statuses.iter().all(|status| status.state != LinkState::Up));
    down.reason
}

#[tokio::test]
async fn a_broker_of_the_plants_own_authority_is_trusted_and_its_certificate_shown() {
    let authority = Authority::new("Plant CA");
    let broker = Mosquitto::start_as(Setup::default().tls(&authority.signs("broker", &HOSTS, Days::VALID))).await;
    for host in HOSTS {
        let mut link = open(&broker, host, TLS, with_ca(&authority));
        link.until_up().await;
        let detail = link.link.detail();
        let shown =
            detail.certificates.iter().find(|shown| shown.owner == CertificateOwner::Peer).expect("it is shown");
        assert!(shown.subject.contains("broker"), "{shown:?}");
        assert_eq!(shown.fingerprint.len(), 64, "{shown:?}");
        link.link.close().await;
    }
}

#[tokio::test]
async fn n17_a_certificate_that_is_wrong_is_never_trusted_and_the_words_say_what_is_wrong() {
    let (authority, other) = (Authority::new("Plant CA"), Authority::new("Somebody"));
    let cases = [
        ("expired", authority.signs("broker", &HOSTS, Days::EXPIRED), "expired"),
        ("not valid yet", authority.signs("broker", &HOSTS, Days::TO_COME), "valid only from"),
        ("made out for another name", authority.signs("broker", &["other.plant"], Days::VALID), "other.plant"),
        ("of another authority", other.signs("broker", &HOSTS, Days::VALID), "authority"),
    ];
    for (what, server, word) in cases {
        let words = refused(&server, "localhost", TLS, with_ca(&authority)).await;
        figures::measured("N17", &format!("{what}: \"{words}\""));
        assert!(words.contains(word), "{what}: {words}");
    }
}

#[tokio::test]
async fn n17_a_pinned_broker_is_that_one_and_no_other() {
    let authority = Authority::new("Plant CA");
    let (right, swapped) = (authority.signs("broker", &HOSTS, Days::VALID), authority.signs("b", &HOSTS, Days::VALID));
    let broker = Mosquitto::start_as(Setup::default().tls(&right)).await;
    let mut link = open(&broker, "localhost", TLS, with_ca(&authority));
    link.until_up().await;
    let detail = link.link.detail();
    let shown = detail.certificates.iter().find(|shown| shown.owner == CertificateOwner::Peer).expect("it is shown");
    let fingerprint = shown.fingerprint.clone();
    let pinned = format!(r#""tls":true,"fingerprint":"{fingerprint}""#);
    let mut link = open(&broker, "localhost", &pinned, Wallet::default());
    link.until_up().await;
    let words = refused(&swapped, "localhost", &pinned, Wallet::default()).await;
    figures::measured("N17", &format!("another certificate than the pinned one: \"{words}\""));
    assert!(words.contains("fingerprint"), "{words}");
}

#[tokio::test]
async fn n17_a_broker_that_speaks_only_tls_1_1_is_not_spoken_to() {
    // Mosquitto can only be told the oldest version, not the newest, so another program stands in for it.
    let authority = Authority::new("Plant CA");
    let server = authority.signs("broker", &HOSTS, Days::VALID);
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    std::fs::write(&certificate, &server.certificate).expect("a writable folder");
    std::fs::write(&key, &server.key).expect("a writable folder");
    let port = field::free_port();
    let mut old = Command::new("openssl");
    old.args(["s_server", "-quiet", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-accept", &port.to_string()]);
    old.arg("-cert").arg(&certificate).arg("-key").arg(&key);
    old.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _old = Process::start(&mut old, port, "apt-get install openssl").await;
    let mut link = Link::open_at("mqtt", "localhost", port, TLS, vec![tag("t")], Arc::new(with_ca(&authority)));
    let down = link.until_down().await;
    assert_eq!(link.link.traffic().connects, 0);
    figures::measured("N17", &format!("only TLS 1.1: \"{}\"", down.reason));
    assert!(down.reason.contains("TLS"), "{}", down.reason);
}

#[tokio::test]
async fn n17_a_broker_without_tls_gets_no_password() {
    // A plain listener where TLS is expected: nothing readable may be sent before the broker has shown who it is.
    let authority = Authority::new("Plant CA");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = vec![0; 4_096];
        let n = tokio::io::AsyncReadExt::read(&mut stream, &mut heard).await.expect("open");
        heard.truncate(n);
        heard
    });
    let wallet = with_ca(&authority).secret("broker", "operator\nhunter2");
    let more = format!(r#"{TLS},"login":"broker""#);
    let _link = Link::open_at("mqtt", "localhost", port, &more, vec![tag("t")], Arc::new(wallet));
    let heard = heard.await.expect("heard");
    assert_eq!(heard.first(), Some(&0x16), "a TLS handshake");
    assert!(!heard.windows(7).any(|window| window == b"hunter2"));
}

#[tokio::test]
async fn a_station_that_has_to_show_a_certificate_shows_it() {
    let authority = Authority::new("Plant CA");
    let clients = Authority::new("Station CA");
    let setup =
        Setup::default().tls(&authority.signs("broker", &HOSTS, Days::VALID)).admits_certificates_of(&clients.identity);
    let broker = Mosquitto::start_as(setup).await;
    let own = clients.signs("station 4", &[], Days::VALID);
    let more = format!(r#"{TLS},"certificate":"station.pem","key_secret":"station-key""#);
    let wallet = with_ca(&authority).file("station.pem", &own.certificate).secret("station-key", &own.key);
    let mut link = open(&broker, "localhost", &more, wallet);
    link.until_up().await;
    let mut link = open(&broker, "localhost", TLS, with_ca(&authority));
    let down = link.until_down().await;
    figures::measured("N17", &format!("no certificate of its own: \"{}\"", down.reason));
    assert_eq!(link.link.traffic().connects, 0);
}

#[tokio::test]
async fn n13_a_wrong_password_is_named_within_three_seconds_and_not_tried_twice_in_half_a_minute() {
    let broker = Mosquitto::start_as(Setup::default().users(&[("operator", "right")])).await;
    let wallet = Wallet::default().secret("right", "operator\nright").secret("wrong", "operator\nwrong");
    let mut link = open(&broker, "127.0.0.1", r#""login":"right""#, wallet.clone());
    link.until_up().await;
    let mut link = open(&broker, "127.0.0.1", r#""login":"wrong""#, wallet);
    let began = Instant::now();
    let down = link.until_down().await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(down.reason.contains("password") || down.reason.contains("authorised"), "{}", down.reason);
    let refused = |link: &Link| link.errors(ErrorKind::Refused);
    assert_eq!(refused(&link), 1);
    let waited = Instant::now();
    link.until_within(Duration::from_secs(45), "the second attempt", |link| refused(link) == 2).await;
    let between = waited.elapsed();
    assert!(between >= Duration::from_secs(29), "{between:?}");
    figures::measured("N13", &format!("\"{}\" after {took:.3?}, the next attempt {between:.0?} later", down.reason));
}

#[tokio::test]
async fn n13_a_topic_that_the_rules_forbid_has_its_own_words() {
    let rules = "user operator\ntopic read open/#\nuser publisher\ntopic readwrite #\n";
    let setup = Setup::default().users(&[("operator", "o"), ("publisher", "p")]).acl(rules);
    let broker = Mosquitto::start_as(setup).await;
    let points = ["open/a", "secret/b"]
        .into_iter()
        .enumerate()
        .map(|(n, topic)| Point { tag: model::TagIndex(u32::try_from(n).expect("few")), ..tag(topic) });
    let wallet = Arc::new(Wallet::default().secret("operator", "operator\no"));
    let login = r#""login":"operator""#;
    let mut link = Link::open_at("mqtt", "127.0.0.1", broker.port, login, points.collect(), wallet);
    link.until_up().await;
    let mut publisher = Publisher::connect_as(broker.port, "publisher", "p").await;
    publisher.live("secret/b", "1").await;
    publisher.live("open/a", "1").await;
    link.until("the open value", |link| link.quality(0) == Some(Quality::GOOD)).await;
    assert_eq!(link.latest[0].as_ref().and_then(|sample| sample.value.clone()), Some(Value::Int(1)));
    // Mosquitto 2.0 grants a subscription that its rules forbid and then delivers nothing, so the words may be about
    // a refusal or about silence, but never a value.
    assert!(link.latest[1].as_ref().is_none_or(|sample| !sample.quality.is_good()), "{:?}", link.latest[1]);
    let status = link.status.clone().expect("up");
    figures::measured("N13", &format!("forbidden topic: link up, {:?}, \"{}\"", link.quality(1), status.reason));
}
