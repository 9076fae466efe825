//! The poll: which block is due next, what each answer means, and which units are worth asking.
//!
//! Whatever is due first is asked first, and what was asked is due again on its own grid; so a fast block or a unit with
//! many of them cannot keep the others waiting for ever. A poll that comes too late is counted and not made up for.

use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;

use model::{ErrorKind, LinkDetail, Quality, ReadBlock, Sample, Update, Value};
use tokio::time::{Instant, sleep_until};

use super::Modbus;
use super::bus::Answered;
use super::client::{Answer, Question};
use super::exception::{Meaning, Remedy, meaning};
use super::plan::{Block, Wanted, plan};
use super::registers::{self, Encoding};
use super::scan::Scan;
use crate::attempt::{Attempt, Lost};
use crate::requests::Request;

/// A request that was refused for good is tried again after this time: the device's program may have changed.
const REST: Duration = Duration::from_secs(60);
/// A new connection tries again what an earlier one found refused, one after another, this far apart.
const RETRY: Duration = Duration::from_millis(100);
/// A busy device's last values stand for this many polls, uncertain.
const PATIENCE: u32 = 3;
/// How often the plan and its figures are told.
const TELL: Duration = Duration::from_secs(1);
/// With nothing to ask, this often it is said that all is well.
const IDLE: Duration = Duration::from_secs(3);

/// One connection's poll.
pub(super) struct Poll<'a> {
    pub(super) modbus: &'a Modbus,
    pub(super) attempt: &'a Attempt,
    blocks: Vec<Polled>,
    pub(super) scan: Option<Scan>,
    told: Option<Instant>,
    /// Whether the remark may have changed.
    has_news: bool,
}

/// A block, and how it fared.
#[derive(Clone, Debug)]
pub(super) struct Polled {
    block: Block,
    due: Instant,
    fault: Option<Meaning>,
    /// Not asked for before then.
    rests_until: Option<Instant>,
    /// Polls in a row that found the device busy.
    busy: u32,
    latency: Option<Duration>,
    /// The newest value of each of its tags, in their order; empty before the first.
    last: Vec<Option<Value>>,
}

/// What to do next.
enum Next {
    /// This block, at this time.
    Block(usize, Instant),
    /// A step of the scan, at this time.
    Scan(Instant),
    Nothing,
}

impl From<Block> for Polled {
    fn from(block: Block) -> Self {
        Self { block, due: Instant::now(), fault: None, rests_until: None, busy: 0, latency: None, last: Vec::new() }
    }
}

impl Polled {
    /// Whether the device said that it does not have it.
    fn is_refused(&self) -> bool {
        self.fault.is_some_and(|fault| matches!(fault.remedy, Remedy::Narrow | Remedy::Rest))
    }

    fn ready(&self) -> Instant {
        self.rests_until.map_or(self.due, |rests_until| self.due.max(rests_until))
    }
}

impl<'a> Poll<'a> {
    pub(super) fn new(modbus: &'a Modbus, attempt: &'a Attempt) -> Self {
        let mut blocks = modbus.layout().clone();
        let now = Instant::now();
        let mut retry = now;
        for polled in &mut blocks {
            (polled.due, polled.busy, polled.rests_until) = (now, 0, None);
            if polled.is_refused() {
                polled.rests_until = Some(retry);
                retry += RETRY;
            }
        }
        Self { modbus, attempt, blocks, scan: None, told: None, has_news: false }
    }

    /// Polls until the connection is lost.
    pub(super) async fn run(mut self) -> Lost {
        if let Some(lost) = self.nobody_to_ask() {
            return lost;
        }
        // A connection that was made is no sign of life: a frozen device's system still accepts them.
        if let Err(lost) = self.modbus.bus.connect(self.modbus.device.timing).await {
            // A certificate that was not accepted is to be seen.
            self.attempt.counters().tell(self.detail());
            return lost;
        }
        if self.blocks.is_empty() {
            // There is nothing to ask; that the device is there is all that can be said.
            self.attempt.up("");
        }
        let mut polls_first = false;
        loop {
            let next = self.next();
            let idle = Instant::now() + IDLE;
            let at = match next {
                Next::Block(_, at) | Next::Scan(at) => at,
                Next::Nothing => idle,
            };
            // A command goes ahead of the polls, but commands without end do not stop them.
            let request = if polls_first && at <= Instant::now() {
                None
            } else {
                tokio::select! {
                    biased;
                    request = self.attempt.request() => Some(request),
                    () = sleep_until(at) => None,
                }
            };
            polls_first = request.is_some();
            let done = match (request, next) {
                (Some(Request::Write(write, answer)), _) => self.write(write, answer).await,
                (Some(Request::Browse(browse, reply)), _) => self.browse(browse, reply).await,
                (None, Next::Block(index, at)) => self.poll(index, at).await,
                (None, Next::Scan(_)) => self.scan_on().await,
                (None, Next::Nothing) => {
                    self.attempt.heard();
                    Ok(())
                }
            };
            if let Err(lost) = done {
                return lost;
            }
            self.say();
        }
    }

