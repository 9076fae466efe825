//! How long a series was in which state, how often it changed, and how far a counter went: read from the samples themselves.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Quality, Sample, Timestamp, Value};

use crate::reader::{ReadError, Reader, Walk};
use crate::samples::{Cell, Kind};
use crate::{SeriesId, Span};

/// States that are told apart in one question.
const MOST_STATES: usize = 1_000;

/// The states of a series in a span. Durations are milliseconds; a state holds until the next sample, and the last one up to the end
/// of the span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    /// How long it was in each good state (OPC UA Part 13, DurationInState), the longest first. Only the first thousand are told apart.
    pub durations: Vec<(Value, i64)>,
    /// Time in states that are not told apart.
    pub others: i64,
    /// Time without a good state.
    pub unknown: i64,
    /// Changes from one good state to another (NumberOfTransitions), over whatever is not good between them.
    pub transitions: usize,
}

/// How far a counter went in a span (OEE: ISO 22400 counts are differences of counters).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Increase {
    /// The sum of all steps upwards, with those over the counter's end.
    pub total: f64,
    /// How often it went over its end.
    pub rollovers: usize,
    /// How often it fell back otherwise, as after a change of the device. Such a step counts nothing.
    pub resets: usize,
}

/// How the value between two samples is found (OPC UA Part 13, Interpolative). How a tag was recorded says which is right: a
/// swinging door promises the line, every other rule the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// A value holds until the next one.
    Stepped,
    /// A straight line from one to the next.
    Sloped,
}

impl Reader {
    /// How long a series was in which state.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn states(&self, series: SeriesId, span: Span) -> Result<States, ReadError> {
        let mut fold = Fold { at: span.from.millis(), ..Fold::default() };
        if let Some(before) = self.newest_before(series, span.from)? {
            fold.change(&Cell::of(&before));
        }
        self.walk_samples(series, span, |samples, range| {
            range.for_each(|i| {
                fold.hold(samples.times()[i]);
                fold.change(&samples.cell(i));
            });
            Walk::On
        })?;
        fold.hold(span.to.millis());
        Ok(fold.finish())
    }

    /// How far a counter went, from the newest good value before the span on. `end` is the number of values that it has, such as
    /// 65,536 of a 16-bit counter: a fall by more than half of that is one over the end.
    ///
    /// # Errors
    /// The disk's reason.
    pub fn increase(&self, series: SeriesId, span: Span, end: Option<f64>) -> Result<Increase, ReadError> {
        let mut found = Increase::default();
        let mut last = self.newest_before(series, span.from)?.filter(|s| s.quality.is_good()).and_then(|s| s.number());
        self.walk_samples(series, span, |samples, range| {
            for i in range.filter(|i| samples.mark(*i).quality.is_good()) {
                let Some(now) = samples.number(i) else { continue };
                match (last, end) {
                    (None, _) => {}
                    (Some(before), _) if now >= before => found.total += now - before,
                    (Some(before), Some(end)) if before < end && before - now > end / 2.0 => {
                        found.total += now + end - before;
                        found.rollovers += 1;
                    }
                    (Some(_), _) => found.resets += 1,
                }
                last = Some(now);
            }
            Walk::On
        })?;
        Ok(found)
    }

    /// The value at an instant, calculated where no sample is at it.
    ///
    /// Without a sample before it is [`Quality::BAD_NO_DATA`]; where a bad sample was passed over, an uncertain one used, or none comes
    /// after, it is [`Quality::UNCERTAIN_SUBNORMAL`].
    ///
    /// # Errors
    /// The disk's reason.
    pub fn interpolated(&self, series: SeriesId, time: Timestamp, how: Interpolation) -> Result<Sample, ReadError> {
        let nothing = Sample { time, received: time, value: None, quality: Quality::BAD_NO_DATA };
        let Some(newest) = self.at(&[series], time)?.pop().flatten() else { return Ok(nothing) };
        if newest.time == time || how == Interpolation::Stepped {
            return Ok(Sample { time, received: time, ..newest });
        }
        let Some((before, skipped)) = self.usable_before(series, newest)? else { return Ok(nothing) };
        let Some(from) = before.number() else { return Ok(nothing) };
        let mut after = None;
        let mut doubtful = skipped || !before.quality.is_good();
        let ahead = Span { from: time, to: Timestamp::from_millis(i64::MAX) };
        self.walk_samples(series, ahead, |samples, mut range| {
            let usable = |i: &usize| samples.number(*i).is_some();
            doubtful |= range.clone().next().is_some_and(|first| !usable(&first));
            after = range.find(usable).map(|i| samples.sample(i));
            if after.is_some() { Walk::Enough } else { Walk::On }
        })?;
        let on_line =
            after.as_ref().and_then(|after| between(&before, after, time).map(|value| (value, after.quality)));
        let (value, quality) = match on_line {
            Some((value, quality)) if quality.is_good() && !doubtful => (value, Quality::GOOD),
            Some((value, _)) => (value, Quality::UNCERTAIN_SUBNORMAL),
            None => (from, Quality::UNCERTAIN_SUBNORMAL),
        };
        Ok(Sample { time, received: time, value: Some(Value::Float(value)), quality })
    }

    /// The newest sample with a number, up to this one; and whether others were passed over.
    fn usable_before(&self, series: SeriesId, newest: Sample) -> Result<Option<(Sample, bool)>, ReadError> {
        let (mut sample, mut skipped) = (newest, false);
        while sample.number().is_none() || sample.quality.is_bad() {
            skipped = true;
            match self.newest_before(series, sample.time)? {
                Some(before) => sample = before,
                None => return Ok(None),
            }
        }
        Ok(Some((sample, skipped)))
    }
}

