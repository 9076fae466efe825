//! The file: how far the journal was followed, what the ledger holds, and every message until it is delivered or given up.
//!
//! One thread writes. What was decided is committed together with the place in the journal it was decided from: a file that
//! is read again after a crash at any point goes on there, with no message lost and none made twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use history::sqlite::{OnFullDisk, OpenError, Schema, Step, Store, StoreFailure, StoreStatus, Writer};
use model::{Clock, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::ledger::{Changes, Held, Key};
use crate::letter::Letter;

/// `state` is `waiting`, `delivered` or `given up`. A message that was settled stays for a while: its id is what keeps it from
/// being made again, and who looks for it finds what became of it.
const STEPS: &[Step] = &[Step {
    version: 1,
    sql: "CREATE TABLE place (
              id  INTEGER PRIMARY KEY CHECK (id = 1),
              seq INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE held (
              rule       TEXT NOT NULL,
              occurrence TEXT NOT NULL,
              content    TEXT NOT NULL,
              PRIMARY KEY (rule, occurrence)
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE gathering (
              rule  TEXT PRIMARY KEY,
              until INTEGER NOT NULL
          ) STRICT, WITHOUT ROWID;
          CREATE TABLE letters (
              id         TEXT PRIMARY KEY,
              content    TEXT NOT NULL,
              written_at INTEGER NOT NULL,
              state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given up')),
              attempts   INTEGER NOT NULL,
              next_at    INTEGER NOT NULL,
              settled_at INTEGER,
              reason     TEXT NOT NULL
          ) STRICT;
          CREATE INDEX letters_due ON letters (next_at) WHERE state = 'waiting';
          CREATE INDEX letters_settled ON letters (state, settled_at) WHERE state != 'waiting';",
}];

const SCHEMA: Schema = Schema {
    // "AnNo"
    application_id: 0x416e_4e6f,
    tables: &[STEPS],
    checked_up_to: 64 * 1024 * 1024,
    counted: "messages",
    on_full_disk: OnFullDisk::UseBallast,
};

/// A settled message is kept so long.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Messages given up that are shown.
const SHOWN: i64 = 20;

/// The file, open for its one writer.
pub(crate) struct Outbox {
    store: Arc<Store>,
    writer: Writer,
}

/// What the file held when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The last entry of the journal that was taken; `None` for a new file.
    pub seq: Option<i64>,
    pub held: Vec<(Key, Held)>,
    pub gathering: Vec<(Arc<str>, Timestamp)>,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub letter: Letter,
    /// How often it was tried.
    pub attempts: u32,
}

/// A message that was not delivered and is not tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Its id.
    pub id: String,
    /// The rule it followed.
    pub rule: String,
    /// To whom it should have gone.
    pub to: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How the messages in the file stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub waiting: u64,
    /// Kept ones that were delivered.
    pub delivered: u64,
    /// The newest ones that were given up, newest first.
    pub given_up: Vec<GivenUp>,
    /// The reason of the message that waits longest of those that failed, with since when it waits; none where nothing failed.
    pub failing: Option<(Timestamp, String)>,
}

impl Outbox {
    pub(crate) fn open(path: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let (store, writer) = Store::open(path, SCHEMA, clock)?;
        Ok(Self { store, writer })
    }

    pub(crate) fn status(&self) -> StoreStatus {
        self.store.status(0)
    }

    /// Goes up when a damaged file was replaced by a new one.
    pub(crate) fn generation(&self) -> u64 {
        self.store.generation()
    }

    /// How long to wait before the next attempt to write; zero while all is well.
    pub(crate) fn pause(&self) -> Duration {
        self.writer.pause()
    }

