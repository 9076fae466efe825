//! The writer's thread, and what waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use history::sqlite::{Store, StoreFailure, Writer, lock};
use model::{Timestamp, Uptime};
use rusqlite::Transaction;

use crate::{Done, Entry, Keeping, blocks, entries, retention};

/// Entries that wait for the disk at most.
pub(crate) const CAPACITY: usize = 10_000;
/// Entries of one transaction, about.
const BATCH: usize = 1_000;
/// How often it is looked whether something is too old or too much.
const RETENTION: Duration = Duration::from_secs(60);

/// Entries that are written all or none.
pub(crate) struct Group {
    pub entries: Vec<Entry>,
    pub done: Option<Done>,
}

/// Where callers leave entries and the thread takes them.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    groups: VecDeque<Group>,
    /// Entries in `groups` and in the thread's hands.
    count: usize,
    /// Whether a group in `groups` has somebody waiting for it.
    hurry: bool,
    closing: bool,
    keeping: Keeping,
    /// Whether `keeping` was changed since somebody looked.
    is_kept_anew: bool,
}

/// What the thread does next.
enum Work {
    /// Write what waits.
    Write,
    /// Nobody shall wait for a disk that does not work: say so.
    Refuse,
    /// There is time for what does not hurry: sealing, and removing what is too old.
    Tend(Keeping),
    /// Write what waits and end.
    Close,
}

pub(crate) struct Scribe {
    store: Arc<Store>,
    writer: Writer,
    queue: Arc<Queue>,
    /// Groups being written that nobody waits for; kept until they are on disk.
    held: Vec<Group>,
    /// The newest sequence number of a transaction that failed when it was committed. If the file has it after all, what
    /// is held is on disk already.
    doubtful: Option<i64>,
    /// When the next attempt is due after a failure.
    retry_at: Option<Instant>,
    /// Whether what is in the file was compared with what was noted when it was last written.
    compared: bool,
    /// When there is something to tend to next.
    tend_at: Instant,
    /// The newest entry's time when the file was opened, and when that was.
    known: Option<(Timestamp, Uptime)>,
}

impl Queue {
    /// Adds a group, or gives it back where too much waits.
    pub(crate) fn add(&self, group: Group) -> Result<(), Group> {
        let mut waiting = lock(&self.waiting);
        if waiting.count + group.entries.len() > CAPACITY {
            return Err(group);
        }
        waiting.count += group.entries.len();
        waiting.hurry |= group.done.is_some();
        waiting.groups.push_back(group);
        self.changed.notify_all();
        Ok(())
    }

    pub(crate) fn close(&self) {
        lock(&self.waiting).closing = true;
        self.changed.notify_all();
    }

    /// What holds from now on.
    pub(crate) fn keep(&self, keeping: Keeping) {
        let mut waiting = lock(&self.waiting);
        if waiting.keeping != keeping {
            waiting.keeping = keeping;
            waiting.is_kept_anew = true;
            self.changed.notify_all();
        }
    }

    /// Entries not on disk yet.
    pub(crate) fn len(&self) -> usize {
        lock(&self.waiting).count
    }