    /// Why there is no use in connecting: all units are left alone, as others on the same line found them silent.
    fn nobody_to_ask(&self) -> Option<Lost> {
        let now = Instant::now();
        let units = self.units();
        let are_left_alone = !units.is_empty() && units.iter().all(|unit| self.is_left_alone(*unit, now));
        are_left_alone.then(|| {
            let list: Vec<_> = units.iter().map(u8::to_string).collect();
            Lost::new(
                ErrorKind::Silent,
                format!("unit {} does not answer, others on the same line do", list.join(", ")),
            )
        })
    }

    fn units(&self) -> BTreeSet<u8> {
        self.blocks.iter().map(|polled| polled.block.unit).collect()
    }

    fn is_left_alone(&self, unit: u8, now: Instant) -> bool {
        self.modbus.bus.left_alone_until(unit).is_some_and(|until| now < until)
    }

    fn next(&self) -> Next {
        let ready = self.blocks.iter().enumerate().map(|(index, polled)| {
            let left_alone = self.modbus.bus.left_alone_until(polled.block.unit);
            (left_alone.map_or(polled.ready(), |until| until.max(polled.ready())), index)
        });
        let first = ready.min();
        match (first, &self.scan) {
            (Some((at, index)), Some(scan)) => match scan.may_go_at(at) {
                go if go <= Instant::now() || go < at => Next::Scan(go),
                _ => Next::Block(index, at),
            },
            (Some((at, index)), None) => Next::Block(index, at),
            (None, Some(_)) => Next::Scan(Instant::now()),
            (None, None) => Next::Nothing,
        }
    }

    /// Asks for a block that is due.
    async fn poll(&mut self, index: usize, ready: Instant) -> Result<(), Lost> {
        let (unit, period) = (self.blocks[index].block.unit, self.blocks[index].block.period);
        if self.modbus.bus.left_alone_until(unit).is_some() {
            return self.probe(index).await;
        }
        // What was left out while the unit was left alone is not a poll that came too late.
        let ready = self.modbus.bus.back_since(unit).map_or(ready, |back| ready.max(back));
        let missed = missed(ready.elapsed(), period);
        self.attempt.counters().overrun(missed);
        let polled = &mut self.blocks[index];
        polled.due = ready + period * u32::try_from(missed + 1).unwrap_or(u32::MAX);
        polled.rests_until = None;
        let question = polled.block.question();
        let Answered { answer, took } = match self.ask(unit, &question, period).await {
            Ok(answered) => answered,
            Err(lost) => return self.pause(unit, lost),
        };
        self.blocks[index].latency = Some(took);
        match answer {
            Answer::Exception(code) => self.object(index, meaning(code)),
            Answer::Bits(bits) => self.enjoy(index, bits.len().div_ceil(8), |encoding, cells| match encoding {
                Encoding::Bit => bits.get(cells.start).map(|bit| Value::Bool(*bit)).ok_or(Quality::BAD_DECODING),
                _ => Err(Quality::BAD_CONFIGURATION),
            }),
            Answer::Registers(all) => self.enjoy(index, all.len() * 2, |encoding, cells| {
                all.get(cells).ok_or(Quality::BAD_DECODING).and_then(|own| registers::decode(own, encoding))
            }),
            Answer::Confirmed => {}
        }
        Ok(())
    }

    /// Asks a unit that was silent for one value, at little cost for the others.
    async fn probe(&mut self, index: usize) -> Result<(), Lost> {
        let block = &self.blocks[index].block;
        let (unit, question) = (block.unit, block.cheapest());
        // What a probe may cost is measured by the fastest poll.
        let period = self.blocks.iter().map(|polled| polled.block.period).min().unwrap_or(block.period);
        match self.ask(unit, &question, period).await {
            Ok(Answered { answer: Answer::Exception(code), .. }) if meaning(code).remedy == Remedy::LeaveAlone => {
                self.modbus.bus.leave_alone(unit);
            }
            Ok(_) => {
                let now = Instant::now();
                let own = self.blocks.iter_mut().filter(|polled| polled.block.unit == unit);
                own.for_each(|polled| polled.due = now);
                self.has_news = true;
            }
            Err(lost) => self.pause(unit, lost)?,
        }
        Ok(())
    }

