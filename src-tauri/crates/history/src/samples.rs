//! Samples of one series in order of time, as columns: what a tail holds and what a block unpacks to.
//!
//! Most series have one kind of value, one quality and no delay. Those columns take no memory until a sample differs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::{Quality, Sample, Timestamp, Value};

/// What the bits of a value mean. The numbers are in files: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    None = 0,
    Bool = 1,
    Int = 2,
    UInt = 3,
    Float = 4,
    /// The text lies apart, under its time.
    Text = 5,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] = [Kind::None, Kind::Bool, Kind::Int, Kind::UInt, Kind::Float, Kind::Text];

    pub(crate) fn of(code: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(code)).copied()
    }
}

/// What many samples in a row have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub kind: Kind,
    pub quality: Quality,
}

/// One sample, unpacked. Times are milliseconds since the epoch; `delay` is the time of arrival less the time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub time: i64,
    pub mark: Mark,
    pub bits: u64,
    pub delay: i64,
    pub text: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    times: Vec<i64>,
    bits: Vec<u64>,
    palette: Vec<Mark>,
    /// For each sample its place in the palette; empty while there is one mark only.
    marks: Vec<u32>,
    /// Empty while all are zero.
    delays: Vec<i64>,
    texts: BTreeMap<i64, Arc<str>>,
    text_bytes: usize,
}

impl Cell {
    /// What of a sample is kept. What is not finite is bad and without a value.
    pub(crate) fn of(sample: &Sample) -> Cell {
        let time = sample.time.millis();
        let delay = sample.received.millis().wrapping_sub(time);
        let mut quality = sample.quality;
        let mut text = None;
        let (kind, bits) = match &sample.value {
            None => (Kind::None, 0),
            Some(Value::Bool(x)) => (Kind::Bool, u64::from(*x)),
            Some(Value::Int(x)) => (Kind::Int, x.cast_unsigned()),
            Some(Value::UInt(x)) => (Kind::UInt, *x),
            Some(Value::Float(x)) if x.is_finite() => (Kind::Float, x.to_bits()),
            Some(Value::Float(_)) => {
                quality = quality.worst(Quality::BAD_OUT_OF_RANGE);
                (Kind::None, 0)
            }
            Some(Value::Text(x)) => {
                text = Some(Arc::clone(x));
                (Kind::Text, 0)
            }
        };
        Cell { time, mark: Mark { kind, quality }, bits, delay, text }
    }

    /// The mark that samples were lost from here on.
    pub(crate) fn gap(time: i64) -> Cell {
        let mark = Mark { kind: Kind::None, quality: Quality::BAD_NO_DATA };
        Cell { time, mark, bits: 0, delay: 0, text: None }
    }

    pub(crate) fn sample(self) -> Sample {
        let value = match self.mark.kind {
            Kind::None => None,
            Kind::Bool => Some(Value::Bool(self.bits != 0)),
            Kind::Int => Some(Value::Int(self.bits.cast_signed())),
            Kind::UInt => Some(Value::UInt(self.bits)),
            Kind::Float => Some(Value::Float(f64::from_bits(self.bits))),
            Kind::Text => self.text.map(Value::Text),
        };
        Sample {
            time: Timestamp::from_millis(self.time),
            received: Timestamp::from_millis(self.time.wrapping_add(self.delay)),
            value,
            quality: self.mark.quality,
        }
    }
}

impl Samples {
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn times(&self) -> &[i64] {
        &self.times
    }

    pub(crate) fn first(&self) -> Option<i64> {
        self.times.first().copied()
    }

    pub(crate) fn last(&self) -> Option<i64> {
        self.times.last().copied()
    }

    pub(crate) fn bits(&self, i: usize) -> u64 {
        self.bits[i]
    }

    pub(crate) fn mark(&self, i: usize) -> Mark {
        self.palette[self.marks.get(i).map_or(0, |mark| *mark as usize)]
    }

    pub(crate) fn delay(&self, i: usize) -> i64 {
        self.delays.get(i).copied().unwrap_or(0)
    }

    pub(crate) fn text(&self, i: usize) -> Option<&Arc<str>> {
        self.texts.get(&self.times[i])
    }

    /// Bytes of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The only mark, where all samples have the same.
    pub(crate) fn only_mark(&self) -> Option<Mark> {
        if self.marks.is_empty() { self.palette.first().copied() } else { None }
    }

    pub(crate) fn has_delays(&self) -> bool {
        !self.delays.is_empty()
    }

