//! The samples of many tags in order of time, a slice of the span at once.
//!
//! A slice is as wide as gives about [`SAMPLES`] of them, so that its memory is bounded however long the span is and
//! however many tags there are.

use history::{ReadError, Reader, SeriesId, Span};
use model::{Sample, Timestamp};

/// Most samples in memory: about 20 MB.
const SAMPLES: usize = 400_000;
/// Least samples of one tag that are read at once.
const LEAST: usize = 16;
/// The first slice's width, milliseconds: about a block of history.
const WIDTH: i64 = 3_600_000;

/// One tag's sample.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Whose, in the order of the selection.
    pub tag: usize,
    pub sample: Sample,
}

/// All samples of a part of the span.
pub(crate) struct Slice {
    /// In order of time; at one time in order of the tags.
    pub rows: Vec<Row>,
    /// The end of the part, which begins where the one before ended.
    pub end: Timestamp,
}

/// Reads slice by slice.
pub(crate) struct Slices<'a> {
    reader: &'a Reader,
    series: &'a [SeriesId],
    at: Timestamp,
    to: Timestamp,
    /// Milliseconds.
    width: i64,
    most: usize,
}

impl<'a> Slices<'a> {
    pub(crate) fn new(reader: &'a Reader, series: &'a [SeriesId], span: Span) -> Self {
        Self { reader, series, at: span.from, to: span.to, width: WIDTH, most: SAMPLES }
    }

    /// The next slice; `None` at the end of the span.
    pub(crate) fn next(&mut self) -> Result<Option<Slice>, ReadError> {
        if self.at >= self.to {
            return Ok(None);
        }
        let limit = (self.most / self.series.len().max(1)).max(LEAST);
        let mut end = Timestamp::from_millis(self.at.millis().saturating_add(self.width)).min(self.to);
        let mut rows = Vec::new();
        for (tag, series) in self.series.iter().enumerate() {
            let found = self.reader.raw(*series, Span { from: self.at, to: end }, limit)?;
            if found.len() == limit
                && let Some(last) = found.last()
            {
                // There may be more of it: the slice ends here for all.
                end = end.min(Timestamp::from_millis(last.time.millis().saturating_add(1)));
            }
            rows.extend(found.into_iter().map(|sample| Row { tag, sample }));
        }
        rows.retain(|row| row.sample.time < end);
        // Stable: the rows of one time stay in the order of the tags.
        rows.sort_by_key(|row| row.sample.time);
        let width = end.millis_since(self.at);
        self.width = if rows.len() < self.most / 4 { width.saturating_mul(4) } else { width };
        self.at = end;
        Ok(Some(Slice { rows, end }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use history::{History, Options, Row as Recorded};
    use model::{Clock, Now, Value};

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Now {
            Now::default()
        }
    }

    #[test]
    fn a_slice_is_never_larger_than_its_bound_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { retention: None };
        let history =
            History::open_with(&folder.path().join("history.db"), Arc::new(Stopped), options).expect("a history");
        let series = history.series(&["slow", "fast", "none"]);
        let sample = |millis: i64| Sample::good(Timestamp::from_millis(millis), Value::Int(millis));
        let slow = (0..40).map(|i| Recorded { series: series[0], sample: sample(i * 3_600_000) });
        let fast = (0..5_000).map(|i| Recorded { series: series[1], sample: sample(3_000_000 + i * 100) });
        history.import(slow.chain(fast).collect()).expect("imports");
        let reader = history.reader();
        let span = Span { from: Timestamp::from_millis(0), to: Timestamp::from_millis(40 * 3_600_000) };
        let mut slices = Slices { most: 300, ..Slices::new(&reader, &series, span) };
        let (mut all, mut before) = (Vec::new(), span.from);
        while let Some(slice) = slices.next().expect("reads") {
            assert!(slice.rows.len() <= 300, "{} rows in one slice", slice.rows.len());
            assert!(slice.rows.iter().all(|row| (before..slice.end).contains(&row.sample.time)));
            before = slice.end;
            all.extend(slice.rows.into_iter().map(|row| (row.sample.time, row.tag)));
        }
        assert_eq!(all.len(), 5_040);
        assert!(all.is_sorted(), "in order of time, at one time in order of the tags");
    }
}
