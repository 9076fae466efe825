//! What was said: tables and values with the line they stand on, from TOML or from CSV alike. Nothing here knows what
//! any key means.

mod comma;
mod text;

use std::borrow::Cow;

use crate::problem::Place;

pub(crate) use comma::rows;
pub(crate) use text::{Lines, parse};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub value: Raw<'a>,
    pub at: Place,
}

/// What a value looks like.
#[derive(Clone, Debug)]
pub(crate) enum Raw<'a> {
    Text(Cow<'a, str>),
    /// Text without a type of its own, from a CSV cell or a filled-in placeholder: whatever is asked for decides what
    /// it is.
    Cell(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Node<'a>>),
    Table(Table<'a>),
    /// Something that is reported already.
    Unusable,
}

/// Keys with values, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a> {
    pub entries: Vec<Entry<'a>>,
    pub at: Place,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub key: Cow<'a, str>,
    pub key_at: Place,
    pub node: Node<'a>,
}

impl<'a> Table<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The key with its place and value.
    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Raw<'_> {
    /// What it is, in words for a message.
    pub fn words(&self) -> &'static str {
        match self {
            Raw::Text(_) | Raw::Cell(_) => "a text",
            Raw::Int(_) => "a whole number",
            Raw::Float(_) => "a number",
            Raw::Bool(_) => "true or false",
            Raw::List(_) => "a list",
            Raw::Table(_) => "a table",
            Raw::Unusable => "unusable",
        }
    }
}
