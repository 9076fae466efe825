//! Files of certificates beside the plant file. They are public; a private key is not, and is refused here.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use gateway::is_certificate_file;

/// The largest file, bytes: all authorities of the web are a quarter of it.
const MOST_BYTES: u64 = 1024 * 1024;

/// The content of a file below the plant's folder.
///
/// # Errors
/// Why it cannot be used, in words.
pub fn read(plant: &Path, file: &str) -> Result<Vec<u8>, String> {
    if !is_certificate_file(file) {
        return Err("a file of certificates is named by its path below the plant's folder".to_owned());
    }
    let refused = |words: &str| format!("the file {file} {words}");
    let unread = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => refused("is not in the plant's folder"),
        _ => refused(&format!("cannot be read: {error}")),
    };
    // A link must not lead out of the folder: a plant that was copied from somewhere else could read any file.
    let path = fs::canonicalize(plant.join(file)).map_err(unread)?;
    if !path.starts_with(fs::canonicalize(plant).map_err(unread)?) {
        return Err(refused("is a link to a place outside of the plant's folder"));
    }
    let about = fs::metadata(&path).map_err(unread)?;
    if !about.is_file() {
        return Err(refused("is not a file"));
    }
    let mut content = Vec::new();
    File::open(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut content)).map_err(unread)?;
    if u64::try_from(content.len()).is_ok_and(|bytes| bytes > MOST_BYTES) {
        return Err(refused("is larger than 1 MiB"));
    }
    if content.windows(KEY.len()).any(|window| window == KEY) {
        zeroize::Zeroize::zeroize(&mut content);
        return Err(refused(
            "holds a private key: store that with `andon secret set NAME < key.pem` and remove it here",
        ));
    }
    Ok(content)
}

/// In the first line of every private key in PEM (RFC 7468, 10 and 11).
const KEY: &[u8] = b"PRIVATE KEY-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_the_plant_are_read_and_no_others() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let plant = scratch.path().join("plant");
        fs::create_dir_all(plant.join("certs")).expect("a folder");
        fs::write(scratch.path().join("outside.pem"), "outside").expect("a file");
        fs::write(plant.join("certs/ca.pem"), "a certificate").expect("a file");
        fs::write(plant.join("certs/key.pem"), "-----BEGIN EC PRIVATE KEY-----\ntr0ub4dor").expect("a file");
        fs::write(plant.join("certs/large.pem"), vec![b'x'; 1024 * 1024 + 1]).expect("a file");
        std::os::unix::fs::symlink(scratch.path().join("outside.pem"), plant.join("certs/out.pem")).expect("a link");
        std::os::unix::fs::symlink("ca.pem", plant.join("certs/current.pem")).expect("a link");

        assert_eq!(read(&plant, "certs/ca.pem"), Ok(b"a certificate".to_vec()));
        assert_eq!(read(&plant, "certs/current.pem"), Ok(b"a certificate".to_vec()), "a link within the folder");
        for (file, words) in [
            ("../outside.pem", "below the plant's folder"),
            ("/etc/passwd", "below the plant's folder"),
            ("certs/out.pem", "outside of the plant's folder"),
            ("certs", "is not a file"),
            ("certs/none.pem", "is not in the plant's folder"),
            ("certs/large.pem", "larger than 1 MiB"),
            ("certs/key.pem", "private key"),
        ] {
            let said = read(&plant, file).expect_err("refused");
            assert!(said.contains(words) && !said.contains("tr0ub4dor"), "{file}: {said}");
        }
    }
}
