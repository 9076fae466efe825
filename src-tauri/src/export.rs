//! `andon export`: what history knows, as a file. Works whether or not Andon runs: it only reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{Failure, Picture, PlantFolder as _};
use clap::Args;
use engine::SystemClock;
use gateway::Network;
use history::{ReadError, Reader, Span};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SpanRelativeTo, Zoned};
use model::{Clock, Timestamp};
use plant::{Plant, Tag, TagIndices};
use report::Format;

use crate::data;
use crate::folder::{Folder, Owner};

/// What to draw.
#[derive(Clone, Debug, Args)]
pub struct TrendArgs {
    /// The tag's full id; give it again for more tags, at most 16.
    #[arg(long = "tag", value_name = "ID", required = true)]
    tags: Vec<String>,
    /// From this time, such as 2026-11-23T06:00, in this machine's time zone.
    #[arg(long, value_name = "TIME", requires = "to", required_unless_present = "last")]
    from: Option<DateTime>,
    /// Up to this time.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<DateTime>,
    /// So long up to now, such as 8h, 30min or 7d.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    last: Option<jiff::Span>,
    /// Into this file, as pixels.
    #[arg(long, value_name = "FILE", required_unless_present = "svg", conflicts_with = "svg")]
    png: Option<PathBuf>,
    /// Into this file, as lines.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Pixels.
    #[arg(long, default_value_t = 1600)]
    width: u32,
    /// Pixels.
    #[arg(long, default_value_t = 900)]
    height: u32,
    /// The plant that the tags are of; the one that ran last with this data folder if not given.
    #[arg(long, value_name = "DIR")]
    plant: Option<PathBuf>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No history to draw from.
    #[error("there is no history to read; say where Andon keeps its data with --data DIR")]
    Opening(#[source] history::OpenError),
    /// It does not answer.
    #[error("the history of '{tag}' cannot be read")]
    Reading {
        /// Of which tag.
        tag: String,
        /// Why.
        source: ReadError,
    },
    /// Nobody said which plant.
    #[error("no plant ran with this data folder; say whose tags these are with --plant DIR")]
    NoPlant,
    /// It has errors.
    #[error("the plant in {} has errors; `andon check` lists them", folder.display())]
    ReadingPlant {
        /// Where it is.
        folder: PathBuf,
    },
    /// The plant does not have it.
    #[error("the plant has no tag '{tag}'; a full id looks like '{example}'")]
    UnknownTag {
        /// Which.
        tag: String,
        /// One that there is.
        example: String,
    },
    /// No such time.
    #[error("that time does not exist")]
    Timing(#[source] jiff::Error),
    /// It cannot be drawn.
    #[error("the trend cannot be drawn")]
    Drawing(#[source] Failure),
    /// It cannot be kept.
    #[error("the picture {file} cannot be written")]
    Writing {
        /// Where to.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Draws what was asked for into its file.
///
/// # Errors
/// [`ExportError`].
pub fn trend(folder: &Path, wanted: &TrendArgs) -> Result<(), ExportError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let reader = Reader::open(&data::history(folder), Arc::clone(&clock)).map_err(ExportError::Opening)?;
    let span = wanted.span(&Zoned::now()).map_err(ExportError::Timing)?;
    let demo = || Some(data::demo_plant(folder)).filter(|demo| demo.is_dir());
    let plant = wanted.plant.clone().or_else(|| data::last_plant(folder)).or_else(demo).ok_or(ExportError::NoPlant)?;
    let plant = read(plant, &clock)?;
    let tags = wanted.tags.iter().map(|tag| find(&plant, tag)).collect::<Result<Vec<_>, _>>()?;
    let series = reader.series(&wanted.tags.iter().map(String::as_str).collect::<Vec<_>>());

    // A value that did not change was not written again. While Andon runs it is known up to now all the same.
    let mut known_until = if data::is_in_use(folder) { clock.now().wall } else { span.from };
    for (tag, series) in wanted.tags.iter().zip(&series) {
        let newest = reader.latest(*series, 1);
        let newest = newest.map_err(|source| ExportError::Reading { tag: tag.clone(), source })?;
        known_until = newest.iter().map(|sample| sample.time).fold(known_until, Timestamp::max);
    }
    let (file, format) = wanted.file();
    let line = |(tag, series)| api::Line { tag, series: Some(series), live: None };
    let lines: Vec<_> = tags.into_iter().zip(series).map(line).collect();
    let size = (wanted.width, wanted.height);
    let known_until = known_until.min(span.to);
    let picture = Picture { span, known_until, size, zone: TimeZone::system(), format };
    let picture = api::draw(&plant, &lines, &reader, picture).map_err(ExportError::Drawing)?;
    fs::write(file, picture).map_err(|source| ExportError::Writing { file: file.to_path_buf(), source })?;
    println!("{}", file.display());
    Ok(())
}

impl TrendArgs {
    fn file(&self) -> (&Path, Format) {
        match (&self.png, &self.svg) {
            (_, Some(svg)) => (svg, Format::Svg),
            (Some(png), None) => (png, Format::Png),
            (None, None) => unreachable!("the command line's grammar wants one of them"),
        }
    }

    fn span(&self, now: &Zoned) -> Result<Span, jiff::Error> {
        let zone = now.time_zone();
        let (from, to) = match (&self.last, self.from, self.to) {
            (Some(last), _, _) => {
                // "-8h" would be the future.
                let last = last.abs();
                // A day is what the calendar says, so that "7d" begins at this time of day.
                last.to_duration(SpanRelativeTo::from(now))?;
                (now.checked_sub(last)?.timestamp(), now.timestamp())
            }
            (None, from, to) => {
                let instant = |time: Option<DateTime>| match time {
                    Some(time) => zone.to_timestamp(time),
                    None => Ok(now.timestamp()),
                };
                (instant(from)?, instant(to)?)
            }
        };
        Ok(Span {
            from: Timestamp::from_millis(from.as_millisecond()),
            to: Timestamp::from_millis(to.as_millisecond()),
        })
    }
}

fn read(folder: PathBuf, clock: &Arc<dyn Clock>) -> Result<Plant, ExportError> {
    let network = Arc::new(Network::new(Arc::clone(clock)));
    let reading = Folder::new(folder.clone(), Owner::Person, network).read(&TagIndices::default());
    reading.plant.ok_or(ExportError::ReadingPlant { folder })
}

fn find<'a>(plant: &'a Plant, id: &str) -> Result<&'a Tag, ExportError> {
    plant.tag_by_id(id).ok_or_else(|| {
        let example = plant.tags.first().map(|tag| tag.id.to_string()).unwrap_or_default();
        ExportError::UnknownTag { tag: id.to_owned(), example }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        trend: TrendArgs,
    }

    /// What of the time before 2026-11-23T14:00 in Berlin is drawn, in hours before then.
    fn check(line: &str, expect: (i64, i64)) {
        let typed =
            Typed::try_parse_from(format!("trend --tag a --png a.png {line}").split(' ')).expect("a command line");
        let now: Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().expect("a time");
        let span = typed.trend.span(&now).expect("a span");
        let hours = |time: Timestamp| (now.timestamp().as_millisecond() - time.millis()) / 3_600_000;
        assert_eq!((hours(span.from), hours(span.to)), expect, "{line}");
    }

    #[test]
    fn times_are_those_of_this_machine() {
        check("--last 8h", (8, 0));
        check("--last 90min", (1, 0));
        check("--last 7d", (168, 0));
        check("--from 2026-11-23T06:00 --to 2026-11-23T13:00", (8, 1));
        // Over the end of daylight saving time a month has an hour more.
        check("--last 1mo", (745, 0));
    }
}
