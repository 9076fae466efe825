//! The log: what is committed and not in a block yet, in the order in which it came.
//!
//! A ring of slots, each as large as a page's one row can be, so that a commit of some hundred samples writes one page and no more.
//! Batches lie in it one after another, long ones over the borders of slots; a slot is used again once everything in it is in blocks. So the
//! file does not grow by what passes through it.
//!
//! **Invariant:** slots in use have consecutive numbers of order; a batch is whole, or it is not there.

use std::collections::VecDeque;

use rusqlite::{Connection, Transaction, params};

use crate::coding::Damaged;
use crate::coding::batch;
use crate::coding::bytes::Bytes;
use crate::samples::Cell;
use crate::sqlite::Step;

pub(crate) const STEPS: &[Step] = &[Step {
    version: 2,
    sql: "CREATE TABLE log (
              slot  INTEGER PRIMARY KEY,
              bytes BLOB NOT NULL
          ) STRICT;",
}];

/// Bytes of a slot: the longest row that a page of 4,096 bytes keeps without an overflow page (sqlite.org/fileformat2.html, 1.6).
const SLOT: usize = 4_056;
/// Slots that are made together: a page that is new costs three others.
const GROWTH: i64 = 32;
/// In front of the contents: order, where the first batch begins, how much is used.
const HEAD: usize = 12;
const ROOM: usize = SLOT - HEAD;
/// An empty slot is full of these, which makes its order an impossible one.
const UNUSED: u8 = 0xff;
/// No batch begins in this slot.
const NONE_BEGINS: u16 = u16::MAX;
/// In front of a batch: length, checksum, number.
const BATCH_HEAD: usize = 16;

/// What the writer knows of the log.
#[derive(Default)]
pub(crate) struct Log {
    next_batch: u64,
    /// In use, in order; batches are added to the last.
    used: VecDeque<Slot>,
    free: VecDeque<i64>,
    /// Slots that the file has.
    slots: i64,
}

#[derive(Clone)]
struct Slot {
    id: i64,
    order: u64,
    /// The last batch that has a part in it.
    last_batch: u64,
    begins: u16,
    contents: Vec<u8>,
}

/// Slots as they are to be once a batch is committed.
pub(crate) struct Plan {
    batch: u64,
    /// Whether the first of the slots is the one that is last in use now.
    goes_on: bool,
    slots: Vec<Slot>,
    taken_free: usize,
    /// Slots in use that are new.
    new: i64,
    /// Empty slots that are made beside them.
    spare: Vec<i64>,
}

