//! What 100,000 alarms cost while every tag changes each second, and how long an alarm takes from its sample on the wire to
//! a screen.
//!
//! A publisher in a process of its own sends 20,000 tags at 1 Hz through Mosquitto, five alarms watch each of them, history
//! records all. Each round begins with the same plant without alarms, as the baseline on this machine at this minute. Then
//! values that raise alarms are published: one every 47 ms under that load, then 10,000 within ten seconds. Their value is
//! when they were sent, so that each says itself how old it is once a screen, which pulls frames at 10 Hz, counts it; a
//! second reader reads the whole list as the user interface does. At last the journal is counted, and the station is started
//! again on what it left.

mod measuring;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::FrameRequest;
use field::broker::{Mosquitto, publish_packet, raw_connection};
use gateway::Network;
use journal::{Kind, Query};
use plant::Plant;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use measuring::{Publishing, Station, at, median, print_line, processor, uptime_us, whole};

const MACHINES: usize = 1_000;
/// Tags of a machine that change each second; five alarms watch each.
const FIELDS: usize = 20;
/// Tags of a machine that each raise one alarm in a round.
const TRIPS: usize = 11;
const SCREEN: usize = 500;
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(15);
/// Under load an alarm is raised so often: not in step with the screen, so that each waits another time for it.
const SINGLE: Duration = Duration::from_millis(47);
/// The flood: so many alarms, in bursts of ten.
const FLOOD: usize = 10_000;
const BURST: usize = 10;
const FLOOD_TIME: Duration = Duration::from_secs(10);
/// What was published last has to be on the screen by then.
const SETTLED: Duration = Duration::from_secs(3);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match measuring::publish_to() {
        Some(port) => runtime.block_on(publish(port)),
        None => runtime.block_on(measure()),
    }
}

async fn measure() {
    let broker = Mosquitto::start().await;
    let mut publisher = Publishing::start(broker.port);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let bare = without_alarms(broker.port).await;
        rounds.push((bare, with_alarms(broker.port).await));
    }
    publisher.end();

    let of = |figure: &dyn Fn(&Figures) -> f64| median(rounds.iter().map(|(_, round)| figure(round)).collect());
    let bare = median(rounds.iter().map(|(bare, _)| *bare).collect());
    let alarms = MACHINES * FIELDS * 5;
    print_line(&format!(
        "| {alarms} alarms over {} tags at 1 Hz, medians of {ROUNDS} rounds | |\n|---|---|",
        MACHINES * FIELDS
    ));
    print_line(&format!("| Andon without alarms | {:.1} % of a core |", bare * 100.0));
    print_line(&format!("| Andon with them | {:.1} % of a core |", of(&|round| round.all) * 100.0));
    print_line(&format!(
        "| of that, the writers of history and journal | {:.1} % |",
        of(&|round| round.writers) * 100.0
    ));
    print_line(&format!("| samples received | {:.0} /s |", of(&|round| round.samples)));
    spread("an alarm under this load, in a frame", &rounds, |round| &round.single);
    spread("10,000 alarms in 10 s, in a frame", &rounds, |round| &round.flood);
    spread("10,000 alarms in 10 s, in the list that is read", &rounds, |round| &round.listed);
    print_line(&format!(
        "| processor meanwhile, both readers included | {:.1} % of a core |",
        of(&|round| round.flood_all) * 100.0
    ));
    let lost = rounds.iter().map(|(_, round)| round.missing).max().unwrap_or_default();
    print_line(&format!("| raised and not in the journal, the most of any round | {lost} |"));
    print_line(&format!("| the plant file read and checked | {:.0} ms |", of(&|round| round.read_ms)));
    print_line(&format!(
        "| started again with {} standing alarms | {:.0} ms |",
        FLOOD + singles(),
        of(&|round| round.start_ms)
    ));
}

fn spread(what: &str, rounds: &[(f64, Figures)], of: impl Fn(&Figures) -> &Vec<f64>) {
    let at = |quantile| median(rounds.iter().map(|(_, round)| at(of(round), quantile)).collect());
    print_line(&format!("| {what}, p50 / p99 / max | {:.0} / {:.0} / {:.0} ms |", at(0.5), at(0.99), at(1.0)));
}

/// What a round gives. Processor in seconds a second, latencies in milliseconds and sorted.
struct Figures {
    all: f64,
    writers: f64,
    samples: f64,
    single: Vec<f64>,
    flood: Vec<f64>,
    flood_all: f64,
    listed: Vec<f64>,
    missing: usize,
    read_ms: f64,
    start_ms: f64,
}

/// How many alarms are raised one by one.
fn singles() -> usize {
    usize::try_from(MEASURED.as_millis() / SINGLE.as_millis()).expect("a small number")
}

async fn without_alarms(port: u16) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let network = measuring::network();
    let plant = bench_plant(port, &network, "");
    let station = Arc::new(Station::start(folder.path(), plant, network));
    let mut screen = Screen::of(&station);
    screen.look_until(Instant::now() + WARM_UP).await;
    let (before, began) = (processor(), Instant::now());
    screen.look_until(began + MEASURED).await;
    let used = (processor().all - before.all) / began.elapsed().as_secs_f64();
    station.api.stop().await;
    used
}

