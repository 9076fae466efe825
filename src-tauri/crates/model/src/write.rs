//! A value on its way to a device, and what became of it.

use crate::{TagIndex, Uptime, Value};

/// How far a tag may be written, from the plant file. A tag without one is read only.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WritePolicy {
    /// The least value, in the tag's unit; `None` where any is allowed, and for what is no number.
    pub low: Option<f64>,
    /// The greatest value, in the tag's unit.
    pub high: Option<f64>,
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// To which tag.
    pub tag: TagIndex,
    /// The engineering value.
    pub value: Value,
    /// Not sent at or after this: a command that comes late is no longer what somebody wanted.
    pub expires: Uptime,
}

/// What became of a write. It is never repeated by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// The device has the value: read back, or seen to have changed.
    Done,
    /// Nothing was sent. The reason in words.
    Refused(String),
    /// It was sent and accepted, and the device does not show the value. What it shows, in words.
    NotConfirmed(String),
    /// It was sent, and nobody knows whether it was carried out. The reason in words.
    Unknown(String),
}

impl WritePolicy {
    /// Whether a value lies within the bounds.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let Some(number) = value.number() else { return Ok(()) };
        match (self.low, self.high) {
            (Some(low), _) if number < low => Err(format!("{value} is below the least allowed value, {low}")),
            (_, Some(high)) if number > high => Err(format!("{value} is above the greatest allowed value, {high}")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_themselves_are_allowed() {
        let policy = WritePolicy { low: Some(0.0), high: Some(100.0) };
        for (value, allowed) in [(0.0, true), (100.0, true), (-0.1, false), (100.1, false)] {
            assert_eq!(policy.check(&Value::Float(value)).is_ok(), allowed, "{value}");
        }
        assert_eq!(policy.check(&Value::text("far")), Ok(()), "a text has no range");
        assert_eq!(WritePolicy::default().check(&Value::Int(i64::MAX)), Ok(()));
    }
}
