//! The loop itself, with real stores on disk: what is answered is committed, and a restart goes on from it.

use super::*;

use std::path::Path;

use alarm::Act;

use gateway::{Receipt, Request, Requests};
use journal::{Journal, Query};
use model::{Browse, Browsed, Offer, Write, Written};
use tokio::sync::watch;

use crate::event::{Target, Wanted};
use crate::{ActError, Engine, Parts, SystemClock};

/// Gateways whose senders a test keeps, so that it is the gateway.
#[derive(Default)]
struct Wires {
    senders: Mutex<HashMap<String, mpsc::Sender<GatewayEvent>>>,
    requests: Mutex<HashMap<String, Requests>>,
}

impl Gateways for Wires {
    fn open(&self, spec: &GatewaySpec, _: Vec<Point>, events: mpsc::Sender<GatewayEvent>) -> OpenLink {
        self.senders.lock().expect("one thread").insert(spec.id.clone(), events);
        let (handle, requests) = gateway::channel();
        self.requests.lock().expect("one thread").insert(spec.id.clone(), requests);
        OpenLink::new(Arc::new(Counters::default()), handle, watch::Sender::new(false), tokio::spawn(async {}))
    }
}

/// An engine on a folder.
struct Running {
    engine: Engine,
    wires: Arc<Wires>,
    clock: Arc<Sleeper>,
    journal: Arc<Journal>,
    history: Arc<History>,
    tag: TagIndex,
}

/// The machine's clock, which a test can put to sleep: its uptime goes on while the runtime's timer stands still.
#[derive(Default)]
struct Sleeper {
    slept: Mutex<Duration>,
}

impl Clock for Sleeper {
    fn now(&self) -> Now {
        let slept = *self.slept.lock().expect("nobody panics here");
        let now = SystemClock.now();
        Now { wall: now.wall.saturating_add(slept), uptime: now.uptime + slept }
    }
}

/// A delay of nothing, so that no test waits for seconds.
fn plant() -> Plant {
    read(&PLANT.replace("on_delay_s = 3\n", ""), &TagIndices::default())
}

impl Running {
    fn start(folder: &Path) -> Running {
        let sleeper = Arc::new(Sleeper::default());
        let clock: Arc<dyn Clock> = Arc::clone(&sleeper) as Arc<dyn Clock>;
        let history = Arc::new(History::open(&folder.join("history.db"), Arc::clone(&clock)).expect("a history"));
        let journal = Arc::new(Journal::open(&folder.join("journal.db"), Arc::clone(&clock)).expect("a journal"));
        let wires = Arc::new(Wires::default());
        let plant = plant();
        let tag = plant.tag_by_id(&format!("{PRESS}/temperature")).expect("the story's tag").index;
        let parts = Parts {
            clock,
            gateways: Arc::clone(&wires) as Arc<dyn Gateways>,
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
        };
        Running { engine: Engine::start(parts, plant), wires, clock: sleeper, journal, history, tag }
    }

    async fn send(&self, value: f64) {
        let sender = self.sender().await;
        let sample = Sample::good(SystemClock.now().wall, Value::Float(value));
        let what = What::Batch(Batch { updates: vec![Update::new(self.tag, sample)] });
        sender.send(GatewayEvent { gateway: "broker".into(), what }).await.expect("the loop runs");
    }

    async fn sender(&self) -> mpsc::Sender<GatewayEvent> {
        until("the gateway is opened", || self.wires.senders.lock().expect("one thread").get("broker").cloned()).await
    }

    /// What is asked of a gateway's link.
    async fn requests(&self, gateway: &str) -> Requests {
        until("the gateway is opened", || self.wires.requests.lock().expect("one thread").get(gateway).cloned()).await
    }

    async fn alarm_in(&self, state: State) -> OccurrenceId {
        let found = || {
            let snapshot = self.engine.snapshot();
            let found = snapshot.alarms.alarms.iter().find(|active| active.state == state);
            found.map(|active| active.occurrence.clone())
        };
        until("the alarm stands", found).await
    }
}

