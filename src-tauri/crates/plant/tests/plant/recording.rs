//! What is recorded and how long it is kept: what is said where, what comes of it, and what makes no sense.

use std::time::Duration;

use model::Keep;
use plant::{JournalKeep, Plant, Recording, Rule, Tag, TagIndices};

use crate::common::{AROUND, check, check_files, folder, plant};

fn resolved(text: &str) -> Plant {
    plant(&folder(&format!("{text}{AROUND}")), &TagIndices::default())
}

/// The tag `t` of a plant with this before it and these lines in it.
fn tag(before: &str, lines: &str) -> Tag {
    let tag = format!("[[tags]]\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n{lines}\n");
    resolved(&format!("{before}\n{tag}")).tag_by_id("t").expect("it is in the file").clone()
}

fn rule(before: &str, lines: &str) -> Option<Rule> {
    tag(before, lines).recording.map(|recording| recording.rule)
}

/// Checks the problems of a tag with these lines, the first of which is line 6.
fn refused(lines: &str, expect: &[&str]) {
    check(&format!("TAG\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n{lines}"), expect);
}

#[test]
fn a_tag_says_how_it_is_recorded() {
    assert_eq!(rule("", ""), Some(Rule::OnChange));
    assert_eq!(rule("", "record = true"), Some(Rule::OnChange));
    assert_eq!(rule("", "record = false"), None);
    assert_eq!(rule("", "record = { rule = \"every-sample\" }"), Some(Rule::EverySample));
    assert_eq!(rule("", "record = { rule = \"on-change\" }"), Some(Rule::OnChange));
    assert_eq!(rule("", "record = { rule = \"deadband\", deviation = 0.5 }"), Some(Rule::Deadband(0.5)));
    assert_eq!(
        rule("", "range = [50, 250]\nrecord = { rule = \"swinging-door\", deviation_percent = 0.25 }"),
        Some(Rule::SwingingDoor(0.5)),
        "of the range"
    );
    assert_eq!(rule("", "type = \"int\"\nrecord = { rule = \"deadband\", deviation = 2 }"), Some(Rule::Deadband(2.0)));
}

#[test]
fn the_deadband_of_older_files_is_the_rule_of_that_name() {
    assert_eq!(rule("", "deadband = 0.5"), Some(Rule::Deadband(0.5)));
    assert_eq!(rule("", "deadband = 0"), Some(Rule::OnChange));
    assert_eq!(rule("", "deadband = 0.5\nrecord = true"), Some(Rule::Deadband(0.5)));
    assert_eq!(rule("", "deadband = 0.5\nrecord = false"), None);
    let recording = tag("", "deadband = 0.5\nrecord = { max_interval_s = 5 }").recording.expect("it is recorded");
    assert_eq!((recording.rule, recording.max_interval), (Rule::Deadband(0.5), Duration::from_secs(5)));
}

#[test]
fn what_a_tag_does_not_say_comes_from_its_group_and_then_from_the_plant() {
    let history = r#"
[history]
record = { rule = "swinging-door", deviation_percent = 1, min_interval_s = 2, max_interval_s = 600 }
[history.groups.energy]
record = { deviation_percent = 2, max_interval_s = 900 }
[history.groups.scratch]
record = false
"#;
    let of = |lines: &str| tag(history, lines).recording;
    let recording = |rule, min: u64, max: u64| {
        Some(Recording { rule, min_interval: Duration::from_secs(min), max_interval: Duration::from_secs(max) })
    };
    let ranged = |lines: &str| of(&format!("range = [0, 100]\n{lines}"));
    assert_eq!(ranged(""), recording(Rule::SwingingDoor(1.0), 2, 600));
    assert_eq!(ranged("history = \"energy\""), recording(Rule::SwingingDoor(2.0), 2, 900));
    assert_eq!(
        ranged("history = \"energy\"\nrecord = { rule = \"deadband\", min_interval_s = 0 }"),
        recording(Rule::Deadband(2.0), 0, 900)
    );
    assert_eq!(ranged("record = { deviation = 0.5 }"), recording(Rule::SwingingDoor(0.5), 2, 600), "units go before");
    assert_eq!(ranged("deadband = 3"), recording(Rule::Deadband(3.0), 2, 600));
    assert_eq!(ranged("history = \"scratch\""), None);
    assert_eq!(ranged("history = \"scratch\"\nrecord = true"), recording(Rule::SwingingDoor(1.0), 2, 600));
    assert_eq!(
        ranged("record = { max_interval_s = 1 }"),
        recording(Rule::SwingingDoor(1.0), 1, 1),
        "what is said wins"
    );
    assert_eq!(ranged("record = { min_interval_s = 800 }"), recording(Rule::SwingingDoor(1.0), 800, 800));
    for unfit in ["type = \"text\"", "type = \"bool\"", ""] {
        assert_eq!(of(unfit), recording(Rule::OnChange, 2, 600), "what comes from above need not fit: {unfit}");
    }
}

