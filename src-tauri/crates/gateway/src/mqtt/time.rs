//! When a message says it was so, and whether that can be.

use model::Timestamp;

use super::payload::Leaf;

/// A source whose clock is further ahead than this is not believed.
const AHEAD_MS: i64 = 60_000;
/// 2000-01-01T00:00:00Z. A clock before it was never set.
const EARLIEST: Timestamp = Timestamp::from_millis(946_684_800_000);

/// Where a message says when it was so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SourceTime {
    pub(super) pointer: String,
    pub(super) unit: TimeUnit,
}

/// How a source writes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    Rfc3339,
}

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
pub(super) fn read(part: Option<&Leaf<'_>>, unit: TimeUnit, arrival: Timestamp) -> Result<Timestamp, SourceTimeFault> {
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

fn stamp(part: &Leaf<'_>, unit: TimeUnit) -> Option<Timestamp> {
    let text = match part {
        Leaf::Number(text) => text,
        Leaf::Text(text) => text.trim(),
        Leaf::Null | Leaf::Bool(_) | Leaf::List | Leaf::Object | Leaf::Broken => return None,
    };
    let whole = text.parse::<i64>().ok();
    let number = || text.parse::<f64>().ok();
    let ms = match (unit, whole) {
        (TimeUnit::Rfc3339, _) => return rfc3339(part),
        (TimeUnit::Seconds, Some(x)) => x.checked_mul(1_000),
        (TimeUnit::Milliseconds, Some(x)) => Some(x),
        (TimeUnit::Microseconds, Some(x)) => Some(x.div_euclid(1_000)),
        (TimeUnit::Nanoseconds, Some(x)) => Some(x.div_euclid(1_000_000)),
        (TimeUnit::Seconds, None) => number().and_then(|x| whole_ms(x * 1e3)),
        (TimeUnit::Milliseconds, None) => number().and_then(whole_ms),
        (TimeUnit::Microseconds, None) => number().and_then(|x| whole_ms(x / 1e3)),
        (TimeUnit::Nanoseconds, None) => number().and_then(|x| whole_ms(x / 1e6)),
    };
    ms.map(Timestamp::from_millis)
}

fn rfc3339(part: &Leaf<'_>) -> Option<Timestamp> {
    let Leaf::Text(text) = part else { return None };
    let stamp: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp::from_millis(stamp.as_millisecond()))
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
        let read = read(Some(&Leaf::new(json)), unit, ARRIVAL).map(Timestamp::millis);
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
        check("1699999999123.4", TimeUnit::Milliseconds, Ok(1_699_999_999_123));
        check("1.699999999123e12", TimeUnit::Milliseconds, Ok(1_699_999_999_123));
        check("1699999999123456.7", TimeUnit::Microseconds, Ok(1_699_999_999_123));
        check("1.699999999123e18", TimeUnit::Nanoseconds, Ok(1_699_999_999_123));
        check("\"1699999999.123\"", TimeUnit::Seconds, Ok(1_699_999_999_123));
        check("\" 1699999999123456789 \"", TimeUnit::Nanoseconds, Ok(1_699_999_999_123));
        check("\"2023-11-14t22:13:19.123456789z\"", TimeUnit::Rfc3339, Ok(1_699_999_999_123));
        check("\"2023-11-14 22:13:19Z\"", TimeUnit::Rfc3339, Ok(1_699_999_999_000));
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
        for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds] {
            check("-1", unit, Err(SourceTimeFault::NeverSet));
            check("-0.5", unit, Err(SourceTimeFault::NeverSet));
            check("-9223372036854775808", TimeUnit::Milliseconds, Err(SourceTimeFault::NeverSet));
            for json in ["1e999", "\"NaN\"", "\"inf\"", "\"\"", "true", "[]", "{}", "\"12:30\""] {
                check(json, unit, Err(SourceTimeFault::Unreadable));
            }
        }
        let far = i64::MAX.saturating_sub(ARRIVAL.millis()) / 1_000;
        check("9223372036854775807", TimeUnit::Milliseconds, Err(SourceTimeFault::Ahead { ahead_s: far }));
        check("18446744073709551615", TimeUnit::Nanoseconds, Err(SourceTimeFault::Ahead { ahead_s: 16_746_744_073 }));
        for json in ["1699999999", "\"2023-11-14\"", "\"2023-11-14T22:13:19\"", "\"2023-13-14T22:13:19Z\""] {
            check(json, TimeUnit::Rfc3339, Err(SourceTimeFault::Unreadable));
        }
        check("\"1601-01-01T00:00:00Z\"", TimeUnit::Rfc3339, Err(SourceTimeFault::NeverSet));
        check("\"yesterday\"", TimeUnit::Rfc3339, Err(SourceTimeFault::Unreadable));
        assert_eq!(read(None, TimeUnit::Milliseconds, ARRIVAL), Err(SourceTimeFault::Unreadable));
    }
}
