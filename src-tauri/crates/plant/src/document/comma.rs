//! CSV after RFC 4180 into a document: the first line names the keys, every other line is one table. A key with a point
//! in it, such as `address.topic`, makes a table within the table.

use std::borrow::Cow;

use super::{Entry, Node, Raw, Table};
use crate::problem::{Place, Problems};

/// Most columns of a table.
const COLUMNS: usize = 200;

/// A column: its key, and the key within it where it has a point.
struct Column {
    key: String,
    within: Option<String>,
}

/// Reads a CSV text. An empty cell is the same as no cell. `check` is asked once for each column's name and reports
/// what is wrong with it; a column it refuses is left out.
pub(crate) fn rows(
    file: u32,
    text: &str,
    problems: &mut Problems,
    check: impl Fn(&str, Place, &mut Problems) -> bool,
) -> Vec<Table<'static>> {
    let mut records = Records { rest: text, line: 1, file };
    let Some((header_at, header)) = records.next(problems) else {
        return Vec::new();
    };
    if header.len() == 1 && header[0].contains([';', '\t']) {
        problems.error(header_at, "the columns are not separated by commas", "save the table as CSV with commas");
        return Vec::new();
    }
    if header.len() > COLUMNS {
        problems.error(header_at, format!("there are more than {COLUMNS} columns"), "remove those that are not used");
        return Vec::new();
    }
    let mut columns: Vec<Option<Column>> = Vec::with_capacity(header.len());
    for (at, name) in header.iter().enumerate() {
        let name = name.trim();
        if header[..at].iter().any(|earlier| earlier.trim() == name) {
            problems.error(header_at, format!("the column `{name}` is given twice"), "keep one of them");
            columns.push(None);
        } else {
            columns.push(check(name, header_at, problems).then(|| column(name)));
        }
    }
    let mut tables = Vec::new();
    while let Some((at, cells)) = records.next(problems) {
        if cells.len() == columns.len() {
            tables.push(table(at, &columns, cells));
        } else {
            let message = format!("this line has {} cells, the first line has {}", cells.len(), columns.len());
            problems.error(at, message, "put texts with commas or line breaks in double quotes");
            problems.set_damaged(at);
        }
    }
    tables
}

fn column(name: &str) -> Column {
    match name.split_once('.') {
        Some((key, within)) => Column { key: key.to_owned(), within: Some(within.to_owned()) },
        None => Column { key: name.to_owned(), within: None },
    }
}

fn table(at: Place, columns: &[Option<Column>], cells: Vec<String>) -> Table<'static> {
    let mut table = Table { entries: Vec::new(), at };
    for (column, cell) in columns.iter().zip(cells) {
        let cell = cell.trim();
        let Some(column) = column else { continue };
        if cell.is_empty() {
            continue;
        }
        let entry = |key: &str, value| Entry { key: Cow::Owned(key.to_owned()), key_at: at, node: Node { value, at } };
        let value = Raw::Cell(Cow::Owned(cell.to_owned()));
        let Some(within) = &column.within else {
            table.entries.push(entry(&column.key, value));
            continue;
        };
        let inner = entry(within, value);
        match table.entries.iter_mut().find(|entry| entry.key == column.key) {
            Some(Entry { node: Node { value: Raw::Table(outer), .. }, .. }) => outer.entries.push(inner),
            _ => table.entries.push(entry(&column.key, Raw::Table(Table { entries: vec![inner], at }))),
        }
    }
    table
}

/// Splits a text into records of cells, each with the line it begins on. Blank lines are skipped.
struct Records<'t> {
    rest: &'t str,
    line: u32,
    file: u32,
}

impl Records<'_> {
    fn next(&mut self, problems: &mut Problems) -> Option<(Place, Vec<String>)> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let at = Place { file: self.file, line: self.line };
        let mut cells = Vec::new();
        loop {
            let (cell, rest) = match self.rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted, at, problems),
                None => self.plain(problems),
            };
            cells.push(cell);
            self.rest = rest;
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            let line_end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
            self.rest = &self.rest[line_end..];
            self.line += 1;
            return Some((at, cells));
        }
    }
}

impl<'t> Records<'t> {
    /// A cell without quotes, and what comes after it.
    fn plain(&self, problems: &mut Problems) -> (String, &'t str) {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        if cell.contains('"') {
            let at = Place { file: self.file, line: self.line };
            problems.error(at, "a quote stands inside a cell", "put the cell in double quotes and double the quote");
            problems.set_damaged(at);
        }
        (cell.trim_end_matches('\r').to_owned(), rest)
    }

    /// A cell whose opening quote is taken, and what comes after it.
    fn quoted(&mut self, after_quote: &'t str, at: Place, problems: &mut Problems) -> (String, &'t str) {
        let mut cell = String::new();
        let mut rest = after_quote;
        loop {
            let Some(end) = rest.find('"') else {
                problems.error(at, "a cell that begins with a quote does not end", "close it with a double quote");
                problems.set_damaged(at);
                return (cell, "");
            };
            cell.push_str(&rest[..end]);
            self.line += u32::try_from(rest[..end].matches('\n').count()).unwrap_or(u32::MAX);
            rest = &rest[end + 1..];
            let Some(after) = rest.strip_prefix('"') else { break };
            cell.push('"');
            rest = after;
        }
        let ends = rest.trim_start_matches('\r');
        if !(ends.is_empty() || ends.starts_with([',', '\n'])) {
            problems.error(at, "something follows the closing quote of a cell", "double quotes inside a quoted cell");
            problems.set_damaged(at);
            rest = &rest[rest.find([',', '\n']).unwrap_or(rest.len())..];
        }
        (cell, rest)
    }
}
