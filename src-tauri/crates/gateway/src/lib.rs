//! Talking to gateways: one trait, one supervisor, a module a protocol.
//!
//! The engine knows [`Gateways`], [`GatewayEvent`] and [`OpenLink`] and nothing else; only what puts the program together
//! names [`Network`], and through it the protocols. Nothing here decides what a value means for the plant: it is fetched,
//! decoded, given a quality and handed over.
//!
//! **Invariant:** a link never ends by itself. Whatever happens to it, a panic included, is a [`model::LinkStatus`] with
//! its reason in words and a number in its [`model::Traffic`], and the next attempt follows.

mod attempt;
mod backoff;
mod convert;
mod counters;
mod credentials;
mod form;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
#[cfg(all(test, not(feature = "fuzzing")))]
mod fuzz;
mod link;
mod modbus;
mod mqtt;
mod network;
mod outlet;
mod references;
mod requests;
mod socket;
mod sparkplug;
mod supervisor;
mod tls;

pub use counters::Counters;
pub use credentials::{Credentials, NoCredentials, Secret, is_certificate_file, is_secret_name};
pub use link::{GatewayEvent, Gateways, OpenLink, Receipt, What};
pub use mqtt::board::{Arrived, Board, Sheet};
pub use network::Network;
pub use requests::{Answer, LinkHandle, Request, Requests, channel};
pub use tls::certificates;
