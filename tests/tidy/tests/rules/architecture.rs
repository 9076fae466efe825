//! Which room may know what. `docs` tells why; these are the invariants of the layout.

use tidy::{Source, none, sources};

/// The crates that decide and do nothing.
const PURE: [&str; 4] = ["model", "formula", "alarm", "plant"];

#[test]
fn pure_crates_have_no_io_no_clock_and_no_logging() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::thread",
        "std::process",
        "std::sync::Mutex",
        "SystemTime",
        "Instant::",
        "tokio",
        "tracing::",
        "rusqlite",
        "async fn",
        "println!",
        "eprintln!",
    ];
    let mut found = Vec::new();
    for name in PURE {
        for source in product(&format!("src-tauri/crates/{name}/src")) {
            for (at, line) in source.without_tests().lines().enumerate().filter(|(_, line)| !is_comment(line)) {
                for word in forbidden.iter().filter(|word| line.contains(**word)) {
                    found.push(format!("{}:{}: {word}", source.path, at + 1));
                }
            }
        }
        for manifest in sources(&format!("src-tauri/crates/{name}"), &["Cargo.toml"]) {
            for word in ["tokio", "tracing", "rusqlite", "rustix", "socket2"] {
                if dependencies(&manifest.text).any(|name| name == word) {
                    found.push(format!("{}: {word}", manifest.path));
                }
            }
        }
    }
    none(&found, "model, formula, alarm and plant do no I/O, have no clock and do not log; time is an argument:");
}

#[test]
fn the_engine_names_no_protocol() {
    let mut found = Vec::new();
    for source in sources("src-tauri/crates/engine/src", &[".rs"]) {
        for (at, line) in source.without_tests().lines().enumerate() {
            let lower = line.to_lowercase();
            for word in ["mqtt", "modbus", "sparkplug"].iter().filter(|word| lower.contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    none(&found, "the engine knows gateways by their trait only; a protocol belongs in a module of `gateway`:");
}

#[test]
fn only_the_shell_names_tauri() {
    let mut found = Vec::new();
    for source in sources("src-tauri/crates", &[".rs", "Cargo.toml"]) {
        for (at, line) in source.lines().filter(|(_, line)| !is_comment(line)) {
            if line.contains("tauri::")
                || line.contains("tauri =")
                || line.contains("tauri_")
                || line.contains("webkit2gtk")
            {
                found.push(format!("{}:{at}: {}", source.path, line.trim()));
            }
        }
    }
    for source in sources("src-tauri/src", &[".rs"]).iter().filter(|source| !source.path.contains("/src/window/")) {
        found.extend(
            source
                .lines()
                .filter(|(_, line)| line.contains("tauri::"))
                .map(|(at, line)| format!("{}:{at}: {}", source.path, line.trim())),
        );
    }
    none(&found, "Tauri is named in src-tauri/src/window and nowhere else:");
}

#[test]
fn crates_depend_only_downwards() {
    let allowed: [(&str, &[&str]); 15] = [
        ("model", &[]),
        ("formula", &["model"]),
        ("alarm", &["model"]),
        ("plant", &["model", "formula", "alarm"]),
        ("gateway", &["model"]),
        ("history", &["model"]),
        ("journal", &["model", "alarm", "history"]),
        ("engine", &["model", "formula", "alarm", "plant", "gateway", "history", "journal"]),
        ("stations", &["model", "alarm", "plant", "gateway", "journal", "engine"]),
        ("report", &["model", "history"]),
        ("exchange", &["model", "history"]),
        (
            "api",
            &["model", "plant", "alarm", "engine", "gateway", "history", "journal", "report", "exchange", "stations"],
        ),
        ("notify", &["model", "alarm", "plant", "gateway", "history", "journal"]),
        ("web", &["api", "model"]),
        ("simulator", &["model", "history"]),
    ];
    let mut found = Vec::new();
    for (name, below) in allowed {
        for manifest in sources(&format!("src-tauri/crates/{name}"), &["Cargo.toml"]) {
            let section = manifest.text.split("[dev-dependencies]").next().unwrap_or_default();
            let ours = dependencies(section).filter(|used| allowed.iter().any(|(crate_name, _)| crate_name == used));
            found.extend(ours.filter(|used| !below.contains(used)).map(|used| format!("{name} depends on {used}")));
        }
    }
    none(&found, "a crate may know only what is below it:");
}

#[test]
fn every_command_names_a_permission_and_whether_it_is_audited() {
    let contract = sources("src-tauri/crates/api/src", &["contract.rs"]).remove(0);
    let list = contract.text.split("\ncontract! {").nth(1).and_then(|rest| rest.split("\n}").next());
    let list = list.expect("the contract's list of commands");
    let mut commands = 0;
    let mut found = Vec::new();
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("///")) {
        commands += 1;
        let columns: Vec<&str> = line.trim_end_matches(';').rsplitn(3, ", ").collect();
        let complete = columns.len() == 3
            && ["Yes", "No"].contains(&columns[0])
            && ["View", "Acknowledge", "Operate", "Configure"].contains(&columns[1]);
        if !complete {
            found.push(line.to_owned());
        }
    }
    assert!(commands > 0, "the contract has no commands");
    none(&found, "a command names a permission and says whether it is audited:");
}

/// A crate's sources without the files that are compiled for its tests only.
fn product(folder: &str) -> Vec<Source> {
    let all = sources(folder, &[".rs"]);
    let for_tests: Vec<String> = all
        .iter()
        .flat_map(|source| source.text.split("#[cfg(test)]\nmod ").skip(1))
        .filter_map(|rest| rest.split_once(';'))
        .map(|(name, _)| format!("/{name}.rs"))
        .collect();
    all.into_iter().filter(|source| !for_tests.iter().any(|name| source.path.ends_with(name))).collect()
}

/// The names in a manifest's tables of dependencies.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    manifest
        .lines()
        .filter_map(|line| line.split_once(" = ").or_else(|| line.split_once(".workspace")))
        .map(|(name, _)| name.trim())
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}
