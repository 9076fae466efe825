//! How values live: they arrive, go stale, are calculated with, and are recorded.

use super::*;

#[test]
fn a_value_arrives_and_is_recorded() {
    let mut story = Story::begin();
    assert_eq!(story.row("temperature").quality, Quality::BAD_WAITING);
    story.value("temperature", 21.5);
    assert_eq!(story.number("temperature"), Some(21.5));
    let recorded = story.recorded("temperature");
    assert_eq!(recorded.iter().map(Sample::number).collect::<Vec<_>>(), [Some(21.5)]);
}

#[test]
fn a_lost_gateway_makes_its_own_tags_stale_and_keeps_their_values() {
    let mut story = Story::begin();
    story.value("temperature", 21.5);
    story.value("pressure", 3.0);
    let time = story.row("temperature").time;
    story.recorded("temperature");
    story.pass(1);

    story.down("broker");
    let row = story.row("temperature");
    assert_eq!((row.quality, row.time), (Quality::STALE, time), "its age can still be told");
    assert_eq!(story.number("temperature"), Some(21.5));
    assert_eq!(story.row("speed").quality, Quality::BAD_WAITING, "it never had a value to be stale");
    assert_eq!(story.row("load").quality, Quality::STALE, "what is calculated of it is no better");
    let marks: Vec<Quality> = story.recorded("temperature").iter().map(|sample| sample.quality).collect();
    assert_eq!(marks, [Quality::STALE], "the gap is in history");

    story.up("broker");
    assert_eq!(story.row("temperature").quality, Quality::STALE, "a connection alone proves nothing");
    story.value("temperature", 21.5);
    assert_eq!(story.row("temperature").quality, Quality::GOOD);
}

#[test]
fn a_bad_sample_without_a_value_leaves_the_last_one_on_the_screen() {
    let mut story = Story::begin();
    story.value("temperature", 21.5);
    story.value("pressure", 2.0);
    let time = story.row("temperature").time;
    story.pass(1);
    story.sample("temperature", Sample::bad(story.now.wall, Quality::BAD_TIMEOUT));
    let row = story.row("temperature");
    assert_eq!((row.value, row.quality, row.time), (Some(Value::Float(21.5)), Quality::BAD_TIMEOUT, time));
    assert_eq!(story.number("load"), None, "and nothing is calculated with it");
    let recorded = story.recorded("temperature").pop().expect("a change of quality is recorded");
    assert_eq!((recorded.value, recorded.quality), (None, Quality::BAD_TIMEOUT), "in history it is a gap");
    story.down("broker");
    assert_eq!(story.row("temperature").quality, Quality::STALE);
    assert_eq!(story.number("temperature"), Some(21.5));
}

#[test]
fn a_tag_that_falls_silent_is_stale_after_its_own_time() {
    let mut story = Story::begin();
    story.value("pressure", 3.0);
    story.value("temperature", 20.0);
    story.pass(4);
    assert_eq!(story.row("pressure").quality, Quality::GOOD);
    story.pass(2);
    assert_eq!(story.row("pressure").quality, Quality::STALE);
    assert_eq!(story.row("temperature").quality, Quality::GOOD, "nothing is expected of it within a time");
}

#[test]
fn a_tag_that_never_had_a_value_has_no_data_once_its_time_is_over() {
    let mut story = Story::begin();
    story.down("broker");
    story.pass(20);
    assert_eq!(story.row("pressure").quality, Quality::BAD_WAITING, "the gateway's alarm says enough");
    story.up("broker");
    story.pass(4);
    assert_eq!(story.row("pressure").quality, Quality::BAD_WAITING);
    story.pass(2);
    assert_eq!(story.row("pressure").quality, Quality::BAD_NO_DATA);
}

#[test]
fn calculations_follow_their_inputs_in_order() {
    let mut story = Story::begin();
    story.value("temperature", 10.0);
    assert_eq!(story.number("load"), None, "half of the inputs is not enough");
    story.value("pressure", 4.0);
    assert_eq!(story.number("load"), Some(40.0));
    assert_eq!(story.number("half_load"), Some(20.0), "what is calculated of a calculation is up to date too");
    let bad = Sample::bad(story.now.wall, Quality::BAD_SENSOR_FAILURE);
    story.pass(1);
    story.sample("pressure", Sample { time: story.now.wall, received: story.now.wall, ..bad });
    assert_eq!(story.row("half_load").quality, Quality::BAD_SENSOR_FAILURE);
    assert_eq!(story.number("half_load"), None);
}

