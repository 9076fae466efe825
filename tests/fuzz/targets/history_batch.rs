//! A batch of history's log into samples.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| history::fuzz::history_batch(data));
