//! A document of the plant file into a broker's settings and a tag's address on it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::mqtt_address(data));
