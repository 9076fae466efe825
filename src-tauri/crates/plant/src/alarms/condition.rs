//! The kinds of conditions: which keys each of them has, and what follows from them.

use std::sync::Arc;
use std::time::Duration;

use alarm::{Event, Level, LimitKind, Measure, Off, Operand, Sense, TIMES_AT_MOST, Trigger};
use formula::Formula;
use model::{DataType, EquipmentId, Value};

use crate::alarms::attributes::priority_of;
use crate::alarms::words;
use crate::fields::{Bound, Fields, Said};
use crate::formulas::{compile, unknown_tag_remedy};
use crate::plant::Watch;
use crate::problem::{Place, Problems, shown};
use crate::tags::{Draft, Tags, is_numeric};

/// What an alarm waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Limit(LimitKind),
    Rate,
    Deviation,
    Digital,
    State,
    Discrepancy,
    Unchanged,
    Silent,
    Count,
    Cusum,
    Stale,
    Formula,
}

pub(crate) const KINDS: [(&str, Kind); 15] = [
    ("high-high", Kind::Limit(LimitKind::HighHigh)),
    ("high", Kind::Limit(LimitKind::High)),
    ("low", Kind::Limit(LimitKind::Low)),
    ("low-low", Kind::Limit(LimitKind::LowLow)),
    ("rate", Kind::Rate),
    ("deviation", Kind::Deviation),
    ("digital", Kind::Digital),
    ("state", Kind::State),
    ("discrepancy", Kind::Discrepancy),
    ("no-change", Kind::Unchanged),
    ("no-update", Kind::Silent),
    ("count", Kind::Count),
    ("cusum", Kind::Cusum),
    ("stale", Kind::Stale),
    ("formula", Kind::Formula),
];

/// The keys that some kinds have and others have not.
pub(crate) const KEYS: [&str; 18] = [
    "tag",
    "formula",
    "limit",
    "deadband",
    "off_limit",
    "second_limit",
    "second_deadband",
    "second_priority",
    "active_when",
    "states",
    "command",
    "setpoint",
    "sense",
    "window_s",
    "within_s",
    "crossing",
    "target",
    "slack",
];

const SENSES: [(&str, Sense); 3] = [("up", Sense::Up), ("down", Sense::Down), ("both", Sense::Both)];

/// A condition that is decided.
pub(crate) struct Condition<'t> {
    pub watch: Watch,
    pub trigger: Trigger,
    /// The watched tag; none for a formula.
    pub tag: Option<&'t Draft>,
    /// In words, for lists.
    pub words: String,
    /// The limits on the tag's own value that are numbers, to be put in order with its others.
    pub limits: Vec<(LimitKind, Said<f64>)>,
}

/// What the names of an entry are seen from.
pub(crate) struct View<'v, 't> {
    pub scope: Option<&'v EquipmentId>,
    pub tags: &'t Tags,
}

/// What is said of limits, whatever they are put beside.
struct Limits<'f> {
    first: Said<Bound<'f>>,
    second: Option<Said<Bound<'f>>>,
}

