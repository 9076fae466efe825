//! How long history keeps what it knows.

use std::time::Duration;

/// How long history keeps a tag's samples, and what it knows of their minutes and hours. `None` is for ever.
///
/// What is coarser is kept at least as long as what is finer; whoever makes one sees to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keep {
    /// Every recorded sample.
    pub raw: Option<Duration>,
    /// What is known of each minute: least, greatest, mean, how long it was good.
    pub minutes: Option<Duration>,
    /// The same of each hour.
    pub hours: Option<Duration>,
}

impl Default for Keep {
    /// All of it for 400 days: a year, and the month to compare it with.
    fn default() -> Self {
        Self::all(Some(Duration::from_secs(400 * 24 * 3600)))
    }
}

impl Keep {
    /// All of it for equally long.
    pub const fn all(age: Option<Duration>) -> Self {
        Self { raw: age, minutes: age, hours: age }
    }
}
