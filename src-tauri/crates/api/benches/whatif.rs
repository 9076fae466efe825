//! How long it takes to replay a month of a tag that says something each second, with other numbers beside its own, and to
//! look for a suggestion: from the request to the answer, the median of five, in milliseconds.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use api::wire::{Host, Permission};
use api::{AddError, Answer, Api, Parts, PlantFolder, Principal};
use engine::{Engine, SystemClock};
use gateway::{Counters, GatewayEvent, Gateways, OpenLink};
use history::{History, Row};
use jiff::tz::TimeZone;
use journal::Journal;
use model::{Clock, GatewaySpec, Point, Protocols, Quality, Rejection, Sample, Timestamp, Value};
use plant::{Addition, Files, Reading, Retuning, TagIndices};
use tokio::sync::mpsc;

const PLANT: &str = r#"
[plant]
name = "Bench"

[[gateways]]
id = "wire"
kind = "memory"

[[tags]]
id = "temperature"
gateway = "wire"
range = [0, 100]
record = { rule = "every-sample" }
address = { at = 1 }
limits = { high = 80.0 }
"#;

const T0: i64 = 1_760_000_400_000;
const SECONDS: i64 = 30 * 86_400;

#[derive(Default)]
struct Nothing;

impl Gateways for Nothing {
    fn open(&self, _: &GatewaySpec, _: Vec<Point>, _: mpsc::Sender<GatewayEvent>) -> OpenLink {
        OpenLink::in_memory(Arc::new(Counters::default()))
    }
}

impl Protocols for Nothing {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["memory"]
    }

    fn check_gateway(&self, _: &GatewaySpec) -> Result<(), Vec<Rejection>> {
        Ok(())
    }

    fn check_point(&self, _: &GatewaySpec, _: &Point) -> Result<(), Vec<Rejection>> {
        Ok(())
    }
}

struct Folder;

impl PlantFolder for Folder {
    fn read(&self, keep: &TagIndices) -> Reading {
        let mut files = Files::new();
        files.insert("plant.toml", PLANT);
        plant::read(&files, &Nothing, keep)
    }

    fn add(&self, _: &Addition, _: &TagIndices) -> Result<Reading, AddError> {
        Err(AddError::Refused("a benchmark adds nothing".into()))
    }

    fn retune(&self, _: &Retuning, _: &TagIndices) -> Result<Reading, AddError> {
        Err(AddError::Refused("a benchmark changes nothing".into()))
    }

    fn words(&self) -> String {
        "in memory".into()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let history = Arc::new(History::open(&folder.path().join("history.db"), Arc::clone(&clock))?);
    let journal = Arc::new(Journal::open(&folder.path().join("journal.db"), Arc::clone(&clock))?);
    let series = history.series(&["temperature"])[0];
    for begin in (0..SECONDS).step_by(86_400) {
        history.import((begin..begin + 86_400).map(|second| Row { series, sample: sample(second) }).collect())?;
    }
    let plant = Folder.read(&TagIndices::default()).plant.ok_or("the plant has errors")?;
    let parts = engine::Parts {
        clock: Arc::clone(&clock),
        gateways: Arc::new(Nothing),
        history: Arc::clone(&history),
        journal: Arc::clone(&journal),
    };
    let api = Api::new(Parts {
        engine: Arc::new(Engine::start(parts, plant)),
        history,
        journal,
        clock,
        folder: Arc::new(Folder),
        problems: vec![],
        demo: None,
        notifications: None,
        stations: None,
        zone: TimeZone::UTC,
        version: "0.0.0",
    });
    let other = r#"{"limit":80,"secondLimit":null,"deadband":1,"onDelayS":5,"offDelayS":30,"times":null}"#;
    let mut out = std::io::stdout().lock();
    for (name, tuning, per_day) in
        [("as it is", "null", "null"), ("with other numbers", other, "null"), ("with a suggestion", "null", "1")]
    {
        let mut times = Vec::new();
        let mut words = String::new();
        for _ in 0..5 {
            let begun = Instant::now();
            words = ask(&api, tuning, per_day).await?;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        writeln!(out, "{name}: {:.0} ms ({words})", times[2])?;
    }
    Ok(())
}

async fn ask(api: &Api, tuning: &str, per_day: &str) -> Result<String, Box<dyn Error>> {
    let end = T0 + SECONDS * 1000;
    let request =
        format!(r#"{{"alarm":"temperature/high","from":{T0},"to":{end},"tuning":{tuning},"suggestPerDay":{per_day}}}"#);
    let who = Principal {
        user: "bench".into(),
        station: "bench".into(),
        permissions: vec![Permission::View],
        host: Host::Browser,
    };
    let Answer::Json(bytes) = api.call(&who, "alarm_try", request.as_bytes()).await? else {
        return Err("an answer is JSON".into());
    };
    let answer: serde_json::Value = serde_json::from_slice(&bytes)?;
    let count = |part: &str| answer[part]["activations"].to_string();
    Ok(format!(
        "{} samples, {} activations before, {} after, {} suggested",
        answer["samples"],
        count("before"),
        count("after"),
        count("suggested")
    ))
}

/// A wave through the day with noise on it that goes over the limit around noon.
#[expect(clippy::cast_precision_loss, reason = "seconds of a month")]
fn sample(second: i64) -> Sample {
    let day = (second as f64 / 86_400.0 * std::f64::consts::TAU).sin();
    let noise = f64::from(u16::try_from((second * 2_654_435_761).rem_euclid(1_000)).unwrap_or(0)) / 1_000.0;
    let time = Timestamp::from_millis(T0 + second * 1000);
    Sample { time, received: time, value: Some(Value::Float(70.0 + 9.8 * day + noise)), quality: Quality::GOOD }
}