impl Kind {
    /// Its word in the plant file.
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| *word)
    }

    /// The keys that have a meaning for it, of those that not all have.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::Limit(LimitKind::High | LimitKind::Low) => {
                &["tag", "limit", "deadband", "off_limit", "second_limit", "second_deadband", "second_priority"]
            }
            Kind::Limit(LimitKind::HighHigh | LimitKind::LowLow) => &["tag", "limit", "deadband", "off_limit"],
            Kind::Rate => &[
                "tag",
                "limit",
                "deadband",
                "off_limit",
                "second_limit",
                "second_deadband",
                "second_priority",
                "sense",
                "window_s",
            ],
            Kind::Deviation => &[
                "tag",
                "limit",
                "deadband",
                "off_limit",
                "second_limit",
                "second_deadband",
                "second_priority",
                "sense",
                "setpoint",
            ],
            Kind::Count => &[
                "tag",
                "formula",
                "limit",
                "second_limit",
                "second_priority",
                "within_s",
                "active_when",
                "crossing",
                "sense",
                "deadband",
            ],
            Kind::Cusum => &[
                "tag",
                "limit",
                "deadband",
                "off_limit",
                "second_limit",
                "second_deadband",
                "second_priority",
                "sense",
                "target",
                "slack",
            ],
            Kind::Digital => &["tag", "active_when"],
            Kind::State => &["tag", "states", "active_when"],
            Kind::Discrepancy => &["tag", "command"],
            Kind::Unchanged => &["tag", "within_s", "deadband"],
            Kind::Silent => &["tag", "within_s"],
            Kind::Stale => &["tag"],
            Kind::Formula => &["formula"],
        }
    }

    /// Those that have to be there, each with an example.
    fn needed(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Kind::Limit(_) => &[("limit", "82")],
            Kind::Rate => &[("limit", "0.5"), ("window_s", "60")],
            Kind::Deviation => &[("limit", "5"), ("setpoint", "\"speed_target\"")],
            Kind::Count => &[("limit", "5"), ("within_s", "600")],
            Kind::Cusum => &[("limit", "5"), ("target", "20")],
            Kind::State => &[("states", "[\"Held\", \"Aborted\"]")],
            Kind::Discrepancy => &[("command", "\"valve_command\""), ("on_delay_s", "5")],
            Kind::Unchanged | Kind::Silent => &[("within_s", "600")],
            Kind::Digital | Kind::Stale | Kind::Formula => &[],
        }
    }

    /// The priority of an alarm that says none: the outer limits tell that the inner ones did not help.
    pub fn usual_priority(self) -> u8 {
        match self {
            Kind::Limit(LimitKind::HighHigh | LimitKind::LowLow) => 2,
            Kind::Limit(LimitKind::High | LimitKind::Low)
            | Kind::Rate
            | Kind::Deviation
            | Kind::Digital
            | Kind::State
            | Kind::Discrepancy
            | Kind::Count
            | Kind::Cusum
            | Kind::Formula => 3,
            Kind::Unchanged | Kind::Silent | Kind::Stale => 4,
        }
    }
}

