//! Live values and trends as bytes: small hand-written layouts, little endian, columns aligned to their type, so that
//! the user interface lays typed arrays over them and parses nothing.
//!
//! **Frame** (`frame`, `history_instant`), version 2. A header of 72 bytes:
//!
//! | at | type | what |
//! |---|---|---|
//! | 0 | u32 | magic `ANDN` |
//! | 4 | u16 | version |
//! | 6 | u16 | flags: bit 0 = full, forget everything older |
//! | 8 | u32 | plant revision |
//! | 12 | u32 | alarm revision |
//! | 16 | f64 | revision, to be given back as `since` |
//! | 24 | f64 | wall time, ms |
//! | 32 | u32 | rows, n |
//! | 36 | u32 | bytes of text, t |
//! | 40 | u32 | status revision: changes with the state of a gateway or a store |
//! | 44 | u32 | age of the engine's last heartbeat, ms |
//! | 48 | u16 x 4 | unacknowledged alarms by priority 1 to 4 |
//! | 56 | u16 x 4 | active alarms by priority 1 to 4 |
//! | 64 | u32 | journal revision: changes with every entry that is on disk |
//! | 68 | u32 | zero |
//!
//! then the columns `f64 value[n]` (NaN where it is no number), `f64 time[n]` (ms), `u32 tag[n]`, `u32 quality[n]`,
//! `u32 text_end[n]` (where the row's text ends in the block of texts), `u8 kind[n]`, and `t` bytes of UTF-8. A text is
//! present for texts and for integers that a 64-bit float cannot hold.
//!
//! **Series** (`history_read`), version 1: a header of 16 bytes (u32 magic `ANDH`, u16 version, u16 zero, u32 number of
//! series, u32 zero), then for each series `u32 tag`, `u32 n`, `f64 time[n]`, `f64 value[n]` (NaN is a gap),
//! `u32 quality[n]`, and 4 bytes of padding where n is odd.
//!
//! **Part** (`export_next`), version 1: a header of 24 bytes (u32 magic `ANDE`, u16 version, u16 flags: bit 0 = the last
//! one, f64 rows written so far, f64 how much of the span is behind it, 0 to 1), then the next bytes of the file.
//!
//! `tests/golden` holds examples of all three that the Rust and the TypeScript tests read.

use std::fmt::Write as _;

use model::{Quality, TagIndex, Timestamp, Value};

const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"ANDN");
const SERIES_MAGIC: u32 = u32::from_le_bytes(*b"ANDH");
const PART_MAGIC: u32 = u32::from_le_bytes(*b"ANDE");
const FRAME_VERSION: u16 = 2;
const SERIES_VERSION: u16 = 1;
const PART_VERSION: u16 = 1;
const HEADER_BYTES: usize = 72;
/// Integers up to here are exact in a 64-bit float.
const EXACT: u64 = 1 << 53;

/// What a frame says beside its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Header {
    /// Whether the reader has to forget everything older.
    pub full: bool,
    /// Which plant the tag numbers belong to.
    pub plant_revision: u32,
    /// Changes with the list of alarms.
    pub alarm_revision: u32,
    /// Changes with every entry of the journal that is on disk.
    pub journal_revision: u32,
    /// To be given back as `since`.
    pub revision: u64,
    /// Wall time of the answer.
    pub wall: Timestamp,
    /// Changes with the state of a gateway or a store.
    pub status_revision: u32,
    /// Age of the engine's last heartbeat, milliseconds.
    pub age_ms: u32,
    /// Unacknowledged alarms by priority 1 to 4.
    pub unacknowledged: [u16; 4],
    /// Active alarms by priority 1 to 4.
    pub active: [u16; 4],
}

/// A row of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which tag.
    pub tag: TagIndex,
    /// Its value, none where there is none to show.
    pub value: Option<Value>,
    /// When it was so.
    pub time: Timestamp,
    /// How far to trust it.
    pub quality: Quality,
}

/// Points of one tag for a trend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Which tag.
    pub tag: u32,
    /// Time, value (`None` is a gap) and quality, in order of time.
    pub points: Vec<(Timestamp, Option<f64>, Quality)>,
}

