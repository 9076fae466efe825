//! The table of texts, each once, and the index of their letters: what was shown, said or done, and by whom.
//!
//! A journal of millions of entries has few texts, because alarms repeat theirs. So a search looks for texts first and
//! then for the entries that have one of them. The index is SQLite's FTS5 with its trigram tokenizer, which finds any part
//! of a text of three letters or more; a shorter part is in most texts anyway, and all of them are looked through.

use std::collections::HashMap;

use history::sqlite::Step;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::ids::IdSet;

/// Letters that the index knows together.
const TRIGRAM: usize = 3;

/// `uses` counts the subjects and blocks that name the text; without one it goes.
pub(crate) const STEPS: &[Step] = &[Step {
    version: 2,
    sql: "CREATE TABLE texts (
              id   INTEGER PRIMARY KEY,
              text TEXT NOT NULL UNIQUE,
              uses INTEGER NOT NULL
          ) STRICT;
          CREATE VIRTUAL TABLE letters USING fts5 (
              text, content = '', contentless_delete = 1, tokenize = 'trigram'
          );",
}];

/// The numbers of texts, as far as one piece of work needed them.
#[derive(Default)]
pub(crate) struct Numbers(HashMap<String, i64>);

/// A text to look for in any case of letters.
pub(crate) struct Folded(String);

impl Numbers {
    /// The number of a text, made where there is none.
    pub(crate) fn make(&mut self, transaction: &Transaction<'_>, text: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.0.get(text) {
            return Ok(*id);
        }
        let id = match find(transaction, text)? {
            Some(id) => id,
            None => {
                let id = transaction
                    .prepare_cached("INSERT INTO texts (text, uses) VALUES (?1, 0)")?
                    .insert(params![text])?;
                transaction
                    .prepare_cached("INSERT INTO letters (rowid, text) VALUES (?1, ?2)")?
                    .execute(params![id, text])?;
                id
            }
        };
        self.0.insert(text.to_owned(), id);
        Ok(id)
    }
}

/// The number of a text.
pub(crate) fn find(connection: &Connection, text: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM texts WHERE text = ?1")?
        .query_row(params![text], |row| row.get(0))
        .optional()
}

/// Something more names the text.
pub(crate) fn hold(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    transaction.prepare_cached("UPDATE texts SET uses = uses + 1 WHERE id = ?1")?.execute(params![id])?;
    Ok(())
}

/// Something names the text no longer. Where nothing else does, it is gone.
pub(crate) fn release(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    let left: Option<i64> = transaction
        .prepare_cached("UPDATE texts SET uses = uses - 1 WHERE id = ?1 RETURNING uses")?
        .query_row(params![id], |row| row.get(0))
        .optional()?;
    if left.is_some_and(|left| left <= 0) {
        transaction.prepare_cached("DELETE FROM letters WHERE rowid = ?1")?.execute(params![id])?;
        transaction.prepare_cached("DELETE FROM texts WHERE id = ?1")?.execute(params![id])?;
    }
    Ok(())
}

/// The texts with a text in them.
pub(crate) fn with(connection: &Connection, wanted: &Folded) -> rusqlite::Result<IdSet> {
    // The tokenizer leaves out what is no letter at all.
    let letters = wanted.0.chars().filter(|letter| *letter != '\0').count();
    if letters >= TRIGRAM {
        let phrase = wanted.phrase();
        return connection
            .prepare_cached("SELECT rowid FROM letters WHERE letters MATCH ?1")?
            .query_map(params![phrase], |row| row.get(0))?
            .collect();
    }
    let mut statement = connection.prepare_cached("SELECT id, text FROM texts")?;
    let mut rows = statement.query([])?;
    let mut found = IdSet::default();
    let mut buffer = String::new();
    while let Some(row) = rows.next()? {
        if wanted.is_in(row.get_ref(1)?.as_str()?, &mut buffer) {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let mut folded = String::new();
        fold(text, &mut folded);
        Folded(folded)
    }

    /// Whether a text has it; `buffer` is used again from text to text.
    pub(crate) fn is_in(&self, candidate: &str, buffer: &mut String) -> bool {
        fold(candidate, buffer).contains(&self.0)
    }

    /// As a phrase of FTS5's language, in which nothing but a quotation mark has a meaning.
    fn phrase(&self) -> String {
        let mut phrase = String::with_capacity(self.0.len() + 2);
        phrase.push('"');
        for letter in self.0.chars() {
            if letter == '"' {
                phrase.push('"');
            }
            phrase.push(letter);
        }
        phrase.push('"');
        phrase
    }
}

/// The text in small letters, in a buffer that is used again.
fn fold<'a>(text: &str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        buffer.extend(text.chars().flat_map(char::to_lowercase));
    }
    buffer
}
