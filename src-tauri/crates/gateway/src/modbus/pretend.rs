//! A line in memory with units on it, for tests in virtual time.
//!
//! As on a real serial line, questions are worked off one after another, and an answer with serial frames goes to whoever
//! is connected when it is ready, however late that is. One with TCP frames goes to who asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::bus::Bus;
use super::device::Line;

/// A question as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) unit: u8,
    pub(super) function: u8,
    pub(super) start: u16,
    pub(super) count: u16,
    /// How many came before it.
    pub(super) number: u64,
    transaction: u16,
    connection: u64,
}

/// What a unit does with a question.
pub(super) enum Does {
    /// Answers with the registers' own numbers, after so long.
    Answers(Duration),
    /// Keeps the line busy for so long and says nothing.
    Nothing(Duration),
    /// Refuses, after so long.
    Refuses(u8, Duration),
    /// Ends the connection.
    HangsUp,
}

/// What travels on it.
pub(super) fn serial_frames() -> Line {
    Line::RtuOverTcp { host: "memory".into(), port: 1 }
}

/// What travels on it.
pub(super) fn tcp_frames() -> Line {
    Line::Tcp { host: "memory".into(), port: 1 }
}

/// The connection that is open, by its number.
#[derive(Default)]
struct Open {
    number: u64,
    writes: Option<WriteHalf<DuplexStream>>,
    listening: Option<AbortHandle>,
}

/// A bus to units that do as told.
pub(super) fn bus(line: &Line, does: impl Fn(Asked) -> Does + Send + 'static) -> Bus {
    let (questions, work) = mpsc::unbounded_channel();
    let open = Arc::new(Mutex::new(Open::default()));
    let numbered = line.numbers_requests();
    // The bus may be made outside of a runtime, so the work begins with the first connection.
    let work = Mutex::new(Some((work, does)));
    Bus::in_memory(line, move || {
        let (near, far) = duplex(4_096);
        let (reads, writes) = split(far);
        let mut now = open.lock().expect("sound");
        now.number += 1;
        now.writes = Some(writes);
        now.listening = Some(tokio::spawn(listen(reads, now.number, numbered, questions.clone())).abort_handle());
        if let Some((work, does)) = work.lock().expect("sound").take() {
            tokio::spawn(answer(work, does, numbered, Arc::clone(&open)));
        }
        near
    })
}

async fn listen(
    mut reads: ReadHalf<DuplexStream>,
    connection: u64,
    numbered: bool,
    questions: mpsc::UnboundedSender<Asked>,
) {
    // Reads only, which are all of one length.
    let (mut header, mut pdu) = ([0; 6], [0; 6]);
    loop {
        if numbered && reads.read_exact(&mut header).await.is_err() || reads.read_exact(&mut pdu).await.is_err() {
            return;
        }
        if !numbered {
            let mut crc = [0; 2];
            if reads.read_exact(&mut crc).await.is_err() {
                return;
            }
            assert_eq!(crc, checksum(&pdu), "the question's checksum");
        }
        let word = |at: usize| u16::from_be_bytes([pdu[at], pdu[at + 1]]);
        let asked = Asked {
            unit: pdu[0],
            function: pdu[1],
            start: word(2),
            count: word(4),
            number: 0,
            transaction: u16::from_be_bytes([header[0], header[1]]),
            connection,
        };
        if questions.send(asked).is_err() {
            return;
        }
    }
}

async fn answer(
    mut work: mpsc::UnboundedReceiver<Asked>,
    does: impl Fn(Asked) -> Does,
    numbered: bool,
    open: Arc<Mutex<Open>>,
) {
    let mut number = 0;
    while let Some(asked) = work.recv().await {
        let asked = Asked { number, ..asked };
        number += 1;
        let (pdu, after) = match does(asked) {
            Does::Answers(after) => (content(asked), after),
            Does::Refuses(code, after) => (vec![asked.function | 0x80, code], after),
            Does::Nothing(after) => {
                tokio::time::sleep(after).await;
                continue;
            }
            Does::HangsUp => {
                let mut now = open.lock().expect("sound");
                now.writes = None;
                now.listening.take().inspect(AbortHandle::abort);
                continue;
            }
        };
        tokio::time::sleep(after).await;
        let mut frame = vec![asked.unit];
        frame.extend(pdu);
        if numbered {
            let length = u16::try_from(frame.len()).expect("short");
            let header = [asked.transaction, 0, length].map(u16::to_be_bytes).concat();
            frame.splice(0..0, header);
        } else {
            frame.extend(checksum(&frame));
        }
        let taken = {
            let mut now = open.lock().expect("sound");
            if numbered && now.number != asked.connection { None } else { now.writes.take() }
        };
        if let Some(mut writes) = taken {
            // Nobody may be listening any more.
            let _sent = writes.write_all(&frame).await;
            open.lock().expect("sound").writes.get_or_insert(writes);
        }
    }
}

/// Each register holds its own number; each coil whether that is odd.
fn content(asked: Asked) -> Vec<u8> {
    let bytes: Vec<u8> = if asked.function <= 2 {
        let bits: Vec<bool> = (0..asked.count).map(|n| (asked.start + n) % 2 == 1).collect();
        bits.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    } else {
        (0..asked.count).flat_map(|n| (asked.start + n).to_be_bytes()).collect()
    };
    let mut pdu = vec![asked.function, u8::try_from(bytes.len()).expect("short")];
    pdu.extend(bytes);
    pdu
}

/// Modbus over Serial Line V1.02, 6.2.2.
fn checksum(frame: &[u8]) -> [u8; 2] {
    let crc = frame.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    });
    crc.to_le_bytes()
}
