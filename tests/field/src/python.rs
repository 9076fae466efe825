//! The Python that peers are written in, with the packages they need.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The packages, in the versions the tests were written with.
const PACKAGES: [(&str, &str); 3] = [("pymodbus", "3.14.0"), ("pyserial", "3.5"), ("aiosmtpd", "1.4.6")];

/// What to do where Python is missing.
pub const REMEDY: &str = "apt-get install python3-venv";

/// A program of `peers`, to be run by a Python that has the packages: the one that `ANDON_PYTHON` names, or one made here in the
/// target folder.
///
/// # Panics
/// When Python or a package is not there and cannot be had.
pub fn peer(script: &str) -> Command {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    // Tests of one process run at once, and only one of them may make it.
    let python = std::env::var_os("ANDON_PYTHON").map_or_else(|| MADE.get_or_init(make_python).clone(), PathBuf::from);
    let mut command = Command::new(python);
    command.arg(script);
    command
}

fn make_python() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/field-venv");
    let python = folder.join("bin/python");
    let versions: Vec<String> =
        PACKAGES.iter().map(|(name, version)| format!("importlib.metadata.version('{name}') == '{version}'")).collect();
    let wanted = format!("import importlib.metadata, sys; sys.exit(not ({}))", versions.join(" and "));
    let is_there =
        || Command::new(&python).args(["-c", &wanted]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if is_there() {
        return python;
    }
    let make = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status();
    assert!(make.is_ok_and(|s| s.success()), "no Python environment can be made: {REMEDY}");
    let packages = PACKAGES.map(|(name, version)| format!("{name}=={version}"));
    let install = Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(&packages).status();
    let words = packages.join(" ");
    assert!(install.is_ok_and(|s| s.success()) && is_there(), "{words} cannot be installed: pip install {words}");
    python
}
