//! Makes the window's permissions, and says what is missing where the user interface was not built.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The files are built into the program: when they change, so does the program.
    println!("cargo::rerun-if-changed=../ui/dist");
    println!("cargo::rerun-if-changed=../icons");
    if !Path::new("../ui/dist/index.html").is_file() {
        println!("cargo::error=the user interface is not built: `cargo xtask ui` builds it");
        return ExitCode::FAILURE;
    }
    let commands = tauri_build::AppManifest::new().commands(&["call", "frame", "has_sound", "announce"]);
    match tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}
