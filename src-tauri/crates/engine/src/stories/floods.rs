//! More alarms than a person can take in: how a flood is seen, what survives of it, and what keeps one bad tag from being
//! one.

use super::*;

use alarm::{Act, Known, Nuisance};

use crate::Flood;
use crate::event::{Target, Wanted};

/// A plant of so many tags, each with a limit at 80; the priorities go round.
fn many(tags: usize) -> String {
    let mut text = String::from(
        "[plant]\nname = \"Flood\"\n[[gateways]]\nid = \"broker\"\nkind = \"memory\"\n[[gateways]]\nid = \"plc\"\nkind = \"memory\"\n\
         [[machines]]\npath = \"works/hall/line/press\"\nname = \"Press\"\n",
    );
    for n in 0..tags {
        let priority = 1 + (tags - n) % 3;
        text.push_str(&format!(
            "[[tags]]\nmachine = \"{PRESS}\"\nid = \"t{n}\"\ngateway = \"broker\"\naddress = {{ at = {n} }}\n\
             limits = {{ high = 80.0, priority = {priority} }}\n"
        ));
    }
    text
}

fn with(tags: usize) -> Story {
    let mut story = Story::begin();
    story.reload(&many(tags));
    story.up("broker");
    story.journalled();
    story
}

fn flood(story: &mut Story) -> Option<Flood> {
    story.snapshot().alarms.flood
}

fn raised(story: &mut Story) -> usize {
    story.journalled().into_iter().filter(|(_, what)| *what == "raised").count()
}

fn act(story: &Story, note: &str) -> Act {
    Act { user: "eve".into(), station: "desk 1".into(), note: note.into(), at: story.now.wall }
}

fn carry_out(story: &mut Story, targets: Vec<Target>, wanted: &Wanted) {
    let act = act(story, "seen to");
    let (ticket, _, acted) = story.core.prepare(story.now, targets, wanted, &act);
    assert!(acted.refused.is_empty(), "{:?}", acted.refused);
    story.core.settle(story.now, ticket, &Ok(()), &mut story.effects);
}

#[test]
fn eleven_alarms_are_a_flood_until_nothing_comes_any_more() {
    let mut story = with(20);
    let begin = story.now.wall;
    for n in 0..10 {
        story.value(&format!("t{n}"), 90.0);
        story.pass(10);
    }
    assert_eq!(flood(&mut story), None, "ten are a busy time");
    story.value("t10", 90.0);
    assert_eq!(flood(&mut story), Some(Flood { since: begin, count: 11 }));
    story.pass(60);
    story.value("t11", 90.0);
    assert_eq!(flood(&mut story), Some(Flood { since: begin, count: 12 }), "it is counted on");

    let before = story.snapshot().alarms.revision;
    story.pass(9 * 60 + 55);
    assert_eq!(flood(&mut story), None, "fewer than five came in the last ten minutes");
    assert!(
        story.snapshot().alarms.revision > before,
        "whoever follows the list hears of it although no alarm changed"
    );
    assert_eq!(story.alarms().len(), 12, "and all of them still stand");
}

#[test]
fn what_nobody_hears_makes_no_flood() {
    let mut story = with(20);
    let alarms = (0..20).map(|n| Target::Alarm(AlarmId::new(format!("{PRESS}/t{n}/high"))));
    let shelve = Wanted::Shelve { time: Duration::from_secs(3_600), one_shot: false };
    carry_out(&mut story, alarms.clone().take(10).collect(), &shelve);
    carry_out(&mut story, alarms.skip(10).collect(), &Wanted::TakeOutOfService);
    for n in 0..20 {
        story.value(&format!("t{n}"), 90.0);
    }
    assert_eq!(raised(&mut story), 20, "all are judged and journalled");
    assert_eq!(flood(&mut story), None);

    // All at once somebody wants to hear of them again.
    story.pass(1);
    let shelved = (0..10).map(|n| Target::Alarm(AlarmId::new(format!("{PRESS}/t{n}/high"))));
    let out_of_service = (10..20).map(|n| Target::Alarm(AlarmId::new(format!("{PRESS}/t{n}/high"))));
    carry_out(&mut story, shelved.collect(), &Wanted::Unshelve);
    carry_out(&mut story, out_of_service.collect(), &Wanted::ReturnToService);
    assert_eq!(flood(&mut story).map(|flood| flood.count), Some(20), "now they are heard, as the figures count them");
}

#[test]
fn a_flood_goes_on_over_a_restart_and_says_since_when() {
    let mut story = Story::begin();
    let ago = |seconds: u64| START.wall.saturating_sub(Duration::from_secs(seconds));
    // The journal remembers twelve alarms in a minute, a minute before the program ended.
    let announced = (0..12).map(|n| ago(120 - n * 5)).collect();
    story.core.remember(story.now, announced);
    story.value("pressure", 30.0);
    story.value("temperature", 85.0);
    story.pass(4);
    assert_eq!(flood(&mut story), Some(Flood { since: ago(120), count: 14 }));
}

