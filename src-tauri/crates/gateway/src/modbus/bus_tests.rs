//! A line in virtual time: who gets it when, and what becomes of answers that come late.

use std::sync::Arc;

use super::super::address::Table;
use super::super::pretend::{Asked, Does, bus, serial_frames, tcp_frames};
use super::*;

const TIMING: Timing = Timing { timeout: Duration::from_secs(1), turnaround: Duration::from_secs(1) };
const POLLS: u64 = 10_000;

/// Numbers that look random and are the same on every run.
fn hash(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// Neighbouring blocks of equal size on one unit, so that only the register's number tells a mix-up.
fn question(number: u64) -> Question {
    let start = u16::try_from(hash(number) % 20).expect("small") * 100;
    if hash(number + 1).is_multiple_of(8) {
        Question::Read(Table::InputRegisters, start, 1)
    } else {
        Question::Read(Table::HoldingRegisters, start, 2)
    }
}

/// Asks 10,000 times with every tenth answer late by this; returns how many were answered, and how many wrongly.
async fn answers_with(line: &Line, late: impl Fn(u64) -> Duration + Send + 'static) -> (u64, u64) {
    let units = bus(line, move |Asked { number, .. }| {
        let is_late = hash(number + 7).is_multiple_of(10);
        Does::Answers(if is_late { late(number) } else { Duration::from_millis(5) })
    });
    let (mut answered, mut wrong) = (0, 0);
    for number in 0..POLLS {
        let question = question(number);
        let Question::Read(_, start, count) = question else { unreachable!("only reads") };
        let expect: Vec<u16> = (start..start + count).collect();
        if let Ok(got) = units.ask(3, &question, TIMING, TIMING.timeout, || Ok(())).await {
            answered += 1;
            wrong += u64::from(got.answer != Answer::Registers(expect));
        }
    }
    (answered, wrong)
}

#[tokio::test(start_paused = true)]
async fn no_late_answer_is_taken_for_another_whatever_the_delay() {
    for line in [serial_frames(), tcp_frames()] {
        for (what, late) in [
            ("1.5 times the time-out", (|_| Duration::from_millis(1_500)) as fn(u64) -> Duration),
            ("2.5 times, more than time-out and turnaround", |_| Duration::from_millis(2_500)),
            ("3 times", |_| Duration::from_secs(3)),
            ("just when the next question goes out", |_| Duration::from_millis(2_001)),
            ("anything up to ten times", |number| Duration::from_millis(hash(number + 13) % 10_000)),
            ("anything up to a little over the time-out", |number| Duration::from_millis(900 + hash(number) % 300)),
        ] {
            let (answered, wrong) = answers_with(&line, late).await;
            assert_eq!(wrong, 0, "{line}, {what}");
            assert!(answered > POLLS / 2, "{line}, {what}: {answered} answers");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_refuses_everything_but_one_size_still_becomes_certain() {
    // Only one register exists, so that the proof has to be of another function; and that one is not known either.
    let units = bus(&serial_frames(), |asked: Asked| match (asked.function, asked.start, asked.count, asked.number) {
        (3, 7, 1, 0) => Does::Answers(Duration::from_secs(5)),
        (3, 7, 1, _) => Does::Answers(Duration::from_millis(5)),
        (3, ..) => Does::Refuses(2, Duration::from_millis(5)),
        _ => Does::Refuses(1, Duration::from_millis(5)),
    });
    let question = Question::Read(Table::HoldingRegisters, 7, 1);
    let mut tries = 0;
    loop {
        tries += 1;
        assert!(tries < 10, "it never becomes certain");
        if let Ok(got) = units.ask(1, &question, TIMING, TIMING.timeout, || Ok(())).await {
            assert_eq!(got.answer, Answer::Registers(vec![7]));
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_still_feared() {
    let units = bus(&serial_frames(), |asked: Asked| {
        Does::Answers(if asked.number == 0 { Duration::from_millis(2_200) } else { Duration::from_millis(5) })
    });
    let (first, second) =
        (Question::Read(Table::HoldingRegisters, 0, 1), Question::Read(Table::HoldingRegisters, 9, 1));
    let asked = units.ask(1, &first, TIMING, TIMING.timeout, || Ok(()));
    // The gateway is closed while its question is under way, and opened again.
    assert!(tokio::time::timeout(Duration::from_millis(1_500), asked).await.is_err());
    let got = units.ask(1, &second, TIMING, TIMING.timeout, || Ok(())).await.expect("an answer");
    assert_eq!(got.answer, Answer::Registers(vec![9]));
}

#[tokio::test(start_paused = true)]
async fn a_late_unit_does_not_disturb_its_neighbour() {
    let units = bus(&serial_frames(), |asked: Asked| {
        Does::Answers(if asked.unit == 9 { Duration::from_millis(2_500) } else { Duration::from_millis(5) })
    });
    let question = Question::Read(Table::HoldingRegisters, 0, 1);
    let late = units.ask(9, &question, TIMING, TIMING.timeout, || Ok(())).await.expect_err("late");
    assert_eq!(late.kind, ErrorKind::Silent);
    let got = units.ask(1, &question, TIMING, TIMING.timeout, || Ok(())).await.expect("it is asked again");
    assert_eq!(got.answer, Answer::Registers(vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_question_is_not_sent_and_costs_no_connection() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let units = bus(&tcp_frames(), move |_| {
        *count.lock().expect("sound") += 1;
        Does::Answers(Duration::ZERO)
    });
    let question = Question::Read(Table::HoldingRegisters, 0, 1);
    let forbidden = || Err(Lost::new(ErrorKind::Refused, "too late"));
    assert!(units.ask(1, &question, TIMING, TIMING.timeout, forbidden).await.is_err());
    assert_eq!(*asked.lock().expect("sound"), 0);
    assert!(units.state().connection.is_some());
}

struct Still;

impl model::Clock for Still {
    fn now(&self) -> model::Now {
        model::Now::default()
    }
}

#[test]
fn gateways_of_one_line_share_its_bus() {
    let buses = Buses::default();
    let line = |port| Line::Tcp { host: "plc".into(), port };
    let trust = Trust { credentials: Arc::new(crate::NoCredentials), clock: Arc::new(Still) };
    let first = buses.bus(&line(502), &trust);
    assert!(Arc::ptr_eq(&first, &buses.bus(&line(502), &trust)));
    assert!(!Arc::ptr_eq(&first, &buses.bus(&line(503), &trust)));
    drop(first);
    let again = buses.bus(&line(502), &trust);
    assert_eq!(Arc::strong_count(&again), 1, "what nobody uses is forgotten");
}
