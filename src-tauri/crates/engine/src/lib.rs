//! The one loop that owns the live plant and publishes it.
//!
//! Gateways send samples in, people send commands, time passes; the loop keeps the live table, calculates, steps the
//! alarms, sends what is to be kept to history and journal, and publishes a [`Snapshot`] that any number of readers
//! share. Nobody else writes.
//!
//! You do *not* need this crate to show a plant: `api` turns snapshots into what a screen wants.
//!
//! **Invariant:** it names no protocol and no user interface, never waits for a disk or a network, and an act on an
//! alarm is answered only after it is on disk.

mod bank;
mod calculations;
mod certificates;
mod clock;
mod core;
mod door;
mod event;
mod filter;
mod flooding;
mod inputs;
mod links;
mod recorder;
mod run;
mod snapshot;
mod stores;
#[cfg(test)]
mod stories;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alarm::{Act, AlarmId, Deed, Known};
use arc_swap::ArcSwap;
use gateway::{Gateways, LinkHandle};
use history::{History, Keeping, Row, SeriesId};
use journal::Journal;
use model::{Browse, Browsed, Clock, Quality, Sample, TagIndex, Timestamp, Value, Write, Written};
use plant::{Plant, Source, Tag};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::core::Core;
use crate::event::{Activation, Command};
use crate::links::Links;
use crate::run::{Loop, Times};
use crate::stores::Stores;

pub use clock::SystemClock;
pub use event::{Acted, StoreRefused, Target, Wanted};
pub use inputs::{Inputs, Unheard};
pub use run::{HEARTBEAT, PUBLISH_INTERVAL};
pub use snapshot::{ActiveAlarm, AlarmList, Flood, Link, Snapshot, SuppressedAlarm};
pub use table::{Row as LiveRow, Table};

/// Batches that may wait for the loop. What comes beyond waits at its gateway, the newest of each tag.
const QUEUED_BATCHES: usize = 256;
/// Commands that may wait for the loop.
const QUEUED_COMMANDS: usize = 64;
/// A command that could not be sent within this time is not sent any more.
const COMMAND_EXPIRES: Duration = Duration::from_secs(5);
/// A flood that went on when the program ended is known as far back as this.
const FLOOD_REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// And by so many alarms.
const ANNOUNCEMENTS_REMEMBERED: usize = 100_000;

/// What the engine works with.
pub struct Parts {
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
    /// What opens links.
    pub gateways: Arc<dyn Gateways>,
    /// Where samples are kept.
    pub history: Arc<History>,
    /// Where events are kept.
    pub journal: Arc<Journal>,
}

/// A running engine.
pub struct Engine {
    clock: Arc<dyn Clock>,
    history: Arc<History>,
    published: Arc<ArcSwap<Snapshot>>,
    commands: mpsc::Sender<Command>,
    /// Held until [`Engine::stop`] takes it: the loop's way out and its task.
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

/// The engine has been stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Andon is stopping")]
pub struct Stopped;

/// Why an act on alarms was not carried out at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It could not be put on disk.
    #[error("it could not be put on disk, so nothing was done")]
    Committing(#[source] StoreRefused),
    /// The engine is gone.
    #[error("Andon is stopping")]
    Stopped,
}

impl Engine {
    /// Starts the loop on a plant, with the alarms that stood when the program ended last.
    ///
    /// Where the journal cannot be read, the alarms begin as normal, and its status says so.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(parts: Parts, plant: Plant) -> Engine {
        let Parts { clock, gateways, history, journal } = parts;
        let (events, gateway_events) = mpsc::channel(QUEUED_BATCHES);
        let (commands, commands_in) = mpsc::channel(QUEUED_COMMANDS);
        let (settle, settled) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();

        let activation = activation(&history, plant);
        mark_the_pause(&history, &activation, clock.now().wall);
        let restored = restored(&journal);
        let mut core = Core::new(Links::new(gateways, events));
        core.continue_after(journal.reader().newest_order().unwrap_or_default());
        core.remember(clock.now(), announced(&journal, clock.now().wall));
        let published = Arc::new(ArcSwap::from_pointee(core.snapshot(clock.now())));
        let mut running = Loop {
            clock: Arc::clone(&clock),
            core,
            history: Arc::clone(&history),
            journal,
            gateways: gateway_events,
            commands: commands_in,
            settled,
            settle,
            published: Arc::clone(&published),
            waiting: HashMap::new(),
            times: Times::default(),
            stores: Stores::default(),
        };
        running.begin(activation, restored);
        let task = tokio::spawn(running.run(stopped));
        Engine { clock, history, published, commands, running: Mutex::new(Some((stop, task))) }
    }

