//! All alarms of the plant: which tag, formula or link each one watches, their deadlines, and the list that is shown.
//!
//! An act of a person is not carried out until the journal has it on disk. Until then the alarm is held: the state it
//! will have is ready beside it, and what its source says in the meantime waits. So the journal's order is the order
//! in which things were true, and a failed disk leaves the alarm as it was.

mod first_out;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::mem::Discriminant;
use std::sync::Arc;
use std::time::Duration;

use alarm::{
    Act, Alarm, AlarmId, Deed, Effect, Input, Known, Nuisance, Origin, Priority, Shelving, Standing, Transition, What,
};
use model::{Now, TagIndex, Timestamp, Uptime};
use plant::{CertificateFault, Plant, Tag, Watch};

use crate::event::{StoreRefused, Target, Wanted};
use crate::flooding::Flooding;
use crate::{ActiveAlarm, AlarmList, SuppressedAlarm};
use first_out::{Design, Groups};

/// Names an act that waits for its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub u64);

/// What became of writing an act to the journal: it is on disk, or it is not and will not be.
pub(crate) type Outcome = Result<(), StoreRefused>;

/// What changed of an alarm, an index into the plant's alarms, and the act that it follows from, with the first such
/// change.
pub(crate) struct Changed {
    pub alarm: usize,
    pub effect: Effect,
    pub deed: Option<(Deed, Origin)>,
}

/// Shelving needs an end. Where an alarm says nothing, this is the longest: a shift (ISA-18.2 asks for a review beyond it).
const SHELVED_AT_MOST: Duration = Duration::from_secs(12 * 3600);

/// Every alarm of the running plant.
#[derive(Default)]
pub(crate) struct Bank {
    slots: Vec<Slot>,
    by_id: HashMap<AlarmId, usize>,
    by_tag: HashMap<TagIndex, Vec<usize>>,
    by_input: HashMap<TagIndex, Vec<(usize, Reader)>>,
    by_link: HashMap<Arc<str>, usize>,
    by_certificate: HashMap<(Arc<str>, CertificateFault), usize>,
    deadlines: BinaryHeap<Reverse<(Uptime, usize)>>,
    standing: BTreeSet<usize>,
    groups: Groups,
    /// The alarms of which it is remembered how often they came, each with what is shown of that.
    restless: BTreeMap<usize, Option<Discriminant<Nuisance>>>,
    /// When they were last looked at.
    looked: Uptime,
    /// When it was last shown how often they came.
    counted: Uptime,
    flooding: Flooding,
    revision: u32,
}

/// How often it is looked whether a flood has ended, and an alarm is a nuisance.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often the count of an alarm that is held is brought up to date: nothing else of it changes.
const COUNT_INTERVAL: Duration = Duration::from_secs(10);

/// What of an alarm reads a tag beside the one it watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The formula that is its condition.
    Condition,
    /// The formula that says whether it is looked at.
    Enabling,
    /// The formula that suppresses it by design.
    Suppressing,
    /// A limit, a setpoint or a command that is another tag.
    Operand,
}

struct Slot {
    alarm: Alarm,
    /// What it watches: what was heard of another source says nothing of this one.
    watch: Watch,
    design: Design,
    held: Option<Held>,
    /// The deadline that is in the heap for it.
    noted: Option<Uptime>,
}

/// An alarm between somebody's act and its commit.
struct Held {
    ticket: Ticket,
    after: Alarm,
    /// What operators hear of by the act, such as an alarm that is shelved no more.
    calls: Vec<Transition>,
    /// What its sources said since, in order; at most [`SAID_AT_MOST`], the oldest are dropped.
    said: VecDeque<Input>,
}

/// How much of what an alarm's sources say is kept while a commit takes its time.
const SAID_AT_MOST: usize = 1_000;

