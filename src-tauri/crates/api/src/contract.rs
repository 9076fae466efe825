//! The contract: one list of commands from which everything else is a view, the router, the permission check, the audit
//! record, the TypeScript types and the help.
//!
//! A line that lacks a column does not compile, and neither does a command without its line.

use crate::commands::Recorded;
use crate::wire::{
    ActOnAlarms, ActOnOccurrences, ActedOn, ActiveAlarms, Adopt, Adopted, AlarmCompanions, BrowseGateway, BrowsedView,
    ChangeAlarm, ChangedAlarm, DemoAct, DemoView, DrawTrend, ExportId, ExportJournal, GatewayDetail, GatewayId,
    HistorySummary, JournalPage, Nothing, PerformanceView, Permission, PlantStatus, PlantView, ReadHistory,
    ReadInstant, ReadJournal, ReadPerformance, ReadSummary, Session, ShelveAlarms, StartExport, Status, TriedAlarm,
    TryAlarm, WriteOutcome, WriteTag,
};
use crate::{Answer, Api, Code, Failure, Principal};

/// Whether calls of a command are recorded in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// Every call: the intent before it is carried out, the outcome after.
    Yes,
    /// Never: it changes nothing.
    No,
}

/// What the contract says of a command.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The TypeScript type of its request.
    pub request: &'static str,
    /// The TypeScript type of its answer.
    pub answer: &'static str,
    /// What the caller needs.
    pub permission: Permission,
    /// Whether it is recorded.
    pub audit: Audit,
}

