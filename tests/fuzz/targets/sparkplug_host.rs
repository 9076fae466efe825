//! Messages of edge nodes and other hosts into a host that follows them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gateway::fuzz::sparkplug_host(data));
