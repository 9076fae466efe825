//! The transitions of one alarm. The numbers of rows are those of the table in `docs/alarms.md`.

use std::time::Duration;

use model::{Now, Timestamp};

use crate::deed::MarkKind;
use crate::{
    Act, Alarm, ByDesign, Cause, Confirm, Deed, EARLIER_AT_MOST, Effect, Effects, Latching, OccurrenceId, Origin,
    ReAlarm, ReturnAck, SAME_ANNOUNCEMENT, Shelved, Standing, State, Suppressed, SuppressionChange, Transition,
    Unshelved, What,
};

/// Whether a change calls somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Yes,
    No,
}

impl Alarm {
    /// The condition holds on a level, delay included: rows 1, 7, 9, 12 and 13.
    pub(crate) fn trip(&mut self, now: Now, level: u8, effects: &mut Effects) {
        let known = self.current.as_ref().map(|standing| standing.level);
        if !self.state().is_present() || known.is_some_and(|known| level > known) {
            self.habits.come(now.uptime);
        }
        match self.state() {
            State::Normal => self.raise(now, State::Normal, level, effects),
            from @ (State::RtnUnack | State::RtnUnconfirmed) => {
                self.earlier.extend(self.current.take());
                self.close_oldest(now, effects);
                self.raise(now, from, level, effects);
            }
            State::LatchedUnack | State::LatchedAcked => {
                self.change_level(now, State::Unack, level, Cause::Recurred, Call::Yes, effects);
            }
            State::Unack | State::Acked if known.is_some_and(|known| level > known) => {
                self.change_level(now, State::Unack, level, Cause::Escalated, Call::Yes, effects);
            }
            state @ (State::Unack | State::Acked) => {
                self.change_level(now, state, level, Cause::Eased, Call::No, effects);
            }
        }
        self.honour_marks(now, effects);
    }

    /// The condition is gone, delay included: rows 3 to 6 and 10.
    pub(crate) fn clear(&mut self, now: Now, effects: &mut Effects) {
        self.habits.go(now.uptime);
        match (self.state(), self.config.latching) {
            (State::Unack, Latching::No) => {
                self.change(now, State::RtnUnack, Cause::Returned, effects);
                let goes_by_itself = self.config.return_ack == ReturnAck::NotRequired || self.suppression.is_in_force();
                if goes_by_itself {
                    self.change(now, State::Normal, Cause::AutoReturn, effects);
                }
            }
            (State::Unack, Latching::Yes) => self.change(now, State::LatchedUnack, Cause::Returned, effects),
            (State::Acked, Latching::No) => {
                let to = self.current.as_ref().map_or(State::Normal, |standing| self.done(standing));
                self.change(now, to, Cause::Returned, effects);
            }
            (State::Acked, Latching::Yes) => self.change(now, State::LatchedAcked, Cause::Returned, effects),
            (
                State::Normal | State::RtnUnack | State::LatchedUnack | State::LatchedAcked | State::RtnUnconfirmed,
                Latching::No | Latching::Yes,
            ) => {}
        }
        self.honour_marks(now, effects);
        let is_over = !self.state().is_present();
        if is_over && self.suppression.shelved.as_ref().is_some_and(|shelving| shelving.one_shot) {
            self.unshelve(now, now.wall, Unshelved::Returned, effects);
        }
    }

    /// Takes an act in: rows 2, 8, 11, 14 to 17, 20 and 21. Nothing where it is known.
    pub(crate) fn take(&mut self, now: Now, deed: &Deed, origin: Origin, effects: &mut Effects) {
        if !self.learn(deed, origin) {
            return;
        }
        let before = effects.len();
        let id = deed.id();
        match &deed.what {
            What::Acknowledge { .. } | What::Confirm { .. } | What::Reset { .. } => {
                // Of what was done already, the first one counts; all others are on record all the same.
                self.also(now, deed, |known, act| act.place() < known.place(), effects);
                self.honour_marks(now, effects);
                if effects.len() == before {
                    self.also(now, deed, |_, _| true, effects);
                }
            }
            What::Note { .. } => self.take_note(now, deed, origin, effects),
            What::Shelve { until, one_shot } if self.shelved_by.as_ref() == Some(&id) => {
                if *until > now.wall {
                    let shelving = Shelved { act: deed.act.clone(), until: *until, one_shot: *one_shot };
                    self.suppress(now, Suppressed::Shelved(shelving), effects);
                } else if self.suppression.shelved.is_some() {
                    self.suppress(now, Suppressed::Unshelved(Unshelved::Expired), effects);
                }
                self.time_shelving(now);
            }
            What::TakeOutOfService if self.serviced_by.as_ref() == Some(&id) => {
                self.suppress(now, Suppressed::OutOfService(deed.act.clone()), effects);
            }
            What::Shelve { .. } | What::TakeOutOfService => {}
            // That somebody called for the alarm again stays true whoever shelved it later.
            What::Unshelve => {
                let is_last = self.shelved_by.as_ref() == Some(&id);
                if is_last && self.suppression.shelved.is_some() {
                    self.suppress(now, Suppressed::Unshelved(Unshelved::By(deed.act.clone())), effects);
                    self.time_shelving(now);
                }
                self.call_after_suppression(now, deed.act.at, effects);
            }
            What::ReturnToService => {
                let is_last = self.serviced_by.as_ref() == Some(&id);
                if is_last && self.suppression.out_of_service.is_some() {
                    self.suppress(now, Suppressed::InService(deed.act.clone()), effects);
                }
                self.call_after_suppression(now, deed.act.at, effects);
            }
        }
        if effects.len() == before {
            effects.push(Effect::Heard(deed.clone()));
        }
    }

