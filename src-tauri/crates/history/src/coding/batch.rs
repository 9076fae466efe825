//! A batch of the log: samples of many series in the order in which they came, column by column.
//!
//! It is written once and read only after a restart, so that it has to be short and quick to make, and not to be searched.

use std::sync::Arc;

use model::Quality;

use super::Damaged;
use super::bytes::{Bytes, put_packed_quickly, put_part, put_signed, put_unsigned};
use crate::samples::{Cell, Kind, Mark};

/// A batch never holds more bytes a column.
const MOST_BYTES: usize = 1 << 26;
const TENS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];
/// Whole numbers below this are kept as such where a float is one of the powers of ten times it.
const WHOLE: f64 = 1_099_511_627_776.0;

/// How a value is kept. In the low six bits of a sample's form; the numbers are in files: they never change.
mod form {
    pub(super) const NONE: u8 = 0;
    pub(super) const OFF: u8 = 1;
    pub(super) const ON: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const UINT: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const FLOAT: u8 = 6;
    pub(super) const SINGLE: u8 = 7;
    /// This and the following: a whole number over a power of ten.
    pub(super) const DECIMAL: u8 = 8;
    /// The quality is not good and kept apart.
    pub(super) const QUALITY: u8 = 0x40;
    /// It came later than its time, or before it.
    pub(super) const DELAY: u8 = 0x80;
}

/// The columns of a batch in the making. Used again for the next one.
#[derive(Default)]
pub(crate) struct Batch {
    count: u64,
    series: Vec<u8>,
    times: Vec<u8>,
    forms: Vec<u8>,
    values: Vec<u8>,
    rest: Vec<u8>,
    last: (i64, i64),
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        let Batch { count, series, times, forms, values, rest, last } = self;
        (*count, *last) = (0, (0, 0));
        [series, times, forms, values, rest].into_iter().for_each(Vec::clear);
    }

    /// Adds a sample of the series with this key in the file.
    pub(crate) fn add(&mut self, key: i64, cell: &Cell) {
        self.count += 1;
        put_signed(&mut self.series, key.wrapping_sub(self.last.0));
        put_signed(&mut self.times, cell.time.wrapping_sub(self.last.1));
        self.last = (key, cell.time);
        let mut form = self.add_value(cell);
        if cell.mark.quality != Quality::GOOD {
            form |= form::QUALITY;
            put_unsigned(&mut self.rest, u64::from(cell.mark.quality.code()));
        }
        if cell.delay != 0 {
            form |= form::DELAY;
            put_signed(&mut self.rest, cell.delay);
        }
        self.forms.push(form);
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "checked to be the same number")]
    #[expect(clippy::float_cmp, reason = "the very same number must come back")]
    fn add_value(&mut self, cell: &Cell) -> u8 {
        let values = &mut self.values;
        match cell.mark.kind {
            Kind::None => form::NONE,
            Kind::Bool => {
                if cell.bits == 0 {
                    form::OFF
                } else {
                    form::ON
                }
            }
            Kind::Int => {
                put_signed(values, cell.bits.cast_signed());
                form::INT
            }
            Kind::UInt => {
                put_unsigned(values, cell.bits);
                form::UINT
            }
            Kind::Text => {
                put_part(values, cell.text.as_deref().unwrap_or_default().as_bytes());
                form::TEXT
            }
            Kind::Float => {
                let x = f64::from_bits(cell.bits);
                for (form, ten) in (form::DECIMAL..).zip(TENS) {
                    let n = (x * ten).round();
                    // A negative zero is no whole number's quotient.
                    if n.abs() < WHOLE && n as i64 as f64 / ten == x && cell.bits != (-0.0_f64).to_bits() {
                        put_signed(values, n as i64);
                        return form;
                    }
                }
                if f64::from(x as f32) == x {
                    values.extend_from_slice(&(x as f32).to_le_bytes());
                    form::SINGLE
                } else {
                    values.extend_from_slice(&x.to_le_bytes());
                    form::FLOAT
                }
            }
        }
    }

    /// Whether no more should be added: what is read must stay within bounds.
    pub(crate) fn is_full(&self) -> bool {
        self.values.len() > MOST_BYTES / 4
    }

    /// The bytes of the batch.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_unsigned(out, self.count);
        for column in [&self.series, &self.times, &self.forms, &self.values, &self.rest] {
            put_packed_quickly(out, column);
        }
    }
}

