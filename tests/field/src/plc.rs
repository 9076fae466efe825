//! A PLC made of pymodbus.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value as Json, json};

use crate::{Process, free_port};

/// The version the tests were written with; `src-tauri/xtask` installs the same.
const PYMODBUS: &str = "3.14.0";

/// A Modbus TCP server.
#[derive(Debug)]
pub struct Plc {
    /// Where it listens, on this machine alone.
    pub port: u16,
    process: Option<Process>,
}

/// What its tables hold. The encoding is done by Python's `struct`, so that an error of ours does not cancel out.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// From 0 upwards.
    pub coils: Vec<bool>,
    /// From 0 upwards.
    pub discrete: Vec<bool>,
    /// `{table, register, format, order, value}`, the format being a letter of `struct`.
    pub values: Vec<Json>,
}

impl Plc {
    /// Starts a PLC with one unit, 1.
    ///
    /// # Panics
    /// When Python or pymodbus is not there and cannot be had.
    pub async fn start(content: &Content) -> Plc {
        let mut plc = Plc { port: free_port(), process: None };
        plc.restart(content).await;
        plc
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// As [`Plc::start`].
    pub async fn restart(&mut self, content: &Content) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/plc.py");
        let told = json!({
            "port": self.port, "coils": content.coils, "discrete": content.discrete, "values": content.values,
        });
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(told.to_string().as_bytes()).expect("a writable file");
        std::io::Seek::rewind(&mut file).expect("a seekable file");
        let mut command = Command::new(python());
        command.arg(script).stdin(Stdio::from(file)).stdout(Stdio::null()).stderr(Stdio::inherit());
        self.process = Some(Process::start(&mut command, self.port, "apt-get install python3-venv").await);
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// The running program.
    ///
    /// # Panics
    /// When it was killed.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the PLC runs")
    }
}

/// A Python that has pymodbus: the one that `ANDON_PYTHON` names, or one made here in the target folder.
fn python() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(named) = std::env::var_os("ANDON_PYTHON") {
        return named.into();
    }
    // Tests of one process run at once, and only one of them may make it.
    MADE.get_or_init(make_python).clone()
}

fn make_python() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/field-venv");
    let python = folder.join("bin/python");
    let wanted = format!("import pymodbus, sys; sys.exit(pymodbus.__version__ != '{PYMODBUS}')");
    let is_there =
        || Command::new(&python).args(["-c", &wanted]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if is_there() {
        return python;
    }
    let make = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status();
    assert!(make.is_ok_and(|s| s.success()), "no Python environment can be made: apt-get install python3-venv");
    let package = format!("pymodbus=={PYMODBUS}");
    let install = Command::new(&python).args(["-m", "pip", "install", "--quiet", &package]).status();
    assert!(install.is_ok_and(|s| s.success()) && is_there(), "{package} cannot be installed: pip install {package}");
    python
}
