//! How the alarms performed: the figures of ISA-18.2-2016 and EEMUA 191 (Ed. 3), from changes of alarms alone.
//!
//! [`Tally`] is told the changes in the journal's order and gives [`Figures`]. It needs memory by alarms, by days and by
//! floods, never by changes. You do *not* need this module to know what a target is: it counts, and whoever shows the
//! figures sets them beside the targets.
//!
//! What is counted are annunciated alarms: an alarm that was raised, or whose condition came back while it was latched.
//! Changes of state, acknowledgements and repetitions are not counted.
//!
//! **Invariant:** no clock, no file. All periods are open at their beginning and closed at their end: "within ten minutes of
//! `t`" is from `t` - 10 min, not included, to `t`.

mod ack;
mod alarms;
mod floods;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use alarm::{AlarmId, PRIORITIES, Priority};
use model::{EquipmentId, Timestamp};

pub use tally::Tally;

/// Milliseconds of ten minutes, the period of EEMUA 191's rates.
pub const TEN_MINUTES: i64 = 600_000;
/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;
/// Hours with more alarms than this are too many (ISA-18.2-2009).
pub const BUSY_HOUR: u64 = 30;
/// Periods of ten minutes with more alarms than this are too many (ISA-18.2-2016).
pub const BUSY_TEN_MINUTES: u64 = 10;
/// An alarm that is active for longer than this is stale, milliseconds.
pub const STALE: i64 = DAY;

/// Which part of the journal is measured.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// From this time.
    pub from: Timestamp,
    /// Up to this time, not included.
    pub to: Timestamp,
    /// Only the alarms of this equipment and below: what one operator answers for.
    pub equipment: Option<&'a EquipmentId>,
    /// Seconds that the local time is ahead of UTC at an instant, in milliseconds since 1970: days and hours of the day are
    /// those of the people on site.
    pub ahead: &'a dyn Fn(i64) -> i64,
}

/// What happened to an alarm, as far as it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It became active and was annunciated.
    Activated,
    /// It is not active any more.
    Returned,
    /// Somebody acknowledged it.
    Acknowledged,
}

/// One change of one alarm. Alarms are numbers here, given by whoever tells the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Which alarm.
    pub alarm: i64,
    /// Which occurrence, by its name: the time it was raised, milliseconds since 1970.
    pub occurrence: i64,
    /// What.
    pub what: What,
    /// How urgent.
    pub priority: Priority,
    /// Who, for an acknowledgement.
    pub user: &'a str,
}

/// Periods of one length from the window's beginning on, only whole ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods {
    /// How many there are.
    pub whole: u64,
    /// In how many there were too many alarms.
    pub busy: u64,
}

/// A flood: more than ten alarms within ten minutes, until there are fewer than five.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flood<A> {
    /// When the first of its alarms came.
    pub begin: Timestamp,
    /// When it ended, or the window did.
    pub end: Timestamp,
    /// Whether it had ended by then.
    pub ended: bool,
    /// Alarms in it.
    pub count: u64,
    /// Most alarms within ten minutes.
    pub peak: u64,
    /// The first ten alarms, with their times.
    pub first: Vec<(A, Timestamp)>,
    /// The alarms that came most often, with their counts; at most ten.
    pub top: Vec<(A, u64)>,
}

/// An alarm that was active for longer than a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale<A> {
    /// Which.
    pub alarm: A,
    /// Since when, which may be before the window.
    pub since: Timestamp,
    /// Until when; none where it was still active at the window's end.
    pub until: Option<Timestamp>,
}

/// What one alarm contributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution<A> {
    /// Which.
    pub alarm: A,
    /// How often.
    pub count: u64,
}

/// The alarms of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfPriority {
    /// Which.
    pub priority: Priority,
    /// How many there were.
    pub count: u64,
    /// How many acknowledgements there were; an occurrence is counted once.
    pub acknowledged: u64,
    /// The median of the times to them, seconds.
    pub median_s: Option<u32>,
    /// In 95 of 100 cases it was no longer than this, seconds.
    pub p95_s: Option<u32>,
}

