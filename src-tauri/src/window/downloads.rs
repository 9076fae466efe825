//! Pictures and data that the page has and a person saves: they go to the person's download folder.
//!
//! Only what the page itself made can be saved; from elsewhere nothing comes in.

use std::path::{Path, PathBuf};

use tauri::webview::DownloadEvent;
use tauri::{Manager, Url, Webview};

/// Decides about a download, and says in the log what came of it.
pub fn attend(webview: &Webview, event: DownloadEvent<'_>) -> bool {
    match event {
        DownloadEvent::Requested { url, destination } => {
            if !is_made_here(&url) {
                tracing::warn!("a download from {} was refused", url.scheme());
                return false;
            }
            let places = webview.path();
            // A person without a download folder has a home.
            let folders = [places.download_dir(), places.home_dir()].into_iter().flatten();
            match free_name(destination, folders) {
                Some(free) => *destination = free,
                None => {
                    tracing::error!("there is neither a download folder nor a home to save a file in");
                    return false;
                }
            }
            true
        }
        DownloadEvent::Finished { path, success, .. } => {
            let file = path.map(|path| path.display().to_string()).unwrap_or_default();
            if success {
                tracing::info!("saved {file}");
            } else {
                tracing::error!("{file} could not be saved");
            }
            true
        }
        // Tauri may come to tell more; nothing of it is asked for.
        _ => true,
    }
}

/// Whether an address names something that the page itself made.
pub fn is_made_here(url: &Url) -> bool {
    url.scheme() == "blob" && url.path().starts_with("tauri://localhost/")
}

/// The suggested name in the first folder that there is, with a number where that name is taken.
fn free_name(suggested: &Path, folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let folder = folders.into_iter().find(|folder| folder.is_dir())?;
    let (stem, extension) = (suggested.file_stem()?.to_string_lossy(), suggested.extension());
    let ending = extension.map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    let named = |number: u32| match number {
        1 => folder.join(format!("{stem}{ending}")),
        number => folder.join(format!("{stem} ({number}){ending}")),
    };
    (1..1000).map(named).find(|file| !file.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_page_made_is_saved() {
        for (address, made) in [
            ("blob:tauri://localhost/6f1c9a0e-6d0c-4a3c-9a3f-1d2e3f405162", true),
            ("blob:http://127.0.0.1:8080/6f1c9a0e", false),
            ("tauri://localhost/index.html", false),
            ("data:text/html,x", false),
            ("https://localhost/x.png", false),
        ] {
            assert_eq!(is_made_here(&address.parse().expect("an address")), made, "{address}");
        }
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_leaves_the_folder() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let missing = scratch.path().join("missing");
        let free = |name: &str| free_name(Path::new(name), [missing.clone(), scratch.path().to_path_buf()].into_iter());
        assert_eq!(free("/elsewhere/trend.png"), Some(scratch.path().join("trend.png")));
        std::fs::write(scratch.path().join("trend.png"), "").expect("a file");
        assert_eq!(free("trend.png"), Some(scratch.path().join("trend (2).png")));
        assert_eq!(free(".."), None);
        assert_eq!(free_name(Path::new("trend.png"), [missing.clone()].into_iter()), None);
    }
}
