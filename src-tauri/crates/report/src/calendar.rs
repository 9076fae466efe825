//! A time axis in a zone: ticks at round local times, over summer time changes too, and how they are written.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan, Zoned};
use model::Timestamp;

/// A tick: when, and what is written below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Milliseconds since the Unix epoch.
    pub(crate) at: i64,
    /// The time, or the day where days are the steps.
    pub(crate) label: String,
    /// The day, at the first tick and where a new one begins.
    pub(crate) day: Option<String>,
}

/// How far ticks are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Seconds(i64),
    Minutes(i64),
    Hours(i8),
    Days(i32),
    Months(i32),
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From the finest to the coarsest.
const STEPS: [Step; 26] = [
    Step::Seconds(1),
    Step::Seconds(2),
    Step::Seconds(5),
    Step::Seconds(10),
    Step::Seconds(15),
    Step::Seconds(30),
    Step::Minutes(1),
    Step::Minutes(2),
    Step::Minutes(5),
    Step::Minutes(10),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Hours(1),
    Step::Hours(2),
    Step::Hours(3),
    Step::Hours(6),
    Step::Hours(12),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(120),
];

impl Step {
    /// About how long, milliseconds.
    fn length(self) -> i64 {
        match self {
            Step::Seconds(n) => n * SECOND,
            Step::Minutes(n) => n * MINUTE,
            Step::Hours(n) => i64::from(n) * HOUR,
            Step::Days(n) => i64::from(n) * DAY,
            Step::Months(n) => i64::from(n) * 30 * DAY,
        }
    }
}

/// The ticks from one time to another, at most `most` of them.
///
/// # Errors
/// A time that no calendar knows.
pub(crate) fn ticks(from: Timestamp, to: Timestamp, zone: &TimeZone, most: u32) -> Result<Vec<Tick>, jiff::Error> {
    let wanted = to.millis_since(from) / i64::from(most.max(1)) + 1;
    let step = STEPS.into_iter().find(|step| step.length() >= wanted).unwrap_or(Step::Months(1_200));
    let start = zoned(from, zone)?;
    let instants = match step {
        Step::Seconds(_) | Step::Minutes(_) => evenly(&start, step.length(), to),
        Step::Hours(hours) => by_hours(start.date(), hours, from, to, zone)?,
        Step::Days(days) => by_days(start.date(), days, from, to, zone)?,
        Step::Months(months) => by_months(start.date(), months, from, to, zone)?,
    };
    let mut last_day: Option<Date> = None;
    let mut ticks = Vec::with_capacity(instants.len());
    for at in instants {
        let local = zoned(Timestamp::from_millis(at), zone)?;
        let (label, with_day) = match step {
            Step::Seconds(_) => (local.strftime("%H:%M:%S").to_string(), true),
            Step::Minutes(_) | Step::Hours(_) => (local.strftime("%H:%M").to_string(), true),
            Step::Days(_) => (local.strftime("%-d %b").to_string(), false),
            Step::Months(_) => (local.strftime("%b %Y").to_string(), false),
        };
        let new_day = with_day && last_day != Some(local.date());
        last_day = Some(local.date());
        ticks.push(Tick { at, label, day: new_day.then(|| local.strftime("%a %-d %b").to_string()) });
    }
    Ok(ticks)
}

