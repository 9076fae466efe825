//! Stories of a whole plant in memory and virtual time: what an operator would see, event by event.

mod alarms;
mod certificates;
mod floods;
mod interleaving;
mod recording;
mod reload;
mod replay;
mod running;
mod shelving;
mod values;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alarm::{AlarmId, Cause, Known, OccurrenceId, Standing, State, Suppressed};
use gateway::{Counters, GatewayEvent, Gateways, OpenLink, What};
use history::{History, Row};
use journal::{Entry, Remarked};
use model::{
    Batch, Clock, GatewaySpec, LinkState, LinkStatus, Now, Point, Protocols, Quality, Reach, Rejection, Sample,
    TagIndex, Timestamp, Update, Uptime, Value,
};
use plant::{Files, Plant, TagIndices};
use tokio::sync::mpsc;

use crate::core::{Core, Effects};
use crate::links::Links;
use crate::{LiveRow, Snapshot, activation};

/// A machine with a temperature and a pressure from one gateway, a speed from another, and what is calculated of them.
const PLANT: &str = r#"
[plant]
name = "Story"

[[gateways]]
id = "broker"
kind = "memory"

[[gateways]]
id = "plc"
kind = "memory"

[[machines]]
path = "works/hall/line/press"
name = "Press"

[[tags]]
machine = "works/hall/line/press"
id = "temperature"
gateway = "broker"
unit = "°C"
decimals = 1
address = { at = 1 }

[[tags]]
machine = "works/hall/line/press"
id = "pressure"
gateway = "broker"
unit = "bar"
stale_after_s = 5
address = { at = 2 }

[[tags]]
machine = "works/hall/line/press"
id = "speed"
gateway = "plc"
range = [0, 500]
write = true
address = { at = 3 }

[[tags]]
machine = "works/hall/line/press"
id = "load"
formula = "temperature * pressure"

[[tags]]
machine = "works/hall/line/press"
id = "half_load"
formula = "load / 2"

[[alarms]]
tag = "works/hall/line/press/temperature"
id = "hot"
message = "Press is hot"
kind = "high"
limit = 80.0
deadband = 2.0
on_delay_s = 3
priority = 1

[[alarms]]
formula = "load > 1000.0"
machine = "works/hall/line/press"
id = "overload"
message = "Press is overloaded"
kind = "formula"
priority = 3
latching = true
"#;

const PRESS: &str = "works/hall/line/press";

/// Gateways that open nothing and count what they are asked for.
#[derive(Default)]
struct Memory {
    opened: Mutex<Vec<String>>,
    counters: Mutex<HashMap<String, Arc<Counters>>>,
}

/// A plant at work, its time in our hands.
struct Story {
    core: Core,
    now: Now,
    memory: Arc<Memory>,
    history: History,
    effects: Effects,
    _events: mpsc::Receiver<GatewayEvent>,
    _folder: tempfile::TempDir,
}

struct StoryClock;

impl Clock for StoryClock {
    fn now(&self) -> Now {
        START
    }
}

const START: Now = Now { wall: Timestamp::from_millis(1_764_000_000_000), uptime: Uptime::from_millis(60_000) };

impl Gateways for Memory {
    fn open(&self, spec: &GatewaySpec, _: Vec<Point>, _: mpsc::Sender<GatewayEvent>) -> OpenLink {
        self.opened.lock().expect("one thread").push(spec.id.clone());
        let counters = Arc::new(Counters::default());
        self.counters.lock().expect("one thread").insert(spec.id.clone(), Arc::clone(&counters));
        OpenLink::in_memory(counters)
    }
}

impl Protocols for Memory {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["memory"]
    }

    fn check_gateway(&self, _: &GatewaySpec) -> Result<(), Vec<Rejection>> {
        Ok(())
    }

    fn check_point(&self, _: &GatewaySpec, _: &Point) -> Result<(), Vec<Rejection>> {
        Ok(())
    }

    fn has_certificate(&self, spec: &GatewaySpec) -> bool {
        spec.settings.contains_key("tls")
    }
}

fn read(text: &str, keep: &TagIndices) -> Plant {
    let mut files = Files::new();
    files.insert("plant.toml", text);
    let reading = plant::read(&files, &Memory::default(), keep);
    reading.plant.unwrap_or_else(|| panic!("the story's plant has errors: {:#?}", reading.problems))
}

