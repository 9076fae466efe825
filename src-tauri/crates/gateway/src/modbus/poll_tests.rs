//! A poll in virtual time: what is learnt of a device, and what one unit costs the others.

use std::sync::{Arc, Mutex};

use model::{Clock, DataType, GatewaySpec, Now, Point, TagIndex, Timestamp, Uptime};
use tokio::sync::{mpsc, watch};

use super::super::device::Device;
use super::super::pretend::{Asked, Does, bus, serial_frames, tcp_frames};
use super::*;
use crate::supervisor::Supervisor;
use crate::{Counters, GatewayEvent, What};

/// A clock that follows tokio's paused time.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Now {
        let uptime = self.0.elapsed();
        Now { wall: Timestamp::from_millis(1_000_000).saturating_add(uptime), uptime: Uptime::from_duration(uptime) }
    }
}

/// A gateway over a line in memory, with what was asked of each unit.
struct Bench {
    events: mpsc::Receiver<GatewayEvent>,
    counters: Arc<Counters>,
    asked: Arc<Mutex<Vec<Asked>>>,
    _stop: watch::Sender<bool>,
}

fn point(n: u32, address: &str) -> Point {
    Point {
        tag: TagIndex(n),
        id: format!("tag{n}"),
        data_type: DataType::Int,
        scaling: None,
        address: serde_json::from_str(address).expect("a document"),
        write: None,
    }
}

