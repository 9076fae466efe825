//! A plant's folder on disk: `plant.toml` and `tags/*.csv`.
//!
//! What cannot be read is a problem like any other, with its file and what to do.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::PlantFolder;
use gateway::Network;
use plant::{Files, Problem, Reading, Severity, TagIndices};

/// The one file that every plant has.
const PLANT: &str = "plant.toml";
/// The folder of tag lists.
const TAGS: &str = "tags";

/// A plant's folder.
pub struct Folder {
    path: PathBuf,
    words: String,
    network: Arc<Network>,
}

impl Folder {
    /// The folder at `path`, called `words` on the screen. `network` judges gateways and addresses.
    pub fn new(path: PathBuf, words: String, network: Arc<Network>) -> Self {
        Self { path, words, network }
    }
}

impl PlantFolder for Folder {
    fn read(&self, keep: &TagIndices) -> Reading {
        let (files, mut unread) = read(&self.path);
        let mut reading = plant::read(&files, self.network.as_ref(), keep);
        if unread.iter().any(|problem| problem.severity == Severity::Error) {
            reading.plant = None;
            // That it is not there is said better here, where it is known why.
            reading.problems.retain(|problem| !unread.iter().any(|known| known.file == problem.file));
        }
        unread.append(&mut reading.problems);
        reading.problems = unread;
        reading
    }

    fn words(&self) -> String {
        self.words.clone()
    }
}

fn read(folder: &Path) -> (Files, Vec<Problem>) {
    let mut files = Files::new();
    let mut problems = Vec::new();
    match text(&folder.join(PLANT)) {
        Ok(text) => files.insert(PLANT, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => problems.push(Problem {
            file: PLANT.into(),
            line: 0,
            severity: Severity::Error,
            message: format!("there is no {PLANT} in {}", folder.display()),
            remedy: format!("name a folder that has one; `andon demo` writes an example into {TAGS_HINT}"),
        }),
        Err(error) => problems.push(unreadable(PLANT.into(), &error)),
    }
    match lists(&folder.join(TAGS)) {
        Ok(names) => {
            for name in names {
                let file = format!("{TAGS}/{name}");
                match text(&folder.join(TAGS).join(&name)) {
                    Ok(text) => files.insert(file, text),
                    Err(error) => problems.push(unreadable(file, &error)),
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => problems.push(unreadable(TAGS.into(), &error)),
    }
    (files, problems)
}

/// Where the demo's plant is, in words.
const TAGS_HINT: &str = "its data folder";

fn lists(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.to_lowercase().ends_with(".csv") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    // One byte more than is allowed, so that what is too large is known to be: reading it all could fill the memory.
    let most = u64::try_from(plant::FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

fn unreadable(file: String, error: &io::Error) -> Problem {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "let the user who starts Andon read it".into(),
        io::ErrorKind::InvalidData => "save it as UTF-8".into(),
        _ => "see whether the disk and the file are in order".into(),
    };
    Problem { file, line: 0, severity: Severity::Error, message: format!("it cannot be read: {error}"), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_plant_says_so_once() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (_, problems) = read(scratch.path());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("there is no plant.toml"), "{problems:?}");
    }

    #[test]
    fn what_is_not_text_is_a_problem_of_its_file() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(scratch.path().join(TAGS)).expect("a folder");
        fs::write(scratch.path().join(PLANT), "[plant]\nname = \"Ulm\"\n").expect("a file");
        fs::write(scratch.path().join("tags/pumps.csv"), [0xff, 0xfe]).expect("a file");
        fs::write(scratch.path().join("tags/notes.txt"), [0xff, 0xfe]).expect("a file");
        let (_, problems) = read(scratch.path());
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].file.as_str(), problems[0].remedy.as_str()), ("tags/pumps.csv", "save it as UTF-8"));
    }
}
