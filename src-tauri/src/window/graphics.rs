//! What the web view must know before it starts: how to draw on this machine, and in which language.
//!
//! WebKitGTK reads these from the environment of the process and hands them to its own. An environment can only be
//! changed safely before there are threads and libraries in the process, so the program replaces itself once with a
//! process whose environment is right; its process id stays.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use webkit2gtk::HardwareAccelerationPolicy;

/// Replaces this process by one with the right environment, where it is not right yet.
///
/// # Errors
/// The system's, where it does not start the program again.
pub fn prepare() -> std::io::Result<()> {
    let lacking = lacking(|name| std::env::var_os(name));
    if lacking.is_empty() {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1)).envs(lacking);
    Err(again.exec())
}

/// How the web view should draw: without a graphics processor, WebKit's own choice is two and a half times slower than
/// drawing with the processor alone.
pub fn acceleration() -> HardwareAccelerationPolicy {
    if Path::new("/dev/dri").is_dir() {
        HardwareAccelerationPolicy::OnDemand
    } else {
        HardwareAccelerationPolicy::Never
    }
}

/// The variables that should be there and are not.
fn lacking(read: impl Fn(&str) -> Option<OsString>) -> Vec<(&'static str, &'static str)> {
    let mut lacking = Vec::new();
    // The DMABUF renderer leaves the window blank on many drivers (WebKit bug 261874).
    if read("WEBKIT_DISABLE_DMABUF_RENDERER").is_none() {
        lacking.push(("WEBKIT_DISABLE_DMABUF_RENDERER", "1"));
    }
    // In the C locale file names and user names with letters beyond ASCII are not readable to GTK.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(read).find(|value| !value.is_empty());
    if locale.is_none_or(|locale| locale == "C" || locale == "POSIX") {
        lacking.push(("LC_ALL", "C.UTF-8"));
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(environment: &[(&str, &str)], expect: &[&str]) {
        let read =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(*value));
        let names: Vec<&str> = lacking(read).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expect, "{environment:?}");
    }

    #[test]
    fn only_what_is_not_there_is_set() {
        check(&[], &["WEBKIT_DISABLE_DMABUF_RENDERER", "LC_ALL"]);
        check(&[("LANG", "C")], &["WEBKIT_DISABLE_DMABUF_RENDERER", "LC_ALL"]);
        check(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.UTF-8")], &["WEBKIT_DISABLE_DMABUF_RENDERER", "LC_ALL"]);
        check(&[("LANG", "de_DE.UTF-8"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "0")], &[]);
    }
}
