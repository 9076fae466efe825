//! Messages to people who are not at the screen, to a real mail server and a real web server: delivered, refused, delayed by a
//! server that is down, over TLS that is right and wrong, and through the end of the program between sending and marking.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use alarm::{Act, AlarmId, Cause, OccurrenceId, Priority, State, Transition};
use engine::SystemClock;
use field::certificates::{Authority, Days};
use field::post::{Post, Speech};
use field::wallet::Wallet;
use gateway::Network;
use jiff::tz::TimeZone;
use journal::{AlarmChange, Entry, Journal, Query};
use model::{Clock, EquipmentId, Now};
use notify::{Letter, Notifier, Outcome, Parts, Sender, Status, trial};
use plant::{Files, Plant, TagIndices};
use serde_json::Value as Json;

/// The system's clock, which a test may put forward.
#[derive(Default)]
struct Forward(AtomicI64);

impl Clock for Forward {
    fn now(&self) -> Now {
        let now = SystemClock.now();
        let forward = Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs());
        Now { wall: now.wall.saturating_add(forward), ..now }
    }
}

/// A station as far as notification has to do with it.
struct Station {
    folder: tempfile::TempDir,
    clock: Arc<Forward>,
    journal: Arc<Journal>,
    plant: Arc<Plant>,
    wallet: Wallet,
    notifier: Option<Notifier>,
    raised: i64,
}

