//! Stories of rules, and what holds of every story.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use alarm::{AlarmId, Priority};
use plant::{Quiet, Recipient};
use proptest::prelude::*;

use super::*;

const ANNA: &str = "anna@plant.example";
const BERTA: &str = "berta@plant.example";

fn rule(name: &str) -> Notification {
    Notification {
        name: name.into(),
        to: vec![Recipient::Mail(ANNA.into()), Recipient::Mail(BERTA.into())],
        priorities: vec![],
        classes: vec![],
        equipment: vec![],
        delay: Duration::ZERO,
        escalate_after: None,
        quiet: vec![],
        gather: Duration::from_secs(60),
        returns: false,
        acknowledgements: false,
        sign_with: None,
        ca: None,
        line: 1,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_764_000_000_000 + seconds * 1_000)
}

/// A ledger with its rules, at a time.
struct Story {
    ledger: Ledger,
    rules: Vec<Notification>,
    seq: i64,
    now: i64,
    /// Every letter so far, as `seconds to what`.
    told: Vec<String>,
}

impl Story {
    fn of(rule: Notification) -> Self {
        Self { ledger: Ledger::default(), rules: vec![rule], seq: 0, now: 0, told: Vec::new() }
    }

    fn news(&mut self, seconds: i64, alarm: &str, priority: u8, event: Option<Event>, waits: bool, is_over: bool) {
        self.seq += 1;
        let subject = Subject {
            occurrence: format!("{alarm}@1"),
            alarm: AlarmId::new(alarm),
            priority,
            class: if priority == 1 { "safety" } else { "process" }.into(),
            equipment: Some(model::EquipmentId::new(format!("ulm/fill/line1/{alarm}"))),
            message: alarm.into(),
            value: String::new(),
            raised_at: at(seconds),
            seq: self.seq,
        };
        let news = News { seq: self.seq, at: at(seconds), subject, event, waits, is_over };
        self.ledger.take(&news, &self.rules);
        self.collect(seconds);
    }

    fn raise(&mut self, seconds: i64, alarm: &str, priority: u8) {
        self.news(seconds, alarm, priority, Some(Event::Raised), true, false);
    }

    fn acknowledge(&mut self, seconds: i64, alarm: &str) {
        let event = Event::Acknowledged { user: "carla".into(), station: "panel-3".into(), note: String::new() };
        self.news(seconds, alarm, 2, Some(event), false, false);
    }

    fn collect(&mut self, seconds: i64) {
        self.now = seconds;
        for letter in self.ledger.collect(at(seconds), &self.rules, &TimeZone::UTC) {
            let what = letter.lines.iter().map(|line| {
                let event = match line.event {
                    Event::Raised => "!",
                    Event::Returned => "-",
                    Event::Acknowledged { .. } => "+",
                };
                format!("{event}{}", line.subject.alarm)
            });
            let what: Vec<_> = what.collect();
            let more = if letter.more > 0 { format!(" and {}", letter.more) } else { String::new() };
            self.told.push(format!("{seconds} {} {}{more}", &letter.to[..1], what.join(" ")));
        }
    }

    /// Lets time pass, second by second.
    fn until(&mut self, seconds: i64) {
        for now in self.now..=seconds {
            self.collect(now);
        }
    }

    fn is_over(&self) -> bool {
        self.ledger.held.is_empty()
    }
}

#[test]
fn nobody_else_is_called_for_an_alarm_that_was_shelved_until_it_is_announced_again() {
    let escalate_after = Some(Duration::from_secs(300));
    let mut story = Story::of(Notification { escalate_after, gather: Duration::ZERO, ..rule("a") });
    story.raise(0, "pump", 2);
    story.ledger.hush(&AlarmId::new("pump"), &story.rules);
    story.ledger.hush(&AlarmId::new("valve"), &story.rules);
    story.collect(900);
    assert_eq!(story.told.len(), 1, "the second recipient sleeps: {:?}", story.told);
    story.raise(1_000, "pump", 2);
    story.collect(1_300);
    assert_eq!(story.told.len(), 3, "it begins anew: {:?}", story.told);
}

