//! What another station left at the broker.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stations::fuzz::stations_letter(data));
