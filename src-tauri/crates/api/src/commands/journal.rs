//! Pages of the journal, and the journal as a file.

use std::io::{self, Write};
use std::ops::ControlFlow;

use ::journal::{Action, AlarmChange, Entry, Kind, Phase, Query, Reader, Record, Remark, Remarked, StoreFailure};
use alarm::{AlarmId, Cause, Priority, Suppressed, SuppressionChange, Unshelved};
use exchange::{Cell, Progress, Table};
use jiff::tz::TimeZone;
use model::{EquipmentId, Timestamp};
use serde_json::Value as Json;

use super::wait_for_disk;
use crate::wire::{ExportId, ExportJournal, JournalEntry, JournalFilter, JournalKind, JournalPage, ReadJournal};
use crate::{Api, Code, Failure, Principal, contract};

/// Most entries of a page.
const LONGEST_PAGE: u32 = 500;
/// Most pages of the journal that are looked through for one page of an answer.
const MOST_LOOKS: usize = 8;

/// Why a file of the journal is not whole.
#[derive(Debug, thiserror::Error)]
pub enum JournalExportError {
    /// What was asked for makes no sense.
    #[error("{message}")]
    Asking {
        /// Why.
        message: String,
    },
    /// The journal does not answer.
    #[error("the journal cannot be read")]
    Reading(#[source] StoreFailure),
    /// Nobody takes what is written.
    #[error("the file cannot be written")]
    Writing(#[source] io::Error),
    /// It was told to end.
    #[error("the export was cancelled")]
    Cancelled,
}

impl Api {
    pub(crate) async fn journal_read(&self, _: &Principal, request: ReadJournal) -> Result<JournalPage, Failure> {
        if !(1..=LONGEST_PAGE).contains(&request.limit) {
            let message = format!("a page has 1 to {LONGEST_PAGE} entries, not {}", request.limit);
            return Err(Failure::new(Code::Invalid, message));
        }
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let query = Query { before: request.before, limit, ..query(request.filter)? };
        let journal = self.parts.journal.reader();
        wait_for_disk(move || pages(&journal, query)).await?.map_err(|error| unreadable(&error))
    }

    pub(crate) async fn journal_export(&self, _: &Principal, request: ExportJournal) -> Result<ExportId, Failure> {
        // What makes no sense is said at once.
        query(request.filter.clone())?;
        let (reader, zone) = (self.parts.journal.reader(), self.parts.zone.clone());
        self.exports.start(self.parts.clock.now().uptime, move |out, watch| {
            export_journal(&reader, request.filter, &zone, out, watch).map(|_| ()).map_err(|error| {
                let code = match &error {
                    JournalExportError::Asking { .. } => Code::Invalid,
                    JournalExportError::Reading(_) => Code::Storage,
                    JournalExportError::Writing(_) | JournalExportError::Cancelled => Code::Internal,
                };
                Failure::caused(code, error.to_string(), &error)
            })
        })
    }
}

pub(super) fn unreadable(error: &StoreFailure) -> Failure {
    Failure::caused(Code::Storage, format!("the journal cannot be read: {error}"), error)
}

/// Writes entries of a journal as a CSV, newest first, asking `watch` after each page of them whether to go on.
///
/// # Errors
/// [`JournalExportError`]; `out` has a part of the file then.
pub fn export_journal(
    journal: &Reader,
    filter: JournalFilter,
    zone: &TimeZone,
    out: impl Write,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Progress, JournalExportError> {
    const COLUMNS: [&str; 10] =
        ["time", "what", "priority", "equipment", "alarm", "message", "value", "user", "station", "note"];
    let query = query(filter).map_err(|failure| JournalExportError::Asking { message: failure.message })?;
    let mut query = Query { limit: Query::LIMIT, ..query };
    let mut table = Table::begin(out, zone, &COLUMNS).map_err(JournalExportError::Writing)?;
    let mut progress = Progress::default();
    let mut newest = None;
    loop {
        let page = journal.page(&query).map_err(JournalExportError::Reading)?;
        let newest = *newest.get_or_insert(page.records.first().map_or(1, |record| record.seq).max(1));
        for entry in page.records.into_iter().filter_map(entry) {
            table.row(&row(&entry)).map_err(JournalExportError::Writing)?;
            progress.rows += 1;
        }
        query.before = page.next;
        progress.share = page.next.map_or(1.0, |next| share_behind(next, newest));
        if watch(progress).is_break() {
            return Err(JournalExportError::Cancelled);
        }
        if page.next.is_none() {
            table.end().map_err(JournalExportError::Writing)?;
            return Ok(progress);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share to look at")]
fn share_behind(next: i64, newest: i64) -> f64 {
    (1.0 - next as f64 / newest as f64).clamp(0.0, 1.0)
}

fn row(entry: &JournalEntry) -> [Cell<'_>; 10] {
    [
        Cell::Time(Timestamp::from_millis(entry.time)),
        Cell::Text(kind_word(entry.kind)),
        entry.priority.map_or(Cell::Empty, |priority| Cell::Number(priority.into())),
        Cell::Text(entry.equipment.as_deref().unwrap_or_default()),
        Cell::Text(entry.alarm.as_deref().unwrap_or_default()),
        Cell::Text(&entry.message),
        Cell::Text(&entry.value),
        Cell::Text(&entry.user),
        Cell::Text(&entry.station),
        Cell::Text(&entry.note),
    ]
}

fn kind_word(kind: JournalKind) -> &'static str {
    match kind {
        JournalKind::Raised => "raised",
        JournalKind::Returned => "returned",
        JournalKind::Acknowledged => "acknowledged",
        JournalKind::Reset => "reset",
        JournalKind::Recurred => "recurred",
        JournalKind::Escalated => "escalated",
        JournalKind::Eased => "eased",
        JournalKind::ReAlarmed => "announced again",
        JournalKind::Announced => "announced after all",
        JournalKind::Confirmed => "confirmed",
        JournalKind::Noted => "note",
        JournalKind::Shelved => "shelved",
        JournalKind::Unshelved => "unshelved",
        JournalKind::Suppressed => "suppressed",
        JournalKind::Unsuppressed => "suppressed no more",
        JournalKind::OutOfService => "out of service",
        JournalKind::InService => "in service",
        JournalKind::Heard => "heard of",
        JournalKind::Action => "action",
        JournalKind::System => "system",
    }
}

/// One page for a reader: some of the journal's entries say nothing new, so that it may take several of its pages to fill
/// one.
fn pages(journal: &Reader, mut query: Query) -> Result<JournalPage, StoreFailure> {
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

fn query(filter: JournalFilter) -> Result<Query, Failure> {
    let invalid = |message: String| Failure::new(Code::Invalid, message);
    let priority = filter.priority.map(Priority::try_from).transpose().map_err(|error| invalid(error.to_string()))?;
    let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let text = said(filter.text);
    Ok(Query {
        before: None,
        limit: Query::LIMIT,
        equipment: filter.equipment.map(EquipmentId::new),
        alarm: filter.alarm.map(AlarmId::new),
        commands: text.as_deref().map(commands_with).unwrap_or_default(),
        text,
        user: said(filter.user),
        priority,
        kinds: filter.kinds.iter().flat_map(|kind| stored_kinds(*kind)).copied().collect(),
        from: filter.from.map(Timestamp::from_millis),
        to: filter.to.map(Timestamp::from_millis),
    })
}

/// As what kinds the journal has what a person is shown as one.
fn stored_kinds(kind: JournalKind) -> &'static [Kind] {
    match kind {
        JournalKind::Raised => &[Kind::Raised],
        JournalKind::Returned => &[Kind::Returned, Kind::AutoReturn],
        JournalKind::Acknowledged => &[Kind::Acknowledged],
        JournalKind::Reset => &[Kind::Reset],
        JournalKind::Recurred => &[Kind::Recurred],
        JournalKind::Escalated => &[Kind::Escalated],
        JournalKind::Eased => &[Kind::Eased],
        JournalKind::ReAlarmed => &[Kind::ReAlarmed],
        JournalKind::Announced => &[Kind::Unsuppressed],
        JournalKind::Confirmed => &[Kind::Confirmed],
        JournalKind::Noted => &[Kind::Noted],
        JournalKind::Shelved => &[Kind::Shelved],
        JournalKind::Unshelved => &[Kind::Unshelved],
        JournalKind::Suppressed => &[Kind::SuppressedByDesign],
        JournalKind::Unsuppressed => &[Kind::DesignEnded],
        JournalKind::OutOfService => &[Kind::OutOfService],
        JournalKind::InService => &[Kind::InService],
        JournalKind::Heard => &[Kind::Heard],
        // Of an action the outcome is shown.
        JournalKind::Action => &[Kind::Outcome],
        JournalKind::System => &[Kind::System],
    }
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
        Json::Object(fields) => {
            let said = fields.iter().filter(|(_, part)| !part.is_null());
            said.map(|(name, part)| format!("{name} {}", plain(part))).collect::<Vec<_>>().join(", ")
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => part.to_string(),
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
