//! What only the machine under the window can do: say whether it can be heard, and show a message of its desktop.
//!
//! Both are commands of the window beside the contract's two, with nothing of Tauri's plugins behind them. Neither tells or
//! changes anything of the plant.

use std::collections::HashMap;
use std::time::Duration;

use zbus::zvariant::Value;

/// Where the kernel lists what can play and record (`Documentation/sound/designs/procfile.rst`).
const DEVICES: &str = "/proc/asound/pcm";
/// A desktop that has not taken a message by then will not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest text of a message, in characters.
const LONGEST: usize = 300;

/// Whether this machine has something to make a sound with.
#[tauri::command]
pub fn has_sound() -> bool {
    std::fs::read_to_string(DEVICES).is_ok_and(|devices| plays(&devices))
}

/// Shows a message (Desktop Notifications Specification, `org.freedesktop.Notifications.Notify`). `title` is shown as it is;
/// `text` may be taken for markup by the desktop, so words of the plant belong into the title.
///
/// # Errors
/// Why it is not shown, in words; the page does without.
#[tauri::command]
pub async fn announce(title: String, text: String) -> Result<(), String> {
    let shown = show(bounded(&title), bounded(&text));
    match tokio::time::timeout(PATIENCE, shown).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the desktop shows no message");
            Err(error.to_string())
        }
        Err(_) => Err("the desktop does not answer".to_owned()),
    }
}

async fn show(title: String, text: String) -> zbus::Result<()> {
    const NAME: &str = "org.freedesktop.Notifications";
    let bus = zbus::Connection::session().await?;
    let hints: HashMap<&str, Value<'_>> = [("urgency", Value::U8(2)), ("category", Value::from("device"))].into();
    let no_actions: [&str; 0] = [];
    let message = ("Andon", 0_u32, "", title, text, &no_actions[..], hints, -1_i32);
    bus.call_method(Some(NAME), "/org/freedesktop/Notifications", Some(NAME), "Notify", &message).await.map(drop)
}

fn plays(devices: &str) -> bool {
    devices.lines().any(|device| device.contains(": playback"))
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_a_microphone_only_cannot_be_heard() {
        assert!(plays("00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n00-03: HDMI 0 : : capture 1\n"));
        assert!(!plays("01-00: USB Audio : USB Audio : capture 1\n"));
        assert!(!plays(""));
    }

    #[test]
    fn a_message_is_short_and_on_one_line() {
        assert_eq!(bounded("a\nb\u{1b}"), "a b ");
        assert_eq!(bounded(&"ä".repeat(1_000)).chars().count(), LONGEST);
    }
}
