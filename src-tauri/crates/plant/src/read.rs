//! From the texts of a folder to a plant: what is read in which order, and what is put together from it.

use std::collections::{HashMap, HashSet};

use model::{Protocols, TagIndex};

use crate::alarms::{Alarms, Surroundings};
use crate::document::{Raw, Table, parse, rows};
use crate::equipment::{self, Machine, Tree, equipment};
use crate::fields::{Fields, instead};
use crate::first_out;
use crate::formulas::{Calculations, calculations};
use crate::gateways::Gateways;
use crate::keeping::{self, History};
use crate::notifying::Notifying;
use crate::plant::{Plant, Source, Tag, TagIndices};
use crate::problem::{Place, Problems, shown};
use crate::recording::RECORD_KEYS;
use crate::stations;
use crate::tags::{Around, Draft, KEYS, LIMITS_KEYS, Origin, SCALING_KEYS, Scope, Tags, WRITE_KEYS};
use crate::template::{Parameters, Template, templates};
use crate::{FILE_BYTES, FORMAT, Files, Reading};

/// The plant's own file.
pub(crate) const PLANT_FILE: &str = "plant.toml";

const ROOT_KEYS: [&str; 16] = [
    "format",
    "plant",
    "history",
    "journal",
    "gateways",
    "stations",
    "sites",
    "areas",
    "lines",
    "machines",
    "templates",
    "tags",
    "alarms",
    "first_out",
    "mail",
    "notifications",
];

/// Reads a plant. `protocols` judges gateways and addresses; `keep` is what [`Plant::indices`] said of the plant that
/// runs, or empty where none does.
pub fn read(files: &Files, protocols: &dyn Protocols, keep: &TagIndices) -> Reading {
    let lists = files.texts.iter().filter(|(path, _)| {
        path.strip_prefix("tags/").is_some_and(|name| name.ends_with(".csv") && !name.contains('/'))
    });
    let names = std::iter::once(PLANT_FILE.to_owned()).chain(lists.clone().map(|(path, _)| path.clone())).collect();
    let mut problems = Problems::new(names);
    let Some(text) = files.texts.get(PLANT_FILE) else {
        let message = "there is no plant.toml in the folder";
        problems.error(Place { file: 0, line: 0 }, message, "write one; docs/plant-file.md describes it");
        return Reading { plant: None, problems: problems.into_list() };
    };
    let lists: Vec<(u32, &str)> = (1..).zip(lists.map(|(_, text)| without_mark(text))).collect();
    let plant =
        (fits(0, text, &mut problems)).then(|| resolve(without_mark(text), &lists, protocols, keep, &mut problems));
    let plant = plant.flatten().filter(|_| !problems.has_errors());
    Reading { plant, problems: problems.into_list() }
}

/// A machine that uses a template.
struct Use<'u, 't, 'a> {
    machine: &'u Machine<'t, 'a>,
    template: &'u Template<'t, 'a>,
    parameters: Parameters<'u>,
}

