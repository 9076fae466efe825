//! What the tests of this crate share: histories in folders that go with the test, and files to and from them.

#![allow(dead_code, reason = "each test program uses a part")]

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use exchange::{Csv, Form, Format, Import, Mapping, Selection, Summary};
use history::{History, Options, Row, Span};
use jiff::tz::TimeZone;
use model::{Clock, Now, Sample, Timestamp, Uptime};

/// 2026-11-23T06:00:00Z.
pub const NOW: i64 = 1_795_413_600_000;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Now {
        Now { wall: Timestamp::from_millis(NOW), uptime: Uptime::default() }
    }
}

/// A history and a folder for files.
pub struct Place {
    folder: tempfile::TempDir,
    pub history: History,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { retention: None };
        let history = History::open_with(&folder.path().join("history.db"), Arc::new(Stopped), options);
        Self { history: history.expect("a history"), folder }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn record(&self, tag: &str, samples: impl IntoIterator<Item = Sample>) {
        let series = self.history.series(&[tag])[0];
        self.history.import(samples.into_iter().map(|sample| Row { series, sample }).collect()).expect("imports");
    }

    /// All samples of a tag.
    pub fn samples(&self, tag: &str) -> Vec<Sample> {
        let reader = self.history.reader();
        reader.raw(reader.series(&[tag])[0], everything(), usize::MAX).expect("reads")
    }

    pub fn export(&self, tags: &[&str], span: Span, format: &Format) -> Vec<u8> {
        let mut out = Vec::new();
        let tags = tags.iter().map(ToString::to_string).collect();
        let selection = Selection { tags, span, known_until: Timestamp::from_millis(NOW) };
        exchange::export(&self.history.reader(), &selection, format, &mut out, &mut |_| ControlFlow::Continue(()))
            .expect("exports");
        out
    }

    pub fn csv(&self, tags: &[&str], span: Span, form: Form) -> String {
        let csv = Format::Csv(Csv { form, zone: TimeZone::UTC });
        String::from_utf8(self.export(tags, span, &csv)).expect("UTF-8")
    }

    pub fn import(&self, bytes: &[u8], mapping: Option<&str>) -> Summary {
        self.import_how(bytes, mapping, false)
    }

    pub fn import_strictly(&self, bytes: &[u8], mapping: Option<&str>) -> Summary {
        self.import_how(bytes, mapping, true)
    }

    fn import_how(&self, bytes: &[u8], mapping: Option<&str>, strict: bool) -> Summary {
        let path = self.file("import");
        fs::write(&path, bytes).expect("a file");
        let mapping = mapping.map(|text| Mapping::read(text).expect("a mapping"));
        let how = Import { mapping: mapping.as_ref(), now: Timestamp::from_millis(NOW), strict };
        let mut file = File::open(path).expect("the file");
        exchange::import(&mut file, &self.history, how, &mut |_| ControlFlow::Continue(()))
    }
}

/// A span that has everything in it.
pub fn everything() -> Span {
    span(i64::MIN, i64::MAX)
}

pub fn span(from: i64, to: i64) -> Span {
    Span { from: time(from), to: time(to) }
}

pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Time, value and quality: what a file says of a sample. `Debug` tells -0.0 from 0.0.
pub fn said(samples: &[Sample]) -> Vec<String> {
    samples.iter().map(|sample| format!("{:?} {:?} {:?}", sample.time, sample.value, sample.quality)).collect()
}
