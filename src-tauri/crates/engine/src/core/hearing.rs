//! What the plant's alarms hear of it, and what is recorded of them.

use alarm::{Effect, Input};
use journal::{AlarmChange, Entry, Remark, Remarked};
use model::{Now, Quality, TagIndex, Timestamp};
use plant::Watch;

use super::{Core, Effects, link_truth};
use crate::bank::{self, Bank, Changed, Reader};
use crate::calculations;

impl Core {
    /// Tells the alarms that watch a tag, and those that read it otherwise.
    pub(super) fn tell_watching(&mut self, now: Now, tag: TagIndex, effects: &mut Effects) {
        let input = self.reading(tag);
        self.tell_watchers(now, tag, &input, effects);
        self.tell_reading(now, tag, effects);
    }

    pub(super) fn tell_watchers(&mut self, now: Now, tag: TagIndex, input: &Input, effects: &mut Effects) {
        let watching = self.bank.watching(tag).to_vec();
        if watching.is_empty() {
            return;
        }
        self.step_alarms(now, effects, |bank, changes| {
            watching.into_iter().for_each(|index| bank.tell(now, index, input.clone(), changes));
        });
    }

    /// What an alarm hears of the tag it watches.
    pub(super) fn reading(&self, tag: TagIndex) -> Input {
        match self.table.row(tag) {
            Some(row) => Input::Reading { value: row.value, quality: row.quality, time: row.time },
            None => Input::Reading { value: None, quality: Quality::BAD_NO_DATA, time: Timestamp::default() },
        }
    }

    /// Tells the alarms that read a tag beside the one they watch.
    pub(super) fn tell_reading(&mut self, now: Now, tag: TagIndex, effects: &mut Effects) {
        for (index, reader) in self.bank.reading(tag).to_vec() {
            match reader {
                Reader::Condition => self.tell_condition(now, index, effects),
                Reader::Enabling => self.tell_enabling(now, index, effects),
                Reader::Suppressing => self.tell_suppressing(now, index, effects),
                Reader::Operand => self.tell_operand(now, index, tag, effects),
            }
        }
    }

    pub(super) fn tell_condition(&mut self, now: Now, index: usize, effects: &mut Effects) {
        let Watch::Formula(calculation) = &self.plant.alarms[index].watch else { return };
        let (active, quality) = calculations::truth(calculation, &self.table);
        self.step_alarms(now, effects, |bank, changes| {
            bank.tell(now, index, Input::Truth { active, quality }, changes)
        });
    }

    pub(super) fn tell_enabling(&mut self, now: Now, index: usize, effects: &mut Effects) {
        let Some(enabling) = &self.plant.alarms[index].enabled_when else { return };
        let (active, quality) = calculations::truth(enabling, &self.table);
        self.step_alarms(now, effects, |bank, changes| {
            bank.tell(now, index, Input::Enabled { active, quality }, changes)
        });
    }

    /// Suppresses an alarm by design while its formula says so. What cannot be trusted suppresses nothing anew and ends
    /// nothing.
    pub(super) fn tell_suppressing(&mut self, now: Now, index: usize, effects: &mut Effects) {
        let Some(suppressing) = &self.plant.alarms[index].suppressed_when else { return };
        let (active, quality) = calculations::truth(suppressing, &self.table);
        if quality.is_good() {
            let rule = active.then(|| suppressing.text().to_owned());
            self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, Input::Design(rule), changes));
        }
    }

    pub(super) fn tell_operand(&mut self, now: Now, index: usize, tag: TagIndex, effects: &mut Effects) {
        let Some(row) = self.table.row(tag) else { return };
        let input = Input::Operand { tag, value: row.value, quality: row.quality };
        self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
    }

    /// After an activation: every alarm hears what is so, as a limit may be another one now.
    pub(super) fn tell_everything(&mut self, now: Now, effects: &mut Effects) {
        for index in 0..self.plant.alarms.len() {
            self.tell_enabling(now, index, effects);
            self.tell_suppressing(now, index, effects);
            for tag in self.plant.alarms[index].config.trigger.operands() {
                self.tell_operand(now, index, tag, effects);
            }
            match self.plant.alarms[index].watch.clone() {
                Watch::Tag(tag) => {
                    let input = self.reading(tag);
                    self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
                }
                Watch::Formula(_) => self.tell_condition(now, index, effects),
                // They are looked at soon, all at once.
                Watch::Certificate { .. } => {}
                Watch::Link(gateway) => {
                    if let Some(input) = self.links.state(&gateway).and_then(link_truth) {
                        self.step_alarms(now, effects, |bank, changes| bank.tell(now, index, input, changes));
                    }
                }
            }
        }
    }

    pub(super) fn step_alarms(
        &mut self,
        now: Now,
        effects: &mut Effects,
        step: impl FnOnce(&mut Bank, &mut Vec<Changed>),
    ) {
        let mut changes = Vec::new();
        step(&mut self.bank, &mut changes);
        effects.entries.extend(changes.into_iter().map(|change| self.entry(now, change)));
    }

    pub(super) fn entry(&self, now: Now, Changed { alarm, effect, deed }: Changed) -> Entry {
        let definition = &self.plant.alarms[alarm];
        let (equipment, message) = (definition.equipment.clone(), definition.message.clone());
        let (at, priority) = (now.wall, self.bank.priority(alarm));
        let remark =
            |what, equipment, message, deed| Entry::Remark(Remark { what, at, equipment, priority, message, deed });
        match effect {
            Effect::Occurrence(transition) => Entry::Alarm(AlarmChange {
                equipment,
                priority: definition.config.priority_at(transition.level),
                message,
                value: bank::words(transition.value, bank::watched(&self.plant, &definition.watch)),
                transition,
                deed,
            }),
            Effect::Suppression(change) => remark(Remarked::Suppression(change), equipment, message, deed),
            Effect::Heard(heard) => remark(Remarked::Heard(heard), equipment, message, deed),
        }
    }
}
