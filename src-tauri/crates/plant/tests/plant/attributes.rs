//! What an alarm says beside its condition, what it inherits, and what is wrong with either.

use std::time::Duration;

use alarm::{CHATTER_HOLD, Class, Confirm, Others, ReAlarm, ReturnAck, Shelving};
use plant::{AlarmDefinition, Plant, TagIndices};

use crate::common::{AROUND, check, folder, plant};

fn resolved(text: &str) -> Plant {
    plant(&folder(&format!("{text}{AROUND}")), &TagIndices::default())
}

fn alarm<'p>(plant: &'p Plant, id: &str) -> &'p AlarmDefinition {
    plant.alarms.iter().find(|alarm| alarm.id.as_str() == id).unwrap_or_else(|| panic!("there is no {id}"))
}

fn first_out(alarm: &AlarmDefinition) -> Option<(&str, Others)> {
    alarm.config.first_out.as_ref().map(|first_out| (&*first_out.group, first_out.others))
}

#[test]
fn the_first_of_a_group_may_suppress_the_others() {
    let plant = resolved(
        r#"
[first_out]
press = "suppress-others"
[[tags]]
id = "t"
formula = "1.0"
[[alarms]]
tag = "t"
kind = "high"
limit = 3
first_out = "press"
chatter_hold_s = 0
[[alarms]]
tag = "t"
kind = "low"
limit = 0
first_out = "pump"
"#,
    );
    let (high, low) = (alarm(&plant, "t/high"), alarm(&plant, "t/low"));
    assert_eq!(first_out(high), Some(("press", Others::Suppressed)));
    assert_eq!(first_out(low), Some(("pump", Others::Announced)), "where nothing is said, the first is only marked");
    assert_eq!((high.config.chatter_hold, low.config.chatter_hold), (Duration::ZERO, CHATTER_HOLD));
    check(
        r#"TAG
id = "t"
formula = "1.0"
ALARM
tag = "t"
kind = "high"
limit = 3
first_out = "press"
[first_out]
pres = "suppress-others"
press = "suppress"
"#,
        &[
            "12 no alarm is in the group `pres`; did you mean `press`?",
            "13 unknown press `suppress` in first_out; did you mean `suppress-others`?",
        ],
    );
}

#[test]
fn how_an_alarm_behaves() {
    let plant = resolved(
        r#"
[[tags]]
id = "t"
formula = "1.0"
[[alarms]]
tag = "t"
kind = "high"
limit = 3
class = "highly-managed"
confirm = true
re_alarm_s = 900
re_alarm_count = 3
first_out = "press"
shelving = "not-allowed"
[[alarms]]
tag = "t"
kind = "low"
limit = 0
max_shelve_h = 1.5
"#,
    );
    let high = alarm(&plant, "t/high");
    assert_eq!((high.class, high.config.confirm), (Class::HighlyManaged, Confirm::Required));
    assert_eq!(high.config.re_alarm, Some(ReAlarm { after: Duration::from_secs(900), times: Some(3) }));
    assert_eq!(first_out(high), Some(("press", Others::Announced)));
    assert_eq!(high.config.shelving, Shelving::NotAllowed);
    let low = alarm(&plant, "t/low");
    assert_eq!((low.config.shelving, low.config.confirm), (Shelving::WithReason, Confirm::NotRequired));
    assert_eq!(low.config.shelve_at_most, Some(Duration::from_secs(5_400)));
    assert_eq!((low.config.re_alarm, first_out(low)), (None, None));
}

