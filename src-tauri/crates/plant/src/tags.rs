//! Tags: from the entries of the plant file and of `tags/*.csv` to drafts, everything decided but their formulas.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use alarm::LimitKind;
use model::{
    DataType, EquipmentId, Keep, Level, Point, Protocols, Rejection, Scaling, Settings, TagIndex, WritePolicy,
};

use crate::TAGS;
use crate::document::{Raw, Table};
use crate::equipment::Tree;
use crate::fields::{Bound, Fields, Said, instead};
use crate::gateways::Gateways;
use crate::ids::check_id;
use crate::keeping::History;
use crate::plant::{Role, TagIndices};
use crate::problem::{Place, Problems, shown};
use crate::recording::{Recording, Subject, Wish};
use crate::settings::{report, settings};

/// What may be said of a tag, in the plant file and as a column of a CSV file.
pub(crate) const KEYS: [&str; 21] = [
    "machine",
    "equipment",
    "id",
    "name",
    "role",
    "gateway",
    "address",
    "formula",
    "write",
    "type",
    "unit",
    "decimals",
    "range",
    "normal",
    "words",
    "scaling",
    "deadband",
    "record",
    "history",
    "stale_after_s",
    "limits",
];
pub(crate) const SCALING_KEYS: [&str; 2] = ["factor", "offset"];
pub(crate) const WRITE_KEYS: [&str; 2] = ["low", "high"];
pub(crate) const LIMITS_KEYS: [&str; 8] =
    ["high_high", "high", "low", "low_low", "deadband", "on_delay_s", "off_delay_s", "priority"];

const TYPES: [(&str, DataType); 4] =
    [("bool", DataType::Bool), ("int", DataType::Int), ("float", DataType::Float), ("text", DataType::Text)];

const ROLES: [(&str, Role); 6] = [
    ("state", Role::State),
    ("speed", Role::Speed),
    ("speed-target", Role::SpeedTarget),
    ("good-count", Role::GoodCount),
    ("reject-count", Role::RejectCount),
    ("key", Role::Key),
];

const LIMITS: [(&str, LimitKind); 4] = [
    ("high_high", LimitKind::HighHigh),
    ("high", LimitKind::High),
    ("low", LimitKind::Low),
    ("low_low", LimitKind::LowLow),
];

/// Most digits after the point.
const DECIMALS: u8 = 10;

/// To what an entry belongs.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'s> {
    /// To what its own `machine` or `equipment` says.
    Said,
    /// To the machine that uses the template it comes from.
    Machine(&'s EquipmentId),
}

/// What tags are judged against.
pub(crate) struct Around<'s> {
    pub tree: &'s Tree,
    pub gateways: &'s Gateways,
    pub history: &'s History,
    pub protocols: &'s dyn Protocols,
}

/// A tag of which everything is decided but its formula.
pub(crate) struct Draft {
    pub index: TagIndex,
    pub id: Arc<str>,
    pub name: String,
    pub equipment: Option<EquipmentId>,
    pub role: Option<Role>,
    /// `None` where what was said is no type, which is reported.
    pub data_type: Option<DataType>,
    pub unit: String,
    pub decimals: u8,
    pub range: Option<(f64, f64)>,
    pub normal: Option<(f64, f64)>,
    pub words: Option<(String, String)>,
    pub origin: Origin,
    pub recording: Option<Recording>,
    pub keep: Keep,
    pub stale_after: Option<Duration>,
    pub limits: Option<Limits>,
    pub at: Place,
    /// For what it was made, where it comes from a template.
    pub context: Option<Arc<str>>,
}

/// Where a draft's value is to come from.
pub(crate) enum Origin {
    Link {
        gateway: Arc<str>,
        point: Point,
    },
    Formula(Said<String>),
    /// What was said makes no sense, which is reported.
    Unclear,
}

/// Limits written at the tag itself.
pub(crate) struct Limits {
    pub limits: Vec<(LimitKind, Said<Limit>)>,
    pub deadband: f64,
    pub on_delay: Option<Duration>,
    pub off_delay: Option<Duration>,
    pub priority: Option<u8>,
}

