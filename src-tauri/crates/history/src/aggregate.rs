//! Aggregates over intervals, after OPC UA Part 13 (Aggregates, 1.05).
//!
//! A value holds until the next sample: bounds are simple and stepped (3.1.8, 3.1.9), which invents nothing. An uncertain value counts
//! as bad, and any time that is not good makes the result uncertain: `TreatUncertainAsBad` is true, `PercentDataBad` and
//! `PercentDataGood` are 100 (4.2.1.2). Every summary is made of sums, so that summaries of neighbouring intervals can be added.

use model::{Quality, Severity, Timestamp};

use crate::blocks::Block;
use crate::reader::{Need, PAGE, ReadError, Reader, Stretch, Walk};
use crate::roll::{MINUTE, Roll};
use crate::samples::Samples;
use crate::{SeriesId, Span};

/// Intervals of one question at most.
pub const MOST_INTERVALS: usize = 100_000;

/// What a series did in one interval. Durations are milliseconds; they add up to the length of the interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The interval. The last one of a question may be shorter than the others.
    pub span: Span,
    /// Good samples in it (Count).
    pub count: usize,
    /// Least and greatest number of the good samples in it (Minimum, Maximum); none where there is none.
    pub range: Option<(f64, f64)>,
    /// The good number that held up to the beginning, if one did.
    pub start: Option<f64>,
    /// The last good number that holds or comes in the interval.
    pub end: Option<f64>,
    /// Number times milliseconds, over the good time (Total, with milliseconds for its unit).
    pub sum: f64,
    /// Time with a good value, a text too (DurationGood).
    pub good: i64,
    /// Time with an uncertain one.
    pub uncertain: i64,
    /// Time with a bad one (DurationBad, beside what is uncertain).
    pub bad: i64,
    /// Time before the first sample that there is.
    pub missing: i64,
    /// Whether a sample that is not good came, for however short a time.
    pub doubtful: bool,
}

impl Summary {
    fn new(span: Span) -> Self {
        Self {
            span,
            count: 0,
            range: None,
            start: None,
            end: None,
            sum: 0.0,
            good: 0,
            uncertain: 0,
            bad: 0,
            missing: 0,
            doubtful: false,
        }
    }

    /// The average over the good time (TimeAverage2); none without a number.
    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    pub fn time_average(&self) -> Option<f64> {
        (self.good > 0 && self.end.is_some()).then(|| self.sum / self.good as f64)
    }

    /// Least and greatest number, that which held up to the beginning too (Minimum2, Maximum2).
    pub fn range_with_start(&self) -> Option<(f64, f64)> {
        match (self.range, self.start) {
            (Some((least, greatest)), Some(start)) => Some((least.min(start), greatest.max(start))),
            (range, start) => range.or(start.map(|start| (start, start))),
        }
    }

    /// Share of the interval with a good value, 0 to 100 (PercentGood).
    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    pub fn percent_good(&self) -> f64 {
        let length = self.good + self.uncertain + self.bad + self.missing;
        if length > 0 { self.good as f64 / length as f64 * 100.0 } else { 0.0 }
    }

    /// How far to trust what is calculated from the interval (Part 13, 5.4.3).
    pub fn quality(&self) -> Quality {
        if self.good == 0 && self.count == 0 {
            return if self.uncertain + self.bad == 0 { Quality::BAD_NO_DATA } else { Quality::BAD };
        }
        let whole = self.uncertain + self.bad + self.missing == 0 && !self.doubtful;
        if whole { Quality::GOOD } else { Quality::UNCERTAIN_SUBNORMAL }
    }

