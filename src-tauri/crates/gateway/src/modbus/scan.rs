//! Looking around on a line: which units answer, and what a stretch of registers could mean.
//!
//! | path | shows | options |
//! |---|---|---|
//! | `` | units | `units`: which ones to ask, such as `"1-247"`; without it, those that the plant names |
//! | `unit/7` | its tables | |
//! | `unit/7/holding` | its registers, as they stand and in the four byte orders | `start`, `count` |
//!
//! A scan is made of single questions between the polls: in the time that these leave, or in a fifth of it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use model::{Browse, Browsed, DataType, ErrorKind, Offer, Settings, Value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::address::Table;
use super::client::{Answer, Question};
use super::device::Base;
use super::exception::{Remedy, meaning};
use super::poll::Poll;
use super::registers::{Encoding, Order, decode};
use crate::attempt::Lost;
use crate::form::Form;

/// A scan ends by then, with what it found.
const LONGEST: Duration = Duration::from_secs(50);
/// How long a unit has to say that it is there, where its time-out is not even shorter.
const UNIT_LIMIT: Duration = Duration::from_millis(300);
/// Questions for one stretch of cells: where some of them do not exist it is halved again and again.
const MOST_QUESTIONS: usize = 60;
/// Cells shown where nobody says how many.
const CELLS: i64 = 64;

/// A scan under way.
pub(super) struct Scan {
    reply: oneshot::Sender<Result<Browsed, String>>,
    steps: VecDeque<Step>,
    offers: Vec<Offer>,
    remark: String,
    asked: usize,
    until: Instant,
    /// Not before then, unless there is time anyway.
    not_before: Instant,
    limit: Duration,
}

/// One question of a scan.
#[derive(Clone, Copy)]
enum Step {
    Unit(u8),
    Cells { unit: u8, table: Table, start: u16, count: u16 },
}

impl Scan {
    fn new(reply: oneshot::Sender<Result<Browsed, String>>, steps: VecDeque<Step>, limit: Duration) -> Scan {
        let now = Instant::now();
        let (offers, remark) = (Vec::new(), String::new());
        Scan { reply, steps, offers, remark, asked: 0, until: now + LONGEST, not_before: now, limit }
    }

    /// When the next step may go, with the next poll at `due`.
    pub(super) fn may_go_at(&self, due: Instant) -> Instant {
        let now = Instant::now();
        if due >= now + self.limit { now } else { self.not_before }
    }

    fn finish(mut self) {
        let more = self.offers.len().saturating_sub(Browsed::MOST);
        self.offers.truncate(Browsed::MOST);
        // Whoever asked may have gone.
        let _gone = self.reply.send(Ok(Browsed { offers: self.offers, more, remark: self.remark }));
    }
}