async fn with_alarms(port: u16) -> Figures {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let network = measuring::network();
    let began = Instant::now();
    let plant = bench_plant(port, &network, &alarms());
    let read_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let station = Arc::new(Station::start(folder.path(), plant, network));
    let mut screen = Screen::of(&station);
    screen.look_until(Instant::now() + WARM_UP).await;

    let (before, samples, began) = (processor(), station.samples().await, Instant::now());
    let trips = tokio::spawn(raise(port, 0..singles(), 1, SINGLE));
    screen.look_until(began + MEASURED).await;
    let (after, seconds) = (processor(), began.elapsed().as_secs_f64());
    let samples = station.samples().await - samples;
    let mut sent = trips.await.expect("it publishes");
    screen.look_until(Instant::now() + SETTLED).await;

    let reader = Reader::start(Arc::clone(&station), singles());
    let (flood_before, began) = (processor(), Instant::now());
    let each = FLOOD_TIME / u32::try_from(FLOOD / BURST).expect("a small number");
    let trips = tokio::spawn(raise(port, singles()..singles() + FLOOD, BURST, each));
    screen.look_until(began + FLOOD_TIME).await;
    let flood_all = (processor().all - flood_before.all) / began.elapsed().as_secs_f64();
    sent.extend(trips.await.expect("it publishes"));
    screen.look_until(Instant::now() + SETTLED).await;
    let listed = reader.end().await;
    assert_eq!(screen.seen.len(), sent.len(), "every alarm that was raised is on the screen, and nothing else");

    let late = |seen: &[f64], sent: &[f64]| {
        let mut late: Vec<f64> = seen.iter().zip(sent).map(|(seen, sent)| (seen - sent) / 1_000.0).collect();
        late.sort_by(f64::total_cmp);
        late
    };
    let (single, flood) = screen.seen.split_at(singles());
    let figures = Figures {
        all: (after.all - before.all) / seconds,
        writers: (after.history + after.journal - before.history - before.journal) / seconds,
        #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
        samples: samples as f64 / seconds,
        single: late(single, &sent),
        flood: late(flood, &sent[singles()..]),
        flood_all,
        listed: late(&listed, &sent[singles()..]),
        missing: sent.len().abs_diff(journalled(&station)),
        read_ms,
        start_ms: 0.0,
    };
    station.api.stop().await;
    drop(station);
    Figures { start_ms: start_again(folder.path(), port, sent.len()).await, ..figures }
}

/// How often an alarm was raised, by the journal.
fn journalled(station: &Station) -> usize {
    while station.journal.status().queued > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut query = Query { kinds: vec![Kind::Raised], limit: Query::LIMIT, ..Query::default() };
    let mut count = 0;
    loop {
        let page = station.journal.page(&query).expect("the journal is read");
        count += page.records.len();
        query.before = page.next;
        if page.next.is_none() {
            return count;
        }
    }
}

/// How long a station that left standing alarms behind takes until its first frame has all of them, milliseconds.
async fn start_again(folder: &Path, port: u16, standing: usize) -> f64 {
    let network = measuring::network();
    let plant = bench_plant(port, &network, &alarms());
    let began = Instant::now();
    let station = Arc::new(Station::start(folder, plant, network));
    let mut screen = Screen::of(&station);
    screen.look().await;
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(screen.seen.len(), standing, "what stood stands again");
    station.api.stop().await;
    took
}

/// A screen: it asks for frames at 10 Hz and notes when it has counted each alarm of the first priority.
struct Screen {
    station: Arc<Station>,
    tags: Vec<u32>,
    since: u64,
    plant: u32,
    /// By the uptime in microseconds, in the order in which they were raised.
    seen: Vec<f64>,
}

impl Screen {
    fn of(station: &Arc<Station>) -> Screen {
        let tags = (0..u32::try_from(SCREEN).expect("a small number")).collect();
        Screen { station: Arc::clone(station), tags, since: 0, plant: 0, seen: Vec::new() }
    }