    /// The number to draw and calculate with: none for a bad sample, a text and what has no value.
    #[expect(clippy::cast_precision_loss, reason = "a picture of the number, as in Value::number")]
    pub(crate) fn number(&self, i: usize) -> Option<f64> {
        let Mark { kind, quality } = self.mark(i);
        if quality.is_bad() {
            return None;
        }
        let bits = self.bits[i];
        match kind {
            Kind::None | Kind::Text => None,
            Kind::Bool => Some(if bits == 0 { 0.0 } else { 1.0 }),
            Kind::Int => Some(bits.cast_signed() as f64),
            Kind::UInt => Some(bits as f64),
            Kind::Float => Some(f64::from_bits(bits)),
        }
    }

    pub(crate) fn cell(&self, i: usize) -> Cell {
        let mark = self.mark(i);
        let text = if mark.kind == Kind::Text { self.text(i).cloned() } else { None };
        Cell { time: self.times[i], mark, bits: self.bits[i], delay: self.delay(i), text }
    }

    pub(crate) fn sample(&self, i: usize) -> Sample {
        self.cell(i).sample()
    }

    /// The samples at or after one time and before another.
    pub(crate) fn range(&self, from: i64, to: i64) -> Range<usize> {
        let begin = self.times.partition_point(|time| *time < from);
        let end = self.times.partition_point(|time| *time < to);
        begin..end.max(begin)
    }

    /// Whether there is a sample in a stretch, both ends included.
    pub(crate) fn touches(&self, first: i64, last: i64) -> bool {
        let begin = self.times.partition_point(|time| *time < first);
        self.times.get(begin).is_some_and(|time| *time <= last)
    }

    /// The newest sample at or before a time.
    pub(crate) fn at(&self, time: i64) -> Option<usize> {
        self.times.partition_point(|other| *other <= time).checked_sub(1)
    }

    /// Puts a sample where it belongs; one of the same time is replaced.
    pub(crate) fn put(&mut self, cell: Cell) {
        if self.times.last().is_none_or(|last| *last < cell.time) {
            self.push(cell);
            return;
        }
        let place = self.times.partition_point(|time| *time < cell.time);
        let replaces = self.times[place] == cell.time;
        let mark = self.mark_of(cell.mark);
        if self.marks.is_empty() && mark > 0 {
            self.marks = vec![0; self.times.len()];
        }
        if self.delays.is_empty() && cell.delay != 0 {
            self.delays = vec![0; self.times.len()];
        }
        if replaces {
            self.bits[place] = cell.bits;
            self.text_bytes -= self.texts.remove(&cell.time).map_or(0, |text| text.len());
            if let Some(at) = self.marks.get_mut(place) {
                *at = mark;
            }
            if let Some(at) = self.delays.get_mut(place) {
                *at = cell.delay;
            }
        } else {
            self.times.insert(place, cell.time);
            self.bits.insert(place, cell.bits);
            if !self.marks.is_empty() {
                self.marks.insert(place, mark);
            }
            if !self.delays.is_empty() {
                self.delays.insert(place, cell.delay);
            }
        }
        self.add_text(cell.time, cell.text);
    }

    /// Adds a sample that is newer than all.
    fn push(&mut self, cell: Cell) {
        let mark = self.mark_of(cell.mark);
        let len = self.times.len();
        if len == self.times.capacity() {
            // A tail of an hour is most of this program's memory: it must not be half empty.
            let more = (len / 8).max(16);
            self.times.reserve_exact(more);
            self.bits.reserve_exact(more);
        }
        if mark > 0 || !self.marks.is_empty() {
            self.marks.resize(len, 0);
            self.marks.push(mark);
        }
        if cell.delay != 0 || !self.delays.is_empty() {
            self.delays.resize(len, 0);
            self.delays.push(cell.delay);
        }
        self.times.push(cell.time);
        self.bits.push(cell.bits);
        self.add_text(cell.time, cell.text);
    }

    /// There is none at this time yet.
    fn add_text(&mut self, time: i64, text: Option<Arc<str>>) {
        if let Some(text) = text {
            self.text_bytes += text.len();
            self.texts.insert(time, text);
        }
    }

    fn mark_of(&mut self, mark: Mark) -> u32 {
        let place = self.palette.iter().rposition(|known| *known == mark).unwrap_or_else(|| {
            self.palette.push(mark);
            self.palette.len() - 1
        });
        u32::try_from(place).expect("there are fewer marks than samples in memory")
    }

