//! A PLC with memory, which can be told to misbehave. It speaks Modbus TCP and RTU over TCP.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    Tcp,
    Rtu,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Sound,
    /// It is carried out, and the answer never comes.
    Unanswered,
    /// It is carried out, and the connection closed.
    Closed,
    /// It is confirmed and not carried out.
    Ignored,
    /// It is carried out and confirmed with another value.
    WrongEcho,
    /// It is refused with an exception.
    Refused(u8),
    /// It is carried out, and its answer has a byte that is not right.
    Garbled,
}

/// A request without its frame.
#[derive(Clone, Debug)]
pub struct Asked {
    pub unit: u8,
    pub function: u8,
    /// What follows the function.
    pub rest: Vec<u8>,
}

impl Asked {
    pub fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.rest[at], self.rest[at + 1]])
    }

    pub fn is_write(&self) -> bool {
        matches!(self.function, 5 | 6 | 15 | 16 | 22 | 23)
    }
}

/// What it holds and what it was told.
#[derive(Debug)]
pub struct Memory {
    pub registers: Vec<u16>,
    pub coils: Vec<bool>,
    /// Every write that was carried out.
    pub writes: Vec<Asked>,
}

/// The PLC.
pub struct Plc {
    pub port: u16,
    memory: Arc<Mutex<Memory>>,
    pub connections: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Plc {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Plc {
    /// Starts one with 1,000 registers and coils; `fate` decides on each request.
    pub async fn start(frames: Frames, fate: impl Fn(&Asked) -> Fate + Send + Sync + 'static) -> Plc {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let memory = Memory { registers: vec![0; 1_000], coils: vec![false; 1_000], writes: Vec::new() };
        let (memory, connections) = (Arc::new(Mutex::new(memory)), Arc::new(AtomicU64::new(0)));
        let (own, count, fate) = (Arc::clone(&memory), Arc::clone(&connections), Arc::new(fate));
        let task = tokio::spawn(async move {
            // Its connections end with it.
            let mut serving = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Relaxed);
                serving.spawn(serve(stream, frames, Arc::clone(&own), Arc::clone(&fate)));
            }
        });
        Plc { port, memory, connections, task }
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("sound")
    }
}

