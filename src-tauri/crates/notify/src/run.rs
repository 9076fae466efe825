//! The thread that follows the journal, keeps what was decided and sees to it that it is sent.
//!
//! It looks at the journal once a second, since a message may be a second late and nobody has to wake it then. Sending is done on
//! the program's runtime, a few messages at a time; what became of each comes back to the thread, which alone writes the file.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use alarm::AlarmId;
use history::sqlite::{OpenError, StoreFailure};
use jiff::tz::TimeZone;
use journal::{Entry, Journal, Query, System};
use model::{Clock, Timestamp};
use plant::Plant;
use tokio::runtime::Handle;

use crate::ledger::{Changes, Ledger};
use crate::letter::Letter;
use crate::news;
use crate::outbox::{GivenUp, Outbox, Standing, Waiting};
use crate::send::{Outcome, Post};

/// How often it looks at the journal.
const LOOK: Duration = Duration::from_secs(1);
/// Entries that are taken at once.
const BATCH: i64 = 1_000;
/// Messages that are on their way at once.
const ON_THEIR_WAY: usize = 4;
/// The wait before the second attempt; it doubles from there.
const FIRST: Duration = Duration::from_secs(10);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// What was not delivered by then is given up: it is no news any more.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 3600);
/// A message that was given up is trouble for so long.
const TROUBLE: Duration = Duration::from_secs(24 * 3600);
/// At the end, what is on its way has so long to arrive.
const FAREWELL: Duration = Duration::from_secs(1);
/// What was settled long ago is removed so often.
const TIDY: Duration = Duration::from_secs(3600);

/// What it works with.
pub struct Parts {
    /// What is followed, and told of trouble.
    pub journal: Arc<Journal>,
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
    /// The file, or where it is to be.
    pub file: PathBuf,
    /// The plant that runs now.
    pub plant: Box<dyn Fn() -> Arc<Plant> + Send>,
    /// What takes messages where they belong.
    pub post: Arc<dyn Post>,
    /// Where the journal ended before the engine began, as [`end_of`] said: what follows is news also where nothing was
    /// followed before.
    pub begins_after: Option<i64>,
    /// The zone of quiet hours.
    pub zone: TimeZone,
    /// Where messages are sent.
    pub runtime: Handle,
}

/// How notification fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// How many rules there are.
    pub rules: usize,
    /// Whether what is to be told is told.
    pub is_working: bool,
    /// Why not, in words; empty while all is well.
    pub reason: String,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// Messages that are to be sent.
    pub waiting: u64,
    /// Messages that were delivered within the last 30 days.
    pub delivered: u64,
    /// The newest messages that were given up, newest first.
    pub given_up: Vec<GivenUp>,
    /// Goes up with every change.
    pub revision: u64,
}

