//! A document of the plant file into a host's rules and a tag's address.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::sparkplug_address(data));
