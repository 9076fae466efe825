//! Templates: tags and alarms written once for all machines of a kind, with placeholders that each machine fills.
//!
//! A placeholder is `{name}`. A text that is nothing but a placeholder becomes the parameter itself, a number or a
//! boolean where it is one; `{name}+4` becomes the sum where the parameter is a whole number; anywhere else the
//! parameter is written into the text. Braces around anything but a name stay as they are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Entry, Node, Raw, Table};
use crate::equipment::Machine;
use crate::fields::{Fields, instead};
use crate::ids::check_id;
use crate::problem::{Place, Problems, shown};

/// Placeholders that every machine fills by itself.
const BUILT_IN: [&str; 3] = ["machine", "path", "name"];
/// The same for the levels above it, unless it or its template gives them another value.
const LEVELS: [&str; 3] = ["site", "area", "line"];

/// A template as it was written.
pub(crate) struct Template<'t, 'a> {
    pub name: &'t str,
    pub at: Place,
    pub tags: Vec<&'t Table<'a>>,
    pub alarms: Vec<&'t Table<'a>>,
    defaults: BTreeMap<&'t str, &'t Node<'a>>,
    /// Every placeholder with the place where it stands first.
    wanted: BTreeMap<&'t str, Place>,
}

/// The parameters of one machine.
pub(crate) struct Parameters<'t> {
    values: BTreeMap<&'t str, Parameter<'t>>,
}

/// A parameter's value.
enum Parameter<'t> {
    Text(&'t str),
    Int(i64),
    /// A number or a boolean, as it is written into a text.
    Other(String),
}

/// Reads `[templates.*]`.
pub(crate) fn templates<'t, 'a>(table: &'t Table<'a>, problems: &mut Problems) -> Vec<Template<'t, 'a>> {
    let mut templates = Vec::new();
    let all = Fields::open(table, "templates");
    for entry in &table.entries {
        let Some(inner) = all.inner(&entry.key, problems) else { continue };
        check_id(&entry.key, entry.key_at, problems);
        let fields = Fields::new(inner, "template", &["defaults", "tags", "alarms"], problems);
        let defaults = fields.inner("defaults", problems).map(|table| parameters(table, problems)).unwrap_or_default();
        let (tags, alarms) = (fields.list("tags", problems), fields.list("alarms", problems));
        let mut wanted = BTreeMap::new();
        tags.iter().chain(&alarms).for_each(|table| placeholders(table, &mut wanted));
        templates.push(Template { name: &entry.key, at: entry.key_at, tags, alarms, defaults, wanted });
    }
    templates
}

impl<'t, 'a> Template<'t, 'a> {
    /// What a machine makes of the template's placeholders. Reports every placeholder it leaves open and everything it
    /// gives that the template does not ask for.
    pub fn parameters(&self, machine: &'t Machine<'t, 'a>, problems: &mut Problems) -> Parameters<'t> {
        let given = machine.with.map(|table| parameters(table, problems)).unwrap_or_default();
        let open = self.wanted.iter().filter(|(name, _)| {
            let is_said = given.contains_key(*name) || self.defaults.contains_key(*name);
            !(is_said || BUILT_IN.contains(name) || LEVELS.contains(name))
        });
        for (name, used_at) in open {
            let used = problems.words(*used_at, machine.at);
            let message = format!("`{{{name}}}`, which template `{}` uses on {used}, has no value", self.name);
            problems.absent(machine.at, message, format!("add `with = {{ {name} = ... }}` to the machine"));
        }
        let known: BTreeSet<&str> = self.wanted.keys().copied().chain(self.defaults.keys().copied()).collect();
        for name in given.keys().filter(|name| !known.contains(*name)) {
            let at = machine.with.and_then(|table| table.entry(name)).map_or(machine.at, |entry| entry.key_at);
            let message = format!("template `{}` does not use `{{{name}}}`", self.name);
            let remedy = if known.is_empty() { "remove it".to_owned() } else { instead(name, known.iter().copied()) };
            problems.error(at, message, remedy);
        }
        let path = machine.path.as_str();
        let mut values: BTreeMap<&str, Parameter<'_>> =
            LEVELS.into_iter().zip(path.split('/').map(Parameter::Text)).collect();
        for (name, node) in self.defaults.iter().chain(&given) {
            values.extend(Parameter::new(&node.value).map(|parameter| (*name, parameter)));
        }
        values.insert("path", Parameter::Text(path));
        values.insert("machine", Parameter::Text(path.rsplit('/').next().unwrap_or(path)));
        values.insert("name", Parameter::Text(&machine.name));
        Parameters { values }
    }
}

/// The values a template or a machine gives; other kinds than texts, numbers and booleans are reported.
fn parameters<'t, 'a>(table: &'t Table<'a>, problems: &mut Problems) -> BTreeMap<&'t str, &'t Node<'a>> {
    let mut values = BTreeMap::new();
    for entry in &table.entries {
        if !is_name(&entry.key) {
            let message = format!("`{}` is no name for a parameter", shown(&entry.key));
            problems.error(entry.key_at, message, "use letters, digits and `_`, a letter first");
        } else if BUILT_IN.contains(&&*entry.key) {
            let message = format!("`{{{}}}` is filled by the machine itself", entry.key);
            problems.error(entry.key_at, message, "use another name");
        } else if matches!(entry.node.value, Raw::List(_) | Raw::Table(_)) {
            let message = format!("the parameter `{}` is {}", entry.key, entry.node.value.words());
            problems.error(entry.node.at, message, "give a text, a number, true or false");
        } else {
            values.insert(&*entry.key, &entry.node);
        }
    }
    values
}

