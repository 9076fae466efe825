//! What a device answers and what a plant file says of it, as whatever bytes.

use model::{DataType, GatewaySpec, Settings, Value};

use super::device::{Device, Line, RTU, RTU_TCP, TCP};
use super::plan::Wanted;
use super::registers::{Raw, decode, encode};
use crate::fuzz::{assert_finite, assert_said, document, point};

const TYPES: [DataType; 4] = [DataType::Bool, DataType::Int, DataType::Float, DataType::Text];

fn spec(kind: &str, settings: Settings) -> GatewaySpec {
    GatewaySpec { id: "g".into(), name: "G".into(), kind: kind.into(), settings }
}

fn any_device() -> Device {
    let settings = [("host".to_owned(), "plc".into())].into_iter().collect();
    Device::read(&spec(TCP, settings)).expect("a host is enough")
}

/// A plant file's document, as the address of a tag and as a device's settings.
pub fn modbus_address(data: &[u8]) {
    let Some(settings) = document(data) else { return };
    for kind in [TCP, RTU_TCP, RTU] {
        match Device::read(&spec(kind, settings.clone())) {
            Ok(Device {
                line: Line::Tcp { host, .. } | Line::Tls { host, .. } | Line::RtuOverTcp { host, .. },
                ..
            }) => {
                assert!(!host.is_empty(), "a device without a host");
            }
            Ok(Device { line: Line::Serial(_), .. }) => {}
            Err(rejections) => assert_said(&rejections),
        }
    }
    let device = any_device();
    for data_type in TYPES {
        match Wanted::read(point(settings.clone(), data_type), &device) {
            Ok(Wanted { address, .. }) => {
                let end = u32::from(address.register) + u32::from(address.encoding.cells());
                assert!(end <= 65_536, "a value that reaches beyond the last register: {address:?}");
                assert!(address.encoding.cells() <= device.limits.max_registers, "more than one request: {address:?}");
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
    let device = any_device();
    for data_type in TYPES {
        let Ok(wanted) = Wanted::read(point(settings.clone(), data_type), &device) else { continue };
        let encoding = wanted.address.encoding;
        let cells = usize::from(encoding.cells());
        for registers in [&registers[..], &registers[..cells.min(registers.len())]] {
            let Ok(raw) = decode(registers, encoding) else { continue };
            assert_eq!(registers.len(), cells, "a value of too many or too few registers: {raw:?}");
            assert_finite(Some(&raw));
            // A text is written padded, and not always in the bytes it was read from.
            if let (false, Ok(Raw::Registers(written))) = (matches!(raw, Value::Text(_)), encode(&raw, encoding)) {
                assert_eq!(decode(&written, encoding).as_ref(), Ok(&raw), "written and read back");
            }
            if let Ok((value, quality)) = wanted.value(raw) {
                assert_finite(Some(&value));
                assert!(!quality.is_bad(), "a bad value: {value:?}");
            }
        }
    }
}
