//! A number as bytes: which one, in which order, and where in the payload.

use model::{Quality, Value};

/// Where a number lies in a payload, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mqtt) struct Binary {
    pub(in crate::mqtt) kind: Kind,
    pub(in crate::mqtt) endian: Endian,
    /// Bytes before it. Without an offset the payload is the number and nothing else.
    pub(in crate::mqtt) offset: Option<usize>,
}

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mqtt) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
    /// One byte, 0 or 1.
    Bool,
}

/// Which byte comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mqtt) enum Endian {
    /// The lowest.
    Little,
    /// The highest.
    #[default]
    Big,
}

impl Kind {
    /// How many bytes.
    pub(in crate::mqtt) const fn width(self) -> usize {
        match self {
            Kind::U8 | Kind::I8 | Kind::Bool => 1,
            Kind::U16 | Kind::I16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::U64 | Kind::I64 | Kind::F64 => 8,
        }
    }
}

impl Binary {
    /// The number in a payload, exact.
    ///
    /// # Errors
    /// The quality and the reason: another length than said, a number that is not finite, a truth that is neither.
    pub(super) fn read(self, payload: &[u8]) -> Result<Value, (Quality, String)> {
        let width = self.kind.width();
        let bytes = match self.offset {
            None => Some(payload).filter(|bytes| bytes.len() == width),
            Some(offset) => offset.checked_add(width).and_then(|end| payload.get(offset..end)),
        };
        let Some(bytes) = bytes else {
            let at = self.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
            let detail = format!("the payload has {} bytes, where {width}{at} are expected", payload.len());
            return Err((Quality::BAD_DECODING, detail));
        };
        let mut bits = [0; 8];
        match self.endian {
            Endian::Little => bytes.iter().rev().zip(bits.iter_mut().rev().take(width).rev()).for_each(copy),
            Endian::Big => bytes.iter().zip(bits.iter_mut().rev().take(width).rev()).for_each(copy),
        }
        value(self.kind, u64::from_be_bytes(bits)).map_err(|quality| (quality, format!("the bytes {bytes:02x?}")))
    }
}

fn copy((from, to): (&u8, &mut u8)) {
    *to = *from;
}

