//! A physical link: one connection, one question at a time, and who on it is worth asking.
//!
//! All gateways of one line share its bus, because a serial line bears no two questions at once, and many Modbus gateways
//! take a single connection. Turns are taken in the order in which they were asked for.
//!
//! **Invariant:** a connection is kept only while no answer is outstanding on it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use model::{Certificate, ErrorKind};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::ExceptionCode;
use tokio_modbus::client::Context;

use super::client::{self, Answer, Question};
use super::device::{Line, Timing};
use super::doubt::Doubt;
use super::line::{Opener, Trust};
use crate::attempt::Lost;

/// A unit that is silent while others answer is left alone for this long, doubling up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A unit that answered within this time counts as one that answers.
const RECENT: Duration = Duration::from_secs(30);
/// Every so many probes of a silent unit one has the full time-out: it may be slow and not dead.
const PATIENT_PROBE: u32 = 4;
/// The least time a probe has.
const SHORTEST_PROBE: Duration = Duration::from_millis(50);

/// The buses in use, by their line.
#[derive(Default)]
pub(crate) struct Buses {
    open: Mutex<HashMap<Line, Weak<Bus>>>,
}

/// One of them.
pub(super) struct Bus {
    opener: Opener,
    numbers_requests: bool,
    /// A serial line's quiet time between two frames (Modbus over Serial Line V1.02, 2.5.1.1), and the time of one byte.
    frame_gap: Duration,
    byte_time: Duration,
    /// Whose turn it is. Waiting is in order.
    turn: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where no answer is outstanding.
    connection: Option<Context>,
    /// Nothing is said before then.
    quiet_until: Option<Instant>,
    was_open: bool,
    doubts: BTreeMap<u8, Doubt>,
    units: BTreeMap<u8, Unit>,
}

/// What is known of a unit.
#[derive(Clone, Copy, Debug, Default)]
struct Unit {
    answered: Option<Instant>,
    /// The longest it took to answer, of late.
    slowest: Duration,
    silence: Option<Silence>,
    /// When its last silence ended.
    back: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Silence {
    until: Instant,
    pause: Duration,
    probes: u32,
}

/// An answer, and how long it took.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

impl Buses {
    /// The bus of a line, shared with whoever uses the same line now.
    pub(super) fn bus(&self, line: &Line, trust: &Trust) -> Arc<Bus> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, bus| bus.strong_count() > 0);
        if let Some(bus) = open.get(line).and_then(Weak::upgrade) {
            return bus;
        }
        let bus = Arc::new(Bus::new(line, Opener::new(line, trust)));
        open.insert(line.clone(), Arc::downgrade(&bus));
        bus
    }
}

impl Bus {
    fn new(line: &Line, opener: Opener) -> Bus {
        let (frame_gap, byte_time) = match line {
            Line::Serial(port) => {
                // A character is eleven bits long.
                let byte = Duration::from_secs(11) / port.baud;
                ((byte * 7 / 2).max(Duration::from_micros(1_750)), byte)
            }
            Line::Tcp { .. } | Line::Tls { .. } | Line::RtuOverTcp { .. } => (Duration::ZERO, Duration::ZERO),
        };
        Bus {
            opener,
            numbers_requests: line.numbers_requests(),
            frame_gap,
            byte_time,
            turn: Semaphore::new(1),
            state: Mutex::default(),
        }
    }

