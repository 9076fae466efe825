//! A plant that runs: the demo or a folder, its stores, its engine, and the contract over all of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{Api, PlantFolder};
use engine::{Engine, SystemClock};
use gateway::{Gateways, Network};
use history::History;
use jiff::tz::TimeZone;
use journal::Journal;
use model::Clock;
use notify::Notifier;
use plant::{Plant, Problem, TagIndices};
use simulator::{Demo, PastTag};
use stations::Exchange;

use crate::check;
use crate::data::{self, Data, DataError};
use crate::demo::Disturbances;
use crate::folder::{Folder, Owner};
use crate::notifying::{self, Notifications};
use crate::secrets::Store;
use crate::station;

/// So much past is made up for the demo where it has none.
const PAST_DAYS: u32 = 7;

/// Which plant to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The demo plant.
    Demo {
        /// Of its story.
        seed: u64,
    },
    /// A folder with a `plant.toml`.
    Folder(PathBuf),
}

/// Why a plant does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody said which.
    #[error("there is no plant yet: name its folder with --plant DIR, or look at the demo with `andon demo`")]
    NoPlant,
    /// It has errors.
    #[error("the plant cannot be run:\n{}", words(problems))]
    Reading {
        /// All of them, and the warnings.
        problems: Vec<Problem>,
    },
    /// The demo's broker or PLC does not start.
    #[error("the demo plant cannot be started")]
    StartingDemo(#[source] simulator::StartError),
    /// Another Andon wrote the file, or worse.
    #[error("the history {file} cannot be opened")]
    OpeningHistory {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: history::OpenError,
    },
    /// Another Andon wrote the file, or worse.
    #[error("the journal {file} cannot be opened")]
    OpeningJournal {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: journal::OpenError,
    },
    /// Another Andon wrote the file, or worse.
    #[error("the outbox {file} cannot be opened")]
    OpeningOutbox {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: notify::OpenError,
    },
}

/// A plant that runs.
pub struct Running {
    /// The contract over it.
    pub api: Arc<Api>,
    /// What people call it.
    pub name: String,
    history: Arc<History>,
    journal: Arc<Journal>,
    notifier: Arc<Notifier>,
    demo: Option<Arc<Demo>>,
}

impl Source {
    /// The plant that was named, or the one that ran last with the data folder.
    ///
    /// # Errors
    /// [`StartError::NoPlant`] where there is neither.
    pub fn plant(named: Option<PathBuf>, data: Option<&Path>) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = data.map_or_else(data::default, |data| Ok(data.to_path_buf()))?;
        named.or_else(|| data::last_plant(&folder)).map(Self::Folder).ok_or_else(|| StartError::NoPlant.into())
    }

    /// Where its data is if nobody says otherwise.
    ///
    /// # Errors
    /// [`DataError::Locating`].
    pub fn data(&self) -> Result<PathBuf, DataError> {
        match self {
            Self::Demo { .. } => data::demo_default(),
            Self::Folder(_) => data::default(),
        }
    }
}

