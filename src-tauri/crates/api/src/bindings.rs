//! The contract as TypeScript, generated from the Rust types and kept in the tree, so that the user interface is checked
//! against it.

use ts_rs::{Config, TS};

use crate::contract::COMMANDS;
use crate::{Code, Failure, wire};

/// The whole contract as one TypeScript module.
pub fn typescript() -> String {
    let config = Config::new();
    let mut module = String::from(
        "// The contract with the engine as TypeScript, generated from the Rust types: do not edit.\n\
         // After a change of the Rust types: UPDATE_BINDINGS=1 cargo test -p api bindings\n",
    );
    for declaration in declarations(&config) {
        module.push_str("export ");
        module.push_str(&declaration);
        module.push('\n');
    }
    module.push_str("/** Every command, its request and its answer. */\nexport interface Commands {\n");
    for command in COMMANDS {
        let line = format!(
            "  /** {} */\n  {}: {{ request: {}; answer: {} }};\n",
            command.summary, command.name, command.request, command.answer
        );
        module.push_str(&line);
    }
    module.push_str("}\n");
    module
}

macro_rules! declare {
    ($config:ident, $($name:ty),+ $(,)?) => { vec![$(<$name as TS>::decl($config)),+] };
}

/// Every type that crosses the wire, each once. A type that is missing here makes the user interface's type check fail.
fn declarations(config: &Config) -> Vec<String> {
    use wire::*;
    declare![
        config,
        Nothing,
        Code,
        Failure,
        Permission,
        Host,
        Session,
        LevelView,
        EquipmentView,
        TagRole,
        TagKind,
        LimitKind,
        LimitView,
        TagView,
        AlarmView,
        PlantView,
        AlarmState,
        ActiveAlarm,
        ActiveAlarms,
        AlarmFlood,
        AlarmChatter,
        AlarmCompanions,
        AlarmPair,
        AlarmAct,
        SuppressedAlarm,
        ActOnOccurrences,
        ActOnAlarms,
        ShelveAlarms,
        RefusedAct,
        ActedOn,
        JournalKind,
        JournalFilter,
        ReadJournal,
        ExportJournal,
        JournalEntry,
        JournalPage,
        ReadPerformance,
        PerformanceView,
        PeriodsView,
        MeasuredAlarm,
        ContributionView,
        FloodView,
        FirstAlarm,
        StaleView,
        PriorityView,
        HeatDay,
        GatewayState,
        ErrorCount,
        GatewayView,
        StoreView,
        GivenUpView,
        NotificationsView,
        ProblemView,
        PlantStatus,
        ExchangeState,
        OtherStation,
        StationsView,
        Status,
        ReadHistory,
        ReadInstant,
        SummaryPart,
        ReadSummary,
        ExtremeView,
        IntervalSummary,
        StateValue,
        StateDuration,
        StateSummary,
        CounterSummary,
        TagSummary,
        HistorySummary,
        PictureFormat,
        DrawTrend,
        DataFormat,
        DataForm,
        StartExport,
        ExportId,
        CertificateOwner,
        CertificateLevel,
        CertificateWarning,
        CertificateView,
        BlockView,
        NodeView,
        CaptionView,
        GatewayId,
        GatewayDetail,
        BrowseGateway,
        OfferView,
        BrowsedView,
        AdoptTag,
        AdoptMachine,
        Adopt,
        LeftOut,
        Adopted,
        WriteValue,
        WriteTag,
        WriteResult,
        WriteOutcome,
        AlarmTuning,
        TryAlarm,
        TrialSpan,
        TrialFigures,
        TrialRemark,
        TriedAlarm,
        ChangeAlarm,
        ChangedAlarm,
        DemoAct,
        DemoMachine,
        DemoView,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const TYPESCRIPT_FILE: &str = "ui/src/contract/contract.ts";

    #[test]
    fn the_bindings_in_the_tree_are_what_the_types_generate() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..").join(TYPESCRIPT_FILE);
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, typescript()).expect("the file of the bindings can be written");
        }
        let tree = std::fs::read_to_string(&path).expect("the bindings are in the tree");
        assert!(tree == typescript(), "{TYPESCRIPT_FILE} is out of date: UPDATE_BINDINGS=1 cargo test -p api bindings");
    }
}
