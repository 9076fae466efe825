//! How many messages a second come from Mosquitto into the live table, beside a bare client that only counts them.
//!
//! A publisher in a process of its own sends messages through Mosquitto as fast as the broker takes them, with QoS 0 and
//! a broker that drops none. In each round the bare client comes first, as the baseline on this machine at this minute;
//! then Andon without its window: gateway, engine, and the live table, which has to show the last value of every tag
//! before the clock stops. The rate counts from the first message to the last. Nothing is recorded, because the table is
//! what is measured; `live.rs` measures the whole.

use std::fmt::Write as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use field::broker::{Mosquitto, Setup, publish_packet, raw_connection};
use field::station::Station;
use model::{LinkState, Quality};
use tokio::io::AsyncWriteExt;

const TOPICS: usize = 1_000;
const ROUNDS: usize = 5;
/// Messages of one measurement: some seconds of them.
const MESSAGES: usize = 300_000;
/// The process that publishes is this program, started with what to publish, and the broker's port, in here.
const PUBLISH: &str = "ANDON_BENCH_PUBLISH";

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One value in a JSON document on a topic of its own.
    Json,
    /// One metric, by its alias, in a message of a Sparkplug node that has a thousand of them.
    Sparkplug,
}

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
struct Measured {
    messages_per_second: f64,
    processor_us_per_message: f64,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match std::env::var(PUBLISH) {
        Ok(task) => {
            let (kind, port) = task.split_once(' ').expect("a kind and a port");
            let kind = Kind::ALL.into_iter().find(|known| known.word() == kind).expect("a known kind");
            runtime.block_on(publish(kind, port.parse().expect("a port")));
        }
        Err(_) => runtime.block_on(measure()),
    }
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Json, Kind::Sparkplug];

    fn word(self) -> &'static str {
        match self {
            Kind::Json => "json",
            Kind::Sparkplug => "sparkplug",
        }
    }

    /// What a bare client subscribes to.
    fn filter(self) -> &'static str {
        match self {
            Kind::Json => "bench/#",
            Kind::Sparkplug => "spBv1.0/#",
        }
    }

    fn message(self, n: usize) -> (String, Vec<u8>) {
        match self {
            Kind::Json => {
                let payload = format!("{{\"timestamp_ms\":{},\"value\":{n}.5,\"unit\":\"bar\"}}", now_ms());
                (format!("bench/{}", n % TOPICS), payload.into_bytes())
            }
            Kind::Sparkplug => ("spBv1.0/bench/NDATA/node".to_owned(), sparkplug_data(n)),
        }
    }

    /// What goes before all messages.
    fn birth(self) -> Option<(String, Vec<u8>)> {
        match self {
            Kind::Json => None,
            Kind::Sparkplug => Some(("spBv1.0/bench/NBIRTH/node".to_owned(), sparkplug_birth())),
        }
    }

    fn plant(self, port: u16) -> String {
        let mut text = String::from("[plant]\nname = \"Bench\"\n[[machines]]\npath = \"b/a/l/m\"\n");
        let kind = match self {
            Kind::Json => "kind = \"mqtt\"",
            Kind::Sparkplug => "kind = \"sparkplug\"\nrole = \"observer\"",
        };
        writeln!(text, "[[gateways]]\nid = \"broker\"\n{kind}\nhost = \"127.0.0.1\"\nport = {port}")
            .expect("a string takes all");
        for topic in 0..TOPICS {
            let address = match self {
                Kind::Json => {
                    format!("{{ topic = \"bench/{topic}\", pointer = \"/value\", time = \"/timestamp_ms\" }}")
                }
                Kind::Sparkplug => {
                    format!("{{ group = \"bench\", node = \"node\", metric = \"m{topic}\" }}")
                }
            };
            writeln!(
                text,
                "[[tags]]\nmachine = \"b/a/l/m\"\nid = \"t{topic}\"\ngateway = \"broker\"\nrecord = false\n\
                 address = {address}"
            )
            .expect("a string takes all");
        }
        text
    }
}

async fn measure() {
    let setup = Setup::default().line("max_queued_messages 0\nmax_queued_bytes 0\nset_tcp_nodelay true");
    let broker = Mosquitto::start_as(setup).await;
    for kind in Kind::ALL {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let bare = bare_client(kind, broker.port).await;
            let (andon, merged) = andon(kind, broker.port).await;
            rounds.push((bare, andon, merged));
        }
        let of = |figure: &dyn Fn(&(Measured, Measured, u64)) -> f64| median(rounds.iter().map(figure).collect());
        let ratio = of(&|(bare, andon, _)| andon.messages_per_second / bare.messages_per_second);
        let cost = of(&|(bare, andon, _)| andon.processor_us_per_message / bare.processor_us_per_message);
        print_line(&format!("{}: {MESSAGES} messages on {TOPICS} tags; medians of {ROUNDS} rounds", kind.word()));
        print_line(&format!("  Andon / bare client          {ratio:8.2} of its rate, {cost:.2} x its processor time"));
        for (name, which) in [("bare client that counts", 0), ("Andon into the live table", 1)] {
            let pick = move |(bare, andon, _): &(Measured, Measured, u64)| if which == 0 { *bare } else { *andon };
            let rate = of(&|round| pick(round).messages_per_second);
            let us = of(&|round| pick(round).processor_us_per_message);
            print_line(&format!("  {name:28} {rate:8.0} messages/s, {us:.2} us of processor time each"));
        }
        #[expect(clippy::cast_precision_loss, reason = "a count to be read")]
        let merged = of(&|(_, _, merged)| *merged as f64 / MESSAGES as f64);
        print_line(&format!("  merged on the way            {:8.1} %", merged * 100.0));
    }
}

/// Counts from when the first message came.
struct Watch {
    began: Instant,
    processor: f64,
}

