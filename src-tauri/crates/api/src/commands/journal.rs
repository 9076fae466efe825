//! Pages of the journal.

use std::sync::Arc;

use ::journal::{Action, AlarmChange, Entry, Journal, Phase, Query, Record, Remark, Remarked, StoreFailure};
use alarm::{AlarmId, Cause, Priority, Suppressed, SuppressionChange, Unshelved};
use model::{EquipmentId, Timestamp};
use serde_json::Value as Json;

use super::wait_for_disk;
use crate::wire::{JournalEntry, JournalKind, JournalPage, ReadJournal};
use crate::{Api, Code, Failure, Principal, contract};

/// Most entries of a page.
const LONGEST_PAGE: u32 = 500;
/// Most pages of the journal that are looked through for one page of an answer.
const MOST_LOOKS: usize = 8;

impl Api {
    pub(crate) async fn journal_read(&self, _: &Principal, request: ReadJournal) -> Result<JournalPage, Failure> {
        let query = query(request)?;
        let journal = Arc::clone(&self.parts.journal);
        wait_for_disk(move || pages(&journal, query))
            .await?
            .map_err(|error| Failure::caused(Code::Storage, format!("the journal cannot be read: {error}"), &error))
    }
}

/// One page for a reader: the journal looks at a bounded number of its entries at a time, and some of them say nothing
/// new, so that it may take several of its pages to fill one.
fn pages(journal: &Journal, mut query: Query) -> Result<JournalPage, StoreFailure> {
    let mut entries = Vec::new();
    for _ in 0..MOST_LOOKS {
        let page = journal.page(&query)?;
        entries.extend(page.records.into_iter().filter_map(entry));
        query.before = page.next;
        if page.next.is_none() || entries.len() * 2 > query.limit {
            break;
        }
    }
    Ok(JournalPage { entries, next: query.before })
}

fn query(request: ReadJournal) -> Result<Query, Failure> {
    let invalid = |message: String| Failure::new(Code::Invalid, message);
    if !(1..=LONGEST_PAGE).contains(&request.limit) {
        return Err(invalid(format!("a page has 1 to {LONGEST_PAGE} entries, not {}", request.limit)));
    }
    let priority = request.priority.map(Priority::try_from).transpose().map_err(|error| invalid(error.to_string()))?;
    let text = request.text.filter(|text| !text.trim().is_empty());
    Ok(Query {
        before: request.before,
        limit: usize::try_from(request.limit).unwrap_or(usize::MAX),
        equipment: request.equipment.map(EquipmentId::new),
        alarm: request.alarm.map(AlarmId::new),
        commands: text.as_deref().map(commands_with).unwrap_or_default(),
        text,
        priority,
        from: request.from.map(Timestamp::from_millis),
        to: request.to.map(Timestamp::from_millis),
    })
}

/// A record as a person reads it; none for the halves of actions that say nothing new beside another record.
fn entry(record: Record) -> Option<JournalEntry> {
    let seq = record.seq;
    let time = record.entry.time().millis();
    match record.entry {
        Entry::Alarm(change) => Some(alarm_entry(seq, time, change)),
        Entry::Remark(remark) => Some(remark_entry(seq, time, remark)),
        Entry::Action(action) => action_entry(seq, time, action),
        Entry::System(system) => {
            Some(JournalEntry { kind: JournalKind::System, message: system.message, ..blank(seq, time) })
        }
    }
}

fn alarm_entry(seq: i64, time: i64, change: AlarmChange) -> JournalEntry {
    let transition = change.transition;
    let (kind, act) = match transition.cause {
        Cause::Raised => (JournalKind::Raised, None),
        Cause::Returned | Cause::AutoReturn => (JournalKind::Returned, None),
        Cause::Recurred => (JournalKind::Recurred, None),
        Cause::Acknowledged(act) => (JournalKind::Acknowledged, Some(act)),
        Cause::Reset(act) => (JournalKind::Reset, Some(act)),
        Cause::Escalated => (JournalKind::Escalated, None),
        Cause::Eased => (JournalKind::Eased, None),
        Cause::ReAlarmed => (JournalKind::ReAlarmed, None),
        Cause::Unsuppressed => (JournalKind::Announced, None),
        Cause::Confirmed(act) => (JournalKind::Confirmed, Some(act)),
        Cause::Noted(act) => (JournalKind::Noted, Some(act)),
    };
    let (user, station, note) = act.map(|act| (act.user, act.station, act.note)).unwrap_or_default();
    JournalEntry {
        kind,
        alarm: Some(transition.occurrence.alarm.to_string()),
        occurrence: Some(transition.occurrence.to_string()),
        equipment: change.equipment.map(|equipment| equipment.to_string()),
        priority: Some(change.priority.number()),
        message: change.message,
        value: change.value,
        user,
        station,
        note,
        ..blank(seq, time)
    }
}

