//! Times as text: RFC 3339 to the millisecond, and the other forms in which files have them.

use jiff::Timestamp as Instant;
use jiff::fmt::strtime;
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;
use model::Timestamp;

use history::Span;

/// Three digits behind the point, whatever they are.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3)).separator(b'T');
const PARSER: DateTimeParser = DateTimeParser::new();

/// What RFC 3339 can say: the years 1 to 9998, so that every offset fits.
const SAYABLE: Span =
    Span { from: Timestamp::from_millis(-62_135_596_800_000), to: Timestamp::from_millis(253_370_764_800_000) };

/// In what form a file has its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// RFC 3339, with an offset or `Z`.
    Rfc3339,
    /// Since the Unix epoch, so many of which are a second.
    Epoch {
        /// 1, 1,000, 1,000,000 or 1,000,000,000.
        per_second: i64,
    },
    /// A pattern of `strftime`, and the zone of a time that does not say its own.
    Pattern { pattern: String, zone: TimeZone },
}

/// The part of a span that can be written.
pub(crate) fn sayable(span: Span) -> Span {
    Span { from: span.from.max(SAYABLE.from), to: span.to.min(SAYABLE.to) }
}

/// Writes a time, in UTC as `Z` and elsewhere with its offset.
pub(crate) fn write_time(out: &mut String, time: Timestamp, zone: &TimeZone) {
    let instant = Instant::from_millisecond(time.millis()).expect("spans are cut to what can be written");
    let offset = zone.to_offset(instant);
    // Before there were time zones, places had offsets of odd seconds, which RFC 3339 cannot say.
    let printed = if *zone == TimeZone::UTC || offset.seconds() % 60 != 0 {
        PRINTER.print_timestamp(&instant, &mut *out)
    } else {
        PRINTER.print_timestamp_with_offset(&instant, offset, &mut *out)
    };
    printed.expect("a string takes what is written to it");
}

/// Reads a time; what is finer than a millisecond is cut off.
///
/// # Errors
/// What is wrong with it and what to do, in words.
pub(crate) fn read_time(cell: &str, form: &TimeForm) -> Result<Timestamp, String> {
    let cell = cell.trim();
    match form {
        TimeForm::Rfc3339 => match PARSER.parse_timestamp(cell) {
            Ok(instant) => Ok(floor(instant)),
            Err(_) => Err(format!(
                "`{cell}` is no time such as 2026-11-23T06:00:00.000Z; say its `format` in the mapping's [time]"
            )),
        },
        TimeForm::Epoch { per_second } => epoch(cell, *per_second)
            .ok_or_else(|| format!("`{cell}` is no time since 1970 in the unit that the mapping's [time] says")),
        TimeForm::Pattern { pattern, zone } => by_pattern(cell, pattern, zone),
    }
}

/// A count since the Unix epoch as a time; none where it is out of the calendar.
pub(crate) fn count(count: i64, per_second: i64) -> Option<Timestamp> {
    let millis =
        if per_second <= 1000 { count.checked_mul(1000 / per_second)? } else { count.div_euclid(per_second / 1000) };
    within(Timestamp::from_millis(millis))
}

/// A time if it is in the calendar.
pub(crate) fn within(time: Timestamp) -> Option<Timestamp> {
    (SAYABLE.from <= time && time < SAYABLE.to).then_some(time)
}

