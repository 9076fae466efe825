//! The demo's plant file against the readers of the program: it resolves without a problem, every value arrives through
//! the ordinary gateways, lies within its range, and every recorded tag has a past.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gateway::{Gateways, Network, What};
use model::{Clock, Now, Sample, TagIndex, Timestamp, Uptime};
use plant::{Files, Plant, Source, TagIndices};
use simulator::{Act, Demo, Options, PastTag, Station};

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Now {
            wall: Timestamp::from_millis(i64::try_from(wall).unwrap()),
            uptime: Uptime::from_duration(self.0.elapsed()),
        }
    }
}

struct Bench {
    demo: Demo,
    network: Network,
    plant: Plant,
    clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(TestClock(Instant::now()));
    let demo = Demo::start(Options { seed: 1, folder: folder.path().to_owned(), clock: Arc::clone(&clock) }).unwrap();
    let network = Network::new(Arc::clone(&clock));
    let mut files = Files::new();
    files.insert("plant.toml", std::fs::read_to_string(demo.plant_folder().join("plant.toml")).unwrap());
    let reading = plant::read(&files, &network, &TagIndices::default());
    assert!(reading.problems.is_empty(), "{:#?}", reading.problems);
    Bench { demo, network, plant: reading.plant.unwrap(), clock, folder }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_arrives_through_the_gateways_and_lies_within_its_range() {
    let Bench { demo, network, plant, .. } = bench();
    assert!((70..=100).contains(&plant.tags.len()), "{} tags", plant.tags.len());
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let mut links = Vec::new();
    for gateway in &plant.gateways {
        let points = plant.tags.iter().filter_map(|tag| match &tag.source {
            Source::Link { gateway: id, point } if **id == gateway.spec.id => Some(point.clone()),
            Source::Link { .. } | Source::Calculated(_) => None,
        });
        links.push(network.open(&gateway.spec, points.collect(), sender.clone()));
    }
    let linked: Vec<_> = plant.tags.iter().filter(|tag| matches!(tag.source, Source::Link { .. })).collect();
    let mut latest: HashMap<TagIndex, Sample> = HashMap::new();
    let all = async {
        while linked.iter().any(|tag| !latest.get(&tag.index).is_some_and(|sample| sample.quality.is_good())) {
            match events.recv().await.unwrap().what {
                What::Batch(batch) => {
                    latest.extend(batch.updates.into_iter().map(|update| (update.tag, update.sample)));
                }
                What::Status(_) | What::Receipt(_) => {}
            }
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(15), all).await;
    let missing: Vec<_> = linked.iter().filter(|tag| !latest.contains_key(&tag.index)).map(|tag| &tag.id).collect();
    assert!(outcome.is_ok(), "no good value within 15 s of {missing:?}");
    for tag in &linked {
        let number = latest[&tag.index].number();
        if let (Some((low, high)), Some(number)) = (tag.range, number) {
            assert!((low..=high).contains(&number), "{} is {number}", tag.id);
        }
    }
    for station in Station::ALL {
        let id = format!("demo/filling/line1/{}/good_count", station.id());
        let tag = plant.tags.iter().find(|tag| *tag.id == *id).unwrap();
        let made = latest[&tag.index].number().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
        let before = station.design().made_before as f64;
        assert!((before..before + 1_000.0).contains(&made), "{id} is {made}");
    }
    assert!(demo.view().machines.iter().all(|machine| !machine.jammed));
    drop(links);
}

#[test]
fn every_recorded_tag_has_a_past_within_seconds() {
    let Bench { demo, plant, clock, folder, .. } = bench();
    let history = history::History::open(&folder.path().join("history.sqlite"), Arc::clone(&clock)).unwrap();
    let ids: Vec<Arc<str>> =
        plant.tags.iter().filter(|tag| tag.recording.is_some()).map(|tag| Arc::clone(&tag.id)).collect();
    let names: Vec<&str> = ids.iter().map(|id| &**id).collect();
    let series = history.series(&names);
    let tags: Vec<PastTag> = ids.iter().cloned().zip(series).map(|(id, series)| PastTag { series, id }).collect();
    let now = clock.now().wall;
    let begun = Instant::now();
    let rows = demo.past(&history, now, 7, &tags).unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(30), "{rows} rows took {took:?}");
    let reader = history.reader();
    for tag in &tags {
        let latest = reader.latest(tag.series, 1).unwrap();
        assert_eq!(latest.len(), 1, "{} has no past", tag.id);
        assert!(now.millis_since(latest[0].time) < 20 * 60_000, "{} ends early", tag.id);
    }
    assert!(demo.act(Act::AlarmFlood).unwrap().flooding, "the line goes on");
}
