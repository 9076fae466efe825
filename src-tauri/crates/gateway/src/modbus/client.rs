//! One question and its answer, checked to the last register.
//!
//! After any error and any time-out the connection is gone: a late answer would still be in it, and could be taken for
//! the answer to the next question. That rule is in the types: a question takes the connection, and only a sound answer
//! gives it back.

use std::borrow::Cow;
use std::io;

use model::ErrorKind;
use tokio_modbus::client::{Client as _, Context};
use tokio_modbus::slave::{Slave, SlaveContext as _};
use tokio_modbus::{Error, ExceptionCode, ProtocolError, Request, Response};

use super::address::Table;
use crate::attempt::Lost;
use crate::socket::broken;
use crate::tls;

/// What is asked of a unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    /// Functions 01 to 04.
    Read(Table, u16, u16),
    /// Function 05.
    SetCoil(u16, bool),
    /// Function 06.
    SetRegister(u16, u16),
    /// Function 15.
    SetCoils(u16, Vec<bool>),
    /// Function 16.
    SetRegisters(u16, Vec<u16>),
    /// Function 22: these bits of a register shall be those.
    SetBits { at: u16, mask: u16, bits: u16 },
    /// Function 23: written first, then read.
    SetAndRead(u16, Vec<u16>),
}

/// What a device said.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// As many as were asked for.
    Bits(Vec<bool>),
    /// As many as were asked for.
    Registers(Vec<u16>),
    /// It confirms what it was told, word for word.
    Confirmed,
    /// It could not or would not.
    Exception(ExceptionCode),
}

impl Question {
    /// The function code.
    pub(super) fn function(&self) -> u8 {
        match self {
            Question::Read(Table::Coils, ..) => 1,
            Question::Read(Table::DiscreteInputs, ..) => 2,
            Question::Read(Table::HoldingRegisters, ..) => 3,
            Question::Read(Table::InputRegisters, ..) => 4,
            Question::SetCoil(..) => 5,
            Question::SetRegister(..) => 6,
            Question::SetCoils(..) => 15,
            Question::SetRegisters(..) => 16,
            Question::SetBits { .. } => 22,
            Question::SetAndRead(..) => 23,
        }
    }

    /// The bytes of content in the answer, where there is content.
    pub(super) fn content(&self) -> usize {
        match self {
            Question::Read(table, _, count) if table.is_bits() => usize::from(count.div_ceil(8)),
            Question::Read(_, _, count) => usize::from(*count) * 2,
            Question::SetAndRead(_, values) => values.len() * 2,
            Question::SetCoil(..)
            | Question::SetRegister(..)
            | Question::SetCoils(..)
            | Question::SetRegisters(..)
            | Question::SetBits { .. } => 4,
        }
    }

    /// The bytes of a question and its answer on a serial line, generously.
    pub(super) fn on_the_line(&self) -> usize {
        let told = match self {
            Question::SetCoils(_, values) => values.len() / 8,
            Question::SetRegisters(_, values) | Question::SetAndRead(_, values) => values.len() * 2,
            Question::Read(..) | Question::SetCoil(..) | Question::SetRegister(..) | Question::SetBits { .. } => 0,
        };
        self.content() + told + 24
    }

