//! Long work at a terminal: how far it is, and whether Ctrl-C was pressed.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a process that a second Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Pays attention to signals and to who watches, until it is dropped.
pub struct Attention {
    told_to_end: Arc<AtomicBool>,
    is_watched: bool,
    /// The percent that was shown last.
    shown: Option<u8>,
}

impl Attention {
    /// Begins to pay attention. From now on the first SIGINT or SIGTERM is told to whoever asks, and the second one ends
    /// the process.
    ///
    /// # Errors
    /// The system's.
    pub fn begin() -> io::Result<Self> {
        let told_to_end = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&told_to_end))?;
            flag::register(signal, Arc::clone(&told_to_end))?;
        }
        Ok(Self { told_to_end, is_watched: io::stderr().is_terminal(), shown: None })
    }

    /// Shows how far it is where that has changed, and says whether to go on. `share` is 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    pub fn ask(&mut self, words: impl FnOnce() -> String, share: f64) -> ControlFlow<()> {
        let percent = (share * 100.0) as u8;
        if self.is_watched && self.shown != Some(percent) {
            self.shown = Some(percent);
            write!(io::stderr(), "\r\x1b[K{}", words()).ok();
        }
        if self.told_to_end.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        if self.shown.is_some() {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}