/// All that is measured. `A` names an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures<A> {
    /// The beginning of what is measured: the window's, or the journal's where that is later.
    pub from: Timestamp,
    /// Its end, not included.
    pub to: Timestamp,
    /// Annunciated alarms.
    pub count: u64,
    /// Hours, and those with more than 30 alarms.
    pub hours: Periods,
    /// Periods of ten minutes, and those with more than ten alarms.
    pub ten_minutes: Periods,
    /// Most alarms within any ten minutes, and when they were full; none where there was no alarm.
    pub peak: Option<(u64, Timestamp)>,
    /// The floods, the earliest first.
    pub floods: Vec<Flood<A>>,
    /// How long there was a flood, milliseconds.
    pub flooded_ms: i64,
    /// Different alarms.
    pub alarms: u64,
    /// The alarms that came most often, at most ten.
    pub top: Vec<Contribution<A>>,
    /// Alarms that chattered, came three times or more within a minute, with how many times they began to.
    pub chattering: Vec<Contribution<A>>,
    /// Alarms that were fleeting, went within ten seconds and did not come again for a minute, with how many times.
    pub fleeting: Vec<Contribution<A>>,
    /// Alarms that were stale at some time in the window, the longest first.
    pub stale: Vec<Stale<A>>,
    /// Alarms that are stale at the window's end.
    pub stale_at_end: u64,
    /// Most stale alarms on one day of the local calendar.
    pub stale_on_a_day: u64,
    /// By priority, the most urgent first.
    pub priorities: Vec<OfPriority>,
    /// How many had returned to normal before anybody acknowledged them.
    pub returned_unacknowledged: u64,
    /// How many times one person began to acknowledge more than five alarms within ten seconds.
    pub hasty: u64,
    /// Alarms in each hour of the day, for each day of the local calendar in the window, by days since 1970.
    pub heat: BTreeMap<i64, [u32; 24]>,
}

/// An alarm of the journal, as it was called last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: AlarmId,
    /// What was shown.
    pub message: String,
    /// Where.
    pub equipment: Option<EquipmentId>,
    /// How urgent.
    pub priority: Priority,
}

/// The figures with the alarms by name.
pub type Performance = Figures<Named>;

impl<A> Figures<A> {
    /// Alarms in each so many milliseconds, on average over the window.
    #[expect(clippy::cast_precision_loss, reason = "an average to look at")]
    pub fn rate(&self, period: i64) -> f64 {
        let length = self.to.millis().saturating_sub(self.from.millis()).max(1);
        self.count as f64 * period as f64 / length as f64
    }

    /// The same figures with other names for the alarms.
    ///
    /// # Errors
    /// What `name` fails with.
    pub fn try_map<B, E>(self, mut name: impl FnMut(A) -> Result<B, E>) -> Result<Figures<B>, E> {
        let mut contributions = |list: Vec<Contribution<A>>| -> Result<Vec<Contribution<B>>, E> {
            list.into_iter().map(|one| Ok(Contribution { alarm: name(one.alarm)?, count: one.count })).collect()
        };
        let (top, chattering, fleeting) =
            (contributions(self.top)?, contributions(self.chattering)?, contributions(self.fleeting)?);
        let mut floods = Vec::with_capacity(self.floods.len());
        for Flood { begin, end, ended, count, peak, first, top } in self.floods {
            let first = first.into_iter().map(|(alarm, at)| Ok((name(alarm)?, at))).collect::<Result<_, E>>()?;
            let top = top.into_iter().map(|(alarm, count)| Ok((name(alarm)?, count))).collect::<Result<_, E>>()?;
            floods.push(Flood { begin, end, ended, count, peak, first, top });
        }
        let stale = self.stale.into_iter();
        let stale = stale.map(|one| Ok(Stale { alarm: name(one.alarm)?, since: one.since, until: one.until }));
        Ok(Figures {
            stale: stale.collect::<Result<_, E>>()?,
            from: self.from,
            to: self.to,
            count: self.count,
            hours: self.hours,
            ten_minutes: self.ten_minutes,
            peak: self.peak,
            floods,
            flooded_ms: self.flooded_ms,
            alarms: self.alarms,
            top,
            chattering,
            fleeting,
            stale_at_end: self.stale_at_end,
            stale_on_a_day: self.stale_on_a_day,
            priorities: self.priorities,
            returned_unacknowledged: self.returned_unacknowledged,
            hasty: self.hasty,
            heat: self.heat,
        })
    }
}

/// Where a priority is in a list of all.
fn rank(priority: Priority) -> usize {
    PRIORITIES.iter().position(|one| *one == priority).unwrap_or(PRIORITIES.len() - 1)
}
