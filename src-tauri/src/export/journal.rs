//! The journal as CSV, newest first.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::JournalExportError;
use api::wire::{JournalFilter, JournalKind};
use clap::{Args, Subcommand, ValueEnum};
use engine::SystemClock;
use exchange::Progress;
use jiff::Zoned;
use jiff::tz::TimeZone;
use journal::Reader;

use super::half::Half;
use super::samples::{STANDARD_OUTPUT, zone};
use super::span::SpanArgs;
use crate::attention::Attention;
use crate::data;

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Write entries as CSV, also while Andon runs.
    Export(JournalArgs),
}

/// Which entries, and where to.
#[derive(Clone, Debug, Args)]
pub struct JournalArgs {
    #[command(flatten)]
    span: SpanArgs,
    /// Only of this equipment and below, by its path.
    #[arg(long, value_name = "PATH")]
    equipment: Option<String>,
    /// Only of this alarm, by its id.
    #[arg(long, value_name = "ID")]
    alarm: Option<String>,
    /// Only entries with this text in message, note, user or equipment.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only of what was done by somebody with this text in their name.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only of this priority, 1 to 4.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    priority: Option<u8>,
    /// Only of these kinds, separated by commas.
    #[arg(long = "kind", value_enum, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// The time zone in which times are written, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    zone: TimeZone,
    /// Into this file; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Raised,
    Returned,
    Acknowledged,
    Reset,
    Recurred,
    Escalated,
    Eased,
    ReAlarmed,
    Announced,
    Confirmed,
    Noted,
    Shelved,
    Unshelved,
    Suppressed,
    Unsuppressed,
    OutOfService,
    InService,
    Heard,
    Action,
    System,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No journal to read.
    #[error("there is no journal to read; say where Andon keeps its data with --data DIR")]
    Opening(#[source] journal::OpenError),
    /// No such time.
    #[error("that time does not exist")]
    Timing(#[source] jiff::Error),
    /// Signals cannot be had.
    #[error("Ctrl-C cannot be received")]
    Attending(#[source] io::Error),
    /// It cannot be kept.
    #[error("the file {} cannot be written", file.display())]
    Writing {
        /// Where to.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It did not come to its end; there is no file.
    #[error(transparent)]
    Exporting(JournalExportError),
}

/// Does it.
///
/// # Errors
/// [`JournalError`].
pub fn run(folder: &Path, what: &JournalCommand) -> Result<(), JournalError> {
    let JournalCommand::Export(wanted) = what;
    let reader = Reader::open(&data::journal(folder), Arc::new(SystemClock)).map_err(JournalError::Opening)?;
    let filter = wanted.filter()?;
    let mut attention = Attention::begin().map_err(JournalError::Attending)?;
    let mut watch = |progress: Progress| -> ControlFlow<()> {
        attention.ask(|| format!("{:.0} %, {} rows", progress.share * 100.0, progress.rows), progress.share)
    };
    let mut write = |out: &mut dyn Write| {
        api::export_journal(&reader, filter.clone(), &wanted.zone, out, &mut watch).map_err(JournalError::Exporting)
    };
    if wanted.output.as_os_str() == STANDARD_OUTPUT {
        return write(&mut io::stdout()).map(|_| ());
    }
    let writing = |source| JournalError::Writing { file: wanted.output.clone(), source };
    let half = Half::begin(&wanted.output).map_err(writing)?;
    let done = write(&mut half.file())?;
    half.finish(&wanted.output).map_err(writing)?;
    drop(attention);
    println!("{}: {} rows", wanted.output.display(), done.rows);
    Ok(())
}

impl JournalArgs {
    fn filter(&self) -> Result<JournalFilter, JournalError> {
        let span = self.span.span(&Zoned::now()).map_err(JournalError::Timing)?;
        Ok(JournalFilter {
            equipment: self.equipment.clone(),
            alarm: self.alarm.clone(),
            text: self.text.clone(),
            user: self.user.clone(),
            priority: self.priority,
            kinds: self.kinds.iter().map(|kind| kind.wire()).collect(),
            from: Some(span.from.millis()),
            to: Some(span.to.millis()),
        })
    }
}

impl Kind {
    fn wire(self) -> JournalKind {
        match self {
            Kind::Raised => JournalKind::Raised,
            Kind::Returned => JournalKind::Returned,
            Kind::Acknowledged => JournalKind::Acknowledged,
            Kind::Reset => JournalKind::Reset,
            Kind::Recurred => JournalKind::Recurred,
            Kind::Escalated => JournalKind::Escalated,
            Kind::Eased => JournalKind::Eased,
            Kind::ReAlarmed => JournalKind::ReAlarmed,
            Kind::Announced => JournalKind::Announced,
            Kind::Confirmed => JournalKind::Confirmed,
            Kind::Noted => JournalKind::Noted,
            Kind::Shelved => JournalKind::Shelved,
            Kind::Unshelved => JournalKind::Unshelved,
            Kind::Suppressed => JournalKind::Suppressed,
            Kind::Unsuppressed => JournalKind::Unsuppressed,
            Kind::OutOfService => JournalKind::OutOfService,
            Kind::InService => JournalKind::InService,
            Kind::Heard => JournalKind::Heard,
            Kind::Action => JournalKind::Action,
            Kind::System => JournalKind::System,
        }
    }
}
