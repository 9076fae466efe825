//! What a device answers and what a plant file says of it, as whatever bytes.

use model::DataType;

use super::address::{Address, Device};
use super::registers::decode;
use crate::fuzz::{assert_finite, assert_said, document, point};

/// A plant file's document, as the address of a tag and as a device's settings.
pub fn modbus_address(data: &[u8]) {
    let Some(settings) = document(data) else { return };
    match Device::read(&settings) {
        Ok(device) => assert!(!device.host.is_empty()),
        Err(rejections) => assert_said(&rejections),
    }
    for data_type in [DataType::Bool, DataType::Int, DataType::Float, DataType::Text] {
        match Address::read(&point(settings.clone(), data_type), 1) {
            Ok(address) => {
                let end = u32::from(address.register) + u32::from(address.encoding.cells());
                assert!(end <= 65_536, "a value that reaches beyond the last register: {address:?}");
            }
            Err(rejections) => assert_said(&rejections),
        }
    }
}

/// The registers of an answer, read as the document before the first zero byte says.
pub fn modbus_reply(data: &[u8]) {
    let Some(at) = data.iter().position(|byte| *byte == 0) else { return };
    let (address, answer) = (&data[..at], &data[at + 1..]);
    let Some(settings) = document(address) else { return };
    let registers: Vec<u16> = answer.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    for data_type in [DataType::Bool, DataType::Int, DataType::Float, DataType::Text] {
        let Ok(address) = Address::read(&point(settings.clone(), data_type), 1) else { continue };
        let cells = usize::from(address.encoding.cells());
        for registers in [&registers[..], &registers[..cells.min(registers.len())]] {
            let value = decode(registers, address.encoding);
            assert!(value.is_err() || registers.len() == cells, "a value of too many or too few registers: {value:?}");
            assert_finite(value.ok().as_ref());
        }
    }
}
