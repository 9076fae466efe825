//! When a message says it was so, and whether that can be.

use model::Timestamp;
use serde_json::Value as Json;

use super::address::TimeUnit;

/// A source whose clock is further ahead than this is not believed.
const AHEAD_MS: i64 = 60_000;
/// 2000-01-01T00:00:00Z. A clock before it was never set.
const EARLIEST: Timestamp = Timestamp::from_millis(946_684_800_000);

/// Why a message's own time is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SourceTimeFault {
    /// Nothing there, or nothing that can be read as a time.
    #[error("the message does not carry its time where it should; the time of arrival is used")]
    Unreadable,
    /// Ahead of this station's clock.
    #[error("the source's clock is {ahead_s} s ahead of this station's; the time of arrival is used")]
    Ahead { ahead_s: i64 },
    /// From before any such source existed.
    #[error("the source's clock was never set; the time of arrival is used")]
    NeverSet,
}

/// The time in a message.
pub(super) fn read(part: Option<&Json>, unit: TimeUnit, arrival: Timestamp) -> Result<Timestamp, SourceTimeFault> {
    let stamp = part.and_then(|part| stamp(part, unit)).ok_or(SourceTimeFault::Unreadable)?;
    let ahead_ms = stamp.millis_since(arrival);
    if ahead_ms > AHEAD_MS {
        return Err(SourceTimeFault::Ahead { ahead_s: ahead_ms / 1_000 });
    }
    if stamp < EARLIEST {
        return Err(SourceTimeFault::NeverSet);
    }
    Ok(stamp)
}

fn stamp(part: &Json, unit: TimeUnit) -> Option<Timestamp> {
    if unit == TimeUnit::Rfc3339 {
        let stamp: jiff::Timestamp = part.as_str()?.parse().ok()?;
        return Some(Timestamp::from_millis(stamp.as_millisecond()));
    }
    let whole = part.as_i64().or_else(|| part.as_str().and_then(|text| text.parse().ok()));
    let ms = match (unit, whole) {
        (TimeUnit::Rfc3339, _) => None,
        (TimeUnit::Seconds, Some(x)) => x.checked_mul(1_000),
        (TimeUnit::Milliseconds, Some(x)) => Some(x),
        (TimeUnit::Microseconds, Some(x)) => Some(x.div_euclid(1_000)),
        (TimeUnit::Nanoseconds, Some(x)) => Some(x.div_euclid(1_000_000)),
        (TimeUnit::Seconds, None) => part.as_f64().and_then(|x| whole_ms(x * 1e3)),
        (TimeUnit::Milliseconds, None) => part.as_f64().and_then(whole_ms),
        (TimeUnit::Microseconds, None) => part.as_f64().and_then(|x| whole_ms(x / 1e3)),
        (TimeUnit::Nanoseconds, None) => part.as_f64().and_then(|x| whole_ms(x / 1e6)),
    };
    ms.map(Timestamp::from_millis)
}

#[expect(clippy::cast_possible_truncation, reason = "checked: within the exact range of floats, and rounded")]
fn whole_ms(x: f64) -> Option<i64> {
    (x.abs() < 9_007_199_254_740_992.0).then_some(x.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRIVAL: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn check(json: &str, unit: TimeUnit, expect: Result<i64, SourceTimeFault>) {
        let json: Json = serde_json::from_str(json).expect("JSON");
        let read = read(Some(&json), unit, ARRIVAL).map(Timestamp::millis);
        assert_eq!(read, expect, "{json} in {unit:?}");
    }

    #[test]
    fn every_unit_gives_milliseconds() {
        check("1699999999123", TimeUnit::Milliseconds, Ok(1_699_999_999_123));
        check("1699999999", TimeUnit::Seconds, Ok(1_699_999_999_000));
        check("1699999999.123", TimeUnit::Seconds, Ok(1_699_999_999_123));
        check("1699999999123456", TimeUnit::Microseconds, Ok(1_699_999_999_123));
        check("1699999999123456789", TimeUnit::Nanoseconds, Ok(1_699_999_999_123));
        check("\"1699999999123\"", TimeUnit::Milliseconds, Ok(1_699_999_999_123));
        check("\"2023-11-14T22:13:19.123Z\"", TimeUnit::Rfc3339, Ok(1_699_999_999_123));
        check("\"2023-11-15T00:13:19.123+02:00\"", TimeUnit::Rfc3339, Ok(1_699_999_999_123));
    }

    #[test]
    fn a_time_that_cannot_be_is_not_used() {
        check("1700000060000", TimeUnit::Milliseconds, Ok(1_700_000_060_000));
        check("1700000061000", TimeUnit::Milliseconds, Err(SourceTimeFault::Ahead { ahead_s: 61 }));
        check("0", TimeUnit::Milliseconds, Err(SourceTimeFault::NeverSet));
        check("1e300", TimeUnit::Seconds, Err(SourceTimeFault::Unreadable));
        check("9223372036854775807", TimeUnit::Seconds, Err(SourceTimeFault::Unreadable));
        check("null", TimeUnit::Milliseconds, Err(SourceTimeFault::Unreadable));
        check("\"yesterday\"", TimeUnit::Rfc3339, Err(SourceTimeFault::Unreadable));
        assert_eq!(read(None, TimeUnit::Milliseconds, ARRIVAL), Err(SourceTimeFault::Unreadable));
    }
}
