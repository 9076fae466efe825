//! TOML into a document. The parser recovers from a mistake and goes on, so that every mistake is listed; what it makes
//! of a damaged line is not judged any further.

use std::collections::{BTreeSet, HashMap};

use toml::de::{DeTable, DeValue};

use super::{Entry, Node, Raw, Table};
use crate::problem::{Place, Problems};

/// Reads a TOML text.
pub(crate) fn parse<'a>(file: u32, text: &'a str, problems: &mut Problems) -> Table<'a> {
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut damaged = BTreeSet::new();
    let mut earlier = None;
    for error in errors {
        let span = error.span().unwrap_or_default();
        let line = lines.line(span.start);
        let (message, remedy) = match error.message() {
            "duplicate key" if !problems.is_full() => {
                let earlier = earlier.get_or_insert_with(|| Earlier::new(text));
                (earlier.words(line, text.get(span).unwrap_or_default()), "keep one of them")
            }
            message => (message.to_owned(), "correct the line to valid TOML (https://toml.io)"),
        };
        problems.error(Place { file, line }, message, remedy);
        damaged.insert(line);
    }
    for line in damaged {
        problems.set_damaged(Place { file, line });
    }
    let mut reader = Reader { file, lines, problems };
    let at = Place { file, line: 1 };
    reader.table(root.into_inner(), at)
}

struct Reader<'p> {
    file: u32,
    lines: Lines,
    problems: &'p mut Problems,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        Place { file: self.file, line: self.lines.line(offset) }
    }

    fn table<'a>(&mut self, table: DeTable<'a>, at: Place) -> Table<'a> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_at = self.place(key.span().start);
            let at = self.place(value.span().start);
            let value = self.value(value.into_inner(), at);
            entries.push(Entry { key: key.into_inner(), key_at, node: Node { value, at } });
        }
        Table { entries, at }
    }

    fn value<'a>(&mut self, value: DeValue<'a>, at: Place) -> Raw<'a> {
        match value {
            DeValue::String(text) => Raw::Text(text),
            DeValue::Boolean(flag) => Raw::Bool(flag),
            DeValue::Integer(number) => {
                if let Ok(number) = i64::from_str_radix(number.as_str(), number.radix()) {
                    return Raw::Int(number);
                }
                self.problems.error(at, "this number is too large", "use a number of at most 63 bits");
                Raw::Unusable
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Raw::Float(number),
                Ok(_) | Err(_) => {
                    let said = format!("`{}` is not a finite number", number.as_str());
                    self.problems.error(at, said, "use a finite number");
                    Raw::Unusable
                }
            },
            DeValue::Datetime(_) => {
                self.problems.error(at, "a date is not expected here", "put it in quotes to make it a text");
                Raw::Unusable
            }
            DeValue::Array(items) => {
                let node = |item: toml::Spanned<DeValue<'a>>| {
                    let at = self.place(item.span().start);
                    Node { value: self.value(item.into_inner(), at), at }
                };
                Raw::List(items.into_iter().map(node).collect())
            }
            DeValue::Table(table) => Raw::Table(self.table(table, at)),
        }
    }
}

/// How far back the first of two equal keys is looked for, in lines.
const LOOK_BACK: usize = 1_000;

/// Finds the first of two equal keys or headers again: the parser names the second one only.
struct Earlier<'a> {
    /// Every line without its comment and the space around it.
    lines: Vec<&'a str>,
    /// The line of each header where it stands first, from 0.
    headers: HashMap<&'a str, usize>,
}

impl<'a> Earlier<'a> {
    fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
        let mut headers = HashMap::new();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('[')) {
            headers.entry(*line).or_insert(at);
        }
        Self { lines, headers }
    }

    /// What to say of a key or a table that is given for the second time on a line.
    fn words(&self, line: u32, key: &str) -> String {
        let own = line.saturating_sub(1) as usize;
        let first = match self.lines.get(own) {
            Some(header) if header.starts_with('[') => self.headers.get(header).copied().filter(|&first| first < own),
            Some(_) => self.lines[..own]
                .iter()
                .enumerate()
                .rev()
                .take(LOOK_BACK)
                .take_while(|(_, line)| !line.starts_with('['))
                .find(|(_, line)| line.split('=').next().is_some_and(|said| said.trim_end() == key))
                .map(|(first, _)| first),
            None => None,
        };
        match first {
            Some(first) => format!("`{key}` is given twice, on line {} and on line {line}", first + 1),
            None => format!("`{key}` is given twice"),
        }
    }
}

/// Where lines begin, to tell the line of an offset.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn new(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX)
    }
}
