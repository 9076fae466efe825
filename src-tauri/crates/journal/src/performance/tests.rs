//! The figures, told as the shift would tell them, and against a reference that looks at every second.

use alarm::{PRIORITIES, Priority};
use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;

fn utc(_: i64) -> i64 {
    0
}

fn change(at: i64, alarm: i64, what: What) -> Change<'static> {
    Change { at, alarm, occurrence: at, what, priority: PRIORITIES[1], user: "" }
}

/// What a window of two hours gives for alarms raised at these seconds, each of them another.
fn raised(seconds: &[i64]) -> Figures<i64> {
    let mut tally = Tally::new(0, 2 * HOUR, &utc);
    for (alarm, at) in (1..).zip(seconds) {
        tally.take(&change(at * SECOND, alarm, What::Activated));
    }
    tally.figures()
}

#[test]
fn ten_alarms_in_ten_minutes_are_no_flood_and_eleven_are() {
    let ten: Vec<i64> = (0..10).map(|i| 100 + i * 60).collect();
    let figures = raised(&ten);
    assert_eq!((figures.floods.len(), figures.ten_minutes.busy), (0, 0));
    assert_eq!(figures.peak.map(|(count, _)| count), Some(10));

    let eleven: Vec<i64> = (0..11).map(|i| 100 + i * 10).collect();
    let figures = raised(&eleven);
    let [flood] = &figures.floods[..] else { panic!("{:?}", figures.floods) };
    assert_eq!((flood.count, flood.peak, flood.ended), (11, 11, true));
    assert_eq!(flood.begin.millis(), 100 * SECOND, "with the first of its alarms");
    // The fifth newest came at 160 s: when it is ten minutes old there are four.
    assert_eq!(flood.end.millis(), 760 * SECOND);
    assert_eq!(figures.flooded_ms, 660 * SECOND);
    assert_eq!(flood.first.iter().map(|(alarm, _)| *alarm).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert_eq!((figures.ten_minutes, figures.hours), (Periods { whole: 12, busy: 1 }, Periods { whole: 2, busy: 0 }));
}

#[test]
fn a_flood_at_the_end_of_the_window_goes_on() {
    let late: Vec<i64> = (0..12).map(|i| 7190 - i).rev().collect();
    let figures = raised(&late);
    assert_eq!(figures.floods[0].end.millis(), 2 * HOUR);
    assert!(!figures.floods[0].ended);
}

#[test]
fn an_alarm_that_comes_three_times_in_a_minute_chatters() {
    let mut tally = Tally::new(0, HOUR, &utc);
    // Twice in a minute, then three times; within one burst it counts once.
    for at in [0, 50, 200, 220, 240, 260, 280] {
        tally.take(&change(at * SECOND, 7, What::Activated));
        tally.take(&change(at * SECOND + 12_000, 7, What::Returned));
    }
    let figures = tally.figures();
    assert_eq!(figures.chattering, [Contribution { alarm: 7, count: 1 }]);
    assert_eq!(figures.fleeting, [], "it stayed for twelve seconds");
}

#[test]
fn an_alarm_that_goes_at_once_and_stays_away_is_fleeting() {
    let mut tally = Tally::new(0, HOUR, &utc);
    for (raised, returned) in [(100, 105), (150, 155), (300, 310), (500, 511), (3590, 3591)] {
        tally.take(&change(raised * SECOND, 7, What::Activated));
        tally.take(&change(returned * SECOND, 7, What::Returned));
    }
    // The first came again after 45 s; the second and the third count; the fourth stayed longer; of the last it is not
    // known yet.
    assert_eq!(tally.figures().fleeting, [Contribution { alarm: 7, count: 2 }]);
}

#[test]
fn an_alarm_is_stale_after_a_day_also_if_it_came_before_the_window() {
    let mut tally = Tally::new(0, 3 * DAY, &utc);
    tally.is_active(1, -2 * DAY);
    tally.is_active(2, -2 * DAY);
    tally.take(&change(HOUR, 2, What::Returned));
    tally.take(&change(HOUR, 3, What::Activated));
    tally.take(&change(2 * HOUR, 4, What::Activated));
    tally.take(&change(HOUR + DAY, 3, What::Returned));
    tally.take(&change(3 * HOUR + DAY, 4, What::Returned));
    let figures = tally.figures();
    let stale: Vec<_> = figures.stale.iter().map(|one| (one.alarm, one.until.map(Timestamp::millis))).collect();
    assert_eq!(stale, [(1, None), (2, Some(HOUR)), (4, Some(3 * HOUR + DAY))], "a day to the millisecond is not yet");
    assert_eq!((figures.stale_at_end, figures.stale_on_a_day), (1, 2));
    assert_eq!(figures.count, 2, "what came before the window is not counted");
}

#[test]
fn the_wait_for_an_acknowledgement_is_counted_by_priority_and_once_an_occurrence() {
    let mut tally = Tally::new(0, HOUR, &utc);
    let of = |at: i64, occurrence: i64, what, user| Change {
        at: at * SECOND,
        alarm: 1,
        occurrence: occurrence * SECOND,
        what,
        priority: PRIORITIES[0],
        user,
    };
    tally.take(&of(10, 10, What::Activated, ""));
    tally.take(&of(20, 10, What::Acknowledged, "ada"));
    tally.take(&of(25, 10, What::Acknowledged, "ada"));
    tally.take(&of(30, 10, What::Returned, ""));
    tally.take(&of(40, 40, What::Activated, ""));
    tally.take(&of(50, 40, What::Returned, ""));
    tally.take(&of(100, 40, What::Acknowledged, "ada"));
    let figures = tally.figures();
    let first = figures.priorities[0];
    assert_eq!((first.count, first.acknowledged, first.median_s, first.p95_s), (2, 2, Some(10), Some(60)));
    assert_eq!(figures.returned_unacknowledged, 1, "the second went before anybody had seen it");
    assert_eq!(figures.hasty, 0);
}

#[test]
fn six_acknowledgements_in_ten_seconds_are_hasty_if_one_person_made_them() {
    for (users, expect) in [(["ada"; 6], 1), (["ada", "bob", "ada", "bob", "ada", "bob"], 0)] {
        let mut tally = Tally::new(0, HOUR, &utc);
        for (alarm, user) in (1..).zip(users) {
            tally.take(&Change { user, ..change(10_000 + alarm, alarm, What::Acknowledged) });
        }
        assert_eq!(tally.figures().hasty, expect);
    }
}

#[test]
fn hours_and_days_are_those_of_the_people_on_site() {
    // Two hours ahead of UTC.
    let summer = |_: i64| 7200;
    let mut tally = Tally::new(0, DAY, &summer);
    tally.take(&change(23 * HOUR + 5, 1, What::Activated));
    let figures = tally.figures();
    assert_eq!(figures.heat.len(), 2, "the window has a part of two local days");
    assert_eq!(figures.heat[&1][1], 1);
}

#[test]
fn a_clock_that_was_set_back_stands_until_its_time_has_come_again() {
    let mut tally = Tally::new(0, HOUR, &utc);
    for at in [30 * MINUTE, 10 * MINUTE, 31 * MINUTE] {
        tally.take(&change(at, 1, What::Activated));
    }
    let figures = tally.figures();
    assert_eq!((figures.count, figures.peak.map(|(count, _)| count)), (3, Some(3)));
}

/// Two hours of a few alarms: for each what happens to it and when, in seconds.
fn story() -> impl Strategy<Value = Vec<(i64, i64, u8)>> {
    // Now and then much within little time, so that there are floods.
    let at = prop_oneof![0..7200_i64, 3000..3400_i64, 5000..5030_i64];
    prop::collection::vec((at, 0..6_i64, 0..3_u8), 0..160).prop_map(|mut story| {
        story.sort();
        story
    })
}

/// How many of these times are within so many seconds of `t`.
fn within(times: &[i64], t: i64, seconds: i64) -> usize {
    times.iter().filter(|at| (t - seconds..t).contains(&(**at - 1))).count()
}

/// Where bursts begin and end, found by looking at every second up to `end`, that one not included.
fn bursts(times: &[i64], end: i64, seconds: i64, begins_at: usize, ends_below: usize) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    let mut begun = None;
    for t in 0..end {
        let count = within(times, t, seconds);
        match begun {
            None if count >= begins_at => {
                let free_from = found.last().map_or(-1, |(_, end): &(i64, i64)| *end);
                begun = times.iter().copied().find(|at| *at > t - seconds && *at > free_from);
            }
            Some(begin) if count < ends_below => {
                found.push((begin, t));
                begun = None;
            }
            None | Some(_) => {}
        }
    }
    found.extend(begun.map(|begin| (begin, end)));
    found
}

