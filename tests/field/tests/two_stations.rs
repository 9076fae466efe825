//! Two stations on one broker, apart for a while (row A03 of the matrix in `docs/faults.md`).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use alarm::{Act, AlarmId, Deed, DeedId, Known, OccurrenceId, What};
use engine::{ActiveAlarm, SystemClock, Target, Wanted};
use field::broker::{Keep, Mosquitto};
use field::proxy::{Door, Proxy};
use field::station::Station;
use field::wallet::Wallet;
use gateway::Secret;
use journal::{Entry, Query, Record};
use model::{Clock as _, Timestamp};
use stations::{KEY_SECRET, Scope, State, StationKey, seal, topic};
use tokio::time::Instant;

const ALARM: &str = "s/a/l/m/t/high";
const LIMIT: Duration = Duration::from_secs(30);

/// A key as its station keeps it, and its public half as the plant file has it.
struct Pair {
    secret: Secret,
    public: String,
}

fn pair() -> Pair {
    let secret = StationKey::make().expect("random numbers");
    let public = StationKey::read(&secret).expect("a key").public().to_string();
    Pair { secret, public }
}

fn plant(port: u16, laptop: &Pair, panel: &Pair) -> String {
    format!(
        "[plant]\nname = \"P\"\n[[gateways]]\nid = \"broker\"\nkind = \"mqtt\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         [stations]\nexchange = \"broker\"\nprefix = \"plant/andon\"\n\
         [stations.keys]\nlaptop = \"{}\"\npanel = \"{}\"\n\
         [[machines]]\npath = \"s/a/l/m\"\n\
         [[tags]]\nmachine = \"s/a/l/m\"\nid = \"t\"\ngateway = \"broker\"\naddress = {{ topic = \"t\" }}\n\
         limits = {{ high = 50 }}\n",
        laptop.public, panel.public
    )
}

fn start(name: &str, folder: &Path, plant: &str, pair: &Pair) -> Station {
    Station::start_as(name, folder, plant, Wallet::default().secret(KEY_SECRET, pair.secret.reveal()))
}

fn now() -> Timestamp {
    SystemClock.now().wall
}

fn act(user: &str, station: &str, note: &str) -> Act {
    Act { user: user.into(), station: station.into(), note: note.into(), at: now() }
}

fn standing(station: &Station) -> Option<ActiveAlarm> {
    let snapshot = station.snapshot();
    snapshot.alarms.alarms.iter().find(|alarm| alarm.occurrence.alarm.as_str() == ALARM).cloned()
}

fn occurrence(station: &Station) -> OccurrenceId {
    standing(station).expect("it stands").occurrence
}

/// Does something at a station, and gives what was done.
async fn done(station: &Station, target: Target, wanted: Wanted, act: Act) -> Act {
    let acted = station.engine.act(vec![target], wanted, act.clone()).await.expect("the engine runs");
    assert!(acted.refused.is_empty(), "{:?}", acted.refused);
    act
}

/// What the journal of a station knows of the alarm.
fn known(station: &Station) -> Known {
    let known = station.journal.known().expect("a disk that works");
    known.get(&AlarmId::new(ALARM)).cloned().unwrap_or_default()
}

fn acts(station: &Station) -> BTreeSet<DeedId> {
    known(station).deeds.iter().map(|(deed, _)| deed.id()).collect()
}

/// Every act at a station, as the journal has it, whoever did it.
fn journalled(station: &Station) -> usize {
    let query = Query { alarm: Some(AlarmId::new(ALARM)), limit: Query::LIMIT, ..Query::default() };
    station.journal.page(&query).expect("a disk that works").records.len()
}