fn resolve(
    text: &str,
    lists: &[(u32, &str)],
    protocols: &dyn Protocols,
    keep: &TagIndices,
    problems: &mut Problems,
) -> Option<Plant> {
    let document = parse(0, text, problems);
    if !is_of_this_format(&document, problems) {
        return None;
    }
    let root = Fields::new(&document, "the plant file", &ROOT_KEYS, problems);
    let name = plant_name(&root, problems);
    let history = History::read(&root, problems);
    let journal = keeping::journal(&root, problems);
    let gateways = Gateways::read(&root, protocols, problems);
    let stations = stations::read(&root, &gateways, protocols, problems);
    let equipment::Read { tree, machines, inheritance } = equipment(&root, problems);
    let templates = root.inner("templates", problems).map(|table| templates(table, problems)).unwrap_or_default();
    let uses = uses(&machines, &templates, problems);

    let mut tags = Tags::new(keep);
    let around = Around { tree: &tree, gateways: &gateways, history: &history, protocols };
    for Use { machine, template, parameters } in &uses {
        problems.set_context(Some(machine_words(machine)));
        for table in &template.tags {
            if tags.are_too_many() {
                break;
            }
            tags.add(&parameters.fill(table), Scope::Machine(&machine.path), &around, problems);
        }
    }
    problems.set_context(None);
    for table in root.list("tags", problems) {
        tags.add(table, Scope::Said, &around, problems);
    }
    for &(file, text) in lists.iter() {
        if fits(file, text, problems) {
            for table in rows(file, text, problems, check_column) {
                tags.add(&table, Scope::Said, &around, problems);
            }
        }
    }
    if tags.are_too_many() {
        return None;
    }
    let calculations = calculations(&tags, problems);

    let mut alarms = Alarms::default();
    let around_alarms = Surroundings { tree: &tree, tags: &tags, inheritance: &inheritance };
    for tag in &tags.drafts {
        problems.set_context(tag.context.clone());
        alarms.add_limits(tag, &around_alarms, problems);
    }
    for Use { machine, template, parameters } in &uses {
        problems.set_context(Some(machine_words(machine)));
        for table in &template.alarms {
            if alarms.are_too_many() {
                break;
            }
            alarms.add_entry(&parameters.fill(table), Scope::Machine(&machine.path), &around_alarms, problems);
        }
    }
    problems.set_context(None);
    for table in root.list("alarms", problems) {
        alarms.add_entry(table, Scope::Said, &around_alarms, problems);
    }
    for gateway in &gateways.drafts {
        for definition in gateway.own_alarms() {
            alarms.add(definition, gateway.at, problems);
        }
    }
    alarms.check_limits(&tags, problems);
    first_out::read(&root, &mut alarms.definitions, problems);
    let notifying = Notifying::read(&root, &tree, &alarms.definitions, problems);

    let Tags { drafts, indices, .. } = tags;
    let tags = ordered_tags(drafts, &tree, &calculations)?;
    Some(Plant {
        name,
        equipment: tree.equipment,
        gateways: gateways.drafts.into_iter().map(|draft| draft.gateway).collect(),
        positions: tags.iter().enumerate().map(|(at, tag)| (tag.index, at)).collect(),
        tags,
        alarms: alarms.definitions,
        written: alarms.written,
        keep: history.plain.keep,
        size_limit_bytes: history.size_limit_bytes,
        journal,
        mail: notifying.mail,
        notifications: notifying.rules,
        stations,
        order: calculations.order,
        indices,
    })
}

/// A text without the byte order mark that some editors and spreadsheets put before it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Whether a file is small enough to be read.
fn fits(file: u32, text: &str, problems: &mut Problems) -> bool {
    let fits = text.len() <= FILE_BYTES;
    if !fits {
        let message = format!("the file is larger than {} MiB", FILE_BYTES / 1024 / 1024);
        problems.error(Place { file, line: 0 }, message, "divide it, or use templates");
    }
    fits
}

/// Whether the file is of a format that is understood. Of a newer one nothing else is judged.
fn is_of_this_format(document: &Table<'_>, problems: &mut Problems) -> bool {
    let Some(node) = document.get("format") else { return true };
    match &node.value {
        Raw::Int(FORMAT) | Raw::Unusable => true,
        Raw::Int(newer) if *newer > FORMAT => {
            let message = format!("the file is of format {newer}; this version of Andon reads format {FORMAT}");
            problems.error(node.at, message, "use a newer version of Andon, or the plant file as it was before");
            false
        }
        Raw::Int(_) | Raw::Text(_) | Raw::Cell(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) => {
            problems.error(node.at, "this is no format", format!("write `format = {FORMAT}`"));
            true
        }
    }
}

fn plant_name(root: &Fields<'_, '_>, problems: &mut Problems) -> String {
    if !root.has("plant") {
        problems.absent(root.table.at, "`[plant]` is missing", "add `[plant]` with `name = \"...\"`");
    }
    let Some(table) = root.inner("plant", problems) else { return String::new() };
    let fields = Fields::new(table, "plant", &["name"], problems);
    fields.need_text("name", "\"Ulm bottling\"", problems).map(|said| said.value.to_owned()).unwrap_or_default()
}

