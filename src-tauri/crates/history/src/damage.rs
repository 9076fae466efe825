//! Blocks whose bytes are not those that were sealed: what stands in for them, and how many there are.
//!
//! The checksum of a block tells. Nothing of such bytes is believed: where the samples were there is a gap, from the block's first
//! time up to the next sample. What is known of the block without them, its row and its minutes with checksums of their own, is
//! still good for a picture. Where the row is damaged only its place is believed, and all of the block is a gap. A damaged block is no
//! reason to give the file up.
//!
//! **Invariant:** no sample that is in no other place is good in the time of a block that cannot be read.

use std::collections::HashSet;
use std::sync::Mutex;

use rusqlite::Connection;

use crate::blocks::Block;
use crate::coding::Damaged;
use crate::samples::{Cell, Samples};
use crate::sqlite::lock;

/// The damaged blocks that were met in the file that is open, each once.
#[derive(Default)]
pub(crate) struct Damage(Mutex<HashSet<(i64, i64)>>);

impl Damage {
    /// The samples of a block, to lie beneath those that came late; gaps where they cannot be read.
    pub(crate) fn samples(
        &self,
        connection: &Connection,
        series: i64,
        block: &Block,
        late: &Samples,
    ) -> rusqlite::Result<Samples> {
        Ok(block.samples(connection)?.unwrap_or_else(|Damaged| {
            self.note(series, block);
            gaps(block, late)
        }))
    }

    /// A part of this block was damaged.
    pub(crate) fn note(&self, series: i64, block: &Block) {
        if lock(&self.0).insert((series, block.first())) {
            tracing::error!(series, first = block.first(), last = block.last(), "a block of the history is damaged");
        }
    }

    /// Another file is open.
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// What a person should know of it, as one sentence; empty where all is well.
    pub(crate) fn notice(&self) -> String {
        match lock(&self.0).len() {
            0 => String::new(),
            1 => "1 block is damaged; its time is shown as a gap.".to_owned(),
            n => format!("{n} blocks are damaged; their time is shown as gaps."),
        }
    }
}

/// What stands in for the samples of a block: a gap at its first time, and one behind each sample that came late, because what
/// followed it then is not known. As many late samples as there were are taken for the lost ones, brought again.
pub(crate) fn gaps(block: &Block, late: &Samples) -> Samples {
    let (first, last) = (block.first(), block.last());
    let within = late.range(first, last.saturating_add(1));
    let mut gaps = Samples::default();
    if !block.is_damaged() && within.len() >= block.count() {
        return gaps;
    }
    let begins = std::iter::once(first);
    let behind = late.times()[within].iter().map(|time| time.saturating_add(1));
    for time in begins.chain(behind).filter(|time| *time <= last && !late.touches(*time, *time)) {
        gaps.put(Cell::gap(time));
    }
    gaps
}
