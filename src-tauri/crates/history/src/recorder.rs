//! The writer's thread: batches into the log, tails into blocks, imports, pruning, and going on after trouble.
//!
//! Sealing and pruning go in small steps between commits, so that neither a commit nor a question waits for them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Timestamp, Uptime};
use rusqlite::Transaction;

use crate::blocks::Writing;
use crate::coding::batch::Batch;
use crate::damage::Damage;
use crate::fresh::Left;
use crate::keep::{self, Keep, Keeping};
use crate::log::Log;
use crate::prune::{Ages, Pruning};
use crate::queue::{Import, Queue, Work};
use crate::salvage::Salvage;
use crate::samples::Cell;
use crate::seal::{self, Kept};
use crate::series::{Keys, Names, Sealed};
use crate::sqlite::{Reach, Store, StoreFailure, Writer};
use crate::tails::{Ripe, TailIndex, Tails};
use crate::{Row, SeriesId, blocks, fresh, prune, series, sqlite};

/// Rows of one transaction of an import.
const IMPORT_BATCH: usize = 50_000;
/// Samples sealed in one transaction: some ten milliseconds.
const SEAL_STEP: usize = 100_000;
/// Tails sealed in one transaction, however little each has.
const SEAL_TAILS: usize = 200;
/// When the log has so many bytes, the tails that hold its older half are sealed as they are.
const LOG_LIMIT: usize = 48 * 1024 * 1024;
/// At the end what is not in blocks yet is sealed for at most so long; the log keeps the rest.
const LAST_SEALING: Duration = Duration::from_secs(3);
/// How often old samples are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);
/// How long after the start they are first looked for, so that a start is not busy with it.
const RETENTION_FIRST: Duration = Duration::from_secs(60);
/// How often the size of the file is looked at, where it is limited.
const SIZE_EVERY: Duration = Duration::from_secs(60);
/// A file larger than this share of its limit, in percent, loses what is oldest, so that recording never meets the limit itself.
const FULL_PERCENT: u64 = 90;
/// The part of the whole time span that a full file loses at once.
const SHARE: i64 = 50;

pub(crate) struct Recorder {
    store: Arc<Store>,
    writer: Writer,
    queue: Arc<Queue>,
    names: Arc<Names>,
    tails: Arc<Tails>,
    damage: Arc<Damage>,
    file: File,
    /// Rows being committed; kept until they are.
    batch: Vec<Row>,
    /// Gaps to mark with them.
    gaps: HashMap<SeriesId, Timestamp>,
    /// Whether a table of the first format may still have rows.
    carrying_over: Left,
    kept: Arc<keep::Kept>,
    retention_due: Uptime,
    /// The time after which nothing is taken for old; none where that is not known.
    latest: Option<Latest>,
    pruning: Option<Pruning>,
    size_due: Uptime,
    /// Whether there may be free pages worth giving back.
    giving_back: bool,
}

/// What is known of the file that is open now.
#[derive(Default)]
struct File {
    /// Which file, as the store counts them; none before the first.
    generation: Option<u64>,
    keys: Keys,
    log: Log,
    making: Batch,
    /// Tails to seal.
    due: VecDeque<Due>,
    /// The newest time in it.
    newest: Option<i64>,
    pruned: prune::Done,
    salvage: Salvage,
}

/// A tail to seal.
#[derive(Clone, Copy)]
enum Due {
    /// What it has of past hours.
    Ripe(TailIndex),
    /// All of it.
    Whole(TailIndex),
}

/// How late it can be, whatever the wall clock says: a clock that was set years ahead must not cost the whole history.
#[derive(Clone, Copy)]
struct Latest {
    /// The newest sample when the program started.
    newest: Timestamp,
    /// When that was.
    at: Uptime,
}

