//! CSV after RFC 4180: a row a sample, or a row an instant with two columns a tag.

use std::io::{BufWriter, Write};

use jiff::tz::TimeZone;
use model::{Sample, Timestamp};

use crate::cell;
use crate::export::{Course, ExportError, Source};
use crate::instant::write_time;

/// Ends a row (RFC 4180, 2.1).
const END: &str = "\r\n";
/// The header of the long form.
pub(crate) const LONG: [&str; 4] = ["time", "tag", "value", "quality"];
/// Ends the name of a tag's column of qualities in the wide form.
pub(crate) const QUALITY: &str = " quality";

/// A file that is written row by row.
struct File<'a, W: Write> {
    out: BufWriter<W>,
    zone: &'a TimeZone,
    row: String,
}

/// A row a sample.
pub(crate) fn long(
    source: &Source<'_>,
    zone: &TimeZone,
    out: impl Write,
    course: &mut Course<'_>,
) -> Result<(), ExportError> {
    let tags: Vec<String> = source.names.iter().map(|name| tag_cell(name)).collect();
    let mut file = File::begin(out, zone);
    file.row.push_str(&LONG.join(","));
    file.end_row()?;
    source.walk(course, |slice, course| {
        for row in slice.rows {
            write_time(&mut file.row, row.sample.time, file.zone);
            file.row.push(',');
            file.row.push_str(&tags[row.tag]);
            file.sample(Some(&row.sample));
            file.end_row()?;
            course.row(row.sample.time)?;
        }
        Ok(())
    })?;
    file.end()
}

/// A row an instant at which any tag has a sample.
pub(crate) fn wide(
    source: &Source<'_>,
    zone: &TimeZone,
    out: impl Write,
    course: &mut Course<'_>,
) -> Result<(), ExportError> {
    let mut file = File::begin(out, zone);
    file.wide_header(&source.names)?;
    let mut instant: Vec<Option<Sample>> = vec![None; source.names.len()];
    source.walk(course, |slice, course| {
        // No instant is in two slices.
        for rows in slice.rows.chunk_by(|a, b| a.sample.time == b.sample.time) {
            instant.fill(None);
            for row in rows {
                instant[row.tag] = Some(row.sample.clone());
            }
            let time = rows[0].sample.time;
            file.instant(time, &instant)?;
            course.row(time)?;
        }
        Ok(())
    })?;
    file.end()
}

/// A row each `step` milliseconds, with the values that hold then.
pub(crate) fn held(
    source: &Source<'_>,
    zone: &TimeZone,
    step: i64,
    known_until: Timestamp,
    out: impl Write,
    course: &mut Course<'_>,
) -> Result<(), ExportError> {
    let mut file = File::begin(out, zone);
    file.wide_header(&source.names)?;
    let mut holds = source.reader.at(&source.series, source.span.from).map_err(ExportError::Reading)?;
    let mut next = Some(source.span.from);
    // Writes the instants before a time; what holds at the time itself is not known yet.
    let mut advance = |file: &mut File<'_, _>, before: Timestamp, holds: &[Option<Sample>], course: &mut Course<'_>| {
        while let Some(time) = next.filter(|time| *time < before && *time <= known_until) {
            file.instant(time, holds)?;
            course.row(time)?;
            next = time.millis().checked_add(step).map(Timestamp::from_millis);
        }
        Ok::<(), ExportError>(())
    };
    source.walk(course, |slice, course| {
        for row in slice.rows {
            advance(&mut file, row.sample.time, &holds, course)?;
            holds[row.tag] = Some(row.sample);
        }
        advance(&mut file, slice.end, &holds, course)
    })?;
    file.end()
}

/// A tag's id as a cell.
fn tag_cell(name: &str) -> String {
    let mut cell = String::new();
    cell::quote(&mut cell, &cell::text(name));
    cell
}

impl<'a, W: Write> File<'a, W> {
    fn begin(out: W, zone: &'a TimeZone) -> Self {
        File { out: BufWriter::with_capacity(64 * 1024, out), zone, row: String::new() }
    }

    fn wide_header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.row.push_str(LONG[0]);
        for name in names {
            self.row.push(',');
            self.row.push_str(&tag_cell(name));
            self.row.push(',');
            self.row.push_str(&tag_cell(&format!("{name}{QUALITY}")));
        }
        self.end_row()
    }

    fn instant(&mut self, time: Timestamp, samples: &[Option<Sample>]) -> Result<(), ExportError> {
        write_time(&mut self.row, time, self.zone);
        for sample in samples {
            self.sample(sample.as_ref());
        }
        self.end_row()
    }

    /// A value and its quality; two empty cells where there is no sample.
    fn sample(&mut self, sample: Option<&Sample>) {
        self.row.push(',');
        if let Some(value) = sample.and_then(|sample| sample.value.as_ref()) {
            cell::write_value(&mut self.row, value);
        }
        self.row.push(',');
        if let Some(sample) = sample {
            cell::write_quality(&mut self.row, sample.quality);
        }
    }

    fn end_row(&mut self) -> Result<(), ExportError> {
        self.row.push_str(END);
        let written = self.out.write_all(self.row.as_bytes());
        self.row.clear();
        written.map_err(ExportError::Writing)
    }

    fn end(mut self) -> Result<(), ExportError> {
        self.out.flush().map_err(ExportError::Writing)
    }
}
