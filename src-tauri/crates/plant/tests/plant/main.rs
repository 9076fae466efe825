//! A plant's files in, a plant and problems out.

mod alarms;
mod common;
mod document;
mod lists;
mod references;
mod templates;
mod values;