    /// Remembers an act without doing anything about it. Says whether it is news.
    pub(crate) fn learn(&mut self, deed: &Deed, origin: Origin) -> bool {
        let id = deed.id();
        if !self.marks.see(id.clone()) {
            return false;
        }
        match (deed.what.mark(), &deed.what) {
            (Some((kind, through)), _) => {
                // Whatever is announced from now on has a later name than anything that somebody has seen.
                self.newest = self.newest.max(Some(through));
                self.marks.add(kind, through, deed, origin);
            }
            (None, What::Shelve { .. } | What::Unshelve) => self.shelved_by = self.shelved_by.take().max(Some(id)),
            (None, What::TakeOutOfService | What::ReturnToService) => {
                self.serviced_by = self.serviced_by.take().max(Some(id));
            }
            (None, _) => {}
        }
        true
    }

    /// Lets every mark take effect that reaches what stands, earlier occurrences first.
    fn honour_marks(&mut self, now: Now, effects: &mut Effects) {
        for standing in std::mem::take(&mut self.earlier) {
            let left = self.honour_marks_on(now, standing, effects);
            self.earlier.extend(left);
        }
        if let Some(current) = self.current.take() {
            self.current = self.honour_marks_on(now, current, effects).or_else(|| self.earlier.pop());
            self.time_re_alarm(now);
        }
    }

    /// What is left of an occurrence once the marks that reach it have taken effect.
    fn honour_marks_on(&self, now: Now, standing: Standing, effects: &mut Effects) -> Option<Standing> {
        let mut left = Some(standing);
        for kind in [MarkKind::Acknowledged, MarkKind::Confirmed, MarkKind::Reset] {
            let Some(standing) = &left else { break };
            let Some(act) = self.marks.first(kind, standing.announced).cloned() else { continue };
            let (to, cause) = match (kind, standing.state) {
                (MarkKind::Acknowledged, State::Unack) => (State::Acked, Cause::Acknowledged(act)),
                (MarkKind::Acknowledged, State::LatchedUnack) => (State::LatchedAcked, Cause::Acknowledged(act)),
                (MarkKind::Acknowledged, State::RtnUnack) => (self.done(standing), Cause::Acknowledged(act)),
                (MarkKind::Confirmed, State::RtnUnconfirmed) => (State::Normal, Cause::Confirmed(act)),
                (MarkKind::Confirmed, state @ (State::Acked | State::LatchedAcked)) if standing.confirmed.is_none() => {
                    (state, Cause::Confirmed(act))
                }
                (MarkKind::Reset, State::LatchedAcked) => (self.done(standing), Cause::Reset(act)),
                _ => continue,
            };
            let transition = self.transition(now, standing, to, cause);
            left = Standing::after(left.take(), &transition);
            effects.push(Effect::Occurrence(transition));
        }
        left
    }

    /// Somebody did what was done already: says so of the occurrences where that is of interest, given who did it and who
    /// did it now.
    fn also(&mut self, now: Now, deed: &Deed, is_news: fn(&Act, &Act) -> bool, effects: &mut Effects) {
        let Some((kind, _)) = deed.what.mark() else { return };
        let (id, act) = (deed.id(), deed.act.clone());
        let done = |standing: &Standing| match kind {
            MarkKind::Acknowledged => standing.acknowledged.clone(),
            MarkKind::Confirmed => standing.confirmed.clone(),
            MarkKind::Reset => None,
        };
        let is_meant = |one: &&Standing| {
            done(one).is_some_and(|known| is_news(&known, &act)) && self.marks.reaches(kind, &id, one.announced)
        };
        let meant: Vec<Standing> = self.standings().filter(is_meant).cloned().collect();
        let cause = match kind {
            MarkKind::Acknowledged => Cause::Acknowledged(act),
            MarkKind::Confirmed | MarkKind::Reset => Cause::Confirmed(act),
        };
        for standing in meant {
            self.remark(now, standing, cause.clone(), effects);
        }
    }

