//! Drawing in points of the finished picture, with fractions, on whatever backend of plotters.
//!
//! plotters' backends count in whole pixels. The canvas draws larger by a whole factor, and `paper` brings the result
//! back to size; so a line can lie between two pixels.

use std::error::Error;

use plotters::backend::DrawingBackend;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use crate::DrawError;
use crate::face::{self, Weight};

/// A colour, red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// A place, from the upper left corner.
pub(crate) type Place = (f64, f64);

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Which part of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Left,
    Middle,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lettering {
    pub(crate) em: f64,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
}

/// How a line looks: its width, and the lengths of line and gap where it is broken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) ink: Ink,
    pub(crate) width: f64,
    pub(crate) dashes: Option<(f64, f64)>,
}

/// The families named in an SVG, for programs that have the first one or not; figures there may be proportional.
pub(crate) const FAMILIES: &str = "Inter, Helvetica, Arial, sans-serif";

/// plotters' font sizes are this much of an em.
pub(crate) const SIZE_OF_EM: f64 = 1.24;

/// Something to draw on.
pub(crate) struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    factor: f64,
    /// In points.
    pub(crate) size: (f64, f64),
}

impl<B: DrawingBackend> Canvas<B>
where
    B::ErrorType: 'static,
{
    /// A canvas on a drawing area that is `factor` times as large as the finished picture.
    pub(crate) fn new(area: DrawingArea<B, Shift>, factor: u32, size: (u32, u32)) -> Self {
        Self { area, factor: f64::from(factor), size: (f64::from(size.0), f64::from(size.1)) }
    }

    /// Makes sure that everything is on the backend.
    pub(crate) fn finish(self) -> Result<(), DrawError> {
        self.area.present().map_err(failed)
    }

    /// A line through places; broken where the stroke says so.
    pub(crate) fn line(&self, places: &[Place], stroke: Stroke) -> Result<(), DrawError> {
        match stroke.dashes {
            None => self.path(places, stroke),
            Some(dashes) => dashed(places, dashes).iter().try_for_each(|part| self.path(part, stroke)),
        }
    }

    fn path(&self, places: &[Place], stroke: Stroke) -> Result<(), DrawError> {
        let width = (stroke.width * self.factor).round().max(1.0);
        let style =
            ShapeStyle { color: colour(stroke.ink).into(), filled: false, stroke_width: pixels(width).unsigned_abs() };
        let mut path: Vec<(i32, i32)> = places.iter().map(|place| self.at(*place)).collect();
        path.dedup();
        if path.len() < 2 {
            return Ok(());
        }
        self.area.draw(&PathElement::new(path, style)).map_err(failed)
    }

    /// A filled rectangle.
    pub(crate) fn fill(&self, frame: Frame, ink: Ink) -> Result<(), DrawError> {
        let corners = [self.at((frame.left, frame.top)), self.at((frame.right, frame.bottom))];
        self.area.draw(&Rectangle::new(corners, colour(ink).filled_style())).map_err(failed)
    }

    /// A filled circle.
    pub(crate) fn dot(&self, centre: Place, radius: f64, ink: Ink) -> Result<(), DrawError> {
        let radius = pixels((radius * self.factor).round().max(1.0));
        self.area.draw(&Circle::new(self.at(centre), radius, colour(ink).filled_style())).map_err(failed)
    }

    /// A filled polygon.
    pub(crate) fn polygon(&self, corners: &[Place], ink: Ink) -> Result<(), DrawError> {
        let corners: Vec<(i32, i32)> = corners.iter().map(|corner| self.at(*corner)).collect();
        self.area.draw(&Polygon::new(corners, colour(ink).filled_style())).map_err(failed)
    }

    /// A text whose capital letters are centred at the place's height.
    pub(crate) fn text(&self, text: &str, place: Place, hold: Hold, lettering: Lettering) -> Result<(), DrawError> {
        let h_pos = match hold {
            Hold::Left => HPos::Left,
            Hold::Middle => HPos::Center,
            Hold::Right => HPos::Right,
        };
        let weight = match lettering.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let size = lettering.em * self.factor * SIZE_OF_EM;
        let font = FontDesc::new(FontFamily::Name(FAMILIES), size, weight);
        let ink = colour(lettering.ink);
        let style = TextStyle::from(font).color(&ink).pos(Pos::new(h_pos, VPos::Center));
        self.area.draw_text(text, &style, self.at(place)).map_err(failed)
    }

    /// How wide a text will be.
    pub(crate) fn width(&self, text: &str, lettering: Lettering) -> f64 {
        f64::from(face::width(text, single(lettering.em), lettering.weight))
    }

    /// A text cut to a width, with an ellipsis where something is missing.
    pub(crate) fn cut(&self, text: &str, width: f64, lettering: Lettering) -> String {
        if self.width(text, lettering) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() {
            let shorter = format!("{}…", kept.trim_end());
            if self.width(&shorter, lettering) <= width {
                return shorter;
            }
        }
        String::new()
    }

    fn at(&self, place: Place) -> (i32, i32) {
        (pixels((place.0 * self.factor).round()), pixels((place.1 * self.factor).round()))
    }
}

/// A filled style of a colour.
trait Filled {
    fn filled_style(self) -> ShapeStyle;
}

impl Filled for RGBColor {
    fn filled_style(self) -> ShapeStyle {
        ShapeStyle { color: self.into(), filled: true, stroke_width: 0 }
    }
}

fn colour(ink: Ink) -> RGBColor {
    RGBColor(ink.0, ink.1, ink.2)
}

fn failed(error: impl Error + Send + Sync + 'static) -> DrawError {
    DrawError::Draw(Box::new(error))
}

#[expect(clippy::cast_possible_truncation, reason = "a picture is at most 8,000 points wide; the rest is held")]
fn pixels(x: f64) -> i32 {
    x.clamp(-100_000.0, 100_000.0) as i32
}

#[expect(clippy::cast_possible_truncation, reason = "a letter's size")]
pub(crate) fn single(x: f64) -> f32 {
    x as f32
}

/// Cuts a line into its dashes, measured from left to right: a line that goes up and down is broken as often as a level
/// one.
fn dashed(places: &[Place], (on, off): (f64, f64)) -> Vec<Vec<Place>> {
    let mut parts: Vec<Vec<Place>> = Vec::new();
    let mut open: Option<Vec<Place>> = places.first().map(|place| vec![*place]);
    let mut left = on;
    for pair in places.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut rest = (to.0 - from.0).abs();
        while rest > left {
            let share = left / rest;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            rest -= left;
            if let Some(mut part) = open.take() {
                part.push(from);
                parts.push(part);
                left = off;
            } else {
                open = Some(vec![from]);
                left = on;
            }
        }
        left -= rest;
        if let Some(part) = &mut open {
            part.push(to);
        }
    }
    parts.extend(open.filter(|part| part.len() > 1));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_are_measured_from_left_to_right() {
        let parts = dashed(&[(0.0, 0.0), (5.0, 0.0), (5.0, 90.0), (9.0, 90.0)], (4.0, 3.0));
        assert_eq!(parts, [vec![(0.0, 0.0), (4.0, 0.0)], vec![(7.0, 90.0), (9.0, 90.0)]]);
        let parts = dashed(&[(0.0, 0.0), (2.0, 0.0), (2.0, 90.0), (3.0, 90.0)], (4.0, 3.0));
        assert_eq!(parts, [vec![(0.0, 0.0), (2.0, 0.0), (2.0, 90.0), (3.0, 90.0)]], "a step within a dash");
    }
}