impl Story {
    fn begin() -> Story {
        Story::begin_with(HashMap::new())
    }

    /// Begins with alarms that stood when the program ended.
    fn begin_with(restored: HashMap<AlarmId, Known>) -> Story {
        Story::begin_on(PLANT, restored)
    }

    /// The same, on another plant.
    fn begin_on(text: &str, restored: HashMap<AlarmId, Known>) -> Story {
        // In memory where there is such a place: what a disk does is not part of any story.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
        let history = History::open(&folder.path().join("history.db"), Arc::new(StoryClock)).expect("a new history");
        let memory = Arc::new(Memory::default());
        let (events, receiver) = mpsc::channel(1);
        let core = Core::new(Links::new(Arc::clone(&memory) as Arc<dyn Gateways>, events));
        let effects = Effects::default();
        let mut story = Story { core, now: START, memory, history, effects, _events: receiver, _folder: folder };
        let plant = activation(&story.history, read(text, &TagIndices::default()));
        story.core.activate(story.now, plant, restored, &mut story.effects);
        story.up("broker");
        story.up("plc");
        story
    }

    /// What kill -9 and a new start do: of the alarms the journal is left, and of the values nothing.
    fn restart(&mut self, text: &str, journal: &[Entry]) {
        let (events, receiver) = mpsc::channel(1);
        self.core = Core::new(Links::new(Arc::clone(&self.memory) as Arc<dyn Gateways>, events));
        self._events = receiver;
        let (known, last_order) = known(journal);
        self.core.continue_after(last_order);
        let plant = activation(&self.history, read(text, &TagIndices::default()));
        self.core.activate(self.now, plant, known, &mut self.effects);
        self.up("broker");
        self.up("plc");
    }

    fn reload(&mut self, text: &str) {
        let keep = self.snapshot().plant.indices().clone();
        let plant = activation(&self.history, read(text, &keep));
        self.core.activate(self.now, plant, HashMap::new(), &mut self.effects);
    }

    /// Lets time pass, ticking whenever the core asks for it.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 4 {
            self.now.uptime = self.now.uptime + Duration::from_millis(250);
            self.now.wall = self.now.wall.saturating_add(Duration::from_millis(250));
            self.core.tick(self.now, &mut self.effects);
        }
    }

    fn link(&mut self, gateway: &str, state: LinkState) {
        let status =
            LinkStatus { state, since: self.now.wall, reason: "told by the story".into(), quality: Quality::STALE };
        self.send(gateway, What::Status(status));
    }

    fn up(&mut self, gateway: &str) {
        self.link(gateway, LinkState::Up);
    }

    fn down(&mut self, gateway: &str) {
        self.link(gateway, LinkState::Down);
    }

    /// A good value that happens now.
    fn value(&mut self, tag: &str, value: f64) {
        self.sample(tag, Sample::good(self.now.wall, Value::Float(value)));
    }

    fn sample(&mut self, tag: &str, sample: Sample) {
        let tag = self.tag(tag);
        self.send("broker", What::Batch(Batch { updates: vec![Update::new(tag, sample)] }));
    }

    fn send(&mut self, gateway: &str, what: What) {
        self.core.gateway(self.now, GatewayEvent { gateway: gateway.into(), what }, &mut self.effects);
    }

    fn tag(&mut self, id: &str) -> TagIndex {
        let plant = self.snapshot().plant;
        plant.tag_by_id(&format!("{PRESS}/{id}")).unwrap_or_else(|| panic!("the story has no tag {id}")).index
    }

    fn snapshot(&mut self) -> Snapshot {
        self.core.snapshot(self.now)
    }

    fn row(&mut self, tag: &str) -> LiveRow {
        let tag = self.tag(tag);
        self.snapshot().table.row(tag).expect("the tag has a row")
    }

    fn number(&mut self, tag: &str) -> Option<f64> {
        self.row(tag).value.and_then(|value| value.number())
    }

    /// What was written to history since the last call, of one tag.
    fn recorded(&mut self, tag: &str) -> Vec<Sample> {
        let index = self.tag(tag);
        let series = self.snapshot().series_of(index).expect("the tag is recorded");
        let (own, others): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.effects.rows).into_iter().partition(|row| row.series == series);
        self.effects.rows = others;
        own.into_iter().map(|row| row.sample).collect()
    }

    /// What was journalled since the last call, as (alarm, what happened).
    fn journalled(&mut self) -> Vec<(String, &'static str)> {
        let entries = std::mem::take(&mut self.effects.entries);
        entries.into_iter().map(|entry| journal_words(&entry)).collect()
    }

    fn alarms(&mut self) -> Vec<(String, State)> {
        self.pass_list_interval();
        let snapshot = self.snapshot();
        let words = |active: &crate::ActiveAlarm| (short(active.occurrence.alarm.as_str()), active.state);
        snapshot.alarms.alarms.iter().map(words).collect()
    }

    fn occurrence(&mut self, alarm: &str) -> OccurrenceId {
        let snapshot = self.snapshot();
        let found = snapshot.alarms.alarms.iter().find(|active| short(active.occurrence.alarm.as_str()) == alarm);
        found.unwrap_or_else(|| panic!("{alarm} does not stand")).occurrence.clone()
    }

    fn pass_list_interval(&mut self) {
        self.now.uptime = self.now.uptime + crate::core::LONG_LIST_INTERVAL;
    }
}

