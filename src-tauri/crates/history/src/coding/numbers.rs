//! A column of numbers: one constant, an even progression, or whatever `pco` makes of it.
//!
//! What `pco` packs is one chunk in pages of [`PAGE`] numbers, so that one number is read without unpacking what is far from it.
//!
//! Times have two more forms: those of a source that reports on a grid with some jitter are kept as the number of the grid's line
//! and the rest, because the differences of jittered times are wider than the jitter.

use pco::data_types::Number;
use pco::errors::PcoResult;
use pco::wrapped::{ChunkDecompressor, FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, FULL_BATCH_N, PagingSpec};

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

/// Numbers that are unpacked together.
const PAGE: usize = 4_096;

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

/// Any numbers, to be read.
pub(super) enum Column<'a, T: Item> {
    Constant(T, usize),
    Packed(Box<Packed<'a, T>>),
}

/// Numbers of which each page can be unpacked by itself.
pub(super) struct Packed<'a, T: Item> {
    chunk: ChunkDecompressor<T>,
    pages: Vec<&'a [u8]>,
    count: usize,
}

/// Ascending times, to be read.
pub(super) enum Times<'a> {
    Even { first: i64, step: i64, count: usize },
    Grid { period: i64, lines: Box<Times<'a>>, rests: Column<'a, i64> },
    Any(Column<'a, i64>),
}

impl<'a, T: Item> Column<'a, T> {
    /// The next column, of so many numbers.
    pub(super) fn open(bytes: &mut Bytes<'a>, count: usize) -> Result<Self, Damaged> {
        match bytes.byte()? {
            form::CONSTANT => Ok(Column::Constant(T::from_bytes(bytes.array()?), count)),
            form::PCO => Ok(Column::Packed(Box::new(Packed::open(bytes.part()?, count)?))),
            _ => Err(Damaged),
        }
    }

    pub(super) fn all(&mut self) -> Result<Vec<T>, Damaged> {
        match self {
            Column::Constant(constant, count) => Ok(vec![*constant; *count]),
            Column::Packed(packed) => {
                let mut numbers = vec![T::from_bytes([0; 8]); packed.count];
                for (page, numbers) in numbers.chunks_mut(PAGE).enumerate() {
                    packed.unpack(page, numbers)?;
                }
                Ok(numbers)
            }
        }
    }

    /// The numbers of a page up to one of them, and that one.
    fn until(&mut self, i: usize) -> Result<Vec<T>, Damaged> {
        let wanted = i % PAGE + 1;
        match self {
            Column::Constant(constant, _) => Ok(vec![*constant; wanted]),
            Column::Packed(packed) => {
                // It unpacks whole batches, or all there is.
                let there = packed.count.saturating_sub(i - i % PAGE).min(PAGE);
                let mut numbers = vec![T::from_bytes([0; 8]); wanted.next_multiple_of(FULL_BATCH_N).min(there)];
                packed.unpack(i / PAGE, &mut numbers)?;
                numbers.truncate(wanted);
                if numbers.len() == wanted { Ok(numbers) } else { Err(Damaged) }
            }
        }
    }

    pub(super) fn get(&mut self, i: usize) -> Result<T, Damaged> {
        self.until(i)?.pop().ok_or(Damaged)
    }
}

impl<'a, T: Item> Packed<'a, T> {
    fn open(part: &'a [u8], count: usize) -> Result<Self, Damaged> {
        let mut bytes = Bytes(part);
        let ends: Vec<usize> =
            (1..count.div_ceil(PAGE)).map(|_| bytes.length(part.len())).collect::<Result<_, Damaged>>()?;
        let (file, rest) = FileDecompressor::new(bytes.0).map_err(|_| Damaged)?;
        let (chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(|_| Damaged)?;
        let mut bytes = Bytes(rest);
        let mut pages = ends.into_iter().map(|length| bytes.take(length)).collect::<Result<Vec<_>, Damaged>>()?;
        pages.push(bytes.0);
        Ok(Self { chunk, pages, count })
    }

    /// Fills `numbers` from the beginning of a page.
    fn unpack(&mut self, page: usize, numbers: &mut [T]) -> Result<(), Damaged> {
        let there = self.count.saturating_sub(page * PAGE).min(PAGE);
        let bytes = *self.pages.get(page).ok_or(Damaged)?;
        let mut page = self.chunk.page_decompressor(bytes, there).map_err(|_| Damaged)?;
        let progress = page.read(numbers).map_err(|_| Damaged)?;
        if progress.n_processed == numbers.len() { Ok(()) } else { Err(Damaged) }
    }
}

impl<'a> Times<'a> {
    /// The times of a block.
    pub(super) fn open(bytes: &mut Bytes<'a>, count: usize) -> Result<Self, Damaged> {
        match bytes.0.first() {
            Some(&form::EVEN) => {
                bytes.byte()?;
                let (first, step) = (bytes.signed()?, bytes.signed()?);
                let steps = i64::try_from(count).map_err(|_| Damaged)? - 1;
                step.checked_mul(steps).and_then(|way| first.checked_add(way)).ok_or(Damaged)?;
                Ok(Times::Even { first, step, count })
            }
            Some(&form::GRID) => {
                bytes.byte()?;
                let period = bytes.signed()?;
                // The lines of a grid lie on no grid: no file makes this go deeper.
                let lines = match bytes.0.first() {
                    Some(&form::GRID) | None => return Err(Damaged),
                    Some(_) => Box::new(Times::open(bytes, count)?),
                };
                Ok(Times::Grid { period, lines, rests: Column::open(bytes, count)? })
            }
            _ => Ok(Times::Any(Column::open(bytes, count)?)),
        }
    }

