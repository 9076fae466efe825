//! Alarms: those written at a tag as limits, those of `[[alarms]]`, and what has to hold among them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use alarm::{AlarmId, Config, Latching, LimitKind, Priority, ReturnAck, Trigger};
use model::{DataType, EquipmentId, TagIndex};

use crate::ALARMS;
use crate::document::Table;
use crate::equipment::Tree;
use crate::fields::{Fields, Said};
use crate::formulas::{compile, unknown_tag_remedy};
use crate::ids::check_id;
use crate::plant::{AlarmDefinition, Watch};
use crate::problem::{Place, Problems, shown};
use crate::tags::{Draft, Limits, Scope, Tags, belongs_to, full_id, is_numeric};

/// What may be said of an alarm.
const KEYS: [&str; 20] = [
    "machine",
    "equipment",
    "id",
    "tag",
    "formula",
    "message",
    "kind",
    "limit",
    "deadband",
    "active_when",
    "on_delay_s",
    "off_delay_s",
    "latching",
    "acknowledge_return",
    "priority",
    "class",
    "cause",
    "consequence",
    "action",
    "time_to_respond",
];

/// What an alarm waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Limit(LimitKind),
    Digital,
    Stale,
    Formula,
}

const KINDS: [(&str, Kind); 7] = [
    ("high-high", Kind::Limit(LimitKind::HighHigh)),
    ("high", Kind::Limit(LimitKind::High)),
    ("low", Kind::Limit(LimitKind::Low)),
    ("low-low", Kind::Limit(LimitKind::LowLow)),
    ("digital", Kind::Digital),
    ("stale", Kind::Stale),
    ("formula", Kind::Formula),
];

