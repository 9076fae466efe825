//! Reading a file into a history, and what became of its rows.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use history::{History, StoreFailure};
use model::Timestamp;

use crate::batches::{Batches, Pass};
use crate::mapping::{Mapping, MappingError};
use crate::{csv_in, parquet_in};

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// What its columns mean; not needed for a file that Andon exported.
    pub mapping: Option<&'a Mapping>,
    /// The time now: what lies more than a day after it is refused.
    pub now: Timestamp,
    /// Whether one wrong row keeps the whole file out.
    pub strict: bool,
}

/// What became of a file's rows.
#[derive(Debug, Default)]
pub struct Summary {
    /// Rows read.
    pub rows: u64,
    /// Samples stored, which are on disk.
    pub stored: u64,
    /// Different tags among them.
    pub tags: usize,
    /// The time of the earliest of them.
    pub first: Option<Timestamp>,
    /// The time of the latest of them.
    pub last: Option<Timestamp>,
    /// Rows refused.
    pub refused: u64,
    /// The first of these, at most 20.
    pub refusals: Vec<Refusal>,
    /// Why the rest of the file was not read; none where all of it was.
    pub stopped: Option<ImportError>,
}

/// A row that was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it is, such as `line 17`.
    pub place: String,
    /// What is wrong and what to do.
    pub words: String,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The disk does not give it.
    #[error("the file cannot be read")]
    Reading(#[source] io::Error),
    /// It is text, but not UTF-8.
    #[error("the file is UTF-16; save it as UTF-8")]
    Encoding,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Nobody said what its columns mean.
    #[error("it is no file that Andon exported: say with a mapping what its columns mean; it has {columns}")]
    Unknown {
        /// Its columns.
        columns: String,
    },
    /// The mapping is for another file.
    #[error("the mapping does not fit the file")]
    Mapping(#[source] MappingError),
    /// What follows cannot be read, as it is not known where the record ends.
    #[error(
        "the record that begins in line {line} is too large: more than 1 MiB or {most} cells; is a quote never closed?"
    )]
    Record {
        /// From 1.
        line: u64,
        /// Most cells.
        most: usize,
    },
    /// It is called Parquet and is not, or is damaged.
    #[error("the Parquet file cannot be read: {0}")]
    Parquet(String),
    /// History does not take the samples.
    #[error("history does not take them")]
    Storing(#[source] StoreFailure),
    /// The wrong column.
    #[error("it names more than {most} tags; is the column of the tags the right one?")]
    Tags {
        /// Most tags.
        most: usize,
    },
    /// A row is wrong and none was to be.
    #[error("a row is wrong, so nothing was stored")]
    Refused,
    /// It was told to end.
    #[error("the import was cancelled")]
    Cancelled,
}

/// Reads a file, CSV or Parquet as its first bytes say, and stores its samples. `watch` is told how much of the file is
/// behind it, 0 to 1, and says whether to go on. Doing it again is harmless: a sample of the same tag and time takes the
/// place of the one before.
pub fn import(
    file: &mut File,
    history: &History,
    how: Import<'_>,
    watch: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Summary {
    if how.strict {
        let checked = pass(file, Pass::Check, how, watch);
        if checked.stopped.is_some() {
            return checked;
        }
    }
    pass(file, Pass::Store(history), how, watch)
}

fn pass(file: &mut File, pass: Pass<'_>, how: Import<'_>, watch: &mut dyn FnMut(f64) -> ControlFlow<()>) -> Summary {
    let mut batches = Batches::new(pass, how.now);
    let outcome = read(file, how.mapping, &mut batches, watch);
    batches.end(outcome)
}

fn read(
    file: &mut File,
    mapping: Option<&Mapping>,
    batches: &mut Batches<'_>,
    watch: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(), ImportError> {
    let mut begin = Vec::new();
    file.rewind().and_then(|()| file.by_ref().take(4).read_to_end(&mut begin)).map_err(ImportError::Reading)?;
    file.rewind().map_err(ImportError::Reading)?;
    if begin == *b"PAR1" {
        parquet_in::read(file, mapping, batches, watch)
    } else {
        csv_in::read(file, mapping, batches, watch)
    }
}

/// The columns of a file in words.
pub(crate) fn listed(columns: &[String]) -> String {
    let shown: Vec<&str> = columns.iter().map(String::as_str).take(20).collect();
    let more =
        if columns.len() > shown.len() { format!(" and {} more", columns.len() - shown.len()) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