/// What the straight line between two samples has at an instant between them; none where one of them is no number.
pub(crate) fn between(before: &Sample, after: &Sample, time: Timestamp) -> Option<f64> {
    let (from, to) = (before.number()?, after.number()?);
    Some(from + (to - from) * (millis(time, before.time) / millis(after.time, before.time)))
}

#[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
fn millis(later: Timestamp, earlier: Timestamp) -> f64 {
    later.millis_since(earlier) as f64
}

/// A state as it is compared: kind, bits, text.
type State = (Kind, u64, Option<Arc<str>>);

#[derive(Default)]
struct Fold {
    at: i64,
    /// The state that holds; none while there is no good one.
    now: Option<State>,
    /// The last good state, which a transition leaves.
    last: Option<State>,
    durations: HashMap<State, (Value, i64)>,
    others: i64,
    unknown: i64,
    transitions: usize,
}

impl Fold {
    fn hold(&mut self, until: i64) {
        let time = until - self.at;
        self.at = until;
        let Some(now) = &self.now else {
            self.unknown += time;
            return;
        };
        match self.durations.get_mut(now) {
            Some((_, duration)) => *duration += time,
            None => self.others += time,
        }
    }

    fn change(&mut self, cell: &Cell) {
        let value = cell.clone().sample().value.filter(|_| cell.mark.quality.is_good());
        let Some(value) = value else {
            self.now = None;
            return;
        };
        let state = (cell.mark.kind, cell.bits, cell.text.clone());
        if self.now.as_ref() == Some(&state) {
            return;
        }
        self.transitions += usize::from(self.last.as_ref().is_some_and(|last| *last != state));
        if self.durations.len() < MOST_STATES {
            self.durations.entry(state.clone()).or_insert((value, 0));
        }
        self.last = Some(state.clone());
        self.now = Some(state);
    }

    fn finish(self) -> States {
        let mut durations: Vec<(Value, i64)> = self.durations.into_values().filter(|(_, time)| *time > 0).collect();
        durations.sort_by(|(_, one), (_, other)| other.cmp(one));
        let Fold { others, unknown, transitions, .. } = self;
        States { durations, others, unknown, transitions }
    }
}
