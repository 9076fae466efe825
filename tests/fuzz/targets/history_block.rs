//! A sealed block of history into its samples, and back.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| history::fuzz::history_block(data));
