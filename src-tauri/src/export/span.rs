//! A span of time as it is typed.

use std::str::FromStr;

use clap::Args;
use history::Span;
use jiff::civil::DateTime;
use jiff::{SpanRelativeTo, Zoned};
use model::Timestamp;

/// The span that is exported.
#[derive(Clone, Debug, Args)]
pub struct SpanArgs {
    /// From this time, such as 2026-11-23T06:00, in this machine's time zone, or with an offset of its own.
    #[arg(long, value_name = "TIME", requires = "to", required_unless_present = "last")]
    from: Option<When>,
    /// Up to this time.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<When>,
    /// So long up to now, such as 8h, 30min or 7d.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    last: Option<jiff::Span>,
}

/// A time with an offset, or one of this machine's clock.
#[derive(Clone, Copy, Debug)]
enum When {
    Instant(jiff::Timestamp),
    Here(DateTime),
}

impl FromStr for When {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(When::Instant).or_else(|_| text.parse().map(When::Here))
    }
}

impl SpanArgs {
    /// The span, as seen at a time and place.
    ///
    /// # Errors
    /// A time that does not exist.
    pub fn span(&self, now: &Zoned) -> Result<Span, jiff::Error> {
        let (from, to) = match (&self.last, self.from, self.to) {
            (Some(last), _, _) => {
                // "-8h" would be the future.
                let last = last.abs();
                // A day is what the calendar says, so that "7d" begins at this time of day.
                last.to_duration(SpanRelativeTo::from(now))?;
                (now.checked_sub(last)?.timestamp(), now.timestamp())
            }
            (None, from, to) => {
                let instant = |time: Option<When>| match time {
                    Some(When::Instant(instant)) => Ok(instant),
                    Some(When::Here(time)) => now.time_zone().to_timestamp(time),
                    None => Ok(now.timestamp()),
                };
                (instant(from)?, instant(to)?)
            }
        };
        Ok(Span {
            from: Timestamp::from_millis(from.as_millisecond()),
            to: Timestamp::from_millis(to.as_millisecond()),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        span: SpanArgs,
    }

    /// What of the time before 2026-11-23T14:00 in Berlin is meant, in hours before then.
    fn check(line: &str, expect: (i64, i64)) {
        let typed = Typed::try_parse_from(format!("export {line}").split(' ')).expect("a command line");
        let now: Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().expect("a time");
        let span = typed.span.span(&now).expect("a span");
        let hours = |time: Timestamp| (now.timestamp().as_millisecond() - time.millis()) / 3_600_000;
        assert_eq!((hours(span.from), hours(span.to)), expect, "{line}");
    }

    #[test]
    fn times_are_those_of_this_machine_or_say_whose_they_are() {
        check("--last 8h", (8, 0));
        check("--last 90min", (1, 0));
        check("--last 7d", (168, 0));
        check("--from 2026-11-23T06:00 --to 2026-11-23T13:00", (8, 1));
        check("--from 2026-11-23T06:00Z --to 2026-11-23T13:00+02:00", (7, 2));
        check("--from 2026-11-22 --to 2026-11-23", (38, 14));
        // Over the end of daylight saving time a month has an hour more.
        check("--last 1mo", (745, 0));
    }
}