    async fn look_until(&mut self, end: Instant) {
        let mut beat = tokio::time::interval(Duration::from_millis(100));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while Instant::now() < end {
            beat.tick().await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let request = FrameRequest { plant: self.plant, since: self.since, tags: self.tags.clone() };
        let frame = self.station.api.frame(&request);
        let now = uptime_us();
        self.plant = u32::from_le_bytes(frame[8..12].try_into().expect("four bytes"));
        self.since = whole(f64::from_le_bytes(frame[16..24].try_into().expect("eight bytes")));
        let active = u16::from_le_bytes(frame[56..58].try_into().expect("two bytes"));
        self.seen.resize(self.seen.len().max(usize::from(active)), now);
    }
}

/// Reads the whole list again and again, with rests as the user interface has them, and notes when it holds each alarm.
struct Reader {
    stop: tokio::sync::oneshot::Sender<()>,
    task: JoinHandle<Vec<f64>>,
}

impl Reader {
    /// `before` alarms stand already.
    fn start(station: Arc<Station>, before: usize) -> Reader {
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut seen = Vec::new();
            while stopped.try_recv().is_err() {
                let began = Instant::now();
                let list = String::from_utf8(station.read("alarms_read").await).expect("JSON is UTF-8");
                let standing = list.matches("\"occurrence\":").count();
                seen.resize(seen.len().max(standing - before), uptime_us());
                tokio::time::sleep((2 * began.elapsed()).max(Duration::from_millis(50))).await;
            }
            seen
        });
        Reader { stop, task }
    }

    async fn end(self) -> Vec<f64> {
        self.stop.send(()).expect("it reads until it is told to stop");
        self.task.await.expect("it reads")
    }
}

/// 1,000 machines of one template: 20 tags that change, 11 that raise an alarm, and these alarms.
fn bench_plant(port: u16, network: &Network, alarms: &str) -> Plant {
    let mut text = format!(
        "[plant]\nname = \"Bench\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n"
    );
    for field in 0..FIELDS {
        write!(
            text,
            "[[templates.bench.tags]]\nid = \"f{field}\"\ngateway = \"broker\"\n\
             address = {{ topic = \"bench/{{machine}}\", pointer = \"/f{field}\" }}\n"
        )
        .expect("writing to a string cannot fail");
    }
    for trip in 0..TRIPS {
        write!(
            text,
            "[[templates.bench.tags]]\nid = \"t{trip}\"\ngateway = \"broker\"\n\
             address = {{ topic = \"trip/{{machine}}/{trip}\" }}\n"
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str(alarms);
    for machine in 0..MACHINES {
        write!(text, "[[machines]]\npath = \"b/a/l/{machine}\"\nname = \"{machine}\"\ntemplate = \"bench\"\n")
            .expect("writing to a string cannot fail");
    }
    measuring::plant(text, network)
}

/// Five kinds on every tag that changes, none of which is raised, and one on every other tag.
fn alarms() -> String {
    let kinds = [
        "kind = \"high\"\nlimit = 1e9\ndeadband = 5\non_delay_s = 2",
        "kind = \"low\"\nlimit = -1e9\ndeadband = 5\non_delay_s = 2",
        "kind = \"rate\"\nlimit = 1e6\nwindow_s = 10",
        "kind = \"deviation\"\nlimit = 1e9\nsetpoint = 100",
        "kind = \"no-update\"\nwithin_s = 60",
    ];
    let mut text = String::new();
    let mut write = |tag: &str, kind: usize, words: &str| {
        write!(
            text,
            "[[templates.bench.alarms]]\ntag = \"{tag}\"\nid = \"{tag}-{kind}\"\nmessage = \"Out of order\"\n{words}\n"
        )
        .expect("writing to a string cannot fail");
    };
    for field in 0..FIELDS {
        kinds.iter().enumerate().for_each(|(kind, words)| write(&format!("f{field}"), kind, words));
    }
    for trip in 0..TRIPS {
        write(&format!("t{trip}"), 0, "kind = \"high\"\nlimit = 1\npriority = 1");
    }
    text
}

/// Publishes values that raise alarms, some at a time. When each was sent, by the uptime in microseconds.
async fn raise(port: u16, which: std::ops::Range<usize>, at_a_time: usize, each: Duration) -> Vec<f64> {
    let mut stream = raw_connection(port).await;
    let mut beat = tokio::time::interval(each);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut sent = Vec::new();
    for begin in which.clone().step_by(at_a_time) {
        beat.tick().await;
        for trip in begin..(begin + at_a_time).min(which.end) {
            let now = uptime_us();
            let packet =
                publish_packet(&format!("trip/{}/{}", trip % MACHINES, trip / MACHINES), now.to_string().as_bytes());
            stream.write_all(&packet).await.expect("the broker listens");
            sent.push(now);
        }
    }
    sent
}

/// Publishes until it is ended, or ten minutes: every tag once a second, spread evenly over it.
async fn publish(port: u16) {
    const SLOTS: usize = 50;
    let mut stream = raw_connection(port).await;
    let mut beat = tokio::time::interval(Duration::from_secs(1) / u32::try_from(SLOTS).expect("fifty"));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    for turn in 0..SLOTS * 600 {
        beat.tick().await;
        let mut packets = Vec::new();
        for topic in (turn % SLOTS..MACHINES).step_by(SLOTS) {
            let mut payload = String::from("{");
            for field in 0..FIELDS {
                write!(payload, "\"f{field}\":{}.{field},", turn + topic).expect("writing to a string cannot fail");
            }
            payload.replace_range(payload.len() - 1.., "}");
            packets.extend(publish_packet(&format!("bench/{topic}"), payload.as_bytes()));
        }
        if stream.write_all(&packets).await.is_err() {
            return;
        }
    }
}
