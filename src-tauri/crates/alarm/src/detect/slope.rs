//! How much a value has changed within a window.
//!
//! The rate at a time is the difference between the value then and the value a window before, divided by the window.
//! Between two samples the value lies on the line between them, so that samples that come seldom or not regularly give
//! the slope that they show; after the newest one it stays. Before the first sample the value is taken to have been what
//! the first one says, so that no start makes a rate.
//!
//! Samples are as far apart as their source says, because they may arrive late and in a burst. Where the source's clock
//! is stepped, they are as far apart as they arrived.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Now, Timestamp, Uptime};

/// So many points are kept at most, one more than windows are divided into.
const PARTS: u32 = 256;

/// A value over a window. Times on its axis are measured from the first sample.
#[derive(Clone, Debug)]
pub(crate) struct Slope {
    window: Duration,
    /// The newest sample is the last; the first is at or before the beginning of the window, where there is one so old.
    points: VecDeque<Point>,
    newest: Option<Newest>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Duration,
    value: f64,
}

/// When the newest sample came, and the time it had.
#[derive(Clone, Copy, Debug)]
struct Newest {
    heard: Uptime,
    time: Timestamp,
}

impl Slope {
    pub fn new(window: Duration) -> Self {
        Self { window, points: VecDeque::new(), newest: None }
    }

    /// Takes a sample.
    pub fn hear(&mut self, now: Now, time: Timestamp, value: f64) {
        let at = match (self.newest, self.points.back()) {
            (Some(newest), Some(last)) => last.at + self.apart(newest, now, time),
            (None, _) | (_, None) => Duration::ZERO,
        };
        self.newest = Some(Newest { heard: now.uptime, time });
        if self.newest_is_dispensable(value) {
            self.points.pop_back();
        }
        self.points.push_back(Point { at, value });
        let begin = at.saturating_sub(self.window);
        while self.points.get(1).is_some_and(|second| second.at <= begin) {
            self.points.pop_front();
        }
    }

    /// The change a second over the window that ends now; none before the first sample.
    pub fn rate(&self, now: Uptime) -> Option<f64> {
        let newest = self.points.back()?;
        let earlier = match self.begin(now) {
            Some(begin) => self.value_at(begin)?,
            None => self.points.front()?.value,
        };
        Some((newest.value - earlier) / self.window.as_secs_f64())
    }

    /// When the beginning of the window reaches the next sample. At these times, and when a sample comes, the rate is
    /// extreme; none where it stays zero.
    pub fn deadline(&self, now: Uptime) -> Option<Uptime> {
        let (newest, last) = (self.newest?, self.points.back()?);
        let begin = self.begin(now);
        let mut ahead = self.points.iter().filter(|point| begin.is_none_or(|begin| point.at > begin));
        let moves = self.rate(now)? != 0.0 || ahead.clone().any(|point| point.value != last.value);
        let next = ahead.next().filter(|_| moves)?;
        Some(newest.heard + (next.at + self.window).saturating_sub(last.at))
    }

    /// Where on the axis the window begins that ends now; none where that is before the axis.
    fn begin(&self, now: Uptime) -> Option<Duration> {
        let (newest, last) = (self.newest?, self.points.back()?);
        (last.at + now.since(newest.heard)).checked_sub(self.window)
    }

    /// The value at a time on the axis; none before the first sample.
    fn value_at(&self, at: Duration) -> Option<f64> {
        let after = self.points.partition_point(|point| point.at <= at);
        let before = match after.checked_sub(1) {
            Some(before) => self.points.get(before)?,
            None => return self.points.front().map(|first| first.value),
        };
        let Some(next) = self.points.get(after) else { return Some(before.value) };
        let share = (at - before.at).as_secs_f64() / (next.at - before.at).as_secs_f64();
        Some(before.value + (next.value - before.value) * share)
    }

    /// How far a sample is from the one before it.
    ///
    /// The source's word counts unless its clock was stepped: set back, it is further behind what passed here than a
    /// window; set forward, it is further ahead of that and of the clock of this station. Samples that were held up and
    /// come in a burst are ahead of what passed here, but not of the clock.
    fn apart(&self, newest: Newest, now: Now, time: Timestamp) -> Duration {
        let here = now.uptime.since(newest.heard);
        let is_ahead_of_us = time > now.wall.saturating_add(self.window);
        let there = u64::try_from(time.millis_since(newest.time)).ok().map(Duration::from_millis);
        there
            .filter(|there| !there.is_zero() && *there + self.window >= here)
            .filter(|there| *there <= here + self.window || !is_ahead_of_us)
            .unwrap_or(here)
            .max(Duration::from_millis(1))
    }

    /// Whether the line is the same without the newest point, once a value follows: it lies on a level stretch, or so
    /// near to the point before it that a window cannot tell them apart.
    fn newest_is_dispensable(&self, value: f64) -> bool {
        let mut latest = self.points.iter().rev();
        let (Some(newest), Some(before)) = (latest.next(), latest.next()) else { return false };
        let is_level = before.value == newest.value && newest.value == value;
        is_level || newest.at - before.at < self.window / PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_dense_the_samples_what_is_kept_is_bounded() {
        let mut slope = Slope::new(Duration::from_secs(10));
        for ms in 0..60_000_i64 {
            let uptime = Uptime::from_millis(ms.unsigned_abs());
            let wall = Timestamp::from_millis(ms);
            // Half a unit a second, with a tooth on every other sample so that no stretch is level.
            let value = 0.5 * ms as f64 / 1000.0 + (ms % 2) as f64 * 0.01;
            slope.hear(Now { wall, uptime }, wall, value);
            assert!(slope.points.len() <= PARTS as usize + 3, "{} points at {ms} ms", slope.points.len());
        }
        let rate = slope.rate(Uptime::from_millis(59_999)).expect("there are samples");
        assert!((rate - 0.5).abs() < 0.005, "{rate}");
    }
}
