//! How samples become bytes and bytes samples: of a block, of a batch in the log, of roll-up rows.
//!
//! **Invariant:** whatever bytes are decoded, the answer is what was encoded or [`Damaged`]: no panic, and no more memory than
//! [`MOST`] samples need.

pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod bytes;
mod numbers;
pub(crate) mod rolls;

/// Samples of one block at most.
pub(crate) const MOST: usize = 1 << 16;

/// Bytes that nobody here wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the bytes are not what was written")
    }
}

impl std::error::Error for Damaged {}
