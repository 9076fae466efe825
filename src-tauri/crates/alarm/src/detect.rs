//! Whether an alarm's condition holds, by what was heard so far of everything it depends on.
//!
//! A [`Detector`] hears ([`Detector::hear`], [`Detector::hear_operand`], ...) and judges ([`Detector::judge`]). Hearing
//! changes what it remembers, judging does not: it can be asked again at any time, and time alone may change its answer,
//! at [`Detector::deadline`] at the latest.
//!
//! Nothing is concluded from what cannot be trusted. Where the watched value, an operand or the enabling condition is
//! bad, uncertain or not known yet, the verdict is [`Verdict::Unknown`] and the alarm stays as it is; the source's own
//! alarm says what is wrong.
//!
//! **Invariant:** what is remembered is bounded, whatever is heard.

mod cusum;
mod edges;
mod silence;
mod slope;

use model::{Now, Quality, Severity, TagIndex, Timestamp, Uptime, Value};

use crate::{Enabling, Event, Level, Measure, Off, Operand, Trigger};
use cusum::Cusum;
pub(crate) use edges::Edges;
use silence::{Silence, Stillness};
use slope::Slope;

/// What one look at everything heard says of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds, at this level: 0 is the first, a higher one is more severe. A condition without limits has level 0.
    Present(u8),
    /// It does not hold.
    Absent,
    /// What was heard is not to be trusted: nothing changes.
    Unknown,
}

/// What was heard of an alarm's sources.
#[derive(Clone, Debug)]
pub(crate) struct Detector {
    /// The newest of the watched source; none before the first.
    watched: Option<Heard>,
    /// Whether the gateway of the watched source was lost after that.
    is_lost: bool,
    /// The tags beside the watched one, with their values where those are good.
    operands: Vec<(TagIndex, Option<Value>)>,
    /// What the enabling condition says, where it says anything to be trusted.
    enabled: Option<bool>,
    /// Whether the last thing it said that could be trusted was no.
    has_rested: bool,
    memory: Memory,
}

#[derive(Clone, Debug, PartialEq)]
struct Heard {
    value: Option<Value>,
    quality: Quality,
    time: Timestamp,
}

/// What has to be remembered of the samples before the newest.
#[derive(Clone, Debug)]
enum Memory {
    Nothing,
    Slope(Slope),
    Cusum(Cusum),
    Count { edges: Edges, is_on: Option<bool> },
    Stillness(Stillness),
    Silence(Silence),
}

impl Memory {
    fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Limit { measure: Measure::Rate { window, .. }, .. } => Memory::Slope(Slope::new(*window)),
            Trigger::Limit { measure: Measure::Cusum { .. }, .. } => Memory::Cusum(Cusum::default()),
            Trigger::Limit { measure: Measure::Count { .. }, .. } => {
                Memory::Count { edges: Edges::default(), is_on: None }
            }
            Trigger::Unchanged { .. } => Memory::Stillness(Stillness::default()),
            Trigger::Silent { .. } => Memory::Silence(Silence::default()),
            Trigger::Limit { measure: Measure::Value | Measure::Deviation { .. }, .. }
            | Trigger::Digital { .. }
            | Trigger::State { .. }
            | Trigger::Discrepancy { .. }
            | Trigger::Stale
            | Trigger::Condition
            | Trigger::LinkDown => Memory::Nothing,
        }
    }
}

impl Memory {
    fn stillness(&self) -> Option<&Stillness> {
        if let Memory::Stillness(stillness) = self { Some(stillness) } else { None }
    }

    fn silence(&self) -> Option<&Silence> {
        if let Memory::Silence(silence) = self { Some(silence) } else { None }
    }
}

impl Detector {
    /// One that has heard nothing yet.
    pub fn new(trigger: &Trigger) -> Self {
        let operands = trigger.operands().into_iter().map(|tag| (tag, None)).collect();
        Self { watched: None, is_lost: false, operands, enabled: None, has_rested: false, memory: Memory::of(trigger) }
    }

