//! Which samples of one tag history has to know: a function of the samples and their times.
//!
//! Only samples that a source has sent are recorded, never one that was calculated from them. A sample that need not be
//! recorded is held back until the next one shows whether it is needed after all, so that what history draws between two
//! recorded samples is true:
//!
//! * Before a change of quality, or of the kind of value, the newest sample held back is recorded, and then the change.
//! * Before a change of the value the same is done, so that a step stays a step.
//! * With a swinging door (E. H. Bristol, *Swinging Door Trending: Adaptive Trend Recording?*, ISA 1990) every sample
//!   held back lies within the deviation of the straight line between the recorded ones.
//!
//! Samples older than the newest one known go on to history as they are, and change nothing here.
//!
//! **Invariant:** no clock and no I/O. Integers are compared exactly, beyond 2^53 as well.

use std::time::Duration;

use model::{Sample, Timestamp, Uptime, Value};
use plant::{Recording, Rule};

use crate::door::{Door, Step};

/// So many samples in a row that are older than the newest one are no stragglers: the source's clock was set back.
const STRAGGLERS: u8 = 10;

/// What is known of one tag.
#[derive(Debug)]
pub(crate) struct Filter {
    recording: Recording,
    /// The sample recorded last, and when that was done; `None` before the first one.
    anchor: Option<(Sample, Uptime)>,
    /// The newest sample, where it is not recorded.
    held: Option<Sample>,
    /// The newest sample that is older than the newest time known, where it is not recorded. It is needed when that time
    /// comes again with another value, which replaces the one that the line from the anchor was known to reach.
    before: Option<Sample>,
    /// Where the line from the anchor may lead.
    door: Door,
    /// Whether what is held back is a change that came too soon to be recorded.
    is_early: bool,
    stragglers: u8,
}

/// What is compared with what. A value of another kind is always recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Bool,
    Integer,
    Number,
    NotFinite,
    Text,
}

impl Filter {
    /// A filter that has seen nothing: the first sample is recorded.
    pub fn new(recording: Recording) -> Self {
        Self { recording, anchor: None, held: None, before: None, door: Door::OPEN, is_early: false, stragglers: 0 }
    }

    /// Goes on with another rule. What the old one held back has to be recorded before.
    pub fn set_recording(&mut self, recording: Recording) {
        self.recording = recording;
    }

    /// Takes a new sample and hands those that history has to know to `write`.
    pub fn take(&mut self, now: Uptime, sample: &Sample, mut write: impl FnMut(Sample)) {
        let Some(newest) = self.newest() else { return self.record(now, sample, &mut write) };
        if sample.time < newest.time {
            return self.pass_on(now, sample, &mut write);
        }
        let is_other = sample.quality != newest.quality || kind(sample) != kind(newest);
        let is_again = sample.time == newest.time;
        let is_same = is_again && !is_other && is_same_value(sample, newest);
        self.stragglers = 0;
        if is_same {
            return;
        }
        if self.held.is_none() && !is_again {
            self.before = None;
        }
        if is_other || (is_again && self.held.is_none()) {
            if is_other || self.recording.min_interval.is_zero() {
                self.record_before(now, sample.time, &mut write);
            }
            self.record(now, sample, &mut write);
            return;
        }
        self.confirm(now, sample.time, &mut write);
        match self.recording.rule {
            Rule::EverySample => self.judge(now, sample, true, &mut write),
            Rule::OnChange => self.judge(now, sample, self.differs(sample, None), &mut write),
            Rule::Deadband(deadband) => self.judge(now, sample, self.differs(sample, Some(deadband)), &mut write),
            Rule::SwingingDoor(deviation) if is_number(sample) => self.swing(now, sample, deviation, &mut write),
            Rule::SwingingDoor(_) => self.judge(now, sample, self.differs(sample, None), &mut write),
        }
    }

    /// Lets time pass: what has been held back for as long as may be is recorded, where nothing comes that would show
    /// whether it is needed.
    pub fn tick(&mut self, now: Uptime, write: impl FnMut(Sample)) {
        let (Some(_), Some((_, recorded))) = (&self.held, &self.anchor) else { return };
        let patience = if self.is_early { self.recording.min_interval } else { self.recording.max_interval };
        if now.since(*recorded) >= patience {
            self.flush(now, write);
        }
    }

    /// Records what is held back.
    pub fn flush(&mut self, now: Uptime, mut write: impl FnMut(Sample)) {
        if let Some(held) = self.held.take() {
            self.record_alone(now, &held, &mut write);
        }
    }

    fn newest(&self) -> Option<&Sample> {
        self.held.as_ref().or(self.anchor.as_ref().map(|(anchor, _)| anchor))
    }

    /// A sample older than the newest one is history's to put in its place. Where they go on and on, the filter begins
    /// anew with the time that the source keeps now.
    fn pass_on(&mut self, now: Uptime, sample: &Sample, write: &mut impl FnMut(Sample)) {
        self.stragglers += 1;
        if self.stragglers < STRAGGLERS {
            write(sample.clone());
        } else {
            self.flush(now, &mut *write);
            self.record(now, sample, write);
        }
    }

    /// Keeps to the longest interval: where this time is beyond it, what is held back is recorded first.
    fn confirm(&mut self, now: Uptime, time: Timestamp, write: &mut impl FnMut(Sample)) {
        let is_late = self.age(time) > self.recording.max_interval;
        let may = self.held.as_ref().is_some_and(|held| held.time < time && self.may_record(held.time));
        if is_late
            && may
            && let Some(held) = self.held.take()
        {
            self.record(now, &held, write);
        }
    }

