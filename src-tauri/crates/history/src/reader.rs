//! Questions to the history, each answered from committed samples. The calls wait for the disk.
//!
//! Long answers are read page by page, each page a transaction of its own, so that the log can be cut meanwhile.

use std::path::Path;
use std::sync::Arc;

use model::{Clock, Sample, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use crate::reduce::Columns;
use crate::series::{self, Names};
use crate::sqlite::{OpenError, Store, StoreFailure};
use crate::{Point, SeriesId, Span, fresh};

/// Why a question could not be answered.
pub type ReadError = StoreFailure;

/// Rows read in one transaction: tens of milliseconds, or some hundreds from a slow disk.
const PAGE: usize = 50_000;
/// Series looked up in one transaction.
const INSTANT_PAGE: usize = 2_000;

/// Reads through its own read-only connections. Cheap to clone, for any thread that may wait.
#[derive(Clone)]
pub struct Reader {
    pub(crate) store: Arc<Store>,
    pub(crate) names: Arc<Names>,
}

impl Reader {
    /// Opens a history only to read it, also while another process writes it.
    ///
    /// # Errors
    /// [`OpenError`]; that there is no such file is one.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Reader, OpenError> {
        let store = Store::look(path.to_owned(), crate::SCHEMA, clock)?;
        Ok(Reader { store, names: Arc::new(Names::default()) })
    }

    /// The ids of names, for questions. Never fails: of a name that was never recorded there are no samples.
    pub fn series(&self, names: &[&str]) -> Vec<SeriesId> {
        self.names.ids(names)
    }

    /// The newest `n` samples, oldest first.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn latest(&self, series: SeriesId, n: usize) -> Result<Vec<Sample>, ReadError> {
        let mut samples = Vec::new();
        let mut until = i64::MAX;
        while samples.len() < n {
            let wanted = PAGE.min(n - samples.len());
            let page = self.of(series, |connection, key| fresh::backward(connection, key, until, wanted))?;
            let full = page.len() == wanted;
            samples.extend(page);
            match samples.last().and_then(|oldest| oldest.time.millis().checked_sub(1)) {
                Some(before) if full => until = before,
                Some(_) | None => break,
            }
        }
        samples.reverse();
        Ok(samples)
    }

    /// The samples of a span in order of time, at most `limit`. The next page begins 1 ms after the last one's time.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn raw(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Sample>, ReadError> {
        let mut samples: Vec<Sample> = Vec::new();
        let mut from = span.from.millis();
        while samples.len() < limit {
            let wanted = PAGE.min(limit - samples.len());
            let taken = self.of(series, |connection, key| {
                fresh::forward(connection, key, from, span.to.millis(), wanted, |row| {
                    samples.push(fresh::decode(row)?);
                    Ok(())
                })
            })?;
            match samples.last() {
                Some(last) if taken == wanted => from = last.time.millis().saturating_add(1),
                Some(_) | None => break,
            }
        }
        Ok(samples)
    }

    /// What a picture `pixels` wide needs: real samples, in order of time. Of each column the first, the least, the
    /// greatest and the last, and the ends of every stretch that has no value or not a good one, so that neither a spike
    /// nor a gap is hidden. The newest sample before the span comes first, with its own time, so that the line starts at
    /// the left edge.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn minmax(&self, series: SeriesId, span: Span, pixels: u32) -> Result<Vec<Point>, ReadError> {
        if span.from >= span.to {
            return Ok(Vec::new());
        }
        let mut columns = Columns::new(span, pixels);
        if let Some(before) = span.from.millis().checked_sub(1) {
            let edge = self.of(series, |connection, key| fresh::backward(connection, key, before, 1))?;
            for sample in edge {
                columns.push(Point { time: sample.time, value: sample.number(), quality: sample.quality });
                columns.cut();
            }
        }
        let mut from = span.from.millis();
        loop {
            let taken = self.of(series, |connection, key| {
                fresh::forward(connection, key, from, span.to.millis(), PAGE, |row| {
                    let (time, value, quality) = fresh::decode_number(row)?;
                    columns.push(Point { time: Timestamp::from_millis(time), value, quality });
                    from = time.saturating_add(1);
                    Ok(())
                })
            })?;
            if taken < PAGE {
                return Ok(columns.finish());
            }
        }
    }

    /// For each series its newest sample at or before an instant.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn at(&self, series: &[SeriesId], time: Timestamp) -> Result<Vec<Option<Sample>>, ReadError> {
        let mut samples = Vec::with_capacity(series.len());
        for page in series.chunks(INSTANT_PAGE) {
            self.store.read(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                let mut instant = fresh::Instant::new(&transaction)?;
                for id in page {
                    samples.push(match self.names.name(*id) {
                        Some(name) => instant.of(&name, time)?,
                        None => None,
                    });
                }
                drop(instant);
                transaction.finish()
            })?;
        }
        Ok(samples)
    }

    /// Asks about one series; the answer is the empty one where nothing was recorded of it.
    fn of<T: Default>(
        &self,
        series: SeriesId,
        ask: impl FnOnce(&Connection, i64) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        self.store.read(|connection| match self.key(connection, series)? {
            Some(key) => ask(connection, key),
            None => Ok(T::default()),
        })
    }

    fn key(&self, connection: &Connection, id: SeriesId) -> rusqlite::Result<Option<i64>> {
        match self.names.name(id) {
            Some(name) => series::find(connection, &name),
            None => Ok(None),
        }
    }
}