impl Bank {
    /// The alarms of a plant. What stood in `before` goes on, what `restored` knows stands again, all else is normal.
    pub fn new(plant: &Plant, mut before: Bank, mut restored: HashMap<AlarmId, Known>, now: Now) -> Bank {
        let mut bank = Bank {
            revision: before.revision + 1,
            flooding: std::mem::take(&mut before.flooding),
            groups: Groups::new(plant),
            ..Bank::default()
        };
        for (index, definition) in plant.alarms.iter().enumerate() {
            let config = definition.config.clone();
            let slot = match before.take(&definition.id) {
                Some(mut slot) => {
                    if *slot.alarm.config() != config {
                        slot.alarm.reconfigure(config.clone(), now);
                        slot.held.iter_mut().for_each(|held| held.after.reconfigure(config.clone(), now));
                    }
                    if slot.watch != definition.watch {
                        slot.watch = definition.watch.clone();
                        slot.alarm.forget();
                        slot.held.iter_mut().for_each(|held| held.after.forget());
                    }
                    slot
                }
                None => {
                    let known = restored.remove(&definition.id).unwrap_or_default();
                    let alarm = Alarm::restore(definition.id.clone(), config, known, now);
                    // The formula says soon whether it is its word; until then nothing ends.
                    let formula = alarm.suppression().by_design.as_ref().map(|design| design.rule.clone());
                    let design = Design { formula, first_out: None };
                    Slot { alarm, watch: definition.watch.clone(), design, held: None, noted: None }
                }
            };
            bank.by_id.insert(definition.id.clone(), index);
            match &definition.watch {
                Watch::Tag(tag) => bank.by_tag.entry(*tag).or_default().push(index),
                Watch::Formula(calculation) => {
                    bank.read(calculation.inputs(), index, Reader::Condition);
                }
                Watch::Link(gateway) => {
                    bank.by_link.insert(Arc::clone(gateway), index);
                }
                Watch::Certificate { gateway, fault } => {
                    bank.by_certificate.insert((Arc::clone(gateway), *fault), index);
                }
            }
            if let Some(enabling) = &definition.enabled_when {
                bank.read(enabling.inputs(), index, Reader::Enabling);
            }
            if let Some(suppressing) = &definition.suppressed_when {
                bank.read(suppressing.inputs(), index, Reader::Suppressing);
            }
            bank.read(&definition.config.trigger.operands(), index, Reader::Operand);
            bank.slots.push(slot);
            // One that stood before may be a nuisance still; the first look forgets the others.
            bank.restless.insert(index, None);
            bank.note(index);
        }
        bank
    }

    /// The alarms that watch a tag itself.
    pub fn watching(&self, tag: TagIndex) -> &[usize] {
        self.by_tag.get(&tag).map_or(&[], Vec::as_slice)
    }

    /// The alarms that read a tag beside the one they watch.
    pub fn reading(&self, tag: TagIndex) -> &[(usize, Reader)] {
        self.by_input.get(&tag).map_or(&[], Vec::as_slice)
    }

    /// The alarm that watches a gateway's link.
    pub fn of_link(&self, gateway: &str) -> Option<usize> {
        self.by_link.get(gateway).copied()
    }

    /// The alarm that watches for a fault of a gateway's certificates.
    pub fn of_certificate(&self, gateway: &Arc<str>, fault: CertificateFault) -> Option<usize> {
        self.by_certificate.get(&(Arc::clone(gateway), fault)).copied()
    }

    /// Tells an alarm what its source says.
    pub fn tell(&mut self, now: Now, index: usize, input: Input, changes: &mut Vec<Changed>) {
        let slot = &mut self.slots[index];
        if let Some(held) = &mut slot.held {
            if held.said.len() == SAID_AT_MOST {
                held.said.pop_front();
            }
            held.said.push_back(input);
            return;
        }
        let lost_before = slot.alarm.source_lost();
        let deed = deed(&input);
        let is_design = matches!(input, Input::Design(_));
        let effects = slot.alarm.step(now, input);
        for effect in &effects {
            if let Effect::Occurrence(transition) = effect {
                self.flooding.take(now, transition);
                self.restless.entry(index).or_default();
            }
        }
        let is_news = !effects.is_empty() || slot.alarm.source_lost() != lost_before;
        changes.extend(changed(index, effects, deed));
        if is_news {
            self.revision += 1;
        }
        self.note(index);
        // What a group says to its alarms is no news for the group.
        if !is_design {
            self.look_at_group(now, index, changes);
        }
    }