    /// A bus over something in memory, with the frames of a line.
    #[cfg(test)]
    pub(super) fn in_memory(line: &Line, open: impl Fn() -> tokio::io::DuplexStream + Send + Sync + 'static) -> Bus {
        Bus::new(line, Opener::Memory(line.clone(), Box::new(open)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificates of both sides, where the line has any.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.opener.certificates()
    }

    /// Makes the connection, where there is none.
    pub(super) async fn connect(&self, timing: Timing) -> Result<(), Lost> {
        let _turn = self.turn.acquire().await.expect("it is never closed");
        let context = self.connection(timing).await?;
        self.state().connection = Some(context);
        Ok(())
    }

    /// Asks a unit and waits for its answer, `limit` at most. `before` is called when the question is about to be sent,
    /// and may still forbid it.
    pub(super) async fn ask(
        &self,
        unit: u8,
        question: &Question,
        timing: Timing,
        limit: Duration,
        before: impl FnOnce() -> Result<(), Lost> + Send,
    ) -> Result<Answered, Lost> {
        let _turn = self.turn.acquire().await.expect("it is never closed");
        if !self.numbers_requests && self.is_in_doubt(unit) {
            self.settle(unit, question, timing, limit).await?;
        }
        let mut tries = if self.numbers_requests || !question.is_harmless() { 1 } else { 2 };
        // The connection first: a command is about to be sent only when there is one to send it on.
        let mut context = self.connection(timing).await?;
        if let Err(forbidden) = before() {
            self.state().connection = Some(context);
            return Err(forbidden);
        }
        loop {
            tries -= 1;
            match self.exchange(context, unit, question, timing, limit).await {
                // A late answer of another unit was in the way. It is gone with its connection.
                Err(lost) if lost.kind == ErrorKind::Protocol && tries > 0 => {
                    tracing::debug!(unit, lost.words, "asked again");
                    self.settle(unit, question, timing, limit).await?;
                    context = self.connection(timing).await?;
                }
                other => return other,
            }
        }
    }

    fn is_in_doubt(&self, unit: u8) -> bool {
        self.state().doubts.get_mut(&unit).is_some_and(|doubt| doubt.is_open(Instant::now()))
    }

    /// Asks something whose answer cannot be mistaken, so that the missing ones need not be feared any more.
    async fn settle(&self, unit: u8, question: &Question, timing: Timing, limit: Duration) -> Result<(), Lost> {
        match self.settle_once(unit, question, timing, limit).await {
            // That was one of the missing answers, and it is gone with its connection.
            Err(lost) if lost.kind == ErrorKind::Protocol => {
                tracing::debug!(unit, lost.words, "a late answer came");
                let again = self.settle_once(unit, question, timing, limit).await;
                again.map_err(|lost| match lost.kind {
                    ErrorKind::Protocol => Lost::new(ErrorKind::Silent, format!("unit {unit} answers late")),
                    _ => lost,
                })
            }
            other => other,
        }
    }

    async fn settle_once(&self, unit: u8, question: &Question, timing: Timing, limit: Duration) -> Result<(), Lost> {
        let proof = self.state().doubts.entry(unit).or_default().proof(question);
        let Some(proof) = proof else {
            let words = format!("unit {unit} answers late, and what it answers to cannot be told; it is left alone");
            return Err(Lost::new(ErrorKind::Silent, words));
        };
        let context = self.connection(timing).await?;
        // The proof itself is not among the missing while its answer is judged.
        let answer = self.exchange(context, unit, &proof, timing, limit).await?.answer;
        let mut state = self.state();
        let doubt = state.doubts.entry(unit).or_default();
        if doubt.is_settled_by(&proof, &answer) {
            doubt.settle();
            return Ok(());
        }
        doubt.add(&proof, Instant::now());
        state.connection = None;
        state.quiet_until = Some(Instant::now() + timing.turnaround);
        let words = format!("unit {unit} answers late, and what it answers to cannot be told");
        Err(Lost::new(ErrorKind::Silent, words))
    }

    /// The connection, taken out; made anew where the last one was not sound.
    async fn connection(&self, timing: Timing) -> Result<Context, Lost> {
        let (connection, quiet_until, was_open) = {
            let mut state = self.state();
            (state.connection.take(), state.quiet_until, state.was_open)
        };
        if let Some(context) = connection {
            if let Some(quiet_until) = quiet_until {
                sleep_until(quiet_until).await;
            }
            return Ok(context);
        }
        // Also at the very first, because the program may have been ended and started while an answer was due.
        let quiet_until = match quiet_until {
            Some(quiet_until) if was_open => quiet_until,
            Some(_) | None => Instant::now() + timing.turnaround,
        };
        let context = self.opener.open(quiet_until).await?;
        self.state().was_open = true;
        Ok(context)
    }

    async fn exchange(
        &self,
        context: Context,
        unit: u8,
        question: &Question,
        timing: Timing,
        limit: Duration,
    ) -> Result<Answered, Lost> {
        let asked = Instant::now();
        let bytes = u32::try_from(question.on_the_line()).unwrap_or(u32::MAX);
        let flight = Flight::begin(self, unit, question, timing);
        match timeout(limit + self.byte_time * bytes, client::ask(context, unit, question)).await {
            Ok(Ok((context, answer))) => {
                let took = asked.elapsed();
                flight.land(context, &answer, took);
                Ok(Answered { answer, took })
            }
            Ok(Err(lost)) => Err(lost),
            Err(_elapsed) => {
                let words =
                    format!("unit {unit} does not answer within {} ms ({})", limit.as_millis(), question.words());
                Err(Lost::new(ErrorKind::Silent, words))
            }
        }
    }

    /// Until when a silent unit is left alone.
    pub(super) fn left_alone_until(&self, unit: u8) -> Option<Instant> {
        self.state().units.get(&unit)?.silence.map(|silence| silence.until)
    }

    /// When a unit that was silent answered again.
    pub(super) fn back_since(&self, unit: u8) -> Option<Instant> {
        self.state().units.get(&unit)?.back
    }

    /// Leaves a silent unit alone for a while, ever longer.
    pub(super) fn leave_alone(&self, unit: u8) {
        let mut state = self.state();
        let known = state.units.entry(unit).or_default();
        let (pause, probes) = match known.silence {
            Some(silence) => ((silence.pause * 2).min(LONGEST_PAUSE), silence.probes + 1),
            None => (FIRST_PAUSE, 0),
        };
        known.silence = Some(Silence { until: Instant::now() + pause, pause, probes });
    }

    /// Whether another unit answered of late.
    pub(super) fn another_answers(&self, unit: u8) -> bool {
        let is_alive = |other: &Unit| {
            other.silence.is_none() && other.answered.is_some_and(|answered| answered.elapsed() < RECENT)
        };
        self.state().units.iter().any(|(id, other)| *id != unit && is_alive(other))
    }

    /// How long a unit has to answer. One that was silent is probed at little cost for the others: a fifth of their
    /// period, or as long as it used to take.
    pub(super) fn limit(&self, unit: u8, timing: Timing, period: Duration) -> Duration {
        let known = self.state().units.get(&unit).copied().unwrap_or_default();
        match known.silence {
            Some(silence) if !(silence.probes + 1).is_multiple_of(PATIENT_PROBE) => {
                (period / 5).max(known.slowest * 2).max(SHORTEST_PROBE).min(timing.timeout)
            }
            Some(_) | None => timing.timeout,
        }
    }
}

/// A question under way. If it does not land, the connection is lost, the line is left quiet for a while, and the unit
/// owes an answer; also when nobody waits for it any more.
struct Flight<'a> {
    bus: &'a Bus,
    unit: u8,
    turnaround: Duration,
    has_landed: bool,
}

impl<'a> Flight<'a> {
    fn begin(bus: &'a Bus, unit: u8, question: &Question, timing: Timing) -> Self {
        if !bus.numbers_requests {
            bus.state().doubts.entry(unit).or_default().add(question, Instant::now());
        }
        Self { bus, unit, turnaround: timing.turnaround, has_landed: false }
    }

    fn land(mut self, context: Context, answer: &Answer, took: Duration) {
        self.has_landed = true;
        let now = Instant::now();
        let mut state = self.bus.state();
        state.connection = Some(context);
        state.quiet_until = Some(now + self.bus.frame_gap);
        if let Some(doubt) = state.doubts.get_mut(&self.unit) {
            doubt.take_newest();
        }
        // A gateway that speaks for a unit is not the unit.
        let absent = [ExceptionCode::GatewayPathUnavailable, ExceptionCode::GatewayTargetDevice];
        if let Answer::Exception(code) = answer
            && absent.contains(code)
        {
            return;
        }
        let unit = state.units.entry(self.unit).or_default();
        unit.answered = Some(now);
        if unit.silence.take().is_some() {
            unit.back = Some(now);
        }
        unit.slowest = took.max(unit.slowest * 7 / 8);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.has_landed {
            self.bus.state().quiet_until = Some(Instant::now() + self.turnaround);
        }
    }
}

#[cfg(test)]
#[path = "bus_tests.rs"]
mod tests;
