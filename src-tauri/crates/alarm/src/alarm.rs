//! The state machine of one alarm.

use std::time::Duration;

use model::{Now, Quality, TagIndex, Timestamp, Uptime, Value};

use crate::detect::{Detector, Edges, Verdict};
use crate::{Act, AlarmId, Cause, Config, Latching, OccurrenceId, Priority, ReturnAck, Standing, State, Transition};

/// How many earlier occurrences of one alarm wait for their acknowledgement at most; beyond that the oldest is closed
/// by itself, and the journal says so.
pub const EARLIER_AT_MOST: usize = 20;

/// What changed in one step, in order; mostly nothing.
pub type Effects = Vec<Transition>;

/// One alarm: its configuration, where it stands, and the earlier occurrences that still wait for somebody.
#[derive(Clone, Debug)]
pub struct Alarm {
    id: AlarmId,
    config: Config,
    current: Option<Standing>,
    earlier: Vec<Standing>,
    newest: Option<Timestamp>,
    pending: Option<Pending>,
    value: Option<f64>,
    source_lost: bool,
    detector: Detector,
    /// When the condition came lately, where that is counted, and whether it held when it was last judged.
    comings: Edges,
    held_last: bool,
    level: u8,
    /// When the condition is to be judged again although nothing was heard.
    looks_again: Option<Uptime>,
}

/// What an alarm is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The watched tag has a new sample.
    Reading {
        /// Its value, where it has one.
        value: Option<Value>,
        /// Its quality.
        quality: Quality,
        /// When it was so, by its source. The same sample told again is no news.
        time: Timestamp,
    },
    /// A tag beside the watched one, of [`crate::Trigger::operands`], has a new value: a limit, a setpoint, a command.
    Operand {
        /// Which tag.
        tag: TagIndex,
        /// Its value, where it has one.
        value: Option<Value>,
        /// Its quality.
        quality: Quality,
    },
    /// The condition under which the alarm is looked at has a new answer; see [`crate::Enabling`].
    Enabled {
        /// The answer.
        active: bool,
        /// The quality of the answer.
        quality: Quality,
    },
    /// The watched formula or link has a new answer.
    Truth {
        /// The answer.
        active: bool,
        /// The quality of the answer.
        quality: Quality,
    },
    /// The gateway of the watched tag is lost. Nothing changes until the next reading, not even for a stale alarm:
    /// one alarm for the gateway says it for all of its tags.
    SourceLost,
    /// The gateway of the watched tag is there again: from now on a sample is expected.
    SourceBack,
    /// The time of [`Alarm::deadline`] has come.
    Tick,
    /// Somebody acknowledges.
    Acknowledge {
        /// Which occurrence.
        occurrence: OccurrenceId,
        /// Who, where, when.
        act: Act,
    },
    /// Somebody resets a latched alarm.
    Reset {
        /// Which occurrence.
        occurrence: OccurrenceId,
        /// Who, where, when.
        act: Act,
    },
}

/// What somebody wants of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// To acknowledge it.
    Acknowledge,
    /// To reset it.
    Reset,
}

/// Why an act on an occurrence is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No such occurrence is waiting: it is over, or never was.
    #[error("this occurrence is over")]
    UnknownOccurrence,
    /// Somebody was faster.
    #[error("it is acknowledged already")]
    AlreadyAcknowledged,
    /// It must be acknowledged before it can be reset.
    #[error("it is not acknowledged yet: acknowledge it first")]
    NotAcknowledged,
    /// The condition still holds, or holds again.
    #[error("its cause is still present")]
    CausePresent,
    /// It returns by itself.
    #[error("it does not latch: there is nothing to reset")]
    NotLatched,
}

/// A change that waits for its delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    toward: Verdict,
    wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// Due at this time.
    Until(Uptime),
    /// So much was left when the source was lost.
    Held(Duration),
}

impl Alarm {
    /// An alarm that was never raised.
    pub fn new(id: AlarmId, config: Config) -> Self {
        Self::restore(id, config, Vec::new())
    }

    /// An alarm with the occurrences that stood when the program ended, in the order they were raised. The last one
    /// goes on as the current one; nothing is raised again for a condition that still holds.
    pub fn restore(id: AlarmId, config: Config, mut standings: Vec<Standing>) -> Self {
        standings.sort_by_key(|standing| standing.occurrence.raised);
        let newest = standings.last().map(|standing| standing.occurrence.raised);
        let current = standings.pop();
        let detector = Detector::new(&config.trigger);
        Self {
            id,
            config,
            current,
            earlier: standings,
            newest,
            pending: None,
            value: None,
            source_lost: true,
            detector,
            comings: Edges::default(),
            held_last: false,
            level: 0,
            looks_again: None,
        }
    }

