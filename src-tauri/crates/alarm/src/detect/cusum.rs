//! The cumulative sums of Page (1954) in their tabular form, one for each side.

use crate::Sense;

/// What the samples were off their target, beyond the slack, summed up and never below zero.
///
/// A sum goes no higher than its alarm's highest limit: what is beyond it is known, and a long excursion must not take as
/// long to be forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cusum {
    above: f64,
    below: f64,
}

impl Cusum {
    /// Takes what a sample is off its target. `most` is the highest limit.
    pub fn hear(&mut self, off: f64, slack: f64, most: f64) {
        self.above = (self.above + off - slack).min(most).max(0.0);
        self.below = (self.below - off - slack).min(most).max(0.0);
    }

    /// The sum of one side, or the greater one.
    pub fn sum(&self, sense: Sense) -> f64 {
        sense.of(self.above, self.below)
    }
}
