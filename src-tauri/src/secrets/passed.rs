//! Credentials that systemd passes to a service: files in a folder that only the service can read
//! (systemd.exec(5), `LoadCredentialEncrypted=`).

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gateway::Secret;

use super::{MOST_BYTES, secret};

/// Names the folder.
const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The folder of credentials, where one was passed.
pub struct Passed(Option<PathBuf>);

impl Passed {
    pub fn of_this_process() -> Self {
        Self(std::env::var_os(VARIABLE).map(PathBuf::from).filter(|folder| folder.is_absolute()))
    }

    /// Whether there is such a folder.
    pub fn is_any(&self) -> bool {
        self.0.is_some()
    }

    /// The secret of a name, which is a plain word; `None` where it was not passed.
    ///
    /// # Errors
    /// Why it must not be used, or cannot be read, in words.
    pub fn read(&self, name: &str) -> Result<Option<Secret>, String> {
        let Some(folder) = &self.0 else { return Ok(None) };
        let path = folder.join(name);
        let about = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(&path, &format!("cannot be read: {error}"))),
            Ok(about) => about,
        };
        if !about.is_file() {
            return Err(refused(&path, "is not a file"));
        }
        // The group's bits may be the mask of an access list, which systemd uses to let the service's user read.
        if about.permissions().mode() & 0o027 != 0 {
            return Err(refused(
                &path,
                "can be read or changed by others: take that right from them with `chmod o=,g-w`",
            ));
        }
        let mut bytes = Vec::with_capacity(MOST_BYTES + 1);
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| refused(&path, &format!("cannot be read: {error}")))?;
        if bytes.len() > MOST_BYTES {
            zeroize::Zeroize::zeroize(&mut bytes);
            return Err(refused(&path, "is larger than 64 KiB"));
        }
        secret(bytes).map(Some).map_err(|words| refused(&path, &format!("cannot be used: {words}")))
    }
}

fn refused(path: &Path, words: &str) -> String {
    format!("the credential {} {words}", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    fn put(folder: &Path, name: &str, mode: u32, content: &[u8]) {
        let mut file = File::options().create_new(true).write(true).mode(mode).open(folder.join(name)).expect("a file");
        io::Write::write_all(&mut file, content).expect("a file");
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).expect("our own file");
    }

    #[test]
    fn what_was_passed_is_read_and_what_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        put(folder.path(), "broker", 0o400, b"anna\ntr0ub4dor\n");
        put(folder.path(), "by-list", 0o440, b"tr0ub4dor");
        for mode in [0o404, 0o444, 0o460, 0o777] {
            put(folder.path(), &format!("open-{mode:o}"), mode, b"tr0ub4dor");
        }
        put(folder.path(), "large", 0o400, &vec![b'x'; MOST_BYTES + 1]);
        put(folder.path(), "binary", 0o400, b"tr0ub4dor\xff");
        fs::create_dir(folder.path().join("folder")).expect("a folder");
        let passed = Passed(Some(folder.path().to_path_buf()));
        let read = |name| passed.read(name).map(|found| found.map(|secret| secret.reveal().to_owned()));
        assert_eq!(read("broker"), Ok(Some("anna\ntr0ub4dor".into())));
        assert_eq!(read("by-list"), Ok(Some("tr0ub4dor".into())));
        assert_eq!(read("other"), Ok(None));
        for name in ["open-404", "open-444", "open-460", "open-777", "large", "binary", "folder"] {
            let words = read(name).expect_err("it must not be used");
            assert!(words.contains(name) && !words.contains("tr0ub4dor"), "{words}");
        }
        assert_eq!(Passed(None).read("broker").expect("nothing was passed"), None);
    }
}
