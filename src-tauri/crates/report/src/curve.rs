//! From a pen's points to what is drawn of it: runs without a gap, sure or not, and what was seen in all.

use model::Severity;

use crate::{Pen, Shape, Trend};

/// A gateway sends a number when it has moved by more than its deadband, so until shortly before the next sample the last
/// one still stood: a straight line across a long silence would tell of a slope that never was. The Trends screen draws
/// the same.
const GLIDE_MS: f64 = 2_000.0;

/// How far a run can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Drawn whole.
    Sure,
    /// Drawn in dashes: old, substituted or out of range.
    Unsure,
}

/// A line without a gap. Times are milliseconds since the left edge.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) trust: Trust,
    pub(crate) line: Vec<(f64, f64)>,
}

/// What was seen of a pen between the edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// `None` where the pen ends in a gap.
    pub(crate) last: Option<f64>,
}

/// A usable value or a gap, at a time.
#[derive(Clone, Copy)]
struct Spot {
    at: f64,
    value: Option<(f64, Trust)>,
}

/// The runs of a pen, cut at the picture's edges.
pub(crate) fn runs(pen: &Pen, trend: &Trend) -> Vec<Run> {
    let spots = spots(pen, trend);
    let width = since(trend, trend.to.millis());
    let end = since(trend, trend.known_until.millis()).min(width);
    let mut runs: Vec<Run> = Vec::new();
    for (index, spot) in spots.iter().enumerate() {
        let Some((value, trust)) = spot.value else { continue };
        let from = (spot.at, value);
        match spots.get(index + 1) {
            Some(Spot { at, value: Some((next, next_trust)) }) => match pen.shape {
                Shape::Straight | Shape::Sloped => {
                    let both =
                        if trust == Trust::Sure && *next_trust == Trust::Sure { Trust::Sure } else { Trust::Unsure };
                    let glide = if pen.shape == Shape::Sloped { spot.at } else { spot.at.max(*at - GLIDE_MS) };
                    if glide > spot.at {
                        add(&mut runs, trust, &[from, (glide, value)], width);
                    }
                    add(&mut runs, both, &[(glide, value), (*at, *next)], width);
                }
                Shape::Stepped => add(&mut runs, trust, &[from, (*at, value), (*at, *next)], width),
            },
            // A value holds until it is known to be gone, or until nothing more is known.
            Some(gap) => add(&mut runs, trust, &[from, (gap.at, value)], width),
            None => add(&mut runs, trust, &[from, (end.max(spot.at), value)], width),
        }
    }
    runs
}

/// What was seen between the edges; `None` where nothing was.
pub(crate) fn seen(pen: &Pen, trend: &Trend) -> Option<Seen> {
    let ends: Vec<f64> = runs(pen, trend).iter().flat_map(|run| run.line.iter().map(|(_, value)| *value)).collect();
    let least = ends.iter().copied().reduce(f64::min)?;
    let most = ends.iter().copied().reduce(f64::max)?;
    let width = since(trend, trend.to.millis());
    let newest = spots(pen, trend).into_iter().rfind(|spot| spot.at <= width);
    Some(Seen { least, most, last: newest.and_then(|spot| spot.value).map(|(value, _)| value) })
}

