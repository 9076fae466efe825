//! Calculated tags: which inputs concern which of them, and in what order they are calculated.

use std::collections::{BTreeSet, HashMap};

use formula::{Formula, Outcome, Reading};
use model::{Quality, Sample, TagIndex, Timestamp, Value};
use plant::{Plant, Source};

use crate::Table;

/// The calculated tags of a plant, inputs before what is calculated from them.
#[derive(Debug, Default)]
pub(crate) struct Calculations {
    /// In order of calculation.
    tags: Vec<TagIndex>,
    /// For each tag the calculations it is an input of, as places in `tags`.
    concerned: HashMap<TagIndex, Vec<usize>>,
    due: BTreeSet<usize>,
}

impl Calculations {
    /// The calculations of a plant; all are due.
    pub fn new(plant: &Plant) -> Self {
        let tags = plant.calculation_order().to_vec();
        let mut concerned: HashMap<TagIndex, Vec<usize>> = HashMap::new();
        for (place, tag) in tags.iter().enumerate() {
            for input in formula(plant, *tag).map_or(&[][..], Formula::inputs) {
                concerned.entry(*input).or_default().push(place);
            }
        }
        let due = (0..tags.len()).collect();
        Self { tags, concerned, due }
    }

    /// A tag has changed: what is calculated from it is due.
    pub fn concern(&mut self, tag: TagIndex) {
        self.due.extend(self.concerned.get(&tag).into_iter().flatten());
    }

    /// The next one that is due, earlier ones first: whatever it depends on is calculated before it.
    pub fn next(&mut self) -> Option<TagIndex> {
        self.due.pop_first().map(|place| self.tags[place])
    }
}

/// Calculates a tag from the live table. Its time is that of its newest input.
pub(crate) fn calculate(plant: &Plant, table: &Table, tag: TagIndex, received: Timestamp) -> Option<Sample> {
    let declared = plant.tag(tag)?.data_type;
    let formula = formula(plant, tag)?;
    let Outcome { value, quality } = formula.evaluate(&|input| reading(table, input));
    let (value, quality) = match value.map(|value| value.into_type(declared)) {
        None => (None, quality),
        Some(Ok(value)) => (Some(value), quality),
        Some(Err(refused)) => (None, refused),
    };
    let newest = formula.inputs().iter().filter_map(|input| table.row(*input)).map(|row| row.time).max();
    Some(Sample {
        time: newest.filter(|time| *time != Timestamp::default()).unwrap_or(received),
        received,
        value,
        quality,
    })
}

/// Whether a condition holds, and how far to trust that.
pub(crate) fn truth(formula: &Formula, table: &Table) -> (bool, Quality) {
    holds(formula, &|input| reading(table, input))
}

/// The same, whatever its inputs are read from.
pub(crate) fn holds(formula: &Formula, read: &dyn Fn(TagIndex) -> Reading) -> (bool, Quality) {
    let outcome = formula.evaluate(read);
    match outcome.value {
        Some(Value::Bool(active)) => (active, outcome.quality),
        Some(other) => (other.number().is_some_and(|x| x != 0.0), outcome.quality),
        None if outcome.quality.is_bad() => (false, outcome.quality),
        None => (false, Quality::BAD_NO_DATA),
    }
}

fn reading(table: &Table, tag: TagIndex) -> Reading {
    match table.row(tag) {
        Some(row) => Reading { value: row.value, quality: row.quality },
        None => Reading { value: None, quality: Quality::BAD_CONFIGURATION },
    }
}

fn formula(plant: &Plant, tag: TagIndex) -> Option<&Formula> {
    match &plant.tag(tag)?.source {
        Source::Calculated(calculation) => Some(calculation),
        Source::Link { .. } => None,
    }
}