impl Poll<'_> {
    /// Begins to look around, or answers at once where nothing has to be asked.
    pub(super) async fn browse(
        &mut self,
        browse: Browse,
        reply: oneshot::Sender<Result<Browsed, String>>,
    ) -> Result<(), Lost> {
        if self.scan.as_ref().is_some_and(|scan| !scan.reply.is_closed()) {
            let _gone = reply.send(Err("another scan is running on this gateway".into()));
            return Ok(());
        }
        self.scan = None;
        match self.steps(&browse) {
            Ok(Found::At(browsed)) => drop(reply.send(Ok(browsed))),
            Ok(Found::ByAsking(steps, limit)) => self.scan = Some(Scan::new(reply, steps, limit)),
            Err(words) => drop(reply.send(Err(words))),
        }
        Ok(())
    }

    fn steps(&self, browse: &Browse) -> Result<Found, String> {
        let mut form = Form::new(&browse.options);
        let timeout = self.modbus.device.timing.timeout;
        let parts: Vec<&str> = browse.path.split('/').filter(|part| !part.is_empty()).collect();
        let found = match parts.as_slice() {
            [] => match form.number_or_text("units") {
                Some(units) => {
                    let known = self.modbus.device.line.units();
                    let units = unit_list(&units)?.into_iter().filter(|unit| known.contains(&i64::from(*unit)));
                    Found::ByAsking(units.map(Step::Unit).collect(), timeout.min(UNIT_LIMIT))
                }
                None => Found::At(self.named_units()),
            },
            ["unit", unit] => Found::At(tables(unit_id(unit)?)),
            ["unit", unit, table] => {
                let unit = unit_id(unit)?;
                let table = Table::ALL.into_iter().find(|known| known.word() == *table);
                let table = table.ok_or_else(|| format!("there is no table in \"{}\"", browse.path.escape_debug()))?;
                let start = form.integer("start", 0..=65_535).unwrap_or(0);
                let most = i64::try_from(Browsed::MOST).unwrap_or(i64::MAX);
                let count = form.integer("count", 1..=most).unwrap_or(CELLS).min(65_536 - start);
                Found::ByAsking(self.stretch(unit, table, start, count), timeout)
            }
            _ => return Err(format!("there is nothing at \"{}\"", browse.path.escape_debug())),
        };
        form.finish(Some(found)).map_err(|rejections| {
            rejections.into_iter().map(|rejection| rejection.message).collect::<Vec<_>>().join("; ")
        })
    }

    /// Reads of as many cells as one may have.
    fn stretch(&self, unit: u8, table: Table, start: i64, count: i64) -> VecDeque<Step> {
        let most = self.modbus.device.limits.max_registers;
        let most = usize::from(if table.is_bits() { most.saturating_mul(16).min(1_000) } else { most });
        let cells = (start..start + count).step_by(most).filter_map(|from| {
            let count = (start + count - from).min(i64::try_from(most).ok()?);
            Some(Step::Cells { unit, table, start: u16::try_from(from).ok()?, count: u16::try_from(count).ok()? })
        });
        cells.collect()
    }

    fn named_units(&self) -> Browsed {
        let mut units: BTreeSet<u8> = self.modbus.tags.iter().map(|tag| tag.address.unit).collect();
        units.insert(self.modbus.device.unit);
        let offers = units.into_iter().map(|unit| unit_offer(unit, None)).collect();
        let remark = "the units that the plant names; scan for others with their ids, such as 1-247".into();
        Browsed { offers, more: 0, remark }
    }

    /// One step of the scan.
    pub(super) async fn scan_on(&mut self) -> Result<(), Lost> {
        let Some(mut scan) = self.scan.take() else { return Ok(()) };
        let begun = Instant::now();
        let Some(step) = scan.steps.pop_front() else {
            scan.finish();
            return Ok(());
        };
        if scan.reply.is_closed() {
            return Ok(());
        }
        if begun >= scan.until || scan.asked >= MOST_QUESTIONS && matches!(step, Step::Cells { .. }) {
            scan.remark = match step {
                Step::Unit(unit) => format!("the time was not enough: units from {unit} on were not asked"),
                Step::Cells { start, .. } => format!("too many do not exist: nothing was read from {start} on"),
            };
            scan.finish();
            return Ok(());
        }
        scan.asked += 1;
        let (unit, question) = match step {
            Step::Unit(unit) => (unit, Question::Read(Table::HoldingRegisters, 0, 1)),
            Step::Cells { unit, table, start, count } => (unit, Question::Read(table, start, count)),
        };
        let asked = self.modbus.bus.ask(unit, &question, self.modbus.device.timing, scan.limit, || Ok(())).await;
        let result = match asked {
            Ok(answered) => {
                self.answered(answered.took);
                match step {
                    Step::Unit(unit) => note_unit(&mut scan, unit, &answered.answer, answered.took),
                    Step::Cells { unit, table, start, count } => {
                        self.note_cells(&mut scan, unit, table, (start, count), answered.answer);
                    }
                }
                Ok(())
            }
            // Silence is an answer too, of a scan for units. What is polled is not judged by it.
            Err(lost) if lost.kind == ErrorKind::Silent && matches!(step, Step::Unit(_)) => Ok(()),
            Err(lost) => {
                let _gone = scan.reply.send(Err(lost.words.clone()));
                return self.pause(unit, lost);
            }
        };
        let now = Instant::now();
        scan.not_before = now + (now - begun) * 4;
        if scan.steps.is_empty() {
            scan.finish();
        } else {
            self.scan = Some(scan);
        }
        result
    }

    fn note_cells(&self, scan: &mut Scan, unit: u8, table: Table, cells: (u16, u16), answer: Answer) {
        let (start, count) = cells;
        match answer {
            Answer::Exception(code) => {
                let meaning = meaning(code);
                if meaning.remedy == Remedy::Narrow && count > 1 {
                    let half = count / 2;
                    scan.steps.push_front(Step::Cells { unit, table, start: start + half, count: count - half });
                    scan.steps.push_front(Step::Cells { unit, table, start, count: half });
                } else {
                    scan.remark = format!("{}: {}", question_words(table, start, count), meaning.words);
                }
            }
            Answer::Bits(bits) => scan.offers.extend((start..).zip(bits).map(|(register, bit)| Offer {
                sample: Some(bit.to_string()),
                data_type: Some(DataType::Bool),
                ..self.cell(unit, table, register)
            })),
            Answer::Registers(registers) => {
                let offers = registers.iter().enumerate().map(|(n, register)| Offer {
                    sample: Some(register.to_string()),
                    data_type: Some(DataType::Int),
                    columns: columns(&registers[n..]),
                    ..self.cell(unit, table, start + u16::try_from(n).unwrap_or_default())
                });
                scan.offers.extend(offers);
            }
            Answer::Confirmed => {}
        }
    }

    /// A cell, with the address it would have in the plant file.
    fn cell(&self, unit: u8, table: Table, register: u16) -> Offer {
        let device = &self.modbus.device;
        let counted = match device.base {
            Base::Zero => u32::from(register),
            Base::One => u32::from(register) + 1,
        };
        let mut address = Settings::new();
        address.insert("table".into(), table.word().into());
        address.insert("register".into(), counted.into());
        if unit != device.unit {
            address.insert("unit".into(), unit.into());
        }
        let digit = match table {
            Table::Coils => 0,
            Table::DiscreteInputs => 1,
            Table::InputRegisters => 3,
            Table::HoldingRegisters => 4,
        };
        Offer {
            path: format!("unit/{unit}/{}/{register}", table.word()),
            name: format!("{digit}x{:05}", u32::from(register) + 1),
            address: Some(address),
            writable: table.is_writable(),
            ..Offer::default()
        }
    }
}

