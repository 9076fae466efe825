//! A value on its way into a device: checked, sent once, and read back.
//!
//! The echo of a write only proves that the device received it, so every write is read back and compared register by
//! register. Nothing is ever sent twice.

use std::time::Duration;

use model::{DataType, Write, Written};
use tokio_modbus::ExceptionCode;

use super::address::{PartWrite, Table};
use super::bus::Answered;
use super::client::{Answer as Said, Question};
use super::device::Functions;
use super::exception::meaning;
use super::plan::Wanted;
use super::poll::Poll;
use super::registers::{Raw, decode, encode};
use crate::attempt::Lost;
use crate::requests::Answer;

/// A device may take a moment to show what it was told: it is read back after these times, until it does.
const READ_BACK: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250)];

/// What the device shows of a tag.
struct Shown {
    /// Whether it is what was written.
    is_it: bool,
    words: String,
}

impl Poll<'_> {
    /// Writes a value and answers what became of it. Ends with an error only where the link is lost.
    pub(super) async fn write(&mut self, write: Write, mut answer: Answer) -> Result<(), Lost> {
        let Some(tag) = self.modbus.tags.iter().find(|tag| tag.tag == write.tag) else {
            answer.give(Written::Refused("the tag's address cannot be used".into()));
            return Ok(());
        };
        let raw = match prepare(tag, &write) {
            Ok(raw) => raw,
            Err(words) => {
                answer.give(Written::Refused(words));
                return Ok(());
            }
        };
        let unit = tag.address.unit;
        if self.modbus.bus.left_alone_until(unit).is_some() {
            answer.give(Written::Refused(format!("unit {unit} does not answer")));
            return Ok(());
        }
        let question = match self.command(tag, &raw).await {
            Ok(Ok(question)) => question,
            Ok(Err(words)) => {
                answer.give(Written::Refused(words));
                return Ok(());
            }
            Err(lost) => {
                answer.give(Written::Refused(format!("it could not be sent: {}", lost.words)));
                return self.pause(unit, lost);
            }
        };
        let (written, lost) = self.send(tag, &raw, &question, &write, &mut answer).await;
        answer.give(written);
        self.hurry(tag);
        match lost {
            Some(lost) => self.pause(unit, lost),
            None => Ok(()),
        }
    }

    /// The question that writes, or why there is none.
    async fn command(&mut self, tag: &Wanted, raw: &Raw) -> Result<Result<Question, String>, Lost> {
        let (at, functions) = (tag.address.register, self.modbus.device.functions);
        let registers = |values: Vec<u16>| match (functions, values.as_slice()) {
            (Functions::Single, [value]) => Question::SetRegister(at, *value),
            (Functions::Single | Functions::Multiple, _) => Question::SetRegisters(at, values),
            (Functions::ReadWrite, _) => Question::SetAndRead(at, values),
        };
        Ok(Ok(match raw {
            Raw::Bit(on) if functions == Functions::Single => Question::SetCoil(at, *on),
            Raw::Bit(on) => Question::SetCoils(at, vec![*on]),
            Raw::Registers(values) => registers(values.clone()),
            Raw::Part { mask, bits } => match tag.address.part_write {
                PartWrite::Mask => Question::SetBits { at, mask: *mask, bits: *bits },
                PartWrite::ReadModifyWrite => match self.read_now(tag).await?.answer {
                    Said::Registers(now) if now.len() == 1 => registers(vec![now[0] & !mask | bits]),
                    Said::Exception(code) => return Ok(Err(meaning(code).words.into())),
                    Said::Registers(_) | Said::Bits(_) | Said::Confirmed => {
                        return Ok(Err("the device does not show the rest of the register".into()));
                    }
                },
            },
        }))
    }

    /// Sends the question and finds out what became of it. The loss that comes with it is for the poll.
    async fn send(
        &mut self,
        tag: &Wanted,
        raw: &Raw,
        question: &Question,
        write: &Write,
        answer: &mut Answer,
    ) -> (Written, Option<Lost>) {
        let (unit, timing) = (tag.address.unit, self.modbus.device.timing);
        let mut is_sent = false;
        let last_look = || {
            if self.attempt.now().uptime >= write.expires {
                return Err(Lost::new(model::ErrorKind::Refused, "the command expired"));
            }
            is_sent = true;
            answer.sent();
            Ok(())
        };
        let asked = self.modbus.bus.ask(unit, question, timing, timing.timeout, last_look).await;
        match asked {
            Err(lost) if !is_sent && lost.kind == model::ErrorKind::Refused => {
                (Written::Refused("it expired before it could be sent".into()), None)
            }
            Err(lost) if !is_sent => (Written::Refused(format!("it could not be sent: {}", lost.words)), Some(lost)),
            Err(lost) => {
                let now = match self.show(tag, raw).await {
                    Ok(shown) => format!("; the device now reads {}", shown.words),
                    Err(_) => String::new(),
                };
                (Written::Unknown(format!("{}{now}", lost.words)), Some(lost))
            }
            Ok(Answered { answer: said, took }) => {
                self.answered(took);
                self.judge(tag, raw, said).await
            }
        }
    }

    async fn judge(&mut self, tag: &Wanted, raw: &Raw, said: Said) -> (Written, Option<Lost>) {
        match said {
            Said::Exception(code) => match code {
                ExceptionCode::IllegalFunction if matches!(raw, Raw::Part { .. }) => {
                    let words = "the device cannot write single bits (exception 01 to function 22); \
                                 bit_write = \"read-modify-write\" at the tag's address lets Andon do it";
                    (Written::Refused(words.into()), None)
                }
                ExceptionCode::IllegalFunction
                | ExceptionCode::IllegalDataAddress
                | ExceptionCode::IllegalDataValue
                | ExceptionCode::ServerDeviceBusy => (Written::Refused(meaning(code).words.into()), None),
                // The device goes on working on it.
                ExceptionCode::Acknowledge => self.confirm(tag, raw).await,
                ExceptionCode::ServerDeviceFailure
                | ExceptionCode::MemoryParityError
                | ExceptionCode::GatewayPathUnavailable
                | ExceptionCode::GatewayTargetDevice
                | ExceptionCode::Custom(_) => {
                    let now = match self.show(tag, raw).await {
                        Ok(shown) => format!("; the device now reads {}", shown.words),
                        Err(lost) => return (Written::Unknown(meaning(code).words.into()), Some(lost)),
                    };
                    (Written::Unknown(format!("{}{now}", meaning(code).words)), None)
                }
            },
            // Function 23 reads back in the same request.
            Said::Registers(registers) if holds(raw, &Said::Registers(registers.clone())) => (Written::Done, None),
            Said::Confirmed | Said::Registers(_) | Said::Bits(_) => self.confirm(tag, raw).await,
        }
    }

    /// Reads back until the device shows the value.
    async fn confirm(&mut self, tag: &Wanted, raw: &Raw) -> (Written, Option<Lost>) {
        let mut words = String::new();
        for wait in READ_BACK {
            tokio::time::sleep(wait).await;
            match self.show(tag, raw).await {
                Ok(Shown { is_it: true, .. }) => return (Written::Done, None),
                Ok(shown) => words = shown.words,
                Err(lost) => {
                    let words = format!("the device took it, and it could not be read back: {}", lost.words);
                    return (Written::Unknown(words), Some(lost));
                }
            }
        }
        (Written::NotConfirmed(format!("the device reads {words}")), None)
    }

    /// Reads what the device holds for a tag.
    async fn show(&mut self, tag: &Wanted, raw: &Raw) -> Result<Shown, Lost> {
        let said = self.read_now(tag).await?.answer;
        let words = match &said {
            Said::Registers(registers) => match decode(registers, tag.address.encoding).and_then(|x| tag.value(x)) {
                Ok((value, _)) => value.to_string(),
                Err(_) => registers.iter().map(|register| format!("0x{register:04X}")).collect::<Vec<_>>().join(" "),
            },
            Said::Bits(bits) => format!("{}", bits.first().copied().unwrap_or_default()),
            Said::Exception(code) => format!("nothing: {}", meaning(*code).words),
            Said::Confirmed => "nothing".into(),
        };
        Ok(Shown { is_it: holds(raw, &said), words })
    }

    async fn read_now(&mut self, tag: &Wanted) -> Result<Answered, Lost> {
        let (address, timing) = (tag.address, self.modbus.device.timing);
        let question = Question::Read(address.table, address.register, address.encoding.cells());
        let answered = self.modbus.bus.ask(address.unit, &question, timing, timing.timeout, || Ok(())).await?;
        self.answered(answered.took);
        Ok(answered)
    }
}

