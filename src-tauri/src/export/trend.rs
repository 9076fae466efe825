//! A trend as a picture.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{Failure, Picture, PlantFolder as _};
use clap::Args;
use engine::SystemClock;
use gateway::Network;
use history::{ReadError, Reader};
use jiff::Zoned;
use jiff::tz::TimeZone;
use model::Clock;
use plant::{Plant, Tag, TagIndices};
use report::Format;

use super::known_until;
use super::span::SpanArgs;
use crate::data;
use crate::folder::{Folder, Owner};

/// What to draw.
#[derive(Clone, Debug, Args)]
pub struct TrendArgs {
    /// The tag's full id; give it again for more tags, at most 16.
    #[arg(long = "tag", value_name = "ID", required = true)]
    tags: Vec<String>,
    #[command(flatten)]
    span: SpanArgs,
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
pub enum TrendError {
    /// No history to draw from.
    #[error("the history cannot be opened; if Andon keeps its data elsewhere, say where with --data DIR")]
    Opening(#[source] history::OpenError),
    /// It does not answer.
    #[error("the history cannot be read")]
    Reading(#[source] ReadError),
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
/// [`TrendError`].
pub fn draw(folder: &Path, wanted: &TrendArgs) -> Result<(), TrendError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let reader = Reader::open(&data::history(folder), Arc::clone(&clock)).map_err(TrendError::Opening)?;
    let span = wanted.span.span(&Zoned::now()).map_err(TrendError::Timing)?;
    let demo = || Some(data::demo_plant(folder)).filter(|demo| demo.is_dir());
    let plant = wanted.plant.clone().or_else(|| data::last_plant(folder)).or_else(demo).ok_or(TrendError::NoPlant)?;
    let plant = read(plant, &clock)?;
    let tags = wanted.tags.iter().map(|tag| find(&plant, tag)).collect::<Result<Vec<_>, _>>()?;
    let series = reader.series(&wanted.tags.iter().map(String::as_str).collect::<Vec<_>>());

    let known_until = known_until(folder, &reader, &series).map_err(TrendError::Reading)?.max(span.from);
    let (file, format) = wanted.file();
    let line = |(tag, series)| api::Line { tag, series: Some(series), live: None };
    let lines: Vec<_> = tags.into_iter().zip(series).map(line).collect();
    let size = (wanted.width, wanted.height);
    let known_until = known_until.min(span.to);
    let picture = Picture { span, known_until, size, zone: TimeZone::system(), format };
    let picture = api::draw(&plant, &lines, &reader, picture).map_err(TrendError::Drawing)?;
    fs::write(file, picture).map_err(|source| TrendError::Writing { file: file.to_path_buf(), source })?;
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
}

fn read(folder: PathBuf, clock: &Arc<dyn Clock>) -> Result<Plant, TrendError> {
    let network = Arc::new(Network::new(Arc::clone(clock)));
    let reading = Folder::new(folder.clone(), Owner::Person, network).read(&TagIndices::default());
    reading.plant.ok_or(TrendError::ReadingPlant { folder })
}

fn find<'a>(plant: &'a Plant, id: &str) -> Result<&'a Tag, TrendError> {
    plant.tag_by_id(id).ok_or_else(|| {
        let example = plant.tags.first().map(|tag| tag.id.to_string()).unwrap_or_default();
        TrendError::UnknownTag { tag: id.to_owned(), example }
    })
}
