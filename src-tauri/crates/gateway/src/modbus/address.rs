//! What the plant file says of a device and of a tag on it.

use std::time::Duration;

use model::{DataType, Point, Rejection, Settings};

use super::registers::{Encoding, Order};
use crate::convert::check_scaling;
use crate::form::Form;

/// The standard port.
const PORT: u16 = 502;
/// The most registers one request may ask for (Modbus Application Protocol V1.1b3, 6.3 and 6.4).
pub(super) const MOST_REGISTERS: u16 = 125;
/// The most bits one request may ask for (6.1 and 6.2).
pub(super) const MOST_BITS: u16 = 2_000;

/// A device's settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Device {
    pub(super) host: String,
    pub(super) port: u16,
    /// The unit id of tags that name none.
    pub(super) unit: u8,
    pub(super) poll: Duration,
    /// For one answer.
    pub(super) timeout: Duration,
    pub(super) limits: Limits,
}

/// How far neighbouring tags are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Registers that nobody asked for and that may be read to join two tags; bits sixteen times as many.
    pub(super) max_gap: u16,
    /// Registers in one request.
    pub(super) max_registers: u16,
}

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
}

impl Table {
    /// Whether its cells are single bits.
    pub(super) fn is_bits(self) -> bool {
        match self {
            Table::Coils | Table::DiscreteInputs => true,
            Table::InputRegisters | Table::HoldingRegisters => false,
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
}

impl Device {
    pub(super) fn read(settings: &Settings) -> Result<Device, Vec<Rejection>> {
        let mut form = Form::new(settings);
        let host = form.host();
        let port = form.port(PORT);
        let unit = form.integer("unit", 0..=255).and_then(|unit| u8::try_from(unit).ok());
        let poll_ms = form.integer("poll_ms", 20..=3_600_000).unwrap_or(1_000);
        let timeout_ms = form.integer("timeout_ms", 50..=5_000).unwrap_or(1_000);
        let max_gap = form.integer("max_gap", 0..=120).and_then(|gap| u16::try_from(gap).ok());
        // A 64-bit value fills four registers and is never split.
        let max_registers = form.integer("max_registers", 4..=i64::from(MOST_REGISTERS));
        let read = host.zip(port).map(|(host, port)| Device {
            host,
            port,
            unit: unit.unwrap_or(1),
            poll: Duration::from_millis(poll_ms.unsigned_abs()),
            timeout: Duration::from_millis(timeout_ms.unsigned_abs()),
            limits: Limits {
                max_gap: max_gap.unwrap_or(8),
                max_registers: max_registers.and_then(|n| u16::try_from(n).ok()).unwrap_or(MOST_REGISTERS),
            },
        });
        form.finish(read)
    }
}

impl Address {
    /// Reads a tag's address; `unit` is the device's, for a tag that names none.
    pub(super) fn read(point: &Point, unit: u8) -> Result<Address, Vec<Rejection>> {
        let mut form = Form::new(&point.address);
        let table = table(&mut form);
        let register = form.required_integer("register", 0..=65_535).and_then(|register| u16::try_from(register).ok());
        let own_unit = form.integer("unit", 0..=255).and_then(|unit| u8::try_from(unit).ok());
        let encoding = table.and_then(|table| encoding(&mut form, table, point.data_type));
        if let (Some(register), Some(encoding)) = (register, encoding)
            && u32::from(register) + u32::from(encoding.cells()) > 65_536
        {
            form.reject(
                "register",
                format!("a value of {} registers does not fit at {register}: the last one is 65535", encoding.cells()),
                "correct the register; it counts from 0",
            );
        }
        let read = table.zip(register).zip(encoding).map(|((table, register), encoding)| Address {
            unit: own_unit.unwrap_or(unit),
            table,
            register,
            encoding,
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

fn table(form: &mut Form<'_>) -> Option<Table> {
    form.required_text("table", "holding")?;
    form.choice(
        "table",
        &[
            ("holding", Table::HoldingRegisters),
            ("input", Table::InputRegisters),
            ("coil", Table::Coils),
            ("discrete", Table::DiscreteInputs),
        ],
    )
}

/// A type's encoding, once its order and its bit are known.
type MakeEncoding = fn(Order, u8) -> Encoding;

/// Type, order and bit together, because each makes sense only with the others.
fn encoding(form: &mut Form<'_>, table: Table, declared: DataType) -> Option<Encoding> {
    let has_bit = form.has("bit");
    let has_order = form.has("order");
    let types: [(&'static str, MakeEncoding); 9] = [
        ("u16", |order, _| Encoding::U16(order)),
        ("i16", |order, _| Encoding::I16(order)),
        ("u32", |order, _| Encoding::U32(order)),
        ("i32", |order, _| Encoding::I32(order)),
        ("u64", |order, _| Encoding::U64(order)),
        ("i64", |order, _| Encoding::I64(order)),
        ("f32", |order, _| Encoding::F32(order)),
        ("f64", |order, _| Encoding::F64(order)),
        ("bool", |order, bit| Encoding::RegisterBit(order, bit)),
    ];
    let has_type = form.has("type");
    let make = form.choice("type", &types);
    let orders = [("abcd", Order::Abcd), ("badc", Order::Badc), ("cdab", Order::Cdab), ("dcba", Order::Dcba)];
    let order = form.choice("order", &orders).unwrap_or(Order::Abcd);
    let bit = form.integer("bit", 0..=15).and_then(|bit| u8::try_from(bit).ok());
    if has_type && make.is_none() {
        return None;
    }
    let encoding = if table.is_bits() {
        if make.is_some_and(|make| !matches!(make(order, 0), Encoding::RegisterBit(..))) {
            form.reject("type", format!("{} hold single bits", table.words()), "write type = \"bool\" or leave it out");
        }
        for (key, is_there) in [("order", has_order), ("bit", has_bit)] {
            if is_there {
                form.reject(key, format!("`{key}` has no meaning for {}", table.words()), "remove it");
            }
        }
        Encoding::Bit
    } else {
        make.map_or(Encoding::U16(order), |make| make(order, bit.unwrap_or(0)))
    };
    let wants_bit = matches!(encoding, Encoding::RegisterBit(..));
    if wants_bit && !has_bit {
        form.reject("bit", "a bool in a register needs its bit", "write bit = 0 to 15, 0 is the lowest");
    }
    if has_bit && !wants_bit && !table.is_bits() {
        form.reject("bit", "`bit` goes with type = \"bool\" only", "write type = \"bool\", or remove `bit`");
    }
    let misfit = match (declared, encoding) {
        (DataType::Bool, Encoding::Bit | Encoding::RegisterBit(..)) => None,
        (DataType::Bool, _) => Some("a number does not fit a bool tag; write type = \"bool\" and the bit"),
        (DataType::Int, Encoding::F32(_) | Encoding::F64(_)) => Some("declare the tag as float"),
        (DataType::Int | DataType::Float, _) => None,
        (DataType::Text, _) => Some("Modbus carries no texts; declare the tag as int, float or bool"),
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
mod tests {
    use model::TagIndex;

    use super::*;

    fn read(data_type: DataType, address: &str) -> Result<Address, Vec<String>> {
        let point = Point {
            tag: TagIndex(0),
            id: "line/speed".into(),
            data_type,
            scaling: None,
            address: serde_json::from_str(address).expect("a document"),
            write: None,
        };
        Address::read(&point, 9).map_err(|all| all.into_iter().filter_map(|r| r.key).collect())
    }

    #[test]
    fn addresses_have_defaults() {
        let address = |table, register, encoding| Ok(Address { unit: 9, table, register, encoding });
        let float = |text| read(DataType::Float, text);
        assert_eq!(
            float(r#"{"table":"holding","register":7}"#),
            address(Table::HoldingRegisters, 7, Encoding::U16(Order::Abcd))
        );
        assert_eq!(
            float(r#"{"table":"input","register":65532,"type":"f64","order":"dcba"}"#),
            address(Table::InputRegisters, 65_532, Encoding::F64(Order::Dcba))
        );
        assert_eq!(
            read(DataType::Bool, r#"{"table":"coil","register":65535}"#),
            address(Table::Coils, 65_535, Encoding::Bit)
        );
        assert_eq!(float(r#"{"table":"input","register":0,"unit":3}"#).map(|address| address.unit), Ok(3));
    }

    #[test]
    fn addresses_that_cannot_work_are_refused_with_their_key() {
        use DataType::{Bool, Float, Int, Text};
        for (data_type, address, keys) in [
            (Float, r"{}", &["table", "register"][..]),
            (Float, r#"{"table":"holding","register":65536}"#, &["register"]),
            (Float, r#"{"table":"holding","register":-1}"#, &["register"]),
            (Float, r#"{"table":"holding","register":40001.5}"#, &["register"]),
            (Float, r#"{"table":"holding","register":65535,"type":"f32"}"#, &["register"]),
            (Float, r#"{"table":"4x","register":1}"#, &["table"]),
            (Float, r#"{"table":"holding","register":1,"type":"bcd"}"#, &["type"]),
            (Float, r#"{"table":"holding","register":1,"order":"acbd"}"#, &["order"]),
            (Float, r#"{"table":"coil","register":1,"type":"u16"}"#, &["type"]),
            (Bool, r#"{"table":"coil","register":1,"order":"abcd","bit":1}"#, &["order", "bit"]),
            (Bool, r#"{"table":"holding","register":1}"#, &["type"]),
            (Bool, r#"{"table":"holding","register":1,"type":"bool"}"#, &["bit"]),
            (Bool, r#"{"table":"holding","register":1,"type":"bool","bit":16}"#, &["bit"]),
            (Int, r#"{"table":"holding","register":1,"type":"f32"}"#, &["type"]),
            (Int, r#"{"table":"holding","register":1,"bit":3}"#, &["bit"]),
            (Text, r#"{"table":"holding","register":1}"#, &["type"]),
            (Float, r#"{"table":"holding","register":1,"adress":1}"#, &["adress"]),
        ] {
            let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(read(data_type, address), Err(keys), "{address}");
        }
    }

    #[test]
    fn a_device_needs_a_host_and_sane_limits() {
        let read = |text: &str| Device::read(&serde_json::from_str(text).expect("a document"));
        let device = read(r#"{"host":"plc"}"#).expect("enough");
        assert_eq!(
            (device.port, device.unit, device.poll.as_millis(), device.timeout.as_millis()),
            (502, 1, 1_000, 1_000)
        );
        for text in [
            r"{}",
            r#"{"host":"p","max_registers":126}"#,
            r#"{"host":"p","max_registers":3}"#,
            r#"{"host":"p","poll_ms":0}"#,
            r#"{"host":"p","timeout_ms":60000}"#,
            r#"{"host":"p","unit":256}"#,
            r#"{"host":"p","retries":2}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
