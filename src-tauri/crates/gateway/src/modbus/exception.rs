//! What a device's exceptions mean for the tags of a request (Modbus Application Protocol V1.1b3, section 7).

use model::Quality;
use tokio_modbus::ExceptionCode;

/// What to do after an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The request covers something that is not there, or too much: ask for less.
    Narrow,
    /// Asking again will not help soon.
    Rest,
    /// Ask again with the next poll; the tags are bad meanwhile.
    Repeat,
    /// Ask again with the next poll; the last values stand for a while.
    Wait,
    /// The unit is not there. Where others are, it is not asked for a while, because each question costs them time.
    LeaveAlone,
}

/// An exception, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) quality: Quality,
    pub(super) words: &'static str,
    pub(super) remedy: Remedy,
}

/// Explains an exception.
pub(super) fn meaning(code: ExceptionCode) -> Meaning {
    let (quality, words, remedy) = match code {
        ExceptionCode::IllegalFunction => {
            (Quality::BAD_CONFIGURATION, "the device does not know this function (exception 01)", Remedy::Rest)
        }
        ExceptionCode::IllegalDataAddress => {
            (Quality::BAD_CONFIGURATION, "the device has no such address (exception 02)", Remedy::Narrow)
        }
        ExceptionCode::IllegalDataValue => {
            (Quality::BAD_CONFIGURATION, "the device does not accept the request (exception 03)", Remedy::Narrow)
        }
        ExceptionCode::ServerDeviceFailure => {
            (Quality::BAD_DEVICE_FAILURE, "the device reports a failure (exception 04)", Remedy::Repeat)
        }
        ExceptionCode::Acknowledge => {
            (Quality::BAD_NO_COMMUNICATION, "the device needs more time (exception 05)", Remedy::Wait)
        }
        ExceptionCode::ServerDeviceBusy => {
            (Quality::BAD_NO_COMMUNICATION, "the device is busy (exception 06)", Remedy::Wait)
        }
        ExceptionCode::MemoryParityError => {
            (Quality::BAD_DEVICE_FAILURE, "the device reports a memory error (exception 08)", Remedy::Repeat)
        }
        ExceptionCode::GatewayPathUnavailable => {
            let words = "the Modbus gateway has no path to the unit (exception 0A)";
            (Quality::BAD_NOT_CONNECTED, words, Remedy::LeaveAlone)
        }
        ExceptionCode::GatewayTargetDevice => (
            Quality::BAD_NO_COMMUNICATION,
            "the unit does not answer its Modbus gateway (exception 0B)",
            Remedy::LeaveAlone,
        ),
        ExceptionCode::Custom(_) => (Quality::BAD, "the device reports an unknown exception", Remedy::Repeat),
    };
    Meaning { quality, words, remedy }
}
