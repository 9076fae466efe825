//! What is readable in a damaged file that was set aside is carried over into the new one, part by part, while recording goes on.
//!
//! Two sources. The tails of the old file are in memory still and go first. The old file is read after that, series by series: its
//! log, its blocks from the oldest up to the first error and then from the newest down to it, and its table of the first format in the
//! same way. Where something is missing there is a gap. What the new file has already is newer and stays.
//!
//! The new file remembers in a table of its own how far this came, so that it goes on after a restart; a part that comes twice is
//! there once. The table is there only as long as there is something to carry over.
//!
//! **Invariant:** the old file is only read.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::blocks::Writing;
use crate::damage::Damage;
use crate::remains::{Found, Part, Remains};
use crate::samples::Samples;
use crate::seal::{self, Kept};
use crate::series;
use crate::sqlite::{Store, StoreFailure, Writer};

/// Samples carried over in one transaction.
const STEP: usize = 50_000;
/// Series of which something is carried over in one transaction.
const SERIES: usize = 200;

/// What is to be carried over.
#[derive(Default)]
pub(crate) struct Salvage {
    /// What a file's tails held when it was set aside.
    rescued: VecDeque<(Arc<str>, Samples)>,
    /// Files that were set aside and are not noted in the new one yet.
    aside: Vec<PathBuf>,
    /// Whether nothing is noted in the file.
    finished: bool,
    remains: Option<Remains>,
}

impl Salvage {
    /// Takes what was in memory of a file that was set aside.
    pub(crate) fn rescue(&mut self, tails: impl IntoIterator<Item = (Arc<str>, Samples)>) {
        self.rescued.extend(tails);
    }

    /// Another file is open, perhaps because one was set aside.
    pub(crate) fn restart(&mut self, aside: Option<PathBuf>) {
        self.aside.extend(aside);
        // What was under way is noted in the file before only.
        self.aside.extend(self.remains.take().map(|remains| remains.path));
        self.finished = false;
    }

    /// Whether there is, or may be, something to do.
    pub(crate) fn is_due(&self) -> bool {
        self.has_rescued() || !self.aside.is_empty() || !self.finished
    }

    /// Whether there is something that is in memory only.
    pub(crate) fn has_rescued(&self) -> bool {
        !self.rescued.is_empty()
    }

    /// Carries some over into the open file. Where another file takes its place meanwhile nothing is done.
    ///
    /// # Errors
    /// The disk's reason; the same step comes again.
    pub(crate) fn step(&mut self, writer: &mut Writer, store: &Store, damage: &Damage) -> Result<(), StoreFailure> {
        if self.has_rescued() {
            self.write_rescued(writer, store, damage)
        } else if let Some(aside) = self.aside.last() {
            let name = aside.file_name().unwrap_or_default().to_string_lossy();
            let done = in_this_file(writer, store, |transaction| note(transaction, &name))?;
            if done.is_some() {
                self.aside.pop();
            }
            Ok(())
        } else if let Some(remains) = &mut self.remains {
            let part = remains.next(STEP);
            let done = in_this_file(writer, store, |transaction| write(transaction, remains, part.as_ref(), damage))?;
            match (done, part) {
                (Some(()), Some(part)) => remains.done(part),
                (Some(()), None) => {
                    store.set_notice(remains.found.in_words(&remains.name));
                    self.remains = None;
                }
                (None, _) => {}
            }
            Ok(())
        } else {
            let Some(noted) = in_this_file(writer, store, |transaction| noted(transaction))? else { return Ok(()) };
            self.finished = noted.is_none();
            if let Some((name, after, found)) = noted {
                store.set_notice(format!(
                    "The file was damaged. It was set aside as {name}, and a new one was begun. What can be read in it is being \
                     carried over."
                ));
                self.remains = Some(Remains::open(store.path().with_file_name(&name), name, after, found));
            }
            Ok(())
        }
    }