/// Waits until something is there, for ten seconds at most.
async fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let give_up = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(tokio::time::Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn act() -> Act {
    Act { user: "eve".into(), station: "desk 1".into(), note: "seen".into(), at: SystemClock.now().wall }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_on_disk_and_stands_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Running::start(folder.path());
    first.send(90.0).await;
    let occurrence = first.alarm_in(State::Unack).await;
    let acted = first
        .engine
        .act(vec![Target::Occurrence(occurrence.clone())], Wanted::Acknowledge, act())
        .await
        .expect("the disk works");
    assert_eq!(acted.done.first(), Some(&Target::Occurrence(occurrence.clone())));
    let standing = first.journal.known().expect("the journal can be read");
    assert_eq!(standing.values().map(|known| known.standings[0].state).collect::<Vec<_>>(), [State::Acked]);
    first.engine.stop().await;
    assert_eq!(
        first.engine.act(vec![Target::Occurrence(occurrence.clone())], Wanted::Acknowledge, act()).await,
        Err(ActError::Stopped),
        "a stopped engine says so"
    );
    drop(first);

    let second = Running::start(folder.path());
    assert_eq!(second.alarm_in(State::Acked).await, occurrence);
    second.send(91.0).await;
    until("the value is live", || {
        second.engine.snapshot().table.row(second.tag).filter(|row| row.value == Some(Value::Float(91.0)))
    })
    .await;
    assert_eq!(second.alarm_in(State::Acked).await, occurrence);
    second.engine.stop().await;
    let raised = |entry: &Entry| journal_words(entry).1 == "raised";
    let page = second.journal.page(&Query { limit: 100, ..Query::default() }).expect("the journal can be read");
    assert_eq!(page.records.iter().filter(|record| raised(&record.entry)).count(), 1, "announced once");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_shows_when_the_program_did_not_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Running::start(folder.path());
    first.send(20.0).await;
    until("the value is live", || first.engine.snapshot().table.row(first.tag).filter(|row| row.value.is_some())).await;
    first.engine.stop().await;
    first.history.flush().expect("the disk works");
    let series = first.history.series(&[&format!("{PRESS}/temperature")])[0];
    let last = first.history.reader().latest(series, 1).expect("history can be read");
    assert_eq!(last.iter().map(|sample| sample.quality).collect::<Vec<_>>(), [Quality::BAD_NOT_CONNECTED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_had_not_changed_stood_until_the_program_was_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let killed = SystemClock.now().wall.millis() - 60_000;
    {
        let history = History::open(&folder.path().join("history.db"), Arc::new(SystemClock)).expect("a history");
        let series = history.series(&[&format!("{PRESS}/temperature"), &format!("{PRESS}/pressure")]);
        let row = |at: usize, time: i64| Row {
            series: series[at],
            sample: Sample::good(Timestamp::from_millis(time), Value::Float(1.0)),
        };
        history.record(vec![row(0, killed - 3_600_000), row(1, killed)]);
        history.flush().expect("the disk works");
    }

    let next = Running::start(folder.path());
    next.history.flush().expect("the disk works");
    let series = next.history.series(&[&format!("{PRESS}/temperature")])[0];
    let last = next.history.reader().latest(series, 1).expect("history can be read");
    let found: Vec<_> = last.iter().map(|sample| (sample.time.millis(), sample.quality)).collect();
    assert_eq!(found, [(killed + 1, Quality::BAD_NOT_CONNECTED)]);
    next.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_engine_is_seen_to_be_alive() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(folder.path());
    let first = running.engine.snapshot().revision;
    until("it publishes with nothing to do", || (running.engine.snapshot().revision > first + 1).then_some(())).await;
    running.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_slept_shows_nothing_old_as_good() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(folder.path());
    running.send(20.0).await;
    let quality = || running.engine.snapshot().table.quality(running.tag);
    until("the value is live", || quality().is_good().then_some(())).await;
    *running.clock.slept.lock().expect("nobody panics here") = Duration::from_secs(3 * 3_600);
    until("the value is stale", || (quality() == Quality::STALE).then_some(())).await;
    running.engine.stop().await;
    let said =
        |entry: &Entry| matches!(entry, Entry::System(system) if system.message.starts_with("this machine was asleep"));
    let entries = || {
        let page = running.journal.page(&Query { limit: 100, ..Query::default() }).expect("the journal can be read");
        page.records.iter().filter(|record| said(&record.entry)).count()
    };
    // The journal has a thread of its own, and is handed its entries.
    until("the sleep is journalled", || (entries() > 0).then_some(())).await;
    assert_eq!(entries(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_signed_when_its_samples_are_on_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(folder.path());
    let sender = running.sender().await;
    let series = running.history.series(&[&format!("{PRESS}/temperature")])[0];
    let (confirm, mut signed) = mpsc::unbounded_channel();
    let begun = SystemClock.now().wall;
    for n in 1..=20u32 {
        let time = begun.saturating_add(Duration::from_millis(n.into()));
        let sample = Sample { time, ..Sample::good(begun, Value::Float(n.into())) };
        let what = What::Batch(Batch { updates: vec![Update::new(running.tag, sample)] });
        sender.send(GatewayEvent { gateway: "broker".into(), what }).await.expect("the loop runs");
        let what = What::Receipt(Receipt::new(n.into(), confirm.clone()));
        sender.send(GatewayEvent { gateway: "broker".into(), what }).await.expect("the loop runs");
        if n % 5 == 0 {
            let number =
                until("it is signed", || signed.try_recv().ok().filter(|number| *number == u64::from(n))).await;
            let kept = running.history.reader().latest(series, 100).expect("history can be read").len();
            assert!(kept as u64 >= number, "{number} signed with {kept} on disk");
        }
    }
    running.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_reaches_its_gateway_within_what_the_plant_allows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(folder.path());
    let tag = |id: &str| running.engine.snapshot().plant.tag_by_id(&format!("{PRESS}/{id}")).expect("known").index;
    let refused = |written: &Written| matches!(written, Written::Refused(words) if !words.is_empty());
    let write = async |id: &str, value: Value| running.engine.write(tag(id), value).await.expect("the engine runs");

    assert!(refused(&write("speed", Value::Float(1.0)).await), "its gateway is not connected");
    let requests = running.requests("plc").await;
    requests.open(1);
    let plc = tokio::spawn(async move {
        while let Request::Write(Write { value, .. }, answer) = requests.next(1).await {
            let written =
                if value == Value::Float(250.0) { Written::Done } else { Written::NotConfirmed("250".into()) };
            answer.give(written);
        }
    });
    assert_eq!(write("speed", Value::Float(250.0)).await, Written::Done);
    assert_eq!(write("speed", Value::Float(251.0)).await, Written::NotConfirmed("250".into()));
    for (id, value) in [("speed", 500.1), ("speed", -0.1), ("temperature", 20.0), ("load", 1.0)] {
        let written = write(id, Value::Float(value)).await;
        assert!(refused(&written), "{id} = {value}: {written:?}");
    }
    let nobody = running.engine.write(TagIndex(4_000), Value::Int(1)).await.expect("the engine runs");
    assert!(refused(&nobody), "{nobody:?}");
    plc.abort();
    running.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_shows_what_it_offers_or_says_why_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(folder.path());
    let browse =
        async |gateway: &str| running.engine.browse(gateway, Browse::default()).await.expect("the engine runs");
    assert!(browse("plc").await.is_err_and(|words| words.contains("not connected")));
    assert!(browse("nobody").await.is_err_and(|words| words.contains("nobody")));
    let requests = running.requests("plc").await;
    requests.open(1);
    let plc = tokio::spawn(async move {
        if let Request::Browse(_, reply) = requests.next(1).await {
            let offer = Offer { name: "unit 1".into(), ..Offer::default() };
            reply.send(Ok(Browsed { offers: vec![offer], ..Browsed::default() })).expect("somebody waits");
        }
    });
    let found = browse("plc").await.expect("it is connected");
    assert_eq!(found.offers.iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["unit 1"]);
    plc.await.expect("in order");
    running.engine.stop().await;
}
