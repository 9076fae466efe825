//! Alarms: those written at a tag as limits, those of `[[alarms]]`, and what has to hold among them.

mod attributes;
mod condition;
mod inheritance;
mod words;

use std::collections::{BTreeMap, HashMap};

use alarm::{AlarmId, Level, LimitKind, Measure, Off, TIMES_AT_MOST, Trigger};
use model::{EquipmentId, TagIndex};

use crate::ALARMS;
use crate::document::Table;
use crate::equipment::Tree;
use crate::fields::{Bound, Fields, Said};
use crate::ids::check_id;
use crate::plant::{AlarmDefinition, Written};
use crate::problem::{Place, Problems};
use crate::tags::{Draft, Limit, Limits, Scope, Tags, belongs_to, full_id, is_numeric};
use attributes::{BEHAVIOUR_KEYS, Behaviour, GUIDANCE_KEYS, Guidance, priority_of};
use condition::{Condition, Kind, View, check_keys, condition, kind, operand};
use words::limit_words;

pub(crate) use inheritance::{INHERITED, Inheritance};

/// What may be said of every alarm, beside what can be inherited and what its kind has.
const OWN_KEYS: [&str; 6] = ["machine", "equipment", "id", "message", "kind", "times"];

/// All alarms by id.
#[derive(Default)]
pub(crate) struct Alarms {
    pub definitions: Vec<AlarmDefinition>,
    places: HashMap<AlarmId, Place>,
    /// Where each of them is written, for who wants to change it.
    pub written: HashMap<AlarmId, Written>,
    /// Every limit of a tag, for the order they have to be in.
    limits: BTreeMap<TagIndex, Vec<(LimitKind, Said<f64>)>>,
    entries: usize,
}

/// What alarms are judged against.
pub(crate) struct Surroundings<'s, 't, 'a> {
    pub tree: &'s Tree,
    pub tags: &'s Tags,
    pub inheritance: &'s Inheritance<'t, 'a>,
}

/// All that makes an alarm, to be put together.
struct Parts {
    id: AlarmId,
    equipment: Option<EquipmentId>,
    message: String,
    priority: u8,
    times: Option<u16>,
    behaviour: Behaviour,
    guidance: Guidance,
}

impl Alarms {
    /// Whether there are more entries than a plant may have, so that no other is looked at.
    pub fn are_too_many(&self) -> bool {
        self.entries > ALARMS
    }

    /// Adds an alarm that is decided.
    pub fn add(&mut self, definition: AlarmDefinition, at: Place, problems: &mut Problems) {
        if let Some(first) = self.places.get(&definition.id) {
            let (first, own) = (problems.words(*first, at), at.line);
            let message = format!("the alarm `{}` is given twice, on {first} and on line {own}", definition.id);
            problems.error(at, message, "give one of them another id");
            return;
        }
        self.places.insert(definition.id.clone(), at);
        let written = Written { file: problems.file(at).to_owned(), line: at.line, template_of: problems.context() };
        self.written.insert(definition.id.clone(), written);
        self.definitions.push(definition);
    }

    /// Adds the alarms of the limits that are written at a tag: one for each side, with the outer limit as its second
    /// level.
    pub fn add_limits(&mut self, tag: &Draft, around: &Surroundings<'_, '_, '_>, problems: &mut Problems) {
        let (Some(limits), Some(true)) = (&tag.limits, tag.data_type.map(is_numeric)) else { return };
        let nothing = Table { entries: Vec::new(), at: tag.at };
        let inherited = around.inheritance.complete(&nothing, tag.equipment.as_ref());
        let fields = Fields::open(&inherited, "alarm");
        for inner in [LimitKind::Low, LimitKind::High] {
            let mut of_side: Vec<&(LimitKind, Said<Limit>)> =
                limits.limits.iter().filter(|(kind, _)| kind.is_upper() == inner.is_upper()).collect();
            of_side.sort_by_key(|(kind, _)| *kind != inner);
            let Some((_, first)) = of_side.first() else { continue };
            let view = View { scope: tag.equipment.as_ref(), tags: around.tags };
            let behaviour = Behaviour::read(&fields, view.scope, around.tags, problems);
            let level = |(kind, said): &&(LimitKind, Said<Limit>)| {
                self.level_at_tag(*kind, said, (limits, &behaviour), tag, &view, problems)
            };
            let Some(levels) = of_side.iter().map(level).collect::<Option<Vec<Level>>>() else { continue };
            let behaviour = behaviour.with_delays(limits.on_delay, limits.off_delay);
            let parts = Parts {
                id: AlarmId::new(format!("{}/{}", tag.id, limit_words(inner))),
                equipment: tag.equipment.clone(),
                message: format!("{} {}", tag.name, limit_words(inner)),
                priority: levels[0].priority.number(),
                times: None,
                behaviour,
                guidance: Guidance::read(&fields, problems),
            };
            let trigger = Trigger::Limit { measure: Measure::Value, levels };
            let words = words::condition(&trigger, tag, around.tags);
            let watch = crate::Watch::Tag(tag.index);
            let condition = Condition { watch, trigger, tag: Some(tag), words, limits: Vec::new() };
            self.add(parts.put_together(condition), first.at, problems);
        }
    }

