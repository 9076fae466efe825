//! Removing what is too old, block by block: first the samples, then the minutes, at last the whole of it.

use std::collections::HashMap;

use rusqlite::Transaction;

use crate::blocks::{self, Level};
use crate::series;

/// Blocks changed or removed in one transaction: some milliseconds.
const BLOCKS: usize = 100;
/// Series looked at in one step, so that a step over many series with nothing to remove stays short.
const SERIES: i64 = 500;

/// What is older than these goes. None: nothing does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ages {
    pub samples: Option<i64>,
    pub minutes: Option<i64>,
    pub hours: Option<i64>,
}

/// The ages of every series of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub default: Ages,
    pub of: HashMap<i64, Ages>,
}

/// How far each series has been gone through, so that what has nothing left to take is not looked at every time.
#[derive(Default)]
pub(crate) struct Done(HashMap<i64, (i64, i64)>);

/// A pruning under way.
pub(crate) struct Pruning {
    pub limits: Limits,
    /// The series done.
    pub after: i64,
    /// Whether something was taken.
    pub changed: bool,
}

/// One step of pruning.
pub(crate) struct Pruned {
    /// The series to go on with: everything up to it, and not it, is done.
    pub after: i64,
    /// Whether no series is left.
    pub finished: bool,
    /// Blocks from which something was taken.
    pub changed: usize,
}

impl Ages {
    /// Everything before a time, of whatever level.
    pub(crate) fn all(before: i64) -> Self {
        Self { samples: Some(before), minutes: Some(before), hours: Some(before) }
    }

    /// The latest of the times.
    pub(crate) fn latest(&self) -> Option<i64> {
        [self.samples, self.minutes, self.hours].into_iter().flatten().max()
    }
}

/// Takes from up to about [`BLOCKS`] blocks what is too old, series by series after `after`. Of each series the newest of the older
/// blocks stays whole: it has the value at the beginning.
pub(crate) fn step(
    transaction: &Transaction<'_>,
    after: i64,
    limits: &Limits,
    done: &mut Done,
) -> rusqlite::Result<Pruned> {
    let mut reached = after;
    let mut changed = 0;
    let series = series::following(transaction, after, SERIES)?;
    let finished = i64::try_from(series.len()).is_ok_and(|found| found < SERIES);
    for series in series {
        let ages = limits.of.get(&series).unwrap_or(&limits.default);
        let (samples, minutes) = done.0.entry(series).or_insert((i64::MIN, i64::MIN));
        changed += remove(transaction, series, ages.hours, BLOCKS - changed)?;
        changed += strip(transaction, series, Level::Samples, ages.samples, samples, BLOCKS - changed)?;
        changed += strip(transaction, series, Level::Minutes, ages.minutes, minutes, BLOCKS - changed)?;
        if changed >= BLOCKS {
            return Ok(Pruned { after: reached, finished: false, changed });
        }
        reached = series;
    }
    Ok(Pruned { after: reached, finished, changed })
}

fn remove(transaction: &Transaction<'_>, series: i64, before: Option<i64>, limit: usize) -> rusqlite::Result<usize> {
    let Some(before) = before else { return Ok(0) };
    let old = blocks::older(transaction, series, before, limit + 1)?;
    // The last of those found is the newest one, or more are to come.
    let going = old.len().saturating_sub(1);
    for block in &old[..going] {
        blocks::remove(transaction, series, block)?;
    }
    Ok(going)
}

fn strip(
    transaction: &Transaction<'_>,
    series: i64,
    level: Level,
    before: Option<i64>,
    done: &mut i64,
    limit: usize,
) -> rusqlite::Result<usize> {
    let Some(before) = before else { return Ok(0) };
    let old = blocks::with_level(transaction, series, level, *done, before, limit + 1)?;
    let going = old.len().saturating_sub(1);
    for block in &old[..going] {
        blocks::strip(transaction, series, block, level)?;
        *done = block.first();
    }
    Ok(going)
}