/// Notification at work. Dropping it stops it.
pub struct Notifier {
    tell: mpsc::Sender<Told>,
    status: Arc<Mutex<Status>>,
    /// Taken when it is joined, at the end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread is told.
enum Told {
    Sent { waiting: Waiting, outcome: Outcome },
    End,
}

/// Where a journal ends now; none where it cannot be read.
pub fn end_of(journal: &Journal) -> Option<i64> {
    newest(journal).ok()
}

impl Notifier {
    /// Opens the file, or makes it, and goes on where it was left.
    ///
    /// # Errors
    /// What trying again cannot mend: see [`OpenError`].
    pub fn start(parts: Parts) -> Result<Self, OpenError> {
        let outbox = Outbox::open(parts.file.clone(), Arc::clone(&parts.clock))?;
        let (tell, told) = mpsc::channel();
        let since = parts.clock.now().wall;
        let status = Arc::new(Mutex::new(Status { is_working: true, since, ..Status::default() }));
        let path = parts.file.clone();
        let worker = Worker {
            generation: outbox.generation(),
            outbox,
            ledger: None,
            seq: None,
            begins_after: parts.begins_after,
            plant: Arc::default(),
            classes: HashMap::new(),
            unkept: None,
            unmarked: Vec::new(),
            on_their_way: HashSet::new(),
            standing: Standing::default(),
            is_standing_old: true,
            tidied: None,
            tell: tell.clone(),
            status: Arc::clone(&status),
            parts,
        };
        let thread = thread::Builder::new()
            .name("notify".to_owned())
            .spawn(move || worker.run(&told))
            .map_err(|source| OpenError::Thread { path, source })?;
        Ok(Self { tell, status, thread: Mutex::new(Some(thread)) })
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits a little for what is on its way, and ends. What is not marked by then is sent again at the next start.
    pub fn stop(&self) {
        // A thread that has ended already is told nothing.
        let _ended = self.tell.send(Told::End);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of notification ended by a panic");
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Worker {
    parts: Parts,
    outbox: Outbox,
    /// The file that is in use, counted from the start.
    generation: u64,
    /// None until the file could be read.
    ledger: Option<Ledger>,
    /// The last entry of the journal that was taken; none while no rule asks for any.
    seq: Option<i64>,
    /// Where to begin at the first look.
    begins_after: Option<i64>,
    plant: Arc<Plant>,
    /// The classes of its alarms.
    classes: HashMap<AlarmId, String>,
    /// What was decided and is not on disk yet.
    unkept: Option<(i64, Changes, Vec<Letter>)>,
    /// What was sent and is not marked yet.
    unmarked: Vec<(Waiting, Outcome)>,
    on_their_way: HashSet<String>,
    standing: Standing,
    is_standing_old: bool,
    tidied: Option<Instant>,
    tell: mpsc::Sender<Told>,
    status: Arc<Mutex<Status>>,
}

impl Worker {
    fn run(mut self, told: &Receiver<Told>) {
        loop {
            if let Err(failure) = self.round() {
                tracing::debug!(%failure, "the outbox waits for its disk");
            }
            self.report();
            match told.recv_timeout(LOOK.max(self.outbox.pause())) {
                Ok(Told::Sent { waiting, outcome }) => self.unmarked.push((waiting, outcome)),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Told::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let until = Instant::now() + FAREWELL;
        while self.on_their_way.len() > self.unmarked.len() {
            match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Told::Sent { waiting, outcome }) => self.unmarked.push((waiting, outcome)),
                Ok(Told::End) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(failure) = self.mark() {
            tracing::error!(%failure, "what was sent last could not be marked, and will be sent again");
        }
    }

    /// One look at everything. What fails is tried again in the next.
    fn round(&mut self) -> Result<(), StoreFailure> {
        self.load()?;
        self.renew();
        self.mark()?;
        self.take_plant();
        self.follow()?;
        self.send()?;
        self.tidy()
    }

    fn load(&mut self) -> Result<(), StoreFailure> {
        if self.ledger.is_none() {
            let kept = self.outbox.load()?;
            self.seq = kept.seq;
            self.ledger = Some(Ledger::restore(kept.held, kept.gathering));
        }
        Ok(())
    }

    /// A file that was damaged, or taken away, was replaced by an empty one: all that is known goes into it.
    fn renew(&mut self) {
        if self.outbox.generation() != self.generation {
            self.generation = self.outbox.generation();
            if let Some(ledger) = &mut self.ledger {
                ledger.keep_all();
            }
        }
    }

    fn take_plant(&mut self) {
        let plant = (self.parts.plant)();
        if !Arc::ptr_eq(&plant, &self.plant) {
            self.classes = plant.alarms.iter().map(|alarm| (alarm.id.clone(), alarm.class.to_string())).collect();
            self.plant = plant;
            if let Some(ledger) = &mut self.ledger {
                ledger.keep_to(&self.plant.notifications);
            }
        }
    }

    /// Takes what is new in the journal, decides, and keeps what was decided.
    fn follow(&mut self) -> Result<(), StoreFailure> {
        self.keep()?;
        let plant = Arc::clone(&self.plant);
        let begins_after = self.begins_after.take();
        if plant.notifications.is_empty() {
            return self.rest();
        }
        loop {
            let newest = newest(&self.parts.journal)?;
            let before = self.seq;
            let seq = match before {
                // What happened before there was a rule is nobody's news.
                None => begins_after.unwrap_or(newest),
                Some(seq) if seq > newest => {
                    tracing::warn!(seq, newest, "the journal was begun anew; it is followed from its end");
                    newest
                }
                Some(seq) => {
                    self.take(seq, &plant)?;
                    (seq + BATCH).min(newest)
                }
            };
            self.seq = Some(seq);
            let now = self.parts.clock.now().wall;
            let Some(ledger) = &mut self.ledger else { return Ok(()) };
            let letters = ledger.collect(now, &plant.notifications, &self.parts.zone);
            let changes = ledger.take_changes();
            if before != Some(seq) || changes != Changes::default() || !letters.is_empty() {
                self.unkept = Some((seq, changes, letters));
            }
            self.keep()?;
            if seq >= newest {
                return Ok(());
            }
        }
    }

    /// Nobody asks to be told: what happens now is nobody's news later either.
    fn rest(&mut self) -> Result<(), StoreFailure> {
        if self.seq.is_some() {
            self.outbox.forget()?;
            self.seq = None;
            self.ledger = Some(Ledger::default());
        }
        Ok(())
    }

    fn take(&mut self, seq: i64, plant: &Plant) -> Result<(), StoreFailure> {
        let query = Query { before: Some(seq + BATCH + 1), limit: Query::LIMIT, ..Query::default() };
        let page = self.parts.journal.page(&query)?;
        let class = |id: &AlarmId| self.classes.get(id).map(String::as_str);
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        for record in page.records.iter().rev().filter(|record| record.seq > seq) {
            if let Some(news) = news::news(record, class) {
                ledger.take(&news, &plant.notifications);
            }
            if let Some(alarm) = news::hushed(record) {
                ledger.hush(alarm, &plant.notifications);
            }
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), StoreFailure> {
        if let Some((seq, changes, letters)) = &self.unkept {
            self.outbox.keep(*seq, changes, letters)?;
            self.is_standing_old |= !letters.is_empty();
            self.unkept = None;
        }
        Ok(())
    }

    /// Sends what is due and not on its way.
    fn send(&mut self) -> Result<(), StoreFailure> {
        let free = ON_THEIR_WAY - self.on_their_way.len().min(ON_THEIR_WAY);
        if free == 0 {
            return Ok(());
        }
        let now = self.parts.clock.now().wall;
        let due = self.outbox.due(now, ON_THEIR_WAY + self.on_their_way.len())?;
        let fresh: Vec<_> =
            due.into_iter().filter(|waiting| !self.on_their_way.contains(&waiting.letter.id)).take(free).collect();
        for waiting in fresh {
            self.on_their_way.insert(waiting.letter.id.clone());
            let (post, plant, tell) = (Arc::clone(&self.parts.post), Arc::clone(&self.plant), self.tell.clone());
            let letter = waiting.letter.clone();
            let sending = self.parts.runtime.spawn(async move { post.send(&letter, &plant).await });
            self.parts.runtime.spawn(async move {
                let outcome = sending.await.unwrap_or_else(|error| {
                    tracing::error!(%error, "sending ended by a panic");
                    Outcome::Later("internal error, see the log".to_owned())
                });
                // A thread that has ended marks nothing: the message is sent again at the next start.
                let _ended = tell.send(Told::Sent { waiting, outcome });
            });
        }
        Ok(())
    }

    /// Marks what was sent.
    fn mark(&mut self) -> Result<(), StoreFailure> {
        while let Some((waiting, outcome)) = self.unmarked.last() {
            let now = self.parts.clock.now().wall;
            let letter = &waiting.letter;
            match outcome {
                Outcome::Delivered(_) => self.outbox.delivered(&letter.id, now)?,
                Outcome::Later(reason) if now < letter.at.saturating_add(PATIENCE) => {
                    let reason = format!("{}: {reason}", letter.to);
                    self.outbox.put_off(&letter.id, now.saturating_add(pause(waiting.attempts)), &reason)?;
                }
                Outcome::Later(reason) | Outcome::Never(reason) => {
                    self.outbox.give_up(&letter.id, now, reason)?;
                    self.note(format!("A notification to {} was given up: {reason}", letter.to));
                }
            }
            tracing::info!(id = letter.id, to = letter.to, "{outcome}");
            self.is_standing_old = true;
            if let Some((waiting, _)) = self.unmarked.pop() {
                self.on_their_way.remove(&waiting.letter.id);
            }
        }
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), StoreFailure> {
        if self.tidied.is_none_or(|tidied| tidied.elapsed() > TIDY) {
            self.outbox.tidy(self.parts.clock.now().wall)?;
            self.tidied = Some(Instant::now());
        }
        Ok(())
    }

    /// Brings the status up to date, and writes into the journal when it turns.
    fn report(&mut self) {
        if self.is_standing_old
            && let Ok(standing) = self.outbox.standing()
        {
            self.standing = standing;
            self.is_standing_old = false;
        }
        let now = self.parts.clock.now().wall;
        let reason = self.trouble(now).unwrap_or_default();
        let Standing { waiting, delivered, given_up, .. } = self.standing.clone();
        let rules = self.plant.notifications.len();
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let was_working = status.is_working;
        let is_working = reason.is_empty();
        let since = if is_working == was_working { status.since } else { now };
        let revision = status.revision;
        let after = Status { rules, is_working, reason, since, waiting, delivered, given_up, revision };
        if after != *status {
            *status = Status { revision: revision + 1, ..after };
        }
        let reason = status.reason.clone();
        drop(status);
        match (was_working, is_working) {
            (true, false) => self.note(format!("Notifications are not delivered: {reason}")),
            (false, true) => self.note("Notifications are delivered again.".to_owned()),
            (true, true) | (false, false) => {}
        }
    }

    fn trouble(&self, now: Timestamp) -> Option<String> {
        let store = self.outbox.status();
        if !store.working {
            return Some(format!("the outbox: {}", store.reason));
        }
        if let Some((_, reason)) = &self.standing.failing {
            return Some(reason.clone());
        }
        let newest = self.standing.given_up.first()?;
        let is_recent = now < newest.at.saturating_add(TROUBLE);
        is_recent.then(|| format!("a message to {} was given up: {}", newest.to, newest.reason))
    }

    fn note(&self, message: String) {
        let at = self.parts.clock.now().wall;
        self.parts.journal.append(vec![Entry::System(System { at, message })], None);
    }
}

/// The number of the journal's newest entry; 0 for none.
fn newest(journal: &Journal) -> Result<i64, StoreFailure> {
    let page = journal.page(&Query { limit: 1, ..Query::default() })?;
    Ok(page.records.first().map_or(0, |record| record.seq))
}

/// How long to wait after so many attempts that failed before this one.
fn pause(attempts: u32) -> Duration {
    FIRST.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let waits: Vec<u64> = [0, 1, 2, 6, 7, 31, 32, u32::MAX].map(|attempts| pause(attempts).as_secs()).into();
        assert_eq!(waits, [10, 20, 40, 640, 900, 900, 900, 900]);
    }
}
