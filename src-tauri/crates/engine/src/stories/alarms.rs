//! How alarms live: raised, acknowledged only once it is on disk, held while the source is lost, kept over a restart.

use super::*;

use alarm::{Act, Wanted};

use crate::bank::Ticket;
use crate::event::StoreRefused;

fn act(story: &Story) -> Act {
    Act { user: "eve".into(), station: "desk 1".into(), note: "on my way".into(), at: story.now.wall }
}

fn prepare(story: &mut Story, alarm: &str, wanted: Wanted) -> (Ticket, usize, Vec<String>) {
    let occurrence = story.occurrence(alarm);
    let act = act(story);
    let (ticket, entries, acted) = story.core.prepare(story.now, vec![occurrence], wanted, &act);
    (ticket, entries.len(), acted.refused.into_iter().map(|(_, reason)| reason).collect())
}

fn settle(story: &mut Story, ticket: Ticket, outcome: Result<(), StoreRefused>) {
    story.core.settle(story.now, ticket, &outcome, &mut story.effects);
}

/// A press at 85 °C for longer than the alarm's delay.
fn hot() -> Story {
    let mut story = Story::begin();
    story.value("temperature", 85.0);
    story.pass(4);
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
    story
}

#[test]
fn a_limit_raises_after_its_delay_and_says_by_how_much() {
    let mut story = Story::begin();
    story.value("temperature", 85.0);
    story.pass(2);
    assert!(story.alarms().is_empty(), "the delay is three seconds");
    story.pass(2);
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
    assert_eq!(story.journalled(), [("hot".to_owned(), "raised")]);
    let snapshot = story.snapshot();
    assert_eq!(&*snapshot.alarms.alarms[0].value, "85.0 °C");
    assert_eq!((snapshot.alarms.unacknowledged, snapshot.alarms.active), ([1, 0, 0, 0], [1, 0, 0, 0]));
}

#[test]
fn an_acknowledgement_counts_only_once_it_is_on_disk() {
    let mut story = hot();
    let (ticket, entries, refused) = prepare(&mut story, "hot", Wanted::Acknowledge);
    assert_eq!((entries, refused.len()), (1, 0));
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)], "not yet");
    settle(&mut story, ticket, Ok(()));
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Acked)]);
    let shown = &story.snapshot().alarms.alarms[0];
    assert_eq!(
        shown.acknowledged.as_ref().map(|act| (act.user.as_str(), act.note.as_str())),
        Some(("eve", "on my way"))
    );
}

#[test]
fn an_acknowledgement_that_the_disk_refused_never_was() {
    let mut story = hot();
    let (ticket, ..) = prepare(&mut story, "hot", Wanted::Acknowledge);
    settle(&mut story, ticket, Err(StoreRefused("the disk is full".into())));
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
    let (_, entries, _) = prepare(&mut story, "hot", Wanted::Acknowledge);
    assert_eq!(entries, 1, "it can be tried again");
}

#[test]
fn what_is_said_while_the_disk_writes_is_heard_after() {
    let mut story = hot();
    let (ticket, ..) = prepare(&mut story, "hot", Wanted::Acknowledge);
    story.journalled();
    story.pass(1);
    story.value("temperature", 20.0);
    story.pass(1);
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
    assert!(story.journalled().is_empty(), "the journal's order is the order of events");
    settle(&mut story, ticket, Ok(()));
    assert!(story.alarms().is_empty(), "acknowledged, and then back to normal");
    assert_eq!(story.journalled(), [("hot".to_owned(), "returned")]);
}

#[test]
fn a_second_click_is_told_so() {
    let mut story = hot();
    let (ticket, ..) = prepare(&mut story, "hot", Wanted::Acknowledge);
    let (_, entries, refused) = prepare(&mut story, "hot", Wanted::Acknowledge);
    assert_eq!((entries, refused), (0, vec!["somebody is acting on it at this moment".to_owned()]));
    settle(&mut story, ticket, Ok(()));
    let (_, entries, refused) = prepare(&mut story, "hot", Wanted::Acknowledge);
    assert_eq!((entries, refused), (0, vec!["it is acknowledged already".to_owned()]));
}

