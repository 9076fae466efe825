//! The demo plant: a bottling line behind a real MQTT broker and a real Modbus TCP server, both on loopback.
//!
//! [`Demo`] runs it at real time and writes a plant folder that says where it is; whoever reads that folder reaches the
//! line through the same gateways as any other plant. Nothing is short-cut: no value leaves this crate but as an MQTT
//! payload, a Modbus register or a row of written past.
//!
//! Inside: `line` is the model, pure and deterministic from its seed; `readings` is what its sensors say; `messages` and
//! `registers` are how the controllers say it; `broker`, `publisher` and `plc` are the network; `past` writes history.
//!
//! **Invariant:** everything listens on 127.0.0.1 only.

mod broker;
#[cfg(test)]
mod day;
mod demo;
mod line;
mod messages;
mod past;
mod plant_file;
mod plc;
mod publisher;
mod random;
mod readings;
mod registers;

pub use broker::BrokerError;
pub use demo::{Act, ActError, Demo, MachineView, Options, StartError, View};
pub use line::{Design, Station};
pub use past::PastTag;
pub use plant_file::FolderError;
