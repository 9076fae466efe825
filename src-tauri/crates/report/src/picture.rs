//! The page: where everything goes, and the drawing of it.

use plotters::backend::DrawingBackend;

use crate::axis::{Axis, grouped};
use crate::calendar::{self, Tick};
use crate::canvas::{Canvas, Frame, Hold, Ink, Lettering, Place, Stroke};
use crate::curve::{self, Run, Seen, Trust};
use crate::face::Weight;
use crate::{DrawError, Pen, Trend};

const BLACK: Ink = Ink(24, 24, 27);
const GREY: Ink = Ink(95, 99, 104);
const GRID: Ink = Ink(222, 224, 228);
const EDGE: Ink = Ink(140, 144, 150);
const WHITE: Ink = Ink(255, 255, 255);

/// Dark enough for paper, apart in hue and in grey.
const INKS: [Ink; 8] = [
    Ink(21, 94, 168),
    Ink(190, 60, 10),
    Ink(13, 120, 100),
    Ink(120, 40, 150),
    Ink(30, 30, 34),
    Ink(160, 110, 0),
    Ink(185, 20, 95),
    Ink(85, 125, 20),
];

/// Axes in one panel.
const AXES: usize = 4;
const MARGIN: f64 = 16.0;
const ROW: f64 = 18.0;
/// A panel lower than this would say nothing.
const LEAST_PANEL: f64 = 60.0;
/// Between two panels, room for the units of the lower one.
const PANEL_GAP: f64 = 36.0;
/// A table wider than this is hard to read along its rows.
const WIDEST_LEGEND: f64 = 860.0;
/// Where along the picture a pen's number is first written, as shares of its own stretch.
const NUMBERS: u32 = 3;

const SMALL: Lettering = Lettering { em: 11.5, weight: Weight::Regular, ink: GREY };
const PLAIN: Lettering = Lettering { em: 12.0, weight: Weight::Regular, ink: BLACK };
const TITLE: Lettering = Lettering { em: 18.0, weight: Weight::SemiBold, ink: BLACK };

/// A pen with everything that is known of its drawing.
struct Drawn<'a> {
    number: usize,
    pen: &'a Pen,
    ink: Ink,
    runs: Vec<Run>,
    seen: Option<Seen>,
}

/// Pens of one unit and their axis.
struct Group<'a, 'p> {
    unit: &'p str,
    axis: Axis,
    pens: Vec<&'a Drawn<'p>>,
}

/// Draws the whole page.
pub(crate) fn draw<B: DrawingBackend>(trend: &Trend, canvas: &Canvas<B>) -> Result<(), DrawError>
where
    B::ErrorType: 'static,
{
    let (width, height) = canvas.size;
    let drawn: Vec<Drawn<'_>> = (1..).zip(&trend.pens).map(|(number, pen)| prepare(number, pen, trend)).collect();
    let top = head(trend, canvas)?;
    let units = units(&drawn);
    let panels: Vec<&[&str]> = units.chunks(AXES).collect();
    let foot = 44.0;
    let room = height - top - foot - MARGIN;
    let rows = legend_rows(room, drawn.len(), panels.len());
    let legend_top = if rows == 0 { height - MARGIN } else { height - MARGIN - ROW * count(rows + 1) - 4.0 };
    let panel_gap = PANEL_GAP;
    let plots = legend_top - foot - top;
    let each = (plots - panel_gap * count(panels.len() - 1)) / count(panels.len());
    let parts = if each > 260.0 {
        6
    } else if each > 110.0 {
        4
    } else {
        2
    };

    let panels: Vec<Vec<Group<'_, '_>>> =
        panels.iter().map(|units| units.iter().map(|unit| group(unit, &drawn, parts)).collect()).collect();
    let side = |right: usize| {
        let wide = |groups: &Vec<Group<'_, '_>>| -> f64 {
            groups.iter().skip(right).step_by(2).map(|group| axis_width(group, canvas)).sum()
        };
        panels.iter().map(wide).fold(0.0_f64, f64::max)
    };
    let (left, right) = (MARGIN + side(0), width - MARGIN.max(side(1) + 8.0));
    if right - left < 60.0 {
        return Ok(());
    }
    let most = whole((right - left) / 72.0).max(2);
    let ticks = calendar::ticks(trend.from, trend.to, &trend.zone, most).map_err(DrawError::Calendar)?;
    for (index, groups) in panels.iter().enumerate() {
        let top = top + count(index) * (each + panel_gap);
        let frame = Frame { left, top, right, bottom: top + each };
        let panel = Panel { trend, canvas, frame };
        panel.grid(&ticks, parts)?;
        panel.axes(groups)?;
        groups.iter().try_for_each(|group| panel.limits(group))?;
        groups.iter().try_for_each(|group| panel.curves(group))?;
        panel.numbers(groups, drawn.len())?;
        panel.edge()?;
        if index + 1 == panels.len() {
            panel.times(&ticks)?;
        }
    }
    legend(&drawn, rows, legend_top, canvas)
}

