//! The state of a host as it travels: its birth, its death, and those of others.

use serde::Deserialize;

use model::Timestamp;

use super::{Publish, Style};
use crate::sparkplug::topic;

/// Whether a host is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sparkplug) enum Presence {
    Online,
    Offline,
}

/// What a host told of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) presence: Presence,
    /// Since when, as it says; the text form of older versions does not.
    pub(super) since: Option<Timestamp>,
}

/// The birth or the death of a host.
pub(in crate::sparkplug) fn message(host: &str, presence: Presence, at: Timestamp) -> Publish {
    let online = presence == Presence::Online;
    let payload = format!(r#"{{"online":{online},"timestamp":{}}}"#, at.millis());
    Publish { topic: topic::state(host), payload: payload.into_bytes(), style: Style::State }
}

#[derive(Deserialize)]
struct Wire {
    online: bool,
    timestamp: Option<i64>,
}

/// Reads what a host told.
pub(super) fn read(payload: &[u8]) -> Option<Told> {
    match payload {
        b"ONLINE" => return Some(Told { presence: Presence::Online, since: None }),
        b"OFFLINE" => return Some(Told { presence: Presence::Offline, since: None }),
        _ => {}
    }
    let wire: Wire = serde_json::from_slice(payload).ok()?;
    let presence = if wire.online { Presence::Online } else { Presence::Offline };
    Some(Told { presence, since: wire.timestamp.map(Timestamp::from_millis) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let online = Told { presence: Presence::Online, since: Some(Timestamp::from_millis(7)) };
        assert_eq!(read(br#"{"online":true,"timestamp":7}"#), Some(online));
        assert_eq!(read(b"OFFLINE"), Some(Told { presence: Presence::Offline, since: None }));
        for wrong in [&b""[..], b"online", b"{}", b"{\"online\":1}", b"\xFF", b"[true]"] {
            assert_eq!(read(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
