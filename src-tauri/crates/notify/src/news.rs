//! What the journal's entries mean to somebody who is told of them.

use alarm::{AlarmId, Cause, OccurrenceId, Priority, State, Suppressed};
use journal::{AlarmChange, Entry, Record, Remark, Remarked};
use model::{EquipmentId, Timestamp};
use serde::{Deserialize, Serialize};

/// An occurrence of an alarm, as a message shows it: by itself, since the plant may be another one when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Its name, `alarm@milliseconds`.
    pub occurrence: String,
    /// The alarm's id.
    pub alarm: AlarmId,
    /// 1 highest to 4.
    pub priority: u8,
    /// The alarm's class; empty where the alarm is no longer in the plant.
    pub class: String,
    /// Where.
    pub equipment: Option<EquipmentId>,
    /// What is shown in lists.
    pub message: String,
    /// The value that raised it, in words with its unit; empty where there is none.
    pub value: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// The journal's number of the entry that raised it.
    pub seq: i64,
}

/// What happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Event {
    /// It calls: it is new, or came back while it was latched.
    Raised,
    /// Its condition went.
    Returned,
    /// Somebody acknowledged it.
    Acknowledged {
        /// Who.
        user: String,
        /// Where.
        station: String,
        /// What they said of it; may be empty.
        note: String,
    },
}

/// One entry of the journal about an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The entry's number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub subject: Subject,
    /// What happened, where that is something to tell.
    pub event: Option<Event>,
    /// Whether somebody still has to acknowledge it.
    pub waits: bool,
    /// Whether nothing more will be heard of this occurrence.
    pub is_over: bool,
}

/// What an entry says of an alarm; `None` where it is about something else. `class` knows the alarms of the plant.
pub fn news<'c>(record: &Record, class: impl Fn(&AlarmId) -> Option<&'c str>) -> Option<News> {
    let Entry::Alarm(change) = &record.entry else { return None };
    let transition = &change.transition;
    let OccurrenceId { alarm, .. } = &transition.occurrence;
    let subject = Subject {
        occurrence: transition.occurrence.to_string(),
        alarm: alarm.clone(),
        priority: change.priority.number(),
        class: class(alarm).unwrap_or_default().to_owned(),
        equipment: change.equipment.clone(),
        message: change.message.clone(),
        value: change.value.clone(),
        raised_at: transition.at,
        seq: record.seq,
    };
    Some(News {
        seq: record.seq,
        at: transition.at,
        subject,
        event: event(change),
        waits: transition.to.needs_acknowledgement() && !transition.suppressed,
        is_over: transition.to == State::Normal,
    })
}

/// The alarm that an entry says is not announced from now on.
pub fn hushed(record: &Record) -> Option<&AlarmId> {
    let Entry::Remark(Remark { what: Remarked::Suppression(change), .. }) = &record.entry else { return None };
    match change.what {
        Suppressed::Shelved(_) | Suppressed::ByDesign(_) | Suppressed::OutOfService(_) => Some(&change.alarm),
        Suppressed::Unshelved(_) | Suppressed::DesignEnded | Suppressed::InService(_) => None,
    }
}

fn event(change: &AlarmChange) -> Option<Event> {
    let (from, to) = (change.transition.from, change.transition.to);
    // Whatever the cause is called, what is announced calls somebody, unless it is suppressed.
    if change.transition.suppressed {
        return None;
    }
    if change.transition.announced.is_some() {
        return Some(Event::Raised);
    }
    if let Cause::Acknowledged(act) = &change.transition.cause {
        let (user, station, note) = (act.user.clone(), act.station.clone(), act.note.clone());
        return Some(Event::Acknowledged { user, station, note });
    }
    (from.is_present() && !to.is_present()).then_some(Event::Returned)
}

impl Subject {
    /// How urgent it is.
    pub fn urgency(&self) -> Priority {
        Priority::try_from(self.priority).expect("it was made of a priority")
    }
}
