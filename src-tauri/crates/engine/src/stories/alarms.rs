//! How alarms live: raised, acknowledged only once it is on disk, held while the source is lost, kept over a restart.

use super::*;

use alarm::{Act, AlarmId, Deed, Known};

use crate::bank::Ticket;
use crate::event::{StoreRefused, Target, Wanted};

fn act(story: &Story) -> Act {
    Act { user: "eve".into(), station: "desk 1".into(), note: "on my way".into(), at: story.now.wall }
}

fn prepare(story: &mut Story, alarm: &str, wanted: Wanted) -> (Ticket, usize, Vec<String>) {
    let occurrence = story.occurrence(alarm);
    let act = act(story);
    let (ticket, entries, acted) = story.core.prepare(story.now, vec![Target::Occurrence(occurrence)], &wanted, &act);
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
        announced: shown.occurrence.raised,
        level: 0,
        last_level: None,
        re_alarms: 0,
        confirmed: None,
        notes: Vec::new(),
    };

    let mut after = Story::begin_with(HashMap::from([(
        shown.occurrence.alarm.clone(),
        Known { standings: vec![standing], ..Known::default() },
    )]));
    assert_eq!(after.alarms(), [("hot".to_owned(), State::Acked)]);
    after.value("temperature", 86.0);
    after.pass(10);
    assert_eq!(after.alarms(), [("hot".to_owned(), State::Acked)]);
    assert!(after.journalled().is_empty(), "nothing is raised twice");
    assert_eq!(after.occurrence("hot"), shown.occurrence);
    after.value("temperature", 20.0);
    assert_eq!(after.journalled(), [("hot".to_owned(), "returned")]);
}

/// The story's press with more alarms, and with what they read beside it.
fn with_alarms(alarms: &str) -> String {
    format!(
        "{PLANT}
[[tags]]
machine = \"{PRESS}\"
id = \"top\"
gateway = \"plc\"
address = {{ at = 4 }}
{alarms}"
    )
}

fn begin_with_alarms(alarms: &str) -> Story {
    let mut story = Story::begin();
    story.reload(&with_alarms(alarms));
    story.up("broker");
    story.up("plc");
    story.journalled();
    story
}

#[test]
fn a_limit_that_is_another_tag_is_followed_wherever_that_comes_from() {
    let mut story = begin_with_alarms(
        "[[alarms]]\ntag = \"works/hall/line/press/pressure\"\nid = \"high\"\nkind = \"high\"\nlimit = \"top\"\n",
    );
    story.value("pressure", 7.0);
    assert!(story.alarms().is_empty(), "nothing is known of the limit");
    story.value("top", 8.0);
    assert!(story.alarms().is_empty());
    story.value("top", 6.0);
    assert_eq!(story.alarms(), [("high".to_owned(), State::Unack)]);
    story.down("plc");
    story.value("pressure", 3.0);
    let held = story.snapshot().alarms.alarms.iter().any(|active| active.source_lost && active.state == State::Unack);
    assert!(held, "without its limit it stays as it is, and says so");
    story.up("plc");
    story.value("top", 6.5);
    assert!(story.alarms().contains(&("high".to_owned(), State::RtnUnack)));
}

#[test]
fn an_alarm_is_enabled_by_a_formula_over_other_tags() {
    let mut story = begin_with_alarms(
        "[[alarms]]\ntag = \"works/hall/line/press/pressure\"\nid = \"low\"\nkind = \"low\"\nlimit = 2\n\
         enabled_when = \"speed > 10\"\noff_delay_s = 60\n",
    );
    story.value("pressure", 1.0);
    story.value("speed", 0.0);
    assert!(story.alarms().is_empty(), "a press that stands needs no pressure");
    story.value("speed", 50.0);
    assert_eq!(story.alarms(), [("low".to_owned(), State::Unack)]);
    story.value("speed", 5.0);
    assert_eq!(story.alarms(), [("low".to_owned(), State::RtnUnack)], "it returns at once, and waits for somebody");
}

#[test]
fn a_tag_that_never_says_anything_is_found_once_its_gateway_is_there() {
    let silent =
        "[[alarms]]\ntag = \"works/hall/line/press/top\"\nid = \"quiet\"\nkind = \"no-update\"\nwithin_s = 20\n";
    let mut story = begin_with_alarms(silent);
    story.pass(19);
    assert!(story.alarms().is_empty());
    story.pass(2);
    assert_eq!(story.alarms(), [("quiet".to_owned(), State::Unack)]);
    story.value("top", 1.0);
    assert_eq!(story.alarms(), [("quiet".to_owned(), State::RtnUnack)]);

    let mut story = begin_with_alarms(silent);
    story.value("top", 1.0);
    for _ in 0..6 {
        story.pass(10);
        story.reload(&with_alarms(silent));
        story.value("top", 1.0);
    }
    assert!(story.alarms().is_empty(), "a source that repeats itself with a new time is not silent");
    story.pass(10);
    story.reload(&with_alarms(silent));
    story.pass(11);
    assert_eq!(story.alarms().len(), 1, "a reload is no sign of life");
}

