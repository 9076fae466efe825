//! One request and its answer, checked to the last register.
//!
//! After any error and any time-out the connection is gone: a late answer would still be in it, and could be taken for
//! the answer to the next question. That rule is in the types: a request takes the connection, and only a sound answer
//! gives it back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use model::ErrorKind;
use tokio::time::timeout;
use tokio_modbus::client::{Client as _, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext as _};
use tokio_modbus::{Error, ExceptionCode, ProtocolError, Request, Response};

use super::address::Table;
use super::plan::Block;
use crate::attempt::Lost;
use crate::socket::{Peer, broken};

/// For the TCP connection alone.
const CONNECT: Duration = Duration::from_secs(3);

/// A connection on which no answer is outstanding.
pub(super) struct Connection {
    context: Context,
}

/// What a device said.
#[derive(Debug)]
pub(super) enum Answer {
    /// As many as were asked for.
    Bits(Vec<bool>),
    /// As many as were asked for.
    Registers(Vec<u16>),
    /// It could not or would not.
    Exception(ExceptionCode),
}

impl Connection {
    pub(super) async fn open(peer: Arc<Peer>) -> Result<Connection, Lost> {
        let stream = peer.connect(CONNECT).await?;
        Ok(Connection { context: tcp::attach(stream) })
    }

    /// Reads a block, waiting for the answer for no longer than `limit`.
    pub(super) async fn read(mut self, block: &Block, limit: Duration) -> Result<(Connection, Answer), Lost> {
        self.context.set_slave(Slave(block.unit));
        let request = match block.table {
            Table::Coils => Request::ReadCoils(block.start, block.count),
            Table::DiscreteInputs => Request::ReadDiscreteInputs(block.start, block.count),
            Table::InputRegisters => Request::ReadInputRegisters(block.start, block.count),
            Table::HoldingRegisters => Request::ReadHoldingRegisters(block.start, block.count),
        };
        let answer = match timeout(limit, self.context.call(request)).await {
            Ok(Ok(Ok(response))) => sound(response, block)?,
            Ok(Ok(Err(exception))) => Answer::Exception(exception),
            Ok(Err(error)) => return Err(lost(&error)),
            Err(_elapsed) => {
                let words = format!("the device does not answer within {} ms ({})", limit.as_millis(), block.words());
                return Err(Lost::new(ErrorKind::Silent, words));
            }
        };
        Ok((self, answer))
    }
}

/// The cells asked for, or nothing: the library lets any number of them pass.
fn sound(response: Response, block: &Block) -> Result<Answer, Lost> {
    let wanted = usize::from(block.count);
    let got = match (block.table, response) {
        (Table::Coils, Response::ReadCoils(mut bits))
        | (Table::DiscreteInputs, Response::ReadDiscreteInputs(mut bits)) => {
            // Bits come in whole bytes.
            if bits.len() == wanted.next_multiple_of(8) {
                bits.truncate(wanted);
                return Ok(Answer::Bits(bits));
            }
            bits.len()
        }
        (Table::InputRegisters, Response::ReadInputRegisters(registers))
        | (Table::HoldingRegisters, Response::ReadHoldingRegisters(registers)) => {
            if registers.len() == wanted {
                return Ok(Answer::Registers(registers));
            }
            registers.len()
        }
        (Table::Coils | Table::DiscreteInputs | Table::InputRegisters | Table::HoldingRegisters, _) => {
            return Err(Lost::new(ErrorKind::Protocol, "the device answers to another question than was asked"));
        }
    };
    let words = format!("the device answers with {got} instead of {wanted} ({})", block.words());
    Err(Lost::new(ErrorKind::Protocol, words))
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