/// One of them: a number, or the name of a tag that has it.
#[derive(Clone)]
pub(crate) enum Limit {
    Number(f64),
    Tag(String),
}

/// All tags by id.
pub(crate) struct Tags {
    pub drafts: Vec<Draft>,
    pub indices: TagIndices,
    by_id: HashMap<Arc<str>, usize>,
    by_index: HashMap<TagIndex, usize>,
    addresses: HashMap<String, usize>,
    roles: HashMap<(EquipmentId, Role), usize>,
    entries: usize,
}

impl Tags {
    /// No tags yet; slots continue after those of `keep`.
    pub fn new(keep: &TagIndices) -> Self {
        Self {
            drafts: Vec::new(),
            indices: keep.clone(),
            by_id: HashMap::new(),
            by_index: HashMap::new(),
            addresses: HashMap::new(),
            roles: HashMap::new(),
            entries: 0,
        }
    }

    /// Whether there are more entries than a plant may have, so that no other is looked at.
    pub fn are_too_many(&self) -> bool {
        self.entries > TAGS
    }

    /// The tag of a full id.
    pub fn find(&self, id: &str) -> Option<&Draft> {
        self.by_id.get(id).and_then(|&at| self.drafts.get(at))
    }

    /// The tag of a slot.
    pub fn at(&self, index: TagIndex) -> Option<&Draft> {
        self.by_index.get(&index).and_then(|&at| self.drafts.get(at))
    }

    /// The tag that a name means, seen from equipment: first what belongs to the equipment itself, then what belongs to
    /// the equipment above, and at last the plant's own tags and full ids.
    pub fn resolve(&self, scope: Option<&EquipmentId>, name: &str) -> Option<&Draft> {
        let mut path = scope.map_or("", EquipmentId::as_str);
        while !path.is_empty() {
            if let Some(found) = self.find(&format!("{path}/{name}")) {
                return Some(found);
            }
            path = path.rsplit_once('/').map_or("", |(above, _)| above);
        }
        self.find(name)
    }

    /// Reads one entry and adds the tag.
    pub fn add(&mut self, table: &Table<'_>, scope: Scope<'_>, around: &Around<'_>, problems: &mut Problems) {
        self.entries = self.entries.saturating_add(1);
        if self.entries > TAGS {
            // Nothing is said of the others: it is the number that has to change first.
            if self.entries == TAGS + 1 {
                problems.error(table.at, format!("there are more than {TAGS} tags"), "divide the plant in two");
            }
            return;
        }
        let fields = Fields::new(table, "tag", &KEYS, problems);
        let equipment = belongs_to(&fields, scope, around.tree, problems);
        let id = fields.need_text("id", "\"temperature\"", problems);
        let data_type = data_type(&fields, problems);
        let role = fields.choice("role", &ROLES, problems);
        let name = fields.words("name", problems);
        let unit = fields.words("unit", problems);
        let decimals = fields.whole("decimals", 0, DECIMALS, problems);
        let range = fields.band("range", problems).map(|said| said.value);
        let normal = fields.band("normal", problems).map(|said| said.value);
        let words = fields.text_pair("words", problems).map(|said| said.value);
        let scaling = scaling(&fields, data_type, problems);
        let group = around.history.group(fields.text("history", problems), problems);
        let subject = Subject { data_type, range };
        let recording = Wish::of_tag(&fields, subject, problems).resolve(&group.record, subject, problems);
        let stale_after = stale_after(&fields, problems);
        let write = write_policy(&fields, data_type, range, problems);
        let limits = fields.inner("limits", problems).and_then(|table| Limits::read(table, problems));
        check_type(&fields, data_type, problems);

        let (Some(id), Ok(equipment)) = (id, equipment) else { return };
        if !check_id(id.value, id.at, problems) {
            return;
        }
        let full: Arc<str> = full_id(equipment.as_ref(), id.value).into();
        if let Some(earlier) = self.find(&full) {
            let first = problems.words(earlier.at, id.at);
            let message = format!("the tag `{full}` is given twice, on {first} and on line {}", id.at.line);
            problems.error(id.at, message, "give one of them another id");
            return;
        }
        let index = self.indices.assign(&full);
        let point = Point {
            tag: index,
            id: full.to_string(),
            data_type: data_type.unwrap_or_default(),
            scaling: scaling.filter(|_| data_type.is_some_and(is_numeric)),
            address: Settings::new(),
            write,
        };
        let origin = self.origin(&fields, data_type.map(|_| point), around, problems);
        self.check_role(role, equipment.as_ref(), data_type, around.tree, problems);
        let draft = Draft {
            index,
            id: Arc::clone(&full),
            name: if name.is_empty() { id.value.to_owned() } else { name },
            equipment,
            role: role.map(|said| said.value),
            data_type,
            unit,
            decimals: decimals.map_or(u8::from(data_type == Some(DataType::Float)), |said| said.value),
            range,
            normal,
            words,
            origin,
            recording,
            keep: group.keep,
            stale_after,
            limits,
            at: id.at,
            context: problems.context(),
        };
        self.by_id.insert(full, self.drafts.len());
        self.by_index.insert(index, self.drafts.len());
        self.drafts.push(draft);
    }

