//! How long a page of a million entries takes, by each kind of query: the median of five, in milliseconds.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use alarm::{AlarmId, Cause, OccurrenceId, PRIORITIES, State, Transition};
use journal::{AlarmChange, Entry, Journal, Query};
use model::{Clock, EquipmentId, Now, Timestamp};

const ENTRIES: i64 = 1_000_000;

/// The benchmark asks nothing of time but durations.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Now {
        Now::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let journal = Journal::open(&folder.path().join("journal.sqlite"), Arc::new(NoClock))?;
    let begun = Instant::now();
    for begin in (0..ENTRIES).step_by(1000) {
        let (tell, told) = mpsc::channel();
        let entries = (begin..begin + 1000).map(entry).collect::<Result<_, Box<dyn Error>>>()?;
        journal.append(entries, Some(Box::new(move |outcome| drop(tell.send(outcome)))));
        told.recv()??;
    }
    let mut out = std::io::stdout().lock();
    let seconds = begun.elapsed().as_secs_f64();
    writeln!(out, "{ENTRIES} entries appended in {seconds:.1} s, {} MB", journal.status().bytes / 1_000_000)?;

    let all = Query { limit: 100, ..Query::default() };
    let area = |path: &str| Query { equipment: Some(EquipmentId::new(path)), ..all.clone() };
    let between = |from, to| Query {
        from: Some(Timestamp::from_millis(from)),
        to: Some(Timestamp::from_millis(to)),
        ..all.clone()
    };
    let queries = [
        ("newest", all.clone()),
        ("of a site", area("site1")),
        ("of one machine", area("site1/area7/line2/machine107")),
        ("of a machine with few entries", area("site0/rare")),
        ("of one alarm", Query { alarm: Some(AlarmId::new("alarm77")), ..all.clone() }),
        ("of the highest priority", Query { priority: Some(PRIORITIES[0]), ..all.clone() }),
        ("of a day far back", between(100_000_000, 186_400_000)),
        ("of the older half", between(0, ENTRIES * 500)),
        ("with a frequent text", Query { text: Some("tank 7".to_owned()), ..all.clone() }),
        ("with a rare text, first page", Query { text: Some("no such text".to_owned()), ..all.clone() }),
        (
            "with a text, of one machine",
            Query { text: Some("tank 107".to_owned()), ..area("site1/area7/line2/machine107") },
        ),
    ];
    for (name, query) in queries {
        let mut took = Vec::new();
        let mut found = 0;
        for _ in 0..5 {
            let begun = Instant::now();
            found = journal.page(&query)?.records.len();
            took.push(begun.elapsed());
        }
        took.sort();
        writeln!(out, "{name:<32} {:>8.2} ms {found:>5} entries", took[2].as_secs_f64() * 1000.0)?;
    }
    Ok(())
}

/// One alarm a second from two hundred machines on two sites; one machine is heard of seldom.
fn entry(i: i64) -> Result<Entry, Box<dyn Error>> {
    let machine = i * 7919 % 200;
    let at = Timestamp::from_millis(i * 1000);
    let equipment = if i % 50_000 == 0 {
        "site0/rare".to_owned()
    } else {
        format!("site{}/area{}/line{}/machine{machine}", machine / 100, machine % 10, machine % 3)
    };
    let priority = if i % 1000 == 0 { PRIORITIES[0] } else { PRIORITIES[usize::try_from(1 + i % 3)?] };
    Ok(Entry::Alarm(AlarmChange {
        transition: Transition {
            occurrence: OccurrenceId { alarm: AlarmId::new(format!("alarm{}", i % 2000)), raised: at },
            from: State::Acked,
            to: State::Normal,
            at,
            cause: Cause::Returned,
            value: Some(81.5),
            level: 0,
            announced: None,
            suppressed: false,
        },
        equipment: Some(EquipmentId::new(equipment)),
        priority,
        message: format!("Temperature in tank {machine} is above its limit"),
        value: "81.5 °C".to_owned(),
        deed: None,
    }))
}