    /// One question, with what its answer says of the link.
    async fn ask(&mut self, unit: u8, question: &Question, period: Duration) -> Result<Answered, Lost> {
        let timing = self.modbus.device.timing;
        let limit = self.modbus.bus.limit(unit, timing, period);
        let answered = self.modbus.bus.ask(unit, question, timing, limit, || Ok(())).await?;
        self.answered(answered.took);
        Ok(answered)
    }

    /// The device answered.
    pub(super) fn answered(&mut self, took: Duration) {
        self.attempt.counters().latency(took);
        self.attempt.heard();
        if !self.attempt.is_up() {
            self.attempt.up("");
            self.has_news = true;
            let now = Instant::now();
            for unit in self.units() {
                if self.is_left_alone(unit, now) {
                    self.declare(unit, Quality::BAD_TIMEOUT);
                }
            }
        }
    }

    /// A sound answer: a sample for each tag.
    fn enjoy(
        &mut self,
        index: usize,
        bytes: usize,
        read: impl Fn(Encoding, std::ops::Range<usize>) -> Result<Value, Quality>,
    ) {
        let arrival = self.attempt.now().wall;
        self.attempt.counters().message(arrival, bytes);
        let polled = &mut self.blocks[index];
        let was_refused = polled.is_refused();
        self.has_news |= polled.fault.is_some();
        (polled.fault, polled.busy) = (None, 0);
        let block = &polled.block;
        let samples = block.tags.iter().map(|tag| {
            let raw = read(tag.address.encoding, block.cells_of(tag));
            match raw.and_then(|raw| tag.value(raw)) {
                Ok((value, quality)) => Sample { quality, ..Sample::good(arrival, value) },
                Err(quality) => {
                    self.attempt.error(ErrorKind::Decode, format!("{}: {}", tag.id, quality.words()));
                    Sample::bad(arrival, quality)
                }
            }
        });
        let samples: Vec<Sample> = samples.collect();
        polled.last = samples.iter().map(|sample| sample.value.clone()).collect();
        let updates = polled.block.tags.iter().zip(samples).map(|(tag, sample)| Update::new(tag.tag, sample));
        self.attempt.deliver(updates.collect());
        if was_refused {
            self.learn_anew(index);
        }
    }

    /// The device has what it did not have: its program changed, and everything that it refused is worth a question. What
    /// it has is planned anew, together.
    fn learn_anew(&mut self, index: usize) {
        let block = self.blocks[index].block.clone();
        let now = Instant::now();
        for polled in self.blocks.iter_mut().filter(|polled| polled.block.unit == block.unit) {
            if polled.is_refused() {
                polled.rests_until = Some(now);
            }
        }
        let (kin, others): (Vec<_>, Vec<_>) =
            mem::take(&mut self.blocks).into_iter().partition(|p| p.block.is_kin(&block) && !p.is_refused());
        self.blocks = others;
        let due = kin.iter().map(|polled| polled.due).min().unwrap_or(now);
        let tags: Vec<Wanted> = kin.into_iter().flat_map(|polled| polled.block.tags).collect();
        let anew = plan(tags, self.modbus.device.limits);
        self.blocks.extend(anew.into_iter().map(|block| Polled { due, ..Polled::from(block) }));
        self.remember();
    }

    /// Keeps what was learnt for the next connection.
    fn remember(&mut self) {
        self.modbus.layout().clone_from(&self.blocks);
        self.has_news = true;
    }

    /// An exception: less is asked for, or the tags of the block, and no others, are bad.
    fn object(&mut self, index: usize, meaning: Meaning) {
        let (unit, words) = (self.blocks[index].block.unit, self.blocks[index].block.words());
        self.attempt.error(ErrorKind::Refused, format!("{words}: {}", meaning.words));
        self.has_news = true;
        let polled = &mut self.blocks[index];
        match meaning.remedy {
            Remedy::Narrow => {
                if let Some(halves) = polled.block.halves() {
                    // The halves go next; then everything is as due as it was.
                    let now = Instant::now();
                    let halves = halves.map(|block| Polled { due: now, ..Polled::from(block) });
                    self.blocks.splice(index..=index, halves);
                    self.remember();
                    return;
                }
                polled.rests_until = Some(Instant::now() + REST);
            }
            Remedy::Rest => polled.rests_until = Some(Instant::now() + REST),
            Remedy::Repeat => {}
            Remedy::LeaveAlone => {
                if self.others_may_answer(unit) {
                    self.modbus.bus.leave_alone(unit);
                    self.declare(unit, meaning.quality);
                    return;
                }
            }
            Remedy::Wait => {
                polled.busy += 1;
                if polled.busy <= PATIENCE {
                    let (tags, time) = (polled.block.tags.iter(), self.attempt.now().wall);
                    let updates = tags.zip(&polled.last).filter_map(|(tag, last)| {
                        let sample = Sample { quality: Quality::STALE, ..Sample::good(time, last.clone()?) };
                        Some(Update::new(tag.tag, sample))
                    });
                    self.attempt.deliver(updates.collect());
                    return;
                }
            }
        }
        let polled = &mut self.blocks[index];
        let was_refused = polled.is_refused();
        polled.fault = Some(meaning);
        let arrival = self.attempt.now().wall;
        let updates = polled.block.tags.iter().map(|tag| Update::new(tag.tag, Sample::bad(arrival, meaning.quality)));
        self.attempt.deliver(updates.collect());
        if self.blocks[index].is_refused() && !was_refused {
            self.remember();
        }
    }

