//! A full disk: history pauses, the journal goes on in the room of the ballast, and both go on when there is room again.

use std::fs;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use alarm::{Act, AlarmId, Cause, OccurrenceId, PRIORITIES, State, Transition};
use engine::SystemClock;
use field::disk::SmallDisk;
use field::figures;
use history::{History, Options, Row, SeriesId, Span, Trouble};
use journal::{Action, AlarmChange, Entry, Journal, Phase, Query, System};
use model::{Clock, EquipmentId, Sample, Timestamp, Value};

const BALLAST: u64 = 32 * 1024 * 1024;
/// Entries while the disk is full: each an append of its own that is waited for.
const ENTRIES: i64 = 10_200;

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

/// An alarm that is raised, its acknowledgement, an action of the audit trail, and a word of the system, in turn.
fn entry(i: i64) -> Entry {
    let alarm = |to, cause| {
        let occurrence = OccurrenceId { alarm: AlarmId::new(format!("warm-{}", i / 4)), raised: time(i - i % 4) };
        let from = if to == State::Unack { State::Normal } else { State::Unack };
        Entry::Alarm(AlarmChange {
            transition: Transition {
                occurrence,
                from,
                to,
                at: time(i),
                cause,
                value: Some(81.5),
                level: 0,
                announced: None,
                suppressed: false,
            },
            message: "it is too warm".to_owned(),
            equipment: Some(EquipmentId::new("m/a/l/m")),
            priority: PRIORITIES[0],
            value: "81.5 °C".to_owned(),
            deed: None,
        })
    };
    match i % 4 {
        0 => alarm(State::Unack, Cause::Raised),
        1 => alarm(
            State::Acked,
            Cause::Acknowledged(Act {
                user: "ann".to_owned(),
                station: "desk".to_owned(),
                note: "seen".to_owned(),
                at: time(i),
            }),
        ),
        2 => Entry::Action(Action {
            at: time(i),
            user: "ann".to_owned(),
            station: "desk".to_owned(),
            command: "setpoint_write".to_owned(),
            target: "m/a/l/m/speed: 100 -> 120".to_owned(),
            phase: Phase::Intent,
        }),
        _ => Entry::System(System { at: time(i), message: format!("entry {i}") }),
    }
}

fn append(journal: &Journal, entry: Entry) {
    let (tell, told) = mpsc::channel();
    journal.append(vec![entry], Some(Box::new(move |outcome| tell.send(outcome).expect("is waited for"))));
    let outcome = told.recv_timeout(Duration::from_secs(20)).expect("an answer comes");
    outcome.expect("an entry is written while the disk is full");
}

fn count(journal: &Journal) -> usize {
    let mut query = Query { limit: 1_000, ..Query::default() };
    let mut count = 0;
    loop {
        let page = journal.page(&query).expect("the journal is read");
        count += page.records.len();
        let Some(last) = page.records.last() else { return count };
        query.before = Some(last.seq);
    }
}

#[test]
fn d04_on_a_full_disk_the_journal_goes_on_and_history_resumes_by_itself() {
    let Some(disk) = SmallDisk::mount("D04", 88) else { return };
    let ballast = || fs::metadata(disk.path().join("ballast")).map_or(0, |file| file.len());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = || {
        let options = Options { retention: None };
        let history = History::open_with(&disk.path().join("history.db"), Arc::clone(&clock), options);
        let journal = Journal::open(&disk.path().join("journal.db"), Arc::clone(&clock));
        (history.expect("a history"), journal.expect("a journal"))
    };
    let (history, journal) = open();
    let id: SeriesId = history.series(&["m/a/l/m/t"])[0];
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let row = |i: i64| Row { series: id, sample: Sample::good(time(i), Value::Float((i * i) as f64)) };
    history.record((0..1_000).map(row).collect());
    history.flush().expect("there is room");
    append(&journal, entry(0));
    assert_eq!(ballast(), BALLAST, "there is room for the ballast");

    disk.fill();
    let mut samples = 1_000;
    wait_for("history has no room", || {
        history.record((samples..samples + 500).map(row).collect());
        samples += 500;
        thread::sleep(Duration::from_millis(100));
        history.status().trouble == Some(Trouble::DiskFull)
    });
    let held = fs::metadata(disk.path().join("history.db")).expect("the history").len();
    let begun = Instant::now();
    for i in 1..=ENTRIES {
        append(&journal, entry(i));
    }
    let took = begun.elapsed();
    assert_eq!(ballast(), 0, "the ballast is used");
    assert!(journal.status().working, "{:?}", journal.status());
    let status = history.status();
    assert_eq!(status.trouble, Some(Trouble::DiskFull), "history does not take the ballast's room: {status:?}");
    assert_eq!(fs::metadata(disk.path().join("history.db")).expect("the history").len(), held);
    assert_eq!(status.dropped, 0, "samples wait meanwhile");

    disk.give_back();
    let resumed = wait_for("history goes on", || history.status().working && history.status().queued == 0);
    assert_eq!(ballast(), BALLAST, "the ballast is made anew");
    append(&journal, entry(ENTRIES + 1));
    drop((history, journal));
    let (history, journal) = open();
    let id = history.series(&["m/a/l/m/t"])[0];
    let span = Span { from: time(0), to: time(i64::MAX) };
    let found = history.reader().raw(id, span, usize::MAX).expect("history is read");
    assert_eq!(i64::try_from(found.len()), Ok(samples), "no sample is lost");
    assert_eq!(i64::try_from(count(&journal)), Ok(ENTRIES + 2), "every entry is there once");
    figures::measured(
        "D04",
        &format!(
            "{ENTRIES} entries of the journal on a full disk, each waited for, in {took:.1?}; history goes on {resumed:.1?} after \
             there was room; 0 of {samples} samples lost"
        ),
    );
}
