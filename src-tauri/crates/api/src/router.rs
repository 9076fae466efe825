//! The one way in: who calls, whether they may, the record of what they did, and the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use engine::{Engine, Snapshot};
use history::History;
use jiff::tz::TimeZone;
use journal::Journal;
use model::{Clock, TagIndex};
use plant::TagIndices;
use serde::{Deserialize, Serialize};
use stations::Exchange;

use crate::commands::Companions;
use crate::exports::Exports;
use crate::frame::{self, Header, Row};
use crate::wire::{DemoAct, DemoView, Host, NotificationsView, Permission};
use crate::{Audit, Code, Failure, contract};

/// Most tags that one request may name.
pub(crate) const MOST_TAGS: usize = 20_000;
/// Largest request, bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// Who calls, and what they may do.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The person's name in records.
    pub user: String,
    /// This machine's name in records.
    pub station: String,
    /// What they may do.
    pub permissions: Vec<Permission>,
    /// Through what they call.
    pub host: Host,
}

/// What a command answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A JSON document.
    Json(Vec<u8>),
    /// Bytes of a media type.
    Bytes {
        /// Such as `image/png`.
        content_type: &'static str,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Which live values a screen asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameRequest {
    /// The plant revision that the tag numbers belong to; 0 at first.
    pub plant: u32,
    /// The revision of the newest frame the screen has; 0 at first.
    pub since: u64,
    /// The tags on the screen; more than 20,000 are not answered.
    pub tags: Vec<u32>,
}

/// Where the plant's files are.
pub trait PlantFolder: Send + Sync {
    /// Reads the files as they are now.
    fn read(&self, keep: &TagIndices) -> plant::Reading;

    /// Writes machines and tags behind what is in the plant file, and reads the files as they are then. All of it is
    /// checked before anything is written, and whatever happens meanwhile, the file is the old one or the new one.
    ///
    /// # Errors
    /// [`AddError`]; the file is as it was.
    fn add(&self, addition: &plant::Addition, keep: &TagIndices) -> Result<plant::Reading, AddError>;

    /// Writes other numbers of an alarm into the plant file, in the same way.
    ///
    /// # Errors
    /// [`AddError`]; the file is as it was.
    fn retune(&self, retuning: &plant::Retuning, keep: &TagIndices) -> Result<plant::Reading, AddError>;

    /// The folder for people.
    fn words(&self) -> String;
}

/// Why a plant file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// This plant is not one to be changed. Its text is the reason.
    #[error("{0}")]
    Refused(String),
    /// With the change the plant would have errors: all of them, and the warnings.
    #[error("the plant would have errors")]
    Checking(Vec<plant::Problem>),
    /// The new file could not be put on disk.
    #[error("the plant file could not be written")]
    Writing(#[source] std::io::Error),
}

/// The demo plant's disturbances.
pub trait Demo: Send + Sync {
    /// What can be disturbed and what is.
    fn view(&self) -> DemoView;

    /// Disturbs it.
    ///
    /// # Errors
    /// Why that cannot be done now, in words.
    fn act(&self, act: DemoAct) -> Result<DemoView, String>;
}

/// What tells people who are not at the screen.
pub trait Notifications: Send + Sync {
    /// How it fares; `None` where the plant file asks for nobody.
    fn view(&self) -> Option<NotificationsView>;

    /// Goes up with every change of the view.
    fn revision(&self) -> u64;
}

/// What the contract is carried out with.
pub struct Parts {
    /// The live plant.
    pub engine: Arc<Engine>,
    /// Its history.
    pub history: Arc<History>,
    /// Its journal.
    pub journal: Arc<Journal>,
    /// The program's clock.
    pub clock: Arc<dyn Clock>,
    /// Where the plant came from and can be read again.
    pub folder: Arc<dyn PlantFolder>,
    /// What the first reading of the plant found.
    pub problems: Vec<plant::Problem>,
    /// The exchange of acts with other stations, where the program has one.
    pub stations: Option<Arc<Exchange>>,
    /// The demo plant's disturbances, where this is the demo plant.
    pub demo: Option<Box<dyn Demo>>,
    /// What tells people who are not at the screen, where it runs.
    pub notifications: Option<Box<dyn Notifications>>,
    /// The zone in which pictures write times.
    pub zone: TimeZone,
    /// The program's version.
    pub version: &'static str,
}

/// The contract, ready to be called.
pub struct Api {
    pub(crate) parts: Parts,
    pub(crate) problems: std::sync::Mutex<Vec<plant::Problem>>,
    /// Whether somebody is changing the plant now.
    pub(crate) changing: AtomicBool,
    pub(crate) exports: Exports,
    /// Which alarms usually come together.
    pub(crate) companions: Companions,
    failures: AtomicU64,
}

impl Answer {
    pub(crate) fn json<T: Serialize>(answer: &T) -> Result<Self, Failure> {
        serde_json::to_vec(answer)
            .map(Answer::Json)
            .map_err(|error| Failure::caused(Code::Internal, "the answer could not be written", &error))
    }
}