    /// This interval and the next one as one.
    #[must_use]
    pub fn joined(&self, next: &Summary) -> Summary {
        let range = match (self.range, next.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        Summary {
            span: Span { from: self.span.from, to: next.span.to },
            count: self.count + next.count,
            range,
            start: self.start,
            end: next.end.or(self.end),
            sum: self.sum + next.sum,
            good: self.good + next.good,
            uncertain: self.uncertain + next.uncertain,
            bad: self.bad + next.bad,
            missing: self.missing + next.missing,
            doubtful: self.doubtful || next.doubtful,
        }
    }
}

impl Reader {
    /// What a series did in each interval of `step` milliseconds, from the beginning of the span on. The newest value holds up to the
    /// end of the span: whoever does not want to know the future ends it now. Long intervals are answered from roll-ups, so that
    /// about as much is read as there are intervals.
    ///
    /// The answer is empty for an empty span and for a step below 1 ms; it ends after [`MOST_INTERVALS`].
    ///
    /// # Errors
    /// The disk's reason.
    pub fn summaries(&self, series: SeriesId, span: Span, step: i64) -> Result<Vec<Summary>, ReadError> {
        let Some(mut fold) = Fold::new(span, step) else { return Ok(Vec::new()) };
        let before = self.newest_before(series, span.from)?;
        fold.begin(before.map(|sample| Held { number: sample.number(), severity: sample.quality.severity() }));
        let (span, from) = (fold.span, fold.span.from.millis());
        let minutes_serve = step % MINUTE == 0 && from % MINUTE == 0;
        let need = |block: &Block| {
            let Roll { doubts, .. } = block.roll;
            if doubts.gap || doubts.uncertain {
                Need::Samples
            } else if (block.first() - from) / step == (block.last() - from) / step {
                Need::Block
            } else if minutes_serve {
                Need::Minutes
            } else {
                Need::Samples
            }
        };
        self.walk(series, span, PAGE, need, |stretch| {
            match stretch {
                Stretch::Samples(samples, range) => range.for_each(|i| fold.sample(samples, i)),
                Stretch::Rolls([row]) => fold.row(row),
                Stretch::Rolls(minutes) => minutes.iter().for_each(|row| fold.row(&first_minute(row))),
            }
            Walk::On
        })?;
        Ok(fold.finish())
    }
}

/// The value that holds.
#[derive(Clone, Copy)]
struct Held {
    number: Option<f64>,
    severity: Severity,
}

impl Held {
    fn good_number(self) -> Option<f64> {
        self.number.filter(|_| self.severity == Severity::Good)
    }
}

/// Fills intervals from what comes in order of time.
struct Fold {
    span: Span,
    step: i64,
    intervals: Vec<Summary>,
    /// Everything before is accounted for.
    at: i64,
    held: Option<Held>,
}

impl Fold {
    fn new(span: Span, step: i64) -> Option<Fold> {
        let length = span.to.millis().checked_sub(span.from.millis()).filter(|length| *length > 0 && step > 0)?;
        let count = usize::try_from(length.unsigned_abs().div_ceil(step.unsigned_abs())).ok()?.min(MOST_INTERVALS);
        let mut intervals: Vec<Summary> = Vec::with_capacity(count);
        let mut from = span.from.millis();
        for _ in 0..count {
            let to = from.saturating_add(step).min(span.to.millis());
            intervals.push(Summary::new(Span { from: Timestamp::from_millis(from), to: Timestamp::from_millis(to) }));
            from = to;
        }
        let span = Span { from: span.from, to: Timestamp::from_millis(from) };
        Some(Fold { at: span.from.millis(), span, step, intervals, held: None })
    }

    fn begin(&mut self, held: Option<Held>) {
        self.held = held;
        self.intervals[0].start = held.and_then(Held::good_number);
    }

    /// The interval of an instant; the end of the span is in none.
    fn interval(&mut self, time: i64) -> Option<&mut Summary> {
        let i = usize::try_from((time - self.span.from.millis()) / self.step).ok()?;
        self.intervals.get_mut(i)
    }

    /// The value that holds goes on up to an instant.
    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    fn hold(&mut self, until: i64) {
        let until = until.min(self.span.to.millis());
        let held = self.held;
        while self.at < until {
            let at = self.at;
            let Some(interval) = self.interval(at) else { return };
            let end = interval.span.to.millis().min(until);
            let time = end - at;
            match held {
                None => interval.missing += time,
                Some(Held { severity: Severity::Bad, .. }) => interval.bad += time,
                Some(Held { severity: Severity::Uncertain, .. }) => interval.uncertain += time,
                Some(Held { number, severity: Severity::Good }) => {
                    interval.good += time;
                    interval.sum += number.unwrap_or(0.0) * time as f64;
                    interval.end = number.or(interval.end);
                }
            }
            self.come_to(end);
        }
    }

