//! Who is in front of this machine, as records will say.

use api::Principal;
use api::wire::{Host, Permission};

/// The person who is logged in to this machine, with every permission: until Andon has users of its own, whoever may
/// start it on this machine may operate it.
pub fn principal(host: Host) -> Principal {
    Principal {
        user: user(),
        station: station(),
        permissions: vec![Permission::View, Permission::Acknowledge, Permission::Operate, Permission::Configure],
        host,
    }
}

fn user() -> String {
    ["USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

fn station() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