/// Reads what an alarm waits for; none where it cannot be told, which is reported.
pub(crate) fn kind(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<Kind> {
    if fields.has("kind") {
        return fields.choice("kind", &KINDS, problems).map(|said| said.value);
    }
    if !fields.has("formula") {
        fields.missing("kind", "\"high\"", problems);
        return None;
    }
    Some(Kind::Formula)
}

/// Reports keys that have no meaning for the kind, and those that are missing. Whether all are there.
pub(crate) fn check_keys(fields: &Fields<'_, '_>, kind: Kind, problems: &mut Problems) -> bool {
    let words = match kind {
        Kind::Limit(_) => "on a limit".to_owned(),
        Kind::Formula => "on a formula".to_owned(),
        Kind::Rate
        | Kind::Deviation
        | Kind::Digital
        | Kind::State
        | Kind::Discrepancy
        | Kind::Unchanged
        | Kind::Silent
        | Kind::Count
        | Kind::Cusum
        | Kind::Stale => format!("of kind {}", kind.word()),
    };
    for key in KEYS.iter().filter(|key| fields.has(key) && !kind.keys().contains(key)) {
        let message = format!("`{key}` has no meaning for an alarm {words}");
        problems.error(fields.place(key), message, "remove it, or change the kind");
    }
    let mut are_there = true;
    for (key, example) in kind.needed().iter().filter(|(key, _)| !fields.has(key)) {
        fields.missing(key, example, problems);
        are_there = false;
    }
    are_there
}

/// Reads the condition. `priority` is that of its first level.
pub(crate) fn condition<'t>(
    fields: &Fields<'_, '_>,
    kind: Kind,
    priority: u8,
    view: &View<'_, 't>,
    problems: &mut Problems,
) -> Option<Condition<'t>> {
    if kind == Kind::Formula || (kind == Kind::Count && fields.has("formula")) {
        return of_formula(fields, kind, priority, view, problems);
    }
    let tag = watched_tag(fields, view, problems);
    let limit = fields.bound("limit", problems);
    let second = fields.bound("second_limit", problems);
    let limits = limit.map(|first| Limits { first, second });
    let sense = fields.choice("sense", &SENSES, problems).map(|said| said.value);
    let within = fields.time("within_s", problems);
    let window = fields.time("window_s", problems);
    let deadband = fields.amount("deadband", problems);
    let active_when = fields.flag("active_when", problems).is_none_or(|said| said.value);
    let tag = tag?;
    check_watched(kind, tag, fields, problems);

    let upper = LimitKind::High;
    let (measure, first) = match kind {
        Kind::Limit(first) => (Measure::Value, first),
        Kind::Rate => (Measure::Rate { window: window?, sense: sense.unwrap_or_default() }, upper),
        Kind::Deviation => {
            let setpoint = operand(fields.bound("setpoint", problems)?, view, problems)?;
            (Measure::Deviation { setpoint, sense: sense.unwrap_or_default() }, upper)
        }
        Kind::Count => (Measure::Count { within: within?, event: event(fields, tag, sense, problems)? }, upper),
        Kind::Cusum => {
            let slack = fields.amount("slack", problems).map_or(0.0, |said| said.value);
            let target = operand(fields.bound("target", problems)?, view, problems)?;
            (Measure::Cusum { target, slack, sense: sense.unwrap_or_default() }, upper)
        }
        Kind::Digital => return Some(of_tag(tag, Trigger::Digital { active_when }, view)),
        Kind::State => {
            let states = states(fields, tag, problems)?;
            return Some(of_tag(tag, Trigger::State { states, active_when }, view));
        }
        Kind::Discrepancy => {
            let name = fields.need_text("command", "\"valve_command\"", problems)?;
            let command = found(name, view, problems)?;
            check_discrepancy(fields, tag, command, name.at, problems);
            return Some(of_tag(tag, Trigger::Discrepancy { command: command.index }, view));
        }
        Kind::Unchanged => {
            let band = deadband.map_or(0.0, |said| said.value);
            return Some(of_tag(tag, Trigger::Unchanged { within: within?, band }, view));
        }
        Kind::Silent => return Some(of_tag(tag, Trigger::Silent { within: within? }, view)),
        Kind::Stale => return Some(of_tag(tag, Trigger::Stale, view)),
        Kind::Formula => return None,
    };
    let limits = limits?;
    let levels = levels(fields, kind, first, priority, &limits, view, problems)?;
    let own = if measure == Measure::Value { numbers(first, &limits) } else { Vec::new() };
    Some(Condition { limits: own, ..of_tag(tag, Trigger::Limit { measure, levels }, view) })
}

/// A limit that is written, or that another tag has.
pub(crate) fn operand(said: Said<Bound<'_>>, view: &View<'_, '_>, problems: &mut Problems) -> Option<Operand> {
    let name = match said.value {
        Bound::Number(number) => return Some(Operand::Number(number)),
        Bound::Tag(name) => said.with(name),
    };
    let tag = found(name, view, problems)?;
    if tag.data_type.is_some_and(|data_type| !is_numeric(data_type)) {
        let message = format!("`{}` is no number to be compared with", tag.id);
        problems.error(said.at, message, "name a tag of type int or float, or write a number");
        return None;
    }
    Some(Operand::Tag(tag.index))
}

fn of_tag<'t>(tag: &'t Draft, trigger: Trigger, view: &View<'_, 't>) -> Condition<'t> {
    let words = words::condition(&trigger, tag, view.tags);
    Condition { watch: Watch::Tag(tag.index), trigger, tag: Some(tag), words, limits: Vec::new() }
}