impl Log {
    /// Reads the log and hands every sample to `take`: the batch, the series' key, the sample. What is damaged is left out and told.
    pub(crate) fn load(
        connection: &Connection,
        take: impl FnMut(u64, i64, Cell),
    ) -> rusqlite::Result<(Log, Vec<Damaged>)> {
        let mut slots = Vec::new();
        let mut statement = connection.prepare_cached("SELECT slot, bytes FROM log")?;
        let mut rows = statement.query([])?;
        let (mut free, mut count) = (VecDeque::new(), 0);
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            count = count.max(id);
            match Slot::parse(id, row.get_ref(1)?.as_blob().unwrap_or_default()) {
                Ok(slot) => slots.push(slot),
                Err(Damaged) => free.push_back(id),
            }
        }
        slots.sort_by_key(|slot| slot.order);
        let begin = (1..slots.len()).rev().find(|i| slots[*i].order != slots[*i - 1].order + 1).unwrap_or(0);
        free.extend(slots.drain(..begin).map(|slot| slot.id));
        let mut log = Log { next_batch: 1, used: slots.into(), free, slots: count };
        let damage = log.read(take);
        Ok((log, damage))
    }

    /// The number of the next batch.
    pub(crate) fn next_batch(&self) -> u64 {
        self.next_batch
    }

    /// Goes on with a number that no batch had, where the log itself does not know the last one any more.
    pub(crate) fn skip_to(&mut self, batch: u64) {
        self.next_batch = self.next_batch.max(batch);
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.used.len() * SLOT
    }

    /// Where the next batch goes. Nothing changes until it is adopted.
    pub(crate) fn plan(&self, body: &[u8]) -> Plan {
        let batch = self.next_batch;
        let mut record = Vec::with_capacity(BATCH_HEAD + body.len());
        record.extend_from_slice(&u32::try_from(body.len()).expect("a batch is far below 4 GiB").to_le_bytes());
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&batch.to_le_bytes());
        checksum.update(body);
        record.extend_from_slice(&checksum.finalize().to_le_bytes());
        record.extend_from_slice(&batch.to_le_bytes());
        record.extend_from_slice(body);
        // What fits into one slot is not spread over two: each slot that is touched is a page that is written.
        let fits = |slot: &&Slot| {
            let needed = if record.len() <= ROOM { record.len() } else { BATCH_HEAD };
            slot.contents.len() + needed <= ROOM
        };
        let last = self.used.back().filter(fits);
        let mut plan =
            Plan { batch, goes_on: last.is_some(), slots: Vec::new(), taken_free: 0, new: 0, spare: Vec::new() };
        let mut slot = last.cloned().unwrap_or_else(|| self.another(&mut plan));
        let mut rest = &record[..];
        if slot.begins == NONE_BEGINS {
            slot.begins = u16::try_from(slot.contents.len()).expect("a slot is short");
        }
        loop {
            let (now, later) = rest.split_at(rest.len().min(ROOM - slot.contents.len()));
            slot.contents.extend_from_slice(now);
            slot.last_batch = batch;
            plan.slots.push(slot);
            rest = later;
            if rest.is_empty() {
                if plan.new > 0 {
                    let made = self.slots + plan.new;
                    plan.spare = (made + 1..made + GROWTH).collect();
                }
                return plan;
            }
            slot = self.another(&mut plan);
        }
    }

    /// The planned is committed.
    pub(crate) fn adopt(&mut self, plan: Plan) {
        if plan.goes_on {
            self.used.pop_back();
        }
        self.free.drain(..plan.taken_free);
        self.slots += plan.new + i64::try_from(plan.spare.len()).expect("fewer than a growth");
        self.free.extend(plan.spare);
        self.next_batch = plan.batch + 1;
        self.used.extend(plan.slots);
        // The contents of full slots are needed no more.
        let full = self.used.len().saturating_sub(1);
        self.used
            .iter_mut()
            .take(full)
            .rev()
            .take_while(|slot| !slot.contents.is_empty())
            .for_each(|slot| slot.contents = Vec::new());
    }

    /// All batches before this one are in blocks.
    pub(crate) fn cut(&mut self, before: u64) {
        while self.used.len() > 1 && self.used.front().is_some_and(|slot| slot.last_batch < before) {
            self.free.extend(self.used.pop_front().map(|slot| slot.id));
        }
    }

    /// Everything is in blocks: no slot is needed any more.
    pub(crate) fn clear(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        transaction.execute("DELETE FROM log", [])?;
        self.used.clear();
        self.free.clear();
        self.slots = 0;
        Ok(())
    }

    fn another(&self, plan: &mut Plan) -> Slot {
        let order = plan.slots.last().or(self.used.back()).map_or(1, |slot| slot.order + 1);
        let id = match self.free.get(plan.taken_free) {
            Some(id) => {
                plan.taken_free += 1;
                *id
            }
            None => {
                plan.new += 1;
                self.slots + plan.new
            }
        };
        Slot { id, order, last_batch: plan.batch, begins: NONE_BEGINS, contents: Vec::with_capacity(ROOM) }
    }

    fn read(&mut self, mut take: impl FnMut(u64, i64, Cell)) -> Vec<Damaged> {
        let mut damage = Vec::new();
        let mut stream = Vec::new();
        // Where batches begin, and where each slot ends.
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        for slot in &self.used {
            if slot.begins != NONE_BEGINS {
                begins.push(stream.len() + usize::from(slot.begins));
            }
            stream.extend_from_slice(&slot.contents);
            ends.push(stream.len());
        }
        let mut at = begins.first().copied().unwrap_or(stream.len());
        let mut slot = 0;
        while at < stream.len() {
            let Ok((batch, body)) = record(&stream[at..]) else {
                damage.push(Damaged);
                // Where the damaged one ends if its length is right; otherwise where a slot says that one begins.
                let length = Bytes(&stream[at..]).array().map_or(0, u32::from_le_bytes);
                let end = usize::try_from(length).map_or(stream.len(), |length| at + BATCH_HEAD + length);
                let mut places = std::iter::once(end).chain(begins.iter().copied()).filter(|place| *place > at);
                let whole = |place: &usize| stream.get(*place..).is_some_and(|stream| record(stream).is_ok());
                at = places.find(whole).unwrap_or(stream.len());
                continue;
            };
            if batch::read(body, |key, cell| take(batch, key, cell)).is_err() {
                damage.push(Damaged);
            }
            at += BATCH_HEAD + body.len();
            self.next_batch = batch + 1;
            while slot < ends.len() && ends[slot] < at {
                self.used[slot].last_batch = batch;
                slot += 1;
            }
            if let Some(slot) = self.used.get_mut(slot) {
                slot.last_batch = batch;
            }
        }
        let full = self.used.len().saturating_sub(1);
        self.used.iter_mut().take(full).for_each(|slot| slot.contents = Vec::new());
        damage
    }
}