#[test]
fn a_window_is_of_one_tag_and_of_no_other() {
    let rate = |tag: &str| {
        format!(
            "[[alarms]]\nmachine = \"{PRESS}\"\ntag = \"{tag}\"\nid = \"rate\"\nkind = \"rate\"\nlimit = 1\nwindow_s = 10\n"
        )
    };
    let mut story = begin_with_alarms(&rate("pressure"));
    story.value("pressure", 0.0);
    story.value("top", 500.0);
    story.pass(2);
    story.reload(&with_alarms(&rate("top")));
    story.value("top", 500.5);
    assert!(story.alarms().is_empty(), "the pressure before says nothing of what is watched now");
    story.pass(5);
    story.value("top", 530.0);
    assert_eq!(story.alarms(), [("rate".to_owned(), State::Unack)]);
    story.pass(12);
    assert_eq!(story.alarms(), [("rate".to_owned(), State::RtnUnack)], "without a sample it ends with the window");
}

#[test]
fn what_several_sources_say_while_the_disk_writes_is_heard_in_order() {
    let mut story = begin_with_alarms(
        "[[alarms]]\ntag = \"works/hall/line/press/pressure\"\nid = \"high\"\nkind = \"high\"\nlimit = \"top\"\n",
    );
    story.value("top", 6.0);
    story.value("pressure", 7.0);
    let (ticket, ..) = prepare(&mut story, "high", Wanted::Acknowledge);
    story.value("pressure", 20.0);
    story.value("top", 30.0);
    settle(&mut story, ticket, Ok(()));
    assert!(story.alarms().is_empty(), "acknowledged, and under its new limit");
}

fn prepare_on_alarm(story: &mut Story, alarm: &str, wanted: &Wanted, note: &str) -> Result<Ticket, String> {
    let id = AlarmId::new(format!("works/hall/line/press/{alarm}"));
    let act = Act { note: note.into(), ..act(story) };
    let (ticket, _, acted) = story.core.prepare(story.now, vec![Target::Alarm(id)], wanted, &act);
    match acted.refused.into_iter().next() {
        Some((_, reason)) => Err(reason),
        None => Ok(ticket),
    }
}

const SHELVE: Wanted = Wanted::Shelve { time: Duration::from_secs(60), one_shot: false };

#[test]
fn a_shelved_alarm_is_in_a_list_of_its_own_and_comes_back_when_its_time_is_over() {
    let mut story = hot();
    let ticket = prepare_on_alarm(&mut story, "hot", &SHELVE, "sensor is being cleaned").expect("it may be shelved");
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)], "not before it is on disk");
    settle(&mut story, ticket, Ok(()));
    assert!(story.alarms().is_empty());
    let list = Arc::clone(&story.snapshot().alarms);
    let shelved = list.suppressed[0].suppression.shelved.clone().expect("it is shelved");
    assert_eq!((shelved.act.user.as_str(), shelved.act.note.as_str()), ("eve", "sensor is being cleaned"));
    assert_eq!((list.active, list.unacknowledged), ([0; 4], [0; 4]), "it is counted nowhere else");
    story.journalled();
    story.pass(61);
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
    assert_eq!(story.journalled(), [("hot".to_owned(), "unshelved"), ("hot".to_owned(), "announced after all")]);
}

#[test]
fn shelving_needs_a_reason_and_an_end_within_the_alarms_bound() {
    let mut story = hot();
    assert_eq!(prepare_on_alarm(&mut story, "hot", &SHELVE, ""), Err("say why it is shelved".to_owned()));
    let long = Wanted::Shelve { time: Duration::from_secs(13 * 3600), one_shot: false };
    let refused = prepare_on_alarm(&mut story, "hot", &long, "for ever");
    assert_eq!(refused, Err("it may be shelved for at most 720 minutes".to_owned()));
    let nothing = prepare_on_alarm(&mut story, "no-such", &SHELVE, "why");
    assert_eq!(nothing, Err("there is no such alarm in the plant".to_owned()));
}

#[test]
fn a_formula_suppresses_by_design_and_one_that_cannot_be_trusted_changes_nothing() {
    let mut story = begin_with_alarms(
        "[[alarms]]\ntag = \"works/hall/line/press/pressure\"\nid = \"low\"\nkind = \"low\"\nlimit = 2\n\
         suppressed_when = \"speed < 10\"\n",
    );
    story.value("speed", 0.0);
    story.value("pressure", 1.0);
    assert!(story.alarms().is_empty(), "a press that stands needs no pressure");
    let rule = story.snapshot().alarms.suppressed[0].suppression.by_design.clone().expect("by design").rule;
    assert_eq!(rule, "speed < 10");
    story.down("broker");
    assert!(!story.alarms().iter().any(|(alarm, _)| alarm == "low"), "nothing is known, so that nothing changes");
    story.up("broker");
    story.value("speed", 50.0);
    assert!(story.alarms().contains(&("low".to_owned(), State::Unack)));
}

#[test]
fn what_was_done_at_another_station_counts_here_with_its_own_time_and_once() {
    let mut story = hot();
    story.journalled();
    let raised = story.occurrence("hot").raised;
    let deed = Deed {
        order: raised.millis() + 5_000,
        alarm: AlarmId::new("works/hall/line/press/hot"),
        what: alarm::What::Acknowledge { raised, through: raised },
        act: Act { user: "max".into(), station: "laptop".into(), note: "in the basement".into(), at: raised },
    };
    for _ in 0..2 {
        story.core.hear(story.now, vec![deed.clone()], &mut story.effects);
    }
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Acked)]);
    assert_eq!(story.journalled(), [("hot".to_owned(), "acknowledged")]);
    let shown = story.snapshot().alarms.alarms[0].acknowledged.clone().expect("acknowledged");
    assert_eq!((shown.station.as_str(), shown.at), ("laptop", raised));
}
