//! Trends of any length, and many values at an instant.

use std::path::Path;

use history::{Reader, SeriesId, Span};
use model::{Sample, Timestamp};

use crate::data::{BEGIN, Mix, one};
use crate::measure::{self, Figures, median_of, ms, size, times};
use crate::plain::Plain;
use crate::{Outcome, PIXELS, import, look, open};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// One tag at 10 Hz for so many days.
pub fn one_tag(folder: &Path, days: u32, figures: &mut Figures) -> Outcome<()> {
    let (path, beside) = (folder.join("one.sqlite"), folder.join("plain-one.sqlite"));
    let count = days as usize * 864_000;
    let (history, mut table) = (open(&path)?, Plain::open(&beside)?);
    let id = history.series(&["one"])[0];
    let mut samples = one();
    for _ in 0..count.div_ceil(100_000) {
        let rows: Vec<(usize, Sample)> = samples.by_ref().take(100_000).map(|sample| (0, sample)).collect();
        table.insert(&rows)?;
        import(&history, &[id], rows)?;
    }
    drop(history);
    drop(table);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let rows = count.next_multiple_of(100_000) as f64;
    figures.put(
        format!("one tag at 10 Hz, {days} days: bytes a sample"),
        format!("**{:.2}** against {:.1}", size(&path)? / rows, size(&beside)? / rows),
    );
    let whole = i64::from(days) * DAY;
    let spans = [(DAY.min(whole), "24 h"), (whole, "all of it")];
    for (length, name) in spans {
        let span = Span { from: Timestamp::from_millis(whole - length), to: Timestamp::from_millis(whole) };
        let draw = |reader: &Reader, id: SeriesId| -> Outcome<()> {
            let points = reader.minmax(id, span, PIXELS)?.len();
            if points >= PIXELS as usize { Ok(()) } else { Err("too few points".into()) }
        };
        let reader = look(&path)?;
        let id = reader.series(&["one"])[0];
        let warm = median_of(5, || draw(&reader, id))?;
        drop(reader);
        let mut colds = Vec::new();
        for _ in 0..5 {
            measure::make_cold(&path)?;
            let reader = look(&path)?;
            let id = reader.series(&["one"])[0];
            colds.push(ms(measure::timed(|| draw(&reader, id))?.0));
        }
        let width = length / i64::from(PIXELS);
        let table = Plain::open(&beside)?;
        let plain = median_of(if length > DAY { 1 } else { 5 }, || {
            let columns = table.minmax(whole - length, whole, width)?;
            if columns >= PIXELS as usize { Ok(()) } else { Err("too few columns".into()) }
        })?;
        figures.put(
            format!("{name} of the 10 Hz tag to {PIXELS} points"),
            format!(
                "**{:.1} ms** warm, {:.1} ms cold; baseline {:.0} ms warm, {}",
                ms(warm),
                measure::median(colds),
                ms(plain),
                times(plain.as_secs_f64() / warm.as_secs_f64())
            ),
        );
    }
    std::fs::remove_file(&path)?;
    std::fs::remove_file(&beside)?;
    Ok(())
}

/// Eight tags at 1 Hz over so many days, drawn from a cold file.
pub fn year(folder: &Path, days: u32, figures: &mut Figures) -> Outcome<()> {
    const PENS: usize = 8;
    let path = folder.join("year.sqlite");
    let history = open(&path)?;
    let names: Vec<String> = (0..PENS).map(|i| format!("pen{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ids = history.series(&names);
    let mut mix = Mix::new(20);
    for _ in 0..days * 24 {
        let mut rows: Vec<(usize, Sample)> = Vec::with_capacity(PENS * 3_600);
        for _ in 0..3_600 {
            // Walks, counters and sines; a boolean costs nothing.
            rows.extend(mix.second().enumerate().filter_map(|(i, sample)| Some((pen(i)?, sample))));
        }
        import(&history, &ids, rows)?;
    }
    drop(history);
    let span = Span { from: Timestamp::from_millis(BEGIN), to: Timestamp::from_millis(BEGIN + i64::from(days) * DAY) };
    let mut colds = Vec::new();
    for _ in 0..5 {
        measure::make_cold(&path)?;
        let reader = look(&path)?;
        let ids = reader.series(&names);
        let draw = || -> Outcome<()> {
            for id in &ids {
                reader.minmax(*id, span, PIXELS)?;
            }
            Ok(())
        };
        colds.push(ms(measure::timed(draw)?.0));
    }
    figures.put(
        format!("{PENS} tags at 1 Hz over {days} days to {PIXELS} points, cold"),
        format!("**{:.0} ms**, from a file of {:.0} MB", measure::median(colds), size(&path)? / 1e6),
    );
    std::fs::remove_file(&path)?;
    Ok(())
}

/// Which pen draws a tag of the mix.
fn pen(tag: usize) -> Option<usize> {
    [0, 1, 12, 13, 15, 16, 18, 19].iter().position(|chosen| *chosen == tag)
}
