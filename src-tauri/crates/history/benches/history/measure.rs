//! Clocks, counters of the kernel, medians, and the table of what came out.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What came out, one line a figure.
#[derive(Default)]
pub struct Figures {
    lines: Vec<(String, String)>,
}

impl Figures {
    pub fn put(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        let (what, figure) = (what.into(), figure.into());
        tell(&format!("{what}: {figure}"));
        self.lines.push((what, figure));
    }

    /// A table in Markdown.
    pub fn table(&self) -> String {
        let mut table = String::from("| | |\n|---|---|\n");
        for (what, figure) in &self.lines {
            // Writing into a string cannot fail.
            let _infallible = writeln!(table, "| {what} | {figure} |");
        }
        table
    }
}

/// Says how far it is.
pub fn tell(line: &str) {
    let _nobody_reads_it = writeln!(std::io::stderr(), "{line}");
}

/// How long the work takes.
pub fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let begun = Instant::now();
    let answer = work()?;
    Ok((begun.elapsed(), answer))
}

/// The median of so many times.
pub fn median_of(rounds: usize, mut work: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    let mut took = (0..rounds).map(|_| timed(&mut work).map(|(took, ())| took)).collect::<Outcome<Vec<_>>>()?;
    took.sort();
    Ok(took[took.len() / 2])
}

pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

pub fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

/// Bytes of a file, and of SQLite's log beside it.
pub fn size(path: &Path) -> Outcome<f64> {
    let wal = path.with_file_name(format!("{}-wal", path.file_name().unwrap_or_default().to_string_lossy()));
    let bytes = std::fs::metadata(path)?.len() + std::fs::metadata(wal).map_or(0, |wal| wal.len());
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(bytes as f64)
}

/// Bytes that this process has caused to be written to storage; none where the kernel does not count them.
pub fn written() -> Option<f64> {
    let counters = std::fs::read_to_string("/proc/self/io").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

/// The most memory that this process has had at once, in bytes, since [`forget_peak`].
pub fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1_024.0)
}

/// Begins anew to look for the peak of memory. Best effort: without it the peak is that of the whole run.
pub fn forget_peak() {
    let _best_effort = std::fs::write("/proc/self/clear_refs", "5");
}

/// Takes a file out of the system's cache, as far as nobody uses it.
pub fn make_cold(path: &Path) -> Outcome<()> {
    let file = std::fs::File::open(path)?;
    rustix::fs::fsync(&file)?;
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}

/// A ratio as readers say it.
pub fn times(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0} x") } else { format!("{ratio:.1} x") }
}
