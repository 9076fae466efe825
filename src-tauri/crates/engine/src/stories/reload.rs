//! What a reload disturbs: what changed, and nothing else.

use super::*;

#[test]
fn the_same_plant_again_disturbs_nothing() {
    let mut story = Story::begin();
    story.value("temperature", 85.0);
    story.pass(4);
    let occurrence = story.occurrence("hot");
    story.reload(PLANT);
    assert_eq!(*story.memory.opened.lock().expect("one thread"), ["broker", "plc"], "no link was opened again");
    assert_eq!(story.number("temperature"), Some(85.0));
    assert_eq!(story.row("temperature").quality, Quality::GOOD);
    assert_eq!(story.occurrence("hot"), occurrence);
    assert_eq!(story.snapshot().plant_revision, 2, "screens fetch the plant again");
}

#[test]
fn a_changed_gateway_is_opened_again_and_its_values_are_stale_until_new_ones_come() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.recorded("temperature");
    story.pass(1);
    let moved =
        PLANT.replace("id = \"broker\"\nkind = \"memory\"", "id = \"broker\"\nkind = \"memory\"\nhost = \"10.0.0.9\"");
    story.reload(&moved);
    assert_eq!(*story.memory.opened.lock().expect("one thread"), ["broker", "plc", "broker"]);
    assert_eq!(story.row("temperature").quality, Quality::STALE);
    assert_eq!(story.number("temperature"), Some(20.0));
    let marks: Vec<Quality> = story.recorded("temperature").iter().map(|sample| sample.quality).collect();
    assert_eq!(marks, [Quality::STALE], "the gap is in history, however long the new connection takes");
}

#[test]
fn a_tag_at_another_address_forgets_the_old_ones_value() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    story.value("pressure", 2.0);
    let index = story.tag("temperature");
    story.recorded("temperature");
    story.pass(1);
    story.reload(&PLANT.replace("address = { at = 1 }", "address = { at = 77 }"));
    assert_eq!(story.number("temperature"), None, "it was the value of something else");
    assert_eq!(story.tag("temperature"), index, "its slot is its own for life");
    assert_eq!(story.number("pressure"), Some(2.0));
    let marks: Vec<Quality> = story.recorded("temperature").iter().map(|sample| sample.quality).collect();
    assert_eq!(marks, [Quality::BAD_NOT_CONNECTED], "what was recorded of the old address ends here");
}

#[test]
fn another_limit_is_judged_at_once_and_another_unit_keeps_the_value() {
    let mut story = Story::begin();
    story.value("temperature", 70.0);
    story.pass(5);
    assert!(story.alarms().is_empty());
    story.reload(&PLANT.replace("limit = 80.0", "limit = 60.0").replace("decimals = 1", "decimals = 0"));
    assert_eq!(story.number("temperature"), Some(70.0));
    story.pass(4);
    assert_eq!(story.alarms(), [("hot".to_owned(), State::Unack)], "a standing value need not move to be in alarm");
}

#[test]
fn a_tag_that_is_gone_shows_nothing_and_comes_back_in_its_slot() {
    let mut story = Story::begin();
    story.value("temperature", 20.0);
    let index = story.tag("speed");
    let start =
        PLANT.find("[[tags]]\nmachine = \"works/hall/line/press\"\nid = \"speed\"").expect("the story has a speed");
    let end = start + PLANT[start + 8..].find("[[tags]]").expect("tags follow it") + 8;
    let without = format!("{}{}", &PLANT[..start], &PLANT[end..]);
    story.reload(&without);
    assert!(story.snapshot().plant.tag_by_id(&format!("{PRESS}/speed")).is_none());
    story.reload(PLANT);
    assert_eq!(story.tag("speed"), index);
}
