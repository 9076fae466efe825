//! A block: samples of one series, packed column by column.
//!
//! Times first, so that a question for one instant unpacks no more than a page of them and one of the values. A mark
//! (kind and quality) is kept with the length of its run. Each kind has a column of its own; on and off are kept as runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Quality;

use super::bytes::{Bytes, put_length, put_packed};
use super::numbers::{Column, Times};
use super::{Damaged, MOST, numbers};
use crate::samples::{Cell, Kind, Mark, Samples};

/// The form of blocks that this program writes.
const FORM: u8 = 1;
/// Bytes of one block's texts at most, so that no file makes the program take all memory.
const MOST_TEXT: usize = 256 * 1024 * 1024;

/// Packs at most [`MOST`] samples.
pub(crate) fn encode(samples: &Samples) -> Vec<u8> {
    let count = samples.len();
    debug_assert!((1..=MOST).contains(&count), "a block holds samples, and not too many");
    let mut out = vec![FORM];
    put_length(&mut out, count);
    numbers::put_times(&mut out, samples.times());
    put_marks(&mut out, samples);
    if samples.has_delays() {
        out.push(1);
        let delays: Vec<i64> = (0..count).map(|i| samples.delay(i)).collect();
        numbers::put(&mut out, &delays);
    } else {
        out.push(0);
    }
    for kind in Kind::ALL {
        put_values(&mut out, samples, kind);
    }
    out
}

/// Unpacks a whole block.
pub(crate) fn decode(bytes: &[u8]) -> Result<Samples, Damaged> {
    let mut open = Opened::open(bytes)?;
    let count = open.count;
    let times = open.times.all()?;
    if times.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Damaged);
    }
    let delays = open.delays()?.map_or(Ok(Vec::new()), |mut delays| delays.all())?;
    let mut bits = vec![0; count];
    let mut texts = BTreeMap::new();
    for kind in Kind::ALL {
        let places: Vec<usize> = (0..count).filter(|i| open.mark(*i).kind == kind).collect();
        if places.is_empty() {
            continue;
        }
        match open.values(kind, places.len())? {
            Values::None => {}
            Values::Texts(values) => texts.extend(places.iter().map(|place| times[*place]).zip(values)),
            values => places.iter().zip(values.bits()?).for_each(|(place, value)| bits[*place] = value),
        }
    }
    if !open.rest.is_empty() {
        return Err(Damaged);
    }
    let marks = if open.palette.len() > 1 { open.marks } else { Vec::new() };
    Ok(Samples::from_columns(times, bits, open.palette, marks, delays, texts))
}

/// The newest sample at or before a time, without unpacking what is far from it.
pub(crate) fn decode_at(bytes: &[u8], time: i64) -> Result<Option<Cell>, Damaged> {
    let mut open = Opened::open(bytes)?;
    let Some((i, time)) = open.times.newest(open.count, time)? else { return Ok(None) };
    let delay = open.delays()?.map_or(Ok(0), |mut delays| delays.get(i))?;
    let mark = open.mark(i);
    let place = open.count_of(mark.kind, i);
    for kind in Kind::ALL {
        let count = open.count_of(kind, open.count);
        if count == 0 {
            continue;
        }
        let values = open.values(kind, count)?;
        if kind == mark.kind {
            let (bits, text) = values.get(place)?;
            return Ok(Some(Cell { time, mark, bits, delay, text }));
        }
    }
    Err(Damaged)
}

/// The values of one kind.
enum Values<'a> {
    None,
    Bools(Vec<u64>),
    Ints(Column<'a, i64>),
    UInts(Column<'a, u64>),
    Floats(Column<'a, f64>),
    Texts(Vec<Arc<str>>),
}

impl Values<'_> {
    /// All of them, as bits.
    fn bits(self) -> Result<Vec<u64>, Damaged> {
        match self {
            Values::None | Values::Texts(_) => Ok(Vec::new()),
            Values::Bools(bits) => Ok(bits),
            Values::Ints(mut values) => Ok(values.all()?.into_iter().map(i64::cast_unsigned).collect()),
            Values::UInts(mut values) => values.all(),
            Values::Floats(mut values) => values.all()?.into_iter().map(finite).collect(),
        }
    }

    /// One of them: its bits and its text.
    fn get(self, i: usize) -> Result<(u64, Option<Arc<str>>), Damaged> {
        let bits = match self {
            Values::None => 0,
            Values::Bools(bits) => bits.get(i).copied().ok_or(Damaged)?,
            Values::Ints(mut values) => values.get(i)?.cast_unsigned(),
            Values::UInts(mut values) => values.get(i)?,
            Values::Floats(mut values) => finite(values.get(i)?)?,
            Values::Texts(texts) => return texts.into_iter().nth(i).map(|text| (0, Some(text))).ok_or(Damaged),
        };
        Ok((bits, None))
    }
}

fn finite(x: f64) -> Result<u64, Damaged> {
    if x.is_finite() { Ok(x.to_bits()) } else { Err(Damaged) }
}

/// A block whose marks are unpacked.
struct Opened<'a> {
    count: usize,
    times: Times<'a>,
    palette: Vec<Mark>,
    /// For each sample its place in the palette; empty where there is one.
    marks: Vec<u32>,
    rest: Bytes<'a>,
}