    /// A gateway's address or a formula, one of them and not both. `point` is all of it but the address; `None` where the
    /// type is not known, without which an address cannot be judged.
    fn origin(
        &mut self,
        fields: &Fields<'_, '_>,
        point: Option<Point>,
        around: &Around<'_>,
        problems: &mut Problems,
    ) -> Origin {
        let gateway = fields.text("gateway", problems);
        let own = fields.inner("address", problems);
        let formula = fields.text("formula", problems);
        if fields.has("formula") {
            for key in ["gateway", "address", "scaling", "write"].into_iter().filter(|key| fields.has(key)) {
                let message = format!("a tag with a formula has no `{key}`");
                problems.error(fields.place(key), message, "keep the formula or the gateway's address");
            }
            return formula.map_or(Origin::Unclear, |formula| {
                Origin::Formula(Said { value: formula.value.to_owned(), at: formula.at })
            });
        }
        if !fields.has("gateway") {
            let message = "the tag has neither `gateway` nor `formula`";
            problems.absent(
                fields.table.at,
                message,
                "say where its value comes from: gateway and address, or formula",
            );
        }
        let Some(gateway) = gateway else { return Origin::Unclear };
        if fields.has("address") && own.is_none() {
            return Origin::Unclear;
        }
        let Some(draft) = around.gateways.find(gateway.value) else {
            let message = format!("unknown gateway `{}`", shown(gateway.value));
            let ids = around.gateways.ids();
            let none = ids.clone().next().is_none();
            let remedy = if none { "add a [[gateways]] entry".to_owned() } else { instead(gateway.value, ids) };
            problems.absent(gateway.at, message, remedy);
            return Origin::Unclear;
        };
        let settings = own.map_or_else(|| Some(Settings::new()), |own| settings(own, &[]));
        let (Some(settings), Some(point)) = (settings, point) else { return Origin::Unclear };
        let mut point = Point { address: settings, ..point };
        if draft.known {
            let spec = &draft.gateway.spec;
            let full = around.protocols.full_address(spec, &point).and_then(|address| {
                point.address = address;
                around.protocols.check_point(spec, &point)
            });
            match (full, own) {
                (Ok(()), _) => {}
                (Err(rejections), Some(own)) => report(rejections, own, problems),
                (Err(rejections), None) => report_left_out(rejections, gateway.at, problems),
            }
            self.warn_of_same_address(gateway.value, &point, own.map_or(gateway.at, |own| own.at), problems);
        }
        Origin::Link { gateway: Arc::from(gateway.value), point }
    }