/// The low bits as what they stand for.
#[expect(clippy::cast_possible_truncation, reason = "the bits above the width are none of the number's")]
fn value(kind: Kind, bits: u64) -> Result<Value, Quality> {
    match kind {
        Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => Ok(Value::unsigned(bits)),
        Kind::I8 => Ok(Value::Int((bits as u8).cast_signed().into())),
        Kind::I16 => Ok(Value::Int((bits as u16).cast_signed().into())),
        Kind::I32 => Ok(Value::Int((bits as u32).cast_signed().into())),
        Kind::I64 => Ok(Value::Int(bits.cast_signed())),
        Kind::F32 => Value::float(f32::from_bits(bits as u32).into()),
        Kind::F64 => Value::float(f64::from_bits(bits)),
        Kind::Bool if bits <= 1 => Ok(Value::Bool(bits == 1)),
        Kind::Bool => Err(Quality::BAD_TYPE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [Kind; 11] = [
        Kind::U8,
        Kind::I8,
        Kind::U16,
        Kind::I16,
        Kind::U32,
        Kind::I32,
        Kind::U64,
        Kind::I64,
        Kind::F32,
        Kind::F64,
        Kind::Bool,
    ];

    fn check(kind: Kind, endian: Endian, offset: Option<usize>, payload: &[u8], expect: Result<Value, Quality>) {
        let read = Binary { kind, endian, offset }.read(payload).map_err(|(quality, _)| quality);
        assert_eq!(read, expect, "{kind:?} {endian:?} at {offset:?} in {payload:02x?}");
    }

    #[test]
    fn numbers_are_read_in_both_orders_and_exactly() {
        use Endian::{Big, Little};
        check(Kind::U8, Big, None, &[0xFF], Ok(Value::Int(255)));
        check(Kind::I8, Big, None, &[0xFF], Ok(Value::Int(-1)));
        check(Kind::U16, Big, None, &[0x12, 0x34], Ok(Value::Int(0x1234)));
        check(Kind::U16, Little, None, &[0x12, 0x34], Ok(Value::Int(0x3412)));
        check(Kind::I16, Little, None, &[0xFE, 0xFF], Ok(Value::Int(-2)));
        check(Kind::U32, Big, None, &[0xFF; 4], Ok(Value::Int(4_294_967_295)));
        check(Kind::I32, Big, None, &[0x80, 0, 0, 0], Ok(Value::Int(-2_147_483_648)));
        check(Kind::U64, Big, None, &[0xFF; 8], Ok(Value::UInt(u64::MAX)));
        check(Kind::I64, Little, None, &[0, 0, 0, 0, 0, 0, 0, 0x80], Ok(Value::Int(i64::MIN)));
        check(Kind::U64, Little, None, &[1, 0, 0, 0, 0, 0, 0x20, 0], Ok(Value::Int(9_007_199_254_740_993)));
        check(Kind::F32, Big, None, &[0x41, 0xAC, 0, 0], Ok(Value::Float(21.5)));
        check(Kind::F64, Little, None, &21.5f64.to_le_bytes(), Ok(Value::Float(21.5)));
        check(Kind::Bool, Big, None, &[1], Ok(Value::Bool(true)));
        check(Kind::U16, Big, Some(1), &[9, 0x12, 0x34, 9], Ok(Value::Int(0x1234)));
        check(Kind::U16, Big, Some(0), &[0x12, 0x34, 9], Ok(Value::Int(0x1234)));
    }

    #[test]
    fn what_is_too_short_too_long_or_no_number_is_bad() {
        use Endian::Big;
        for kind in KINDS {
            check(kind, Big, None, &[], Err(Quality::BAD_DECODING));
            check(kind, Big, None, &vec![0; kind.width() + 1], Err(Quality::BAD_DECODING));
            check(kind, Big, Some(1), &vec![0; kind.width()], Err(Quality::BAD_DECODING));
            check(kind, Big, Some(usize::MAX), &[0; 16], Err(Quality::BAD_DECODING));
        }
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            check(Kind::F64, Big, None, &x.to_be_bytes(), Err(Quality::BAD_OUT_OF_RANGE));
        }
        check(Kind::F32, Big, None, &f32::NAN.to_be_bytes(), Err(Quality::BAD_OUT_OF_RANGE));
        check(Kind::Bool, Big, None, &[2], Err(Quality::BAD_TYPE));
    }

    /// The other direction, written apart from what it checks.
    fn encode(kind: Kind, endian: Endian, bits: u64) -> (Vec<u8>, Value) {
        macro_rules! number {
            ($type:ty, $value:expr) => {{
                let number: $type = $value;
                let bytes = match endian {
                    Endian::Little => number.to_le_bytes().to_vec(),
                    Endian::Big => number.to_be_bytes().to_vec(),
                };
                (bytes, number)
            }};
        }
        macro_rules! integer {
            ($type:ty) => {{
                let low = bits.to_le_bytes()[..size_of::<$type>()].try_into().expect("as many bytes as it has");
                let (bytes, number) = number!($type, <$type>::from_le_bytes(low));
                let number = i128::from(number);
                let small = i64::try_from(number).map(Value::Int);
                (bytes, small.unwrap_or_else(|_| Value::UInt(u64::try_from(number).expect("an unsigned one"))))
            }};
        }
        match kind {
            Kind::U8 => integer!(u8),
            Kind::I8 => integer!(i8),
            Kind::U16 => integer!(u16),
            Kind::I16 => integer!(i16),
            Kind::U32 => integer!(u32),
            Kind::I32 => integer!(i32),
            Kind::U64 => integer!(u64),
            Kind::I64 => integer!(i64),
            Kind::F32 => {
                let low = bits.to_le_bytes()[..4].try_into().expect("four bytes");
                let (bytes, number) = number!(f32, f32::from_le_bytes(low));
                (bytes, Value::Float(number.into()))
            }
            Kind::F64 => {
                let (bytes, number) = number!(f64, f64::from_bits(bits));
                (bytes, Value::Float(number))
            }
            Kind::Bool => (vec![u8::from(bits % 2 == 1)], Value::Bool(bits % 2 == 1)),
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(
            kind in proptest::sample::select(&KINDS[..]),
            endian in proptest::sample::select(&[Endian::Little, Endian::Big][..]),
            bits: u64,
            before in proptest::collection::vec(any::<u8>(), 0..9),
            after in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let (bytes, value) = encode(kind, endian, bits);
            let expect = match value {
                Value::Float(x) if !x.is_finite() => Err(Quality::BAD_OUT_OF_RANGE),
                value => Ok(value),
            };
            let read = |offset, payload: &[u8]| {
                Binary { kind, endian, offset }.read(payload).map_err(|(quality, _)| quality)
            };
            prop_assert_eq!(read(None, &bytes), expect.clone());
            let within = [&before[..], &bytes, &after].concat();
            prop_assert_eq!(read(Some(before.len()), &within), expect);
        }
    }
}