fn start(kind: &str, settings: &str, addresses: Vec<String>, does: impl Fn(Asked) -> Does + Send + 'static) -> Bench {
    let settings = serde_json::from_str(&format!(r#"{{"host":"memory"{settings}}}"#)).expect("a document");
    let spec = GatewaySpec { id: "g".into(), name: "G".into(), kind: kind.into(), settings };
    let line = if kind == "modbus-tcp" { tcp_frames() } else { serial_frames() };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&asked);
    let bus = bus(&line, move |question| {
        list.lock().expect("sound").push(question);
        does(question)
    });
    let points: Vec<_> = (0..).zip(&addresses).map(|(n, address)| point(n, address)).collect();
    let tags = points.len();
    let modbus = Modbus::over(Arc::new(bus), Device::read(&spec).expect("sound"), points);
    let (sender, events) = mpsc::channel(1_024);
    let (stop, stopped) = watch::channel(false);
    let counters = Arc::new(Counters::default());
    let supervisor = Supervisor {
        gateway: "g".into(),
        driver: Arc::new(modbus),
        tags,
        events: sender,
        counters: Arc::clone(&counters),
        clock: Arc::new(PausedClock(Instant::now())),
        randomness: Arc::new(|| 0.5),
        requests: crate::channel().1,
        stop: stopped,
    };
    tokio::spawn(supervisor.run());
    Bench { events, counters, asked, _stop: stop }
}

impl Bench {
    /// Takes what comes for so long.
    async fn run(&mut self, time: Duration) -> Vec<Update> {
        let until = Instant::now() + time;
        let mut updates = Vec::new();
        while let Ok(event) = tokio::time::timeout_at(until, self.events.recv()).await {
            match event.expect("the link never ends by itself").what {
                What::Batch(batch) => updates.extend(batch.updates),
                What::Status(_) | What::Receipt(_) => {}
            }
        }
        updates
    }

    fn times_asked(&self, which: impl Fn(&Asked) -> bool) -> usize {
        self.asked.lock().expect("sound").iter().filter(|asked| which(asked)).count()
    }
}

fn unit(unit: u8) -> String {
    format!(r#"{{"table":"holding","register":5,"unit":{unit}}}"#)
}

#[test]
fn polls_left_out_are_counted() {
    let period = Duration::from_millis(100);
    for (late_ms, expect) in [(0, 0), (99, 0), (100, 1), (105, 1), (950, 9)] {
        assert_eq!(missed(Duration::from_millis(late_ms), period), expect, "{late_ms} ms late");
    }
}

/// How often nine good units are polled in two minutes, with a tenth that is good or dead.
async fn polls_of_nine(kind: &str, poll_ms: u64, tenth: fn() -> Does) -> usize {
    let settings = format!(r#","poll_ms":{poll_ms}"#);
    let mut bench = start(kind, &settings, (1..=10).map(unit).collect(), move |asked| {
        if asked.unit == 10 { tenth() } else { Does::Answers(Duration::from_millis(20)) }
    });
    bench.run(Duration::from_secs(120)).await;
    bench.times_asked(|asked| asked.unit < 10)
}

#[tokio::test(start_paused = true)]
async fn one_dead_unit_costs_the_nine_others_less_than_a_fifth() {
    // With time to spare, and on a line that has none.
    for poll_ms in [1_000, 20] {
        for kind in ["modbus-tcp", "modbus-rtu-tcp"] {
            let healthy = polls_of_nine(kind, poll_ms, || Does::Answers(Duration::from_millis(20))).await;
            for (what, dead) in [
                ("silent", (|| Does::Nothing(Duration::ZERO)) as fn() -> Does),
                ("silent, and its gateway waits for it", || Does::Nothing(Duration::from_millis(500))),
                ("its gateway says so after a while", || Does::Refuses(0x0B, Duration::from_millis(150))),
            ] {
                let with_dead = polls_of_nine(kind, poll_ms, dead).await;
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let ratio = healthy as f64 / with_dead as f64;
                println!("{kind}, {poll_ms} ms, {what}: period of the others x {ratio:.3}");
                assert!(ratio <= 1.2, "{kind}, {poll_ms} ms, {what}: {healthy} polls became {with_dead}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_unit_is_asked_ever_more_rarely_and_comes_back() {
    let mut bench = start("modbus-tcp", "", vec![unit(1), unit(2)], |asked| {
        // Dead for the first hundred questions to all, about a minute and a half.
        if asked.unit == 2 && asked.number < 100 {
            Does::Nothing(Duration::ZERO)
        } else {
            Does::Answers(Duration::from_millis(5))
        }
    });
    bench.run(Duration::from_secs(80)).await;
    let probes = bench.times_asked(|asked| asked.unit == 2);
    assert!((5..=8).contains(&probes), "1, 2, 4, 8, 16, 30 s apart, not {probes} times");
    assert!(bench.counters.detail().blocks.iter().any(|block| block.fault == "the unit does not answer"));
    let updates = bench.run(Duration::from_secs(60)).await;
    let back = updates.iter().filter(|update| update.tag == TagIndex(1) && update.sample.quality.is_good()).count();
    assert!(back > 10, "it is polled again at its own rate: {back}");
    // The first time-out holds up the other one, and so does every fourth probe; being left alone is no overrun.
    assert!(bench.counters.traffic().overruns <= 4, "{} overruns", bench.counters.traffic().overruns);
}

#[tokio::test(start_paused = true)]
async fn each_rate_is_kept_and_a_fast_one_does_not_starve_a_slow_one() {
    let address =
        |register: u32, poll_ms: u32| format!(r#"{{"table":"holding","register":{register},"poll_ms":{poll_ms}}}"#);
    let addresses = vec![address(0, 100), address(1, 100), address(2, 1_000), address(3, 10_000)];
    let mut bench = start("modbus-tcp", "", addresses, |_| Does::Answers(Duration::from_millis(5)));
    bench.run(Duration::from_millis(60_050)).await;
    let polls = |start, count| bench.times_asked(|asked| (asked.start, asked.count) == (start, count));
    assert_eq!((polls(0, 2), polls(2, 1), polls(3, 1)), (601, 61, 7));
    assert_eq!(bench.counters.traffic().overruns, 0);
    let plan: Vec<_> = bench.counters.detail().blocks.iter().map(|b| (b.first, b.count, b.tags, b.period_ms)).collect();
    assert_eq!(plan, [(0, 2, 2, 100), (2, 1, 1, 1_000), (3, 1, 1, 10_000)]);

    // The fast blocks alone are more than the line can bear.
    let addresses = (0..10).map(|n| address(n * 200, 20)).chain([address(5_000, 1_000)]).collect();
    let mut bench = start("modbus-tcp", "", addresses, |_| Does::Answers(Duration::from_millis(30)));
    bench.run(Duration::from_secs(60)).await;
    let slow = bench.times_asked(|asked| asked.start == 5_000);
    assert!(slow >= 40, "the slow one is asked {slow} times in a minute");
    assert!(bench.counters.traffic().overruns > 1_000, "what is left out is counted");
}

#[tokio::test(start_paused = true)]
async fn what_a_device_refuses_is_remembered_over_a_reconnect_and_learnt_anew() {
    let has_new_program = Arc::new(Mutex::new(false));
    let program = Arc::clone(&has_new_program);
    let addresses = (0..32).map(|n| format!(r#"{{"table":"holding","register":{n}}}"#)).collect();
    let mut bench = start("modbus-tcp", "", addresses, move |asked| {
        let is_missing = (asked.start..asked.start + asked.count).contains(&9) && !*program.lock().expect("sound");
        match asked.number {
            // The connection is lost once.
            40 => Does::Nothing(Duration::ZERO),
            _ if is_missing => Does::Refuses(2, Duration::from_millis(5)),
            _ => Does::Answers(Duration::from_millis(5)),
        }
    });
    bench.run(Duration::from_secs(2)).await;
    let refused = bench.times_asked(|asked| (asked.start..asked.start + asked.count).contains(&9));
    assert_eq!(refused, 6, "32, 16, 8, 4, 2, 1");
    bench.run(Duration::from_secs(50)).await;
    assert_eq!(bench.counters.traffic().connects, 2);
    let again = bench.times_asked(|asked| (asked.start..asked.start + asked.count).contains(&9));
    assert_eq!(again, 7, "asked once more, alone, after the new connection");

    *has_new_program.lock().expect("sound") = true;
    let updates = bench.run(Duration::from_secs(61)).await;
    assert!(updates.iter().any(|update| update.tag == TagIndex(9) && update.sample.quality.is_good()));
    let plan: Vec<_> = bench.counters.detail().blocks.iter().map(|block| (block.first, block.count)).collect();
    assert_eq!(plan, [(0, 32)], "all in one again");
}

#[tokio::test(start_paused = true)]
async fn a_device_with_a_new_program_is_good_again_within_ten_seconds_fifty_times() {
    // Registers 0 to 9 and 20 to 29 exist by turns: after each download the other half.
    let downloads = Arc::new(Mutex::new((0_u16, false)));
    let state = Arc::clone(&downloads);
    let addresses = (0..30).map(|n| format!(r#"{{"table":"holding","register":{n}}}"#)).collect();
    let mut bench = start("modbus-tcp", "", addresses, move |asked| {
        let mut state = state.lock().expect("sound");
        if std::mem::take(&mut state.1) {
            return Does::HangsUp;
        }
        let missing = if state.0.is_multiple_of(2) { 20..30 } else { 0..10 };
        let is_missing = (asked.start..asked.start + asked.count).any(|register| missing.contains(&register));
        if is_missing { Does::Refuses(2, Duration::from_millis(5)) } else { Does::Answers(Duration::from_millis(5)) }
    });
    bench.run(Duration::from_secs(5)).await;
    for round in 1..=50 {
        *downloads.lock().expect("sound") = (round, true);
        bench.run(Duration::from_secs(10)).await;
        let last = bench.run(Duration::from_millis(1_100)).await;
        let good: BTreeSet<u32> =
            last.iter().filter(|update| update.sample.quality.is_good()).map(|update| update.tag.0).collect();
        let expect: BTreeSet<u32> = if round.is_multiple_of(2) { (0..20).collect() } else { (10..30).collect() };
        assert_eq!(good, expect, "download {round}");
    }
}
