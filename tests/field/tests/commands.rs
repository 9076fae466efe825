//! A link that dropped never delivers an old command: whatever is written while a link breaks arrives at once or never,
//! at most once, and never after the link is back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use field::broker::{Mosquitto, Setup};
use field::figures::{self, rounds};
use field::lab::{Lab, PLANT};
use field::link::{Link, point};
use field::observer::Observer;
use field::proxy::{Door, Flow, Proxy};
use gateway::NoCredentials;
use model::{DataType, LinkState, Point, TagIndex, Uptime, Value, Write, WritePolicy, Written};
use tokio::time::Instant;

/// How the link breaks around a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// It does not.
    Never,
    /// The connection is reset while the command is on its way.
    Reset,
    /// The command is held up on its way, and then the connection is reset.
    HeldThenReset,
    /// The broker has it, its answer is lost, and then the connection is reset.
    AnswerLost,
    /// It is given while there is no link.
    Down,
}

const BREAKS: [Break; 5] = [Break::Never, Break::Reset, Break::HeldThenReset, Break::AnswerLost, Break::Down];

fn writable(topic: &str) -> Point {
    let address = format!(r#"{{"topic":"{topic}","confirm_ms":400}}"#);
    Point { write: Some(WritePolicy::default()), ..point(0, DataType::Int, &address) }
}

/// The link's own clock began with it, so this is never over.
fn command(number: i64) -> Write {
    Write { tag: TagIndex(0), value: Value::Int(number), expires: Uptime::from_duration(Duration::from_secs(86_400)) }
}

/// Gives one command around which the link breaks and comes back. What was answered, and when the link was back.
async fn one_command(broker: SocketAddr, number: i64, breaks: Break) -> (Written, Instant) {
    let proxy = Proxy::start(broker).await;
    let mut link = Link::open("mqtt", proxy.port, "", vec![writable(&format!("c/{number}"))]);
    link.until_up().await;
    let handle = link.link.handle();
    let given = tokio::spawn(async move { handle.write(command(number)).await });
    let written = match breaks {
        Break::Never => given.await.expect("in order"),
        Break::Reset => {
            for _ in 0..number % 7 {
                tokio::task::yield_now().await;
            }
            proxy.reset();
            given.await.expect("in order")
        }
        Break::HeldThenReset => {
            // Held already before the command could leave.
            proxy.set(|faults| faults.to_server.flow = Flow::Hold);
            tokio::time::sleep(Duration::from_millis(50)).await;
            proxy.reset();
            let written = given.await.expect("in order");
            proxy.heal();
            written
        }
        Break::AnswerLost => {
            proxy.set(|faults| faults.to_link.flow = Flow::Swallow);
            tokio::time::sleep(Duration::from_millis(50)).await;
            proxy.reset();
            let written = given.await.expect("in order");
            proxy.heal();
            written
        }
        Break::Down => {
            given.await.expect("in order");
            proxy.set(|faults| faults.door = Door::Refuses);
            proxy.reset();
            link.until_down().await;
            let written = link.link.handle().write(command(-number)).await;
            proxy.heal();
            written
        }
    };
    if breaks != Break::Never {
        let connects = |link: &Link| link.link.traffic().connects;
        link.until_within(Duration::from_secs(30), "back", |link| link.is(LinkState::Up) && connects(link) == 2).await;
    }
    let back = Instant::now();
    // Time for whatever would still come.
    link.for_a_while(Duration::from_millis(300)).await;
    (written, back)
}

#[tokio::test]
async fn a_link_that_dropped_delivers_no_old_command() {
    const AT_ONCE: i64 = 50;
    let commands = i64::try_from(rounds(250, 1_000)).expect("few");
    let broker = Mosquitto::start().await;
    let observer = Observer::start(broker.port, "c/+/set").await;
    let mut told: BTreeMap<i64, (Break, Written, Instant)> = BTreeMap::new();
    for first in (1..=commands).step_by(usize::try_from(AT_ONCE).expect("few")) {
        let mut running = tokio::task::JoinSet::new();
        for number in first..(first + AT_ONCE).min(commands + 1) {
            let breaks = BREAKS[usize::try_from(number).expect("positive") % BREAKS.len()];
            let address = broker.address();
            running.spawn(async move { (number, breaks, one_command(address, number, breaks).await) });
        }
        while let Some(ended) = running.join_next().await {
            let (number, breaks, (written, back)) = ended.expect("no panic");
            told.insert(number, (breaks, written, back));
        }
    }
    observer.until_quiet(Duration::from_secs(1)).await;
    let mut arrivals: BTreeMap<i64, Vec<Instant>> = BTreeMap::new();
    for arrived in observer.arrived() {
        let number: i64 = String::from_utf8_lossy(&arrived.payload).parse().expect("a number");
        arrivals.entry(number).or_default().push(arrived.at);
    }
    let (mut late, mut doubled, mut contradicted, mut unknown) = (0, 0, 0, 0);
    for (number, (breaks, written, back)) in &told {
        // The first command of this kind is given while all is well; the one that counts has the negative number.
        let number = if *breaks == Break::Down { -number } else { *number };
        let came = arrivals.get(&number).map(Vec::as_slice).unwrap_or_default();
        late += came.iter().filter(|at| *breaks != Break::Never && **at > *back).count();
        doubled += usize::from(came.len() > 1);
        unknown += usize::from(matches!(written, Written::Unknown(_)));
        match written {
            Written::Refused(_) => contradicted += came.len(),
            Written::Done => contradicted += usize::from(came.is_empty()),
            Written::NotConfirmed(_) => contradicted += usize::from(came.is_empty()),
            Written::Unknown(_) => {}
        }
        if *breaks == Break::Down {
            assert!(matches!(written, Written::Refused(_)), "given without a link: {written:?}");
        }
    }
    figures::measured(
        "commands",
        &format!(
            "{commands} commands around a break: {late} delivered after it, {doubled} doubled, {contradicted} other \
             than answered, {unknown} answered as unknown"
        ),
    );
    assert_eq!((late, doubled, contradicted), (0, 0, 0));
    assert!(unknown > 0, "the link did break around commands");
}

#[test]
fn commands_in_a_socket_of_a_dead_cable_do_not_arrive_once_it_is_healed() {
    const LINKS: i64 = 20;
    let Some(lab) = Lab::open("commands") else { return };
    lab.station.run(async || {
        let broker = Mosquitto::start_as(Setup::default().at(lab.plant.clone())).await;
        let observer = Observer::over(lab.plant.connect(broker.address()).expect("it listens"), "c/+/set").await;
        let (host, mut links) = (PLANT.to_string(), Vec::new());
        for number in 1..=LINKS {
            let points = vec![writable(&format!("c/{number}"))];
            let mut link = Link::open_at("mqtt", &host, broker.port, "", points, Arc::new(NoCredentials));
            link.until_up().await;
            links.push(link);
        }
        lab.cut();
        // At different times before the loss is noticed: what is in the socket then must not outlive the connection.
        let cut = Instant::now();
        let mut given = Vec::new();
        for (number, link) in (1..).zip(&links) {
            let handle = link.link.handle();
            given.push(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(450) * u32::try_from(number).expect("few")).await;
                (number, handle.write(command(i64::from(number))).await)
            }));
        }
        for link in &mut links {
            link.until_down().await;
        }
        let noticed = cut.elapsed();
        lab.heal();
        let mut unknown = 0;
        for given in given {
            let (number, written) = given.await.expect("in order");
            unknown += usize::from(matches!(written, Written::Unknown(_)));
            assert!(matches!(written, Written::Unknown(_) | Written::Refused(_)), "{number}: {written:?}");
        }
        for link in &mut links {
            link.until("up again", |link| link.is(LinkState::Up)).await;
        }
        observer.until_quiet(Duration::from_secs(12)).await;
        let came = observer.arrived();
        figures::measured(
            "commands",
            &format!(
                "{LINKS} commands into a dead cable, noticed after {noticed:.1?} and healed then: {} delivered, \
                 {unknown} answered as unknown",
                came.len()
            ),
        );
        assert!(unknown > 0, "some were in a socket");
        assert!(came.is_empty(), "{came:?}");
    });
}
