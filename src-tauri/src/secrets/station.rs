//! `andon station`: the key by which the other stations of a plant know this one.

use clap::Subcommand;
use gateway::Secret;
use stations::{KEY_SECRET, KeyError, StationKey};

use super::keyring::{Keyring, Trouble};
use super::{Found, Missing, Place, Store};
use crate::station;

/// What can be done with this station.
#[derive(Clone, Debug, Subcommand)]
pub enum StationCommand {
    /// Say by which key the others know this station, and make one where there is none.
    ///
    /// The key is kept in the desktop's keyring and never printed. What is printed is the line for `[stations.keys]` of the
    /// plant file of every station.
    Key {
        /// Make another one in place of it. The others refuse this station until their plant files have its line.
        #[arg(long)]
        replace: bool,
        /// Print the key itself instead of keeping it, for the credentials that systemd passes to a service.
        #[arg(long)]
        print: bool,
    },
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// The stores do not say whether there is one.
    #[error("{}: {}", .0.words, .0.remedy)]
    Looking(Missing),
    /// It is passed by systemd and cannot be replaced from here.
    #[error("systemd passes the key of this station: replace it there")]
    Passed,
    /// It cannot be made or read.
    #[error("there is no key")]
    Making(#[source] KeyError),
    /// The keyring does not keep it.
    #[error("the key is not kept (keyring: {trouble}): {remedy}")]
    Keeping {
        /// Why not, of the keyring.
        trouble: Box<Trouble>,
        /// What to do.
        remedy: String,
    },
}

/// Does it, and prints the line for the plant file.
///
/// # Errors
/// [`StationError`].
pub fn run(command: &StationCommand) -> Result<(), StationError> {
    let StationCommand::Key { replace, print } = command;
    let secret = if *print { printed()? } else { kept(*replace)? };
    let key = StationKey::read(&secret).map_err(StationError::Making)?;
    println!("[stations.keys]\n\"{}\" = \"{}\"", station::name(), key.public());
    Ok(())
}

/// A new key, for whoever passes it on.
fn printed() -> Result<Secret, StationError> {
    let secret = StationKey::make().map_err(StationError::Making)?;
    println!("# The secret \"{KEY_SECRET}\"; who has it can speak for this station:\n{}", secret.reveal());
    Ok(secret)
}

/// The key that is kept, or a new one that is kept from now on.
fn kept(replace: bool) -> Result<Secret, StationError> {
    let found = Store::new(std::path::PathBuf::new()).find(KEY_SECRET).map_err(StationError::Looking)?;
    match found {
        Found::Here(Place::Passed, _) if replace => return Err(StationError::Passed),
        Found::Here(_, secret) if !replace => return Ok(secret),
        Found::Here(..) | Found::Nowhere(None) => {}
        Found::Nowhere(Some(trouble)) => return Err(keeping(trouble)),
    }
    let secret = StationKey::make().map_err(StationError::Making)?;
    Keyring.write(KEY_SECRET, &secret).map_err(keeping)?;
    Ok(secret)
}

fn keeping(trouble: Trouble) -> StationError {
    let remedy = trouble.remedy(KEY_SECRET);
    StationError::Keeping { remedy, trouble: Box::new(trouble) }
}
