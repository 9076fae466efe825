//! The loop: one task takes every event in turn, lets the core work, sends what is to be written on its way, and
//! publishes the picture.
//!
//! It sleeps until the next event or the next deadline. Under load it publishes at most every [`PUBLISH_INTERVAL`];
//! with nothing to do it still publishes every [`HEARTBEAT`], so that whoever looks can tell a quiet plant from a
//! dead engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alarm::{AlarmId, Known};
use arc_swap::ArcSwap;
use gateway::GatewayEvent;
use history::History;
use journal::{Entry, Journal, StoreFailure, System};
use model::{Clock, Now, Uptime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::bank::{Outcome, Ticket};
use crate::core::{Core, Effects};
use crate::event::{Acted, Command, Event, StoreRefused};
use crate::stores::Stores;
use crate::{Activation, Snapshot, keeping};

/// A value waits at most so long for its publication.
pub const PUBLISH_INTERVAL: Duration = Duration::from_millis(20);
/// The engine is seen to be alive this often.
pub const HEARTBEAT: Duration = Duration::from_millis(500);
/// Rates are measured this often.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);
/// A difference of the clocks that is taken for sleep.
const SLEPT: Duration = Duration::from_secs(2);
/// So many events are taken in one go before the loop looks at the time again.
const EVENTS_IN_ONE_GO: usize = 256;

/// Everything the loop reads from and writes to.
pub(crate) struct Loop {
    pub clock: Arc<dyn Clock>,
    pub core: Core,
    pub history: Arc<History>,
    pub journal: Arc<Journal>,
    pub gateways: mpsc::Receiver<GatewayEvent>,
    pub commands: mpsc::Receiver<Command>,
    pub settled: mpsc::UnboundedReceiver<(Ticket, Outcome)>,
    pub settle: mpsc::UnboundedSender<(Ticket, Outcome)>,
    pub published: Arc<ArcSwap<Snapshot>>,
    /// Acts on their way to disk, with whoever waits for them. One for each request that is not answered yet.
    pub waiting: HashMap<Ticket, Waiting>,
    pub times: Times,
    pub stores: Stores,
}

/// Somebody waits for the commit of an act.
pub(crate) struct Waiting {
    acted: Acted,
    reply: oneshot::Sender<Result<Acted, StoreRefused>>,
}

/// When things were last done.
#[derive(Default)]
pub(crate) struct Times {
    published: Uptime,
    measured: Uptime,
    /// The last turn of the loop, by the uptime and by the runtime's timer, which stands still while the machine sleeps.
    turned: Option<(Uptime, Instant)>,
    /// Whether something changed since the last publication.
    is_dirty: bool,
}

impl Loop {
    /// Goes live with a plant, so that whoever looks first sees it.
    pub fn begin(&mut self, activation: Activation, restored: HashMap<AlarmId, Known>) {
        let now = self.clock.now();
        self.say(now, format!("started with the plant '{}'", activation.plant.name));
        self.look_at_stores(now);
        self.activate(now, activation, restored);
    }

    /// Runs until `stop` is told or dropped; then closes the links and hands over what is left to write.
    pub async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            let sleep = tokio::time::sleep(self.until_due(self.clock.now()));
            let event = tokio::select! {
                biased;
                _ = &mut stop => break,
                Some((ticket, outcome)) = self.settled.recv() => Event::Settled { ticket, outcome },
                Some(command) = self.commands.recv() => Event::Command(command),
                Some(event) = self.gateways.recv() => Event::Gateway(event),
                () = sleep => Event::Tick,
            };
            let now = self.clock.now();
            self.distrust_after_sleep(now);
            self.handle(now, event);
            for _ in 0..EVENTS_IN_ONE_GO {
                match self.gateways.try_recv() {
                    Ok(event) => self.handle(now, Event::Gateway(event)),
                    Err(_) => break,
                }
            }
            self.publish_if_due(now);
        }
        self.finish().await;
    }

    /// Whatever the links said before the machine slept is old news, and is so before anybody sees it again.
    fn distrust_after_sleep(&mut self, now: Now) {
        let timer = Instant::now();
        if let Some((uptime, before)) = self.times.turned.replace((now.uptime, timer)) {
            let slept = now.uptime.since(uptime).saturating_sub(timer.duration_since(before));
            if slept >= SLEPT {
                self.say(now, format!("this machine was asleep for {} s", slept.as_secs()));
                let mut effects = Effects::default();
                self.core.distrust(now, &mut effects);
                self.write(effects);
                self.publish(now);
            }
        }
    }

    fn handle(&mut self, now: Now, event: Event) {
        let mut effects = Effects::default();
        match event {
            Event::Gateway(event) => self.core.gateway(now, event, &mut effects),
            Event::Command(Command::Act { targets, wanted, act, reply }) => {
                let (ticket, entries, acted) = self.core.prepare(now, targets, &wanted, &act);
                self.commit(ticket, entries, acted, reply);
            }
            Event::Command(Command::Hear(deeds)) => self.core.hear(now, deeds, &mut effects),
            Event::Command(Command::Activate { activation, reply }) => {
                self.say(now, format!("activated the plant '{}'", activation.plant.name));
                self.activate(now, *activation, HashMap::new());
                // Whoever asked may have gone; the plant is active all the same.
                reply.send(()).ok();
            }
            Event::Command(Command::Link { gateway, reply }) => {
                reply.send(self.core.link(&gateway)).ok();
            }
            Event::Settled { ticket, outcome } => {
                self.core.settle(now, ticket, &outcome, &mut effects);
                self.publish(now);
                self.answer(ticket, outcome);
            }
            Event::Tick => self.core.tick(now, &mut effects),
        }
        self.write(effects);
        self.times.is_dirty = true;
    }

    fn activate(&mut self, now: Now, activation: Activation, restored: HashMap<AlarmId, Known>) {
        self.history.keep(keeping(&activation));
        let plant::JournalKeep { age, size_bytes } = activation.plant.journal;
        self.journal.keep(journal::Keeping { age, size: size_bytes });
        let mut effects = Effects::default();
        self.core.activate(now, activation, restored, &mut effects);
        self.write(effects);
        self.core.measure(now.uptime);
        self.publish(now);
    }

    /// Sends an act to the journal. The answer is given when it is on disk: an operator who sees an alarm acknowledged
    /// can rely on it.
    fn commit(
        &mut self,
        ticket: Ticket,
        entries: Vec<Entry>,
        acted: Acted,
        reply: oneshot::Sender<Result<Acted, StoreRefused>>,
    ) {
        if entries.is_empty() {
            reply.send(Ok(acted)).ok();
            return;
        }
        self.waiting.insert(ticket, Waiting { acted, reply });
        let settle = self.settle.clone();
        let done = move |written: Result<Vec<i64>, StoreFailure>| {
            let outcome = written.map(|_| ()).map_err(|failure| StoreRefused(failure.to_string()));
            // The loop has ended if nobody listens; the act is on disk and will be found at the next start.
            settle.send((ticket, outcome)).ok();
        };
        self.journal.append(entries, Some(Box::new(done)));
    }

    fn answer(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(Waiting { acted, reply }) = self.waiting.remove(&ticket) {
            // Whoever asked may have gone away.
            reply.send(outcome.map(|()| acted)).ok();
        }
    }

    fn write(&self, effects: Effects) {
        match effects.receipt {
            Some(receipt) => self.history.record_and_tell(effects.rows, move || receipt.sign()),
            None if !effects.rows.is_empty() => self.history.record(effects.rows),
            None => {}
        }
        if !effects.entries.is_empty() {
            self.journal.append(effects.entries, None);
        }
    }

    fn look_at_stores(&mut self, now: Now) {
        let news = self.stores.look(&self.history.status(), &self.journal.status());
        news.into_iter().for_each(|message| self.say(now, message));
    }

    fn say(&self, now: Now, message: String) {
        self.journal.append(vec![Entry::System(System { at: now.wall, message })], None);
    }

    fn publish_if_due(&mut self, now: Now) {
        if now.uptime.since(self.times.measured) >= MEASURE_INTERVAL {
            self.times.measured = now.uptime;
            self.core.measure(now.uptime);
            self.look_at_stores(now);
        }
        let age = now.uptime.since(self.times.published);
        if age >= HEARTBEAT || (self.times.is_dirty && age >= PUBLISH_INTERVAL) {
            self.publish(now);
        }
    }

    fn publish(&mut self, now: Now) {
        self.published.store(Arc::new(self.core.snapshot(now)));
        self.times.published = now.uptime;
        self.times.is_dirty = false;
    }

    /// How long there is nothing to do, if nothing comes.
    fn until_due(&self, now: Now) -> Duration {
        let publish = if self.times.is_dirty { PUBLISH_INTERVAL } else { HEARTBEAT };
        let alarm = self.core.deadline().map(|due| due.since(now.uptime));
        let publication = (self.times.published + publish).since(now.uptime);
        alarm.map_or(publication, |alarm| alarm.min(publication)).max(Duration::from_millis(1))
    }

    async fn finish(mut self) {
        self.core.close_links().await;
        let now = self.clock.now();
        let mut effects = Effects::default();
        self.core.close_history(now, &mut effects);
        self.write(effects);
        self.say(now, "stopped".to_owned());
    }
}
