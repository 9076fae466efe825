//! How often something has happened within a time.

use std::collections::VecDeque;
use std::time::Duration;

use model::Uptime;

use crate::config::TIMES_AT_MOST;

/// When it happened, oldest first; the newest [`TIMES_AT_MOST`], as nobody asks whether it were more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    times: VecDeque<Uptime>,
}

impl Edges {
    /// It happens now.
    pub fn add(&mut self, now: Uptime) {
        if self.times.len() == usize::from(TIMES_AT_MOST) {
            self.times.pop_front();
        }
        self.times.push_back(now);
    }

    /// How often it has happened within the time before now. What is exactly so long ago does not count.
    pub fn count(&self, now: Uptime, within: Duration) -> u16 {
        let counted = self.times.iter().rev().take_while(|time| now.since(**time) < within).count();
        u16::try_from(counted).unwrap_or(TIMES_AT_MOST)
    }

    /// When the count falls next.
    pub fn deadline(&self, now: Uptime, within: Duration) -> Option<Uptime> {
        self.times.iter().map(|time| *time + within).find(|due| *due > now)
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.times.clear();
    }
}
