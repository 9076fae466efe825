//! A plant's files in, a plant and problems out.

mod addition;
mod alarms;
mod bounds;
mod common;
mod document;
mod lists;
mod notifications;
mod recording;
mod references;
mod reload;
mod resolved;
mod templates;
mod values;
