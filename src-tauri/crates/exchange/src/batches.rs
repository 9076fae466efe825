//! Imported samples on their way into a history, some ten thousand at once, and the count of what became of them.

use std::collections::HashMap;

use history::{History, Row, SeriesId};
use model::{Sample, Timestamp};

use crate::import::{ImportError, Refusal, Summary};
use crate::layout::{Given, Layout};

/// Samples stored at once.
const BATCH: usize = 50_000;
/// Most tags of one file: more are a column that was mistaken for that of the tags.
const MOST_TAGS: usize = 50_000;
/// Most refused rows that are told one by one.
const MOST_TOLD: usize = 20;
/// How far a clock may be ahead, milliseconds.
const AHEAD: i64 = 24 * 3_600_000;

/// What is done about rows.
#[derive(Clone, Copy)]
pub(crate) enum Pass<'a> {
    /// The first row that is wrong ends it; nothing is stored.
    Check,
    /// Rows that are right go into this history, the others are told.
    Store(&'a History),
}

/// Where the records of a file go.
pub(crate) struct Batches<'a> {
    pass: Pass<'a>,
    now: Timestamp,
    ids: HashMap<String, SeriesId>,
    batch: Vec<Row>,
    summary: Summary,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(pass: Pass<'a>, now: Timestamp) -> Self {
        Self { pass, now, ids: HashMap::new(), batch: Vec::new(), summary: Summary::default() }
    }

    /// Takes a record, or what kept it from being read. A record is stored whole or not at all.
    pub(crate) fn record(
        &mut self,
        layout: &Layout,
        record: Result<&[Given<'_>], String>,
        place: impl FnOnce() -> String,
    ) -> Result<(), ImportError> {
        self.summary.rows += 1;
        let mut found = Vec::new();
        let read = record.and_then(|record| layout.read(record, &mut found)).and_then(|()| {
            let ahead = found.iter().any(|(_, sample)| sample.time.millis_since(self.now) > AHEAD);
            if ahead {
                Err("it lies in the future; are `format` and `zone` in [time] right?".to_owned())
            } else {
                Ok(())
            }
        });
        match read {
            Ok(()) => found.into_iter().try_for_each(|(tag, sample)| self.put(&tag, sample)),
            Err(words) => self.refuse(place(), words),
        }
    }

    /// Stores what is left and gives the count.
    pub(crate) fn end(mut self, outcome: Result<(), ImportError>) -> Summary {
        let stored = self.store();
        self.summary.stopped = outcome.and(stored).err();
        self.summary.tags = self.ids.len();
        self.summary
    }

    fn refuse(&mut self, place: String, words: String) -> Result<(), ImportError> {
        self.summary.refused += 1;
        if self.summary.refusals.len() < MOST_TOLD {
            self.summary.refusals.push(Refusal { place, words });
        }
        match self.pass {
            Pass::Check => Err(ImportError::Refused),
            Pass::Store(_) => Ok(()),
        }
    }

    fn put(&mut self, tag: &str, sample: Sample) -> Result<(), ImportError> {
        let Pass::Store(history) = self.pass else { return Ok(()) };
        let series = match self.ids.get(tag) {
            Some(id) => *id,
            None if self.ids.len() == MOST_TAGS => return Err(ImportError::Tags { most: MOST_TAGS }),
            None => {
                let id = history.series(&[tag])[0];
                self.ids.insert(tag.to_owned(), id);
                id
            }
        };
        self.batch.push(Row { series, sample });
        if self.batch.len() == BATCH { self.store() } else { Ok(()) }
    }

    fn store(&mut self) -> Result<(), ImportError> {
        let (Pass::Store(history), false) = (self.pass, self.batch.is_empty()) else { return Ok(()) };
        let rows = std::mem::take(&mut self.batch);
        let count = rows.len() as u64;
        let first = rows.iter().map(|row| row.sample.time).min();
        let last = rows.iter().map(|row| row.sample.time).max();
        history.import(rows).map_err(ImportError::Storing)?;
        self.summary.stored += count;
        self.summary.first = self.summary.first.into_iter().chain(first).min();
        self.summary.last = self.summary.last.max(last);
        Ok(())
    }
}
