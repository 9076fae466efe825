//! Samples in SQLite.
