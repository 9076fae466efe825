//! Alarms that stand while the program ends without a word, while an acknowledgement is on its way to the disk, and while
//! their source is away (rows A01, A02 and A04 of the matrix in `docs/faults.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alarm::{Act, OccurrenceId, State};
use disk::{Disk, Fault, Operation};
use engine::{Snapshot, SystemClock, Target, Wanted};
use field::broker::{Mosquitto, Publisher};
use field::figures::{self, rounds, spread};
use field::station::Station;
use journal::{Journal, Kind, Query};
use model::Clock;

/// Tags of one machine, which come in one message.
const FIELDS: usize = 20;
/// So many alarms are shelved, and never come back by themselves in this test.
const SHELVED: usize = 20;
/// What the process that is killed does: which task, with how many alarms, on which broker, on which folder.
const TASK: &str = "ANDON_TEST_STANDING";

fn plant(port: u16, alarms: usize) -> String {
    let mut text = format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n"
    );
    for field in 0..FIELDS {
        // Half of the tags are expected every two seconds.
        let expected = if field % 2 == 0 { "stale_after_s = 2\n" } else { "" };
        write!(
            text,
            "[[templates.press.tags]]\nid = \"t{field}\"\ngateway = \"broker\"\n{expected}\
             address = {{ topic = \"p/{{machine}}\", pointer = \"/t{field}\" }}\n\
             [[templates.press.alarms]]\ntag = \"t{field}\"\nid = \"hot{field}\"\nmessage = \"Hot\"\nkind = \"high\"\nlimit = 80\n"
        )
        .expect("a string takes all");
    }
    for machine in 0..alarms / FIELDS {
        writeln!(text, "[[machines]]\npath = \"m/a/l/{machine}\"\ntemplate = \"press\"").expect("a string takes all");
    }
    text
}

/// Every tag has this value now.
async fn publish(publisher: &mut Publisher, alarms: usize, value: f64) {
    let fields: Vec<String> = (0..FIELDS).map(|field| format!("\"t{field}\":{value}")).collect();
    let payload = format!("{{{}}}", fields.join(","));
    for machine in 0..alarms / FIELDS {
        publisher.live(&format!("p/{machine}"), &payload).await;
    }
}

fn act(note: &str) -> Act {
    Act { user: "eve".into(), station: "desk 1".into(), note: note.into(), at: SystemClock.now().wall }
}

/// Of those that stand, whether somebody acknowledged each, and when it was raised.
fn in_state(snapshot: &Snapshot, state: State) -> usize {
    snapshot.alarms.alarms.iter().filter(|active| active.state == state).count()
}

/// A station whose alarms all stand, and one in three of them is acknowledged, ended in order.
async fn leave_standing(folder: &Path, port: u16, alarms: usize) {
    let mut publisher = Publisher::try_connect(port).await.expect("the broker listens");
    let station = Station::start(folder, &plant(port, alarms));
    station.until_up().await;
    publish(&mut publisher, alarms, 90.0).await;
    station.until_within(Duration::from_secs(60), "all stand", |now| in_state(now, State::Unack) == alarms).await;
    let all: Vec<OccurrenceId> = station.snapshot().alarms.alarms.iter().map(|one| one.occurrence.clone()).collect();
    let seen: Vec<Target> = all.iter().step_by(3).cloned().map(Target::Occurrence).collect();
    let count = seen.len();
    let acted = station.engine.act(seen, Wanted::Acknowledge, act("seen")).await.expect("the disk works");
    assert_eq!(acted.done.len(), count);
    let noisy: Vec<Target> = all.iter().take(SHELVED).map(|one| Target::Alarm(one.alarm.clone())).collect();
    let shelve = Wanted::Shelve { time: Duration::from_secs(12 * 3600), one_shot: false };
    let acted = station.engine.act(noisy, shelve, act("known")).await.expect("the disk works");
    assert_eq!(acted.done.len(), SHELVED.min(alarms), "{:?}", acted.refused);
    station.stop().await;
}

