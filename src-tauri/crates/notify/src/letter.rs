//! A message: what it says, as text for a person and as JSON for a program.

use std::fmt::Write as _;

use alarm::AlarmId;
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use model::Timestamp;
use plant::Notification;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::news::{Event, Subject};

/// Alarms that a message lists; the rest is counted.
const LISTED: usize = 50;
/// Longest subject of an e-mail, characters. What is longer is cut by what shows it.
const HEADING: usize = 120;

/// A message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// The same however often it is sent, and of no other message.
    pub id: String,
    /// The rule it follows.
    pub rule: String,
    /// To whom, as the plant file says it.
    pub to: String,
    /// When it was written.
    pub at: Timestamp,
    /// What it tells of, the most urgent first.
    pub lines: Vec<Line>,
    /// How many more there are.
    pub more: usize,
    /// Whether it only tries the way.
    pub is_trial: bool,
}

/// One thing that a message tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Of what.
    pub subject: Subject,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The journal's number of it.
    pub seq: i64,
    /// How many were told before.
    pub step: usize,
}

/// Where and in which zone of time a message is written.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What people call the plant.
    pub plant: String,
    /// The station that writes.
    pub station: String,
    /// The zone of its times.
    pub zone: TimeZone,
}

impl Letter {
    /// A message to the recipient of this number in the rule. There is at least one line.
    pub(crate) fn new(rule: &Notification, recipient: usize, mut lines: Vec<Line>, now: Timestamp) -> Self {
        lines.sort_by_key(|line| (line.event != Event::Raised, line.subject.priority, line.at, line.seq));
        let first = lines.first().expect("there is at least one line");
        // A journal that was begun anew has its numbers again, and never at the same time of the same entry.
        let kind = match first.event {
            Event::Raised => "raised",
            Event::Returned => "returned",
            Event::Acknowledged { .. } => "acknowledged",
        };
        let id = format!("{}.{}.{kind}.{}.{recipient}.{}", first.at.millis(), first.seq, first.step, rule.name);
        let more = lines.len().saturating_sub(LISTED);
        lines.truncate(LISTED);
        let to = rule.to[recipient].words();
        Self { id, rule: rule.name.to_string(), to, at: now, lines, more, is_trial: false }
    }

    /// One line that says the most.
    pub fn heading(&self, sheet: &Sheet) -> String {
        let plant = &sheet.plant;
        let text = match self.lines.as_slice() {
            _ if self.is_trial => format!("{plant}: trial message of the notification {}", self.rule),
            [] => plant.clone(),
            [line] if self.more == 0 => {
                let word = match line.event {
                    Event::Raised => format!("Alarm, priority {}", line.subject.priority),
                    Event::Returned => "Returned to normal".to_owned(),
                    Event::Acknowledged { .. } => "Acknowledged".to_owned(),
                };
                format!("{plant}: {word}: {}", line.subject.message)
            }
            [first, ..] => {
                let all = self.lines.len() + self.more;
                format!("{plant}: {all} messages, first: {}", first.subject.message)
            }
        };
        // Words of the plant must not begin another header.
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(HEADING).collect()
    }

    /// The whole as text, line by line.
    pub fn text(&self, sheet: &Sheet) -> String {
        let mut text = String::new();
        if self.is_trial {
            text.push_str("This is a trial of the notification. There is no alarm.\n\n");
        }
        for line in &self.lines {
            line.write(&mut text, sheet);
        }
        if self.more > 0 {
            let _written = writeln!(text, "and {} more; the alarm list has all of them.\n", self.more);
        }
        let _written = writeln!(text, "Andon at {}, notification {}, message {}", sheet.station, self.rule, self.id);
        text
    }

    /// The whole for a program. `version` goes up when a key changes its meaning.
    pub fn json(&self, sheet: &Sheet) -> Json {
        json!({
            "version": 1,
            "id": self.id,
            "kind": if self.is_trial { "trial" } else { "alarms" },
            "plant": sheet.plant,
            "station": sheet.station,
            "notification": self.rule,
            "writtenAt": stamp(self.at, &TimeZone::UTC),
            "summary": self.heading(sheet),
            "alarms": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

/// A message that tries the way to a recipient.
pub fn trial(rule: &Notification, recipient: usize, now: Timestamp) -> Letter {
    Letter {
        id: format!("{}.trial.{recipient}.{}", now.millis(), rule.name),
        rule: rule.name.to_string(),
        to: rule.to[recipient].words(),
        at: now,
        lines: Vec::new(),
        more: 0,
        is_trial: true,
    }
}

impl Line {
    fn write(&self, text: &mut String, sheet: &Sheet) {
        let Subject { priority, message, value, equipment, alarm, raised_at, .. } = &self.subject;
        let what = match &self.event {
            Event::Raised if self.step > 0 => format!("ALARM, priority {priority}, not acknowledged yet"),
            Event::Raised => format!("ALARM, priority {priority}"),
            Event::Returned => "Returned to normal".to_owned(),
            Event::Acknowledged { user, station, .. } => format!("Acknowledged by {user} at {station}"),
        };
        let value = if value.is_empty() { String::new() } else { format!(" ({value})") };
        let place = equipment.as_ref().map_or("", |equipment| equipment.as_str());
        let _written = writeln!(text, "{what}: {message}{value}\n  {} {place}", stamp(self.at, &sheet.zone));
        if let Event::Acknowledged { note, .. } = &self.event
            && !note.is_empty()
        {
            let _written = writeln!(text, "  {note}");
        }
        if self.event != Event::Raised {
            let _written = writeln!(text, "  raised {}", stamp(*raised_at, &sheet.zone));
        }
        let _written = writeln!(text, "  {alarm}\n");
    }

    fn json(&self) -> Json {
        let Subject { occurrence, alarm, priority, class, equipment, message, value, raised_at, seq: _ } =
            &self.subject;
        let alarm: &AlarmId = alarm;
        let mut json = json!({
            "event": match self.event {
                Event::Raised => "raised",
                Event::Returned => "returned",
                Event::Acknowledged { .. } => "acknowledged",
            },
            "at": stamp(self.at, &TimeZone::UTC),
            "occurrence": occurrence,
            "alarm": alarm.as_str(),
            "priority": priority,
            "class": class,
            "equipment": equipment.as_ref().map(|equipment| equipment.as_str()),
            "message": message,
            "value": value,
            "raisedAt": stamp(*raised_at, &TimeZone::UTC),
            "toldBefore": self.step,
            "journal": self.seq,
        });
        if let Event::Acknowledged { user, station, note } = &self.event {
            json["acknowledged"] = json!({ "user": user, "station": station, "note": note });
        }
        json
    }
}

/// RFC 3339, with the offset of the zone.
fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    let Ok(at) = Instant::from_millisecond(at.millis()) else { return at.millis().to_string() };
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
