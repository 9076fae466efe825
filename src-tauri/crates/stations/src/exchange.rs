//! The exchange itself: a task beside the engine that follows the journal, the board at the broker, and the plant file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alarm::AlarmId;
use engine::{Engine, Snapshot};
use gateway::{Board, GatewayEvent, Network, Sheet, What};
use journal::{Entry, Journal, System};
use model::{Clock, GatewaySpec, LinkState, LinkStatus, Timestamp, Uptime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::key::{KEY_SECRET, KeyError, PublicKey, StationKey};
use crate::letter::{Opened, Refusal, Scope, open};
use crate::outbox::{Outbox, needed};
use crate::status::{State, Status};
use crate::topic;

/// How often it is looked whether the journal has acts that the broker has not, and whether the plant is another one.
const LOOK: Duration = Duration::from_millis(500);
/// A key that could not be had is asked for again after this time: a keyring may be locked at the start.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// What is over is taken down this often.
const EXPIRE: Duration = Duration::from_secs(3600);
/// Messages that wait to be read; what is more waits in the connection.
const SHEETS: usize = 256;
/// Kinds of refusals that are remembered as journalled; beyond, they are counted only.
const JOURNALLED: usize = 1_000;

/// What the exchange works with.
pub struct Parts {
    /// The live plant.
    pub engine: Arc<Engine>,
    /// The plant's journal.
    pub journal: Arc<Journal>,
    /// What reaches the broker, and has this station's key among its secrets.
    pub network: Arc<Network>,
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
    /// This station's name, as acts have it.
    pub station: String,
}

/// The exchange of a running plant. It is there also where the plant file has none, and then does nothing until it has.
pub struct Exchange {
    status: Arc<Mutex<Status>>,
    /// Held until [`Exchange::stop`] takes it: the task's way out and the task.
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

/// What the plant file says of the exchange.
#[derive(Clone, PartialEq)]
struct Wanted {
    spec: GatewaySpec,
    scope: Scope,
    keys: BTreeMap<String, String>,
}

/// An exchange that is connected, or on its way to be.
struct Line {
    scope: Scope,
    keys: HashMap<String, PublicKey>,
    board: Board,
    /// `None` while the journal is read.
    outbox: Option<Outbox>,
    sheets: mpsc::Receiver<Sheet>,
    events: mpsc::Receiver<GatewayEvent>,
    link: Option<LinkStatus>,
}

struct Task {
    parts: Parts,
    status: Arc<Mutex<Status>>,
    wanted: Option<Wanted>,
    line: Option<Line>,
    asked: Uptime,
    expired: Uptime,
    journalled: HashSet<(String, Refusal)>,
    heard: HashMap<String, Timestamp>,
}

impl Exchange {
    /// Starts it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(parts: Parts) -> Exchange {
        let status = Arc::new(Mutex::new(Status { station: parts.station.clone(), ..Status::default() }));
        let (stop, stopped) = oneshot::channel();
        let task = Task {
            parts,
            status: Arc::clone(&status),
            wanted: None,
            line: None,
            asked: Uptime::default(),
            expired: Uptime::default(),
            journalled: HashSet::new(),
            heard: HashMap::new(),
        };
        let task = tokio::spawn(task.run(stopped));
        Exchange { status, running: Mutex::new(Some((stop, task))) }
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        lock(&self.status).clone()
    }

    /// Says goodbye to the broker. What hangs there stays, for the others. The second call does nothing.
    pub async fn stop(&self) {
        let running = lock(&self.running).take();
        if let Some((stop, task)) = running {
            // It may have ended by itself.
            stop.send(()).ok();
            if let Err(error) = task.await {
                tracing::error!(%error, "the exchange between stations did not end in order");
            }
        }
    }
}

impl Task {
    async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                _ = look.tick() => self.look().await,
                told = next(&mut self.line) => match told {
                    Told::Sheet(sheet) => self.read(sheet).await,
                    Told::Link(status) => self.line.iter_mut().for_each(|line| line.link = Some(status.clone())),
                },
            }
            self.show();
        }
        if let Some(line) = self.line.take() {
            line.close().await;
        }
    }

    /// Follows the plant file and the journal.
    async fn look(&mut self) {
        let snapshot = self.parts.engine.snapshot();
        let now = self.parts.clock.now();
        let wanted = wanted(&snapshot);
        let is_due = self.line.is_none() && wanted.is_some() && now.uptime.since(self.asked) >= ASK_AGAIN;
        if wanted != self.wanted || is_due {
            if let Some(line) = self.line.take() {
                line.close().await;
            }
            self.wanted = wanted;
            self.asked = now.uptime;
            self.begin().await;
        }
        let Some(line) = &mut self.line else { return };
        let needed = needed(&snapshot.alarms, &snapshot.plant);
        if now.uptime.since(self.expired) >= EXPIRE {
            self.expired = now.uptime;
            let over = line.outbox.as_mut().map(|outbox| outbox.expire(&needed, now.wall));
            over.into_iter().flatten().for_each(|sheet| line.board.put(sheet));
        }
        line.publish(needed).await;
    }

    /// Opens the exchange that the plant file wants, if this station has what it takes.
    async fn begin(&mut self) {
        let Some(wanted) = &self.wanted else {
            let mut status = lock(&self.status);
            status.state = State::Off;
            status.gateway.clear();
            status.reason.clear();
            status.others.clear();
            return;
        };
        let opened = self.open(wanted).await;
        let mut status = lock(&self.status);
        status.gateway.clone_from(&wanted.spec.id);
        match opened {
            Ok(line) => {
                status.state = State::Connecting;
                status.reason.clear();
                drop(status);
                self.line = Some(line);
            }
            Err(words) => {
                if status.reason != words {
                    tracing::warn!("stations exchange nothing: {words}");
                }
                status.state = State::Unready;
                status.reason = words;
            }
        }
    }

    async fn open(&self, wanted: &Wanted) -> Result<Line, String> {
        let credentials = Arc::clone(self.parts.network.credentials());
        // A store of secrets may take its time.
        let secret = tokio::task::spawn_blocking(move || credentials.secret(KEY_SECRET)).await;
        let secret = secret.map_err(|error| format!("the station's key could not be looked up: {error}"))?;
        let secret = secret.map_err(|words| format!("{words}; `andon station key` makes a key"))?;
        let key = StationKey::read(&secret).map_err(|error| error.to_string())?;
        let read = |(name, text): (&String, &String)| Ok((name.clone(), text.parse()?));
        let keys: Result<HashMap<String, PublicKey>, KeyError> = wanted.keys.iter().map(read).collect();
        let keys = keys.map_err(|error| format!("in [stations.keys]: {error}"))?;
        let station = &self.parts.station;
        if keys.get(station) != Some(&key.public()) {
            return Err(format!(
                "the others would refuse what this station says: write `\"{station}\" = \"{}\"` in [stations.keys] of \
                 the plant file of every station",
                key.public()
            ));
        }
        let (sheets_out, sheets) = mpsc::channel(SHEETS);
        let (events_out, events) = mpsc::channel(SHEETS);
        let filter = topic::filter(&wanted.scope.prefix);
        let board = self.parts.network.open_board(&wanted.spec, &filter, sheets_out, events_out)?;
        let now = self.parts.clock.now().wall;
        let journal = Arc::clone(&self.parts.journal);
        let outbox = Outbox::new(journal, station.clone(), wanted.scope.clone(), Arc::new(key), now);
        Ok(Line { scope: wanted.scope.clone(), keys, board, outbox: Some(outbox), sheets, events, link: None })
    }

    /// Reads what hangs at the broker, checks it, and hands on what is news.
    async fn read(&mut self, sheet: Sheet) {
        let Some(line) = &self.line else { return };
        if sheet.payload.is_empty() {
            return;
        }
        let now = self.parts.clock.now().wall;
        let opened = open(&line.scope, &line.keys, &sheet.topic, &sheet.payload, now);
        let Opened { station, deeds, refused } = match opened {
            Ok(opened) => opened,
            Err(refusal) => {
                // Under this station's own name there is what it says itself, or nothing.
                if topic::read(&line.scope.prefix, &sheet.topic).is_some_and(|(name, _)| name == self.parts.station) {
                    line.board.restore(&sheet.topic);
                }
                return self.refuse(&sheet.topic, refusal, now);
            }
        };
        if let Some(refusal) = refused {
            self.refuse(&sheet.topic, refusal, now);
        }
        if station == self.parts.station
            && let (Some(line), Some(last)) = (&self.line, deeds.last())
            && let Some(outbox) = &line.outbox
            && let Some(nothing) = outbox.find(&last.alarm, last.act.at, now)
        {
            line.board.put(nothing);
            return;
        }
        let journal = Arc::clone(&self.parts.journal);
        // An act that the journal cannot be asked about is handed on: the alarm and the journal know it by its name too.
        let news =
            move || deeds.into_iter().filter(|deed| !journal.reader().has_act(&deed.id()).unwrap_or(false)).collect();
        let Ok(news) = tokio::task::spawn_blocking::<_, Vec<_>>(news).await else { return };
        if station != self.parts.station {
            self.heard.insert(station, now);
        }
        if news.is_empty() {
            return;
        }
        {
            let mut status = lock(&self.status);
            status.heard += news.len() as u64;
            status.last_heard = Some(now);
        }
        if self.parts.engine.hear(news).await.is_err() {
            tracing::debug!("acts came while Andon is stopping; they stay at the broker");
        }
    }

    /// Counts what is refused, and journals it the first time.
    fn refuse(&mut self, topic: &str, refusal: Refusal, now: Timestamp) {
        let who =
            self.line.as_ref().and_then(|line| topic::read(&line.scope.prefix, topic)).map(|(station, _)| station);
        let who = who.unwrap_or_default();
        let shown: String = topic.chars().take(200).flat_map(char::escape_debug).collect();
        let words = format!("what was left at \"{shown}\" is refused: {refusal}");
        {
            let mut status = lock(&self.status);
            status.refused += 1;
            status.last_refused = Some((now, words.clone()));
        }
        if self.journalled.len() < JOURNALLED && self.journalled.insert((who, refusal)) {
            tracing::warn!("{words}");
            self.parts.journal.append(vec![Entry::System(System { at: now, message: words })], None);
        }
    }

    /// Brings the status up to date.
    fn show(&self) {
        let (Some(line), Some(wanted)) = (&self.line, &self.wanted) else { return };
        let arrived = line.board.arrived();
        let mut status = lock(&self.status);
        if let Some(link) = &line.link {
            status.state = match link.state {
                LinkState::Connecting => State::Connecting,
                LinkState::Up => State::Up,
                LinkState::Down => State::Down,
            };
            status.reason.clone_from(&link.reason);
        }
        status.sent = arrived.sheets;
        status.last_sent = arrived.last;
        status.waiting = arrived.waiting;
        let others = wanted.keys.keys().filter(|name| **name != self.parts.station);
        status.others = others.map(|name| (name.clone(), self.heard.get(name).copied())).collect();
    }
}