#[test]
fn an_alarm_is_told_to_all_at_once() {
    let mut story = Story::of(rule("n"));
    story.raise(0, "pump", 2);
    story.until(3_600);
    assert_eq!(story.told, ["0 a !pump", "0 b !pump"]);
    assert!(story.is_over(), "there is nothing more to tell of it");
}

#[test]
fn what_is_acknowledged_within_the_delay_is_told_to_nobody() {
    let mut story = Story::of(Notification { delay: Duration::from_secs(30), ..rule("n") });
    story.raise(0, "pump", 2);
    story.raise(1, "valve", 2);
    story.acknowledge(29, "pump");
    story.until(3_600);
    assert_eq!(story.told, ["31 a !valve", "31 b !valve"]);
}

#[test]
fn the_next_is_told_when_nobody_acknowledges() {
    let escalating = Notification { escalate_after: Some(Duration::from_secs(600)), ..rule("n") };
    let mut story = Story::of(escalating.clone());
    story.raise(0, "pump", 2);
    story.until(3_600);
    assert_eq!(story.told, ["0 a !pump", "600 b !pump"]);

    let mut story = Story::of(escalating);
    story.raise(0, "pump", 2);
    story.acknowledge(599, "pump");
    story.until(3_600);
    assert_eq!(story.told, ["0 a !pump"]);
}

#[test]
fn a_burst_is_one_message_with_the_most_urgent_first() {
    let mut story = Story::of(Notification { to: vec![Recipient::Mail(ANNA.into())], ..rule("n") });
    story.raise(0, "first", 3);
    for number in 0..200 {
        story.raise(1, &format!("burst{number:03}"), 3);
    }
    story.raise(2, "fire", 1);
    story.until(3_600);
    assert_eq!(story.told.len(), 2, "{:?}", story.told);
    assert_eq!(story.told[0], "0 a !first");
    assert!(
        story.told[1].starts_with("60 a !fire !burst000 ") && story.told[1].ends_with(" and 151"),
        "{:?}",
        story.told
    );
}

#[test]
fn those_who_were_told_are_told_what_became_of_it() {
    let mut story = Story::of(Notification {
        returns: true,
        acknowledgements: true,
        escalate_after: Some(Duration::from_secs(300)),
        gather: Duration::ZERO,
        ..rule("n")
    });
    story.raise(0, "pump", 2);
    story.acknowledge(10, "pump");
    story.news(20, "pump", 2, Some(Event::Returned), false, true);
    story.until(3_600);
    assert_eq!(story.told, ["0 a !pump", "10 a +pump", "20 a -pump"], "whoever was not told gets nothing");
    assert!(story.is_over());
}

#[test]
fn an_alarm_in_the_quiet_time_is_told_at_its_end_if_it_still_waits() {
    // at(0) is 16:00 UTC.
    let quiet =
        Quiet { from: 15 * 60, to: 17 * 60, priorities: vec![Priority::try_from(3).expect("3")], classes: vec![] };
    let mut story = Story::of(Notification {
        quiet: vec![quiet],
        to: vec![Recipient::Mail(ANNA.into())],
        gather: Duration::ZERO,
        ..rule("n")
    });
    story.raise(0, "comfort", 3);
    story.raise(1, "noise", 3);
    story.raise(2, "fire", 1);
    story.acknowledge(3, "noise");
    story.until(7_200);
    assert_eq!(story.told, ["2 a !fire", "3600 a !comfort"]);
}

#[test]
fn a_rule_is_for_what_it_names() {
    let mut story = Story::of(Notification {
        priorities: vec![Priority::try_from(1).expect("1"), Priority::try_from(2).expect("2")],
        classes: vec!["process".into()],
        equipment: vec![model::EquipmentId::new("ulm/fill/line1/pump")],
        gather: Duration::ZERO,
        to: vec![Recipient::Mail(ANNA.into())],
        ..rule("n")
    });
    story.raise(0, "pump", 2);
    story.raise(1, "pump2", 2);
    story.raise(2, "pump", 1);
    story.raise(3, "pump", 3);
    assert_eq!(story.told, ["0 a !pump"], "not another machine, class or priority");
}

