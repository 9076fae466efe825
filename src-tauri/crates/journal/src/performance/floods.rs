//! Floods: when they were, how bad, and how they began. What a flood is, is said by [`alarm::FloodWatch`].

use std::collections::HashMap;

use alarm::FloodWatch;
use model::Timestamp;

use super::{Flood, TEN_MINUTES};

/// Alarms that are named of each flood.
const NAMED: usize = 10;

/// Watches for floods, and remembers which alarms were in them.
#[derive(Default)]
pub(super) struct Floods {
    watch: FloodWatch,
    /// The alarms of the last ten minutes: those with which a flood would begin.
    recent: Vec<(i64, i64)>,
    current: Current,
    floods: Vec<Flood<i64>>,
    /// Most alarms within ten minutes, and when.
    peak: Option<(u64, Timestamp)>,
}

/// The alarms of the flood that goes on.
#[derive(Default)]
struct Current {
    first: Vec<(i64, Timestamp)>,
    counts: HashMap<i64, u64>,
}

impl Floods {
    /// Takes an alarm, in order of time.
    pub fn take(&mut self, at: i64, alarm: i64) {
        let step = self.watch.take(at);
        if let Some((end, flood)) = step.ended {
            self.close(end, true, flood);
        }
        if self.peak.is_none_or(|(most, _)| step.within > most) {
            self.peak = Some((step.within, Timestamp::from_millis(at)));
        }
        self.recent.push((at, alarm));
        match self.watch.current() {
            Some(flood) => {
                let own = self.recent.drain(..).filter(|(time, _)| *time >= flood.begin);
                own.for_each(|(time, alarm)| self.current.add(time, alarm));
            }
            None => self.recent.retain(|(time, _)| *time > at - TEN_MINUTES),
        }
    }

    /// All floods up to a time, how long they were together, and the most alarms within any ten minutes.
    pub fn finish(mut self, to: i64) -> (Vec<Flood<i64>>, i64, Option<(u64, Timestamp)>) {
        if let (Some(end), Some(flood)) = (self.watch.end(), self.watch.current()) {
            self.close(end.min(to), end <= to, flood);
        }
        let flooded = self.floods.iter().map(|flood| flood.end.millis() - flood.begin.millis()).sum();
        (self.floods, flooded, self.peak)
    }

    fn close(&mut self, end: i64, ended: bool, flood: alarm::Flood) {
        let Current { first, counts } = std::mem::take(&mut self.current);
        self.floods.push(Flood {
            begin: Timestamp::from_millis(flood.begin),
            end: Timestamp::from_millis(end),
            ended,
            count: flood.count,
            peak: flood.peak,
            first,
            top: most(counts, NAMED),
        });
    }
}

impl Current {
    fn add(&mut self, at: i64, alarm: i64) {
        if self.first.len() < NAMED {
            self.first.push((alarm, Timestamp::from_millis(at)));
        }
        *self.counts.entry(alarm).or_default() += 1;
    }
}

/// The most frequent, the most frequent first and at one count in the order of the alarms.
pub(super) fn most(counts: impl IntoIterator<Item = (i64, u64)>, at_most: usize) -> Vec<(i64, u64)> {
    let mut list: Vec<(i64, u64)> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    list.sort_by_key(|(alarm, count)| (std::cmp::Reverse(*count), *alarm));
    list.truncate(at_most);
    list
}
