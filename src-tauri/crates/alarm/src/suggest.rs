//! Other numbers for an alarm that comes too often: the least change with which its past would have been bearable.
//!
//! What costs an operator nothing is tried first: a wider deadband and a longer off-delay change when an alarm goes, not when
//! it comes. Then a longer on-delay, which tells them later. A limit is moved last, and least, because it says what is
//! abnormal.
//!
//! **Invariant:** the past that is kept for the search gives every candidate the activations that the whole past gives it.
//! A reading is left out only where it is on the same side of every bound of every candidate as the one before.

use std::time::Duration;

use model::{Quality, Timestamp, Value};

use crate::{AlarmId, Config, Input, LimitKind, Measure, Off, Replay, Replayed, Trigger, Tuning};

/// Deadbands that are tried, parts of the range.
const DEADBANDS: [f64; 7] = [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1];
/// Delays that are tried, seconds.
const DELAYS: [u64; 10] = [0, 1, 2, 5, 10, 15, 30, 60, 120, 300];
/// The on-delay goes no further than this: later than that an alarm tells nobody in time.
const ON_DELAYS: usize = 8;
/// Ways of a limit that are tried, parts of the range.
const WAYS: [f64; 9] = [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2];
/// A little of the whole time: one part in so many.
const A_LITTLE: u32 = 100;
/// The decision to go on is asked for once for so many inputs.
const LOOK_UP: usize = 65_536;

/// What is bearable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// At most so many activations in the whole time.
    pub activations: usize,
}

/// The most that a candidate may do.
#[derive(Clone, Copy)]
struct Most {
    activations: usize,
    /// An alarm that seldom comes because it never goes is no better: it may stand twice as long as now, or a little more.
    active: Duration,
}

/// A search for other numbers over a past that is heard once.
#[derive(Clone, Debug)]
pub struct Search {
    id: AlarmId,
    config: Config,
    /// The display range of the tag, low before high; the bounds of a limit.
    range: (f64, f64),
    begin: Timestamp,
    /// Every value at which some candidate decides, ascending.
    bounds: Vec<f64>,
    is_upper: bool,
    heard: Vec<(Timestamp, Input)>,
    last: Option<Side>,
}

/// Where a reading is, as far as a candidate can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Unknown,
    Above(usize),
}

impl Search {
    /// A search for an alarm on the value of a tag; none for one of another kind, or whose limits are other tags: what it is
    /// about cannot be bought with a number.
    pub fn new(id: AlarmId, config: &Config, range: Option<(f64, f64)>, begin: Timestamp) -> Option<Search> {
        let Trigger::Limit { measure: Measure::Value, levels } = &config.trigger else { return None };
        let limits = levels.iter().map(|level| level.limit.number()).collect::<Option<Vec<f64>>>()?;
        let deadband = config.tuning().deadband?;
        let kind = levels.first()?.kind;
        // Without a range, what the limit itself is like has to do for a measure of what is little.
        let span = limits[0].abs().max(deadband).max(1.0);
        let range = range.unwrap_or((limits[0] - span, limits[0] + span));
        let mut search = Search {
            id,
            config: config.clone(),
            range,
            begin,
            bounds: Vec::new(),
            is_upper: kind.is_upper(),
            heard: Vec::new(),
            last: None,
        };
        let mut bounds = Vec::new();
        for way in WAYS {
            for band in DEADBANDS {
                let Some(candidate) = search.candidate(way, band, 0, 0) else { continue };
                bounds.extend(search.tuned(&candidate).iter().flat_map(bounds_of));
            }
        }
        bounds.extend(bounds_of(config));
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        search.bounds = bounds;
        Some(search)
    }

    /// Takes in what the alarm's sources said.
    pub fn hear(&mut self, at: Timestamp, input: &Input) {
        if let Input::Reading { value, quality, .. } = input {
            let side = self.side(value.as_ref(), *quality);
            if self.last.replace(side) == Some(side) {
                return;
            }
        }
        self.heard.push((at, input.clone()));
    }

