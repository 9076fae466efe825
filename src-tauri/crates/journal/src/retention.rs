//! Removing what is too old or too much, a block of entries at a time.
//!
//! **Invariant:** an entry of an occurrence that stands, acknowledged or not, is never removed, however old it is: the file
//! itself refuses it. It goes with a later block once the occurrence is over.

use std::time::Duration;

use history::sqlite::bytes_used;
use model::Timestamp;
use rusqlite::{Transaction, params};

use crate::blocks;

/// How long entries are kept, and how large the file may grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Entries older than this go; `None` keeps them for ever.
    pub age: Option<Duration>,
    /// Where the file has more bytes in use than this, the oldest entries go; `None` lets it grow.
    pub size: Option<u64>,
}

/// Removes the oldest block of entries if it is to go, some thousand at a time. True where it was. The newest block and
/// what is in no block yet stay in any case.
pub(crate) fn step(transaction: &Transaction<'_>, keeping: Keeping, now: Timestamp) -> rusqlite::Result<bool> {
    let Some((first, latest)) = blocks::oldest(transaction)? else { return Ok(false) };
    let is_old = keeping.age.is_some_and(|age| latest < now.saturating_sub(age).millis());
    let is_too_much = || match keeping.size {
        Some(size) => Ok(bytes_used(transaction)? > size),
        None => Ok::<bool, rusqlite::Error>(false),
    };
    if !is_old && !is_too_much()? {
        return Ok(false);
    }
    let end = first + blocks::LENGTH;
    transaction.prepare_cached("UPDATE released SET before = ?1")?.execute(params![end])?;
    transaction
        .prepare_cached(
            "DELETE FROM entries WHERE seq < ?1 AND NOT EXISTS
                 (SELECT 1 FROM standing WHERE standing.alarm = entries.alarm AND standing.raised = entries.raised)",
        )?
        .execute(params![end])?;
    blocks::remove(transaction, first)?;
    Ok(true)
}
