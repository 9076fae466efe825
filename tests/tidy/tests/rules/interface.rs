//! The user interface: one seam to its host, one place for colours, no text that becomes HTML, nothing from a network.

use tidy::{Source, none, sources};

fn interface() -> Vec<Source> {
    sources("ui/src", &[".ts", ".svelte", ".css"])
}

#[test]
fn only_one_file_knows_that_there_is_a_window() {
    let found: Vec<String> = interface()
        .into_iter()
        .filter(|source| source.path != "ui/src/host/tauri.ts" && source.text.contains("@tauri-apps/"))
        .map(|source| source.path)
        .collect();
    none(&found, "`@tauri-apps` is imported in ui/src/host/tauri.ts only; all else speaks to `Host`:");
}

#[test]
fn text_never_becomes_html() {
    let forbidden =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "{@html", "document.write", "eval(", "new Function("];
    let mut found = Vec::new();
    for source in interface() {
        for (at, line) in source.lines() {
            let words = forbidden.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{}:{at}: {word}", source.path)));
        }
    }
    none(&found, "names and notes come from outside; bind them as text:");
}

#[test]
fn colours_are_in_the_tokens_only() {
    let functions = ["rgb(", "rgba(", "hsl(", "hsla(", "oklch(", "oklab(", "lab(", "lch("];
    let mut found = Vec::new();
    for source in interface().into_iter().filter(|source| source.path != "ui/src/style/tokens.css") {
        for (at, line) in source.lines() {
            if functions.iter().any(|function| calls(line, function)) || has_hex_colour(line) {
                found.push(format!("{}:{at}: {}", source.path, line.trim()));
            }
        }
    }
    none(&found, "a colour is a token of ui/src/style/tokens.css, so that both themes have it:");
}

#[test]
fn nothing_comes_from_a_network() {
    let mut found = Vec::new();
    for source in sources("ui/src", &[".ts", ".svelte", ".css"]).into_iter().chain(sources("ui", &["index.html"])) {
        for (at, line) in source.lines() {
            let outside = line.replace("http://www.w3.org/", "");
            if outside.contains("http://") || outside.contains("https://") {
                found.push(format!("{}:{at}: {}", source.path, line.trim()));
            }
        }
    }
    none(&found, "fonts, pictures and sounds are in the program:");
}

/// Whether `line` has a call of `function`, and not of one whose name only ends alike.
fn calls(line: &str, function: &str) -> bool {
    line.match_indices(function)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'))
}

/// Whether `line` has `#` and 3, 4, 6 or 8 hexadecimal digits where a style or a string could have a colour.
fn has_hex_colour(line: &str) -> bool {
    line.match_indices('#').any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let digits = line[at + 1..].chars().take_while(char::is_ascii_hexdigit).count();
        let after = line[at + 1 + digits..].chars().next();
        // `{#each` is Svelte's, `#id` in a selector is followed by other letters.
        matches!(before, None | Some(' ' | ':' | '\'' | '"' | '`' | '(' | ','))
            && matches!(digits, 3 | 4 | 6 | 8)
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '/')
    })
}

#[test]
fn a_colour_is_known_when_it_is_seen() {
    for (line, colour) in [
        ("color: #fff;", true),
        ("const pen = '#1f2937';", true),
        ("{#each rows as row}", false),
        ("a[href='#/alarms']", false),
        ("href: `#${screen}`", false),
        ("#app {", false),
        ("// see #123456789", false),
    ] {
        assert_eq!(has_hex_colour(line), colour, "{line}");
    }
    assert!(calls("fill: rgb(1, 2, 3)", "rgb("));
    assert!(!calls("to_rgb(colour)", "rgb("));
}