/// Reads what there is of a log, whatever is missing in between, and says how many parts are damaged.
pub(crate) fn salvage(slots: &[(i64, Vec<u8>)], mut take: impl FnMut(u64, i64, Cell)) -> usize {
    let mut slots: Vec<_> = slots.iter().filter_map(|(id, bytes)| Slot::parse(*id, bytes).ok()).collect();
    slots.sort_by_key(|slot| slot.order);
    let mut damaged = 0;
    for run in slots.chunk_by(|a, b| a.order + 1 == b.order) {
        let mut log = Log { used: run.to_vec().into(), ..Log::default() };
        damaged += log.read(&mut take).len();
    }
    damaged
}

impl Plan {
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut statement = transaction.prepare_cached("REPLACE INTO log (slot, bytes) VALUES (?1, ?2)")?;
        for slot in &self.slots {
            statement.execute(params![slot.id, slot.bytes()])?;
        }
        for slot in &self.spare {
            statement.execute(params![slot, [UNUSED; SLOT]])?;
        }
        Ok(())
    }
}

impl Slot {
    /// Always of the same length, so that a page is written over and not built anew.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT);
        bytes.extend_from_slice(&self.order.to_le_bytes());
        bytes.extend_from_slice(&self.begins.to_le_bytes());
        bytes.extend_from_slice(&u16::try_from(self.contents.len()).expect("a slot is short").to_le_bytes());
        bytes.extend_from_slice(&self.contents);
        bytes.resize(SLOT, 0);
        bytes
    }

    fn parse(id: i64, bytes: &[u8]) -> Result<Slot, Damaged> {
        let mut bytes = Bytes(bytes);
        let order = u64::from_le_bytes(bytes.array()?);
        let begins = u16::from_le_bytes(bytes.array()?);
        let used = usize::from(u16::from_le_bytes(bytes.array()?));
        let contents = bytes.take(used)?.to_vec();
        if order > u64::MAX / 2 || (begins != NONE_BEGINS && usize::from(begins) > used) {
            return Err(Damaged);
        }
        Ok(Slot { id, order, last_batch: 0, begins, contents })
    }
}

