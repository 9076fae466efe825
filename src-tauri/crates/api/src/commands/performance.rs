//! How the alarms performed, in the words of the wire.

use ::journal::performance::{Contribution, DAY, Flood, HOUR, Named, Performance, Periods, TEN_MINUTES, Window};
use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use model::{EquipmentId, Timestamp};

use super::journal::unreadable;
use super::wait_for_disk;
use crate::wire::{
    ContributionView, FirstAlarm, FloodView, HeatDay, MeasuredAlarm, PerformanceView, PeriodsView, PriorityView,
    ReadPerformance, StaleView,
};
use crate::{Api, Code, Failure, Principal};

/// The longest window, days.
const LONGEST: i64 = 400;
/// Floods in an answer, with their alarms.
const FLOODS: usize = 100;

impl Api {
    pub(crate) async fn alarm_performance(
        &self,
        who: &Principal,
        request: ReadPerformance,
    ) -> Result<PerformanceView, Failure> {
        let ReadPerformance { from, to, equipment } = request;
        let length = to.checked_sub(from).filter(|length| (1..=LONGEST * DAY).contains(length));
        if length.is_none() {
            let message = format!("the window must end after it begins, and at most {LONGEST} days after");
            return Err(Failure::new(Code::Invalid, message));
        }
        // Of what is to come nothing is known.
        let to = to.min(self.parts.clock.now().wall.millis());
        let equipment = equipment.map(EquipmentId::new);
        let (reader, zone) = (self.parts.journal.reader(), self.parts.zone.clone());
        let station = who.station.clone();
        wait_for_disk(move || {
            let ahead = |at: i64| ahead(&zone, at);
            let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
            let window = Window { from, to, equipment: equipment.as_ref(), ahead: &ahead };
            reader.performance(&window).map(|figures| view(figures, station, &zone))
        })
        .await?
        .map_err(|error| unreadable(&error))
    }
}

/// Seconds that a zone is ahead of UTC at an instant.
fn ahead(zone: &TimeZone, at: i64) -> i64 {
    Instant::from_millisecond(at).map_or(0, |instant| zone.to_offset(instant).seconds().into())
}

fn view(figures: Performance, station: String, zone: &TimeZone) -> PerformanceView {
    let (per_ten_minutes, per_hour, per_day) = (figures.rate(TEN_MINUTES), figures.rate(HOUR), figures.rate(DAY));
    let flood_count = figures.floods.len() as u64;
    let stale = figures.stale.into_iter().take(FLOODS);
    PerformanceView {
        from: figures.from.millis(),
        to: figures.to.millis(),
        station,
        count: figures.count,
        alarms: figures.alarms,
        per_ten_minutes,
        per_hour,
        per_day,
        hours: periods(figures.hours),
        ten_minutes: periods(figures.ten_minutes),
        peak: figures.peak.map_or(0, |(count, _)| count),
        peak_at: figures.peak.map(|(_, at)| at.millis()),
        flood_count,
        flooded_ms: figures.flooded_ms,
        floods: figures.floods.into_iter().rev().take(FLOODS).map(flood).collect(),
        top: contributions(figures.top),
        chattering: contributions(figures.chattering),
        fleeting: contributions(figures.fleeting),
        stale: stale
            .map(|one| StaleView {
                alarm: alarm(one.alarm),
                since: one.since.millis(),
                until: one.until.map(Timestamp::millis),
            })
            .collect(),
        stale_at_end: figures.stale_at_end,
        stale_on_a_day: figures.stale_on_a_day,
        priorities: figures
            .priorities
            .into_iter()
            .map(|of| PriorityView {
                priority: of.priority.number(),
                count: of.count,
                acknowledged: of.acknowledged,
                median_s: of.median_s,
                p95_s: of.p95_s,
            })
            .collect(),
        returned_unacknowledged: figures.returned_unacknowledged,
        hasty: figures.hasty,
        heat: figures.heat.into_iter().filter_map(|(day, hours)| heat(day, &hours, zone)).collect(),
    }
}

fn periods(periods: Periods) -> PeriodsView {
    PeriodsView { whole: periods.whole, busy: periods.busy }
}

fn alarm(named: Named) -> MeasuredAlarm {
    MeasuredAlarm {
        alarm: named.id.to_string(),
        message: named.message,
        equipment: named.equipment.map(|equipment| equipment.to_string()),
        priority: named.priority.number(),
    }
}

fn contributions(list: Vec<Contribution<Named>>) -> Vec<ContributionView> {
    list.into_iter().map(|one| ContributionView { alarm: alarm(one.alarm), count: one.count }).collect()
}

fn flood(flood: Flood<Named>) -> FloodView {
    let Flood { begin, end, ended, count, peak, first, top } = flood;
    FloodView {
        begin: begin.millis(),
        end: end.millis(),
        ended,
        count,
        peak,
        first: first.into_iter().map(|(of, at)| FirstAlarm { alarm: alarm(of), time: at.millis() }).collect(),
        top: top.into_iter().map(|(of, count)| ContributionView { alarm: alarm(of), count }).collect(),
    }
}

/// A day by its number since 1970; none beyond the calendar.
fn heat(day: i64, hours: &[u32; 24], zone: &TimeZone) -> Option<HeatDay> {
    let date = Instant::from_millisecond(day.checked_mul(DAY)?).ok()?.to_zoned(TimeZone::UTC).date();
    let begin = |hour| {
        let begin = date.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(begin.timestamp().as_millisecond())
    };
    let begins = (0..24).map(begin).collect::<Option<_>>()?;
    Some(HeatDay { date: date.to_string(), begins, hours: hours.to_vec() })
}