/// What a journal says of every alarm, and the greatest number of an act in it: a fold over its entries, in their order.
fn known(journal: &[Entry]) -> (HashMap<AlarmId, Known>, i64) {
    let mut all: HashMap<AlarmId, Known> = HashMap::new();
    for entry in journal {
        let deed = match entry {
            Entry::Alarm(change) => {
                let transition = &change.transition;
                let known = all.entry(transition.occurrence.alarm.clone()).or_default();
                let at = known.standings.iter().position(|one| one.occurrence == transition.occurrence);
                let before = at.map(|at| known.standings.remove(at));
                known.standings.extend(Standing::after(before, transition));
                &change.deed
            }
            Entry::Remark(remark) => {
                if let Remarked::Suppression(change) = &remark.what {
                    all.entry(change.alarm.clone()).or_default().suppression.follow(change);
                }
                &remark.deed
            }
            Entry::Action(_) | Entry::System(_) => continue,
        };
        if let Some((deed, origin)) = deed {
            all.entry(deed.alarm.clone()).or_default().deeds.push((deed.clone(), *origin));
        }
    }
    let orders = all.values().flat_map(|known| known.deeds.iter().map(|(deed, _)| deed.order));
    let last = orders.max().unwrap_or_default();
    (all, last)
}

fn short(alarm: &str) -> String {
    alarm.rsplit('/').next().unwrap_or(alarm).to_owned()
}

fn journal_words(entry: &Entry) -> (String, &'static str) {
    match entry {
        Entry::Alarm(change) => {
            let what = match change.transition.cause {
                Cause::Raised => "raised",
                Cause::Returned => "returned",
                Cause::Acknowledged(_) => "acknowledged",
                Cause::Reset(_) => "reset",
                Cause::Recurred => "recurred",
                Cause::AutoReturn => "returned by itself",
                Cause::Escalated => "escalated",
                Cause::Eased => "eased",
                Cause::ReAlarmed => "announced again",
                Cause::Unsuppressed => "announced after all",
                Cause::Confirmed(_) => "confirmed",
                Cause::Noted(_) => "noted",
            };
            (short(change.transition.occurrence.alarm.as_str()), what)
        }
        Entry::Remark(remark) => match &remark.what {
            Remarked::Suppression(change) => {
                let what = match &change.what {
                    Suppressed::Shelved(_) => "shelved",
                    Suppressed::Unshelved(_) => "unshelved",
                    Suppressed::ByDesign(_) => "suppressed by design",
                    Suppressed::DesignEnded => "suppressed no more",
                    Suppressed::OutOfService(_) => "taken out of service",
                    Suppressed::InService(_) => "put back",
                };
                (short(change.alarm.as_str()), what)
            }
            Remarked::Heard(deed) => (short(deed.alarm.as_str()), "heard"),
        },
        Entry::Action(_) | Entry::System(_) => (String::new(), "other"),
    }
}
