//! How long things are kept: said by whoever runs a plant, read by whoever removes what is too old.

use std::collections::HashMap;
use std::sync::Mutex;

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

    /// The largest size of the file alone, which is asked for after every commit.
    pub(crate) fn size(&self) -> Option<u64> {
        lock(&self.0).size
    }

    pub(crate) fn get(&self) -> Keeping {
        lock(&self.0).clone()
    }
}
