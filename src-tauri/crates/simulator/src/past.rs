//! Seven days that never were: the line run fast, second by second, and written down as history.
//!
//! The same model that then goes on live, so that counters, wear and the warmth of the day join without a jump. Written
//! is what changed: states and flags at their second, the rest by the minute, and in finer steps during the last hour.

use std::collections::HashMap;
use std::sync::Arc;

use history::{Row, SeriesId};
use model::{Quality, Sample, Timestamp, Value};

use crate::line::{Faults, Line, Station};
use crate::messages::ROOT;
use crate::random::Random;
use crate::readings::{Reading, Readings};

/// A recorded tag, for the past to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTag {
    /// Where its samples go.
    pub series: SeriesId,
    /// The tag's full id.
    pub id: Arc<str>,
}

const DAY_S: i64 = 86_400;
/// The last stretch, written in finer steps.
const FINE_S: i64 = 3_600;
/// Seconds between two looks at the values, before and within the last stretch.
const COARSE_EVERY_S: i64 = 60;
const FINE_EVERY_S: i64 = 5;
/// The last stretch in which nothing goes wrong any more, so that live begins with a running line.
const CALM_S: i64 = 1_800;
/// When the reel that will run low soon after the end is mounted.
const REEL_S: i64 = 300;
/// After so long a value that did not change is written again, so that its age in the past is seen to be small.
const REPEAT_S: i64 = 900;

/// What was last written of one reading.
struct Track {
    series: SeriesId,
    last: Option<(i64, Option<Value>)>,
}

/// The rows of `days` days up to `now`, and the line as it is then. Deterministic: the same seed and time, the same rows.
pub(crate) fn make(seed: u64, now: Timestamp, days: u32, tags: &[PastTag]) -> (Vec<Row>, Line) {
    let seconds = i64::from(days) * DAY_S;
    let start = now.millis() - seconds * 1000;
    let mut random = Random::new(seed);
    let mut noise = Random::new(!seed);
    let mut line = Line::running(second_of_day(start));
    let mut tracks = tracks(&line, tags);
    let mut rows = Vec::with_capacity(500_000.min(tags.len() * 10_000));
    let mut states = Station::ALL.map(|station| line.state(station));
    for second in 0..seconds {
        let left = seconds - second;
        if left == CALM_S {
            line.set_faults(Faults::None);
            line.postpone_break();
        }
        if left == REEL_S {
            line.mount_reel_for(300.0);
        }
        let every = if left <= FINE_S { FINE_EVERY_S } else { COARSE_EVERY_S };
        let states_now = Station::ALL.map(|station| line.state(station));
        let changed = |station: Option<Station>| {
            station.is_some_and(|station| states[station as usize] != states_now[station as usize])
        };
        let due = second % every == 0;
        if due || states != states_now {
            let time = start + second * 1000;
            let readings = Readings::of(&line, &mut noise);
            for (reading, track) in readings.all().iter().zip(&mut tracks) {
                if let Some(track) = track
                    && (due || changed(reading.station))
                {
                    rows.extend(track.row(reading, time));
                }
            }
        }
        states = states_now;
        line.step(1.0, &mut random);
    }
    line.set_faults(Faults::AsTheyCome);
    (rows, line)
}

/// One track for each reading, in their order; none where no tag wants it.
fn tracks(line: &Line, tags: &[PastTag]) -> Vec<Option<Track>> {
    let by_id: HashMap<&str, SeriesId> = tags.iter().map(|tag| (&*tag.id, tag.series)).collect();
    let readings = Readings::of(line, &mut Random::new(0));
    let track = |reading: &Reading| {
        let series = *by_id.get(&*tag_id(reading))?;
        Some(Track { series, last: None })
    };
    readings.all().iter().map(track).collect()
}

/// The full id of a reading's tag.
pub(crate) fn tag_id(reading: &Reading) -> String {
    match reading.station {
        Some(station) => format!("{ROOT}/{}/{}", station.id(), reading.name),
        None => format!("{ROOT}/{}", reading.name),
    }
}

impl Track {
    /// The row that a reading is worth, if any.
    fn row(&mut self, reading: &Reading, time: i64) -> Option<Row> {
        if let Some((written, last)) = &self.last
            && !differs(last.as_ref(), reading)
            && (time - written < REPEAT_S * 1000 || reading.value.is_none())
        {
            return None;
        }
        let at = Timestamp::from_millis(time);
        let sample = match &reading.value {
            Some(value) => Sample::good(at, value.clone()),
            None => {
                // A sensor that fell silent: its last value stays, and is known to be old.
                let value = self.last.as_ref().and_then(|(_, value)| value.clone());
                Sample { time: at, received: at, value, quality: Quality::STALE }
            }
        };
        self.last = Some((time, reading.value.clone()));
        Some(Row { series: self.series, sample })
    }
}

/// Whether a reading is worth a row after the one written last.
fn differs(last: Option<&Value>, reading: &Reading) -> bool {
    match (last, &reading.value) {
        (Some(Value::Float(last)), Some(Value::Float(now))) => {
            (last - now).abs() > reading.fine || (*now == 0.0) != (*last == 0.0)
        }
        (last, now) => last != now.as_ref(),
    }
}

/// Seconds since midnight, UTC.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of one day")]
pub(crate) fn second_of_day(millis: i64) -> f64 {
    millis.rem_euclid(DAY_S * 1000) as f64 / 1000.0
}

#[cfg(test)]
mod tests;
