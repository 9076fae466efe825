//! Where a register is, in the ways in which manuals write it.
//!
//! `40001`, `400001` and `4x0001` name the table by their first digit and always count from 1. `HR0`, `IR0`, `CO0` and
//! `DI0` name it by letters, and a plain or hexadecimal number leaves it to the address's `table`; these count from where
//! the device's settings say.

use super::address::Table;
use super::device::Base;

/// A place that may not say its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) table: Option<Table>,
    /// Zero-based, as on the wire.
    pub(super) register: u16,
}

const LETTERS: [(&str, Table); 8] = [
    ("HR", Table::HoldingRegisters),
    ("IR", Table::InputRegisters),
    ("CO", Table::Coils),
    ("DI", Table::DiscreteInputs),
    ("4X", Table::HoldingRegisters),
    ("3X", Table::InputRegisters),
    ("1X", Table::DiscreteInputs),
    ("0X", Table::Coils),
];

/// Reads a place. `has_table` tells whether the address names its table beside it: then plain digits are a number, and
/// not a table and a number.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn read(text: &str, has_table: bool, base: Base) -> Result<Place, String> {
    let text = text.trim();
    let upper = text.to_ascii_uppercase();
    if has_table {
        // Hexadecimal, though it could also be written for a coil.
        if let Some(digits) = upper.strip_prefix("0X") {
            let number = u32::from_str_radix(digits, 16).map_err(|_| not_a_register(text))?;
            return place(None, number, base, text);
        }
        if upper.bytes().all(|byte| byte.is_ascii_digit()) && !upper.is_empty() {
            return place(None, upper.parse().map_err(|_| not_a_register(text))?, base, text);
        }
    }
    for (n, (letters, table)) in LETTERS.into_iter().enumerate() {
        let Some(digits) = upper.strip_prefix(letters) else { continue };
        let digits = digits.trim_start_matches([' ', ':']);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_register(text));
        }
        let number = digits.parse().map_err(|_| not_a_register(text))?;
        let base = if n < 4 { base } else { Base::One };
        return place(Some(table), number, base, text);
    }
    let is_reference = matches!(upper.len(), 5 | 6) && upper.bytes().all(|byte| byte.is_ascii_digit());
    if !is_reference {
        return Err(not_a_register(text));
    }
    let (first, number) = upper.split_at(1);
    let table = match first {
        "0" => Table::Coils,
        "1" => Table::DiscreteInputs,
        "3" => Table::InputRegisters,
        "4" => Table::HoldingRegisters,
        _ => return Err(not_a_register(text)),
    };
    place(Some(table), number.parse().map_err(|_| not_a_register(text))?, Base::One, text)
}

fn place(table: Option<Table>, number: u32, base: Base, text: &str) -> Result<Place, String> {
    let zero_based = match base {
        Base::Zero => Some(number),
        Base::One => number.checked_sub(1),
    };
    let register = zero_based.and_then(|number| u16::try_from(number).ok());
    register.map(|register| Place { table, register }).ok_or_else(|| match base {
        Base::Zero => format!("there is no register \"{}\": they go from 0 to 65535", text.escape_debug()),
        Base::One => format!("there is no register \"{}\": counted from 1, they end at 65536", text.escape_debug()),
    })
}

fn not_a_register(text: &str) -> String {
    format!("\"{}\" is not a register", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_read_as_manuals_write_them() {
        use Table::{Coils, DiscreteInputs, HoldingRegisters, InputRegisters};
        let there = |table: Table, register| Ok((Some(table), register));
        for (text, base, expect) in [
            ("40001", Base::Zero, there(HoldingRegisters, 0)),
            ("40001", Base::One, there(HoldingRegisters, 0)),
            ("49999", Base::Zero, there(HoldingRegisters, 9_998)),
            ("400001", Base::Zero, there(HoldingRegisters, 0)),
            ("465536", Base::Zero, there(HoldingRegisters, 65_535)),
            ("30010", Base::Zero, there(InputRegisters, 9)),
            ("10001", Base::Zero, there(DiscreteInputs, 0)),
            ("00017", Base::Zero, there(Coils, 16)),
            ("4x0001", Base::Zero, there(HoldingRegisters, 0)),
            ("4X12", Base::Zero, there(HoldingRegisters, 11)),
            ("0x17", Base::Zero, there(Coils, 16)),
            ("HR0", Base::Zero, there(HoldingRegisters, 0)),
            ("hr1", Base::One, there(HoldingRegisters, 0)),
            ("IR 7", Base::Zero, there(InputRegisters, 7)),
            ("CO65535", Base::Zero, there(Coils, 65_535)),
            ("DI3", Base::Zero, there(DiscreteInputs, 3)),
        ] {
            let read = read(text, false, base).map(|place| (place.table, place.register));
            assert_eq!(read, expect, "{text} from {base:?}");
        }
        for (text, base, expect) in
            [("0x1F", Base::Zero, 31), ("0x1F", Base::One, 30), ("40001", Base::Zero, 40_001), ("1", Base::One, 0)]
        {
            let read = read(text, true, base);
            assert_eq!(read, Ok(Place { table: None, register: expect }), "{text} from {base:?}");
        }
    }

    #[test]
    fn what_is_no_register_is_said() {
        for (text, has_table) in [
            ("", false),
            ("", true),
            ("40000", false),
            ("400000", false),
            ("465537", false),
            ("4x0", false),
            ("4x70000", false),
            ("20001", false),
            ("1", false),
            ("4000001", false),
            ("HR", false),
            ("HR-1", false),
            ("HR65536", false),
            ("0xG", true),
            ("0x10000", true),
            ("+5", true),
            ("4x99999999999", false),
        ] {
            let wrong = read(text, has_table, Base::Zero).expect_err(text);
            assert!(wrong.contains("register"), "{wrong}");
        }
        assert!(read("0", true, Base::One).is_err());
    }
}
