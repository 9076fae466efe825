//! The file system of SQLite that asks a [`Shared`] disk first and then the system's own.
//!
//! It is the default one of the process once it is installed. Files that are on no such disk pass through untouched. A file of this
//! one is followed in memory by the file of the system's own (sqlite.org/c3ref/vfs.html: `szOsFile`).

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, OnceLock};

use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_IOERR_DELETE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHMMAP, SQLITE_IOERR_TRUNCATE,
    SQLITE_IOERR_WRITE, SQLITE_OK, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::faults::{Operation, Shared};

/// The system's own, which is the default before this one is.
struct Own(*mut sqlite3_vfs);

// SAFETY: SQLite's own file systems live as long as the process and are made to be used from any thread.
unsafe impl Send for Own {}
// SAFETY: as above.
unsafe impl Sync for Own {}

static OWN: OnceLock<Own> = OnceLock::new();

/// A file of this one. The file of the system's own follows.
#[repr(C)]
struct Opened {
    base: sqlite3_file,
    /// Owned; null for a file that is on no disk with faults.
    on: *mut On,
}

struct On {
    disk: Arc<Shared>,
    path: PathBuf,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Without mapping a file into memory, which no file of this program asks for.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(take_lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes this the file system of all databases that are opened from now on.
pub(crate) fn install() {
    OWN.get_or_init(|| {
        // SAFETY: the default file system is there once SQLite is initialised, which finding it does. What is registered lives for
        // ever, and its size says how much memory a file takes.
        unsafe {
            let own = sqlite3_vfs_find(ptr::null());
            let mut ours = *own;
            ours.pNext = ptr::null_mut();
            ours.zName = c"andon-faults".as_ptr();
            ours.szOsFile += c_int::try_from(size_of::<Opened>()).expect("a few bytes");
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            assert_eq!(sqlite3_vfs_register(Box::leak(Box::new(ours)), 1), SQLITE_OK, "a list takes one more");
            Own(own)
        }
    });
}

fn own() -> *mut sqlite3_vfs {
    OWN.get().expect("installed before it is used").0
}

/// The file of the system's own, and what it can.
unsafe fn under(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'static sqlite3_io_methods) {
    // SAFETY: `open` has filled the memory behind every file of this one; the methods of the system's own are constants.
    unsafe {
        let under = file.cast::<u8>().add(size_of::<Opened>()).cast::<sqlite3_file>();
        (under, &*(*under).pMethods)
    }
}

unsafe fn on<'a>(file: *mut sqlite3_file) -> Option<&'a On> {
    // SAFETY: set by `open`, freed by `close` only.
    unsafe { (*file.cast::<Opened>()).on.as_ref() }
}

unsafe fn path(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero.
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())).to_owned())
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: `file` has `szOsFile` bytes, as `install` said.
    unsafe {
        let opened = file.cast::<Opened>();
        (*opened).base.pMethods = ptr::null();
        (*opened).on = ptr::null_mut();
        let under = file.cast::<u8>().add(size_of::<Opened>()).cast::<sqlite3_file>();
        let Some(open) = (*own()).xOpen else { return SQLITE_CANTOPEN };
        let outcome = open(own(), name, under, flags, flags_out);
        if outcome == SQLITE_OK {
            let on = path(name).and_then(|path| Some(On { disk: Shared::of(&path)?, path }));
            (*opened).on = on.map_or(ptr::null_mut(), |on| Box::into_raw(Box::new(on)));
            (*opened).base.pMethods = &raw const METHODS;
        }
        outcome
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: the system's own function gets its own file system.
    unsafe {
        let on = path(name).and_then(|path| Some(On { disk: Shared::of(&path)?, path }));
        if let Some(on) = on {
            if !on.disk.allows(Operation::Delete) {
                return SQLITE_IOERR_DELETE;
            }
            on.disk.settle(&on.path);
        }
        (*own()).xDelete.map_or(SQLITE_IOERR_DELETE, |delete| delete(own(), name, sync_folder))
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the box came from `open`.
    unsafe {
        let opened = file.cast::<Opened>();
        if !(*opened).on.is_null() {
            drop(Box::from_raw((*opened).on));
            (*opened).on = ptr::null_mut();
        }
        let (under, can) = under(file);
        can.xClose.map_or(SQLITE_OK, |close| close(under))
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, count: c_int, at: sqlite3_int64) -> c_int {
    // SAFETY: `bytes` has `count` bytes.
    unsafe {
        if let Some(on) = on(file) {
            if !on.disk.allows(Operation::Write) {
                return SQLITE_IOERR_WRITE;
            }
            let written = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(count).unwrap_or(0));
            on.disk.note_write(&on.path, at.unsigned_abs(), written);
        }
        let (under, can) = under(file);
        can.xWrite.map_or(SQLITE_IOERR_WRITE, |write| write(under, bytes, count, at))
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: passed on.
    unsafe {
        if let Some(on) = on(file) {
            if !on.disk.allows(Operation::Truncate) {
                return SQLITE_IOERR_TRUNCATE;
            }
            on.disk.note_truncate(&on.path, size.unsigned_abs());
        }
        let (under, can) = under(file);
        can.xTruncate.map_or(SQLITE_IOERR_TRUNCATE, |truncate| truncate(under, size))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: passed on.
    unsafe {
        if let Some(on) = on(file) {
            if !on.disk.allows(Operation::Sync) {
                return SQLITE_IOERR_FSYNC;
            }
            on.disk.settle(&on.path);
        }
        let (under, can) = under(file);
        can.xSync.map_or(SQLITE_IOERR_FSYNC, |sync| sync(under, flags))
    }
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    to: *mut *mut c_void,
) -> c_int {
    // SAFETY: `to` is SQLite's own variable.
    unsafe {
        if let Some(on) = on(file)
            && !on.disk.allows(Operation::ShmMap)
        {
            *to = ptr::null_mut();
            return SQLITE_IOERR_SHMMAP;
        }
        let (under, can) = under(file);
        can.xShmMap.map_or(SQLITE_IOERR_SHMMAP, |map| map(under, page, size, extend, to))
    }
}

/// Functions that do what the system's own does; -1 where it has none, which no file system of SQLite's own is without.
macro_rules! passed_on {
    ($($name:ident: $method:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: passed on.
            unsafe {
                let (under, can) = under(file);
                can.$method.map_or(-1, |passed| passed(under $(, $argument)*))
            }
        }
    )*};
}

passed_on! {
    read: xRead(bytes: *mut c_void, count: c_int, at: sqlite3_int64);
    file_size: xFileSize(size: *mut sqlite3_int64);
    take_lock: xLock(kind: c_int);
    unlock: xUnlock(kind: c_int);
    check_reserved_lock: xCheckReservedLock(is_reserved: *mut c_int);
    file_control: xFileControl(what: c_int, with: *mut c_void);
    sector_size: xSectorSize();
    device_characteristics: xDeviceCharacteristics();
    shm_lock: xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap: xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: passed on.
    unsafe {
        let (under, can) = under(file);
        if let Some(barrier) = can.xShmBarrier {
            barrier(under);
        }
    }
}