    /// A copy of a part.
    pub(crate) fn part(&self, range: Range<usize>) -> Samples {
        let mut part = Samples {
            times: self.times[range.clone()].to_vec(),
            bits: self.bits[range.clone()].to_vec(),
            ..Samples::default()
        };
        if !self.delays.is_empty() && self.delays[range.clone()].iter().any(|delay| *delay != 0) {
            part.delays = self.delays[range.clone()].to_vec();
        }
        if self.marks.is_empty() {
            part.palette.clone_from(&self.palette);
        } else {
            let mut places = vec![None; self.palette.len()];
            let marks = self.marks[range.clone()].iter().map(|mark| {
                *places[*mark as usize].get_or_insert_with(|| {
                    part.palette.push(self.palette[*mark as usize]);
                    u32::try_from(part.palette.len() - 1).expect("no more than there were")
                })
            });
            part.marks = marks.collect();
            if part.palette.len() < 2 {
                part.marks = Vec::new();
            }
        }
        if let (Some(first), Some(last)) = (part.first(), part.last())
            && !self.texts.is_empty()
        {
            self.texts.range(first..=last).for_each(|(time, text)| part.add_text(*time, Some(Arc::clone(text))));
        }
        part
    }

    /// The samples before one time or at and after another: what stays when the middle is taken out.
    #[must_use]
    pub(crate) fn without(&self, from: i64, to: i64) -> Samples {
        let middle = self.range(from, to);
        if middle.start == 0 {
            return self.part(middle.end..self.len());
        }
        let mut rest = self.part(0..middle.start);
        (middle.end..self.len()).for_each(|i| rest.put(self.cell(i)));
        rest
    }

    /// These samples and others; of two of the same time the other one.
    #[must_use]
    pub(crate) fn overlaid(mut self, over: &Samples) -> Samples {
        if over.is_empty() {
            return self;
        }
        if self.is_empty() {
            return over.clone();
        }
        if self.last() < over.first() {
            (0..over.len()).for_each(|i| self.push(over.cell(i)));
            return self;
        }
        let mut merged = Samples::default();
        let (mut own, mut other) = (0, 0);
        while own < self.len() && other < over.len() {
            let (a, b) = (self.times[own], over.times[other]);
            if a < b {
                merged.push(self.cell(own));
                own += 1;
            } else {
                merged.push(over.cell(other));
                other += 1;
                own += usize::from(a == b);
            }
        }
        (own..self.len()).for_each(|i| merged.push(self.cell(i)));
        (other..over.len()).for_each(|i| merged.push(over.cell(i)));
        merged
    }

    /// From columns of one length, times ascending; `marks` into `palette`, or empty for the first mark.
    pub(crate) fn from_columns(
        times: Vec<i64>,
        bits: Vec<u64>,
        palette: Vec<Mark>,
        marks: Vec<u32>,
        delays: Vec<i64>,
        texts: BTreeMap<i64, Arc<str>>,
    ) -> Samples {
        let text_bytes = texts.values().map(|text| text.len()).sum();
        Samples { times, bits, palette, marks, delays, texts, text_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(time: i64, x: f64) -> Cell {
        Cell::of(&Sample::good(Timestamp::from_millis(time), Value::Float(x)))
    }

    fn of(cells: &[Cell]) -> Samples {
        let mut samples = Samples::default();
        cells.iter().for_each(|cell| samples.put(cell.clone()));
        samples
    }

    fn cells(samples: &Samples) -> Vec<Cell> {
        (0..samples.len()).map(|i| samples.cell(i)).collect()
    }

    #[test]
    fn whatever_the_order_the_result_is_in_order_and_the_last_word_counts() {
        let samples = of(&[number(3, 3.0), number(1, 1.0), Cell::gap(2), number(3, 4.0), number(0, 0.0)]);
        assert_eq!(cells(&samples), [number(0, 0.0), number(1, 1.0), Cell::gap(2), number(3, 4.0)]);
    }

    #[test]
    fn a_text_goes_with_its_sample() {
        let text = |time, x: &str| Cell::of(&Sample::good(Timestamp::from_millis(time), Value::text(x)));
        let mut samples = of(&[text(1, "a"), text(2, "b"), text(3, "c")]);
        samples.put(number(2, 5.0));
        assert_eq!(cells(&samples.part(1..3)), [number(2, 5.0), text(3, "c")]);
        assert_eq!(cells(&samples.without(2, 3)), [text(1, "a"), text(3, "c")]);
    }

    #[test]
    fn what_is_laid_over_wins() {
        let below = of(&[number(1, 1.0), number(2, 1.0), number(5, 1.0)]);
        let over = of(&[number(2, 2.0), Cell::gap(4), number(6, 2.0)]);
        let expect = [number(1, 1.0), number(2, 2.0), Cell::gap(4), number(5, 1.0), number(6, 2.0)];
        assert_eq!(cells(&below.overlaid(&over)), expect);
    }
}