impl Principal {
    fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

impl Api {
    /// A contract over these parts.
    pub fn new(mut parts: Parts) -> Self {
        let problems = std::sync::Mutex::new(std::mem::take(&mut parts.problems));
        Self {
            parts,
            problems,
            changing: AtomicBool::new(false),
            exports: Exports::default(),
            companions: Companions::default(),
            failures: AtomicU64::new(1),
        }
    }

    /// Carries out a command: finds it in the list, checks the permission, records the intent where it is audited,
    /// calls it, and records the outcome.
    ///
    /// # Errors
    /// [`Failure`], with an id under which the log has the whole story.
    pub async fn call(&self, who: &Principal, command: &str, request: &[u8]) -> Result<Answer, Failure> {
        self.call_checked(who, command, request).await.map_err(|failure| {
            let id = format!("F{}", self.failures.fetch_add(1, Ordering::Relaxed));
            tracing::warn!(id, command, user = who.user, code = ?failure.code, cause = failure.cause, "{}", failure.message);
            Failure { id, ..failure }
        })
    }

    /// The live values that a screen asks for, as bytes: those that changed since the frame it has, or all of them
    /// where the plant is another one.
    pub fn frame(&self, request: &FrameRequest) -> Vec<u8> {
        let snapshot = self.parts.engine.snapshot();
        let full = request.since == 0 || request.plant != snapshot.plant_revision || request.since > snapshot.revision;
        let since = if full { 0 } else { request.since };
        let rows: Vec<Row> =
            request.tags.iter().take(MOST_TAGS).filter_map(|tag| changed(&snapshot, *tag, since)).collect();
        frame::encode(&self.header(&snapshot, full), &rows)
    }

    /// Stops the engine and waits until what it knows is on its way to disk.
    pub async fn stop(&self) {
        if let Some(stations) = &self.parts.stations {
            stations.stop().await;
        }
        self.parts.engine.stop().await;
    }

    pub(crate) fn header(&self, snapshot: &Snapshot, full: bool) -> Header {
        let now = self.parts.clock.now();
        let journal = self.parts.journal.status();
        let stores = [self.parts.history.status(), journal.clone()];
        Header {
            full,
            plant_revision: snapshot.plant_revision,
            alarm_revision: snapshot.alarms.revision,
            journal_revision: fold(0, journal.written.cast_signed()),
            revision: snapshot.revision,
            wall: now.wall,
            status_revision: stores
                .iter()
                .fold(snapshot.links_revision, |revision, store| {
                    fold(fold(revision, store.since.millis()), i64::from(store.warns()))
                })
                .wrapping_add(self.notifications_revision()),
            age_ms: u32::try_from(now.uptime.since(snapshot.at.uptime).as_millis()).unwrap_or(u32::MAX),
            unacknowledged: snapshot.alarms.unacknowledged.map(saturated),
            active: snapshot.alarms.active.map(saturated),
        }
    }

    fn notifications_revision(&self) -> u32 {
        self.parts.notifications.as_ref().map_or(0, |notifications| fold(0, notifications.revision().cast_signed()))
    }

    async fn call_checked(&self, who: &Principal, name: &str, request: &[u8]) -> Result<Answer, Failure> {
        let command = contract::command(name)
            .ok_or_else(|| Failure::new(Code::NotFound, format!("there is no command '{name}'")))?;
        if request.len() > MOST_BYTES {
            return Err(Failure::new(Code::Invalid, format!("the request is larger than {MOST_BYTES} bytes")));
        }
        match command.audit {
            Audit::No => {
                self.check_permission(who, command)?;
                self.carry_out(who, name, request).await.map(|(answer, _)| answer)
            }
            Audit::Yes => {
                let record = self.record_intent(who, command, request).await?;
                let outcome = match self.check_permission(who, command) {
                    Ok(()) => self.carry_out(who, name, request).await,
                    Err(denied) => Err(denied),
                };
                self.record_outcome(record, &outcome);
                outcome.map(|(answer, _)| answer)
            }
        }
    }

    fn check_permission(&self, who: &Principal, command: &contract::Command) -> Result<(), Failure> {
        if who.may(command.permission) {
            return Ok(());
        }
        let message = format!("{} may not do that: it needs the permission '{:?}'", who.user, command.permission);
        Err(Failure::new(Code::Denied, message))
    }
}

fn changed(snapshot: &Snapshot, tag: u32, since: u64) -> Option<Row> {
    let tag = TagIndex(tag);
    let is_new = snapshot.table.changed(tag)? > since || since == 0;
    let row = if is_new { snapshot.table.row(tag)? } else { return None };
    Some(Row { tag, value: row.value, time: row.time, quality: row.quality })
}

/// Folds a store's last change of state into a revision: it differs whenever one of its parts does, which is all that
/// the user interface looks at.
fn fold(revision: u32, millis: i64) -> u32 {
    revision.rotate_left(5) ^ u32::try_from(millis & 0xFFFF_FFFF).unwrap_or_default()
}

fn saturated(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
