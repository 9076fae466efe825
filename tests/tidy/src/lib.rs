//! The repository's rules, as tests over its own sources: see `tests/rules`.
//!
//! This library only reads the tree. A rule is added as a test beside the others; what it forbids is said in its message
//! together with what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

/// What is made, not written, or not ours.
const LEFT_OUT: [&str; 9] =
    ["target", "node_modules", "dist", "gen", "permissions", "results", ".git", "test-results", "__pycache__"];

/// A text file of the tree.
pub struct Source {
    /// Its path from the top, with `/` between folders.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Source {
    /// Its lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// The part before a Rust file's unit tests; all of it where there are none.
    pub fn without_tests(&self) -> &str {
        self.text.split("\n#[cfg(test)]").next().unwrap_or(&self.text)
    }

    /// Whether a program wrote it, which it then says at its top.
    pub fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.to_lowercase().contains("generated"))
    }
}

/// The checkout's top.
pub fn top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/tidy is two folders below the top").to_path_buf()
}

/// Every file below `folder` whose name ends with one of `endings`, in order of their paths.
pub fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&top(), &top().join(folder), endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "a rule that looks at no file says nothing: {folder} has none of {endings:?}");
    found
}

/// Fails with everything that was found, and with what to do about it.
pub fn none(found: &[String], remedy: &str) {
    assert!(found.is_empty(), "{remedy}\n  {}\n", found.join("\n  "));
}

fn walk(top: &Path, folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry of a folder that is being read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(top, &path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(top).expect("below the top").to_string_lossy().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}
