//! The poll: every block in turn, what each answer means, and which units are worth asking.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use model::{ErrorKind, Quality, Sample, Timestamp, Update, Value};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Modbus;
use super::client::{Answer, Connection};
use super::exception::{Meaning, Remedy, meaning};
use super::plan::{Block, plan};
use super::registers::{self, Encoding};
use crate::attempt::{Attempt, Lost};
use crate::convert::convert;

/// A request that was refused for good is tried again after this time: the device's program may have changed.
const REST: Duration = Duration::from_secs(60);
/// A busy device's last values stand for this many polls.
const PATIENCE: u32 = 3;
/// A unit that is silent while others answer is left alone for this long, doubling up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One connection's poll. Everything it learns is forgotten with it, because a device that comes back may have been
/// given a new program.
pub(super) struct Poll<'a> {
    modbus: &'a Modbus,
    attempt: &'a Attempt,
    /// Gone after an error, until the next is made.
    connection: Option<Connection>,
    blocks: Vec<Polled>,
    units: BTreeMap<u8, Unit>,
}

/// A block, and how it fared.
struct Polled {
    block: Block,
    fault: Option<Meaning>,
    /// Not asked for before then.
    rests_until: Option<Instant>,
    /// Polls in a row that found the device busy.
    busy: u32,
}

/// A unit behind the connection.
#[derive(Default)]
struct Unit {
    /// Whether it was silent when last asked, until when it is left alone, and for how long that is.
    silent: Option<(Instant, Duration)>,
}

impl Unit {
    fn is_paused(&self, now: Instant) -> bool {
        self.silent.is_some_and(|(until, _)| now < until)
    }
}

impl From<Block> for Polled {
    fn from(block: Block) -> Self {
        Self { block, fault: None, rests_until: None, busy: 0 }
    }
}

impl<'a> Poll<'a> {
    pub(super) fn new(modbus: &'a Modbus, attempt: &'a Attempt) -> Self {
        let blocks: Vec<Polled> =
            plan(modbus.tags.clone(), modbus.device.limits).into_iter().map(Polled::from).collect();
        let units = blocks.iter().map(|polled| (polled.block.unit, Unit::default())).collect();
        Self { modbus, attempt, connection: None, blocks, units }
    }

    /// Polls until the connection is lost.
    pub(super) async fn run(mut self) -> Lost {
        match connect(self.modbus).await {
            Ok(connection) => self.connection = Some(connection),
            Err(lost) => return lost,
        }
        if self.blocks.is_empty() {
            // There is nothing to ask; that the device is there is all that can be said.
            self.attempt.up("");
        }
        let period = self.modbus.device.poll;
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut previous: Option<Instant> = None;
        loop {
            let tick = ticks.tick().await;
            if let Some(previous) = previous {
                self.attempt.counters().overrun(missed(tick - previous, period));
            }
            previous = Some(tick);
            if let Err(lost) = self.cycle().await {
                return lost;
            }
        }
    }

    /// Asks for every block once.
    async fn cycle(&mut self) -> Result<(), Lost> {
        let mut queue: VecDeque<Polled> = mem::take(&mut self.blocks).into();
        while let Some(mut polled) = queue.pop_front() {
            let now = Instant::now();
            let unit = self.units.entry(polled.block.unit).or_default();
            if unit.is_paused(now) || polled.rests_until.is_some_and(|until| now < until) {
                self.blocks.push(polled);
                continue;
            }
            match self.ask(&polled.block).await {
                Ok(Answer::Exception(code)) => {
                    let meaning = meaning(code);
                    self.attempt.error(ErrorKind::Refused, format!("{}: {}", polled.block.words(), meaning.words));
                    let halves = if meaning.remedy == Remedy::Narrow { polled.block.halves() } else { None };
                    if let Some(halves) = halves {
                        halves.into_iter().rev().for_each(|half| queue.push_front(half.into()));
                    } else {
                        self.suffer(&mut polled, meaning);
                        self.blocks.push(polled);
                    }
                }
                Ok(Answer::Bits(bits)) => {
                    self.enjoy(&mut polled, bits.len().div_ceil(8), |tag, cells| match tag {
                        Encoding::Bit => {
                            bits.get(cells.start).map(|bit| Value::Bool(*bit)).ok_or(Quality::BAD_DECODING)
                        }
                        _ => Err(Quality::BAD_CONFIGURATION),
                    });
                    self.blocks.push(polled);
                }
                Ok(Answer::Registers(all)) => {
                    self.enjoy(&mut polled, all.len() * 2, |tag, cells| {
                        all.get(cells).ok_or(Quality::BAD_DECODING).and_then(|own| registers::decode(own, tag))
                    });
                    self.blocks.push(polled);
                }
                Err(lost) => {
                    self.pause(polled.block.unit, lost)?;
                    self.blocks.push(polled);
                    self.declare_paused();
                }
            }
        }
        if self.attempt.is_up() {
            self.attempt.up(&self.remark());
        }
        Ok(())
    }

