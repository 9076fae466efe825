//! What is wrong with a plant file: one problem, one place, one remedy, and the list that collects them.
//!
//! The list is bounded, so that a damaged file of 16 MiB cannot fill the memory with complaints, and it counts what it
//! leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether a problem keeps the plant from being activated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The plant is not activated.
    Error,
    /// The plant runs, but this is probably not what was meant.
    Warning,
}

/// One thing that is wrong in the plant's files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the plant's folder.
    pub file: String,
    /// The line, from 1; 0 where none can be named.
    pub line: u32,
    /// Whether the plant can run in spite of it.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// A place in the plant's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// Index into the names given to [`Problems::new`].
    pub file: u32,
    /// From 1; 0 for the whole file.
    pub line: u32,
}

/// Most errors, and most warnings, that are listed; the rest is counted.
const LISTED: usize = 1_000;

/// What was written, for a message: on one line and not too long.
pub(crate) fn shown(written: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = written.chars().take(LONGEST).map(plain).collect();
    if shown.len() < written.len() {
        shown.push('…');
    }
    shown
}

/// How many known words are compared with unknown ones, for all remedies together.
const COMPARISONS: usize = 2_000_000;

/// Collects problems. The same problem at the same place is listed once, however many machines of a template have it.
#[derive(Debug)]
pub(crate) struct Problems {
    files: Vec<String>,
    found: BTreeMap<(Severity, Place, String), Found>,
    context: Option<Arc<str>>,
    listed: [usize; 2],
    left_out: [usize; 2],
    damaged: BTreeSet<Place>,
    comparisons: usize,
}

#[derive(Debug)]
struct Found {
    remedy: String,
    context: Option<Arc<str>>,
    more: usize,
}

impl Problems {
    /// An empty list for the files of these names.
    pub fn new(files: Vec<String>) -> Self {
        Self {
            files,
            found: BTreeMap::new(),
            context: None,
            listed: [0; 2],
            left_out: [0; 2],
            damaged: BTreeSet::new(),
            comparisons: COMPARISONS,
        }
    }

    /// Says for what the following problems were found, such as the machine a template is used by; `None` for nothing.
    pub fn set_context(&mut self, context: Option<Arc<str>>) {
        self.context = context;
    }

    /// For what problems are found at the moment.
    pub fn context(&self) -> Option<Arc<str>> {
        self.context.clone()
    }

    /// Says that a place could not be understood. What is said of it afterwards is not listed, and neither is what may
    /// be missing only because of it.
    pub fn set_damaged(&mut self, at: Place) {
        self.damaged.insert(at);
    }

    /// Adds an error about something that is not there: a key, or what a name refers to.
    pub fn absent(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        if self.damaged.is_empty() {
            self.error(at, message, remedy);
        }
    }

    /// Adds an error.
    pub fn error(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, at, message.into(), remedy.into());
    }

    /// Adds a warning.
    pub fn warning(&mut self, at: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Warning, at, message.into(), remedy.into());
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.listed[Severity::Error as usize] > 0
    }

    /// Whether a remedy may look for the nearest among so many words. Of a large plant in which everything is wrong, not
    /// every remedy can name the nearest word in reasonable time.
    pub fn afford(&mut self, comparisons: usize) -> bool {
        let left = if self.is_full() { None } else { self.comparisons.checked_sub(comparisons) };
        self.comparisons = left.unwrap_or(self.comparisons);
        left.is_some()
    }

    /// Whether no further error will be listed, so that words for it need not be looked for.
    pub fn is_full(&self) -> bool {
        self.listed[Severity::Error as usize] >= LISTED
    }

    /// A place in words, for a message at another place: `line 12` or `tags/pumps.csv line 12`.
    pub fn words(&self, place: Place, seen_from: Place) -> String {
        if place.file == seen_from.file {
            format!("line {}", place.line)
        } else {
            format!("{} line {}", self.file(place), place.line)
        }
    }

    /// All problems in the order of files and lines.
    pub fn into_list(self) -> Vec<Problem> {
        let files = self.files;
        let name = |place: Place| files.get(place.file as usize).cloned().unwrap_or_default();
        let mut list: Vec<(Place, Problem)> = Vec::with_capacity(self.found.len() + 2);
        for ((severity, place, message), found) in self.found {
            let message = match (found.context, found.more) {
                (None, _) => message,
                (Some(context), 0) => format!("{message} ({context})"),
                (Some(context), more) => format!("{message} ({context} and {more} more)"),
            };
            let problem = Problem { file: name(place), line: place.line, severity, message, remedy: found.remedy };
            list.push((place, problem));
        }
        list.sort_by(|(a_at, a), (b_at, b)| (a_at, a.severity).cmp(&(b_at, b.severity)));
        let mut list: Vec<Problem> = list.into_iter().map(|(_, problem)| problem).collect();
        for (severity, words) in [(Severity::Error, "errors"), (Severity::Warning, "warnings")] {
            let left_out = self.left_out[severity as usize];
            if left_out > 0 {
                list.push(Problem {
                    file: name(Place { file: 0, line: 0 }),
                    line: 0,
                    severity,
                    message: format!("{left_out} more {words} are not listed"),
                    remedy: "repair those that are listed and check again".to_owned(),
                });
            }
        }
        list
    }

    pub fn file(&self, place: Place) -> &str {
        self.files.get(place.file as usize).map_or("", String::as_str)
    }

    fn add(&mut self, severity: Severity, at: Place, message: String, remedy: String) {
        if self.damaged.contains(&at) {
            return;
        }
        let key = (severity, at, message);
        if let Some(found) = self.found.get_mut(&key) {
            found.more += usize::from(found.context != self.context);
        } else if self.listed[severity as usize] < LISTED {
            self.listed[severity as usize] += 1;
            self.found.insert(key, Found { remedy, context: self.context.clone(), more: 0 });
        } else {
            self.left_out[severity as usize] += 1;
        }
    }
}