fn of_formula<'t>(
    fields: &Fields<'_, '_>,
    kind: Kind,
    priority: u8,
    view: &View<'_, 't>,
    problems: &mut Problems,
) -> Option<Condition<'t>> {
    let text = fields.need_text("formula", "\"speed < 0.5 * speed_target\"", problems)?;
    let formula: Arc<Formula> = compile(text, view.scope, view.tags, problems)?;
    let written = formula.text().to_owned();
    let watch = Watch::Formula(formula);
    if kind == Kind::Formula {
        return Some(Condition { watch, trigger: Trigger::Condition, tag: None, words: written, limits: Vec::new() });
    }
    for key in ["tag", "crossing", "sense", "deadband"].into_iter().filter(|key| fields.has(key)) {
        let message = format!("`{key}` has no meaning where a formula is counted");
        problems.error(fields.place(key), message, "remove it, or the formula");
    }
    let active_when = fields.flag("active_when", problems).is_none_or(|said| said.value);
    let first = fields.bound("limit", problems);
    let second = fields.bound("second_limit", problems);
    let within: Duration = fields.time("within_s", problems)?;
    let limits = Limits { first: first?, second };
    let levels = levels(fields, kind, LimitKind::High, priority, &limits, view, problems)?;
    let words = format!("{}: {written}", words::count(&levels, within));
    let measure = Measure::Count { within, event: Event::Switch { active_when } };
    Some(Condition { watch, trigger: Trigger::Limit { measure, levels }, tag: None, words, limits: Vec::new() })
}

/// The levels of one side, the milder one first.
fn levels(
    fields: &Fields<'_, '_>,
    kind: Kind,
    first: LimitKind,
    priority: u8,
    limits: &Limits<'_>,
    view: &View<'_, '_>,
    problems: &mut Problems,
) -> Option<Vec<Level>> {
    for limit in std::iter::once(&limits.first).chain(&limits.second) {
        if let Bound::Number(number) = limit.value {
            check_limit(kind, limit.with(number), problems);
        }
    }
    let off = off(fields, kind, first, limits, problems);
    let limit = operand(limits.first, view, problems)?;
    let mut levels = vec![Level { kind: first, limit, off, priority: priority_of(priority) }];
    let Some(second) = limits.second else {
        for key in ["second_deadband", "second_priority"].into_iter().filter(|key| fields.has(key)) {
            let message = format!("`{key}` has no meaning without `second_limit`");
            problems.error(fields.place(key), message, "add `second_limit`, or remove it");
        }
        return Some(levels);
    };
    if let (Bound::Number(a), Bound::Number(b)) = (limits.first.value, second.value) {
        let is_beyond = if first.is_upper() { b > a } else { b < a };
        // Limits of one tag are put in order all together, with those of its other alarms.
        if !is_beyond && !matches!(kind, Kind::Limit(_)) {
            let message = format!("`second_limit` {b} is not beyond `limit` {a}");
            problems.error(second.at, message, "write the milder limit first");
        }
    }
    let usual = priority.saturating_sub(1).clamp(1, 2);
    let priority = fields.whole("second_priority", 1, 4, problems).map_or(usual, |said| said.value);
    let own = fields.amount("second_deadband", problems).map(|said| Off::Deadband(said.value));
    let off = own.unwrap_or_else(|| match (levels[0].off, limits.first.value, second.value) {
        (Off::Limit(off), Bound::Number(limit), Bound::Number(second)) => Off::Limit(second - (limit - off)),
        (Off::Limit(_), _, _) => Off::Deadband(0.0),
        (deadband @ Off::Deadband(_), _, _) => deadband,
    });
    let kind = if first.is_upper() { LimitKind::HighHigh } else { LimitKind::LowLow };
    levels.push(Level { kind, limit: operand(second, view, problems)?, off, priority: priority_of(priority) });
    Some(levels)
}