    /// Says something of an occurrence that stands and leaves it where it is.
    fn remark(&mut self, now: Now, standing: Standing, cause: Cause, effects: &mut Effects) {
        let transition = self.transition(now, &standing, standing.state, cause);
        let after = Standing::after(Some(standing), &transition);
        let place =
            self.earlier.iter_mut().chain(&mut self.current).find(|one| one.occurrence == transition.occurrence);
        place.into_iter().zip(after).for_each(|(place, after)| *place = after);
        effects.push(Effect::Occurrence(transition));
    }

    /// A note belongs to the occurrence that it names; one of another station to the one that was raised or announced
    /// nearest to it.
    fn take_note(&mut self, now: Now, deed: &Deed, origin: Origin, effects: &mut Effects) {
        let What::Note { raised, through } = deed.what else { return };
        let within = match origin {
            Origin::Here => 0,
            Origin::Elsewhere => SAME_ANNOUNCEMENT.as_millis(),
        };
        let apart = |standing: &Standing| {
            let raised = standing.occurrence.raised.millis().abs_diff(raised.millis());
            u128::from(raised.min(standing.announced.millis().abs_diff(through.millis())))
        };
        let nearest = self.standings().filter(|standing| apart(standing) <= within).min_by_key(|one| apart(one));
        if let Some(standing) = nearest.cloned() {
            self.remark(now, standing, Cause::Noted(deed.act.clone()), effects);
        }
    }

    /// Begins to suppress the alarm by a rule of the plant: row 18.
    pub(crate) fn suppress_by_design(&mut self, now: Now, design: ByDesign, effects: &mut Effects) {
        self.suppress(now, Suppressed::ByDesign(design), effects);
    }

    /// Ends that: row 19.
    pub(crate) fn end_design(&mut self, now: Now, effects: &mut Effects) {
        self.suppress(now, Suppressed::DesignEnded, effects);
        self.call_after_suppression(now, now.wall, effects);
    }

    /// What is shelved is so no more, once its time has come: row 17.
    pub(crate) fn expire_shelving(&mut self, now: Now, effects: &mut Effects) {
        if self.unshelve.is_some_and(|due| due <= now.uptime) {
            let until = self.suppression.shelved.as_ref().map_or(now.wall, |shelving| shelving.until);
            // Nobody was called while it was shelved, whatever the wall clock said: it may have been set forth meanwhile.
            let later = Duration::from_millis(1);
            let after = self.current.as_ref().map(|standing| standing.announced.saturating_add(later));
            self.unshelve(now, after.map_or(until, |after| until.max(after)), Unshelved::Expired, effects);
        }
    }

    /// Announces again what was acknowledged and still stands, once its time has come: row 7.
    pub(crate) fn announce_again(&mut self, now: Now, effects: &mut Effects) {
        if self.re_alarm.is_some_and(|due| due <= now.uptime) {
            self.re_alarm = None;
            self.announce(now, now, State::Unack, Cause::ReAlarmed, effects);
        }
    }

    /// Counts the time of what is shelved by the machine's uptime, whatever becomes of the wall clock.
    pub(crate) fn time_shelving(&mut self, now: Now) {
        self.unshelve = self.suppression.shelved.as_ref().map(|Shelved { act, until, .. }| {
            let whole = until.millis_since(act.at).max(0);
            let left = until.millis_since(now.wall).clamp(0, whole);
            now.uptime + Duration::from_millis(left.unsigned_abs())
        });
    }

    /// Starts the re-alarm time where the alarm stands acknowledged, and it does not run.
    pub(crate) fn time_re_alarm(&mut self, now: Now) {
        let due = match (&self.current, self.config.re_alarm) {
            (Some(standing), Some(ReAlarm { after, times })) if standing.state == State::Acked => {
                let may = times.is_none_or(|most| standing.re_alarms < u32::from(most));
                may.then(|| self.re_alarm.unwrap_or(now.uptime + after))
            }
            _ => None,
        };
        self.re_alarm = due;
    }

    fn unshelve(&mut self, now: Now, at: Timestamp, why: Unshelved, effects: &mut Effects) {
        self.unshelve = None;
        if self.suppression.shelved.is_some() {
            self.suppress(now, Suppressed::Unshelved(why), effects);
        }
        self.call_after_suppression(now, at, effects);
    }

    /// Changes what keeps the alarm from being announced.
    fn suppress(&mut self, now: Now, what: Suppressed, effects: &mut Effects) {
        let change = SuppressionChange { alarm: self.id.clone(), at: now.wall, what };
        self.suppression.follow(&change);
        effects.push(Effect::Suppression(change));
    }

