//! What the tests share: a folder on a disk with faults, and what goes into history and journal.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use disk::Disk;
use history::{History, Options, Row, SeriesId, Span};
use journal::{Entry, Journal, Query, StoreFailure, System};
use model::{Clock, Now, Sample, Timestamp, Uptime, Value};

/// A clock that stands.
pub struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> Now {
        Now { wall: time(1_760_000_000_000), uptime: Uptime::from_millis(5_000) }
    }
}

/// A folder on a disk of its own; gone with the test. In memory where there is such a place: the faults are made above it.
pub struct Place {
    folder: tempfile::TempDir,
    pub disk: Disk,
}

pub const WHOLE: Span = Span { from: time(i64::MIN), to: time(i64::MAX) };

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
        let disk = Disk::below(folder.path());
        Self { folder, disk }
    }

    pub fn history_file(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it is there").join("history.db")
    }

    pub fn journal_file(&self) -> PathBuf {
        self.history_file().with_file_name("journal.db")
    }

    pub fn history(&self) -> History {
        let options = Options { retention: None };
        History::open_with(&self.history_file(), Arc::new(TestClock), options).expect("a bad disk is a condition")
    }

    pub fn journal(&self) -> Journal {
        Journal::open(&self.journal_file(), Arc::new(TestClock)).expect("a bad disk is a condition")
    }
}

pub const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn number(series: SeriesId, millis: i64, x: f64) -> Row {
    Row { series, sample: Sample::good(time(millis), Value::Float(x)) }
}

pub fn event(message: String) -> Entry {
    Entry::System(System { at: time(1), message })
}

/// Appends and waits for the answer.
pub fn append(journal: &Journal, message: String) -> Result<Vec<i64>, StoreFailure> {
    let (tell, told) = mpsc::channel();
    journal.append(vec![event(message)], Some(Box::new(move |outcome| tell.send(outcome).expect("is waited for"))));
    told.recv_timeout(Duration::from_secs(60)).expect("an answer comes")
}

/// All messages of the journal, the oldest first.
pub fn messages(journal: &Journal) -> Vec<String> {
    let page = journal.page(&Query { limit: Query::LIMIT, ..Query::default() }).expect("reads");
    let words = page.records.into_iter().rev().map(|record| match record.entry {
        Entry::System(system) => system.message,
        Entry::Alarm(_) | Entry::Remark(_) | Entry::Action(_) => "something else".to_owned(),
    });
    words.collect()
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the tests run at full length.
pub fn is_long() -> bool {
    std::env::var("ANDON_FAULTS").is_ok_and(|said| said == "long")
}
