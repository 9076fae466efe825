//! `[stations]`: over which broker stations exchange what is done to alarms, and by which keys they know one another.

use std::collections::BTreeMap;

use model::Protocols;

use crate::fields::{Fields, instead};
use crate::gateways::Gateways;
use crate::problem::{Problems, shown};

const KEYS: [&str; 3] = ["exchange", "prefix", "keys"];
/// What the topics begin with where nothing is said.
const PREFIX: &str = "andon";
const PREFIX_BYTES: usize = 128;
/// 32 bytes in base64 (RFC 4648, 4): 43 characters and one to fill up.
const KEY_CHARACTERS: usize = 44;
/// Longest name of a host (RFC 1035, 2.3.4).
const NAME_BYTES: usize = 253;

/// How stations exchange what is done to alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stations {
    /// The gateway at whose broker they do; it is one of the plant's.
    pub exchange: String,
    /// What the topics of the exchange begin with.
    pub prefix: String,
    /// The stations by name, each with its public key as a text.
    pub keys: BTreeMap<String, String>,
}

/// Reads `[stations]`; `None` where there is none, or after an error.
pub(crate) fn read(
    root: &Fields<'_, '_>,
    gateways: &Gateways,
    protocols: &dyn Protocols,
    problems: &mut Problems,
) -> Option<Stations> {
    let fields = Fields::new(root.inner("stations", problems)?, "stations", &KEYS, problems);
    let exchange = exchange(&fields, gateways, protocols, problems);
    let prefix = prefix(&fields, problems);
    let keys = keys(&fields, problems);
    Some(Stations { exchange: exchange?, prefix, keys })
}

fn exchange(
    fields: &Fields<'_, '_>,
    gateways: &Gateways,
    protocols: &dyn Protocols,
    problems: &mut Problems,
) -> Option<String> {
    let said = fields.need_text("exchange", "\"broker\"", problems)?;
    let Some(draft) = gateways.find(said.value) else {
        problems.absent(
            said.at,
            format!("unknown gateway `{}`", shown(said.value)),
            instead(said.value, gateways.ids()),
        );
        return None;
    };
    if draft.known && !protocols.has_board(&draft.gateway.spec) {
        let message =
            format!("stations cannot exchange anything over the gateway `{}`, which is no broker", said.value);
        problems.error(said.at, message, "name a gateway of kind = \"mqtt\"");
    }
    Some(said.value.to_owned())
}

fn prefix(fields: &Fields<'_, '_>, problems: &mut Problems) -> String {
    let Some(said) = fields.filled("prefix", "\"andon\"", problems) else { return PREFIX.to_owned() };
    let is_topic = said.value.len() <= PREFIX_BYTES
        && !said.value.starts_with('$')
        && !said.value.contains(|c: char| c.is_control() || matches!(c, '+' | '#'))
        && said.value.split('/').all(|level| !level.is_empty());
    if !is_topic {
        let message = format!("`prefix` is not the beginning of a topic: \"{}\"", shown(said.value));
        problems.error(
            said.at,
            message,
            "write levels separated by `/`, without `+` and `#`: \"andon\" or \"ulm/andon\"",
        );
    }
    said.value.to_owned()
}

fn keys(fields: &Fields<'_, '_>, problems: &mut Problems) -> BTreeMap<String, String> {
    const EXAMPLE: &str = "run `andon station key` at that station and write the line that it prints";
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let Some(table) = fields.inner("keys", problems) else {
        if !fields.has("keys") {
            problems.error(fields.table.at, "`[stations.keys]` is missing, so that no station is known", EXAMPLE);
        }
        return keys;
    };
    let all = Fields::open(table, "keys");
    for entry in &table.entries {
        let Some(said) = all.text(&entry.key, problems) else { continue };
        if entry.key.is_empty() || entry.key.len() > NAME_BYTES || entry.key.chars().any(char::is_control) {
            let message = format!("`{}` is no station's name", shown(&entry.key));
            problems.error(entry.key_at, message, "use the name of the computer, as `uname -n` prints it");
        }
        if !is_key(said.value) {
            problems.error(said.at, format!("the key of the station `{}` is no key", shown(&entry.key)), EXAMPLE);
        }
        if let Some((other, _)) = keys.iter().find(|(_, key)| *key == said.value) {
            let message = format!("the stations `{}` and `{}` have the same key", shown(other), shown(&entry.key));
            problems.error(said.at, message, "give each station a key of its own, made there with `andon station key`");
        }
        keys.insert(entry.key.to_string(), said.value.to_owned());
    }
    keys
}

/// Whether a text has the form of a key; whether it is one, only its use can tell.
fn is_key(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    text.len() == KEY_CHARACTERS && text.strip_suffix('=').is_some_and(|digits| digits.chars().all(is_digit))
}