    fn warn_of_same_address(&mut self, gateway: &str, point: &Point, at: Place, problems: &mut Problems) {
        let sorted: BTreeMap<_, _> = point.address.iter().collect();
        let written = serde_json::to_string(&sorted).expect("texts, numbers and booleans under text keys");
        // The tag itself is not among the drafts yet; this is where it will be.
        let own = self.drafts.len();
        let first = *self.addresses.entry(format!("{gateway} {written}")).or_insert(own);
        if let Some(earlier) = self.drafts.get(first) {
            let place = problems.words(earlier.at, at);
            let message = format!("`{}` has the same address as `{}` on {place}", point.id, earlier.id);
            problems.warning(at, message, "check the address, or remove one of the tags");
        }
    }

    fn check_role(
        &mut self,
        role: Option<Said<Role>>,
        equipment: Option<&EquipmentId>,
        data_type: Option<DataType>,
        tree: &Tree,
        problems: &mut Problems,
    ) {
        let Some(role) = role else { return };
        let fits = match (role.value, data_type) {
            (_, None) => true,
            (Role::State, Some(data_type)) => data_type == DataType::Text,
            (Role::Speed | Role::SpeedTarget | Role::GoodCount | Role::RejectCount | Role::Key, Some(data_type)) => {
                is_numeric(data_type)
            }
        };
        if !fits && role.value == Role::State {
            let remedy = "set type = \"text\"; a formula can make the word of a number";
            problems.error(role.at, "the role `state` needs a tag of type text", remedy);
        } else if !fits {
            let message = "this role needs a tag of type int or float";
            problems.error(role.at, message, "remove the role, or change the type");
        }
        let machine = equipment.filter(|id| tree.level(id) == Some(Level::Machine));
        let Some(machine) = machine else {
            problems.error(role.at, "only a tag of a machine can have a role", "remove the role, or say the machine");
            return;
        };
        let own = self.drafts.len();
        let first = *self.roles.entry((machine.clone(), role.value)).or_insert(own);
        if let Some(earlier) = self.drafts.get(first) {
            let place = problems.words(earlier.at, role.at);
            let message = format!("`{machine}` has two tags of this role, this one and `{}` on {place}", earlier.id);
            problems.error(role.at, message, "keep the role at one of them");
        }
    }
}

impl Limits {
    fn read(table: &Table<'_>, problems: &mut Problems) -> Option<Self> {
        let fields = Fields::new(table, "limits", &LIMITS_KEYS, problems);
        let limit = |(key, kind)| {
            let said = fields.bound(key, problems)?;
            let limit = match said.value {
                Bound::Number(number) => Limit::Number(number),
                Bound::Tag(name) => Limit::Tag(name.to_owned()),
            };
            Some((kind, said.with(limit)))
        };
        let limits: Vec<_> = LIMITS.into_iter().filter_map(limit).collect();
        if !LIMITS.iter().any(|(key, _)| fields.has(key)) {
            problems.error(table.at, "there is no limit among the limits", "add one, such as `high = 82`");
        }
        Some(Self {
            limits,
            deadband: fields.amount("deadband", problems).map_or(0.0, |said| said.value),
            on_delay: fields.seconds("on_delay_s", problems).map(|said| said.value),
            off_delay: fields.seconds("off_delay_s", problems).map(|said| said.value),
            priority: fields.whole("priority", 1, 4, problems).map(|said| said.value),
        })
    }
}

/// Lists what a protocol misses where there is no address at all.
fn report_left_out(rejections: Vec<Rejection>, at: Place, problems: &mut Problems) {
    for Rejection { message, remedy, .. } in rejections {
        problems.absent(
            at,
            format!("the tag has no `address`: {message}"),
            format!("add `address = {{ ... }}`: {remedy}"),
        );
    }
}

/// To what an entry belongs. `Err` where that cannot be told, which is reported.
pub(crate) fn belongs_to(
    fields: &Fields<'_, '_>,
    scope: Scope<'_>,
    tree: &Tree,
    problems: &mut Problems,
) -> Result<Option<EquipmentId>, ()> {
    match scope {
        Scope::Said => tree.refer(fields, problems),
        Scope::Machine(machine) => {
            for key in ["machine", "equipment"].into_iter().filter(|key| fields.has(key)) {
                let message = format!("`{key}` has no place in a template: it belongs to each machine that uses it");
                problems.error(fields.place(key), message, "remove it");
            }
            Ok(Some(machine.clone()))
        }
    }
}

