//! The baseline: a plain table of `(tag, time, value)`, as most programs keep it.

use std::path::Path;

use model::Sample;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::Outcome;

/// Rows of a transaction.
pub const BATCH: usize = 10_000;

pub struct Plain(Connection);

impl Plain {
    pub fn open(path: &Path) -> Outcome<Self> {
        let table = Connection::open(path)?;
        table.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS samples (tag INTEGER, time INTEGER, value REAL, PRIMARY KEY (tag, time)) WITHOUT ROWID;",
        )?;
        Ok(Self(table))
    }

    pub fn insert(&mut self, samples: &[(usize, Sample)]) -> Outcome<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO samples VALUES (?1, ?2, ?3)")?;
            for (tag, sample) in samples {
                insert.execute(params![i64::try_from(*tag)?, sample.time.millis(), sample.number()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// How many columns of so many milliseconds have samples of the tag 0, each with its least and greatest.
    pub fn minmax(&self, from: i64, to: i64, width: i64) -> Outcome<usize> {
        let mut statement = self.0.prepare_cached(
            "SELECT time / ?1, min(value), max(value) FROM samples WHERE tag = 0 AND time >= ?2 AND time < ?3 GROUP BY time / ?1",
        )?;
        Ok(statement.query_map(params![width, from, to], |row| row.get::<_, f64>(1))?.count())
    }
}