    /// Whether another unit may answer although this one does not.
    fn others_may_answer(&self, unit: u8) -> bool {
        self.blocks
            .iter()
            .any(|polled| polled.block.unit != unit && self.modbus.bus.left_alone_until(polled.block.unit).is_none())
    }

    /// Leaves a silent unit alone for a while, as long as another one may answer over the same connection. Once all
    /// were silent, it is the connection that is lost.
    pub(super) fn pause(&mut self, unit: u8, lost: Lost) -> Result<(), Lost> {
        let own_others = self.others_may_answer(unit);
        if lost.kind != ErrorKind::Silent || !(own_others || self.modbus.bus.another_answers(unit)) {
            return Err(lost);
        }
        let is_new = self.modbus.bus.left_alone_until(unit).is_none();
        self.modbus.bus.leave_alone(unit);
        if !own_others {
            return Err(lost);
        }
        self.attempt.error(lost.kind, &lost.words);
        self.has_news = true;
        if is_new {
            self.declare(unit, Quality::BAD_TIMEOUT);
        }
        Ok(())
    }

    /// Every tag of a unit is bad.
    fn declare(&self, unit: u8, quality: Quality) {
        let arrival = self.attempt.now().wall;
        let tags = self.modbus.tags.iter().filter(|tag| tag.address.unit == unit);
        let updates = tags.map(|tag| Update::new(tag.tag, Sample::bad(arrival, quality)));
        self.attempt.deliver(updates.collect());
    }

    /// The block that holds a tag is asked for at once.
    pub(super) fn hurry(&mut self, tag: &Wanted) {
        let now = Instant::now();
        let block = self.blocks.iter_mut().find(|polled| polled.block.tags.iter().any(|other| other.tag == tag.tag));
        if let Some(polled) = block {
            polled.due = polled.due.min(now);
        }
    }

    /// Tells what is not as it should be, and now and then the plan with its figures.
    fn say(&mut self) {
        let has_news = mem::take(&mut self.has_news);
        if has_news && self.attempt.is_up() {
            self.attempt.up(&self.remark());
        }
        if has_news || self.told.is_none_or(|told| told.elapsed() >= TELL) {
            self.told = Some(Instant::now());
            self.attempt.counters().tell(self.detail());
        }
    }

    /// What is not as it should be although the connection is made.
    fn remark(&self) -> String {
        let silent = self.units().into_iter().filter(|unit| self.modbus.bus.left_alone_until(*unit).is_some());
        let mut remarks: Vec<String> = silent.map(|unit| format!("unit {unit} does not answer")).collect();
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

    fn detail(&self) -> LinkDetail {
        let blocks = self.blocks.iter().map(|polled| {
            let block = &polled.block;
            let is_left_alone = self.modbus.bus.left_alone_until(block.unit).is_some();
            let fault = if is_left_alone { "the unit does not answer" } else { polled.fault.map_or("", |f| f.words) };
            ReadBlock {
                unit: block.unit,
                table: block.table.words().into(),
                first: block.start,
                count: block.count,
                tags: u32::try_from(block.tags.len()).unwrap_or(u32::MAX),
                period_ms: u32::try_from(block.period.as_millis()).unwrap_or(u32::MAX),
                latency_ms: polled.latency.map(|latency| latency.as_secs_f64() * 1_000.0),
                fault: fault.into(),
            }
        });
        let line = ("line".to_owned(), self.modbus.device.line.to_string());
        LinkDetail {
            certificates: self.modbus.bus.certificates(),
            blocks: blocks.collect(),
            remarks: vec![line],
            ..LinkDetail::default()
        }
    }
}

/// How many polls were left out when one comes late.
fn missed(late: Duration, period: Duration) -> u64 {
    u64::try_from(late.as_nanos() / period.as_nanos().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "poll_tests.rs"]
mod tests;
