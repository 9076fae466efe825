//! What ten million entries cost to write, how long any page of them takes, and the figures of 30 days.
//!
//! `cargo xtask bench alarms` prints a table in Markdown; of a smaller journal with `-- entries=1000000`. It takes 2 GB below the
//! system's temporary folder. Of each query the median of five is told, the file being in the system's cache.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use alarm::{Act, AlarmId, Cause, OccurrenceId, PRIORITIES, State, Transition};
use journal::performance::{DAY, Window};
use journal::{Action, AlarmChange, Entry, Journal, Kind, Phase, Query};
use model::{Clock, EquipmentId, Now, Timestamp};

/// Entries of a transaction, as in a burst.
const BATCH: i64 = 1_000;
/// Milliseconds from entry to entry: a million of them are thirty days.
const APART: i64 = 2_592;
const ALARMS: i64 = 2_000;
const MACHINES: i64 = 200;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The benchmark asks nothing of time but durations.
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Now {
        Now::default()
    }
}

fn main() -> Outcome<()> {
    let entries = match std::env::args().find_map(|argument| argument.strip_prefix("entries=").map(str::to_owned)) {
        Some(said) => said.parse()?,
        None => 10_000_000,
    };
    let folder = tempfile::tempdir()?;
    let journal = Journal::open(&folder.path().join("journal.db"), Arc::new(NoClock))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "| {entries} entries | |\n|---|---|")?;
    fill(&journal, entries, &mut out)?;
    for (name, query) in queries(entries) {
        let (took, found) = median(|| Ok(journal.page(&query)?.records.len()))?;
        writeln!(out, "| {name} | {took:.1} ms, {found} entries |")?;
    }
    let end = entries * APART;
    let window = |days: i64| Window {
        from: Timestamp::from_millis(end - days * DAY),
        to: Timestamp::from_millis(end),
        equipment: None,
        ahead: &|_| 3600,
    };
    for days in [1, 30] {
        let (took, count) = median(|| Ok(journal.reader().performance(&window(days))?.count))?;
        writeln!(out, "| performance of {days} days, {count} alarms | {took:.0} ms |")?;
    }
    Ok(())
}