#[test]
fn a_refused_act_does_not_hold_the_alarm() {
    let mut story = hot();
    let (_, entries, refused) = prepare(&mut story, "hot", Wanted::Reset);
    assert_eq!((entries, refused.len()), (0, 1));
    story.journalled();
    story.value("temperature", 20.0);
    assert_eq!(story.journalled(), [("hot".to_owned(), "returned")]);
}

#[test]
fn losing_the_source_holds_the_alarm_and_raises_one_for_the_gateway() {
    let mut story = hot();
    story.journalled();
    story.down("broker");
    story.pass(30);
    let alarms = story.alarms();
    assert!(alarms.contains(&("hot".to_owned(), State::Unack)), "{alarms:?}");
    assert!(alarms.contains(&("connection".to_owned(), State::Unack)), "{alarms:?}");
    let raised: Vec<_> = story.journalled().into_iter().filter(|(_, what)| *what == "raised").collect();
    assert_eq!(raised.len(), 1, "one alarm for the source, not one a tag: {raised:?}");
    let snapshot = story.snapshot();
    assert!(
        snapshot.alarms.alarms.iter().any(|active| active.source_lost),
        "and the held one says that it is old news"
    );

    story.up("broker");
    story.value("temperature", 85.0);
    let hot = story.occurrence("hot");
    assert!(story.snapshot().alarms.alarms.iter().any(|active| active.occurrence == hot && !active.source_lost));
}

#[test]
fn a_latched_formula_alarm_waits_for_its_reset() {
    let mut story = Story::begin();
    story.value("temperature", 60.0);
    story.value("pressure", 20.0);
    assert_eq!(story.alarms(), [("overload".to_owned(), State::Unack)]);
    story.pass(1);
    story.value("pressure", 1.0);
    assert_eq!(story.alarms(), [("overload".to_owned(), State::LatchedUnack)]);
    let (_, _, refused) = prepare(&mut story, "overload", Wanted::Reset);
    assert_eq!(refused, ["it is not acknowledged yet: acknowledge it first"]);
    let (ticket, ..) = prepare(&mut story, "overload", Wanted::Acknowledge);
    settle(&mut story, ticket, Ok(()));
    assert_eq!(story.alarms(), [("overload".to_owned(), State::LatchedAcked)]);
    let (ticket, ..) = prepare(&mut story, "overload", Wanted::Reset);
    settle(&mut story, ticket, Ok(()));
    assert!(story.alarms().is_empty());
}

#[test]
fn after_a_restart_what_stood_stands_and_is_not_announced_again() {
    let mut before = hot();
    let (ticket, ..) = prepare(&mut before, "hot", Wanted::Acknowledge);
    settle(&mut before, ticket, Ok(()));
    let shown = before.snapshot().alarms.alarms[0].clone();
    let standing = Standing {
        occurrence: shown.occurrence.clone(),
        state: shown.state,
        raised_at: shown.raised,
        value: Some(85.0),
        returned_at: None,
        acknowledged: shown.acknowledged.clone(),
        recurrences: 0,
    };

    let mut after = Story::begin_with(HashMap::from([(shown.occurrence.alarm.clone(), vec![standing])]));
    assert_eq!(after.alarms(), [("hot".to_owned(), State::Acked)]);
    after.value("temperature", 86.0);
    after.pass(10);
    assert_eq!(after.alarms(), [("hot".to_owned(), State::Acked)]);
    assert!(after.journalled().is_empty(), "nothing is raised twice");
    assert_eq!(after.occurrence("hot"), shown.occurrence);
    after.value("temperature", 20.0);
    assert_eq!(after.journalled(), [("hot".to_owned(), "returned")]);
}
