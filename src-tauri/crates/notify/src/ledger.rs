//! Who is to be told of what, and when: a function of the journal's entries, the rules and the time.
//!
//! For every rule and occurrence that somebody may still have to be told of there is one [`Held`]. [`Ledger::take`] changes them
//! with what happened, [`Ledger::collect`] makes letters of what is due. Neither knows where letters go. Times are wall times, as
//! they have to mean something after a restart.
//!
//! **Invariant:** a rule sends at most one letter to a recipient in the time it gathers; an occurrence that is acknowledged before a step
//! is due is in no letter of that step; a ledger that is restored from its changes goes on as if nothing had been.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alarm::AlarmId;
use jiff::tz::TimeZone;
use model::Timestamp;
use plant::Notification;
use serde::{Deserialize, Serialize};

use crate::letter::{Letter, Line};
use crate::news::{Event, News, Subject};
use crate::quiet;

/// A rule's name and an occurrence's.
pub type Key = (Arc<str>, String);

/// An occurrence under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What it is about.
    pub subject: Subject,
    /// How many recipients were told, in the order of the rule.
    pub told: usize,
    /// When the next is to be told; none where nobody is left, or somebody acknowledged.
    pub next: Option<Timestamp>,
    /// What those who were told are still to be told.
    pub notices: Vec<Notice>,
    /// Whether somebody still has to acknowledge it.
    pub waits: bool,
    /// Whether nothing more will be heard of it.
    pub is_over: bool,
}

/// Something that happened after somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The journal's number of it.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// When it is to be told.
    pub due: Timestamp,
    /// What.
    pub event: Event,
}

/// What is to be kept of a ledger beside what was kept before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// As it is now; `None` where it is no longer held.
    pub held: Vec<(Key, Option<Held>)>,
    /// Until when a rule gathers.
    pub gathering: Vec<(Arc<str>, Timestamp)>,
}

/// Everything that somebody may still have to be told of.
#[derive(Debug, Default)]
pub struct Ledger {
    held: BTreeMap<Key, Held>,
    gathering: BTreeMap<Arc<str>, Timestamp>,
    changed: BTreeSet<Key>,
    gathering_changed: BTreeSet<Arc<str>>,
}

impl Ledger {
    /// What its [`Changes`] added up to.
    pub fn restore(held: Vec<(Key, Held)>, gathering: Vec<(Arc<str>, Timestamp)>) -> Self {
        Self { held: held.into_iter().collect(), gathering: gathering.into_iter().collect(), ..Self::default() }
    }

    /// Takes an entry of the journal, in the journal's order. An entry that was taken before changes nothing that was told.
    pub fn take(&mut self, news: &News, rules: &[Notification]) {
        for rule in rules {
            let key = (Arc::clone(&rule.name), news.subject.occurrence.clone());
            match &news.event {
                Some(Event::Raised) if matches(rule, &news.subject) => {
                    self.held.insert(key.clone(), Held::raised(news, rule));
                }
                Some(Event::Raised | Event::Returned | Event::Acknowledged { .. }) | None => {
                    let Some(held) = self.held.get_mut(&key) else { continue };
                    held.follow(news, rule);
                    if held.is_done(rule) {
                        self.held.remove(&key);
                    }
                }
            }
            self.changed.insert(key);
        }
    }

    /// Nobody is called for an alarm that is suppressed. Those who were told of it hear what happens to it all the same, and
    /// when it is announced again it begins anew.
    pub fn hush(&mut self, alarm: &AlarmId, rules: &[Notification]) {
        let of_alarm = self.held.iter_mut().filter(|(_, held)| held.subject.alarm == *alarm);
        let mut done = Vec::new();
        for (key, held) in of_alarm {
            held.next = None;
            held.waits = false;
            self.changed.insert(key.clone());
            if rules.iter().find(|rule| rule.name == key.0).is_none_or(|rule| held.is_done(rule)) {
                done.push(key.clone());
            }
        }
        for key in done {
            self.held.remove(&key);
        }
    }

    /// Forgets what belongs to rules that there are no more.
    pub fn keep_to(&mut self, rules: &[Notification]) {
        let is_known = |name: &str| rules.iter().any(|rule| *rule.name == *name);
        let gone: Vec<Key> = self.held.keys().filter(|(rule, _)| !is_known(rule)).cloned().collect();
        for key in gone {
            self.held.remove(&key);
            self.changed.insert(key);
        }
    }

    /// The letters that are due. What is due in a quiet time waits for its end; what is due while its rule gathers waits for
    /// that.
    pub fn collect(&mut self, now: Timestamp, rules: &[Notification], zone: &TimeZone) -> Vec<Letter> {
        let mut letters = Vec::new();
        let mut done = Vec::new();
        for rule in rules {
            if self.gathering.get(&rule.name).is_some_and(|until| *until > now) {
                continue;
            }
            let mut lines: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
            for (key, held) in of_rule(&mut self.held, &rule.name) {
                if held.earliest().is_none_or(|due| due > now) {
                    continue;
                }
                self.changed.insert(key.clone());
                held.wait_for_quiet(now, rule, zone);
                for (recipient, line) in held.tell(now, rule) {
                    lines.entry(recipient).or_default().push(line);
                }
                if held.is_done(rule) {
                    done.push(key.clone());
                }
            }
            if lines.is_empty() {
                continue;
            }
            letters.extend(lines.into_iter().map(|(to, lines)| Letter::new(rule, to, lines, now)));
            if !rule.gather.is_zero() {
                self.gathering.insert(Arc::clone(&rule.name), now.saturating_add(rule.gather));
                self.gathering_changed.insert(Arc::clone(&rule.name));
            }
        }
        for key in done {
            self.held.remove(&key);
        }
        letters
    }

