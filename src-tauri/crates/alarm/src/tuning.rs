//! The numbers of an alarm that can be tried on its past before they are set: limits, deadband, delays and count.

use std::time::Duration;

use crate::{Config, Off, Operand, TIMES_AT_MOST, Trigger};

/// The numbers of an alarm. What it has not, or has from another tag, is none here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tuning {
    /// The limit of its first level, in the unit of what is measured.
    pub limit: Option<f64>,
    /// The limit of its second level.
    pub second_limit: Option<f64>,
    /// How far the measure must come back, in the same unit.
    pub deadband: Option<f64>,
    /// How long the condition must hold before it is raised.
    pub on_delay: Duration,
    /// How long the condition must be gone before it returns.
    pub off_delay: Duration,
    /// It is raised, too, once the condition has come so many times within the on-delay.
    pub times: Option<u16>,
}

/// Why an alarm cannot be given these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untunable {
    /// A limit where there is none, or none where there is one.
    #[error("this alarm has no such limit, or takes it from another tag")]
    NoSuchLimit,
    /// The same of its deadband.
    #[error("this alarm has no deadband")]
    NoDeadband,
    /// Nothing reaches it.
    #[error("a limit is a finite number")]
    LimitNotFinite,
    /// The deadband only counts on the way back.
    #[error("a deadband is a finite number that is not negative")]
    DeadbandNegative,
    /// The second level is the more severe one.
    #[error("the second limit must be beyond the first")]
    OutOfOrder,
    /// What is not counted, or too much of it.
    #[error("a count is 2 to 1000 and needs an on-delay, the time within which it is counted")]
    CountWithoutTime,
}

impl Config {
    /// Its numbers.
    pub fn tuning(&self) -> Tuning {
        let mut limits = self.trigger.levels().iter().map(|level| level.limit.number());
        let deadband = self.trigger.levels().first().and_then(|level| match level.off {
            Off::Deadband(deadband) => Some(deadband),
            Off::Limit(_) => None,
        });
        Tuning {
            limit: limits.next().flatten(),
            second_limit: limits.next().flatten(),
            deadband,
            on_delay: self.on_delay,
            off_delay: self.off_delay,
            times: self.times,
        }
    }

    /// The same alarm with other numbers.
    ///
    /// # Errors
    /// [`Untunable`].
    pub fn tuned(&self, tuning: &Tuning) -> Result<Config, Untunable> {
        let now = self.tuning();
        if now.limit.is_some() != tuning.limit.is_some() || now.second_limit.is_some() != tuning.second_limit.is_some()
        {
            return Err(Untunable::NoSuchLimit);
        }
        if now.deadband.is_some() != tuning.deadband.is_some() {
            return Err(Untunable::NoDeadband);
        }
        if [tuning.limit, tuning.second_limit].into_iter().flatten().any(|limit| !limit.is_finite()) {
            return Err(Untunable::LimitNotFinite);
        }
        if tuning.deadband.is_some_and(|deadband| !deadband.is_finite() || deadband < 0.0) {
            return Err(Untunable::DeadbandNegative);
        }
        let counts = |times| (2..=TIMES_AT_MOST).contains(&times) && !tuning.on_delay.is_zero();
        if !tuning.times.is_none_or(counts) {
            return Err(Untunable::CountWithoutTime);
        }
        let mut config = self.clone();
        (config.on_delay, config.off_delay, config.times) = (tuning.on_delay, tuning.off_delay, tuning.times);
        let Trigger::Limit { levels, .. } = &mut config.trigger else { return Ok(config) };
        for (level, limit) in levels.iter_mut().zip([tuning.limit, tuning.second_limit]) {
            level.limit = limit.map_or(level.limit, Operand::Number);
            // A second level with a deadband of its own keeps it.
            if let (Off::Deadband(own), Some(before), Some(deadband)) = (level.off, now.deadband, tuning.deadband)
                && own.to_bits() == before.to_bits()
            {
                level.off = Off::Deadband(deadband);
            }
        }
        let in_order = levels.windows(2).all(|pair| match (pair[0].limit.number(), pair[1].limit.number()) {
            (Some(first), Some(second)) if pair[0].kind.is_upper() => first < second,
            (Some(first), Some(second)) => first > second,
            (None, _) | (_, None) => true,
        });
        if in_order { Ok(config) } else { Err(Untunable::OutOfOrder) }
    }
}