/// When the first limit is left again.
fn off(fields: &Fields<'_, '_>, kind: Kind, first: LimitKind, limits: &Limits<'_>, problems: &mut Problems) -> Off {
    let of_count = kind == Kind::Count;
    let deadband = fields.amount("deadband", problems).filter(|_| !of_count).map(|said| said.value);
    let off_limit = fields.number("off_limit", problems);
    if fields.has("off_limit") && fields.has("deadband") {
        let message = "`off_limit` and `deadband` are both given";
        problems.error(fields.place("off_limit"), message, "keep the one that says when the alarm returns");
    }
    if let Some(off) = off_limit {
        match limits.first.value {
            Bound::Number(limit) if first.is_upper() != (off.value > limit) || off.value == limit => {}
            Bound::Number(limit) => {
                let message = format!("`off_limit` {} is beyond `limit` {limit}", off.value);
                problems.error(off.at, message, "write a value on the good side of the limit");
            }
            Bound::Tag(_) => {
                let message = "`off_limit` has no meaning where `limit` is a tag";
                problems.error(off.at, message, "write `deadband` in its place");
            }
        }
        return Off::Limit(off.value);
    }
    match (kind, deadband, limits.first.value) {
        // A sum that was reached has to fall to half, or noise about the slack would make it chatter.
        (Kind::Cusum, None, Bound::Number(limit)) => Off::Limit(limit / 2.0),
        (_, deadband, _) => Off::Deadband(deadband.unwrap_or(0.0)),
    }
}

/// A limit on anything but a value itself is an amount: which way it counts, `sense` says.
fn check_limit(kind: Kind, limit: Said<f64>, problems: &mut Problems) {
    let is_amount = matches!(kind, Kind::Rate | Kind::Deviation | Kind::Cusum);
    if is_amount && limit.value <= 0.0 {
        let message = format!("the limit {} is not above 0", limit.value);
        problems.error(limit.at, message, "write an amount above 0; `sense` says which way it counts");
    }
    let is_times = (1.0..=f64::from(TIMES_AT_MOST)).contains(&limit.value) && limit.value.fract() == 0.0;
    if kind == Kind::Count && !is_times {
        let message = format!("the limit {} is no number of times", limit.value);
        problems.error(limit.at, message, format!("use a whole number from 1 to {TIMES_AT_MOST}"));
    }
}

fn numbers(first: LimitKind, limits: &Limits<'_>) -> Vec<(LimitKind, Said<f64>)> {
    let second = if first.is_upper() { LimitKind::HighHigh } else { LimitKind::LowLow };
    let all = [(first, Some(limits.first)), (second, limits.second)];
    let number = |(kind, said): (LimitKind, Option<Said<Bound<'_>>>)| match said?.value {
        Bound::Number(number) => Some((kind, said?.with(number))),
        Bound::Tag(_) => None,
    };
    all.into_iter().filter_map(number).collect()
}

/// What is counted of a tag.
fn event(fields: &Fields<'_, '_>, tag: &Draft, sense: Option<Sense>, problems: &mut Problems) -> Option<Event> {
    let data_type = tag.data_type?;
    if data_type == DataType::Bool {
        for key in ["crossing", "sense", "deadband"].into_iter().filter(|key| fields.has(key)) {
            let message = format!("`{key}` has no meaning where a tag of type bool is counted");
            problems.error(fields.place(key), message, "remove it");
        }
        let active_when = fields.flag("active_when", problems).is_none_or(|said| said.value);
        return Some(Event::Switch { active_when });
    }
    if fields.has("active_when") {
        let message = "`active_when` has a meaning where a tag of type bool is counted";
        problems.error(fields.place("active_when"), message, "remove it; `crossing` says what is counted");
    }
    if !fields.has("crossing") {
        fields.missing("crossing", "50", problems);
    }
    let kind = match sense {
        Some(Sense::Up) | None => LimitKind::High,
        Some(Sense::Down) => LimitKind::Low,
        Some(Sense::Both) => {
            problems.error(fields.place("sense"), "crossings are counted one way", "write \"up\" or \"down\"");
            return None;
        }
    };
    let deadband = fields.amount("deadband", problems).map_or(0.0, |said| said.value);
    fields.number("crossing", problems).map(|limit| Event::Crossing { kind, limit: limit.value, deadband })
}