fn prepare<'p>(number: usize, pen: &'p Pen, trend: &Trend) -> Drawn<'p> {
    let ink = INKS[(number - 1) % INKS.len()];
    Drawn { number, pen, ink, runs: curve::runs(pen, trend), seen: curve::seen(pen, trend) }
}

/// Title and span; says where the plots may begin.
fn head<B: DrawingBackend>(trend: &Trend, canvas: &Canvas<B>) -> Result<f64, DrawError>
where
    B::ErrorType: 'static,
{
    let room = canvas.size.0 - 2.0 * MARGIN;
    let title = canvas.cut(&plain(&trend.title), room, TITLE);
    canvas.text(&title, (MARGIN, MARGIN + 8.0), Hold::Left, TITLE)?;
    let span = calendar::span(trend.from, trend.to, &trend.zone).map_err(DrawError::Calendar)?;
    canvas.text(
        &canvas.cut(&span, room, PLAIN),
        (MARGIN, MARGIN + 31.0),
        Hold::Left,
        Lettering { ink: GREY, ..PLAIN },
    )?;
    Ok(MARGIN + 66.0)
}

/// The units in the order of their first pens.
fn units<'p>(drawn: &[Drawn<'p>]) -> Vec<&'p str> {
    let mut units: Vec<&str> = Vec::new();
    for drawn in drawn {
        if !units.contains(&&*drawn.pen.unit) {
            units.push(&drawn.pen.unit);
        }
    }
    units
}

/// How many pens the legend can name without squeezing the plots to nothing.
fn legend_rows(room: f64, pens: usize, panels: usize) -> usize {
    let free = room - (LEAST_PANEL + PANEL_GAP) * count(panels);
    let fits = whole((free.max(0.0) / ROW).floor()) as usize;
    if fits < 2 { 0 } else { pens.min(fits - 1) }
}

fn group<'a, 'p>(unit: &'p str, drawn: &'a [Drawn<'p>], parts: u32) -> Group<'a, 'p> {
    let pens: Vec<&Drawn<'_>> = drawn.iter().filter(|drawn| drawn.pen.unit == unit).collect();
    let ends = pens.iter().filter_map(|drawn| drawn.seen).flat_map(|seen| [seen.least, seen.most]);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    // A limit is shown as long as the lines are not squeezed by it into less than a quarter.
    let reach = (high - low).max(high.abs().max(low.abs()) * 0.02) * 1.5;
    let limits = pens.iter().flat_map(|drawn| &drawn.pen.limits).map(|limit| limit.value);
    let near = limits.filter(|limit| *limit >= low - reach && *limit <= high + reach);
    let (low, high) = near.fold((low, high), |(low, high), limit| (low.min(limit), high.max(limit)));
    Group { unit, axis: Axis::around(low, high, parts), pens }
}

/// How wide an axis with its numbers is.
fn axis_width<B: DrawingBackend>(group: &Group<'_, '_>, canvas: &Canvas<B>) -> f64
where
    B::ErrorType: 'static,
{
    let numbers = group.axis.labels();
    let heavy = Lettering { weight: Weight::SemiBold, ..SMALL };
    // A little more, as a program that shows an SVG may have wider letters.
    let unit = (canvas.width(&plain(group.unit), heavy) * 1.1).min(96.0);
    numbers.iter().map(|label| canvas.width(label, SMALL)).fold(unit, f64::max) + 18.0
}

/// One panel: a frame with a grid, axes at both sides and lines in it.
struct Panel<'a, B: DrawingBackend> {
    trend: &'a Trend,
    canvas: &'a Canvas<B>,
    frame: Frame,
}

