//! What alarms inherit from the equipment they belong to, where they say nothing themselves.

use std::borrow::Cow;
use std::collections::HashMap;

use model::EquipmentId;

use crate::alarms::attributes::{BEHAVIOUR_KEYS, GUIDANCE_KEYS};
use crate::document::{Entry, Table};
use crate::fields::Fields;
use crate::problem::Problems;

/// The keys of equipment that its alarms inherit, with what may be said there.
pub(crate) const INHERITED: [(&str, &[&str]); 2] = [("guidance", &GUIDANCE_KEYS), ("alarm_defaults", &BEHAVIOUR_KEYS)];

/// What each site, area, line and machine says for the alarms below it.
#[derive(Default)]
pub(crate) struct Inheritance<'t, 'a> {
    said: HashMap<EquipmentId, Vec<&'t Entry<'a>>>,
}

impl<'t, 'a> Inheritance<'t, 'a> {
    /// Reads what one node of the equipment says for its alarms.
    pub fn add(&mut self, node: &EquipmentId, fields: &Fields<'t, 'a>, problems: &mut Problems) {
        for (key, known) in INHERITED {
            let Some(table) = fields.inner(key, problems) else { continue };
            let inner = Fields::new(table, key, known, problems);
            let entries = inner.table.entries.iter().filter(|entry| known.contains(&&*entry.key));
            self.said.entry(node.clone()).or_default().extend(entries);
        }
    }

    /// A table of an alarm with everything that it inherits. The nearest equipment's word counts, and the alarm's own
    /// before all.
    pub fn complete<'o>(&self, own: &'o Table<'a>, equipment: Option<&EquipmentId>) -> Cow<'o, Table<'a>>
    where
        'a: 'o,
    {
        let mut completed = Cow::Borrowed(own);
        let mut node = equipment.cloned();
        while let Some(id) = node {
            for entry in self.said.get(&id).into_iter().flatten() {
                if completed.get(&entry.key).is_none() {
                    completed.to_mut().entries.push((*entry).clone());
                }
            }
            node = id.parent();
        }
        completed
    }
}