/// Which machine uses which template, with its parameters.
fn uses<'u, 't, 'a>(
    machines: &'u [Machine<'t, 'a>],
    templates: &'u [Template<'t, 'a>],
    problems: &mut Problems,
) -> Vec<Use<'u, 't, 'a>> {
    let by_name: HashMap<&str, &Template<'t, 'a>> =
        templates.iter().map(|template| (template.name, template)).collect();
    let mut uses = Vec::new();
    for machine in machines {
        let Some(name) = machine.template else {
            if let Some(with) = machine.with {
                problems.error(with.at, "`with` is given without a template", "add `template`, or remove it");
            }
            continue;
        };
        match by_name.get(name.value) {
            Some(template) => {
                uses.push(Use { machine, template, parameters: template.parameters(machine, problems) });
            }
            None => {
                let message = format!("unknown template `{}`", shown(name.value));
                let remedy = if templates.is_empty() {
                    format!("add it as [[templates.{}.tags]]", shown(name.value))
                } else {
                    instead(name.value, templates.iter().map(|template| template.name))
                };
                problems.absent(name.at, message, remedy);
            }
        }
    }
    let used: HashSet<&str> = uses.iter().map(|used| used.template.name).collect();
    for template in templates {
        if !used.contains(template.name) {
            let message = format!("no machine uses the template `{}`, so that it is not checked", template.name);
            problems.warning(template.at, message, "use it, or remove it");
        }
    }
    uses
}

fn machine_words(machine: &Machine<'_, '_>) -> std::sync::Arc<str> {
    format!("machine `{}`", machine.path).into()
}

/// Whether a CSV file may have this column: a key of a tag, or a part of one that is a table.
fn check_column(name: &str, at: Place, problems: &mut Problems) -> bool {
    let is_address = name.strip_prefix("address.").is_some_and(|part| !part.is_empty() && !part.contains('.'));
    let plain = KEYS.iter().filter(|key| !["address", "scaling", "limits"].contains(key)).map(ToString::to_string);
    let scaling = SCALING_KEYS.iter().map(|part| format!("scaling.{part}"));
    let record = RECORD_KEYS.iter().map(|part| format!("record.{part}"));
    let write = WRITE_KEYS.iter().map(|part| format!("write.{part}"));
    let limits = LIMITS_KEYS.iter().map(|part| format!("limits.{part}"));
    let known: Vec<String> =
        plain.chain(["address.*".to_owned()]).chain(scaling).chain(record).chain(write).chain(limits).collect();
    let is_known = is_address || known.iter().any(|column| column == name);
    if !is_known {
        let message = format!("unknown column `{}`", shown(name));
        problems.error(at, message, instead(name, known.iter().map(String::as_str)));
    }
    is_known
}

/// The tags by equipment in the order of the tree, the plant's own last. `None` where one has no source, which is
/// reported.
fn ordered_tags(mut drafts: Vec<Draft>, tree: &Tree, calculations: &Calculations) -> Option<Vec<Tag>> {
    let last = usize::MAX;
    let place = |draft: &Draft| draft.equipment.as_ref().and_then(|id| tree.position(id)).unwrap_or(last);
    drafts.sort_by_cached_key(place);
    drafts.into_iter().map(|draft| tag(draft, &calculations.formulas)).collect()
}

fn tag(draft: Draft, formulas: &HashMap<TagIndex, std::sync::Arc<formula::Formula>>) -> Option<Tag> {
    let source = match draft.origin {
        Origin::Link { gateway, point } => Source::Link { gateway, point },
        Origin::Formula(_) => Source::Calculated(formulas.get(&draft.index)?.clone()),
        Origin::Unclear => return None,
    };
    Some(Tag {
        index: draft.index,
        id: draft.id,
        name: draft.name,
        equipment: draft.equipment,
        role: draft.role,
        data_type: draft.data_type?,
        unit: draft.unit,
        decimals: draft.decimals,
        range: draft.range,
        normal: draft.normal,
        words: draft.words,
        source,
        recording: draft.recording,
        keep: draft.keep,
        stale_after: draft.stale_after,
    })
}