/// F03 of docs/faults.md.
#[test]
fn f03_ten_thousand_alarms_in_ten_seconds_are_all_journalled_and_listed_and_the_urgent_ones_on_top() {
    const ALARMS: usize = 10_000;
    let mut story = with(ALARMS);
    let begin = story.now.wall;
    for second in 0..10 {
        for n in 0..ALARMS / 10 {
            story.value(&format!("t{}", second * ALARMS / 10 + n), 90.0);
        }
        story.pass(1);
    }
    story.pass_list_interval();
    assert_eq!(raised(&mut story), ALARMS, "each is journalled, once");
    assert_eq!(flood(&mut story), Some(Flood { since: begin, count: ALARMS as u64 }));
    let list = story.snapshot().alarms;
    assert_eq!(list.alarms.len(), ALARMS, "none is lost");
    assert_eq!(list.unacknowledged.iter().sum::<u32>() as usize, ALARMS);
    let priorities: Vec<u8> = list.alarms.iter().map(|alarm| alarm.priority.number()).collect();
    assert!(priorities.is_sorted() && priorities[0] == 1, "the most urgent are on top");

    // Ten are seen to; those and no others are acknowledged.
    let shown: Vec<Target> =
        list.alarms[..10].iter().map(|alarm| Target::Occurrence(alarm.occurrence.clone())).collect();
    carry_out(&mut story, shown, &Wanted::Acknowledge);
    story.pass_list_interval();
    assert_eq!(story.snapshot().alarms.unacknowledged.iter().sum::<u32>() as usize, ALARMS - 10);
}

/// F04 of docs/faults.md.
#[test]
fn f04_a_tag_that_swings_round_its_limit_at_100_hz_for_an_hour_is_one_alarm_and_a_short_journal() {
    let mut story = with(1);
    let index = story.tag("t0");
    let mut entries = 0;
    for half in 0..360_000_u64 {
        let sample = Sample::good(story.now.wall, Value::Float(if half % 2 == 0 { 80.5 } else { 79.5 }));
        story.send("broker", What::Batch(Batch { updates: vec![Update::new(index, sample)] }));
        story.now.uptime = story.now.uptime + Duration::from_millis(10);
        story.now.wall = story.now.wall.saturating_add(Duration::from_millis(10));
        if half % 25 == 0 {
            story.core.tick(story.now, &mut story.effects);
            story.effects.rows.clear();
            entries += story.journalled().len();
        }
    }
    entries += story.journalled().len();
    assert_eq!(entries, 19, "of 360,000 comings and goings");
    let list = story.snapshot().alarms;
    assert_eq!(list.active.iter().sum::<u32>(), 1, "one alarm is active");
    let newest = list.alarms.iter().find(|alarm| alarm.state == State::Unack).expect("it stands");
    let Some(Nuisance::Chattering { times, lasting }) = newest.nuisance else { panic!("it is said to chatter") };
    assert!((179_000..=180_000).contains(&times), "each coming is counted: {times}");
    assert!(lasting >= Duration::from_secs(3_590), "{lasting:?}");
    assert_eq!(list.flood, None, "one bad tag is no flood");

    // The source is mended: it returns after the hold, and a minute later it is an alarm like any other.
    story.value("t0", 20.0);
    story.pass(11);
    assert_eq!(story.journalled(), [("high".to_owned(), "returned")]);
    story.pass(60);
    story.pass_list_interval();
    assert!(story.snapshot().alarms.alarms.iter().all(|alarm| alarm.nuisance.is_none()), "it ends by itself");
}

/// A press of which one fault trips three alarms.
fn press(rule: &str) -> String {
    let mut text = many(3);
    for priority in 1..=3 {
        text = text.replace(&format!("limits = {{ high = 80.0, priority = {priority} }}\n"), "");
    }
    for n in 0..3 {
        text.push_str(&format!(
            "[[alarms]]\ntag = \"{PRESS}/t{n}\"\nid = \"a{n}\"\nkind = \"high\"\nlimit = 80\nfirst_out = \"press\"\n"
        ));
    }
    text + rule
}

fn group(rule: &str) -> Story {
    let mut story = Story::begin();
    story.reload(&press(rule));
    story.up("broker");
    story.journalled();
    story
}

const SUPPRESS: &str = "[first_out]\npress = \"suppress-others\"\n";

fn trip_all(story: &mut Story) {
    for tag in ["t1", "t0", "t2"] {
        story.value(tag, 90.0);
        story.pass(1);
    }
}

