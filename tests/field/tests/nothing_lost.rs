//! Nothing is lost while the station is away: killed under load, the broker restarted meanwhile, the disk full.
//!
//! Every message carries a tag and a time that no other has, so that history can be asked for each of them. The stamps
//! lie an hour back, where Andon itself stamps nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use field::broker::{Mosquitto, Setup};
use field::disk::SmallDisk;
use field::figures::{self, rounds};
use field::proxy::spread;
use field::station::{Station, row};
use tokio::time::Instant;

const TAGS: i64 = 20;
/// What the process that is killed records, and from which broker.
const RECORD: &str = "ANDON_TEST_RECORD";

fn plant(port: u16) -> String {
    let mut text = format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         session = \"persistent\"\nclient_id = \"recorder\"\n[[machines]]\npath = \"m/a/l/m\"\n"
    );
    for n in 0..TAGS {
        text.push_str(&format!(
            "[[tags]]\nmachine = \"m/a/l/m\"\nid = \"t{n}\"\ntype = \"int\"\ngateway = \"broker\"\n\
             address = {{ topic = \"t/{n}\", pointer = \"/value\", time = \"/timestamp_ms\" }}\n"
        ));
    }
    text
}

fn tag(n: i64) -> String {
    format!("m/a/l/m/t{n}")
}

/// Not a test of its own: what the killed process runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recording_process() {
    let Ok(task) = std::env::var(RECORD) else { return };
    let (port, folder) = task.split_once(' ').expect("a port and a folder");
    let _station = Station::start(Path::new(folder), &plant(port.parse().expect("a port")));
    // Whoever started it kills it long before.
    tokio::time::sleep(Duration::from_secs(120)).await;
}

/// A station in a process of its own, killed when dropped.
struct Recording(Child);

impl Recording {
    fn start(folder: &Path, port: u16) -> Recording {
        let program = std::env::current_exe().expect("this program has a path");
        let child = Command::new(program)
            .args(["--exact", "recording_process", "--nocapture"])
            .env(RECORD, format!("{port} {}", folder.display()))
            .stdout(std::process::Stdio::null())
            .spawn();
        Recording(child.expect("this program starts"))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // SIGKILL: it has no chance to write anything down.
        self.0.kill().expect("the test's own process");
        self.0.wait().expect("the test's own process");
    }
}

/// Publishes message after message until it is told to stop. What is told as published is what the broker confirmed.
struct Load {
    stop: Arc<AtomicBool>,
    published: Arc<AtomicI64>,
    base: i64,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    fn start(port: u16, pause: Duration) -> Load {
        let (stop, published) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let base = now_ms() - 3_600_000;
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&published));
        let task = tokio::spawn(async move {
            let mut publisher = None;
            while !stopped.load(SeqCst) {
                let Some(open) = &mut publisher else {
                    // The broker may be away; it is tried until it is back.
                    publisher = field::broker::Publisher::try_connect(port).await;
                    continue;
                };
                let n = count.load(SeqCst);
                let payload = format!("{{\"value\":{n},\"timestamp_ms\":{}}}", base + n);
                // What the broker did not confirm is published again: nobody knows whether it has it.
                if open.try_live(&format!("t/{}", n % TAGS), payload).await {
                    count.store(n + 1, SeqCst);
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                } else {
                    publisher = None;
                }
            }
        });
        Load { stop, published, base, task }
    }

    fn published(&self) -> i64 {
        self.published.load(SeqCst)
    }

    /// Ends it; how many were published.
    async fn stop(self) -> (i64, i64) {
        self.stop.store(true, SeqCst);
        self.task.await.expect("in order");
        (self.published.load(SeqCst), self.base)
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

/// Which of the published messages history lacks, and which it has with another value than was published.
fn missing_and_wrong(station: &Station, published: i64, base: i64) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let mut found: BTreeMap<i64, i64> = BTreeMap::new();
    for n in 0..TAGS {
        for sample in station.stored(&tag(n)) {
            let place = sample.time.millis() - base;
            // Marks of Andon itself have no value, or are of now.
            if let (Some(number), true) = (sample.number(), (0..published).contains(&place)) {
                #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
                let value = number as i64;
                assert!(found.insert(place, value).is_none(), "{place} is there for two tags");
            }
        }
    }
    let missing = (0..published).filter(|n| !found.contains_key(n)).collect();
    let wrong = found.iter().filter(|(place, value)| place != value).map(|(place, _)| *place).collect();
    (missing, wrong)
}