/// What a person sees of each alarm: its state, since when, who acknowledged it and until when it is shelved.
type Seen = BTreeMap<String, String>;

fn shown(snapshot: &Snapshot) -> Seen {
    let active = snapshot.alarms.alarms.iter().map(|one| {
        let by = one.acknowledged.as_ref().map(|act| (act.user.clone(), act.at.millis()));
        (one.occurrence.to_string(), format!("{:?} since {} by {by:?}", one.state, one.raised.millis()))
    });
    let suppressed = snapshot.alarms.suppressed.iter().map(|one| {
        let until = one.suppression.shelved.as_ref().map(|shelving| shelving.until.millis());
        (
            snapshot.plant.alarms[one.definition].id.to_string(),
            format!("present {}, shelved until {until:?}", one.is_present),
        )
    });
    active.chain(suppressed).collect()
}

/// The same, as the journal on the disk has it, and how often an alarm was announced.
fn on_disk(folder: &Path) -> (Seen, usize) {
    let journal = Journal::open(&folder.join("journal.db"), Arc::new(SystemClock)).expect("the journal can be opened");
    let mut seen = Seen::new();
    for (alarm, known) in journal.known().expect("the journal can be read") {
        let shelved = known.suppression.shelved.map(|shelving| shelving.until.millis());
        if shelved.is_some() {
            let is_present = known.standings.iter().any(|standing| standing.state.is_present());
            seen.insert(alarm.to_string(), format!("present {is_present}, shelved until {shelved:?}"));
            continue;
        }
        for standing in known.standings {
            let by = standing.acknowledged.map(|act| (act.user, act.at.millis()));
            let words = format!("{:?} since {} by {by:?}", standing.state, standing.raised_at.millis());
            seen.insert(standing.occurrence.to_string(), words);
        }
    }
    let kinds = vec![Kind::Raised, Kind::Recurred, Kind::Escalated, Kind::ReAlarmed, Kind::Unsuppressed];
    let mut query = Query { kinds, limit: Query::LIMIT, ..Query::default() };
    let mut announced = 0;
    loop {
        let page = journal.page(&query).expect("the journal can be read");
        announced += page.records.len();
        query.before = page.next;
        if page.next.is_none() {
            return (seen, announced);
        }
    }
}

/// A station in a process of its own, killed when dropped.
struct Killed(Child);

impl Killed {
    fn start(task: &str, alarms: usize, port: u16, folder: &Path) -> Killed {
        let program = std::env::current_exe().expect("this program has a path");
        let child = Command::new(program)
            .args(["--exact", "process_that_is_killed", "--nocapture"])
            .env(TASK, format!("{task} {alarms} {port} {}", folder.display()))
            .stdout(Stdio::null())
            .spawn();
        Killed(child.expect("this program starts"))
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // SIGKILL: it has no chance to write anything down.
        self.0.kill().expect("the test's own process");
        self.0.wait().expect("the test's own process");
    }
}

/// Not a test of its own: what the killed process runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_that_is_killed() {
    let Ok(task) = std::env::var(TASK) else { return };
    let parts: Vec<&str> = task.splitn(4, ' ').collect();
    let [what, alarms, port, folder] = parts[..] else { panic!("a task, a number, a port and a folder") };
    let (alarms, port) = (alarms.parse().expect("a number"), port.parse().expect("a port"));
    match what {
        "acknowledge" => acknowledge_some(Path::new(folder), port, alarms).await,
        "write" => acknowledge_into_a_held_disk(Path::new(folder), port, alarms, Operation::Write).await,
        "sync" => acknowledge_into_a_held_disk(Path::new(folder), port, alarms, Operation::Sync).await,
        other => panic!("nobody knows the task {other}"),
    }
    // Whoever started it kills it long before.
    tokio::time::sleep(Duration::from_secs(120)).await;
}

