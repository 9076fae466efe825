//! What the plant file says of a device: how it is reached, and how it likes to be asked.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use model::{GatewaySpec, Rejection};

use crate::form::Form;
use crate::tls::Tls;

/// The protocol's words in a plant file, by how the bytes travel.
pub(crate) const TCP: &str = "modbus-tcp";
pub(crate) const RTU: &str = "modbus-rtu";
pub(crate) const RTU_TCP: &str = "modbus-rtu-tcp";

/// The standard ports, in the clear and over TLS.
const PORT: u16 = 502;
const TLS_PORT: u16 = 802;
/// The most registers one request may ask for (Modbus Application Protocol V1.1b3, 6.3 and 6.4).
pub(super) const MOST_REGISTERS: u16 = 125;
/// The most bits one request may ask for (6.1 and 6.2).
pub(super) const MOST_BITS: u16 = 2_000;

/// A device's settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Device {
    pub(super) line: Line,
    /// The unit id of tags that name none.
    pub(super) unit: u8,
    /// Of tags that name none.
    pub(super) poll: Duration,
    pub(super) timing: Timing,
    pub(super) limits: Limits,
    pub(super) base: Base,
    pub(super) functions: Functions,
}

/// The physical link. Gateways of equal lines share one connection and one queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Line {
    /// Modbus TCP.
    Tcp { host: String, port: u16 },
    /// Modbus/TCP Security: the same inside TLS.
    Tls { host: String, port: u16, tls: Tls },
    /// The frames of a serial line inside a TCP connection.
    RtuOverTcp { host: String, port: u16 },
    /// A serial line.
    Serial(Serial),
}

/// A serial port and how it is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Serial {
    pub(super) device: String,
    pub(super) baud: u32,
    pub(super) parity: Parity,
    pub(super) data_bits: u8,
    pub(super) stop_bits: u8,
}

/// The parity bit of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Parity {
    None,
    Even,
    Odd,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// For one answer.
    pub(super) timeout: Duration,
    /// After an error, before the next request on a line whose answers carry no number: what is late comes meanwhile.
    pub(super) turnaround: Duration,
}

/// How far neighbouring tags are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Registers that nobody asked for and that may be read to join two tags; bits sixteen times as many.
    pub(super) max_gap: u16,
    /// Registers in one request.
    pub(super) max_registers: u16,
}

/// From where the plant file counts registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// From 0, as on the wire.
    Zero,
    /// From 1, as in many manuals.
    One,
}

/// Which functions a device is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Functions {
    /// 05 and 06 for one cell, 16 for more.
    Single,
    /// 15 and 16 only.
    Multiple,
    /// 23 for registers, which reads back in the same request; 15 for coils.
    ReadWrite,
}

impl Device {
    pub(super) fn read(spec: &GatewaySpec) -> Result<Device, Vec<Rejection>> {
        let mut form = Form::new(&spec.settings);
        let line = match spec.kind.as_str() {
            RTU => serial(&mut form).map(Line::Serial),
            RTU_TCP => endpoint(&mut form, PORT).map(|(host, port)| Line::RtuOverTcp { host, port }),
            _ => tcp(&mut form),
        };
        let units = line.as_ref().map_or(0..=255, Line::units);
        let unit = form.integer("unit", units).and_then(|unit| u8::try_from(unit).ok());
        let poll_ms = form.integer("poll_ms", 20..=3_600_000).unwrap_or(1_000);
        let timeout_ms = form.integer("timeout_ms", 50..=5_000).unwrap_or(1_000);
        // Modbus TCP numbers its requests; there is nothing to wait for.
        let turnaround_ms = match line {
            Some(Line::Tcp { .. } | Line::Tls { .. }) | None if spec.kind == TCP => 0,
            Some(_) | None => form.integer("turnaround_ms", 0..=10_000).unwrap_or(1_000),
        };
        let max_gap = form.integer("max_gap", 0..=120).and_then(|gap| u16::try_from(gap).ok());
        // A 64-bit value fills four registers and is never split.
        let max_registers = form.integer("max_registers", 4..=i64::from(MOST_REGISTERS));
        let is_one_based = form.flag("one_based").unwrap_or(false);
        let functions = form.choice(
            "write_functions",
            &[("single", Functions::Single), ("multiple", Functions::Multiple), ("read-write", Functions::ReadWrite)],
        );
        let read = line.map(|line| Device {
            line,
            unit: unit.unwrap_or(1),
            poll: Duration::from_millis(poll_ms.unsigned_abs()),
            timing: Timing {
                timeout: Duration::from_millis(timeout_ms.unsigned_abs()),
                turnaround: Duration::from_millis(turnaround_ms.unsigned_abs()),
            },
            limits: Limits {
                max_gap: max_gap.unwrap_or(8),
                max_registers: max_registers.and_then(|n| u16::try_from(n).ok()).unwrap_or(MOST_REGISTERS),
            },
            base: if is_one_based { Base::One } else { Base::Zero },
            functions: functions.unwrap_or(Functions::Single),
        });
        form.finish(read)
    }
}

fn tcp(form: &mut Form<'_>) -> Option<Line> {
    match Tls::read(form) {
        Some(tls) => endpoint(form, TLS_PORT).map(|(host, port)| Line::Tls { host, port, tls }),
        None => endpoint(form, PORT).map(|(host, port)| Line::Tcp { host, port }),
    }
}

fn endpoint(form: &mut Form<'_>, standard: u16) -> Option<(String, u16)> {
    let host = form.host();
    let port = form.port(standard);
    host.zip(port)
}

