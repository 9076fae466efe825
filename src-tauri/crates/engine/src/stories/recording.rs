//! What goes to history of what is live: a line that is true within the deviation of the plant file.

use history::{Keep, Span};

use super::*;
use crate::keeping;

/// The story's temperature behind a swinging door.
fn with_door() -> String {
    PLANT.replace(
        "decimals = 1\naddress = { at = 1 }",
        "decimals = 1\nrecord = { rule = \"swinging-door\", deviation = 0.5, max_interval_s = 600 }\naddress = { at = 1 }",
    )
}

/// A temperature that goes up and down by 40 K in half an hour, with noise of up to 0.25 K.
fn noisy(second: u32) -> f64 {
    let noise = f64::from(second.wrapping_mul(2_654_435_761) >> 8) / f64::from(1_u32 << 24) - 0.5;
    20.0 + 20.0 * (f64::from(second) / 1_800.0 * std::f64::consts::TAU).sin() + 0.5 * noise
}

#[test]
fn of_a_noisy_value_few_samples_are_recorded_and_the_line_through_them_is_true() {
    let mut story = Story::begin();
    story.reload(&with_door());
    story.recorded("temperature");
    let mut sent = Vec::new();
    for second in 0..3_600 {
        story.pass(1);
        let value = noisy(second);
        story.value("temperature", value);
        assert_eq!(story.number("temperature"), Some(value), "what is shown is not filtered");
        sent.push((story.now.wall, value));
    }
    let (now, mut effects) = (story.now, std::mem::take(&mut story.effects));
    story.core.close_history(now, &mut effects);
    story.history.import(effects.rows).expect("the disk works");

    let tag = story.tag("temperature");
    let series = story.snapshot().series_of(tag).expect("it is recorded");
    let span = Span { from: START.wall, to: now.wall.saturating_add(Duration::from_secs(1)) };
    let rows = story.history.reader().raw(series, span, usize::MAX).expect("history can be read");
    let (gap, line) = rows.split_last().expect("something was recorded");
    assert_eq!(gap.quality, Quality::BAD_NOT_CONNECTED, "the end of the program");
    assert!(line.len() < sent.len() / 20, "{} of {} samples are recorded", line.len(), sent.len());
    for (time, value) in &sent {
        let after = line.partition_point(|row| row.time < *time);
        let of_row = |row: &Sample| row.number().expect("a recorded number");
        let drawn = match (after.checked_sub(1).map(|before| &line[before]), &line[after]) {
            (Some(before), row) => {
                #[expect(clippy::cast_precision_loss, reason = "an hour in milliseconds")]
                let share = time.millis_since(before.time) as f64 / row.time.millis_since(before.time) as f64;
                of_row(before) + (of_row(row) - of_row(before)) * share
            }
            (None, row) => of_row(row),
        };
        assert!((drawn - value).abs() <= 0.5, "{value} was sent and {drawn} is drawn at {time:?}");
    }
}

#[test]
fn alarms_hear_every_sample_also_those_that_are_held_back() {
    let mut story = Story::begin();
    story.reload(&with_door().replace("on_delay_s = 3\n", ""));
    story.value("temperature", 79.9);
    story.pass(1);
    story.recorded("temperature");
    story.value("temperature", 80.1);
    assert_eq!(story.recorded("temperature"), [], "it is within the deviation");
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)]);
}

#[test]
fn what_is_held_back_is_recorded_when_nothing_more_comes() {
    let mut story = Story::begin();
    story.reload(&with_door().replace("max_interval_s = 600", "max_interval_s = 30"));
    story.value("temperature", 20.0);
    story.pass(1);
    story.value("temperature", 20.3);
    let held = story.now.wall;
    story.recorded("temperature");
    story.pass(28);
    assert_eq!(story.recorded("temperature"), []);
    story.pass(3);
    assert_eq!(story.recorded("temperature"), [Sample::good(held, Value::Float(20.3))], "with its own time");
}

#[test]
fn another_plant_begins_when_what_the_old_one_held_back_is_recorded() {
    let mut story = Story::begin();
    story.reload(&with_door());
    story.value("temperature", 20.0);
    story.pass(1);
    story.value("temperature", 20.3);
    let held = Sample::good(story.now.wall, Value::Float(20.3));
    story.recorded("temperature");
    story.reload(PLANT);
    assert_eq!(story.recorded("temperature"), [held]);
    story.pass(1);
    story.value("temperature", 20.4);
    assert_eq!(story.recorded("temperature").len(), 1, "from now on every change counts");
}

#[test]
fn a_gap_comes_after_the_value_of_a_source_whose_clock_is_ahead() {
    let mut story = Story::begin();
    let ahead = story.now.wall.saturating_add(Duration::from_secs(30));
    story.sample("temperature", Sample { received: story.now.wall, ..Sample::good(ahead, Value::Float(20.0)) });
    story.pass(1);
    story.down("broker");
    let marks: Vec<(i64, Quality)> =
        story.recorded("temperature").iter().map(|row| (row.time.millis_since(ahead), row.quality)).collect();
    assert_eq!(marks, [(0, Quality::GOOD), (1, Quality::STALE)]);
}

#[test]
fn history_learns_how_long_each_tag_is_kept() {
    let mut story = Story::begin();
    let plant = with_door().replace("record = {", "history = \"short\"\nrecord = {");
    let groups = "[history]\nraw_days = 30\nhours_days = \"forever\"\nsize_limit_gb = 2\n\
                  [history.groups.short]\nraw_days = 1\n";
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 3_600));
    let keep = story.snapshot().plant.indices().clone();
    let activation = activation(&story.history, read(&format!("{groups}{plant}"), &keep));
    let temperature = activation.series[story.tag("temperature").slot()].expect("it is recorded");
    let told = keeping(&activation);
    assert_eq!(told.default, Keep { raw: days(30), minutes: days(400), hours: None });
    assert_eq!(
        told.of.into_iter().collect::<Vec<_>>(),
        [(temperature, Keep { raw: days(1), minutes: days(400), hours: None })]
    );
    assert_eq!(told.size, Some(2_000_000_000));
}
