//! A payload of an edge node from bytes, and back.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::sparkplug_payload(data));
