//! Which alarms usually come together, from when they were announced: pairs such as a motor's trip and the starved
//! machine behind it.
//!
//! An alarm's *coming* is an announcement that is not within [`TOGETHER_MS`] of its announcement before: one that chatters comes
//! once. Two comings of different alarms make a pair where they are within [`TOGETHER_MS`] of each other; of one alarm, a
//! coming makes at most one pair with another alarm, the earliest that it can.
//!
//! **Invariant:** the work is linear. Each coming is set beside at most [`BESIDE`] others, and at most [`PAIRS_WATCHED`]
//! pairs are counted.

use std::collections::{HashMap, VecDeque};

use alarm::AlarmId;

/// Two alarms that come within so many milliseconds of each other come together. Within a minute an operator takes them for one
/// event; a cause that needs longer to spread leaves time to be read by itself.
pub const TOGETHER_MS: i64 = 60_000;
/// A pair that came together less often than this may have done so by chance.
const LEAST_TIMES: u32 = 5;
/// So many of a hundred comings of the rarer alarm have to be with the other: less often, one cannot stand for the other.
const LEAST_PERCENT: u64 = 70;
/// It has to come with the other so many times more often than it would if both came at random. An alarm that comes every
/// few minutes is beside everything and belongs to nothing.
const LEAST_LIFT: f64 = 3.0;
/// A coming is set beside so many of the last comings at most. In a larger burst everything is beside everything, and
/// nothing is learnt from the rest.
const BESIDE: usize = 64;
/// Pairs that are counted. A pair that is new beyond that is not.
const PAIRS_WATCHED: usize = 200_000;
/// Pairs of an answer: the strongest.
const PAIRS_TOLD: usize = 2_000;

/// An alarm that operators heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Which, by a number.
    pub alarm: i64,
}

/// Alarms that operators heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcements {
    /// In the journal's order.
    pub list: Vec<Announcement>,
    /// The alarms by their numbers.
    pub alarms: HashMap<i64, AlarmId>,
}

/// Two alarms that usually come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companions {
    /// The one with the smaller number.
    pub first: i64,
    /// The other.
    pub second: i64,
    /// How often they came together.
    pub together: u32,
    /// How often the rarer of them came at all.
    pub of: u32,
}

/// What is counted of a pair.
#[derive(Clone, Copy, Debug)]
struct Pair {
    together: u32,
    /// The later coming of the last time: comings up to it have been used.
    until: i64,
}

/// The pairs that usually come together, the strongest first: those that came together at least 5 times, in at least 70 of
/// 100 comings of the rarer one, and 3 times as often as chance would have it. Announcements are in order; where a clock was set
/// back, time stands until it has come again.
pub fn companions(announcements: &[Announcement]) -> Vec<Companions> {
    let mut last: HashMap<i64, i64> = HashMap::new();
    let mut comings: HashMap<i64, u32> = HashMap::new();
    let mut recent: VecDeque<Announcement> = VecDeque::new();
    let mut pairs: HashMap<(i64, i64), Pair> = HashMap::new();
    let mut now = i64::MIN;
    for one in announcements {
        now = now.max(one.at);
        let before = last.insert(one.alarm, now);
        if before.is_some_and(|before| before > now - TOGETHER_MS) {
            continue;
        }
        *comings.entry(one.alarm).or_default() += 1;
        while recent.front().is_some_and(|coming| coming.at <= now - TOGETHER_MS) {
            recent.pop_front();
        }
        for other in &recent {
            let names = (one.alarm.min(other.alarm), one.alarm.max(other.alarm));
            let is_room = pairs.len() < PAIRS_WATCHED;
            match pairs.get_mut(&names) {
                Some(pair) if other.at > pair.until => *pair = Pair { together: pair.together + 1, until: now },
                None if is_room => {
                    pairs.insert(names, Pair { together: 1, until: now });
                }
                Some(_) | None => {}
            }
        }
        recent.push_back(Announcement { at: now, alarm: one.alarm });
        if recent.len() > BESIDE {
            recent.pop_front();
        }
    }
    let span = announcements.first().map_or(0, |first| now.saturating_sub(first.at));
    let mut found: Vec<Companions> =
        pairs.into_iter().filter_map(|(names, pair)| usual(names, pair, &comings, span)).collect();
    found.sort_by_key(|pair| (std::cmp::Reverse(pair.together), pair.first, pair.second));
    found.truncate(PAIRS_TOLD);
    found
}

/// A pair that passes.
fn usual((first, second): (i64, i64), pair: Pair, comings: &HashMap<i64, u32>, span: i64) -> Option<Companions> {
    let (one, other) = (*comings.get(&first)?, *comings.get(&second)?);
    let (of, more) = (one.min(other), one.max(other));
    let is_often = u64::from(pair.together) * 100 >= LEAST_PERCENT * u64::from(of);
    let passes =
        pair.together >= LEAST_TIMES && is_often && f64::from(pair.together) >= LEAST_LIFT * by_chance(of, more, span);
    passes.then_some(Companions { first, second, together: pair.together, of })
}