/// The span in words, with the zone: `2026-03-01 06:00 – 14:00 (Europe/Berlin)`.
///
/// # Errors
/// A time that no calendar knows.
pub(crate) fn span(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Result<String, jiff::Error> {
    let (start, end) = (zoned(from, zone)?, zoned(to, zone)?);
    let fine = start.second() != 0 || end.second() != 0 || to.millis_since(from) < 2 * MINUTE;
    let time = if fine { "%H:%M:%S" } else { "%H:%M" };
    let full = format!("%Y-%m-%d {time}");
    let until = if start.date() == end.date() { time } else { &full };
    let name = match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => start.strftime("UTC%:z").to_string(),
    };
    Ok(format!("{} – {} ({name})", start.strftime(&full), end.strftime(until)))
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Result<Zoned, jiff::Error> {
    Ok(Instant::from_millisecond(at.millis())?.to_zoned(zone.clone()))
}

/// Steps that divide an hour, counted from the local day's start, as offsets need not be whole hours.
fn evenly(start: &Zoned, step: i64, to: Timestamp) -> Vec<i64> {
    let from = start.timestamp().as_millisecond();
    let of_hour = i64::from(start.minute()) * MINUTE + i64::from(start.second()) * SECOND + from.rem_euclid(SECOND);
    let first = from - of_hour + (of_hour + step - 1).div_euclid(step) * step;
    (0..).map(|n| first + n * step).take_while(|at| *at <= to.millis()).collect()
}

fn by_hours(first: Date, hours: i8, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Result<Vec<i64>, jiff::Error> {
    let mut found = Vec::new();
    let mut day = first;
    loop {
        let mut hour = 0;
        while hour < 24 {
            let local = day.to_datetime(Time::constant(hour, 0, 0, 0)).to_zoned(zone.clone())?;
            let at = local.timestamp().as_millisecond();
            if at > to.millis() {
                return Ok(found);
            }
            // In the night in which an hour is left out, two local times are the same moment.
            if at >= from.millis() && found.last().is_none_or(|last| *last < at) {
                found.push(at);
            }
            hour += hours;
        }
        day = day.checked_add(1.day())?;
    }
}

fn by_days(first: Date, days: i32, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Result<Vec<i64>, jiff::Error> {
    // Weeks begin on Monday.
    let back = if days % 7 == 0 { first.weekday().to_monday_zero_offset() } else { 0 };
    from_day(first.checked_sub(i32::from(back).days())?, days.days(), from, to, zone)
}

fn by_months(
    first: Date,
    months: i32,
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<i64>, jiff::Error> {
    let month = if months < 12 { first.month() - (first.month() - 1) % i8::try_from(months).unwrap_or(1) } else { 1 };
    let years = i16::try_from(months / 12).unwrap_or(1).max(1);
    let year = first.year() - first.year().rem_euclid(years);
    from_day(Date::new(year, month, 1)?, months.months(), from, to, zone)
}

fn from_day(
    first: Date,
    step: jiff::Span,
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<i64>, jiff::Error> {
    let mut found = Vec::new();
    let mut day = first;
    loop {
        let at = day.to_zoned(zone.clone())?.timestamp().as_millisecond();
        if at > to.millis() {
            return Ok(found);
        }
        if at >= from.millis() {
            found.push(at);
        }
        day = day.checked_add(step)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<Instant>().unwrap().as_millisecond())
    }

    fn labels(from: &str, to: &str, most: u32, zone: &TimeZone) -> String {
        let ticks = ticks(at(from), at(to), zone, most).unwrap();
        assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at), "in order");
        ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Central European time with its rules, without asking the machine for its time zones.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn ticks_stand_at_round_local_times() {
        let utc = TimeZone::UTC;
        assert_eq!(
            labels("2026-03-01T06:02:00Z", "2026-03-01T08:00:00Z", 10, &utc),
            "06:15 06:30 06:45 07:00 07:15 07:30 07:45 08:00"
        );
        assert_eq!(
            labels("2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z", 8, &berlin()),
            "02:00 04:00 06:00 08:00 10:00 12:00"
        );
        assert_eq!(labels("2026-03-01T06:00:00Z", "2026-03-01T06:00:05Z", 8, &utc).split(' ').count(), 6);
        assert_eq!(
            labels("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z", 4, &utc),
            "Dec 2025 Jan 2026 Feb 2026 Mar 2026"
        );
    }

    #[test]
    fn the_night_of_summer_time_keeps_round_hours() {
        assert_eq!(
            labels("2026-03-28T23:00:00Z", "2026-03-29T10:00:00Z", 4, &berlin()),
            "00:00 03:00 06:00 09:00 12:00",
            "the hour from 2 to 3 is left out"
        );
    }

    #[test]
    fn the_day_is_named_at_the_first_tick_and_at_midnight() {
        let ticks = ticks(at("2026-03-01T20:00:00Z"), at("2026-03-02T04:00:00Z"), &TimeZone::UTC, 8).unwrap();
        let days: Vec<_> = ticks.iter().filter_map(|tick| tick.day.as_deref()).collect();
        assert_eq!(days, ["Sun 1 Mar", "Mon 2 Mar"]);
    }

    #[test]
    fn any_span_has_a_bearable_number_of_ticks() {
        for length in [1, 1_000, 90_000, HOUR, DAY, 7 * DAY, 60 * DAY, 400 * DAY, 9_000 * DAY] {
            let from = at("2026-03-01T20:00:01Z");
            let to = Timestamp::from_millis(from.millis() + length);
            let count = ticks(from, to, &berlin(), 10).unwrap().len();
            assert!(count <= 14, "{count} for {length} ms");
        }
    }

    #[test]
    fn the_span_says_its_zone() {
        let words = span(at("2026-03-01T06:00:00Z"), at("2026-03-01T14:00:00Z"), &TimeZone::UTC).unwrap();
        assert_eq!(words, "2026-03-01 06:00 – 14:00 (UTC)");
    }
}