#[test]
fn recording_that_makes_no_sense() {
    refused(
        "record = { rule = \"deadband\", deviation = -1 }",
        &["6 `deviation` is negative; use 0 or more", NO_DEVIATION],
    );
    refused(
        "record = { rule = \"deadband\", deviation = 0 }",
        &["6 the deviation is 0; use `rule = \"on-change\"`, or a deviation above 0", NO_DEVIATION],
    );
    refused("record = { rule = \"swinging-door\" }", &[NO_DEVIATION]);
    refused(
        "record = { rule = \"swinging-door\", deviation_percent = 1 }",
        &["6 `deviation_percent` is a part of the tag's range, and the tag has none; \
           add `range = [low, high]`, or give a `deviation` in the tag's unit"],
    );
    refused(
        "range = [0, 10]\nrecord = { rule = \"swinging-door\", deviation_percent = 101 }",
        &["7 `deviation_percent` is more than the whole range; use at most 100", &NO_DEVIATION.replace('6', "7")],
    );
    refused(
        "range = [0, 10]\nrecord = { rule = \"deadband\", deviation = 1, deviation_percent = 1 }",
        &["7 both `deviation` and `deviation_percent` are given; keep one of them"],
    );
    for kind in ["text", "bool"] {
        refused(
            &format!("type = \"{kind}\"\nrecord = {{ rule = \"deadband\", deviation = 1 }}"),
            &["7 this rule has a meaning for tags of type int and float only; use `rule = \"on-change\"`"],
        );
    }
    refused(
        "type = \"bool\"\ndeadband = 1",
        &["7 `deadband` has a meaning for tags of type int and float only; remove it, or change the type"],
    );
    refused(
        "record = { rule = \"on-change\", deviation = 1 }",
        &[
            "6 a deviation has a meaning for the rules `deadband` and `swinging-door` only; remove it, or change the rule",
        ],
    );
    refused(
        "record = { deviation = 1 }",
        &["6 a deviation is given and no rule that makes use of it; \
           add `rule = \"swinging-door\"` or `rule = \"deadband\"`"],
    );
    refused(
        "record = { min_interval_s = 10, max_interval_s = 5 }",
        &["6 `min_interval_s` is longer than `max_interval_s`; exchange them, or remove one"],
    );
    refused(
        "record = { max_interval_s = 0 }",
        &["6 `max_interval_s` is 0; use the longest time that may lie between two samples"],
    );
    refused("record = { min_interval_s = -1 }", &["6 `min_interval_s` is negative; use 0 or more"]);
    refused(
        "record = { max_interval_s = 100000 }",
        &["6 `max_interval_s` is longer than a day; use at most 86400 seconds"],
    );
    refused(
        "record = { rule = \"swinging\" }",
        &["6 unknown rule `swinging` in record; did you mean `swinging-door`?"],
    );
    refused("record = { role = \"on-change\" }", &["6 unknown key `role` in record; did you mean `rule`?"]);
    refused(
        "deadband = 1\nrecord = { rule = \"on-change\" }",
        &["6 both `deadband` and `record` say which samples are recorded; keep one of them"],
    );
}

const NO_DEVIATION: &str =
    "6 the rule needs a deviation; add `deviation`, in the tag's unit, or `deviation_percent`, of its range";