/// The next bytes of a file that is being exported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Whether the file is whole with these.
    pub last: bool,
    /// Rows written so far.
    pub rows: u64,
    /// How much of the span is behind it, 0 to 1.
    pub share: f64,
    /// The bytes, none where no more are ready yet.
    pub bytes: Vec<u8>,
}

/// Writes a frame.
pub fn encode(header: &Header, rows: &[Row]) -> Vec<u8> {
    let mut texts = String::new();
    let ends: Vec<u32> = rows.iter().map(|row| append_text(&mut texts, row.value.as_ref())).collect();

    let mut bytes = Vec::with_capacity(HEADER_BYTES + rows.len() * 29 + texts.len());
    bytes.extend(FRAME_MAGIC.to_le_bytes());
    bytes.extend(FRAME_VERSION.to_le_bytes());
    bytes.extend(u16::from(header.full).to_le_bytes());
    bytes.extend(header.plant_revision.to_le_bytes());
    bytes.extend(header.alarm_revision.to_le_bytes());
    bytes.extend(as_float(header.revision).to_le_bytes());
    bytes.extend(millis(header.wall).to_le_bytes());
    bytes.extend(length(rows.len()).to_le_bytes());
    bytes.extend(length(texts.len()).to_le_bytes());
    bytes.extend(header.status_revision.to_le_bytes());
    bytes.extend(header.age_ms.to_le_bytes());
    for count in header.unacknowledged.iter().chain(&header.active) {
        bytes.extend(count.to_le_bytes());
    }
    bytes.extend(header.journal_revision.to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(rows.iter().flat_map(|row| number(row.value.as_ref()).to_le_bytes()));
    bytes.extend(rows.iter().flat_map(|row| millis(row.time).to_le_bytes()));
    bytes.extend(rows.iter().flat_map(|row| row.tag.0.to_le_bytes()));
    bytes.extend(rows.iter().flat_map(|row| row.quality.code().to_le_bytes()));
    bytes.extend(ends.iter().flat_map(|end| end.to_le_bytes()));
    bytes.extend(rows.iter().map(|row| kind(row.value.as_ref())));
    bytes.extend(texts.as_bytes());
    bytes
}

/// Writes series.
pub fn encode_series(series: &[Series]) -> Vec<u8> {
    let points: usize = series.iter().map(|one| one.points.len()).sum();
    let mut bytes = Vec::with_capacity(16 + series.len() * 12 + points * 20);
    bytes.extend(SERIES_MAGIC.to_le_bytes());
    bytes.extend(SERIES_VERSION.to_le_bytes());
    bytes.extend(0u16.to_le_bytes());
    bytes.extend(length(series.len()).to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
    for one in series {
        bytes.extend(one.tag.to_le_bytes());
        bytes.extend(length(one.points.len()).to_le_bytes());
        bytes.extend(one.points.iter().flat_map(|(time, _, _)| millis(*time).to_le_bytes()));
        bytes.extend(one.points.iter().flat_map(|(_, value, _)| value.unwrap_or(f64::NAN).to_le_bytes()));
        bytes.extend(one.points.iter().flat_map(|(_, _, quality)| quality.code().to_le_bytes()));
        if one.points.len() % 2 == 1 {
            bytes.extend([0; 4]);
        }
    }
    bytes
}

/// Writes a part of a file.
pub fn encode_part(part: &Part) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 + part.bytes.len());
    bytes.extend(PART_MAGIC.to_le_bytes());
    bytes.extend(PART_VERSION.to_le_bytes());
    bytes.extend(u16::from(part.last).to_le_bytes());
    bytes.extend(as_float(part.rows).to_le_bytes());
    bytes.extend(part.share.to_le_bytes());
    bytes.extend(&part.bytes);
    bytes
}

fn append_text(texts: &mut String, value: Option<&Value>) -> u32 {
    match value {
        Some(Value::Text(text)) => texts.push_str(text),
        Some(Value::Int(x)) if x.unsigned_abs() > EXACT => write_integer(texts, x),
        Some(Value::UInt(x)) if *x > EXACT => write_integer(texts, x),
        Some(Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_)) | None => {}
    }
    length(texts.len())
}

