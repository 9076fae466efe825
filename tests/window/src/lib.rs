//! What the tests of the real window are made with: a virtual display, Andon on it, and a WebDriver client.
//!
//! `cargo xtask test window` runs them; it builds the program and says where it and the driver are (`ANDON_BIN`,
//! `ANDON_TAURI_DRIVER`). The screens' behaviour is tested in a browser (`tests/journeys`); here is tested what only the
//! real window can show: that it opens, lives, and comes back.
//!
//! **Invariant:** whatever is started here ends with the value that stands for it, and every wait has a deadline.

mod andon;
mod display;
mod driver;
mod http;
mod wait;

pub use andon::{Andon, children_named, kill, lock_owner, picture};
pub use display::Display;
pub use driver::{Driver, Element};
pub use wait::until;

use std::path::PathBuf;

/// The program under test.
pub fn program() -> PathBuf {
    std::env::var_os("ANDON_BIN").map_or_else(|| top().join("target/debug/andon"), PathBuf::from)
}

/// Where pictures of the window go.
pub fn pictures() -> PathBuf {
    let folder = top().join("target/window");
    std::fs::create_dir_all(&folder).expect("a folder below target can be made");
    folder
}

fn tauri_driver() -> PathBuf {
    std::env::var_os("ANDON_TAURI_DRIVER").map_or_else(|| top().join("target/tools/bin/tauri-driver"), PathBuf::from)
}

fn top() -> PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/window is two folders below the top").to_path_buf()
}