    fn next(&self, retry_at: Option<Instant>, tend_at: Instant) -> Work {
        let mut waiting = lock(&self.waiting);
        loop {
            if waiting.closing {
                return Work::Close;
            }
            let Some(retry_at) = retry_at else {
                if !waiting.groups.is_empty() {
                    return Work::Write;
                }
                let now = Instant::now();
                if tend_at <= now || waiting.is_kept_anew {
                    waiting.is_kept_anew = false;
                    return Work::Tend(waiting.keeping);
                }
                waiting = self.changed.wait_timeout(waiting, tend_at - now).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            };
            let now = Instant::now();
            if retry_at <= now {
                return Work::Write;
            }
            if waiting.hurry {
                return Work::Refuse;
            }
            waiting = self.changed.wait_timeout(waiting, retry_at - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes groups for one transaction.
    fn take(&self) -> Vec<Group> {
        let mut waiting = lock(&self.waiting);
        let mut taken = Vec::new();
        let mut count = 0;
        while count < BATCH
            && let Some(group) = waiting.groups.pop_front()
        {
            count += group.entries.len();
            taken.push(group);
        }
        waiting.hurry = waiting.groups.iter().any(|group| group.done.is_some());
        taken
    }

    /// Takes the groups that somebody waits for.
    fn take_awaited(&self) -> Vec<Group> {
        let mut waiting = lock(&self.waiting);
        let (awaited, rest): (Vec<Group>, Vec<Group>) =
            waiting.groups.drain(..).partition(|group| group.done.is_some());
        waiting.groups = rest.into();
        waiting.hurry = false;
        awaited
    }

    fn is_empty(&self) -> bool {
        lock(&self.waiting).groups.is_empty()
    }

    fn settle(&self, groups: &[Group]) {
        let settled: usize = groups.iter().map(|group| group.entries.len()).sum();
        let mut waiting = lock(&self.waiting);
        waiting.count = waiting.count.saturating_sub(settled);
    }
}

impl Scribe {
    pub(crate) fn new(store: Arc<Store>, writer: Writer, queue: Arc<Queue>) -> Self {
        let now = store.clock().now();
        let newest = store.read(|connection| entries::reach(connection)).ok();
        let known = newest.map(|reach| (reach.newest.unwrap_or(now.wall), now.uptime));
        let mut scribe = Self {
            store,
            writer,
            queue,
            held: Vec::new(),
            doubtful: None,
            retry_at: None,
            compared: false,
            tend_at: Instant::now(),
            known,
        };
        if scribe.store.failure().is_none() {
            scribe.compare();
        }
        scribe.retry_at = due(scribe.writer.pause());
        scribe
    }

    /// Looks whether the file has all that it had, before anything is added to it. A failure is in the store's condition.
    fn compare(&mut self) {
        if let Ok(reach) = self.writer.transact(|transaction, _| entries::reach(transaction)) {
            self.writer.compare(reach);
            self.compared = true;
        }
    }

    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        loop {
            match self.queue.next(self.retry_at, self.tend_at) {
                // A failure is in the store's condition, and was told to whoever waits for it.
                Work::Write => drop(self.write()),
                Work::Refuse => self.refuse(),
                Work::Tend(keeping) => self.tend(keeping),
                Work::Close => break,
            }
        }
        while !self.held.is_empty() || !self.queue.is_empty() {
            if let Err(failure) = self.write() {
                let lost = self.queue.len();
                self.store.count_dropped(lost);
                tracing::error!(lost, reason = failure.reason, "entries could not be written before the end");
                self.refuse();
                return;
            }
        }
    }

    /// Writes what is held, or else what waits. Without either it tries the disk.
    fn write(&mut self) -> Result<(), StoreFailure> {
        if self.held.is_empty() {
            self.held = self.queue.take();
        }
        self.write_held(Attempt::First)
    }

    fn write_held(&mut self, attempt: Attempt) -> Result<(), StoreFailure> {
        if !self.compared {
            self.compare();
        }
        if self.held.is_empty() {
            let probed = self.writer.probe();
            self.retry_at = due(self.writer.pause());
            return probed;
        }
        let (held, doubtful) = (&self.held, self.doubtful);
        let mut newest = None;
        let written = self.writer.transact(|transaction, _| {
            if let Some(doubtful) = doubtful
                && entries::newest(transaction)? >= doubtful
            {
                return Ok((Vec::new(), entries::reach(transaction)?));
            }
            let seqs = put_all(transaction, held)?;
            newest = seqs.iter().flatten().copied().max();
            if let Some(newest) = newest {
                blocks::seal(transaction, newest)?;
            }
            Ok((seqs, entries::reach(transaction)?))
        });
        match written {
            Ok((seqs, reach)) => {
                self.writer.mark(reach);
                self.retry_at = None;
                self.doubtful = None;
                self.queue.settle(&self.held);
                self.store.count_written(self.held.iter().map(|group| group.entries.len()).sum());
                let mut seqs = seqs.into_iter();
                for group in self.held.drain(..) {
                    let seqs = seqs.next().unwrap_or_default();
                    if let Some(done) = group.done {
                        done(Ok(seqs));
                    }
                }
                Ok(())
            }
            // Nobody is told that the disk is full before the ballast is used up too.
            Err(_) if self.writer.made_room() && attempt == Attempt::First => {
                self.doubtful = newest.or(self.doubtful);
                self.write_held(Attempt::Second)
            }
            Err(failure) => {
                self.retry_at = due(self.writer.pause());
                let (awaited, held) =
                    std::mem::take(&mut self.held).into_iter().partition(|group| group.done.is_some());
                self.held = held;
                self.doubtful = if self.held.is_empty() { None } else { newest.or(self.doubtful) };
                self.fail(awaited, &failure);
                Err(failure)
            }
        }
    }

    /// One step of what does not hurry, so that whoever comes meanwhile waits some milliseconds at most.
    fn tend(&mut self, keeping: Keeping) {
        match self.tend_once(keeping) {
            Ok(true) => self.tend_at = Instant::now(),
            Ok(false) => self.tend_at = Instant::now() + RETENTION,
            // The failure is in the store's condition.
            Err(_) => self.retry_at = due(self.writer.pause()),
        }
    }

    /// Whether there is more to do: a block of a file that had none, then what is too old, then room for others.
    fn tend_once(&mut self, keeping: Keeping) -> Result<bool, StoreFailure> {
        let now = self.store.clock().now();
        let known = self.known;
        let (done, newest) = self.writer.transact(|transaction, _| {
            let newest = entries::reach(transaction)?.newest.unwrap_or(now.wall);
            let (at_first, since) = known.unwrap_or((newest, now.uptime));
            // A clock that was set years ahead must not cost the whole journal.
            let sure = now.wall.min(at_first.saturating_add(now.uptime.since(since)));
            let done = blocks::seal(transaction, entries::newest(transaction)?)?
                || retention::step(transaction, keeping, sure)?;
            Ok((done, newest))
        })?;
        self.known = known.or(Some((newest, now.uptime)));
        Ok(done || keeping != Keeping::default() && self.writer.give_back()?)
    }

    fn refuse(&mut self) {
        if let Some(failure) = self.store.failure() {
            let awaited = self.queue.take_awaited();
            self.fail(awaited, &failure);
        }
    }

    fn fail(&mut self, groups: Vec<Group>, failure: &StoreFailure) {
        self.queue.settle(&groups);
        for group in groups {
            if let Some(done) = group.done {
                done(Err(failure.clone()));
            }
        }
    }
}

/// How often it was tried to write what is held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    /// Once more, after room was made.
    Second,
}

fn due(pause: Duration) -> Option<Instant> {
    (pause > Duration::ZERO).then(|| Instant::now() + pause)
}

/// The sequence numbers of each group.
fn put_all(transaction: &Transaction<'_>, groups: &[Group]) -> rusqlite::Result<Vec<Vec<i64>>> {
    groups.iter().map(|group| group.entries.iter().map(|entry| entries::put(transaction, entry)).collect()).collect()
}
