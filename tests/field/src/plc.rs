//! A PLC made of pymodbus.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::python::{REMEDY, peer};
use crate::{Process, free_port};

/// A Modbus TCP server.
#[derive(Debug)]
pub struct Plc {
    /// Where it listens, on this machine alone.
    pub port: u16,
    framing: Framing,
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
    /// Registers in each table; 0 stands for 200.
    pub registers: u32,
}

/// How its frames travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Modbus TCP.
    #[default]
    Tcp,
    /// RTU frames over TCP, as a serial device server carries them.
    RtuOverTcp,
}

impl Plc {
    /// Starts a PLC with one unit, 1.
    ///
    /// # Panics
    /// When Python or pymodbus is not there and cannot be had.
    pub async fn start(content: &Content) -> Plc {
        Self::start_with(Framing::Tcp, content).await
    }

    /// The same, with frames of a kind.
    ///
    /// # Panics
    /// As [`Plc::start`].
    pub async fn start_with(framing: Framing, content: &Content) -> Plc {
        let mut plc = Plc { port: free_port(), framing, process: None };
        plc.restart(content).await;
        plc
    }

    /// Starts one on a serial port; it is ready when it answers.
    ///
    /// # Panics
    /// As [`Plc::start`].
    pub fn start_serial(device: &Path, content: &Content) -> Process {
        let told = json!({ "device": device, "framing": "rtu" });
        Process::spawn(&mut command(told, content), REMEDY)
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// As [`Plc::start`].
    pub async fn restart(&mut self, content: &Content) {
        let framing = match self.framing {
            Framing::Tcp => "socket",
            Framing::RtuOverTcp => "rtu",
        };
        let told = json!({ "port": self.port, "framing": framing });
        self.process = Some(Process::start(&mut command(told, content), self.port, REMEDY).await);
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

/// The program, with where to serve what on its standard input.
fn command(mut told: Json, content: &Content) -> Command {
    told["coils"] = json!(content.coils);
    told["discrete"] = json!(content.discrete);
    told["values"] = json!(content.values);
    told["registers"] = json!(if content.registers == 0 { 200 } else { content.registers });
    let mut file: File = tempfile::tempfile().expect("a temporary file");
    file.write_all(told.to_string().as_bytes()).expect("a writable file");
    std::io::Seek::rewind(&mut file).expect("a seekable file");
    let mut command = peer("plc.py");
    command.stdin(Stdio::from(file)).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}
