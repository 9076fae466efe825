//! Requests for history. The answers are bytes: see `crate::frame` for their layout.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Request of `history_read`: for each tag the samples that a picture `pixels` wide needs, minima and maxima kept.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadHistory {
    /// Which tags, at most 16.
    pub tags: Vec<u32>,
    /// From this time.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time.
    #[ts(type = "number")]
    pub to: i64,
    /// Width of the picture, 1 to 10,000.
    pub pixels: u32,
}

/// Request of `history_instant`: the values of tags at a past instant, as a frame.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadInstant {
    /// Which tags, at most 20,000.
    pub tags: Vec<u32>,
    /// The instant.
    #[ts(type = "number")]
    pub time: i64,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Lines.
    Svg,
}

/// Request of `trend_draw`: a trend as a picture for paper.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrawTrend {
    /// Which tags, at most 16.
    pub tags: Vec<u32>,
    /// From this time.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time.
    #[ts(type = "number")]
    pub to: i64,
    /// Pixels, 320 to 8,000.
    pub width: u32,
    /// Pixels, 200 to 8,000.
    pub height: u32,
    /// Pixels or lines.
    pub format: PictureFormat,
}