#[test]
fn what_is_not_said_is_inherited_from_the_nearest_equipment() {
    let plant = resolved(
        r#"
[[areas]]
path = "ulm/fill"
guidance = { document = "manuals/filling.pdf", cause = "of the area" }
alarm_defaults = { max_shelve_h = 4, acknowledge_return = false }
[[lines]]
path = "ulm/fill/line1"
guidance = { cause = "of the line", screen = "ulm/fill/line1", time_to_respond_s = 300, class = "utility" }
alarm_defaults = { on_delay_s = 7, suppressed_when = "standing" }
[[machines]]
path = "ulm/fill/line1/capper"
guidance = { action = "of the capper" }
alarm_defaults = { priority = 4 }
[[tags]]
equipment = "ulm/fill/line1"
id = "standing"
type = "bool"
formula = "true"
[[tags]]
machine = "ulm/fill/line1/capper"
id = "t"
formula = "1.0"
limits = { high = 5, high_high = 6, off_delay_s = 3 }
[[alarms]]
machine = "ulm/fill/line1/capper"
tag = "t"
kind = "low"
limit = 0
cause = "its own"
on_delay_s = 0
[[alarms]]
id = "loose"
formula = "true"
message = "Of the plant itself"
[[alarms]]
tag = "ulm/fill/line1/capper/t"
kind = "rate"
limit = 1
window_s = 60
"#,
    );
    let low = alarm(&plant, "ulm/fill/line1/capper/t/low");
    assert_eq!((&*low.cause, &*low.action), ("its own", "of the capper"));
    assert_eq!(low.config.on_delay, Duration::ZERO, "its own word counts, even where it says zero");
    assert_eq!((low.document.as_deref(), low.screen.as_deref()), (Some("manuals/filling.pdf"), Some("ulm/fill/line1")));
    assert_eq!((low.class, low.config.priority.number()), (Class::Utility, 4));
    assert_eq!(low.config.return_ack, ReturnAck::NotRequired);
    assert_eq!(low.suppressed_when.as_ref().unwrap().text(), "standing");

    let high = alarm(&plant, "ulm/fill/line1/capper/t/high");
    assert_eq!((&*high.cause, &*high.action), ("of the line", "of the capper"), "limits at a tag inherit as well");
    assert_eq!((high.config.on_delay, high.config.off_delay), (Duration::from_secs(7), Duration::from_secs(3)));
    assert_eq!(high.config.trigger.levels().iter().map(|level| level.priority.number()).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(high.time_to_respond, Some(Duration::from_secs(300)));

    let rate = alarm(&plant, "ulm/fill/line1/capper/t/rate");
    assert_eq!(&*rate.cause, "of the line", "it belongs to what its tag belongs to");
    let loose = alarm(&plant, "loose");
    assert_eq!((&*loose.cause, loose.class, &loose.suppressed_when), ("", Class::Process, &None));
}

#[test]
fn what_is_wrong_with_an_attribute() {
    let alarm = |lines: &str| {
        format!("ALARM\ntag = \"t\"\nkind = \"high\"\nlimit = 3\n{lines}\nTAG\nid = \"t\"\nformula = \"1.0\"\n")
    };
    for (line, expect) in [
        ("class = \"highly_managed\"", "unknown class `highly_managed` in alarm; did you mean `highly-managed`?"),
        ("cause = 3", "`cause` is a whole number, which does not fit; write a text in quotes"),
        ("confirmation = true", "`confirmation` is true or false, which does not fit; write a text in quotes"),
        ("time_to_respond = \"5 min\"", "unknown key `time_to_respond` in alarm; did you mean `time_to_respond_s`?"),
        ("time_to_respond_s = 0", "`time_to_respond_s` is 0; use a time in seconds above 0"),
        ("time_to_respond_s = -5", "`time_to_respond_s` is negative; use 0 or more"),
        ("re_alarm_s = 0", "`re_alarm_s` is 0; use a time in seconds above 0"),
        (
            "re_alarm_count = 3",
            "`re_alarm_count` has no meaning without `re_alarm_s`; add `re_alarm_s = 900`, or remove it",
        ),
        ("confirm = \"yes\"", "`confirm` is a text, which does not fit; write true or false, without quotes"),
        (
            "first_out = \"press 1\"",
            "`press 1` is no id: ` ` is not allowed in it; use letters without accents, digits, `_` and `-`",
        ),
        ("shelving = \"never\"", "unknown shelving `never` in alarm; use one of: allowed, with-reason, not-allowed"),
        (
            "max_shelve_h = 0",
            "`max_shelve_h` is 0, which is not within a month; use hours above 0, at most 744; or `shelving = \"not-allowed\"`",
        ),
        (
            "max_shelve_h = 1000",
            "`max_shelve_h` is 1000, which is not within a month; use hours above 0, at most 744; or `shelving = \"not-allowed\"`",
        ),
        ("enabled_when = \"speed > 0\"", "unknown tag `speed`; did you mean `t`?"),
        ("enabled_when = \"\"", "`enabled_when` is empty; write something, such as `enabled_when = \"speed > 0\"`"),
    ] {
        let text = alarm(line);
        if line.starts_with("enabled_when = \"speed") {
            let reading = plant::read(
                &folder(&text.replace("TAG", "[[tags]]").replace("ALARM", "[[alarms]]")),
                &crate::common::Known,
                &TagIndices::default(),
            );
            let found = crate::common::lines(&reading.problems);
            assert!(found.iter().any(|line| line.contains("unknown tag `speed`")), "{found:?}");
            continue;
        }
        check(&text, &[&format!("6 {expect}")]);
    }
    check(
        &alarm("shelving = \"not-allowed\"\nmax_shelve_h = 2"),
        &[
            "7 warning: `max_shelve_h` has no meaning for an alarm that may not be shelved; remove it, or allow shelving",
        ],
    );
}

#[test]
fn links_lead_nowhere_but_to_the_folder_and_the_web() {
    const REMEDY: &str = "write a path such as `manuals/filler.pdf`, or an address that begins with `https://`";
    for (link, reason) in [
        ("/etc/passwd", "leads out of the plant's folder"),
        ("../secret.pdf", "leads out of the plant's folder"),
        ("manuals/../../x", "leads out of the plant's folder"),
        ("manuals//x", "leads out of the plant's folder"),
        ("http://manuals.local/", "is neither a path nor an address with `https`"),
        ("javascript:alert(1)", "is neither a path nor an address with `https`"),
        ("file:///etc/passwd", "is neither a path nor an address with `https`"),
        ("https://", "is no address of the web"),
        ("https://good.local@evil.local/", "is no address of the web"),
        ("https://manuals.local/a b", "is no address of the web"),
    ] {
        let text = format!(
            "ALARM\ntag = \"t\"\nkind = \"high\"\nlimit = 3\ndocument = \"{link}\"\nTAG\nid = \"t\"\nformula = \"1.0\"\n"
        );
        check(&text, &[&format!("6 `document` is `{link}`, which {reason}; {REMEDY}")]);
    }
    let plant = resolved(
        "[[tags]]\nid = \"t\"\nformula = \"1.0\"\n[[alarms]]\ntag = \"t\"\nkind = \"high\"\nlimit = 3\n\
         screen = \"ulm/fill/line1\"\ndocument = \"handbücher/füller 2.pdf\"\n",
    );
    assert_eq!(alarm(&plant, "t/high").document.as_deref(), Some("handbücher/füller 2.pdf"));
}

#[test]
fn what_is_wrong_with_what_is_inherited_is_said_once_and_where_it_stands() {
    check(
        r#"[[lines]]
path = "ulm/fill/line1"
guidance = { clas = "safety", class = "safe" }
alarm_defaults = { limit = 3, priority = 9 }
TAG
id = "t"
formula = "1.0"
limits = { high = 3, low = 1 }
ALARM
tag = "t"
kind = "rate"
limit = 1
window_s = 60
"#,
        &[
            "3 unknown class `safe` in alarm; did you mean `safety`?",
            "3 unknown key `clas` in guidance; did you mean `class`?",
            "4 `priority` is 9, which is not within 1 to 4; use a whole number from 1 to 4",
            "4 unknown key `limit` in alarm_defaults; use one of: priority, on_delay_s, off_delay_s, chatter_hold_s, enabled_when, suppressed_when, latching, acknowledge_return, confirm, re_alarm_s, re_alarm_count, first_out, shelving, max_shelve_h",
        ],
    );
    check(
        "[[sites]]\npath = \"ulm\"\nguidance = 3\n",
        &["3 `guidance` is a whole number, which does not fit; write a table: { ... }"],
    );
}
