//! `andon demo act`: disturbing the demo plant from a terminal.
//!
//! It calls the contract of the Andon that runs, as a browser would, and finds its address in the data folder; so it
//! works only on an Andon that is served.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use api::wire::{DemoAct, DemoView};
use clap::Subcommand;
use serde::de::DeserializeOwned;

use crate::data;
use crate::http::Address;

/// What can be done to the demo plant.
#[derive(Clone, Debug, Subcommand)]
pub enum Act {
    /// Jam a machine until it is cleared.
    Jam {
        /// Its path, or the last part of it, such as `filler`.
        machine: String,
    },
    /// Clear a jam.
    Clear {
        /// Its path, or the last part of it, such as `filler`.
        machine: String,
    },
    /// Make the broker vanish as if it was killed.
    StopBroker,
    /// Start it again, with nothing remembered.
    StartBroker,
    /// The PLC holds its connections but answers nothing.
    FreezePlc,
    /// It answers again.
    ThawPlc,
    /// Many machines go out of limits at once, for a minute.
    Flood,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Nobody to talk to.
    #[error(
        "no served demo plant runs with the data folder {folder}: start one with `andon demo --serve`, or name its data folder with --data DIR"
    )]
    Finding {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// It does not answer.
    #[error("the demo plant at {address} does not answer")]
    Calling {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// It answers what makes no sense.
    #[error("the answer is not understood; is it another version of Andon?")]
    Understanding(#[source] serde_json::Error),
    /// It refuses.
    #[error("{0}")]
    Refused(String),
    /// There is no such machine.
    #[error("the demo plant has no machine '{machine}'; it has {known}")]
    UnknownMachine {
        /// What was typed.
        machine: String,
        /// What there is.
        known: String,
    },
}

/// Does it, and prints how the demo stands then.
///
/// # Errors
/// [`ActError`].
pub fn run(folder: &Path, what: &Act) -> Result<(), ActError> {
    let url = fs::read_to_string(data::served(folder)).unwrap_or_default();
    let address = Address::parse(&url).ok_or_else(|| ActError::Finding { folder: folder.to_path_buf() })?;
    let machine = |wanted: &str| machine(&call(&address, "demo_read", "{}")?, wanted);
    let act = match what {
        Act::Jam { machine: wanted } => DemoAct::Jam { machine: machine(wanted)? },
        Act::Clear { machine: wanted } => DemoAct::Clear { machine: machine(wanted)? },
        Act::StopBroker => DemoAct::StopBroker {},
        Act::StartBroker => DemoAct::StartBroker {},
        Act::FreezePlc => DemoAct::FreezePlc {},
        Act::ThawPlc => DemoAct::ThawPlc {},
        Act::Flood => DemoAct::AlarmFlood {},
    };
    let request = serde_json::to_string(&act).map_err(ActError::Understanding)?;
    print(&call(&address, "demo_act", &request)?);
    Ok(())
}

fn call<T: DeserializeOwned>(address: &Address<'_>, command: &str, request: &str) -> Result<T, ActError> {
    let answer = address
        .call(command, request)
        .map_err(|source| ActError::Calling { address: address.authority.to_owned(), source })?;
    if answer.status == 200 {
        return serde_json::from_slice(&answer.body).map_err(ActError::Understanding);
    }
    let failure: api::Failure = serde_json::from_slice(&answer.body).map_err(ActError::Understanding)?;
    Err(ActError::Refused(failure.message))
}

/// The path of the machine that was meant.
fn machine(view: &DemoView, wanted: &str) -> Result<String, ActError> {
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    view.machines
        .iter()
        .find(|machine| machine.id == wanted || last(&machine.id) == wanted)
        .map(|machine| machine.id.clone())
        .ok_or_else(|| ActError::UnknownMachine {
            machine: wanted.to_owned(),
            known: view.machines.iter().map(|machine| last(&machine.id)).collect::<Vec<_>>().join(", "),
        })
}

fn print(view: &DemoView) {
    let jammed: Vec<&str> =
        view.machines.iter().filter(|machine| machine.jammed).map(|machine| machine.name.as_str()).collect();
    println!("jammed:  {}", if jammed.is_empty() { "none".into() } else { jammed.join(", ") });
    println!("broker:  {}", if view.broker_running { "running" } else { "stopped" });
    println!("PLC:     {}", if view.plc_frozen { "frozen" } else { "answering" });
    println!("flood:   {}", if view.flooding { "going on" } else { "none" });
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::wire::DemoMachine;

    #[test]
    fn a_machine_is_known_by_its_path_or_its_last_part() {
        let view = DemoView {
            machines: vec![DemoMachine { id: "site/area/line/filler".into(), name: "Filler".into(), jammed: false }],
            broker_running: true,
            plc_frozen: false,
            flooding: false,
        };
        for wanted in ["filler", "site/area/line/filler"] {
            assert_eq!(machine(&view, wanted).expect("the filler"), "site/area/line/filler");
        }
        let unknown = machine(&view, "Filler").expect_err("names are not ids");
        assert!(unknown.to_string().contains("it has filler"), "{unknown}");
    }
}
