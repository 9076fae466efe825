//! What the benchmarks of the live path share: a station without a window, a publisher in a process of its own, processor
//! time, and the middle of some figures.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;

use api::{AddError, Api, Parts, PlantFolder};
use engine::{Engine, SystemClock};
use gateway::Network;
use history::History;
use journal::Journal;
use model::Clock;
use plant::{Addition, Files, Plant, Reading, Retuning, TagIndices};

/// The process that publishes is this program, started with the broker's port in here.
const PUBLISH_TO: &str = "ANDON_BENCH_PUBLISH_TO";

/// The broker to publish to, where this process was started for that.
pub fn publish_to() -> Option<u16> {
    std::env::var(PUBLISH_TO).ok().map(|port| port.parse().expect("a port"))
}

/// The whole of Andon but its window, on a folder.
pub struct Station {
    pub api: Api,
    pub history: Arc<History>,
    pub journal: Arc<Journal>,
}

impl Station {
    /// Starts it. `network` is what the plant was read with.
    pub fn start(folder: &Path, plant: Plant, network: Arc<Network>) -> Station {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let history = Arc::new(History::open(&folder.join("history.db"), Arc::clone(&clock)).expect("a history"));
        let journal = Arc::new(Journal::open(&folder.join("journal.db"), Arc::clone(&clock)).expect("a journal"));
        let parts = engine::Parts {
            clock: Arc::clone(&clock),
            gateways: network,
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
        };
        let api = Api::new(Parts {
            engine: Arc::new(Engine::start(parts, plant)),
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
            clock,
            folder: Arc::new(NoFolder),
            problems: vec![],
            stations: None,
            demo: None,
            notifications: None,
            zone: jiff::tz::TimeZone::UTC,
            version: "bench",
        });
        Station { api, history, journal }
    }

    /// Asks for something as a screen does.
    pub async fn read(&self, command: &str) -> Vec<u8> {
        let who = api::Principal {
            user: "bench".into(),
            station: "bench".into(),
            permissions: vec![api::wire::Permission::View],
            host: api::wire::Host::Browser,
        };
        match self.api.call(&who, command, b"{}").await.expect("it can be read") {
            api::Answer::Json(bytes) => bytes,
            api::Answer::Bytes { .. } => panic!("{command} answers with JSON"),
        }
    }

    /// Samples received so far.
    pub async fn samples(&self) -> u64 {
        let status = self.read("status_read").await;
        let status: api::wire::Status = serde_json::from_slice(&status).expect("a status");
        status.gateways.iter().map(|gateway| gateway.samples).sum()
    }
}

/// Reads a plant from a text.
pub fn plant(text: String, network: &Network) -> Plant {
    let mut files = Files::new();
    files.insert("plant.toml", text);
    let reading = plant::read(&files, network, &TagIndices::default());
    reading.plant.unwrap_or_else(|| panic!("{:#?}", &reading.problems[..reading.problems.len().min(5)]))
}

/// A network of this machine.
pub fn network() -> Arc<Network> {
    Arc::new(Network::new(Arc::new(SystemClock)))
}

struct NoFolder;

impl PlantFolder for NoFolder {
    fn read(&self, _: &TagIndices) -> Reading {
        Reading { plant: None, problems: vec![] }
    }

    fn add(&self, _: &Addition, _: &TagIndices) -> Result<Reading, AddError> {
        Err(AddError::Refused("the benchmark's plant is not changed".into()))
    }

    fn retune(&self, _: &Retuning, _: &TagIndices) -> Result<Reading, AddError> {
        Err(AddError::Refused("the benchmark's plant is not changed".into()))
    }

    fn words(&self) -> String {
        String::new()
    }
}

/// The publisher's process, ended with this one's work.
pub struct Publishing(Child);

impl Publishing {
    pub fn start(port: u16) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        Self(Command::new(program).env(PUBLISH_TO, port.to_string()).spawn().expect("this program starts"))
    }

    pub fn end(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("the publisher is ours to end");
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        // It has ended already where all went well.
        self.0.kill().ok();
    }
}

/// Seconds of processor time used so far.
#[derive(Clone, Copy, Default)]
pub struct ProcessorTime {
    pub all: f64,
    pub history: f64,
    pub journal: f64,
}

pub fn processor() -> ProcessorTime {
    let mut by_thread: BTreeMap<String, f64> = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").expect("/proc is there").flatten() {
        let (name, seconds) = thread_time(&task.path());
        *by_thread.entry(name).or_default() += seconds;
    }
    let of = |part: &str| by_thread.iter().filter(|(name, _)| name.contains(part)).map(|(_, seconds)| seconds).sum();
    ProcessorTime { all: thread_time(Path::new("/proc/self")).1, history: of("history"), journal: of("journal") }
}

/// A thread's or process's name and processor time, by its `stat` file (fields 14 and 15, in hundredths of a second).
fn thread_time(folder: &Path) -> (String, f64) {
    let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
    let (name, rest) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    (name.split_once('(').map(|(_, name)| name.to_owned()).unwrap_or_default(), ticks / 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since boot stay below 2^53")]
pub fn uptime_us() -> f64 {
    SystemClock.now().uptime.duration().as_micros() as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a revision is a whole number from zero up"
)]
pub fn whole(revision: f64) -> u64 {
    revision as u64
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    at(&figures, 0.5)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index into a list of figures"
)]
pub fn at(sorted: &[f64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * quantile).round() as usize).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
pub fn print_line(line: &str) {
    println!("{line}");
}