fn write_integer(texts: &mut String, x: impl std::fmt::Display) {
    write!(texts, "{x}").expect("writing to a string cannot fail");
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::number).unwrap_or(f64::NAN)
}

fn kind(value: Option<&Value>) -> u8 {
    match value {
        None => 0,
        Some(Value::Bool(_)) => 1,
        Some(Value::Int(_)) => 2,
        Some(Value::UInt(_)) => 3,
        Some(Value::Float(_)) => 4,
        Some(Value::Text(_)) => 5,
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53 for 285,000 years")]
fn millis(time: Timestamp) -> f64 {
    time.millis() as f64
}

#[expect(clippy::cast_precision_loss, reason = "what is counted here stays below 2^53: a thing a ms for 285,000 years")]
fn as_float(count: u64) -> f64 {
    count as f64
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a frame stays far below 4 GiB: requests name at most 20,000 tags")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// Compares with a golden file; `UPDATE_GOLDEN=1` writes it anew.
    fn check_golden(name: &str, bytes: &[u8]) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, bytes).expect("the golden folder can be written");
        }
        let golden = std::fs::read(&path).expect("the golden file is in the tree");
        assert!(
            golden == bytes,
            "{name} differs from what is written today; the layout is a contract, give it a version"
        );
    }

    #[test]
    fn a_frame_of_every_kind_of_row_is_the_golden_one() {
        let at = |ms: i64| Timestamp::from_millis(1_764_000_000_000 + ms);
        let row = |tag, value, time, quality| Row { tag: TagIndex(tag), value, time, quality };
        let header = Header {
            full: true,
            plant_revision: 3,
            alarm_revision: 17,
            journal_revision: 4_000_000_000,
            revision: 123_456,
            wall: at(1_500),
            status_revision: 9,
            age_ms: 12,
            unacknowledged: [1, 0, 2, 300],
            active: [2, 0, 5, 65_535],
        };
        let rows = [
            row(0, Some(Value::Float(21.5)), at(0), Quality::GOOD),
            row(7, Some(Value::Bool(true)), at(1), Quality::GOOD),
            row(8, Some(Value::Int(-42)), at(2), Quality::UNCERTAIN_RANGE),
            row(9, Some(Value::Int(9_007_199_254_740_993)), at(3), Quality::GOOD),
            row(10, Some(Value::UInt(u64::MAX)), at(4), Quality::GOOD),
            row(11, Some(Value::text("Gefüllt <b>")), at(5), Quality::STALE),
            row(4_000_000, None, Timestamp::default(), Quality::BAD_WAITING),
        ];
        check_golden("frame-full.bin", &encode(&header, &rows));
    }

    #[test]
    fn a_part_of_a_file_is_the_golden_one() {
        let part = Part { last: true, rows: 123_456, share: 0.75, bytes: "a,\u{fc}\r\n".into() };
        check_golden("part-last.bin", &encode_part(&part));
    }

    #[test]
    fn an_empty_frame_is_its_header() {
        let bytes = encode(&Header::default(), &[]);
        assert_eq!(bytes.len(), HEADER_BYTES);
        check_golden("frame-empty.bin", &bytes);
    }

    #[test]
    fn series_with_a_gap_and_an_odd_count_are_the_golden_ones() {
        let at = |ms: i64| Timestamp::from_millis(1_764_000_000_000 + ms);
        let series = [
            Series {
                tag: 5,
                points: vec![
                    (at(0), Some(1.5), Quality::GOOD),
                    (at(1_000), None, Quality::BAD_TIMEOUT),
                    (at(2_000), Some(-0.25), Quality::STALE),
                ],
            },
            Series { tag: 6, points: vec![] },
            Series { tag: 8, points: vec![(at(0), Some(0.0), Quality::GOOD), (at(60_000), Some(1.0), Quality::GOOD)] },
        ];
        let bytes = encode_series(&series);
        assert_eq!(bytes.len() % 8, 0, "columns of the next series stay aligned");
        check_golden("series-gap.bin", &bytes);
    }
}
