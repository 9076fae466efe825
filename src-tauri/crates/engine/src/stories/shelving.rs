//! A06: what is shelved stays in sight and ends in time, whatever becomes of the program and of the wall clock.

use super::*;

use alarm::Act;

use crate::event::{Target, Wanted};

const SHELVED: Duration = Duration::from_secs(60);
const NO_DELAY: &str = "on_delay_s = 0\n";

fn plant() -> String {
    PLANT.replace("on_delay_s = 3\n", NO_DELAY)
}

/// A press that is hot, its alarm shelved for a minute, and everything that the journal has of it.
fn shelved() -> (Story, Vec<Entry>) {
    let mut story = Story::begin();
    story.reload(&plant());
    story.value("temperature", 90.0);
    story.pass(1);
    let act = Act { user: "eve".into(), station: "desk 1".into(), note: "known".into(), at: story.now.wall };
    let target = Target::Alarm(AlarmId::new(format!("{PRESS}/hot")));
    let wanted = Wanted::Shelve { time: SHELVED, one_shot: false };
    let (ticket, entries, acted) = story.core.prepare(story.now, vec![target], &wanted, &act);
    assert_eq!(acted.refused, [], "it may be shelved");
    let mut journal = std::mem::take(&mut story.effects.entries);
    journal.extend(entries);
    story.core.settle(story.now, ticket, &Ok(()), &mut story.effects);
    (story, journal)
}

/// Sets the wall clock forth, or back.
fn set_clock(story: &mut Story, seconds: i64) {
    story.now.wall = Timestamp::from_millis(story.now.wall.millis() + seconds * 1_000);
}

/// Until when the alarm is shelved, by the list; none where it is not in it.
fn listed(story: &mut Story) -> Option<Timestamp> {
    let suppressed = story.snapshot().alarms.suppressed.clone();
    suppressed.into_iter().find_map(|one| one.suppression.shelved).map(|shelving| shelving.until)
}

fn hot(story: &mut Story) -> Option<State> {
    story.alarms().into_iter().find(|(alarm, _)| alarm == "hot").map(|(_, state)| state)
}

#[test]
fn a_clock_that_is_set_neither_shortens_nor_lengthens_what_is_shelved() {
    for seconds in [3_600, -3_600, 86_400 * 365, -86_400 * 365] {
        let (mut story, _) = shelved();
        let until = listed(&mut story);
        story.pass(10);
        set_clock(&mut story, seconds);
        story.pass(49);
        assert_eq!((listed(&mut story), hot(&mut story)), (until, None), "after 59 of 60 s, set by {seconds} s");
        assert!(story.journalled().is_empty());
        story.pass(2);
        assert_eq!((listed(&mut story), hot(&mut story)), (None, Some(State::Unack)), "after 61 s, set by {seconds} s");
        assert!(story.journalled().contains(&("hot".to_owned(), "unshelved")), "and the journal says so");
    }
}

#[test]
fn what_is_raised_while_it_is_shelved_is_announced_at_the_end_also_after_the_clock_was_set() {
    for seconds in [3_600, -3_600] {
        let (mut story, _) = shelved();
        story.value("temperature", 20.0);
        story.pass(1);
        set_clock(&mut story, seconds);
        story.pass(20);
        story.value("temperature", 90.0);
        story.pass(20);
        story.journalled();
        story.pass(20);
        let said = story.journalled();
        assert_eq!(
            said,
            [("hot".to_owned(), "unshelved"), ("hot".to_owned(), "announced after all")],
            "set by {seconds} s"
        );
        assert_eq!(hot(&mut story), Some(State::Unack));
    }
}

#[test]
fn a_restart_leaves_the_rest_of_the_time() {
    let (mut story, journal) = shelved();
    let until = listed(&mut story);
    story.pass(20);
    story.restart(&plant(), &journal);
    assert_eq!(listed(&mut story), until, "it is in the list before any value has come");
    assert_eq!(hot(&mut story), None);
    story.value("temperature", 91.0);
    story.pass(38);
    assert_eq!((listed(&mut story), hot(&mut story)), (until, None));
    story.journalled();
    story.pass(3);
    assert_eq!((listed(&mut story), hot(&mut story)), (None, Some(State::Unack)));
    assert_eq!(story.journalled(), [("hot".to_owned(), "unshelved"), ("hot".to_owned(), "announced after all")]);
}

#[test]
fn what_ran_out_while_the_program_did_not_run_is_said_and_announced_at_the_start() {
    let (mut story, journal) = shelved();
    set_clock(&mut story, 600);
    story.journalled();
    story.restart(&plant(), &journal);
    story.pass(1);
    assert_eq!((listed(&mut story), hot(&mut story)), (None, Some(State::Unack)));
    assert_eq!(story.journalled(), [("hot".to_owned(), "unshelved"), ("hot".to_owned(), "announced after all")]);
}

#[test]
fn after_a_restart_with_a_clock_set_back_it_is_shelved_for_the_whole_time_at_most() {
    let (mut story, journal) = shelved();
    let until = listed(&mut story);
    story.pass(20);
    set_clock(&mut story, -86_400);
    story.restart(&plant(), &journal);
    story.pass(59);
    assert_eq!((listed(&mut story), hot(&mut story)), (until, None));
    story.pass(2);
    assert_eq!((listed(&mut story), hot(&mut story)), (None, Some(State::Unack)), "and not for a day");
}
