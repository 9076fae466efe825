//! What of the live values goes to history: changes, with enough between them that the shape of a trend is true.
//!
//! A value that stands still is not written again and again. When it moves, the last sample before the move is written
//! first, so that a trend shows a step where there was a step and not a slope over the quiet time. A change of quality
//! is always written: a gap is data.

use std::time::Duration;

use model::{Sample, TagIndex, Timestamp};

/// A standing value is confirmed in history this often.
const CONFIRM: Duration = Duration::from_secs(60);

/// What has been recorded of each tag.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    tags: Vec<Option<Recorded>>,
}

#[derive(Debug)]
struct Recorded {
    deadband: f64,
    last: Option<Sample>,
    /// The newest sample that was seen after `last` and not written.
    skipped: Option<Sample>,
}

impl Recorder {
    /// Begins to record a tag, or goes on with another deadband.
    pub fn record(&mut self, tag: TagIndex, deadband: f64) {
        if self.tags.len() <= tag.slot() {
            self.tags.resize_with(tag.slot() + 1, || None);
        }
        let recorded = &mut self.tags[tag.slot()];
        match recorded {
            Some(recorded) => recorded.deadband = deadband,
            None => *recorded = Some(Recorded { deadband, last: None, skipped: None }),
        }
    }

    /// Stops recording a tag.
    pub fn ignore(&mut self, tag: TagIndex) {
        if let Some(recorded) = self.tags.get_mut(tag.slot()) {
            *recorded = None;
        }
    }

    /// Takes a new sample of a tag and hands those that history has to know to `write`, oldest first.
    pub fn take(&mut self, tag: TagIndex, sample: &Sample, mut write: impl FnMut(Sample)) {
        let Some(Some(recorded)) = self.tags.get_mut(tag.slot()) else { return };
        if !recorded.is_news(sample) {
            recorded.skipped = Some(sample.clone());
            return;
        }
        let skipped = recorded.skipped.take();
        if let Some(before) = skipped.filter(|before| before.time < sample.time) {
            write(before);
        }
        write(sample.clone());
        recorded.last = Some(sample.clone());
    }

    /// The samples that were seen and not written, for the end of the program: the last word on every tag.
    pub fn remainder(&mut self, mut write: impl FnMut(TagIndex, Sample)) {
        for (slot, recorded) in self.tags.iter_mut().enumerate() {
            if let Some(sample) = recorded.as_mut().and_then(|recorded| recorded.skipped.take()) {
                let slot = u32::try_from(slot).expect("slots are numbered by u32");
                write(TagIndex(slot), sample);
            }
        }
    }
}

impl Recorded {
    fn is_news(&self, sample: &Sample) -> bool {
        let Some(last) = &self.last else { return true };
        last.quality != sample.quality
            || age(last.time, sample.time) >= CONFIRM
            || match (last.number(), sample.number()) {
                (Some(before), Some(now)) if self.deadband > 0.0 => (now - before).abs() > self.deadband,
                _ => last.value != sample.value,
            }
    }
}

fn age(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(to.millis_since(from).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Quality, Value};

    const TAG: TagIndex = TagIndex(0);

    /// Feeds (second, value) and expects what is written, as (second, value).
    fn check(deadband: f64, fed: &[(i64, f64)], expect: &[(i64, f64)]) {
        let mut recorder = Recorder::default();
        recorder.record(TAG, deadband);
        let mut written = Vec::new();
        for (second, value) in fed {
            let sample = Sample::good(Timestamp::from_millis(second * 1_000), Value::Float(*value));
            recorder.take(TAG, &sample, |sample| written.push(sample));
        }
        let written: Vec<(i64, f64)> =
            written.iter().map(|sample| (sample.time.millis() / 1_000, sample.number().unwrap_or(f64::NAN))).collect();
        assert_eq!(written, expect);
    }

    #[test]
    fn a_standing_value_is_written_once_and_a_step_stays_a_step() {
        check(0.0, &[(0, 1.0), (1, 1.0), (2, 1.0), (3, 5.0)], &[(0, 1.0), (2, 1.0), (3, 5.0)]);
    }

    #[test]
    fn every_change_is_written() {
        check(0.0, &[(0, 1.0), (1, 2.0), (2, 1.0)], &[(0, 1.0), (1, 2.0), (2, 1.0)]);
    }

    #[test]
    fn within_the_deadband_nothing_is_written() {
        check(0.5, &[(0, 1.0), (1, 1.4), (2, 0.6), (3, 1.6)], &[(0, 1.0), (2, 0.6), (3, 1.6)]);
    }

    #[test]
    fn a_standing_value_is_confirmed_every_minute() {
        check(0.0, &[(0, 1.0), (59, 1.0), (60, 1.0), (61, 1.0)], &[(0, 1.0), (59, 1.0), (60, 1.0)]);
    }

    #[test]
    fn a_change_of_quality_is_always_written() {
        let mut recorder = Recorder::default();
        recorder.record(TAG, 10.0);
        let mut written = Vec::new();
        let good = Sample::good(Timestamp::from_millis(0), Value::Float(1.0));
        let stale = Sample { quality: Quality::STALE, time: Timestamp::from_millis(500), ..good.clone() };
        for sample in [&good, &stale, &stale, &good] {
            recorder.take(TAG, sample, |sample| written.push(sample.quality));
        }
        assert_eq!(written, [Quality::GOOD, Quality::STALE, Quality::GOOD]);
    }
}
