//! A block's row: read, and judged by its own checksum.
//!
//! The bytes of samples and minutes have checksums in the row, and the row has one of itself, over every column. Without it a bit
//! turned on the disk would be a wrong sum, or the bytes of another block, and nobody would know.
//!
//! **Invariant:** of a row that is not what was written nothing is given but the time at which it stands.

use model::Quality;
use rusqlite::Row;

use super::{Block, Part, stored};
use crate::coding::Damaged;
use crate::roll::{Doubts, Roll};

/// Whether a row is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowSum {
    /// It is of a format that does not tell.
    Unknown,
    Right,
    /// Of such a row only its place is believed.
    Wrong,
}

impl Block {
    /// Reads a row with the columns of `columns!`.
    pub(super) fn read(series: i64, row: &Row<'_>) -> rusqlite::Result<Block> {
        let (own, parsed) = (row_sum(row)?, Self::parse(row));
        match (own, parsed) {
            (0, block) => block,
            (own, Ok(block)) if block.checksum(series) == own => Ok(Block { row: RowSum::Right, ..block }),
            (_, Ok(_) | Err(_)) => Ok(Self::hollow(row.get(0)?)),
        }
    }

    fn parse(row: &Row<'_>) -> rusqlite::Result<Block> {
        let both = |a: Option<f64>, b: Option<f64>| a.zip(b);
        let doubts: i64 = row.get(11)?;
        let part = |i| -> rusqlite::Result<Part> {
            let crc: i64 = row.get(i + 3)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the lower half")]
            let crc = crc as u32;
            Ok(Part { segment: row.get(i)?, at: length(row, i + 1)?, bytes: length(row, i + 2)?, crc })
        };
        Ok(Block {
            roll: Roll {
                from: row.get(0)?,
                until: row.get(1)?,
                count: length(row, 2)?,
                range: both(row.get(3)?, row.get(4)?),
                ends: both(row.get(5)?, row.get(6)?),
                sum: row.get(7)?,
                good: row.get(8)?,
                uncertain: row.get(9)?,
                bad: row.get(10)?,
                doubts: Doubts { gap: doubts & 1 != 0, uncertain: doubts & 2 != 0 },
            },
            last_quality: Quality::from_code(row.get(12)?),
            raw: part(13)?,
            minutes: part(17)?,
            row: RowSum::Unknown,
        })
    }

    /// What is left of a block whose row is damaged: a gap from its first sample on.
    fn hollow(first: i64) -> Block {
        let doubts = Doubts { gap: true, uncertain: false };
        Block {
            roll: Roll { doubts, ..Roll::empty(first, first) },
            last_quality: Quality::BAD_NO_DATA,
            raw: Part::default(),
            minutes: Part::default(),
            row: RowSum::Wrong,
        }
    }

    /// The CRC-32 of a row, never 0.
    fn checksum(&self, series: i64) -> u32 {
        let Block { roll, last_quality, raw, minutes, row: _ } = self;
        let mut bytes = Vec::with_capacity(256);
        let mut put = |x: i64| bytes.extend_from_slice(&x.to_le_bytes());
        [series, roll.from, roll.until, stored(roll.count)].into_iter().for_each(&mut put);
        for x in [roll.range, roll.ends].into_iter().flat_map(|pair| [pair.map(|pair| pair.0), pair.map(|pair| pair.1)])
        {
            put(i64::from(x.is_some()));
            put(bits(x.unwrap_or(0.0)));
        }
        [bits(roll.sum), roll.good, roll.uncertain, roll.bad, doubts(roll)].into_iter().for_each(&mut put);
        put(i64::from(last_quality.code()));
        for part in [raw, minutes] {
            put(i64::from(part.segment.is_some()));
            put(part.segment.unwrap_or(0));
            [stored(part.at), stored(part.bytes), i64::from(part.crc)].into_iter().for_each(&mut put);
        }
        crc32fast::hash(&bytes).max(1)
    }

    /// What its row has in the column `raw_crc`.
    pub(super) fn sums(&self, series: i64) -> i64 {
        let own = if self.row == RowSum::Unknown { 0 } else { self.checksum(series) };
        ((u64::from(own) << 32) | u64::from(self.raw.crc)).cast_signed()
    }
}

/// The checksum that a row has of itself; 0 where it has none.
fn row_sum(row: &Row<'_>) -> rusqlite::Result<u32> {
    let sums: i64 = row.get(16)?;
    Ok((sums.cast_unsigned() >> 32) as u32)
}

pub(super) fn doubts(roll: &Roll) -> i64 {
    i64::from(roll.doubts.gap) | (i64::from(roll.doubts.uncertain) << 1)
}

/// A number's bits. SQLite gives zero back without its sign.
fn bits(x: f64) -> i64 {
    (x + 0.0).to_bits().cast_signed()
}

fn length(row: &Row<'_>, i: usize) -> rusqlite::Result<usize> {
    usize::try_from(row.get::<_, i64>(i)?).map_err(|_| damaged(Damaged))
}

/// A row that is not what was written is as bad as a page that is not.
fn damaged(_: Damaged) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), None)
}