/// How often the rarer alarm would have the commoner one within a minute before or after it, if they knew nothing of each
/// other.
#[expect(clippy::cast_precision_loss, reason = "a probability to compare with")]
fn by_chance(rarer: u32, commoner: u32, span: i64) -> f64 {
    let beside = f64::from(commoner) * 2.0 * TOGETHER_MS as f64 / span.max(1) as f64;
    f64::from(rarer) * beside.min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn told(list: &[(i64, i64)]) -> Vec<Companions> {
        let mut list: Vec<Announcement> =
            list.iter().map(|(at, alarm)| Announcement { at: *at, alarm: *alarm }).collect();
        list.sort_by_key(|one| one.at);
        companions(&list)
    }

    #[test]
    fn a_trip_and_the_machine_that_starves_behind_it_come_together() {
        let (trip, starved, other) = (1, 2, 3);
        // Six trips in two days, five of them starve the machine half a minute later; a third alarm comes when it likes.
        let mut list: Vec<(i64, i64)> = (0..6).map(|n| (n * 8 * HOUR, trip)).collect();
        list.extend((0..5).map(|n| (n * 8 * HOUR + MINUTE / 2, starved)));
        list.extend((0..6).map(|n| (n * 8 * HOUR + 3 * MINUTE, other)));
        assert_eq!(told(&list), [Companions { first: trip, second: starved, together: 5, of: 5 }]);
    }

    #[test]
    fn four_times_is_not_often_enough_and_half_the_times_neither() {
        let four: Vec<(i64, i64)> = (0..4).flat_map(|n| [(n * HOUR, 1), (n * HOUR + 1, 2)]).collect();
        assert_eq!(told(&four), []);
        let mut half: Vec<(i64, i64)> = (0..6).flat_map(|n| [(n * HOUR, 1), (n * HOUR + 1, 2)]).collect();
        half.extend((0..6).flat_map(|n| [(n * HOUR + HOUR / 2, 1), (n * HOUR + HOUR / 4, 2)]));
        assert_eq!(told(&half), []);
    }

    #[test]
    fn an_alarm_that_is_always_there_belongs_to_nothing() {
        let mut list: Vec<(i64, i64)> = (0..20).map(|n| (n * HOUR + 7 * MINUTE, 1)).collect();
        list.extend((0..20 * 40).map(|n| (n * 3 * MINUTE / 2, 2)));
        assert_eq!(told(&list), [], "every trip has it within a minute, and so has everything else");
    }

    #[test]
    fn chattering_counts_as_coming_once() {
        let mut list: Vec<(i64, i64)> = (0..50).map(|n| (n * 1_000, 1)).collect();
        list.extend((0..50).map(|n| (n * 1_000 + 10, 2)));
        assert_eq!(told(&list), []);
    }

    /// The comings of each alarm, and of each pair as many as can be made one after the other: by its definition, with no
    /// thought of what it costs.
    fn reference(list: &[Announcement]) -> Vec<Companions> {
        let mut comings: Vec<Announcement> = Vec::new();
        for (place, one) in list.iter().enumerate() {
            let before = list[..place].iter().rev().find(|before| before.alarm == one.alarm);
            if before.is_none_or(|before| one.at - before.at >= TOGETHER_MS) {
                comings.push(*one);
            }
        }
        let alarms: std::collections::BTreeSet<i64> = list.iter().map(|one| one.alarm).collect();
        let span = list.last().map_or(0, |last| last.at - list[0].at);
        let mut found = Vec::new();
        for &first in &alarms {
            for &second in alarms.iter().filter(|second| **second > first) {
                let own: Vec<&Announcement> =
                    comings.iter().filter(|one| one.alarm == first || one.alarm == second).collect();
                let mut used = vec![false; own.len()];
                let mut together = 0;
                for later in 0..own.len() {
                    let partner = (0..later).find(|earlier| {
                        !used[*earlier]
                            && own[*earlier].alarm != own[later].alarm
                            && own[later].at - own[*earlier].at < TOGETHER_MS
                    });
                    if let Some(partner) = partner {
                        (used[partner], used[later]) = (true, true);
                        together += 1;
                    }
                }
                let count = |alarm| comings.iter().filter(|one| one.alarm == alarm).count() as u32;
                let (of, more) = (count(first).min(count(second)), count(first).max(count(second)));
                let chance = f64::from(of) * (f64::from(more) * 120_000.0 / span.max(1) as f64).min(1.0);
                if together >= 5 && f64::from(together) >= 0.7 * f64::from(of) && f64::from(together) >= 3.0 * chance {
                    found.push(Companions { first, second, together, of });
                }
            }
        }
        found.sort_by_key(|pair| (std::cmp::Reverse(pair.together), pair.first, pair.second));
        found
    }

    proptest! {
        #[test]
        fn it_is_what_its_definition_says(
            events in prop::collection::vec(
                (prop_oneof![3 => 0_i64..70, 2 => 200_i64..30_000], prop_oneof![4 => 1_i64..3, 1 => 1_i64..6]),
                0..150,
            ),
        ) {
            let mut at = 0;
            let list: Vec<Announcement> = events.into_iter().map(|(seconds, alarm)| {
                at += seconds * 1_000;
                Announcement { at, alarm }
            }).collect();
            let found = companions(&list);
            prop_assert_eq!(found, reference(&list));
        }
    }

    #[test]
    fn ten_thousand_alarms_at_once_are_bounded_work() {
        let burst = |day: i64| (0..10_000).map(move |n| Announcement { at: day * 24 * HOUR + n, alarm: n });
        let list: Vec<Announcement> = (0..6).flat_map(burst).collect();
        let found = companions(&list);
        assert_eq!(found.len(), PAIRS_TOLD);
        assert!(found.iter().all(|pair| pair.second - pair.first <= BESIDE as i64), "only neighbours were looked at");
    }
}
