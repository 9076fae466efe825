//! From a tail to blocks.
//!
//! A block lies within one day, and within one hour where that hour has enough samples: so an hour of a fast series is one row,
//! and a slow series does not get a row for every few samples. What is sealed is merged with the blocks that it falls into, and
//! with a neighbour that is still small.

use rusqlite::Transaction;

use crate::blocks::{self, Block, Writing};
use crate::coding::{MOST, block, rolls};
use crate::days;
use crate::roll::{self, Roll};
use crate::samples::Samples;
use crate::tails::{WORTH_A_BLOCK, start_of_day, start_of_hour};

/// A minute's row is worth its bytes when it stands for so many samples; with fewer the samples themselves are as quickly read.
const WORTH_A_ROW: usize = 8;

/// A block of more bytes is not written again only to have one block less.
const WORTH_MERGING: usize = 1024 * 1024;
/// A block ends when its texts have so many bytes, so that one block is unpacked in little memory.
const MOST_TEXT: usize = 16 * 1024 * 1024;

/// Which of two samples of the same time is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The one that is sealed now: it came later.
    New,
    /// The one that is in a block already: what is sealed now is carried over from an older file.
    Stored,
}

/// Seals samples of one series, in a transaction that the caller commits.
pub(crate) fn seal(
    transaction: &Transaction<'_>,
    writing: &mut Writing<'_>,
    series: i64,
    samples: &Samples,
    kept: Kept,
) -> rusqlite::Result<()> {
    let mut done = 0;
    while done < samples.len() {
        let day = start_of_day(samples.times()[done]);
        let end = samples.times().partition_point(|time| start_of_day(*time) <= day);
        seal_day(transaction, writing, series, samples.part(done..end), kept)?;
        done = end;
    }
    Ok(())
}

fn seal_day(
    transaction: &Transaction<'_>,
    writing: &mut Writing<'_>,
    series: i64,
    new: Samples,
    kept: Kept,
) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(()) };
    let mut merged = blocks::touching(transaction, series, first, last, usize::MAX)?;
    // Where samples are kept no longer, one that comes this late is not kept either, and what is known of the others stays.
    if let Some(gone) = merged.iter().find(|block| !block.has_samples()) {
        let (begin, end) = (new.range(first, gone.first()), new.range(gone.last().saturating_add(1), i64::MAX));
        seal_day(transaction, writing, series, new.part(begin), kept)?;
        return seal_day(transaction, writing, series, new.part(end), kept);
    }
    let is_neighbour = |block: &Block, edge: i64| {
        let small = block.count() < WORTH_A_BLOCK && start_of_day(block.first()) == start_of_day(edge);
        let same_hour =
            start_of_hour(block.last()) == start_of_hour(edge) || start_of_hour(block.first()) == start_of_hour(edge);
        block.has_samples() && (small || same_hour) && block.count() + new.len() < MOST && block.bytes() < WORTH_MERGING
    };
    let begin = merged.first().map_or(first, |block| block.first().min(first));
    if let Some(time) = begin.checked_sub(1)
        && let Some(left) = blocks::before(transaction, series, time)?
        && is_neighbour(&left, first)
    {
        merged.insert(0, left);
    }
    let end = merged.last().map_or(last, |block| block.last().max(last));
    if let Some(time) = end.checked_add(1)
        && let Some(right) = blocks::touching(transaction, series, time, i64::MAX, 1)?.pop()
        && is_neighbour(&right, last)
    {
        merged.push(right);
    }
    let mut whole = Samples::default();
    for block in &merged {
        whole = whole.overlaid(&writing.damage.samples(transaction, series, block, &new)?);
        blocks::remove(transaction, series, block)?;
    }
    let whole = match kept {
        _ if merged.is_empty() => new,
        Kept::New => whole.overlaid(&new),
        Kept::Stored => new.overlaid(&whole),
    };
    for end in borders(&whole) {
        write(writing, series, &whole.part(end))?;
    }
    days::make(transaction, series, first)
}

/// Writes what is known of a block without samples, where there is nothing else of its time.
pub(crate) fn keep_rolls(
    transaction: &Transaction<'_>,
    writing: &mut Writing<'_>,
    series: i64,
    block: &Block,
    minutes: Option<&[Roll]>,
) -> rusqlite::Result<()> {
    if !blocks::touching(transaction, series, block.first(), block.last(), 1)?.is_empty() {
        return Ok(());
    }
    writing.insert(series, &block.roll, block.last_quality, None, minutes.map(rolls::encode).as_deref())
}

/// Where to cut the samples of a day.
fn borders(samples: &Samples) -> Vec<std::ops::Range<usize>> {
    let times = samples.times();
    let mut parts = Vec::new();
    let (mut begin, mut text) = (0, 0);
    for i in 1..=times.len() {
        let count = i - begin;
        text += samples.text(i - 1).map_or(0, |text| text.len());
        let new_hour = times.get(i).is_some_and(|time| start_of_hour(*time) != start_of_hour(times[i - 1]));
        if i == times.len() || count >= MOST || text >= MOST_TEXT || (new_hour && count >= WORTH_A_BLOCK) {
            parts.push(begin..i);
            (begin, text) = (i, 0);
        }
    }
    parts
}

fn write(writing: &mut Writing<'_>, series: i64, samples: &Samples) -> rusqlite::Result<()> {
    let Some(roll) = roll::of_block(samples) else { return Ok(()) };
    let minutes = roll::of_minutes(samples);
    let minutes = (minutes.len() * WORTH_A_ROW <= samples.len()).then(|| rolls::encode(&minutes));
    let last_quality = samples.mark(samples.len() - 1).quality;
    writing.insert(series, &roll, last_quality, Some(&block::encode(samples)), minutes.as_deref())
}
