//! What the live plant journals of an alarm is what a replay of the same samples counts.

use alarm::{Replay, Replayed};
use proptest::prelude::*;

use super::*;
use crate::Inputs;

/// What happens: so many milliseconds later, of which tag, and which number.
type Told = (u64, bool, f64);

/// When an alarm was raised (true) and returned.
type Changes = Vec<(Timestamp, bool)>;

/// What became of an alarm in the journal, and in the replay.
fn both(alarm: &str, told: &[Told]) -> (Changes, Changes) {
    let mut story = Story::begin();
    let plant = story.snapshot().plant;
    let definition = plant.alarms.iter().find(|one| short(one.id.as_str()) == alarm).expect("the story has it");
    let mut inputs = Inputs::of(definition).expect("it can be replayed");
    let mut replay = Replay::new(definition.id.clone(), definition.config.clone(), story.now.wall);
    story.effects = Effects::default();
    for (ms, is_hot, number) in told {
        let at = story.now.wall.saturating_add(Duration::from_millis(*ms));
        tick_until(&mut story, at);
        let tag = if *is_hot { "temperature" } else { "pressure" };
        story.value(tag, *number);
        let at = story.now.wall;
        for index in inputs.tags() {
            let LiveRow { time, value, quality, .. } = story.snapshot().table.row(index).expect("the tag has a row");
            inputs.hear(index, Sample { time, received: at, value, quality }, |input| replay.tell(at, input));
        }
    }
    let end = story.now.wall.saturating_add(Duration::from_secs(10));
    tick_until(&mut story, end);
    let journal = std::mem::take(&mut story.effects.entries);
    let of_alarm = journal.into_iter().filter_map(|entry| match entry {
        Entry::Alarm(change) if change.transition.occurrence.alarm == definition.id => Some(change.transition),
        Entry::Alarm(_) | Entry::Remark(_) | Entry::Action(_) | Entry::System(_) => None,
    });
    let of_alarm = of_alarm.filter_map(|transition| match transition.cause {
        Cause::Raised | Cause::Recurred => Some((transition.at, true)),
        Cause::Returned => Some((transition.at, false)),
        _ => None,
    });
    (of_alarm.collect(), changes(&replay.finish(end)))
}

fn changes(replayed: &Replayed) -> Changes {
    let changes = replayed.activations.iter().flat_map(|one| [Some((one.from, true)), one.until.map(|at| (at, false))]);
    changes.flatten().collect()
}

/// Lets time pass, ticking exactly when the core asks for it.
fn tick_until(story: &mut Story, until: Timestamp) {
    while let Some(due) = story.core.deadline() {
        let wait = due.since(story.now.uptime);
        if story.now.wall.saturating_add(wait) > until {
            break;
        }
        pass(story, wait);
        story.core.tick(story.now, &mut story.effects);
        if story.core.deadline() == Some(due) {
            break;
        }
    }
    let rest = u64::try_from(until.millis_since(story.now.wall)).unwrap_or(0);
    pass(story, Duration::from_millis(rest));
}

fn pass(story: &mut Story, by: Duration) {
    story.now.uptime = story.now.uptime + by;
    story.now.wall = story.now.wall.saturating_add(by);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_limit_with_a_delay_is_replayed_as_it_was(
        told in prop::collection::vec((1_u64..6_000, Just(true), 76.0..84.0), 1..60)
    ) {
        let (journalled, replayed) = both("hot", &told);
        prop_assert_eq!(journalled, replayed);
    }

    #[test]
    fn a_latched_formula_over_calculated_tags_is_replayed_as_it_was(
        told in prop::collection::vec((1_u64..6_000, any::<bool>(), 5.0..60.0), 1..60)
    ) {
        let (journalled, replayed) = both("overload", &told);
        prop_assert_eq!(journalled, replayed);
    }
}
