//! Registers to values, in every type and every order.

use proptest::prelude::*;

use super::*;

/// The registers of a value given by its bytes, highest first: the definition of the orders, said the other way.
fn wire(bytes: &[u8], order: Order) -> Vec<u16> {
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
        let registers = wire(&bits.to_be_bytes(), Order::Cdab);
        assert_eq!(decode(&registers, Encoding::F32(Order::Cdab)), Err(Quality::BAD_OUT_OF_RANGE), "{bits:x}");
    }
    assert_eq!(decode(&[1], Encoding::U32(Order::Abcd)), Err(Quality::BAD_DECODING));
    assert_eq!(decode(&[1, 2, 3], Encoding::F32(Order::Abcd)), Err(Quality::BAD_DECODING));
}

proptest! {
    #[test]
    fn every_type_in_every_order_comes_back_exactly(bits in any::<u64>()) {
        let float = |x: f64| Value::float(x);
        for order in Order::ALL {
            let check = |bytes: &[u8], encoding: Encoding, expect: Result<Value, Quality>| {
                let registers = wire(bytes, order);
                prop_assert_eq!(registers.len(), usize::from(encoding.cells()));
                prop_assert_eq!(decode(&registers, encoding), expect.clone());
                if let Ok(value) = expect {
                    prop_assert_eq!(encode(&value, encoding), Ok(Raw::Registers(registers)));
                }
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

#[test]
fn digits_are_decimal_or_the_value_is_bad() {
    for (registers, encoding, expect) in [
        (&[0x1234][..], Encoding::Bcd16(Order::Abcd), Ok(Value::Int(1234))),
        (&[0x3412], Encoding::Bcd16(Order::Badc), Ok(Value::Int(1234))),
        (&[0x9999], Encoding::Bcd16(Order::Abcd), Ok(Value::Int(9999))),
        (&[0x5678, 0x1234], Encoding::Bcd32(Order::Cdab), Ok(Value::Int(12_345_678))),
        (&[0x00A0], Encoding::Bcd16(Order::Abcd), Err(Quality::BAD_DECODING)),
        (&[0x0000, 0x000F], Encoding::Bcd32(Order::Abcd), Err(Quality::BAD_DECODING)),
        (&[0x0000], Encoding::Bcd32(Order::Abcd), Err(Quality::BAD_DECODING)),
    ] {
        assert_eq!(decode(registers, encoding), expect, "{registers:x?}");
        if let Ok(value) = expect {
            assert_eq!(encode(&value, encoding), Ok(Raw::Registers(registers.to_vec())));
        }
    }
    assert!(encode(&Value::Int(10_000), Encoding::Bcd16(Order::Abcd)).is_err());
    assert!(encode(&Value::Int(-1), Encoding::Bcd16(Order::Abcd)).is_err());
    assert!(encode(&Value::Int(100_000_000), Encoding::Bcd32(Order::Abcd)).is_err());
}

#[test]
fn bytes_and_bits_are_parts_of_a_register() {
    for (encoding, expect) in [
        (Encoding::U8(Half::High), 0x80),
        (Encoding::I8(Half::High), -128),
        (Encoding::U8(Half::Low), 0xFE),
        (Encoding::I8(Half::Low), -2),
    ] {
        assert_eq!(decode(&[0x80FE], encoding), Ok(Value::Int(expect)), "{encoding:?}");
    }
    for (value, encoding, mask, bits) in [
        (Value::Int(-2), Encoding::I8(Half::High), 0xFF00, 0xFE00),
        (Value::Int(254), Encoding::U8(Half::Low), 0x00FF, 0x00FE),
        (Value::Bool(true), Encoding::RegisterBit(Order::Abcd, 3), 0x0008, 0x0008),
        (Value::Bool(false), Encoding::RegisterBit(Order::Badc, 3), 0x0800, 0x0000),
    ] {
        assert_eq!(encode(&value, encoding), Ok(Raw::Part { mask, bits }), "{encoding:?}");
    }
    assert!(encode(&Value::Int(128), Encoding::I8(Half::High)).is_err());
    assert!(encode(&Value::Int(2), Encoding::RegisterBit(Order::Abcd, 0)).is_err());
}

#[test]
fn texts_end_at_a_nul_and_lose_their_padding() {
    let text = |registers: &[u16], order| decode(registers, Encoding::Text(order, 3));
    assert_eq!(text(&[0x4142, 0x4300, 0x5858], Order::Abcd), Ok(Value::text("ABC")));
    assert_eq!(text(&[0x4241, 0x2043, 0x2020], Order::Badc), Ok(Value::text("ABC")));
    assert_eq!(text(&[0, 0, 0], Order::Abcd), Ok(Value::text("")));
    assert_eq!(text(&[0xC3A4, 0x2041, 0x2020], Order::Abcd), Ok(Value::text("ä A")), "UTF-8");
    assert_eq!(text(&[0xE441, 0x2020, 0x2020], Order::Abcd), Ok(Value::text("äA")), "Latin-1");
    assert_eq!(text(&[0x4142], Order::Abcd), Err(Quality::BAD_DECODING), "too short");
    let write = |text: &str| encode(&Value::text(text), Encoding::Text(Order::Badc, 2));
    assert_eq!(write("ABC"), Ok(Raw::Registers(vec![0x4241, 0x0043])));
    assert!(write("ABCDE").is_err() && write("A\0").is_err());
    assert!(encode(&Value::Int(1), Encoding::Text(Order::Abcd, 2)).is_err());
}

#[test]
fn what_does_not_fit_is_not_written() {
    for (value, encoding) in [
        (Value::Int(65_536), Encoding::U16(Order::Abcd)),
        (Value::Int(-1), Encoding::U16(Order::Abcd)),
        (Value::Int(32_768), Encoding::I16(Order::Abcd)),
        (Value::Float(1.5), Encoding::I16(Order::Abcd)),
        (Value::Float(1e300), Encoding::F32(Order::Abcd)),
        (Value::Float(1e300), Encoding::U64(Order::Abcd)),
        (Value::UInt(u64::MAX), Encoding::I64(Order::Abcd)),
        (Value::text("7"), Encoding::U16(Order::Abcd)),
        (Value::text("7"), Encoding::F64(Order::Abcd)),
        (Value::Float(f64::NAN), Encoding::U16(Order::Abcd)),
        (Value::Float(f64::NAN), Encoding::F32(Order::Abcd)),
    ] {
        let words = encode(&value, encoding).expect_err("it does not fit");
        assert!(words.contains("cannot hold"), "{words}");
    }
    assert_eq!(encode(&Value::Float(3.0), Encoding::U16(Order::Abcd)), Ok(Raw::Registers(vec![3])));
}