    /// Records a sample that is news or due, and with news what stood before it; otherwise holds it back.
    fn judge(&mut self, now: Uptime, sample: &Sample, is_news: bool, write: &mut impl FnMut(Sample)) {
        let is_due = self.age(sample.time) >= self.recording.max_interval;
        if (!is_news && !is_due) || !self.may_record(sample.time) {
            self.hold(sample);
            self.is_early = is_news;
            return;
        }
        if !is_news {
            return self.record_alone(now, sample, write);
        }
        let latest = sample.time.saturating_sub(self.recording.min_interval);
        let has_room = |before: &Sample| self.may_record(before.time) && before.time <= latest;
        if self.unrecorded_before(sample.time).is_some_and(has_room) {
            self.record_before(now, sample.time, write);
        }
        self.record(now, sample, write);
    }

    /// Holds a sample back where a line leads to it that is near enough to all that are held back; otherwise the last of
    /// those is recorded and a new line begins there.
    fn swing(&mut self, now: Uptime, sample: &Sample, deviation: f64, write: &mut impl FnMut(Sample)) {
        let passes = self.ahead(sample).is_some_and(|(step, ms)| self.door.lets_pass(step, ms));
        if !passes
            && let Some(turn) = self.unrecorded_before(sample.time).cloned()
            && self.may_record(turn.time)
        {
            self.record(now, &turn, write);
        }
        let is_due = self.age(sample.time) >= self.recording.max_interval;
        match self.ahead(sample) {
            Some(_) if is_due => self.record_alone(now, sample, write),
            Some((step, ms)) => {
                self.door.narrow(step, ms, deviation);
                self.hold(sample);
            }
            None if self.may_record(sample.time) => self.record(now, sample, write),
            None => self.hold(sample),
        }
    }

    /// Whether a sample has another value than the anchor, or one that is further from it than a deadband.
    fn differs(&self, sample: &Sample, deadband: Option<f64>) -> bool {
        let Some((anchor, _)) = &self.anchor else { return true };
        match (deadband, Step::between(anchor, sample)) {
            (Some(deadband), Some(step)) => step.is_more_than(deadband),
            (Some(_), None) | (None, _) => !is_same_value(anchor, sample),
        }
    }

    /// From the anchor to a later sample: the step, and the milliseconds. `None` where the step is too large for a number.
    fn ahead(&self, sample: &Sample) -> Option<(f64, f64)> {
        let (anchor, _) = self.anchor.as_ref()?;
        let step = Step::between(anchor, sample)?.number();
        #[expect(clippy::cast_precision_loss, reason = "the milliseconds of 285,000 years are exact")]
        let ms = sample.time.millis_since(anchor.time) as f64;
        (ms > 0.0 && step.is_finite()).then_some((step, ms))
    }

    fn hold(&mut self, sample: &Sample) {
        let earlier = self.held.replace(sample.clone());
        self.before = earlier.filter(|earlier| earlier.time < sample.time).or(self.before.take());
    }

    /// The newest sample before this time that is not recorded.
    fn unrecorded_before(&self, time: Timestamp) -> Option<&Sample> {
        self.held.iter().chain(&self.before).find(|sample| sample.time < time)
    }

    fn record_before(&mut self, now: Uptime, time: Timestamp, write: &mut impl FnMut(Sample)) {
        if let Some(before) = self.unrecorded_before(time).cloned() {
            self.record(now, &before, write);
        }
    }

    /// Records a sample and not what stood before it, which is kept in mind for as long as this time can come again.
    fn record_alone(&mut self, now: Uptime, sample: &Sample, write: &mut impl FnMut(Sample)) {
        let before = self.unrecorded_before(sample.time).cloned();
        self.record(now, sample, write);
        self.before = before;
    }

    fn record(&mut self, now: Uptime, sample: &Sample, write: &mut impl FnMut(Sample)) {
        write(sample.clone());
        self.anchor = Some((sample.clone(), now));
        self.held = None;
        self.before = None;
        self.door = Door::OPEN;
        self.is_early = false;
        self.stragglers = 0;
    }

    /// How long after the last recorded sample a time is.
    fn age(&self, time: Timestamp) -> Duration {
        let ms = self.anchor.as_ref().map_or(0, |(anchor, _)| time.millis_since(anchor.time));
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    fn may_record(&self, time: Timestamp) -> bool {
        self.age(time) >= self.recording.min_interval
    }
}

fn kind(sample: &Sample) -> Kind {
    match sample.value {
        None => Kind::None,
        Some(Value::Bool(_)) => Kind::Bool,
        Some(Value::Int(_) | Value::UInt(_)) => Kind::Integer,
        Some(Value::Float(x)) if x.is_finite() => Kind::Number,
        Some(Value::Float(_)) => Kind::NotFinite,
        Some(Value::Text(_)) => Kind::Text,
    }
}

/// Whether a line can lead to a sample.
fn is_number(sample: &Sample) -> bool {
    match kind(sample) {
        Kind::Integer | Kind::Number => true,
        Kind::None | Kind::Bool | Kind::NotFinite | Kind::Text => false,
    }
}

/// Whether two samples have the same value. What is no number is the same as itself.
fn is_same_value(one: &Sample, other: &Sample) -> bool {
    match (&one.value, &other.value) {
        (Some(Value::Float(a)), Some(Value::Float(b))) => a == b || a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests;