    /// Learns when there were announcements before the program began.
    pub fn remember(&mut self, now: Now, announcements: impl Iterator<Item = Timestamp>) {
        self.flooding.remember(now, announcements);
    }

    /// Lets time pass for what ends by itself although no alarm changes: a flood, and that an alarm is a nuisance.
    fn look(&mut self, now: Now) {
        if now.uptime.since(self.looked) < LOOK_INTERVAL {
            return;
        }
        self.looked = now.uptime;
        let mut is_news = self.flooding.pass(now);
        let mut counts = false;
        let slots = &mut self.slots;
        self.restless.retain(|index, shown| {
            let alarm = &mut slots[*index].alarm;
            let goes_on = alarm.pass(now.uptime);
            let nuisance = alarm.nuisance(now.uptime);
            counts |= matches!(nuisance, Some(Nuisance::Chattering { .. }));
            let kind = nuisance.as_ref().map(std::mem::discriminant);
            is_news |= std::mem::replace(shown, kind) != kind;
            goes_on
        });
        if counts && now.uptime.since(self.counted) >= COUNT_INTERVAL {
            self.counted = now.uptime;
            is_news = true;
        }
        if is_news {
            self.revision += 1;
        }
    }

    /// Steps the alarms whose deadline has come.
    pub fn tick(&mut self, now: Now, changes: &mut Vec<Changed>) {
        self.look(now);
        while let Some(Reverse((due, index))) = self.deadlines.peek().copied() {
            if now.uptime < due {
                return;
            }
            self.deadlines.pop();
            self.slots[index].noted = None;
            // An entry may be older than the alarm's present deadline: the alarm knows.
            if self.slots[index].alarm.deadline().is_some_and(|due| due <= now.uptime) {
                self.tell(now, index, Input::Tick, changes);
            }
        }
    }

    /// When [`Bank::tick`] is wanted at the latest.
    pub fn deadline(&self) -> Option<Uptime> {
        self.deadlines.peek().map(|Reverse((due, _))| *due)
    }

    /// Prepares what somebody wants of an alarm, to be carried out by [`Bank::settle`] once it is on disk. `order` is the
    /// act's number.
    ///
    /// # Errors
    /// Why it is refused, in words.
    pub fn prepare(
        &mut self,
        now: Now,
        ticket: Ticket,
        target: &Target,
        wanted: &Wanted,
        act: &Act,
        order: i64,
    ) -> Result<Vec<Changed>, String> {
        let index = *self.by_id.get(target.alarm()).ok_or("there is no such alarm in the plant")?;
        let slot = &mut self.slots[index];
        let busy = slot.held.as_ref().is_some_and(|held| held.ticket != ticket);
        if busy {
            return Err("somebody is acting on it at this moment".to_owned());
        }
        let after = slot.held.as_ref().map_or(&slot.alarm, |held| &held.after);
        let what = what(after, target, wanted, act, now)?;
        after.check(&what, now).map_err(|refusal| refusal.to_string())?;
        let held = slot.held.get_or_insert_with(|| Held {
            ticket,
            after: slot.alarm.clone(),
            calls: Vec::new(),
            said: VecDeque::new(),
        });
        let deed = Deed { order, alarm: target.alarm().clone(), what, act: act.clone() };
        let effects = held.after.step(now, Input::Deed(deed.clone(), Origin::Here));
        let transitions = effects.iter().filter_map(|effect| match effect {
            Effect::Occurrence(transition) => Some(transition),
            Effect::Suppression(_) | Effect::Heard(_) => None,
        });
        held.calls.extend(transitions.filter(|transition| transition.is_annunciation()).cloned());
        Ok(changed(index, effects, Some((deed, Origin::Here))).collect())
    }

    /// The act of a ticket is on disk, or will never be: its alarms go on, and take in what was said meanwhile.
    pub fn settle(&mut self, now: Now, ticket: Ticket, outcome: &Outcome, changes: &mut Vec<Changed>) {
        let of_ticket = |slot: &Slot| slot.held.as_ref().is_some_and(|held| held.ticket == ticket);
        let indices: Vec<usize> = (0..self.slots.len()).filter(|index| of_ticket(&self.slots[*index])).collect();
        for index in indices {
            let slot = &mut self.slots[index];
            let Some(held) = slot.held.take() else { continue };
            if outcome.is_ok() {
                slot.alarm = held.after;
                held.calls.iter().for_each(|transition| self.flooding.take(now, transition));
            }
            self.revision += 1;
            // A delay may have run out meanwhile, and what was said counts for more than that.
            let said = held.said.into_iter().filter(|input| *input != Input::Tick).chain([Input::Tick]);
            said.for_each(|input| self.tell(now, index, input, changes));
        }
    }