    /// Has all of it kept again, as in a file that is new.
    pub fn keep_all(&mut self) {
        self.changed.extend(self.held.keys().cloned());
        self.gathering_changed.extend(self.gathering.keys().cloned());
    }

    /// What has to be kept; told once.
    pub fn take_changes(&mut self) -> Changes {
        let held = std::mem::take(&mut self.changed).into_iter().map(|key| {
            let held = self.held.get(&key).cloned();
            (key, held)
        });
        let held = held.collect();
        let gathering = std::mem::take(&mut self.gathering_changed);
        let until = |rule: Arc<str>| self.gathering.get(&rule).map(|until| (rule, *until));
        Changes { held, gathering: gathering.into_iter().filter_map(until).collect() }
    }
}

impl Held {
    fn raised(news: &News, rule: &Notification) -> Self {
        Self {
            subject: news.subject.clone(),
            told: 0,
            next: Some(news.at.saturating_add(rule.delay)),
            notices: Vec::new(),
            waits: true,
            is_over: false,
        }
    }

    fn follow(&mut self, news: &News, rule: &Notification) {
        self.waits = news.waits;
        self.is_over = news.is_over;
        if !self.waits {
            self.next = None;
        }
        let is_wanted = match &news.event {
            Some(Event::Returned) => rule.returns,
            Some(Event::Acknowledged { .. }) => rule.acknowledgements,
            Some(Event::Raised) | None => false,
        };
        if let (Some(event), true, true) = (&news.event, is_wanted, self.told > 0) {
            // A condition that comes and goes is told of as it was last.
            self.notices.retain(|notice| std::mem::discriminant(&notice.event) != std::mem::discriminant(event));
            self.notices.push(Notice { seq: news.seq, at: news.at, due: news.at, event: event.clone() });
        }
    }

    /// When something of it is due.
    fn earliest(&self) -> Option<Timestamp> {
        self.notices.iter().map(|notice| notice.due).chain(self.next).min()
    }

    fn wait_for_quiet(&mut self, now: Timestamp, rule: &Notification, zone: &TimeZone) {
        let Some(until) = quiet::until(&rule.quiet, &self.subject, now, zone) else { return };
        let later = |due: &mut Timestamp| *due = (*due).max(until);
        if let Some(next) = &mut self.next {
            later(next);
        }
        self.notices.iter_mut().map(|notice| &mut notice.due).for_each(later);
    }

    /// What is due, for whom.
    fn tell(&mut self, now: Timestamp, rule: &Notification) -> Vec<(usize, Line)> {
        let mut lines = Vec::new();
        // Those who were told before get what happened since; whoever is told now sees it as it stands.
        let told = self.told.min(rule.to.len());
        for notice in self.notices.extract_if(.., |notice| notice.due <= now) {
            let line =
                Line { subject: self.subject.clone(), event: notice.event, at: notice.at, seq: notice.seq, step: 0 };
            lines.extend((0..told).map(|recipient| (recipient, line.clone())));
        }
        if self.next.is_some_and(|next| next <= now) {
            let until = if rule.escalate_after.is_some() { (self.told + 1).min(rule.to.len()) } else { rule.to.len() };
            for step in told..until {
                let (event, at, seq) = (Event::Raised, self.subject.raised_at, self.subject.seq);
                lines.push((step, Line { subject: self.subject.clone(), event, at, seq, step }));
            }
            self.told = until;
            self.next = rule.escalate_after.filter(|_| until < rule.to.len()).map(|after| now.saturating_add(after));
        }
        lines
    }

    fn is_done(&self, rule: &Notification) -> bool {
        let may_follow = !self.is_over && self.told > 0 && (rule.returns || (rule.acknowledgements && self.waits));
        self.next.is_none() && self.notices.is_empty() && !may_follow
    }
}

fn matches(rule: &Notification, subject: &Subject) -> bool {
    let within =
        |equipment: &model::EquipmentId| subject.equipment.as_ref().is_some_and(|own| own.is_within(equipment));
    (rule.priorities.is_empty() || rule.priorities.iter().any(|priority| priority.number() == subject.priority))
        && (rule.classes.is_empty() || rule.classes.contains(&subject.class))
        && (rule.equipment.is_empty() || rule.equipment.iter().any(within))
}

fn of_rule<'l>(held: &'l mut BTreeMap<Key, Held>, rule: &Arc<str>) -> impl Iterator<Item = (&'l Key, &'l mut Held)> {
    let rule = Arc::clone(rule);
    held.range_mut((Arc::clone(&rule), String::new())..).take_while(move |((name, _), _)| *name == rule)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
