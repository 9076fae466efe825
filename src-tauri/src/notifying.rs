//! Telling people who are not at the screen: the running station's notifications in the contract's words, and
//! `andon notify`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use api::PlantFolder as _;
use api::wire::{GivenUpView, Host, NotificationsView};
use clap::Subcommand;
use engine::SystemClock;
use gateway::Network;
use jiff::tz::TimeZone;
use model::Clock as _;
use notify::{Notifier, Outcome, Post as _, Sender, Status, trial};
use plant::{Plant, TagIndices};

use crate::check;
use crate::folder::{Folder, Owner};
use crate::secrets::Store;
use crate::station;

/// The notifications of a running station, as the contract wants them.
pub struct Notifications(pub Arc<Notifier>);

/// What can be done about notifications.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a trial message to everybody whom a notification names, and say what came of it.
    Test {
        /// The notification's name in the plant file.
        name: String,
        /// The plant, a folder with a plant.toml; the one that ran last if not given.
        #[arg(long, value_name = "DIR")]
        plant: Option<PathBuf>,
    },
}

/// Why no trial was made.
#[derive(Debug, thiserror::Error)]
enum TrialError {
    #[error("there is no plant yet: name its folder with --plant DIR")]
    NoPlant,
    #[error("the plant has errors: see them with `andon check {}`", .0.display())]
    Reading(PathBuf),
    #[error("the plant has no notification \"{name}\"; {known}")]
    Unknown { name: String, known: String },
    #[error("nothing can be sent")]
    Threading(#[source] std::io::Error),
}

impl api::Notifications for Notifications {
    fn view(&self) -> Option<NotificationsView> {
        let Status { rules, is_working, reason, since, waiting, delivered, given_up, revision: _ } = self.0.status();
        // A plant that asks for nobody is not bothered with it, unless something of before is still to be sent.
        (rules > 0 || waiting > 0 || !is_working).then(|| NotificationsView {
            working: is_working,
            reason,
            since: since.millis(),
            rules: u32::try_from(rules).unwrap_or(u32::MAX),
            waiting,
            delivered,
            given_up: given_up
                .into_iter()
                .map(|each| GivenUpView {
                    id: each.id,
                    rule: each.rule,
                    to: each.to,
                    at: each.at.millis(),
                    reason: each.reason,
                })
                .collect(),
        })
    }

    fn revision(&self) -> u64 {
        self.0.status().revision
    }
}

/// What takes messages from this station where they belong.
pub fn sender(plant: &Path) -> Sender {
    let who = station::principal(Host::Window);
    Sender::new(Arc::new(Store::new(plant.to_owned())), Arc::new(SystemClock), who.station, TimeZone::system())
}

/// Does what `andon notify` asks. Fails where a message was not delivered.
///
/// # Errors
/// [`TrialError`].
pub fn run(what: NotifyCommand, last: Option<PathBuf>) -> Result<ExitCode, Box<dyn Error>> {
    let NotifyCommand::Test { name, plant } = what;
    let folder = plant.or(last).ok_or(TrialError::NoPlant)?;
    let plant = read(&folder)?;
    let rule = plant.notification(&name).ok_or_else(|| TrialError::Unknown { known: known(&plant), name })?;
    let runtime = tokio::runtime::Runtime::new().map_err(TrialError::Threading)?;
    let sender = sender(&folder);
    let mut is_delivered = true;
    for recipient in 0..rule.to.len() {
        let letter = trial(rule, recipient, SystemClock.now().wall);
        let outcome = runtime.block_on(sender.send(&letter, &plant));
        println!("{}: {outcome}", letter.to);
        is_delivered &= matches!(outcome, Outcome::Delivered(_));
    }
    Ok(if is_delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(folder: &Path) -> Result<Plant, TrialError> {
    let network = Arc::new(Network::new(Arc::new(SystemClock)));
    let reading = Folder::new(folder.to_owned(), Owner::Person, network).read(&TagIndices::default());
    if reading.plant.is_none() {
        for problem in &reading.problems {
            println!("{}", check::words(problem));
        }
    }
    reading.plant.ok_or_else(|| TrialError::Reading(folder.to_owned()))
}

fn known(plant: &Plant) -> String {
    if plant.notifications.is_empty() {
        return "it has none".to_owned();
    }
    let names: Vec<&str> = plant.notifications.iter().map(|rule| &*rule.name).collect();
    format!("it has: {}", names.join(", "))
}
