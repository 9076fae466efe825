//! The names of alarms and of their occurrences.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// The id of an alarm, unique in the plant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlarmId(Arc<str>);

/// Names one occurrence of an alarm: from being raised until nobody needs to look at it any more.
///
/// It is written `alarm@milliseconds`. It follows from the alarm's past alone, without randomness, so that a replay
/// gives the same names. `raised` is the wall time of the raise, moved on where that would not be later than the
/// occurrence before: as a name it is unique and in order even when the clock was set back. What time to show is in
/// [`crate::Standing::raised_at`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurrenceId {
    /// Which alarm.
    pub alarm: AlarmId,
    /// When it was raised, as a name.
    pub raised: Timestamp,
}

/// A text that does not name an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` does not name an occurrence of an alarm")]
pub struct ParseOccurrenceError {
    /// What was given.
    pub text: String,
}

impl AlarmId {
    /// From a text. The plant file's reader checks its form; this does not.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OccurrenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.alarm, self.raised.millis())
    }
}

impl FromStr for OccurrenceId {
    type Err = ParseOccurrenceError;

    /// Reads what `Display` wrote, and only that: another spelling of the same number is not the same name.
    ///
    /// # Errors
    /// The text is not of the form `alarm@milliseconds`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseOccurrenceError { text: text.to_owned() };
        let (alarm, digits) = text.rsplit_once('@').ok_or_else(refused)?;
        let millis: i64 = digits.parse().map_err(|_| refused())?;
        if alarm.is_empty() || millis.to_string() != digits {
            return Err(refused());
        }
        Ok(Self { alarm: AlarmId::new(alarm), raised: Timestamp::from_millis(millis) })
    }
}

impl Serialize for OccurrenceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OccurrenceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_reads_back_as_itself(alarm in ".+", millis: i64) {
            let name = OccurrenceId { alarm: AlarmId::new(alarm), raised: Timestamp::from_millis(millis) };
            prop_assert_eq!(name.to_string().parse::<OccurrenceId>(), Ok(name));
        }

        #[test]
        fn any_text_is_a_name_or_refused(text in ".*") {
            if let Ok(name) = text.parse::<OccurrenceId>() {
                prop_assert_eq!(name.to_string(), text, "one occurrence has one name");
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", "@", "@5", "a@", "a@+5", "a@05", "a@-0", "a@5 ", "a@9223372036854775808", "a", "5"] {
            assert!(text.parse::<OccurrenceId>().is_err(), "{text:?}");
        }
    }
}