/// The states, which have to be such as the tag can have.
fn states(fields: &Fields<'_, '_>, tag: &Draft, problems: &mut Problems) -> Option<Vec<Value>> {
    let said = fields.values("states", problems)?;
    let is_text = tag.data_type == Some(DataType::Text);
    let odd = said.value.iter().find(|value| matches!(value, Value::Text(_)) != is_text);
    if let (Some(odd), Some(_)) = (odd, tag.data_type) {
        let message = format!("`{}` can never be {}", tag.id, words::value(odd));
        let remedy = if is_text { "write its states as texts in quotes" } else { "write its states as whole numbers" };
        problems.error(said.at, message, remedy);
        return None;
    }
    Some(said.value)
}

fn check_discrepancy(fields: &Fields<'_, '_>, tag: &Draft, command: &Draft, at: Place, problems: &mut Problems) {
    let is_text = |draft: &Draft| draft.data_type == Some(DataType::Text);
    if tag.data_type.is_some() && command.data_type.is_some() && is_text(tag) != is_text(command) {
        let message = format!("`{}` and `{}` can never be the same: one is a text", tag.id, command.id);
        problems.error(at, message, "name a command of the same type as its feedback");
    }
    if tag.index == command.index {
        problems.error(at, "the command is the feedback itself", "name the tag of the command");
    }
    if fields.number("on_delay_s", problems).is_some_and(|delay| delay.value == 0.0) {
        let message = "`on_delay_s` is 0: a feedback is never as fast as its command";
        problems.error(fields.place("on_delay_s"), message, "write how long it may take to follow");
    }
}

/// The tag that an entry names, as it is seen from what the alarm belongs to.
fn watched_tag<'t>(fields: &Fields<'_, '_>, view: &View<'_, 't>, problems: &mut Problems) -> Option<&'t Draft> {
    let name = fields.need_text("tag", "\"temperature\"", problems)?;
    found(name, view, problems)
}

/// The tag of a name; reports a name that is none.
fn found<'t>(name: Said<&str>, view: &View<'_, 't>, problems: &mut Problems) -> Option<&'t Draft> {
    let found = view.tags.resolve(view.scope, name.value);
    if found.is_none() {
        let remedy = unknown_tag_remedy(name.value, view.scope, view.tags, problems);
        let remedy = remedy.unwrap_or_else(|| "write its id, or its full id where it is of another machine".to_owned());
        problems.absent(name.at, format!("unknown tag `{}`", shown(name.value)), remedy);
    }
    found
}

fn check_watched(kind: Kind, tag: &Draft, fields: &Fields<'_, '_>, problems: &mut Problems) {
    let Some(data_type) = tag.data_type else { return };
    let at = fields.place("kind");
    match kind {
        Kind::Limit(_) if !is_numeric(data_type) => {
            let remedy = "watch a tag of type int or float, or use kind = \"digital\" for a bool";
            problems.error(at, "a limit needs a tag of type int or float", remedy);
        }
        Kind::Rate | Kind::Deviation | Kind::Cusum if !is_numeric(data_type) => {
            let message = format!("an alarm of kind {} needs a tag of type int or float", kind.word());
            problems.error(at, message, "watch another tag, or change the kind");
        }
        Kind::Digital if data_type != DataType::Bool => {
            let remedy = "watch a tag of type bool, or use a formula such as `state == 3`";
            problems.error(at, "an alarm of kind digital needs a tag of type bool", remedy);
        }
        Kind::State if data_type == DataType::Bool => {
            problems.error(at, "a tag of type bool has no states but on and off", "use kind = \"digital\"");
        }
        Kind::Count if data_type == DataType::Text => {
            let message = "an alarm of kind count needs a tag of type bool, int or float, or a formula";
            problems.error(at, message, "count a formula such as `state == \"Held\"`");
        }
        Kind::Unchanged if !is_numeric(data_type) && fields.has("deadband") => {
            let message = "`deadband` has a meaning for tags of type int and float only";
            problems.error(fields.place("deadband"), message, "remove it");
        }
        Kind::Limit(_)
        | Kind::Rate
        | Kind::Deviation
        | Kind::Digital
        | Kind::State
        | Kind::Discrepancy
        | Kind::Unchanged
        | Kind::Silent
        | Kind::Count
        | Kind::Cusum
        | Kind::Stale
        | Kind::Formula => {}
    }
}
