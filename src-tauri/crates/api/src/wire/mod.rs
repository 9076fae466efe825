//! The data on the wire: what commands take and answer, as JSON.
//!
//! These types are the contract's own; the crates inside never serialise theirs, so that either side can change alone.
//! TypeScript gets them through `ts-rs` (see `bindings`). Times are milliseconds since the Unix epoch, UTC.

mod adopt;
mod alarm;
mod connection;
mod demo;
mod export;
mod gateway;
mod journal;
mod plant;
mod session;
mod summary;
mod trend;
mod whatif;
mod write;

pub use adopt::{Adopt, AdoptMachine, AdoptTag, Adopted, LeftOut};
pub use alarm::{
    ActOnAlarms, ActOnOccurrences, ActedOn, ActiveAlarm, ActiveAlarms, AlarmAct, AlarmChatter, AlarmCompanions,
    AlarmFlood, AlarmPair, AlarmState, RefusedAct, ShelveAlarms, SuppressedAlarm,
};
pub use connection::{
    ErrorCount, ExchangeState, GatewayState, GatewayView, GivenUpView, NotificationsView, OtherStation, PlantStatus,
    ProblemView, StationsView, Status, StoreView,
};
pub use demo::{DemoAct, DemoMachine, DemoView};
pub use export::{DataForm, DataFormat, ExportId, StartExport};
pub use gateway::{
    BlockView, BrowseGateway, BrowsedView, CaptionView, CertificateLevel, CertificateOwner, CertificateView,
    CertificateWarning, GatewayDetail, GatewayId, NodeView, OfferView,
};
pub use journal::{
    ContributionView, ExportJournal, FirstAlarm, FloodView, HeatDay, JournalEntry, JournalFilter, JournalKind,
    JournalPage, MeasuredAlarm, PerformanceView, PeriodsView, PriorityView, ReadJournal, ReadPerformance, StaleView,
};
pub use plant::{AlarmView, EquipmentView, LevelView, LimitKind, LimitView, PlantView, TagKind, TagRole, TagView};
pub use session::{Host, Permission, Session};
pub use summary::{
    CounterSummary, ExtremeView, HistorySummary, IntervalSummary, ReadSummary, StateDuration, StateSummary, StateValue,
    SummaryPart, TagSummary,
};
pub use trend::{DrawTrend, PictureFormat, ReadHistory, ReadInstant};
pub use whatif::{AlarmTuning, ChangeAlarm, ChangedAlarm, TrialFigures, TrialRemark, TrialSpan, TriedAlarm, TryAlarm};
pub use write::{WriteOutcome, WriteResult, WriteTag, WriteValue};

/// Nothing to say: the request of a command that takes none.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
