//! What 20,000 tags at 1 Hz cost, and how long a message takes from its sender to a frame on a screen.
//!
//! A publisher in a process of its own sends 1,000 JSON messages a second through Mosquitto, 20 tags in each, all of
//! them new in every message. In each round a bare client that only counts messages comes first, as the baseline on this
//! machine at this minute; then the whole of Andon but its window: gateway, engine with 2,000 limit alarms and 1,000
//! calculated tags, history that records every tag, and a screen of 500 tags that pulls frames at 10 Hz.
//! Processor time is that of the whole process, and of history's writer, from /proc.

mod measuring;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::{Api, FrameRequest};
use field::broker::Mosquitto;
use gateway::Network;
use plant::Plant;
use tokio::io::AsyncWriteExt;

use measuring::{Publishing, Station, at, median, print_line, processor, uptime_us, whole};

const TOPICS: usize = 1_000;
const FIELDS: usize = 20;
const SCREEN: usize = 500;
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(12);

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
        let bare = bare_client(broker.port).await;
        let andon = andon(broker.port).await;
        rounds.push((bare, andon));
    }
    publisher.end();

    print_line(&format!("{} tags at 1 Hz in {TOPICS} messages a second; medians of {ROUNDS} rounds", TOPICS * FIELDS));
    let percent = |of: &dyn Fn(&(f64, Figures)) -> f64| median(rounds.iter().map(of).collect()) * 100.0;
    print_line(&format!("bare client that counts      {:6.1} % of a core", percent(&|(bare, _)| *bare)));
    print_line(&format!("Andon, recording everything  {:6.1} % of a core", percent(&|(_, andon)| andon.all)));
    print_line(&format!("  of that, history's writer  {:6.1} %", percent(&|(_, andon)| andon.writer)));
    print_line(&format!("  gateway, engine, screen    {:6.1} %", percent(&|(_, andon)| andon.all - andon.writer)));
    let ratio = median(rounds.iter().map(|(bare, andon)| (andon.all - andon.writer) / bare).collect());
    print_line(&format!("  those three / bare client  {ratio:6.2}"));
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let of_round = |(_, andon): &(f64, Figures)| at(&andon.latencies, quantile);
        print_line(&format!(
            "message to frame, {name}        {:6.1} ms",
            median(rounds.iter().map(of_round).collect())
        ));
    }
    let received = median(rounds.iter().map(|(_, andon)| andon.samples_per_second).collect());
    print_line(&format!("samples received             {received:6.0} /s"));
}

#[derive(Default)]
struct Figures {
    /// Seconds of processor a second.
    all: f64,
    writer: f64,
    samples_per_second: f64,
    /// Milliseconds, sorted.
    latencies: Vec<f64>,
}

async fn bare_client(port: u16) -> f64 {
    let mut options = rumqttc::MqttOptions::new("bare", ("127.0.0.1", port));
    options.set_keep_alive(5u16);
    let (client, mut events) = rumqttc::AsyncClient::builder(options).capacity(64).build();
    let counted = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&counted);
    let task = tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if matches!(event, rumqttc::Event::Incoming(rumqttc::Packet::Publish(_))) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    client.subscribe("bench/+", rumqttc::QoS::AtMostOnce).await.expect("the client takes the subscription");
    tokio::time::sleep(WARM_UP).await;
    let (before, began) = (processor(), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let used = processor().all - before.all;
    task.abort();
    assert!(counted.load(Ordering::Relaxed) > 1_000, "the publisher is heard");
    used / began.elapsed().as_secs_f64()
}

async fn andon(port: u16) -> Figures {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let network = measuring::network();
    let plant = bench_plant(port, &network);
    let screen: Vec<u32> =
        plant.tags.iter().filter(|tag| tag.id.ends_with("/f0")).take(SCREEN).map(|tag| tag.index.0).collect();
    let station = Station::start(folder.path(), plant, network);

    let mut pull = Pull { api: &station.api, screen, since: 0, plant: 0 };
    pull.for_a_while(WARM_UP).await;
    let (before, samples_before, began) = (processor(), station.samples().await, Instant::now());
    let mut latencies = pull.for_a_while(MEASURED).await;
    let (after, samples_after, seconds) = (processor(), station.samples().await, began.elapsed().as_secs_f64());
    station.api.stop().await;
    latencies.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
    let samples_per_second = (samples_after - samples_before) as f64 / seconds;
    Figures {
        all: (after.all - before.all) / seconds,
        writer: (after.history - before.history) / seconds,
        samples_per_second,
        latencies,
    }
}

/// A screen: it asks for frames at 10 Hz and looks how old the values in them are.
struct Pull<'a> {
    api: &'a Api,
    screen: Vec<u32>,
    since: u64,
    plant: u32,
}

impl Pull<'_> {
    async fn for_a_while(&mut self, time: Duration) -> Vec<f64> {
        let mut beat = tokio::time::interval(Duration::from_millis(100));
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let end = Instant::now() + time;
        let mut ages = Vec::new();
        while Instant::now() < end {
            beat.tick().await;
            let request = FrameRequest { plant: self.plant, since: self.since, tags: self.screen.clone() };
            let frame = self.api.frame(&request);
            let now = uptime_us();
            self.plant = u32::from_le_bytes(frame[8..12].try_into().expect("four bytes"));
            self.since = whole(f64::from_le_bytes(frame[16..24].try_into().expect("eight bytes")));
            let rows = u32::from_le_bytes(frame[32..36].try_into().expect("four bytes")) as usize;
            let values = frame[72..72 + rows * 8].chunks_exact(8);
            let sent = values.map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes")));
            ages.extend(sent.filter(|sent| sent.is_finite()).map(|sent| (now - sent) / 1_000.0));
        }
        ages
    }
}

/// 1,000 machines of one template: 20 tags, two limit alarms and a calculated tag each.
fn bench_plant(port: u16, network: &Network) -> Plant {
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
    text.push_str("[[templates.bench.tags]]\nid = \"sum\"\nformula = \"f1 + f2\"\n");
    for (id, field) in [("hot", 3), ("hotter", 4)] {
        write!(
            text,
            "[[templates.bench.alarms]]\ntag = \"f{field}\"\nid = \"{id}\"\nmessage = \"Hot\"\nkind = \"high\"\nlimit = 1e9\npriority = 3\n"
        )
        .expect("writing to a string cannot fail");
    }
    for topic in 0..TOPICS {
        write!(text, "[[machines]]\npath = \"b/a/l/{topic}\"\nname = \"{topic}\"\ntemplate = \"bench\"\n")
            .expect("writing to a string cannot fail");
    }
    measuring::plant(text, network)
}

/// Publishes until it is ended, or ten minutes: every topic once a second, spread evenly over it.
async fn publish(port: u16) {
    const SLOTS: usize = 50;
    let mut stream = field::broker::raw_connection(port).await;
    let mut beat = tokio::time::interval(Duration::from_secs(1) / u32::try_from(SLOTS).expect("fifty"));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    for turn in 0..SLOTS * 600 {
        beat.tick().await;
        let mut packets = Vec::new();
        for topic in (turn % SLOTS..TOPICS).step_by(SLOTS) {
            let mut payload = format!("{{\"f0\":{}", uptime_us());
            for field in 1..FIELDS {
                write!(payload, ",\"f{field}\":{}.{field}", turn + topic).expect("writing to a string cannot fail");
            }
            payload.push('}');
            packets.extend(field::broker::publish_packet(&format!("bench/{topic}"), payload.as_bytes()));
        }
        if stream.write_all(&packets).await.is_err() {
            return;
        }
    }
}
