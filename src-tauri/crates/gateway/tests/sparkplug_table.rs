//! `docs/sparkplug.md` says of every assertion for host applications whether it is tested. Here is checked that it does,
//! and that the tests it names are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many assertions bind a host (Sparkplug 3.0).
const ASSERTIONS: usize = 98;

fn crate_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn every_assertion_is_in_the_table_and_every_test_it_names_is_there() {
    let document = std::fs::read_to_string(crate_folder().join("../../../docs/sparkplug.md")).expect("the document");
    let mut text = String::new();
    sources(&crate_folder().join("src/sparkplug"), &mut text);
    text.push_str(&std::fs::read_to_string(crate_folder().join("tests/sparkplug_session.rs")).expect("text"));
    let tests: BTreeSet<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("tck_id_"))
        .collect();

    let rows: Vec<Vec<&str>> = document
        .lines()
        .filter(|line| line.starts_with("| `tck-id-"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!((rows.len(), ids.len()), (ASSERTIONS, ASSERTIONS), "each once");
    for row in &rows {
        let [id, meaning, how] = row[..] else { panic!("three columns: {row:?}") };
        assert!(!meaning.is_empty() && !how.is_empty(), "{id}");
        let test = id.trim_matches('`').replace('-', "_").to_lowercase();
        let is_tested = how.starts_with("tested");
        assert_eq!(tests.contains(test.as_str()), is_tested, "{id}: the table says \"{how}\"");
    }
    let named: BTreeSet<String> = ids.iter().map(|id| id.replace('-', "_").to_lowercase()).collect();
    let unknown: Vec<_> = tests.iter().filter(|test| !named.contains(**test)).collect();
    assert!(unknown.is_empty(), "tests of assertions that do not exist: {unknown:?}");
}
