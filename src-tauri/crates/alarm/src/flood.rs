//! Floods: more alarms than a person can take in. One definition, for the live list and for the figures of the past.
//!
//! What counts as an alarm here is [`Transition::is_annunciation`]: whoever watches tells nothing else.

use crate::burst::{Burst, BurstRule};
use crate::{Cause, Transition};

/// More than ten alarms within ten minutes begin a flood, which lasts until there are fewer than five (ISA-18.2-2016,
/// 16.5; EEMUA 191). It is the figure for what one operator answers for.
pub const FLOOD: BurstRule = BurstRule { within_ms: 600_000, begins_at: 11, ends_below: 5 };

/// Watches for floods.
#[derive(Clone, Debug)]
pub struct FloodWatch {
    burst: Burst,
    /// The end of the flood before, whose alarms are not counted again.
    free_from: i64,
    current: Option<Flood>,
}

/// A flood that goes on, or has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// When the first of its alarms came.
    pub begin: i64,
    /// Alarms in it.
    pub count: u64,
    /// Most alarms within ten minutes.
    pub peak: u64,
}

/// What one more alarm means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodStep {
    /// The flood before has ended: when, and what it was.
    pub ended: Option<(i64, Flood)>,
    /// Alarms within ten minutes now, this one included.
    pub within: u64,
}

impl Transition {
    /// Whether this is an alarm that an operator hears of: it was raised, its condition came back while it was
    /// latched, or what suppressed it ended; and nothing else does. Changes of state and repetitions are none (ISA-18.2: annunciated alarms are
    /// counted).
    pub fn is_annunciation(&self) -> bool {
        let is_activation = matches!(self.cause, Cause::Raised | Cause::Recurred | Cause::Unsuppressed);
        is_activation && !self.suppressed
    }
}

impl Default for FloodWatch {
    fn default() -> Self {
        Self { burst: Burst::new(FLOOD), free_from: i64::MIN, current: None }
    }
}

impl FloodWatch {
    /// Takes an alarm, in order of time.
    pub fn take(&mut self, at: i64) -> FloodStep {
        let ended = self.pass(at);
        let step = self.burst.take(at);
        let within = step.within as u64;
        match &mut self.current {
            Some(flood) => {
                flood.count += 1;
                flood.peak = flood.peak.max(within);
            }
            None if step.begins => {
                let free_from = self.free_from;
                let own: Vec<i64> = self.burst.recent().filter(|time| *time > free_from).collect();
                let begin = own.first().copied().unwrap_or(at);
                self.current = Some(Flood { begin, count: own.len() as u64, peak: within });
            }
            None => {}
        }
        FloodStep { ended, within }
    }

    /// Lets time pass without an alarm. Says of the flood that has ended before this time when it did, and what it was.
    pub fn pass(&mut self, to: i64) -> Option<(i64, Flood)> {
        let end = self.burst.pass(to)?;
        self.free_from = end;
        Some((end, self.current.take()?))
    }

    /// The flood that goes on.
    pub fn current(&self) -> Option<Flood> {
        self.current
    }

    /// When it ends if no alarm comes.
    pub fn end(&self) -> Option<i64> {
        self.burst.end()
    }
}
