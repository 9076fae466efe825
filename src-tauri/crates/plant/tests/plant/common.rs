//! What the tests share: protocols to judge by, and problems as lines of text.

use model::{GatewaySpec, Point, Protocols, Rejection, Settings};
use plant::{Files, Plant, Problem, Severity, TagIndices};

/// A machine and a gateway of each kind, to be put behind the text of a test so that its lines count from 1.
pub const AROUND: &str = r#"
[plant]
name = "Ulm"
[[gateways]]
id = "broker"
kind = "mqtt"
host = "broker.local"
[[gateways]]
id = "plc"
kind = "modbus-tcp"
host = "plc.local"
[[machines]]
path = "ulm/fill/line1/filler"
name = "Filler"
"#;

/// Knows as much of two protocols as the plant file's reader makes use of.
pub struct Known;

impl Protocols for Known {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["mqtt", "modbus-tcp"]
    }

    fn check_gateway(&self, spec: &GatewaySpec) -> Result<(), Vec<Rejection>> {
        judge(&spec.settings, &["host", "port", "topics"], "host")
    }

    /// `topics` of a gateway is the topic of all its tags below the plant itself, with `@` for the tag's id.
    fn full_address(&self, spec: &GatewaySpec, point: &Point) -> Result<Settings, Vec<Rejection>> {
        let mut full = point.address.clone();
        let Some(topics) = spec.settings.get("topics").and_then(|topics| topics.as_str()) else { return Ok(full) };
        if !point.id.contains('/') {
            let (message, remedy) = ("no level for `topics`".to_owned(), "write its own".to_owned());
            return Err(vec![Rejection { key: Some("topic".to_owned()), message, remedy }]);
        }
        full.entry("topic").or_insert_with(|| topics.replace('@', &point.id).into());
        Ok(full)
    }

    fn has_board(&self, spec: &GatewaySpec) -> bool {
        spec.kind == "mqtt"
    }

    fn check_point(&self, spec: &GatewaySpec, point: &Point) -> Result<(), Vec<Rejection>> {
        match &*spec.kind {
            "mqtt" => judge(&point.address, &["topic", "pointer"], "topic"),
            _ => judge(&point.address, &["table", "register", "type", "bit", "order"], "register"),
        }
    }
}

fn judge(settings: &Settings, known: &[&str], needed: &str) -> Result<(), Vec<Rejection>> {
    let unknown = settings.keys().filter(|key| !known.contains(&key.as_str())).map(|key| Rejection {
        key: Some(key.clone()),
        message: format!("unknown setting `{key}`"),
        remedy: format!("use one of: {}", known.join(", ")),
    });
    let wrong = ["register", "port"].into_iter().filter(|key| settings.get(*key).is_some_and(|value| !value.is_u64()));
    let wrong = wrong.map(|key| Rejection {
        key: Some(key.to_owned()),
        message: format!("`{key}` is {}, not a number", settings[key]),
        remedy: "use a number".to_owned(),
    });
    let missing = (!settings.contains_key(needed)).then(|| Rejection {
        key: None,
        message: format!("`{needed}` is missing"),
        remedy: "add it".to_owned(),
    });
    let all: Vec<Rejection> = unknown.chain(wrong).chain(missing).collect();
    if all.is_empty() { Ok(()) } else { Err(all) }
}

/// A folder with a plant file.
pub fn folder(text: &str) -> Files {
    let mut files = Files::new();
    files.insert("plant.toml", text);
    files
}

/// The plant of a folder that must have one.
pub fn plant(files: &Files, keep: &TagIndices) -> Plant {
    let reading = plant::read(files, &Known, keep);
    let problems = lines(&reading.problems);
    reading.plant.unwrap_or_else(|| panic!("the files are right, but: {problems:#?}"))
}

/// Problems as `line message; remedy`, with the file where it is another one than the plant's own.
pub fn lines(problems: &[Problem]) -> Vec<String> {
    let words = |problem: &Problem| {
        let Problem { file, line, severity, message, remedy } = problem;
        let file = if file == "plant.toml" { String::new() } else { format!("{file} ") };
        let severity = match severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        format!("{file}{line} {severity}{message}; {remedy}")
    };
    problems.iter().map(words).collect()
}

/// Checks the problems of a plant file. In `text`, `TAG` and `ALARM` on a line of their own begin an entry of the
/// filler; behind it comes [`AROUND`].
pub fn check(text: &str, expect: &[&str]) {
    check_files(text, &[], expect);
}

/// Checks the problems of a plant file with further files.
pub fn check_files(text: &str, files: &[(&str, &str)], expect: &[&str]) {
    const FILLER: &str = "machine = \"ulm/fill/line1/filler\"";
    let entry = |line: &str| match line {
        "TAG" => format!("[[tags]]\n{FILLER}\n"),
        "ALARM" => format!("[[alarms]]\n{FILLER}\n"),
        line => format!("{line}\n"),
    };
    let text: String = text.lines().map(entry).collect();
    let mut folder = folder(&format!("{text}{AROUND}"));
    for (path, text) in files {
        folder.insert(*path, *text);
    }
    let reading = plant::read(&folder, &Known, &TagIndices::default());
    assert_eq!(lines(&reading.problems), expect, "the problems of\n{text}\n{files:?}");
    let has_errors = reading.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(reading.plant.is_some(), !has_errors, "there is a plant exactly where there is no error:\n{text}");
}
