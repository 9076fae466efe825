//! The two kinds of paper: pixels packed as PNG, and lines as SVG.
//!
//! Pixels are drawn at twice the size and averaged, and lines and letters are laid with soft edges by this module:
//! plotters sets letters to whole pixels without their bearings and joins thick lines with spikes.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::WHITE;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle};

use crate::DrawError;
use crate::canvas::{Canvas, SIZE_OF_EM, single};
use crate::face::{self, Weight};

/// How much larger the SVG's own units are than points, so that its whole numbers are fine enough.
const SVG_FACTOR: u32 = 8;
/// Pixels are doubled only up to so many, or memory would run short.
const MOST_DOUBLED: u64 = 24_000_000;

/// Draws on pixels.
pub(crate) fn png(
    size: (u32, u32),
    draw: impl FnOnce(&Canvas<Soft<'_>>) -> Result<(), DrawError>,
) -> Result<Vec<u8>, DrawError> {
    let (width, height) = size;
    let factor = if u64::from(width) * u64::from(height) <= MOST_DOUBLED { 2 } else { 1 };
    let large = (width * factor, height * factor);
    let mut pixels = vec![255; large.0 as usize * large.1 as usize * 3];
    {
        let backend = Soft { inner: BitMapBackend::with_buffer(&mut pixels, large) };
        let canvas = Canvas::new(backend.into_drawing_area(), factor, size);
        draw(&canvas)?;
        canvas.finish()?;
    }
    let pixels = if factor == 2 { halved(&pixels, size) } else { pixels };
    pack(&pixels, size)
}

/// Draws lines as text.
pub(crate) fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&Canvas<SVGBackend<'_>>) -> Result<(), DrawError>,
) -> Result<Vec<u8>, DrawError> {
    let (width, height) = size;
    let large = (width * SVG_FACTOR, height * SVG_FACTOR);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, large).into_drawing_area();
        area.fill(&WHITE).map_err(|error| DrawError::Draw(Box::new(error)))?;
        let canvas = Canvas::new(area, SVG_FACTOR, size);
        draw(&canvas)?;
        canvas.finish()?;
    }
    // The view box keeps the fine units; what a program shows it at is the size that was asked for.
    let fine = format!("<svg width=\"{}\" height=\"{}\"", large.0, large.1);
    Ok(text.replacen(&fine, &format!("<svg width=\"{width}\" height=\"{height}\""), 1).into_bytes())
}

/// The mean of every four pixels.
fn halved(pixels: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let row = width * 2 * 3;
    let mut small = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for part in 0..3 {
                let at = y * 2 * row + x * 2 * 3 + part;
                let four = [at, at + 3, at + row, at + row + 3].map(|index| u32::from(pixels[index]));
                small.push(u8::try_from((four.iter().sum::<u32>() + 2) / 4).unwrap_or(u8::MAX));
            }
        }
    }
    small
}

fn pack(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, DrawError> {
    let mut packed = Vec::new();
    let mut encoder = png::Encoder::new(&mut packed, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(DrawError::Pack)?;
    writer.write_image_data(pixels).map_err(DrawError::Pack)?;
    writer.finish().map_err(DrawError::Pack)?;
    Ok(packed)
}

/// plotters' pixels, with soft lines and well-set letters.
pub(crate) struct Soft<'a> {
    inner: BitMapBackend<'a>,
}

type Failure = DrawingErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

impl Soft<'_> {
    fn blend(&mut self, x: i32, y: i32, color: BackendColor, share: f64) -> Result<(), Failure> {
        let (width, height) = self.inner.get_size();
        let inside = u32::try_from(x).is_ok_and(|x| x < width) && u32::try_from(y).is_ok_and(|y| y < height);
        if share <= 0.0 || !inside {
            return Ok(());
        }
        self.inner.draw_pixel((x, y), color.mix(share.min(1.0)))
    }

    /// A straight line with round ends: each pixel is covered by how near its middle is.
    fn segment(&mut self, from: BackendCoord, to: BackendCoord, half: f64, color: BackendColor) -> Result<(), Failure> {
        let (a, b) = ((f64::from(from.0), f64::from(from.1)), (f64::from(to.0), f64::from(to.1)));
        let along = (b.0 - a.0, b.1 - a.1);
        let squared = (along.0 * along.0 + along.1 * along.1).max(1e-9);
        let (width, height) = self.inner.get_size();
        let reach = ceiling(half + 1.0);
        let most = |size: u32| i32::try_from(size).unwrap_or(i32::MAX) - 1;
        for y in (from.1.min(to.1) - reach).max(0)..=(from.1.max(to.1) + reach).min(most(height)) {
            for x in (from.0.min(to.0) - reach).max(0)..=(from.0.max(to.0) + reach).min(most(width)) {
                let off = (f64::from(x) - a.0, f64::from(y) - a.1);
                let share = ((off.0 * along.0 + off.1 * along.1) / squared).clamp(0.0, 1.0);
                let far = (off.0 - along.0 * share).hypot(off.1 - along.1 * share);
                self.blend(x, y, color, half + 0.5 - far)?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a line's width")]
fn ceiling(x: f64) -> i32 {
    x.ceil() as i32
}

impl<'a> DrawingBackend for Soft<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.inner.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        self.inner.present()
    }

    fn draw_pixel(&mut self, at: BackendCoord, color: BackendColor) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        self.inner.draw_pixel(at, color)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        self.inner.draw_rect(upper_left, bottom_right, style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        let half = f64::from(style.stroke_width()) / 2.0;
        let mut before: Option<BackendCoord> = None;
        for place in path {
            if let Some(before) = before {
                self.segment(before, place, half, style.color())?;
            }
            before = Some(place);
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Self::ErrorType>> {
        let em = single(style.size() / SIZE_OF_EM);
        let weight = match style.style() {
            FontStyle::Bold => Weight::SemiBold,
            FontStyle::Normal | FontStyle::Oblique | FontStyle::Italic => Weight::Regular,
        };
        let width = face::width(text, em, weight);
        let left = single(f64::from(x))
            - match style.anchor().h_pos {
                HPos::Left => 0.0,
                HPos::Center => width / 2.0,
                HPos::Right => width,
            };
        let baseline = single(f64::from(y)) + face::cap_height(em) / 2.0;
        let color = style.color();
        let mut outcome = Ok(());
        face::set(text, em, weight, left, baseline, |x, y, covered| {
            if outcome.is_ok() {
                outcome = self.blend(x, y, color, f64::from(covered));
            }
        });
        outcome
    }
}
