//! Calculated tags and alarm conditions, over the cel crate.