fn serial(form: &mut Form<'_>) -> Option<Serial> {
    let device = form.required_text("device", "/dev/ttyUSB0");
    if device.is_some_and(|device| device.is_empty() || device.contains('\0')) {
        form.reject("device", "`device` names no serial port", "write for example device = \"/dev/ttyUSB0\"");
    }
    let baud = form.integer("baud", 300..=4_000_000).and_then(|baud| u32::try_from(baud).ok());
    let parity = form.choice("parity", &[("none", Parity::None), ("even", Parity::Even), ("odd", Parity::Odd)]);
    let data_bits = form.integer("data_bits", 7..=8).and_then(|bits| u8::try_from(bits).ok());
    let stop_bits = form.integer("stop_bits", 1..=2).and_then(|bits| u8::try_from(bits).ok());
    if data_bits == Some(7) {
        form.reject("data_bits", "RTU needs all 8 bits of a character", "write data_bits = 8 or remove it");
    }
    // The standard's own defaults: 19200, even, and two stop bits only where there is no parity
    // (Modbus over Serial Line V1.02, 2.5.1).
    let parity = parity.unwrap_or(Parity::Even);
    Some(Serial {
        device: device?.to_owned(),
        baud: baud.unwrap_or(19_200),
        parity,
        data_bits: data_bits.unwrap_or(8),
        stop_bits: stop_bits.unwrap_or(1),
    })
}

impl Line {
    /// The unit ids that can be asked: on a serial line 0 speaks to all, and nobody answers; those above 247 are reserved
    /// (Modbus over Serial Line V1.02, 2.2).
    pub(super) fn units(&self) -> RangeInclusive<i64> {
        match self {
            Line::Tcp { .. } | Line::Tls { .. } => 0..=255,
            Line::RtuOverTcp { .. } | Line::Serial(_) => 1..=247,
        }
    }

    /// Whether an answer carries the number of its request. Where it does not, a late one looks like any other.
    pub(super) fn numbers_requests(&self) -> bool {
        match self {
            Line::Tcp { .. } | Line::Tls { .. } => true,
            Line::RtuOverTcp { .. } | Line::Serial(_) => false,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Tcp { host, port } => write!(f, "Modbus TCP, {host}, port {port}"),
            Line::Tls { host, port, .. } => write!(f, "Modbus TCP over TLS, {host}, port {port}"),
            Line::RtuOverTcp { host, port } => write!(f, "Modbus RTU over TCP, {host}, port {port}"),
            Line::Serial(port) => {
                let parity = match port.parity {
                    Parity::None => 'N',
                    Parity::Even => 'E',
                    Parity::Odd => 'O',
                };
                let Serial { device, baud, data_bits, stop_bits, .. } = port;
                write!(f, "Modbus RTU, {device}, {baud} {data_bits}{parity}{stop_bits}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, text: &str) -> Result<Device, Vec<Rejection>> {
        let settings = serde_json::from_str(text).expect("a document");
        Device::read(&GatewaySpec { id: "g".into(), name: "G".into(), kind: kind.into(), settings })
    }

    #[test]
    fn a_device_needs_a_host_and_sane_limits() {
        let device = read(TCP, r#"{"host":"plc"}"#).expect("enough");
        assert_eq!(device.line, Line::Tcp { host: "plc".into(), port: 502 });
        assert_eq!((device.unit, device.poll.as_millis(), device.timing.timeout.as_millis()), (1, 1_000, 1_000));
        for text in [
            r"{}",
            r#"{"host":"p","max_registers":126}"#,
            r#"{"host":"p","max_registers":3}"#,
            r#"{"host":"p","poll_ms":0}"#,
            r#"{"host":"p","timeout_ms":60000}"#,
            r#"{"host":"p","unit":256}"#,
            r#"{"host":"p","retries":2}"#,
            r#"{"host":"p","turnaround_ms":1000}"#,
            r#"{"host":"p","baud":9600}"#,
            r#"{"host":"p","one_based":1}"#,
        ] {
            assert!(read(TCP, text).is_err(), "{text}");
        }
    }

    #[test]
    fn tls_has_a_port_of_its_own() {
        let device = read(TCP, r#"{"host":"plc","tls":true}"#).expect("enough");
        assert_eq!(device.line.to_string(), "Modbus TCP over TLS, plc, port 802");
        assert!(device.line.numbers_requests());
        assert!(read(RTU_TCP, r#"{"host":"plc","tls":true}"#).is_err());
    }

    #[test]
    fn a_serial_line_has_the_defaults_of_the_standard() {
        let device = read(RTU, r#"{"device":"/dev/ttyUSB0"}"#).expect("enough");
        assert_eq!(device.line.to_string(), "Modbus RTU, /dev/ttyUSB0, 19200 8E1");
        assert_eq!(device.timing.turnaround, Duration::from_secs(1));
        let device = read(RTU, r#"{"device":"COM3","baud":9600,"parity":"none","stop_bits":2}"#).expect("enough");
        assert_eq!(device.line.to_string(), "Modbus RTU, COM3, 9600 8N2");
        for text in [
            r"{}",
            r#"{"device":"d","unit":0}"#,
            r#"{"device":"d","unit":248}"#,
            r#"{"device":""}"#,
            r#"{"device":"d","data_bits":7}"#,
            r#"{"device":"d","host":"p"}"#,
        ] {
            assert!(read(RTU, text).is_err(), "{text}");
        }
        let line = read(RTU_TCP, r#"{"host":"moxa","port":4001,"turnaround_ms":200}"#).expect("enough").line;
        assert_eq!(line, Line::RtuOverTcp { host: "moxa".into(), port: 4001 });
        assert!(!line.numbers_requests());
    }
}
