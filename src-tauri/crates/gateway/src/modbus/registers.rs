//! Values in registers: which bytes, in which order.
//!
//! The standard fixes the order inside one register only; what spans several is the vendor's choice. The four orders are
//! named by where the bytes A (highest) to D of a 32-bit value are on the wire.
//!
//! A text is UTF-8, of which ASCII is a part; bytes that are no UTF-8 are taken as Latin-1. It ends at its first NUL, and
//! spaces at its end are padding.

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

/// One of a register's two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Half {
    Low,
    High,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    /// A cell of a table of bits.
    Bit,
    /// One bit of a register, 0 the lowest.
    RegisterBit(Order, u8),
    U8(Half),
    I8(Half),
    U16(Order),
    I16(Order),
    U32(Order),
    I32(Order),
    U64(Order),
    I64(Order),
    F32(Order),
    F64(Order),
    /// Four decimal digits, one in each half byte.
    Bcd16(Order),
    /// Eight of them.
    Bcd32(Order),
    /// Two characters in each of so many registers.
    Text(Order, u16),
}

/// A value as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// A cell of a table of bits.
    Bit(bool),
    /// Whole registers.
    Registers(Vec<u16>),
    /// Some bits of one register: which, and what they shall be.
    Part { mask: u16, bits: u16 },
}

impl Order {
    pub(super) const ALL: [Order; 4] = [Order::Abcd, Order::Badc, Order::Cdab, Order::Dcba];

    /// In the plant file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Order::Abcd => "abcd",
            Order::Badc => "badc",
            Order::Cdab => "cdab",
            Order::Dcba => "dcba",
        }
    }

    /// The bytes of a value, highest first, from its registers as they came.
    fn bytes<const N: usize>(self, registers: &[u16]) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        if registers.len() * 2 != N {
            return None;
        }
        for (n, pair) in bytes.chunks_exact_mut(2).enumerate() {
            let from_front = if self.is_reversed() { registers.len() - 1 - n } else { n };
            pair.copy_from_slice(&self.pair(registers[from_front]));
        }
        Some(bytes)
    }

    /// The registers of a value from its bytes, highest first: the other way round.
    fn registers(self, bytes: &[u8]) -> Vec<u16> {
        let pairs = bytes.chunks_exact(2).map(|pair| {
            let [high, low] = self.pair(u16::from_be_bytes([pair[0], pair[1]]));
            u16::from_be_bytes([high, low])
        });
        if self.is_reversed() { pairs.rev().collect() } else { pairs.collect() }
    }

    fn is_reversed(self) -> bool {
        match self {
            Order::Abcd | Order::Badc => false,
            Order::Cdab | Order::Dcba => true,
        }
    }

    /// A register's bytes, or the register of these bytes: swapping twice is not swapping.
    fn pair(self, register: u16) -> [u8; 2] {
        match self {
            Order::Abcd | Order::Cdab => register.to_be_bytes(),
            Order::Badc | Order::Dcba => register.to_le_bytes(),
        }
    }

    /// The place of a bit in the register as it came.
    fn mask(self, bit: u8) -> u16 {
        let [high, low] = self.pair(1 << bit);
        u16::from_be_bytes([high, low])
    }
}

impl Half {
    fn shift(self) -> u32 {
        match self {
            Half::Low => 0,
            Half::High => 8,
        }
    }
}

impl Encoding {
    /// How many cells of its table a value fills.
    pub(super) fn cells(self) -> u16 {
        match self {
            Encoding::Bit
            | Encoding::RegisterBit(..)
            | Encoding::U8(_)
            | Encoding::I8(_)
            | Encoding::U16(_)
            | Encoding::I16(_)
            | Encoding::Bcd16(_) => 1,
            Encoding::U32(_) | Encoding::I32(_) | Encoding::F32(_) | Encoding::Bcd32(_) => 2,
            Encoding::U64(_) | Encoding::I64(_) | Encoding::F64(_) => 4,
            Encoding::Text(_, registers) => registers,
        }
    }

