//! Quiet hours: whether an alarm waits, and until when.

use alarm::Priority;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};
use model::Timestamp;
use plant::Quiet;

use crate::news::Subject;

/// When the quiet time ends in which this alarm waits; `None` where it does not wait. Times of day are those of `zone`, over a
/// change of the clocks as well: a quiet time until six ends when the clock on the wall says six.
pub(crate) fn until(quiet: &[Quiet], subject: &Subject, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let applies = |quiet: &&Quiet| {
        let of_priority = |priority: &Priority| priority.number() == subject.priority;
        (quiet.priorities.is_empty() || quiet.priorities.iter().any(of_priority))
            && (quiet.classes.is_empty() || quiet.classes.contains(&subject.class))
    };
    quiet.iter().filter(applies).filter_map(|quiet| end(quiet, now, zone)).max()
}

fn end(quiet: &Quiet, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = Instant::from_millisecond(now.millis()).ok()?.to_zoned(zone.clone());
    let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    let is_over_midnight = quiet.to <= quiet.from;
    let (is_quiet, ends_tomorrow) = if is_over_midnight {
        (minute >= quiet.from || minute < quiet.to, minute >= quiet.from)
    } else {
        ((quiet.from..quiet.to).contains(&minute), false)
    };
    if !is_quiet {
        return None;
    }
    let date = if ends_tomorrow { local.date().checked_add(1.day()).ok()? } else { local.date() };
    let (hour, minute) = (i8::try_from(quiet.to / 60).ok()?, i8::try_from(quiet.to % 60).ok()?);
    let end = date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
    // Where the clocks go back, the wall may show the quiet time again after its end.
    Some(Timestamp::from_millis(end.timestamp().as_millisecond().max(now.millis() + 1)))
}

#[cfg(test)]
mod tests {
    use alarm::AlarmId;

    use super::*;

    fn subject(priority: u8, class: &str) -> Subject {
        Subject {
            occurrence: "a@1".into(),
            alarm: AlarmId::new("a"),
            priority,
            class: class.into(),
            equipment: None,
            message: String::new(),
            value: String::new(),
            raised_at: Timestamp::default(),
            seq: 1,
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<Instant>().expect("a time").as_millisecond())
    }

    fn night(priorities: &[u8], classes: &[&str]) -> Vec<Quiet> {
        let priorities = priorities.iter().map(|number| Priority::try_from(*number).expect("a priority")).collect();
        vec![Quiet {
            from: 22 * 60,
            to: 6 * 60,
            priorities,
            classes: classes.iter().map(ToString::to_string).collect(),
        }]
    }

    /// Ulm is an hour before UTC in winter and two in summer.
    #[test]
    fn the_night_is_that_of_the_wall() {
        let ulm = TimeZone::get("Europe/Berlin").expect("a zone");
        for (now, end) in [
            ("2026-11-23T20:59:59Z", None),
            ("2026-11-23T21:00:00Z", Some("2026-11-24T05:00:00Z")),
            ("2026-11-24T04:59:59Z", Some("2026-11-24T05:00:00Z")),
            ("2026-11-24T05:00:00Z", None),
            ("2026-07-01T20:00:00Z", Some("2026-07-02T04:00:00Z")),
            // In the night of the change it is an hour longer, or shorter.
            ("2026-10-24T20:00:00Z", Some("2026-10-25T05:00:00Z")),
            ("2026-03-28T21:00:00Z", Some("2026-03-29T04:00:00Z")),
        ] {
            assert_eq!(until(&night(&[], &[]), &subject(3, ""), at(now), &ulm), end.map(at), "{now}");
        }
    }

    #[test]
    fn it_is_quiet_for_the_alarms_it_names() {
        let now = at("2026-11-23T23:00:00Z");
        let is_quiet = |quiet: &[Quiet], of: Subject| until(quiet, &of, now, &TimeZone::UTC).is_some();
        assert!(is_quiet(&night(&[3, 4], &[]), subject(3, "process")));
        assert!(!is_quiet(&night(&[3, 4], &[]), subject(1, "process")));
        assert!(is_quiet(&night(&[], &["process"]), subject(1, "process")));
        assert!(!is_quiet(&night(&[], &["process"]), subject(1, "safety")));
        assert!(!is_quiet(&[], subject(4, "process")));
    }

    #[test]
    fn of_two_quiet_times_the_later_end_counts() {
        let mut quiet = night(&[], &[]);
        quiet.push(Quiet { from: 23 * 60, to: 7 * 60, priorities: vec![], classes: vec![] });
        let end = until(&quiet, &subject(2, ""), at("2026-11-23T23:30:00Z"), &TimeZone::UTC);
        assert_eq!(end, Some(at("2026-11-24T07:00:00Z")));
    }
}
