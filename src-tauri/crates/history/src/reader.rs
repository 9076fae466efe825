//! Questions to the history, each answered from committed samples. The calls wait for the disk.

use model::{Sample, Timestamp};

use crate::sqlite::StoreFailure;
use crate::{Point, SeriesId, Span};

/// Why a question could not be answered.
pub type ReadError = StoreFailure;

/// Reads through its own read-only connections. Cheap to clone.
#[derive(Clone)]
pub struct Reader {}

impl Reader {
    /// The newest `n` samples, oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn latest(&self, _series: SeriesId, _n: usize) -> Result<Vec<Sample>, ReadError> {
        Ok(Vec::new())
    }

    /// The samples of a span in order of time, at most `limit`. The next page begins 1 ms after the last one's time.
    ///
    /// # Errors
    /// The disk's.
    pub fn raw(&self, _series: SeriesId, _span: Span, _limit: usize) -> Result<Vec<Sample>, ReadError> {
        Ok(Vec::new())
    }

    /// What a picture `pixels` wide needs: real samples, in order of time. Of each column the first, the smallest, the
    /// largest and the last, and the ends of every stretch without a good value, so that neither a spike nor a gap is
    /// hidden. The newest sample before the span comes first, so that the line starts at the left edge.
    ///
    /// # Errors
    /// The disk's.
    pub fn minmax(&self, _series: SeriesId, _span: Span, _pixels: u32) -> Result<Vec<Point>, ReadError> {
        Ok(Vec::new())
    }

    /// For each series its newest sample at or before an instant.
    ///
    /// # Errors
    /// The disk's.
    pub fn at(&self, series: &[SeriesId], _time: Timestamp) -> Result<Vec<Option<Sample>>, ReadError> {
        Ok(vec![None; series.len()])
    }
}