    fn write_rescued(&mut self, writer: &mut Writer, store: &Store, damage: &Damage) -> Result<(), StoreFailure> {
        let mut count = 0;
        let enough = |(_, samples): &&(Arc<str>, Samples)| {
            let more = count < STEP;
            count += samples.len();
            more
        };
        let chosen = self.rescued.iter().take(SERIES).take_while(enough).count();
        let done = in_this_file(writer, store, |transaction| {
            let mut writing = Writing::begin(transaction, damage)?;
            for (name, samples) in self.rescued.iter().take(chosen) {
                let key = series::find_or_make(transaction, name)?;
                seal::seal(transaction, &mut writing, key, samples, Kept::Stored)?;
            }
            writing.finish()
        })?;
        if done.is_some() {
            self.rescued.drain(..chosen);
        }
        Ok(())
    }
}

/// Does something in the file that is open now; none where another one took its place before that.
fn in_this_file<T>(
    writer: &mut Writer,
    store: &Store,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreFailure> {
    let generation = store.generation();
    writer.transact(
        |transaction, _| {
            if store.generation() == generation { work(transaction).map(Some) } else { Ok(None) }
        },
    )
}

/// Notes a file, so that what is in it is not forgotten.
fn note(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS salvage (
             file    TEXT PRIMARY KEY,
             after   INTEGER NOT NULL,
             samples INTEGER NOT NULL,
             blocks  INTEGER NOT NULL,
             breaks  INTEGER NOT NULL,
             newest  INTEGER
         ) STRICT",
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO salvage (file, after, samples, blocks, breaks) VALUES (?1, ?2, 0, 0, 0)",
        params![name, i64::MIN],
    )?;
    Ok(())
}

/// A file that is noted, the series that are done, and what was found so far.
fn noted(connection: &Connection) -> rusqlite::Result<Option<(String, i64, Found)>> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'salvage')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(None);
    }
    connection
        .query_row("SELECT file, after, samples, blocks, breaks, newest FROM salvage LIMIT 1", [], |row| {
            let found = Found { samples: row.get(2)?, blocks: row.get(3)?, breaks: row.get(4)?, newest: row.get(5)? };
            Ok((row.get(0)?, row.get(1)?, found))
        })
        .optional()
}

/// Writes a part and how far it came; without one, that all is done.
fn write(
    transaction: &Transaction<'_>,
    remains: &Remains,
    part: Option<&Part>,
    damage: &Damage,
) -> rusqlite::Result<()> {
    let Some(part) = part else {
        transaction.execute("DELETE FROM salvage WHERE file = ?1", [&remains.name])?;
        return match noted(transaction)? {
            None => transaction.execute_batch("DROP TABLE salvage"),
            Some(_) => Ok(()),
        };
    };
    if !part.samples.is_empty() || !part.rolled.is_empty() {
        let key = series::find_or_make(transaction, &part.series)?;
        let mut writing = Writing::begin(transaction, damage)?;
        for (block, minutes) in &part.rolled {
            seal::keep_rolls(transaction, &mut writing, key, block, minutes.as_deref())?;
        }
        seal::seal(transaction, &mut writing, key, &part.samples, Kept::Stored)?;
        writing.finish()?;
    }
    let found = &part.found;
    transaction.execute(
        "UPDATE salvage SET after = ?2, samples = ?3, blocks = ?4, breaks = ?5, newest = ?6 WHERE file = ?1",
        params![remains.name, part.after, found.samples, found.blocks, found.breaks, found.newest],
    )?;
    Ok(())
}

impl Found {
    /// For an operator.
    fn in_words(&self, name: &str) -> String {
        let newest = self.newest.and_then(|newest| jiff::Timestamp::from_millisecond(newest).ok());
        let until = newest.map_or_else(String::new, |newest| format!(", the newest of {newest:.0}"));
        let mut words = format!(
            "The file was damaged. It was set aside as {name}, and a new one was begun. {} samples were carried over{until}.",
            self.samples
        );
        if self.blocks + self.breaks == 0 {
            words.push_str(" Nothing that is known to be in it is missing.");
        }
        if self.blocks > 0 {
            words = format!("{words} {} blocks could not be read; their time is shown as gaps.", self.blocks);
        }
        if self.breaks > 0 {
            words = format!("{words} At {} places more could not be read; how much is not known.", self.breaks);
        }
        words
    }
}
