//! History to and from files: CSV for spreadsheets and people, Parquet for whoever calculates.
//!
//! [`Table`] writes rows of anything else as a CSV of the same form. [`export`] writes any tags over any span, in order of time; [`import`] reads such a file, or another system's by a
//! [`Mapping`], into a history. You do *not* need this crate to draw a trend or to print a report.
//!
//! **Invariant:** memory does not grow with the span or with the file. An export holds one slice of time, an
//! import one record and one batch. What a history gives out comes back in: value, kind, time and
//! quality. When a sample was received is not in a file; on import that is its own time.

mod batches;
mod cell;
mod csv_in;
mod csv_out;
mod export;
mod import;
mod instant;
mod layout;
mod mapping;
mod parquet_in;
mod parquet_out;
mod slices;
mod table;

pub use export::{Csv, ExportError, Form, Format, Progress, Selection, export};
pub use import::{Import, ImportError, Refusal, Summary, import};
pub use mapping::{Mapping, MappingError};
pub use table::{Cell, Table};
