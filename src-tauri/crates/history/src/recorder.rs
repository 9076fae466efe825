//! The writer's thread: batches, imports, pruning, and going on after trouble.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{Timestamp, Uptime};
use rusqlite::Transaction;

use crate::queue::{Import, Queue, Work};
use crate::series::{Keys, Names};
use crate::sqlite::{Store, StoreFailure, Writer};
use crate::{Options, Row, SeriesId, fresh};

/// Rows of one transaction of an import: its rows are sorted, so that long transactions touch few pages.
const IMPORT_BATCH: usize = 50_000;
/// Rows removed in one transaction of pruning: some milliseconds.
const PRUNE_STEP: usize = 2_000;
/// How often old samples are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);
/// How long after the start they are first looked for, so that a start is not busy with it.
const RETENTION_FIRST: Duration = Duration::from_secs(60);

pub(crate) struct Recorder {
    store: Arc<Store>,
    writer: Writer,
    queue: Arc<Queue>,
    names: Arc<Names>,
    keys: Keys,
    /// Rows being committed; kept until they are.
    batch: Vec<Row>,
    /// Gaps to mark with them.
    gaps: HashMap<SeriesId, Timestamp>,
    retention: Option<Duration>,
    retention_due: Uptime,
    /// The time after which nothing is taken for old; none where that is not known.
    latest: Option<Latest>,
    pruning: Option<Pruning>,
}

/// How late it can be, whatever the wall clock says: a clock that was set years ahead must not cost the whole history.
#[derive(Clone, Copy)]
struct Latest {
    /// The newest sample when the program started.
    newest: Timestamp,
    /// When that was.
    at: Uptime,
}

/// A pruning under way.
struct Pruning {
    before: Timestamp,
    /// The series done.
    after: i64,
}