#[test]
fn what_belongs_to_a_rule_that_was_removed_is_forgotten() {
    let mut story = Story::of(Notification { delay: Duration::from_secs(30), ..rule("n") });
    story.raise(0, "pump", 2);
    story.rules = vec![rule("other")];
    story.ledger.keep_to(&story.rules);
    story.until(3_600);
    assert_eq!(story.told, Vec::<String>::new());
    assert!(story.is_over());
}

/// What can happen to one of a few alarms, or to the program.
#[derive(Clone, Debug)]
enum Step {
    Raise(u8),
    Return(u8),
    Acknowledge(u8),
    Wait(u16),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..6).prop_map(Step::Raise),
        2 => (0_u8..6).prop_map(Step::Return),
        2 => (0_u8..6).prop_map(Step::Acknowledge),
        3 => (0_u16..200).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

fn rules() -> impl Strategy<Value = Notification> {
    (0_u64..90, proptest::option::of(1_u64..200), 0_u64..120, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(delay, escalate, gather, returns, acknowledgements, is_quiet)| Notification {
            delay: Duration::from_secs(delay),
            escalate_after: escalate.map(Duration::from_secs),
            gather: Duration::from_secs(gather),
            returns,
            acknowledgements,
            // at(0) is 16:00 UTC.
            quiet: if is_quiet {
                vec![Quiet { from: 16 * 60 + 1, to: 16 * 60 + 4, priorities: vec![], classes: vec![] }]
            } else {
                vec![]
            },
            ..rule("n")
        },
    )
}

/// Where an alarm of the play stands: when it was raised last, whether it waits and whether it is present.
#[derive(Clone, Copy, Default)]
struct Played {
    number: u32,
    raised: i64,
    waits: bool,
    is_present: bool,
}

/// When an occurrence was raised, and when it was acknowledged.
type Happened = HashMap<String, (i64, Option<i64>)>;

