//! From a table of the document to the settings document a protocol reads, and back from what a protocol rejects to the
//! line it stands on.

use model::{Rejection, Settings};
use serde_json::Value as Json;

use crate::document::{Node, Raw, Table};
use crate::fields::unquoted;
use crate::problem::Problems;

/// The settings of a table without the keys that are not the protocol's. `None` where one is unusable, which is
/// reported: a protocol would only add that it is missing.
pub(crate) fn settings(table: &Table<'_>, without: &[&str]) -> Option<Settings> {
    let own = table.entries.iter().filter(|entry| !without.contains(&&*entry.key));
    own.map(|entry| Some((entry.key.to_string(), json(&entry.node)?))).collect()
}

/// Lists what a protocol rejects, at the key it names or else at the table.
pub(crate) fn report(rejections: Vec<Rejection>, table: &Table<'_>, problems: &mut Problems) {
    for Rejection { key, message, remedy } in rejections {
        let entry = if problems.is_full() { None } else { key.and_then(|key| table.entry(&key)) };
        problems.error(entry.map_or(table.at, |entry| entry.key_at), message, remedy);
    }
}

/// `None` for what is reported already.
fn json(node: &Node<'_>) -> Option<Json> {
    Some(match &node.value {
        Raw::Text(text) => Json::from(&**text),
        Raw::Cell(cell) => untyped(cell),
        Raw::Int(number) => Json::from(*number),
        Raw::Float(number) => Json::from(*number),
        Raw::Bool(flag) => Json::from(*flag),
        Raw::List(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Raw::Table(table) => Json::Object(settings(table, &[])?),
        Raw::Unusable => return None,
    })
}

/// What a cell most likely is; in double quotes it is a text.
fn untyped(cell: &str) -> Json {
    if let Ok(number) = cell.parse::<i64>() {
        return Json::from(number);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() && !cell.starts_with(char::is_alphabetic) => Json::from(number),
        Ok(_) | Err(_) => match &*cell.to_ascii_lowercase() {
            "true" => Json::from(true),
            "false" => Json::from(false),
            _ => Json::from(unquoted(cell)),
        },
    }
}
