//! What a fault test measured, for `docs/faults.md`, and how long it may take.
//!
//! The figures are written past the test program's capture, because a figure of a test that passed is worth seeing, and
//! so is that a test was not run. A test never passes or fails by a figure alone, beyond its generous bound.

use std::io::Write as _;
use std::time::Duration;

/// The variable that asks for the long versions.
const LONG: &str = "ANDON_FAULTS";

/// How many rounds: `short` within the tests, `long` where `ANDON_FAULTS=long` asks for what the table promises.
pub fn rounds(short: usize, long: usize) -> usize {
    if std::env::var_os(LONG).is_some_and(|value| value == "long") { long } else { short }
}

/// Says what was measured.
pub fn measured(row: &str, words: &str) {
    say(&format!("figure: {row}: {words}"));
}

/// Says that nothing was proved, and why.
pub fn not_run(row: &str, words: &str) {
    say(&format!("not run: {row}: {words}"));
}

/// The least, the middle and the greatest of some times, in words.
pub fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    match (times.first(), times.get(times.len() / 2), times.last()) {
        (Some(least), Some(middle), Some(most)) => {
            format!("{least:.3?} / {middle:.3?} / {most:.3?} (least, middle, most of {})", times.len())
        }
        _ => "nothing".to_owned(),
    }
}

/// Bytes of memory that this process holds.
///
/// # Panics
/// When the system does not tell.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("/proc is there");
    let pages: u64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * rustix::param::page_size() as u64
}

fn say(line: &str) {
    // Where nobody listens there is nobody to tell.
    let _gone = writeln!(std::io::stderr(), "{line}");
}
