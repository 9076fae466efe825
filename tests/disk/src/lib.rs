//! Disks with faults, below history and journal: a write that fails, a sync that takes its time, a power cut at any point.
//!
//! SQLite reaches the disk through a virtual file system (sqlite.org/vfs.html). [`Disk`] puts one in front of the system's own, for
//! the files of one folder, so that the program under test runs as it is. What lies between the program and the disk is here only;
//! the mark beside a database and its ballast are plain files and have no faults.

mod faults;
#[expect(unsafe_code, reason = "a virtual file system of SQLite is a table of C functions")]
mod vfs;

pub use faults::{Disk, Fault, Lasting, Operation};