    /// In the plant file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Encoding::Bit | Encoding::RegisterBit(..) => "bool",
            Encoding::U8(_) => "u8",
            Encoding::I8(_) => "i8",
            Encoding::U16(_) => "u16",
            Encoding::I16(_) => "i16",
            Encoding::U32(_) => "u32",
            Encoding::I32(_) => "i32",
            Encoding::U64(_) => "u64",
            Encoding::I64(_) => "i64",
            Encoding::F32(_) => "f32",
            Encoding::F64(_) => "f64",
            Encoding::Bcd16(_) => "bcd16",
            Encoding::Bcd32(_) => "bcd32",
            Encoding::Text(..) => "string",
        }
    }
}

/// The value in the registers of a table.
///
/// # Errors
/// [`Quality::BAD_OUT_OF_RANGE`] where the registers hold no finite number, [`Quality::BAD_DECODING`] where a half byte
/// is no decimal digit or there are more or fewer registers than the encoding fills.
pub(super) fn decode(registers: &[u16], encoding: Encoding) -> Result<Value, Quality> {
    let int = |x: i64| Value::Int(x);
    let one = || if let [register] = registers { Some(*register) } else { None };
    let decoded = match encoding {
        Encoding::Bit => None,
        Encoding::RegisterBit(order, bit) => one().map(|x| Value::Bool(x & order.mask(bit) != 0)),
        Encoding::U8(half) => one().map(|x| int((x >> half.shift() & 0xFF).into())),
        Encoding::I8(half) => one().map(|x| int(x.to_be_bytes()[usize::from(half == Half::Low)].cast_signed().into())),
        Encoding::U16(order) => order.bytes(registers).map(|x| int(u16::from_be_bytes(x).into())),
        Encoding::I16(order) => order.bytes(registers).map(|x| int(i16::from_be_bytes(x).into())),
        Encoding::U32(order) => order.bytes(registers).map(|x| int(u32::from_be_bytes(x).into())),
        Encoding::I32(order) => order.bytes(registers).map(|x| int(i32::from_be_bytes(x).into())),
        Encoding::U64(order) => order.bytes(registers).map(|x| Value::unsigned(u64::from_be_bytes(x))),
        Encoding::I64(order) => order.bytes(registers).map(|x| int(i64::from_be_bytes(x))),
        Encoding::F32(order) => {
            return float(order.bytes(registers).map(|x| f32::from_be_bytes(x).into()));
        }
        Encoding::F64(order) => return float(order.bytes(registers).map(f64::from_be_bytes)),
        Encoding::Bcd16(order) => order.bytes::<2>(registers).and_then(|bytes| from_bcd(&bytes)).map(int),
        Encoding::Bcd32(order) => order.bytes::<4>(registers).and_then(|bytes| from_bcd(&bytes)).map(int),
        Encoding::Text(order, length) if registers.len() == usize::from(length) => Some(text(registers, order)),
        Encoding::Text(..) => None,
    };
    decoded.ok_or(Quality::BAD_DECODING)
}

fn float(x: Option<f64>) -> Result<Value, Quality> {
    x.ok_or(Quality::BAD_DECODING).and_then(Value::float)
}

fn from_bcd(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .try_fold(0, |number, digit| (digit <= 9).then_some(number * 10 + i64::from(digit)))
}

fn to_bcd<const N: usize>(mut number: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for byte in bytes.iter_mut().rev() {
        let two = u8::try_from(number % 100).expect("less than a hundred");
        *byte = ((two / 10) << 4) | (two % 10);
        number /= 100;
    }
    (number == 0).then_some(bytes)
}

fn text(registers: &[u16], order: Order) -> Value {
    let mut bytes: Vec<u8> = registers.iter().flat_map(|register| order.pair(*register)).collect();
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    let text =
        String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    Value::text(text.trim_end_matches(' '))
}

