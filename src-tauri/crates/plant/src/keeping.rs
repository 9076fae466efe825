//! `[history]`: how long what is recorded is kept, by groups of tags, how large the file may grow, and how tags are
//! recorded that say nothing of it themselves. `[journal]`: the same of events.

use std::time::Duration;

use model::Keep;

use crate::document::{Raw, Table};
use crate::fields::{Fields, Said, instead};
use crate::ids::check_id;
use crate::plant::JournalKeep;
use crate::problem::{Problems, shown};
use crate::recording::Wish;

const KEYS: [&str; 6] = ["raw_days", "minutes_days", "hours_days", "size_limit_gb", "record", "groups"];
const JOURNAL_KEYS: [&str; 2] = ["keep_days", "size_limit_gb"];
const GROUP_KEYS: [&str; 4] = ["raw_days", "minutes_days", "hours_days", "record"];

/// Most days that can be said; beyond, there is `"forever"`.
const MOST_DAYS: i64 = 36_500;
/// Smallest limit of the file's size, in GB: less would hold no more than some days of a small plant.
const LEAST_GB: f64 = 0.1;
/// Largest limit of the file's size, in GB: the largest file that SQLite makes, 281 TB.
const MOST_GB: f64 = 281_000.0;

/// `[history]`, resolved.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// For tags without a group.
    pub plain: Group,
    pub size_limit_bytes: Option<u64>,
    groups: Vec<(String, Group)>,
}

/// What holds for tags of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Group {
    pub keep: Keep,
    pub record: Wish,
}

impl History {
    /// Reads `[history]`.
    pub fn read(root: &Fields<'_, '_>, problems: &mut Problems) -> Self {
        let Some(table) = root.inner("history", problems) else { return Self::default() };
        let fields = Fields::new(table, "history", &KEYS, problems);
        let keep = keep(&fields, Keep::default(), problems);
        let plain = Group { keep, record: Wish::read(&fields, problems) };
        let size_limit_bytes = size_limit(&fields, problems);
        let groups = fields.inner("groups", problems).map(|table| groups(table, &plain, problems)).unwrap_or_default();
        Self { plain, size_limit_bytes, groups }
    }

    /// The group that a tag names; the plain one where it names none, or one that is not there, which is reported.
    pub fn group(&self, name: Option<Said<&str>>, problems: &mut Problems) -> &Group {
        let Some(name) = name else { return &self.plain };
        if let Some((_, group)) = self.groups.iter().find(|(known, _)| known == name.value) {
            return group;
        }
        let message = format!("unknown group of history `{}`", shown(name.value));
        let remedy = if self.groups.is_empty() {
            format!("add it as [history.groups.{}]", shown(name.value))
        } else {
            instead(name.value, self.groups.iter().map(|(known, _)| known.as_str()))
        };
        problems.absent(name.at, message, remedy);
        &self.plain
    }
}

/// Reads `[journal]`. What is not said is kept for ever.
pub(crate) fn journal(root: &Fields<'_, '_>, problems: &mut Problems) -> JournalKeep {
    let Some(table) = root.inner("journal", problems) else { return JournalKeep::default() };
    let fields = Fields::new(table, "journal", &JOURNAL_KEYS, problems);
    let age = age(&fields, "keep_days", problems).and_then(|said| said.value);
    JournalKeep { age, size_bytes: size_limit(&fields, problems) }
}

fn groups(table: &Table<'_>, plain: &Group, problems: &mut Problems) -> Vec<(String, Group)> {
    let all = Fields::open(table, "groups");
    let mut groups = Vec::new();
    for entry in &table.entries {
        let Some(inner) = all.inner(&entry.key, problems) else { continue };
        check_id(&entry.key, entry.key_at, problems);
        let fields = Fields::new(inner, "group", &GROUP_KEYS, problems);
        let keep = keep(&fields, plain.keep, problems);
        let record = Wish::read(&fields, problems).or(&plain.record);
        groups.push((entry.key.to_string(), Group { keep, record }));
    }
    groups
}

/// How long things are kept. What is not said is kept as long as `otherwise` says, and never shorter than what is finer.
fn keep(fields: &Fields<'_, '_>, otherwise: Keep, problems: &mut Problems) -> Keep {
    let raw = age(fields, "raw_days", problems).map_or(otherwise.raw, |said| said.value);
    let mut coarser = |key, otherwise, finer: Option<Duration>, what: &str| match age(fields, key, problems) {
        None => longer(otherwise, finer),
        Some(said) => {
            if longer(said.value, finer) != said.value {
                let message = format!("`{key}` is shorter than {what}");
                problems.error(said.at, message, format!("use {}", at_least(finer)));
            }
            longer(said.value, finer)
        }
    };
    let minutes = coarser("minutes_days", otherwise.minutes, raw, "the samples themselves are kept");
    let hours = coarser("hours_days", otherwise.hours, minutes, "the minutes are kept");
    Keep { raw, minutes, hours }
}

/// The longer of two ages; `None` is for ever.
fn longer(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    Some(one?.max(other?))
}

fn at_least(age: Option<Duration>) -> String {
    age.map_or("\"forever\"".to_owned(), |age| format!("at least {}, or \"forever\"", age.as_secs() / DAY_S))
}

const DAY_S: u64 = 24 * 3600;

/// Days, or `"forever"`, which is `None` in the value.
fn age(fields: &Fields<'_, '_>, key: &str, problems: &mut Problems) -> Option<Said<Option<Duration>>> {
    let node = fields.table.get(key)?;
    let said = |value| Said { value, at: node.at };
    match &node.value {
        Raw::Text(word) if word == "forever" => return Some(said(None)),
        Raw::Int(days) if (1..=MOST_DAYS).contains(days) => {
            return Some(said(Some(Duration::from_secs(days.unsigned_abs() * DAY_S))));
        }
        Raw::Unusable => return None,
        Raw::Text(_) | Raw::Cell(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) => {}
    }
    let message = match &node.value {
        Raw::Int(days) => format!("`{key}` is {days}, which is not within 1 to {MOST_DAYS}"),
        other => format!("`{key}` is {}, which does not fit", other.words()),
    };
    problems.error(node.at, message, format!("write a whole number of days from 1 to {MOST_DAYS}, or \"forever\""));
    None
}

/// `size_limit_gb`, in bytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within its bounds")]
fn size_limit(fields: &Fields<'_, '_>, problems: &mut Problems) -> Option<u64> {
    let said = fields.number("size_limit_gb", problems)?;
    if !(LEAST_GB..=MOST_GB).contains(&said.value) {
        let message = format!("`size_limit_gb` is {}, which is not within {LEAST_GB} to {MOST_GB}", said.value);
        problems.error(said.at, message, "use the size in GB that the file may have, or remove it for no limit");
        return None;
    }
    Some((said.value * 1e9) as u64)
}
