//! What the tests of this crate share: a clock, a folder, alarms that change, and waiting for a state.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use alarm::{Act, AlarmId, Cause, OccurrenceId, PRIORITIES, State, Transition};
use journal::{AlarmChange, Entry, Journal, StoreFailure, System};
use model::{Clock, EquipmentId, Now, Timestamp, Uptime};

/// A clock that stands.
pub struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> Now {
        Now { wall: time(1_760_000_000_000), uptime: Uptime::from_millis(5000) }
    }
}

/// A journal in a folder that goes with the test.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("journal.sqlite")
    }

    pub fn open(&self) -> Journal {
        Journal::open(&self.file(), Arc::new(TestClock)).expect("the journal opens")
    }
}

pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn act(user: &str, at: i64) -> Act {
    Act { user: user.to_owned(), station: "desk".to_owned(), note: format!("seen by {user}"), at: time(at) }
}

/// A change of the occurrence `alarm@raised`.
pub fn transition(alarm: &str, raised: i64, from: State, to: State, at: i64, cause: Cause) -> Transition {
    Transition {
        occurrence: OccurrenceId { alarm: AlarmId::new(alarm), raised: time(raised) },
        from,
        to,
        at: time(at),
        announced: (cause == Cause::Raised).then(|| time(raised)),
        cause,
        value: Some(81.25),
        level: 0,
        suppressed: false,
    }
}

pub fn change(transition: Transition, equipment: &str, priority: usize) -> Entry {
    Entry::Alarm(AlarmChange {
        message: format!("{} is too warm", transition.occurrence.alarm),
        transition,
        equipment: Some(EquipmentId::new(equipment)),
        priority: PRIORITIES[priority - 1],
        value: "81.3 °C".to_owned(),
        deed: None,
    })
}

pub fn raised(alarm: &str, at: i64, equipment: &str, priority: usize) -> Entry {
    change(transition(alarm, at, State::Normal, State::Unack, at, Cause::Raised), equipment, priority)
}

pub fn system(at: i64, message: &str) -> Entry {
    Entry::System(System { at: time(at), message: message.to_owned() })
}

/// Appends and waits for the answer.
pub fn append(journal: &Journal, entries: Vec<Entry>) -> Result<Vec<i64>, StoreFailure> {
    let (tell, told) = mpsc::channel();
    journal.append(entries, Some(Box::new(move |outcome| tell.send(outcome).expect("the test waits"))));
    told.recv_timeout(Duration::from_secs(20)).expect("an answer comes")
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
