//! A value at a time with its quality, and how many of them travel together.

use crate::{Quality, Timestamp, Value};

/// The place of a tag in the live table: dense, and the same for as long as the program runs, over every reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagIndex(pub u32);

impl TagIndex {
    /// As an index into a column.
    pub const fn slot(self) -> usize {
        self.0 as usize
    }
}

/// What a source said of a tag at a time. A bad sample may carry a value as evidence; calculations treat it as none.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was so, by the source's own clock where it has one, otherwise when it arrived.
    pub time: Timestamp,
    /// When it reached this station.
    pub received: Timestamp,
    /// The value; `None` where there is none to show.
    pub value: Option<Value>,
    /// How far to trust it, and why.
    pub quality: Quality,
}

/// How far a sample reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// To the live table, the alarms and history.
    #[default]
    Everywhere,
    /// To history alone: the source says that it is of the past, so it changes nothing that is shown and raises nothing.
    History,
    /// Not to history: the source says that it is not worth keeping.
    Live,
}

/// One tag's new sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Which tag.
    pub tag: TagIndex,
    /// What is new.
    pub sample: Sample,
    /// Where it goes.
    pub reach: Reach,
}

impl Update {
    /// A sample that reaches everywhere.
    pub fn new(tag: TagIndex, sample: Sample) -> Update {
        Update { tag, sample, reach: Reach::Everywhere }
    }
}

/// What a gateway hands over at once, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The updates; the same tag may occur more than once.
    pub updates: Vec<Update>,
}

impl Sample {
    /// A good sample that arrived when it happened.
    pub fn good(time: Timestamp, value: Value) -> Sample {
        Sample { time, received: time, value: Some(value), quality: Quality::GOOD }
    }

    /// A sample without a value.
    pub fn bad(time: Timestamp, quality: Quality) -> Sample {
        Sample { time, received: time, value: None, quality }
    }

    /// The number to calculate with: none for a bad sample or a text.
    pub fn number(&self) -> Option<f64> {
        if self.quality.is_bad() { None } else { self.value.as_ref().and_then(Value::number) }
    }
}
