//! The contract as a host sees it: who may call what, what is recorded, what is refused and in which words.

mod exports;
mod gateways;
mod journal;
mod standstill;
mod summaries;
mod whatif;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::journal::{Entry, Journal, Phase, Query};
use ::plant::{Addition, Files, Reading, Retuning, TagIndices};
use engine::{Engine, SystemClock};
use gateway::{Counters, GatewayEvent, Gateways, OpenLink, Requests, What};
use history::History;
use jiff::tz::TimeZone;
use model::{Batch, Clock, GatewaySpec, Point, Protocols, Rejection, Sample, TagIndex, Update, Value};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use crate::contract::COMMANDS;
use crate::wire::{DemoAct, DemoView, Host, Permission};
use crate::{AddError, Answer, Api, Audit, Code, Demo, Failure, FrameRequest, Parts, PlantFolder, Principal};

const PLANT: &str = r#"
[plant]
name = "Calls"

[[gateways]]
id = "wire"
kind = "memory"

[[machines]]
path = "a/b/c/press"
name = "Press"

[[tags]]
machine = "a/b/c/press"
id = "temperature"
gateway = "wire"
unit = "°C"
address = { at = 1 }
write = { low = 0.0, high = 120.0 }

[[alarms]]
tag = "a/b/c/press/temperature"
id = "hot"
message = "Press is hot"
kind = "high"
limit = 80.0
priority = 1
"#;

#[derive(Default)]
struct Wire {
    sender: Mutex<Option<mpsc::Sender<GatewayEvent>>>,
    counters: Arc<Counters>,
    /// The answering side of the link.
    requests: Mutex<Option<Requests>>,
}

impl Gateways for Wire {
    fn open(&self, _: &GatewaySpec, _: Vec<Point>, events: mpsc::Sender<GatewayEvent>) -> OpenLink {
        let (link, requests) = OpenLink::answering(Arc::clone(&self.counters));
        *self.requests.lock().expect("one thread") = Some(requests);
        *self.sender.lock().expect("one thread") = Some(events);
        link
    }
}

impl Protocols for Wire {
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

/// A plant folder whose text a test can change.
struct Folder(Arc<Mutex<String>>);

impl PlantFolder for Folder {
    fn read(&self, keep: &TagIndices) -> Reading {
        let mut files = Files::new();
        files.insert("plant.toml", self.0.lock().expect("one thread").clone());
        ::plant::read(&files, &Wire::default(), keep)
    }

    fn add(&self, addition: &Addition, keep: &TagIndices) -> Result<Reading, AddError> {
        let before = self.0.lock().expect("one thread").clone();
        let whole = addition.behind(&before).map_err(|error| AddError::Refused(error.to_string()))?;
        let mut files = Files::new();
        files.insert("plant.toml", whole.clone());
        let reading = ::plant::read(&files, &Wire::default(), keep);
        if reading.plant.is_none() {
            return Err(AddError::Checking(reading.problems));
        }
        *self.0.lock().expect("one thread") = whole;
        Ok(reading)
    }

    fn retune(&self, retuning: &Retuning, keep: &TagIndices) -> Result<Reading, AddError> {
        let before = self.0.lock().expect("one thread").clone();
        let plant = self.read(keep).plant.expect("the plant has no errors");
        let whole = retuning.within(&before, &plant).map_err(|error| AddError::Refused(error.to_string()))?;
        let mut files = Files::new();
        files.insert("plant.toml", whole.clone());
        let reading = ::plant::read(&files, &Wire::default(), keep);
        if reading.plant.is_none() {
            return Err(AddError::Checking(reading.problems));
        }
        *self.0.lock().expect("one thread") = whole;
        Ok(reading)
    }

    fn words(&self) -> String {
        "in memory".into()
    }
}

struct NoMachines;

impl Demo for NoMachines {
    fn view(&self) -> DemoView {
        DemoView { machines: vec![], broker_running: true, plc_frozen: false, flooding: false }
    }

    fn act(&self, act: DemoAct) -> Result<DemoView, String> {
        match act {
            DemoAct::AlarmFlood {} => Err("a flood is going on".into()),
            _ => Ok(self.view()),
        }
    }
}

struct Called {
    api: Api,
    wire: Arc<Wire>,
    journal: Arc<Journal>,
    history: Arc<History>,
    text: Arc<Mutex<String>>,
    _folder: tempfile::TempDir,
}

fn who(permissions: &[Permission]) -> Principal {
    Principal { user: "eve".into(), station: "desk 1".into(), permissions: permissions.to_vec(), host: Host::Browser }
}

fn anybody() -> Principal {
    who(&[Permission::View, Permission::Acknowledge, Permission::Operate, Permission::Configure])
}

impl Called {
    fn start() -> Called {
        Called::with(PLANT)
    }