    /// The watched source says something. What it said already, with the same time, is no news.
    pub fn hear(&mut self, now: Now, trigger: &Trigger, value: Option<Value>, quality: Quality, time: Timestamp) {
        let heard = Heard { value, quality, time };
        let was_lost = std::mem::take(&mut self.is_lost);
        let is_news = self.watched.as_ref() != Some(&heard);
        let number = usable(&heard);
        match (&mut self.memory, trigger) {
            (Memory::Silence(silence), _) => {
                if is_news || was_lost {
                    silence.hear(now.uptime, quality);
                }
            }
            (Memory::Stillness(stillness), Trigger::Unchanged { within, band }) => match trusted(&heard) {
                Some(value) => stillness.hear(now.uptime, value, *band),
                None => stillness.pause(now.uptime, *within),
            },
            (Memory::Slope(slope), _) => {
                if let Some(number) = number.filter(|_| is_news) {
                    slope.hear(now, time, number);
                }
            }
            (Memory::Cusum(cusum), Trigger::Limit { measure: Measure::Cusum { target, slack, .. }, levels }) => {
                let target = self.operands.number(*target);
                let most = levels.iter().map(|level| self.operands.number(level.limit)).next_back().flatten();
                if let (Some(number), Some(target), Some(most), true) = (number, target, most, is_news) {
                    cusum.hear(number - target, *slack, most);
                }
            }
            (Memory::Count { edges, is_on }, Trigger::Limit { measure: Measure::Count { event, .. }, .. }) => {
                if let Some(number) = number {
                    let was_on = is_on.replace(event.is_on(number, is_on.unwrap_or(false)));
                    if was_on == Some(false) && *is_on == Some(true) {
                        edges.add(now.uptime);
                    }
                }
            }
            (Memory::Nothing | Memory::Stillness(_) | Memory::Cusum(_) | Memory::Count { .. }, _) => {}
        }
        self.watched = Some(heard);
    }

    /// A tag beside the watched one has a new value.
    pub fn hear_operand(&mut self, tag: TagIndex, value: Option<Value>, quality: Quality) {
        for operand in self.operands.iter_mut().filter(|(operand, _)| *operand == tag) {
            operand.1 = value.clone().filter(|_| quality.is_good());
        }
    }

    /// The enabling condition has a new answer. Enabled again, it begins anew, with what the watched source said last.
    pub fn hear_enabling(&mut self, now: Now, trigger: &Trigger, active: bool, quality: Quality) {
        self.enabled = quality.is_good().then_some(active);
        match self.enabled {
            None => return,
            Some(false) => {
                self.has_rested = true;
                return;
            }
            Some(true) if !std::mem::take(&mut self.has_rested) => return,
            Some(true) => {}
        }
        self.memory = Memory::of(trigger);
        if self.is_lost {
            return;
        }
        if let Some(Heard { value, quality, time }) = self.watched.take() {
            self.hear(now, trigger, value, quality, time);
        }
    }

    /// The gateway of the watched source is lost: nothing more is concluded from what it said.
    pub fn lose_source(&mut self, now: Uptime, trigger: &Trigger) {
        if std::mem::replace(&mut self.is_lost, true) {
            return;
        }
        match (&mut self.memory, trigger) {
            (Memory::Silence(silence), Trigger::Silent { within }) => silence.pause(now, *within),
            (Memory::Stillness(stillness), Trigger::Unchanged { within, .. }) => stillness.pause(now, *within),
            (
                Memory::Nothing
                | Memory::Slope(_)
                | Memory::Cusum(_)
                | Memory::Count { .. }
                | Memory::Stillness(_)
                | Memory::Silence(_),
                _,
            ) => {}
        }
    }

    /// The gateway of the watched source is there again. From now on it is expected to say something; until it does,
    /// nothing is concluded from what it said before.
    pub fn find_source(&mut self, now: Uptime) {
        if let Memory::Silence(silence) = &mut self.memory {
            silence.expect(now);
            self.is_lost = false;
        }
    }