impl Recorder {
    pub(crate) fn new(
        store: Arc<Store>,
        writer: Writer,
        queue: Arc<Queue>,
        names: Arc<Names>,
        tails: Arc<Tails>,
        kept: Arc<keep::Kept>,
        damage: Arc<Damage>,
    ) -> Self {
        let retention_due = store.clock().now().uptime + RETENTION_FIRST;
        let mut recorder = Self {
            store,
            writer,
            queue,
            names,
            tails,
            damage,
            file: File::default(),
            batch: Vec::new(),
            gaps: HashMap::new(),
            carrying_over: Left::Some,
            kept,
            retention_due,
            latest: None,
            pruning: None,
            size_due: retention_due,
            giving_back: false,
        };
        if recorder.store.failure().is_none() {
            // A failure is in the store's condition; the first commit tries again.
            recorder.load();
        }
        recorder
    }

    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        self.find_latest();
        loop {
            self.writer.look_at_room();
            let pause = self.writer.pause();
            // While the disk does not work an attempt is due after every pause, also without rows, so that the condition
            // ends by itself.
            let holding = !self.batch.is_empty() || !self.gaps.is_empty() || pause > Duration::ZERO;
            match self.queue.next(pause, self.idle(), holding) {
                // A failure is in the store's condition, and the batch is kept: the next round tries again.
                Work::Commit => {
                    if self.commit().is_ok() {
                        self.seal_step();
                    }
                }
                Work::Import(import) => self.import(import),
                Work::Prune(before) => {
                    let default = Ages::all(before.millis());
                    self.begin_pruning(prune::Limits { default, ..prune::Limits::default() });
                }
                Work::Idle => self.idle_step(),
                Work::Close => break,
            }
        }
        match self.commit_all() {
            Ok(()) => self.seal_the_rest(),
            Err(failure) => {
                let lost = self.queue.len();
                self.store.count_dropped(lost);
                tracing::error!(lost, reason = failure.reason, "samples could not be stored before the end");
            }
        }
    }

    /// Reads the log of a file that was not open before.
    fn load(&mut self) {
        let Self { file, tails, damage, store, writer, .. } = self;
        drop(writer.transact(|transaction, _| file.load(transaction, store, tails, damage)));
        if self.file.generation.is_some() {
            self.compare();
        }
    }

    /// Looks whether the file has all that it had. Where all is well the newest sample need not be looked for.
    fn compare(&mut self) {
        let Reach { number, .. } = self.file.reach();
        let newest = if self.writer.lacks(number) { self.newest().ok().flatten() } else { None };
        self.writer.compare(Reach { number, newest: newest.map(Timestamp::from_millis) });
    }

    /// How long there is nothing to do but wait.
    fn idle(&self) -> Duration {
        let in_parts = self.carrying_over == Left::Some || self.file.salvage.is_due();
        if self.pruning.is_some() || self.giving_back || !self.file.due.is_empty() || in_parts {
            return self.writer.pause();
        }
        let now = self.store.clock().now().uptime;
        let due = self.retention_due.since(now).min(RETENTION_EVERY).min(sqlite::ROOM_EVERY);
        if self.kept.size().is_some() { due.min(self.size_due.since(now)) } else { due }
    }

    fn idle_step(&mut self) {
        if self.file.generation != Some(self.store.generation()) {
            self.load();
        } else if !self.file.due.is_empty() {
            self.seal_step();
        } else if self.file.salvage.is_due() {
            self.salvage_step();
        } else if self.carrying_over == Left::Some {
            if let Ok(left) = self.writer.transact(|transaction, _| fresh::carry_over(transaction, &self.damage)) {
                self.carrying_over = left;
            }
        } else if self.giving_back {
            self.giving_back = self.writer.give_back().unwrap_or(false);
        } else {
            self.retain();
            self.keep_small();
            self.prune_step();
        }
    }

    /// After a failure the same step comes again.
    fn salvage_step(&mut self) {
        drop(self.file.salvage.step(&mut self.writer, &self.store, &self.damage));
    }

    /// Commits what was queued when it was called.
    fn commit_all(&mut self) -> Result<(), StoreFailure> {
        let mut left = self.queue.untaken() + self.batch.len();
        loop {
            let committed = self.commit()?;
            self.seal_step();
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
        }
        if self.batch.is_empty() && self.gaps.is_empty() {
            if self.writer.pause() > Duration::ZERO {
                self.writer.probe()?;
            }
            self.queue.settled(0);
            return Ok(0);
        }
        let batch = std::mem::take(&mut self.batch);
        let stored = self.store_rows(&batch);
        self.batch = batch;
        let count = stored?;
        self.batch.drain(..count);
        self.queue.settled(self.batch.len());
        Ok(count)
    }

    /// Commits gaps and as many rows as one batch of the log takes, and says how many.
    fn store_rows(&mut self, rows: &[Row]) -> Result<usize, StoreFailure> {
        let Self { file, names, tails, damage, gaps, store, writer, .. } = self;
        let loaded = file.generation;
        let (collected, plan) = writer.transact(|transaction, epoch| {
            file.load(transaction, store, tails, damage)?;
            let collected = file.collect(transaction, epoch, names, tails, gaps, rows)?;
            let mut body = Vec::new();
            file.making.write(&mut body);
            let plan = file.log.plan(&body);
            plan.write(transaction)?;
            Ok((collected, plan))
        })?;
        if loaded != file.generation {
            // What is open was not when the program started.
            self.compare();
        }
        let Self { file, tails, writer, .. } = self;
        let Collected { cells, rows: count } = collected;
        let batch = file.log.next_batch();
        file.log.adopt(plan);
        file.newest = cells.iter().map(|(_, cell)| cell.time).max().max(file.newest);
        writer.mark(file.reach());
        file.due.extend(tails.put(batch, cells).into_iter().map(Due::Ripe));
        self.store.count_written(count);
        self.gaps.clear();
        Ok(count)
    }

    fn import(&mut self, import: Import) {
        let mut outcome = self.commit_all();
        let mut rest = &import.rows[..];
        while outcome.is_ok() && !rest.is_empty() {
            match self.store_rows(&rest[..rest.len().min(IMPORT_BATCH)]) {
                Ok(count) => rest = &rest[count..],
                Err(failure) => outcome = Err(failure),
            }
            if outcome.is_ok() {
                // What is recorded live does not wait for the end of a long import.
                outcome = self.commit_all();
            }
        }
        // Whoever asked may have gone.
        drop(import.done.send(outcome));
    }

    /// Seals some of what is due.
    fn seal_step(&mut self) {
        if self.file.due.is_empty() && self.file.log.bytes() > LOG_LIMIT {
            let (oldest, next) = (self.tails.oldest_batch().unwrap_or(0), self.file.log.next_batch());
            let old = self.tails.older_than(oldest + (next - oldest) / 2 + 1);
            self.file.due.extend(old.into_iter().map(Due::Whole));
        }
        let mut count = 0;
        let mut ripe: Vec<(TailIndex, Ripe)> = Vec::new();
        let mut chosen = 0;
        for due in &self.file.due {
            let (Due::Ripe(index) | Due::Whole(index)) = *due;
            // A tail that is due for two reasons: its blocks can be merged again once they are written.
            if ripe.iter().any(|(chosen, _)| *chosen == index) {
                break;
            }
            let samples = match due {
                Due::Ripe(_) => self.tails.ripe(index),
                Due::Whole(_) => self.tails.whole(index),
            };
            count += samples.samples.len();
            ripe.push((index, samples));
            chosen += 1;
            if count >= SEAL_STEP || chosen >= SEAL_TAILS {
                break;
            }
        }
        if chosen == 0 {
            return;
        }
        let generation = self.file.generation;
        let (log, store, damage) = (&self.file.log, &self.store, &self.damage);
        let sealed = self.writer.transact(|transaction, _| {
            if generation != Some(store.generation()) {
                return Ok(false);
            }
            let mut writing = Writing::begin(transaction, damage)?;
            for (_, ripe) in &ripe {
                seal::seal(transaction, &mut writing, ripe.key, &ripe.samples, Kept::New)?;
                let sealed = Sealed { batch: log.next_batch() - 1, before: ripe.before };
                series::set_sealed(transaction, ripe.key, sealed)?;
            }
            writing.finish()?;
            Ok(true)
        });
        match sealed {
            Ok(true) => {
                ripe.iter().for_each(|(index, ripe)| self.tails.sealed(*index, ripe.before));
                self.file.due.drain(..chosen);
                let log = &mut self.file.log;
                log.cut(self.tails.oldest_batch().unwrap_or(log.next_batch()));
            }
            // Another file is open: these tails are not its own.
            Ok(false) => self.file.due.clear(),
            // The same again when the disk works.
            Err(_) => {}
        }
    }

    /// Leaves a file behind that needs no reading of a log, as far as that goes quickly.
    fn seal_the_rest(&mut self) {
        let begun = Instant::now();
        while self.file.salvage.has_rescued() && begun.elapsed() < LAST_SEALING {
            self.salvage_step();
        }
        self.file.due = self.tails.older_than(u64::MAX).into_iter().map(Due::Whole).collect();
        while !self.file.due.is_empty() {
            let before = self.file.due.len();
            self.seal_step();
            if self.file.due.len() == before || begun.elapsed() > LAST_SEALING {
                return;
            }
        }
        // Without the log only what was sealed tells how far the file reaches. A mark is never ahead of it.
        let Ok(sealed) = self.writer.transact(|transaction, _| series::last_sealed(transaction)) else { return };
        self.writer.mark(Reach { number: sealed, ..self.file.reach() });
        let log = &mut self.file.log;
        // What was freed goes back to the disk.
        if self.writer.transact(|transaction, _| log.clear(transaction)).is_ok() {
            while begun.elapsed() < LAST_SEALING && self.writer.give_back().unwrap_or(false) {}
        }
    }

    /// Starts pruning where samples have grown too old.
    fn retain(&mut self) {
        let now = self.store.clock().now();
        if now.uptime < self.retention_due {
            return;
        }
        self.retention_due = now.uptime + RETENTION_EVERY;
        let Some(latest) = self.latest else { return };
        let sure = now.wall.min(latest.newest.saturating_add(now.uptime.since(latest.at)));
        if let Ok(limits) = self.limits(&self.kept.get(), sure) {
            self.begin_pruning(limits);
        }
    }

    /// The times before which nothing is kept.
    fn limits(&self, keeping: &Keeping, now: Timestamp) -> Result<prune::Limits, StoreFailure> {
        let before = |age: Option<Duration>| age.map(|age| now.saturating_sub(age).millis());
        let ages =
            |keep: &Keep| Ages { samples: before(keep.raw), minutes: before(keep.minutes), hours: before(keep.hours) };
        let names = &self.names;
        let of = self.store.read(|connection| {
            let mut of = HashMap::new();
            for (id, keep) in &keeping.of {
                let Some(name) = names.name(*id) else { continue };
                if let Some(key) = series::find(connection, &name)? {
                    of.insert(key, ages(keep));
                }
            }
            Ok(of)
        })?;
        Ok(prune::Limits { default: ages(&keeping.default), of })
    }

    /// Starts removing what is oldest where the file comes near its limit.
    fn keep_small(&mut self) {
        let now = self.store.clock().now().uptime;
        let Some(size) = self.kept.size().filter(|_| self.pruning.is_none() && now >= self.size_due) else {
            return;
        };
        self.size_due = now + SIZE_EVERY;
        let asked = self.store.read(|connection| {
            let used = sqlite::bytes_used(connection)?;
            Ok((used, blocks::oldest(connection)?.zip(blocks::newest(connection)?)))
        });
        let Ok((used, Some((oldest, newest)))) = asked else { return };
        if used > size / 100 * FULL_PERCENT {
            let before = oldest.saturating_add(newest.saturating_sub(oldest) / SHARE + 1);
            tracing::info!(used, size, "the history is near its limit: what is oldest goes");
            self.begin_pruning(prune::Limits { default: Ages::all(before), ..prune::Limits::default() });
        }
    }

    /// Where the file cannot be read, nothing is removed until the next start.
    fn find_latest(&mut self) {
        let now = self.store.clock().now();
        if let Ok(newest) = self.newest() {
            self.file.newest = newest;
            let newest = newest.map_or(now.wall, Timestamp::from_millis);
            self.latest = Some(Latest { newest, at: now.uptime });
        }
    }

    /// The time of the newest sample. Through the connection that writes, which may take its time over a cold disk.
    fn newest(&mut self) -> Result<Option<i64>, StoreFailure> {
        let sealed = self.writer.transact(|transaction, _| blocks::newest(transaction))?;
        Ok(sealed.max(self.tails.newest()))
    }

    /// What of that is in tails is sealed first: only blocks are pruned.
    fn begin_pruning(&mut self, limits: prune::Limits) {
        let latest = limits.of.values().chain([&limits.default]).filter_map(Ages::latest).max();
        let Some(before) = latest else { return };
        self.file.due.extend(self.tails.begun_before(before).into_iter().map(Due::Whole));
        self.pruning = Some(Pruning { limits, after: i64::MIN, changed: false });
    }

    fn prune_step(&mut self) {
        let Some(pruning) = &mut self.pruning else { return };
        let done = &mut self.file.pruned;
        let step =
            self.writer.transact(|transaction, _| prune::step(transaction, pruning.after, &pruning.limits, done));
        match step {
            Ok(step) => {
                pruning.after = step.after;
                pruning.changed |= step.changed > 0;
                if step.finished {
                    // What was taken may not have been enough for a file near its limit.
                    if pruning.changed {
                        self.size_due = self.store.clock().now().uptime;
                    }
                    self.pruning = None;
                    self.giving_back = true;
                }
            }
            // The same step comes again when the disk works; how far it came is not known.
            Err(_) => self.file.pruned = prune::Done::default(),
        }
    }
}

