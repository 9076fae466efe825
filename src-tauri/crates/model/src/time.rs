//! Two times, never mixed: a wall-clock stamp for people and records, and the machine's uptime for ages and delays.
//!
//! Wall time may step (NTP, an operator, daylight saving is not involved: stamps are UTC). Uptime never steps and counts
//! while a laptop sleeps (CLOCK_BOOTTIME), so that a value from before the sleep is known to be old.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in wall time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This stamp moved by `by`, held at the ends of the range.
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This stamp moved back by `by`, held at the ends of the range.
    pub fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this stamp; negative where `earlier` is the later one.
    pub const fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Time since the machine was started, sleep included. Only differences mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(Duration);

impl Uptime {
    /// From a duration since boot.
    pub const fn from_duration(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// From milliseconds since boot.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// The time since boot.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero where `earlier` is not earlier.
    pub fn since(self, earlier: Uptime) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Uptime {
    type Output = Uptime;
    fn add(self, by: Duration) -> Uptime {
        Uptime(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Uptime {
    type Output = Uptime;
    fn sub(self, by: Duration) -> Uptime {
        Uptime(self.0.saturating_sub(by))
    }
}

/// Both times of one moment, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For stamps and records.
    pub wall: Timestamp,
    /// For ages, delays and time-outs.
    pub uptime: Uptime,
}

/// The one source of time. The program has one that reads the machine's clocks (`engine::SystemClock`); tests bring
/// their own.
pub trait Clock: Send + Sync {
    /// Both times, read together.
    fn now(&self) -> Now;
}