    /// The live plant as it was published last.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    /// What gives out the live plant as it was published last, for whoever outlives a borrow of the engine.
    pub fn snapshots(&self) -> impl Fn() -> Arc<Snapshot> + Send + 'static {
        let published = Arc::clone(&self.published);
        move || published.load_full()
    }

    /// Does something to alarms. What the answer calls done is on disk.
    ///
    /// # Errors
    /// [`ActError`]; nothing was done then.
    pub async fn act(&self, targets: Vec<Target>, wanted: Wanted, act: Act) -> Result<Acted, ActError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Act { targets, wanted, act, reply };
        self.commands.send(command).await.map_err(|_| ActError::Stopped)?;
        answer.await.map_err(|_| ActError::Stopped)?.map_err(ActError::Committing)
    }

    /// Takes in what was done to alarms at other stations. An act that is known changes nothing.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn hear(&self, deeds: Vec<Deed>) -> Result<(), Stopped> {
        self.commands.send(Command::Hear(deeds)).await.map_err(|_| Stopped)
    }

    /// Writes a value to a tag's source and waits for what became of it: some seconds at most. It is sent now or never,
    /// and never repeated.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn write(&self, tag: TagIndex, value: Value) -> Result<Written, Stopped> {
        let refused = |words: &str| Ok(Written::Refused(words.to_owned()));
        let snapshot = self.snapshot();
        let Some(known) = snapshot.plant.tag(tag) else { return refused("there is no such tag") };
        let Source::Link { gateway, point } = &known.source else {
            return refused("a calculated tag has no source to write to");
        };
        let Some(policy) = point.write else { return refused("the plant file does not allow this tag to be written") };
        if let Err(words) = policy.check(&value) {
            return Ok(Written::Refused(words));
        }
        let Some(link) = self.link(gateway).await? else { return refused("its gateway is not part of the plant") };
        let expires = self.clock.now().uptime + COMMAND_EXPIRES;
        Ok(link.write(Write { tag, value, expires }).await)
    }

    /// Looks at what a gateway offers.
    ///
    /// # Errors
    /// [`Stopped`]; inside of it, why the gateway shows nothing, in words.
    pub async fn browse(&self, gateway: &str, browse: Browse) -> Result<Result<Browsed, String>, Stopped> {
        match self.link(gateway).await? {
            Some(link) => Ok(link.browse(browse).await),
            None => Ok(Err(format!("there is no gateway \"{}\"", gateway.escape_debug()))),
        }
    }

    async fn link(&self, gateway: &str) -> Result<Option<LinkHandle>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Link { gateway: gateway.into(), reply }).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Goes over to another plant, which must have been read with the indices of the running one. What is the same in
    /// both is not disturbed.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn activate(&self, plant: Plant) -> Result<(), Stopped> {
        let (reply, active) = oneshot::channel();
        let activation = Box::new(activation(&self.history, plant));
        self.commands.send(Command::Activate { activation, reply }).await.map_err(|_| Stopped)?;
        active.await.map_err(|_| Stopped)
    }

    /// Closes the links, hands what is left to the stores, and waits for that. The second call does nothing.
    pub async fn stop(&self) {
        let running = self.running.lock().expect("nobody panics while holding the handle").take();
        if let Some((stop, task)) = running {
            // The loop may have ended by itself.
            stop.send(()).ok();
            if let Err(error) = task.await {
                tracing::error!(%error, "the engine's loop did not end in order");
            }
        }
    }
}

/// Looks up under what history keeps the plant's tags.
fn activation(history: &History, plant: Plant) -> Activation {
    let recorded: Vec<_> = plant.tags.iter().filter(|tag| tag.recording.is_some()).collect();
    let names: Vec<&str> = recorded.iter().map(|tag| &*tag.id).collect();
    let mut series: Vec<Option<SeriesId>> = vec![None; plant.slots()];
    for (tag, id) in recorded.iter().zip(history.series(&names)) {
        series[tag.index.slot()] = Some(id);
    }
    Activation { plant, series }
}

/// How long history keeps what it has of a plant's tags.
fn keeping(Activation { plant, series }: &Activation) -> Keeping {
    let of = |tag: &Tag| Some((series[tag.index.slot()]?, tag.keep));
    let of = plant.tags.iter().filter(|tag| tag.keep != plant.keep).filter_map(of).collect();
    Keeping { default: plant.keep, of, size: plant.size_limit_bytes }
}

/// The program did not run for a while: from its last sample on, of whatever tag, nothing is known until the first new
/// one. A value that simply had not changed stood up to there. A program that ended in order has said so itself; one
/// that was killed has not.
fn mark_the_pause(history: &History, activation: &Activation, now: Timestamp) {
    let reader = history.reader();
    let last = |series: &SeriesId| Some((*series, reader.latest(*series, 1).ok()?.pop()?));
    let ends: Vec<_> = activation.series.iter().flatten().filter_map(last).collect();
    // A source's clock may be ahead of ours, but the program did not run in the future.
    let known = ends.iter().map(|(_, sample)| sample.time.millis()).filter(|time| *time < now.millis());
    let Some(end) = known.max() else { return };
    let after = Timestamp::from_millis(end + 1);
    let row = |series| Row { series, sample: Sample::bad(after, Quality::BAD_NOT_CONNECTED) };
    let rows: Vec<Row> =
        ends.iter().filter(|(_, sample)| !sample.quality.is_bad()).map(|(series, _)| row(*series)).collect();
    if !rows.is_empty() {
        history.record(rows);
    }
}

/// When operators heard of an alarm lately: a flood goes on over a restart. Where the journal cannot be read, none does.
fn announced(journal: &Journal, now: Timestamp) -> Vec<Timestamp> {
    let from = now.saturating_sub(FLOOD_REMEMBERED);
    let known = journal.reader().announcements(from, now, ANNOUNCEMENTS_REMEMBERED).unwrap_or_default();
    known.list.into_iter().map(|one| Timestamp::from_millis(one.at)).collect()
}

fn restored(journal: &Journal) -> HashMap<AlarmId, Known> {
    journal.known().unwrap_or_else(|failure| {
        tracing::error!(%failure, "the standing alarms could not be read from the journal");
        HashMap::new()
    })
}