/// Hands every sample of a batch with the key of its series to `take`, in order.
pub(crate) fn read(bytes: &[u8], mut take: impl FnMut(i64, Cell)) -> Result<(), Damaged> {
    let mut bytes = Bytes(bytes);
    let count = bytes.length(MOST_BYTES)?;
    let mut column = || bytes.packed(MOST_BYTES);
    let (series, times, forms, values, rest) = (column()?, column()?, column()?, column()?, column()?);
    if forms.len() != count || !bytes.is_empty() {
        return Err(Damaged);
    }
    let (mut series, mut times, mut values, mut rest) = (Bytes(&series), Bytes(&times), Bytes(&values), Bytes(&rest));
    let (mut key, mut time) = (0_i64, 0_i64);
    for form in forms {
        key = key.wrapping_add(series.signed()?);
        time = time.wrapping_add(times.signed()?);
        let (kind, bits, text) = read_value(form & 0x3f, &mut values)?;
        let quality = if form & form::QUALITY == 0 {
            Quality::GOOD
        } else {
            Quality::from_code(u32::try_from(rest.unsigned()?).map_err(|_| Damaged)?)
        };
        let delay = if form & form::DELAY == 0 { 0 } else { rest.signed()? };
        take(key, Cell { time, mark: Mark { kind, quality }, bits, delay, text });
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "checked: below 2^53")]
fn read_value(form: u8, values: &mut Bytes<'_>) -> Result<(Kind, u64, Option<Arc<str>>), Damaged> {
    Ok(match form {
        form::NONE => (Kind::None, 0, None),
        form::OFF => (Kind::Bool, 0, None),
        form::ON => (Kind::Bool, 1, None),
        form::INT => (Kind::Int, values.signed()?.cast_unsigned(), None),
        form::UINT => (Kind::UInt, values.unsigned()?, None),
        form::TEXT => (Kind::Text, 0, Some(std::str::from_utf8(values.part()?).map_err(|_| Damaged)?.into())),
        form::FLOAT => (Kind::Float, finite(f64::from_le_bytes(values.array()?))?, None),
        form::SINGLE => (Kind::Float, finite(f64::from(f32::from_le_bytes(values.array()?)))?, None),
        _ => {
            let ten = TENS.get(usize::from(form - form::DECIMAL)).ok_or(Damaged)?;
            let n = values.signed()? as f64;
            if n.abs() < WHOLE { (Kind::Float, (n / ten).to_bits(), None) } else { return Err(Damaged) }
        }
    })
}

fn finite(x: f64) -> Result<u64, Damaged> {
    if x.is_finite() { Ok(x.to_bits()) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests {
    use model::{Sample, Timestamp, Value};
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        let value = prop_oneof![
            Just(None),
            (-100_000..100_000_i32).prop_map(|x| Some(Value::Float(f64::from(x) / 100.0))),
            any::<f32>().prop_map(|x| Some(Value::Float(f64::from(x)))),
            any::<f64>().prop_map(|x| Some(Value::Float(x))),
            Just(Some(Value::Float(-0.0))),
            any::<i64>().prop_map(|x| Some(Value::Int(x))),
            any::<u64>().prop_map(|x| Some(Value::UInt(x))),
            any::<bool>().prop_map(|x| Some(Value::Bool(x))),
            ".{0,10}".prop_map(|x: String| Some(Value::text(x))),
        ];
        let quality = prop_oneof![Just(Quality::GOOD), any::<u32>().prop_map(Quality::from_code)];
        (value, any::<i64>(), prop_oneof![Just(0), any::<i64>()], quality).prop_map(|(value, time, delay, quality)| {
            let received = Timestamp::from_millis(time.wrapping_add(delay));
            Cell::of(&Sample { time: Timestamp::from_millis(time), received, value, quality })
        })
    }

    proptest! {
        #[test]
        fn a_batch_comes_back_as_it_came(cells in prop::collection::vec((any::<i64>(), cell()), 0..200)) {
            let mut batch = Batch::default();
            cells.iter().for_each(|(key, cell)| batch.add(*key, cell));
            let mut bytes = Vec::new();
            batch.write(&mut bytes);
            let mut back = Vec::new();
            prop_assert_eq!(read(&bytes, |key, cell| back.push((key, cell))), Ok(()));
            prop_assert_eq!(back, cells);
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut count = 0_usize;
            if read(&bytes, |_, _| count += 1).is_ok() {
                prop_assert!(count <= MOST_BYTES);
            }
        }
    }
}
