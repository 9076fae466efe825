//! A plant's folder on disk: `plant.toml` and `tags/*.csv`.
//!
//! What cannot be read is a problem like any other, with its file and what to do.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{AddError, PlantFolder};
use gateway::Network;
use plant::{Addition, Files, Problem, Reading, Retuning, Severity, TagIndices};

use crate::rewrite;

/// The one file that every plant has.
const PLANT: &str = "plant.toml";
/// The folder of tag lists.
const TAGS: &str = "tags";

/// Whose a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A person's, who can change it.
    Person,
    /// The demo's, which writes it anew at each start.
    Demo,
}

/// A plant's folder.
pub struct Folder {
    path: PathBuf,
    owner: Owner,
    network: Arc<Network>,
}

impl Folder {
    /// The folder at `path`. `network` judges gateways and addresses.
    pub fn new(path: PathBuf, owner: Owner, network: Arc<Network>) -> Self {
        Self { path, owner, network }
    }

    /// Changes the plant's own file, where the whole has no errors then.
    fn change(
        &self,
        keep: &TagIndices,
        change: impl FnOnce(&str, &Files) -> Result<String, AddError>,
    ) -> Result<Reading, AddError> {
        if self.owner == Owner::Demo {
            let words = "the demo plant is written anew at each start and cannot be changed; \
                         copy its folder and start Andon on the copy";
            return Err(AddError::Refused(words.into()));
        }
        let (mut files, unread) = read(&self.path);
        let before = files.get(PLANT).unwrap_or_default().to_owned();
        let whole = change(&before, &files)?;
        files.insert(PLANT, whole.clone());
        let reading = self.judge((files, unread), keep);
        if reading.plant.is_none() {
            return Err(AddError::Checking(reading.problems));
        }
        rewrite::replace(&self.path.join(PLANT), &before, &whole).map_err(AddError::Writing)?;
        Ok(reading)
    }

    fn judge(&self, (files, mut unread): (Files, Vec<Problem>), keep: &TagIndices) -> Reading {
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
}

impl PlantFolder for Folder {
    fn read(&self, keep: &TagIndices) -> Reading {
        self.judge(read(&self.path), keep)
    }

    fn add(&self, addition: &Addition, keep: &TagIndices) -> Result<Reading, AddError> {
        self.change(keep, |before, _| addition.behind(before).map_err(|error| AddError::Refused(error.to_string())))
    }

    fn retune(&self, retuning: &Retuning, keep: &TagIndices) -> Result<Reading, AddError> {
        self.change(keep, |before, files| {
            let now = self.judge((files.clone(), Vec::new()), keep);
            let plant = now.plant.ok_or(AddError::Checking(now.problems))?;
            retuning.within(before, &plant).map_err(|error| AddError::Refused(error.to_string()))
        })
    }

