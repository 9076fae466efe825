//! A plant's files in, a plant and problems out.

mod addition;
mod alarms;
mod attributes;
mod bounds;
mod common;
mod document;
mod kinds;
mod lists;
mod notifications;
mod recording;
mod references;
mod reload;
mod resolved;
mod retuning;
mod stations;
mod templates;
mod values;
