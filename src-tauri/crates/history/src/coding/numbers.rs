//! A column of numbers: one constant, an even progression, or whatever `pco` makes of it.
//!
//! Times have two more forms: those of a source that reports on a grid with some jitter are kept as the number of the grid's line
//! and the rest, because the differences of jittered times are wider than the jitter.

use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec};

use super::Damaged;
use super::bytes::{Bytes, put_length, put_part, put_signed};

mod form {
    pub(super) const CONSTANT: u8 = 0;
    pub(super) const EVEN: u8 = 1;
    pub(super) const PCO: u8 = 2;
    pub(super) const GRID: u8 = 3;
}

/// The periods that sources report at, milliseconds.
const GRIDS: [i64; 14] = [10, 20, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000];

/// A number that a column may hold.
pub(super) trait Item: Number + Copy + PartialEq {
    fn to_bytes(self) -> [u8; 8];
    fn from_bytes(bytes: [u8; 8]) -> Self;
    fn same(self, other: Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Item for i64 {
    fn to_bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
    fn from_bytes(bytes: [u8; 8]) -> Self {
        i64::from_le_bytes(bytes)
    }
}

impl Item for u64 {
    fn to_bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
    fn from_bytes(bytes: [u8; 8]) -> Self {
        u64::from_le_bytes(bytes)
    }
}

impl Item for f64 {
    fn to_bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
    fn from_bytes(bytes: [u8; 8]) -> Self {
        f64::from_le_bytes(bytes)
    }
}

/// Any numbers.
pub(super) fn put<T: Item>(out: &mut Vec<u8>, numbers: &[T]) {
    put_with(out, numbers, DeltaSpec::Auto);
}

/// Ascending times.
pub(super) fn put_times(out: &mut Vec<u8>, times: &[i64]) {
    if let Some(step) = even(times) {
        out.push(form::EVEN);
        put_signed(out, times[0]);
        put_signed(out, step);
    } else if let Some(period) = grid(times) {
        out.push(form::GRID);
        put_signed(out, period);
        let lines: Vec<i64> = times.iter().map(|time| time.div_euclid(period)).collect();
        match even(&lines) {
            Some(step) => {
                out.push(form::EVEN);
                put_signed(out, lines[0]);
                put_signed(out, step);
            }
            None => put_with(out, &lines, DeltaSpec::TryConsecutive(1)),
        }
        let rests: Vec<i64> = times.iter().map(|time| time.rem_euclid(period)).collect();
        put_with(out, &rests, DeltaSpec::NoOp);
    } else {
        put_with(out, times, DeltaSpec::Auto);
    }
}

/// Fills a column, or its beginning.
pub(super) fn take<T: Item>(bytes: &mut Bytes<'_>, count: usize, wanted: usize) -> Result<Vec<T>, Damaged> {
    match bytes.byte()? {
        form::CONSTANT => Ok(vec![T::from_bytes(bytes.array()?); wanted]),
        form::PCO => unpack(bytes.part()?, count, wanted),
        _ => Err(Damaged),
    }
}

/// The times of a block.
pub(super) fn take_times(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    match bytes.byte()? {
        form::EVEN => progression(bytes, count),
        form::GRID => {
            let period = bytes.signed()?;
            let lines = match bytes.0.first() {
                Some(&form::EVEN) => {
                    bytes.byte()?;
                    progression(bytes, count)?
                }
                _ => take::<i64>(bytes, count, count)?,
            };
            let rests = take::<i64>(bytes, count, count)?;
            Ok(lines.iter().zip(rests).map(|(line, rest)| line.wrapping_mul(period).wrapping_add(rest)).collect())
        }
        form::CONSTANT => Ok(vec![i64::from_bytes(bytes.array()?); count]),
        form::PCO => unpack(bytes.part()?, count, count),
        _ => Err(Damaged),
    }
}

fn put_with<T: Item>(out: &mut Vec<u8>, numbers: &[T], delta: DeltaSpec) {
    let first = numbers.first().copied();
    match first {
        Some(first) if numbers.iter().all(|x| x.same(first)) => {
            out.push(form::CONSTANT);
            out.extend_from_slice(&first.to_bytes());
        }
        _ => {
            out.push(form::PCO);
            let settings = ChunkConfig::default().with_delta_spec(delta);
            put_part(
                out,
                &simple_compress(numbers, &settings).expect("the settings are valid and memory takes what is written"),
            );
        }
    }
}

fn unpack<T: Item>(part: &[u8], count: usize, wanted: usize) -> Result<Vec<T>, Damaged> {
    let mut numbers = vec![T::from_bytes([0; 8]); wanted];
    let progress = simple_decompress_into(part, &mut numbers).map_err(|_| Damaged)?;
    let whole = progress.n_processed == wanted && (progress.finished || wanted < count);
    if whole { Ok(numbers) } else { Err(Damaged) }
}

fn progression(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    let (first, step) = (bytes.signed()?, bytes.signed()?);
    (0..i64::try_from(count).map_err(|_| Damaged)?)
        .map(|i| i.checked_mul(step).and_then(|way| first.checked_add(way)).ok_or(Damaged))
        .collect()
}

/// The step between all numbers, if it is always the same.
fn even(numbers: &[i64]) -> Option<i64> {
    let step = numbers.get(1)?.checked_sub(numbers[0])?;
    numbers.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(step)).then_some(step)
}

/// The period of the grid that times lie on with a jitter much smaller than it.
fn grid(times: &[i64]) -> Option<i64> {
    let (first, last) = (times.first()?, times.last()?);
    let steps = i64::try_from(times.len()).ok()?.checked_sub(1).filter(|steps| *steps >= 8)?;
    let mean = last.checked_sub(*first)? / steps;
    let period = *GRIDS.iter().min_by_key(|period| (*period - mean).abs())?;
    let rest = times.iter().map(|time| time.rem_euclid(period));
    let (least, most) = rest.fold((i64::MAX, 0), |(least, most), rest| (least.min(rest), most.max(rest)));
    ((most - least) * 3 < period).then_some(period)
}

/// Where a column ends, without unpacking it.
pub(super) fn skip(bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
    match bytes.byte()? {
        form::CONSTANT => bytes.take(8).map(drop),
        form::PCO => bytes.part().map(drop),
        _ => Err(Damaged),
    }
}

/// A list of lengths that add up to `total`.
pub(super) fn put_runs(out: &mut Vec<u8>, runs: impl Iterator<Item = usize>) {
    runs.for_each(|run| put_length(out, run));
}