impl<'a> Opened<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Damaged> {
        let mut rest = Bytes(bytes);
        if rest.byte()? != FORM {
            return Err(Damaged);
        }
        let count = rest.length(MOST)?;
        if count == 0 {
            return Err(Damaged);
        }
        let times = Times::open(&mut rest, count)?;
        let (palette, marks) = take_marks(&mut rest, count)?;
        Ok(Self { count, times, palette, marks, rest })
    }

    fn mark(&self, i: usize) -> Mark {
        self.palette[self.marks.get(i).map_or(0, |mark| *mark as usize)]
    }

    /// How many of the first samples are of a kind.
    fn count_of(&self, kind: Kind, first: usize) -> usize {
        match self.palette.as_slice() {
            [only] if only.kind == kind => first,
            [_] => 0,
            _ => (0..first).filter(|i| self.mark(*i).kind == kind).count(),
        }
    }

    /// The delays; none where all are zero.
    fn delays(&mut self) -> Result<Option<Column<'a, i64>>, Damaged> {
        match self.rest.byte()? {
            0 => Ok(None),
            1 => Column::open(&mut self.rest, self.count).map(Some),
            _ => Err(Damaged),
        }
    }

    /// The next column, that of `kind`.
    fn values(&mut self, kind: Kind, count: usize) -> Result<Values<'a>, Damaged> {
        let rest = &mut self.rest;
        match kind {
            Kind::None => Ok(Values::None),
            Kind::Bool => take_switches(rest, count).map(Values::Bools),
            Kind::Int => Column::open(rest, count).map(Values::Ints),
            Kind::UInt => Column::open(rest, count).map(Values::UInts),
            Kind::Float => Column::open(rest, count).map(Values::Floats),
            Kind::Text => take_texts(rest, count).map(Values::Texts),
        }
    }
}

fn put_values(out: &mut Vec<u8>, samples: &Samples, kind: Kind) {
    let places = || (0..samples.len()).filter(move |i| samples.mark(*i).kind == kind);
    if places().next().is_none() {
        return;
    }
    let bits = places().map(|i| samples.bits(i));
    match kind {
        Kind::None => {}
        Kind::Bool => put_switches(out, bits),
        Kind::Int => numbers::put(out, &bits.map(u64::cast_signed).collect::<Vec<i64>>()),
        Kind::UInt => numbers::put(out, &bits.collect::<Vec<u64>>()),
        Kind::Float => numbers::put(out, &bits.map(f64::from_bits).collect::<Vec<f64>>()),
        Kind::Text => {
            let mut lengths = Vec::new();
            let mut texts = Vec::new();
            for text in places().filter_map(|i| samples.text(i)) {
                put_length(&mut lengths, text.len());
                texts.extend_from_slice(text.as_bytes());
            }
            put_packed(out, &lengths);
            put_packed(out, &texts);
        }
    }
}

/// Marks as runs: of each its place in the palette and its length.
fn put_marks(out: &mut Vec<u8>, samples: &Samples) {
    let mut palette: Vec<Mark> = Vec::new();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    if let Some(only) = samples.only_mark() {
        palette.push(only);
    } else {
        for i in 0..samples.len() {
            let mark = samples.mark(i);
            let place = palette.iter().position(|known| *known == mark).unwrap_or_else(|| {
                palette.push(mark);
                palette.len() - 1
            });
            match runs.last_mut() {
                Some((last, length)) if *last == place => *length += 1,
                Some(_) | None => runs.push((place, 1)),
            }
        }
    }
    put_length(out, palette.len());
    for mark in &palette {
        out.push(mark.kind as u8);
        out.extend_from_slice(&mark.quality.code().to_le_bytes());
    }
    if palette.len() > 1 {
        let mut packed = Vec::new();
        numbers::put_runs(&mut packed, runs.iter().flat_map(|(place, length)| [*place, *length]));
        put_packed(out, &packed);
    }
}

fn take_marks(bytes: &mut Bytes<'_>, count: usize) -> Result<(Vec<Mark>, Vec<u32>), Damaged> {
    let known = bytes.length(count)?;
    let mut palette = Vec::with_capacity(known);
    for _ in 0..known {
        let kind = Kind::of(bytes.byte()?).ok_or(Damaged)?;
        palette.push(Mark { kind, quality: Quality::from_code(u32::from_le_bytes(bytes.array()?)) });
    }
    match known {
        0 => Err(Damaged),
        1 => Ok((palette, Vec::new())),
        _ => {
            let packed = bytes.packed(count * 20)?;
            let mut packed = Bytes(&packed);
            let mut marks = Vec::with_capacity(count);
            while !packed.is_empty() {
                let place = packed.length(known - 1)?;
                let length = packed.length(count - marks.len())?;
                marks.resize(marks.len() + length, u32::try_from(place).map_err(|_| Damaged)?);
            }
            if marks.len() == count { Ok((palette, marks)) } else { Err(Damaged) }
        }
    }
}