    /// Goes on to an instant of the interval that it is in, or to its end, where the next one begins with what holds now.
    fn come_to(&mut self, time: i64) {
        self.at = time;
        let start = self.held.and_then(Held::good_number);
        if let Some(interval) = self.interval(time)
            && interval.span.from.millis() == time
        {
            interval.start = start;
        }
    }

    fn sample(&mut self, samples: &Samples, i: usize) {
        let time = samples.times()[i];
        self.hold(time);
        let held = Held { number: samples.number(i), severity: samples.mark(i).quality.severity() };
        if let Some(interval) = self.interval(time) {
            if held.severity == Severity::Good {
                interval.count += 1;
                if let Some(x) = held.number {
                    interval.range = Some(interval.range.map_or((x, x), |(least, most)| (least.min(x), most.max(x))));
                    interval.end = Some(x);
                }
            } else {
                interval.doubtful = true;
            }
        }
        self.held = Some(held);
    }

    /// What is known of a stretch. Where it reaches over the border of an interval, which only happens where nothing finer is kept,
    /// each interval gets its share.
    fn row(&mut self, row: &Roll) {
        self.hold(row.from);
        let doubtful = row.doubts.gap || row.doubts.uncertain;
        let Some(interval) = self.interval(row.from) else { return };
        interval.count += row.count;
        let whole = row.until <= interval.span.to.millis();
        let length = row.until - row.from;
        while self.at < row.until || row.from == row.until {
            let at = self.at;
            let Some(interval) = self.interval(at) else { return };
            let until = row.until.min(interval.span.to.millis());
            let share = Share { part: until - at, of: length, done: at - row.from };
            interval.sum += share.of_number(row.sum);
            interval.good += share.of_time(row.good);
            interval.uncertain += share.of_time(row.uncertain);
            interval.bad += share.of_time(row.bad);
            interval.doubtful |= doubtful || !whole;
            interval.end = row.ends.map(|(_, last)| last).or(interval.end);
            if let Some((least, most)) = row.range {
                interval.range = Some(interval.range.map_or((least, most), |(a, b)| (a.min(least), b.max(most))));
            }
            let number = row.ends.map(|(_, last)| last);
            // What the last sample of a doubtful stretch was is not known.
            let severity = if doubtful { Severity::Uncertain } else { Severity::Good };
            self.held = Some(Held { number, severity });
            self.come_to(until);
            if row.from == row.until {
                return;
            }
        }
    }

    fn finish(mut self) -> Vec<Summary> {
        self.hold(self.span.to.millis());
        self.intervals
    }
}

/// Samples come in the minute in which a row begins; for the rest of it the last one holds.
#[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
fn first_minute(row: &Roll) -> Roll {
    let until = row.until.min((row.from.div_euclid(MINUTE) + 1) * MINUTE);
    match row.ends {
        Some((_, last)) if !row.doubts.gap && !row.doubts.uncertain => {
            let rest = row.until - until;
            Roll { until, good: row.good - rest, sum: row.sum - last * rest as f64, ..*row }
        }
        _ => *row,
    }
}

/// A part of a stretch, after another part that is done. Times are shared so that together they are what they were.
struct Share {
    part: i64,
    of: i64,
    done: i64,
}

impl Share {
    fn of_time(&self, time: i64) -> i64 {
        if self.part == self.of {
            return time;
        }
        let up_to = |part: i64| i128::from(time) * i128::from(part) / i128::from(self.of.max(1));
        i64::try_from(up_to(self.done + self.part) - up_to(self.done)).unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    fn of_number(&self, sum: f64) -> f64 {
        if self.part == self.of { sum } else { sum * self.part as f64 / self.of as f64 }
    }
}
