//! Trends as pictures for paper and mail: PNG and SVG, drawn with plotters.
//!
//! A picture is made from points that the history has already reduced; nothing here reads a file, a clock or a system
//! font. It is to be read in grey too: every pen carries its number along its line and in the legend.
//!
//! Layout: title, then one panel for every four units, each with one axis a unit, then the legend with what was
//! seen of each pen.

mod axis;
mod calendar;
mod canvas;
mod curve;
mod face;
mod paper;
mod picture;

use std::error::Error;

use history::Point;
use jiff::tz::TimeZone;
use model::Timestamp;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Trend {
    /// Above the picture.
    pub title: String,
    /// The left edge.
    pub from: Timestamp,
    /// The right edge.
    pub to: Timestamp,
    /// Up to here the past is known: a pen's last value is drawn on to here and not beyond.
    pub known_until: Timestamp,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The pens, numbered from 1 in this order.
    pub pens: Vec<Pen>,
    /// The zone that times are written in.
    pub zone: TimeZone,
}

/// One line of the trend.
#[derive(Clone, Debug)]
pub struct Pen {
    /// What the legend calls it.
    pub name: String,
    /// The unit; pens of one unit share an axis.
    pub unit: String,
    /// Digits after the point in the legend.
    pub decimals: u8,
    /// How one value leads to the next.
    pub shape: Shape,
    /// In order of time; the one before the left edge, if any, first.
    pub points: Vec<Point>,
    /// Alarm limits.
    pub limits: Vec<Limit>,
}

/// How one value leads to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The value holds and glides to the next one shortly before it, for numbers that come when they have changed.
    Straight,
    /// A straight line all the way, for what was recorded so that this is true.
    Sloped,
    /// A step when the next value comes, for states, setpoints and counters.
    Stepped,
}

/// An alarm limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Its letters: `HH`, `H`, `L`, `LL`.
    pub letters: String,
    /// In the pen's unit.
    pub value: f64,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pixels.
    Png,
    /// Lines.
    Svg,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// Too small to read, or too large to hold.
    #[error("a picture of {width} x {height} pixels cannot be drawn: 320 to 8,000 by 200 to 8,000 can")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The right edge is not after the left one.
    #[error("the time to draw ends before it begins")]
    Span,
    /// A time beyond what a calendar knows.
    #[error("the time to draw is out of range")]
    Calendar(#[source] jiff::Error),
    /// No pens, or more than can be told apart.
    #[error("{count} pens cannot be drawn: 1 to 16 can")]
    Pens {
        /// How many there were.
        count: usize,
    },
    /// The drawing itself failed.
    #[error("the picture could not be drawn")]
    Draw(#[source] Box<dyn Error + Send + Sync>),
    /// The pixels could not be packed.
    #[error("the picture could not be packed as PNG")]
    Pack(#[source] png::EncodingError),
}

/// Draws a trend.
///
/// # Errors
/// [`DrawError`].
pub fn trend(trend: &Trend, format: Format) -> Result<Vec<u8>, DrawError> {
    let (width, height) = trend.size;
    if !(320..=8_000).contains(&width) || !(200..=8_000).contains(&height) {
        return Err(DrawError::Size { width, height });
    }
    if trend.from >= trend.to {
        return Err(DrawError::Span);
    }
    if !(1..=16).contains(&trend.pens.len()) {
        return Err(DrawError::Pens { count: trend.pens.len() });
    }
    match format {
        Format::Png => paper::png(trend.size, |canvas| picture::draw(trend, canvas)),
        Format::Svg => paper::svg(trend.size, |canvas| picture::draw(trend, canvas)),
    }
}