impl<B: DrawingBackend> Panel<'_, B>
where
    B::ErrorType: 'static,
{
    /// Where a moment lies, milliseconds since the left edge.
    fn x(&self, since_ms: f64) -> f64 {
        let all = self.trend.to.millis_since(self.trend.from);
        self.frame.left + (self.frame.right - self.frame.left) * (since_ms / float(all))
    }

    fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.frame.bottom - (self.frame.bottom - self.frame.top) * axis.share(value).clamp(0.0, 1.0)
    }

    fn tick_x(&self, tick: &Tick) -> f64 {
        self.x(float(tick.at - self.trend.from.millis()))
    }

    fn grid(&self, ticks: &[Tick], parts: u32) -> Result<(), DrawError> {
        let Frame { left, top, right, bottom } = self.frame;
        let stroke = Stroke { ink: GRID, width: 1.0, dashes: None };
        for part in 1..parts {
            let y = top + (bottom - top) * f64::from(part) / f64::from(parts);
            self.canvas.line(&[(left, y), (right, y)], stroke)?;
        }
        for tick in ticks {
            let x = self.tick_x(tick);
            self.canvas.line(&[(x, top), (x, bottom)], stroke)?;
        }
        Ok(())
    }

    fn edge(&self) -> Result<(), DrawError> {
        let Frame { left, top, right, bottom } = self.frame;
        let around = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.canvas.line(&around, Stroke { ink: EDGE, width: 1.0, dashes: None })
    }

    /// The axes: first left, second right, third left of the first, fourth right of the second.
    fn axes(&self, groups: &[Group<'_, '_>]) -> Result<(), DrawError> {
        let Frame { left, top, right, bottom } = self.frame;
        let mut at = [left, right];
        for (index, group) in groups.iter().enumerate() {
            let side = index % 2;
            let (out, hold) = if side == 0 { (-1.0, Hold::Right) } else { (1.0, Hold::Left) };
            let x = at[side];
            // One pen's axis has its colour; one of many is black.
            let ink = if let [only] = &*group.pens { only.ink } else { BLACK };
            if index >= 2 {
                self.canvas.line(&[(x, top), (x, bottom)], Stroke { ink: EDGE, width: 1.0, dashes: None })?;
            }
            for (part, label) in (0..).zip(group.axis.labels()) {
                let y = bottom - (bottom - top) * f64::from(part) / f64::from(group.axis.parts);
                self.canvas.line(&[(x, y), (x + 4.0 * out, y)], Stroke { ink: EDGE, width: 1.0, dashes: None })?;
                self.canvas.text(&label, (x + 8.0 * out, y), hold, Lettering { ink, ..SMALL })?;
            }
            let lettering = Lettering { weight: Weight::SemiBold, ink, ..SMALL };
            let unit = self.canvas.cut(&plain(group.unit), 90.0, lettering);
            self.canvas.text(&unit, (x + 8.0 * out, top - 15.0), hold, lettering)?;
            at[side] += axis_width(group, self.canvas) * out;
        }
        Ok(())
    }

    fn limits(&self, group: &Group<'_, '_>) -> Result<(), DrawError> {
        for drawn in &group.pens {
            for limit in &drawn.pen.limits {
                if !(-1e-6..=1.000_001).contains(&group.axis.share(limit.value)) {
                    continue;
                }
                let y = self.y(&group.axis, limit.value);
                let stroke = Stroke { ink: drawn.ink, width: 1.0, dashes: Some((9.0, 4.0)) };
                self.canvas.line(&[(self.frame.left, y), (self.frame.right, y)], stroke)?;
                let number = written(limit.value, drawn.pen.decimals);
                let label = format!("{} {} {number}", drawn.number, plain(&limit.letters));
                let lettering = Lettering { em: 10.5, weight: Weight::Regular, ink: drawn.ink };
                let width = self.canvas.width(&label, lettering);
                // Above the line, or below it where the frame ends.
                let y = if y - 16.0 < self.frame.top { y + 9.0 } else { y - 8.0 };
                let x = self.frame.right - 6.0;
                let ground = Frame { left: x - width - 3.0, top: y - 6.0, right: x + 3.0, bottom: y + 6.0 };
                self.canvas.fill(ground, WHITE)?;
                self.canvas.text(&label, (x, y), Hold::Right, lettering)?;
            }
        }
        Ok(())
    }

    fn curves(&self, group: &Group<'_, '_>) -> Result<(), DrawError> {
        for drawn in &group.pens {
            for run in &drawn.runs {
                let line: Vec<Place> =
                    run.line.iter().map(|(at, value)| (self.x(*at), self.y(&group.axis, *value))).collect();
                let dashes = match run.trust {
                    Trust::Sure => None,
                    Trust::Unsure => Some((6.0, 5.0)),
                };
                self.canvas.line(&line, Stroke { ink: drawn.ink, width: 1.6, dashes })?;
                // A run too short for a line is still something that was seen.
                if let (Some(first), Some(last)) = (line.first(), line.last())
                    && last.0 - first.0 < 2.0
                {
                    self.canvas.dot(*first, 1.8, drawn.ink)?;
                }
            }
        }
        Ok(())
    }

    /// Each pen's number at some places of its line, where no other pen has its own.
    fn numbers(&self, groups: &[Group<'_, '_>], pens: usize) -> Result<(), DrawError> {
        let lettering = Lettering { em: 10.5, weight: Weight::SemiBold, ink: WHITE };
        for (group, drawn) in groups.iter().flat_map(|group| group.pens.iter().map(move |drawn| (group, drawn))) {
            for nth in 0..NUMBERS {
                let share = (f64::from(nth) + (count(drawn.number) - 0.5) / count(pens)) / f64::from(NUMBERS);
                let at = float(self.trend.to.millis_since(self.trend.from)) * share;
                let Some(value) = value_at(&drawn.runs, at) else { continue };
                let (x, y) = (self.x(at), self.y(&group.axis, value));
                let number = drawn.number.to_string();
                let half = self.canvas.width(&number, lettering) / 2.0 + 3.5;
                self.badge((x, y), half, drawn.ink)?;
                self.canvas.text(&number, (x, y), Hold::Middle, lettering)?;
            }
        }
        Ok(())
    }

    fn badge(&self, place: Place, half: f64, ink: Ink) -> Result<(), DrawError> {
        badge(self.canvas, place, half, ink)
    }

    fn times(&self, ticks: &[Tick]) -> Result<(), DrawError> {
        let bottom = self.frame.bottom;
        for tick in ticks {
            let x = self.tick_x(tick);
            self.canvas.line(&[(x, bottom), (x, bottom + 4.0)], Stroke { ink: EDGE, width: 1.0, dashes: None })?;
            let lettering = Lettering { ink: BLACK, ..SMALL };
            let half = self.canvas.width(&tick.label, lettering) / 2.0;
            let held = x.min(self.canvas.size.0 - 4.0 - half).max(4.0 + half);
            self.canvas.text(&tick.label, (held, bottom + 13.0), Hold::Middle, lettering)?;
            if let Some(day) = &tick.day {
                let half = self.canvas.width(day, SMALL) / 2.0;
                let held = x.min(self.canvas.size.0 - 4.0 - half).max(4.0 + half);
                self.canvas.text(day, (held, bottom + 28.0), Hold::Middle, SMALL)?;
            }
        }
        Ok(())
    }
}