/// All alarms by id.
#[derive(Default)]
pub(crate) struct Alarms {
    pub definitions: Vec<AlarmDefinition>,
    places: HashMap<AlarmId, Place>,
    /// Every limit of a tag, for the order they have to be in.
    limits: BTreeMap<TagIndex, Vec<(LimitKind, Said<f64>)>>,
    entries: usize,
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
        self.definitions.push(definition);
    }

    /// Adds the alarms of the limits that are written at a tag.
    pub fn add_limits(&mut self, tag: &Draft, problems: &mut Problems) {
        let (Some(limits), Some(true)) = (&tag.limits, tag.data_type.map(is_numeric)) else { return };
        let Limits { limits, deadband, on_delay, off_delay, priority } = limits;
        for (kind, limit) in limits {
            let definition = AlarmDefinition {
                id: AlarmId::new(format!("{}/{}", tag.id, limit_words(*kind))),
                equipment: tag.equipment.clone(),
                message: format!("{} {}", tag.name, limit_words(*kind)),
                watch: Watch::Tag(tag.index),
                config: Config {
                    trigger: Trigger::Limit { kind: *kind, limit: limit.value, deadband: *deadband },
                    on_delay: *on_delay,
                    off_delay: *off_delay,
                    latching: Latching::No,
                    priority: priority_of(priority.unwrap_or(usual_priority(Kind::Limit(*kind)))),
                    return_ack: ReturnAck::Required,
                },
                class: CLASS.to_owned(),
                cause: String::new(),
                consequence: String::new(),
                action: String::new(),
                time_to_respond: String::new(),
                condition: limit_condition(*kind, limit.value, tag),
            };
            self.limits.entry(tag.index).or_default().push((*kind, *limit));
            self.add(definition, limit.at, problems);
        }
    }

    /// Reads one entry of `[[alarms]]` and adds the alarm.
    pub fn add_entry(
        &mut self,
        table: &Table<'_>,
        scope: Scope<'_>,
        tree: &Tree,
        tags: &Tags,
        problems: &mut Problems,
    ) {
        self.entries = self.entries.saturating_add(1);
        if self.entries > ALARMS {
            if self.entries == ALARMS + 1 {
                problems.error(table.at, format!("there are more than {ALARMS} alarms"), "divide the plant in two");
            }
            return;
        }
        let fields = Fields::new(table, "alarm", &KEYS, problems);
        let scope = belongs_to(&fields, scope, tree, problems);
        let id = fields.text("id", problems).filter(|id| check_id(id.value, id.at, problems));
        let kind = kind(&fields, problems);
        let guidance = Guidance::read(&fields, problems);
        let on_delay = fields.seconds("on_delay_s", problems).map_or(Duration::ZERO, |said| said.value);
        let off_delay = fields.seconds("off_delay_s", problems).map_or(Duration::ZERO, |said| said.value);
        let latching = fields.flag("latching", problems).is_some_and(|said| said.value);
        let return_ack = fields.flag("acknowledge_return", problems).is_none_or(|said| said.value);
        let priority = fields.whole("priority", 1, 4, problems);
        let limit = fields.number("limit", problems);
        let deadband = fields.amount("deadband", problems).map_or(0.0, |said| said.value);
        let active_when = fields.flag("active_when", problems).is_none_or(|said| said.value);
        let Some(kind) = kind else { return };
        check_keys(&fields, kind, problems);

        let Ok(scope) = scope else { return };
        let (watch, trigger, tag) = match kind {
            Kind::Formula => {
                let Some(text) = fields.need_text("formula", "\"speed < 0.5 * speed_target\"", problems) else {
                    return;
                };
                let Some(formula) = compile(text, scope.as_ref(), tags, problems) else { return };
                (Watch::Formula(formula), Trigger::Condition, None)
            }
            Kind::Limit(_) | Kind::Digital | Kind::Stale => {
                let Some(tag) = watched_tag(&fields, scope.as_ref(), tags, problems) else { return };
                check_watched(kind, tag, fields.place("kind"), problems);
                let trigger = match kind {
                    Kind::Limit(kind) => {
                        let Some(limit) = limit else { return };
                        self.limits.entry(tag.index).or_default().push((kind, limit));
                        Trigger::Limit { kind, limit: limit.value, deadband }
                    }
                    Kind::Digital => Trigger::Digital { active_when },
                    Kind::Stale => Trigger::Stale,
                    Kind::Formula => Trigger::Condition,
                };
                (Watch::Tag(tag.index), trigger, Some(tag))
            }
        };
        let condition = condition(&watch, &trigger, tag);
        let equipment = scope.or_else(|| tag.and_then(|tag| tag.equipment.clone()));
        let Some((id, message)) = id_and_message(&fields, id, kind, equipment.as_ref(), tag, problems) else { return };
        let config = Config {
            trigger,
            on_delay,
            off_delay,
            latching: if latching { Latching::Yes } else { Latching::No },
            priority: priority_of(priority.map_or(usual_priority(kind), |said| said.value)),
            return_ack: if return_ack { ReturnAck::Required } else { ReturnAck::NotRequired },
        };
        let Guidance { class, cause, consequence, action, time_to_respond } = guidance;
        let definition = AlarmDefinition {
            id,
            equipment,
            message,
            watch,
            config,
            class,
            cause,
            consequence,
            action,
            time_to_respond,
            condition,
        };
        self.add(definition, table.at, problems);
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

/// What an operator is told beyond the message.
struct Guidance {
    class: String,
    cause: String,
    consequence: String,
    action: String,
    time_to_respond: String,
}

impl Guidance {
    fn read(fields: &Fields<'_, '_>, problems: &mut Problems) -> Self {
        let class = fields.words("class", problems);
        Self {
            class: if class.is_empty() { CLASS.to_owned() } else { class },
            cause: fields.words("cause", problems),
            consequence: fields.words("consequence", problems),
            action: fields.words("action", problems),
            time_to_respond: fields.words("time_to_respond", problems),
        }
    }
}

/// The class of an alarm that says none.
const CLASS: &str = "process";

fn kind(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<Kind> {
    if fields.has("kind") {
        return fields.choice("kind", &KINDS, problems).map(|said| said.value);
    }
    if !fields.has("formula") {
        fields.missing("kind", "\"high\"", problems);
        return None;
    }
    Some(Kind::Formula)
}

/// Reports keys that have no meaning for the kind, and a limit that is missing.
fn check_keys(fields: &Fields<'_, '_>, kind: Kind, problems: &mut Problems) {
    let (without, words): (&[&str], _) = match kind {
        Kind::Limit(_) => (&["formula", "active_when"], "on a limit"),
        Kind::Digital => (&["formula", "limit", "deadband"], "of kind digital"),
        Kind::Stale => (&["formula", "limit", "deadband", "active_when"], "of kind stale"),
        Kind::Formula => (&["tag", "limit", "deadband", "active_when"], "on a formula"),
    };
    for key in without.iter().filter(|key| fields.has(key)) {
        let message = format!("`{key}` has no meaning for an alarm {words}");
        problems.error(fields.place(key), message, "remove it, or change the kind");
    }
    if matches!(kind, Kind::Limit(_)) && !fields.has("limit") {
        fields.missing("limit", "82", problems);
    }
}

/// The tag that an entry names, as it is seen from what the alarm belongs to.
fn watched_tag<'t>(
    fields: &Fields<'_, '_>,
    scope: Option<&EquipmentId>,
    tags: &'t Tags,
    problems: &mut Problems,
) -> Option<&'t Draft> {
    let name = fields.need_text("tag", "\"temperature\"", problems)?;
    let found = tags.resolve(scope, name.value);
    if found.is_none() {
        let remedy = unknown_tag_remedy(name.value, scope, tags, problems);
        let remedy = remedy.unwrap_or_else(|| "write its id, or its full id where it is of another machine".to_owned());
        problems.absent(name.at, format!("unknown tag `{}`", shown(name.value)), remedy);
    }
    found
}

