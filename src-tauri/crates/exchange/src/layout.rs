//! What the columns of one file mean, and a record of it as samples.

use std::borrow::Cow;
use std::collections::HashMap;

use model::{Quality, Sample, Timestamp, Value};
use serde::Deserialize;

use crate::cell;
use crate::csv_out::{LONG, QUALITY};
use crate::instant::{TimeForm, count, read_time, within};

/// What stands in a place of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given<'a> {
    /// Nothing, in a format that can say so.
    Nothing,
    /// A text that may mean something else.
    Text(Cow<'a, str>),
    /// What is known to be a value.
    Known(Value),
    /// What is known to be a time.
    Time(Timestamp),
    /// What can be none of these, such as a list.
    Odd,
}

/// What a column of values holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Numbers; an integer stays exact.
    #[default]
    Number,
    /// true, false, on, off, 1, 0.
    Bool,
    /// Texts as they are.
    Text,
    /// Whatever a cell looks like, as in Andon's own files.
    Any,
}

/// What the columns of a file mean.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Columns that every record has.
    pub width: usize,
    pub time: usize,
    pub form: TimeForm,
    /// Whether numbers have a comma before their decimals.
    pub comma: bool,
    /// What the file's own words for quality mean.
    pub words: HashMap<String, Quality>,
    /// The tags' ids for the file's names.
    pub tags: HashMap<String, String>,
    pub rows: Rows,
    /// Whether Andon wrote the file.
    pub own: bool,
}

/// What a record is.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// A sample.
    Samples { tag: usize, value: usize, kind: Kind, quality: Option<usize> },
    /// An instant with the values of these.
    Instants(Vec<TagColumn>),
}

/// A tag's column.
#[derive(Clone, Debug)]
pub(crate) struct TagColumn {
    pub value: usize,
    pub tag: String,
    pub kind: Kind,
    pub quality: Option<usize>,
}

/// One tag's sample out of a record.
pub(crate) type Found<'a> = (Cow<'a, str>, Sample);

impl Layout {
    /// The layout of a CSV that Andon exported; `None` where the header is another one.
    pub(crate) fn of_own(header: &[String]) -> Option<Layout> {
        let rows = if header.iter().eq(LONG) {
            Rows::Samples { tag: 1, value: 2, kind: Kind::Any, quality: Some(3) }
        } else {
            let (time, pairs) = header.split_first()?;
            let (pairs, rest) = pairs.as_chunks::<2>();
            if time != LONG[0] || pairs.is_empty() || !rest.is_empty() {
                return None;
            }
            let column = |(at, [tag, quality]): (usize, &[String; 2])| {
                let tag = cell::unmarked(tag);
                let is_pair = cell::unmarked(quality).strip_suffix(QUALITY) == Some(tag);
                let value = 1 + 2 * at;
                is_pair.then(|| TagColumn { value, tag: tag.to_owned(), kind: Kind::Any, quality: Some(value + 1) })
            };
            Rows::Instants(pairs.iter().enumerate().map(column).collect::<Option<_>>()?)
        };
        Some(Layout {
            width: header.len(),
            time: 0,
            form: TimeForm::Rfc3339,
            comma: false,
            words: HashMap::new(),
            tags: HashMap::new(),
            rows,
            own: true,
        })
    }

