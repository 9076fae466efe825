//! The structs of Sparkplug's payload are what the definition in the tree generates today.

use std::path::{Path, PathBuf};

const HEAD: &str = "//! Sparkplug's payload as structs. Generated from `payload.proto`; the test `sparkplug_wire` keeps the two together.\n\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sparkplug")
}

/// What the definition generates: compiled by a compiler of its own, so that `protoc` is needed nowhere.
fn generated() -> String {
    let definition = protox::compile(["payload.proto"], [folder()]).expect("the definition is sound");
    let out = tempfile::tempdir().expect("a temporary folder");
    prost_build::Config::new().out_dir(out.path()).compile_fds(definition).expect("it can be generated from");
    let text = std::fs::read_to_string(out.path().join("org.eclipse.tahu.protobuf.rs")).expect("it was written");
    // The generator names the version of a tool that took no part.
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("// This file is @generated")).collect();
    format!("{HEAD}{}\n", text.join("\n").trim_end())
}

#[test]
fn the_structs_are_what_the_definition_generates() {
    let path = folder().join("wire.rs");
    if std::env::var_os("UPDATE_WIRE").is_some() {
        std::fs::write(&path, generated()).expect("a writable tree");
    }
    let tree = std::fs::read_to_string(&path).expect("it is in the tree");
    assert!(
        tree == generated(),
        "{} is out of date: UPDATE_WIRE=1 cargo test -p gateway --test sparkplug_wire",
        path.display()
    );
}