    /// Whether the enabling condition says that the alarm is not looked at.
    pub fn is_disabled(&self, enabling: Enabling) -> bool {
        enabling == Enabling::Conditional && self.enabled == Some(false)
    }

    /// What follows from what was heard, for an alarm whose condition is accepted as holding at a level, its delays
    /// included, or is not. The deadband counts only on the way back.
    pub fn judge(&self, now: Uptime, trigger: &Trigger, enabling: Enabling, held: Option<u8>) -> Verdict {
        match (enabling, self.enabled) {
            (Enabling::Conditional, None) => return Verdict::Unknown,
            (Enabling::Conditional, Some(false)) => return Verdict::Absent,
            (Enabling::Always, _) | (Enabling::Conditional, Some(true)) => {}
        }
        if self.is_lost {
            return Verdict::Unknown;
        }
        let Some(watched) = &self.watched else {
            return Verdict::Unknown;
        };
        let number = usable(watched);
        match trigger {
            Trigger::Limit { measure, levels } => match self.measure(now, measure, number) {
                Some(measured) => self.reached(levels, measured, held),
                None => Verdict::Unknown,
            },
            Trigger::Digital { active_when } => verdict(number.map(|number| (number != 0.0) == *active_when)),
            Trigger::Condition | Trigger::LinkDown => verdict(number.map(|number| number != 0.0)),
            Trigger::State { states, active_when } => {
                let value = trusted(watched);
                verdict(value.map(|value| states.iter().any(|state| is_same(state, value)) == *active_when))
            }
            Trigger::Discrepancy { command } => {
                let both = trusted(watched).zip(self.operands.value(*command));
                verdict(both.map(|(feedback, command)| !is_same(feedback, command)))
            }
            Trigger::Unchanged { within, .. } => {
                let stillness = self.memory.stillness().filter(|_| trusted(watched).is_some());
                verdict(stillness.and_then(|stillness| stillness.lasts(now, *within)))
            }
            Trigger::Silent { within } => {
                verdict(self.memory.silence().and_then(|silence| silence.lasts(now, *within)))
            }
            Trigger::Stale => staleness(watched.quality),
        }
    }

    /// When the verdict may be another one although nothing was heard; none where only news can change it.
    pub fn deadline(&self, now: Uptime, trigger: &Trigger, enabling: Enabling) -> Option<Uptime> {
        let is_looked_at = enabling == Enabling::Always || self.enabled == Some(true);
        if self.is_lost || !is_looked_at {
            return None;
        }
        match (&self.memory, trigger) {
            (Memory::Slope(slope), _) => slope.deadline(now),
            (Memory::Count { edges, .. }, Trigger::Limit { measure: Measure::Count { within, .. }, .. }) => {
                edges.deadline(now, *within)
            }
            (Memory::Stillness(stillness), Trigger::Unchanged { within, .. }) => {
                self.watched.as_ref().and_then(trusted).and_then(|_| stillness.deadline(now, *within))
            }
            (Memory::Silence(silence), Trigger::Silent { within }) => silence.deadline(now, *within),
            (
                Memory::Nothing | Memory::Cusum(_) | Memory::Count { .. } | Memory::Stillness(_) | Memory::Silence(_),
                _,
            ) => None,
        }
    }

    /// The measure that is put beside the limits; none where it is not known.
    fn measure(&self, now: Uptime, measure: &Measure, number: Option<f64>) -> Option<f64> {
        let number = number?;
        match (measure, &self.memory) {
            (Measure::Value, _) => Some(number),
            (Measure::Deviation { setpoint, sense }, _) => {
                let off = number - self.operands.number(*setpoint)?;
                Some(sense.of(off, -off))
            }
            (Measure::Rate { sense, .. }, Memory::Slope(slope)) => {
                let rate = slope.rate(now)?;
                Some(sense.of(rate, -rate))
            }
            (Measure::Count { within, .. }, Memory::Count { edges, .. }) => Some(f64::from(edges.count(now, *within))),
            (Measure::Cusum { target, sense, .. }, Memory::Cusum(cusum)) => {
                self.operands.number(*target)?;
                Some(cusum.sum(*sense))
            }
            (Measure::Rate { .. } | Measure::Count { .. } | Measure::Cusum { .. }, _) => None,
        }
    }

