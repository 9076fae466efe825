//! The plant file: a document in, a resolved plant and a list of problems out; and the difference between two plants.
//!
//! What was said (the document: tables with lines) is kept apart from what it means (the [`Plant`]: references that
//! hold, formulas that compile, alarms that can be evaluated). Reading never stops at the first problem: everything
//! that can be found wrong is found in one go, each with file, line and remedy. `docs/plant-file.md` describes the
//! format.
//!
//! You do *not* need this crate to run a plant, only to find out what it is. Reading the folder from disk is the
//! caller's.
//!
//! **Invariant:** no file, no socket, no clock, no logging. A plant is handed out only if there is no error in its
//! files; an id that had a slot in the live table keeps it over every later reading.

mod addition;
mod alarms;
mod difference;
mod document;
mod equipment;
mod fields;
mod first_out;
mod formulas;
mod gateways;
mod ids;
mod keeping;
mod nearest;
mod notification;
mod notifying;
mod plant;
mod problem;
mod read;
mod recording;
mod retuning;
mod settings;
mod stations;
mod tags;
mod template;

use std::collections::BTreeMap;

pub use addition::{Addition, NewMachine, NewTag, Unwritable, id_of, numbered};
pub use difference::{Changes, Difference, difference};
pub use notification::{Mail, MailTls, Notification, Quiet, Recipient};
pub use plant::{
    AlarmDefinition, CertificateFault, Gateway, JournalKeep, Plant, Role, Source, Tag, TagIndices, Watch, Written,
};
pub use problem::{Problem, Severity};
pub use read::read;
pub use recording::{Recording, Rule};
pub use retuning::{Retuning, Unchangeable};
pub use stations::Stations;

/// The format of the plant file, as its key `format` says it. It goes up when an older version of the program would
/// misread a newer file.
pub const FORMAT: i64 = 1;
/// The largest file that is read, in bytes.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Most tags of a plant.
pub const TAGS: usize = 200_000;
/// Most entries of `[[alarms]]` of a plant, those of templates counted for every machine.
pub const ALARMS: usize = 200_000;

/// The texts of a plant's folder by path relative to it, with `/` between folders: `plant.toml`, `tags/pumps.csv`.
/// Other files are no concern of this crate and may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    texts: BTreeMap<String, String>,
}

/// What came of reading a plant's files.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The plant; `None` if there is any error.
    pub plant: Option<Plant>,
    /// Errors and warnings in the order of files and lines.
    pub problems: Vec<Problem>,
}

impl Files {
    /// A folder with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file's text, or replaces it.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(path.into(), text.into());
    }

    /// A file's text; `None` where there is no such file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}