impl<'t> Parameter<'t> {
    fn new(value: &'t Raw<'_>) -> Option<Self> {
        match value {
            Raw::Text(text) | Raw::Cell(text) => Some(Parameter::Text(text)),
            Raw::Int(number) => Some(Parameter::Int(*number)),
            Raw::Float(number) => Some(Parameter::Other(number.to_string())),
            Raw::Bool(flag) => Some(Parameter::Other(flag.to_string())),
            Raw::List(_) | Raw::Table(_) | Raw::Unusable => None,
        }
    }
}

impl Parameters<'_> {
    /// A table with its placeholders filled in. Places stay those of the template.
    pub fn fill<'a>(&self, table: &Table<'a>) -> Table<'a> {
        let entries = table.entries.iter().map(|entry| Entry {
            key: entry.key.clone(),
            key_at: entry.key_at,
            node: self.fill_node(&entry.node),
        });
        Table { entries: entries.collect(), at: table.at }
    }

    fn fill_node<'a>(&self, node: &Node<'a>) -> Node<'a> {
        let value = match &node.value {
            Raw::Text(text) => self.fill_text(text),
            Raw::List(items) => Raw::List(items.iter().map(|item| self.fill_node(item)).collect()),
            Raw::Table(table) => Raw::Table(self.fill(table)),
            Raw::Cell(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::Unusable => node.value.clone(),
        };
        Node { value, at: node.at }
    }

    /// Unusable where a parameter has no value, which is reported where the machine is read.
    fn fill_text<'a>(&self, text: &Cow<'a, str>) -> Raw<'a> {
        let Some((before, name, after)) = first_placeholder(text) else {
            return Raw::Text(text.clone());
        };
        if before.is_empty() {
            match (self.values.get(name), after.strip_prefix('+').map(|more| more.trim().parse::<i64>())) {
                (Some(Parameter::Int(base)), Some(Ok(more))) => {
                    return Raw::Cell(base.saturating_add(more).to_string().into());
                }
                (Some(Parameter::Int(number)), None) if after.is_empty() => {
                    return Raw::Cell(number.to_string().into());
                }
                (Some(Parameter::Other(written)), None) if after.is_empty() => {
                    return Raw::Cell(written.clone().into());
                }
                (Some(Parameter::Text(_) | Parameter::Int(_) | Parameter::Other(_)) | None, _) => {}
            }
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest: &str = text;
        while let Some((before, name, after)) = first_placeholder(rest) {
            filled.push_str(before);
            match self.values.get(name) {
                Some(Parameter::Text(value)) => filled.push_str(value),
                Some(Parameter::Int(value)) => filled.push_str(&value.to_string()),
                Some(Parameter::Other(value)) => filled.push_str(value),
                None => return Raw::Unusable,
            }
            rest = after;
        }
        filled.push_str(rest);
        Raw::Text(filled.into())
    }
}

/// Finds every placeholder of a table with its first place.
fn placeholders<'t>(table: &'t Table<'_>, found: &mut BTreeMap<&'t str, Place>) {
    table.entries.iter().for_each(|entry| node_placeholders(&entry.node, found));
}

fn node_placeholders<'t>(node: &'t Node<'_>, found: &mut BTreeMap<&'t str, Place>) {
    match &node.value {
        Raw::Text(text) => {
            let mut rest: &str = text;
            while let Some((_, name, after)) = first_placeholder(rest) {
                found.entry(name).or_insert(node.at);
                rest = after;
            }
        }
        Raw::List(items) => items.iter().for_each(|item| node_placeholders(item, found)),
        Raw::Table(table) => placeholders(table, found),
        Raw::Cell(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::Unusable => {}
    }
}

/// The text before the first placeholder, its name, and the text after it.
fn first_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let name_at = open + 1;
        let length = text[name_at..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(0);
        let name = &text[name_at..name_at + length];
        if is_name(name) && text[name_at + length..].starts_with('}') {
            return Some((&text[..open], name, &text[name_at + length + 1..]));
        }
        from = name_at;
    }
    None
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