/// What is to be sent for a value, or why it is not to be.
fn prepare(tag: &Wanted, write: &Write) -> Result<Raw, String> {
    let policy = tag.write.ok_or("the tag is read only")?;
    let value = write.value.clone().into_type(tag.data_type).map_err(|quality| quality.words())?;
    policy.check(&value)?;
    debug_assert!(matches!(tag.address.table, Table::Coils | Table::HoldingRegisters), "checked with the address");
    let encoding = tag.address.encoding;
    let raw = encode(&tag.mapping.invert(&value, tag.scaling, encoding)?, encoding)?;
    // A float goes to the nearest that the register can hold; an integer is written exactly or not at all.
    if tag.data_type == DataType::Int {
        let registers = match &raw {
            Raw::Bit(_) => return Ok(raw),
            Raw::Registers(registers) => registers.clone(),
            Raw::Part { bits, .. } => vec![*bits],
        };
        let (nearest, _) = decode(&registers, encoding).and_then(|raw| tag.value(raw)).map_err(|q| q.words())?;
        if nearest != value {
            return Err(format!("the device cannot hold {value}; the nearest it can is {nearest}"));
        }
    }
    Ok(raw)
}

/// Whether an answer shows a raw value.
fn holds(raw: &Raw, said: &Said) -> bool {
    match (raw, said) {
        (Raw::Bit(on), Said::Bits(bits)) => bits.as_slice() == [*on],
        (Raw::Registers(values), Said::Registers(registers)) => values == registers,
        (Raw::Part { mask, bits }, Said::Registers(registers)) => registers.len() == 1 && registers[0] & mask == *bits,
        (Raw::Bit(_) | Raw::Registers(_) | Raw::Part { .. }, _) => false,
    }
}