impl Watch {
    fn start() -> Watch {
        Watch { began: Instant::now(), processor: processor() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
    fn stop(self) -> Measured {
        let messages = MESSAGES as f64;
        Measured {
            messages_per_second: messages / self.began.elapsed().as_secs_f64(),
            processor_us_per_message: (processor() - self.processor) * 1e6 / messages,
        }
    }
}

async fn bare_client(kind: Kind, port: u16) -> Measured {
    let mut options = rumqttc::MqttOptions::new("bare", ("127.0.0.1", port));
    // A birth of a thousand metrics is larger than the library takes if it is not told.
    options.set_keep_alive(30u16).set_max_packet_size(1_048_576, 1_048_576);
    let (client, mut events) = rumqttc::AsyncClient::builder(options).capacity(64).build();
    client.subscribe(kind.filter(), rumqttc::QoS::AtMostOnce).await.expect("the client takes the subscription");
    while !matches!(events.poll().await, Ok(rumqttc::Event::Incoming(rumqttc::Packet::SubAck(_)))) {}
    let _publisher = Publishing::start(kind, port);
    let mut counted = 0;
    let mut watch = None;
    while counted < MESSAGES {
        let event = events.poll().await.expect("the broker lives");
        if matches!(event, rumqttc::Event::Incoming(rumqttc::Packet::Publish(_))) {
            counted += 1;
            watch.get_or_insert_with(Watch::start);
        }
    }
    watch.expect("messages came").stop()
}

async fn andon(kind: Kind, port: u16) -> (Measured, u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let station = Station::start(folder.path(), &kind.plant(port));
    station.until_up().await;
    let _publisher = Publishing::start(kind, port);
    let first = |snapshot: &engine::Snapshot| snapshot.links[0].traffic.messages > 0 || any_good(snapshot);
    station.until("the first message", first).await;
    let watch = Watch::start();
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let last = |tag: usize| (MESSAGES - TOPICS + tag) as f64 + 0.5;
    let is_done = |snapshot: &engine::Snapshot| {
        // The last message is of the last tag, and messages are in order.
        let tag = snapshot.plant.tags[TOPICS - 1].index;
        let value = snapshot.table.row(tag).and_then(|row| row.value).and_then(|value| value.number());
        value == Some(last(TOPICS - 1))
    };
    station.until_within(Duration::from_secs(120), "the last value", is_done).await;
    let measured = watch.stop();
    let snapshot = station.snapshot();
    for (place, tag) in snapshot.plant.tags.iter().enumerate() {
        let row = snapshot.table.row(tag.index).expect("a row");
        assert_eq!(row.value.and_then(|value| value.number()), Some(last(place)), "no last value is missing");
    }
    assert_eq!(snapshot.links[0].status.state, LinkState::Up);
    station.stop().await;
    (measured, snapshot.links[0].traffic.merged)
}

fn any_good(snapshot: &engine::Snapshot) -> bool {
    snapshot.plant.tags.iter().take(1).any(|tag| snapshot.table.quality(tag.index) == Quality::GOOD)
}

/// The publisher's process, ended with this one's work.
struct Publishing(Child);

impl Publishing {
    fn start(kind: Kind, port: u16) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let task = format!("{} {port}", kind.word());
        Self(Command::new(program).env(PUBLISH, task).spawn().expect("this program starts"))
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        // It has ended already where all went well.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Publishes as fast as the broker takes it, and waits to be ended: a closed connection could overtake its messages.
async fn publish(kind: Kind, port: u16) {
    let mut stream = raw_connection(port).await;
    let mut packets = Vec::new();
    if let Some((topic, payload)) = kind.birth() {
        packets.extend(publish_packet(&topic, &payload));
    }
    for n in 0..MESSAGES {
        let (topic, payload) = kind.message(n);
        packets.extend(publish_packet(&topic, &payload));
        if packets.len() > 32_768 || n + 1 == MESSAGES {
            if stream.write_all(&packets).await.is_err() {
                return;
            }
            packets.clear();
        }
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
}

/// A protocol buffer's field of a number.
fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A protocol buffer's field of bytes.
fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut written = Vec::new();
    loop {
        let low = value.to_le_bytes()[0] & 0x7F;
        value >>= 7;
        written.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return written;
        }
    }
}

/// The birth of a node with a metric for each tag (Sparkplug 3.0, 6.4: names, aliases and data types).
fn sparkplug_birth() -> Vec<u8> {
    let (long, double) = (8, 10);
    let session = [bytes(1, b"bdSeq"), number(3, now_ms()), number(4, long), number(11, 0)].concat();
    let mut payload = [number(1, now_ms()), bytes(2, &session)].concat();
    for metric in 0..TOPICS {
        let alias = number(2, metric as u64 + 1);
        let name = bytes(1, format!("m{metric}").as_bytes());
        let metric = [name, alias, number(3, now_ms()), number(4, double), fixed(13, 0.0)].concat();
        payload.extend(bytes(2, &metric));
    }
    payload.extend(number(3, 0));
    payload
}

/// The n-th message after it.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn sparkplug_data(n: usize) -> Vec<u8> {
    let alias = number(2, (n % TOPICS) as u64 + 1);
    let metric = [alias, number(3, now_ms()), number(4, 10), fixed(13, n as f64 + 0.5)].concat();
    [number(1, now_ms()), bytes(2, &metric), number(3, (n as u64 + 1) % 256)].concat()
}

/// A protocol buffer's field of a double.
fn fixed(field: u64, value: f64) -> Vec<u8> {
    [varint(field << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

/// Seconds of processor time that this process used so far.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, rest) = stat.rsplit_once(')').unwrap_or_default();
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
fn print_line(line: &str) {
    println!("{line}");
}