#[test]
fn a_late_sample_is_history_and_not_live() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.recorded("temperature");
    story.pass(2);
    let late = story.now.wall.saturating_sub(Duration::from_secs(60));
    story.sample("temperature", Sample { received: story.now.wall, ..Sample::good(late, Value::Float(5.0)) });
    assert_eq!(story.number("temperature"), Some(20.0));
    assert_eq!(story.recorded("temperature").iter().map(|sample| sample.time).collect::<Vec<_>>(), [late]);
}

#[test]
fn a_source_whose_clock_was_set_back_is_believed_again() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    for second in 1..=12 {
        story.pass(1);
        let back = story.now.wall.saturating_sub(Duration::from_secs(3_600));
        let value = Value::Float(20.0 + f64::from(second));
        story.sample("temperature", Sample { received: story.now.wall, ..Sample::good(back, value) });
    }
    assert_eq!(story.number("temperature"), Some(32.0), "a live view that stands still for an hour is worse");
}

#[test]
fn after_sleep_no_value_is_good_until_a_new_one_comes() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.value("pressure", 2.0);
    let (now, mut effects) = (story.now, Effects::default());
    story.core.distrust(now, &mut effects);
    for tag in ["temperature", "pressure", "load", "half_load"] {
        assert_eq!(story.row(tag).quality, Quality::STALE, "{tag}");
    }
    story.value("temperature", 20.0);
    assert_eq!(story.row("temperature").quality, Quality::GOOD);
    assert_eq!(story.row("pressure").quality, Quality::STALE);
}

#[test]
fn the_end_of_the_program_is_a_gap_in_history() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.pass(1);
    story.value("temperature", 20.0);
    story.recorded("temperature");
    let (now, mut effects) = (story.now, Effects::default());
    story.core.close_history(now, &mut effects);
    story.effects = effects;
    let last: Vec<Quality> = story.recorded("temperature").iter().map(|sample| sample.quality).collect();
    assert_eq!(last, [Quality::GOOD, Quality::BAD_NOT_CONNECTED], "the last value, then nothing");
    assert!(story.recorded("speed").is_empty(), "of what never had a value there is nothing to end");
}

#[test]
fn only_what_changed_carries_the_new_revision() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.value("pressure", 2.0);
    let before = story.snapshot().revision;
    story.pass(1);
    story.value("pressure", 3.0);
    assert!(story.row("pressure").changed > before);
    assert!(story.row("temperature").changed <= before);
}

#[test]
fn what_a_source_calls_past_is_recorded_and_changes_nothing_that_is_shown() {
    let mut story = Story::begin();
    story.value("pressure", 3.0);
    story.value("temperature", 20.0);
    story.recorded("temperature");
    story.pass(10);
    let tag = story.tag("temperature");
    let past = Sample {
        time: Timestamp::from_millis(START.wall.millis() + 5_000),
        ..Sample::good(story.now.wall, Value::Float(95.0))
    };
    let update = Update { tag, sample: past.clone(), reach: Reach::History };
    story.send("broker", What::Batch(Batch { updates: vec![update] }));
    assert_eq!(story.number("temperature"), Some(20.0));
    assert_eq!(story.recorded("temperature"), [past]);
    story.pass(10);
    assert_eq!(story.alarms(), [], "nothing is raised for what was");
}

#[test]
fn what_is_not_worth_keeping_is_shown_and_not_recorded() {
    let mut story = Story::begin();
    let tag = story.tag("temperature");
    let update = Update { reach: Reach::Live, ..Update::new(tag, Sample::good(story.now.wall, Value::Float(30.0))) };
    story.send("broker", What::Batch(Batch { updates: vec![update] }));
    assert_eq!(story.number("temperature"), Some(30.0));
    assert_eq!(story.recorded("temperature"), []);
}

#[test]
fn a_retained_value_beyond_a_limit_raises_nothing_until_a_live_one_comes() {
    let mut story = Story::begin();
    let retained = Sample { quality: Quality::UNCERTAIN_INITIAL, ..Sample::good(story.now.wall, Value::Float(95.0)) };
    story.sample("temperature", retained);
    story.pass(30);
    assert_eq!(story.alarms(), [], "nobody knows how old it is");
    story.value("temperature", 95.0);
    story.pass(4);
    assert_eq!(story.alarms().len(), 1, "the live one counts");
}
