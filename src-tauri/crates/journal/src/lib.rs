//! Events in SQLite: the alarm journal and the audit trail.