/// Starts the station once more, waits for what the broker still has, and counts.
async fn drained(folder: &Path, port: u16, published: i64, base: i64) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let station = Station::start(folder, &plant(port));
    station.until_up().await;
    let deadline = Instant::now() + Duration::from_secs(60);
    let (missing, wrong) = loop {
        let counted = missing_and_wrong(&station, published, base);
        if counted.0.is_empty() || Instant::now() > deadline {
            break counted;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    station.stop().await;
    (missing, wrong)
}

async fn killed_under_load(row: &str, inflight: Option<u32>, kills: usize, restart_every: Option<usize>) {
    let setup = Setup::default().persistent();
    let mut broker = Mosquitto::start_as(match inflight {
        Some(messages) => setup.inflight(messages),
        None => setup,
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    // The session has to be there before the first message.
    let station = Station::start(folder.path(), &plant(broker.port));
    station.until_up().await;
    station.stop().await;
    let load = Load::start(broker.port, Duration::from_micros(300));
    for kill in 0..kills {
        let recording = Recording::start(folder.path(), broker.port);
        tokio::time::sleep(Duration::from_millis(250) + Duration::from_millis(900).mul_f64(spread(kill as u64))).await;
        if restart_every.is_some_and(|every| kill % every == every - 1) {
            broker.stop();
            broker.restart().await;
        }
        drop(recording);
    }
    let (published, base) = load.stop().await;
    let (missing, wrong) = drained(folder.path(), broker.port, published, base).await;
    figures::measured(
        row,
        &format!(
            "{published} messages, station killed {kills} times{}: {} lost, {} doubled or wrong",
            restart_every.map(|every| format!(", broker restarted {} times", kills / every)).unwrap_or_default(),
            missing.len(),
            wrong.len()
        ),
    );
    assert!(published > i64::try_from(kills).expect("few") * 100, "there was load: {published}");
    assert!(missing.is_empty(), "lost: {:?} of {published}", missing.iter().take(20).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "wrong: {:?}", wrong.iter().take(20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_killed_again_and_again_under_load_loses_nothing_and_doubles_nothing() {
    killed_under_load("kill", None, rounds(10, 100), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_does_one_whose_broker_is_restarted_meanwhile_and_sends_without_bound() {
    killed_under_load("kill and restart", Some(0), rounds(6, 30), Some(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_the_broker_forgot_is_made_anew_and_every_topic_read_again() {
    let sessions = rounds(3, 10);
    for _ in 0..sessions {
        let mut broker = Mosquitto::start_as(Setup::default().persistent()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let station = Station::start(folder.path(), &plant(broker.port));
        station.until_up().await;
        broker.kill();
        broker.forget();
        broker.restart().await;
        let again = |snapshot: &engine::Snapshot| {
            let link = &snapshot.links[0];
            link.status.state == model::LinkState::Up && link.traffic.connects == 2
        };
        station.until_within(Duration::from_secs(10), "up again", again).await;
        let mut publisher = broker.publisher().await;
        for n in 0..TAGS {
            publisher.live(&format!("t/{n}"), format!("{{\"value\":7,\"timestamp_ms\":{}}}", now_ms())).await;
        }
        let all =
            |snapshot: &engine::Snapshot| (0..TAGS).all(|n| row(snapshot, &tag(n)).value == Some(model::Value::Int(7)));
        station.until("every topic's new value", all).await;
        station.stop().await;
    }
    figures::measured(
        "N03",
        &format!("{sessions} sessions forgotten by the broker, 0 of {TAGS} topics missing after it"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_the_values_go_on_and_nothing_is_lost_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("disk full", 24) else { return };
    // The broker's usual bound of 20 messages under way: it sends no more of them until those are on disk.
    let broker = Mosquitto::start_as(Setup::default().persistent()).await;
    let station = Station::start(disk.path(), &plant(broker.port));
    station.until_up().await;
    let load = Load::start(broker.port, Duration::from_millis(2));
    station.until("recording", |_| station.history.status().trouble.is_none() && load.published() > 200).await;
    disk.fill();
    station.until("trouble with the disk", |_| station.history.status().trouble.is_some()).await;
    let (full, begin) = (Instant::now(), load.published());
    let mut oldest = Duration::ZERO;
    while full.elapsed() < Duration::from_secs(40) {
        let sent = load.published();
        let moment = Instant::now();
        let is_shown = |snapshot: &engine::Snapshot| {
            let shown = (0..TAGS).filter_map(|n| row(snapshot, &tag(n)).value.and_then(|value| value.number()));
            #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
            let newest = shown.fold(0.0, f64::max) >= sent as f64 - 1.0;
            newest
        };
        station.until_within(Duration::from_secs(30), "the newest value on the screen", is_shown).await;
        oldest = oldest.max(moment.elapsed());
    }
    let meanwhile = load.published() - begin;
    disk.give_back();
    let back = Instant::now();
    station
        .until_within(Duration::from_secs(60), "the disk works", |_| station.history.status().trouble.is_none())
        .await;
    let resumed = back.elapsed();
    let (published, base) = load.stop().await;
    station.stop().await;
    let (missing, wrong) = drained(disk.path(), broker.port, published, base).await;
    figures::measured(
        "disk full",
        &format!(
            "{meanwhile} messages while the disk was full, shown within {oldest:.0?}; recording again after \
             {resumed:.1?}; {} of {published} lost",
            missing.len()
        ),
    );
    assert!(missing.is_empty(), "lost: {:?} of {published}", missing.iter().take(20).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{wrong:?}");
    // The link waits 15 s for the disk before it shows what it cannot record.
    assert!(oldest < Duration::from_secs(20), "{oldest:?}");
}
