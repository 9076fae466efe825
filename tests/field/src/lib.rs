//! Real brokers and PLCs as peers of the gateways, and real servers as peers of notification.
//!
//! The tests start what they need and end it again, each on its own free port with its own files. A peer program that is
//! not installed makes a test fail with what to install. Only what needs a network of its own ([`lab`]) cannot run
//! everywhere; where it could not, it says so on the screen.

pub mod broker;
pub mod certificates;
pub mod disk;
pub mod edge;
pub mod figures;
pub mod lab;
#[path = "../../../src-tauri/crates/gateway/tests/peer/mod.rs"]
pub mod link;
pub mod observer;
pub mod plc;
pub mod post;
mod process;
pub mod proxy;
pub mod pty;
mod publisher;
mod python;
pub mod station;
pub mod wallet;

pub use process::Process;

/// A port that was free a moment ago.
///
/// # Panics
/// When this machine has none.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
