//! From all samples of a span to what a picture of it needs.
//!
//! Works on a stream and keeps one column in mind, so that the length of the span costs time but no memory.

use std::time::Duration;

use model::Timestamp;

use crate::{Point, Span};

const ONE_MS: Duration = Duration::from_millis(1);
/// Points that one column keeps at most.
const KEPT: usize = 8;

/// Reduces points that come in order of time.
pub(crate) struct Columns {
    /// Milliseconds.
    width: i64,
    column: Option<Column>,
    points: Vec<Point>,
}

/// What is kept of one column. A point without a value is a gap; one with a value that is not good is drawn otherwise.
/// The ends of both stretches are kept.
struct Column {
    /// Its first instant that is not in it any more, in milliseconds.
    end: i64,
    first: Point,
    last: Point,
    min: Option<Point>,
    max: Option<Point>,
    gap: Option<(Point, Point)>,
    doubtful: Option<(Point, Point)>,
}

impl Columns {
    /// Columns for a picture so many pixels wide. They begin at multiples of their width, wherever the span begins, so
    /// that the picture does not flicker while it moves.
    pub(crate) fn new(span: Span, pixels: u32) -> Self {
        let length = u64::try_from(span.to.millis_since(span.from)).unwrap_or(1).max(1);
        let width = i64::try_from(length.div_ceil(u64::from(pixels.max(1)))).unwrap_or(i64::MAX);
        Self { width, column: None, points: Vec::new() }
    }

    /// Of a column, milliseconds.
    pub(crate) fn width(&self) -> i64 {
        self.width
    }

    pub(crate) fn push(&mut self, point: Point) {
        match &mut self.column {
            Some(column) if point.time.millis() < column.end => column.push(point),
            Some(_) | None => {
                self.close();
                self.column = Some(Column::new(self.end_of(point.time), point));
            }
        }
    }

    /// Begins a new column with the next point, wherever that is.
    pub(crate) fn cut(&mut self) {
        self.close();
    }

    pub(crate) fn finish(mut self) -> Vec<Point> {
        self.close();
        // The points of a roll-up row of some milliseconds may reach into the next one.
        let mut newest = None;
        for point in &mut self.points {
            point.time = newest.map_or(point.time, |newest: Timestamp| point.time.max(newest.saturating_add(ONE_MS)));
            newest = Some(point.time);
        }
        self.points
    }

    fn end_of(&self, time: Timestamp) -> i64 {
        time.millis().div_euclid(self.width).saturating_mul(self.width).saturating_add(self.width)
    }

    fn close(&mut self) {
        if let Some(column) = self.column.take() {
            column.write(&mut self.points);
        }
    }
}

impl Column {
    fn new(end: i64, first: Point) -> Self {
        let mut column = Self { end, first, last: first, min: None, max: None, gap: None, doubtful: None };
        column.push(first);
        column
    }

    fn push(&mut self, point: Point) {
        self.last = point;
        let Some(value) = point.value else {
            self.gap = Some((self.gap.map_or(point, |(first, _)| first), point));
            return;
        };
        if self.min.and_then(|min| min.value).is_none_or(|min| value < min) {
            self.min = Some(point);
        }
        if self.max.and_then(|max| max.value).is_none_or(|max| value > max) {
            self.max = Some(point);
        }
        if !point.quality.is_good() {
            self.doubtful = Some((self.doubtful.map_or(point, |(first, _)| first), point));
        }
    }

    fn write(self, points: &mut Vec<Point>) {
        let mut kept = [self.first; KEPT];
        let mut count = 1;
        let stretches = [self.gap, self.doubtful].into_iter().flatten().flat_map(|(first, last)| [first, last]);
        for point in [self.min, self.max].into_iter().flatten().chain(stretches).chain([self.last]) {
            kept[count] = point;
            count += 1;
        }
        let kept = &mut kept[..count];
        kept.sort_unstable_by_key(|point| point.time);
        let mut newest = None;
        for point in kept {
            if newest != Some(point.time) {
                newest = Some(point.time);
                points.push(*point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Quality;

    use super::*;

    fn at(ms: i64, value: Option<f64>, quality: Quality) -> Point {
        Point { time: Timestamp::from_millis(ms), value, quality }
    }

    /// Reduces to one column per 100 ms and gives the times kept.
    fn check(points: &[Point], expect: &[i64]) {
        let span = Span { from: Timestamp::from_millis(0), to: Timestamp::from_millis(1000) };
        let mut columns = Columns::new(span, 10);
        points.iter().for_each(|point| columns.push(*point));
        let times: Vec<i64> = columns.finish().iter().map(|point| point.time.millis()).collect();
        assert_eq!(times, expect);
    }

    #[test]
    fn first_least_greatest_and_last_of_a_column_stay() {
        let good = |ms, x| at(ms, Some(x), Quality::GOOD);
        check(&[good(0, 5.0), good(1, 6.0), good(2, 9.0), good(3, 6.0), good(4, 1.0), good(5, 2.0)], &[0, 2, 4, 5]);
        check(&[good(0, 1.0), good(1, 1.0), good(2, 1.0)], &[0, 2]);
        check(&[good(99, 1.0), good(100, 1.0)], &[99, 100]);
    }

    #[test]
    fn a_gap_of_one_sample_between_others_stays() {
        let good = |ms| at(ms, Some(1.0), Quality::GOOD);
        let bad = |ms| at(ms, None, Quality::BAD_TIMEOUT);
        check(&[good(0), good(1), bad(2), good(3), good(4)], &[0, 2, 4]);
        check(&[good(0), bad(1), good(2), bad(3), bad(4), good(5)], &[0, 1, 4, 5]);
    }

    #[test]
    fn a_doubtful_stretch_stays_with_its_ends() {
        let good = |ms| at(ms, Some(1.0), Quality::GOOD);
        let stale = |ms| at(ms, Some(1.0), Quality::STALE);
        check(&[good(0), good(1), stale(2), stale(3), stale(4), good(5), good(6)], &[0, 2, 4, 6]);
    }

    #[test]
    fn columns_before_the_epoch_are_aligned_too() {
        let good = |ms, x| at(ms, Some(x), Quality::GOOD);
        check(
            &[good(-150, 1.0), good(-101, 2.0), good(-100, 3.0), good(-1, 4.0), good(0, 5.0)],
            &[-150, -101, -100, -1, 0],
        );
    }
}
