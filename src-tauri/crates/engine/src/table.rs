//! The live table: the newest value of every tag, as columns.
//!
//! The columns are cut into chunks that are shared between the engine and every snapshot it has published. Writing a
//! row copies its chunk only where a snapshot still holds it, so that publishing costs what has changed and nothing
//! for what has not.

use std::sync::Arc;

use model::{Quality, Sample, TagIndex, Timestamp, Value};

/// Rows in a chunk: small enough that one changed tag copies little, large enough that a frame walks few chunks.
const CHUNK: usize = 512;

/// The newest value of every tag. Cheap to clone: a clone shares all chunks.
#[derive(Clone, Debug, Default)]
pub struct Table {
    chunks: Vec<Arc<Chunk>>,
    rows: usize,
}

/// A row, read out of the columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The value, kept while stale; none before the first one and for bad ones.
    pub value: Option<Value>,
    /// How far to trust it.
    pub quality: Quality,
    /// When the source says it was so; zero before the first value.
    pub time: Timestamp,
    /// The engine revision at which the row last changed.
    pub changed: u64,
}

#[derive(Clone, Debug)]
struct Chunk {
    kind: Vec<Kind>,
    bits: Vec<u64>,
    text: Vec<Option<Arc<str>>>,
    quality: Vec<Quality>,
    time: Vec<Timestamp>,
    changed: Vec<u64>,
}

/// What `bits` hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    Bool,
    Int,
    UInt,
    Float,
    Text,
}

