//! The mark: how far a database file reaches, noted beside it, so that a file that lost its end does not pass for a whole one.
//!
//! SQLite takes a database whose log was removed, cut short or exchanged for what it finds, without a word. The mark has the number
//! of what was committed last, which the file itself can tell too, and the salts of the log that goes with it (sqlite.org/fileformat2.html,
//! 4.1). A log with other salts is another file's and is set aside before SQLite reads it.
//!
//! The mark is written after each commit, and brought to the disk when the log's salts change and at the end. After a cut of the power it may be behind, never ahead.
//! Where it cannot be written or is not there, nothing is concluded.
//!
//! **Invariant:** a mark never says more than what is committed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use model::Timestamp;

use super::open::with_suffix;

/// The mark lies beside the file under its name and this.
pub(super) const ENDING: &str = "-mark";
/// A mark is always of this length, so that it is written over and lies in one sector.
const LENGTH: usize = 128;
/// With each new beginning of a log its first salt grows by one; the mark may have missed that many.
const MISSED: u32 = 1_000;

/// How far a file reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The number of what was committed last. It only grows.
    pub number: u64,
    /// The newest time in the file; none while it is empty.
    pub newest: Option<Timestamp>,
}

/// What tells one log from another: SQLite chooses it when a log is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Salts(u32, u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Noted {
    reach: Reach,
    log: Option<Salts>,
}

/// The mark of one file, owned by whoever writes the file.
pub(super) struct Mark {
    path: PathBuf,
    file: Option<File>,
    /// What is noted now; none while nothing is.
    noted: Option<Noted>,
    /// What was noted when the program started, until it is compared.
    found: Option<Noted>,
}

impl Mark {
    /// Reads the mark of a database file, as it was left.
    pub(super) fn of(file: &Path) -> Mark {
        let noted = read(file);
        Mark { path: file.to_owned(), file: None, noted, found: noted }
    }

    /// Sets a log aside that is not the file's own, and says under which name.
    ///
    /// # Errors
    /// The system's; the log is still there.
    pub(super) fn set_foreign_log_aside(&self, now: Timestamp) -> io::Result<Option<PathBuf>> {
        let Some(own) = self.found.and_then(|found| found.log) else { return Ok(None) };
        let Some(lies_there) = salts(&self.path) else { return Ok(None) };
        if lies_there == own || (1..=MISSED).contains(&lies_there.0.wrapping_sub(own.0)) {
            return Ok(None);
        }
        super::open::set_aside(&with_suffix(&self.path, "-wal"), "foreign", now).map(Some)
    }

    /// Another file takes the place: what was noted is not about it.
    pub(super) fn forget(&mut self) {
        (self.file, self.noted, self.found) = (None, None, None);
    }

    /// What is missing in the file, which reaches so far, of what was noted when the program started; told once.
    pub(super) fn compare(&mut self, reach: Reach) -> Option<Loss> {
        self.found.take().and_then(|found| Loss::between(found.reach, reach))
    }

    /// Whether something would be missing.
    pub(super) fn lacks(&self, number: u64) -> bool {
        self.found.is_some_and(|found| found.reach.number > number)
    }

    /// Notes how far the file reaches.
    pub(super) fn note(&mut self, reach: Reach) {
        let log = salts(&self.path);
        let brought = if self.noted.is_some_and(|noted| noted.log == log) { Brought::Later } else { Brought::Now };
        self.put(Noted { reach, log }, brought);
    }

    /// Something else was committed, perhaps into another log.
    pub(super) fn follow_log(&mut self) {
        if let Some(noted) = self.noted.filter(|noted| noted.log.is_some()) {
            let log = salts(&self.path);
            if noted.log != log {
                self.put(Noted { log, ..noted }, Brought::Now);
            }
        }
    }

    /// The file is closed.
    pub(super) fn close(&mut self) {
        if let Some(noted) = self.noted.filter(|_| self.file.is_some()) {
            self.put(Noted { log: salts(&self.path), ..noted }, Brought::Now);
        }
    }

    fn put(&mut self, noted: Noted, brought: Brought) {
        match self.write(noted, brought) {
            Ok(()) => self.noted = Some(noted),
            Err(error) => {
                tracing::debug!(path = %self.path.display(), %error, "the mark cannot be written");
                self.file = None;
            }
        }
    }

    fn write(&mut self, noted: Noted, brought: Brought) -> io::Result<()> {
        let path = with_suffix(&self.path, ENDING);
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(path)?,
        };
        file.write_all_at(&noted.bytes(), 0)?;
        match brought {
            Brought::Now => file.sync_data()?,
            Brought::Later => {}
        }
        self.file = Some(file);
        Ok(())
    }
}

/// Whether a mark is brought to the disk at once or when the system does it.
enum Brought {
    Now,
    Later,
}