/// What a look takes.
enum Found {
    At(Browsed),
    ByAsking(VecDeque<Step>, Duration),
}

fn question_words(table: Table, start: u16, count: u16) -> String {
    Question::Read(table, start, count).words()
}

fn note_unit(scan: &mut Scan, unit: u8, answer: &Answer, took: Duration) {
    let words = match answer {
        Answer::Exception(code) => {
            let meaning = meaning(*code);
            if meaning.remedy == Remedy::LeaveAlone {
                return;
            }
            meaning.words.to_owned()
        }
        Answer::Registers(_) | Answer::Bits(_) | Answer::Confirmed => "answers".to_owned(),
    };
    scan.offers.push(unit_offer(unit, Some((words, took))));
}

fn unit_offer(unit: u8, answer: Option<(String, Duration)>) -> Offer {
    let columns = answer.iter().map(|(_, took)| ("time".to_owned(), format!("{:.1} ms", took.as_secs_f64() * 1e3)));
    Offer {
        path: format!("unit/{unit}"),
        name: format!("unit {unit}"),
        has_more: true,
        columns: columns.collect(),
        sample: answer.map(|(words, _)| words),
        ..Offer::default()
    }
}

fn tables(unit: u8) -> Browsed {
    let offers = Table::ALL.into_iter().map(|table| Offer {
        path: format!("unit/{unit}/{}", table.word()),
        name: table.words().into(),
        has_more: true,
        writable: table.is_writable(),
        ..Offer::default()
    });
    Browsed { offers: offers.collect(), ..Browsed::default() }
}

/// What a register, alone and with the one after it, could mean.
fn columns(registers: &[u16]) -> Vec<(String, String)> {
    let words = |value: Result<Value, _>| value.map_or_else(|_| "–".to_owned(), |value| value.to_string());
    let one = &registers[..1];
    let mut columns = vec![
        ("u16".to_owned(), words(decode(one, Encoding::U16(Order::Abcd)))),
        ("i16".to_owned(), words(decode(one, Encoding::I16(Order::Abcd)))),
        ("hex".to_owned(), format!("{:04X}", registers[0])),
    ];
    if let Some(two) = registers.get(..2) {
        for order in Order::ALL {
            for encoding in [Encoding::U32(order), Encoding::I32(order), Encoding::F32(order)] {
                columns.push((format!("{} {}", encoding.word(), order.word()), words(decode(two, encoding))));
            }
        }
    }
    columns
}

fn unit_id(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("\"{}\" is not a unit", text.escape_debug()))
}

/// Reads `1-247`, `3`, `1, 5-9`.
fn unit_list(text: &str) -> Result<BTreeSet<u8>, String> {
    let mut units = BTreeSet::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        units.extend(unit_id(first.trim())?..=unit_id(last.trim())?);
    }
    if units.is_empty() { Err("no unit is named; write for example 1-247".into()) } else { Ok(units) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_listed_singly_and_from_to() {
        let list = |text: &str| unit_list(text).map(|units| units.into_iter().collect::<Vec<_>>());
        assert_eq!(list("1, 5-7,255"), Ok(vec![1, 5, 6, 7, 255]));
        assert_eq!(list("1-247").map(|units| units.len()), Ok(247));
        for wrong in ["", "a", "1-", "256", "7-5", "1--2"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_register_is_shown_in_the_four_orders() {
        let columns = columns(&[0x41C8, 0x0000, 7]);
        let of = |caption: &str| columns.iter().find(|(name, _)| name == caption).map(|(_, words)| words.as_str());
        assert_eq!((of("u16"), of("hex"), of("f32 abcd")), (Some("16840"), Some("41C8"), Some("25")));
        assert_eq!((of("u32 cdab"), of("i32 dcba")), (Some("16840"), Some("51265")));
        assert_eq!(columns.len(), 15);
        assert_eq!(super::columns(&[0x8000]).len(), 3, "the last one has no neighbour");
        let not_a_number = super::columns(&[0x7FC0, 0]);
        assert!(not_a_number.contains(&("f32 abcd".into(), "–".into())), "{not_a_number:?}");
    }
}
