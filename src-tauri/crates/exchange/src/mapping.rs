//! What the columns of another system's file mean, as a person says it in a TOML file.
//!
//! This is what was said; [`Layout`](crate::layout::Layout) is what it means for one file's columns.

use std::collections::HashMap;
use std::fmt;

use jiff::tz::TimeZone;
use model::Quality;
use serde::Deserialize;

use crate::cell;
use crate::instant::TimeForm;
use crate::layout::{Kind, Layout, Rows, TagColumn};

/// What the columns of a file mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Between the cells of a CSV.
    #[serde(default = "comma")]
    separator: char,
    /// In the numbers of a CSV: a point or a comma.
    #[serde(default = "point")]
    decimal: char,
    /// Lines before the header, or before the first row where there is no header.
    #[serde(default)]
    skip_lines: u32,
    /// Whether the first line behind these names the columns.
    #[serde(default = "yes")]
    header: bool,
    time: Time,
    /// Where a row is a sample: the column of the tag's id.
    tag: Option<Plain>,
    /// Where a row is a sample: the column of its value.
    value: Option<Valued>,
    /// The quality of the row.
    quality: Option<Worded>,
    /// Where a row is an instant: one column a tag.
    #[serde(default)]
    columns: Vec<OfTag>,
    /// The tag's id for a name in the file.
    #[serde(default)]
    tags: HashMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    column: Column,
    #[serde(default = "rfc3339")]
    format: String,
    zone: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    column: Column,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Valued {
    column: Column,
    #[serde(default)]
    kind: Kind,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Worded {
    /// None where only the words of the columns' own qualities are given.
    column: Option<Column>,
    #[serde(default)]
    words: HashMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTag {
    column: Column,
    tag: String,
    #[serde(default)]
    kind: Kind,
    quality: Option<Column>,
}

/// A column by the name in the header or by its number, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Column {
    Number(usize),
    Name(String),
}

/// What is wrong with a mapping.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML, or has what no mapping has.
    #[error("line {line}: {message}")]
    Document {
        /// The line, from 1.
        line: usize,
        /// What the reader of TOML says.
        message: String,
    },
    /// What it says makes no sense, or none for this file. Its text is what is wrong and what to do.
    #[error("{0}")]
    Meaning(String),
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`], with its place and what to do.
    pub fn read(text: &str) -> Result<Mapping, MappingError> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            MappingError::Document { line: before.matches('\n').count() + 1, message: error.message().to_owned() }
        })?;
        mapping.time.form()?;
        mapping.words()?;
        mapping.separator()?;
        if !matches!(mapping.decimal, '.' | ',') {
            return Err(meaning("`decimal` is neither \".\" nor \",\""));
        }
        match (&mapping.tag, &mapping.value, mapping.columns.is_empty()) {
            (Some(_), Some(_), true) | (None, None, false) => Ok(mapping),
            _ => Err(meaning(
                "say either [tag] and [value], where a row is one sample, or [[columns]], where a row has a column a tag",
            )),
        }
    }

    /// The separator of a CSV.
    pub(crate) fn separator(&self) -> Result<u8, MappingError> {
        u8::try_from(self.separator)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n'))
            .ok_or_else(|| meaning("`separator` is not one of \",\", \";\", \"|\", \"\\t\" or the like"))
    }

    /// Lines before the header.
    pub(crate) fn skip_lines(&self) -> u32 {
        self.skip_lines
    }

    /// Whether there is a header.
    pub(crate) fn has_header(&self) -> bool {
        self.header
    }

    /// What it means for a file with these columns; their names are empty where there is no header.
    pub(crate) fn layout(&self, header: &[String]) -> Result<Layout, MappingError> {
        let find = |column: &Column| column.find(header);
        let rows = match (&self.tag, &self.value) {
            (Some(tag), Some(value)) => Rows::Samples {
                tag: find(&tag.column)?,
                value: find(&value.column)?,
                kind: value.kind,
                quality: self.quality.as_ref().and_then(|quality| quality.column.as_ref()).map(find).transpose()?,
            },
            _ => {
                let of_all = self.quality.as_ref().and_then(|quality| quality.column.as_ref());
                let column = |each: &OfTag| {
                    Ok(TagColumn {
                        value: find(&each.column)?,
                        tag: each.tag.clone(),
                        kind: each.kind,
                        quality: each.quality.as_ref().or(of_all).map(find).transpose()?,
                    })
                };
                Rows::Instants(self.columns.iter().map(column).collect::<Result<_, MappingError>>()?)
            }
        };
        Ok(Layout {
            width: header.len(),
            time: find(&self.time.column)?,
            form: self.time.form()?,
            comma: self.decimal == ',',
            words: self.words()?,
            tags: self.tags.clone(),
            rows,
            own: false,
        })
    }

    fn words(&self) -> Result<HashMap<String, Quality>, MappingError> {
        let words = self.quality.iter().flat_map(|quality| &quality.words);
        words
            .map(|(word, means)| match cell::quality(means) {
                Some(quality) => Ok((word.clone(), quality)),
                None => Err(meaning(format!(
                    "[quality.words]: `{word}` is mapped to `{means}`, which is neither good, uncertain, bad nor a status code"
                ))),
            })
            .collect()
    }
}

impl Time {
    fn form(&self) -> Result<TimeForm, MappingError> {
        let per_second = match self.format.as_str() {
            "rfc3339" => return Ok(TimeForm::Rfc3339),
            "s" => 1,
            "ms" => 1_000,
            "us" => 1_000_000,
            "ns" => 1_000_000_000,
            pattern if pattern.contains('%') => {
                let zone = match self.zone.as_deref() {
                    None => TimeZone::UTC,
                    Some(name) => TimeZone::get(name).map_err(|_| {
                        meaning(format!("[time]: there is no time zone `{name}`; one is `Europe/Berlin`"))
                    })?,
                };
                return Ok(TimeForm::Pattern { pattern: pattern.to_owned(), zone });
            }
            other => {
                let words = format!(
                    "[time]: `{other}` is no format; say rfc3339, s, ms, us, ns or a pattern like %d.%m.%Y %H:%M:%S"
                );
                return Err(meaning(words));
            }
        };
        Ok(TimeForm::Epoch { per_second })
    }
}

impl Column {
    fn find(&self, header: &[String]) -> Result<usize, MappingError> {
        let found = match self {
            Column::Number(number) => number.checked_sub(1).filter(|at| *at < header.len()),
            Column::Name(name) => header.iter().position(|column| column == name),
        };
        found.ok_or_else(|| {
            let named: Vec<&str> = header.iter().map(String::as_str).filter(|name| !name.is_empty()).take(20).collect();
            let has = if named.is_empty() {
                format!("it has {} without names", header.len())
            } else {
                format!("it begins with {}", named.join(", "))
            };
            meaning(format!("the file has no column {self}; {has}"))
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Number(number) => write!(f, "{number}"),
            Column::Name(name) => write!(f, "`{name}`"),
        }
    }
}

fn meaning(words: impl Into<String>) -> MappingError {
    MappingError::Meaning(words.into())
}

fn comma() -> char {
    ','
}

fn point() -> char {
    '.'
}

fn yes() -> bool {
    true
}

fn rfc3339() -> String {
    "rfc3339".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_mapping_is_said_with_what_to_do() {
        for (text, expect) in [
            ("", "time"),
            (
                "[time]\ncolumn = 1\ncolour = 3\n[tag]\ncolumn = 2\n[value]\ncolumn = 3",
                "line 3: unknown field `colour`",
            ),
            ("[time]\ncolumn = 1", "say either [tag] and [value]"),
            ("[time]\ncolumn = 1\n[tag]\ncolumn = 2", "say either [tag] and [value]"),
            (
                "[time]\ncolumn = 1\nformat = \"German\"\n[tag]\ncolumn = 2\n[value]\ncolumn = 3",
                "`German` is no format",
            ),
            (
                "[time]\ncolumn = 1\nformat = \"%Y\"\nzone = \"Europe/Ulm\"\n[[columns]]\ncolumn = 2\ntag = \"a\"",
                "Europe/Ulm",
            ),
            (
                "[time]\ncolumn = 1\n[[columns]]\ncolumn = 2\ntag = \"a\"\n[quality]\nwords = { ok = \"fine\" }",
                "`ok` is mapped to `fine`",
            ),
            ("separator = \"\\n\"\n[time]\ncolumn = 1\n[[columns]]\ncolumn = 2\ntag = \"a\"", "`separator`"),
        ] {
            let words = Mapping::read(text).expect_err("something is wrong").to_string();
            assert!(words.contains(expect), "{words}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_named_beside_those_that_are() {
        let mapping =
            Mapping::read("[time]\ncolumn = \"Zeit\"\n[[columns]]\ncolumn = 2\ntag = \"a\"").expect("a mapping");
        let header = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let words = mapping.layout(&header(&["Datum", "Wert"])).expect_err("no such column").to_string();
        assert_eq!(words, "the file has no column `Zeit`; it begins with Datum, Wert");
        let words = mapping.layout(&header(&["Zeit"])).expect_err("no such column").to_string();
        assert_eq!(words, "the file has no column 2; it begins with Zeit");
    }
}
