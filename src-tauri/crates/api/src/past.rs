//! The samples of several tags as one past, in order of time, read page by page.

use std::vec::IntoIter;

use history::{ReadError, Reader, SeriesId, Span};
use model::{Sample, TagIndex, Timestamp, Value};

/// Samples read at once.
const PAGE: usize = 65_536;
/// Of a tag that is recorded as a line, what lies between two samples is told this often, milliseconds.
const STEP: i64 = 1_000;

/// A tag whose past is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub tag: TagIndex,
    pub series: SeriesId,
    /// Whether the straight line between two samples is what was so.
    pub is_sloped: bool,
}

/// The past of some tags.
pub(crate) struct Past<'r> {
    streams: Vec<Stream<'r>>,
}

/// The past of one tag.
struct Stream<'r> {
    reader: &'r Reader,
    wanted: Wanted,
    left: Span,
    is_over: bool,
    page: IntoIter<Sample>,
    /// The newest recorded sample that was told, where a line begins at it.
    line: Option<(Sample, Sample)>,
    next: Option<Sample>,
}

impl<'r> Past<'r> {
    /// The past of a span. The newest samples before it come first, as of its beginning.
    pub fn open(reader: &'r Reader, wanted: &[Wanted], span: Span) -> Result<Past<'r>, ReadError> {
        let series: Vec<SeriesId> = wanted.iter().map(|wanted| wanted.series).collect();
        let before = reader.at(&series, Timestamp::from_millis(span.from.millis().saturating_sub(1)))?;
        let mut streams = Vec::with_capacity(wanted.len());
        for (wanted, before) in wanted.iter().zip(before) {
            let page = Vec::new().into_iter();
            let mut stream =
                Stream { reader, wanted: *wanted, left: span, is_over: false, page, line: None, next: None };
            stream.next = match before {
                Some(before) => Some(Sample { time: span.from, ..before }),
                None => stream.read()?,
            };
            streams.push(stream);
        }
        Ok(Past { streams })
    }

    /// The next sample of any of them; none at the end.
    pub fn next(&mut self) -> Result<Option<(TagIndex, Sample)>, ReadError> {
        let due = |stream: &&mut Stream<'r>| stream.next.is_some();
        let Some(stream) = self.streams.iter_mut().filter(due).min_by_key(|stream| stream.time()) else {
            return Ok(None);
        };
        let sample = stream.take()?;
        Ok(sample.map(|sample| (stream.wanted.tag, sample)))
    }
}

impl Stream<'_> {
    fn time(&self) -> Option<Timestamp> {
        self.next.as_ref().map(|sample| sample.time)
    }

    fn take(&mut self) -> Result<Option<Sample>, ReadError> {
        let Some(sample) = self.next.take() else { return Ok(None) };
        self.next = match self.line.take() {
            Some((begin, end)) => self.along(begin, end, sample.time),
            None => match self.read()? {
                Some(next) if self.wanted.is_sloped => self.along(sample.clone(), next, sample.time),
                next => next,
            },
        };
        Ok(Some(sample))
    }

    /// What comes after `told` on the way from one recorded sample to the next: a point of the line, or the sample.
    fn along(&mut self, begin: Sample, end: Sample, told: Timestamp) -> Option<Sample> {
        let at = told.millis().saturating_add(STEP);
        let is_line = begin.quality.is_good() && end.quality.is_good() && at < end.time.millis();
        let (Some(from), Some(to), true) = (begin.number(), end.number(), is_line) else { return Some(end) };
        #[expect(clippy::cast_precision_loss, reason = "a part of a stretch of days, in milliseconds")]
        let part = (at - begin.time.millis()) as f64 / end.time.millis_since(begin.time) as f64;
        let value = Value::Float(from + (to - from) * part);
        let time = Timestamp::from_millis(at);
        let point = Sample { time, received: time, value: Some(value), quality: begin.quality };
        self.line = Some((begin, end));
        Some(point)
    }

    fn read(&mut self) -> Result<Option<Sample>, ReadError> {
        if let Some(sample) = self.page.next() {
            return Ok(Some(sample));
        }
        if self.is_over {
            return Ok(None);
        }
        let page = self.reader.raw(self.wanted.series, self.left, PAGE)?;
        self.is_over = page.len() < PAGE;
        if let Some(last) = page.last() {
            self.left.from = Timestamp::from_millis(last.time.millis().saturating_add(1));
        }
        self.page = page.into_iter();
        Ok(self.page.next())
    }
}