    fn with(plant: &str) -> Called {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let history =
            Arc::new(History::open(&folder.path().join("history.db"), Arc::clone(&clock)).expect("a history"));
        let journal =
            Arc::new(Journal::open(&folder.path().join("journal.db"), Arc::clone(&clock)).expect("a journal"));
        let wire = Arc::new(Wire::default());
        let text = Arc::new(Mutex::new(plant.to_owned()));
        let plant_folder = Folder(Arc::clone(&text));
        let reading = plant_folder.read(&TagIndices::default());
        let plant = reading.plant.unwrap_or_else(|| panic!("{:#?}", reading.problems));
        let parts = engine::Parts {
            clock: Arc::clone(&clock),
            gateways: Arc::clone(&wire) as Arc<dyn Gateways>,
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
        };
        let api = Api::new(Parts {
            engine: Arc::new(Engine::start(parts, plant)),
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
            clock,
            folder: Arc::new(plant_folder),
            problems: vec![],
            stations: None,
            demo: Some(Box::new(NoMachines)),
            notifications: None,
            zone: TimeZone::UTC,
            version: "0.0.0",
        });
        Called { api, wire, journal, history, text, _folder: folder }
    }

    async fn call(&self, who: &Principal, command: &str, request: Json) -> Result<Answer, Failure> {
        self.api.call(who, command, request.to_string().as_bytes()).await
    }

    async fn json(&self, command: &str, request: Json) -> Json {
        match self.call(&anybody(), command, request).await.expect("the command is carried out") {
            Answer::Json(bytes) => serde_json::from_slice(&bytes).expect("an answer is JSON"),
            Answer::Bytes { content_type, .. } => panic!("{command} answered {content_type}"),
        }
    }

    async fn value(&self, value: f64) {
        let sender =
            until("the gateway is opened", async || self.wire.sender.lock().expect("one thread").clone()).await;
        let sample = Sample::good(SystemClock.now().wall, Value::Float(value));
        let what = What::Batch(Batch { updates: vec![Update::new(TagIndex(0), sample)] });
        sender.send(GatewayEvent { gateway: "wire".into(), what }).await.expect("the engine runs");
    }

    /// The occurrence of the one alarm, once it stands.
    async fn alarm(&self) -> String {
        let find = async || {
            let alarms = self.json("alarms_read", json!({})).await;
            alarms["alarms"][0]["occurrence"].as_str().map(str::to_owned)
        };
        until("the alarm stands", find).await
    }

