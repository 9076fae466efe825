//! `andon import`: a plant's old samples, out of a file into history. Not while Andon runs with the same data. The
//! journal has who did it.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use engine::SystemClock;
use exchange::{Import, Mapping, MappingError, Summary};
use history::{History, OpenError, Options};
use model::{Clock, Timestamp};

use crate::attention::Attention;
use crate::check::count;
use crate::data::Data;
use crate::record::Record;

/// What to import.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// A CSV or Parquet file.
    file: PathBuf,
    /// A TOML file that says what the columns mean; not needed for what Andon exported.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Store nothing if a single row is wrong.
    #[arg(long)]
    strict: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
enum NotImported {
    #[error("{} cannot be read", file.display())]
    Reading { file: PathBuf, source: io::Error },
    #[error("the mapping {} is not understood", file.display())]
    Mapping { file: PathBuf, source: MappingError },
    #[error("the history cannot be opened")]
    Opening(#[source] OpenError),
    #[error("Ctrl-C cannot be received")]
    Attending(#[source] io::Error),
}

/// Imports a file and says what became of its rows. Fails if one of them was refused, or if not all of them were read.
///
/// # Errors
/// Why nothing was imported; that an Andon runs with this data is one reason.
pub fn run(folder: PathBuf, wanted: &ImportArgs) -> Result<ExitCode, Box<dyn Error>> {
    let reading = |file: &Path| {
        let file = file.to_path_buf();
        |source| NotImported::Reading { file, source }
    };
    let mut file = File::open(&wanted.file).map_err(reading(&wanted.file))?;
    let mapping = match &wanted.mapping {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(reading(path))?;
            Some(Mapping::read(&text).map_err(|source| NotImported::Mapping { file: path.clone(), source })?)
        }
        None => None,
    };
    let data = Data::take(folder)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // What is old is why it is imported.
    let history = History::open_with(&data.history(), Arc::clone(&clock), Options { retention: None });
    let history = history.map_err(NotImported::Opening)?;
    let now = clock.now().wall;
    let how = Import { mapping: mapping.as_ref(), now, strict: wanted.strict };
    let mut attention = Attention::begin().map_err(NotImported::Attending)?;
    let mut watch = |share: f64| attention.ask(|| format!("{:.0} %", share * 100.0), share);
    let record = Record::intent(&data.journal(), clock, "andon import", wanted.file.display().to_string())?;
    let summary = exchange::import(&mut file, &history, how, &mut watch);
    drop(attention);
    record.outcome(line(&summary));
    Ok(tell(&wanted.file, summary, now))
}

/// What became of the rows.
fn line(summary: &Summary) -> String {
    let Summary { rows, stored, tags, first, last, refused, .. } = summary;
    let span = first.zip(*last).map(|(first, last)| format!(", from {} to {}", words(first), words(last)));
    let span = span.unwrap_or_default();
    format!("{rows} rows read, {stored} samples of {} stored{span}, {refused} rows refused", count(*tags, "tag"))
}

fn tell(file: &Path, summary: Summary, now: Timestamp) -> ExitCode {
    println!("{}: {}", file.display(), line(&summary));
    let Summary { first, refused, refusals, stopped, .. } = summary;
    for refusal in &refusals {
        println!("  {}: {}", refusal.place, refusal.words);
    }
    if refused > refusals.len() as u64 {
        println!("  and {} more", refused - refusals.len() as u64);
    }
    if let Some(kept) =
        Options::default().retention.filter(|kept| first.is_some_and(|first| is_older(first, now, *kept)))
    {
        println!(
            "  the oldest are older than {} days: Andon keeps no more than these and removes the others when it runs",
            kept.as_secs() / (24 * 3600)
        );
    }
    match stopped {
        Some(reason) => {
            crate::cli::say_why(&reason);
            ExitCode::FAILURE
        }
        None if refused > 0 => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    }
}

fn is_older(time: Timestamp, now: Timestamp, than: Duration) -> bool {
    time < now.saturating_sub(than)
}

fn words(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.millis())
        .map_or_else(|_| time.millis().to_string(), |time| format!("{time:.3}"))
}