/// The batch that begins here.
fn record(stream: &[u8]) -> Result<(u64, &[u8]), Damaged> {
    let mut bytes = Bytes(stream);
    let length = usize::try_from(u32::from_le_bytes(bytes.array()?)).map_err(|_| Damaged)?;
    let checksum = u32::from_le_bytes(bytes.array()?);
    let batch = bytes.array()?;
    let body = bytes.take(length)?;
    let mut found = crc32fast::Hasher::new();
    found.update(&batch);
    found.update(body);
    let batch = u64::from_le_bytes(batch);
    if found.finalize() == checksum && batch < u64::MAX { Ok((batch, body)) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests {
    use model::{Sample, Timestamp, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::coding::batch::Batch;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().expect("memory");
        STEPS.iter().for_each(|step| connection.execute_batch(step.sql).expect("a table"));
        connection
    }

    /// A batch of texts that do not pack, so many bytes in all.
    fn append(connection: &mut Connection, log: &mut Log, bytes: usize) -> u64 {
        let mut batch = Batch::default();
        let number = log.next_batch();
        let mut x = number;
        let text: String = std::iter::repeat_with(|| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + u8::try_from((x >> 40) % 90).expect("below 90"))
        })
        .take(bytes)
        .collect();
        let time = Timestamp::from_millis(number.cast_signed());
        batch.add(7, &Cell::of(&Sample::good(time, Value::text(text))));
        let mut body = Vec::new();
        batch.write(&mut body);
        let transaction = connection.transaction().expect("begins");
        let plan = log.plan(&body);
        plan.write(&transaction).expect("writes");
        transaction.commit().expect("commits");
        log.adopt(plan);
        number
    }

    fn stored(connection: &Connection) -> (Log, Vec<u64>) {
        let mut batches = Vec::new();
        let (log, damage) = Log::load(connection, |batch, _, cell| {
            assert_eq!(cell.time, batch.cast_signed(), "the batch is its own");
            batches.push(batch);
        })
        .expect("reads");
        assert_eq!(damage, []);
        (log, batches)
    }

    proptest! {
        #[test]
        fn a_log_that_goes_round_has_every_batch_that_was_not_cut(
            steps in prop::collection::vec((0..9_000_usize, 0..4_u64, prop::bool::weighted(0.1)), 1..60),
        ) {
            let mut connection = database();
            let (mut log, _) = stored(&connection);
            let mut cut = 1;
            for (bytes, cut_by, restart) in steps {
                append(&mut connection, &mut log, bytes);
                cut = (cut + cut_by).min(log.next_batch());
                log.cut(cut);
                let (read, batches) = stored(&connection);
                let expect: Vec<u64> = (cut..log.next_batch()).collect();
                prop_assert!(batches.ends_with(&expect), "{batches:?} instead of {expect:?}");
                prop_assert_eq!(read.next_batch(), log.next_batch());
                if restart {
                    log = read;
                }
            }
        }
    }

    #[test]
    fn the_file_does_not_grow_by_what_passes_through() {
        let mut connection = database();
        let (mut log, _) = stored(&connection);
        for _ in 0..200 {
            let batch = append(&mut connection, &mut log, 3_000);
            log.cut(batch.saturating_sub(5));
        }
        let slots: i64 = connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).expect("counts");
        assert!(slots <= GROWTH, "{slots} slots for six batches");
    }

    #[test]
    fn a_batch_with_a_flipped_bit_is_left_out_and_told() {
        let mut connection = database();
        let (mut log, _) = stored(&connection);
        for _ in 0..6 {
            append(&mut connection, &mut log, 3_000);
        }
        let mut bytes: Vec<u8> =
            connection.query_row("SELECT bytes FROM log WHERE slot = 2", [], |row| row.get(0)).expect("is there");
        bytes[2_000] ^= 1;
        connection.execute("UPDATE log SET bytes = ?1 WHERE slot = 2", [bytes]).expect("writes");
        let mut batches = Vec::new();
        let (log, damage) = Log::load(&connection, |batch, _, _| batches.push(batch)).expect("reads");
        assert_eq!((damage.len(), log.next_batch()), (1, 7));
        assert_eq!(batches.len(), 5, "the others are there: {batches:?}");
    }
}
