//! The PLC's memory: which reading is in which register, and how it is packed.
//!
//! Units 1 to 3 (depalletiser, capper, packer) share one layout, each with the byte order of its own make; unit 4 holds
//! what belongs to the line. Addresses are zero-based. The layout is the one that `plant/plant.toml` names.

use model::Value;

use crate::line::Station;
use crate::readings::Readings;

/// A table of the Modbus data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// Bits to read and write.
    Coil,
    /// Bits to read.
    Discrete,
    /// Words to read.
    Input,
    /// Words to read and write.
    Holding,
}

/// In which order a value's bytes are sent; A is the most significant of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Abcd,
    Badc,
    Cdab,
    Dcba,
}

/// How a value is packed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Packed {
    Bit,
    /// Unsigned, in units of the second part.
    U16(f64),
    /// Signed, in units of the second part.
    I16(f64),
    U32(Order),
    U64(Order),
    F32(Order),
    F64(Order),
}

/// One unit's memory at one moment.
#[derive(Clone, Debug, PartialEq)]
struct Unit {
    coils: Vec<bool>,
    discretes: Vec<bool>,
    inputs: Vec<u16>,
    holdings: Vec<u16>,
}

/// All units' memory at one moment. A request is answered from one image, so that no value is torn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Image {
    /// Unit 1 first.
    units: Vec<Unit>,
}

/// Bits or words that a request asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// Of coils and discrete inputs.
    Bits(Vec<bool>),
    /// Of input and holding registers.
    Words(Vec<u16>),
}

/// Why a request cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// No such unit.
    Unit,
    /// Not all of the addresses exist.
    Address,
}

/// The machines behind the PLC, unit 1 first.
const MACHINES: [Station; 3] = [Station::Depalletiser, Station::Capper, Station::Packer];
/// The holding register with the speed setpoint, and its unit of measure.
const SETPOINT: (u16, f64) = (0, 0.1);

/// The one thing that can be written: the speed that a machine should have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Setpoint {
    pub(crate) station: Station,
    /// In the machine's own units a minute.
    pub(crate) speed: f64,
    unit: u8,
    word: u16,
}

impl Setpoint {
    /// What a request to write means.
    ///
    /// # Errors
    /// [`Absent`] where nothing can be written there.
    pub(crate) fn of(unit: u8, address: u16, words: &[u16]) -> Result<Self, Absent> {
        let station = usize::from(unit).checked_sub(1).and_then(|index| MACHINES.get(index));
        let station =
            *station.ok_or(if usize::from(unit) == MACHINES.len() + 1 { Absent::Address } else { Absent::Unit })?;
        match (address, words) {
            (address, [word]) if address == SETPOINT.0 => {
                Ok(Self { station, speed: f64::from(*word) * SETPOINT.1, unit, word: *word })
            }
            _ => Err(Absent::Address),
        }
    }
}

/// Words in the input table of a unit, used or not.
const INPUTS: usize = 40;

impl Image {
    /// The memory that goes with the readings.
    pub(crate) fn of(readings: &Readings) -> Self {
        let machine = |station, order| {
            let mut unit = Unit::blank();
            let mut put = |table, address, packed, name| {
                unit.put(table, address, packed, readings.get(Some(station), name));
            };
            put(Table::Discrete, 0, Packed::Bit, "jam");
            put(Table::Holding, usize::from(SETPOINT.0), Packed::U16(SETPOINT.1), "speed_target");
            put(Table::Input, 0, Packed::U16(1.0), "state_code");
            put(Table::Input, 1, Packed::U16(0.1), "speed");
            put(Table::Input, 2, Packed::F32(order), "power");
            put(Table::Input, 4, Packed::I16(0.1), "drive_temperature");
            put(Table::Input, 5, Packed::U16(0.1), "infeed_fill");
            put(Table::Input, 8, Packed::U64(order), "good_count");
            put(Table::Input, 12, Packed::U32(order), "reject_count");
            match station {
                Station::Depalletiser => {
                    put(Table::Input, 20, Packed::U16(1.0), "layers_left");
                    put(Table::Input, 21, Packed::F32(order), "gripper_vacuum");
                }
                Station::Capper => {
                    put(Table::Input, 20, Packed::U16(0.1), "cap_level");
                    put(Table::Input, 21, Packed::F64(order), "torque");
                    put(Table::Input, 25, Packed::F32(order), "vibration");
                }
                Station::Packer => {
                    put(Table::Input, 20, Packed::F32(order), "vibration");
                    put(Table::Input, 22, Packed::I16(0.1), "bearing_temperature");
                }
                Station::Filler | Station::Labeller | Station::Palletiser => {}
            }
            unit
        };
        let mut line = Unit::blank();
        let mut put = |table, address, packed, name| line.put(table, address, packed, readings.get(None, name));
        put(Table::Coil, 0, Packed::Bit, "compressor_on");
        put(Table::Input, 0, Packed::I16(0.1), "hall_temperature");
        put(Table::Input, 1, Packed::F32(Order::Dcba), "air_pressure");
        put(Table::Holding, 0, Packed::U32(Order::Abcd), "energy");
        Self {
            units: vec![
                machine(Station::Depalletiser, Order::Abcd),
                machine(Station::Capper, Order::Cdab),
                machine(Station::Packer, Order::Badc),
                line,
            ],
        }
    }

