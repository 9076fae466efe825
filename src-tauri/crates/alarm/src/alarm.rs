//! One alarm: what it is told, what it knows, and what it answers.

use std::time::Duration;

use model::{Now, Quality, TagIndex, Timestamp, Uptime, Value};

use crate::deed::Marks;
use crate::detect::{Detector, Edges, Verdict};
use crate::nuisance::Habits;
use crate::{
    AlarmId, ByDesign, Config, Confirm, Deed, DeedId, Effect, Latching, Nuisance, OccurrenceId, Standing, State,
    Suppression, What,
};

/// How many earlier occurrences of one alarm wait for their acknowledgement at most; beyond that the oldest is closed
/// by itself, and the journal says so.
pub const EARLIER_AT_MOST: usize = 20;

/// What changed in one step, in order; mostly nothing.
pub type Effects = Vec<Effect>;

/// One alarm: its configuration, where it stands, the earlier occurrences that still wait for somebody, and what keeps
/// it from being announced.
#[derive(Clone, Debug)]
pub struct Alarm {
    pub(crate) id: AlarmId,
    pub(crate) config: Config,
    pub(crate) current: Option<Standing>,
    pub(crate) earlier: Vec<Standing>,
    /// The name of the last announcement, or of a later one that another station speaks of.
    pub(crate) newest: Option<Timestamp>,
    pub(crate) pending: Option<Pending>,
    pub(crate) value: Option<f64>,
    source_lost: bool,
    detector: Detector,
    /// When the condition came lately, where that is counted, and whether it held when it was last judged.
    comings: Edges,
    held_last: bool,
    /// The level at which the condition was last seen to hold.
    level: u8,
    /// When the condition is to be judged again although nothing was heard.
    looks_again: Option<Uptime>,
    /// How often it comes and how shortly it stays.
    pub(crate) habits: Habits,
    pub(crate) suppression: Suppression,
    /// When what is shelved is so no more.
    pub(crate) unshelve: Option<Uptime>,
    /// When what is acknowledged is announced again.
    pub(crate) re_alarm: Option<Uptime>,
    pub(crate) marks: Marks,
    /// The last act that shelved or unshelved it.
    pub(crate) shelved_by: Option<DeedId>,
    /// The last act that took it out of service or put it back.
    pub(crate) serviced_by: Option<DeedId>,
}

/// What is known of an alarm at the start of the program.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The occurrences that stood, in any order.
    pub standings: Vec<Standing>,
    /// What kept it from being announced.
    pub suppression: Suppression,
    /// What was done to it, as far back as it may matter, in any order.
    pub deeds: Vec<(Deed, Origin)>,
}

/// Where an act was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// At this station: it names what was announced as this station does.
    Here,
    /// At another one: it saw the same at about the same time.
    Elsewhere,
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
    /// Somebody has done something.
    Deed(Deed, Origin),
    /// A rule of the plant suppresses it; none does, where there is no rule.
    Design(Option<String>),
}

/// Why an act on an alarm is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No such occurrence is waiting: it is over, or never was.
    #[error("this occurrence is over")]
    UnknownOccurrence,
    /// Somebody was faster.
    #[error("it is acknowledged already")]
    AlreadyAcknowledged,
    /// It became more severe or came again, and that was not before whoever acknowledges.
    #[error("it was announced again in the meantime: look at it again")]
    AnnouncedSince,
    /// It must be acknowledged before it can be reset or confirmed.
    #[error("it is not acknowledged yet: acknowledge it first")]
    NotAcknowledged,
    /// The condition still holds, or holds again.
    #[error("its cause is still present")]
    CausePresent,
    /// It returns by itself.
    #[error("it does not latch: there is nothing to reset")]
    NotLatched,
    /// Nobody waits for a confirmation.
    #[error("nothing has to be confirmed")]
    NothingToConfirm,
    /// It is confirmed already.
    #[error("it is confirmed already")]
    AlreadyConfirmed,
    /// There is nothing to take back.
    #[error("it is not shelved")]
    NotShelved,
    /// Shelved needs an end that is ahead.
    #[error("the time until which it is to be shelved is over")]
    TimeIsOver,
    /// It cannot be taken out twice.
    #[error("it is out of service already")]
    AlreadyOutOfService,
    /// There is nothing to put back.
    #[error("it is not out of service")]
    NotOutOfService,
}

