//! The journal as its readers see it: pages of entries, what stands, and how the alarms perform.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use alarm::{AlarmId, DeedId, Known};
use history::sqlite::{OpenError, Store, StoreFailure};
use model::Clock;
use rusqlite::{Connection, TransactionBehavior};

use crate::performance::{Performance, Window};
use crate::{Page, Query, SCHEMA, acts, measure, page};

/// Reads a journal, from any thread, beside whoever writes it. Cloning is cheap.
#[derive(Clone)]
pub struct Reader {
    store: Arc<Store>,
}

impl Reader {
    /// Opens the file at `path` only to be read. Nothing is made, mended or moved.
    ///
    /// # Errors
    /// Why it is not to be read; that it is not there is one reason.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Reader, OpenError> {
        Store::look(path.to_owned(), SCHEMA, clock).map(Reader::of)
    }

    pub(crate) fn of(store: Arc<Store>) -> Reader {
        Reader { store }
    }

    /// Entries, newest first. Waits for the disk.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn page(&self, query: &Query) -> Result<Page, StoreFailure> {
        self.at_once(|connection| page::page(connection, query))
    }

    /// What is known of every alarm that stands or is suppressed, as it is on disk: what [`alarm::Alarm::restore`] takes.
    /// Waits for the disk.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn known(&self) -> Result<HashMap<AlarmId, Known>, StoreFailure> {
        self.store.read(|connection| acts::known(connection))
    }

    /// The greatest number of an act on an alarm that is known, of whatever station; 0 where there is none.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn newest_order(&self) -> Result<i64, StoreFailure> {
        self.store.read(|connection| acts::newest_order(connection))
    }

    /// Whether an act on an alarm is in the journal.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn has_act(&self, id: &DeedId) -> Result<bool, StoreFailure> {
        self.store.read(|connection| acts::is_known(connection, id))
    }

    /// How the alarms performed in a window of time, after ISA-18.2 and EEMUA 191. Goes through the window's entries, some
    /// thousand at a time: a second for a million of them.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn performance(&self, window: &Window<'_>) -> Result<Performance, StoreFailure> {
        measure::performance(self, window)
    }

    /// Asks a question of one state of the file.
    pub(crate) fn at_once<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreFailure> {
        self.store.read(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let answer = ask(&transaction)?;
            transaction.finish()?;
            Ok(answer)
        })
    }
}
