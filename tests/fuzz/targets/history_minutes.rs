//! The minutes of a sealed block into rows.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| history::fuzz::history_minutes(data));
