//! Roll-up rows of a block as bytes.
//!
//! Most sources round: where every number of the block is a whole multiple of a power of ten, differences of whole numbers are
//! kept, which are short. The sums are then whole too, whatever adding floats made of them. Otherwise the numbers are kept as they
//! are.

use super::bytes::{Bytes, put_length, put_packed, put_signed};
use super::{Damaged, MOST};
use crate::roll::{Doubts, MINUTE, Roll};

const FORM: u8 = 1;
/// No scale: numbers are kept as they are.
const UNSCALED: u8 = 255;
/// Up to here a float is a whole number exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;
const SCALES: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];

mod flag {
    pub(super) const NUMBERS: u8 = 1;
    pub(super) const ALL_GOOD: u8 = 2;
    pub(super) const GAP: u8 = 4;
    pub(super) const UNCERTAIN: u8 = 8;
}

pub(crate) fn encode(rolls: &[Roll]) -> Vec<u8> {
    let scale = SCALES.iter().position(|scale| rolls.iter().all(|roll| fits(roll, *scale)));
    let mut out = vec![FORM, scale.and_then(|scale| u8::try_from(scale).ok()).unwrap_or(UNSCALED)];
    put_length(&mut out, rolls.len());
    if let (Some(first), Some(last)) = (rolls.first(), rolls.last()) {
        put_signed(&mut out, first.from);
        put_signed(&mut out, last.until.wrapping_sub(first.from));
    }
    let mut rows = Vec::new();
    let mut flags = Vec::new();
    let mut before = 0_i64;
    for (i, roll) in rolls.iter().enumerate() {
        let all_good = roll.uncertain == 0 && roll.bad == 0 && roll.good == roll.until - roll.from;
        let mut flag = if roll.ends.is_some() { flag::NUMBERS } else { 0 };
        flag |= if all_good { flag::ALL_GOOD } else { 0 };
        flag |= if roll.doubts.gap { flag::GAP } else { 0 };
        flag |= if roll.doubts.uncertain { flag::UNCERTAIN } else { 0 };
        flags.push(flag);
        if i > 0 {
            // Rows after the first begin at a minute.
            put_signed(&mut rows, roll.from.div_euclid(MINUTE) - rolls[i - 1].from.div_euclid(MINUTE) - 1);
        }
        put_length(&mut rows, roll.count);
        if !all_good {
            [roll.good, roll.uncertain, roll.bad].into_iter().for_each(|time| put_signed(&mut rows, time));
        }
        match scale {
            // Without a number of its own a row may still have the time of the one before.
            _ if roll.ends.is_none() => rows.extend_from_slice(&roll.sum.to_le_bytes()),
            Some(scale) => put_scaled(&mut rows, roll, SCALES[scale], &mut before),
            None => put_plain(&mut rows, roll),
        }
    }
    put_packed(&mut out, &flags);
    put_packed(&mut out, &rows);
    out
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Roll>, Damaged> {
    let mut bytes = Bytes(bytes);
    if bytes.byte()? != FORM {
        return Err(Damaged);
    }
    let scale = match bytes.byte()? {
        UNSCALED => None,
        scale => Some(*SCALES.get(usize::from(scale)).ok_or(Damaged)?),
    };
    let count = bytes.length(MOST)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let first = bytes.signed()?;
    let last = first.wrapping_add(bytes.signed()?);
    let flags = bytes.packed(count)?;
    let rows = bytes.packed(count * 100)?;
    if flags.len() != count {
        return Err(Damaged);
    }
    let mut rows = Bytes(&rows);
    let mut rolls: Vec<Roll> = Vec::with_capacity(count);
    let mut before = 0_i64;
    let mut open = Vec::with_capacity(count);
    for flag in flags {
        let from = match rolls.last() {
            None => first,
            Some(roll) => {
                let minutes = rows.signed()?.checked_add(1).ok_or(Damaged)?;
                let minute = roll.from.div_euclid(MINUTE).checked_add(minutes).ok_or(Damaged)?;
                minute.checked_mul(MINUTE).ok_or(Damaged)?
            }
        };
        if let Some(roll) = rolls.last_mut() {
            roll.until = from;
        }
        let count = rows.length(MOST)?;
        let all_good = flag & flag::ALL_GOOD != 0;
        let (good, uncertain, bad) =
            if all_good { (0, 0, 0) } else { (rows.signed()?, rows.signed()?, rows.signed()?) };
        let mut roll = Roll {
            from,
            until: last,
            count,
            range: None,
            ends: None,
            sum: 0.0,
            good,
            uncertain,
            bad,
            doubts: Doubts { gap: flag & flag::GAP != 0, uncertain: flag & flag::UNCERTAIN != 0 },
        };
        let numbers = flag & flag::NUMBERS != 0;
        let sum = match scale {
            _ if !numbers => {
                roll.sum = f64::from_le_bytes(rows.array()?);
                None
            }
            Some(scale) => Some(take_scaled(&mut rows, &mut roll, scale, &mut before)?),
            None => {
                take_plain(&mut rows, &mut roll)?;
                None
            }
        };
        open.push((all_good, sum));
        rolls.push(roll);
    }
    for (roll, (all_good, sum)) in rolls.iter_mut().zip(open) {
        let length = roll.until.checked_sub(roll.from).filter(|length| *length >= 0).ok_or(Damaged)?;
        if all_good {
            roll.good = length;
        }
        if let (Some(scale), Some(Sum { first, rest })) = (scale, sum) {
            roll.sum = real(rest.wrapping_add(first.wrapping_mul(roll.good)), scale)?;
        }
    }
    if rows.is_empty() { Ok(rolls) } else { Err(Damaged) }
}

/// Whether every number of a row is a whole multiple of `1 / scale`, exactly.
fn fits(roll: &Roll, scale: f64) -> bool {
    let mut numbers = roll.range.into_iter().chain(roll.ends).flat_map(|(a, b)| [a, b]);
    (roll.sum * scale).abs() < EXACT / 2.0 && numbers.all(|x| whole(x, scale).is_some())
}

#[expect(clippy::cast_possible_truncation, reason = "checked: whole and below 2^53")]
#[expect(clippy::float_cmp, reason = "the very same number must come back")]
fn whole(x: f64, scale: f64) -> Option<i64> {
    let n = (x * scale).round();
    let exact = n.abs() < EXACT && n / scale == x && (x != 0.0 || x.is_sign_positive());
    exact.then_some(n as i64)
}

#[expect(clippy::cast_precision_loss, reason = "checked: below 2^53")]
fn real(n: i64, scale: f64) -> Result<f64, Damaged> {
    let x = n as f64;
    if x.abs() < EXACT { Ok(x / scale) } else { Err(Damaged) }
}

fn put_scaled(out: &mut Vec<u8>, roll: &Roll, scale: f64, before: &mut i64) {
    let n = |x| whole(x, scale).expect("was found to fit");
    if let (Some((least, most)), Some((first, last))) = (roll.range, roll.ends) {
        let (least, most, first, last) = (n(least), n(most), n(first), n(last));
        put_signed(out, first - *before);
        put_signed(out, first - least);
        put_signed(out, most - first);
        put_signed(out, last - first);
        #[expect(clippy::cast_possible_truncation, reason = "found to fit")]
        let sum = (roll.sum * scale).round() as i64;
        put_signed(out, sum.wrapping_sub(first.wrapping_mul(roll.good)));
        *before = last;
    }
}

/// A sum less what it would be if the first number had held all the time. That time is known only once the next row is.
struct Sum {
    first: i64,
    rest: i64,
}

fn take_scaled(rows: &mut Bytes<'_>, roll: &mut Roll, scale: f64, before: &mut i64) -> Result<Sum, Damaged> {
    let first = before.wrapping_add(rows.signed()?);
    let least = first.wrapping_sub(rows.signed()?);
    let most = first.wrapping_add(rows.signed()?);
    let last = first.wrapping_add(rows.signed()?);
    let rest = rows.signed()?;
    roll.range = Some((real(least, scale)?, real(most, scale)?));
    roll.ends = Some((real(first, scale)?, real(last, scale)?));
    *before = last;
    Ok(Sum { first, rest })
}

fn put_plain(out: &mut Vec<u8>, roll: &Roll) {
    if let (Some((least, most)), Some((first, last))) = (roll.range, roll.ends) {
        [least, most, first, last, roll.sum].into_iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    }
}

fn take_plain(rows: &mut Bytes<'_>, roll: &mut Roll) -> Result<(), Damaged> {
    let mut next = || rows.array().map(f64::from_le_bytes);
    let (least, most, first, last, sum) = (next()?, next()?, next()?, next()?, next()?);
    roll.range = Some((least, most));
    roll.ends = Some((first, last));
    roll.sum = sum;
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::{Quality, Sample, Timestamp, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::roll::of_minutes;
    use crate::samples::{Cell, Samples};

    fn samples(rows: &[(i64, f64, Quality)]) -> Samples {
        let mut samples = Samples::default();
        let mut time = -90_000;
        for (step, x, quality) in rows {
            time += step;
            let time = Timestamp::from_millis(time);
            samples.put(Cell::of(&Sample { time, received: time, value: Some(Value::Float(*x)), quality: *quality }));
        }
        samples
    }

    fn rows(number: impl Strategy<Value = f64>) -> impl Strategy<Value = Vec<(i64, f64, Quality)>> {
        let quality = prop_oneof![8 => Just(Quality::GOOD), 1 => Just(Quality::STALE), 1 => Just(Quality::BAD_TIMEOUT)];
        prop::collection::vec((prop_oneof![9 => 1..2_000_i64, 1 => 1..200_000_i64], number, quality), 1..200)
    }

    fn check(rows: &[(i64, f64, Quality)]) -> Result<(), TestCaseError> {
        let rolls = of_minutes(&samples(rows));
        let back = decode(&encode(&rolls)).expect("was written just now");
        prop_assert_eq!(back.len(), rolls.len());
        for (back, roll) in back.iter().zip(&rolls) {
            prop_assert!((back.sum - roll.sum).abs() <= roll.sum.abs() * 1e-12 + 1e-6, "{} for {}", back.sum, roll.sum);
            prop_assert_eq!(*back, Roll { sum: back.sum, ..*roll });
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn rows_come_back(rows in rows((-1_000..1_000_i32).prop_map(|x| f64::from(x) / 100.0))) {
            check(&rows)?;
        }

        #[test]
        fn rows_of_numbers_that_are_not_rounded_come_back(rows in rows(-1e3..1e3_f64)) {
            check(&rows)?;
        }

        #[test]
        fn any_bytes_are_refused_or_give_rows(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut begun = bytes.clone();
            begun.splice(0..0, [FORM, 1]);
            for bytes in [bytes, begun] {
                if let Ok(rolls) = decode(&bytes) {
                    prop_assert!(rolls.iter().all(|roll| roll.from <= roll.until));
                }
            }
        }
    }
}