    /// Whether it may be asked again without doing something twice.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Question::Read(..))
    }

    /// Where, for messages.
    pub(super) fn words(&self) -> String {
        let (table, start, count) = match self {
            Question::Read(table, start, count) => (*table, *start, usize::from(*count)),
            Question::SetCoil(at, _) => (Table::Coils, *at, 1),
            Question::SetRegister(at, _) | Question::SetBits { at, .. } => (Table::HoldingRegisters, *at, 1),
            Question::SetCoils(at, values) => (Table::Coils, *at, values.len()),
            Question::SetRegisters(at, values) | Question::SetAndRead(at, values) => {
                (Table::HoldingRegisters, *at, values.len())
            }
        };
        match count {
            1 => format!("{}, {start}", table.words()),
            _ => format!("{}, {start} to {}", table.words(), usize::from(start) + count - 1),
        }
    }

    fn request(&self) -> Request<'_> {
        match self {
            Question::Read(Table::Coils, start, count) => Request::ReadCoils(*start, *count),
            Question::Read(Table::DiscreteInputs, start, count) => Request::ReadDiscreteInputs(*start, *count),
            Question::Read(Table::HoldingRegisters, start, count) => Request::ReadHoldingRegisters(*start, *count),
            Question::Read(Table::InputRegisters, start, count) => Request::ReadInputRegisters(*start, *count),
            Question::SetCoil(at, on) => Request::WriteSingleCoil(*at, *on),
            Question::SetRegister(at, value) => Request::WriteSingleRegister(*at, *value),
            Question::SetCoils(at, values) => Request::WriteMultipleCoils(*at, Cow::Borrowed(values)),
            Question::SetRegisters(at, values) => Request::WriteMultipleRegisters(*at, Cow::Borrowed(values)),
            Question::SetBits { at, mask, bits } => Request::MaskWriteRegister(*at, !mask, *bits),
            Question::SetAndRead(at, values) => {
                Request::ReadWriteMultipleRegisters(*at, length(values), *at, Cow::Borrowed(values))
            }
        }
    }

    /// The content asked for and the words told, or nothing: the library lets any number of registers and any echo pass.
    fn check(&self, response: Response) -> Result<Answer, Lost> {
        let is_echo = match (self, &response) {
            (Question::SetCoil(at, on), Response::WriteSingleCoil(echo, value)) => (at, on) == (echo, value),
            (Question::SetRegister(at, value), Response::WriteSingleRegister(echo, other)) => {
                (at, value) == (echo, other)
            }
            (Question::SetCoils(at, values), Response::WriteMultipleCoils(echo, count)) => {
                at == echo && usize::from(*count) == values.len()
            }
            (Question::SetRegisters(at, values), Response::WriteMultipleRegisters(echo, count)) => {
                at == echo && usize::from(*count) == values.len()
            }
            (Question::SetBits { at, mask, bits }, Response::MaskWriteRegister(echo, and, or)) => {
                at == echo && !mask == *and && bits == or
            }
            (Question::Read(..) | Question::SetAndRead(..), _) => return self.content_of(response),
            _ => return Err(Lost::new(ErrorKind::Protocol, OTHER_QUESTION)),
        };
        if is_echo {
            return Ok(Answer::Confirmed);
        }
        let words = format!("the device confirms something else than it was told ({})", self.words());
        Err(Lost::new(ErrorKind::Protocol, words))
    }

    fn content_of(&self, response: Response) -> Result<Answer, Lost> {
        let (wanted, got) = match (self, response) {
            (Question::Read(Table::Coils, _, count), Response::ReadCoils(mut bits))
            | (Question::Read(Table::DiscreteInputs, _, count), Response::ReadDiscreteInputs(mut bits)) => {
                let wanted = usize::from(*count);
                // Bits come in whole bytes.
                if bits.len() == wanted.next_multiple_of(8) {
                    bits.truncate(wanted);
                    return Ok(Answer::Bits(bits));
                }
                (wanted, bits.len())
            }
            (Question::Read(Table::InputRegisters, _, count), Response::ReadInputRegisters(registers))
            | (Question::Read(Table::HoldingRegisters, _, count), Response::ReadHoldingRegisters(registers)) => {
                if registers.len() == usize::from(*count) {
                    return Ok(Answer::Registers(registers));
                }
                (usize::from(*count), registers.len())
            }
            (Question::SetAndRead(_, values), Response::ReadWriteMultipleRegisters(registers)) => {
                if registers.len() == values.len() {
                    return Ok(Answer::Registers(registers));
                }
                (values.len(), registers.len())
            }
            _ => return Err(Lost::new(ErrorKind::Protocol, OTHER_QUESTION)),
        };
        let words = format!("the device answers with {got} instead of {wanted} ({})", self.words());
        Err(Lost::new(ErrorKind::Protocol, words))
    }
}

const OTHER_QUESTION: &str = "the device answers to another question than was asked";

fn length(values: &[u16]) -> u16 {
    u16::try_from(values.len()).expect("a value has few registers")
}

/// Asks, for as long as it takes. Gives the connection back if the answer was sound.
pub(super) async fn ask(mut context: Context, unit: u8, question: &Question) -> Result<(Context, Answer), Lost> {
    context.set_slave(Slave(unit));
    match context.call(question.request()).await {
        Ok(Ok(response)) => question.check(response).map(|answer| (context, answer)),
        Ok(Err(exception)) => Ok((context, Answer::Exception(exception))),
        Err(error) => Err(lost(&error)),
    }
}

fn lost(error: &Error) -> Lost {
    match error {
        Error::Protocol(ProtocolError::HeaderMismatch { .. }) => {
            Lost::new(ErrorKind::Protocol, "the device answers to another request than was asked, or for another unit")
        }
        Error::Protocol(ProtocolError::FunctionCodeMismatch { .. }) => {
            Lost::new(ErrorKind::Protocol, "the device answers with another function than was asked")
        }
        Error::Transport(error) => transport(error),
    }
}

fn transport(error: &io::Error) -> Lost {
    // A device may look at this station's certificate only after its own part of the handshake.
    if let Some(lost) = tls::in_words(error) {
        return lost;
    }
    match error.kind() {
        io::ErrorKind::TimedOut
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput => broken(error),
        // A reply that ends before its own length says so.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            Lost::new(ErrorKind::Protocol, "the device sends incomplete answers")
        }
        // For an orderly end the library reports whatever the thread's last system error was.
        _ => Lost::new(ErrorKind::Lost, "the device closed the connection"),
    }
}