    fn words(&self) -> String {
        match self.owner {
            Owner::Person => self.path.display().to_string(),
            // No folder to show: changes to it would be lost.
            Owner::Demo => String::new(),
        }
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

    const PLANT_TEXT: &str = "# Ulm, by hand\n[plant]\nname = \"Ulm\"\n\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\n\
                              host = \"127.0.0.1\"\n\n[[machines]]\npath = \"ulm/fill/line1/filler\"\n";

    fn ulm() -> (tempfile::TempDir, Folder) {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        fs::write(scratch.path().join(PLANT), PLANT_TEXT).expect("a file");
        let network = Arc::new(Network::new(Arc::new(engine::SystemClock)));
        let folder = Folder::new(scratch.path().to_path_buf(), Owner::Person, network);
        (scratch, folder)
    }

    fn speed(topic: serde_json::Value) -> Addition {
        let tag = plant::NewTag {
            equipment: Some("ulm/fill/line1/filler".into()),
            id: "speed".into(),
            name: String::new(),
            gateway: "broker".into(),
            address: [("topic".to_owned(), topic)].into_iter().collect(),
            data_type: model::DataType::Float,
            unit: "1/min".into(),
            range: None,
            decimals: None,
            write: false,
        };
        Addition { machines: Vec::new(), tags: vec![tag] }
    }

    #[test]
    fn what_is_added_is_in_the_file_and_in_the_plant() {
        let (scratch, folder) = ulm();
        let reading = folder.add(&speed("line1/filler/speed".into()), &TagIndices::default()).expect("it is added");
        assert!(reading.plant.is_some_and(|plant| plant.tag_by_id("ulm/fill/line1/filler/speed").is_some()));
        let text = fs::read_to_string(scratch.path().join(PLANT)).expect("the file is there");
        assert!(text.starts_with(PLANT_TEXT) && text.contains("[[tags]]"), "{text}");
        assert_eq!(folder.read(&TagIndices::default()).problems, Vec::new());
    }

    #[test]
    fn what_would_be_wrong_is_not_written() {
        let (scratch, folder) = ulm();
        let refused = folder.add(&speed(7.into()), &TagIndices::default());
        assert!(matches!(&refused, Err(AddError::Checking(problems)) if !problems.is_empty()), "{refused:?}");
        assert_eq!(fs::read_to_string(scratch.path().join(PLANT)).expect("the file is there"), PLANT_TEXT);
        assert_eq!(fs::read_dir(scratch.path()).expect("the folder is there").count(), 1, "nothing is left behind");
    }

    const TAG_TEXT: &str = r#"
# The filler's bearing, measured at its housing.
[[tags]]
machine = "ulm/fill/line1/filler"
id = "bearing"
gateway = "broker"
address = { topic = "line1/filler/bearing" }
limits = { high = 80.0, deadband = 2 } # the maker says 85
"#;

    /// A plant with an alarm, and the alarm with another limit.
    fn ulm_with_a_limit() -> (tempfile::TempDir, Folder, Retuning) {
        let (scratch, folder) = ulm();
        fs::write(scratch.path().join(PLANT), format!("{PLANT_TEXT}{TAG_TEXT}")).expect("a file");
        let plant = folder.read(&TagIndices::default()).plant.expect("it has no errors");
        let alarm = &plant.alarms.iter().find(|alarm| alarm.id.as_str().ends_with("bearing/high")).expect("its alarm");
        let mut tuning = alarm.config.tuning();
        tuning.limit = Some(82.5);
        let retuning = Retuning { alarm: alarm.id.clone(), tuning };
        (scratch, folder, retuning)
    }

    #[test]
    fn another_limit_is_written_where_the_old_one_was_and_all_else_stays() {
        let (scratch, folder, retuning) = ulm_with_a_limit();
        // Since the alarm was looked at, somebody has written a remark into the file: it stays, too.
        let path = scratch.path().join(PLANT);
        let before = fs::read_to_string(&path).expect("the file is there").replace("by hand", "by hand, and by Ada");
        fs::write(&path, &before).expect("it is saved");
        let reading = folder.retune(&retuning, &TagIndices::default()).expect("it is changed");
        let plant = reading.plant.expect("it has no errors");
        let alarm = plant.alarms.iter().find(|alarm| alarm.id == retuning.alarm).expect("it is still there");
        assert_eq!(alarm.config.tuning(), retuning.tuning);
        let after = fs::read_to_string(&path).expect("the file is there");
        assert_eq!(after, before.replace("high = 80.0", "high = 82.5"));
        assert_eq!(fs::read_dir(scratch.path()).expect("the folder is there").count(), 1, "nothing is left behind");
    }

    #[test]
    fn what_somebody_saves_while_it_is_changed_is_not_lost() {
        let (scratch, folder, retuning) = ulm_with_a_limit();
        let path = scratch.path().join(PLANT);
        let theirs = format!("# saved just now\n{PLANT_TEXT}");
        let plant = folder.read(&TagIndices::default()).plant.expect("it has no errors");
        let changed = folder.change(&TagIndices::default(), |before, _| {
            fs::write(&path, &theirs).expect("it is saved");
            Ok(retuning.within(before, &plant).expect("it can be written"))
        });
        assert!(matches!(&changed, Err(AddError::Writing(_))), "{changed:?}");
        assert_eq!(fs::read_to_string(&path).expect("the file is there"), theirs);
    }

    #[test]
    fn a_protected_plant_file_is_not_changed_and_says_why() {
        use std::os::unix::fs::PermissionsExt as _;
        let (scratch, folder, retuning) = ulm_with_a_limit();
        let path = scratch.path().join(PLANT);
        let before = fs::read_to_string(&path).expect("the file is there");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("it is ours");
        let refused = folder.retune(&retuning, &TagIndices::default());
        assert!(
            matches!(&refused, Err(AddError::Writing(cause)) if cause.to_string().contains("write-protected")),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string(&path).expect("the file is there"), before);
    }

    #[test]
    fn the_demo_is_not_changed() {
        let (scratch, folder) = ulm();
        let folder = Folder { owner: Owner::Demo, ..folder };
        let refused = folder.add(&speed("a".into()), &TagIndices::default());
        assert!(matches!(&refused, Err(AddError::Refused(words)) if words.contains("demo")), "{refused:?}");
        assert_eq!(fs::read_to_string(scratch.path().join(PLANT)).expect("the file is there"), PLANT_TEXT);
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