/// What a file once had and has no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    missing: u64,
    /// What is left of the numbers.
    number: u64,
    /// The newest time that is left; none where that cannot be read.
    left: Option<Timestamp>,
    /// The newest time that there was.
    was: Option<Timestamp>,
}

impl Loss {
    /// What a file that reaches so far has no more of what was noted; none where it has all of it.
    pub(crate) fn between(noted: Reach, reach: Reach) -> Option<Loss> {
        let missing = noted.number.checked_sub(reach.number).filter(|missing| *missing > 0)?;
        Some(Loss { missing, number: reach.number, left: reach.newest, was: noted.newest })
    }

    /// For an operator, with the word for what is counted.
    pub(crate) fn in_words(&self, counted: &str) -> String {
        let time = |time: Timestamp| {
            jiff::Timestamp::from_millisecond(time.millis())
                .map_or_else(|_| format!("{} ms", time.millis()), |time| format!("{time:.0}"))
        };
        let left = match self.left {
            Some(left) => format!("what is left ends at {}", time(left)),
            None if self.number == 0 => "nothing is left".to_owned(),
            None => "where it ends is not known".to_owned(),
        };
        let was = self.was.map_or_else(String::new, |was| format!(", it went up to {}", time(was)));
        format!(
            "The end of what was stored is missing: {left}{was}; {counted} gone: {}. The file or its log (-wal) was removed, cut \
             short or exchanged for another one.",
            self.missing
        )
    }
}

impl Noted {
    fn bytes(&self) -> [u8; LENGTH] {
        let Reach { number, newest } = self.reach;
        let newest = newest.map_or_else(|| "-".to_owned(), |newest| newest.millis().to_string());
        let log = self.log.map_or_else(|| "-".to_owned(), |Salts(a, b)| format!("{a:08x}{b:08x}"));
        let text = format!("andon-mark 1 {number} {newest} {log}");
        let text = format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes()));
        let mut bytes = [b' '; LENGTH];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Noted> {
        let line = std::str::from_utf8(bytes).ok()?.lines().next()?;
        let (text, checksum) = line.rsplit_once(' ')?;
        if u32::from_str_radix(checksum, 16) != Ok(crc32fast::hash(text.as_bytes())) {
            return None;
        }
        let [number, newest, log] = text.strip_prefix("andon-mark 1 ")?.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        let newest = if newest == "-" { None } else { Some(Timestamp::from_millis(newest.parse().ok()?)) };
        let half = |part: Option<&str>| u32::from_str_radix(part?, 16).ok();
        let log = if log == "-" { None } else { Some(Salts(half(log.get(..8))?, half(log.get(8..))?)) };
        Some(Noted { reach: Reach { number: number.parse().ok()?, newest }, log })
    }
}

/// How far a file reached when it was last noted; none where that is not known.
pub(crate) fn noted(file: &Path) -> Option<Reach> {
    read(file).map(|noted| noted.reach)
}

fn read(file: &Path) -> Option<Noted> {
    Noted::parse(&fs::read(with_suffix(file, ENDING)).ok()?)
}

/// The salts of the log beside a file; none where there is no log with a head.
fn salts(file: &Path) -> Option<Salts> {
    let mut head = [0; 32];
    File::open(with_suffix(file, "-wal")).and_then(|mut log| log.read_exact(&mut head)).ok()?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    Some(Salts(number(16)?, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(number: u64, newest: Option<i64>, log: Option<Salts>) -> Noted {
        Noted { reach: Reach { number, newest: newest.map(Timestamp::from_millis) }, log }
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_a_torn_one_says_nothing() {
        for mark in [
            noted(0, None, None),
            noted(u64::MAX, Some(i64::MIN), Some(Salts(u32::MAX, 0))),
            noted(17, Some(1_760_000_000_000), Some(Salts(0, 1))),
        ] {
            let bytes = mark.bytes();
            assert_eq!(Noted::parse(&bytes), Some(mark));
            let line = bytes.iter().position(|byte| *byte == b'\n').expect("a line");
            for torn in 0..=line {
                let mut bytes = bytes;
                bytes[torn] ^= 1;
                assert_eq!(Noted::parse(&bytes), None, "bit of byte {torn}");
            }
        }
        assert_eq!(Noted::parse(b""), None);
    }

    #[test]
    fn only_what_was_noted_and_is_not_there_is_missing() {
        let reach = |number, newest| Reach { number, newest: Some(Timestamp::from_millis(newest)) };
        assert_eq!(Loss::between(reach(7, 70), reach(7, 70)), None);
        assert_eq!(Loss::between(reach(7, 70), reach(9, 90)), None, "the mark may be behind");
        let loss = Loss::between(reach(7, 1_760_000_060_000), reach(4, 1_760_000_000_000)).expect("three are missing");
        let words = loss.in_words("commits");
        assert!(
            words.contains("ends at 2025-10-09T08:53:20Z, it went up to 2025-10-09T08:54:20Z; commits gone: 3."),
            "{words}"
        );
    }
}
