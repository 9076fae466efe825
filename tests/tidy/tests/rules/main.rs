//! One binary for all rules.

mod architecture;
mod files;
mod interface;