async fn serve(mut stream: TcpStream, frames: Frames, memory: Arc<Mutex<Memory>>, fate: Arc<impl Fn(&Asked) -> Fate>) {
    loop {
        let read = match frames {
            Frames::Tcp => read_tcp(&mut stream).await,
            Frames::Rtu => read_rtu(&mut stream).await.map(|asked| (0, asked)),
        };
        let Ok((transaction, asked)) = read else { return };
        let fate = fate(&asked);
        let pdu = match fate {
            Fate::Refused(code) => vec![asked.function | 0x80, code],
            Fate::Ignored if asked.is_write() => echo(&asked),
            Fate::Sound | Fate::Unanswered | Fate::Closed | Fate::Ignored | Fate::WrongEcho | Fate::Garbled => {
                memory.lock().expect("sound").carry_out(&asked)
            }
        };
        match fate {
            Fate::Unanswered => continue,
            Fate::Closed => return,
            Fate::Sound | Fate::Ignored | Fate::WrongEcho | Fate::Refused(_) | Fate::Garbled => {}
        }
        let mut frame = [&[asked.unit][..], &pdu].concat();
        if fate == Fate::WrongEcho
            && let Some(last) = frame.last_mut()
        {
            *last ^= 1;
        }
        let mut bytes = match frames {
            Frames::Tcp => {
                let length = u16::try_from(frame.len()).expect("short");
                [[transaction, 0, length].map(u16::to_be_bytes).concat(), frame].concat()
            }
            Frames::Rtu => [&frame[..], &checksum(&frame)].concat(),
        };
        if fate == Fate::Garbled {
            // In the transaction, or in the checksum.
            let at = if frames == Frames::Tcp { 0 } else { bytes.len() - 1 };
            bytes[at] ^= 0x40;
        }
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

impl Memory {
    fn carry_out(&mut self, asked: &Asked) -> Vec<u8> {
        let (at, count) = (usize::from(asked.word(0)), usize::from(asked.word(2)));
        let words = |from: usize| -> Vec<u16> {
            asked.rest[from..].chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
        };
        let end = if asked.function == 5 || asked.function == 6 || asked.function == 22 { at + 1 } else { at + count };
        if end > self.registers.len() {
            return vec![asked.function | 0x80, 2];
        }
        if asked.is_write() {
            self.writes.push(asked.clone());
        }
        match asked.function {
            1 | 2 => {
                let bytes: Vec<u8> = self.coils[at..end]
                    .chunks(8)
                    .map(|chunk| chunk.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)))
                    .collect();
                [&[asked.function, u8::try_from(bytes.len()).expect("short")][..], &bytes].concat()
            }
            3 | 4 => self.show(asked.function, at, end),
            5 => {
                self.coils[at] = asked.word(2) == 0xFF00;
                echo(asked)
            }
            6 => {
                self.registers[at] = asked.word(2);
                echo(asked)
            }
            15 => {
                for n in 0..count {
                    self.coils[at + n] = asked.rest[5 + n / 8] >> (n % 8) & 1 == 1;
                }
                echo(asked)
            }
            16 => {
                self.registers[at..end].copy_from_slice(&words(5));
                echo(asked)
            }
            22 => {
                let (and, or) = (asked.word(2), asked.word(4));
                self.registers[at] = self.registers[at] & and | or & !and;
                echo(asked)
            }
            23 => {
                let (to, values) = (usize::from(asked.word(4)), words(9));
                self.registers[to..to + values.len()].copy_from_slice(&values);
                self.show(23, at, end)
            }
            _ => vec![asked.function | 0x80, 1],
        }
    }

    fn show(&self, function: u8, at: usize, end: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self.registers[at..end].iter().flat_map(|register| register.to_be_bytes()).collect();
        [&[function, u8::try_from(bytes.len()).expect("short")][..], &bytes].concat()
    }
}

/// What a write is confirmed with: its beginning, or all of a mask.
fn echo(asked: &Asked) -> Vec<u8> {
    let length = if asked.function == 22 { 6 } else { 4 };
    [&[asked.function][..], &asked.rest[..length]].concat()
}

async fn read_tcp(stream: &mut TcpStream) -> std::io::Result<(u16, Asked)> {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let mut rest = vec![0; length - 2];
    stream.read_exact(&mut rest).await?;
    Ok((u16::from_be_bytes([header[0], header[1]]), Asked { unit: header[6], function: header[7], rest }))
}

async fn read_rtu(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let mut frame = vec![0; 2];
    stream.read_exact(&mut frame).await?;
    let more = match frame[1] {
        15 | 16 => 5,
        22 => 6,
        23 => 9,
        _ => 4,
    };
    more_of(stream, &mut frame, more).await?;
    let count = if matches!(frame[1], 15 | 16 | 23) { usize::from(frame[frame.len() - 1]) } else { 0 };
    more_of(stream, &mut frame, count + 2).await?;
    let (content, crc) = frame.split_at(frame.len() - 2);
    assert_eq!(crc, checksum(content), "the request's checksum");
    Ok(Asked { unit: content[0], function: content[1], rest: content[2..].to_vec() })
}

async fn more_of(stream: &mut TcpStream, frame: &mut Vec<u8>, bytes: usize) -> std::io::Result<usize> {
    let from = frame.len();
    frame.resize(from + bytes, 0);
    stream.read_exact(&mut frame[from..]).await
}

/// Modbus over Serial Line V1.02, 6.2.2.
pub fn checksum(frame: &[u8]) -> [u8; 2] {
    let crc = frame.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    });
    crc.to_le_bytes()
}