fn spots(pen: &Pen, trend: &Trend) -> Vec<Spot> {
    let spot = |point: &history::Point| {
        let trust = match point.quality.severity() {
            Severity::Good => Some(Trust::Sure),
            Severity::Uncertain => Some(Trust::Unsure),
            Severity::Bad => None,
        };
        let value = point.value.filter(|value| value.is_finite());
        Spot { at: since(trend, point.time.millis()), value: value.zip(trust) }
    };
    pen.points.iter().map(spot).collect()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds within a picture")]
fn since(trend: &Trend, millis: i64) -> f64 {
    millis.saturating_sub(trend.from.millis()) as f64
}

/// Adds a piece of line, cut at the edges, to the run before it where it goes on from there.
fn add(runs: &mut Vec<Run>, trust: Trust, piece: &[(f64, f64)], width: f64) {
    for pair in piece.windows(2) {
        let Some((from, to)) = cut(pair[0], pair[1], width) else { continue };
        match runs.last_mut() {
            Some(run) if run.trust == trust && run.line.last() == Some(&from) => run.line.push(to),
            _ => runs.push(Run { trust, line: vec![from, to] }),
        }
    }
}

/// The part of a line between 0 and `width`.
fn cut(from: (f64, f64), to: (f64, f64), width: f64) -> Option<((f64, f64), (f64, f64))> {
    if to.0 < 0.0 || from.0 > width {
        return None;
    }
    let at = |x: f64| {
        if to.0 > from.0 { (x, from.1 + (to.1 - from.1) * ((x - from.0) / (to.0 - from.0))) } else { (x, to.1) }
    };
    let left = if from.0 < 0.0 { at(0.0) } else { from };
    let right = if to.0 > width { at(width) } else { to };
    Some((left, right))
}

#[cfg(test)]
mod tests {
    use history::Point;
    use jiff::tz::TimeZone;
    use model::{Quality, Timestamp};

    use super::*;

    fn trend_of(shape: Shape, points: &[(i64, Option<f64>, Quality)]) -> Trend {
        let point = |&(time, value, quality): &(i64, Option<f64>, Quality)| Point {
            time: Timestamp::from_millis(time),
            value,
            quality,
        };
        let pen = Pen {
            name: "pen".into(),
            unit: "bar".into(),
            decimals: 1,
            shape,
            points: points.iter().map(point).collect(),
            limits: Vec::new(),
        };
        Trend {
            title: String::new(),
            from: Timestamp::from_millis(1_000),
            to: Timestamp::from_millis(2_000),
            known_until: Timestamp::from_millis(1_900),
            size: (400, 300),
            pens: vec![pen],
            zone: TimeZone::UTC,
        }
    }

    fn check(shape: Shape, points: &[(i64, Option<f64>, Quality)], expect: &[(Trust, &[(f64, f64)])]) {
        let trend = trend_of(shape, points);
        let found = runs(&trend.pens[0], &trend);
        let found: Vec<(Trust, &[(f64, f64)])> = found.iter().map(|run| (run.trust, &*run.line)).collect();
        assert_eq!(found, expect);
    }

    const GOOD: Quality = Quality::GOOD;

    #[test]
    fn a_gap_gets_no_line_across_it() {
        check(
            Shape::Straight,
            &[
                (1_100, Some(1.0), GOOD),
                (1_200, Some(2.0), GOOD),
                (1_300, None, Quality::BAD_TIMEOUT),
                (1_600, Some(4.0), GOOD),
            ],
            &[(Trust::Sure, &[(100.0, 1.0), (200.0, 2.0), (300.0, 2.0)]), (Trust::Sure, &[(600.0, 4.0), (900.0, 4.0)])],
        );
    }

    #[test]
    fn what_is_bad_or_no_number_is_a_gap_even_with_a_value() {
        check(Shape::Straight, &[(1_100, Some(1.0), Quality::BAD_SENSOR_FAILURE)], &[]);
        check(Shape::Straight, &[(1_100, Some(f64::NAN), GOOD)], &[]);
    }

    #[test]
    fn a_line_is_cut_at_the_edges_and_ends_where_knowledge_ends() {
        check(
            Shape::Straight,
            &[(500, Some(0.0), GOOD), (1_500, Some(10.0), GOOD)],
            &[(Trust::Sure, &[(0.0, 5.0), (500.0, 10.0), (900.0, 10.0)])],
        );
        check(
            Shape::Stepped,
            &[(500, Some(1.0), GOOD), (1_500, Some(2.0), GOOD), (2_500, Some(3.0), GOOD)],
            &[(Trust::Sure, &[(0.0, 1.0), (500.0, 1.0), (500.0, 2.0), (1_000.0, 2.0)])],
        );
    }

    #[test]
    fn a_number_holds_through_a_long_silence_and_then_glides() {
        check(
            Shape::Straight,
            &[(-9_000, Some(0.0), GOOD), (1_500, Some(10.0), GOOD)],
            &[(Trust::Sure, &[(0.0, 7.5), (500.0, 10.0), (900.0, 10.0)])],
        );
        check(
            Shape::Straight,
            &[(-9_000, Some(1.0), GOOD), (9_000, Some(10.0), GOOD)],
            &[(Trust::Sure, &[(0.0, 1.0), (1_000.0, 1.0)])],
        );
    }

    #[test]
    fn a_recorded_slope_is_a_straight_line_all_the_way() {
        check(
            Shape::Sloped,
            &[(-9_000, Some(0.0), GOOD), (11_000, Some(20.0), GOOD)],
            &[(Trust::Sure, &[(0.0, 10.0), (1_000.0, 11.0)])],
        );
    }

    #[test]
    fn what_is_uncertain_is_a_run_of_its_own() {
        check(
            Shape::Stepped,
            &[(1_000, Some(1.0), GOOD), (1_200, Some(1.0), Quality::STALE), (1_400, Some(2.0), GOOD)],
            &[
                (Trust::Sure, &[(0.0, 1.0), (200.0, 1.0), (200.0, 1.0)]),
                (Trust::Unsure, &[(200.0, 1.0), (400.0, 1.0), (400.0, 2.0)]),
                (Trust::Sure, &[(400.0, 2.0), (900.0, 2.0)]),
            ],
        );
    }

    #[test]
    fn what_was_seen_counts_between_the_edges_only() {
        let points = [(500, Some(0.0), GOOD), (1_500, Some(10.0), GOOD), (1_600, None, Quality::BAD)];
        let trend = trend_of(Shape::Straight, &points);
        assert_eq!(seen(&trend.pens[0], &trend), Some(Seen { least: 5.0, most: 10.0, last: None }));
    }
}