    /// The most severe level that is reached. All limits have to be known, so that an alarm does not get milder because
    /// one of them is bad.
    fn reached(&self, levels: &[Level], measured: f64, held: Option<u8>) -> Verdict {
        let mut reached = Verdict::Absent;
        for (level, at) in (0..).zip(levels) {
            let Some(limit) = self.operands.number(at.limit) else { return Verdict::Unknown };
            let bound = match (held.is_some_and(|held| held >= level), at.off) {
                (false, _) => limit,
                (true, Off::Deadband(deadband)) => at.kind.behind(limit, deadband),
                (true, Off::Limit(off)) => off,
            };
            if at.kind.reaches(bound, measured) {
                reached = Verdict::Present(level);
            }
        }
        reached
    }
}

impl Verdict {
    /// Whether it is more severe than another one.
    pub(crate) fn is_above(self, other: Verdict) -> bool {
        self.rank() > other.rank()
    }

    fn rank(self) -> u16 {
        match self {
            Verdict::Absent | Verdict::Unknown => 0,
            Verdict::Present(level) => u16::from(level) + 1,
        }
    }

    /// Whether the condition holds, at whatever level.
    pub fn is_present(self) -> bool {
        match self {
            Verdict::Present(_) => true,
            Verdict::Absent | Verdict::Unknown => false,
        }
    }
}

impl Event {
    /// Whether a number is on the side that counts when it is reached, for one that was there before or was not.
    fn is_on(self, number: f64, was_on: bool) -> bool {
        match self {
            Event::Switch { active_when } => (number != 0.0) == active_when,
            Event::Crossing { kind, limit, deadband } => {
                kind.reaches(if was_on { kind.behind(limit, deadband) } else { limit }, number)
            }
        }
    }
}

/// What is known of the tags beside the watched one.
trait Known {
    fn value(&self, tag: TagIndex) -> Option<&Value>;

    fn number(&self, operand: Operand) -> Option<f64> {
        match operand {
            Operand::Number(number) => Some(number),
            Operand::Tag(tag) => self.value(tag).and_then(Value::number).filter(|number| number.is_finite()),
        }
    }
}

impl Known for Vec<(TagIndex, Option<Value>)> {
    fn value(&self, tag: TagIndex) -> Option<&Value> {
        self.iter().find(|(operand, _)| *operand == tag).and_then(|(_, value)| value.as_ref())
    }
}

fn verdict(present: Option<bool>) -> Verdict {
    match present {
        Some(true) => Verdict::Present(0),
        Some(false) => Verdict::Absent,
        None => Verdict::Unknown,
    }
}

/// The value to judge by; none where the quality is not good.
fn trusted(heard: &Heard) -> Option<&Value> {
    heard.value.as_ref().filter(|_| heard.quality.is_good())
}

/// The number to judge by; none where the quality is not good or it is no number.
fn usable(heard: &Heard) -> Option<f64> {
    trusted(heard).and_then(Value::number).filter(|number| number.is_finite())
}

/// Whether two values are the same one, whatever their types: 1, 1.0 and on are, a number and a text never are.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::UInt(a), Value::UInt(b)) => a == b,
        (Value::Int(_), Value::UInt(_)) | (Value::UInt(_), Value::Int(_)) => false,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Text(_), _) | (_, Value::Text(_)) => false,
        (a, b) => a.number() == b.number(),
    }
}

/// A source that has said nothing yet, or only repeats what it knew before, is neither fresh nor stale.
fn staleness(quality: Quality) -> Verdict {
    match quality {
        Quality::BAD_WAITING | Quality::UNCERTAIN_INITIAL => Verdict::Unknown,
        Quality::STALE | Quality::UNCERTAIN_LAST_USABLE => Verdict::Present(0),
        other => match other.severity() {
            Severity::Good | Severity::Uncertain => Verdict::Absent,
            Severity::Bad => Verdict::Present(0),
        },
    }
}