    /// The samples of a record.
    ///
    /// # Errors
    /// What is wrong with it and what to do; nothing of the record is to be stored then.
    pub(crate) fn read<'a>(&'a self, record: &'a [Given<'_>], found: &mut Vec<Found<'a>>) -> Result<(), String> {
        if record.len() != self.width {
            return Err(format!(
                "it has {} where the header has {}; is a quote or a separator missing or too many?",
                cells(record.len()),
                self.width
            ));
        }
        let time = self.time(&record[self.time])?;
        match &self.rows {
            Rows::Samples { tag, value, kind, quality } => {
                let tag = self.tag(&record[*tag])?;
                let quality = quality.map(|at| self.quality(&record[at])).transpose()?.flatten();
                let sample = self.sample(time, &record[*value], *kind, quality)?;
                let empty = || Sample::bad(time, Quality::BAD_NO_DATA);
                found.push((tag, sample.unwrap_or_else(empty)));
            }
            Rows::Instants(columns) => {
                for column in columns {
                    let quality = column.quality.map(|at| self.quality(&record[at])).transpose()?.flatten();
                    let sample = self
                        .sample(time, &record[column.value], column.kind, quality)
                        .map_err(|words| format!("`{}`: {words}", column.tag))?;
                    if let Some(sample) = sample {
                        found.push((Cow::Borrowed(column.tag.as_str()), sample));
                    }
                }
            }
        }
        Ok(())
    }

    fn time(&self, given: &Given<'_>) -> Result<Timestamp, String> {
        let known = match (given, &self.form) {
            (Given::Text(text), form) => return read_time(text, form),
            (Given::Time(time), _) => within(*time),
            (Given::Known(Value::Int(whole)), TimeForm::Epoch { per_second }) => count(*whole, *per_second),
            (Given::Known(Value::Float(x)), form @ TimeForm::Epoch { .. }) => return read_time(&x.to_string(), form),
            (Given::Known(_) | Given::Nothing | Given::Odd, _) => None,
        };
        known.ok_or_else(|| "it has no time that can be read; are `column` and `format` in [time] right?".to_owned())
    }

    fn tag<'a>(&'a self, given: &'a Given<'_>) -> Result<Cow<'a, str>, String> {
        let name = match given {
            Given::Text(text) if self.own => Cow::Borrowed(cell::unmarked(text)),
            Given::Text(text) => Cow::Borrowed(text.trim()),
            Given::Known(value) => Cow::Owned(value.to_string()),
            Given::Nothing | Given::Time(_) | Given::Odd => Cow::Borrowed(""),
        };
        if name.is_empty() {
            return Err("it names no tag; is `column` in [tag] right?".to_owned());
        }
        Ok(self.tags.get(name.as_ref()).map_or(name, |tag| Cow::Borrowed(tag)))
    }

    /// The quality that is given; `None` where none is.
    fn quality(&self, given: &Given<'_>) -> Result<Option<Quality>, String> {
        let word = match given {
            Given::Nothing => return Ok(None),
            Given::Text(text) => Cow::Borrowed(text.trim()),
            Given::Known(value) => Cow::Owned(value.to_string()),
            Given::Time(_) | Given::Odd => return Err("its quality is no word and no code".to_owned()),
        };
        if let Some(quality) = self.words.get(word.as_ref()) {
            return Ok(Some(*quality));
        }
        if word.is_empty() {
            return Ok(None);
        }
        let quality = cell::quality(&word);
        quality.map(Some).ok_or_else(|| format!("`{word}` is no known quality; say in [quality.words] what it means"))
    }

    /// A sample; `None` where there is nothing to store.
    fn sample(
        &self,
        time: Timestamp,
        given: &Given<'_>,
        kind: Kind,
        quality: Option<Quality>,
    ) -> Result<Option<Sample>, String> {
        let (value, reason) = match given {
            Given::Nothing => (None, Quality::GOOD),
            Given::Text(text) => self.value(text, kind)?,
            Given::Known(value) => of_kind(value.clone(), kind)?,
            Given::Time(_) | Given::Odd => return Err("its value is neither a number nor a text".to_owned()),
        };
        let quality = match (&value, quality) {
            (None, None) if reason == Quality::GOOD => return Ok(None),
            // What another system calls good, and empty, is nothing.
            (None, Some(quality)) if !self.own && quality.is_good() && reason == Quality::GOOD => return Ok(None),
            (_, quality) => quality.unwrap_or_default().worst(reason),
        };
        Ok(Some(Sample { time, received: time, value, quality }))
    }

    /// The value of a cell, and what to think of one that is none.
    fn value(&self, cell: &str, kind: Kind) -> Result<(Option<Value>, Quality), String> {
        let trimmed = cell.trim();
        match kind {
            Kind::Any => Ok((cell::value(cell), Quality::GOOD)),
            Kind::Text if cell.is_empty() => Ok((None, Quality::GOOD)),
            Kind::Text => Ok((Some(Value::text(cell)), Quality::GOOD)),
            Kind::Number | Kind::Bool if trimmed.is_empty() => Ok((None, Quality::GOOD)),
            Kind::Number => {
                let point = if self.comma && !trimmed.contains('.') {
                    Cow::Owned(trimmed.replacen(',', ".", 1))
                } else {
                    Cow::Borrowed(trimmed)
                };
                if let Some(number) = cell::number(&point).filter(|_| !self.comma || !trimmed.contains('.')) {
                    return Ok((Some(number), Quality::GOOD));
                }
                match point.parse::<f64>().map(Value::float) {
                    // Not a number, or infinite, and said so.
                    Ok(Err(quality)) => Ok((None, quality)),
                    Ok(Ok(_)) | Err(_) => Err(format!(
                        "`{cell}` is no number; say `decimal`, or `kind` of the column where it is text or on and off"
                    )),
                }
            }
            Kind::Bool => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "on" | "1" => Ok((Some(Value::Bool(true)), Quality::GOOD)),
                "false" | "off" | "0" => Ok((Some(Value::Bool(false)), Quality::GOOD)),
                _ => Err(format!("`{cell}` is none of true, false, on, off, 1 and 0")),
            },
        }
    }
}

/// A value as the kind that was asked for.
fn of_kind(value: Value, kind: Kind) -> Result<(Option<Value>, Quality), String> {
    let (declared, words) = match (kind, &value) {
        (Kind::Any, _) => return Ok((Some(value), Quality::GOOD)),
        (Kind::Number, Value::Float(x)) if !x.is_finite() => return Ok((None, Quality::BAD_OUT_OF_RANGE)),
        (Kind::Number, Value::Int(_) | Value::UInt(_) | Value::Float(_)) => return Ok((Some(value), Quality::GOOD)),
        (Kind::Number, _) => (model::DataType::Float, "a number"),
        (Kind::Bool, _) => (model::DataType::Bool, "on or off"),
        (Kind::Text, _) => (model::DataType::Text, "a text"),
    };
    let text = value.to_string();
    value
        .into_type(declared)
        .map(|value| (Some(value), Quality::GOOD))
        .map_err(|_| format!("`{text}` is not {words}; say the `kind` of the column"))
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") }
}
