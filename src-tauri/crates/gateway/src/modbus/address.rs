//! What the plant file says of a tag on a device.

use std::time::Duration;

use model::{DataType, Point, Rejection};

use super::device::{Base, Device};
use super::mapping::Mapping;
use super::notation;
use super::registers::{Encoding, Half, Order};
use crate::convert::check_scaling;
use crate::form::Form;

/// The longest text: one request's registers.
const MOST_TEXT: i64 = 120;

/// The four tables of the data model (4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    Coils,
    DiscreteInputs,
    InputRegisters,
    HoldingRegisters,
}

/// Where a tag's value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) unit: u8,
    pub(super) table: Table,
    /// Zero-based, as on the wire.
    pub(super) register: u16,
    pub(super) encoding: Encoding,
    /// From one reading to the next.
    pub(super) period: Duration,
    pub(super) part_write: PartWrite,
}

/// How a part of a register is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartWrite {
    /// By the device itself: function 22.
    Mask,
    /// Read, changed here and written. What the device changes in between is lost; therefore only by a person's word.
    ReadModifyWrite,
}

impl Table {
    pub(super) const ALL: [Table; 4] =
        [Table::Coils, Table::DiscreteInputs, Table::InputRegisters, Table::HoldingRegisters];

    /// Whether its cells are single bits.
    pub(super) fn is_bits(self) -> bool {
        match self {
            Table::Coils | Table::DiscreteInputs => true,
            Table::InputRegisters | Table::HoldingRegisters => false,
        }
    }

    /// Whether its cells can be written.
    pub(super) fn is_writable(self) -> bool {
        match self {
            Table::Coils | Table::HoldingRegisters => true,
            Table::DiscreteInputs | Table::InputRegisters => false,
        }
    }

    /// For messages.
    pub(super) fn words(self) -> &'static str {
        match self {
            Table::Coils => "coils",
            Table::DiscreteInputs => "discrete inputs",
            Table::InputRegisters => "input registers",
            Table::HoldingRegisters => "holding registers",
        }
    }

    /// In the plant file.
    pub(super) fn word(self) -> &'static str {
        match self {
            Table::Coils => "coil",
            Table::DiscreteInputs => "discrete",
            Table::InputRegisters => "input",
            Table::HoldingRegisters => "holding",
        }
    }
}

impl Address {
    /// Reads a tag's address and what its raw values mean.
    pub(super) fn read(point: &Point, device: &Device) -> Result<(Address, Mapping), Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let place = place(&mut form, device.base);
        let own_unit = form.integer("unit", device.line.units()).and_then(|unit| u8::try_from(unit).ok());
        let period = form.integer("poll_ms", 20..=3_600_000).map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let encoding = place.and_then(|(table, _)| encoding(&mut form, table, point.data_type));
        let part_write =
            form.choice("bit_write", &[("mask", PartWrite::Mask), ("read-modify-write", PartWrite::ReadModifyWrite)]);
        let mapping = Mapping::read(&mut form, point, encoding);
        if let (Some((table, register)), Some(encoding)) = (place, encoding) {
            if u32::from(register) + u32::from(encoding.cells()) > 65_536 {
                let cells = encoding.cells();
                form.reject(
                    "register",
                    format!("a value of {cells} registers does not fit at {register}: the last one is 65535"),
                    "correct the register; on the wire they count from 0",
                );
            }
            if encoding.cells() > device.limits.max_registers {
                form.reject(
                    "length",
                    format!("the text fills more registers than one request may have, {}", device.limits.max_registers),
                    "correct the length, or the device's max_registers",
                );
            }
            if point.write.is_some() && !table.is_writable() {
                let message = format!("the tag is to be written, and {} are read only", table.words());
                form.reject("table", message, "remove the tag's `write`, or name the table that can be written");
            }
        }
        let read = place.zip(encoding).zip(mapping).map(|(((table, register), encoding), mapping)| {
            let address = Address {
                unit: own_unit.unwrap_or(device.unit),
                table,
                register,
                encoding,
                period: period.unwrap_or(device.poll),
                part_write: part_write.unwrap_or(PartWrite::Mask),
            };
            (address, mapping)
        });
        let mut read = form.finish(read);
        if let Some(rejection) = check_scaling(point) {
            match &mut read {
                Ok(_) => return Err(vec![rejection]),
                Err(rejections) => rejections.push(rejection),
            }
        }
        read
    }
}

/// Table and register, which may be said in one.
fn place(form: &mut Form<'_>, base: Base) -> Option<(Table, u16)> {
    let has_table = form.has("table");
    let table = form.choice("table", &Table::ALL.map(|table| (table.word(), table)));
    if !form.has("register") {
        if !has_table {
            form.reject("table", "`table` is missing", "write table = \"holding\", or a register like \"40001\"");
        }
        form.required_text("register", "40001")?;
    }
    let text = form.number_or_text("register")?;
    if has_table && table.is_none() {
        return None;
    }
    match notation::read(&text, has_table, base) {
        Ok(place) => match (table, place.table) {
            (Some(table), Some(named)) if table != named => {
                let message = format!("register \"{text}\" is one of the {}", named.words());
                form.reject("register", message, "remove `table`, or write the number alone");
                None
            }
            (Some(table), _) | (None, Some(table)) => Some((table, place.register)),
            (None, None) => None,
        },
        Err(words) if has_table => {
            form.reject("register", words, "write for example register = 0");
            None
        }
        Err(words) => {
            let names_no_table = text.bytes().all(|byte| byte.is_ascii_digit());
            let key = if names_no_table { "table" } else { "register" };
            form.reject(key, words, "write table = \"holding\" beside it, or a register like \"40001\" or \"4x0001\"");
            None
        }
    }
}

