//! Replacing a file so that it is the old one or the new one, whatever happens meanwhile.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// Puts `after` in place of the file at `path`, which must still hold `before`: somebody may have saved it in an editor
/// since it was read. A file that is write-protected is left alone. A link stays one; the file it leads to is replaced, and keeps its permissions.
///
/// # Errors
/// What the system said, or that the file has changed; it is as it was then.
pub fn replace(path: &Path, before: &str, after: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let new = beside(&path);
    // Left by a process that was killed in the middle of this.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let replaced = write(&path, &new, after).and_then(|()| put_in_place(&path, &new, before));
    if replaced.is_err() {
        // It may not have come to be; the reason that counts is the first one.
        fs::remove_file(&new).ok();
    }
    replaced
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn write(path: &Path, new: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(path)?;
    // Renaming would get past it, but whoever protects a file means it.
    if old.permissions().readonly() {
        let words = "the file is write-protected; take the protection away if it may be changed from here";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    // Nobody else's until it has the permissions of the one it replaces.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    file.write_all(text.as_bytes())?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        // Only root can give a file away; for anybody else it becomes theirs, as with an editor.
        chown(new, Some(old.uid()), Some(old.gid())).ok();
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    file.sync_all()
}

fn put_in_place(path: &Path, new: &Path, before: &str) -> io::Result<()> {
    if fs::read(path)? != before.as_bytes() {
        return Err(io::Error::other("the file was changed by somebody else meanwhile; try again"));
    }
    fs::rename(new, path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // The new file is there. That it also is after a power failure is wanted, but no reason to call it a failure.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::warn!("{} may be the old file again after a power failure: {error}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("plant.toml");
        fs::write(&path, text).expect("a file");
        (scratch, path)
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).expect("the file is there")
    }

    #[test]
    fn the_old_file_is_never_written_to() {
        let (scratch, path) = file("old");
        // Another name of the old file sees whatever is done to it, and not what is put in its place.
        let old = scratch.path().join("old");
        fs::hard_link(&path, &old).expect("a second name");
        replace(&path, "old", "new").expect("it is replaced");
        assert_eq!((text(&path).as_str(), text(&old).as_str()), ("new", "old"));
        assert_eq!(fs::read_dir(scratch.path()).expect("the folder is there").count(), 2, "nothing else is left");
    }

    #[test]
    fn permissions_and_links_stay() {
        let (scratch, path) = file("old");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it is ours");
        let link = scratch.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        replace(&link, "old", "new").expect("it is replaced");
        assert_eq!(text(&path), "new");
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    }

    #[test]
    fn what_a_killed_process_left_does_not_matter() {
        let (_scratch, path) = file("old");
        fs::write(beside(&path), "half of a ne").expect("a file");
        replace(&path, "old", "new").expect("it is replaced");
        assert_eq!(text(&path), "new");
        assert!(!beside(&path).exists());
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_as_it_was() {
        let (_scratch, path) = file("old");
        // Where the new file should be is a folder: not even root can write a file there.
        fs::create_dir(beside(&path)).expect("a folder");
        replace(&path, "old", "new").expect_err("there is no place for the new file");
        assert_eq!(text(&path), "old");
    }

    #[test]
    fn a_protected_file_is_left_alone() {
        let (scratch, path) = file("old");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("it is ours");
        let refused = replace(&path, "old", "new").expect_err("it is protected");
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(text(&path), "old");
        assert_eq!(fs::read_dir(scratch.path()).expect("the folder is there").count(), 1, "nothing is left behind");
    }

    #[test]
    fn what_somebody_else_saved_meanwhile_is_not_lost() {
        let (_scratch, path) = file("theirs");
        replace(&path, "old", "new").expect_err("it is not the file that was read");
        assert_eq!(text(&path), "theirs");
        assert!(!beside(&path).exists());
    }
}