fn names(story: &mut Story) -> Vec<String> {
    story.alarms().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn of_a_group_the_first_is_marked_and_where_nothing_is_said_all_are_announced() {
    let mut story = group("");
    trip_all(&mut story);
    let list = story.snapshot().alarms;
    let first: Vec<String> = list
        .alarms
        .iter()
        .filter(|alarm| alarm.is_first_out)
        .map(|alarm| short(alarm.occurrence.alarm.as_str()))
        .collect();
    assert_eq!((list.alarms.len(), first), (3, vec!["a1".to_owned()]));
}

#[test]
fn the_first_out_suppresses_the_others_until_it_is_over_and_those_that_stand_are_announced_then() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    assert_eq!(names(&mut story), ["a1"]);
    let list = story.snapshot().alarms;
    assert!(list.alarms[0].is_first_out);
    let rules: Vec<&str> =
        list.suppressed.iter().filter_map(|one| Some(one.suppression.by_design.as_ref()?.rule.as_str())).collect();
    assert_eq!(rules, [&format!("first-out of group press: alarm {PRESS}/a1"); 2], "and it says why");
    let told = story.journalled();
    let what = |alarm: &str| told.iter().filter(|(name, _)| name == alarm).map(|(_, what)| *what).collect::<Vec<_>>();
    assert_eq!(what("a1"), ["raised"]);
    assert_eq!(what("a0"), ["suppressed by design", "raised"], "it is judged and journalled all the same");

    // Acknowledged, the first still stands: the others wait.
    let first = Target::Occurrence(story.occurrence("a1"));
    carry_out(&mut story, vec![first], &Wanted::Acknowledge);
    story.pass(1);
    assert_eq!(names(&mut story), ["a1"]);
    // One of the others goes meanwhile, and nobody has to hear of it. Then the first returns: what is left is announced.
    story.value("t2", 20.0);
    story.value("t1", 20.0);
    story.pass(1);
    assert_eq!(story.alarms(), [("a0".to_owned(), State::Unack)]);
    assert_eq!(story.snapshot().alarms.suppressed.len(), 0);
    let told = story.journalled();
    assert!(told.contains(&("a0".to_owned(), "announced after all")), "{told:?}");
}

#[test]
fn a_first_out_that_returned_and_is_not_acknowledged_still_speaks_for_the_others() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    story.value("t1", 20.0);
    assert_eq!(story.alarms(), [("a1".to_owned(), State::RtnUnack)]);
    let first = Target::Occurrence(story.occurrence("a1"));
    carry_out(&mut story, vec![first], &Wanted::Acknowledge);
    let mut left = names(&mut story);
    left.sort();
    assert_eq!(left, ["a0", "a2"]);
}

#[test]
fn a_shelved_alarm_silences_nobody() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    let first = Target::Alarm(AlarmId::new(format!("{PRESS}/a1")));
    let shelve = Wanted::Shelve { time: Duration::from_secs(3_600), one_shot: false };
    carry_out(&mut story, vec![first], &shelve);
    let mut left = names(&mut story);
    left.sort();
    assert_eq!(left, ["a0", "a2"], "what nobody hears must not silence what somebody should");
}

#[test]
fn a_group_that_does_not_suppress_any_more_lets_go_of_its_alarms() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    story.reload(&press(""));
    assert_eq!(names(&mut story).len(), 3);
}

/// What the journal gives back of its entries.
fn known(entries: &[Entry]) -> HashMap<AlarmId, Known> {
    let mut known: HashMap<AlarmId, Known> = HashMap::new();
    for entry in entries {
        match entry {
            Entry::Alarm(change) => {
                let one = known.entry(change.transition.occurrence.alarm.clone()).or_default();
                let is_same = |standing: &Standing| standing.occurrence == change.transition.occurrence;
                let at = one.standings.iter().position(is_same);
                let before = at.map(|at| one.standings.remove(at));
                one.standings.extend(Standing::after(before, &change.transition));
            }
            Entry::Remark(remark) => {
                if let Remarked::Suppression(change) = &remark.what {
                    known.entry(change.alarm.clone()).or_default().suppression.follow(change);
                }
            }
            Entry::Action(_) | Entry::System(_) => {}
        }
    }
    known
}

#[test]
fn after_a_reload_and_a_restart_the_first_out_is_still_the_first_and_nothing_is_announced() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    let known = known(&story.effects.entries);
    story.journalled();
    story.reload(&press(SUPPRESS));
    assert_eq!((names(&mut story), story.journalled().len()), (vec!["a1".to_owned()], 0), "a reload disturbs nothing");

    let mut story = Story::begin_on(&press(SUPPRESS), known);
    for tag in ["t0", "t1", "t2"] {
        story.value(tag, 90.0);
    }
    assert_eq!((names(&mut story), story.journalled().len()), (vec!["a1".to_owned()], 0));
    // It is the same rule that ends with the first one, as if nothing had been in between.
    let first = Target::Occurrence(story.occurrence("a1"));
    carry_out(&mut story, vec![first], &Wanted::Acknowledge);
    story.value("t1", 20.0);
    let mut left = names(&mut story);
    left.sort();
    assert_eq!(left, ["a0", "a2"]);
}

#[test]
fn a_rule_that_is_in_the_plant_no_more_suppresses_nothing_after_a_restart() {
    let mut story = group(SUPPRESS);
    trip_all(&mut story);
    let known = known(&story.effects.entries);
    let mut story = Story::begin_on(&press(""), known);
    assert_eq!(names(&mut story).len(), 3);
}