impl Running {
    /// Opens the stores, reads the plant and starts it. Waits for disks and, for a new demo, some seconds.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub fn start(source: Source, data: &Data) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (path, owner, demo) = match source {
            Source::Folder(path) => (path, Owner::Person, None),
            Source::Demo { seed } => {
                let options =
                    simulator::Options { seed, folder: data::demo_plant(data.folder()), clock: Arc::clone(&clock) };
                let demo = Arc::new(Demo::start(options).map_err(StartError::StartingDemo)?);
                (demo.plant_folder().to_path_buf(), Owner::Demo, Some(demo))
            }
        };
        let network = Network::new(Arc::clone(&clock)).with_credentials(Arc::new(Store::new(path.clone())));
        let network = Arc::new(network);
        let folder = Folder::new(path.clone(), owner, Arc::clone(&network));
        let reading = folder.read(&TagIndices::default());
        let Some(plant) = reading.plant else { return Err(StartError::Reading { problems: reading.problems }) };

        if demo.is_none()
            && let Err(error) = data.remember_plant(&path)
        {
            tracing::warn!("{} could not be noted as the last plant: {error}", path.display());
        }

        let has_past = data.history().exists();
        let file = data.history();
        let history = History::open(&file, Arc::clone(&clock))
            .map(Arc::new)
            .map_err(|source| StartError::OpeningHistory { file, source })?;
        let file = data.journal();
        let journal = Journal::open(&file, Arc::clone(&clock))
            .map(Arc::new)
            .map_err(|source| StartError::OpeningJournal { file, source })?;
        if let Some(demo) = demo.as_deref().filter(|_| !has_past) {
            make_up_past(demo, &history, &plant, clock.as_ref());
        }

        let name = plant.name.clone();
        let engine = engine::Parts {
            clock: Arc::clone(&clock),
            gateways: Arc::clone(&network) as Arc<dyn Gateways>,
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
        };
        let begins_after = notify::end_of(&journal);
        let engine = Arc::new(Engine::start(engine, plant));
        let snapshots = engine.snapshots();
        let stations = stations::Parts {
            engine: Arc::clone(&engine),
            journal: Arc::clone(&journal),
            network,
            clock: Arc::clone(&clock),
            station: station::name(),
        };
        let file = data.outbox();
        let notifier = Notifier::start(notify::Parts {
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            file: file.clone(),
            plant: Box::new(move || Arc::clone(&snapshots().plant)),
            post: Arc::new(notifying::sender(&path)),
            begins_after,
            zone: TimeZone::system(),
            runtime: tokio::runtime::Handle::current(),
        });
        let notifier = notifier.map(Arc::new).map_err(|source| StartError::OpeningOutbox { file, source })?;
        let api = Api::new(api::Parts {
            engine,
            stations: Some(Arc::new(Exchange::start(stations))),
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            folder: Arc::new(folder),
            problems: reading.problems,
            demo: demo.as_ref().map(|demo| Box::new(Disturbances(Arc::clone(demo))) as Box<dyn api::Demo>),
            notifications: Some(Box::new(Notifications(Arc::clone(&notifier)))),
            version: env!("CARGO_PKG_VERSION"),
            zone: TimeZone::system(),
        });
        Ok(Self { api: Arc::new(api), name, history, journal, notifier, demo })
    }

    /// Ends it in order: links, engine, stores, demo. What is known is on disk afterwards, as far as the disk allows.
    pub async fn stop(self) {
        self.api.stop().await;
        // It may have something to say to the journal. Joins its thread: not on one of the runtime's.
        let notifier = self.notifier;
        if tokio::task::spawn_blocking(move || notifier.stop()).await.is_err() {
            tracing::error!("notification did not end in order");
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        // Nothing more to say: told once everything before it is on disk.
        let done = Box::new(move |result: Result<Vec<i64>, journal::StoreFailure>| {
            // Whoever waited may have run out of time.
            let _late = tell.send(result);
        });
        self.journal.append(Vec::new(), Some(done));
        match told.await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => tracing::error!(%failure, "the journal is not whole"),
            Err(_) => tracing::error!("the journal did not say whether it is whole"),
        }
        let history = self.history;
        let flushed = tokio::task::spawn_blocking(move || history.flush()).await;
        if let Ok(Err(failure)) = flushed {
            tracing::error!(%failure, "the history is not whole");
        }
        drop(self.api);
        // Joins its thread: not on one of the runtime's.
        if tokio::task::spawn_blocking(move || drop(self.demo)).await.is_err() {
            tracing::error!("the demo did not end in order");
        }
    }
}

fn make_up_past(demo: &Demo, history: &History, plant: &Plant, clock: &dyn Clock) {
    let recorded: Vec<_> = plant.tags.iter().filter(|tag| tag.recording.is_some()).collect();
    let names: Vec<&str> = recorded.iter().map(|tag| &*tag.id).collect();
    let tags: Vec<PastTag> = recorded
        .iter()
        .zip(history.series(&names))
        .map(|(tag, series)| PastTag { series, id: Arc::clone(&tag.id) })
        .collect();
    match demo.past(history, clock.now().wall, PAST_DAYS, &tags) {
        Ok(rows) => tracing::info!(rows, "{PAST_DAYS} days of past were made up for the demo"),
        Err(failure) => tracing::error!(%failure, "no past could be made up for the demo"),
    }
}

fn words(problems: &[Problem]) -> String {
    problems.iter().map(check::words).collect::<Vec<_>>().join("\n")
}
