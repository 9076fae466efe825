//! The name server is dead, or answers with an address that swallows everything (row N15 of the matrix in
//! `docs/faults.md`). A name server written by hand answers in a network of the test's own.

use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use field::broker::{Mosquitto, Setup};
use field::figures;
use field::lab::{Lab, PLANT};
use field::link::{Link, point};
use gateway::NoCredentials;
use model::{DataType, LinkState};

/// What the process that is the station has to do.
const TASK: &str = "ANDON_TEST_DNS_STATION";

/// The name server of a place, until this is dropped.
struct Resolver(PathBuf);

impl Resolver {
    /// `ip netns exec` shows this file as /etc/resolv.conf to what it starts.
    fn of(place: &str, server: &str) -> Resolver {
        let folder = PathBuf::from("/etc/netns").join(place);
        std::fs::create_dir_all(&folder).expect("root may");
        std::fs::write(folder.join("resolv.conf"), format!("nameserver {server}\noptions timeout:2 attempts:2\n"))
            .expect("root may");
        Resolver(folder)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        // What stays behind is a folder of a name that does not come again.
        let _stays = std::fs::remove_dir_all(&self.0);
    }
}

fn link(port: u16) -> Link {
    let points = vec![point(0, DataType::Int, r#"{"topic":"t"}"#)];
    Link::open_at("mqtt", "broker.test", port, "", points, Arc::new(NoCredentials))
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("/proc is there").count()
}

/// Not a test of its own: what runs as the station, where /etc/resolv.conf is the test's.
#[tokio::test]
async fn station_process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (what, port) = task.rsplit_once(' ').expect("a task and a port");
    let mut link = link(port.parse().expect("a port"));
    let (began, before) = (Instant::now(), threads());
    match what {
        "dead" => {
            let down = link.until_down().await;
            assert!(down.reason.contains("broker.test"), "{}", down.reason);
            figures::measured("N15", &format!("dead name server: \"{}\" after {:.1?}", down.reason, began.elapsed()));
            let mut most = 0;
            while began.elapsed() < Duration::from_secs(25) {
                link.for_a_while(Duration::from_millis(50)).await;
                most = most.max(threads());
            }
            assert!(most <= before + 2, "{before} threads became {most}");
            figures::measured("N15", &format!("{} threads more while it goes on trying", most.saturating_sub(before)));
        }
        "black hole" => {
            link.until_within(Duration::from_secs(10), "up", |link| link.is(LinkState::Up)).await;
            let took = began.elapsed();
            assert!(took <= Duration::from_secs(3), "{took:?}");
            figures::measured("N15", &format!("IPv6 address that swallows everything: up over IPv4 after {took:.3?}"));
        }
        other => panic!("no such task: {other}"),
    }
}

fn run_station(lab: &Lab, task: &str, port: u16) {
    let program = std::env::current_exe().expect("this program has a path");
    let status = lab
        .station
        .command(program)
        .args(["--exact", "station_process", "--nocapture"])
        .env(TASK, format!("{task} {port}"))
        .status()
        .expect("this program starts");
    assert!(status.success(), "the station's process: {status}");
}

#[test]
fn n15_a_dead_name_server_is_named_and_holds_no_more_than_two_threads() {
    let Some(lab) = Lab::open("N15") else { return };
    let _resolver = Resolver::of(lab.station.name(), "10.98.0.66");
    run_station(&lab, "dead", 1883);
}

#[test]
fn n15_an_address_that_swallows_everything_does_not_keep_the_other_from_being_used() {
    let Some(lab) = Lab::open("N15") else { return };
    let _resolver = Resolver::of(lab.station.name(), &PLANT.to_string());
    // There is a way to the IPv6 address, and nobody at its end.
    lab.station.within(&["-6", "addr", "add", "fd98::1/64", "dev", "eth", "nodad"]);
    lab.station.within(&["-6", "neigh", "add", "fd98::99", "lladdr", "02:00:00:00:00:99", "dev", "eth"]);
    let broker = lab.plant.run(async || Mosquitto::start_as(Setup::default().at(lab.plant.clone())).await);
    let names = lab.plant.run(async || UdpSocket::bind((PLANT, 53)).expect("the name server's port"));
    names.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| serve_names(&names, &done));
        let station = scope.spawn(|| run_station(&lab, "black hole", broker.port));
        let ended = station.join();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// Answers every question for an address with the broker's, and every one for an IPv6 address with one of nobody.
fn serve_names(socket: &UdpSocket, done: &std::sync::atomic::AtomicBool) {
    let mut question = [0; 512];
    while !done.load(std::sync::atomic::Ordering::Relaxed) {
        let Ok((n, from)) = socket.recv_from(&mut question) else { continue };
        let Some(answer) = answer(&question[..n]) else { continue };
        // Whoever asked may have gone.
        let _gone = socket.send_to(&answer, from);
    }
}

/// RFC 1035: the header, the question as it came, and one record of the kind that was asked for.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let name_end = 12 + question.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
    let asked = question.get(12..name_end + 4)?;
    let kind = u16::from_be_bytes([*question.get(name_end)?, *question.get(name_end + 1)?]);
    let address = match kind {
        1 => PLANT.octets().to_vec(),
        28 => Ipv6Addr::new(0xFD98, 0, 0, 0, 0, 0, 0, 0x99).octets().to_vec(),
        _ => return None,
    };
    let mut answer = question.get(..2)?.to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    answer.extend(asked);
    // The name again, by its place; class IN; a minute to live.
    answer.extend([0xC0, 12]);
    answer.extend(kind.to_be_bytes());
    answer.extend([0, 1, 0, 0, 0, 60]);
    answer.extend(u16::try_from(address.len()).ok()?.to_be_bytes());
    answer.extend(address);
    Some(answer)
}

#[test]
fn the_name_server_of_this_test_answers_both_kinds() {
    let mut question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x06broker\x04test\0".to_vec();
    question.extend([0, 1, 0, 1]);
    let answer = answer(&question).expect("an answer");
    assert_eq!(&answer[answer.len() - 4..], Ipv4Addr::new(10, 98, 0, 2).octets());
}
