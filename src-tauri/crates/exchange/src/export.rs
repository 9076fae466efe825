//! What is exported, in which format, and how far it is.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use history::{ReadError, Reader, SeriesId, Span};
use jiff::tz::TimeZone;
use model::Timestamp;

use crate::slices::{Slice, Slices};
use crate::{csv_out, instant, parquet_out};

/// What is exported.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The tags by their full ids, in the order of the columns. One that was never recorded has no samples.
    pub tags: Vec<String>,
    /// The span, its end not included.
    pub span: Span,
    /// Nothing is known after this: where a value is held, it is held no longer.
    pub known_until: Timestamp,
}

/// In which format.
#[derive(Clone, Debug)]
pub enum Format {
    /// CSV after RFC 4180: commas, UTF-8, a header, CRLF.
    Csv(Csv),
    /// Parquet: a row a sample, times in UTC.
    Parquet,
}

/// How a CSV is laid out.
#[derive(Clone, Debug)]
pub struct Csv {
    /// What a row is.
    pub form: Form,
    /// The zone whose offset the times have.
    pub zone: TimeZone,
}

/// What a row of a CSV is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A sample: time, tag, value, quality.
    Long,
    /// An instant: its time, and for each tag the value and its quality.
    Wide {
        /// Without it, the instants at which any of the tags has a sample, and empty cells for the others. With it, an
        /// instant each so much time from the beginning of the span, with the values that hold then. At least 1 ms.
        every: Option<Duration>,
    },
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// How much of the span is behind it, 0 to 1.
    pub share: f64,
}

/// Why an export ended early. What was written until then is no whole file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// History does not answer.
    #[error("history cannot be read")]
    Reading(#[source] ReadError),
    /// Nobody takes what is written.
    #[error("the file cannot be written")]
    Writing(#[source] io::Error),
    /// It was told to end.
    #[error("the export was cancelled")]
    Cancelled,
    /// Nothing to write.
    #[error("no tag is chosen")]
    NoTags,
    /// A step of nothing leads nowhere.
    #[error("the interval is shorter than 1 ms")]
    Interval,
}

/// Writes a selection of a history, asking `watch` between any two slices and every few thousand rows whether to go on.
///
/// # Errors
/// [`ExportError`]; `out` has a part of the file then.
pub fn export(
    reader: &Reader,
    selection: &Selection,
    format: &Format,
    out: impl Write + Send,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Progress, ExportError> {
    if selection.tags.is_empty() {
        return Err(ExportError::NoTags);
    }
    let names: Vec<&str> = selection.tags.iter().map(String::as_str).collect();
    let series = reader.series(&names);
    let source = Source { reader, names, series, span: instant::sayable(selection.span) };
    let mut course = Course { watch, span: source.span, progress: Progress::default() };
    match format {
        Format::Csv(csv) => match csv.form {
            Form::Long => csv_out::long(&source, &csv.zone, out, &mut course)?,
            Form::Wide { every: None } => csv_out::wide(&source, &csv.zone, out, &mut course)?,
            Form::Wide { every: Some(every) } => {
                let step = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
                if step < 1 {
                    return Err(ExportError::Interval);
                }
                csv_out::held(&source, &csv.zone, step, selection.known_until, out, &mut course)?;
            }
        },
        Format::Parquet => parquet_out::write(&source, out, &mut course)?,
    }
    course.reached(source.span.to)?;
    Ok(course.progress)
}

/// Where the rows come from.
pub(crate) struct Source<'a> {
    pub reader: &'a Reader,
    pub names: Vec<&'a str>,
    pub series: Vec<SeriesId>,
    pub span: Span,
}

impl Source<'_> {
    /// Hands slice by slice to `take`, and the course is told.
    pub(crate) fn walk(
        &self,
        course: &mut Course<'_>,
        mut take: impl FnMut(Slice, &mut Course<'_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut slices = Slices::new(self.reader, &self.series, self.span);
        while let Some(slice) = slices.next().map_err(ExportError::Reading)? {
            let end = slice.end;
            take(slice, course)?;
            course.reached(end)?;
        }
        Ok(())
    }
}

/// How far it is, for whoever watches.
pub(crate) struct Course<'a> {
    watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    span: Span,
    progress: Progress,
}

impl Course<'_> {
    /// A row of this time is written.
    pub(crate) fn row(&mut self, time: Timestamp) -> Result<(), ExportError> {
        const ROWS: u64 = 4096;
        self.progress.rows += 1;
        if self.progress.rows.is_multiple_of(ROWS) { self.reached(time) } else { Ok(()) }
    }

    /// Everything before this time is written.
    #[expect(clippy::cast_precision_loss, reason = "a share to look at")]
    pub(crate) fn reached(&mut self, time: Timestamp) -> Result<(), ExportError> {
        let whole = self.span.to.millis_since(self.span.from).max(1) as f64;
        self.progress.share = (time.millis_since(self.span.from) as f64 / whole).clamp(0.0, 1.0);
        match (self.watch)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ExportError::Cancelled),
        }
    }
}
