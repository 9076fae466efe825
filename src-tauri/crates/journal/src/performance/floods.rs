//! Floods: when they were, how bad, and how they began.

use std::collections::HashMap;

use alarm::Burst;
use model::Timestamp;

use super::{Flood, TEN_MINUTES};

/// Alarms that are named of each flood.
const NAMED: usize = 10;

/// Watches for floods.
pub(super) struct Floods {
    burst: Burst,
    /// The alarms of the last ten minutes: those with which a flood would begin.
    recent: Vec<(i64, i64)>,
    current: Option<Current>,
    floods: Vec<Flood<i64>>,
    /// The end of the flood before, in which alarms are not counted again.
    free_from: i64,
    /// Most alarms within ten minutes, and when.
    peak: Option<(u64, Timestamp)>,
}

/// The flood that goes on.
struct Current {
    begin: i64,
    peak: u64,
    first: Vec<(i64, Timestamp)>,
    counts: HashMap<i64, u64>,
}

impl Floods {
    pub fn new(from: i64) -> Self {
        Self {
            burst: Burst::flood(),
            recent: Vec::new(),
            current: None,
            floods: Vec::new(),
            free_from: from - 1,
            peak: None,
        }
    }

    /// Takes an alarm, in order of time.
    pub fn take(&mut self, at: i64, alarm: i64) {
        let step = self.burst.take(at);
        if let Some(end) = step.ended {
            self.close(end, true);
        }
        let within = step.within as u64;
        if self.peak.is_none_or(|(most, _)| within > most) {
            self.peak = Some((within, Timestamp::from_millis(at)));
        }
        match &mut self.current {
            Some(current) => current.add(at, alarm),
            None => {
                let free_from = self.free_from;
                self.recent.retain(|(time, _)| *time > at - TEN_MINUTES && *time > free_from);
                self.recent.push((at, alarm));
                if step.began.is_some() {
                    let begin = self.recent.first().map_or(at, |(time, _)| *time);
                    let mut current = Current { begin, peak: 0, first: Vec::new(), counts: HashMap::new() };
                    for (time, alarm) in self.recent.drain(..) {
                        current.add(time, alarm);
                    }
                    self.current = Some(current);
                }
            }
        }
        if let Some(current) = &mut self.current {
            current.peak = current.peak.max(within);
        }
    }

    /// All floods up to a time, how long they were together, and the most alarms within any ten minutes.
    pub fn finish(mut self, to: i64) -> (Vec<Flood<i64>>, i64, Option<(u64, Timestamp)>) {
        if let Some(end) = self.burst.end() {
            self.close(end.min(to), end <= to);
        }
        let flooded = self.floods.iter().map(|flood| flood.end.millis() - flood.begin.millis()).sum();
        (self.floods, flooded, self.peak)
    }

    fn close(&mut self, end: i64, ended: bool) {
        let Some(Current { begin, peak, first, counts }) = self.current.take() else { return };
        self.free_from = end;
        self.floods.push(Flood {
            begin: Timestamp::from_millis(begin),
            end: Timestamp::from_millis(end),
            ended,
            count: counts.values().sum(),
            peak,
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
