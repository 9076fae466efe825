//! What is to be added to a plant file: machines and tags that a gateway offers, written behind what is there.
//!
//! The text before is kept to the letter, comments and all. Whether the whole makes sense is for [`crate::read`] to say,
//! before anybody writes it.

use std::fmt::Write as _;

use model::{DataType, Settings};
use toml::Value;

use crate::ids::LONGEST;

/// Machines and tags to be added to a plant file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Addition {
    /// Written before the tags.
    pub machines: Vec<NewMachine>,
    /// In the order in which they are to stand.
    pub tags: Vec<NewTag>,
}

/// A machine to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMachine {
    /// `site/area/line/machine`.
    pub path: String,
    /// What people call it; empty for the last part of its path.
    pub name: String,
}

/// A tag to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTag {
    /// To what it belongs; `None` for the plant's own.
    pub equipment: Option<String>,
    /// Unique within what it belongs to.
    pub id: String,
    /// What people call it; empty for its id.
    pub name: String,
    /// The gateway's id.
    pub gateway: String,
    /// The address on it.
    pub address: Settings,
    /// What it holds.
    pub data_type: DataType,
    /// The unit as shown; empty where there is none.
    pub unit: String,
    /// Display range, low before high.
    pub range: Option<(f64, f64)>,
    /// Digits after the point; `None` for what is usual for its type.
    pub decimals: Option<u8>,
    /// Whether it may be written.
    pub write: bool,
}

/// Why a plant file cannot hold an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of `{id}` has a part that a plant file cannot hold: {part}")]
pub struct Unwritable {
    /// The tag's id.
    pub id: String,
    /// Which part.
    pub part: String,
}

impl Addition {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty() && self.tags.is_empty()
    }

    /// A plant file's text with this behind it.
    ///
    /// # Errors
    /// [`Unwritable`].
    pub fn behind(&self, text: &str) -> Result<String, Unwritable> {
        let mut whole = text.to_owned();
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
        for machine in &self.machines {
            whole.push_str("\n[[machines]]\n");
            line(&mut whole, "path", Value::from(machine.path.as_str()));
            if !machine.name.is_empty() {
                line(&mut whole, "name", Value::from(machine.name.as_str()));
            }
        }
        for tag in &self.tags {
            tag.write_to(&mut whole)?;
        }
        Ok(whole)
    }
}

impl NewTag {
    fn write_to(&self, text: &mut String) -> Result<(), Unwritable> {
        text.push_str("\n[[tags]]\n");
        if let Some(equipment) = &self.equipment {
            let is_machine = equipment.split('/').count() == 4;
            line(text, if is_machine { "machine" } else { "equipment" }, Value::from(equipment.as_str()));
        }
        line(text, "id", Value::from(self.id.as_str()));
        if !self.name.is_empty() {
            line(text, "name", Value::from(self.name.as_str()));
        }
        line(text, "gateway", Value::from(self.gateway.as_str()));
        let address = table(&self.address).map_err(|part| Unwritable { id: self.id.clone(), part })?;
        line(text, "address", address);
        let (data_type, is_numeric) = match self.data_type {
            DataType::Bool => ("bool", false),
            DataType::Int => ("int", true),
            DataType::Float => ("float", true),
            DataType::Text => ("text", false),
        };
        line(text, "type", Value::from(data_type));
        if !self.unit.is_empty() {
            line(text, "unit", Value::from(self.unit.as_str()));
        }
        // A range and digits mean something for numbers only, and the plant file says so.
        if let Some((low, high)) = self.range.filter(|_| is_numeric) {
            line(text, "range", Value::from(vec![low, high]));
        }
        if let Some(decimals) = self.decimals.filter(|_| is_numeric) {
            line(text, "decimals", Value::from(i64::from(decimals)));
        }
        if self.write {
            line(text, "write", Value::from(true));
        }
        Ok(())
    }
}

/// An id for something that its source calls `name`: letters without accents, digits, `_` and `-`, and never empty.
pub fn id_of(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars() {
        match c {
            'ä' => id.push_str("ae"),
            'ö' => id.push_str("oe"),
            'ü' => id.push_str("ue"),
            'Ä' => id.push_str("Ae"),
            'Ö' => id.push_str("Oe"),
            'Ü' => id.push_str("Ue"),
            'ß' => id.push_str("ss"),
            c if c.is_ascii_alphanumeric() || c == '-' => id.push(c),
            // However much of it stands between two words, it parts them once.
            _ if id.is_empty() || id.ends_with('_') => {}
            _ => id.push('_'),
        }
        if id.len() >= LONGEST {
            break;
        }
    }
    id.truncate(LONGEST);
    let id = id.trim_end_matches('_');
    if id.is_empty() { "tag".to_owned() } else { id.to_owned() }
}

/// The same id with a number behind it, for where it is taken.
pub fn numbered(id: &str, number: usize) -> String {
    let number = format!("_{number}");
    let kept: String = id.chars().take(LONGEST.saturating_sub(number.len())).collect();
    format!("{kept}{number}")
}

fn line(text: &mut String, key: &str, value: Value) {
    writeln!(text, "{key} = {value}").expect("a text takes whatever is written to it");
}

/// `Err` with the path of what TOML has no word for.
fn table(settings: &Settings) -> Result<Value, String> {
    let entry = |(key, json): (&String, &serde_json::Value)| Ok((key.clone(), value(key, json)?));
    settings.iter().map(entry).collect::<Result<toml::Table, String>>().map(Value::Table)
}

fn value(path: &str, json: &serde_json::Value) -> Result<Value, String> {
    match json {
        serde_json::Value::Null => Err(format!("`{path}` is nothing")),
        serde_json::Value::Bool(flag) => Ok(Value::from(*flag)),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::from(whole)),
            (None, Some(number)) if !json.is_u64() => Ok(Value::from(number)),
            _ => Err(format!("`{path}` is too large a number")),
        },
        serde_json::Value::String(text) => Ok(Value::from(text.as_str())),
        serde_json::Value::Array(items) => {
            items.iter().map(|item| value(path, item)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        serde_json::Value::Object(inner) => table(inner).map_err(|part| format!("{path}: {part}")),
    }
}