    fn level_at_tag(
        &mut self,
        kind: LimitKind,
        said: &Said<Limit>,
        (limits, behaviour): (&Limits, &Behaviour),
        tag: &Draft,
        view: &View<'_, '_>,
        problems: &mut Problems,
    ) -> Option<Level> {
        let bound = match &said.value {
            Limit::Number(number) => {
                self.limits.entry(tag.index).or_default().push((kind, said.with(*number)));
                Bound::Number(*number)
            }
            Limit::Tag(name) => Bound::Tag(name),
        };
        let usual = behaviour.priority.map_or(Kind::Limit(kind).usual_priority(), |priority| priority.number());
        Some(Level {
            kind,
            limit: operand(said.with(bound), view, problems)?,
            off: Off::Deadband(limits.deadband),
            priority: priority_of(limits.priority.unwrap_or(usual)),
        })
    }

    /// Reads one entry of `[[alarms]]` and adds the alarm.
    pub fn add_entry(
        &mut self,
        table: &Table<'_>,
        scope: Scope<'_>,
        around: &Surroundings<'_, '_, '_>,
        problems: &mut Problems,
    ) {
        self.entries = self.entries.saturating_add(1);
        if self.entries > ALARMS {
            if self.entries == ALARMS + 1 {
                problems.error(table.at, format!("there are more than {ALARMS} alarms"), "divide the plant in two");
            }
            return;
        }
        let known: Vec<&str> = [&OWN_KEYS[..], &condition::KEYS, &BEHAVIOUR_KEYS, &GUIDANCE_KEYS].concat();
        let own = Fields::new(table, "alarm", &known, problems);
        let scope = belongs_to(&own, scope, around.tree, problems);
        let equipment = scope.clone().unwrap_or_default().or_else(|| equipment_of_tag(table, around.tags));
        let completed = around.inheritance.complete(table, equipment.as_ref());
        let fields = Fields::open(&completed, "alarm");

        let id = own.text("id", problems).filter(|id| check_id(id.value, id.at, problems));
        let kind = kind(&own, problems);
        let guidance = Guidance::read(&fields, problems);
        let view = View { scope: equipment.as_ref(), tags: around.tags };
        let behaviour = Behaviour::read(&fields, view.scope, around.tags, problems);
        let times = times(&own, &behaviour, problems);
        let Some(kind) = kind else { return };
        let has_all = check_keys(&fields, kind, problems);
        let priority = behaviour.priority.map_or(kind.usual_priority(), |priority| priority.number());
        if scope.is_err() {
            return;
        }
        let Some(condition) = condition(&fields, kind, priority, &view, problems) else { return };
        if let (Some(tag), true) = (condition.tag, has_all) {
            self.limits.entry(tag.index).or_default().extend(&condition.limits);
        }
        let Some((id, message)) = id_and_message(&own, id, kind, equipment.as_ref(), &condition, problems) else {
            return;
        };
        let parts = Parts { id, equipment, message, priority, times, behaviour, guidance };
        self.add(parts.put_together(condition), table.at, problems);
    }

    /// Reports limits of a tag that are not in order, and those its range does not show.
    pub fn check_limits(&mut self, tags: &Tags, problems: &mut Problems) {
        for (index, mut limits) in std::mem::take(&mut self.limits) {
            let Some(tag) = tags.at(index) else { continue };
            problems.set_context(tag.context.clone());
            limits.sort_by_key(|(kind, limit)| (rank(*kind), limit.at));
            // The highest limit of the kind at hand, and the highest of all kinds that have to be below it.
            let mut highest: Option<(LimitKind, f64)> = None;
            let mut below: Option<(LimitKind, f64)> = None;
            for (kind, limit) in limits {
                if highest.is_some_and(|(other, _)| other != kind) {
                    below = [below, highest.take()].into_iter().flatten().max_by(|(_, a), (_, b)| a.total_cmp(b));
                }
                highest = Some((kind, highest.map_or(limit.value, |(_, value)| value.max(limit.value))));
                if let Some((other, lower)) = below.filter(|(_, lower)| *lower >= limit.value) {
                    let (name, other) = (limit_words(kind), limit_words(other));
                    let value = limit.value;
                    let message = format!("the limits are out of order: {other} {lower} is not below {name} {value}");
                    problems.error(limit.at, message, "keep low-low < low < high < high-high");
                }
                if let Some((low, high)) = tag.range.filter(|(low, high)| !(*low..=*high).contains(&limit.value)) {
                    let message = format!("the limit {} is outside of the tag's range {low} to {high}", limit.value);
                    problems.warning(limit.at, message, "widen the range, or check the limit");
                }
            }
        }
        problems.set_context(None);
    }
}

