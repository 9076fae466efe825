//! Sites, areas, lines and machines: from the entries of the plant file to the tree.

use std::collections::HashMap;

use model::{Equipment, EquipmentId, Level, Node};

use crate::alarms::{INHERITED, Inheritance};
use crate::document::Table;
use crate::fields::{Fields, Said};
use crate::ids::check_path;
use crate::nearest::nearest;
use crate::problem::{Place, Problems, shown};

/// A machine as it was written.
pub(crate) struct Machine<'t, 'a> {
    pub path: EquipmentId,
    pub name: String,
    pub at: Place,
    pub template: Option<Said<&'t str>>,
    pub with: Option<&'t Table<'a>>,
}

/// The equipment with what is needed to refer to it.
pub(crate) struct Tree {
    pub equipment: Equipment,
    positions: HashMap<EquipmentId, usize>,
}

/// All that is said of equipment.
pub(crate) struct Read<'t, 'a> {
    pub tree: Tree,
    pub machines: Vec<Machine<'t, 'a>>,
    pub inheritance: Inheritance<'t, 'a>,
}

/// The levels in depth order, with the list of the plant file that names them and how a path of them looks.
const LEVELS: [(Level, &str, &str); 4] = [
    (Level::Site, "sites", "site"),
    (Level::Area, "areas", "site/area"),
    (Level::Line, "lines", "site/area/line"),
    (Level::Machine, "machines", "site/area/line/machine"),
];

/// Collects nodes: first the order in which they are named, then the tree.
#[derive(Default)]
struct Growing {
    named: HashMap<EquipmentId, (String, Place)>,
    below: HashMap<Option<EquipmentId>, Vec<EquipmentId>>,
    known: HashMap<EquipmentId, Level>,
}

/// Reads `[[sites]]`, `[[areas]]`, `[[lines]]` and `[[machines]]`.
pub(crate) fn equipment<'t, 'a>(root: &Fields<'t, 'a>, problems: &mut Problems) -> Read<'t, 'a> {
    let mut growing = Growing::default();
    let mut inheritance = Inheritance::default();
    let mut machines: Vec<Machine<'t, 'a>> = Vec::new();
    for (depth, (level, list, form)) in (1..).zip(LEVELS) {
        for table in root.list(list, problems) {
            let (what, own): (_, &[&str]) = match level {
                Level::Site => ("site", &["path", "name"]),
                Level::Area => ("area", &["path", "name"]),
                Level::Line => ("line", &["path", "name"]),
                Level::Machine => ("machine", &["path", "name", "template", "with"]),
            };
            let keys: Vec<&str> = own.iter().copied().chain(INHERITED.map(|(key, _)| key)).collect();
            let fields = Fields::new(table, what, &keys, problems);
            let template = fields.text("template", problems);
            let with = fields.inner("with", problems);
            let name = fields.words("name", problems);
            let Some(path) = fields.need_text("path", &format!("\"{form}\""), problems) else { continue };
            if !check_path(path.value, depth, form, path.at, problems) {
                continue;
            }
            let id = EquipmentId::new(path.value);
            let name = if name.is_empty() { last_segment(path.value).to_owned() } else { name };
            if let Some((_, first)) = growing.named.get(&id) {
                let first = problems.words(*first, path.at);
                let message = format!("the {what} `{id}` is given twice, on {first} and on line {}", path.at.line);
                problems.error(path.at, message, "give one of them another path, or remove it");
                continue;
            }
            growing.named.insert(id.clone(), (name.clone(), path.at));
            growing.plant(&id);
            inheritance.add(&id, &fields, problems);
            match level {
                Level::Machine => {
                    machines.push(Machine { path: id, name, at: path.at, template, with });
                }
                Level::Site | Level::Area | Level::Line => {}
            }
        }
    }
    Read { tree: growing.tree(problems), machines, inheritance }
}

impl Growing {
    /// Makes sure that a node and all above it are there.
    fn plant(&mut self, id: &EquipmentId) {
        if self.known.contains_key(id) {
            return;
        }
        let parent = id.parent();
        if let Some(parent) = &parent {
            self.plant(parent);
        }
        let (level, _, _) = LEVELS[id.as_str().matches('/').count().min(LEVELS.len() - 1)];
        self.known.insert(id.clone(), level);
        self.below.entry(parent).or_default().push(id.clone());
    }

    /// The tree: parents first, siblings in the order they were named.
    fn tree(mut self, problems: &mut Problems) -> Tree {
        let mut nodes: Vec<Node> = Vec::with_capacity(self.known.len());
        let mut waiting: Vec<EquipmentId> = self.below.remove(&None).unwrap_or_default();
        waiting.reverse();
        while let Some(id) = waiting.pop() {
            let level = self.known.get(&id).copied().unwrap_or(Level::Machine);
            let below = self.below.remove(&Some(id.clone())).unwrap_or_default();
            let name =
                self.named.get(&id).map_or_else(|| last_segment(id.as_str()).to_owned(), |(name, _)| name.clone());
            if let (Some((_, at)), true) = (self.named.get(&id), below.is_empty() && level != Level::Machine) {
                let remedy = "check the path, or remove it";
                problems.warning(*at, format!("no machine belongs to `{id}`"), remedy);
            }
            nodes.push(Node { id, level, name });
            waiting.extend(below.into_iter().rev());
        }
        let positions = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Tree { equipment: Equipment::new(nodes), positions }
    }
}

impl Tree {
    /// The place of a node in the order of the tree.
    pub fn position(&self, id: &EquipmentId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The level of a node.
    pub fn level(&self, id: &EquipmentId) -> Option<Level> {
        self.position(id).map(|at| self.equipment.nodes()[at].level)
    }

    /// The node that an entry names by `machine` or `equipment`. `Err` where it names one that is not there, which is
    /// reported; `Ok(None)` where it names none.
    pub fn refer(&self, fields: &Fields<'_, '_>, problems: &mut Problems) -> Result<Option<EquipmentId>, ()> {
        let machine = fields.text("machine", problems);
        let equipment = fields.text("equipment", problems);
        if fields.has("machine") && fields.has("equipment") {
            let message = "`machine` and `equipment` are both given";
            problems.error(fields.place("equipment"), message, "keep the one it belongs to");
        }
        let (key, said) = match (machine, equipment) {
            (Some(machine), _) => ("machine", machine),
            (None, Some(equipment)) => ("equipment", equipment),
            (None, None) if fields.has("machine") || fields.has("equipment") => return Err(()),
            (None, None) => return Ok(None),
        };
        let id = EquipmentId::new(said.value);
        match (self.level(&id), key) {
            (Some(Level::Machine), _) | (Some(Level::Site | Level::Area | Level::Line), "equipment") => Ok(Some(id)),
            (Some(Level::Site | Level::Area | Level::Line), _) => {
                let message = format!("`{id}` is not a machine");
                problems.error(said.at, message, format!("write `equipment = \"{id}\"`"));
                Err(())
            }
            (None, _) => {
                let paths = self.equipment.nodes().iter().map(|node| node.id.as_str());
                let near = if problems.afford(self.positions.len()) { nearest(said.value, paths) } else { None };
                let remedy = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add it: [[machines]] with path = \"{}\"", shown(said.value)),
                };
                problems.absent(said.at, format!("unknown {key} `{}`", shown(said.value)), remedy);
                Err(())
            }
        }
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
