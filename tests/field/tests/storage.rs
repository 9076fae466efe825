//! A station whose disk is filling up, is slow, is pulled out, or lost a file: what is live stays live, and the trouble is said
//! (rows D05, D06, D09 and D16 of the matrix in `docs/faults.md`).

use std::time::Duration;

use disk::{Disk, Fault};
use field::broker::Mosquitto;
use field::disk::SmallDisk;
use field::figures;
use field::station::{Station, row};
use history::Room;
use journal::{Entry, Query};
use model::Value;
use tokio::time::Instant;

const TAG: &str = "s/a/l/m/t";

fn plant(port: u16) -> String {
    format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         [[machines]]\npath = \"s/a/l/m\"\n\
         [[tags]]\nmachine = \"s/a/l/m\"\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n"
    )
}

/// What the journal says of the stores, the oldest first.
fn said(station: &Station) -> Vec<String> {
    let page = station.journal.page(&Query { limit: Query::LIMIT, ..Query::default() }).expect("the journal is read");
    let words = page.records.into_iter().rev().filter_map(|record| match record.entry {
        Entry::System(system) => Some(system.message),
        Entry::Alarm(_) | Entry::Remark(_) | Entry::Action(_) => None,
    });
    words.filter(|message| message.starts_with("history: ") || message.starts_with("journal: ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_a_disk_that_fills_up_is_said_before_it_is_full() {
    let Some(small) = SmallDisk::mount("D05", 160) else { return };
    let broker = Mosquitto::start().await;
    let station = Station::start(small.path(), &plant(broker.port));
    station.until_up().await;
    assert_eq!(station.history.status().warning(), "", "the ballast leaves room enough");
    let mut figures = Vec::new();
    let story = [(91, Room::Low), (96, Room::Scarce), (94, Room::Scarce), (91, Room::Low), (0, Room::Enough)];
    for (percent, expect) in story {
        small.fill_up_to(percent);
        let begun = Instant::now();
        let known = |_: &engine::Snapshot| station.history.status().room == expect;
        station.until_within(Duration::from_secs(60), "the room is known", known).await;
        figures.push(format!("{percent} % after {:.0?}", begun.elapsed()));
    }
    let entries = |_: &engine::Snapshot| said(&station).len() == 4;
    station.until("the journal has it", entries).await;
    let said = said(&station);
    for (entry, words) in said.iter().zip(["90 %", "95 %", "90 %", "the disk has room again"]) {
        assert!(entry.starts_with("history: ") && entry.contains(words), "{said:?}");
    }
    figures::measured("D05", &figures.join(", "));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d09_a_station_whose_history_lost_its_log_says_so_in_its_journal() {
    let (folder, left) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    let station = Station::start(folder.path(), &plant(broker.port));
    station.until_up().await;
    publisher.live("t", "1").await;
    station.until("it is shown", |snapshot| row(snapshot, TAG).value == Some(Value::Float(1.0))).await;
    assert_eq!(station.stored(TAG).iter().filter(|sample| sample.number() == Some(1.0)).count(), 1);
    // What a killed station leaves behind, but for the log.
    for name in ["history.db", "history.db-mark"] {
        std::fs::copy(folder.path().join(name), left.path().join(name)).expect("copies");
    }
    station.stop().await;
    let station = Station::start(left.path(), &plant(broker.port));
    let lost = |_: &engine::Snapshot| {
        said(&station).iter().any(|words| words.starts_with("history: The end of what was stored is missing"))
    };
    station.until("the journal has it", lost).await;
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d06_while_each_sync_takes_two_seconds_values_stay_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = Disk::below(folder.path());
    let broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    let station = Station::start(folder.path(), &plant(broker.port));
    station.until_up().await;
    publisher.live("t", "0").await;
    below.set(Fault::SlowSync(Duration::from_secs(2)));
    let (mut count, mut oldest) = (0, Duration::ZERO);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(12) {
        count += 1;
        let sent = Instant::now();
        publisher.live("t", &count.to_string()).await;
        let shown = |snapshot: &engine::Snapshot| row(snapshot, TAG).value == Some(Value::Float(f64::from(count)));
        station.until_within(Duration::from_secs(2), "the value is on the screen", shown).await;
        oldest = oldest.max(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(station.history.status().slow.is_some(), "{:?}", station.history.status());
    station
        .until("the journal has it", |_| said(&station).iter().any(|words| words.contains("the disk is slow")))
        .await;
    below.heal();
    let stored = station.stored(TAG);
    let numbers: Vec<f64> = stored.iter().filter_map(model::Sample::number).collect();
    assert!((1..=count).all(|n| numbers.contains(&f64::from(n))), "{} of {count} values are stored", numbers.len());
    assert_eq!(station.history.status().dropped, 0);
    figures::measured("D06", &format!("{count} values, shown within {oldest:.0?}, all of them stored"));
    station.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_a_disk_that_is_pulled_out_stops_nothing_and_is_said() {
    let Some(small) = SmallDisk::mount("D16", 160) else { return };
    let broker = Mosquitto::start().await;
    let mut publisher = broker.publisher().await;
    let station = Station::start(small.path(), &plant(broker.port));
    station.until_up().await;
    let mut count = 0;
    let mut oldest = Duration::ZERO;
    for pulled in [false, true] {
        if pulled {
            small.pull();
        }
        for _ in 0..50 {
            count += 1;
            let sent = Instant::now();
            publisher.live("t", &count.to_string()).await;
            let shown = |snapshot: &engine::Snapshot| row(snapshot, TAG).value == Some(Value::Float(f64::from(count)));
            station.until_within(Duration::from_secs(2), "the value is on the screen", shown).await;
            oldest = oldest.max(sent.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let moved = |_: &engine::Snapshot| station.history.status().notice.contains("moved or removed");
    station.until("it is noticed", moved).await;
    station
        .until("the journal has it", |_| said(&station).iter().any(|words| words.contains("moved or removed")))
        .await;
    figures::measured(
        "D16",
        &format!("values shown within {oldest:.0?} before and after; recorded into the folder below"),
    );
    station.stop().await;
}