impl Recorder {
    pub(crate) fn new(
        store: Arc<Store>,
        writer: Writer,
        queue: Arc<Queue>,
        names: Arc<Names>,
        options: Options,
    ) -> Self {
        let retention_due = store.clock().now().uptime + RETENTION_FIRST;
        Self {
            store,
            writer,
            queue,
            names,
            keys: Keys::default(),
            batch: Vec::new(),
            gaps: HashMap::new(),
            retention: options.retention,
            retention_due,
            latest: None,
            pruning: None,
        }
    }

    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        self.latest = self.find_latest();
        loop {
            let pause = self.writer.pause();
            // While the disk does not work an attempt is due after every pause, also without rows, so that the condition
            // ends by itself.
            let holding = !self.batch.is_empty() || !self.gaps.is_empty() || pause > Duration::ZERO;
            match self.queue.next(pause, self.idle(), holding) {
                // A failure is in the store's condition, and the batch is kept: the next round tries again.
                Work::Commit => drop(self.commit()),
                Work::Import(import) => self.import(import),
                Work::Prune(before) => self.begin_pruning(before),
                Work::Idle => {
                    self.retain();
                    self.prune_step();
                }
                Work::Close => break,
            }
        }
        if let Err(failure) = self.commit_all() {
            let lost = self.queue.len();
            self.store.count_dropped(lost);
            tracing::error!(lost, reason = failure.reason, "samples could not be stored before the end");
        }
    }

    /// How long there is nothing to do but wait.
    fn idle(&self) -> Duration {
        if self.pruning.is_some() {
            return self.writer.pause();
        }
        let now = self.store.clock().now().uptime;
        self.retention_due.since(now).min(RETENTION_EVERY)
    }

    /// Commits what was queued when it was called.
    fn commit_all(&mut self) -> Result<(), StoreFailure> {
        let mut left = self.queue.untaken() + self.batch.len();
        loop {
            let committed = self.commit()?;
            left = left.saturating_sub(committed.max(1));
            if left == 0 {
                return Ok(());
            }
        }
    }

    fn commit(&mut self) -> Result<usize, StoreFailure> {
        if self.batch.is_empty() {
            let gaps = self.queue.take(&mut self.batch);
            // A gap that could not be marked yet began earlier.
            for (series, time) in gaps {
                self.gaps.entry(series).or_insert(time);
            }
            sort(&mut self.batch);
        }
        if self.batch.is_empty() && self.gaps.is_empty() {
            if self.writer.pause() > Duration::ZERO {
                self.writer.probe()?;
            }
            self.queue.settled();
            return Ok(0);
        }
        let (keys, names, batch, gaps) = (&mut self.keys, &self.names, &self.batch, &self.gaps);
        let committed = self.writer.transact(|transaction, epoch| {
            put_all(transaction, epoch, keys, names, batch)?;
            for (series, time) in gaps {
                if let Some(key) = keys.key(transaction, epoch, names, *series)? {
                    fresh::mark_gap(transaction, key, *time)?;
                }
            }
            Ok(())
        });
        if let Err(failure) = committed {
            self.keys.clear();
            return Err(failure);
        }
        let count = self.batch.len();
        self.store.count_written(count);
        self.batch.clear();
        self.gaps.clear();
        self.queue.settled();
        Ok(count)
    }

    fn import(&mut self, mut import: Import) {
        let mut outcome = self.commit_all();
        if outcome.is_ok() {
            sort(&mut import.rows);
            for rows in import.rows.chunks(IMPORT_BATCH) {
                outcome = self.import_part(rows);
                if outcome.is_err() {
                    break;
                }
            }
        }
        // Whoever asked may have gone.
        drop(import.done.send(outcome));
    }

    fn import_part(&mut self, rows: &[Row]) -> Result<(), StoreFailure> {
        let (keys, names) = (&mut self.keys, &self.names);
        let stored = self.writer.transact(|transaction, epoch| put_all(transaction, epoch, keys, names, rows));
        if let Err(failure) = stored {
            self.keys.clear();
            return Err(failure);
        }
        self.store.count_written(rows.len());
        // What is recorded live does not wait for the end of a long import.
        self.commit_all()
    }

    /// Starts pruning where samples have grown too old.
    fn retain(&mut self) {
        let now = self.store.clock().now();
        if now.uptime < self.retention_due {
            return;
        }
        self.retention_due = now.uptime + RETENTION_EVERY;
        if let (Some(retention), Some(latest)) = (self.retention, self.latest) {
            let sure = now.wall.min(latest.newest.saturating_add(now.uptime.since(latest.at)));
            self.begin_pruning(sure.saturating_sub(retention));
        }
    }

    /// Where the file cannot be read, nothing is removed until the next start.
    fn find_latest(&self) -> Option<Latest> {
        self.retention?;
        let now = self.store.clock().now();
        let newest = self.store.read(|connection| fresh::newest(connection)).ok()?;
        Some(Latest { newest: newest.unwrap_or(now.wall), at: now.uptime })
    }

    fn begin_pruning(&mut self, before: Timestamp) {
        self.pruning = Some(Pruning { before, after: i64::MIN });
    }

    fn prune_step(&mut self) {
        let Some(Pruning { before, after }) = self.pruning else { return };
        let step = self.writer.transact(|transaction, _| fresh::prune(transaction, after, before, PRUNE_STEP));
        // After a failure the same step comes again when the disk works.
        if let Ok(step) = step {
            self.pruning = (!step.finished).then_some(Pruning { before, after: step.after });
        }
    }
}

/// In the order of the table, which makes a batch of many series several times faster to insert. Rows of the same
/// series and time stay in order of arrival.
fn sort(rows: &mut [Row]) {
    rows.sort_by_key(|row| (row.series, row.sample.time));
}

/// Stores sorted rows; of those with the same series and time the last.
fn put_all(
    transaction: &Transaction<'_>,
    epoch: u64,
    keys: &mut Keys,
    names: &Names,
    rows: &[Row],
) -> rusqlite::Result<()> {
    let mut insertion = fresh::Insertion::new(transaction)?;
    for (i, row) in rows.iter().enumerate() {
        let replaced =
            rows.get(i + 1).is_some_and(|next| next.series == row.series && next.sample.time == row.sample.time);
        if replaced {
            continue;
        }
        if let Some(key) = keys.key(transaction, epoch, names, row.series)? {
            insertion.put(key, &row.sample)?;
        }
    }
    Ok(())
}
