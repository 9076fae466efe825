//! A message of a broker into every format, type and place of a value.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::mqtt_payload(data));
