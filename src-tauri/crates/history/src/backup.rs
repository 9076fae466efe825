//! A copy of a history, made while it is recorded, and put back.
//!
//! **Invariant:** what was made or put in place is whole: it was looked through first. Nothing is written over and nothing is
//! deleted but half a copy.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Clock;
use thiserror::Error;

use crate::SCHEMA;
use crate::check::{self, Contents, Finding, Looked};
use crate::sqlite::OpenError;
use crate::sqlite::copy::{self, Copied, CopyError, Pages};

/// Why there is no backup, or why it is not put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The copy is not made or not put in its place.
    #[error(transparent)]
    Copying(#[from] CopyError),
    /// There is nothing to look at.
    #[error("the history cannot be opened")]
    Opening(#[source] OpenError),
    /// It was looked at, and is not whole.
    #[error("{} is damaged in {findings} places, the first of them: {first}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How many places.
        findings: u64,
        /// The first of them.
        first: Finding,
    },
    /// The present file cannot be kept under another name.
    #[error("the present history {} cannot be kept aside", path.display())]
    KeepingAside {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Copying.
    Copied(Pages),
    /// Looking whether it is whole.
    Checked(Looked),
}

/// Copies a history as it is now, also while it is written, and looks whether the copy is whole. `progress` says whether to go on.
///
/// # Errors
/// [`BackupError`]. Nothing is left behind then.
pub fn backup(
    history: &Path,
    to: &Path,
    clock: Arc<dyn Clock>,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Contents, BackupError> {
    if to.exists() {
        return Err(CopyError::Exists { path: to.to_owned() }.into());
    }
    let copied = Copied::of(history, to, &SCHEMA, |pages| progress(Progress::Copied(pages)))?;
    let contents = whole(copied.path(), clock, &mut progress)?;
    copied.place()?;
    Ok(contents)
}

/// Puts a backup in the place of a history that nobody has open; the present one is kept under a name with the time in it, which is
/// the answer's second part.
///
/// # Errors
/// [`BackupError`]. The present history is in its place then.
pub fn restore(
    backup: &Path,
    history: &Path,
    clock: Arc<dyn Clock>,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(Contents, Option<PathBuf>), BackupError> {
    let contents = whole(backup, Arc::clone(&clock), &mut progress)?;
    let copied = Copied::of(backup, history, &SCHEMA, |pages| progress(Progress::Copied(pages)))?;
    let aside = copy::keep_aside(history, "replaced", clock.now().wall)
        .map_err(|source| BackupError::KeepingAside { path: history.to_owned(), source })?;
    copied.place()?;
    Ok((contents, aside))
}

fn whole(
    path: &Path,
    clock: Arc<dyn Clock>,
    progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Contents, BackupError> {
    let mut first = None;
    let found = |finding| first = first.take().or(Some(finding));
    let contents = check::check(path, clock, found, |looked| progress(Progress::Checked(looked)));
    let contents = contents.map_err(BackupError::Opening)?;
    match first {
        Some(first) => Err(BackupError::Damaged { path: path.to_owned(), findings: contents.findings, first }),
        None if !contents.finished => Err(CopyError::Cancelled.into()),
        None => Ok(contents),
    }
}
