//! Requests for samples as a file. Its bytes come part by part: see `crate::frame` for their layout.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A format of files with samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DataFormat {
    /// For spreadsheets.
    Csv,
    /// For whoever calculates.
    Parquet,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DataForm {
    /// A sample.
    Long,
    /// An instant, with two columns a tag; CSV only.
    Wide,
}

/// Request of `export_start`: the samples of tags as a file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartExport {
    /// Which tags, at most 16.
    pub tags: Vec<u32>,
    /// From this time.
    #[ts(type = "number")]
    pub from: i64,
    /// Up to this time.
    #[ts(type = "number")]
    pub to: i64,
    /// The file's format.
    pub format: DataFormat,
    /// What a row is.
    pub form: DataForm,
    /// In the wide form, milliseconds from row to row; otherwise, and where it is null, the instants of the samples.
    pub every: Option<u32>,
}

/// An export that goes on: the answer of `export_start`, and the request of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportId {
    /// Which one.
    pub export: u32,
}
