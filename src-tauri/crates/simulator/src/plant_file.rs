//! The demo's plant folder: the plant file with the ports of this run, and the line's own memory between runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::line::Line;

/// The plant file, with a word in place of each port.
const TEMPLATE: &str = include_str!("../plant/plant.toml");
const MQTT_PORT: &str = "@MQTT_PORT@";
const MODBUS_PORT: &str = "@MODBUS_PORT@";
/// Where the line is written down between runs. Not a part of the plant; the plant's reader passes over it.
const MEMORY: &str = "line.json";

/// Why the demo's folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder could not be made.
    #[error("cannot make the folder {}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file in it could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The plant file for these ports.
pub(crate) fn plant_file(mqtt: u16, modbus: u16) -> String {
    TEMPLATE.replace(MQTT_PORT, &mqtt.to_string()).replace(MODBUS_PORT, &modbus.to_string())
}

/// Writes `plant.toml` into the folder, which is made if it is not there.
///
/// # Errors
/// [`FolderError`].
pub(crate) fn write_plant(folder: &Path, mqtt: u16, modbus: u16) -> Result<(), FolderError> {
    fs::create_dir_all(folder).map_err(|source| FolderError::Create { path: folder.to_owned(), source })?;
    replace(&folder.join("plant.toml"), plant_file(mqtt, modbus).as_bytes())
}

/// The line as the last run left it; none where there was none, or where it was of another version.
pub(crate) fn remembered(folder: &Path) -> Option<Line> {
    let text = fs::read(folder.join(MEMORY)).ok()?;
    serde_json::from_slice(&text).inspect_err(|error| tracing::info!(%error, "the demo's line begins anew")).ok()
}

/// Writes the line down for the next run, so that counters go on where they were.
///
/// # Errors
/// [`FolderError`].
pub(crate) fn remember(folder: &Path, line: &Line) -> Result<(), FolderError> {
    let path = folder.join(MEMORY);
    let text = serde_json::to_vec(line)
        .map_err(|error| FolderError::Write { path: path.clone(), source: io::Error::other(error) })?;
    replace(&path, &text)
}

/// Writes beside the file and then puts it in its place, so that a kill in between leaves the old one whole.
fn replace(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let new = path.with_extension("new");
    fs::write(&new, content)
        .and_then(|()| fs::rename(&new, path))
        .map_err(|source| FolderError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Station;
    use crate::random::Random;

    #[test]
    fn no_placeholder_of_a_port_is_left() {
        let text = plant_file(1883, 502);
        assert!(text.contains("port = 1883") && text.contains("port = 502"));
        assert!(!text.contains('@'), "every placeholder is filled");
    }

    #[test]
    fn a_line_is_remembered_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(remembered(folder.path()), None);
        let mut line = Line::running(3.0);
        line.step(1000.0, &mut Random::new(8));
        remember(folder.path(), &line).unwrap();
        let again = remembered(folder.path()).unwrap();
        for station in Station::ALL {
            assert_eq!(again.counts(station), line.counts(station));
            assert_eq!(again.state(station), line.state(station));
        }
        fs::write(folder.path().join(MEMORY), b"{}").unwrap();
        assert_eq!(remembered(folder.path()), None, "a damaged memory is no memory");
    }
}