impl Table {
    /// Grows to `rows` rows; new ones wait for their first value. Never shrinks: an index is for life.
    pub fn grow(&mut self, rows: usize, revision: u64) {
        self.rows = self.rows.max(rows);
        while self.chunks.len() * CHUNK < self.rows {
            self.chunks.push(Arc::new(Chunk::waiting(revision)));
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The row of a tag; `None` beyond the table.
    pub fn row(&self, tag: TagIndex) -> Option<Row> {
        let (chunk, at) = self.locate(tag)?;
        Some(Row {
            value: chunk.value(at),
            quality: chunk.quality[at],
            time: chunk.time[at],
            changed: chunk.changed[at],
        })
    }

    /// The revision at which a tag's row last changed; `None` beyond the table.
    pub fn changed(&self, tag: TagIndex) -> Option<u64> {
        self.locate(tag).map(|(chunk, at)| chunk.changed[at])
    }

    /// The quality of a tag; waiting beyond the table.
    pub fn quality(&self, tag: TagIndex) -> Quality {
        self.locate(tag).map_or(Quality::BAD_WAITING, |(chunk, at)| chunk.quality[at])
    }

    /// Writes a sample.
    pub fn write(&mut self, tag: TagIndex, sample: &Sample, revision: u64) {
        if let Some((chunk, at)) = self.locate_mut(tag) {
            let (kind, bits, text) = columns(sample.value.as_ref());
            chunk.kind[at] = kind;
            chunk.bits[at] = bits;
            chunk.text[at] = text;
            chunk.quality[at] = sample.quality;
            chunk.time[at] = sample.time;
            chunk.changed[at] = revision;
        }
    }

    /// Changes the quality and leaves the value and its time, so that its age can be shown.
    pub fn mark(&mut self, tag: TagIndex, quality: Quality, revision: u64) {
        if let Some((chunk, at)) = self.locate_mut(tag) {
            chunk.quality[at] = quality;
            chunk.changed[at] = revision;
        }
    }

    /// Forgets a tag's value, as if it had never had one.
    pub fn forget(&mut self, tag: TagIndex, revision: u64) {
        if let Some((chunk, at)) = self.locate_mut(tag) {
            chunk.kind[at] = Kind::None;
            chunk.bits[at] = 0;
            chunk.text[at] = None;
            chunk.quality[at] = Quality::BAD_WAITING;
            chunk.time[at] = Timestamp::default();
            chunk.changed[at] = revision;
        }
    }

    fn locate(&self, tag: TagIndex) -> Option<(&Chunk, usize)> {
        (tag.slot() < self.rows).then(|| (&*self.chunks[tag.slot() / CHUNK], tag.slot() % CHUNK))
    }

    fn locate_mut(&mut self, tag: TagIndex) -> Option<(&mut Chunk, usize)> {
        let within = tag.slot() < self.rows;
        within.then(|| (Arc::make_mut(&mut self.chunks[tag.slot() / CHUNK]), tag.slot() % CHUNK))
    }
}

impl Chunk {
    fn waiting(revision: u64) -> Self {
        Self {
            kind: vec![Kind::None; CHUNK],
            bits: vec![0; CHUNK],
            text: vec![None; CHUNK],
            quality: vec![Quality::BAD_WAITING; CHUNK],
            time: vec![Timestamp::default(); CHUNK],
            changed: vec![revision; CHUNK],
        }
    }

    fn value(&self, at: usize) -> Option<Value> {
        let bits = self.bits[at];
        match self.kind[at] {
            Kind::None => None,
            Kind::Bool => Some(Value::Bool(bits != 0)),
            Kind::Int => Some(Value::Int(bits.cast_signed())),
            Kind::UInt => Some(Value::UInt(bits)),
            Kind::Float => Some(Value::Float(f64::from_bits(bits))),
            Kind::Text => self.text[at].clone().map(Value::Text),
        }
    }
}

fn columns(value: Option<&Value>) -> (Kind, u64, Option<Arc<str>>) {
    match value {
        None => (Kind::None, 0, None),
        Some(Value::Bool(x)) => (Kind::Bool, u64::from(*x), None),
        Some(Value::Int(x)) => (Kind::Int, x.cast_unsigned(), None),
        Some(Value::UInt(x)) => (Kind::UInt, *x, None),
        Some(Value::Float(x)) => (Kind::Float, x.to_bits(), None),
        Some(Value::Text(x)) => (Kind::Text, 0, Some(Arc::clone(x))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize) -> Table {
        let mut table = Table::default();
        table.grow(rows, 1);
        table
    }

    #[test]
    fn every_kind_of_value_comes_back_exactly() {
        let mut live = table(1);
        for value in [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(-0.0),
            Value::Float(f64::MIN_POSITIVE),
            Value::text("läuft"),
        ] {
            live.write(TagIndex(0), &Sample::good(Timestamp::from_millis(5), value.clone()), 2);
            let row = live.row(TagIndex(0)).expect("row 0 of a table of one row");
            assert_eq!(row.value, Some(value));
            assert_eq!((row.quality, row.changed), (Quality::GOOD, 2));
        }
    }

    #[test]
    fn a_published_clone_does_not_change_and_untouched_chunks_are_shared() {
        let mut live = table(CHUNK * 3);
        live.write(TagIndex(0), &Sample::good(Timestamp::from_millis(1), Value::Int(1)), 2);
        let published = live.clone();
        live.write(TagIndex(0), &Sample::good(Timestamp::from_millis(2), Value::Int(2)), 3);
        assert_eq!(published.row(TagIndex(0)).and_then(|row| row.value), Some(Value::Int(1)));
        assert!(!Arc::ptr_eq(&live.chunks[0], &published.chunks[0]), "the written chunk was copied");
        assert!(Arc::ptr_eq(&live.chunks[2], &published.chunks[2]), "the others are still one");
    }

    #[test]
    fn a_mark_keeps_the_value_and_its_time() {
        let mut live = table(1);
        live.write(TagIndex(0), &Sample::good(Timestamp::from_millis(7), Value::Float(1.5)), 2);
        live.mark(TagIndex(0), Quality::STALE, 3);
        let row = live.row(TagIndex(0)).expect("row 0");
        assert_eq!(
            (row.value, row.time, row.quality),
            (Some(Value::Float(1.5)), Timestamp::from_millis(7), Quality::STALE)
        );
        live.forget(TagIndex(0), 4);
        assert_eq!(live.row(TagIndex(0)).and_then(|row| row.value), None);
    }

    #[test]
    fn beyond_the_table_there_is_nothing() {
        let mut live = table(3);
        live.write(TagIndex(3), &Sample::good(Timestamp::from_millis(1), Value::Int(1)), 2);
        assert_eq!(live.row(TagIndex(3)), None);
        assert_eq!(live.quality(TagIndex(3)), Quality::BAD_WAITING);
    }
}
