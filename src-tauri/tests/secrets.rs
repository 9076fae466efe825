//! The real program with secrets: kept in no other place than a store, and found again in none of its files and words.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What must be seen nowhere.
const CANARY: &str = "tr0ub4dor-canary";

/// Runs the program in a home of its own, where no keyring is, with something piped into it.
fn andon(home: &Path, arguments: &[&str], piped: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("CREDENTIALS_DIRECTORY", home.join("credentials"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    // It may refuse before it reads.
    let _unread = child.stdin.take().expect("a pipe").write_all(piped.as_bytes());
    child.wait_with_output().expect("our own child")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// All files below a folder that hold the canary.
fn holding(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holding(&path, found);
        } else if fs::read(&path).expect("a file").windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn without_a_keyring_nothing_is_kept_and_the_way_out_is_told() {
    let home = tempfile::tempdir().expect("a scratch folder");
    for arguments in [&["secret", "set", "broker"][..], &["secret", "set", "broker", "--login"]] {
        let output = andon(home.path(), arguments, &format!("anna\n{CANARY}\n"));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("none runs in this session") && said.contains("systemd credential"), "{said}");
        assert!(!said.contains(CANARY), "{said}");
    }
    let output = andon(home.path(), &["secret", "set", "no/name"], CANARY);
    assert_eq!(output.status.code(), Some(1));
    let mut found = Vec::new();
    holding(home.path(), &mut found);
    assert_eq!(found, Vec::<String>::new(), "it was kept as plain text");
}

#[test]
fn a_secret_in_the_plant_file_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().expect("a scratch folder");
    let plant = format!(
        "[plant]\nname = \"Ulm\"\n\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"anna:{CANARY}@broker\"\n\
         password = \"{CANARY}\"\n"
    );
    fs::write(home.path().join("plant.toml"), plant).expect("a file");
    let output = andon(home.path(), &["check", home.path().to_str().expect("UTF-8")], "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("plant.toml:7: error") && said.contains("plant.toml:8: error"), "{said}");
    assert!(said.contains("must not be written into the plant file"), "{said}");
    assert!(!said.contains(CANARY), "{said}");
}

#[test]
fn what_systemd_passes_is_found_and_not_removed() {
    let home = tempfile::tempdir().expect("a scratch folder");
    let credentials = home.path().join("credentials");
    fs::create_dir(&credentials).expect("a folder");
    fs::write(credentials.join("broker"), format!("anna\n{CANARY}")).expect("a file");
    fs::set_permissions(credentials.join("broker"), fs::Permissions::from_mode(0o400)).expect("our own file");
    let output = andon(home.path(), &["secret", "forget", "broker"], "");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(credentials.join("broker").exists() && !said.contains(CANARY), "{said}");
}
