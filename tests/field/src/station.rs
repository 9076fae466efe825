//! A whole station but its window: network, engine, history and journal on a folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alarm::{AlarmId, Cause};
use engine::{Engine, LiveRow, Snapshot, SystemClock};
use gateway::{Gateways, Network};
use history::{History, Options, Span};
use journal::{Entry, Journal, Query, Record};
use model::{Clock, LinkState, Sample, Timestamp};
use plant::{Files, Plant, TagIndices};
use stations::Exchange;
use tokio::time::Instant;

use crate::wallet::Wallet;

/// A running station.
pub struct Station {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its history.
    pub history: Arc<History>,
    /// Its journal.
    pub journal: Arc<Journal>,
    /// What it exchanges with others, where the plant file says so.
    pub exchange: Exchange,
}

impl Station {
    /// Starts a station on a folder, which may have a past, with a plant file's text.
    ///
    /// # Panics
    /// When the plant is wrong or the folder cannot be used.
    pub fn start(folder: &Path, plant: &str) -> Station {
        Self::start_with(folder, plant, Wallet::default())
    }

    /// The same, with secrets and certificates.
    ///
    /// # Panics
    /// As [`Station::start`].
    pub fn start_with(folder: &Path, plant: &str, wallet: Wallet) -> Station {
        Self::start_as("station", folder, plant, wallet)
    }

    /// The same, under a name of its own.
    ///
    /// # Panics
    /// As [`Station::start`].
    pub fn start_as(name: &str, folder: &Path, plant: &str, wallet: Wallet) -> Station {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let options = Options { retention: None };
        let history = History::open_with(&folder.join("history.db"), Arc::clone(&clock), options);
        let history = Arc::new(history.expect("a history"));
        let journal = Arc::new(Journal::open(&folder.join("journal.db"), Arc::clone(&clock)).expect("a journal"));
        let network = Arc::new(Network::new(Arc::clone(&clock)).with_credentials(Arc::new(wallet)));
        let plant = read(plant, &network);
        let parts = engine::Parts {
            clock: Arc::clone(&clock),
            gateways: Arc::clone(&network) as Arc<dyn Gateways>,
            history: Arc::clone(&history),
            journal: Arc::clone(&journal),
        };
        let engine = Arc::new(Engine::start(parts, plant));
        let exchange = Exchange::start(stations::Parts {
            engine: Arc::clone(&engine),
            journal: Arc::clone(&journal),
            network,
            clock,
            station: name.to_owned(),
        });
        Station { engine, history, journal, exchange }
    }

    /// The live plant.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.engine.snapshot()
    }

    /// What is shown of a tag.
    pub fn row(&self, tag: &str) -> LiveRow {
        row(&self.snapshot(), tag)
    }

    /// What history has of a tag, in order of time.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn stored(&self, tag: &str) -> Vec<Sample> {
        self.history.flush().expect("a disk that works");
        let [series] = self.history.series(&[tag])[..] else { panic!("one name has one id") };
        let always = Span { from: Timestamp::from_millis(i64::MIN), to: Timestamp::from_millis(i64::MAX) };
        self.history.reader().raw(series, always, usize::MAX).expect("a disk that works")
    }

    /// How often an alarm was raised, by the journal.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn raised(&self, alarm: &str) -> usize {
        let query = Query { alarm: Some(AlarmId::new(alarm)), limit: Query::LIMIT, ..Query::default() };
        let page = self.journal.page(&query).expect("a disk that works");
        let is_raise = |record: &&Record| match &record.entry {
            Entry::Alarm(change) => change.transition.cause == Cause::Raised,
            Entry::Remark(_) | Entry::System(_) | Entry::Action(_) => false,
        };
        page.records.iter().filter(is_raise).count()
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// When it does not within the time.
    pub async fn until_within(&self, limit: Duration, what: &str, done: impl Fn(&Snapshot) -> bool) {
        let deadline = Instant::now() + limit;
        loop {
            let snapshot = self.snapshot();
            if done(&snapshot) {
                return;
            }
            assert!(Instant::now() < deadline, "waited {limit:?} for: {what}\nlinks: {:#?}", snapshot.links);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until something holds, for no longer than twenty seconds.
    pub async fn until(&self, what: &str, done: impl Fn(&Snapshot) -> bool) {
        self.until_within(Duration::from_secs(20), what, done).await;
    }

    /// Waits until every link is up.
    pub async fn until_up(&self) {
        self.until("up", |snapshot| snapshot.links.iter().all(|link| link.status.state == LinkState::Up)).await;
    }

    /// Ends it in order.
    pub async fn stop(self) {
        self.exchange.stop().await;
        self.engine.stop().await;
    }
}

/// What a snapshot shows of a tag.
///
/// # Panics
/// When the plant has no such tag.
pub fn row(snapshot: &Snapshot, tag: &str) -> LiveRow {
    let index = snapshot.plant.tags.iter().find(|known| &*known.id == tag).map(|known| known.index);
    let index = index.unwrap_or_else(|| panic!("the plant has no tag {tag}"));
    snapshot.table.row(index).expect("every tag of the plant has a row")
}

fn read(text: &str, network: &Network) -> Plant {
    let mut files = Files::new();
    files.insert("plant.toml", text.to_owned());
    let reading = plant::read(&files, network, &TagIndices::default());
    reading.plant.unwrap_or_else(|| panic!("{:#?}", &reading.problems[..reading.problems.len().min(5)]))
}
