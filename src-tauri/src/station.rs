//! Who is in front of this machine, as records will say.

use api::Principal;
use api::wire::{Host, Permission};

/// The person who is logged in to this machine, with every permission: until Andon has users of its own, whoever may
/// start it on this machine may operate it.
pub fn principal(host: Host) -> Principal {
    Principal {
        user: user(),
        station: name(),
        permissions: vec![Permission::View, Permission::Acknowledge, Permission::Operate, Permission::Configure],
        host,
    }
}

fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let id = rustix::process::getuid().as_raw();
    named
        .chain(std::fs::read_to_string("/etc/passwd").ok().and_then(|users| listed(&users, id)))
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| format!("user {id}"))
}

/// The name of a user in the system's list (passwd(5)), for a process that was started with an empty environment.
fn listed(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// The name of this machine: whatever is done here is known under it.
pub fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000::/home/anna:/bin/sh\nbroken\n";
        assert_eq!(listed(users, 1000).as_deref(), Some("anna"));
        assert_eq!(listed(users, 7), None);
    }
}