/// What goes into one batch of the log.
struct Collected {
    /// For each sample its tail and what is kept of it.
    cells: Vec<(TailIndex, Cell)>,
    /// How many of the rows are done with it.
    rows: usize,
}

impl File {
    /// Reads the log of a file that was not open before.
    fn load(
        &mut self,
        transaction: &Transaction<'_>,
        store: &Store,
        tails: &Tails,
        damage: &Damage,
    ) -> rusqlite::Result<()> {
        let generation = store.generation();
        if self.generation == Some(generation) {
            return Ok(());
        }
        // Of a file that was not read to its end before there is nothing that is not in it.
        let before = if self.generation.take().is_some() { tails.take() } else { Vec::new() };
        let keys = &self.keys;
        self.salvage.rescue(before.into_iter().filter_map(|(key, samples)| Some((keys.name(key)?, samples))));
        self.salvage.restart(store.take_aside());
        drop(tails.take());
        damage.clear();
        self.due.clear();
        let sealed = series::sealed(transaction)?;
        let mut due = Vec::new();
        let (log, damage) = Log::load(transaction, |batch, key, cell| {
            let known = sealed.get(&key).is_some_and(|sealed| batch <= sealed.batch && cell.time < sealed.before);
            if !known {
                due.extend(tails.put(batch, std::iter::once((tails.index(key), cell))));
            }
        })?;
        if !damage.is_empty() {
            tracing::error!(parts = damage.len(), "a part of the history's log is damaged and was left out");
        }
        self.log = log;
        self.log.skip_to(sealed.values().map(|sealed| sealed.batch + 1).max().unwrap_or(0));
        self.due.extend(due.into_iter().map(Due::Ripe));
        self.keys = Keys::of(transaction)?;
        self.newest = tails.newest();
        self.pruned = prune::Done::default();
        self.generation = Some(generation);
        Ok(())
    }

