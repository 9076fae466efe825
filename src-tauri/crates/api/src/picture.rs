//! A trend of plant tags as a picture: from tags and history to what `report` draws. The Trends screen and the command
//! line make theirs here.

use history::{Point, ReadError, Reader, SeriesId, Span};
use jiff::tz::TimeZone;
use model::{DataType, TagIndex, Timestamp};
use plant::{Plant, Tag};
use report::{DrawError, Format, Limit, Pen, Shape, Trend};

use alarm::{Level, LimitKind};

use crate::commands::watched_tag;
use crate::{Code, Failure};

/// How a trend is to be drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The time it shows.
    pub span: Span,
    /// Nothing is known after this.
    pub known_until: Timestamp,
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// The zone in which times are written.
    pub zone: TimeZone,
    /// Pixels or lines.
    pub format: Format,
}

/// What is drawn of a tag.
#[derive(Clone, Copy, Debug)]
pub struct Line<'p> {
    /// Whose line.
    pub tag: &'p Tag,
    /// Under what history keeps it; one that is not recorded has an empty line.
    pub series: Option<SeriesId>,
    /// Its value now, where that is known. History may not have it yet, or never.
    pub live: Option<Point>,
}

/// Draws tags of a plant from history, up to their values now.
///
/// # Errors
/// [`Code::Storage`] where history cannot be read, [`Code::Invalid`] where nothing can be drawn of the request.
pub fn draw(plant: &Plant, lines: &[Line<'_>], reader: &Reader, picture: Picture) -> Result<Vec<u8>, Failure> {
    let Picture { span, known_until, size, zone, format } = picture;
    let pen = |Line { tag, series, live }: &Line<'_>| -> Result<Pen, ReadError> {
        let Some(series) = series else { return Ok(self::pen(plant, tag, Vec::new())) };
        let mut points = reader.minmax(*series, span, size.0)?;
        let newest = points.last().map_or(span.from, |point| point.time);
        points.extend(live.filter(|live| newest < live.time && live.time < span.to));
        Ok(self::pen(plant, tag, points))
    };
    let pens = lines.iter().map(pen).collect::<Result<Vec<Pen>, ReadError>>().map_err(unreadable)?;
    let trend = Trend { title: plant.name.clone(), from: span.from, to: span.to, known_until, size, pens, zone };
    report::trend(&trend, format).map_err(|error| {
        let code = match &error {
            DrawError::Size { .. } | DrawError::Span | DrawError::Calendar(_) | DrawError::Pens { .. } => Code::Invalid,
            DrawError::Draw(_) | DrawError::Pack(_) => Code::Internal,
        };
        Failure::caused(code, error.to_string(), &error)
    })
}

pub(crate) fn unreadable(error: ReadError) -> Failure {
    Failure::caused(Code::Storage, format!("history cannot be read: {error}"), &error)
}

fn pen(plant: &Plant, tag: &Tag, points: Vec<Point>) -> Pen {
    Pen {
        name: full_name(plant, tag),
        unit: tag.unit.clone(),
        decimals: tag.decimals,
        shape: match tag.data_type {
            _ if tag.recording.is_some_and(|recording| recording.is_sloped()) => Shape::Sloped,
            DataType::Float => Shape::Straight,
            DataType::Bool | DataType::Int | DataType::Text => Shape::Stepped,
        },
        points,
        limits: limits(plant, tag.index),
    }
}

/// The tag's name with its machine's, as one picture may show the same tag of several machines.
fn full_name(plant: &Plant, tag: &Tag) -> String {
    let machine = tag.equipment.as_ref().and_then(|id| plant.equipment.find(id));
    machine.map_or_else(|| tag.name.clone(), |machine| format!("{} {}", machine.name, tag.name))
}

fn limits(plant: &Plant, tag: TagIndex) -> Vec<Limit> {
    let of_tag = plant.alarms.iter().filter(|definition| watched_tag(&definition.watch) == Some(tag));
    let levels = of_tag.flat_map(|definition| definition.config.trigger.value_limits());
    let limit =
        |level: &Level| level.limit.number().map(|value| Limit { letters: letters(level.kind).to_owned(), value });
    levels.filter_map(limit).collect()
}

fn letters(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HighHigh => "HH",
        LimitKind::High => "H",
        LimitKind::Low => "L",
        LimitKind::LowLow => "LL",
    }
}
