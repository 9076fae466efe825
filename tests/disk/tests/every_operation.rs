//! D03: the first operation of a kind fails, the second, the third, until nothing is left to fail. Nothing that was said to be
//! stored is lost, nothing is damaged, nobody panics.
//!
//! In the short form some of the writes are left out, and all of the rest is there.

mod common;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use common::{Place, TestClock, WHOLE, append, event, is_long, messages, number};
use disk::{Fault, Lasting, Operation};
use history::History;

const OPERATIONS: [Operation; 5] =
    [Operation::Write, Operation::Sync, Operation::Truncate, Operation::ShmMap, Operation::Delete];
const TAGS: [&str; 3] = ["a", "b", "c"];
/// Each a commit; the hours of the samples are over with the next, so that sealing is met too.
const HOURS: i64 = 4;
const MINUTES: i64 = 60;

/// Runs a story, which tells how often it felt the fault, on disks with a fault in the first operation, the second, and so on, until one is not felt any more.
fn until_clean(what: &str, story: impl Fn(&Place, &str) -> u32) -> Vec<String> {
    let mut figures = Vec::new();
    for operation in OPERATIONS {
        for lasting in [Lasting::Once, Lasting::ForGood] {
            let step = if operation == Operation::Write && !is_long() { 7 } else { 1 };
            let mut nth = 1;
            let mut disks = 0;
            loop {
                let place = Place::new();
                place.disk.set(Fault::Fail(operation, nth, lasting));
                disks += 1;
                let name = format!("{what}: {operation:?} {nth} fails {lasting:?}");
                if story(&place, &name) == 0 {
                    break;
                }
                nth += step;
                assert!(nth < 5_000, "{name}: there is no end");
            }
            assert!(operation == Operation::Truncate || nth > 1, "the story has no {operation:?}");
            figures.push(format!("D03: {what}: {operation:?} {lasting:?}: {disks} disks, up to the operation {nth}"));
        }
    }
    figures
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn value(minute: i64, tag: usize) -> f64 {
    (minute * 31 % 997) as f64 + tag as f64 / 8.0
}

/// Records hour by hour, and gives the hours that were said to be stored.
fn record(history: &History) -> i64 {
    let ids = history.series(&TAGS);
    let mut stored = 0;
    for hour in 0..HOURS {
        let minutes = hour * MINUTES..(hour + 1) * MINUTES;
        let rows = minutes.flat_map(|minute| {
            let row = |(tag, id): (usize, &history::SeriesId)| number(*id, minute * 60_000, value(minute, tag));
            ids.iter().enumerate().map(row).collect::<Vec<_>>()
        });
        history.record(rows.collect());
        if history.flush().is_ok() {
            stored = hour + 1;
        }
    }
    stored
}

#[test]
fn d03_history_loses_nothing_that_it_said_to_be_stored() {
    let figures = until_clean("history", |place, name| {
        let stored = {
            let history = place.history();
            let stored = record(&history);
            assert_eq!(history.status().notice, "", "{name}");
            stored
        };
        let felt = place.disk.heal();

        let history = place.history();
        assert_eq!(history.status().notice, "", "{name}: nothing is damaged, nothing is missing");
        for (tag, id) in history.series(&TAGS).into_iter().enumerate() {
            let found = history.reader().raw(id, WHOLE, usize::MAX).expect("reads");
            let found: BTreeMap<i64, Option<f64>> =
                found.into_iter().map(|sample| (sample.time.millis() / 60_000, sample.number())).collect();
            for minute in 0..stored * MINUTES {
                assert!(found.contains_key(&minute), "{name}: stored up to hour {stored}, minute {minute} is lost");
            }
            for (minute, found) in found {
                assert_eq!(found, Some(value(minute, tag)), "{name}: minute {minute}");
            }
        }
        drop(history);
        let mut findings = Vec::new();
        let looked = history::check(
            &place.history_file(),
            Arc::new(TestClock),
            |finding| findings.push(finding.to_string()),
            |_| ControlFlow::Continue(()),
        );
        assert!(looked.is_ok_and(|contents| contents.finished) && findings.is_empty(), "{name}: {findings:?}");
        assert!(felt > 0 || stored == HOURS, "{name}: nothing stood in the way");
        felt
    });
    println!("{}", figures.join("\n"));
}

#[test]
fn d03_the_journal_acknowledges_nothing_that_is_not_on_disk() {
    let figures = until_clean("journal", |place, name| {
        let mut acknowledged = Vec::new();
        let mut refused = Vec::new();
        {
            let journal = place.journal();
            for i in 0..12 {
                // One that nobody waits for goes along.
                journal.append(vec![event(format!("event {i}"))], None);
                let message = format!("act {i}");
                match append(&journal, message.clone()) {
                    Ok(seqs) => acknowledged.push((message, seqs)),
                    Err(_) => refused.push(message),
                }
            }
        }
        let felt = place.disk.heal();
        let journal = place.journal();
        assert_eq!(journal.status().notice, "", "{name}");
        let found = messages(&journal);
        for (message, seqs) in &acknowledged {
            assert_eq!(seqs.len(), 1, "{name}");
            let place = usize::try_from(seqs[0] - 1).expect("small");
            assert_eq!(found.get(place), Some(message), "{name}: it was acknowledged under this number");
        }
        let mut once = found.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), found.len(), "{name}: nothing is there twice: {found:?}");
        let events: Vec<&String> = found.iter().filter(|message| message.starts_with("event")).collect();
        assert!(events.is_sorted_by_key(|event| event[6..].parse::<u32>().expect("a number")), "{name}: {events:?}");
        append(&journal, "and on".to_owned()).expect("a healed disk");
        assert!(felt > 0 || refused.is_empty(), "{name}: nothing stood in the way");
        felt
    });
    println!("{}", figures.join("\n"));
}
