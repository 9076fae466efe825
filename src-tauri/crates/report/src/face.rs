//! The built-in typeface, so that a picture looks the same on every machine and no system font is needed.
//!
//! Inter 4 in regular and semibold, cut down to Latin, the Greek letters and signs of units, and with figures of
//! equal width in place of the proportional ones, so that columns of numbers stand in line. Licence: `fonts/OFL.txt`.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// For most.
    Regular,
    /// For titles.
    SemiBold,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| built_in(include_bytes!("../fonts/Inter-Regular.ttf")));
static SEMIBOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| built_in(include_bytes!("../fonts/Inter-SemiBold.ttf")));

fn built_in(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the built-in typeface is a font, which a test makes sure of")
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::SemiBold => &SEMIBOLD,
    }
}

/// The size of an em of `em` pixels in the font's own terms, which are ascent to descent.
fn scale(font: &FontRef<'static>, em: f32) -> PxScale {
    PxScale::from(em * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
}

/// How wide a text is when set at `em` pixels.
pub(crate) fn width(text: &str, em: f32, weight: Weight) -> f32 {
    let font = font(weight);
    let scaled = font.as_scaled(scale(font, em));
    text.chars().map(|c| scaled.h_advance(font.glyph_id(c))).sum()
}

/// Height of a capital letter at `em` pixels.
pub(crate) fn cap_height(em: f32) -> f32 {
    em * 0.727
}

/// Sets a text with its baseline beginning at `x`, `y` and hands out each pixel with how much of it is covered.
pub(crate) fn set(text: &str, em: f32, weight: Weight, x: f32, y: f32, mut pixel: impl FnMut(i32, i32, f32)) {
    let font = font(weight);
    let scale = scale(font, em);
    let scaled = font.as_scaled(scale);
    let mut pen = x;
    for c in text.chars() {
        let id: GlyphId = font.glyph_id(c);
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, point(pen, y))) {
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, covered| {
                pixel(whole(bounds.min.x) + signed(dx), whole(bounds.min.y) + signed(dy), covered);
            });
        }
        pen += scaled.h_advance(id);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixel positions are small")]
fn whole(x: f32) -> i32 {
    x as i32
}

fn signed(x: u32) -> i32 {
    i32::try_from(x).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_equal_width_and_the_signs_of_units_are_there() {
        for weight in [Weight::Regular, Weight::SemiBold] {
            let one = width("1", 16.0, weight);
            for digit in "023456789".chars() {
                assert!((width(&digit.to_string(), 16.0, weight) - one).abs() < 0.01, "{digit}");
            }
            let missing = font(weight).glyph_id('\u{10FFFF}');
            for c in "°µμ²³äöüßéçñ–…→←↑↓Ω±·×‰%".chars() {
                assert_ne!(font(weight).glyph_id(c), missing, "{c}");
            }
        }
    }
}
