//! Andon's program: the desktop window, the headless host, and the command line.
//!
//! It puts the crates together and decides nothing itself: where data is kept, which plant is run, who is in front of
//! it, and how it ends. The window is in `window`, and only there is Tauri named.

#![expect(clippy::print_stdout, reason = "a command line's answers are printed")]

mod act;
mod attention;
mod check;
mod cli;
mod data;
mod demo;
mod export;
mod folder;
mod history;
mod http;
mod import;
mod logs;
mod notifying;
mod operate;
mod record;
mod references;
mod rewrite;
mod running;
mod secrets;
mod station;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
