//! How long alarms waited for their acknowledgement, and whether anybody looked at what they acknowledged.

use std::collections::{BTreeMap, HashMap};

use alarm::Burst;

/// More than five acknowledgements within ten seconds are made without looking.
const HASTY: (i64, usize) = (10_000, 6);
/// Longer waits are told apart by the minute only, so that however many there are they need little memory.
const EXACT_S: u32 = 3600;

/// Times to acknowledge, by how many there were of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    /// By seconds.
    counts: BTreeMap<u32, u64>,
    count: u64,
}

/// Watches how fast each person acknowledges.
#[derive(Default)]
pub(super) struct Haste {
    of: HashMap<String, Burst>,
    times: u64,
}

impl Waits {
    pub fn take(&mut self, millis: i64) {
        let seconds = u32::try_from(millis / 1000).unwrap_or(u32::MAX);
        let seconds = if seconds < EXACT_S { seconds } else { seconds / 60 * 60 };
        *self.counts.entry(seconds).or_default() += 1;
        self.count += 1;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least time within which so many of a hundred were acknowledged, seconds.
    pub fn percentile(&self, percent: u64) -> Option<u32> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut passed = 0;
        self.counts.iter().find_map(|(seconds, count)| {
            passed += count;
            (passed >= rank).then_some(*seconds)
        })
    }
}

impl Haste {
    pub fn take(&mut self, at: i64, user: &str) {
        if !self.of.contains_key(user) {
            self.of.insert(user.to_owned(), Burst::new(HASTY.0, HASTY.1, HASTY.1));
        }
        if let Some(burst) = self.of.get_mut(user) {
            self.times += u64::from(burst.take(at).began.is_some());
        }
    }

    pub fn times(&self) -> u64 {
        self.times
    }
}