impl Station {
    fn new(rules: &str, wallet: Wallet) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let clock = Arc::new(Forward::default());
        let journal = Journal::open(&folder.path().join("journal.db"), Arc::clone(&clock) as _).expect("a journal");
        let text = format!("[plant]\nname = \"Ulm\"\n[[machines]]\npath = \"ulm/fill/line1/filler\"\n{rules}");
        let mut files = Files::new();
        files.insert("plant.toml", text);
        let reading = plant::read(&files, &Network::new(Arc::clone(&clock) as _), &TagIndices::default());
        let plant = Arc::new(reading.plant.unwrap_or_else(|| panic!("{:#?}", reading.problems)));
        Self { folder, clock, journal: Arc::new(journal), plant, wallet, notifier: None, raised: 0 }
    }

    fn sender(&self) -> Sender {
        Sender::new(Arc::new(self.wallet.clone()), Arc::clone(&self.clock) as _, "panel-3".into(), TimeZone::UTC)
    }

    fn start(&mut self) {
        self.start_with(Arc::new(self.sender()));
    }

    fn start_with(&mut self, post: Arc<dyn notify::Post>) {
        let plant = Arc::clone(&self.plant);
        let parts = Parts {
            journal: Arc::clone(&self.journal),
            clock: Arc::clone(&self.clock) as _,
            file: self.folder.path().join("outbox.db"),
            plant: Box::new(move || Arc::clone(&plant)),
            post,
            begins_after: notify::end_of(&self.journal),
            zone: TimeZone::UTC,
            runtime: tokio::runtime::Handle::current(),
        };
        self.notifier = Some(Notifier::start(parts).expect("an outbox"));
    }

    async fn stop(&mut self) {
        let notifier = self.notifier.take();
        tokio::task::spawn_blocking(move || drop(notifier)).await.expect("it ends");
    }

    /// Waits until the journal is followed.
    async fn started(&mut self) {
        self.start();
        self.until("it follows the journal", |status| status.rules > 0).await;
    }

    fn status(&self) -> Status {
        self.notifier.as_ref().expect("it runs").status()
    }

    async fn until(&self, what: &str, done: impl Fn(&Status) -> bool) -> Status {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let status = self.status();
            if done(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "waited for: {what}\n{status:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn raise(&mut self, alarm: &str) {
        self.raised += 1;
        self.change(alarm, State::Normal, State::Unack, Cause::Raised);
    }

    fn acknowledge(&mut self, alarm: &str) {
        let at = self.clock.now().wall;
        let act = Act { user: "carla".into(), station: "panel-3".into(), note: "seen".into(), at };
        self.change(alarm, State::Unack, State::Acked, Cause::Acknowledged(act));
    }

    fn change(&mut self, alarm: &str, from: State, to: State, cause: Cause) {
        let at = self.clock.now().wall;
        let occurrence =
            OccurrenceId { alarm: AlarmId::new(alarm), raised: model::Timestamp::from_millis(self.raised) };
        let change = AlarmChange {
            transition: Transition {
                occurrence,
                from,
                to,
                at,
                announced: (cause == Cause::Raised).then_some(at),
                cause,
                value: Some(82.5),
                level: 0,
                suppressed: false,
            },
            equipment: Some(EquipmentId::new("ulm/fill/line1/filler")),
            priority: Priority::try_from(2).expect("2"),
            message: format!("{alarm}: Überdruck\r\nBcc: x@y"),
            value: "82.5 bar".into(),
            deed: None,
        };
        let (tell, told) = std::sync::mpsc::channel();
        let done = move |result: Result<Vec<i64>, _>| tell.send(result.is_ok()).expect("the test waits");
        self.journal.append(vec![Entry::Alarm(change)], Some(Box::new(done)));
        assert_eq!(told.recv(), Ok(true), "it is on disk");
    }

    /// What the journal says about notification itself.
    fn noted(&self) -> Vec<String> {
        let page = self.journal.page(&Query { limit: 100, ..Query::default() }).expect("a journal");
        let words = page.records.into_iter().filter_map(|record| match record.entry {
            Entry::System(system) => Some(system.message),
            Entry::Alarm(_) | Entry::Remark(_) | Entry::Action(_) => None,
        });
        words.collect()
    }

    fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn mail(port: u16, more: &str, rule: &str) -> String {
    format!(
        "[mail]\nserver = \"localhost\"\nport = {port}\nfrom = \"andon@plant.example\"\n{more}\n\
         [[notifications]]\nname = \"night\"\nto = [\"anna@plant.example\"]\n{rule}\n"
    )
}

fn hook(port: u16, scheme: &str, rule: &str) -> String {
    format!("[[notifications]]\nname = \"hook\"\nto = [\"{scheme}://localhost:{port}/andon?line=1\"]\n{rule}\n")
}

fn ids(kept: &[Json]) -> Vec<String> {
    let id = |message: &Json| message["headers"]["andon-message-id"].as_str().expect("an id").to_owned();
    kept.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_over_starttls_with_log_in_and_no_header_of_the_plants_making() {
    let authority = Authority::new("Plant CA");
    let mut server =
        Post::new(Speech::Smtp).tls(&authority.signs("mail", &["localhost"], Days::VALID)).login("andon", "tr0ub4dor");
    server.start().await;
    let wallet = Wallet::default().secret("mail", "andon\ntr0ub4dor").file("ca.pem", &authority.identity.certificate);
    let mut station = Station::new(&mail(server.port, "login = \"mail\"\nca = \"ca.pem\"", ""), wallet);
    station.started().await;
    station.raise("pressure");
    station.until("it is delivered", |status| status.delivered == 1).await;
    let [message] = &server.kept()[..] else { panic!("one message: {:?}", server.kept()) };
    assert_eq!((&message["private"], &message["authenticated"]), (&Json::Bool(true), &Json::Bool(true)));
    assert_eq!(
        (message["from"].as_str(), message["to"][0].as_str()),
        (Some("andon@plant.example"), Some("anna@plant.example"))
    );
    let headers = &message["headers"];
    assert!(headers["Bcc"].is_null(), "{headers}");
    assert_eq!(headers["Subject"], "Ulm: Alarm, priority 2: pressure: Überdruck  Bcc: x@y");
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    let text = message["text"].as_str().expect("a text");
    assert!(text.contains("82.5 bar") && text.contains("ulm/fill/line1/filler"), "{text}");
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_over_tls_from_the_first_byte() {
    let authority = Authority::new("Plant CA");
    let mut server = Post::new(Speech::Smtps).tls(&authority.signs("mail", &["localhost"], Days::VALID));
    server.start().await;
    let wallet = Wallet::default().file("ca.pem", &authority.identity.certificate);
    let station = Station::new(&mail(server.port, "tls = \"tls\"\nca = \"ca.pem\"", ""), wallet);
    let outcome = try_out(&station, "night").await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome}");
    assert_eq!(server.kept().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_mail_server_with_a_wrong_certificate_or_without_tls() {
    let (authority, other) = (Authority::new("Plant CA"), Authority::new("Somebody"));
    let wallet =
        || Wallet::default().secret("mail", "andon\ntr0ub4dor").file("ca.pem", &authority.identity.certificate);
    for (identity, words) in [
        (Some(other.signs("mail", &["localhost"], Days::VALID)), "UnknownIssuer"),
        (Some(authority.signs("mail", &["elsewhere.example"], Days::VALID)), "not valid for name"),
        (Some(authority.signs("mail", &["localhost"], Days::EXPIRED)), "expired"),
        (None, "STARTTLS"),
    ] {
        let server = Post::new(Speech::Smtp);
        let mut server = match &identity {
            Some(identity) => server.tls(identity),
            None => server,
        };
        server.start().await;
        let station = Station::new(&mail(server.port, "login = \"mail\"\nca = \"ca.pem\"", ""), wallet());
        let outcome = try_out(&station, "night").await;
        assert!(matches!(&outcome, Outcome::Later(said) if said.contains(words)), "{words}: {outcome}");
        assert_eq!(server.kept(), Vec::<Json>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_never_shown() {
    let authority = Authority::new("Plant CA");
    let mut server =
        Post::new(Speech::Smtp).tls(&authority.signs("mail", &["localhost"], Days::VALID)).login("andon", "another");
    server.start().await;
    let wallet = Wallet::default().secret("mail", "andon\ntr0ub4dor").file("ca.pem", &authority.identity.certificate);
    let station = Station::new(&mail(server.port, "login = \"mail\"\nca = \"ca.pem\"", ""), wallet);
    let outcome = try_out(&station, "night").await;
    assert!(matches!(&outcome, Outcome::Later(said) if said.contains("535")), "somebody may mend it: {outcome}");
    assert!(!outcome.to_string().contains("tr0ub4dor"), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_is_given_up_and_seen() {
    let mut server = Post::new(Speech::Smtp);
    server.answer(Some("550 5.1.1 no such mailbox"));
    server.start().await;
    let mut station = Station::new(&mail(server.port, "tls = \"none\"", ""), Wallet::default());
    station.started().await;
    station.raise("pressure");
    let status = station.until("it is given up", |status| !status.given_up.is_empty()).await;
    assert!(!status.is_working && status.reason.contains("no such mailbox"), "{status:?}");
    assert_eq!((status.waiting, status.given_up[0].to.as_str()), (0, "anna@plant.example"));
    until("the journal says so", || station.noted().iter().any(|words| words.contains("was given up"))).await;
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_now_is_delivered_once_the_server_is_there() {
    let mut server = Post::new(Speech::Smtp);
    let mut station = Station::new(&mail(server.port, "tls = \"none\"", ""), Wallet::default());
    station.started().await;
    station.raise("pressure");
    let status = station.until("it fails", |status| !status.is_working).await;
    assert!(status.reason.contains("anna@plant.example") && status.waiting == 1, "{status:?}");
    server.answer(Some("451 4.3.0 try later"));
    server.start().await;
    station.forward(10);
    station.until("the server's own words are shown", |status| status.reason.contains("try later")).await;
    // A restart in between forgets nothing.
    station.stop().await;
    server.answer(None);
    server.start().await;
    station.forward(20);
    station.start();
    let status = station.until("it is delivered", |status| status.delivered == 1).await;
    assert_eq!((status.waiting, status.given_up.len()), (0, 0));
    station.until("all is well", |status| status.is_working).await;
    assert_eq!(server.kept().len(), 1);
    until("the journal says so", || station.noted().iter().any(|words| words.contains("delivered again"))).await;
    station.stop().await;
}

/// Sends, and does not say so: what a program does that is killed between the two.
struct Killed {
    sender: Sender,
    has_sent: AtomicBool,
}

impl notify::Post for Killed {
    fn send<'s>(&'s self, letter: &'s Letter, plant: &'s Plant) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        Box::pin(async move {
            let outcome = self.sender.send(letter, plant).await;
            assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome}");
            self.has_sent.store(true, Ordering::SeqCst);
            std::future::pending().await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_not_marked_comes_again_under_the_same_name_and_what_was_marked_never() {
    let mut server = Post::new(Speech::Http);
    server.start().await;
    let mut station = Station::new(&hook(server.port, "http", "gather_s = 0"), Wallet::default());
    station.started().await;
    station.raise("first");
    station.until("it is delivered", |status| status.delivered == 1).await;
    station.stop().await;

    let killed = Arc::new(Killed { sender: station.sender(), has_sent: AtomicBool::new(false) });
    station.start_with(Arc::clone(&killed) as _);
    station.raise("second");
    until("it is sent", || killed.has_sent.load(Ordering::SeqCst)).await;
    station.stop().await;
    assert_eq!(server.kept().len(), 2);

    for _ in 0..3 {
        station.start();
        let status = station.until("it is delivered", |status| status.delivered == 2).await;
        assert_eq!(status.waiting, 0);
        station.stop().await;
    }
    let ids = ids(&server.kept());
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(ids[1] == ids[2] && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_nobody_followed_the_journal_is_told_afterwards() {
    let mut server = Post::new(Speech::Http);
    server.start().await;
    let mut station = Station::new(&hook(server.port, "http", "gather_s = 0"), Wallet::default());
    station.raise("before there was a rule");
    station.start();
    station.raise("while it ran");
    station.until("it is delivered", |status| status.delivered == 1).await;
    station.stop().await;
    station.raise("while it was down");
    station.start();
    station.until("it is delivered", |status| status.delivered == 2).await;
    let told: Vec<_> = server.kept().iter().map(|kept| body(kept)["alarms"][0]["alarm"].clone()).collect();
    assert_eq!(told, ["while it ran", "while it was down"]);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_there_was_no_rule_is_told_to_nobody() {
    let mut server = Post::new(Speech::Http);
    server.start().await;
    let mut station = Station::new(&hook(server.port, "http", "gather_s = 0"), Wallet::default());
    station.started().await;
    station.raise("with the rule");
    station.until("it is delivered", |status| status.delivered == 1).await;
    station.stop().await;
    let without = Station::new("", Wallet::default());
    let with = std::mem::replace(&mut station.plant, Arc::clone(&without.plant));
    station.start();
    station.raise("without a rule");
    let rested = |status: &Status| status.rules == 0 && status.delivered == 1;
    station.until("the plant without rules is followed", rested).await;
    station.stop().await;
    station.plant = with;
    station.start();
    station.raise("with the rule again");
    station.until("it is delivered", |status| status.delivered == 2).await;
    let told: Vec<_> = server.kept().iter().map(|kept| body(kept)["alarms"][0]["alarm"].clone()).collect();
    assert_eq!(told, ["with the rule", "with the rule again"]);
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_signed_json_over_https_and_one_message_for_a_burst() {
    let authority = Authority::new("Plant CA");
    let mut server = Post::new(Speech::Http).tls(&authority.signs("hook", &["localhost"], Days::VALID));
    server.start().await;
    let wallet = Wallet::default().secret("key", "tr0ub4dor").file("ca.pem", &authority.identity.certificate);
    let rule = "sign_with = \"key\"\nca = \"ca.pem\"\ngather_s = 30\ntell_acknowledged = true";
    let mut station = Station::new(&hook(server.port, "https", rule), wallet);
    station.started().await;
    station.raise("first");
    station.until("the first is delivered", |status| status.delivered == 1).await;
    for number in 0..200 {
        station.raise(&format!("burst{number}"));
    }
    station.forward(31);
    station.until("the burst is delivered", |status| status.delivered == 2).await;
    let kept = server.kept();
    assert_eq!(kept[0]["path"], "/andon?line=1");
    let [first, burst] = &kept[..] else { panic!("one message for a burst, not {}", kept.len() - 1) };
    let count = |message: &Json| {
        let body = body(message);
        (body["alarms"].as_array().map(Vec::len), body["more"].as_u64())
    };
    assert_eq!((count(first), count(burst)), ((Some(1), Some(0)), (Some(50), Some(150))));
    for message in &kept {
        let said = message["headers"]["andon-signature"].as_str().expect("a signature");
        let (time, signature) = said.split_once(",v1=").expect("two parts");
        let signed = format!("{}.{}", time.trim_start_matches("t="), message["text"].as_str().expect("a body"));
        assert_eq!(signature, openssl_hmac("tr0ub4dor", &signed).await);
    }
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_webhook_with_a_wrong_certificate() {
    let (authority, other) = (Authority::new("Plant CA"), Authority::new("Somebody"));
    for (identity, words) in [
        (other.signs("hook", &["localhost"], Days::VALID), "UnknownIssuer"),
        (authority.signs("hook", &["elsewhere.example"], Days::VALID), "not valid for name"),
        (authority.signs("hook", &["localhost"], Days::EXPIRED), "expired"),
    ] {
        let mut server = Post::new(Speech::Http).tls(&identity);
        server.start().await;
        let wallet = Wallet::default().file("ca.pem", &authority.identity.certificate);
        let station = Station::new(&hook(server.port, "https", "ca = \"ca.pem\""), wallet);
        let outcome = try_out(&station, "hook").await;
        assert!(matches!(&outcome, Outcome::Later(said) if said.contains(words)), "{words}: {outcome}");
        assert_eq!(server.kept(), Vec::<Json>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_was_acknowledged_within_the_delay() {
    let mut server = Post::new(Speech::Http);
    server.start().await;
    let mut station = Station::new(&hook(server.port, "http", "delay_s = 60\ngather_s = 0"), Wallet::default());
    station.started().await;
    station.raise("acknowledged");
    station.acknowledge("acknowledged");
    station.raise("waiting");
    station.forward(61);
    station.until("one is delivered", |status| status.delivered == 1).await;
    let told: Vec<_> = server.kept().iter().map(|kept| body(kept)["alarms"][0]["alarm"].clone()).collect();
    assert_eq!(told, ["waiting"]);
    station.stop().await;
}

async fn try_out(station: &Station, rule: &str) -> Outcome {
    let rule = station.plant.notification(rule).expect("a rule");
    let letter = trial(rule, 0, station.clock.now().wall);
    notify::Post::send(&station.sender(), &letter, &station.plant).await
}

fn body(kept: &Json) -> Json {
    serde_json::from_str(kept["text"].as_str().expect("a body")).expect("a document")
}

/// HMAC-SHA256 as OpenSSL makes it.
async fn openssl_hmac(key: &str, text: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), text).expect("a scratch file");
    let mut command = std::process::Command::new("openssl");
    command.args(["dgst", "-sha256", "-hmac", key, "-r"]).arg(file.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("openssl");
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
}
