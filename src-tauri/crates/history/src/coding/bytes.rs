//! Numbers of variable length, and parts that say how long they are.
//!
//! Unsigned numbers take seven bits a byte, the lowest first; signed ones are folded so that small magnitudes are short.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use super::Damaged;

/// Below this many bytes packing gains nothing.
const WORTH_PACKING: usize = 48;
const LEVEL: i32 = 3;
/// For what is written at once and given up within the hour.
const QUICK_LEVEL: i32 = 1;

/// Reads from the front.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

pub(crate) fn put_unsigned(out: &mut Vec<u8>, mut x: u64) {
    while x >= 0x80 {
        out.push(u8::try_from(x & 0x7f).expect("seven bits") | 0x80);
        x >>= 7;
    }
    out.push(u8::try_from(x).expect("seven bits"));
}

pub(crate) fn put_signed(out: &mut Vec<u8>, x: i64) {
    put_unsigned(out, (x.cast_unsigned() << 1) ^ (x >> 63).cast_unsigned());
}

pub(crate) fn put_length(out: &mut Vec<u8>, n: usize) {
    put_unsigned(out, n as u64);
}

pub(crate) fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    put_length(out, part.len());
    out.extend_from_slice(part);
}

/// A part that is packed where that makes it shorter.
pub(crate) fn put_packed(out: &mut Vec<u8>, part: &[u8]) {
    pack(out, part, LEVEL);
}

/// The same in less time.
pub(crate) fn put_packed_quickly(out: &mut Vec<u8>, part: &[u8]) {
    pack(out, part, QUICK_LEVEL);
}

fn pack(out: &mut Vec<u8>, part: &[u8], level: i32) {
    if part.len() >= WORTH_PACKING
        && let Ok(packed) = packed(part, level)
        && packed.len() + 4 < part.len()
    {
        put_length(out, part.len() + 1);
        put_part(out, &packed);
    } else {
        put_length(out, 0);
        put_part(out, part);
    }
}

impl<'a> Bytes<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Damaged> {
        let mut x = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Damaged);
            }
            x |= bits << shift;
            if byte < 0x80 {
                return Ok(x);
            }
        }
        Err(Damaged)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Damaged> {
        let x = self.unsigned()?;
        Ok((x >> 1).cast_signed() ^ -(x & 1).cast_signed())
    }

    /// A length of at most `most`.
    pub(crate) fn length(&mut self, most: usize) -> Result<usize, Damaged> {
        usize::try_from(self.unsigned()?).ok().filter(|n| *n <= most).ok_or(Damaged)
    }

    pub(crate) fn part(&mut self) -> Result<&'a [u8], Damaged> {
        let n = self.length(self.0.len())?;
        self.take(n)
    }

    /// What [`put_packed`] put, at most `most` bytes of it.
    pub(crate) fn packed(&mut self, most: usize) -> Result<Vec<u8>, Damaged> {
        let unpacked = self.length(most.saturating_add(1))?;
        let part = self.part()?;
        let Some(length) = unpacked.checked_sub(1) else { return Ok(part.to_vec()) };
        let whole = unpack(part, length)?;
        if whole.len() == length { Ok(whole) } else { Err(Damaged) }
    }
}

fn packed(part: &[u8], level: i32) -> std::io::Result<Vec<u8>> {
    thread_local! {
        static KEPT: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(level)?),
        };
        compressor.set_compression_level(level)?;
        compressor.compress(part)
    })
}

/// At most `length` bytes. Making what zstd works with takes longer than unpacking a short part, so each thread keeps its own.
fn unpack(part: &[u8], length: usize) -> Result<Vec<u8>, Damaged> {
    thread_local! {
        static KEPT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().map_err(|_| Damaged)?),
        };
        decompressor.decompress(part, length).map_err(|_| Damaged)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_come_back() {
        let mut out = Vec::new();
        for shift in 0..64 {
            put_unsigned(&mut out, u64::MAX >> shift);
            put_signed(&mut out, i64::MIN >> shift);
            put_signed(&mut out, i64::MAX >> shift);
        }
        let mut bytes = Bytes(&out);
        for shift in 0..64 {
            assert_eq!(bytes.unsigned(), Ok(u64::MAX >> shift));
            assert_eq!(bytes.signed(), Ok(i64::MIN >> shift));
            assert_eq!(bytes.signed(), Ok(i64::MAX >> shift));
        }
        assert!(bytes.is_empty());
        assert_eq!(bytes.unsigned(), Err(Damaged));
    }

    #[test]
    fn a_packed_part_comes_back_and_never_grows_beyond_what_is_allowed() {
        for part in [Vec::new(), vec![7; 10], vec![7; 100_000]] {
            let mut out = Vec::new();
            put_packed(&mut out, &part);
            assert_eq!(Bytes(&out).packed(100_000), Ok(part.clone()));
            assert!(part.len() < 1_000 || Bytes(&out).packed(99_999) == Err(Damaged));
        }
    }
}