/// `<equipment path>/<id>`, or the bare id.
pub(crate) fn full_id(equipment: Option<&EquipmentId>, id: &str) -> String {
    equipment.map_or_else(|| id.to_owned(), |equipment| format!("{equipment}/{id}"))
}

/// Whether limits, ranges and scaling have a meaning.
pub(crate) fn is_numeric(data_type: DataType) -> bool {
    match data_type {
        DataType::Int | DataType::Float => true,
        DataType::Bool | DataType::Text => false,
    }
}

fn data_type(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<DataType> {
    if !fields.has("type") {
        return Some(DataType::default());
    }
    fields.choice("type", &TYPES, problems).map(|said| said.value)
}

/// Reports what has no meaning for the type.
fn check_type(fields: &Fields<'_, '_>, data_type: Option<DataType>, problems: &mut Problems) {
    let Some(data_type) = data_type else { return };
    if !is_numeric(data_type) {
        for key in
            ["decimals", "range", "normal", "scaling", "deadband", "limits"].into_iter().filter(|key| fields.has(key))
        {
            let message = format!("`{key}` has a meaning for tags of type int and float only");
            problems.error(fields.place(key), message, "remove it, or change the type");
        }
    }
    if data_type != DataType::Bool && fields.has("words") {
        let message = "`words` has a meaning for tags of type bool only";
        problems.error(fields.place("words"), message, "remove it, or change the type");
    }
}

fn stale_after(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<Duration> {
    let said = fields.seconds("stale_after_s", problems)?;
    if said.value.is_zero() {
        problems.error(said.at, "`stale_after_s` is 0", "use a time longer than the source takes between two values");
        return None;
    }
    Some(said.value)
}

/// `write = true`, or its bounds; without bounds of its own a number is written within the tag's range.
fn write_policy(
    fields: &Fields<'_, '_>,
    data_type: Option<DataType>,
    range: Option<(f64, f64)>,
    problems: &mut Problems,
) -> Option<WritePolicy> {
    let node = fields.table.get("write")?;
    if !matches!(node.value, Raw::Table(_)) {
        let policy = WritePolicy { low: range.map(|(low, _)| low), high: range.map(|(_, high)| high) };
        return fields.flag("write", problems).filter(|said| said.value).map(|_| policy);
    }
    let inner = fields.inner("write", problems)?;
    let write = Fields::new(inner, "write", &WRITE_KEYS, problems);
    let low = write.number("low", problems).map(|said| said.value);
    let high = write.number("high", problems).map(|said| said.value);
    if data_type.is_some_and(|data_type| !is_numeric(data_type)) {
        problems.error(inner.at, "only numbers have a least and a greatest value", "write `write = true`");
        return None;
    }
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        problems.error(inner.at, "`low` is above `high`: nothing could be written", "exchange them");
        return None;
    }
    Some(WritePolicy { low, high })
}

fn scaling(fields: &Fields<'_, '_>, data_type: Option<DataType>, problems: &mut Problems) -> Option<Scaling> {
    let inner = fields.inner("scaling", problems)?;
    let scaling = Fields::new(inner, "scaling", &SCALING_KEYS, problems);
    if !scaling.has("factor") {
        scaling.missing("factor", "0.1", problems);
    }
    let factor = scaling.number("factor", problems);
    let offset = scaling.number("offset", problems).map_or(0.0, |said| said.value);
    let factor = factor?;
    if factor.value == 0.0 {
        problems.error(factor.at, "the factor is 0: every value would be the same", "use another factor, or remove it");
        return None;
    }
    let whole = factor.value.fract() == 0.0 && offset.fract() == 0.0;
    if data_type == Some(DataType::Int) && !whole {
        let message = "a tag of type int is scaled to values that are not whole: those are bad";
        problems.warning(factor.at, message, "set type = \"float\"");
    }
    Some(Scaling { factor: factor.value, offset })
}
