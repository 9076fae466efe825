//! Sparkplug B 3.0: a host application, or an observer, of the edge nodes behind a broker.

mod address;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod host;
mod payload;
mod topic;
mod value;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic, dead_code, missing_docs, reason = "made by a program")]
mod wire;

#[cfg(test)]
mod value_tests;