    pub(crate) fn load(&mut self) -> Result<Kept, StoreFailure> {
        self.writer.transact(|transaction, _| {
            let seq = transaction.query_row("SELECT seq FROM place", [], |row| row.get(0)).optional()?;
            let mut held = transaction.prepare("SELECT rule, occurrence, content FROM held")?;
            let held = held.query_map([], |row| {
                let key: Key = (Arc::from(row.get::<_, String>(0)?), row.get(1)?);
                Ok(json(row, 2)?.map(|held| (key, held)))
            })?;
            let held = held.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
            let mut gathering = transaction.prepare("SELECT rule, until FROM gathering")?;
            let gathering = gathering
                .query_map([], |row| Ok((Arc::from(row.get::<_, String>(0)?), Timestamp::from_millis(row.get(1)?))))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Kept { seq, held, gathering })
        })
    }

    /// Keeps what was decided up to an entry of the journal. Keeping the same again changes nothing.
    pub(crate) fn keep(&mut self, seq: i64, changes: &Changes, letters: &[Letter]) -> Result<(), StoreFailure> {
        self.writer.transact(|transaction, _| {
            transaction
                .prepare_cached("INSERT INTO place VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq")?
                .execute([seq])?;
            for ((rule, occurrence), held) in &changes.held {
                match held {
                    Some(held) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO held VALUES (?1, ?2, ?3)")?
                        .execute(params![rule, occurrence, text(held)])?,
                    None => transaction
                        .prepare_cached("DELETE FROM held WHERE rule = ?1 AND occurrence = ?2")?
                        .execute(params![rule, occurrence])?,
                };
            }
            for (rule, until) in &changes.gathering {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO gathering VALUES (?1, ?2)")?
                    .execute(params![rule, until.millis()])?;
            }
            for letter in letters {
                let at = letter.at.millis();
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO letters VALUES (?1, ?2, ?3, 'waiting', 0, ?3, NULL, '')")?
                    .execute(params![letter.id, text(letter), at])?;
            }
            Ok(())
        })
    }

    /// Forgets the place in the journal and what was held; messages that are to be sent are sent.
    pub(crate) fn forget(&mut self) -> Result<(), StoreFailure> {
        self.writer.transact(|transaction, _| {
            transaction.execute_batch("DELETE FROM place; DELETE FROM held; DELETE FROM gathering;")
        })
    }

    /// Messages whose time has come, the oldest first.
    pub(crate) fn due(&self, now: Timestamp, most: usize) -> Result<Vec<Waiting>, StoreFailure> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT content, attempts FROM letters INDEXED BY letters_due
                 WHERE state = 'waiting' AND next_at <= ?1 ORDER BY next_at LIMIT ?2",
            )?;
            let found = statement.query_map(params![now.millis(), i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                let attempts = row.get(1)?;
                Ok(json(row, 0)?.map(|letter| Waiting { letter, attempts }))
            })?;
            found.filter_map(Result::transpose).collect()
        })
    }

    pub(crate) fn delivered(&mut self, id: &str, at: Timestamp) -> Result<(), StoreFailure> {
        self.settle(id, "delivered", at, "")
    }

    pub(crate) fn give_up(&mut self, id: &str, at: Timestamp, reason: &str) -> Result<(), StoreFailure> {
        self.settle(id, "given up", at, reason)
    }

    pub(crate) fn put_off(&mut self, id: &str, until: Timestamp, reason: &str) -> Result<(), StoreFailure> {
        self.writer.transact(|transaction, _| {
            transaction
                .prepare_cached(
                    "UPDATE letters SET attempts = attempts + 1, next_at = ?2, reason = ?3
                     WHERE id = ?1 AND state = 'waiting'",
                )?
                .execute(params![id, until.millis(), reason])?;
            Ok(())
        })
    }

    pub(crate) fn standing(&self) -> Result<Standing, StoreFailure> {
        self.store.read(|connection| {
            let count = |state: &str| {
                connection
                    .query_row("SELECT count(*) FROM letters WHERE state = ?1", [state], |row| row.get::<_, i64>(0))
            };
            let failing = connection
                .query_row(
                    "SELECT written_at, reason FROM letters WHERE state = 'waiting' AND attempts > 0
                     ORDER BY written_at LIMIT 1",
                    [],
                    |row| Ok((Timestamp::from_millis(row.get(0)?), row.get(1)?)),
                )
                .optional()?;
            let mut statement = connection.prepare_cached(
                "SELECT content, settled_at, reason FROM letters WHERE state = 'given up'
                 ORDER BY settled_at DESC LIMIT ?1",
            )?;
            let given_up = statement.query_map([SHOWN], |row| {
                let at = Timestamp::from_millis(row.get(1)?);
                let reason = row.get(2)?;
                let letter: Option<Letter> = json(row, 0)?;
                Ok(letter.map(|Letter { id, rule, to, .. }| GivenUp { id, rule, to, at, reason }))
            })?;
            let given_up = given_up.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
            Ok(Standing {
                waiting: count("waiting")?.cast_unsigned(),
                delivered: count("delivered")?.cast_unsigned(),
                given_up,
                failing,
            })
        })
    }

    /// Removes what was settled long ago.
    pub(crate) fn tidy(&mut self, now: Timestamp) -> Result<(), StoreFailure> {
        self.writer.transact(|transaction, _| {
            let before = now.saturating_sub(KEPT).millis();
            transaction.execute("DELETE FROM letters WHERE state != 'waiting' AND settled_at < ?1", [before])?;
            Ok(())
        })
    }

    fn settle(&mut self, id: &str, state: &str, at: Timestamp, reason: &str) -> Result<(), StoreFailure> {
        self.writer.transact(|transaction, _| {
            transaction
                .prepare_cached(
                    "UPDATE letters SET attempts = attempts + 1, state = ?2, settled_at = ?3, reason = ?4
                     WHERE id = ?1 AND state = 'waiting'",
                )?
                .execute(params![id, state, at.millis(), reason])?;
            Ok(())
        })
    }
}

fn text<T: serde::Serialize>(content: &T) -> String {
    serde_json::to_string(content).expect("texts and numbers are always JSON")
}

/// What a column holds; `None` for what an earlier version may have written otherwise, which is left where it is.
fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text)
        .map_err(|error| tracing::error!(%error, "a row of the outbox is not understood"))
        .ok())
}

#[cfg(test)]
mod tests {
    use model::Now;

    use super::*;

    /// A clock that stands still.
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Now {
            Now::default()
        }
    }

    fn letter(id: &str) -> Letter {
        Letter {
            id: id.into(),
            rule: "night".into(),
            to: "anna@plant.example".into(),
            at: Timestamp::default(),
            lines: Vec::new(),
            more: 0,
            is_trial: false,
        }
    }

    /// A commit may reach the disk although the disk reported an error, and is then repeated.
    #[test]
    fn what_is_kept_twice_is_sent_once() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("outbox.db");
        let mut outbox = Outbox::open(path.clone(), Arc::new(Noon)).expect("an outbox");
        let now = Timestamp::default();
        for _ in 0..2 {
            outbox.keep(7, &Changes::default(), &[letter("a"), letter("b")]).expect("a disk that works");
            outbox.delivered("a", now).expect("a disk that works");
        }
        let waiting: Vec<_> =
            outbox.due(now, 10).expect("a disk that works").into_iter().map(|w| w.letter.id).collect();
        assert_eq!(waiting, ["b"]);
        drop(outbox);
        let mut outbox = Outbox::open(path, Arc::new(Noon)).expect("an outbox");
        assert_eq!(outbox.load().expect("a disk that works").seq, Some(7));
        let standing = outbox.standing().expect("a disk that works");
        assert_eq!((standing.waiting, standing.delivered), (1, 1));
    }
}
