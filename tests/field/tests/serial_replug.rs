//! A serial adapter that is pulled out and put back.
//!
//! Alone in its program, because it counts the files that are open.

use std::path::Path;
use std::time::{Duration, Instant};

use field::link::{Link, network, point};
use field::plc::{Content, Framing, Plc};
use field::pty::Pty;
use gateway::Network;
use model::{DataType, LinkState, Quality, Value};
use serde_json::json;

const CYCLES: usize = 100;

fn open(network: &Network, port: &Path) -> Link {
    let settings =
        json!({"device": port, "poll_ms": 20, "timeout_ms": 300, "turnaround_ms": 20, "parity": "none"}).to_string();
    let points = vec![point(0, DataType::Int, r#"{"table":"holding","register":5}"#)];
    Link::open_with(network, "modbus-rtu", &settings, points)
}

fn is_good(link: &Link) -> bool {
    link.is(LinkState::Up) && link.latest[0].as_ref().is_some_and(|sample| sample.value == Some(Value::Int(7)))
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("/proc is there").count()
}

#[tokio::test]
async fn a_replugged_adapter_works_again_and_leaks_nothing() {
    let value = json!({"table": "holding", "register": 5, "format": "H", "order": "abcd", "value": 7});
    let plc = Plc::start_with(Framing::RtuOverTcp, &Content { values: vec![value], ..Content::default() }).await;
    let folder = tempfile::tempdir().expect("a folder");
    let port = folder.path().join("adapter");
    let network = network();

    // One link through three replugs: it comes back by itself.
    let mut adapter = Pty::to_tcp(&port, plc.port).await;
    let mut link = open(&network, &port);
    link.until("the value", is_good).await;
    for _ in 0..3 {
        adapter.unplug();
        let down = link.until_down().await;
        assert_eq!(down.quality, Quality::STALE);
        adapter = Pty::to_tcp(&port, plc.port).await;
        let back = Instant::now();
        link.latest[0] = None;
        link.until("the value again", is_good).await;
        assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
    }
    adapter.unplug();
    link.until_down().await;
    link.until("words", |link| link.status.as_ref().is_some_and(|status| status.reason.contains("plugged in"))).await;
    link.link.close().await;

    // A hundred replugs, each with a link of its own, because one link waits ever longer.
    let before = open_files();
    for cycle in 0..CYCLES {
        let mut adapter = Pty::to_tcp(&port, plc.port).await;
        let mut link = open(&network, &port);
        link.until("the value", is_good).await;
        adapter.unplug();
        link.until_down().await;
        link.link.close().await;
        assert!(open_files() <= before, "cycle {cycle}: {} files open, not {before}", open_files());
    }
}