/// Says what it shows at first, and then acknowledges a few at a time and says of which it was told that they are.
async fn acknowledge_some(folder: &Path, port: u16, alarms: usize) {
    let station = Station::start(folder, &plant(port, alarms));
    let snapshot = station.snapshot();
    say(
        folder,
        "shown",
        &shown(&snapshot).into_iter().fold(String::new(), |all, (one, how)| all + &one + "\t" + &how + "\n"),
    );
    let mut told = OpenOptions::new().create(true).append(true).open(folder.join("told")).expect("a writable folder");
    let open = snapshot.alarms.alarms.iter().filter(|one| one.state == State::Unack).map(|one| one.occurrence.clone());
    for few in open.take(60).collect::<Vec<_>>().chunks(3) {
        let targets = few.iter().cloned().map(Target::Occurrence).collect();
        let acted = station.engine.act(targets, Wanted::Acknowledge, act("seen")).await.expect("the disk works");
        let done: String = acted.done.iter().map(|target| format!("{target}\n")).collect();
        told.write_all(done.as_bytes()).expect("a writable folder");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Clicks, and looks for a while whether anything says that it is acknowledged.
async fn acknowledge_into_a_held_disk(folder: &Path, port: u16, alarms: usize, held: Operation) {
    let disk = Disk::below(folder);
    let station = Station::start(folder, &plant(port, alarms));
    let quiet = |_: &Snapshot| station.journal.status().queued == 0 && station.history.status().queued == 0;
    station.until("what the start writes is written", quiet).await;
    let open =
        station.snapshot().alarms.alarms.iter().find(|one| one.state == State::Unack).map(|one| one.occurrence.clone());
    let open = open.expect("one is open");
    disk.set(Fault::Held(held));
    let engine = Arc::clone(&station.engine);
    let target = vec![Target::Occurrence(open.clone())];
    let click = tokio::spawn(async move { engine.act(target, Wanted::Acknowledge, act("on my way")).await });
    station.until("it is on its way to the disk", |_| disk.felt() > 0 && station.journal.status().queued > 0).await;
    let clicked = Instant::now();
    while clicked.elapsed() < Duration::from_millis(500) {
        let state = station.snapshot().alarms.alarms.iter().find(|one| one.occurrence == open).map(|one| one.state);
        if state != Some(State::Unack) || click.is_finished() {
            say(folder, "clicked", &format!("{state:?} is shown, answered: {}", click.is_finished()));
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    say(folder, "clicked", &open.to_string());
}

/// Leaves a word for whoever started this process, whole or not at all.
fn say(folder: &Path, name: &str, words: &str) {
    let unfinished = folder.join("unfinished");
    File::create(&unfinished).and_then(|mut file| file.write_all(words.as_bytes())).expect("a writable folder");
    std::fs::rename(unfinished, folder.join(name)).expect("a writable folder");
}

/// Waits for the word that the process leaves; `None` where it is not there in time.
async fn word(path: &PathBuf, limit: Duration) -> Option<String> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Ok(words) = std::fs::read_to_string(path) {
            return Some(words);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a01_what_stands_when_the_program_is_killed_stands_again_and_is_not_announced_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Mosquitto::start().await;
    let (alarms, kills) = (rounds(1_000, 10_000), rounds(6, 100));
    leave_standing(folder.path(), broker.port, alarms).await;
    let (mut expected, announced) = on_disk(folder.path());
    assert_eq!((expected.len(), announced), (alarms, alarms));

    let (mut publisher, mut starts, mut early, mut answered) = (broker.publisher().await, Vec::new(), 0, 0);
    for kill in 0..kills {
        for word in ["shown", "told"] {
            // Neither is there where it was killed before it said anything.
            std::fs::remove_file(folder.path().join(word)).ok();
        }
        let begun = Instant::now();
        let killed = Killed::start("acknowledge", alarms, broker.port, folder.path());
        // One in four is killed while it starts, after a longer time each.
        let (limit, is_early) = match kill % 4 {
            3 => (Duration::from_millis(40 * (u64::try_from(kill / 4).expect("small") + 1)), true),
            _ => (Duration::from_secs(60), false),
        };
        match word(&folder.path().join("shown"), limit).await {
            Some(words) => {
                starts.push(begun.elapsed());
                let shown: Seen = words
                    .lines()
                    .filter_map(|line| line.split_once('\t'))
                    .map(|(one, how)| (one.into(), how.into()))
                    .collect();
                let different: Vec<_> =
                    expected.iter().filter(|(one, how)| shown.get(*one) != Some(how)).take(5).collect();
                assert!(different.is_empty(), "start {kill} shows something else of {different:?}");
                assert_eq!(shown.len(), expected.len(), "and nothing beside");
            }
            None => {
                assert!(is_early, "it starts within a minute");
                early += 1;
            }
        }
        if !is_early {
            publish(&mut publisher, alarms, 90.0 + f64::from(u8::try_from(kill).expect("at most a hundred"))).await;
            tokio::time::sleep(Duration::from_millis(u64::try_from(kill * 37 % 200).expect("small"))).await;
        }
        drop(killed);

        let (found, announced) = on_disk(folder.path());
        assert_eq!(announced, alarms, "nothing is announced again");
        let told: BTreeSet<String> = std::fs::read_to_string(folder.path().join("told"))
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        answered += told.len();
        assert!(found.keys().eq(expected.keys()), "the same alarms, and no other");
        for (one, how) in &found {
            let (before, raised) = (&expected[one], |how: &str| how.split(' ').nth(2).map(str::to_owned));
            assert_eq!(raised(how), raised(before), "raised when it was");
            let is_acknowledged = how.starts_with("Acked");
            assert!(is_acknowledged || !told.contains(one), "{one} was said to be acknowledged, and is {how}");
            assert!(how == before || (is_acknowledged && before.starts_with("Unack")), "{one}: {before}, then {how}");
        }
        expected = found;
    }
    assert!(answered > 0, "some were acknowledged between the kills");

    // They are alarms as before: what returns is over, or waits for somebody.
    let station = Station::start(folder.path(), &plant(broker.port, alarms));
    let open = in_state(&station.snapshot(), State::Unack);
    station.until_up().await;
    publish(&mut publisher, alarms, 20.0).await;
    station
        .until_within(Duration::from_secs(60), "all have returned", |now| {
            in_state(now, State::RtnUnack) == open && now.alarms.alarms.len() == open
        })
        .await;
    station.stop().await;
    figures::measured(
        "A01",
        &format!(
            "{kills} kills with {alarms} standing alarms, {early} of them during the start: 0 lost, 0 announced again, \
             {answered} acknowledgements answered in between and kept; shown after {}",
            spread(starts)
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a02_an_acknowledgement_counts_only_once_it_is_on_disk() {
    let broker = Mosquitto::start().await;
    let kills = rounds(2, 40);
    let mut kept = 0;
    for kill in 0..kills {
        let folder = tempfile::tempdir().expect("a folder");
        leave_standing(folder.path(), broker.port, 60).await;
        let held = if kill % 2 == 0 { "write" } else { "sync" };
        let killed = Killed::start(held, 60, broker.port, folder.path());
        let clicked = word(&folder.path().join("clicked"), Duration::from_secs(60)).await.expect("it clicks");
        let occurrence: OccurrenceId = clicked.parse().unwrap_or_else(|_| panic!("with its disk held, {clicked}"));
        drop(killed);

        let station = Station::start(folder.path(), &plant(broker.port, 60));
        let state =
            || station.snapshot().alarms.alarms.iter().find(|one| one.occurrence == occurrence).map(|one| one.state);
        let acknowledged =
            Query { kinds: vec![Kind::Acknowledged], text: Some("on my way".into()), limit: 10, ..Query::default() };
        let entries = station.journal.page(&acknowledged).expect("the journal can be read").records.len();
        // What was written and not synced outlives the program, though not the power: state and journal say the same.
        let expected = if entries == 0 { State::Unack } else { State::Acked };
        assert_eq!(state(), Some(expected), "{held}");
        if held == "write" {
            assert_eq!(entries, 0, "nothing of it was written");
        }
        kept += entries;
        if entries == 0 {
            let again = vec![Target::Occurrence(occurrence.clone())];
            let acted = station.engine.act(again, Wanted::Acknowledge, act("again")).await.expect("the disk works");
            assert_eq!(acted.done.len(), 1, "it can be acknowledged: {:?}", acted.refused);
            assert_eq!(state(), Some(State::Acked));
        }
        station.stop().await;
    }
    figures::measured(
        "A02",
        &format!(
            "{kills} clicks, killed 0.5 s later while the disk held their writes or syncs: 0 shown or answered before; after the \
             restart 0 of {} acknowledged whose write was held, {kept} of {} whose sync was held, and the journal says so",
            kills.div_ceil(2),
            kills / 2
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a04_an_alarm_whose_source_is_lost_stays_and_says_so() {
    const ALARMS: usize = 400;
    let folder = tempfile::tempdir().expect("a folder");
    let mut broker = Mosquitto::start().await;
    let station = Station::start(folder.path(), &plant(broker.port, ALARMS));
    station.until_up().await;
    let mut publisher = broker.publisher().await;
    publish(&mut publisher, ALARMS, 90.0).await;
    station.until("all stand", |now| in_state(now, State::Unack) == ALARMS).await;
    let seen = station
        .snapshot()
        .alarms
        .alarms
        .iter()
        .step_by(2)
        .map(|one| Target::Occurrence(one.occurrence.clone()))
        .collect();
    station.engine.act(seen, Wanted::Acknowledge, act("seen")).await.expect("the disk works");
    let standing = shown(&station.snapshot());
    let is_of_press = |one: &engine::ActiveAlarm| !one.occurrence.alarm.as_str().starts_with("gateway/");
    let marked = |now: &Snapshot| now.alarms.alarms.iter().filter(|one| is_of_press(one) && one.source_lost).count();

    station.until("those that are expected are stale", |now| marked(now) == ALARMS / 2).await;
    assert_eq!(shown(&station.snapshot()), standing, "and what stands, stands");

    broker.kill();
    let lost = Instant::now();
    station.until("all are marked", |now| marked(now) == ALARMS).await;
    let after = lost.elapsed();
    let is_raised = |now: &Snapshot| now.alarms.alarms.iter().filter(|one| !is_of_press(one)).count() == 1;
    station.until("the connection's own alarm is raised", is_raised).await;
    let time = Duration::from_secs(if rounds(0, 1) == 1 { 60 } else { 5 });
    while lost.elapsed() < time {
        let now = station.snapshot();
        let kept: Seen = shown(&now).into_iter().filter(|(one, _)| !one.starts_with("gateway/")).collect();
        assert_eq!((kept == standing, marked(&now)), (true, ALARMS), "all are kept as they were, and marked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    broker.restart().await;
    station.until_up().await;
    assert_eq!(marked(&station.snapshot()), ALARMS, "a connection alone is no news of them");
    let mut publisher = broker.publisher().await;
    publish(&mut publisher, ALARMS, 90.0).await;
    station.until("all are known again", |now| marked(now) == 0).await;
    let kept: Seen = shown(&station.snapshot()).into_iter().filter(|(one, _)| !one.starts_with("gateway/")).collect();
    assert_eq!(kept, standing);
    publish(&mut publisher, ALARMS, 20.0).await;
    let returned = |now: &Snapshot| now.alarms.alarms.iter().filter(|one| is_of_press(one)).count() == ALARMS / 2;
    station.until("then they return", returned).await;
    assert_eq!(station.raised("gateway/broker/connection"), 1);
    let raised = Query { kinds: vec![Kind::Raised], limit: Query::LIMIT, ..Query::default() };
    let raised = station.journal.page(&raised).expect("the journal can be read").records.len();
    assert_eq!(raised, ALARMS + 1, "each once, and one for the connection");
    station.stop().await;
    figures::measured(
        "A04",
        &format!(
            "{ALARMS} standing alarms kept and marked {after:.0?} after the loss, 0 of them returned or raised in {time:.0?}; one alarm for the connection"
        ),
    );
}