/// On and off by turns, the first run being of what is off, however short.
fn put_switches(out: &mut Vec<u8>, bits: impl Iterator<Item = u64>) {
    let mut packed = Vec::new();
    let (mut on, mut run) = (0, 0);
    for bit in bits {
        if bit != on {
            put_length(&mut packed, run);
            (on, run) = (bit, 0);
        }
        run += 1;
    }
    put_length(&mut packed, run);
    put_packed(out, &packed);
}

fn take_switches(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<u64>, Damaged> {
    let packed = bytes.packed(count * 3 + 8)?;
    let mut packed = Bytes(&packed);
    let mut bits = Vec::with_capacity(count);
    let mut on = 0;
    while !packed.is_empty() {
        let run = packed.length(count - bits.len())?;
        bits.resize(bits.len() + run, on);
        on ^= 1;
    }
    if bits.len() == count { Ok(bits) } else { Err(Damaged) }
}

fn take_texts(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<Arc<str>>, Damaged> {
    let lengths = bytes.packed(count * 10)?;
    let texts = bytes.packed(MOST_TEXT)?;
    let (mut lengths, mut texts) = (Bytes(&lengths), Bytes(&texts));
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        let length = lengths.length(texts.0.len())?;
        taken.push(std::str::from_utf8(texts.take(length)?).map_err(|_| Damaged)?.into());
    }
    if lengths.is_empty() && texts.is_empty() { Ok(taken) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests {
    use model::{Sample, Timestamp, Value};
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Option<Value>> {
        prop_oneof![
            1 => Just(None),
            4 => (-100..100_i32).prop_map(|x| Some(Value::Float(f64::from(x) / 10.0))),
            1 => any::<f64>().prop_map(|x| Some(Value::Float(x))),
            1 => prop_oneof![Just(-0.0), Just(f64::MIN_POSITIVE / 3.0), Just(f64::MAX)].prop_map(|x| Some(Value::Float(x))),
            1 => any::<i64>().prop_map(|x| Some(Value::Int(x))),
            1 => any::<u64>().prop_map(|x| Some(Value::UInt(x))),
            2 => any::<bool>().prop_map(|x| Some(Value::Bool(x))),
            1 => ".{0,20}".prop_map(|x: String| Some(Value::text(x))),
        ]
    }

    fn samples() -> impl Strategy<Value = Samples> {
        let quality = prop_oneof![6 => Just(Quality::GOOD), 1 => Just(Quality::STALE), 1 => any::<u32>().prop_map(Quality::from_code)];
        let step = prop_oneof![6 => Just(1_000_i64), 3 => 990..1_010_i64, 1 => 1..i64::MAX / 400];
        let delay = prop_oneof![6 => Just(0), 1 => any::<i64>()];
        let mixed = prop::collection::vec((step.clone(), value(), quality.clone(), delay.clone()), 1..300);
        let plain = prop::collection::vec(
            (step, (-100..100_i32).prop_map(|x| Some(Value::Float(f64::from(x) / 10.0))), Just(Quality::GOOD), Just(0)),
            1..300,
        );
        (prop_oneof![mixed.boxed(), plain.boxed()], any::<i32>()).prop_map(|(rows, begin)| {
            let mut samples = Samples::default();
            let mut time = i64::from(begin);
            for (step, value, quality, delay) in rows {
                let received = Timestamp::from_millis(time.wrapping_add(delay));
                samples.put(Cell::of(&Sample { time: Timestamp::from_millis(time), received, value, quality }));
                time = time.saturating_add(step);
            }
            samples
        })
    }

    fn cells(samples: &Samples) -> Vec<Cell> {
        (0..samples.len()).map(|i| samples.cell(i)).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back_to_the_last_bit(samples in samples()) {
            let bytes = encode(&samples);
            let back = decode(&bytes).expect("was written just now");
            prop_assert_eq!(cells(&back), cells(&samples));
            for i in [0, samples.len() / 2, samples.len() - 1] {
                let at = decode_at(&bytes, samples.times()[i]).expect("was written just now");
                prop_assert_eq!(at, Some(samples.cell(i)));
            }
            prop_assert_eq!(decode_at(&bytes, samples.times()[0] - 1), Ok(None));
        }

        #[test]
        fn damaged_bytes_are_refused_or_give_samples_in_order(samples in samples(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&samples);
            for (place, by) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= by;
            }
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
                if let Ok(samples) = decode(bytes) {
                    prop_assert!(samples.times().windows(2).all(|pair| pair[0] < pair[1]));
                }
                drop(decode_at(bytes, 0));
            }
        }
    }
}