impl Parts {
    fn put_together(self, condition: Condition<'_>) -> AlarmDefinition {
        let Parts { id, equipment, message, priority, times, behaviour, guidance } = self;
        let config = behaviour.config(condition.trigger, priority_of(priority), times);
        let Guidance { class, cause, consequence, action, confirmation, time_to_respond, screen, document } = guidance;
        AlarmDefinition {
            id,
            equipment,
            message,
            watch: condition.watch,
            config,
            enabled_when: behaviour.enabled_when,
            suppressed_when: behaviour.suppressed_when,
            class,
            cause,
            consequence,
            action,
            confirmation,
            time_to_respond,
            screen,
            document,
            condition: condition.words,
        }
    }
}

/// What an alarm belongs to that says nothing of it: what its tag belongs to.
fn equipment_of_tag(table: &Table<'_>, tags: &Tags) -> Option<EquipmentId> {
    let fields = Fields::open(table, "alarm");
    // What is wrong with the name is reported where the condition is read.
    let name = fields.peek("tag")?;
    tags.resolve(None, name)?.equipment.clone()
}

/// How often the condition has to come within the on-delay.
fn times(fields: &Fields<'_, '_>, behaviour: &Behaviour, problems: &mut Problems) -> Option<u16> {
    let said = fields.number("times", problems)?;
    if said.value.fract() != 0.0 || !(2.0..=f64::from(TIMES_AT_MOST)).contains(&said.value) {
        let message = format!("`times` is {}, which is not within 2 to {TIMES_AT_MOST}", said.value);
        problems.error(said.at, message, format!("use a whole number from 2 to {TIMES_AT_MOST}"));
        return None;
    }
    if behaviour.on_delay.is_zero() {
        let message = "`times` has no meaning without `on_delay_s`, the time within which they are counted";
        problems.error(said.at, message, "add `on_delay_s = 60`, or remove it");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: whole and within 2 to 1000")]
    Some(said.value as u16)
}

/// What an entry says of its id and message, or what follows from the tag it watches.
fn id_and_message(
    fields: &Fields<'_, '_>,
    id: Option<Said<&str>>,
    kind: Kind,
    equipment: Option<&EquipmentId>,
    condition: &Condition<'_>,
    problems: &mut Problems,
) -> Option<(AlarmId, String)> {
    let message = fields.words("message", problems);
    let Some(tag) = condition.tag else {
        if message.is_empty() {
            fields.need_text("message", "\"Filler runs too slowly\"", problems);
        }
        if !fields.has("id") {
            fields.missing("id", "\"too-slow\"", problems);
        }
        return Some((AlarmId::new(full_id(equipment, id?.value)), message));
    };
    let message = if message.is_empty() { usual_message(kind, tag, condition) } else { message };
    let id = match id {
        Some(id) => full_id(equipment, id.value),
        None if fields.has("id") => return None,
        None => format!("{}/{}", tag.id, kind.word()),
    };
    Some((AlarmId::new(id), message))
}

/// What is shown of an alarm on a tag that says nothing of it.
fn usual_message(kind: Kind, tag: &Draft, condition: &Condition<'_>) -> String {
    let name = &tag.name;
    match kind {
        Kind::Limit(_) | Kind::Stale => format!("{name} {}", kind.word()),
        Kind::Digital | Kind::Formula => name.clone(),
        Kind::State => format!("{name} {}", condition.words),
        Kind::Rate => format!("{name} changes too fast"),
        Kind::Deviation => format!("{name} off its setpoint"),
        Kind::Discrepancy => format!("{name} does not follow"),
        Kind::Unchanged => format!("{name} does not move"),
        Kind::Silent => format!("{name} says nothing"),
        Kind::Count => format!("{name} too often"),
        Kind::Cusum => format!("{name} drifts"),
    }
}

/// The order in which the limits of a tag have to be.
fn rank(kind: LimitKind) -> u8 {
    match kind {
        LimitKind::LowLow => 0,
        LimitKind::Low => 1,
        LimitKind::High => 2,
        LimitKind::HighHigh => 3,
    }
}
