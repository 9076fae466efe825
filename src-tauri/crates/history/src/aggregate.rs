//! Aggregates over intervals, after OPC UA Part 13 (Aggregates, 1.05).
//!
//! Bounds are simple (3.1.8, 3.1.9). Stepped, a value holds until the next sample, which invents nothing. Sloped, it goes to the next
//! good sample on a straight line, as was promised where a swinging door recorded, and holds where what follows is not good. An
//! uncertain value counts as bad, and any time that is not good makes the result uncertain: `TreatUncertainAsBad` is true,
//! `PercentDataBad` and `PercentDataGood` are 100 (4.2.1.2). Every summary is made of sums, so that summaries of neighbouring intervals
//! can be added.
//!
//! Roll-ups have the sums of steps. So a sloped question is answered from samples, of which a swinging door leaves few, and where
//! those are gone from steps, which makes the answer uncertain.

use model::{Quality, Severity, Timestamp};

use crate::blocks::Block;
use crate::reader::{Need, PAGE, ReadError, Reader, Stretch, Walk};
use crate::roll::{MINUTE, Roll};
use crate::samples::Samples;
use crate::states::Interpolation;
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
    /// Least number of the good samples in it (Minimum); none where there is none.
    pub least: Option<Extreme>,
    /// Greatest number of the good samples in it (Maximum); none where there is none.
    pub greatest: Option<Extreme>,
    /// The good number that held up to the beginning, or to which the line led there, if there was one.
    pub start: Option<f64>,
    /// The last good number that holds or comes in the interval, or to which the line leads at its end.
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

/// The least or the greatest number of an interval, and when it first came: at an instant, where both times are the same, or in a
/// stretch of which only the roll-up was read. [`Reader::pinpoint`] looks for the instant there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extreme {
    /// The number.
    pub value: f64,
    /// Not before this time.
    pub from: Timestamp,
    /// Not after this time.
    pub to: Timestamp,
}

impl Extreme {
    /// The instant at which it came; none where only a stretch is known.
    pub fn time(&self) -> Option<Timestamp> {
        (self.from == self.to).then_some(self.from)
    }
}

/// The lesser of two, the first of them where they are equal.
fn lesser(one: Option<Extreme>, other: Option<Extreme>) -> Option<Extreme> {
    one.filter(|one| other.is_none_or(|other| one.value <= other.value)).or(other)
}

/// The greater of two, the first of them where they are equal.
fn greater(one: Option<Extreme>, other: Option<Extreme>) -> Option<Extreme> {
    one.filter(|one| other.is_none_or(|other| one.value >= other.value)).or(other)
}