    /// How far it reaches.
    fn reach(&self) -> Reach {
        let newest = self.newest.map(Timestamp::from_millis);
        Reach { number: self.log.next_batch().saturating_sub(1), newest }
    }

    /// Gaps first, then rows, as far as one batch takes them.
    fn collect(
        &mut self,
        transaction: &Transaction<'_>,
        epoch: u64,
        names: &Names,
        tails: &Tails,
        gaps: &HashMap<SeriesId, Timestamp>,
        rows: &[Row],
    ) -> rusqlite::Result<Collected> {
        self.making.clear();
        let mut cells = Vec::with_capacity(rows.len() + gaps.len());
        for (series, time) in gaps {
            if let Some((key, tail)) = self.keys.key(transaction, epoch, names, tails, *series)?
                && !is_there(transaction, tails, key, time.millis())?
            {
                let cell = Cell::gap(time.millis());
                self.making.add(key, &cell);
                cells.push((tail, cell));
            }
        }
        let mut done = 0;
        for row in rows {
            if self.making.is_full() {
                break;
            }
            done += 1;
            let cell = Cell::of(&row.sample);
            // An id that nobody gave out has no name, and no sample of it can be found again.
            if let Some((key, tail)) = self.keys.key(transaction, epoch, names, tails, row.series)? {
                self.making.add(key, &cell);
                cells.push((tail, cell));
            }
        }
        Ok(Collected { cells, rows: done })
    }
}

/// Whether a series has a sample at this very time.
fn is_there(transaction: &Transaction<'_>, tails: &Tails, key: i64, time: i64) -> rusqlite::Result<bool> {
    if tails.at(key, time).is_some_and(|cell| cell.time == time) {
        return Ok(true);
    }
    match blocks::before(transaction, key, time)?.filter(|block| block.last() >= time) {
        Some(block) => Ok(block.at(transaction, time)?.ok().flatten().is_some_and(|cell| cell.time == time)),
        None => Ok(false),
    }
}
