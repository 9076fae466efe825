//! Talking to gateways: one trait, one supervisor, a module a protocol.
