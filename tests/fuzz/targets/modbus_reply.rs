//! The registers of an answer into values.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::modbus_reply(data));
