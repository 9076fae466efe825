//! The mix goes in: how fast, how small, how much of the disk and of memory it takes, and whether anything pauses.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use history::{Row, Span};
use model::{Sample, Timestamp};

use crate::data::{BEGIN, Mix, TAGS};
use crate::measure::{self, Figures, median, ms, size, times};
use crate::plain::{BATCH, Plain};
use crate::{Outcome, PIXELS, open};

/// Ingest until everything is durable, sealed and rolled up, beside the baseline; medians of the rounds.
pub fn mix(folder: &Path, rounds: usize, seconds: u32, figures: &mut Figures) -> Outcome<()> {
    let rows = f64::from(seconds) * 1_000.0;
    let (mut ours, mut plain, mut ratios, mut sizes, mut peaks) = (vec![], vec![], vec![], vec![], vec![]);
    let mut plain_size = 0.0;
    for round in 0..rounds {
        measure::tell(&format!("mix, round {} of {rounds}", round + 1));
        let (path, beside) = (folder.join("mix.sqlite"), folder.join("plain.sqlite"));
        measure::forget_peak();
        let took = into_history(&path, seconds, BATCH)?.whole;
        peaks.extend(measure::peak_memory());
        let table_took = into_table(&beside, seconds)?;
        sizes.push(size(&path)? / rows);
        plain_size = size(&beside)? / rows;
        ours.push(rows / took.as_secs_f64() / 1e6);
        plain.push(rows / table_took.as_secs_f64() / 1e6);
        ratios.push(table_took.as_secs_f64() / took.as_secs_f64());
        std::fs::remove_file(&path)?;
        std::fs::remove_file(&beside)?;
    }
    figures.put(
        format!("mix of {TAGS} tags, {:.1} M samples: ingest to durable, sealed and rolled up", rows / 1e6),
        format!(
            "**{}** the baseline: {:.2} M samples/s against {:.3}",
            times(median(ratios)),
            median(ours),
            median(plain)
        ),
    );
    figures.put("mix: bytes a sample", format!("**{:.2}** against {plain_size:.1}", median(sizes)));
    if !peaks.is_empty() {
        figures.put("mix: most memory of the process", format!("{:.0} MB", median(peaks) / 1e6));
    }
    Ok(())
}

/// The mix in commits of 1,000 samples while somebody looks at trends: bytes written, and the longest pauses.
pub fn steady(folder: &Path, seconds: u32, figures: &mut Figures) -> Outcome<()> {
    let path = folder.join("steady.sqlite");
    let begun = measure::written();
    let took = into_history(&path, seconds, TAGS)?;
    let rows = f64::from(seconds) * 1_000.0;
    if let Some((begun, ended)) = begun.zip(measure::written()) {
        figures.put("bytes written a sample, 1,000 samples a commit", format!("**{:.1}**", (ended - begun) / rows));
    }
    let of = |took: &[Duration]| {
        let mut sorted = took.to_vec();
        sorted.sort();
        let at =
            |share: usize| sorted.get((sorted.len() * share / 1_000).min(sorted.len() - 1)).map_or(0.0, |d| ms(*d));
        format!("median {:.1} ms, 99.9 % {:.1} ms, longest **{:.0} ms**", at(500), at(999), at(1_000))
    };
    figures.put("a commit of 1,000 samples while sealing goes on", of(&took.commits));
    figures.put("a trend of an hour meanwhile", of(&took.questions));
    std::fs::remove_file(&path)?;
    Ok(())
}

struct Took {
    /// Until all is sealed, without the making of the data.
    whole: Duration,
    commits: Vec<Duration>,
    questions: Vec<Duration>,
}

fn into_history(path: &Path, seconds: u32, batch: usize) -> Outcome<Took> {
    let history = open(path)?;
    let names: Vec<String> = (0..TAGS).map(|i| format!("site/area/line/machine{}/tag{i}", i % 50)).collect();
    let ids = history.series(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (reader, ended) = (history.reader(), AtomicBool::new(false));
    // Who measures the speed of ingest alone asks nothing meanwhile.
    let asks = batch < BATCH;
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut questions = Vec::new();
            while asks && !ended.load(Ordering::Relaxed) {
                let to = BEGIN + i64::from(seconds) * 1_000;
                let id = ids[questions.len() % TAGS];
                let begun = Instant::now();
                let newest = reader.latest(id, 1).map(|newest| newest.first().map_or(to, |s| s.time.millis()));
                let to = newest.unwrap_or(to);
                let span = Span { from: Timestamp::from_millis(to - 3_600_000), to: Timestamp::from_millis(to) };
                if reader.minmax(id, span, PIXELS).is_ok() {
                    questions.push(begun.elapsed());
                }
                thread::sleep(Duration::from_millis(20));
            }
            questions
        });
        let mut commits = Vec::new();
        let stored = || -> Outcome<()> {
            let mut mix = Mix::new(TAGS);
            let mut waiting: Vec<Row> = Vec::with_capacity(batch);
            for second in 0..seconds {
                waiting.extend(mix.second().enumerate().map(|(i, sample)| Row { series: ids[i], sample }));
                if waiting.len() >= batch || second + 1 == seconds {
                    let rows = std::mem::take(&mut waiting);
                    let begun = Instant::now();
                    history.record(rows);
                    history.flush()?;
                    commits.push(begun.elapsed());
                }
            }
            let status = history.status();
            if (status.written, status.dropped) != (u64::from(seconds) * TAGS as u64, 0) {
                return Err("samples are missing".into());
            }
            Ok(())
        }();
        ended.store(true, Ordering::Relaxed);
        let questions = asking.join().map_err(|_| "asking ended by a panic")?;
        stored?;
        let begun = Instant::now();
        drop(history);
        Ok(Took { whole: commits.iter().sum::<Duration>() + begun.elapsed(), commits, questions })
    })
}

fn into_table(path: &Path, seconds: u32) -> Outcome<Duration> {
    let mut table = Plain::open(path)?;
    let mut mix = Mix::new(TAGS);
    let mut waiting: Vec<(usize, Sample)> = Vec::with_capacity(BATCH);
    let mut took = Duration::ZERO;
    for second in 0..seconds {
        waiting.extend(mix.second().enumerate());
        if waiting.len() >= BATCH || second + 1 == seconds {
            let begun = Instant::now();
            table.insert(&waiting)?;
            took += begun.elapsed();
            waiting.clear();
        }
    }
    let begun = Instant::now();
    drop(table);
    Ok(took + begun.elapsed())
}
