//! What waits for the writer's thread. The only place where callers and the thread meet.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::Timestamp;

use crate::sqlite::{StoreFailure, lock};
use crate::{Row, SeriesId};

/// Rows that wait at most: eight minutes of a thousand tags at one a second, in about 30 MB.
pub(crate) const CAPACITY: usize = 500_000;
/// Rows of one transaction.
pub(crate) const BATCH: usize = 50_000;
/// The longest that a row waits for others before it is committed with them.
const PATIENCE: Duration = Duration::from_millis(500);
/// The same while somebody waits to be told: a source that keeps its samples until then sends no more of them meanwhile.
const PROMPT: Duration = Duration::from_millis(20);

/// Told when rows are committed. Dropped untold where they are not.
pub(crate) type Committed = Box<dyn FnOnce() + Send>;

/// Rows that somebody waits for. What was queued before is committed before.
pub(crate) struct Import {
    pub rows: Vec<Row>,
    pub done: SyncSender<Result<(), StoreFailure>>,
}

/// What the thread does next.
pub(crate) enum Work {
    /// Commit a batch.
    Commit,
    /// Commit what waits, then these.
    Import(Import),
    /// Remove samples older than this. Said once; the thread goes on with it while it is idle.
    Prune(Timestamp),
    /// There is nothing to do but what was begun before, and the time asked for is over.
    Idle,
    /// Commit what waits and end.
    Close,
}

#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    rows: VecDeque<Row>,
    /// Rows that the thread has taken and not committed yet.
    taken: usize,
    /// When the oldest of `rows` came.
    oldest: Option<Instant>,
    /// The first sample that each series lost since gaps were last marked. Bounded by the number of series.
    lost: HashMap<SeriesId, Timestamp>,
    /// How many rows were ever added, and how many of them are committed or given up.
    added: u64,
    /// Who is to be told once so many of the rows added are committed, in order.
    receipts: VecDeque<(u64, Committed)>,
    imports: VecDeque<Import>,
    prune: Option<Timestamp>,
    closing: bool,
}

impl Queue {
    /// Adds rows as far as there is room and gives back how many were not. `committed` is told once they and all before
    /// are on disk, and never where some had no room.
    pub(crate) fn add(&self, rows: Vec<Row>, committed: Option<Committed>) -> usize {
        let mut waiting = lock(&self.waiting);
        let room = CAPACITY.saturating_sub(waiting.rows.len() + waiting.taken);
        let lost = rows.len().saturating_sub(room);
        let before = waiting.rows.len();
        let mut rows = rows.into_iter();
        waiting.rows.extend(rows.by_ref().take(room));
        for row in rows {
            waiting.lost.entry(row.series).or_insert(row.sample.time);
        }
        waiting.added += (waiting.rows.len() - before) as u64;
        if let Some(committed) = committed.filter(|_| lost == 0) {
            let place = waiting.added;
            waiting.receipts.push_back((place, committed));
            // The thread sleeps for longer where nobody waits.
            self.changed.notify_all();
        }
        if before == 0 && !waiting.rows.is_empty() {
            waiting.oldest = Some(Instant::now());
            self.changed.notify_all();
        } else if before < BATCH && waiting.rows.len() >= BATCH {
            self.changed.notify_all();
        }
        lost
    }

    pub(crate) fn import(&self, import: Import) {
        lock(&self.waiting).imports.push_back(import);
        self.changed.notify_all();
    }

    pub(crate) fn prune(&self, before: Timestamp) {
        let mut waiting = lock(&self.waiting);
        waiting.prune = waiting.prune.max(Some(before));
        self.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        lock(&self.waiting).closing = true;
        self.changed.notify_all();
    }

    /// Rows not committed yet.
    pub(crate) fn len(&self) -> usize {
        let waiting = lock(&self.waiting);
        waiting.rows.len() + waiting.taken
    }

    /// Rows in the queue now, without those taken.
    pub(crate) fn untaken(&self) -> usize {
        lock(&self.waiting).rows.len()
    }

    /// Waits for work. Nothing but a wish to end or an import is worth an attempt before `pause` is over; without other
    /// work the answer is [`Work::Idle`] after `idle`.
    pub(crate) fn next(&self, pause: Duration, idle: Duration, holding: bool) -> Work {
        let begun = Instant::now();
        let mut waiting = lock(&self.waiting);
        loop {
            if waiting.closing {
                return Work::Close;
            }
            if let Some(import) = waiting.imports.pop_front() {
                return Work::Import(import);
            }
            if let Some(before) = waiting.prune.take() {
                return Work::Prune(before);
            }
            let now = Instant::now();
            let is_waited_for = waiting.rows.is_empty() && !waiting.receipts.is_empty();
            let due = if holding || waiting.rows.len() >= BATCH || !waiting.lost.is_empty() || is_waited_for {
                Some(begun)
            } else {
                let patience = if waiting.receipts.is_empty() { PATIENCE } else { PROMPT };
                waiting.oldest.map(|oldest| oldest + patience)
            };
            let idle_at = begun + idle;
            let wake = match due.map(|due| due.max(begun + pause)) {
                Some(due) if due <= now => return Work::Commit,
                Some(due) => due.min(idle_at),
                None => idle_at,
            };
            if wake <= now {
                return Work::Idle;
            }
            waiting = self.changed.wait_timeout(waiting, wake - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Moves up to [`BATCH`] rows into `batch`, and gives the gaps to mark with them.
    pub(crate) fn take(&self, batch: &mut Vec<Row>) -> HashMap<SeriesId, Timestamp> {
        let mut waiting = lock(&self.waiting);
        let count = waiting.rows.len().min(BATCH);
        batch.extend(waiting.rows.drain(..count));
        waiting.taken = batch.len();
        waiting.oldest = if waiting.rows.is_empty() { None } else { Some(Instant::now()) };
        if waiting.rows.is_empty() {
            // A long trouble let it grow; that memory is not needed any more.
            waiting.rows.shrink_to(BATCH);
        }
        std::mem::take(&mut waiting.lost)
    }

    /// Of what was taken, all but `left` rows are committed; whoever waited for them is told.
    pub(crate) fn settled(&self, left: usize) {
        let mut waiting = lock(&self.waiting);
        waiting.taken = left;
        let told = waiting.due_receipts();
        drop(waiting);
        told.into_iter().for_each(|committed| committed());
    }
}

impl Waiting {
    /// Who waits for nothing more.
    fn due_receipts(&mut self) -> Vec<Committed> {
        let committed = self.added - (self.rows.len() + self.taken) as u64;
        let due = self.receipts.partition_point(|(place, _)| *place <= committed);
        self.receipts.drain(..due).map(|(_, committed)| committed).collect()
    }
}
