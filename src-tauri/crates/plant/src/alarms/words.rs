//! Conditions in words, for lists.

use std::time::Duration;

use alarm::{Event, Level, LimitKind, Measure, Operand, Sense, Trigger};
use model::Value;

use crate::tags::{Draft, Tags};

/// A condition on a tag.
pub(crate) fn condition(trigger: &Trigger, tag: &Draft, tags: &Tags) -> String {
    match trigger {
        Trigger::Limit { measure, levels } => limits(measure, levels, tag, tags),
        Trigger::Digital { active_when } => position(*active_when, tag).to_owned(),
        Trigger::State { states, active_when } => {
            let states: Vec<String> = states.iter().map(plain).collect();
            format!("{}{}", if *active_when { "" } else { "not " }, states.join(" or "))
        }
        Trigger::Discrepancy { command } => format!("not as {}", name(Operand::Tag(*command), tag, tags)),
        Trigger::Unchanged { within, .. } => format!("unchanged for {}", seconds(*within)),
        Trigger::Silent { within } => format!("no sample for {}", seconds(*within)),
        Trigger::Stale => match tag.stale_after {
            Some(after) => format!("no fresh value for {}", seconds(after)),
            None => "no fresh value".to_owned(),
        },
        Trigger::Condition | Trigger::LinkDown => String::new(),
    }
}

/// How often something happens.
pub(crate) fn count(levels: &[Level], within: Duration) -> String {
    let times: Vec<String> = levels.iter().filter_map(|level| level.limit.number()).map(|n| n.to_string()).collect();
    format!("{} times within {}", times.join(" or "), seconds(within))
}

/// A value as it is written in the plant file.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => value.to_string(),
    }
}

pub(crate) fn limit_words(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HighHigh => "high-high",
        LimitKind::High => "high",
        LimitKind::Low => "low",
        LimitKind::LowLow => "low-low",
    }
}

/// The limits of a measure, the mildest first.
fn limits(measure: &Measure, levels: &[Level], tag: &Draft, tags: &Tags) -> String {
    let one = |level: &Level, unit: &str| amount(level.limit, unit, tag, tags);
    let joined = |unit: &str| levels.iter().map(|level| one(level, unit)).collect::<Vec<_>>().join(" or ");
    match measure {
        Measure::Value => {
            let each = levels.iter().map(|level| format!("{}, {}", limit_words(level.kind), one(level, &tag.unit)));
            each.collect::<Vec<_>>().join("; ")
        }
        Measure::Deviation { setpoint, sense } => {
            let side = match sense {
                Sense::Up => "above",
                Sense::Down => "below",
                Sense::Both => "off",
            };
            format!("{} {side} {}", joined(&tag.unit), name(*setpoint, tag, tags))
        }
        Measure::Rate { window, sense } => {
            let verb = match sense {
                Sense::Up => "rises",
                Sense::Down => "falls",
                Sense::Both => "changes",
            };
            format!("{verb} by {} within {}", joined(&format!("{}/s", tag.unit)), seconds(*window))
        }
        Measure::Count { within, event } => {
            let what = match event {
                Event::Switch { active_when } => position(*active_when, tag).to_owned(),
                Event::Crossing { kind, limit, .. } => {
                    format!("{}, {}", limit_words(*kind), amount(Operand::Number(*limit), &tag.unit, tag, tags))
                }
            };
            format!("{}: {what}", count(levels, *within))
        }
        Measure::Cusum { target, sense, .. } => {
            let side = match sense {
                Sense::Up => "above",
                Sense::Down => "below",
                Sense::Both => "off",
            };
            format!("adds up to {} {side} {}", joined(&tag.unit), name(*target, tag, tags))
        }
    }
}

fn position(active_when: bool, tag: &Draft) -> &str {
    let words = tag.words.as_ref();
    let (off, on) = words.map_or(("off", "on"), |(off, on)| (off, on));
    if active_when { on } else { off }
}

/// An operand in words: a number with the tag's unit, or the other tag's name.
fn name(operand: Operand, tag: &Draft, tags: &Tags) -> String {
    amount(operand, &tag.unit, tag, tags)
}

fn amount(operand: Operand, unit: &str, tag: &Draft, tags: &Tags) -> String {
    let limit = match operand {
        Operand::Number(limit) => limit,
        Operand::Tag(index) => return tags.at(index).map(|other| other.name.clone()).unwrap_or_default(),
    };
    let mut number = format!("{limit:.*}", usize::from(tag.decimals));
    if number.parse() != Ok(limit) {
        // More digits than the tag is shown with: a rounded limit would not be the limit.
        number = limit.to_string();
    }
    let space = if unit.is_empty() || unit.starts_with('/') { "" } else { " " };
    format!("{number}{space}{unit}")
}

fn plain(value: &Value) -> String {
    value.to_string()
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