fn refusals(station: &Station) -> usize {
    let query = Query { limit: Query::LIMIT, ..Query::default() };
    let page = station.journal.page(&query).expect("a disk that works");
    let is_refusal =
        |record: &&Record| matches!(&record.entry, Entry::System(system) if system.message.contains("is refused"));
    page.records.iter().filter(is_refusal).count()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until everything that a station has done is at the broker.
async fn until_sent(station: &Station) {
    until("everything sent", || {
        let status = station.exchange.status();
        status.state == State::Up && status.waiting == 0 && status.last_sent.is_some()
    })
    .await;
}

#[tokio::test]
async fn a03_what_two_stations_did_apart_is_known_to_both_once_they_meet() {
    let broker = Mosquitto::start().await;
    let way = Proxy::start(broker.address()).await;
    let (laptop_key, panel_key) = (pair(), pair());
    let (laptop_folder, panel_folder) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let laptop_plant = plant(way.port, &laptop_key, &panel_key);
    let panel_plant = plant(broker.port, &laptop_key, &panel_key);
    let laptop = start("laptop", laptop_folder.path(), &laptop_plant, &laptop_key);
    let panel = start("panel", panel_folder.path(), &panel_plant, &panel_key);
    laptop.until_up().await;
    panel.until_up().await;
    let mut publisher = broker.publisher().await;
    publisher.live("t", "60").await;
    for station in [&laptop, &panel] {
        station.until("the alarm", |snapshot| !snapshot.alarms.alarms.is_empty()).await;
        until("the exchange", || station.exchange.status().state == State::Up).await;
    }

    // The laptop goes down into the basement.
    way.set(|faults| faults.door = Door::Refuses);
    way.reset();
    until("cut off", || laptop.exchange.status().state == State::Down).await;
    let of_laptop = Target::Occurrence(occurrence(&laptop));
    let acknowledged = done(&laptop, of_laptop.clone(), Wanted::Acknowledge, act("anna", "laptop", "seen below")).await;
    let noted = done(&laptop, of_laptop, Wanted::Note, act("anna", "laptop", "the valve is stuck")).await;
    let of_panel = Target::Occurrence(occurrence(&panel));
    let noted_above = done(&panel, of_panel.clone(), Wanted::Note, act("bert", "panel", "called Anna")).await;
    let again = done(&panel, of_panel, Wanted::Acknowledge, act("bert", "panel", "seen above")).await;
    let shelve = Wanted::Shelve { time: Duration::from_secs(1_800), one_shot: false };
    let shelved =
        done(&laptop, Target::Alarm(AlarmId::new(ALARM)), shelve, act("anna", "laptop", "parts ordered")).await;
    assert_eq!((acts(&laptop).len(), acts(&panel).len()), (3, 2), "neither knows of the other's");
    assert!(known(&panel).suppression.shelved.is_none());

    // It comes back.
    way.set(|faults| faults.door = Door::Open);
    for station in [&laptop, &panel] {
        until("all five acts", || acts(station).len() == 5).await;
        let known = known(station);
        let [standing] = &known.standings[..] else { panic!("one occurrence stands: {known:#?}") };
        assert_eq!(standing.acknowledged.as_ref(), Some(&acknowledged), "the first one who saw it, as she did it");
        assert_eq!(standing.notes, [noted.clone(), noted_above.clone()]);
        assert_eq!(known.suppression.shelved.as_ref().map(|shelved| &shelved.act), Some(&shelved));
        let originals: HashMap<DeedId, Act> = known.deeds.into_iter().map(|(deed, _)| (deed.id(), deed.act)).collect();
        assert!(originals.values().any(|act| *act == again), "also what came second is known, as it was done");
    }
    assert_eq!(acts(&laptop), acts(&panel));
    assert_eq!((laptop.exchange.status().heard, panel.exchange.status().heard), (2, 3));
    until_sent(&laptop).await;
    until_sent(&panel).await;

    // A restart finds at the broker what it knows.
    let (before, entries) = (known(&laptop), journalled(&laptop));
    laptop.stop().await;
    let laptop = start("laptop", laptop_folder.path(), &laptop_plant, &laptop_key);
    until_sent(&laptop).await;
    until("the panel's acts read again", || {
        laptop.exchange.status().others.iter().any(|(name, heard)| name == "panel" && heard.is_some())
    })
    .await;
    assert_eq!(laptop.exchange.status().heard, 0, "nothing is news");
    assert_eq!(journalled(&laptop), entries, "nothing is journalled twice");
    assert_eq!(known(&laptop).standings, before.standings);
    assert_eq!(known(&laptop).suppression, before.suppression);

    // Somebody else says that Anna put it back, in the laptop's name and under its topic, but not with its key.
    let forger = StationKey::read(&pair().secret).expect("a key");
    let at = now();
    let forged = Deed {
        order: at.millis(),
        alarm: AlarmId::new(ALARM),
        what: What::Unshelve,
        act: Act { user: "anna".into(), station: "laptop".into(), note: String::new(), at },
    };
    let scope = Scope { plant: "P".into(), prefix: "plant/andon".into() };
    let payload = seal(&scope, &forger, std::slice::from_ref(&forged));
    let place = topic("plant/andon", "laptop", ALARM);
    for _ in 0..3 {
        publisher.publish(&place, &payload, Keep::Retained).await;
    }
    until("refused", || panel.exchange.status().refused >= 3).await;
    for station in [&laptop, &panel] {
        assert!(!acts(station).contains(&forged.id()), "a forged act");
        assert!(known(station).suppression.shelved.is_some(), "it is still shelved");
        until("in the journal", || refusals(station) == 1).await;
    }
    let (_, words) = panel.exchange.status().last_refused.expect("shown");
    assert!(words.contains("its signature is not of the station's key"), "{words}");

    // The laptop has put its own up again, and whoever comes later finds that and nothing forged.
    until_sent(&laptop).await;
    panel.stop().await;
    let late_folder = tempfile::tempdir().expect("a folder");
    let late = start("panel", late_folder.path(), &panel_plant, &panel_key);
    publisher.live("t", "60").await;
    until("all five acts, the own ones too", || late.exchange.status().heard == 5).await;
    assert_eq!(late.exchange.status().refused, 0);
    late.stop().await;
    laptop.stop().await;
}

#[tokio::test]
async fn a_station_without_its_key_exchanges_nothing_and_says_so() {
    let broker = Mosquitto::start().await;
    let (laptop_key, panel_key) = (pair(), pair());
    let folder = tempfile::tempdir().expect("a folder");
    let text = plant(broker.port, &laptop_key, &panel_key);
    let station = Station::start_as("laptop", folder.path(), &text, Wallet::default());
    station.until_up().await;
    until("it says so", || station.exchange.status().state == State::Unready).await;
    let reason = station.exchange.status().reason;
    assert!(reason.contains("station-key") && reason.contains("andon station key"), "{reason}");
    station.stop().await;

    // The key of another station is not this one's, and no other would believe it.
    let station = start("laptop", folder.path(), &text, &panel_key);
    until("it says so", || station.exchange.status().state == State::Unready).await;
    let reason = station.exchange.status().reason;
    assert!(reason.contains("[stations.keys]") && reason.contains(&panel_key.public), "{reason}");
    assert!(!reason.contains(panel_key.secret.reveal()), "a secret is never shown");
    station.stop().await;
}
