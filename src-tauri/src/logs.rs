//! The log: lines in `logs/andon.log` of the data folder, and warnings on standard error as well.
//!
//! A line is one line whatever is in it: text from outside cannot begin a new one or reach a terminal as a command. The
//! files together never grow beyond a bound.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Bytes of a file before the next one is begun.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Older files that are kept.
const KEPT: u32 = 4;
/// What is said on standard error. The demo's broker takes the end of each of its connections for an error.
const SAID: &str = "warn,rumqttd=off";
/// What the log takes; the demo's broker would say every connection.
const LEVEL: &str = "info,rumqttd=off";
/// The environment variable that says otherwise.
const VARIABLE: &str = "ANDON_LOG";

/// Starts to write the log into `folder`, and says on standard error what is a warning or worse.
///
/// # Errors
/// The system's, where the log cannot be begun; then warnings still go to standard error.
pub fn begin(folder: &Path) -> io::Result<()> {
    let said = Mutex::new(OneLine(io::stderr()));
    let said = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(said).with_filter(EnvFilter::new(SAID));
    let rotated = Rotated::begin(folder, FILE_BYTES);
    let (rotated, begun) = match rotated {
        Ok(rotated) => (Some(rotated), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let kept = rotated.map(|rotated| {
        let level = std::env::var(VARIABLE).unwrap_or_else(|_| LEVEL.into());
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(Mutex::new(OneLine(rotated)))
            .with_filter(EnvFilter::new(level))
    });
    tracing_subscriber::registry().with(said).with(kept).try_init().map_err(io::Error::other)?;
    begun
}

/// Writes what it is given in one call as one line: control characters but the last line feed become `\u{..}`.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(escaped(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escaped(line: &str) -> String {
    let mut safe = String::with_capacity(line.len() + 1);
    for character in line.trim_end_matches('\n').chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}') {
            write!(safe, "\\u{{{:x}}}", u32::from(character)).expect("writing to a string cannot fail");
        } else {
            safe.push(character);
        }
    }
    safe.push('\n');
    safe
}

/// `andon.log`, and `andon.1.log` to `andon.4.log` before it.
struct Rotated {
    folder: PathBuf,
    limit: u64,
    file: File,
    bytes: u64,
}

impl Rotated {
    fn begin(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = open(folder)?;
        let bytes = file.metadata()?.len();
        Ok(Self { folder: folder.to_path_buf(), limit, file, bytes })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            rename(&older(&self.folder, number), &older(&self.folder, number + 1))?;
        }
        rename(&current(&self.folder), &older(&self.folder, 1))?;
        self.file = open(&self.folder)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for Rotated {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(length) > self.limit {
            self.rotate()?;
        }
        self.file.write_all(line)?;
        self.bytes = self.bytes.saturating_add(length);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn current(folder: &Path) -> PathBuf {
    folder.join("andon.log")
}

fn older(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("andon.{number}.log"))
}

fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(current(folder))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(escaped("all is well\n"), "all is well\n");
        assert_eq!(escaped("no\nnew \u{1b}[31mline\r\u{7}\n"), "no\\u{a}new \\u{1b}[31mline\\u{d}\\u{7}\n");
        assert_eq!(escaped("Grüße, 日本"), "Grüße, 日本\n");
        assert_eq!(escaped("\u{202e}reversed\n"), "\\u{202e}reversed\n");
    }

    #[test]
    fn files_are_rotated_and_old_ones_go() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let mut log = Rotated::begin(scratch.path(), 100).expect("a log");
        for number in 0..100 {
            log.write_all(format!("{number:019}\n").as_bytes()).expect("a line");
        }
        let newest = fs::read_to_string(current(scratch.path())).expect("the newest file");
        assert!(newest.ends_with("99\n"), "{newest}");
        assert_eq!(fs::read_dir(scratch.path()).expect("the folder").count(), 5);
        let total: u64 =
            (1..=KEPT).map(|number| fs::metadata(older(scratch.path(), number)).expect("a file").len()).sum();
        assert!(total <= 400, "{total}");
    }

    #[test]
    fn a_log_goes_on_where_it_was() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        for line in ["one\n", "two\n"] {
            Rotated::begin(scratch.path(), 100).expect("a log").write_all(line.as_bytes()).expect("a line");
        }
        assert_eq!(fs::read_to_string(current(scratch.path())).expect("the log"), "one\ntwo\n");
    }
}
