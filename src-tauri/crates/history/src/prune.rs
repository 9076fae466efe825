//! Removing what is too old, block by block.

use rusqlite::Transaction;

use crate::{blocks, series};

/// Blocks removed in one transaction: some milliseconds.
const BLOCKS: usize = 100;
/// Series looked at in one step, so that a step over many series with nothing to remove stays short.
const SERIES: i64 = 500;

/// One step of pruning.
pub(crate) struct Pruned {
    /// The series to go on with: everything up to it, and not it, is done.
    pub after: i64,
    /// Whether no series is left.
    pub finished: bool,
}

/// Removes up to about [`BLOCKS`] blocks whose last sample is older than `before`, series by series after `after`. Of each series the
/// newest of the older ones stays: it has the value at the beginning.
pub(crate) fn step(transaction: &Transaction<'_>, after: i64, before: i64) -> rusqlite::Result<Pruned> {
    let mut done = after;
    let mut removed = 0;
    let series = series::following(transaction, after, SERIES)?;
    let finished = i64::try_from(series.len()).is_ok_and(|found| found < SERIES);
    for series in series {
        removed += prune_one(transaction, series, before, BLOCKS - removed)?;
        if removed >= BLOCKS {
            return Ok(Pruned { after: done, finished: false });
        }
        done = series;
    }
    Ok(Pruned { after: done, finished })
}

fn prune_one(transaction: &Transaction<'_>, series: i64, before: i64, limit: usize) -> rusqlite::Result<usize> {
    let old = blocks::older(transaction, series, before, limit + 1)?;
    // The last of those found is the newest one, or more are to come.
    let going = old.len().saturating_sub(1);
    for block in &old[..going] {
        blocks::remove(transaction, series, block)?;
    }
    Ok(going)
}