    pub(super) fn all(&mut self) -> Result<Vec<i64>, Damaged> {
        match self {
            Times::Even { first, step, count } => Ok(progression(*first, *step, 0, *count)),
            Times::Grid { period, lines, rests } => on_grid(*period, &lines.all()?, &rests.all()?),
            Times::Any(column) => column.all(),
        }
    }

    /// The times of a page up to one of them, and that one.
    fn until(&mut self, i: usize) -> Result<Vec<i64>, Damaged> {
        match self {
            Times::Even { first, step, .. } => Ok(progression(*first, *step, i - i % PAGE, i % PAGE + 1)),
            Times::Grid { period, lines, rests } => on_grid(*period, &lines.until(i)?, &rests.until(i)?),
            Times::Any(column) => column.until(i),
        }
    }

    /// Which of the `count` times is the newest at or before `time`, and that one.
    pub(super) fn newest(&mut self, count: usize, time: i64) -> Result<Option<(usize, i64)>, Damaged> {
        let (mut page, mut later) = (0, count.div_ceil(PAGE));
        while later - page > 1 {
            let middle = usize::midpoint(page, later);
            let first = *self.until(middle * PAGE)?.last().ok_or(Damaged)?;
            if first <= time { page = middle } else { later = middle }
        }
        let times =
            self.until(self.guess(time).unwrap_or(usize::MAX).clamp(page * PAGE, (later * PAGE).min(count) - 1))?;
        let before = times.partition_point(|other| *other <= time);
        Ok(before.checked_sub(1).map(|place| (page * PAGE + place, times[place])))
    }

    /// No time after this one is at or before `time`, where the grid tells so.
    fn guess(&self, time: i64) -> Option<usize> {
        let Times::Grid { period, lines, .. } = self else { return None };
        let Times::Even { first, step, .. } = **lines else { return None };
        let way = time.checked_div_euclid(*period)?.checked_sub(first)?;
        usize::try_from(way.checked_div(step)?.max(0)).ok()
    }
}

/// Whoever opened it has seen that the last one is a number.
fn progression(first: i64, step: i64, from: usize, count: usize) -> Vec<i64> {
    (from..from + count).map(|i| first.wrapping_add(step.wrapping_mul(i64::try_from(i).unwrap_or(0)))).collect()
}

/// A rest that reaches over the next line of the grid was written by nobody.
fn on_grid(period: i64, lines: &[i64], rests: &[i64]) -> Result<Vec<i64>, Damaged> {
    let time = |(line, rest): (&i64, &i64)| {
        let within = (0..period).contains(rest);
        within.then(|| line.wrapping_mul(period).wrapping_add(*rest)).ok_or(Damaged)
    };
    lines.iter().zip(rests).map(time).collect()
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
            put_part(out, &packed(numbers, delta).expect("the settings are valid and memory takes what is written"));
        }
    }
}

fn packed<T: Item>(numbers: &[T], delta: DeltaSpec) -> PcoResult<Vec<u8>> {
    let pages = numbers.chunks(PAGE).map(<[T]>::len).collect();
    let settings = ChunkConfig::default().with_delta_spec(delta).with_paging_spec(PagingSpec::Exact(pages));
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &settings)?;
    let (mut lengths, mut pages) = (Vec::new(), chunk.write_meta(file.write_header(Vec::new())?)?);
    let last = numbers.len().div_ceil(PAGE) - 1;
    for page in 0..=last {
        let begin = pages.len();
        pages = chunk.write_page(page, pages)?;
        if page < last {
            put_length(&mut lengths, pages.len() - begin);
        }
    }
    lengths.extend(pages);
    Ok(lengths)
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

/// A list of lengths that add up to `total`.
pub(super) fn put_runs(out: &mut Vec<u8>, runs: impl Iterator<Item = usize>) {
    runs.for_each(|run| put_length(out, run));
}