impl Line {
    /// Puts up what the journal has of this station's acts and the board has not.
    async fn publish(&mut self, needed: HashSet<AlarmId>) {
        let Some(mut outbox) = self.outbox.take() else { return };
        let collect = move || {
            let sheets = outbox.collect(&needed);
            (outbox, sheets)
        };
        match tokio::task::spawn_blocking(collect).await {
            Ok((outbox, sheets)) => {
                self.outbox = Some(outbox);
                match sheets {
                    Ok(sheets) => sheets.into_iter().for_each(|sheet| self.board.put(sheet)),
                    // The journal's own status says so to everybody.
                    Err(failure) => tracing::debug!(%failure, "this station's acts could not be read"),
                }
            }
            Err(error) => tracing::error!(%error, "reading this station's acts failed"),
        }
    }

    async fn close(self) {
        // What waits to be read would hold the connection up.
        drop(self.sheets);
        drop(self.events);
        self.board.close().await;
    }
}

enum Told {
    Sheet(Sheet),
    Link(LinkStatus),
}

/// What the line has to tell; for ever nothing where there is none.
async fn next(line: &mut Option<Line>) -> Told {
    let Some(line) = line else { return std::future::pending().await };
    loop {
        tokio::select! {
            Some(sheet) = line.sheets.recv() => return Told::Sheet(sheet),
            Some(event) = line.events.recv() => match event.what {
                What::Status(status) => return Told::Link(status),
                What::Batch(_) | What::Receipt(_) => {}
            },
            else => return std::future::pending().await,
        }
    }
}

fn wanted(snapshot: &Snapshot) -> Option<Wanted> {
    let stations = snapshot.plant.stations.as_ref()?;
    let spec = snapshot.plant.gateway(&stations.exchange)?.spec.clone();
    let scope = Scope { plant: snapshot.plant.name.clone(), prefix: stations.prefix.clone() };
    Some(Wanted { spec, scope, keys: stations.keys.clone() })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