fn check_watched(kind: Kind, tag: &Draft, at: Place, problems: &mut Problems) {
    let Some(data_type) = tag.data_type else { return };
    match kind {
        Kind::Limit(_) if !is_numeric(data_type) => {
            let remedy = "watch a tag of type int or float, or use kind = \"digital\" for a bool";
            problems.error(at, "a limit needs a tag of type int or float", remedy);
        }
        Kind::Digital if data_type != DataType::Bool => {
            let remedy = "watch a tag of type bool, or use a formula such as `state == 3`";
            problems.error(at, "an alarm of kind digital needs a tag of type bool", remedy);
        }
        Kind::Limit(_) | Kind::Digital | Kind::Stale | Kind::Formula => {}
    }
}

/// What an entry says of its id and message, or what follows from the tag it watches.
fn id_and_message(
    fields: &Fields<'_, '_>,
    id: Option<Said<&str>>,
    kind: Kind,
    equipment: Option<&EquipmentId>,
    tag: Option<&Draft>,
    problems: &mut Problems,
) -> Option<(AlarmId, String)> {
    let message = fields.words("message", problems);
    let Some(tag) = tag else {
        if message.is_empty() {
            fields.need_text("message", "\"Filler runs too slowly\"", problems);
        }
        if !fields.has("id") {
            fields.missing("id", "\"too-slow\"", problems);
        }
        return Some((AlarmId::new(full_id(equipment, id?.value)), message));
    };
    let words = KINDS.iter().find(|(_, other)| *other == kind).map_or("", |(words, _)| *words);
    let message = match kind {
        Kind::Limit(_) | Kind::Stale if message.is_empty() => format!("{} {words}", tag.name),
        Kind::Digital if message.is_empty() => tag.name.clone(),
        Kind::Limit(_) | Kind::Digital | Kind::Stale | Kind::Formula => message,
    };
    let id = match id {
        Some(id) => full_id(equipment, id.value),
        None if fields.has("id") => return None,
        None => format!("{}/{words}", tag.id),
    };
    Some((AlarmId::new(id), message))
}

/// The condition in words, for lists.
fn condition(watch: &Watch, trigger: &Trigger, tag: Option<&Draft>) -> String {
    match (trigger, watch, tag) {
        (Trigger::Limit { kind, limit, .. }, _, Some(tag)) => limit_condition(*kind, *limit, tag),
        (Trigger::Digital { active_when }, _, tag) => {
            let words = tag.and_then(|tag| tag.words.as_ref());
            let (off, on) = words.map_or(("off", "on"), |(off, on)| (off, on));
            (if *active_when { on } else { off }).to_owned()
        }
        (Trigger::Stale, _, Some(Draft { stale_after: Some(after), .. })) => {
            format!("no fresh value for {} s", after.as_secs_f64())
        }
        (Trigger::Condition, Watch::Formula(formula), _) => formula.text().to_owned(),
        (Trigger::Stale | Trigger::Limit { .. } | Trigger::Condition | Trigger::LinkDown, _, _) => {
            "no fresh value".to_owned()
        }
    }
}

fn limit_condition(kind: LimitKind, limit: f64, tag: &Draft) -> String {
    let mut number = format!("{limit:.*}", usize::from(tag.decimals));
    if number.parse() != Ok(limit) {
        // More digits than the tag is shown with: a rounded limit would not be the limit.
        number = limit.to_string();
    }
    let space = if tag.unit.is_empty() { "" } else { " " };
    format!("{}, {number}{space}{}", limit_words(kind), tag.unit)
}

fn limit_words(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HighHigh => "high-high",
        LimitKind::High => "high",
        LimitKind::Low => "low",
        LimitKind::LowLow => "low-low",
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

/// The priority of an alarm that says none: the outer limits tell that the inner ones did not help.
fn usual_priority(kind: Kind) -> u8 {
    match kind {
        Kind::Limit(LimitKind::HighHigh | LimitKind::LowLow) => 2,
        Kind::Limit(LimitKind::High | LimitKind::Low) | Kind::Digital | Kind::Formula => 3,
        Kind::Stale => 4,
    }
}

fn priority_of(number: u8) -> Priority {
    Priority::try_from(number).expect("checked: within 1 to 4")
}