/// A change that waits for its delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
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
        let now = Now { wall: Timestamp::default(), uptime: Uptime::default() };
        Self::restore(id, config, Known::default(), now)
    }

    /// An alarm as the program left it. Of the occurrences, the one that was raised last goes on as the current one;
    /// nothing is raised again for a condition that still holds. What is shelved stays so for the rest of its time.
    pub fn restore(id: AlarmId, config: Config, known: Known, now: Now) -> Self {
        let Known { mut standings, suppression, deeds } = known;
        standings.sort_by_key(|standing| standing.occurrence.raised);
        let newest = standings.iter().map(|standing| standing.announced.max(standing.occurrence.raised)).max();
        let mut marks = Marks::default();
        let mut announced: Vec<Timestamp> = standings.iter().map(|standing| standing.announced).collect();
        announced.sort();
        let mut habits = Habits::default();
        for at in announced {
            marks.announce(at);
            habits.came_before(now.uptime, Duration::from_millis(now.wall.millis_since(at).max(0).unsigned_abs()));
        }
        let current = standings.pop();
        let mut alarm = Self {
            detector: Detector::new(&config.trigger),
            comings: Edges::default(),
            held_last: false,
            level: current.as_ref().map_or(0, |standing| standing.level),
            looks_again: None,
            id,
            config,
            current,
            earlier: standings,
            newest,
            pending: None,
            value: None,
            source_lost: true,
            habits,
            suppression,
            unshelve: None,
            re_alarm: None,
            marks,
            shelved_by: None,
            serviced_by: None,
        };
        for (deed, origin) in deeds {
            alarm.learn(&deed, origin);
        }
        alarm.time_shelving(now);
        alarm.time_re_alarm(now);
        alarm
    }

    /// Takes a new configuration over, as at the reload of a plant. What stands goes on standing; delays that run
    /// start again.
    pub fn reconfigure(&mut self, config: Config, now: Now) {
        let is_same_condition = self.config.trigger == config.trigger && self.config.enabling == config.enabling;
        self.config = config;
        self.pending = None;
        self.time_re_alarm(now);
        if !is_same_condition {
            self.forget();
        }
    }

    /// Forgets what was heard, as where it watches another source from now on. What stands goes on standing.
    pub fn forget(&mut self) {
        self.detector = Detector::new(&self.config.trigger);
        self.comings.clear();
        self.held_last = false;
        self.habits = Habits::default();
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

    /// How severe the current occurrence is: the number of its trigger's level; 0 where there is none.
    pub fn level(&self) -> u8 {
        self.current.as_ref().map_or(0, |standing| standing.level)
    }

    /// Whether the last observation could not be judged, so that the state is the last one known. True before the
    /// first one.
    pub fn source_lost(&self) -> bool {
        self.source_lost
    }

    /// What keeps it from being announced.
    pub fn suppression(&self) -> &Suppression {
        &self.suppression
    }

    /// Whether it chatters, or goes before anybody can look.
    pub fn nuisance(&self, now: Uptime) -> Option<Nuisance> {
        self.habits.nuisance(now)
    }

    /// Lets time pass for [`Alarm::nuisance`], of which the past is forgotten and what is fleeting found out. Says whether
    /// it is of interest again later although nothing is heard.
    pub fn pass(&mut self, now: Uptime) -> bool {
        self.habits.pass(now);
        !self.habits.is_settled()
    }

    /// The current occurrence; none while it is normal.
    pub fn standing(&self) -> Option<&Standing> {
        self.current.as_ref()
    }

    /// Occurrences before the current one that returned and still wait for somebody, oldest first; at most
    /// [`EARLIER_AT_MOST`].
    pub fn earlier(&self) -> &[Standing] {
        &self.earlier
    }

    /// Everything that waits for somebody: earlier occurrences, then the current one.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.earlier.iter().chain(&self.current)
    }

    /// When [`Input::Tick`] is wanted; none while nothing runs.
    pub fn deadline(&self) -> Option<Uptime> {
        let pending = self.pending.and_then(|pending| match pending.wait {
            Wait::Until(due) => Some(due),
            Wait::Held(_) => None,
        });
        [pending, self.looks_again, self.unshelve, self.re_alarm].into_iter().flatten().min()
    }

    /// What acknowledging, as a [`What`], an occurrence as it is shown now means.
    pub fn acknowledge(&self, occurrence: &OccurrenceId) -> What {
        let (raised, through) = self.names(occurrence);
        What::Acknowledge { raised, through }
    }

    /// What acknowledging it means to somebody who had it before them as it was announced at a time: nothing that was
    /// announced later. No time names more than was announced.
    pub fn acknowledge_as_seen(&self, occurrence: &OccurrenceId, seen: Timestamp) -> What {
        let (raised, through) = self.names(occurrence);
        What::Acknowledge { raised, through: through.min(seen) }
    }

    /// What confirming it means.
    pub fn confirm(&self, occurrence: &OccurrenceId) -> What {
        let (raised, through) = self.names(occurrence);
        What::Confirm { raised, through }
    }

    /// What resetting it means.
    pub fn reset(&self, occurrence: &OccurrenceId) -> What {
        let (raised, through) = self.names(occurrence);
        What::Reset { raised, through }
    }

    /// What a note on it means.
    pub fn note(&self, occurrence: &OccurrenceId) -> What {
        let (raised, through) = self.names(occurrence);
        What::Note { raised, through }
    }

    /// Whether somebody at this station may do something now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, what: &What, now: Now) -> Result<(), Refusal> {
        match what {
            What::Acknowledge { raised, through } => {
                let standing = self.occurrence(*raised)?;
                match standing.state {
                    State::Unack | State::RtnUnack | State::LatchedUnack if standing.announced > *through => {
                        Err(Refusal::AnnouncedSince)
                    }
                    State::Unack | State::RtnUnack | State::LatchedUnack => Ok(()),
                    State::Acked | State::LatchedAcked | State::RtnUnconfirmed => Err(Refusal::AlreadyAcknowledged),
                    State::Normal => Err(Refusal::UnknownOccurrence),
                }
            }
            What::Confirm { raised, .. } => self.check_confirm(self.occurrence(*raised)?),
            What::Reset { raised, .. } => self.check_reset(self.occurrence(*raised)?.state),
            What::Note { raised, .. } => self.occurrence(*raised).map(|_| ()),
            What::Shelve { until, .. } if *until <= now.wall => Err(Refusal::TimeIsOver),
            What::Shelve { .. } => Ok(()),
            What::Unshelve if self.suppression.shelved.is_none() => Err(Refusal::NotShelved),
            What::Unshelve => Ok(()),
            What::TakeOutOfService if self.suppression.out_of_service.is_some() => Err(Refusal::AlreadyOutOfService),
            What::TakeOutOfService => Ok(()),
            What::ReturnToService if self.suppression.out_of_service.is_none() => Err(Refusal::NotOutOfService),
            What::ReturnToService => Ok(()),
        }
    }

    fn check_confirm(&self, standing: &Standing) -> Result<(), Refusal> {
        match (standing.state, &self.config.confirm, &standing.confirmed) {
            (_, _, Some(_)) => Err(Refusal::AlreadyConfirmed),
            (State::RtnUnconfirmed, _, None) => Ok(()),
            (_, Confirm::NotRequired, None) => Err(Refusal::NothingToConfirm),
            (State::Acked | State::LatchedAcked, Confirm::Required, None) => Ok(()),
            (State::Unack | State::RtnUnack | State::LatchedUnack, Confirm::Required, None) => {
                Err(Refusal::NotAcknowledged)
            }
            (State::Normal, Confirm::Required, None) => Err(Refusal::UnknownOccurrence),
        }
    }

    fn check_reset(&self, state: State) -> Result<(), Refusal> {
        match state {
            State::LatchedAcked if self.is_coming_back() => Err(Refusal::CausePresent),
            State::LatchedAcked => Ok(()),
            State::LatchedUnack => Err(Refusal::NotAcknowledged),
            State::Unack | State::Acked => match self.config.latching {
                Latching::Yes => Err(Refusal::CausePresent),
                Latching::No => Err(Refusal::NotLatched),
            },
            State::RtnUnack | State::RtnUnconfirmed => Err(Refusal::NotLatched),
            State::Normal => Err(Refusal::UnknownOccurrence),
        }
    }

    fn occurrence(&self, raised: Timestamp) -> Result<&Standing, Refusal> {
        self.standings().find(|standing| standing.occurrence.raised == raised).ok_or(Refusal::UnknownOccurrence)
    }

    /// The names by which an act refers to an occurrence and to its last announcement.
    fn names(&self, occurrence: &OccurrenceId) -> (Timestamp, Timestamp) {
        let through = self.occurrence(occurrence.raised).map_or(occurrence.raised, |standing| standing.announced);
        (occurrence.raised, through)
    }

    /// Tells the alarm something and says what changed. What somebody at this station does is to be asked of
    /// [`Alarm::check`] before; an act that is known already changes nothing. An act changes just what it names: a delay
    /// that is due waits for its tick, so that who journals an act before it takes effect can step a clone to see what
    /// to journal.
    pub fn step(&mut self, now: Now, input: Input) -> Effects {
        let mut effects = Effects::new();
        match input {
            Input::Reading { value, quality, time } => {
                if !quality.is_bad() {
                    self.value = value.as_ref().and_then(Value::number).filter(|x| x.is_finite());
                }
                self.detector.hear(now, &self.config.trigger, value, quality, time);
                self.judge(now, &mut effects);
            }
            Input::Truth { active, quality } => {
                let value = Some(Value::Bool(active));
                self.detector.hear(now, &self.config.trigger, value, quality, now.wall);
                self.judge(now, &mut effects);
            }
            Input::Operand { tag, value, quality } => {
                self.detector.hear_operand(tag, value, quality);
                self.judge(now, &mut effects);
            }
            Input::Enabled { active, quality } => {
                self.detector.hear_enabling(now, &self.config.trigger, active, quality);
                self.judge(now, &mut effects);
            }
            Input::SourceLost => {
                self.detector.lose_source(now.uptime, &self.config.trigger);
                self.judge(now, &mut effects);
            }
            Input::SourceBack => {
                self.detector.find_source(now.uptime);
                self.judge(now, &mut effects);
            }
            Input::Tick => {
                self.judge(now, &mut effects);
                self.expire_shelving(now, &mut effects);
                self.announce_again(now, &mut effects);
            }
            Input::Deed(deed, origin) => self.take(now, &deed, origin, &mut effects),
            Input::Design(rule) => self.design(now, rule, &mut effects),
        }
        effects
    }

    fn design(&mut self, now: Now, rule: Option<String>, effects: &mut Effects) {
        match (rule, &self.suppression.by_design) {
            (Some(rule), None) => self.suppress_by_design(now, ByDesign { rule, since: now.wall }, effects),
            (Some(rule), Some(known)) if rule != known.rule => {
                let since = known.since;
                self.suppress_by_design(now, ByDesign { rule, since }, effects);
            }
            (None, Some(_)) => self.end_design(now, effects),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn is_coming_back(&self) -> bool {
        self.pending.is_some_and(|pending| pending.toward.is_present())
    }

    /// Judges by everything heard, and carries out what has waited for long enough.
    fn judge(&mut self, now: Now, effects: &mut Effects) {
        self.observe(now);
        self.looks_again = self.detector.deadline(now.uptime, &self.config.trigger, self.config.enabling);
        self.settle(now, effects);
    }

    fn observe(&mut self, now: Now) {
        let Config { trigger, enabling, times, .. } = &self.config;
        let present = self.current.as_ref().filter(|standing| standing.state.is_present());
        let (held, steady) = match present {
            Some(standing) => (Some(self.level), Verdict::Present(standing.level)),
            None => (None, Verdict::Absent),
        };
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
        let is_held = !self.config.chatter_hold.is_zero() && self.habits.is_held(now.uptime);
        if verdict == steady {
            let comes_back = self.pending.take().is_some_and(|pending| steady.is_above(pending.toward));
            if is_held && comes_back {
                self.habits.come(now.uptime);
            }
            return;
        }
        let is_worse = verdict.is_above(steady);
        let is_off = self.detector.is_disabled(self.config.enabling) && !is_held;
        let at_once = is_often || is_off;
        let delay = match (is_worse, is_held) {
            (true, _) => self.config.on_delay,
            (false, false) => self.config.off_delay,
            (false, true) => self.config.off_delay.max(self.config.chatter_hold),
        };
        // A change that waits already goes on waiting as long as it is one in the same direction.
        let waiting = self.pending.filter(|pending| pending.toward.is_above(steady) == is_worse);
        let wait = match waiting.map(|pending| pending.wait) {
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
    fn settle(&mut self, now: Now, effects: &mut Effects) {
        let Some(Pending { toward, wait: Wait::Until(due) }) = self.pending else { return };
        if now.uptime < due {
            return;
        }
        self.pending = None;
        match toward {
            Verdict::Present(level) => self.trip(now, level, effects),
            Verdict::Absent => self.clear(now, effects),
            Verdict::Unknown => {}
        }
    }
}