/// A small plate with cut corners for a pen's number, with a white rim that sets it off from lines below.
fn badge<B: DrawingBackend>(canvas: &Canvas<B>, (x, y): Place, half: f64, ink: Ink) -> Result<(), DrawError>
where
    B::ErrorType: 'static,
{
    let plate = |half: f64, tall: f64| {
        let corner = 2.5;
        [
            (x - half + corner, y - tall),
            (x + half - corner, y - tall),
            (x + half, y - tall + corner),
            (x + half, y + tall - corner),
            (x + half - corner, y + tall),
            (x - half + corner, y + tall),
            (x - half, y + tall - corner),
            (x - half, y - tall + corner),
        ]
    };
    canvas.polygon(&plate(half + 1.2, 7.7), WHITE)?;
    canvas.polygon(&plate(half, 6.5), ink)
}

/// The table below the plots: each pen with its number, and what was seen of it.
fn legend<B: DrawingBackend>(drawn: &[Drawn<'_>], rows: usize, top: f64, canvas: &Canvas<B>) -> Result<(), DrawError>
where
    B::ErrorType: 'static,
{
    if rows == 0 {
        return Ok(());
    }
    let wide = (canvas.size.0 - 2.0 * MARGIN).min(WIDEST_LEGEND);
    let right = MARGIN + wide;
    let column = (wide * 0.16).clamp(52.0, 110.0);
    let unit_left = right - column * 3.0 - 90.0_f64.min(wide * 0.14);
    let name_left = MARGIN + 44.0;
    let heads = [("Last", right - column * 2.0), ("Min", right - column), ("Max", right)];
    let head = match drawn.len() - rows {
        0 => "Pen".to_owned(),
        more => format!("Pen ({more} more not listed)"),
    };
    canvas.text(&head, (MARGIN, top + ROW / 2.0), Hold::Left, SMALL)?;
    for (head, x) in heads {
        canvas.text(head, (x, top + ROW / 2.0), Hold::Right, SMALL)?;
    }
    let under = top + ROW;
    canvas.line(&[(MARGIN, under), (right, under)], Stroke { ink: EDGE, width: 1.0, dashes: None })?;
    for (row, drawn) in drawn.iter().take(rows).enumerate() {
        let y = under + 2.0 + ROW * (count(row) + 0.5);
        canvas.line(&[(MARGIN, y), (MARGIN + 34.0, y)], Stroke { ink: drawn.ink, width: 1.6, dashes: None })?;
        let lettering = Lettering { em: 10.5, weight: Weight::SemiBold, ink: WHITE };
        let number = drawn.number.to_string();
        badge(canvas, (MARGIN + 17.0, y), canvas.width(&number, lettering) / 2.0 + 3.5, drawn.ink)?;
        canvas.text(&number, (MARGIN + 17.0, y), Hold::Middle, lettering)?;
        let name = canvas.cut(&plain(&drawn.pen.name), unit_left - name_left - 8.0, PLAIN);
        canvas.text(&name, (name_left, y), Hold::Left, PLAIN)?;
        let unit = canvas.cut(&plain(&drawn.pen.unit), right - column * 3.0 - unit_left + column * 0.3, PLAIN);
        canvas.text(&unit, (unit_left, y), Hold::Left, Lettering { ink: GREY, ..PLAIN })?;
        let numbers = [
            (drawn.seen.and_then(|seen| seen.last), heads[0].1),
            (drawn.seen.map(|seen| seen.least), heads[1].1),
            (drawn.seen.map(|seen| seen.most), heads[2].1),
        ];
        for (value, x) in numbers {
            let text = value.map_or_else(|| "–".to_owned(), |value| written(value, drawn.pen.decimals));
            canvas.text(&text, (x, y), Hold::Right, PLAIN)?;
        }
    }
    Ok(())
}

/// The value of the line at a moment; `None` in a gap.
fn value_at(runs: &[Run], at: f64) -> Option<f64> {
    let run = runs.iter().find(|run| {
        run.line.first().is_some_and(|first| first.0 <= at) && run.line.last().is_some_and(|last| last.0 >= at)
    })?;
    run.line.windows(2).find(|pair| pair[0].0 <= at && at <= pair[1].0).map(|pair| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x1 > x0 { y0 + (y1 - y0) * ((at - x0) / (x1 - x0)) } else { y1 }
    })
}

/// A number with the pen's decimals.
fn written(value: f64, decimals: u8) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.3e}");
    }
    grouped(&format!("{value:.0$}", usize::from(decimals.min(10))))
}

/// A text without what an XML document or a line cannot hold: control characters become spaces.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') { ' ' } else { c }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers of things")]
fn count(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds within a picture")]
fn float(n: i64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of things")]
fn whole(x: f64) -> u32 {
    x.max(0.0) as u32
}
