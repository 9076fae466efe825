//! `andon export`: what history knows, as a file, and `andon journal export`: what the journal does. Both work whether or
//! not Andon runs: they only read.

mod half;
mod journal;
mod samples;
mod span;
mod trend;

use std::error::Error;
use std::path::Path;

use clap::{Args, Subcommand};
use engine::SystemClock;
use history::{ReadError, Reader, SeriesId};
use model::{Clock as _, Timestamp};

use crate::data;
pub use journal::{JournalCommand, run as run_journal};
use samples::SamplesArgs;
use trend::TrendArgs;

/// What to export: the samples themselves, or a picture of them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Export {
    #[command(flatten)]
    samples: SamplesArgs,
    #[command(subcommand)]
    command: Option<ExportCommand>,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// Draw tags over time.
    Trend(TrendArgs),
}

/// Writes what was asked for into its file.
///
/// # Errors
/// Why there is no file.
pub fn run(folder: &Path, wanted: Export) -> Result<(), Box<dyn Error>> {
    match wanted.command {
        Some(ExportCommand::Trend(trend)) => trend::draw(folder, &trend)?,
        None => samples::write(folder, &wanted.samples)?,
    }
    Ok(())
}

/// Nothing is known after this. A value that did not change was not written again; while Andon runs it is known up to
/// now all the same.
fn known_until(folder: &Path, reader: &Reader, series: &[SeriesId]) -> Result<Timestamp, ReadError> {
    if data::is_in_use(folder) {
        return Ok(SystemClock.now().wall);
    }
    let mut known = Timestamp::from_millis(i64::MIN);
    for series in series {
        known = reader.latest(*series, 1)?.iter().map(|sample| sample.time).fold(known, Timestamp::max);
    }
    Ok(known)
}
