//! The journal as its readers see it: pages of entries, what stands, and how the alarms perform.

use std::path::Path;
use std::sync::Arc;

use alarm::{AlarmId, Standing};
use history::sqlite::{OpenError, Store, StoreFailure};
use model::Clock;
use rusqlite::{Connection, TransactionBehavior};

use crate::performance::{Performance, Window};
use crate::{Page, Query, SCHEMA, measure, page, standing};

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

    /// What stands of each alarm that is not normal, the earliest occurrence first. Waits for the disk.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn standing(&self) -> Result<Vec<(AlarmId, Vec<Standing>)>, StoreFailure> {
        self.store.read(|connection| standing::all(connection))
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
