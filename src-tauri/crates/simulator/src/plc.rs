//! A real Modbus TCP server on loopback, reading from the PLC's image, that can be frozen.
//!
//! Frozen, it keeps its connections and goes on reading requests, but answers none: the hardest failure to notice.
//! Of all it holds, only the speed setpoints can be written.

use std::future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::prelude::{ExceptionCode, Request, Response, SlaveRequest};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::Server;

use crate::registers::{Absent, Content, Image, Setpoint, Table};

/// The PLC's changing part.
#[derive(Debug, Default)]
struct Memory {
    image: Arc<Image>,
    /// Written and not taken over by the line yet, the newest last.
    written: Vec<Setpoint>,
    frozen: bool,
}

/// The PLC: what it holds, and whether it answers. Clones are the same PLC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plc {
    memory: Arc<Mutex<Memory>>,
}

/// Most that one request may ask for (Modbus Application Protocol V1.1b3, 6.1 to 6.4).
const MOST_BITS: u16 = 2_000;
const MOST_WORDS: u16 = 125;

impl Plc {
    /// Replaces the whole memory at once, but for what was written meanwhile.
    pub(crate) fn load(&self, image: Image) {
        self.with(|memory| memory.image = Arc::new(memory.written.iter().fold(image, Image::with)));
    }

    /// What was written since the last call, oldest first.
    pub(crate) fn take_written(&self) -> Vec<Setpoint> {
        self.with(|memory| std::mem::take(&mut memory.written))
    }

    fn write(&self, setpoint: Setpoint) -> Result<(), ExceptionCode> {
        if !setpoint.station.can_run_at(setpoint.speed) {
            return Err(ExceptionCode::IllegalDataValue);
        }
        self.with(|memory| {
            // Of each machine the newest counts.
            memory.written.retain(|older| older.station != setpoint.station);
            memory.written.push(setpoint);
            memory.image = Arc::new(Image::clone(&memory.image).with(&setpoint));
        });
        Ok(())
    }

    /// Stops answering.
    pub(crate) fn freeze(&self) {
        self.with(|memory| memory.frozen = true);
    }

    /// Answers again.
    pub(crate) fn thaw(&self) {
        self.with(|memory| memory.frozen = false);
    }

    /// Whether it does not answer.
    pub(crate) fn is_frozen(&self) -> bool {
        self.with(|memory| memory.frozen)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        // Nothing under this lock can panic half-way, so that the memory is whole even if the lock says otherwise.
        act(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves until dropped; then all connections close.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let server = Server::new(listener);
        let accept = |stream: TcpStream, _peer: SocketAddr| {
            let plc = self.clone();
            async move { Ok(Some((plc, stream))) }
        };
        let on_error = |error: std::io::Error| tracing::debug!(%error, "a connection to the demo's PLC broke");
        if let Err(error) = server.serve(&accept, on_error).await {
            tracing::warn!(%error, "the demo's PLC no longer accepts connections");
        }
    }

    fn answer(&self, unit: u8, request: &Request<'_>) -> Result<Option<Response>, ExceptionCode> {
        let (image, frozen) = self.with(|memory| (Arc::clone(&memory.image), memory.frozen));
        if frozen {
            return Ok(None);
        }
        let (table, from, count) = match *request {
            Request::ReadCoils(from, count) => (Table::Coil, from, count),
            Request::ReadDiscreteInputs(from, count) => (Table::Discrete, from, count),
            Request::ReadInputRegisters(from, count) => (Table::Input, from, count),
            Request::ReadHoldingRegisters(from, count) => (Table::Holding, from, count),
            Request::WriteSingleRegister(at, word) => {
                self.write(Setpoint::of(unit, at, &[word]).map_err(exception)?)?;
                return Ok(Some(Response::WriteSingleRegister(at, word)));
            }
            Request::WriteMultipleRegisters(at, ref words) => {
                self.write(Setpoint::of(unit, at, words).map_err(exception)?)?;
                return Ok(Some(Response::WriteMultipleRegisters(at, 1)));
            }
            // The crate's enum, not ours: whatever else it holds is refused.
            _ => return Err(ExceptionCode::IllegalFunction),
        };
        let most = match table {
            Table::Coil | Table::Discrete => MOST_BITS,
            Table::Input | Table::Holding => MOST_WORDS,
        };
        if !(1..=most).contains(&count) {
            return Err(ExceptionCode::IllegalDataValue);
        }
        match (table, image.read(unit, table, from, count)) {
            (Table::Coil, Ok(Content::Bits(bits))) => Ok(Some(Response::ReadCoils(bits))),
            (_, Ok(Content::Bits(bits))) => Ok(Some(Response::ReadDiscreteInputs(bits))),
            (Table::Input, Ok(Content::Words(words))) => Ok(Some(Response::ReadInputRegisters(words))),
            (_, Ok(Content::Words(words))) => Ok(Some(Response::ReadHoldingRegisters(words))),
            (_, Err(absent)) => Err(exception(absent)),
        }
    }
}

fn exception(absent: Absent) -> ExceptionCode {
    match absent {
        Absent::Address => ExceptionCode::IllegalDataAddress,
        Absent::Unit => ExceptionCode::GatewayTargetDevice,
    }
}

impl Service for Plc {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = future::Ready<Result<Self::Response, Self::Exception>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        future::ready(self.answer(request.slave, &request.request))
    }
}
