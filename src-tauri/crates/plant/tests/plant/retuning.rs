//! Other numbers for an alarm, in the text of a plant file.

use std::time::Duration;

use alarm::{AlarmId, Tuning};
use plant::{Files, Plant, Retuning, TagIndices, Unchangeable};

use crate::common;

const TEXT: &str = r#"[plant]
name = "Ulm" # not Neu-Ulm

[[gateways]]
id = "broker"
kind = "mqtt"
host = "127.0.0.1"

[templates.pump]
[[templates.pump.tags]]
id = "flow"
gateway = "broker"
address = { topic = "{machine}/flow" }
limits = { low = 5 }

[[machines]]
path = "ulm/fill/line1/filler"

[[machines]]
path = "ulm/fill/line1/pump"
template = "pump"

[[tags]]
machine = "ulm/fill/line1/filler"
id = "temperature"
gateway = "broker"
address = { topic = "t" }
  [tags.limits]
  high = 80.0   # of the manual
  high_high = 90

[[tags]]
machine = "ulm/fill/line1/filler"
id = "level"
gateway = "broker"
address = { topic = "l" }
limits.low = 10

[[alarms]]
tag = "ulm/fill/line1/filler/level"
id = "drop"
kind = "rate"
limit = 0.5
window_s = 60 # a minute
"#;

fn plant(text: &str, list: &str) -> Plant {
    let mut files = Files::new();
    files.insert("plant.toml", text);
    if !list.is_empty() {
        files.insert("tags/pumps.csv", list);
    }
    common::plant(&files, &TagIndices::default())
}

/// The alarm's numbers, changed.
fn retuning(plant: &Plant, alarm: &str, change: impl FnOnce(&mut Tuning)) -> Retuning {
    let alarm = AlarmId::new(alarm);
    let found = plant.alarms.iter().find(|one| one.id == alarm).unwrap_or_else(|| panic!("there is no {alarm}"));
    let mut tuning = found.config.tuning();
    change(&mut tuning);
    Retuning { alarm, tuning }
}

/// Changes an alarm's numbers: of the text just one line becomes some others, and the plant that is read has the numbers.
fn check(text: &str, alarm: &str, change: impl FnOnce(&mut Tuning), from: &str, to: &str) {
    let before = plant(text, "");
    let retuning = retuning(&before, alarm, change);
    let changed = retuning.within(text, &before).expect("it can be written");
    assert!(text.matches(from).count() == 1, "{from}");
    assert_eq!(changed, text.replace(from, to));
    let after = plant(&changed, "");
    let found = after.alarms.iter().find(|one| one.id == retuning.alarm).expect("it is still there");
    assert_eq!(found.config.tuning(), retuning.tuning);
}

#[test]
fn a_number_is_replaced_where_it_stands_and_the_comment_behind_it_stays() {
    let high = "ulm/fill/line1/filler/temperature/high";
    check(TEXT, high, |tuning| tuning.limit = Some(82.0), "high = 80.0   # of", "high = 82.0   # of");
    check(TEXT, high, |tuning| tuning.second_limit = Some(91.5), "high_high = 90", "high_high = 91.5");
    check(TEXT, "ulm/fill/line1/filler/drop", |tuning| tuning.limit = Some(0.75), "limit = 0.5", "limit = 0.75");
}

#[test]
fn what_was_not_said_is_written_behind_the_last_of_the_table() {
    let wait = |tuning: &mut Tuning| {
        tuning.deadband = Some(1.5);
        tuning.on_delay = Duration::from_millis(2_500);
    };
    check(
        TEXT,
        "ulm/fill/line1/filler/temperature/high",
        wait,
        "  high_high = 90\n",
        "  high_high = 90\n  deadband = 1.5\n  on_delay_s = 2.5\n",
    );
    check(
        TEXT,
        "ulm/fill/line1/filler/level/low",
        |tuning| tuning.off_delay = Duration::from_secs(5),
        "limits.low = 10\n",
        "limits.low = 10\nlimits.off_delay_s = 5\n",
    );
    check(
        TEXT,
        "ulm/fill/line1/filler/drop",
        |tuning| (tuning.on_delay, tuning.times) = (Duration::from_secs(60), Some(3)),
        "window_s = 60 # a minute\n",
        "window_s = 60 # a minute\non_delay_s = 60\ntimes = 3\n",
    );
}

#[test]
fn a_file_of_another_system_keeps_its_line_ends_and_its_mark() {
    let text = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
    check(
        &text,
        "ulm/fill/line1/filler/drop",
        |tuning| tuning.off_delay = Duration::from_secs(5),
        "window_s = 60 # a minute\r\n",
        "window_s = 60 # a minute\r\noff_delay_s = 5\r\n",
    );
}

#[test]
fn nothing_changes_where_nothing_is_another_number() {
    let before = plant(TEXT, "");
    for definition in
        before.alarms.iter().filter(|one| before.written(&one.id).is_some_and(|at| at.template_of.is_none()))
    {
        if definition.id.as_str().starts_with("gateway/") {
            continue;
        }
        let same = Retuning { alarm: definition.id.clone(), tuning: definition.config.tuning() };
        assert_eq!(same.within(TEXT, &before).as_deref(), Ok(TEXT), "{}", definition.id);
    }
}

#[test]
fn what_is_not_this_alarms_own_is_refused_with_its_place() {
    let list = "machine,id,gateway,address.topic,limits.high\nulm/fill/line1/filler,weight,broker,w,7\n";
    let before = plant(TEXT, list);
    let refused = |alarm: &str| {
        let retuning = retuning(&before, alarm, |tuning| tuning.limit = Some(6.0));
        retuning.within(TEXT, &before).expect_err("it is not written there")
    };
    let template = refused("ulm/fill/line1/pump/flow/low");
    assert!(matches!(&template, Unchangeable::Template { line: 14, .. }), "{template}");
    let list = refused("ulm/fill/line1/filler/weight/high");
    assert!(matches!(&list, Unchangeable::OtherFile { file, line: 2, .. } if file == "tags/pumps.csv"), "{list}");
    let counted = retuning(&before, "ulm/fill/line1/filler/level/low", |tuning| {
        (tuning.on_delay, tuning.times) = (Duration::from_secs(60), Some(3));
    });
    let counted = counted.within(TEXT, &before).expect_err("the limits of a tag are not counted");
    assert!(matches!(counted, Unchangeable::NoPlace { key: "times", .. }), "{counted}");
}