/// Appends the entries, a batch a transaction, and says what that cost.
fn fill(journal: &Journal, entries: i64, out: &mut impl Write) -> Outcome<()> {
    let begun = Instant::now();
    let mut commits = Vec::new();
    for begin in (0..entries).step_by(usize::try_from(BATCH)?) {
        let batch = (begin..begin + BATCH).map(entry).collect::<Outcome<Vec<_>>>()?;
        let (tell, told) = mpsc::channel();
        let handed = Instant::now();
        journal.append(batch, Some(Box::new(move |outcome| drop(tell.send(outcome)))));
        told.recv()??;
        commits.push(handed.elapsed());
    }
    let took = begun.elapsed().as_secs_f64();
    commits.sort();
    let at = |share: usize| commits[(commits.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let (rate, bytes) = (entries as f64 / took, journal.status().bytes as f64 / entries as f64);
    writeln!(out, "| appended, {BATCH} a commit | {rate:.0} entries/s, {bytes:.0} bytes each |")?;
    writeln!(out, "| a commit, median / 99 % / longest | {:.1} / {:.1} / {:.1} ms |", at(50), at(99), at(100))?;
    Ok(())
}

fn queries(entries: i64) -> Vec<(&'static str, Query)> {
    let all = Query { limit: 100, ..Query::default() };
    let text = |text: &str| Query { text: Some(text.to_owned()), ..all.clone() };
    let area = |path: &str| Query { equipment: Some(EquipmentId::new(path)), ..all.clone() };
    let machine = "site1/area7/line2/machine107";
    let day = (entries / 3 * APART, entries / 3 * APART + DAY);
    let within = |(from, to): (i64, i64), query: Query| Query {
        from: Some(Timestamp::from_millis(from)),
        to: Some(Timestamp::from_millis(to)),
        ..query
    };
    let highest = Some(PRIORITIES[0]);
    let user = |user: &str| Query { user: Some(user.to_owned()), ..all.clone() };
    vec![
        ("newest", all.clone()),
        ("of a site", area("site1")),
        ("of one machine", area(machine)),
        ("of a machine that was heard of only at the beginning", area("site0/old")),
        ("of one alarm", Query { alarm: Some(AlarmId::new("alarm77")), ..all.clone() }),
        ("of the highest priority", Query { priority: highest, ..all.clone() }),
        ("of one day far back", within(day, all.clone())),
        ("of the older half", within((0, entries / 2 * APART), all.clone())),
        ("with a frequent text", text("tank 7")),
        ("with a text that one note has, said at the beginning", text("seal 107 ")),
        ("with a text that is nowhere", text("no such text")),
        ("with two letters that are nowhere", text("qq")),
        ("by one of eight users", user("ada")),
        ("by nobody", user("nobody")),
        ("raised, by a user: nowhere", Query { kinds: vec![Kind::Raised], ..user("ada") }),
        (
            "a text that one note in a hundred has, of the highest priority: nowhere",
            Query { priority: highest, ..text("of the pump replaced") },
        ),
        (
            "the highest priority of the old machine, with a frequent text: nowhere",
            Query { priority: highest, text: Some("is above".to_owned()), ..area("site0/old") },
        ),
        (
            "a rare text of one machine by one user, of one day",
            within(day, Query { text: Some("seal".to_owned()), user: Some("ada".to_owned()), ..area(machine) }),
        ),
        ("audited actions with a text in their target", Query { kinds: vec![Kind::Outcome], ..text("speed: 3199 ") }),
        ("the last page of the highest priority", Query { priority: highest, before: Some(5_000), ..all.clone() }),
    ]
}

/// The median of five, in milliseconds.
fn median<T>(mut work: impl FnMut() -> Outcome<T>) -> Outcome<(f64, T)> {
    let mut took = Vec::new();
    let mut answer = work()?;
    for _ in 0..5 {
        let begun = Instant::now();
        answer = work()?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok((took[2].as_secs_f64() * 1000.0, answer))
}

/// Alarms that are raised, acknowledged and return, in between what people do; one note in a hundred is not empty.
fn entry(i: i64) -> Outcome<Entry> {
    let at = Timestamp::from_millis(i * APART);
    let user = ["ada", "bob", "cleo", "dora", "emil", "fritz", "gerda", "hans"][usize::try_from(i % 8)?];
    if i % 200 == 199 {
        return Ok(Entry::Action(Action {
            at,
            user: user.to_owned(),
            station: "desk".to_owned(),
            command: "tag_write".to_owned(),
            target: format!("speed: {i} to {}", i + 1),
            phase: Phase::Outcome { intent: None, words: "done".to_owned() },
        }));
    }
    let turn = i / 3;
    let alarm = turn * 7919 % ALARMS;
    let machine = alarm % MACHINES;
    let equipment = if i < 3_000 && alarm % 50 == 0 {
        "site0/old".to_owned()
    } else {
        format!("site{}/area{}/line{}/machine{machine}", machine / 100, machine % 10, machine % 3)
    };
    let priority = if alarm == 1000 { 0 } else { usize::try_from(1 + alarm % 3)? };
    let note = if turn % 100 == 7 { format!("seal {turn} of the pump replaced") } else { String::new() };
    let (from, to, cause) = match i % 3 {
        0 => (State::Normal, State::Unack, Cause::Raised),
        1 => {
            let act = Act { user: user.to_owned(), station: "desk".to_owned(), note, at };
            (State::Unack, State::Acked, Cause::Acknowledged(act))
        }
        _ => (State::Acked, State::Normal, Cause::Returned),
    };
    let raised = Timestamp::from_millis(turn * 3 * APART);
    Ok(Entry::Alarm(AlarmChange {
        transition: Transition {
            occurrence: OccurrenceId { alarm: AlarmId::new(format!("alarm{alarm}")), raised },
            from,
            to,
            at,
            cause,
            value: Some(81.5),
            level: 0,
            announced: None,
            suppressed: false,
        },
        equipment: Some(EquipmentId::new(equipment)),
        priority: PRIORITIES[priority],
        message: format!("Temperature {} in tank {machine} is above its limit", alarm / MACHINES),
        value: "81.5 °C".to_owned(),
        deed: None,
    }))
}
