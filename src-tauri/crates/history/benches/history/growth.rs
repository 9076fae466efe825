//! What a file costs as it grows: commits, trends, and all tags at an instant, at each size; and the plot of it.

use std::path::Path;

use history::{Reader, Row, SeriesId, Span};
use model::{Sample, Timestamp};
use plotters::prelude::*;

use crate::data::{BEGIN, Mix, Random};
use crate::measure::{self, Figures, median_of, ms, size};
use crate::{Outcome, PIXELS, import, look, open};

/// Tags of the file that grows.
const TAGS: usize = 2_000;
/// Seconds that are imported at once.
const STRETCH: usize = 300;

/// What things cost at one size, in milliseconds.
struct Costs {
    samples: f64,
    commit: f64,
    hour: f64,
    day: f64,
    instant: f64,
}

/// Lets a file grow to each of `sizes` (millions of samples) and measures there.
pub fn growth(folder: &Path, sizes: &[u32], plot: Option<&Path>, figures: &mut Figures) -> Outcome<()> {
    let path = folder.join("growth.sqlite");
    let names: Vec<String> = (0..TAGS).map(|i| format!("site/area/line/machine{}/tag{i}", i % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut mix = Mix::new(TAGS);
    let mut seconds = 0;
    let mut costs = Vec::new();
    for millions in sizes {
        let history = open(&path)?;
        let ids = history.series(&names);
        while seconds + STRETCH < *millions as usize * 1_000_000 / TAGS {
            let mut rows: Vec<(usize, Sample)> = Vec::with_capacity(STRETCH * TAGS);
            for _ in 0..STRETCH {
                rows.extend(mix.second().enumerate());
            }
            import(&history, &ids, rows)?;
            seconds += STRETCH;
        }
        // What the import left to be sealed is not what is measured.
        drop(history);
        let history = open(&path)?;
        let ids = history.series(&names);
        // Five seconds of all tags are a commit of 10,000 samples.
        let commit = median_of(21, || {
            let mut rows: Vec<Row> = Vec::with_capacity(5 * TAGS);
            for _ in 0..5 {
                rows.extend(mix.second().enumerate().map(|(i, sample)| Row { series: ids[i], sample }));
            }
            history.record(rows);
            Ok(history.flush()?)
        })?;
        seconds += 21 * 5;
        drop(history);
        costs.push(ask(&path, &names, seconds, commit.as_secs_f64() * 1_000.0)?);
        let Some(Costs { samples, commit, hour, day, instant }) = costs.last() else { continue };
        figures.put(
            format!("{:.0} M samples of {TAGS} tags in {:.0} MB", samples / 1e6, size(&path)? / 1e6),
            format!(
                "commit of 10,000: {commit:.1} ms; an hour of a tag: {hour:.2} ms; a day: {day:.2} ms; all {TAGS} tags at an \
                 instant: **{instant:.0} ms**"
            ),
        );
    }
    measure::make_cold(&path)?;
    let reader = look(&path)?;
    let ids = reader.series(&names);
    let middle = Timestamp::from_millis(BEGIN + i64::try_from(seconds)? * 500);
    let (took, _) = measure::timed(|| Ok(reader.at(&ids, middle)?))?;
    figures.put(format!("all {TAGS} tags at an instant, from that file cold"), format!("{:.0} ms", ms(took)));
    std::fs::remove_file(&path)?;
    if let Some(plot) = plot {
        draw(plot, &costs)?;
    }
    Ok(())
}

fn ask(path: &Path, names: &[&str], seconds: usize, commit: f64) -> Outcome<Costs> {
    let reader = look(path)?;
    let ids = reader.series(names);
    let length = i64::try_from(seconds)? * 1_000;
    let mut random = Random::new(3);
    let mut somewhere =
        |span: i64| BEGIN + i64::from(random.below(u32::try_from((length - span).max(1) / 1_000).unwrap_or(1))) * 1_000;
    let mut trend = |span: i64| -> Outcome<f64> {
        let mut at = 0;
        let took = median_of(101, || {
            at += 1;
            draw_span(&reader, ids[at * 13 % TAGS], somewhere(span), span)
        })?;
        Ok(ms(took))
    };
    // A short file has no whole day.
    let (hour, day) = (trend(3_600_000.min(length))?, trend(86_400_000.min(length))?);
    let mut random = Random::new(4);
    let instant = median_of(9, || {
        let time = BEGIN + i64::from(random.below(u32::try_from(length / 1_000)?)) * 1_000;
        let found = reader.at(&ids, Timestamp::from_millis(time + 999))?;
        if found.iter().all(Option::is_some) { Ok(()) } else { Err("a tag has no value".into()) }
    })?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(Costs { samples: (seconds * TAGS) as f64, commit, hour, day, instant: ms(instant) })
}

fn draw_span(reader: &Reader, id: SeriesId, from: i64, span: i64) -> Outcome<()> {
    let span = Span { from: Timestamp::from_millis(from), to: Timestamp::from_millis(from + span) };
    if reader.minmax(id, span, PIXELS)?.is_empty() { Err("no points".into()) } else { Ok(()) }
}

/// Cost over size, both as powers of ten: a line that does not rise is a cost that does not grow.
fn draw(path: &Path, costs: &[Costs]) -> Outcome<()> {
    type Of = fn(&Costs) -> f64;
    let lines: [(&str, Of, RGBColor); 4] = [
        ("commit of 10,000 samples", |c| c.commit, RGBColor(0x00, 0x5f, 0xb8)),
        ("trend of an hour", |c| c.hour, RGBColor(0x2e, 0x7d, 0x32)),
        ("trend of a day", |c| c.day, RGBColor(0x9c, 0x5b, 0x00)),
        ("2,000 tags at an instant", |c| c.instant, RGBColor(0x8a, 0x2b, 0x8a)),
    ];
    let root = SVGBackend::new(path, (840, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let (least, most) = costs.iter().fold((f64::MAX, 0.0_f64), |(a, b), c| (a.min(c.samples), b.max(c.samples)));
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d((least..most).log_scale(), (0.1..1_000.0).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE.mix(0.0))
        .x_desc("samples in the file")
        .y_desc("ms")
        .x_label_formatter(&|x| format!("{:.0} M", x / 1e6))
        .draw()?;
    for (name, of, colour) in lines {
        let points: Vec<(f64, f64)> = costs.iter().map(|c| (c.samples, of(c).max(0.1))).collect();
        chart
            .draw_series([PathElement::new(points, colour.stroke_width(2))])?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK.mix(0.3)).draw()?;
    root.present()?;
    Ok(())
}