    /// The place of an alarm among the plant's.
    pub fn index(&self, alarm: &AlarmId) -> Option<usize> {
        self.by_id.get(alarm).copied()
    }

    /// How urgent an alarm is now.
    pub fn priority(&self, index: usize) -> Priority {
        let alarm = &self.slots[index].alarm;
        alarm.config().priority_at(alarm.level())
    }

    /// Goes up with every change of what [`Bank::list`] says.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The alarms that need somebody, in an operator's order, and those that are not announced.
    pub fn list(&self, plant: &Plant, now: Uptime) -> AlarmList {
        let mut placed: Vec<(alarm::Place, ActiveAlarm)> = Vec::with_capacity(self.standing.len());
        let flood = self.flooding.flood();
        let mut list = AlarmList { revision: self.revision, flood, ..AlarmList::default() };
        for &index in &self.standing {
            let alarm = &self.slots[index].alarm;
            if alarm.suppression().is_in_force() {
                let is_present = alarm.state().is_present();
                let suppression = alarm.suppression().clone();
                list.suppressed.push(SuppressedAlarm { definition: index, suppression, is_present });
                continue;
            }
            for standing in alarm.standings() {
                let priority = alarm.config().priority_at(standing.level);
                let rank = usize::from(priority.number()) - 1;
                let is_active = standing.state.is_present() || standing.state.is_latched();
                list.active[rank] += u32::from(is_active);
                list.unacknowledged[rank] += u32::from(standing.state.needs_acknowledgement());
                placed.push((standing.place(priority), active_alarm(index, alarm, standing, plant, now)));
            }
        }
        placed.sort_by(|(a, _), (b, _)| a.cmp(b));
        list.alarms = placed.into_iter().map(|(_, alarm)| alarm).collect();
        mark_first_out(&mut list.alarms, plant);
        list
    }

    fn take(&mut self, id: &AlarmId) -> Option<Slot> {
        let index = self.by_id.remove(id)?;
        let Slot { alarm, watch, design, held, .. } = &mut self.slots[index];
        let (alarm, watch, design) = (alarm.clone(), watch.clone(), design.clone());
        Some(Slot { alarm, watch, design, held: held.take(), noted: None })
    }

    fn read(&mut self, tags: &[TagIndex], index: usize, reader: Reader) {
        for tag in tags {
            self.by_input.entry(*tag).or_default().push((index, reader));
        }
    }

    /// Keeps the heap of deadlines and the set of standing and suppressed alarms in step with an alarm.
    fn note(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let deadline = slot.alarm.deadline();
        if deadline != slot.noted {
            slot.noted = deadline;
            self.deadlines.extend(deadline.map(|due| Reverse((due, index))));
        }
        if slot.alarm.standings().next().is_some() || slot.alarm.suppression().is_in_force() {
            self.standing.insert(index);
        } else {
            self.standing.remove(&index);
        }
    }
}

/// A number as people read it: with the tag's digits, unit and words.
pub(crate) fn words(value: Option<f64>, tag: Option<&Tag>) -> String {
    match (value, tag) {
        (None, _) => String::new(),
        (Some(value), None) => value.to_string(),
        (Some(value), Some(tag)) => match &tag.words {
            Some((off, on)) => if value == 0.0 { off } else { on }.clone(),
            None if tag.unit.is_empty() => format!("{value:.*}", usize::from(tag.decimals)),
            None => format!("{value:.*} {}", usize::from(tag.decimals), tag.unit),
        },
    }
}

/// The tag an alarm watches, where it watches one.
pub(crate) fn watched<'a>(plant: &'a Plant, watch: &Watch) -> Option<&'a Tag> {
    match watch {
        Watch::Tag(tag) => plant.tag(*tag),
        Watch::Formula(_) | Watch::Link(_) | Watch::Certificate { .. } => None,
    }
}