    /// The same with a setpoint that the line has not taken over yet.
    pub(crate) fn with(mut self, setpoint: &Setpoint) -> Self {
        if let Some(unit) = usize::from(setpoint.unit).checked_sub(1).and_then(|index| self.units.get_mut(index)) {
            unit.holdings[usize::from(SETPOINT.0)] = setpoint.word;
        }
        self
    }

    /// What a request asks for.
    ///
    /// # Errors
    /// [`Absent`] where the unit or one of the addresses does not exist.
    pub(crate) fn read(&self, unit: u8, table: Table, from: u16, count: u16) -> Result<Content, Absent> {
        let unit = usize::from(unit).checked_sub(1).and_then(|index| self.units.get(index)).ok_or(Absent::Unit)?;
        let span = usize::from(from)..usize::from(from) + usize::from(count);
        let bits = |all: &Vec<bool>| all.get(span.clone()).map(|found| Content::Bits(found.to_vec()));
        let words = |all: &Vec<u16>| all.get(span.clone()).map(|found| Content::Words(found.to_vec()));
        match table {
            Table::Coil => bits(&unit.coils),
            Table::Discrete => bits(&unit.discretes),
            Table::Input => words(&unit.inputs),
            Table::Holding => words(&unit.holdings),
        }
        .ok_or(Absent::Address)
    }
}

impl Unit {
    fn blank() -> Self {
        Self { coils: vec![false; 8], discretes: vec![false; 8], inputs: vec![0; INPUTS], holdings: vec![0; 8] }
    }

    /// Packs a value into its place; one that its sensor does not say leaves zeros.
    fn put(&mut self, table: Table, address: usize, packed: Packed, value: Option<&Value>) {
        let Some(value) = value else { return };
        match table {
            Table::Coil => self.coils[address] = *value == Value::Bool(true),
            Table::Discrete => self.discretes[address] = *value == Value::Bool(true),
            Table::Input => place(&mut self.inputs, address, packed, value),
            Table::Holding => place(&mut self.holdings, address, packed, value),
        }
    }
}

fn place(registers: &mut [u16], address: usize, packed: Packed, value: &Value) {
    let words = pack(packed, value);
    registers[address..address + words.len()].copy_from_slice(&words);
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what the register holds")]
fn pack(packed: Packed, value: &Value) -> Vec<u16> {
    let number = value.number().unwrap_or(0.0);
    match packed {
        Packed::Bit => vec![u16::from(*value == Value::Bool(true))],
        Packed::U16(unit) => vec![(number / unit).round().clamp(0.0, 65_535.0) as u16],
        Packed::I16(unit) => vec![((number / unit).round().clamp(-32_768.0, 32_767.0) as i16).cast_unsigned()],
        Packed::U32(order) => ordered(&(count(value) as u32).to_be_bytes(), order),
        Packed::U64(order) => ordered(&count(value).to_be_bytes(), order),
        Packed::F32(order) => ordered(&(number as f32).to_be_bytes(), order),
        Packed::F64(order) => ordered(&number.to_be_bytes(), order),
    }
}

/// A count, exact; nothing else is packed as an integer of several words.
fn count(value: &Value) -> u64 {
    match value {
        Value::Int(x) => u64::try_from(*x).unwrap_or(0),
        Value::UInt(x) => *x,
        Value::Bool(_) | Value::Float(_) | Value::Text(_) => 0,
    }
}

/// Bytes, most significant first, as registers in an order: words first to last or last to first, and the bytes within
/// each word kept or swapped.
fn ordered(bytes: &[u8], order: Order) -> Vec<u16> {
    let mut words: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    if matches!(order, Order::Cdab | Order::Dcba) {
        words.reverse();
    }
    if matches!(order, Order::Badc | Order::Dcba) {
        for word in &mut words {
            *word = word.swap_bytes();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_orders_are_those_of_the_field() {
        let bytes = [0x0A, 0x0B, 0x0C, 0x0D];
        assert_eq!(ordered(&bytes, Order::Abcd), [0x0A0B, 0x0C0D]);
        assert_eq!(ordered(&bytes, Order::Badc), [0x0B0A, 0x0D0C]);
        assert_eq!(ordered(&bytes, Order::Cdab), [0x0C0D, 0x0A0B]);
        assert_eq!(ordered(&bytes, Order::Dcba), [0x0D0C, 0x0B0A]);
    }

    #[test]
    fn values_keep_their_sign_and_their_last_digit() {
        assert_eq!(pack(Packed::I16(0.1), &Value::Float(-12.34)), [(-123_i16).cast_unsigned()]);
        assert_eq!(pack(Packed::U16(0.1), &Value::Float(1e9)), [65_535], "held at the end, not wrapped");
        let big = Value::unsigned(4_871_960_212);
        assert_eq!(pack(Packed::U64(Order::Abcd), &big), [0, 1, 0x2264, 0x3694], "beyond 32 bits");
    }

    #[test]
    fn what_does_not_exist_is_not_answered() {
        let image = Image::of(&Readings::default());
        assert_eq!(image.read(9, Table::Input, 0, 1), Err(Absent::Unit));
        assert_eq!(image.read(0, Table::Input, 0, 1), Err(Absent::Unit));
        assert_eq!(image.read(1, Table::Input, 39, 2), Err(Absent::Address));
        assert_eq!(image.read(4, Table::Coil, 0, 1), Ok(Content::Bits(vec![false])));
    }
}
