//! The data folder: one for each running Andon, its own and nobody else's.
//!
//! Whoever has the exclusive lock on the file `lock` in it has the folder; a second start is refused. The system lets go
//! of the lock when the process ends, however it ends.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where to keep things if nobody says otherwise.
const NAME: &str = "andon";

/// Whoever has this file's lock has the folder.
const LOCK: &str = "lock";
/// Holds where the plant is that ran last.
const LAST_PLANT: &str = "last-plant";

/// A data folder that this process has for itself until it is dropped.
#[derive(Debug)]
pub struct Data {
    folder: PathBuf,
    _lock: File,
}

/// Why there is no data folder.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Nothing says where a person's data is.
    #[error("neither XDG_DATA_HOME nor HOME is set; say where data is kept with --data DIR")]
    Locating,
    /// It cannot be made.
    #[error("the data folder {folder} cannot be made")]
    Making {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its lock cannot be had, for another reason than that somebody has it.
    #[error("the data folder {folder} cannot be locked")]
    Locking {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another Andon has it.
    #[error(
        "another Andon{owner} runs with the data folder {folder}: use its window, end it first, or choose another folder with --data DIR"
    )]
    InUse {
        /// Which.
        folder: PathBuf,
        /// The other process, in words.
        owner: String,
    },
}

/// The folder for a plant's data if nobody says otherwise.
///
/// # Errors
/// [`DataError::Locating`].
pub fn default() -> Result<PathBuf, DataError> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join(NAME))
        .ok_or(DataError::Locating)
}

/// The folder for the demo's data if nobody says otherwise: not among those of a real plant.
///
/// # Errors
/// [`DataError::Locating`].
pub fn demo_default() -> Result<PathBuf, DataError> {
    Ok(default()?.join("demo"))
}

/// Where the history is in a data folder.
pub fn history(folder: &Path) -> PathBuf {
    folder.join("history.db")
}

/// Where the journal is in a data folder.
pub fn journal(folder: &Path) -> PathBuf {
    folder.join("journal.db")
}

/// Where the demo's plant is in a data folder.
pub fn demo_plant(folder: &Path) -> PathBuf {
    folder.join("demo-plant")
}

/// Where a running Andon says at which address it is served. Only its owner can read it: the token is in it.
pub fn served(folder: &Path) -> PathBuf {
    folder.join("served")
}

/// The plant that ran last with a data folder, as [`Data::remember_plant`] said.
pub fn last_plant(folder: &Path) -> Option<PathBuf> {
    fs::read_to_string(folder.join(LAST_PLANT)).ok().map(PathBuf::from)
}

/// Whether an Andon runs with a data folder.
pub fn is_in_use(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl Data {
    /// Makes the folder where needed, readable by its owner only, and takes it.
    ///
    /// # Errors
    /// [`DataError`], [`DataError::InUse`] where another process has it.
    pub fn take(folder: PathBuf) -> Result<Self, DataError> {
        let making = |source| DataError::Making { folder: folder.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(making)?;
        let folder = fs::canonicalize(&folder).map_err(making)?;
        let locking = |source| DataError::Locking { folder: folder.clone(), source };
        let path = folder.join(LOCK);
        let mut lock = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(locking)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = owner(&mut lock);
                return Err(DataError::InUse { folder, owner });
            }
            Err(TryLockError::Error(source)) => return Err(locking(source)),
        }
        // Who has it, for the message of whoever comes second; on a full disk the lock does without.
        let _unsaid =
            lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| write!(lock, "{}", std::process::id()));
        Ok(Self { folder, _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the history is.
    pub fn history(&self) -> PathBuf {
        history(&self.folder)
    }

    /// Where the journal is.
    pub fn journal(&self) -> PathBuf {
        journal(&self.folder)
    }

    /// Where messages wait until they are delivered.
    pub fn outbox(&self) -> PathBuf {
        self.folder.join("outbox.db")
    }

    /// Where the logs are.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Where the web view keeps what is its own.
    pub fn web_view(&self) -> PathBuf {
        self.folder.join("window")
    }

    /// Keeps which plant runs, for whoever looks at the history later.
    ///
    /// # Errors
    /// The system's.
    pub fn remember_plant(&self, plant: &Path) -> io::Result<()> {
        let plant = fs::canonicalize(plant)?;
        fs::write(self.folder.join(LAST_PLANT), plant.to_string_lossy().as_bytes())
    }

    /// Says at which address this process is served, to whoever may read this folder; gone when dropped.
    ///
    /// # Errors
    /// The system's.
    pub fn announce(&self, url: &str) -> io::Result<Announced> {
        let path = served(&self.folder);
        // Made anew, so that nobody else has it open.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(url.as_bytes())?;
        Ok(Announced(path))
    }

    /// Says in the log where others may look into the folder.
    pub fn warn_if_open(&self) {
        if let Ok(about) = fs::metadata(&self.folder) {
            let mode = about.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                tracing::warn!("other users may look into the data folder {} (mode {mode:o})", self.folder.display());
            }
        }
    }
}

/// The address of a served Andon, on disk.
#[derive(Debug)]
pub struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!("{} could not be removed: {error}", self.0.display());
        }
    }
}

fn owner(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text).map(|_| text.trim().parse::<u32>()) {
        Ok(Ok(process)) => format!(" (process {process})"),
        Ok(Err(_)) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_and_can_be_taken_once() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let folder = scratch.path().join("deep/andon");
        let data = Data::take(folder.clone()).expect("a new folder");
        assert_eq!(fs::metadata(&folder).expect("the folder").permissions().mode() & 0o777, 0o700);
        assert!(is_in_use(&folder));
        let refused = Data::take(folder.clone()).expect_err("it is taken");
        assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
        drop(data);
        assert!(!is_in_use(&folder));
        Data::take(folder).expect("it is free again");
    }

    #[test]
    fn an_announcement_is_for_its_owner_and_goes_away() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let data = Data::take(scratch.path().to_path_buf()).expect("a folder");
        fs::write(served(scratch.path()), "an older one").expect("a file");
        let announced = data.announce("http://127.0.0.1:1/?token=x").expect("an announcement");
        let about = fs::metadata(served(scratch.path())).expect("the announcement");
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        drop(announced);
        assert!(!served(scratch.path()).exists());
    }
}
