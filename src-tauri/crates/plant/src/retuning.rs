//! Other numbers for an alarm, written where the old ones are: all else in the file stays as it is, comments and all.
//!
//! Whether the whole makes sense is for [`crate::read`] to say, before anybody writes it.

use std::ops::Range;

use alarm::{AlarmId, LimitKind, Tuning};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Plant;
use crate::document::Lines;
use crate::read::PLANT_FILE;

/// Digits of a number that is put into a file.
const MILLIS: f64 = 1000.0;

/// Other numbers for an alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Retuning {
    /// Whose.
    pub alarm: AlarmId,
    /// All of its numbers; those that are as they were are left alone.
    pub tuning: Tuning,
}

/// Why an alarm's numbers cannot be changed in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchangeable {
    /// There is no such alarm.
    #[error("there is no alarm `{0}` in the plant file")]
    NoAlarm(AlarmId),
    /// All machines of the template share it.
    #[error(
        "`{alarm}` comes from a template ({template_of}): change it on line {line} of {file} for all machines of the \
         template, or make the number a parameter of the template"
    )]
    Template {
        /// Which alarm.
        alarm: AlarmId,
        /// For which machine.
        template_of: String,
        /// Where the template has it.
        file: String,
        /// The line, from 1.
        line: u32,
    },
    /// Only the plant's own file is changed.
    #[error("`{alarm}` is written in {file} on line {line}: change it there, and read the plant again")]
    OtherFile {
        /// Which alarm.
        alarm: AlarmId,
        /// Which file.
        file: String,
        /// The line, from 1.
        line: u32,
    },
    /// The alarm is written in a way that has no place for a number.
    #[error("`{key}` cannot be written for the alarm on line {line} of plant.toml: write it there by hand")]
    NoPlace {
        /// The key.
        key: &'static str,
        /// The line, from 1.
        line: u32,
    },
}

/// A number to be written.
struct Entry {
    key: &'static str,
    number: String,
}

/// The table of an alarm in the text.
struct Found<'t, 'a> {
    table: &'t DeTable<'a>,
    /// Whether it is a tag's limits.
    is_limits: bool,
    /// Whether it stands on one line between braces.
    is_inline: bool,
}

impl Retuning {
    /// A plant file's text with these numbers in it, where `plant` is what was made of it.
    ///
    /// # Errors
    /// [`Unchangeable`].
    pub fn within(&self, text: &str, plant: &Plant) -> Result<String, Unchangeable> {
        let known = plant.alarms.iter().find(|definition| definition.id == self.alarm).zip(plant.written(&self.alarm));
        let (definition, written) = known.ok_or_else(|| Unchangeable::NoAlarm(self.alarm.clone()))?;
        let (file, line) = (written.file.clone(), written.line);
        if let Some(machine) = &written.template_of {
            let template_of = machine.to_string();
            return Err(Unchangeable::Template { alarm: self.alarm.clone(), template_of, file, line });
        }
        if file != PLANT_FILE {
            return Err(Unchangeable::OtherFile { alarm: self.alarm.clone(), file, line });
        }
        let kinds: Vec<LimitKind> = definition.config.trigger.levels().iter().map(|level| level.kind).collect();
        let before = definition.config.tuning();
        // What stands before the first byte may be a mark that some editors write.
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        let body = &text[mark..];
        let (root, _) = DeTable::parse_recoverable(body);
        let lines = Lines::new(body);
        let no_place = |key| Unchangeable::NoPlace { key, line };
        let found = find(root.get_ref(), body, &lines, line).ok_or_else(|| no_place("limit"))?;
        let mut edits = Vec::new();
        for entry in entries(&before, &self.tuning, &kinds, found.is_limits).map_err(no_place)? {
            edits.push(found.edit(body, &entry).ok_or_else(|| no_place(entry.key))?);
        }
        // From behind, so that the places before stay where they are; of two at one place the first one said comes first.
        edits.sort_by_key(|(range, _)| range.start);
        let mut changed = body.to_owned();
        for (range, with) in edits.into_iter().rev() {
            changed.replace_range(range, &with);
        }
        Ok(format!("{}{changed}", &text[..mark]))
    }
}