fn active_alarm(index: usize, alarm: &Alarm, standing: &Standing, plant: &Plant, now: Uptime) -> ActiveAlarm {
    let level = standing.level;
    ActiveAlarm {
        occurrence: standing.occurrence.clone(),
        definition: index,
        raised: standing.raised_at,
        state: standing.state,
        priority: alarm.config().priority_at(level),
        level,
        last_priority: standing.last_level.map(|last| alarm.config().priority_at(last)),
        value: words(standing.value, watched(plant, &plant.alarms[index].watch)).into(),
        returned: standing.returned_at,
        acknowledged: standing.acknowledged.clone(),
        confirmed: standing.confirmed.clone(),
        notes: standing.notes.clone(),
        re_alarms: standing.re_alarms,
        announced: standing.announced,
        is_first_out: false,
        nuisance: alarm.nuisance(now),
        source_lost: alarm.source_lost(),
    }
}

/// Marks the first alarm of each group, among those that stand (OPC UA Part 9, `FirstInGroupFlag`).
fn mark_first_out(alarms: &mut [ActiveAlarm], plant: &Plant) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, alarm) in alarms.iter().enumerate() {
        let Some(group) = plant.alarms[alarm.definition].config.first_out.as_ref() else { continue };
        let known = first.entry(&group.group).or_insert(at);
        if alarm.occurrence.raised < alarms[*known].occurrence.raised {
            *known = at;
        }
    }
    first.into_values().for_each(|at| alarms[at].is_first_out = true);
}

/// What somebody wants, as it stands at the moment.
fn what(alarm: &Alarm, target: &Target, wanted: &Wanted, act: &Act, now: Now) -> Result<What, String> {
    let occurrence = || match target {
        Target::Occurrence(occurrence) | Target::Seen { occurrence, .. } => Ok(occurrence),
        Target::Alarm(_) => Err("it is an occurrence of an alarm that has to be named".to_owned()),
    };
    Ok(match wanted {
        Wanted::Acknowledge => match target {
            Target::Seen { occurrence, announced } => alarm.acknowledge_as_seen(occurrence, *announced),
            Target::Occurrence(_) | Target::Alarm(_) => alarm.acknowledge(occurrence()?),
        },
        Wanted::Confirm => alarm.confirm(occurrence()?),
        Wanted::Reset => alarm.reset(occurrence()?),
        Wanted::Note if act.note.is_empty() => return Err("the note is empty".to_owned()),
        Wanted::Note => alarm.note(occurrence()?),
        Wanted::Shelve { time, one_shot } => {
            let most = alarm.config().shelve_at_most.unwrap_or(SHELVED_AT_MOST);
            match alarm.config().shelving {
                Shelving::NotAllowed => return Err("this alarm may not be shelved".to_owned()),
                Shelving::WithReason if act.note.is_empty() => return Err("say why it is shelved".to_owned()),
                Shelving::Allowed | Shelving::WithReason => {}
            }
            if *time > most {
                return Err(format!("it may be shelved for at most {} minutes", most.as_secs() / 60));
            }
            What::Shelve { until: now.wall.saturating_add(*time), one_shot: *one_shot }
        }
        Wanted::Unshelve => What::Unshelve,
        Wanted::TakeOutOfService if act.note.is_empty() => {
            return Err("say why it is taken out of service, such as the number of the work permit".to_owned());
        }
        Wanted::TakeOutOfService => What::TakeOutOfService,
        Wanted::ReturnToService => What::ReturnToService,
    })
}

/// The act that an input is.
fn deed(input: &Input) -> Option<(Deed, Origin)> {
    match input {
        Input::Deed(deed, origin) => Some((deed.clone(), *origin)),
        _ => None,
    }
}

/// Effects with the alarm they are of. The first one carries the act.
fn changed(alarm: usize, effects: Vec<Effect>, deed: Option<(Deed, Origin)>) -> impl Iterator<Item = Changed> {
    let mut deed = deed;
    effects.into_iter().map(move |effect| Changed { alarm, effect, deed: deed.take() })
}
