//! The table of subjects: what an entry is about, each once. Everything of an entry that one searches by, but its time and
//! what was said in it.
//!
//! There are about as many as alarms times what can happen to one times who did it, however many entries there are.

use std::collections::HashMap;

use history::sqlite::Step;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::texts;
use crate::words::Kind;

/// A column is 0 where it does not apply; `message` and `user` are numbers of texts. `uses` counts the blocks that name
/// the subject; without one it goes.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 2,
    sql: "CREATE TABLE subjects (
              id        INTEGER PRIMARY KEY,
              kind      TEXT NOT NULL,
              message   INTEGER NOT NULL,
              alarm     INTEGER NOT NULL,
              equipment INTEGER NOT NULL,
              priority  INTEGER NOT NULL,
              user      INTEGER NOT NULL,
              uses      INTEGER NOT NULL,
              UNIQUE (alarm, message, kind, equipment, priority, user)
          ) STRICT;",
}];

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub kind: Kind,
    /// The number of a text.
    pub message: i64,
    /// 0 where it is about none.
    pub alarm: i64,
    /// 0 where it is nowhere.
    pub equipment: i64,
    /// 0 where it has none.
    pub priority: u8,
    /// The number of a text; 0 where nobody did it.
    pub user: i64,
}

/// The numbers of the subjects of one block.
#[derive(Default)]
pub(crate) struct Numbers(HashMap<Subject, u32>);

impl Numbers {
    /// The number of a subject, made where there is none; for the block that this is for, it counts as used once.
    pub(crate) fn make(&mut self, transaction: &Transaction<'_>, subject: Subject) -> rusqlite::Result<u32> {
        if let Some(id) = self.0.get(&subject) {
            return Ok(*id);
        }
        let Subject { kind, message, alarm, equipment, priority, user } = subject;
        let found = transaction
            .prepare_cached(
                "UPDATE subjects SET uses = uses + 1
                 WHERE alarm = ?1 AND message = ?2 AND kind = ?3 AND equipment = ?4 AND priority = ?5 AND user = ?6
                 RETURNING id",
            )?
            .query_row(params![alarm, message, kind, equipment, priority, user], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let id: i64 = transaction
                    .prepare_cached(
                        "INSERT INTO subjects (alarm, message, kind, equipment, priority, user, uses)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
                    )?
                    .insert(params![alarm, message, kind, equipment, priority, user])?;
                for text in [message, user] {
                    texts::hold(transaction, text)?;
                }
                // Four thousand million kinds of entries are more than a file holds.
                u32::try_from(id).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, id))?
            }
        };
        self.0.insert(subject, id);
        Ok(id)
    }
}

/// A block names the subject no longer. Where no other does, it is gone.
pub(crate) fn release(transaction: &Transaction<'_>, id: u32) -> rusqlite::Result<()> {
    let left: Option<(i64, i64, i64)> = transaction
        .prepare_cached("UPDATE subjects SET uses = uses - 1 WHERE id = ?1 RETURNING uses, message, user")?
        .query_row(params![id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((..=0, message, user)) = left {
        transaction.prepare_cached("DELETE FROM subjects WHERE id = ?1")?.execute(params![id])?;
        for text in [message, user] {
            texts::release(transaction, text)?;
        }
    }
    Ok(())
}

/// Hands every subject with its number to `take`.
pub(crate) fn each(
    connection: &Connection,
    mut take: impl FnMut(u32, Subject) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT id, kind, message, alarm, equipment, priority, user FROM subjects")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let subject = Subject {
            kind: row.get(1)?,
            message: row.get(2)?,
            alarm: row.get(3)?,
            equipment: row.get(4)?,
            priority: row.get(5)?,
            user: row.get(6)?,
        };
        take(row.get(0)?, subject)?;
    }
    Ok(())
}
