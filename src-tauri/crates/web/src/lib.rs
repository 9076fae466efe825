//! The contract over HTTP, on loopback, for a browser.