macro_rules! contract {
    ($($(#[doc = $summary:literal])+ $name:ident ($request:ident) -> $form:ident $(($answer:ident))?, $permission:ident, $audit:ident;)+) => {
        /// Every command there is.
        pub const COMMANDS: &[Command] = &[$(Command {
            name: stringify!($name),
            summary: concat!($($summary),+).trim_ascii(),
            request: stringify!($request),
            answer: contract!(@type $form $($answer)?),
            permission: Permission::$permission,
            audit: Audit::$audit,
        }),+];

        impl Api {
            /// Decodes the request, calls the command's function and encodes its answer; beside it, what the record is
            /// to say of it. Only [`Api::call`] calls this, after its checks.
            pub(crate) async fn carry_out(
                &self,
                who: &Principal,
                command: &str,
                request: &[u8],
            ) -> Result<(Answer, String), Failure> {
                match command {
                    $(stringify!($name) => {
                        let request: $request = decode(request)?;
                        let answer = self.$name(who, request).await?;
                        let record = contract!(@record $audit answer);
                        Ok((contract!(@answer $form $($answer)? = answer)?, record))
                    })+
                    _ => Err(Failure::new(Code::NotFound, format!("there is no command '{command}'"))),
                }
            }
        }
    };
    (@type json $answer:ident) => { stringify!($answer) };
    (@type bytes) => { "ArrayBuffer" };
    (@answer json $type:ident = $answer:ident) => { Answer::json::<$type>(&$answer) };
    (@record Yes $answer:ident) => { Recorded::record(&$answer) };
    (@record No $answer:ident) => { String::new() };
    (@answer bytes = $answer:ident) => { Ok::<Answer, Failure>($answer) };
}

contract! {
    /// Who is at the screen and what they may do.
    session_read(Nothing) -> json(Session), View, No;
    /// The plant: equipment, tags and alarms as configured.
    plant_read(Nothing) -> json(PlantView), View, No;
    /// Reads the plant folder again and activates it if it has no errors.
    plant_reload(Nothing) -> json(PlantStatus), Configure, Yes;
    /// Gateways, stores and the plant file: how the program itself is doing.
    status_read(Nothing) -> json(Status), View, No;
    /// What is behind a gateway: certificates, polls, edge nodes.
    gateway_read(GatewayId) -> json(GatewayDetail), View, No;
    /// Looks at what a gateway offers, which makes traffic on the way to it.
    gateway_browse(BrowseGateway) -> json(BrowsedView), Configure, Yes;
    /// Takes what a gateway offers over into the plant file, and activates the plant.
    plant_adopt(Adopt) -> json(Adopted), Configure, Yes;
    /// Writes a value to a tag's source, now or never, and says what became of it.
    tag_write(WriteTag) -> json(WriteOutcome), Operate, Yes;
    /// Every alarm that still needs somebody.
    alarms_read(Nothing) -> json(ActiveAlarms), View, No;
    /// Which alarms usually come together, from the journal; found anew once an hour.
    alarm_companions(Nothing) -> json(AlarmCompanions), View, No;
    /// Acknowledges occurrences of alarms; what it says is done is on disk.
    alarm_acknowledge(ActOnOccurrences) -> json(ActedOn), Acknowledge, Yes;
    /// Confirms that what alarms ask for was done.
    alarm_confirm(ActOnOccurrences) -> json(ActedOn), Acknowledge, Yes;
    /// Resets latched alarms whose condition is gone and that are acknowledged.
    alarm_reset(ActOnOccurrences) -> json(ActedOn), Acknowledge, Yes;
    /// Makes a note on occurrences of alarms.
    alarm_note(ActOnOccurrences) -> json(ActedOn), Acknowledge, Yes;
    /// Shelves alarms: they are not announced for a while.
    alarm_shelve(ShelveAlarms) -> json(ActedOn), Acknowledge, Yes;
    /// Announces shelved alarms again.
    alarm_unshelve(ActOnAlarms) -> json(ActedOn), Acknowledge, Yes;
    /// Takes alarms out of service while their equipment is worked on.
    alarm_out_of_service(ActOnAlarms) -> json(ActedOn), Configure, Yes;
    /// Returns alarms to service.
    alarm_in_service(ActOnAlarms) -> json(ActedOn), Configure, Yes;
    /// Replays an alarm's past with other numbers, and suggests some.
    alarm_try(TryAlarm) -> json(TriedAlarm), View, No;
    /// Gives an alarm other limits, deadband or delays in the plant file, and activates the plant.
    alarm_change(ChangeAlarm) -> json(ChangedAlarm), Configure, Yes;
    /// A page of the journal, newest first.
    journal_read(ReadJournal) -> json(JournalPage), View, No;
    /// Begins to write a part of the journal as a file.
    journal_export(ExportJournal) -> json(ExportId), View, No;
    /// How the alarms performed: rates, floods, bad actors, waits.
    alarm_performance(ReadPerformance) -> json(PerformanceView), View, No;
    /// What a trend of some pixels' width needs of history.
    history_read(ReadHistory) -> bytes, View, No;
    /// The values of tags at a past instant.
    history_instant(ReadInstant) -> bytes, View, No;
    /// What tags did in a stretch of time: averages, extremes, states, counts.
    history_summary(ReadSummary) -> json(HistorySummary), View, No;
    /// A trend as a picture for paper.
    trend_draw(DrawTrend) -> bytes, View, No;
    /// Begins to write the samples of a trend as a file.
    export_start(StartExport) -> json(ExportId), View, No;
    /// The next part of such a file.
    export_next(ExportId) -> bytes, View, No;
    /// Ends it early.
    export_cancel(ExportId) -> json(Nothing), View, No;
    /// What can be disturbed in the demo plant, and what is.
    demo_read(Nothing) -> json(DemoView), View, No;
    /// Disturbs the demo plant on purpose.
    demo_act(DemoAct) -> json(DemoView), Operate, Yes;
}

/// What the contract says of a command; `None` where there is no such command.
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

fn decode<T: serde::de::DeserializeOwned>(request: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(request)
        .map_err(|error| Failure::new(Code::Invalid, format!("the request is not understood: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_command_says_what_it_does() {
        for (at, command) in COMMANDS.iter().enumerate() {
            assert!(!command.summary.is_empty(), "{} has no summary", command.name);
            assert!(
                COMMANDS[at + 1..].iter().all(|other| other.name != command.name),
                "{} is there twice",
                command.name
            );
        }
    }

    #[test]
    fn what_changes_something_is_audited_and_needs_more_than_to_see() {
        for command in COMMANDS {
            let changes = command.permission != Permission::View;
            assert_eq!(
                command.audit == Audit::Yes,
                changes,
                "{}: what only reads is not audited, all else is",
                command.name
            );
        }
    }
}
