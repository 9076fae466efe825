//! What lies at the broker: a station's last acts on one alarm, each signed for itself.
//!
//! ```json
//! {"v":1,"acts":[{"act":{"order":...,"alarm":...,"what":{...},"act":{...}},"sig":"..."}]}
//! ```
//! The signature is over the bytes of `act` as they are in the message, preceded by whose they are and for what: the plant,
//! the prefix, the station and the alarm, each with its length. So nothing has to be written again in the same way to
//! be checked, and no act can be moved to another plant, station or alarm.

use std::collections::HashMap;
use std::time::Duration;

use alarm::{Deed, What};
use bytes::Bytes;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::key::{PublicKey, StationKey};
use crate::topic;

/// Acts of a station on one alarm that lie at the broker at most: its last ones.
pub const ACTS_AT_MOST: usize = 32;
/// The largest message, bytes.
pub const LETTER_BYTES: usize = 64 * 1024;
/// No clock is right to the second, and none is ahead by more than this.
pub const AHEAD_AT_MOST: Duration = Duration::from_secs(300);

/// The form of the messages.
const VERSION: u32 = 1;
/// Before everything that is signed, so that no signature of another purpose fits.
const PURPOSE: &[u8] = b"andon act 1";

/// What a signature holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The plant's name.
    pub plant: String,
    /// What the topics begin with.
    pub prefix: String,
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Whose acts they are.
    pub station: String,
    /// The acts to take in, as they were done.
    pub deeds: Vec<Deed>,
    /// Why others of them are not taken in for now.
    pub refused: Option<Refusal>,
}

/// Why acts are not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Its topic is none of a station's.
    #[error("it lies where no station keeps its acts")]
    Topic,
    /// It is larger than [`LETTER_BYTES`].
    #[error("it is larger than {LETTER_BYTES} bytes")]
    TooLarge,
    /// It is not in the form above.
    #[error("it is not in the form of Andon's acts")]
    Form,
    /// A newer Andon wrote it.
    #[error("it is of version {0}, and this Andon reads version {VERSION}: update this station")]
    Version(u32),
    /// It holds more than [`ACTS_AT_MOST`].
    #[error("it holds more than {ACTS_AT_MOST} acts")]
    TooMany,
    /// The plant file has no key of the station.
    #[error("the plant file has no key of this station in [stations.keys]")]
    UnknownStation,
    /// It is not signed by the station.
    #[error("its signature is not of the station's key")]
    Forged,
    /// The act is of another station or on another alarm than the topic says.
    #[error("the act in it is of another station or alarm than its topic says")]
    Misplaced,
    /// The act is of a time that has not come.
    #[error("the act in it is of a time more than 5 minutes ahead: compare the clocks of both stations")]
    Ahead,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    v: u32,
    acts: Vec<Signed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    act: Box<RawValue>,
    sig: String,
}

/// Only the version, so that a message of a newer form is called one.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Signs a station's acts on one alarm, in the order given. Where they would be too many or too large, the first are
/// left out.
pub fn seal(scope: &Scope, key: &StationKey, deeds: &[Deed]) -> Bytes {
    let mut signed: Vec<Signed> = Vec::new();
    // The frame around the acts, and a comma and the names and quotes of each.
    let mut bytes = 32;
    for deed in deeds.iter().rev().take(ACTS_AT_MOST) {
        let act = serde_json::value::to_raw_value(deed).expect("an act can be written as JSON");
        let sig = key.sign(&covered(scope, &deed.act.station, deed.alarm.as_str(), act.get()));
        bytes += act.get().len() + sig.len() + 24;
        if bytes > LETTER_BYTES {
            break;
        }
        signed.push(Signed { act, sig });
    }
    signed.reverse();
    let letter = Letter { v: VERSION, acts: signed };
    serde_json::to_vec(&letter).expect("texts can be written as JSON").into()
}

/// Reads and checks a message. An act of a time that has not come is left out; any other fault refuses the whole message.
///
/// # Errors
/// [`Refusal`].
pub fn open(
    scope: &Scope,
    keys: &HashMap<String, PublicKey>,
    topic: &str,
    payload: &[u8],
    now: Timestamp,
) -> Result<Opened, Refusal> {
    let (station, alarm) = topic::read(&scope.prefix, topic).ok_or(Refusal::Topic)?;
    if payload.len() > LETTER_BYTES {
        return Err(Refusal::TooLarge);
    }
    let key = keys.get(&station).ok_or(Refusal::UnknownStation)?;
    let Versioned { v } = serde_json::from_slice(payload).map_err(|_| Refusal::Form)?;
    if v != VERSION {
        return Err(Refusal::Version(v));
    }
    let Letter { acts, .. } = serde_json::from_slice(payload).map_err(|_| Refusal::Form)?;
    if acts.len() > ACTS_AT_MOST {
        return Err(Refusal::TooMany);
    }
    let mut opened = Opened { station, deeds: Vec::with_capacity(acts.len()), refused: None };
    for Signed { act, sig } in acts {
        if !key.has_signed(&covered(scope, &opened.station, &alarm, act.get()), &sig) {
            return Err(Refusal::Forged);
        }
        let deed: Deed = serde_json::from_str(act.get()).map_err(|_| Refusal::Form)?;
        if deed.act.station != opened.station || deed.alarm.as_str() != alarm {
            return Err(Refusal::Misplaced);
        }
        if is_ahead(&deed, now) {
            opened.refused = Some(Refusal::Ahead);
        } else {
            opened.deeds.push(deed);
        }
    }
    Ok(opened)
}

/// What is signed.
fn covered(scope: &Scope, station: &str, alarm: &str, act: &str) -> Vec<u8> {
    let mut bytes = PURPOSE.to_vec();
    for part in [&scope.plant, &scope.prefix, station, alarm, act] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// Whether an act says that it was done, or that what it names was announced, at a time that has not come. Its number is a
/// time as well, and would move every station's numbers on.
fn is_ahead(deed: &Deed, now: Timestamp) -> bool {
    let latest = now.saturating_add(AHEAD_AT_MOST);
    let through = match &deed.what {
        What::Acknowledge { through, .. }
        | What::Confirm { through, .. }
        | What::Reset { through, .. }
        | What::Note { through, .. } => *through,
        What::Shelve { .. } | What::Unshelve | What::TakeOutOfService | What::ReturnToService => deed.act.at,
    };
    deed.order > latest.millis() || deed.act.at > latest || through > latest
}

#[cfg(test)]
mod tests;
