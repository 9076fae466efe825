//! A certificate of the other side into what is shown of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::certificate(data));
