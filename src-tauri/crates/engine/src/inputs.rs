//! What one alarm hears of the samples of tags, without a plant around it: for looking at its past.
//!
//! The live plant tells its alarms the same in the same order, see `core::hearing`. Suppression is left out, because it changes who
//! is called and not what is so.

use std::collections::HashMap;
use std::sync::Arc;

use alarm::{Input, Trigger};
use formula::{Formula, Reading};
use model::{Quality, Sample, TagIndex};
use plant::{AlarmDefinition, Watch};

use crate::calculations::holds;

/// Turns samples into what an alarm hears.
#[derive(Clone, Debug)]
pub struct Inputs {
    watched: Option<TagIndex>,
    condition: Option<Arc<Formula>>,
    enabling: Option<Arc<Formula>>,
    operands: Vec<TagIndex>,
    known: HashMap<TagIndex, Reading>,
}

/// Why an alarm's past cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// Links and certificates leave no samples.
    #[error("it watches a connection, of which history has no samples")]
    Connection,
    /// History has what is worth recording, and not that something came.
    #[error("it waits for samples that do not come, and history does not keep every sample that came")]
    Silence,
}

impl Inputs {
    /// What this alarm hears.
    ///
    /// # Errors
    /// [`Unheard`].
    pub fn of(definition: &AlarmDefinition) -> Result<Inputs, Unheard> {
        let (watched, condition) = match &definition.watch {
            Watch::Tag(tag) => (Some(*tag), None),
            Watch::Formula(formula) => (None, Some(Arc::clone(formula))),
            Watch::Link(_) | Watch::Certificate { .. } => return Err(Unheard::Connection),
        };
        if matches!(definition.config.trigger, Trigger::Silent { .. }) {
            return Err(Unheard::Silence);
        }
        Ok(Inputs {
            watched,
            condition,
            enabling: definition.enabled_when.clone(),
            operands: definition.config.trigger.operands(),
            known: HashMap::new(),
        })
    }

    /// The tags whose samples it needs, each once.
    pub fn tags(&self) -> Vec<TagIndex> {
        let formulas = [&self.condition, &self.enabling].into_iter().flatten();
        let mut tags: Vec<TagIndex> = formulas.flat_map(|formula| formula.inputs()).copied().collect();
        tags.extend(self.watched);
        tags.extend(&self.operands);
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// The alarm's tag says something; `tell` gets what the alarm hears of it.
    pub fn hear(&mut self, tag: TagIndex, sample: Sample, mut tell: impl FnMut(Input)) {
        let Sample { time, value, quality, .. } = sample;
        if self.condition.is_some() || self.enabling.is_some() {
            self.known.insert(tag, Reading { value: value.clone(), quality });
        }
        let reading = |tag| {
            let unknown = Reading { value: None, quality: Quality::BAD_WAITING };
            self.known.get(&tag).cloned().unwrap_or(unknown)
        };
        if self.watched == Some(tag) {
            tell(Input::Reading { value: value.clone(), quality, time });
        }
        if let Some(condition) = self.condition.as_deref().filter(|formula| formula.inputs().contains(&tag)) {
            let (active, quality) = holds(condition, &reading);
            tell(Input::Truth { active, quality });
        }
        if let Some(enabling) = self.enabling.as_deref().filter(|formula| formula.inputs().contains(&tag)) {
            let (active, quality) = holds(enabling, &reading);
            tell(Input::Enabled { active, quality });
        }
        if self.operands.contains(&tag) {
            tell(Input::Operand { tag, value, quality });
        }
    }
}
