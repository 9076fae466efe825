//! Which operation fails, and what of the writes is on the disk when the power goes.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::vfs;

/// Bytes that a disk writes all or none.
const SECTOR: usize = 512;

/// What SQLite asks of a disk, as far as it can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Bytes into a file.
    Write,
    /// A file's bytes onto the disk.
    Sync,
    /// A file cut short.
    Truncate,
    /// A piece of the log's shared index.
    ShmMap,
    /// A file removed.
    Delete,
}

/// Whether a fault is there once or stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// The next time it works.
    Once,
    /// It stays until the disk is healed.
    ForGood,
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The so many-th operation of a kind from now on fails, counted from 1.
    Fail(Operation, u32, Lasting),
    /// Every sync takes so long.
    SlowSync(Duration),
    /// Every sync waits until the disk is healed.
    HeldSync,
    /// After so many operations that change something the machine is off: every later one fails.
    Off(u32),
}

/// The disk below one folder.
pub struct Disk(Arc<Shared>);

/// A disk as SQLite's threads see it.
pub(crate) struct Shared {
    folder: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    fault: Fault,
    /// Operations of each kind since the fault was set.
    done: HashMap<Operation, u32>,
    /// How often the fault was felt since it was set.
    felt: u32,
    /// For each file what was not synced, in order.
    unsynced: HashMap<PathBuf, Vec<Change>>,
}

/// A change that may not be on the disk yet.
enum Change {
    Write { at: u64, before: Vec<u8>, length_before: u64, bytes: Vec<u8> },
    Truncate { length: u64, cut: Vec<u8> },
}

/// All disks that there are. SQLite has one list of file systems for a whole process.
static DISKS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

impl Disk {
    /// Takes the place of the disk below a folder, for files that are opened from now on.
    ///
    /// # Panics
    /// Where the folder is not there.
    pub fn below(folder: &Path) -> Disk {
        vfs::install();
        let folder = folder.canonicalize().expect("the folder is there");
        let state = State { fault: Fault::None, done: HashMap::new(), felt: 0, unsynced: HashMap::new() };
        let shared = Arc::new(Shared { folder, state: Mutex::new(state), changed: Condvar::new() });
        let mut disks = lock(&DISKS);
        disks.retain(|disk| disk.strong_count() > 0);
        disks.push(Arc::downgrade(&shared));
        Disk(shared)
    }

    /// From now on this is wrong, and nothing else.
    pub fn set(&self, fault: Fault) {
        let mut state = lock(&self.0.state);
        (state.fault, state.felt) = (fault, 0);
        state.done.clear();
        self.0.changed.notify_all();
    }

    /// Nothing is wrong any more. How often the fault was felt.
    pub fn heal(&self) -> u32 {
        let felt = self.felt();
        self.set(Fault::None);
        felt
    }

    /// How often the fault was felt since it was set.
    pub fn felt(&self) -> u32 {
        lock(&self.0.state).felt
    }

    /// The machine was off: of what was not synced some sectors are on the disk and some are not. Nobody may have a file open.
    ///
    /// # Panics
    /// Where the files of the folder cannot be changed.
    pub fn lose_unsynced(&self, seed: u64) {
        let unsynced = std::mem::take(&mut lock(&self.0.state).unsynced);
        let mut coin = Coin(seed | 1);
        let mut files: Vec<_> = unsynced.into_iter().collect();
        // The same for the same seed.
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, changes) in files {
            if let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) {
                undo(&file, &changes)
                    .and_then(|()| redo_some(&file, &changes, &mut coin))
                    .expect("the file is writable");
            }
        }
    }
}

impl Shared {
    /// The disk that a file lies on, if it is one of these.
    pub(crate) fn of(file: &Path) -> Option<Arc<Shared>> {
        lock(&DISKS).iter().filter_map(Weak::upgrade).find(|disk| file.starts_with(&disk.folder))
    }

    /// Whether an operation works now.
    pub(crate) fn allows(&self, operation: Operation) -> bool {
        let mut state = lock(&self.state);
        *state.done.entry(operation).or_insert(0) += 1;
        let done = state.done[&operation];
        let changes: u32 =
            state.done.iter().filter(|(kind, _)| **kind != Operation::ShmMap).map(|(_, done)| done).sum();
        let fails = match state.fault {
            Fault::None => false,
            Fault::Fail(kind, nth, Lasting::Once) => kind == operation && done == nth,
            Fault::Fail(kind, nth, Lasting::ForGood) => kind == operation && done >= nth,
            Fault::Off(after) => operation != Operation::ShmMap && changes > after,
            Fault::SlowSync(pause) => {
                if operation == Operation::Sync {
                    state.felt += 1;
                    drop(state);
                    std::thread::sleep(pause);
                }
                return true;
            }
            Fault::HeldSync => {
                if operation == Operation::Sync {
                    state.felt += 1;
                    while state.fault == Fault::HeldSync {
                        state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                }
                return true;
            }
        };
        if fails {
            state.felt += 1;
        }
        !fails
    }

    /// A write is about to be done.
    pub(crate) fn note_write(&self, path: &Path, at: u64, bytes: &[u8]) {
        let Ok(file) = File::open(path) else { return };
        let length_before = file.metadata().map_or(0, |about| about.len());
        let there = length_before.saturating_sub(at).min(bytes.len() as u64);
        let mut before = vec![0; usize::try_from(there).unwrap_or(0)];
        if file.read_exact_at(&mut before, at).is_ok() {
            self.note(path, Change::Write { at, before, length_before, bytes: bytes.to_vec() });
        }
    }

    /// A file is about to be cut.
    pub(crate) fn note_truncate(&self, path: &Path, length: u64) {
        let Ok(file) = File::open(path) else { return };
        let there = file.metadata().map_or(0, |about| about.len()).saturating_sub(length);
        let mut cut = vec![0; usize::try_from(there).unwrap_or(0)];
        if file.read_exact_at(&mut cut, length).is_ok() {
            self.note(path, Change::Truncate { length, cut });
        }
    }

    /// What was written into a file is on the disk, or the file is gone.
    pub(crate) fn settle(&self, path: &Path) {
        lock(&self.state).unsynced.remove(path);
    }

    fn note(&self, path: &Path, change: Change) {
        lock(&self.state).unsynced.entry(path.to_owned()).or_default().push(change);
    }
}

fn undo(file: &File, changes: &[Change]) -> std::io::Result<()> {
    for change in changes.iter().rev() {
        match change {
            Change::Write { at, before, length_before, .. } => {
                file.write_all_at(before, *at)?;
                file.set_len(*length_before)?;
            }
            Change::Truncate { length, cut } => file.write_all_at(cut, *length)?,
        }
    }
    Ok(())
}

fn redo_some(file: &File, changes: &[Change], coin: &mut Coin) -> std::io::Result<()> {
    for change in changes {
        match change {
            Change::Write { at, bytes, .. } => {
                for (place, sector) in (*at..).step_by(SECTOR).zip(bytes.chunks(SECTOR)) {
                    if coin.is_head() {
                        file.write_all_at(sector, place)?;
                    }
                }
            }
            Change::Truncate { length, .. } => {
                if coin.is_head() {
                    file.set_len(*length)?;
                }
            }
        }
    }
    Ok(())
}

/// xorshift64*.
struct Coin(u64);

impl Coin {
    fn is_head(&mut self) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 1
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
