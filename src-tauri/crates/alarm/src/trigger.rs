//! When an alarm's condition holds: what is measured of its source, and the limits that the measure reaches.
//!
//! This is the configuration alone. What was heard and what follows from it is in `detect`.

use std::time::Duration;

use model::{TagIndex, Value};

use crate::Priority;

/// When an alarm's condition holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A measure reaches a limit. The limits of one side are levels of one alarm, so that what gets worse is still one
    /// occurrence (OPC UA Part 9, 5.8.19, ExclusiveLimitAlarmType).
    Limit {
        /// What is measured.
        measure: Measure,
        /// The limits, the mildest first; at least one, all of one side.
        levels: Vec<Level>,
    },
    /// A signal is in the alarming position; any number but zero is on.
    Digital {
        /// The alarming position.
        active_when: bool,
    },
    /// A number or a text is one of some, or none of them.
    State {
        /// Which ones.
        states: Vec<Value>,
        /// Whether to be one of them is the alarm, or to be none.
        active_when: bool,
    },
    /// The watched feedback is not what was commanded. The on-delay is the time it has to follow.
    Discrepancy {
        /// The tag of the command.
        command: TagIndex,
    },
    /// The value does not move: a frozen source.
    Unchanged {
        /// For so long, while the source is there.
        within: Duration,
        /// A number that moves by no more than this does not move; in the tag's unit, finite, not negative.
        band: f64,
    },
    /// No sample comes, of whatever quality.
    Silent {
        /// For so long, while the source is there.
        within: Duration,
    },
    /// There is no fresh value: the quality says stale, last usable, or bad.
    Stale,
    /// A formula is true.
    Condition,
    /// The connection to a gateway is lost, which [`crate::Input::Truth`] says.
    LinkDown,
}

/// What of a source is put beside the limits.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// The value itself, in the tag's unit.
    Value,
    /// How far the value is from its setpoint, in the tag's unit.
    Deviation {
        /// The setpoint.
        setpoint: Operand,
        /// On which side of it.
        sense: Sense,
    },
    /// How much the value has changed within a window, in the tag's unit a second.
    Rate {
        /// The window; not zero.
        window: Duration,
        /// Which way.
        sense: Sense,
    },
    /// How often something has happened within a time.
    Count {
        /// The time; not zero.
        within: Duration,
        /// What is counted.
        event: Event,
    },
    /// The cumulative sum of what the samples are off their target beyond a slack, in the tag's unit; each sample counts
    /// once. It finds a small lasting shift that no limit would. The limit is Page's decision interval.
    ///
    /// Source: E. S. Page, Continuous Inspection Schemes, Biometrika 41 (1954), 100-115.
    Cusum {
        /// Where the value should be.
        target: Operand,
        /// What a sample may be off without counting, often half of the shift to be found; in the tag's unit, finite,
        /// not negative.
        slack: f64,
        /// On which side.
        sense: Sense,
    },
}

/// Which way a measure counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sense {
    /// Upward.
    Up,
    /// Downward.
    Down,
    /// Either way.
    #[default]
    Both,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A signal goes to a position; any number but zero is on.
    Switch {
        /// The position.
        active_when: bool,
    },
    /// A number reaches a limit that it was not at before.
    Crossing {
        /// On which side.
        kind: LimitKind,
        /// The limit, in the tag's unit; finite.
        limit: f64,
        /// How far it must come back before it can reach the limit again; finite, not negative.
        deadband: f64,
    },
}

/// One limit of an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// On which side, and which of the two there.
    pub kind: LimitKind,
    /// The limit. A measure on the limit has reached it.
    pub limit: Operand,
    /// When it is left again.
    pub off: Off,
    /// How urgent the alarm is at this level.
    pub priority: Priority,
}

/// A number that is written, or the value of another tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// A finite number.
    Number(f64),
    /// The value of this tag, which [`crate::Input::Operand`] tells.
    Tag(TagIndex),
}

/// When a limit that was reached is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Off {
    /// Once the measure is further behind the limit than this; finite, not negative.
    Deadband(f64),
    /// Once the measure is behind this value; finite.
    Limit(f64),
}

/// The side and the step of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Far above.
    HighHigh,
    /// Above.
    High,
    /// Below.
    Low,
    /// Far below.
    LowLow,
}

impl Trigger {
    /// The limits, the mildest first; none of a condition that has no limits.
    pub fn levels(&self) -> &[Level] {
        match self {
            Trigger::Limit { levels, .. } => levels,
            Trigger::Digital { .. }
            | Trigger::State { .. }
            | Trigger::Discrepancy { .. }
            | Trigger::Unchanged { .. }
            | Trigger::Silent { .. }
            | Trigger::Stale
            | Trigger::Condition
            | Trigger::LinkDown => &[],
        }
    }

    /// The limits on the watched value itself, which a bar or a trend can show.
    pub fn value_limits(&self) -> &[Level] {
        match self {
            Trigger::Limit { measure: Measure::Value, levels } => levels,
            Trigger::Limit { .. }
            | Trigger::Digital { .. }
            | Trigger::State { .. }
            | Trigger::Discrepancy { .. }
            | Trigger::Unchanged { .. }
            | Trigger::Silent { .. }
            | Trigger::Stale
            | Trigger::Condition
            | Trigger::LinkDown => &[],
        }
    }

    /// The tags whose values it needs beside the watched one, each once.
    pub fn operands(&self) -> Vec<TagIndex> {
        let mut tags: Vec<TagIndex> = self.levels().iter().filter_map(|level| level.limit.tag()).collect();
        match self {
            Trigger::Limit { measure, .. } => tags.extend(measure.reference().and_then(Operand::tag)),
            Trigger::Discrepancy { command } => tags.push(*command),
            Trigger::Digital { .. }
            | Trigger::State { .. }
            | Trigger::Unchanged { .. }
            | Trigger::Silent { .. }
            | Trigger::Stale
            | Trigger::Condition
            | Trigger::LinkDown => {}
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}

impl Measure {
    /// What the value is compared with before it is put beside the limits.
    fn reference(&self) -> Option<Operand> {
        match self {
            Measure::Deviation { setpoint, .. } => Some(*setpoint),
            Measure::Cusum { target, .. } => Some(*target),
            Measure::Value | Measure::Rate { .. } | Measure::Count { .. } => None,
        }
    }
}

impl Sense {
    /// Of two amounts, one for each way, the one that counts.
    pub(crate) fn of(self, up: f64, down: f64) -> f64 {
        match self {
            Sense::Up => up,
            Sense::Down => down,
            Sense::Both => up.max(down),
        }
    }
}

impl Operand {
    /// The tag, where it is one.
    pub fn tag(self) -> Option<TagIndex> {
        match self {
            Operand::Number(_) => None,
            Operand::Tag(tag) => Some(tag),
        }
    }

    /// The number, where it is written.
    pub fn number(self) -> Option<f64> {
        match self {
            Operand::Number(number) => Some(number),
            Operand::Tag(_) => None,
        }
    }
}

impl LimitKind {
    /// Whether what is above it is the alarm.
    pub fn is_upper(self) -> bool {
        match self {
            LimitKind::HighHigh | LimitKind::High => true,
            LimitKind::Low | LimitKind::LowLow => false,
        }
    }

    /// Whether a value is at the limit or beyond.
    pub(crate) fn reaches(self, limit: f64, value: f64) -> bool {
        if self.is_upper() { value >= limit } else { value <= limit }
    }

    /// The limit moved back by a deadband.
    pub(crate) fn behind(self, limit: f64, deadband: f64) -> f64 {
        if self.is_upper() { limit - deadband } else { limit + deadband }
    }
}
