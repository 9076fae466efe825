//! Whether anybody notices that old samples are removed: commits and trends while it goes on, and the room that it gives back.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use history::{History, Row, Span};
use model::{Sample, Timestamp};
use rusqlite::Connection;

use crate::data::{BEGIN, Mix};
use crate::measure::{Figures, ms, size};
use crate::{Outcome, PIXELS, import, open};

/// Tags of the file.
const TAGS: usize = 2_000;
/// Seconds that are imported at once.
const STRETCH: usize = 300;
/// Between two commits, and two trends: a plant's own pace, not as fast as it goes.
const PACE: Duration = Duration::from_millis(10);
/// It must have ended by then.
const PATIENCE: Duration = Duration::from_secs(600);

/// Fills a file with so many millions of samples, and removes them while two threads go on recording and looking.
pub fn prune(folder: &Path, millions: u32, figures: &mut Figures) -> Outcome<()> {
    let path = folder.join("prune.sqlite");
    let names: Vec<String> = (0..TAGS).map(|i| format!("site/area/line/machine{}/tag{i}", i % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut mix = Mix::new(TAGS);
    let mut seconds = 0;
    let history = open(&path)?;
    let ids = history.series(&names);
    while seconds < millions as usize * 1_000_000 / TAGS {
        let mut rows: Vec<(usize, Sample)> = Vec::with_capacity(STRETCH * TAGS);
        for _ in 0..STRETCH {
            rows.extend(mix.second().enumerate());
        }
        import(&history, &ids, rows)?;
        seconds += STRETCH;
    }
    drop(history);
    let before = size(&path)?;
    let end = BEGIN + i64::try_from(seconds)? * 1_000;

    let history = open(&path)?;
    let ids = history.series(&names);
    let ended = AtomicBool::new(false);
    let (took, commits, trends) = thread::scope(|scope| -> Outcome<_> {
        let commits = scope.spawn(|| -> Result<Vec<Duration>, String> {
            let mut took = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let rows = mix.second().enumerate().map(|(i, sample)| Row { series: ids[i], sample }).collect();
                let begun = Instant::now();
                history.record(rows);
                history.flush().map_err(|failure| failure.to_string())?;
                took.push(begun.elapsed());
                thread::sleep(PACE);
            }
            Ok(took)
        });
        let ids = history.series(&names);
        let reader = history.reader();
        let ended = &ended;
        let trends = scope.spawn(move || -> Result<Vec<Duration>, String> {
            let mut took = Vec::new();
            let mut hours = (0..6).cycle();
            while !ended.load(Ordering::Relaxed) {
                let hour = hours.next().unwrap_or(0) * 3_600_000;
                let from = Timestamp::from_millis(BEGIN + hour);
                let span = Span { from, to: Timestamp::from_millis(BEGIN + hour + 3_600_000) };
                let begun = Instant::now();
                reader.minmax(ids[took.len() % TAGS], span, PIXELS).map_err(|error| error.to_string())?;
                took.push(begun.elapsed());
                thread::sleep(PACE);
            }
            Ok(took)
        });
        let begun = Instant::now();
        history.prune(Timestamp::from_millis(end));
        let outcome = until_done(&path, end);
        let took = begun.elapsed();
        ended.store(true, Ordering::Relaxed);
        let joined = |thread: thread::ScopedJoinHandle<'_, Result<Vec<Duration>, String>>| {
            thread.join().unwrap_or_else(|_| Err("a thread ended by a panic".to_owned()))
        };
        let (commits, trends) = (joined(commits)?, joined(trends)?);
        outcome?;
        Ok((took, commits, trends))
    })?;
    drop_and_tell(history, &path, before, millions, took, figures)?;
    figures.put("a commit of 2,000 samples meanwhile", spread(commits));
    figures.put("a trend of an hour meanwhile", spread(trends));
    std::fs::remove_file(&path)?;
    Ok(())
}

fn drop_and_tell(
    history: History,
    path: &Path,
    before: f64,
    millions: u32,
    took: Duration,
    figures: &mut Figures,
) -> Outcome<()> {
    drop(history);
    figures.put(
        format!("{millions} M samples removed"),
        format!(
            "in {:.1} s; {:.0} MB before, **{:.0} MB** after, with what was recorded meanwhile",
            took.as_secs_f64(),
            before / 1e6,
            size(path)? / 1e6
        ),
    );
    Ok(())
}

/// Of each series one block stays, and no more than a step's worth of pages is free.
fn until_done(path: &Path, end: i64) -> Outcome<()> {
    let begun = Instant::now();
    let connection = Connection::open(path)?;
    loop {
        let old: i64 = connection.query_row("SELECT count(*) FROM block WHERE last < ?1", [end], |row| row.get(0))?;
        let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        if usize::try_from(old)? <= TAGS && free < 256 {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("{old} old blocks and {free} free pages are left").into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort();
    let at = |share: usize| took.get((took.len() * share / 1_000).min(took.len() - 1)).map_or(0.0, |d| ms(*d));
    format!("{} times: median {:.1} ms, 99.9 % {:.0} ms, longest **{:.0} ms**", took.len(), at(500), at(999), at(1_000))
}
