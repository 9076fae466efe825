//! Numbers in registers: which bytes, in which order.
//!
//! The standard fixes the order inside one register only; what spans several is the vendor's choice. The four orders are
//! named by where the bytes A (highest) to D of a 32-bit value are on the wire.

use model::{Quality, Value};

/// The order of bytes and registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Order {
    /// Big-endian throughout.
    Abcd,
    /// The two bytes of each register swapped.
    Badc,
    /// The registers in reverse.
    Cdab,
    /// Both: little-endian throughout.
    Dcba,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    /// A cell of a table of bits.
    Bit,
    /// One bit of a register, 0 the lowest.
    RegisterBit(Order, u8),
    U16(Order),
    I16(Order),
    U32(Order),
    I32(Order),
    U64(Order),
    I64(Order),
    F32(Order),
    F64(Order),
}

impl Encoding {
    /// How many cells of its table a value fills.
    pub(super) fn cells(self) -> u16 {
        match self {
            Encoding::Bit | Encoding::RegisterBit(..) | Encoding::U16(_) | Encoding::I16(_) => 1,
            Encoding::U32(_) | Encoding::I32(_) | Encoding::F32(_) => 2,
            Encoding::U64(_) | Encoding::I64(_) | Encoding::F64(_) => 4,
        }
    }
}

impl Order {
    /// The bytes of a value, highest first, from its registers as they came.
    fn bytes<const N: usize>(self, registers: &[u16]) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        if registers.len() * 2 != N {
            return None;
        }
        for (n, pair) in bytes.chunks_exact_mut(2).enumerate() {
            let from_front = match self {
                Order::Abcd | Order::Badc => n,
                Order::Cdab | Order::Dcba => registers.len() - 1 - n,
            };
            pair.copy_from_slice(&match self {
                Order::Abcd | Order::Cdab => registers[from_front].to_be_bytes(),
                Order::Badc | Order::Dcba => registers[from_front].to_le_bytes(),
            });
        }
        Some(bytes)
    }
}

/// The value in the registers of a table.
///
/// # Errors
/// [`Quality::BAD_OUT_OF_RANGE`] where the registers hold no finite number, [`Quality::BAD_DECODING`] where there are
/// more or fewer of them than the encoding fills.
pub(super) fn decode(registers: &[u16], encoding: Encoding) -> Result<Value, Quality> {
    let short = Quality::BAD_DECODING;
    match encoding {
        Encoding::Bit => Err(short),
        Encoding::RegisterBit(order, bit) => {
            order.bytes(registers).map(u16::from_be_bytes).map(|x| Value::Bool(x >> bit & 1 == 1)).ok_or(short)
        }
        Encoding::U16(order) => {
            order.bytes(registers).map(u16::from_be_bytes).map(|x| Value::Int(x.into())).ok_or(short)
        }
        Encoding::I16(order) => {
            order.bytes(registers).map(i16::from_be_bytes).map(|x| Value::Int(x.into())).ok_or(short)
        }
        Encoding::U32(order) => {
            order.bytes(registers).map(u32::from_be_bytes).map(|x| Value::Int(x.into())).ok_or(short)
        }
        Encoding::I32(order) => {
            order.bytes(registers).map(i32::from_be_bytes).map(|x| Value::Int(x.into())).ok_or(short)
        }
        Encoding::U64(order) => order.bytes(registers).map(u64::from_be_bytes).map(Value::unsigned).ok_or(short),
        Encoding::I64(order) => order.bytes(registers).map(i64::from_be_bytes).map(Value::Int).ok_or(short),
        Encoding::F32(order) => {
            order.bytes(registers).map(f32::from_be_bytes).ok_or(short).and_then(|x| Value::float(x.into()))
        }
        Encoding::F64(order) => order.bytes(registers).map(f64::from_be_bytes).ok_or(short).and_then(Value::float),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDERS: [Order; 4] = [Order::Abcd, Order::Badc, Order::Cdab, Order::Dcba];

    /// The registers of a value given by its bytes, highest first: the definition of the orders, said the other way.
    fn encode(bytes: &[u8], order: Order) -> Vec<u16> {
        let mut wire = bytes.to_vec();
        if matches!(order, Order::Cdab | Order::Dcba) {
            wire.reverse();
        }
        if matches!(order, Order::Badc | Order::Cdab) {
            wire.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        }
        wire.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn the_four_orders_are_what_their_names_say() {
        let value = Value::Int(0x0A0B_0C0D);
        for (order, registers) in [
            (Order::Abcd, [0x0A0B, 0x0C0D]),
            (Order::Badc, [0x0B0A, 0x0D0C]),
            (Order::Cdab, [0x0C0D, 0x0A0B]),
            (Order::Dcba, [0x0D0C, 0x0B0A]),
        ] {
            assert_eq!(decode(&registers, Encoding::U32(order)), Ok(value.clone()), "{order:?}");
        }
        assert_eq!(
            decode(&[0x1122, 0x3344, 0x5566, 0x7788], Encoding::U64(Order::Cdab)),
            Ok(Value::unsigned(0x7788_5566_3344_1122))
        );
        assert_eq!(decode(&[0x8000], Encoding::RegisterBit(Order::Abcd, 15)), Ok(Value::Bool(true)));
        assert_eq!(decode(&[0x8000], Encoding::RegisterBit(Order::Badc, 7)), Ok(Value::Bool(true)));
    }

    #[test]
    fn what_is_not_finite_is_bad() {
        for bits in [0x7FC0_0000_u32, 0x7F80_0000, 0xFF80_0000, 0x7FFF_FFFF] {
            let registers = encode(&bits.to_be_bytes(), Order::Cdab);
            assert_eq!(decode(&registers, Encoding::F32(Order::Cdab)), Err(Quality::BAD_OUT_OF_RANGE), "{bits:x}");
        }
        assert_eq!(decode(&[1], Encoding::U32(Order::Abcd)), Err(Quality::BAD_DECODING));
        assert_eq!(decode(&[1, 2, 3], Encoding::F32(Order::Abcd)), Err(Quality::BAD_DECODING));
    }

    proptest! {
        #[test]
        fn every_type_in_every_order_comes_back_exactly(bits in any::<u64>()) {
            let float = |x: f64| Value::float(x);
            for order in ORDERS {
                let check = |bytes: &[u8], encoding: Encoding, expect: Result<Value, Quality>| {
                    let registers = encode(bytes, order);
                    prop_assert_eq!(registers.len(), usize::from(encoding.cells()));
                    prop_assert_eq!(decode(&registers, encoding), expect);
                    Ok(())
                };
                let (b16, b32) = (bits as u16, bits as u32);
                check(&b16.to_be_bytes(), Encoding::U16(order), Ok(Value::Int(b16.into())))?;
                check(&b16.to_be_bytes(), Encoding::I16(order), Ok(Value::Int((b16 as i16).into())))?;
                check(&b32.to_be_bytes(), Encoding::U32(order), Ok(Value::Int(b32.into())))?;
                check(&b32.to_be_bytes(), Encoding::I32(order), Ok(Value::Int((b32 as i32).into())))?;
                check(&bits.to_be_bytes(), Encoding::U64(order), Ok(Value::unsigned(bits)))?;
                check(&bits.to_be_bytes(), Encoding::I64(order), Ok(Value::Int(bits as i64)))?;
                check(&b32.to_be_bytes(), Encoding::F32(order), float(f32::from_bits(b32).into()))?;
                check(&bits.to_be_bytes(), Encoding::F64(order), float(f64::from_bits(bits)))?;
            }
        }
    }
}