    /// Rows 17, 19 and 21, for a suppression that ended at a time: what stands is announced as if it were new (which calls
    /// nobody while something else suppresses it), and what has returned is gone. What latches stays as it is until it is
    /// reset.
    /// A station that only hears of it later does the same, so that it agrees with the one where it happened.
    fn call_after_suppression(&mut self, now: Now, ended: Timestamp, effects: &mut Effects) {
        self.close_returned(now, ended, effects);
        let is_older = self.current.as_ref().is_some_and(|standing| standing.announced < ended);
        let at = Now { wall: ended, ..now };
        if is_older && self.state().is_present() {
            self.announce(now, at, State::Unack, Cause::Unsuppressed, effects);
        }
        self.honour_marks(now, effects);
    }

    /// Closes what had returned by then and does not latch.
    fn close_returned(&mut self, now: Now, by: Timestamp, effects: &mut Effects) {
        if self.config.latching == Latching::Yes {
            return;
        }
        let is_over = |standing: &Standing| {
            let waits = matches!(standing.state, State::RtnUnack | State::RtnUnconfirmed);
            waits && standing.returned_at.is_some_and(|at| at < by)
        };
        let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.earlier).into_iter().partition(is_over);
        self.earlier = left;
        for standing in over {
            effects.push(Effect::Occurrence(self.transition(now, &standing, State::Normal, Cause::AutoReturn)));
        }
        if self.current.as_ref().is_some_and(is_over) {
            self.change(now, State::Normal, Cause::AutoReturn, effects);
        }
    }

    /// Where an occurrence goes that has returned and is acknowledged.
    fn done(&self, standing: &Standing) -> State {
        match (self.config.confirm, &standing.confirmed) {
            (Confirm::Required, None) => State::RtnUnconfirmed,
            (Confirm::Required, Some(_)) | (Confirm::NotRequired, _) => State::Normal,
        }
    }

    fn raise(&mut self, now: Now, from: State, level: u8, effects: &mut Effects) {
        let raised = self.announcement(now);
        let occurrence = OccurrenceId { alarm: self.id.clone(), raised };
        let transition = Transition {
            occurrence,
            from,
            to: State::Unack,
            at: now.wall,
            cause: Cause::Raised,
            value: self.value,
            level,
            announced: Some(raised),
            suppressed: self.suppression.is_in_force(),
        };
        self.record(now, transition, effects);
    }

    /// Changes the current occurrence; nothing where there is none.
    fn change(&mut self, now: Now, to: State, cause: Cause, effects: &mut Effects) {
        let Some(current) = &self.current else { return };
        let transition = self.transition(now, current, to, cause);
        self.record(now, transition, effects);
    }

    /// The same, and calls somebody, under a name of this time.
    fn announce(&mut self, now: Now, name: Now, to: State, cause: Cause, effects: &mut Effects) {
        let announced = Some(self.announcement(name));
        let Some(current) = &self.current else { return };
        let transition = Transition { announced, ..self.transition(now, current, to, cause) };
        self.record(now, transition, effects);
    }

    fn change_level(&mut self, now: Now, to: State, level: u8, cause: Cause, call: Call, effects: &mut Effects) {
        let announced = (call == Call::Yes).then(|| self.announcement(now));
        let Some(current) = &self.current else { return };
        let transition = Transition { level, announced, ..self.transition(now, current, to, cause) };
        self.record(now, transition, effects);
    }

    fn transition(&self, now: Now, standing: &Standing, to: State, cause: Cause) -> Transition {
        Transition {
            occurrence: standing.occurrence.clone(),
            from: standing.state,
            to,
            at: now.wall,
            cause,
            value: self.value,
            level: standing.level,
            announced: None,
            suppressed: self.suppression.is_in_force(),
        }
    }

    /// The name of an announcement that is made now: the wall time, moved on where that would not be later than every
    /// one before.
    fn announcement(&mut self, now: Now) -> Timestamp {
        let after_newest = self.newest.map(|newest| newest.saturating_add(Duration::from_millis(1)));
        let name = after_newest.map_or(now.wall, |earliest| now.wall.max(earliest));
        self.newest = Some(name);
        self.marks.announce(name);
        name
    }

    /// Where the current occurrence is over, an earlier one that still waits is what the alarm stands at.
    fn record(&mut self, now: Now, transition: Transition, effects: &mut Effects) {
        self.current = Standing::after(self.current.take(), &transition).or_else(|| self.earlier.pop());
        effects.push(Effect::Occurrence(transition));
        self.time_re_alarm(now);
    }

    fn close_oldest(&mut self, now: Now, effects: &mut Effects) {
        if self.earlier.len() > EARLIER_AT_MOST {
            let oldest = self.earlier.remove(0);
            effects.push(Effect::Occurrence(self.transition(now, &oldest, State::Normal, Cause::AutoReturn)));
        }
    }
}