fn remark_entry(seq: i64, time: i64, remark: Remark) -> JournalEntry {
    let (alarm, kind, act) = match remark.what {
        Remarked::Suppression(SuppressionChange { alarm, what, .. }) => {
            let (kind, act) = match what {
                Suppressed::Shelved(shelved) => (JournalKind::Shelved, Some(shelved.act)),
                Suppressed::Unshelved(Unshelved::By(act)) => (JournalKind::Unshelved, Some(act)),
                Suppressed::Unshelved(Unshelved::Expired | Unshelved::Returned) => (JournalKind::Unshelved, None),
                Suppressed::ByDesign(_) => (JournalKind::Suppressed, None),
                Suppressed::DesignEnded => (JournalKind::Unsuppressed, None),
                Suppressed::OutOfService(act) => (JournalKind::OutOfService, Some(act)),
                Suppressed::InService(act) => (JournalKind::InService, Some(act)),
            };
            (alarm, kind, act)
        }
        Remarked::Heard(deed) => (deed.alarm, JournalKind::Heard, Some(deed.act)),
    };
    let (user, station, note) = act.map(|act| (act.user, act.station, act.note)).unwrap_or_default();
    JournalEntry {
        kind,
        alarm: Some(alarm.to_string()),
        equipment: remark.equipment.map(|equipment| equipment.to_string()),
        priority: Some(remark.priority.number()),
        message: remark.message,
        user,
        station,
        note,
        ..blank(seq, time)
    }
}

/// Acts on alarms have their own records; of the others the outcome tells the whole story.
fn action_entry(seq: i64, time: i64, action: Action) -> Option<JournalEntry> {
    let words = match action.phase {
        Phase::Intent => return None,
        Phase::Outcome { words, .. } => words,
    };
    let has_own_records = action.command.starts_with("alarm_") && words == "done";
    (!has_own_records).then(|| JournalEntry {
        kind: JournalKind::Action,
        message: action_words(&action.command, &action.target),
        user: action.user,
        station: action.station,
        note: words,
        ..blank(seq, time)
    })
}

/// The commands that a person reads this text of. The journal has their names.
fn commands_with(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let meant = contract::COMMANDS.iter().filter(|command| command.summary.to_lowercase().contains(&text));
    meant.map(|command| command.name.to_owned()).collect()
}

/// An audited action as a sentence: what the command does, and with what it was called.
fn action_words(name: &str, request: &str) -> String {
    let what = contract::command(name).map_or(name, |command| command.summary.trim_end_matches('.'));
    let with = match serde_json::from_str::<Json>(request) {
        Ok(Json::Object(fields)) => {
            let parts = fields.values().map(plain).filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join(", ")
        }
        // What was too long to be kept whole, or was no request at all.
        Ok(_) | Err(_) => request.to_owned(),
    };
    if with.is_empty() { what.to_owned() } else { format!("{what}: {with}") }
}

/// A part of a request without the marks of its notation.
fn plain(part: &Json) -> String {
    match part {
        Json::String(text) => text.clone(),
        Json::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => part.to_string(),
    }
}

fn blank(seq: i64, time: i64) -> JournalEntry {
    JournalEntry {
        seq,
        time,
        kind: JournalKind::System,
        alarm: None,
        occurrence: None,
        equipment: None,
        priority: None,
        message: String::new(),
        value: String::new(),
        user: String::new(),
        station: String::new(),
        note: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_as_a_sentence() {
        let check = |name: &str, request: &str, expect: &str| assert_eq!(action_words(name, request), expect);
        check(
            "demo_act",
            r#"{"act":"jam","machine":"a/b/c/filler"}"#,
            "Disturbs the demo plant on purpose: jam, a/b/c/filler",
        );
        check("plant_reload", "{}", "Reads the plant folder again and activates it if it has no errors");
        check(
            "alarm_reset",
            r#"{"occurrences":["a@1","b@2"],"note":""}"#,
            "Resets latched alarms whose condition is gone and that are acknowledged: a@1, b@2",
        );
        check("gone_since", r#"{"cut":"#, r#"gone_since: {"cut":"#);
    }
}
