//! Samples as CSV or Parquet.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use engine::SystemClock;
use exchange::{Csv, Form, Format, Selection};
use history::{ReadError, Reader};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use super::half::Half;
use super::known_until;
use super::span::SpanArgs;
use crate::attention::Attention;
use crate::check::count;
use crate::data;

/// Where a file would be, for standard output.
pub(super) const STANDARD_OUTPUT: &str = "-";

/// Which samples, and how.
#[derive(Clone, Debug, Args)]
pub struct SamplesArgs {
    /// The tags by their full ids; `*` stands for any letters and `?` for one, so that `*/filler/*` is all of a machine's.
    #[arg(long, value_name = "GLOB", value_delimiter = ',', required = true)]
    tags: Vec<String>,
    #[command(flatten)]
    span: SpanArgs,
    /// The file's format.
    #[arg(long, value_enum, default_value_t = FileFormat::Csv)]
    format: FileFormat,
    /// A row an instant and two columns a tag, in place of a row a sample; CSV only.
    #[arg(long)]
    wide: bool,
    /// In the wide form, a row each so much time with the values that hold then, such as 1s or 15min.
    #[arg(long, value_name = "TIME", requires = "wide")]
    every: Option<SignedDuration>,
    /// The time zone in which times are written, such as Europe/Berlin; CSV only.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    zone: TimeZone,
    /// Into this file; `-` for standard output.
    // None beside a subcommand, and there only.
    #[arg(long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    Csv,
    Parquet,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// No history to read.
    #[error("the history cannot be opened; if Andon keeps its data elsewhere, say where with --data DIR")]
    Opening(#[source] history::OpenError),
    /// It does not answer.
    #[error("the history cannot be read")]
    Reading(#[source] ReadError),
    /// Nothing is meant.
    #[error("the history has no tag like '{glob}'; {example}")]
    NoTag {
        /// What was typed.
        glob: String,
        /// What there is.
        example: String,
    },
    /// No such time.
    #[error("that time does not exist")]
    Timing(#[source] jiff::Error),
    /// Only a CSV has forms.
    #[error("a Parquet file has a row a sample: leave --wide out, or choose --format csv")]
    Form,
    /// Negative.
    #[error("--every wants a time such as 1s or 15min")]
    Every,
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
    Exporting(exchange::ExportError),
}

/// Writes the samples into their file. Where that does not come to its end, there is no file.
///
/// # Errors
/// [`SamplesError`].
pub fn write(folder: &Path, wanted: &SamplesArgs) -> Result<(), SamplesError> {
    let output = wanted.output.as_deref().expect("the command line's grammar wants it");
    let format = wanted.format()?;
    let reader = Reader::open(&data::history(folder), Arc::new(SystemClock)).map_err(SamplesError::Opening)?;
    let span = wanted.span.span(&Zoned::now()).map_err(SamplesError::Timing)?;
    let tags = choose(&wanted.tags, reader.names().map_err(SamplesError::Reading)?)?;
    let series = reader.series(&tags.iter().map(String::as_str).collect::<Vec<_>>());
    let known_until = known_until(folder, &reader, &series).map_err(SamplesError::Reading)?;
    let selection = Selection { tags, span, known_until };
    let mut attention = Attention::begin().map_err(SamplesError::Attending)?;
    let mut watch = |progress: exchange::Progress| -> ControlFlow<()> {
        attention.ask(|| format!("{:.0} %, {} rows", progress.share * 100.0, progress.rows), progress.share)
    };
    if output.as_os_str() == STANDARD_OUTPUT {
        return exchange::export(&reader, &selection, &format, io::stdout(), &mut watch)
            .map(|_| ())
            .map_err(SamplesError::Exporting);
    }
    let writing = |source| SamplesError::Writing { file: output.to_path_buf(), source };
    let half = Half::begin(output).map_err(writing)?;
    let done =
        exchange::export(&reader, &selection, &format, half.file(), &mut watch).map_err(SamplesError::Exporting)?;
    half.finish(output).map_err(writing)?;
    drop(attention);
    println!("{}: {} rows of {}", output.display(), done.rows, count(selection.tags.len(), "tag"));
    Ok(())
}

impl SamplesArgs {
    fn format(&self) -> Result<Format, SamplesError> {
        let every = self.every.map(Duration::try_from).transpose().map_err(|_| SamplesError::Every)?;
        match (self.format, self.wide) {
            (FileFormat::Parquet, true) => Err(SamplesError::Form),
            (FileFormat::Parquet, false) => Ok(Format::Parquet),
            (FileFormat::Csv, wide) => {
                let form = if wide { Form::Wide { every } } else { Form::Long };
                Ok(Format::Csv(Csv { form, zone: self.zone.clone() }))
            }
        }
    }
}

/// The tags that are meant, in the order in which they were asked for, each once.
fn choose(globs: &[String], known: Vec<String>) -> Result<Vec<String>, SamplesError> {
    let mut chosen: Vec<String> = Vec::new();
    for glob in globs {
        let meant: Vec<&String> = known.iter().filter(|tag| is_like(tag, glob)).collect();
        if meant.is_empty() {
            let example =
                known.first().map_or_else(|| "it is empty".to_owned(), |tag| format!("one that it has is '{tag}'"));
            return Err(SamplesError::NoTag { glob: glob.clone(), example });
        }
        chosen.extend(meant.into_iter().cloned());
    }
    let mut seen = std::collections::HashSet::new();
    chosen.retain(|tag| seen.insert(tag.clone()));
    Ok(chosen)
}

/// Whether a text is like a glob. After a mismatch, the last `*` takes one more letter.
fn is_like(text: &str, glob: &str) -> bool {
    let (text, glob): (Vec<char>, Vec<char>) = (text.chars().collect(), glob.chars().collect());
    let (mut at, mut in_glob) = (0, 0);
    let mut star = None;
    while at < text.len() {
        match glob.get(in_glob) {
            Some('*') => {
                star = Some((at, in_glob));
                in_glob += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[at] => {
                at += 1;
                in_glob += 1;
            }
            Some(_) | None => {
                let Some((taken, place)) = star else { return false };
                star = Some((taken + 1, place));
                at = taken + 1;
                in_glob = place + 1;
            }
        }
    }
    glob[in_glob..].iter().all(|letter| *letter == '*')
}

pub(super) fn zone(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_means_what_it_looks_like() {
        for (glob, means) in [
            ("ulm/filler/speed", true),
            ("*", true),
            ("*/filler/*", true),
            ("ulm/*/s?eed", true),
            ("*ee*", true),
            ("ulm", false),
            ("*/capper/*", false),
            ("ulm/filler/speed?", false),
            ("ULM/*", false),
        ] {
            assert_eq!(is_like("ulm/filler/speed", glob), means, "{glob}");
        }
    }

    #[test]
    fn tags_are_chosen_once_in_the_order_asked_for() {
        let known = || ["a/x", "a/y", "b/x"].map(str::to_owned).to_vec();
        let globs = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(choose(&globs(&["b/*", "*/x"]), known()).expect("tags"), ["b/x", "a/x"]);
        let refused = choose(&globs(&["a/*", "c/*"]), known()).expect_err("no such tag").to_string();
        assert_eq!(refused, "the history has no tag like 'c/*'; one that it has is 'a/x'");
    }
}
