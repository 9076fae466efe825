//! How quickly a disk takes what is committed, also while it has not taken it yet.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;

/// A commit that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);
/// A disk is as quick as it should be once no commit was slow for so long.
const CALM: Duration = Duration::from_secs(60);

/// The pace of one file's commits. Shared by its writer and whoever asks how it fares.
#[derive(Default)]
pub(super) struct Pace(Mutex<Commits>);

#[derive(Default)]
struct Commits {
    /// When the one under way began.
    begun: Option<Instant>,
    /// When the last slow one ended, and how long it took.
    slow: Option<(Instant, Duration)>,
}

impl Pace {
    /// Runs a commit.
    pub(super) fn of<T>(&self, commit: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        lock(&self.0).begun = Some(begun);
        let outcome = commit();
        let took = begun.elapsed();
        let mut commits = lock(&self.0);
        commits.begun = None;
        if took >= SLOW {
            commits.slow = Some((Instant::now(), took));
        }
        outcome
    }

    /// How long the last slow commit took, or the one under way has taken; none while the disk is quick.
    pub(super) fn slow(&self) -> Option<Duration> {
        let commits = lock(&self.0);
        let under_way = commits.begun.map(|begun| begun.elapsed()).filter(|elapsed| *elapsed >= SLOW);
        under_way.or_else(|| commits.slow.filter(|(ended, _)| ended.elapsed() < CALM).map(|(_, took)| took))
    }
}