proptest! {
    #[test]
    fn the_figures_are_those_of_a_look_at_every_second(story in story()) {
        const END: i64 = 7200;
        let mut tally = Tally::new(0, END * SECOND, &utc);
        // What is told is what an alarm does: it is raised when it is not active, and returns when it is.
        let mut active = [None; 6];
        let mut raised: Vec<(i64, i64)> = Vec::new();
        // Each with how many were raised before it ended.
        let mut spells: Vec<(i64, i64, i64, usize)> = Vec::new();
        for (at, alarm, what) in story {
            let slot = usize::try_from(alarm).expect("small");
            match (active[slot], what) {
                (None, 0 | 1) => {
                    tally.take(&change(at * SECOND, alarm, What::Activated));
                    active[slot] = Some(at);
                    raised.push((at, alarm));
                }
                (Some(since), 1 | 2) => {
                    tally.take(&change(at * SECOND, alarm, What::Returned));
                    active[slot] = None;
                    spells.push((alarm, since, at, raised.len()));
                }
                (None | Some(_), _) => {}
            }
        }
        let figures = tally.figures();
        let times: Vec<i64> = raised.iter().map(|(at, _)| *at).collect();
        prop_assert_eq!(figures.count, times.len() as u64);
        let busy = |length: i64, more_than: usize| {
            let in_period = |period| times.iter().filter(|at| **at / length == period).count();
            (0..END / length).filter(|period| in_period(*period) > more_than).count() as u64
        };
        prop_assert_eq!((figures.hours.busy, figures.ten_minutes.busy), (busy(3600, 30), busy(600, 10)));
        let peak = (0..END).map(|t| within(&times, t, 600)).max().filter(|most| *most > 0);
        prop_assert_eq!(figures.peak.map(|(most, _)| usize::try_from(most).expect("small")), peak);

        let floods: Vec<(i64, i64)> =
            figures.floods.iter().map(|f| (f.begin.millis() / SECOND, f.end.millis() / SECOND)).collect();
        let expect = bursts(&times, END, 600, 11, 5);
        prop_assert_eq!(&floods, &expect);
        for (flood, (begin, end)) in figures.floods.iter().zip(&expect) {
            let inside: Vec<i64> = times.iter().copied().filter(|at| at >= begin && at <= end).collect();
            prop_assert_eq!(flood.count, inside.len() as u64);
            let peak = (*begin..=*end).map(|t| within(&times, t, 600)).max();
            prop_assert_eq!(usize::try_from(flood.peak).ok(), peak);
            let first: Vec<i64> = flood.first.iter().map(|(_, at)| at.millis() / SECOND).collect();
            prop_assert_eq!(&first[..], &inside[..inside.len().min(10)]);
        }

        for alarm in 0..6 {
            let of = |list: &[Contribution<i64>]| list.iter().find(|one| one.alarm == alarm).map_or(0, |one| one.count);
            let own: Vec<i64> = raised.iter().filter(|(_, is)| *is == alarm).map(|(at, _)| *at).collect();
            prop_assert_eq!(of(&figures.top), own.len() as u64);
            prop_assert_eq!(of(&figures.chattering), bursts(&own, END, 60, 3, 3).len() as u64);
            let fleeting = spells.iter().filter(|(is, since, until, before)| {
                *is == alarm
                    && until - since <= 10
                    && !raised[*before..].iter().any(|(at, again)| again == is && *at <= until + 60)
                    && until + 60 < END
            });
            prop_assert_eq!(of(&figures.fleeting), fleeting.count() as u64, "fleeting of {}", alarm);
        }
    }

    #[test]
    fn the_percentiles_are_those_of_the_sorted_waits(
        waits in prop::collection::vec((0..8000_i64, 0..4_usize), 0..80)
    ) {
        let mut tally = Tally::new(0, DAY, &utc);
        for (alarm, (_, priority)) in (1_i64..).zip(&waits) {
            let raised = alarm * MINUTE;
            let of = |at, what| {
                Change { occurrence: raised, priority: PRIORITIES[*priority], ..change(at, alarm, what) }
            };
            tally.take(&of(raised, What::Activated));
        }
        let mut acks: Vec<(i64, i64, Priority)> = (1_i64..)
            .zip(&waits)
            .map(|(alarm, (wait, priority))| (alarm * MINUTE + wait * SECOND, alarm, PRIORITIES[*priority]))
            .collect();
        // Behind the last alarm, so that the order of times is that of the journal.
        acks.iter_mut().for_each(|(at, ..)| *at += 100 * MINUTE);
        acks.sort();
        for (at, alarm, priority) in acks {
            tally.take(&Change {
                occurrence: alarm * MINUTE,
                priority,
                ..change(at, alarm, What::Acknowledged)
            });
        }
        let figures = tally.figures();
        for (at, of) in figures.priorities.iter().enumerate() {
            let mut own: Vec<i64> =
                waits.iter().filter(|(_, is)| *is == at).map(|(wait, _)| (wait + 6000) / 60 * 60).collect();
            own.sort_unstable();
            let rank = |percent: usize| own.get((own.len() * percent).div_ceil(100).max(1) - 1).copied();
            prop_assert_eq!(of.median_s.map(i64::from), rank(50));
            prop_assert_eq!(of.p95_s.map(i64::from), rank(95));
        }
    }
}
