//! Where at the broker a station keeps its acts on an alarm: `<prefix>/acts/<station>/<alarm>`.
//!
//! A name is one level of a topic, whatever is in it: all but letters, digits, `-`, `_` and `.` is written as `%` and
//! two hexadecimal digits a byte, so that no name can be a wildcard or another level (MQTT 3.1.1, 4.7).

use std::fmt::Write as _;

/// The filter under which every station's acts come.
pub fn filter(prefix: &str) -> String {
    format!("{prefix}/acts/+/+")
}

/// Where a station keeps its acts on an alarm.
pub fn topic(prefix: &str, station: &str, alarm: &str) -> String {
    format!("{prefix}/acts/{}/{}", level(station), level(alarm))
}

/// The station and the alarm of a topic; `None` for any topic that [`topic`] does not give.
pub(crate) fn read(prefix: &str, topic: &str) -> Option<(String, String)> {
    let (station, alarm) = topic.strip_prefix(prefix)?.strip_prefix("/acts/")?.split_once('/')?;
    Some((name(station)?, name(alarm)?))
}

fn level(name: &str) -> String {
    let mut level = String::with_capacity(name.len());
    for byte in name.bytes() {
        if is_plain(byte) {
            level.push(char::from(byte));
        } else {
            write!(level, "%{byte:02X}").expect("a text takes whatever is written to it");
        }
    }
    level
}

/// The name of a level, and only of one that was written by [`level`]: a name has one topic.
fn name(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty() && level(name) == text)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_topic_reads_back_and_has_two_levels_of_its_own(station in ".+", alarm in ".+") {
            let topic = topic("andon/ulm", &station, &alarm);
            prop_assert_eq!(topic.split('/').count(), 5, "{}", topic);
            prop_assert!(!topic.contains(['+', '#', '\0']));
            prop_assert_eq!(read("andon/ulm", &topic), Some((station, alarm)));
        }

        #[test]
        fn any_text_is_the_one_topic_of_its_names_or_none(rest in "[a-zA-Z%0-9/+ ]*") {
            let text = format!("p/acts/{rest}");
            if let Some((station, alarm)) = read("p", &text) {
                prop_assert_eq!(topic("p", &station, &alarm), text);
            }
        }
    }

    #[test]
    fn names_stay_readable_where_they_can() {
        assert_eq!(topic("andon", "laptop-7", "ulm/fill/jam"), "andon/acts/laptop-7/ulm%2Ffill%2Fjam");
        for other in ["andon/acts/a", "andon/acts//b", "andon/acts/a/b/c", "other/acts/a/b", "andon/acts/a/%2f"] {
            assert_eq!(read("andon", other), None, "{other}");
        }
    }
}
