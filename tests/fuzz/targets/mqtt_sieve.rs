//! A broker's stream into what takes oversize messages out of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::mqtt_sieve(data));