/// A type's encoding, once its order and its part are known.
type MakeEncoding = fn(&Details) -> Encoding;

/// What goes with a type.
struct Details {
    order: Order,
    bit: u8,
    half: Half,
    length: u16,
}

const TYPES: [(&str, MakeEncoding); 14] = [
    ("u16", |with| Encoding::U16(with.order)),
    ("i16", |with| Encoding::I16(with.order)),
    ("u32", |with| Encoding::U32(with.order)),
    ("i32", |with| Encoding::I32(with.order)),
    ("u64", |with| Encoding::U64(with.order)),
    ("i64", |with| Encoding::I64(with.order)),
    ("f32", |with| Encoding::F32(with.order)),
    ("f64", |with| Encoding::F64(with.order)),
    ("bool", |with| Encoding::RegisterBit(with.order, with.bit)),
    ("u8", |with| Encoding::U8(with.half)),
    ("i8", |with| Encoding::I8(with.half)),
    ("bcd16", |with| Encoding::Bcd16(with.order)),
    ("bcd32", |with| Encoding::Bcd32(with.order)),
    ("string", |with| Encoding::Text(with.order, with.length)),
];

/// Type, order and part together, because each makes sense only with the others.
fn encoding(form: &mut Form<'_>, table: Table, declared: DataType) -> Option<Encoding> {
    let there = ["order", "bit", "byte", "length"].map(|key| (key, form.has(key)));
    let has_type = form.has("type");
    let make = form.choice("type", &TYPES);
    let orders = [("abcd", Order::Abcd), ("badc", Order::Badc), ("cdab", Order::Cdab), ("dcba", Order::Dcba)];
    let with = Details {
        order: form.choice("order", &orders).unwrap_or(Order::Abcd),
        bit: form.integer("bit", 0..=15).and_then(|bit| u8::try_from(bit).ok()).unwrap_or(0),
        half: form.choice("byte", &[("low", Half::Low), ("high", Half::High)]).unwrap_or(Half::Low),
        length: form.integer("length", 1..=MOST_TEXT).and_then(|length| u16::try_from(length).ok()).unwrap_or(1),
    };
    if has_type && make.is_none() {
        return None;
    }
    let encoding = if table.is_bits() {
        if make.is_some_and(|make| !matches!(make(&with), Encoding::RegisterBit(..))) {
            form.reject("type", format!("{} hold single bits", table.words()), "write type = \"bool\" or leave it out");
        }
        Encoding::Bit
    } else {
        make.map_or(Encoding::U16(with.order), |make| make(&with))
    };
    // Which key goes with which type.
    let (order, bit, byte, length) = match encoding {
        Encoding::Bit => (false, false, false, false),
        Encoding::RegisterBit(..) => (true, true, false, false),
        Encoding::U8(_) | Encoding::I8(_) => (false, false, true, false),
        Encoding::Text(..) => (true, false, false, true),
        Encoding::U16(_) | Encoding::I16(_) | Encoding::U32(_) | Encoding::I32(_) | Encoding::U64(_) => {
            (true, false, false, false)
        }
        Encoding::I64(_) | Encoding::F32(_) | Encoding::F64(_) | Encoding::Bcd16(_) | Encoding::Bcd32(_) => {
            (true, false, false, false)
        }
    };
    for ((key, is_there), has_meaning) in there.into_iter().zip([order, bit, byte, length]) {
        if is_there && !has_meaning {
            let of = if table.is_bits() { table.words().to_owned() } else { format!("type \"{}\"", encoding.word()) };
            form.reject(key, format!("`{key}` has no meaning for {of}"), "remove it, or correct the type");
        }
    }
    let [_, (_, has_bit), _, (_, has_length)] = there;
    if bit && !has_bit {
        form.reject("bit", "a bool in a register needs its bit", "write bit = 0 to 15, 0 is the lowest");
    }
    if length && !has_length {
        form.reject("length", "a text needs its length in registers", "write for example length = 8");
    }
    if matches!(encoding, Encoding::Text(Order::Cdab | Order::Dcba, _)) {
        form.reject("order", "a text is not written backwards", "write \"abcd\", or \"badc\" for swapped bytes");
    }
    let misfit = match (declared, encoding) {
        (DataType::Bool, Encoding::Bit | Encoding::RegisterBit(..)) => None,
        (DataType::Bool, _) => Some("a number does not fit a bool tag; write type = \"bool\" and the bit"),
        (DataType::Int, Encoding::F32(_) | Encoding::F64(_)) => Some("declare the tag as float"),
        (DataType::Int | DataType::Float, Encoding::Text(..)) => Some("declare the tag as text"),
        (DataType::Int | DataType::Float, _) => None,
        (DataType::Text, Encoding::Text(..)) => None,
        (DataType::Text, Encoding::F32(_) | Encoding::F64(_)) => Some("declare the tag as float"),
        (DataType::Text, _) if form.has("words") => None,
        (DataType::Text, _) => Some("write type = \"string\", or the `words` for the numbers, or declare it as int"),
    };
    if let Some(remedy) = misfit {
        form.reject("type", format!("the register's type does not fit a tag of type {}", word(declared)), remedy);
    }
    Some(encoding)
}

fn word(declared: DataType) -> &'static str {
    match declared {
        DataType::Bool => "bool",
        DataType::Int => "int",
        DataType::Float => "float",
        DataType::Text => "text",
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
