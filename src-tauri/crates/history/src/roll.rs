//! What is known of a stretch of time without its samples.
//!
//! Every coarser answer is made from sums of these rows and never from averages of averages. A sample's value holds until the
//! next one; the time in front of the next block, for which the last value still holds, belongs to nobody and is counted where
//! the question is asked.

use model::Severity;

use crate::samples::Samples;

/// The step of the finer roll-up, milliseconds.
pub(crate) const MINUTE: i64 = 60_000;

/// One stretch. Durations are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Roll {
    /// The first instant.
    pub from: i64,
    /// The first instant after it; of a block's last row, the time of its last sample.
    pub until: i64,
    /// Samples in it.
    pub count: usize,
    /// Least and greatest number that is not bad; none where there is no number.
    pub range: Option<(f64, f64)>,
    /// The first and the last such number.
    pub ends: Option<(f64, f64)>,
    /// Number times milliseconds, over the time that is good.
    pub sum: f64,
    pub good: i64,
    pub uncertain: i64,
    pub bad: i64,
    /// Also of samples that held for no time.
    pub doubts: Doubts,
}

/// What a picture of a stretch must not hide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    /// A sample without a number to draw: it is bad, a text, or has no value.
    pub gap: bool,
    /// A sample that is uncertain.
    pub uncertain: bool,
}

/// Of a whole block.
pub(crate) fn of_block(samples: &Samples) -> Option<Roll> {
    let (first, last) = (samples.first()?, samples.last()?);
    let mut roll = Roll::empty(first, last);
    for i in 0..samples.len() {
        roll.see(samples, i);
        if let Some(next) = samples.times().get(i + 1) {
            roll.hold(samples, i, next.saturating_sub(samples.times()[i]));
        }
    }
    Some(roll)
}

/// Of each minute that has a sample. The rows follow one another without a gap: a minute without a sample belongs to the row before.
pub(crate) fn of_minutes(samples: &Samples) -> Vec<Roll> {
    let mut rolls: Vec<Roll> = Vec::new();
    let last = samples.last();
    for i in 0..samples.len() {
        let time = samples.times()[i];
        let minute = time.div_euclid(MINUTE);
        match rolls.last_mut() {
            Some(roll) if roll.from.div_euclid(MINUTE) == minute => {
                roll.hold(samples, i - 1, time - samples.times()[i - 1].max(roll.from));
                roll.see(samples, i);
            }
            Some(roll) => {
                let begin = minute * MINUTE;
                roll.until = begin;
                roll.hold(samples, i - 1, begin - samples.times()[i - 1].max(roll.from));
                let mut roll = Roll::empty(begin, begin);
                roll.hold(samples, i - 1, time - begin);
                roll.see(samples, i);
                rolls.push(roll);
            }
            None => {
                let mut roll = Roll::empty(time, time);
                roll.see(samples, i);
                rolls.push(roll);
            }
        }
    }
    if let (Some(roll), Some(last)) = (rolls.last_mut(), last) {
        roll.until = last;
    }
    rolls
}

impl Roll {
    /// A stretch of which nothing is known.
    pub(crate) fn empty(from: i64, until: i64) -> Roll {
        Roll {
            from,
            until,
            count: 0,
            range: None,
            ends: None,
            sum: 0.0,
            good: 0,
            uncertain: 0,
            bad: 0,
            doubts: Doubts::default(),
        }
    }

    fn see(&mut self, samples: &Samples, i: usize) {
        self.count += 1;
        if let Some(x) = samples.number(i) {
            let (least, most) = self.range.unwrap_or((x, x));
            self.range = Some((least.min(x), most.max(x)));
            self.ends = Some((self.ends.map_or(x, |(first, _)| first), x));
        }
        self.doubts.gap |= samples.number(i).is_none();
        self.doubts.uncertain |= samples.mark(i).quality.severity() == Severity::Uncertain;
    }

    #[expect(clippy::cast_precision_loss, reason = "a duration in milliseconds is far below 2^53")]
    fn hold(&mut self, samples: &Samples, i: usize, time: i64) {
        match samples.mark(i).quality.severity() {
            Severity::Good => {
                self.good = self.good.saturating_add(time);
                // The sum of two infinities can be no number, which SQLite would not keep.
                self.sum = (self.sum + samples.number(i).unwrap_or(0.0) * time as f64).clamp(f64::MIN, f64::MAX);
            }
            Severity::Uncertain => self.uncertain = self.uncertain.saturating_add(time),
            Severity::Bad => self.bad = self.bad.saturating_add(time),
        }
    }
}