/// Plays steps and gives every letter, with the second it was made, and what happened: raises and acknowledgements by occurrence.
fn play(steps: &[Step], rule: &Notification, restarts: bool) -> (Vec<(i64, Letter)>, Happened) {
    let rules = vec![rule.clone()];
    let mut ledger = Ledger::default();
    let mut disk: (BTreeMap<Key, Held>, BTreeMap<Arc<str>, Timestamp>) = Default::default();
    let mut letters = Vec::new();
    let mut alarms = [Played::default(); 6];
    let mut happened = HashMap::new();
    let (mut now, mut seq) = (0, 0);
    // At the end, time for everything that is due.
    let end = [Step::Wait(2_000)];
    for step in steps.iter().chain(&end) {
        let mut tell = |ledger: &mut Ledger, number: usize, played: Played, event: Option<Event>| {
            seq += 1;
            let occurrence = format!("a{number}@{}", played.number);
            let subject = Subject {
                occurrence,
                alarm: AlarmId::new(format!("a{number}")),
                priority: 2,
                class: "process".into(),
                equipment: None,
                message: String::new(),
                value: String::new(),
                raised_at: at(played.raised),
                seq,
            };
            let is_over = !played.waits && !played.is_present;
            ledger.take(&News { seq, at: at(now), subject, event, waits: played.waits, is_over }, &rules);
        };
        match step {
            Step::Raise(number) => {
                let played = &mut alarms[usize::from(*number)];
                if !played.is_present {
                    *played = Played { number: played.number + 1, raised: now, waits: true, is_present: true };
                    happened.insert(format!("a{number}@{}", played.number), (now, None));
                    tell(&mut ledger, usize::from(*number), *played, Some(Event::Raised));
                }
            }
            Step::Return(number) => {
                let played = &mut alarms[usize::from(*number)];
                if played.is_present {
                    played.is_present = false;
                    tell(&mut ledger, usize::from(*number), *played, Some(Event::Returned));
                }
            }
            Step::Acknowledge(number) => {
                let played = &mut alarms[usize::from(*number)];
                if played.waits {
                    played.waits = false;
                    if let Some((_, acknowledged)) = happened.get_mut(&format!("a{number}@{}", played.number)) {
                        *acknowledged = Some(now);
                    }
                    let event =
                        Event::Acknowledged { user: String::new(), station: String::new(), note: String::new() };
                    tell(&mut ledger, usize::from(*number), *played, Some(event));
                }
            }
            Step::Wait(seconds) => {
                for _ in 0..*seconds {
                    letters.extend(
                        ledger.collect(at(now), &rules, &TimeZone::UTC).into_iter().map(|letter| (now, letter)),
                    );
                    now += 1;
                }
            }
            Step::Restart if restarts => {
                ledger = Ledger::restore(disk.0.clone().into_iter().collect(), disk.1.clone().into_iter().collect());
            }
            Step::Restart => {}
        }
        letters.extend(ledger.collect(at(now), &rules, &TimeZone::UTC).into_iter().map(|letter| (now, letter)));
        let changes = ledger.take_changes();
        for (key, held) in changes.held {
            match held {
                Some(held) => {
                    // As it is on disk.
                    let text = serde_json::to_string(&held).expect("JSON");
                    disk.0.insert(key, serde_json::from_str(&text).expect("what was written"));
                }
                None => drop(disk.0.remove(&key)),
            }
        }
        disk.1.extend(changes.gathering);
    }
    (letters, happened)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_changes_nothing(steps in steps(), rule in rules()) {
        prop_assert_eq!(play(&steps, &rule, true).0, play(&steps, &rule, false).0);
    }

    #[test]
    fn every_message_has_a_name_of_its_own(steps in steps(), rule in rules()) {
        let (letters, _) = play(&steps, &rule, true);
        let names: HashSet<_> = letters.iter().map(|(_, letter)| &letter.id).collect();
        prop_assert_eq!(names.len(), letters.len());
    }

    #[test]
    fn nobody_is_written_to_more_often_than_a_rule_gathers(steps in steps(), rule in rules()) {
        let (letters, _) = play(&steps, &rule, true);
        let mut last: HashMap<&str, i64> = HashMap::new();
        for (now, letter) in &letters {
            if let Some(before) = last.insert(&letter.to, *now) {
                prop_assert!(now - before >= i64::try_from(rule.gather.as_secs()).expect("small"));
            }
        }
    }

    #[test]
    fn what_waits_is_told_once_to_each_and_what_was_acknowledged_in_time_to_nobody(steps in steps(), rule in rules()) {
        let (letters, happened) = play(&steps, &rule, true);
        let mut told: HashMap<(&str, &str), i64> = HashMap::new();
        for (now, letter) in &letters {
            for line in letter.lines.iter().filter(|line| line.event == Event::Raised) {
                let before = told.insert((&line.subject.occurrence, &letter.to), *now);
                prop_assert_eq!(before, None, "{} is told twice", line.subject.occurrence);
            }
        }
        let delay = i64::try_from(rule.delay.as_secs()).expect("small");
        for (occurrence, (raised, acknowledged)) in &happened {
            let anna = told.get(&(occurrence.as_str(), ANNA));
            let berta = told.get(&(occurrence.as_str(), BERTA));
            if let Some(now) = anna {
                prop_assert!(now - raised >= delay, "{occurrence} is told before its delay");
                prop_assert!(acknowledged.is_none_or(|then| then >= *now), "{occurrence} was acknowledged before");
            }
            if acknowledged.is_none() {
                prop_assert!(anna.is_some() && berta.is_some(), "{occurrence} waits and is not told to all");
            }
            if acknowledged.is_some_and(|then| then < raised + delay) {
                prop_assert_eq!(anna, None);
            }
            if let (Some(anna), Some(berta), Some(after)) = (anna, berta, rule.escalate_after) {
                prop_assert!(berta - anna >= i64::try_from(after.as_secs()).expect("small"));
            }
        }
    }
}
