//! Reads a table's keys by type, and says of every key that does not fit where it stands and what would fit.

use std::borrow::Cow;
use std::time::Duration;

use model::Value;

use crate::document::{Node, Raw, Table};
use crate::nearest::nearest;
use crate::problem::{Place, Problems, shown};

/// A value with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<T> {
    pub value: T,
    pub at: Place,
}

impl<T> Said<T> {
    /// Another value at the same place.
    pub fn with<U>(&self, value: U) -> Said<U> {
        Said { value, at: self.at }
    }
}

impl Said<String> {
    /// The text borrowed.
    pub fn as_deref(&self) -> Said<&str> {
        Said { value: &self.value, at: self.at }
    }
}

/// A number, or the name of a tag that has one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound<'t> {
    Number(f64),
    Tag(&'t str),
}

/// A table whose keys are known.
pub(crate) struct Fields<'t, 'a> {
    pub table: &'t Table<'a>,
    what: &'static str,
}

impl<'t, 'a> Fields<'t, 'a> {
    /// Wraps a table and reports every key that is not among `known`. `what` names the kind of table: `tag`, `machine`.
    pub fn new(table: &'t Table<'a>, what: &'static str, known: &[&str], problems: &mut Problems) -> Self {
        for entry in table.entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
            let message = format!("unknown key `{}` in {what}", shown(&entry.key));
            problems.error(entry.key_at, message, instead(&entry.key, known.iter().copied()));
        }
        Self { table, what }
    }

    /// Wraps a table in which any key may occur.
    pub fn open(table: &'t Table<'a>, what: &'static str) -> Self {
        Self { table, what }
    }

    /// Whether the key is there at all.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Where the key stands, or else the table.
    pub fn place(&self, key: &str) -> Place {
        self.table.entry(key).map_or(self.table.at, |entry| entry.key_at)
    }

    /// Reports a key that has to be there.
    pub fn missing(&self, key: &str, example: &str, problems: &mut Problems) {
        problems.absent(
            self.table.at,
            format!("`{key}` is missing in {}", self.what),
            format!("add `{key} = {example}`"),
        );
    }

    /// A text that has to be there and not be empty.
    pub fn need_text(&self, key: &str, example: &str, problems: &mut Problems) -> Option<Said<&'t str>> {
        if !self.has(key) {
            self.missing(key, example, problems);
        }
        let said = self.text(key, problems)?;
        if said.value.is_empty() {
            problems.error(
                said.at,
                format!("`{key}` is empty"),
                format!("write something, such as `{key} = {example}`"),
            );
            return None;
        }
        Some(said)
    }

    /// A text.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<Said<&'t str>> {
        let node = self.table.get(key)?;
        let value = as_text(&node.value).or_else(|| wrong(key, node, "a text in quotes", problems))?;
        Some(Said { value, at: node.at })
    }

    /// A text, where there is one; nothing is reported.
    pub fn peek(&self, key: &str) -> Option<&'t str> {
        as_text(&self.table.get(key)?.value)
    }

    /// A text that may be left out but not be empty.
    pub fn filled(&self, key: &str, example: &str, problems: &mut Problems) -> Option<Said<&'t str>> {
        if self.has(key) { self.need_text(key, example, problems) } else { None }
    }

    /// A text, owned; empty where there is none.
    pub fn words(&self, key: &str, problems: &mut Problems) -> String {
        self.text(key, problems).map(|said| said.value.to_owned()).unwrap_or_default()
    }

    /// A finite number.
    pub fn number(&self, key: &str, problems: &mut Problems) -> Option<Said<f64>> {
        let node = self.table.get(key)?;
        let value = as_number(&node.value).or_else(|| wrong(key, node, "a number", problems))?;
        Some(Said { value, at: node.at })
    }

    /// A finite number, or the name of a tag that has one.
    pub fn bound(&self, key: &str, problems: &mut Problems) -> Option<Said<Bound<'t>>> {
        let node = self.table.get(key)?;
        let number = as_number(&node.value).map(Bound::Number);
        let name = || as_text(&node.value).filter(|name| !name.is_empty()).map(Bound::Tag);
        let value =
            number.or_else(name).or_else(|| wrong(key, node, "a number, or a tag's name in quotes", problems))?;
        Some(Said { value, at: node.at })
    }

    /// A list of texts and numbers; not empty.
    pub fn values(&self, key: &str, problems: &mut Problems) -> Option<Said<Vec<Value>>> {
        const EXPECTED: &str = "a list of texts or whole numbers: [\"Held\", \"Aborted\"]";
        let node = self.table.get(key)?;
        let Raw::List(items) = &node.value else { return wrong(key, node, EXPECTED, problems) };
        if items.is_empty() {
            problems.error(node.at, format!("`{key}` is empty"), format!("write {EXPECTED}"));
            return None;
        }
        let value = |item: &Node<'_>| match as_whole(&item.value) {
            Some(number) => Some(Value::Int(number)),
            None => as_text(&item.value).map(Value::text).or_else(|| wrong(key, item, EXPECTED, problems)),
        };
        let values: Option<Vec<Value>> = items.iter().map(value).collect();
        values.map(|value| Said { value, at: node.at })
    }

    /// A number that is not negative.
    pub fn amount(&self, key: &str, problems: &mut Problems) -> Option<Said<f64>> {
        let said = self.number(key, problems)?;
        if said.value < 0.0 {
            problems.error(said.at, format!("`{key}` is negative"), "use 0 or more");
            return None;
        }
        Some(said)
    }

    /// A whole number from `least` to `most`.
    pub fn whole(&self, key: &str, least: u8, most: u8, problems: &mut Problems) -> Option<Said<u8>> {
        let node = self.table.get(key)?;
        let number = as_whole(&node.value).or_else(|| wrong(key, node, "a whole number", problems))?;
        match u8::try_from(number) {
            Ok(value) if (least..=most).contains(&value) => Some(Said { value, at: node.at }),
            Ok(_) | Err(_) => {
                let message = format!("`{key}` is {number}, which is not within {least} to {most}");
                problems.error(node.at, message, format!("use a whole number from {least} to {most}"));
                None
            }
        }
    }

    /// True or false.
    pub fn flag(&self, key: &str, problems: &mut Problems) -> Option<Said<bool>> {
        let node = self.table.get(key)?;
        let value = match &node.value {
            Raw::Bool(flag) => Some(*flag),
            Raw::Cell(cell) => cell.to_ascii_lowercase().parse().ok(),
            Raw::Text(_) | Raw::Int(_) | Raw::Float(_) | Raw::List(_) | Raw::Table(_) | Raw::Unusable => None,
        };
        let value = value.or_else(|| wrong(key, node, "true or false, without quotes", problems))?;
        Some(Said { value, at: node.at })
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<Said<T>> {
        let said = self.text(key, problems)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == said.value) {
            return Some(Said { value: *value, at: said.at });
        }
        let message = format!("unknown {key} `{}` in {}", shown(said.value), self.what);
        problems.error(said.at, message, instead(said.value, words.iter().map(|(word, _)| *word)));
        None
    }

    /// Two numbers, the first less than the second.
    pub fn band(&self, key: &str, problems: &mut Problems) -> Option<Said<(f64, f64)>> {
        let (node, low, high) = self.pair(key, "two numbers: [low, high]", problems)?;
        let (Some(low), Some(high)) = (as_number(&low), as_number(&high)) else {
            return wrong(key, node, "two numbers: [low, high]", problems);
        };
        if low >= high {
            let message = format!("`{key}` is inverted or empty: {low} is not less than {high}");
            problems.error(node.at, message, "write the lower end first, then the higher one");
            return None;
        }
        Some(Said { value: (low, high), at: node.at })
    }

    /// Two texts.
    pub fn text_pair(&self, key: &str, problems: &mut Problems) -> Option<Said<(String, String)>> {
        let (node, off, on) = self.pair(key, "two texts: [\"off\", \"on\"]", problems)?;
        let (Some(off), Some(on)) = (as_text(&off), as_text(&on)) else {
            return wrong(key, node, "two texts: [\"off\", \"on\"]", problems);
        };
        Some(Said { value: (off.to_owned(), on.to_owned()), at: node.at })
    }

    /// A time in seconds from 0 to a day.
    pub fn seconds(&self, key: &str, problems: &mut Problems) -> Option<Said<Duration>> {
        const DAY: f64 = 86_400.0;
        let said = self.amount(key, problems)?;
        if said.value > DAY {
            problems.error(said.at, format!("`{key}` is longer than a day"), "use at most 86400 seconds");
            return None;
        }
        Some(Said { value: Duration::from_secs_f64(said.value), at: said.at })
    }

    /// A time in seconds, at most a day and not zero.
    pub fn time(&self, key: &str, problems: &mut Problems) -> Option<Duration> {
        let said = self.seconds(key, problems)?;
        if said.value.is_zero() {
            problems.error(said.at, format!("`{key}` is 0"), "use a time in seconds above 0");
            return None;
        }
        Some(said.value)
    }

    /// A table within the table.
    pub fn inner(&self, key: &str, problems: &mut Problems) -> Option<&'t Table<'a>> {
        let node = self.table.get(key)?;
        match &node.value {
            Raw::Table(table) => Some(table),
            Raw::Text(_) | Raw::Cell(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Unusable => {
                wrong(key, node, "a table: { ... }", problems)
            }
        }
    }

    /// The tables of `[[key]]`.
    pub fn list(&self, key: &str, problems: &mut Problems) -> Vec<&'t Table<'a>> {
        let Some(node) = self.table.get(key) else { return Vec::new() };
        let expected = format!("a list of tables, each begun by a line `[[{key}]]`");
        let Raw::List(items) = &node.value else {
            wrong::<()>(key, node, &expected, problems);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Raw::Table(table) => tables.push(table),
                Raw::Text(_)
                | Raw::Cell(_)
                | Raw::Int(_)
                | Raw::Float(_)
                | Raw::Bool(_)
                | Raw::List(_)
                | Raw::Unusable => {
                    wrong::<()>(key, item, &expected, problems);
                }
            }
        }
        tables
    }

    /// The two items of a list, or of a cell that separates them by `|`.
    fn pair(&self, key: &str, expected: &str, problems: &mut Problems) -> Option<(&'t Node<'a>, Raw<'t>, Raw<'t>)> {
        let node = self.table.get(key)?;
        let items = match &node.value {
            Raw::List(items) => match &items[..] {
                [first, second] => Some((first.value.clone(), second.value.clone())),
                _ => None,
            },
            Raw::Cell(cell) => cell
                .split_once('|')
                .map(|(first, second)| (Raw::Cell(Cow::from(first.trim())), Raw::Cell(Cow::from(second.trim())))),
            Raw::Text(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::Table(_) | Raw::Unusable => None,
        };
        let (first, second) = items.or_else(|| wrong(key, node, expected, problems))?;
        if matches!(first, Raw::Unusable) || matches!(second, Raw::Unusable) {
            return None;
        }
        Some((node, first, second))
    }
}