/// What is to be written where; `Err` with the key that has no place.
fn entries(before: &Tuning, after: &Tuning, kinds: &[LimitKind], is_limits: bool) -> Result<Vec<Entry>, &'static str> {
    let limit_key = |at: usize| match (is_limits, kinds.get(at)) {
        (true, Some(LimitKind::HighHigh)) => "high_high",
        (true, Some(LimitKind::High)) => "high",
        (true, Some(LimitKind::Low)) => "low",
        (true, Some(LimitKind::LowLow)) => "low_low",
        (_, _) if at == 0 => "limit",
        (_, _) => "second_limit",
    };
    let mut entries = Vec::new();
    let mut say = |key, before: Option<f64>, after: Option<f64>| match (before, after) {
        (Some(before), Some(after)) if before.to_bits() == after.to_bits() => {}
        (_, Some(after)) => entries.push(Entry { key, number: after.to_string() }),
        (_, None) => {}
    };
    say(limit_key(0), before.limit, after.limit);
    say(limit_key(1), before.second_limit, after.second_limit);
    say("deadband", before.deadband, after.deadband);
    let seconds = |delay: std::time::Duration| Some((delay.as_secs_f64() * MILLIS).round() / MILLIS);
    say("on_delay_s", seconds(before.on_delay), seconds(after.on_delay));
    say("off_delay_s", seconds(before.off_delay), seconds(after.off_delay));
    if before.times != after.times {
        match after.times {
            Some(times) if !is_limits => entries.push(Entry { key: "times", number: times.to_string() }),
            Some(_) | None => return Err("times"),
        }
    }
    Ok(entries)
}

/// The table of the alarm that was read on a line.
fn find<'t, 'a>(root: &'t DeTable<'a>, text: &str, lines: &Lines, line: u32) -> Option<Found<'t, 'a>> {
    let tables = |key: &str| root.get(key).and_then(|value| value.get_ref().as_array()).into_iter().flatten();
    let is_inline = |value: &Spanned<DeValue<'a>>| text[value.span()].starts_with('{');
    let entry = tables("alarms").find(|value| lines.line(value.span().start) == line);
    if let Some(value) = entry {
        let table = value.get_ref().as_table()?;
        return Some(Found { table, is_limits: false, is_inline: is_inline(value) });
    }
    tables("tags").find_map(|tag| {
        let limits = tag.get_ref().as_table()?.get("limits")?;
        let table = limits.get_ref().as_table()?;
        let has_it = table.iter().any(|(_, value)| lines.line(value.span().start) == line);
        has_it.then(|| Found { table, is_limits: true, is_inline: is_inline(limits) })
    })
}

impl Found<'_, '_> {
    /// The part of the text that is replaced, and with what.
    fn edit(&self, text: &str, entry: &Entry) -> Option<(Range<usize>, String)> {
        let Entry { key, number } = entry;
        if let Some(value) = self.table.get(*key) {
            let is_number = matches!(value.get_ref(), DeValue::Integer(_) | DeValue::Float(_));
            let span = value.span();
            // A number that was written with a point keeps one.
            let point = if text[span.clone()].contains('.') && !number.contains('.') { ".0" } else { "" };
            return is_number.then(|| (span, format!("{number}{point}")));
        }
        let (last_key, last) = self.table.iter().filter(is_plain).max_by_key(|(_, value)| value.span().end)?;
        let end = last.span().end;
        if self.is_inline {
            return Some((end..end, format!(", {key} = {number}")));
        }
        let line = text[..last_key.span().start].rfind('\n').map_or(0, |at| at + 1);
        // What stands before the key: nothing, an indent, or the table's own name with a point.
        let before = &text[line..last_key.span().start];
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let end = if text[..end].ends_with('\r') { end - 1 } else { end };
        let newline = if text[end..].starts_with('\r') { "\r\n" } else { "\n" };
        Some((end..end, format!("{newline}{before}{key} = {number}")))
    }
}

/// Whether a value stands behind its key on a line, as a table of its own does not.
fn is_plain<'a>((_, value): &(&Spanned<toml::de::DeString<'a>>, &Spanned<DeValue<'a>>)) -> bool {
    !matches!(value.get_ref(), DeValue::Table(_))
}
