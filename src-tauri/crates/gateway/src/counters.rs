//! Counting what goes over a link, from several tasks at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{ErrorKind, LinkDetail, Timestamp, Traffic};

/// The live figures behind a [`Traffic`]. Every method may be called from any task; none blocks for long.
#[derive(Debug)]
pub struct Counters {
    messages: AtomicU64,
    samples: AtomicU64,
    bytes: AtomicU64,
    connects: AtomicU64,
    merged: AtomicU64,
    unknown: AtomicU64,
    overruns: AtomicU64,
    /// Milliseconds since the epoch; `NEVER` before the first message.
    last_message: AtomicI64,
    /// Milliseconds since the epoch; `NEVER` before the first value.
    newest_value: AtomicI64,
    /// Microseconds; `u64::MAX` where the protocol has no requests or none was answered yet.
    latency_us: AtomicU64,
    errors: Mutex<Errors>,
    detail: Mutex<Arc<LinkDetail>>,
}

#[derive(Debug, Default)]
struct Errors {
    by_kind: BTreeMap<ErrorKind, u64>,
    last: Option<(Timestamp, String)>,
}

const NEVER: i64 = i64::MIN;

impl Default for Counters {
    fn default() -> Self {
        Self {
            messages: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            merged: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            overruns: AtomicU64::new(0),
            last_message: AtomicI64::new(NEVER),
            newest_value: AtomicI64::new(NEVER),
            latency_us: AtomicU64::new(u64::MAX),
            errors: Mutex::default(),
            detail: Mutex::default(),
        }
    }
}

impl Counters {
    /// A message of so many payload bytes came, or a poll was answered with them.
    pub fn message(&self, at: Timestamp, bytes: usize) {
        self.messages.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.last_message.store(at.millis(), Relaxed);
    }

    /// So many samples were made, the newest of them of this time.
    pub fn samples(&self, count: usize, newest: Timestamp) {
        self.samples.fetch_add(count as u64, Relaxed);
        self.newest_value.fetch_max(newest.millis(), Relaxed);
    }

    /// What the protocol has to tell of the link now.
    pub fn tell(&self, detail: LinkDetail) {
        *self.detail.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(detail);
    }

    /// What it told last.
    pub fn detail(&self) -> Arc<LinkDetail> {
        Arc::clone(&self.detail.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection was made.
    pub fn connected(&self) {
        self.connects.fetch_add(1, Relaxed);
    }

    /// So many samples were replaced by newer ones before the engine took them.
    pub fn merged(&self, count: usize) {
        self.merged.fetch_add(count as u64, Relaxed);
    }

    /// A message came that no tag wanted.
    pub fn unknown(&self) {
        self.unknown.fetch_add(1, Relaxed);
    }

    /// So many polls were left out because the one before was not finished.
    pub fn overrun(&self, polls: u64) {
        self.overruns.fetch_add(polls, Relaxed);
    }

    /// A request was answered after this time.
    pub fn latency(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX - 1);
        self.latency_us.store(us, Relaxed);
    }

    /// Something went wrong.
    pub fn error(&self, at: Timestamp, kind: ErrorKind, words: impl fmt::Display) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        *errors.by_kind.entry(kind).or_default() += 1;
        errors.last = Some((at, words.to_string()));
    }

    /// The figures as they stand.
    #[expect(clippy::cast_precision_loss, reason = "a latency of more than 2^53 microseconds does not occur")]
    pub fn traffic(&self) -> Traffic {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let last_message = self.last_message.load(Relaxed);
        let newest_value = self.newest_value.load(Relaxed);
        let latency_us = self.latency_us.load(Relaxed);
        Traffic {
            messages: self.messages.load(Relaxed),
            samples: self.samples.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            connects: self.connects.load(Relaxed),
            merged: self.merged.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            overruns: self.overruns.load(Relaxed),
            errors: errors.by_kind.clone(),
            last_error: errors.last.clone(),
            last_message: (last_message != NEVER).then(|| Timestamp::from_millis(last_message)),
            newest_value: (newest_value != NEVER).then(|| Timestamp::from_millis(newest_value)),
            latency_ms: (latency_us != u64::MAX).then(|| latency_us as f64 / 1000.0),
        }
    }
}
