//! The contract with every user interface: the list of commands, the data on the wire, the bytes of live values, and
//! the router that checks permission and writes the audit record.
//!
//! Hosts (the desktop window, the loopback web host, tests) call [`Api::call`] and [`Api::frame`] and know no command by
//! name. You do *not* need this crate to run a plant without anybody looking at it.
//!
//! **Invariant:** it names no host, Tauri least of all. Nothing is carried out that its caller may not do, and nothing
//! that is audited before its intent is on disk.

mod bindings;
#[cfg(test)]
mod calls;
mod commands;
mod contract;
mod exports;
mod failure;
pub mod frame;
mod past;
mod picture;
mod router;
pub mod wire;

pub use bindings::typescript;
pub use commands::{JournalExportError, export_journal};
pub use contract::{Audit, COMMANDS, Command, command};
pub use failure::{Code, Failure};
pub use picture::{Line, Picture, draw};
pub use router::{AddError, Answer, Api, Demo, FrameRequest, Notifications, Parts, PlantFolder, Principal};
