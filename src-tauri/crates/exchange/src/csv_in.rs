//! CSV record by record, in buffers that do not grow: a quote that is never closed is an error and not a full memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::ControlFlow;

use csv_core::{ReadRecordResult, ReaderBuilder};

use crate::batches::Batches;
use crate::import::{ImportError, listed};
use crate::layout::{Given, Layout};
use crate::mapping::Mapping;

/// Largest record, bytes.
const MOST_BYTES: usize = 1024 * 1024;
/// Most cells of a record.
const MOST_CELLS: usize = 100_001;
/// Records between two looks at whether to go on.
const RECORDS: u64 = 1000;

const UTF8: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Hands every record of a CSV to `batches`.
pub(crate) fn read(
    file: &File,
    mapping: Option<&Mapping>,
    batches: &mut Batches<'_>,
    watch: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(), ImportError> {
    let size = file.metadata().map_or(0, |about| about.len());
    let separator = mapping.map_or(Ok(b','), Mapping::separator).map_err(ImportError::Mapping)?;
    let skip = mapping.map_or(0, Mapping::skip_lines);
    let mut records = Records::begin(file, separator, skip)?;
    let named = mapping.is_none_or(Mapping::has_header);
    if !records.next()? {
        return Err(ImportError::Empty);
    }
    let columns: Vec<String> = records
        .cells()
        .map(|cell| if named { cell.unwrap_or_default().trim().to_owned() } else { String::new() })
        .collect();
    let layout = match mapping {
        Some(mapping) => mapping.layout(&columns).map_err(ImportError::Mapping)?,
        None => Layout::of_own(&columns).ok_or_else(|| ImportError::Unknown { columns: listed(&columns) })?,
    };
    let mut count = 0;
    let mut there = if named { records.next()? } else { true };
    while there {
        let cells: Result<Vec<Given<'_>>, String> = records
            .cells()
            .map(|cell| match cell {
                Ok(cell) => Ok(Given::Text(Cow::Borrowed(cell))),
                Err(_) => Err("it is not UTF-8; save the file as UTF-8".to_owned()),
            })
            .collect();
        let line = records.line;
        batches.record(&layout, cells.as_deref().map_err(Clone::clone), || format!("line {line}"))?;
        count += 1;
        if count % RECORDS == 0 && watch(records.share(size)).is_break() {
            return Err(ImportError::Cancelled);
        }
        there = records.next()?;
    }
    Ok(())
}

/// The records of a file, one at a time.
struct Records<R> {
    input: BufReader<R>,
    reader: csv_core::Reader,
    text: Vec<u8>,
    /// Where the cells of the record end in `text`.
    ends: Vec<usize>,
    /// Cells of the record.
    count: usize,
    /// The line in which the record begins, from 1.
    line: u64,
    /// Line feeds read so far.
    lines: u64,
    /// Bytes read so far.
    bytes: u64,
}

impl<R: Read> Records<io::Chain<Cursor<Vec<u8>>, R>> {
    fn begin(mut file: R, separator: u8, skip: u32) -> Result<Self, ImportError> {
        let mut begin = Vec::new();
        file.by_ref().take(3).read_to_end(&mut begin).map_err(ImportError::Reading)?;
        if UTF16.iter().any(|mark| begin.starts_with(mark)) {
            return Err(ImportError::Encoding);
        }
        if begin == UTF8 {
            begin.clear();
        }
        let mut records = Records {
            input: BufReader::with_capacity(64 * 1024, Cursor::new(begin).chain(file)),
            reader: ReaderBuilder::new().delimiter(separator).build(),
            text: vec![0; MOST_BYTES],
            ends: vec![0; MOST_CELLS],
            count: 0,
            line: 0,
            lines: 0,
            bytes: 0,
        };
        for _ in 0..skip {
            let skipped = records.input.skip_until(b'\n').map_err(ImportError::Reading)?;
            records.bytes += skipped as u64;
            records.lines += 1;
        }
        Ok(records)
    }
}

impl<R: Read> Records<R> {
    /// Goes to the next record; false at the end of the file.
    fn next(&mut self) -> Result<bool, ImportError> {
        self.skip_line_ends()?;
        self.line = self.lines + 1;
        let (mut text, mut cells) = (0, 0);
        loop {
            let input = self.input.fill_buf().map_err(ImportError::Reading)?;
            let (result, read, written, ended) =
                self.reader.read_record(input, &mut self.text[text..], &mut self.ends[cells..]);
            self.lines += line_feeds(&input[..read]);
            self.bytes += read as u64;
            self.input.consume(read);
            text += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(ImportError::Record { line: self.line, most: MOST_CELLS });
                }
                ReadRecordResult::Record => {
                    self.count = cells;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// The cells of the record, each if it is UTF-8.
    fn cells(&self) -> impl Iterator<Item = Result<&str, std::str::Utf8Error>> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends[..self.count]).map(|(begin, end)| std::str::from_utf8(&self.text[begin..*end]))
    }

    /// Empty lines are no records, and the line feed behind a carriage return belongs to the record before.
    fn skip_line_ends(&mut self) -> Result<(), ImportError> {
        loop {
            let input = self.input.fill_buf().map_err(ImportError::Reading)?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let whole = ends > 0 && ends == input.len();
            self.lines += line_feeds(&input[..ends]);
            self.bytes += ends as u64;
            self.input.consume(ends);
            if !whole {
                return Ok(());
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share to look at")]
    fn share(&self, size: u64) -> f64 {
        (self.bytes as f64 / size.max(1) as f64).clamp(0.0, 1.0)
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