    /// The numbers with the least change that meet the target; none where no candidate does, or where `goes_on` says that
    /// nobody waits any more.
    pub fn find(&self, target: Target, end: Timestamp, goes_on: impl Fn() -> bool) -> Option<Tuning> {
        let now = self.config.tuning();
        let active = self.replay(&now, end)?.active(end);
        let whole = Duration::from_millis(end.millis_since(self.begin).max(0).unsigned_abs());
        let most = Most { activations: target.activations, active: (active * 2).max(active + whole / A_LITTLE) };
        let meets = |tuning: &Tuning| self.meets(tuning, most, end, &goes_on);
        // The greatest numbers keep an alarm standing; whether they make it rare says whether smaller ones can.
        let is_rare_at_most =
            |tuning: &Tuning| self.meets(tuning, Most { active: Duration::MAX, ..most }, end, &goes_on);
        if meets(&now) {
            return Some(now);
        }
        let (most_band, most_off) = (DEADBANDS[DEADBANDS.len() - 1], DELAYS.len() - 1);
        // A longer time to count in makes a counted alarm come more often, not less.
        let on_delays = if now.times.is_some() { 1 } else { ON_DELAYS };
        for way in WAYS {
            // With the greatest of all else: whether this way of the limit can be enough.
            let at_most = self.candidate(way, most_band, on_delays - 1, most_off);
            if !at_most.as_ref().is_some_and(is_rare_at_most) {
                continue;
            }
            for on in 0..on_delays {
                if !self.candidate(way, most_band, on, most_off).as_ref().is_some_and(is_rare_at_most) {
                    continue;
                }
                let mut pairs: Vec<(usize, usize)> =
                    (0..DEADBANDS.len()).flat_map(|band| (0..DELAYS.len()).map(move |off| (band, off))).collect();
                pairs.sort_by_key(|(band, off)| (band + off, *off));
                let tried = pairs.into_iter().filter_map(|(band, off)| self.candidate(way, DEADBANDS[band], on, off));
                if let Some(found) = tried.into_iter().find(&meets) {
                    return Some(found);
                }
            }
            if !goes_on() {
                return None;
            }
        }
        None
    }

    /// What would have come of these numbers, as of the whole past; none where the alarm cannot have them.
    pub fn replay(&self, tuning: &Tuning, end: Timestamp) -> Option<Replayed> {
        let mut replay = Replay::new(self.id.clone(), self.tuned(tuning)?, self.begin);
        self.heard.iter().for_each(|(at, input)| replay.tell(*at, input.clone()));
        Some(replay.finish(end))
    }

    /// Other numbers: the limits moved outward, all else at least as much as now. None where a limit would leave the range.
    fn candidate(&self, way: f64, band: f64, on: usize, off: usize) -> Option<Tuning> {
        let now = self.config.tuning();
        let length = self.range.1 - self.range.0;
        let by = if self.is_upper { way * length } else { -way * length };
        let moved = |limit: Option<f64>| match limit.map(|limit| tidy(limit + by, length)) {
            Some(limit) if way > 0.0 && !(self.range.0..=self.range.1).contains(&limit) => Err(()),
            Some(limit) if way > 0.0 => Ok(Some(limit)),
            Some(_) | None => Ok(limit),
        };
        let deadband = now.deadband.map(|own| own.max(tidy(band * length, length)));
        Some(Tuning {
            limit: moved(now.limit).ok()?,
            second_limit: moved(now.second_limit).ok()?,
            deadband,
            on_delay: now.on_delay.max(Duration::from_secs(DELAYS[on])),
            off_delay: now.off_delay.max(Duration::from_secs(DELAYS[off])),
            times: now.times,
        })
    }

    fn tuned(&self, tuning: &Tuning) -> Option<Config> {
        self.config.tuned(tuning).ok()
    }

    fn meets(&self, tuning: &Tuning, most: Most, end: Timestamp, goes_on: &impl Fn() -> bool) -> bool {
        let Some(config) = self.tuned(tuning) else { return false };
        let mut replay = Replay::new(self.id.clone(), config, self.begin);
        for part in self.heard.chunks(LOOK_UP) {
            if !goes_on() {
                return false;
            }
            for (at, input) in part {
                replay.tell(*at, input.clone());
                if replay.activations() > most.activations {
                    return false;
                }
            }
        }
        let replayed = replay.finish(end);
        let is_rare = replayed.activations.len() <= most.activations && replayed.chattering() == 0;
        is_rare && replayed.active(end) <= most.active
    }

    fn side(&self, value: Option<&Value>, quality: Quality) -> Side {
        let number = value.filter(|_| quality.is_good()).and_then(Value::number).filter(|number| number.is_finite());
        number.map_or(Side::Unknown, |number| {
            // On the bound is beyond it, whichever side is the alarm's.
            let is_behind = |bound: &f64| if self.is_upper { *bound <= number } else { *bound < number };
            Side::Above(self.bounds.partition_point(is_behind))
        })
    }
}

/// The values at which an alarm decides.
fn bounds_of(config: &Config) -> Vec<f64> {
    let bound = |kind: LimitKind, limit: f64, off: Off| match off {
        Off::Deadband(deadband) => [limit, kind.behind(limit, deadband)],
        Off::Limit(off) => [limit, off],
    };
    let levels = config.trigger.levels().iter();
    levels.filter_map(|level| level.limit.number().map(|limit| bound(level.kind, limit, level.off))).flatten().collect()
}

/// A number without digits that nobody would set: to a thousandth of the range.
fn tidy(number: f64, range: f64) -> f64 {
    let step = 10_f64.powf((range / 1000.0).abs().max(f64::MIN_POSITIVE).log10().floor());
    let rounded = (number / step).round() * step;
    // Dividing by a whole number of steps gives the decimal number that is nearest, multiplying by 0.1 does not.
    if step < 1.0 { (number / step).round() / (1.0 / step).round() } else { rounded }
}
