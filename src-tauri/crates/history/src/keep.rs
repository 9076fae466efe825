//! How long things are kept: said by whoever runs a plant, read by whoever removes what is too old.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

pub use model::Keep;

use crate::SeriesId;
use crate::sqlite::lock;

/// How long samples are kept, and how large the file may grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// For every series that is not in `of`.
    pub default: Keep,
    /// For series with an age of their own.
    pub of: HashMap<SeriesId, Keep>,
    /// The largest size of the file in bytes; `None` for as large as the disk allows.
    pub size: Option<u64>,
}

impl Keeping {
    /// How long something of a series is kept.
    pub fn keep_of(&self, series: SeriesId) -> Keep {
        self.of.get(&series).copied().unwrap_or(self.default)
    }

    /// What is older than this nobody wants any more, of whatever series, not even its hours. `None` where something is
    /// kept for ever.
    pub(crate) fn longest(&self) -> Option<Duration> {
        let ages = self.of.values().chain([&self.default]).flat_map(|keep| [keep.raw, keep.minutes, keep.hours]);
        ages.collect::<Option<Vec<Duration>>>()?.into_iter().max()
    }
}

/// The keeping that holds now, shared by the history and its thread.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Keeping>);

impl Kept {
    pub(crate) fn new(keeping: Keeping) -> Self {
        Self(Mutex::new(keeping))
    }

    pub(crate) fn set(&self, keeping: Keeping) {
        *lock(&self.0) = keeping;
    }

    /// As [`Keeping::longest`].
    pub(crate) fn longest(&self) -> Option<Duration> {
        lock(&self.0).longest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn what_one_series_keeps_for_longer_is_nobodys_to_remove() {
        let mut keeping = Keeping { default: Keep::all(Some(DAY * 30)), ..Keeping::default() };
        assert_eq!(keeping.longest(), Some(DAY * 30));
        let energy = Keep { raw: Some(DAY * 7), minutes: Some(DAY * 90), hours: Some(DAY * 1000) };
        keeping.of.insert(SeriesId(1), energy);
        assert_eq!(keeping.longest(), Some(DAY * 1000));
        assert_eq!((keeping.keep_of(SeriesId(1)), keeping.keep_of(SeriesId(2))), (energy, keeping.default));
        keeping.of.insert(SeriesId(2), Keep { hours: None, ..energy });
        assert_eq!(keeping.longest(), None, "for ever is longer than any time");
    }
}