/// A raw value as it is to be written.
///
/// # Errors
/// Why it does not fit, in words.
pub(super) fn encode(value: &Value, encoding: Encoding) -> Result<Raw, String> {
    let registers = |order: Order, bytes: &[u8]| Ok(Raw::Registers(order.registers(bytes)));
    match encoding {
        Encoding::Bit => truth(value).map(Raw::Bit),
        Encoding::RegisterBit(order, bit) => {
            let mask = order.mask(bit);
            truth(value).map(|on| Raw::Part { mask, bits: if on { mask } else { 0 } })
        }
        Encoding::U8(half) => part(whole::<u8>(value)?, half),
        Encoding::I8(half) => part(whole::<i8>(value)?.cast_unsigned(), half),
        Encoding::U16(order) => registers(order, &whole::<u16>(value)?.to_be_bytes()),
        Encoding::I16(order) => registers(order, &whole::<i16>(value)?.to_be_bytes()),
        Encoding::U32(order) => registers(order, &whole::<u32>(value)?.to_be_bytes()),
        Encoding::I32(order) => registers(order, &whole::<i32>(value)?.to_be_bytes()),
        Encoding::U64(order) => registers(order, &whole::<u64>(value)?.to_be_bytes()),
        Encoding::I64(order) => registers(order, &whole::<i64>(value)?.to_be_bytes()),
        Encoding::F32(order) => registers(order, &single(value)?.to_be_bytes()),
        Encoding::F64(order) => registers(order, &value.number().ok_or_else(|| misfit(value))?.to_be_bytes()),
        Encoding::Bcd16(order) => {
            registers(order, &to_bcd::<2>(whole::<u16>(value)?.into()).ok_or_else(|| misfit(value))?)
        }
        Encoding::Bcd32(order) => {
            registers(order, &to_bcd::<4>(whole::<u32>(value)?.into()).ok_or_else(|| misfit(value))?)
        }
        Encoding::Text(order, length) => {
            let Value::Text(text) = value else { return Err(misfit(value)) };
            let room = usize::from(length) * 2;
            if text.len() > room {
                return Err(format!("the text takes {} bytes, and there is room for {room}", text.len()));
            }
            if text.contains('\0') {
                return Err("a text cannot hold a NUL".into());
            }
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(room, 0);
            registers(order, &bytes)
        }
    }
}

fn part(byte: u8, half: Half) -> Result<Raw, String> {
    Ok(Raw::Part { mask: 0xFF << half.shift(), bits: u16::from(byte) << half.shift() })
}

fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(x) => Ok(*x),
        Value::Int(x @ (0 | 1)) => Ok(*x == 1),
        Value::Float(x) if *x == 0.0 || *x == 1.0 => Ok(*x == 1.0),
        Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Text(_) => Err(format!("{value} is neither 0 nor 1")),
    }
}

/// A number that has no fraction and fits.
#[expect(clippy::cast_possible_truncation, reason = "checked: whole and far within 128 bits")]
fn whole<T: TryFrom<i128>>(value: &Value) -> Result<T, String> {
    let number = match value {
        Value::Bool(x) => Some(i128::from(*x)),
        Value::Int(x) => Some(i128::from(*x)),
        Value::UInt(x) => Some(i128::from(*x)),
        Value::Float(x) => (x.fract() == 0.0 && x.abs() < 1e30).then_some(*x as i128),
        Value::Text(_) => None,
    };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| misfit(value))
}

/// The nearest number of single precision.
#[expect(clippy::cast_possible_truncation, reason = "the documented purpose; infinity is refused")]
fn single(value: &Value) -> Result<f32, String> {
    let number = value.number().ok_or_else(|| misfit(value))? as f32;
    if number.is_finite() { Ok(number) } else { Err(misfit(value)) }
}

fn misfit(value: &Value) -> String {
    format!("the device's register cannot hold {value}")
}

#[cfg(test)]
#[path = "registers_tests.rs"]
mod tests;
