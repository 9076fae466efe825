//! The desktop window: one web view over the same contract that a browser has, two commands into it, and two of the
//! machine beside it.
//!
//! The window can go nowhere but to the program's own files, open no other window, and call nothing but these.
//! Whoever is in the web view may do what the session may do, and not more: the contract checks every call.
//!
//! **Invariant:** nothing of Tauri is named outside this module.

mod downloads;
pub mod graphics;
mod recovery;
mod station;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api::{Answer, Api, Failure, FrameRequest, Principal};
use tauri::ipc::Response;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, RunEvent, State, Url, WebviewUrl, WebviewWindowBuilder};
use web::{Asset, Assets};

use recovery::Recovery;

/// The window's size at first, logical pixels.
const SIZE: (f64, f64) = (1600.0, 950.0);
/// The smallest size at which every screen is whole.
const SMALLEST: (f64, f64) = (1024.0, 700.0);
/// So many frames after it was opened, a window has shown live values for a second.
const LIVE_FRAMES: u32 = 10;
/// A window that has asked for no values for so long after it was opened shows nothing.
const BLANK: Duration = Duration::from_secs(20);

/// What the window shows.
pub struct Desk {
    /// The contract.
    pub api: Arc<Api>,
    /// Who sits in front of it.
    pub who: Principal,
    /// What stands on its top.
    pub title: String,
    /// Where the web view keeps what is its own, such as the theme that was chosen.
    pub folder: PathBuf,
    /// Called when a window has shown live values: once for each, as a web view that ended is replaced.
    pub live: Box<dyn Fn() + Send + Sync>,
}

/// Ends the window from elsewhere.
#[derive(Clone)]
pub struct Closer(AppHandle);

/// The files of the user interface, which are inside the program.
pub struct Files(Box<dyn tauri::Assets<tauri::Wry>>);

struct Opened {
    desk: Desk,
    frames: AtomicU32,
    recovery: Recovery,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// No display, or no web view.
    #[error("cannot open a window; is there a display?")]
    Opening(#[source] tauri::Error),
    /// It went blank again and again.
    #[error("the web view ended {} times in a short time; see the log", recovery::MOST)]
    Recovering,
}

/// Lets the window's commands run where everything else does. To be called once, before [`run`].
pub fn use_runtime(runtime: tokio::runtime::Handle) {
    tauri::async_runtime::set(runtime);
}

/// Opens the window and returns when it is closed. `started` is given the means to close it.
///
/// # Errors
/// [`WindowError`] where it cannot be opened or kept open.
pub fn run(desk: Desk, started: impl FnOnce(Closer)) -> Result<(), WindowError> {
    let opened = Opened { desk, frames: AtomicU32::new(0), recovery: Recovery::default() };
    let app = tauri::Builder::default()
        .manage(opened)
        .invoke_handler(tauri::generate_handler![call, frame, station::has_sound, station::announce])
        .setup(|app| Ok(open(app.handle())?))
        .build(context())
        .map_err(WindowError::Opening)?;
    started(Closer(app.handle().clone()));
    match app.run_return(|_, event: RunEvent| drop(event)) {
        0 => Ok(()),
        _ => Err(WindowError::Recovering),
    }
}

impl Closer {
    /// Closes the window; [`run`] then returns.
    pub fn close(&self) {
        self.0.exit(0);
    }
}

impl Files {
    /// All of them.
    pub fn embedded() -> Self {
        Self(context().assets)
    }
}

impl Assets for Files {
    fn asset(&self, path: &str) -> Option<Asset> {
        let bytes = self.0.get(&path.into())?.into_owned();
        let content_type = match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("json") => "application/json",
            Some(_) | None => "application/octet-stream",
        };
        Some(Asset { bytes: bytes.into(), content_type })
    }
}

/// Opens a window with the next number: a web view that ended is not mended but replaced, because what it had open
/// into the program cannot be trusted any more.
fn open(app: &AppHandle) -> tauri::Result<()> {
    let opened = tauri::Manager::state::<Opened>(app);
    let number = opened.recovery.next();
    opened.frames.store(0, Ordering::Relaxed);
    let window = WebviewWindowBuilder::new(app, format!("main-{number}"), WebviewUrl::App("index.html".into()))
        .title(&opened.desk.title)
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .data_directory(opened.desk.folder.clone())
        .devtools(cfg!(debug_assertions))
        .on_navigation(is_own)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|webview, event| downloads::attend(&webview, event))
        .disable_drag_drop_handler()
        .build()?;
    recovery::attend(app, &window)?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(BLANK).await;
        let opened = tauri::Manager::state::<Opened>(&app);
        if opened.recovery.is_newest(number) && opened.frames.load(Ordering::Relaxed) == 0 {
            tracing::error!("the window has asked for no values in {} s: it probably shows nothing", BLANK.as_secs());
        }
    });
    Ok(())
}

/// Whether an address is one of the program's own files, or a picture that its page made and somebody saves: the web
/// view asks about a download as it does about any address, and puts it into the person's download folder.
fn is_own(url: &Url) -> bool {
    let is_file = url.scheme() == "tauri" && url.host_str() == Some("localhost");
    is_file || url.as_str().starts_with("blob:tauri://localhost/")
}

#[tauri::command]
async fn call(opened: State<'_, Opened>, command: String, request: serde_json::Value) -> Result<Response, Failure> {
    let internal = |error: &dyn std::error::Error| {
        Failure::caused(api::Code::Internal, "the call could not be carried over", error)
    };
    let request = serde_json::to_vec(&request).map_err(|error| internal(&error))?;
    match opened.desk.api.call(&opened.desk.who, &command, &request).await? {
        Answer::Json(json) => String::from_utf8(json).map(Response::new).map_err(|error| internal(&error)),
        Answer::Bytes { bytes, .. } => Ok(Response::new(bytes)),
    }
}

#[tauri::command]
async fn frame(opened: State<'_, Opened>, plant: u32, since: u64, tags: Vec<u32>) -> Result<Response, Failure> {
    let asks_for_values = !tags.is_empty();
    let bytes = opened.desk.api.frame(&FrameRequest { plant, since, tags });
    if asks_for_values && opened.frames.fetch_add(1, Ordering::Relaxed) + 1 == LIVE_FRAMES {
        tracing::info!("the window shows live values");
        (opened.desk.live)();
    }
    Ok(Response::new(bytes))
}

fn context() -> tauri::Context<tauri::Wry> {
    tauri::generate_context!()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        for (address, own) in [
            ("tauri://localhost/index.html", true),
            ("tauri://localhost/", true),
            ("tauri://elsewhere/", false),
            ("https://localhost/", false),
            ("http://127.0.0.1:8080/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,x", false),
            ("blob:tauri://localhost/9c1185a5-c5e9-fc54-5612-8977b9e2d0a1", true),
            ("blob:https://localhost/9c1185a5-c5e9-fc54-5612-8977b9e2d0a1", false),
            ("about:blank", false),
        ] {
            assert_eq!(is_own(&address.parse().expect("an address")), own, "{address}");
        }
    }

    #[test]
    fn the_policy_lets_nothing_in_from_outside() {
        let context = context();
        let security = &context.config().app.security;
        let policy = security.csp.as_ref().expect("a content security policy").to_string();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        for weak in ["unsafe-inline", "unsafe-eval", "https:", "*"] {
            assert!(!policy.contains(weak), "{weak} in {policy}");
        }
        assert!(security.freeze_prototype);
        assert!(!context.config().app.with_global_tauri);
    }
}
