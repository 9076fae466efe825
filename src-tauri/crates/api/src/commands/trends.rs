//! History for trends: as bytes for a screen, as a picture for paper, and the values of a past instant.

use std::sync::Arc;

use ::plant::Tag;
use engine::{LiveRow, Snapshot};
use history::{Interpolation, Point, ReadError, SeriesId, Span};
use model::{Quality, TagIndex, Timestamp};
use report::Format;

use super::wait_for_disk;
use crate::frame::{self, Header, Row, Series};
use crate::picture::{Line, Picture, draw, unreadable};
use crate::router::MOST_TAGS;
use crate::wire::{DrawTrend, PictureFormat, ReadHistory, ReadInstant};
use crate::{Answer, Api, Code, Failure, Principal};

/// Most tags of a trend.
const MOST_PENS: usize = 16;
/// Widest picture, pixels.
const WIDEST: u32 = 10_000;

impl Api {
    pub(crate) async fn history_read(&self, _: &Principal, request: ReadHistory) -> Result<Answer, Failure> {
        if !(1..=WIDEST).contains(&request.pixels) {
            return Err(Failure::new(Code::Invalid, format!("a picture is 1 to {WIDEST} pixels wide")));
        }
        let span = span(request.from, request.to)?;
        let snapshot = self.parts.engine.snapshot();
        let recorded: Vec<(u32, Option<SeriesId>)> =
            pens(&snapshot, &request.tags)?.iter().map(|tag| (tag.index.0, snapshot.series_of(tag.index))).collect();
        let reader = self.parts.history.reader();
        let series = wait_for_disk(move || -> Result<Vec<Series>, ReadError> {
            let read = |(tag, series): (u32, Option<SeriesId>)| {
                let points =
                    series.map(|series| reader.minmax(series, span, request.pixels)).transpose()?.unwrap_or_default();
                Ok(Series {
                    tag,
                    points: points.into_iter().map(|point| (point.time, point.value, point.quality)).collect(),
                })
            };
            recorded.into_iter().map(read).collect()
        });
        Ok(bytes(frame::encode_series(&series.await?.map_err(unreadable)?)))
    }

    pub(crate) async fn trend_draw(&self, _: &Principal, request: DrawTrend) -> Result<Answer, Failure> {
        let span = span(request.from, request.to)?;
        let snapshot = self.parts.engine.snapshot();
        pens(&snapshot, &request.tags)?;
        let (format, content_type) = match request.format {
            PictureFormat::Png => (Format::Png, "image/png"),
            PictureFormat::Svg => (Format::Svg, "image/svg+xml"),
        };
        let picture = Picture {
            span,
            known_until: self.parts.clock.now().wall,
            size: (request.width, request.height),
            zone: self.parts.zone.clone(),
            format,
        };
        let reader = self.parts.history.reader();
        let drawn = wait_for_disk(move || {
            let tags = request.tags.iter().filter_map(|tag| snapshot.plant.tag(TagIndex(*tag)));
            let line = |tag| line(&snapshot, tag);
            draw(&snapshot.plant, &tags.map(line).collect::<Vec<_>>(), &reader, picture)
        });
        drawn.await?.map(|bytes| Answer::Bytes { content_type, bytes })
    }

    pub(crate) async fn history_instant(&self, _: &Principal, request: ReadInstant) -> Result<Answer, Failure> {
        if request.tags.len() > MOST_TAGS {
            return Err(Failure::new(Code::Invalid, format!("more than {MOST_TAGS} tags at once")));
        }
        let snapshot = self.parts.engine.snapshot();
        let time = Timestamp::from_millis(request.time);
        let recorded = |index: TagIndex| {
            let (tag, series) = (snapshot.plant.tag(index)?, snapshot.series_of(index)?);
            Some((index, (series, interpolation(tag))))
        };
        let recorded: Vec<(TagIndex, (SeriesId, Interpolation))> =
            request.tags.iter().filter_map(|tag| recorded(TagIndex(*tag))).collect();
        let reader = self.parts.history.reader();
        let rows = wait_for_disk(move || -> Result<Vec<Row>, ReadError> {
            let series: Vec<(SeriesId, Interpolation)> = recorded.iter().map(|(_, series)| *series).collect();
            let samples = reader.promised(&series, time)?;
            let row = |((tag, _), sample): ((TagIndex, _), Option<model::Sample>)| match sample {
                Some(sample) => Row { tag, value: sample.value, time: sample.time, quality: sample.quality },
                None => Row { tag, value: None, time, quality: Quality::BAD_NO_DATA },
            };
            Ok(recorded.into_iter().zip(samples).map(row).collect())
        });
        let rows = rows.await?.map_err(unreadable)?;
        let header = Header { wall: time, ..self.header(&snapshot, true) };
        Ok(bytes(frame::encode(&header, &rows)))
    }
}

/// The tags of a trend, each of which must exist.
pub(super) fn pens<'a>(snapshot: &'a Arc<Snapshot>, tags: &[u32]) -> Result<Vec<&'a Tag>, Failure> {
    if tags.is_empty() || tags.len() > MOST_PENS {
        return Err(Failure::new(Code::Invalid, format!("a trend has 1 to {MOST_PENS} tags, not {}", tags.len())));
    }
    let tag = |index: &u32| {
        let unknown = || Failure::new(Code::NotFound, format!("there is no tag number {index} in the running plant"));
        snapshot.plant.tag(TagIndex(*index)).ok_or_else(unknown)
    };
    tags.iter().map(tag).collect()
}

/// What is between two samples of a tag, by the rule by which it is recorded.
pub(super) fn interpolation(tag: &Tag) -> Interpolation {
    let is_sloped = tag.recording.is_some_and(|recording| recording.is_sloped());
    if is_sloped { Interpolation::Sloped } else { Interpolation::Stepped }
}

fn line<'s>(snapshot: &'s Snapshot, tag: &'s Tag) -> Line<'s> {
    let live = |row: LiveRow| Point {
        time: row.time,
        value: row.value.and_then(|value| value.number()),
        quality: row.quality,
    };
    Line { tag, series: snapshot.series_of(tag.index), live: snapshot.table.row(tag.index).map(live) }
}

pub(super) fn span(from: i64, to: i64) -> Result<Span, Failure> {
    if from >= to {
        return Err(Failure::new(Code::Invalid, "the end of the time span is not after its beginning"));
    }
    Ok(Span { from: Timestamp::from_millis(from), to: Timestamp::from_millis(to) })
}

pub(super) fn bytes(bytes: Vec<u8>) -> Answer {
    Answer::Bytes { content_type: "application/octet-stream", bytes }
}