    fn actions(&self) -> Vec<(String, String)> {
        let page = self.journal.page(&Query { limit: 100, ..Query::default() }).expect("the journal can be read");
        let words = |entry| match entry {
            Entry::Action(action) => match action.phase {
                Phase::Intent => Some((action.command, "intent".to_owned())),
                Phase::Outcome { words, .. } => Some((action.command, words)),
            },
            Entry::Alarm(_) | Entry::Remark(_) | Entry::System(_) => None,
        };
        page.records.into_iter().rev().filter_map(|record| words(record.entry)).collect()
    }
}

async fn until<T>(what: &str, there: impl AsyncFn() -> Option<T>) -> T {
    let give_up = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = there().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_past_the_permission_column() {
    let called = Called::start();
    let all = [Permission::View, Permission::Acknowledge, Permission::Operate, Permission::Configure];
    for command in COMMANDS {
        let others: Vec<Permission> = all.into_iter().filter(|permission| *permission != command.permission).collect();
        for without in [who(&others), who(&[])] {
            let refused = called.call(&without, command.name, json!({})).await.expect_err("it is not allowed");
            assert_eq!(refused.code, Code::Denied, "{}", command.name);
        }
        let allowed = called.call(&who(&[command.permission]), command.name, json!({})).await;
        let is_denied = allowed.is_err_and(|failure| failure.code == Code::Denied);
        assert!(!is_denied, "{} refuses whoever has its permission", command.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audited_command_leaves_intent_and_outcome_also_when_denied() {
    let called = Called::start();
    called
        .call(&who(&[Permission::View]), "demo_act", json!({ "act": "freezePlc" }))
        .await
        .expect_err("it is not allowed");
    called.json("demo_act", json!({ "act": "freezePlc" })).await;
    called.call(&anybody(), "demo_act", json!({ "act": "alarmFlood" })).await.expect_err("the demo refuses");
    called.json("status_read", json!({})).await;
    let expect = [
        ("demo_act", "intent"),
        ("demo_act", "not done: eve may not do that: it needs the permission 'Operate'"),
        ("demo_act", "intent"),
        ("demo_act", "done"),
        ("demo_act", "intent"),
        ("demo_act", "not done: a flood is going on"),
    ];
    let recorded = until("the last outcome is written", async || {
        Some(called.actions()).filter(|actions| actions.len() >= expect.len())
    });
    let recorded = recorded.await;
    assert_eq!(recorded.iter().map(|(command, words)| (command.as_str(), words.as_str())).collect::<Vec<_>>(), expect);
    assert!(COMMANDS.iter().any(|command| command.name == "status_read" && command.audit == Audit::No));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_in_the_journal_when_it_is_answered() {
    let called = Called::start();
    called.value(90.0).await;
    let occurrence = called.alarm().await;
    let note = "<img src=x onerror=alert(1)>";
    let announced = called.json("alarms_read", json!({})).await["alarms"][0]["announcedAt"].as_i64().expect("a time");
    let as_seen = |at: i64| json!({ "occurrences": [occurrence], "announcedAt": [at], "note": "" });
    let early = called.json("alarm_acknowledge", as_seen(announced - 1)).await;
    assert_eq!(early["refused"][0]["reason"], "it was announced again in the meantime: look at it again");
    let acted =
        called.json("alarm_acknowledge", json!({ "occurrences": [occurrence, "nonsense"], "note": note })).await;
    assert_eq!(acted["done"], json!([occurrence]));
    assert_eq!(acted["refused"][0]["target"], "nonsense");

    let page = called.json("journal_read", json!({ "limit": 50, "filter": { "alarm": "a/b/c/press/hot" } })).await;
    let newest = &page["entries"][0];
    assert_eq!(
        (&newest["kind"], &newest["user"], &newest["station"]),
        (&json!("acknowledged"), &json!("eve"), &json!("desk 1"))
    );
    assert_eq!(newest["note"], note, "a note is text, whatever it looks like");
    let again = called.json("alarm_acknowledge", json!({ "occurrences": [occurrence], "note": "" })).await;
    assert_eq!(again["refused"][0]["reason"], "it is acknowledged already");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_found_by_the_words_that_are_shown_for_it() {
    let called = Called::start();
    called.json("plant_reload", json!({})).await;
    let find = async |text: &str| {
        let page = called.json("journal_read", json!({ "limit": 50, "filter": { "text": text } })).await;
        page["entries"].as_array().expect("a list").iter().map(|entry| entry["message"].clone()).collect::<Vec<_>>()
    };
    until("the outcome is written", async || (!find("plant_reload").await.is_empty()).then_some(())).await;
    let found = find("READS THE PLANT FOLDER").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].as_str().is_some_and(|words| words.starts_with("Reads the plant folder again")), "{found:?}");
    assert_eq!(find("writes the plant folder").await, Vec::<Json>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_invalid_and_says_why() {
    let called = Called::start();
    let check = async |command: &str, request: Json, code: Code| {
        let failure = called.call(&anybody(), command, request.clone()).await.expect_err("it makes no sense");
        assert_eq!(failure.code, code, "{command} {request}: {}", failure.message);
        assert!(failure.id.starts_with('F') && !failure.message.is_empty());
    };
    check("no_such_command", json!({}), Code::NotFound).await;
    check("journal_read", json!({ "limit": 0, "filter": {} }), Code::Invalid).await;
    check("journal_read", json!({ "limit": 10, "filter": { "surprise": 1 } }), Code::Invalid).await;
    check("journal_read", json!({ "limit": 10, "filter": { "priority": 9 } }), Code::Invalid).await;
    check("history_read", json!({ "tags": [0], "from": 5, "to": 5, "pixels": 100 }), Code::Invalid).await;
    check("history_read", json!({ "tags": [], "from": 0, "to": 5, "pixels": 100 }), Code::Invalid).await;
    check("history_read", json!({ "tags": [999], "from": 0, "to": 5, "pixels": 100 }), Code::NotFound).await;
    check("history_read", json!({ "tags": [0], "from": 0, "to": 5, "pixels": 0 }), Code::Invalid).await;
    check(
        "trend_draw",
        json!({ "tags": [0], "from": 0, "to": 5, "width": 9, "height": 9, "format": "png" }),
        Code::Invalid,
    )
    .await;
    check("alarm_acknowledge", json!({ "occurrences": [], "note": "x".repeat(2_001) }), Code::Invalid).await;
    check("alarm_acknowledge", json!({ "occurrences": vec!["a@1"; 1_001], "note": "" }), Code::Invalid).await;
    let half_seen = json!({ "occurrences": ["a@1", "b@2"], "announcedAt": [1], "note": "" });
    check("alarm_acknowledge", half_seen, Code::Invalid).await;
    let huge = called.api.call(&anybody(), "session_read", &vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(huge.map_err(|failure| failure.code), Err(Code::Invalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_plant_file_is_listed_and_the_running_plant_stays() {
    let called = Called::start();
    let before = called.json("plant_read", json!({})).await;
    *called.text.lock().expect("one thread") =
        PLANT.replace("limit = 80.0", "limit = \"hot\"").replace("at = 1", "at = 1, ");
    let status = called.json("plant_reload", json!({})).await;
    assert_eq!(status["problems"][0]["error"], true, "{status}");
    assert!(status["problems"][0]["line"].as_u64() > Some(0) && status["problems"][0]["remedy"] != "");
    assert_eq!(called.json("plant_read", json!({})).await, before);

    *called.text.lock().expect("one thread") = PLANT.replace("Press is hot", "Press is too hot");
    let status = called.json("plant_reload", json!({})).await;
    assert_eq!(status["problems"], json!([]));
    let after = called.json("plant_read", json!({})).await;
    assert_eq!((&after["revision"], &after["alarms"][0]["message"]), (&json!(2), &json!("Press is too hot")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_brings_what_changed_and_everything_after_a_new_plant() {
    let called = Called::start();
    called.value(21.0).await;
    let rows = |bytes: &[u8]| u32::from_le_bytes(bytes[32..36].try_into().expect("four bytes"));
    let revision = |bytes: &[u8]| f64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
    let frame = |plant: u32, since: f64| {
        called.api.frame(&FrameRequest { plant, since: format!("{since}").parse().expect("whole"), tags: vec![0, 77] })
    };
    let full = until("the value is live", async || {
        let bytes = frame(1, 0.0);
        (f64::from_le_bytes(bytes[72..80].try_into().expect("eight bytes")) == 21.0).then_some(bytes)
    });
    let full = full.await;
    assert_eq!((rows(&full), full[6]), (1, 1), "tag 77 does not exist, and the first frame is a full one");
    let next = frame(1, revision(&full));
    assert_eq!((rows(&next), next[6]), (0, 0), "nothing has changed");
    let other_plant = frame(9, revision(&full));
    assert_eq!((rows(&other_plant), other_plant[6]), (1, 1));
    let from_the_future = frame(1, 1e12);
    assert_eq!(from_the_future[6], 1, "a screen that outlived the program begins again");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_pictures_come_from_the_same_samples() {
    let called = Called::start();
    let start = SystemClock.now().wall.millis();
    called.value(21.0).await;
    let request = json!({ "tags": [0], "from": start - 60_000, "to": start + 60_000, "pixels": 500 });
    let series = until("the sample is in history", async || {
        let answer = called.call(&anybody(), "history_read", request.clone()).await.expect("history can be read");
        let Answer::Bytes { bytes, .. } = answer else { panic!("history is bytes") };
        (u32::from_le_bytes(bytes[20..24].try_into().expect("four bytes")) > 0).then_some(bytes)
    });
    assert_eq!(&series.await[..4], b"ANDH");
    let draw = |format: &str| json!({ "tags": [0], "from": start - 60_000, "to": start + 60_000, "width": 800, "height": 400, "format": format });
    for (format, content_type, begins) in [("png", "image/png", &b"\x89PNG"[..]), ("svg", "image/svg+xml", &b"<"[..])] {
        let answer = called.call(&anybody(), "trend_draw", draw(format)).await.expect("a picture can be drawn");
        let Answer::Bytes { content_type: drawn, bytes } = answer else { panic!("a picture is bytes") };
        assert_eq!(drawn, content_type);
        assert!(bytes.starts_with(begins), "{format}");
    }
}