    /// Takes a new configuration over, as at the reload of a plant. What stands goes on standing; delays that run
    /// start again.
    pub fn reconfigure(&mut self, config: Config) {
        let is_same_condition = self.config.trigger == config.trigger && self.config.enabling == config.enabling;
        self.config = config;
        self.pending = None;
        if !is_same_condition {
            self.forget();
        }
    }

    /// Forgets what was heard, as where it watches another source from now on. What stands goes on standing.
    pub fn forget(&mut self) {
        self.detector = Detector::new(&self.config.trigger);
        self.comings.clear();
        self.held_last = false;
        self.pending = None;
        self.source_lost = true;
        self.looks_again = None;
        let levels = u8::try_from(self.config.trigger.levels().len()).unwrap_or(u8::MAX);
        self.level = self.level.min(levels.saturating_sub(1));
    }

    /// Its id.
    pub fn id(&self) -> &AlarmId {
        &self.id
    }

    /// How it is configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.current.as_ref().map_or(State::Normal, |standing| standing.state)
    }

    /// The level at which the condition was last seen to hold: 0 is the first.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// How urgent it is, at the level at which its condition was last seen to hold.
    pub fn priority(&self) -> Priority {
        self.config.priority_at(self.level)
    }

    /// Whether the last observation could not be judged, so that the state is the last one known. True before the
    /// first one.
    pub fn source_lost(&self) -> bool {
        self.source_lost
    }

    /// The current occurrence; none while it is normal.
    pub fn standing(&self) -> Option<&Standing> {
        self.current.as_ref()
    }

    /// Occurrences before the current one that returned and were never acknowledged, oldest first; at most
    /// [`EARLIER_AT_MOST`].
    pub fn earlier(&self) -> &[Standing] {
        &self.earlier
    }

    /// Everything that waits for somebody: earlier occurrences, then the current one.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.earlier.iter().chain(&self.current)
    }

    /// When [`Input::Tick`] is wanted; none while no delay runs and time alone changes nothing.
    pub fn deadline(&self) -> Option<Uptime> {
        let delay = self.pending.and_then(|pending| match pending.wait {
            Wait::Until(due) => Some(due),
            Wait::Held(_) => None,
        });
        [delay, self.looks_again].into_iter().flatten().min()
    }

    /// Whether an act on an occurrence would be accepted now.
    ///
    /// # Errors
    /// Why it would not.
    pub fn check(&self, occurrence: &OccurrenceId, wanted: Wanted) -> Result<(), Refusal> {
        let standing =
            self.standings().find(|standing| standing.occurrence == *occurrence).ok_or(Refusal::UnknownOccurrence)?;
        match (wanted, standing.state) {
            (Wanted::Acknowledge, State::Unack | State::RtnUnack | State::LatchedUnack) => Ok(()),
            (Wanted::Acknowledge, State::Acked | State::LatchedAcked) => Err(Refusal::AlreadyAcknowledged),
            (Wanted::Reset, State::LatchedAcked) if self.is_coming_back() => Err(Refusal::CausePresent),
            (Wanted::Reset, State::LatchedAcked) => Ok(()),
            (Wanted::Reset, State::LatchedUnack) => Err(Refusal::NotAcknowledged),
            (Wanted::Reset, State::Unack | State::Acked) => match self.config.latching {
                Latching::Yes => Err(Refusal::CausePresent),
                Latching::No => Err(Refusal::NotLatched),
            },
            (Wanted::Reset, State::RtnUnack) => Err(Refusal::NotLatched),
            (Wanted::Acknowledge | Wanted::Reset, State::Normal) => Err(Refusal::UnknownOccurrence),
        }
    }

    /// Tells the alarm something and says what changed. An act that [`Alarm::check`] would refuse changes nothing, and
    /// one that it would accept changes just the occurrence it names: a delay that is due waits for its tick, so that
    /// who journals an act before it takes effect can step a clone to see the one transition to journal.
    pub fn step(&mut self, now: Now, input: Input) -> Effects {
        match input {
            Input::Reading { value, quality, time } => {
                if !quality.is_bad() {
                    self.value = value.as_ref().and_then(Value::number).filter(|x| x.is_finite());
                }
                self.detector.hear(now, &self.config.trigger, value, quality, time);
                self.judge(now)
            }
            Input::Truth { active, quality } => {
                let value = Some(Value::Bool(active));
                self.detector.hear(now, &self.config.trigger, value, quality, now.wall);
                self.judge(now)
            }
            Input::Operand { tag, value, quality } => {
                self.detector.hear_operand(tag, value, quality);
                self.judge(now)
            }
            Input::Enabled { active, quality } => {
                self.detector.hear_enabling(now, &self.config.trigger, active, quality);
                self.judge(now)
            }
            Input::SourceLost => {
                self.detector.lose_source(now.uptime, &self.config.trigger);
                self.judge(now)
            }
            Input::SourceBack => {
                self.detector.find_source(now.uptime);
                self.judge(now)
            }
            Input::Tick => self.judge(now),
            Input::Acknowledge { occurrence, act } => self.acknowledge(now, &occurrence, act),
            Input::Reset { occurrence, act } => self.reset(now, &occurrence, act),
        }
    }

    fn is_coming_back(&self) -> bool {
        self.pending.is_some_and(|pending| pending.toward.is_present())
    }

    /// Judges by everything heard, and carries out what has waited for long enough.
    fn judge(&mut self, now: Now) -> Effects {
        self.observe(now);
        self.looks_again = self.detector.deadline(now.uptime, &self.config.trigger, self.config.enabling);
        self.settle(now)
    }

    fn observe(&mut self, now: Now) {
        let Config { trigger, enabling, times, .. } = &self.config;
        let held = self.state().is_present().then_some(self.level);
        let verdict = self.detector.judge(now.uptime, trigger, *enabling, held);
        match verdict {
            Verdict::Unknown => return self.lose_source(now),
            Verdict::Present(level) => {
                self.source_lost = false;
                self.level = level;
            }
            Verdict::Absent => self.source_lost = false,
        }
        let is_often = times.is_some_and(|times| self.has_come(now.uptime, verdict, held, times));
        if verdict.is_present() == held.is_some() {
            self.pending = None;
            return;
        }
        let at_once = is_often || self.detector.is_disabled(self.config.enabling);
        let delay = if held.is_some() { self.config.off_delay } else { self.config.on_delay };
        let wait = match self.pending.map(|pending| pending.wait) {
            _ if at_once => Wait::Until(now.uptime),
            None => Wait::Until(now.uptime + delay),
            Some(Wait::Held(left)) => Wait::Until(now.uptime + left),
            Some(running @ Wait::Until(_)) => running,
        };
        self.pending = Some(Pending { toward: verdict, wait });
    }

    /// Whether the condition has come so many times within the on-delay. Once it is raised, counting begins anew.
    fn has_come(&mut self, now: Uptime, verdict: Verdict, held: Option<u8>, times: u16) -> bool {
        let came = verdict.is_present() && !self.held_last;
        self.held_last = verdict.is_present();
        match held {
            Some(_) => self.comings.clear(),
            None if came => self.comings.add(now),
            None => {}
        }
        came && self.comings.count(now, self.config.on_delay) >= times
    }

    /// Without trust in the source nothing is concluded. What was seen of a coming alarm is kept, so that a source
    /// that drops out again and again cannot hide one; what was seen of a return is not, as it takes the whole
    /// off-delay to be believed.
    fn lose_source(&mut self, now: Now) {
        self.source_lost = true;
        self.pending = self.pending.and_then(|pending| match (pending.toward, pending.wait) {
            (Verdict::Present(_), Wait::Until(due)) => {
                Some(Pending { wait: Wait::Held(due.since(now.uptime)), ..pending })
            }
            (Verdict::Present(_), Wait::Held(_)) => Some(pending),
            (Verdict::Absent | Verdict::Unknown, Wait::Until(_) | Wait::Held(_)) => None,
        });
    }

    /// Carries out the change that waits, once its time has come.
    fn settle(&mut self, now: Now) -> Effects {
        let mut effects = Effects::new();
        let Some(Pending { toward, wait: Wait::Until(due) }) = self.pending else { return effects };
        if now.uptime < due {
            return effects;
        }
        self.pending = None;
        match toward {
            Verdict::Present(_) => self.trip(now, &mut effects),
            Verdict::Absent => self.clear(now, &mut effects),
            Verdict::Unknown => {}
        }
        effects
    }

    /// The condition holds, delay included: rows 1, 9, 12 and 13 of the transition table.
    fn trip(&mut self, now: Now, effects: &mut Effects) {
        match self.state() {
            State::Normal => self.raise(now, State::Normal, effects),
            State::RtnUnack => {
                self.earlier.extend(self.current.take());
                self.close_oldest(now, effects);
                self.raise(now, State::RtnUnack, effects);
            }
            State::LatchedUnack | State::LatchedAcked => self.change(now, State::Unack, Cause::Recurred, effects),
            State::Unack | State::Acked => {}
        }
    }

    /// The condition is gone, delay included: rows 3 to 6 and 10.
    fn clear(&mut self, now: Now, effects: &mut Effects) {
        match (self.state(), self.config.latching) {
            (State::Unack, Latching::No) => {
                self.change(now, State::RtnUnack, Cause::Returned, effects);
                match self.config.return_ack {
                    ReturnAck::Required => {}
                    ReturnAck::NotRequired => self.change(now, State::Normal, Cause::AutoReturn, effects),
                }
            }
            (State::Unack, Latching::Yes) => self.change(now, State::LatchedUnack, Cause::Returned, effects),
            (State::Acked, Latching::No) => self.change(now, State::Normal, Cause::Returned, effects),
            (State::Acked, Latching::Yes) => self.change(now, State::LatchedAcked, Cause::Returned, effects),
            (
                State::Normal | State::RtnUnack | State::LatchedUnack | State::LatchedAcked,
                Latching::No | Latching::Yes,
            ) => {}
        }
    }

    /// Rows 2, 8 and 11.
    fn acknowledge(&mut self, now: Now, occurrence: &OccurrenceId, act: Act) -> Effects {
        let mut effects = Effects::new();
        if self.check(occurrence, Wanted::Acknowledge).is_err() {
            return effects;
        }
        if let Some(at) = self.earlier.iter().position(|standing| standing.occurrence == *occurrence) {
            let closed = self.earlier.remove(at);
            effects.push(over(now, closed, Cause::Acknowledged(act)));
            return effects;
        }
        let to = match self.state() {
            State::Unack => State::Acked,
            State::LatchedUnack => State::LatchedAcked,
            State::RtnUnack | State::Normal | State::Acked | State::LatchedAcked => State::Normal,
        };
        self.change(now, to, Cause::Acknowledged(act), &mut effects);
        effects
    }

    /// Rows 14 and 15.
    fn reset(&mut self, now: Now, occurrence: &OccurrenceId, act: Act) -> Effects {
        let mut effects = Effects::new();
        if self.check(occurrence, Wanted::Reset).is_ok() {
            self.change(now, State::Normal, Cause::Reset(act), &mut effects);
        }
        effects
    }

    fn raise(&mut self, now: Now, from: State, effects: &mut Effects) {
        let after_newest = self.newest.map(|newest| newest.saturating_add(Duration::from_millis(1)));
        let raised = after_newest.map_or(now.wall, |earliest| now.wall.max(earliest));
        self.newest = Some(raised);
        let occurrence = OccurrenceId { alarm: self.id.clone(), raised };
        self.record(
            Transition { occurrence, from, to: State::Unack, at: now.wall, cause: Cause::Raised, value: self.value },
            effects,
        );
    }

    /// Changes the current occurrence; nothing where there is none.
    fn change(&mut self, now: Now, to: State, cause: Cause, effects: &mut Effects) {
        let Some(current) = &self.current else { return };
        let occurrence = current.occurrence.clone();
        let from = current.state;
        self.record(Transition { occurrence, from, to, at: now.wall, cause, value: self.value }, effects);
    }

    /// Where the current occurrence is over, an earlier one that still waits is what the alarm stands at.
    fn record(&mut self, transition: Transition, effects: &mut Effects) {
        self.current = Standing::after(self.current.take(), &transition).or_else(|| self.earlier.pop());
        effects.push(transition);
    }

    fn close_oldest(&mut self, now: Now, effects: &mut Effects) {
        if self.earlier.len() > EARLIER_AT_MOST {
            let oldest = self.earlier.remove(0);
            effects.push(over(now, oldest, Cause::AutoReturn));
        }
    }
}

/// The end of an earlier occurrence.
fn over(now: Now, standing: Standing, cause: Cause) -> Transition {
    Transition {
        occurrence: standing.occurrence,
        from: standing.state,
        to: State::Normal,
        at: now.wall,
        cause,
        value: None,
    }
}