impl Summary {
    fn new(span: Span) -> Self {
        Self {
            span,
            count: 0,
            least: None,
            greatest: None,
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

    /// Least and greatest number, those at both ends too (Minimum2, Maximum2).
    pub fn range(&self) -> Option<(f64, f64)> {
        let numbers =
            [self.least.map(|least| least.value), self.greatest.map(|greatest| greatest.value), self.start, self.end];
        let range = |range: Option<(f64, f64)>, x: f64| Some(range.map_or((x, x), |(a, b)| (a.min(x), b.max(x))));
        numbers.into_iter().flatten().fold(None, range)
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
        Summary {
            span: Span { from: self.span.from, to: next.span.to },
            count: self.count + next.count,
            least: lesser(self.least, next.least),
            greatest: greater(self.greatest, next.greatest),
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
    /// about as much is read as there are intervals; sloped ones from samples.
    ///
    /// The answer is empty for an empty span and for a step below 1 ms; it ends after [`MOST_INTERVALS`].
    ///
    /// # Errors
    /// The disk's reason.
    pub fn summaries(
        &self,
        series: SeriesId,
        span: Span,
        step: i64,
        how: Interpolation,
    ) -> Result<Vec<Summary>, ReadError> {
        let Some(mut fold) = Fold::new(span, step, how) else { return Ok(Vec::new()) };
        let before = self.newest_before(series, span.from)?;
        fold.begin(before.map(|sample| Held {
            time: sample.time.millis(),
            number: sample.number(),
            severity: sample.quality.severity(),
        }));
        let (span, from) = (fold.span, fold.span.from.millis());
        let minutes_serve = step % MINUTE == 0 && from % MINUTE == 0;
        let whole = |first: i64, last: i64| (first - from) / step == (last - from) / step;
        let need = |block: &Block| {
            let Roll { doubts, .. } = block.roll;
            if doubts.gap || doubts.uncertain || how == Interpolation::Sloped {
                Need::Samples
            } else if whole(block.first(), block.last()) {
                Need::Block
            } else if minutes_serve {
                Need::Minutes
            } else {
                Need::Samples
            }
        };
        let take = |stretch: Stretch<'_>| match stretch {
            Stretch::Samples(samples, range) => range.for_each(|i| fold.sample(samples, i)),
            Stretch::Rolls([row]) => fold.row(row),
            Stretch::Rolls(minutes) => minutes.iter().for_each(|row| fold.row(&first_minute(row))),
        };
        let day_serves = |day: &Roll| how == Interpolation::Stepped && whole(day.from, day.until);
        self.walk_days(series, span, PAGE, day_serves, need, take)?;
        let next = match how {
            Interpolation::Stepped => None,
            Interpolation::Sloped => self.oldest_from(series, span.to)?,
        };
        Ok(fold.finish(
            next.filter(|next| next.quality.is_good()).and_then(|next| Some((next.time.millis(), next.number()?))),
        ))
    }

    /// When an extreme first came; none where the samples of that time are gone.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn pinpoint(&self, series: SeriesId, extreme: &Extreme) -> Result<Option<Timestamp>, ReadError> {
        let mut time = extreme.time();
        let span = Span { from: extreme.from, to: Timestamp::from_millis(extreme.to.millis().saturating_add(1)) };
        if time.is_none() {
            self.walk_samples(series, span, |samples, mut range| {
                let is_it = |i: &usize| samples.number(*i) == Some(extreme.value) && samples.mark(*i).quality.is_good();
                time = range.find(is_it).map(|i| Timestamp::from_millis(samples.times()[i]));
                if time.is_some() { Walk::Enough } else { Walk::On }
            })?;
        }
        Ok(time)
    }
}

/// The value that holds, or at which the line to the next one begins.
#[derive(Clone, Copy)]
struct Held {
    time: i64,
    number: Option<f64>,
    severity: Severity,
}

impl Held {
    fn good_number(self) -> Option<f64> {
        self.number.filter(|_| self.severity == Severity::Good)
    }

    /// What is between this value and the next sample.
    fn line(self, how: Interpolation, until: i64, next: Option<f64>) -> Option<Line> {
        let number = self.good_number()?;
        let next = match how {
            Interpolation::Stepped => number,
            Interpolation::Sloped => next.unwrap_or(number),
        };
        Some(Line { from: (self.time, number), to: (until, next) })
    }
}

/// A straight line from one instant to another.
struct Line {
    from: (i64, f64),
    to: (i64, f64),
}

impl Line {
    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    fn at(&self, time: i64) -> f64 {
        let ((begin, first), (end, last)) = (self.from, self.to);
        if time >= end || first.to_bits() == last.to_bits() {
            return last;
        }
        first + (last - first) * ((time - begin) as f64 / (end - begin) as f64)
    }

    /// Number times milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    fn area(&self, from: i64, to: i64) -> f64 {
        self.at(from).midpoint(self.at(to)) * (to - from) as f64
    }
}

/// Fills intervals from what comes in order of time.
struct Fold {
    span: Span,
    step: i64,
    how: Interpolation,
    intervals: Vec<Summary>,
    /// Everything before is accounted for.
    at: i64,
    held: Option<Held>,
}

impl Fold {
    fn new(span: Span, step: i64, how: Interpolation) -> Option<Fold> {
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
        Some(Fold { at: span.from.millis(), span, step, how, intervals, held: None })
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

    /// What holds goes on up to an instant, where the good number `next` comes, if it is one.
    fn hold(&mut self, until: i64, next: Option<f64>) {
        let held = self.held;
        let line = held.and_then(|held| held.line(self.how, until, next));
        let at = self.at;
        if at == self.span.from.millis() && held.is_some_and(|held| held.time < at) {
            self.intervals[0].start = line.as_ref().map(|line| line.at(at));
        }
        let until = until.min(self.span.to.millis());
        while self.at < until {
            let at = self.at;
            let Some(interval) = self.interval(at) else { return };
            let end = interval.span.to.millis().min(until);
            let time = end - at;
            match held.map(|held| held.severity) {
                None => interval.missing += time,
                Some(Severity::Bad) => interval.bad += time,
                Some(Severity::Uncertain) => interval.uncertain += time,
                Some(Severity::Good) => interval.good += time,
            }
            if let Some(line) = &line {
                interval.sum += line.area(at, end);
                interval.end = Some(line.at(end));
            }
            self.come_to(end, line.as_ref().map(|line| line.at(end)));
        }
    }

    /// Goes on to an instant of the interval that it is in, or to its end, where the next one begins with `start`.
    fn come_to(&mut self, time: i64, start: Option<f64>) {
        self.at = time;
        if let Some(interval) = self.interval(time)
            && interval.span.from.millis() == time
        {
            interval.start = start;
        }
    }

    fn sample(&mut self, samples: &Samples, i: usize) {
        let time = samples.times()[i];
        let held = Held { time, number: samples.number(i), severity: samples.mark(i).quality.severity() };
        self.hold(time, held.good_number());
        if let Some(interval) = self.interval(time) {
            if held.severity == Severity::Good {
                interval.count += 1;
                if let Some(value) = held.number {
                    let time = Timestamp::from_millis(time);
                    let one = Some(Extreme { value, from: time, to: time });
                    interval.least = lesser(interval.least, one);
                    interval.greatest = greater(interval.greatest, one);
                    interval.end = Some(value);
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
        let doubtful = row.doubts.gap || row.doubts.uncertain;
        self.hold(row.from, row.ends.map(|(first, _)| first).filter(|_| !doubtful));
        let sloped = self.how == Interpolation::Sloped;
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
            interval.doubtful |= doubtful || !whole || sloped;
            interval.end = row.ends.map(|(_, last)| last).or(interval.end);
            let place = |value: f64| Extreme {
                value,
                from: Timestamp::from_millis(row.from),
                to: Timestamp::from_millis(row.until),
            };
            interval.least = lesser(interval.least, row.range.map(|(least, _)| place(least)));
            interval.greatest = greater(interval.greatest, row.range.map(|(_, greatest)| place(greatest)));
            let number = row.ends.map(|(_, last)| last);
            // What the last sample of a doubtful stretch was is not known.
            let severity = if doubtful { Severity::Uncertain } else { Severity::Good };
            let held = Held { time: until, number, severity };
            self.held = Some(held);
            self.come_to(until, held.good_number());
            if row.from == row.until {
                return;
            }
        }
    }

    /// Holds what came last up to the end, or leads it towards the good number that comes next.
    fn finish(mut self, next: Option<(i64, f64)>) -> Vec<Summary> {
        match next {
            Some((time, number)) => self.hold(time, Some(number)),
            None => self.hold(self.span.to.millis(), None),
        }
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