/// The remedy for a word that is not known: the nearest one, or what there is. Of very many words, the first are looked
/// at.
pub(crate) fn instead<'k>(word: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    const COMPARED: usize = 1_000;
    const NAMED: usize = 60;
    if let Some(near) = nearest(word, known.clone().take(COMPARED)) {
        return format!("did you mean `{near}`?");
    }
    let more = if known.clone().nth(NAMED).is_some() { ", ..." } else { "" };
    format!("use one of: {}{more}", known.take(NAMED).collect::<Vec<_>>().join(", "))
}

fn as_text<'n>(value: &'n Raw<'_>) -> Option<&'n str> {
    match value {
        Raw::Text(text) => Some(text),
        Raw::Cell(cell) => Some(unquoted(cell)),
        Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) | Raw::Unusable => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a limit or a range beyond 2^53 is a picture of the number")]
fn as_number(value: &Raw<'_>) -> Option<f64> {
    match value {
        Raw::Int(number) => Some(*number as f64),
        Raw::Float(number) => Some(*number),
        Raw::Cell(cell) => cell.parse().ok().filter(|number: &f64| number.is_finite()),
        Raw::Text(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) | Raw::Unusable => None,
    }
}

fn as_whole(value: &Raw<'_>) -> Option<i64> {
    match value {
        Raw::Int(number) => Some(*number),
        Raw::Cell(cell) => cell.parse().ok(),
        Raw::Text(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) | Raw::Unusable => None,
    }
}

/// A cell's text without the quotes that make it a text where it could be a number.
pub(crate) fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell)
}

/// Reports a value of the wrong kind; what is reported already is not reported again.
fn wrong<T>(key: &str, node: &Node<'_>, expected: &str, problems: &mut Problems) -> Option<T> {
    let said = match &node.value {
        Raw::Unusable => return None,
        Raw::Cell(cell) => format!("`{key}` is `{}`", shown(cell)),
        Raw::Text(_) | Raw::Int(_) | Raw::Float(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) => {
            format!("`{key}` is {}", node.value.words())
        }
    };
    problems.error(node.at, format!("{said}, which does not fit"), format!("write {expected}"));
    None
}
