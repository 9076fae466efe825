//! How a file looks: its head, its length, and what must not be in it.

use tidy::{Source, none, sources};

/// A file is one idea; more lines than this are more than one.
const LONGEST: usize = 600;

/// What people wrote, all languages.
fn written() -> Vec<Source> {
    let interface: &[&str] = &[".ts", ".svelte", ".css", ".js"];
    [("src-tauri", &[".rs"][..]), ("ui", interface), ("tests", &[".rs", ".ts"])]
        .into_iter()
        .flat_map(|(folder, endings)| sources(folder, endings))
        .filter(|source| !source.is_generated())
        // The rules themselves name what they forbid.
        .filter(|source| !source.path.starts_with("tests/tidy/"))
        .collect()
}

#[test]
fn every_rust_file_begins_by_saying_what_it_is_for() {
    let mut found = Vec::new();
    for folder in ["src-tauri", "tests"] {
        let silent = sources(folder, &[".rs"]).into_iter().filter(|source| !source.text.starts_with("//!"));
        found.extend(silent.map(|source| source.path));
    }
    none(&found, "a file begins with `//!`: what it is for, and what it deliberately does not do:");
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let long = written().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LONGEST).then(|| format!("{}: {lines} lines", source.path))
    });
    none(&long.collect::<Vec<_>>(), "no hand-written file is longer than 600 lines; it is more than one idea:");
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let forbidden = [
        "TODO",
        "FIXME",
        "XXX",
        "todo!(",
        "unimplemented!(",
        "#[ignore",
        "test.skip",
        "it.skip",
        "describe.skip",
        "test.fixme",
        ".only(",
        "@ts-ignore",
        "@ts-nocheck",
        "dbg!(",
    ];
    let mut found = Vec::new();
    for source in written() {
        for (at, line) in source.lines() {
            found.extend(
                forbidden
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{at}: {word}", source.path)),
            );
        }
    }
    none(&found, "finish it, or leave it out; a test that is switched off proves nothing:");
}

#[test]
fn exceptions_from_lints_give_their_reason() {
    let mut found = Vec::new();
    for folder in ["src-tauri", "tests"] {
        for source in sources(folder, &[".rs"]).iter().filter(|source| !source.path.starts_with("tests/tidy/")) {
            for attribute in source.text.split("#[").chain(source.text.split("#![")).skip(1) {
                let attribute = attribute.split(")]").next().unwrap_or_default();
                let excepts = attribute.starts_with("allow(") || attribute.starts_with("expect(");
                if excepts && !attribute.contains("reason") {
                    found.push(format!("{}: #[{attribute})]", source.path));
                }
            }
        }
    }
    none(&found, "`allow` and `expect` say why with `reason = \"...\"`:");
}

#[test]
fn names_say_what_a_thing_is() {
    let empty = ["Manager", "Service", "Helper", "Helpers", "Util", "Utils", "Processor"];
    let mut found = Vec::new();
    for source in written() {
        for (at, line) in source.lines() {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                if ["struct", "enum", "trait", "class", "interface", "mod"].contains(&word)
                    && let Some(name) = words.next()
                    && empty.iter().any(|ending| name.ends_with(ending))
                    && !line.trim_start().starts_with("//")
                {
                    found.push(format!("{}:{at}: {name}", source.path));
                }
            }
        }
    }
    none(&found, "use the field's own word for it:");
}

#[test]
fn sql_is_never_put_together_from_text() {
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "PRAGMA ", "ATTACH "];
    let mut found = Vec::new();
    for source in sources("src-tauri", &[".rs"]) {
        let mut rest = source.without_tests();
        let mut line = 1;
        while let Some(at) = rest.find("format!(") {
            line += rest[..at].matches('\n').count();
            rest = &rest[at + "format!(".len()..];
            let text = rest.trim_start().trim_start_matches(['r', '#', '"']);
            if verbs.iter().any(|verb| text.starts_with(verb)) {
                found.push(format!("{}:{line}", source.path));
            }
        }
    }
    none(&found, "values go into SQL as parameters (`params!`), names are constants:");
}

#[test]
fn every_package_says_its_licence() {
    let mut found = Vec::new();
    for folder in ["src-tauri", "tests"] {
        let manifests = sources(folder, &["Cargo.toml"]).into_iter();
        found.extend(
            manifests
                .filter(|manifest| !manifest.text.contains("license.workspace = true"))
                .map(|manifest| manifest.path),
        );
    }
    for folder in ["ui", "tests"] {
        let manifests = sources(folder, &["package.json"]).into_iter();
        let silent = manifests.filter(|manifest| !manifest.text.contains("\"license\": \"MIT OR Apache-2.0\""));
        found.extend(silent.map(|manifest| manifest.path));
    }
    none(&found, "the licence is MIT OR Apache-2.0, and every package says so:");
}