#[test]
fn a_list_and_a_template_say_it_as_a_tag_does() {
    let list = "id,gateway,address.topic,history,record.rule,record.deviation\n\
                a,broker,a,,swinging-door,0.5\nb,broker,b,short,,\n";
    let mut files = folder(&format!(
        r#"
[history.groups.short]
raw_days = 7
[templates.pump]
[[templates.pump.tags]]
id = "flow"
gateway = "broker"
address = {{ topic = "{{path}}/flow" }}
history = "short"
record = {{ rule = "deadband", deviation = "{{noise}}" }}
[[machines]]
path = "ulm/fill/line1/pump"
template = "pump"
with = {{ noise = 0.3 }}
{AROUND}"#
    ));
    files.insert("tags/more.csv", list);
    let plant = plant(&files, &TagIndices::default());
    let of = |id: &str| {
        let tag = plant.tag_by_id(id).expect("it is in the files");
        (tag.recording.map(|recording| recording.rule), tag.keep.raw)
    };
    let long = Keep::default().raw;
    let week = Some(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(of("a"), (Some(Rule::SwingingDoor(0.5)), long));
    assert_eq!(of("b"), (Some(Rule::OnChange), week));
    assert_eq!(of("ulm/fill/line1/pump/flow"), (Some(Rule::Deadband(0.3)), week));
    check_files(
        "",
        &[("tags/more.csv", "id,gateway,address.topic,record.deviatoin\na,broker,a,1\n")],
        &["tags/more.csv 1 unknown column `record.deviatoin`; did you mean `record.deviation`?"],
    );
}

#[test]
fn history_is_kept_by_age_and_by_group() {
    let days = |days: u64| Some(Duration::from_secs(days * 24 * 3600));
    let keep = |raw, minutes, hours| Keep { raw, minutes, hours };
    let history = r#"
[history]
raw_days = 30
hours_days = "forever"
size_limit_gb = 0.5
[history.groups.energy]
raw_days = 1000
[history.groups.scratch]
raw_days = 1
minutes_days = 1
hours_days = 1
[history.groups.law]
raw_days = "forever"
"#;
    let plant = resolved(history);
    assert_eq!(plant.keep, keep(days(30), days(400), None), "what is not said is 400 days");
    assert_eq!(plant.size_limit_bytes, Some(500_000_000));
    let of = |lines: &str| tag(history, lines).keep;
    assert_eq!(of(""), plant.keep);
    assert_eq!(of("history = \"energy\""), keep(days(1000), days(1000), None), "no minutes go before their samples");
    assert_eq!(of("history = \"scratch\""), keep(days(1), days(1), days(1)));
    assert_eq!(of("history = \"law\""), keep(None, None, None));
}

#[test]
fn keeping_that_makes_no_sense() {
    check(
        "[history]\nraw_days = 30\nminutes_days = 29\nhours_days = 28\n",
        &[
            "3 `minutes_days` is shorter than the samples themselves are kept; use at least 30, or \"forever\"",
            "4 `hours_days` is shorter than the minutes are kept; use at least 30, or \"forever\"",
        ],
    );
    check(
        "[history]\nminutes_days = 30\n",
        &["2 `minutes_days` is shorter than the samples themselves are kept; use at least 400, or \"forever\""],
    );
    check(
        "[history.groups.law]\nraw_days = \"forever\"\nhours_days = 30\n",
        &["3 `hours_days` is shorter than the minutes are kept; use \"forever\""],
    );
    const WRITE: &str = "write a whole number of days from 1 to 36500, or \"forever\"";
    for (written, wrong) in [
        ("0", "is 0, which is not within 1 to 36500"),
        ("-1", "is -1, which is not within 1 to 36500"),
        ("1.5", "is a number, which does not fit"),
        ("\"always\"", "is a text, which does not fit"),
    ] {
        check(&format!("[history]\nraw_days = {written}\n"), &[&format!("2 `raw_days` {wrong}; {WRITE}")]);
    }
    check(
        "[history]\nsize_limit_gb = 0\n",
        &[
            "2 `size_limit_gb` is 0, which is not within 0.1 to 281000; use the size in GB that the file may have, or remove it for no limit",
        ],
    );
    check(
        "[history]\nkeep_days = 3\n",
        &[
            "2 unknown key `keep_days` in history; use one of: raw_days, minutes_days, hours_days, size_limit_gb, record, groups",
        ],
    );
    check(
        "[history.groups.\"a b\"]\nraw_days = 3\n",
        &["1 `a b` is no id: ` ` is not allowed in it; use letters without accents, digits, `_` and `-`"],
    );
    refused("history = \"energy\"", &["6 unknown group of history `energy`; add it as [history.groups.energy]"]);
    check(
        "[history.groups.energy]\nraw_days = 3\nTAG\nid = \"t\"\nhistory = \"enrgy\"\ngateway = \"broker\"\naddress = { topic = \"t\" }\n",
        &["6 unknown group of history `enrgy`; did you mean `energy`?"],
    );
}

#[test]
fn the_journal_is_kept_for_ever_unless_something_else_is_said() {
    let day = Duration::from_secs(24 * 3600);
    let kept = |lines: &str| resolved(lines).journal;
    assert_eq!(kept(""), JournalKeep::default());
    let both = kept("[journal]\nkeep_days = 400\nsize_limit_gb = 2\n");
    assert_eq!(both, JournalKeep { age: Some(400 * day), size_bytes: Some(2_000_000_000) });
    assert_eq!(kept("[journal]\nkeep_days = \"forever\"\n").age, None);
    check(
        "[journal]\nkeep_days = 0\n",
        &[
            "2 `keep_days` is 0, which is not within 1 to 36500; write a whole number of days from 1 to 36500, or \"forever\"",
        ],
    );
    check("[journal]\nraw_days = 3\n", &["2 unknown key `raw_days` in journal; use one of: keep_days, size_limit_gb"]);
}
