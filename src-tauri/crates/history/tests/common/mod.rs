//! What the tests of this crate share: a clock, a folder, and waiting for a state.

#![allow(dead_code, reason = "each test program uses a part")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use history::{History, Options, Row, SeriesId};
use model::{Clock, Now, Sample, Timestamp, Uptime, Value};

/// A clock that stands until it is moved. Both times are the same number of milliseconds until wall time is shifted.
#[derive(Default)]
pub struct TestClock {
    millis: AtomicI64,
    shift: AtomicI64,
}

impl TestClock {
    pub fn at(millis: i64) -> Arc<Self> {
        Arc::new(Self { millis: AtomicI64::new(millis), shift: AtomicI64::new(0) })
    }

    pub fn set(&self, millis: i64) {
        self.millis.store(millis, Ordering::SeqCst);
    }

    /// Sets wall time so far ahead of what it would be.
    pub fn shift(&self, millis: i64) {
        self.shift.store(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let millis = self.millis.load(Ordering::SeqCst);
        Now {
            wall: Timestamp::from_millis(millis + self.shift.load(Ordering::SeqCst)),
            uptime: Uptime::from_millis(millis.try_into().expect("the tests' clock starts at the epoch")),
        }
    }
}

/// A history in a folder that goes with the test.
pub struct Place {
    folder: tempfile::TempDir,
    pub clock: Arc<TestClock>,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), clock: TestClock::at(1_760_000_000_000) }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("history.sqlite")
    }

    pub fn open(&self) -> History {
        History::open_with(&self.file(), self.clock.clone(), Options { retention: None }).expect("the history opens")
    }
}

pub const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A good sample that is a number.
pub fn number(series: SeriesId, millis: i64, x: f64) -> Row {
    Row { series, sample: Sample::good(time(millis), Value::Float(x)) }
}

/// A number that takes its eight bytes on disk, whatever packs it. Always the same one for the same `i`.
pub fn noise(i: i64) -> f64 {
    let mut x = i.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    f64::from_bits((x ^ (x >> 27)) & 0x7fdf_ffff_ffff_ffff)
}

pub fn one(history: &History, name: &str) -> SeriesId {
    history.series(&[name])[0]
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
