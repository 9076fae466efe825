//! The network itself is at fault, in namespaces of the test's own (rows N05, N06, N08, N09, N15 and N16 of the matrix in
//! `docs/faults.md`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use field::broker::{Mosquitto, Setup};
use field::figures::{self, rounds};
use field::lab::{Lab, PLANT};
use field::link::{Link, point};
use gateway::NoCredentials;
use model::{DataType, LinkState, Point, Quality, Value};

fn tag(index: u32) -> Point {
    point(index, DataType::Int, &format!(r#"{{"topic":"t/{index}"}}"#))
}

fn link(host: &str, port: u16, tags: u32) -> Link {
    Link::open_at("mqtt", host, port, "", (0..tags).map(tag).collect(), Arc::new(NoCredentials))
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

async fn broker(lab: &Lab) -> Mosquitto {
    Mosquitto::start_as(Setup::default().at(lab.plant.clone())).await
}

#[test]
fn n05_a_silent_cable_is_noticed_within_twelve_seconds_and_healed() {
    const LINKS: usize = 10;
    let Some(lab) = Lab::open("N05") else { return };
    lab.station.run(async || {
        let broker = broker(&lab).await;
        let (mut noticed, mut healed) = (Vec::new(), Vec::new());
        for _ in 0..rounds(1, 2) {
            let mut links: Vec<Link> = (0..LINKS).map(|_| link(&PLANT.to_string(), broker.port, 1)).collect();
            for link in &mut links {
                link.until_up().await;
            }
            lab.cut();
            let cut = Instant::now();
            for link in &mut links {
                let down = link.until_down().await;
                noticed.push(cut.elapsed());
                assert_eq!(down.quality, Quality::STALE);
            }
            lab.heal();
            let back = Instant::now();
            for link in &mut links {
                link.until("up again", |link| link.is(LinkState::Up)).await;
                healed.push(back.elapsed());
            }
        }
        assert!(noticed.iter().all(|took| *took <= Duration::from_secs(12)), "{noticed:?}");
        figures::measured("N05", &format!("noticed after {}", figures::spread(noticed)));
        figures::measured("N05", &format!("up again after {}", figures::spread(healed)));
    });
}

#[test]
fn n06_a_cable_that_goes_silent_in_the_middle_of_a_flood_is_noticed_within_fifteen_seconds() {
    let Some(lab) = Lab::open("N06") else { return };
    lab.station.run(async || {
        let broker = broker(&lab).await;
        let mut link = link(&PLANT.to_string(), broker.port, 10);
        link.until_up().await;
        let mut publisher = broker.publisher().await;
        let flood = tokio::spawn(async move {
            for n in 0u64.. {
                publisher.live(&format!("t/{}", n % 10), n.to_string()).await;
            }
        });
        link.until("the flood", |link| link.samples.len() > 1_000).await;
        lab.cut();
        let cut = Instant::now();
        link.until_down().await;
        let took = cut.elapsed();
        assert!(took <= Duration::from_secs(15), "{took:?}");
        let seen = link.samples.len();
        lab.heal();
        link.until("the flood again", |link| link.is(LinkState::Up) && link.samples.len() > seen + 100).await;
        flood.abort();
        figures::measured("N06", &format!("noticed after {took:.1?} in the middle of a flood"));
    });
}

#[test]
fn n08_a_third_of_all_packets_lost_wedges_nothing_and_doubles_nothing() {
    let Some(lab) = Lab::open("N08") else { return };
    let lossy = |what: &str| {
        for place in [&lab.station, &lab.plant] {
            let rule =
                ["INPUT", "-i", "eth", "-m", "statistic", "--mode", "random", "--probability", "0.3", "-j", "DROP"];
            let arguments = [&[what], &rule[..]].concat();
            place.administer("iptables", &arguments, "apt-get install iptables").expect("the kernel can drop packets");
        }
    };
    lab.station.run(async || {
        let broker = broker(&lab).await;
        let mut link = link(&PLANT.to_string(), broker.port, 1);
        link.until_up().await;
        lossy("-A");
        let mut publisher = broker.publisher().await;
        let began = Instant::now();
        let mut sent = 0i64;
        while began.elapsed() < Duration::from_secs(rounds(25, 120) as u64) {
            sent += 1;
            publisher.live("t/0", sent.to_string()).await;
            link.for_a_while(Duration::from_millis(100)).await;
        }
        let under_loss = link.link.traffic();
        lossy("-D");
        link.until_within(Duration::from_secs(30), "up at the end", |link| link.is(LinkState::Up)).await;
        // A message of QoS 0 may be lost with a connection that died without a word, so a value is sent until one comes.
        let fresh = |link: &Link| matches!(value(link, 0), Some(Value::Int(number)) if number < 0);
        let healed = Instant::now();
        for number in 1i64.. {
            publisher.live("t/0", (-number).to_string()).await;
            link.for_a_while(Duration::from_millis(100)).await;
            if fresh(&link) {
                break;
            }
            assert!(healed.elapsed() < Duration::from_secs(30), "no value comes though no packet is lost any more");
        }
        let mut seen: Vec<i64> = Vec::new();
        for (_, sample) in &link.samples {
            if let Some(Value::Int(number)) = sample.value {
                seen.push(number);
            }
        }
        let arrived = seen.len();
        let under_way = seen.iter().filter(|number| **number > 0).count();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), arrived, "none came twice");
        figures::measured(
            "N08",
            &format!("{sent} sent, {under_way} arrived, {} connections, none twice", under_loss.connects),
        );
    });
}

#[test]
fn n09_on_a_link_of_64_kbit_the_age_that_is_shown_is_the_true_one_and_memory_stays() {
    let Some(lab) = Lab::open("N09") else { return };
    lab.station.run(async || {
        let broker = broker(&lab).await;
        let time = r#"{"topic":"t/0","pointer":"/value","time":"/timestamp_ms"}"#;
        let points = vec![point(0, DataType::Int, time)];
        let plant = PLANT.to_string();
        let mut link = Link::open_at("mqtt", &plant, broker.port, "", points, Arc::new(NoCredentials));
        link.until_up().await;
        let slow = ["qdisc", "add", "dev", "eth", "root", "tbf", "rate", "64kbit", "burst", "1600", "limit", "30000"];
        lab.plant.administer("tc", &slow, "apt-get install iproute2").expect("the kernel can shape");
        let mut publisher = broker.publisher().await;
        let held = figures::resident_bytes();
        let publishing = tokio::spawn(async move {
            // 16 kB a second, twice what the link carries.
            for n in 0u64.. {
                let payload = format!("{{\"value\":{n},\"timestamp_ms\":{},\"pad\":\"{:0>500}\"}}", now_ms(), 0);
                publisher.live("t/0", payload).await;
                tokio::time::sleep(Duration::from_millis(33)).await;
            }
        });
        let began = Instant::now();
        let mut worst = 0;
        while began.elapsed() < Duration::from_secs(rounds(15, 60) as u64) {
            let seen = link.samples.len();
            link.until("the next value", |link| link.samples.len() > seen).await;
            let sample = link.latest[0].as_ref().expect("just seen");
            // The time of the value is the source's; what a screen shows as its age is true to the message's way.
            let shown = sample.received.millis_since(sample.time);
            let true_age = now_ms() - sample.time.millis();
            worst = worst.max((true_age - shown).abs());
            assert_eq!(link.link.traffic().newest_value, Some(sample.time));
        }
        let oldest = link.samples.iter().map(|(_, sample)| sample.received.millis_since(sample.time)).max();
        publishing.abort();
        let grown = figures::resident_bytes().saturating_sub(held) / 1_024;
        assert!(worst < 1_000, "{worst} ms");
        assert!(oldest.is_some_and(|age| age > 1_000), "the link was slow: {oldest:?}");
        assert!(grown < 8 * 1_024, "{grown} KiB");
        let oldest = oldest.unwrap_or_default();
        figures::measured(
            "N09",
            &format!("values up to {oldest} ms old, shown as such within {worst} ms; {grown} KiB"),
        );
    });
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

#[test]
fn n16_a_station_whose_cable_was_out_and_whose_address_is_another_one_comes_back() {
    let Some(lab) = Lab::open("N16") else { return };
    lab.station.run(async || {
        let broker = broker(&lab).await;
        let mut link = link(&PLANT.to_string(), broker.port, 1);
        link.until_up().await;
        lab.station.within(&["link", "set", "eth", "down"]);
        let out = Instant::now();
        let down = link.until_down().await;
        let noticed = out.elapsed();
        assert!(noticed <= Duration::from_secs(12), "{noticed:?}");
        tokio::time::sleep(Duration::from_secs(rounds(10, 600) as u64)).await;
        lab.station.within(&["addr", "flush", "dev", "eth"]);
        lab.station.within(&["addr", "add", "10.98.0.77/24", "dev", "eth"]);
        lab.station.within(&["link", "set", "eth", "up"]);
        let back = Instant::now();
        link.until("up again", |link| link.is(LinkState::Up)).await;
        let up = back.elapsed();
        assert!(up <= Duration::from_secs(12), "{up:?}");
        broker.publisher().await.live("t/0", "7").await;
        link.until("a value", |link| value(link, 0) == Some(Value::Int(7))).await;
        figures::measured("N16", &format!("\"{}\" after {noticed:.1?}; up {up:.1?} after the cable", down.reason));
    });
}
