//! A web view whose process ended, crashed or was killed is replaced by a new one.
//!
//! WebKitGTK leaves a blank window behind and Tauri does not say so on Linux, hence the direct look at WebKit's own
//! signal. A web view that ends again and again is not worth replacing for ever.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tauri::{AppHandle, Manager, WebviewWindow};
use webkit2gtk::{SettingsExt, WebViewExt};

use super::{Opened, graphics, open};

/// So often within [`WITHIN`], then no more.
pub const MOST: usize = 3;
const WITHIN: Duration = Duration::from_secs(600);

/// Which window is the newest, and when older ones were replaced.
#[derive(Default)]
pub struct Recovery {
    newest: AtomicU32,
    replaced: Mutex<Vec<Instant>>,
}

impl Recovery {
    /// The number of the next window.
    pub fn next(&self) -> u32 {
        self.newest.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether no window was opened after this one.
    pub fn is_newest(&self, number: u32) -> bool {
        self.newest.load(Ordering::Relaxed) == number
    }

    /// Whether one more replacement is worth it.
    fn may_replace(&self, now: Instant) -> bool {
        let mut replaced = self.replaced.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        replaced.retain(|then| now.duration_since(*then) < WITHIN);
        replaced.push(now);
        replaced.len() <= MOST
    }
}

/// Sets the web view up for this machine and replaces its window when its process ends.
pub fn attend(app: &AppHandle, window: &WebviewWindow) -> tauri::Result<()> {
    let app = app.clone();
    let label = window.label().to_owned();
    window.with_webview(move |webview| {
        let view = webview.inner();
        if let Some(settings) = view.settings() {
            settings.set_hardware_acceleration_policy(graphics::acceleration());
        }
        view.connect_web_process_terminated(move |_, reason| {
            tracing::error!("the web view's process ended ({reason:?})");
            let (app, label) = (app.clone(), label.clone());
            // Not from inside WebKit's own signal: the old view is still on the stack there.
            tauri::async_runtime::spawn(async move { replace(&app, &label) });
        });
    })
}

fn replace(app: &AppHandle, label: &str) {
    if !app.state::<Opened>().recovery.may_replace(Instant::now()) {
        tracing::error!("the web view ended more than {MOST} times in {} s: giving up", WITHIN.as_secs());
        app.exit(1);
        return;
    }
    // The new one first: without any window the program would end.
    if let Err(error) = open(app) {
        tracing::error!("no new window could be opened: {error}");
        app.exit(1);
        return;
    }
    if let Some(old) = app.get_webview_window(label)
        && let Err(error) = old.destroy()
    {
        tracing::warn!("the blank window could not be closed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_up_on_a_web_view_that_ends_again_and_again_but_forgets_old_ends() {
        let recovery = Recovery::default();
        let start = Instant::now();
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        assert!([0, 1, 2].into_iter().all(|minute| recovery.may_replace(minutes(minute))));
        assert!(!recovery.may_replace(minutes(3)));
        assert!(recovery.may_replace(minutes(30)));
    }
}
