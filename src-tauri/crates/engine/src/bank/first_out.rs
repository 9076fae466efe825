//! Groups whose first alarm suppresses the others by design while it stands (ISA-18.2: a first-out alarm).
//!
//! The first one is the alarm that stands alone among those of its group that are announced. While it stands, until it
//! has returned and is acknowledged, the others are suppressed: judged and journalled, and not announced. Then
//! those that still stand are announced, all of them, and the group begins anew once it is quiet. An alarm that is shelved, out
//! of service or suppressed by its formula is never the first one: what nobody hears must not silence what somebody should.

use std::collections::HashMap;
use std::sync::Arc;

use alarm::{Input, Others};
use model::Now;
use plant::Plant;

use super::{Bank, Changed};

/// The groups whose first alarm suppresses the others.
#[derive(Default)]
pub(super) struct Groups {
    /// In which group an alarm is.
    of: HashMap<usize, usize>,
    groups: Vec<Group>,
}

struct Group {
    name: Arc<str>,
    members: Vec<usize>,
    first: Option<usize>,
}

/// Why the plant's design suppresses an alarm; a formula counts for more than a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Design {
    pub formula: Option<String>,
    pub first_out: Option<String>,
}

impl Groups {
    pub fn new(plant: &Plant) -> Self {
        let mut groups = Self::default();
        let mut named: HashMap<&str, usize> = HashMap::new();
        for (index, definition) in plant.alarms.iter().enumerate() {
            let Some(first_out) = &definition.config.first_out else { continue };
            if first_out.others != Others::Suppressed {
                continue;
            }
            let at = *named.entry(&first_out.group).or_insert(groups.groups.len());
            if at == groups.groups.len() {
                groups.groups.push(Group { name: Arc::clone(&first_out.group), members: Vec::new(), first: None });
            }
            groups.groups[at].members.push(index);
            groups.of.insert(index, at);
        }
        groups
    }
}

impl Bank {
    /// An alarm's formula suppresses it, or does not.
    pub fn suppress(&mut self, now: Now, index: usize, formula: Option<String>, changes: &mut Vec<Changed>) {
        self.slots[index].design.formula = formula;
        self.tell_design(now, index, changes);
    }

    /// After a change of plants or a start: goes on with the groups as their alarms say that they were, and lets go of
    /// what no group suppresses any more.
    pub fn resume_groups(&mut self, now: Now, changes: &mut Vec<Changed>) {
        for at in 0..self.groups.groups.len() {
            let members = self.groups.groups[at].members.clone();
            let announced: Vec<usize> = members.iter().copied().filter(|first| self.is_announced(*first)).collect();
            for first in announced {
                let rule = Some(self.rule(at, first));
                let mut designs = members.iter().map(|member| &self.slots[*member].design);
                if designs.any(|design| design.formula == rule || design.first_out == rule) {
                    self.groups.groups[at].first = Some(first);
                }
            }
        }
        for index in 0..self.slots.len() {
            let group = self.groups.of.get(&index).copied();
            let first = group.and_then(|at| Some((at, self.groups.groups[at].first?)));
            let rule = first.filter(|(_, first)| *first != index).map(|(at, first)| self.rule(at, first));
            let design = &mut self.slots[index].design;
            if rule.is_some() && design.formula == rule {
                design.formula = None;
            }
            if design.first_out != rule || rule.is_some() {
                design.first_out = rule;
                self.tell_design(now, index, changes);
            }
        }
    }

    /// Looks at the group of an alarm of which something was heard.
    pub(super) fn look_at_group(&mut self, now: Now, index: usize, changes: &mut Vec<Changed>) {
        let Some(&at) = self.groups.of.get(&index) else { return };
        let Group { members, first, .. } = &self.groups.groups[at];
        let rule = match first {
            Some(first) if self.is_announced(*first) => return,
            Some(_) => None,
            None => {
                let stands_alone = self.is_announced(index)
                    && members.iter().all(|member| *member == index || !self.is_announced(*member));
                if !stands_alone {
                    return;
                }
                Some(self.rule(at, index))
            }
        };
        let others: Vec<usize> = members.iter().copied().filter(|member| *member != index || rule.is_none()).collect();
        self.groups.groups[at].first = rule.is_some().then_some(index);
        for other in others {
            self.slots[other].design.first_out.clone_from(&rule);
            self.tell_design(now, other, changes);
        }
    }

    fn tell_design(&mut self, now: Now, index: usize, changes: &mut Vec<Changed>) {
        let Design { formula, first_out } = &self.slots[index].design;
        let rule = formula.clone().or_else(|| first_out.clone());
        self.tell(now, index, Input::Design(rule), changes);
    }

    /// Whether an alarm stands, and operators see it.
    fn is_announced(&self, index: usize) -> bool {
        let alarm = &self.slots[index].alarm;
        alarm.standing().is_some() && !alarm.suppression().is_in_force()
    }

    fn rule(&self, group: usize, first: usize) -> String {
        format!("first-out of group {}: alarm {}", self.groups.groups[group].name, self.slots[first].alarm.id())
    }
}