    /// One request on a connection that is sound, made anew where the last one was not.
    async fn ask(&mut self, block: &Block) -> Result<Answer, Lost> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.modbus).await?,
        };
        let asked = Instant::now();
        let (connection, answer) = connection.read(block, self.modbus.device.timeout).await?;
        self.connection = Some(connection);
        self.attempt.counters().latency(asked.elapsed());
        self.attempt.heard();
        self.units.entry(block.unit).or_default().silent = None;
        if !self.attempt.is_up() {
            self.attempt.up("");
        }
        Ok(answer)
    }

    /// A sound answer: a sample for each tag.
    fn enjoy(
        &self,
        polled: &mut Polled,
        bytes: usize,
        read: impl Fn(Encoding, std::ops::Range<usize>) -> Result<Value, Quality>,
    ) {
        let arrival = self.attempt.now().wall;
        self.attempt.counters().message(arrival, bytes);
        (polled.fault, polled.rests_until, polled.busy) = (None, None, 0);
        let block = &polled.block;
        let updates = block.tags.iter().map(|tag| {
            let raw = read(tag.address.encoding, block.cells_of(tag));
            let sample = match raw.and_then(|raw| convert(raw, tag.data_type, tag.scaling)) {
                Ok(value) => Sample::good(arrival, value),
                Err(quality) => {
                    self.attempt.error(ErrorKind::Decode, format!("{}: {}", tag.id, quality.words()));
                    Sample::bad(arrival, quality)
                }
            };
            Update::new(tag.tag, sample)
        });
        self.attempt.deliver(updates.collect());
    }

    /// An exception that stands: the tags of the block, and no others, are bad.
    fn suffer(&self, polled: &mut Polled, meaning: Meaning) {
        match meaning.remedy {
            Remedy::Narrow | Remedy::Rest => polled.rests_until = Some(Instant::now() + REST),
            Remedy::Repeat => {}
            Remedy::Wait => {
                polled.busy += 1;
                if polled.busy <= PATIENCE {
                    return;
                }
            }
        }
        polled.fault = Some(meaning);
        self.attempt.deliver(bad(&polled.block, meaning.quality, self.attempt.now().wall));
    }

    /// Leaves a silent unit alone for a while, as long as another one may answer over the same connection. Once all
    /// were silent, it is the connection that is lost.
    fn pause(&mut self, unit: u8, lost: Lost) -> Result<(), Lost> {
        let another_may_answer = self.units.iter().any(|(id, other)| *id != unit && other.silent.is_none());
        if lost.kind != ErrorKind::Silent || !another_may_answer {
            return Err(lost);
        }
        self.attempt.error(lost.kind, &lost.words);
        let unit = self.units.entry(unit).or_default();
        let pause = unit.silent.map_or(FIRST_PAUSE, |(_, pause)| (pause * 2).min(LONGEST_PAUSE));
        unit.silent = Some((Instant::now() + pause, pause));
        Ok(())
    }

    /// Every tag of a unit that was just left alone is bad.
    fn declare_paused(&mut self) {
        let Some(unit) = self.blocks.last().map(|polled| polled.block.unit) else { return };
        let (arrival, quality) = (self.attempt.now().wall, Quality::BAD_TIMEOUT);
        let tags = self.modbus.tags.iter().filter(|tag| tag.address.unit == unit);
        let updates = tags.map(|tag| Update::new(tag.tag, Sample::bad(arrival, quality)));
        self.attempt.deliver(updates.collect());
    }

    /// What is not as it should be although the connection is made.
    fn remark(&self) -> String {
        let now = Instant::now();
        let mut remarks: Vec<String> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.is_paused(now))
            .map(|(id, _)| format!("unit {id} does not answer"))
            .collect();
        let mut faults = self.blocks.iter().filter_map(|polled| Some((&polled.block, polled.fault?)));
        if let Some((block, fault)) = faults.next() {
            let more = match faults.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            remarks.push(format!("{}: {}{more}", block.words(), fault.words));
        }
        remarks.join("; ")
    }
}

/// A connection that was made is no sign of life: a frozen device's system still accepts them.
async fn connect(modbus: &Modbus) -> Result<Connection, Lost> {
    Connection::open(Arc::clone(&modbus.peer)).await
}

/// Bad samples for all tags of a block.
fn bad(block: &Block, quality: Quality, arrival: Timestamp) -> Vec<Update> {
    block.tags.iter().map(|tag| Update::new(tag.tag, Sample::bad(arrival, quality))).collect()
}

/// How many polls were left out between two.
fn missed(apart: Duration, period: Duration) -> u64 {
    let periods = (apart + period / 2).as_nanos() / period.as_nanos().max(1);
    u64::try_from(periods.saturating_sub(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_left_out_are_counted() {
        let period = Duration::from_millis(100);
        for (apart_ms, expect) in [(100, 0), (95, 0), (149, 0), (200, 1), (205, 1), (1_000, 9)] {
            assert_eq!(missed(Duration::from_millis(apart_ms), period), expect, "{apart_ms} ms apart");
        }
    }
}