/// A count with or without a fraction, exactly.
fn epoch(cell: &str, per_second: i64) -> Option<Timestamp> {
    const BILLION: i128 = 1_000_000_000;
    let (sign, digits) = cell.strip_prefix('-').map_or((1, cell), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let billionths: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let count = sign * (i128::from(whole) * BILLION + billionths);
    let millis = (count * 1000).div_euclid(i128::from(per_second) * BILLION);
    within(Timestamp::from_millis(i64::try_from(millis).ok()?))
}

fn by_pattern(cell: &str, pattern: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let not_so = |_| format!("`{cell}` is no time of the form `{pattern}`");
    let parsed = strtime::parse(pattern, cell).map_err(not_so)?;
    if parsed.offset().is_some() || parsed.iana_time_zone().is_some() || parsed.timestamp().is_some() {
        return parsed.to_timestamp().map(floor).map_err(not_so);
    }
    let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0))).map_err(not_so)?;
    let found = zone.to_ambiguous_timestamp(civil);
    if found.is_ambiguous() && matches!(found.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
        return Err(format!("`{cell}` does not exist: the clocks were put forward; is `zone` in [time] right?"));
    }
    // Of an hour that came twice, the first is meant.
    found.earlier().map(floor).map_err(not_so)
}

fn floor(instant: Instant) -> Timestamp {
    let millis = instant.as_nanosecond().div_euclid(1_000_000);
    Timestamp::from_millis(i64::try_from(millis).expect("the calendar's milliseconds fit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &str, form: &TimeForm, expect: i64) {
        assert_eq!(read_time(cell, form).map(Timestamp::millis), Ok(expect), "{cell}");
    }

    #[test]
    fn times_of_every_form_are_read() {
        check("2026-11-23T06:00:00.250Z", &TimeForm::Rfc3339, 1_795_413_600_250);
        check("2026-11-23T07:00:00.2509+01:00", &TimeForm::Rfc3339, 1_795_413_600_250);
        check("2026-11-23 06:00:00Z", &TimeForm::Rfc3339, 1_795_413_600_000);
        for (per_second, cell) in [
            (1, "1795413600.25"),
            (1_000, "1795413600250"),
            (1_000_000, "1795413600250999"),
            (1_000_000_000, "1795413600250999999"),
        ] {
            check(cell, &TimeForm::Epoch { per_second }, 1_795_413_600_250);
        }
        check("-0.5", &TimeForm::Epoch { per_second: 1 }, -500);
        check("-1.0001", &TimeForm::Epoch { per_second: 1 }, -1001);
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let german = TimeForm::Pattern { pattern: "%d.%m.%Y %H:%M:%S%.f".into(), zone: zone.clone() };
        check("23.11.2026 07:00:00.25", &german, 1_795_413_600_250);
        check("25.10.2026 02:30:00", &german, 1_792_888_200_000);
        let gap = read_time("29.03.2026 02:30:00", &german).expect_err("that hour was left out");
        assert!(gap.contains("does not exist"), "{gap}");
        let own = TimeForm::Pattern { pattern: "%Y/%m/%d %H:%M %z".into(), zone };
        check("2026/11/23 06:00 +0000", &own, 1_795_413_600_000);
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_to_do() {
        for (cell, form) in [
            ("yesterday", TimeForm::Rfc3339),
            ("2026-11-23T06:00:00", TimeForm::Rfc3339),
            ("", TimeForm::Rfc3339),
            ("1795413600250000", TimeForm::Epoch { per_second: 1 }),
            ("1.5.2", TimeForm::Epoch { per_second: 1 }),
        ] {
            let words = read_time(cell, &form).expect_err("no time");
            assert!(words.contains("[time]"), "{words}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for zone in ["UTC", "Europe/Berlin", "Asia/Kathmandu"] {
            let zone = TimeZone::get(zone).expect("a zone");
            for millis in [0, -1, 1_795_413_600_250, -3_000_000_000_000, SAYABLE.from.millis(), SAYABLE.to.millis() - 1]
            {
                let mut out = String::new();
                write_time(&mut out, Timestamp::from_millis(millis), &zone);
                check(&out, &TimeForm::Rfc3339, millis);
            }
        }
        let mut out = String::new();
        write_time(
            &mut out,
            Timestamp::from_millis(1_795_413_600_250),
            &TimeZone::get("Europe/Berlin").expect("a zone"),
        );
        assert_eq!(out, "2026-11-23T07:00:00.250+01:00");
    }
}
