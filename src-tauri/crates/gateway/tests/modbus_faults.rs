//! A hand-written PLC that does what PLCs must not do.

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use model::{DataType, ErrorKind, LinkState, Quality, Value};
use peer::{Link, point};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A request as it came.
#[derive(Clone, Copy, Debug)]
struct Request {
    transaction: u16,
    unit: u8,
    function: u8,
    start: u16,
    count: u16,
    /// How many came before it, over all connections.
    number: u64,
}

/// What to do with a request.
enum Reply {
    /// These bytes, after this time.
    Bytes(Vec<u8>, Duration),
    Nothing,
    Close,
}

struct Plc {
    port: u16,
    requests: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Plc {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Plc {
    async fn start(reply: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Plc {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (requests, connections) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (asked, connected, reply) = (Arc::clone(&requests), Arc::clone(&connections), Arc::new(reply));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                connected.fetch_add(1, Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&asked), Arc::clone(&reply)));
            }
        });
        Plc { port, requests, connections, task }
    }

    /// A link to tags in holding registers, one float each of type u16.
    fn link(&self, registers: &[u16], more: &str) -> Link {
        let points = (0..)
            .zip(registers)
            .map(|(n, register)| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":{register}}}"#)));
        let common = r#""poll_ms":20,"timeout_ms":400"#;
        let more = if more.is_empty() { common.to_owned() } else { format!("{common},{more}") };
        Link::open("modbus-tcp", self.port, &more, points.collect())
    }
}

async fn serve(mut stream: TcpStream, asked: Arc<AtomicU64>, reply: Arc<impl Fn(Request) -> Reply>) {
    let mut header = [0; 12];
    while stream.read_exact(&mut header).await.is_ok() {
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let request = Request {
            transaction: word(0),
            unit: header[6],
            function: header[7],
            start: word(8),
            count: word(10),
            number: asked.fetch_add(1, Relaxed),
        };
        match reply(request) {
            Reply::Bytes(bytes, after) => {
                tokio::time::sleep(after).await;
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Nothing => {}
            Reply::Close => return,
        }
    }
}

/// Each register holds its own number, plus one.
fn content(register: u16) -> u16 {
    register.wrapping_add(1)
}

fn frame(request: Request, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).expect("short").to_be_bytes();
    [&request.transaction.to_be_bytes()[..], &[0, 0], &length, &[request.unit], pdu].concat()
}

fn registers(request: Request, values: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let bytes: Vec<u8> = values.into_iter().flat_map(u16::to_be_bytes).collect();
    frame(request, &[&[request.function, u8::try_from(bytes.len()).expect("short")][..], &bytes].concat())
}

fn sound(request: Request) -> Vec<u8> {
    registers(request, (request.start..request.start + request.count).map(content))
}

fn at_once(bytes: Vec<u8>) -> Reply {
    Reply::Bytes(bytes, Duration::ZERO)
}

fn exception(request: Request, code: u8) -> Reply {
    at_once(frame(request, &[request.function | 0x80, code]))
}

fn value(link: &Link, index: usize) -> Option<Value> {
    link.latest[index].as_ref().and_then(|sample| sample.value.clone())
}

#[tokio::test]
async fn neighbours_are_read_together_and_counted() {
    let plc = Plc::start(|request| at_once(sound(request))).await;
    let mut link = plc.link(&[0, 1, 5, 100], "");
    link.until("all values", |link| link.latest.iter().all(Option::is_some)).await;
    assert_eq!((value(&link, 0), value(&link, 3)), (Some(Value::Int(1)), Some(Value::Int(101))));
    link.until("three polls", |link| link.link.traffic().messages >= 6).await;
    let traffic = link.link.traffic();
    assert!(traffic.latency_ms.is_some_and(|ms| ms < 100.0), "{traffic:?}");
    assert_eq!((traffic.connects, traffic.errors.len()), (1, 0));
    link.link.close().await;
}

#[tokio::test]
async fn a_frozen_plc_is_down_within_two_time_outs() {
    let plc = Plc::start(|request| if request.number < 5 { at_once(sound(request)) } else { Reply::Nothing }).await;
    let mut link = plc.link(&[0], "");
    link.until("the first value", |link| link.latest[0].is_some()).await;
    let fine = Instant::now();
    let down = link.until_down().await;
    assert!(fine.elapsed() < Duration::from_secs(2), "{:?}", fine.elapsed());
    assert_eq!(down.quality, Quality::STALE);
    assert!(down.reason.contains("does not answer within 400 ms"), "{}", down.reason);
    link.until("another attempt", |link| link.errors(ErrorKind::Silent) >= 2).await;
    assert_eq!(link.link.traffic().connects, 1, "connected again, but never up again");
}

#[tokio::test]
async fn answers_that_break_the_protocol_are_never_taken_for_values() {
    type Break = fn(Request) -> Reply;
    let breaks: [(&str, Break); 10] = [
        ("another transaction", |mut request| {
            let sound = sound(request);
            request.transaction ^= 1;
            at_once([&request.transaction.to_be_bytes(), &sound[2..]].concat())
        }),
        ("another unit", |mut request| {
            request.unit ^= 1;
            at_once(sound(request))
        }),
        ("another function", |mut request| {
            request.function = 4;
            at_once(sound(request))
        }),
        ("another protocol", |request| {
            let mut bytes = sound(request);
            bytes[2] = 1;
            at_once(bytes)
        }),
        ("one register too few", |request| at_once(registers(request, (1..request.count).map(|_| 999)))),
        ("one register too many", |request| at_once(registers(request, (0..=request.count).map(|_| 999)))),
        ("an odd number of bytes", |request| at_once(frame(request, &[3, 3, 1, 2, 3]))),
        ("a count that is not the number of bytes", |request| at_once(frame(request, &[3, 4, 1, 2]))),
        ("no length", |request| at_once([&request.transaction.to_be_bytes()[..], &[0, 0, 0, 0, 1, 3]].concat())),
        ("an endless length", |request| {
            at_once([&request.transaction.to_be_bytes()[..], &[0, 0, 0xFF, 0xFF, request.unit, 3, 2, 3, 231]].concat())
        }),
    ];
    for (what, broken) in breaks {
        let plc =
            Plc::start(move |request| if request.number == 1 { broken(request) } else { at_once(sound(request)) })
                .await;
        let mut link = plc.link(&[0, 1], "");
        link.until_up().await;
        let down = link.until_down().await;
        assert!(!down.reason.is_empty(), "{what}");
        link.until_up().await;
        link.until(what, |link| link.samples.len() >= 6).await;
        for (tag, sample) in &link.samples {
            let expect = Some(Value::Int(i64::from(tag.0) + 1));
            assert_eq!(sample.value, expect, "{what}: a wrong value got through");
        }
        let kinds: Vec<_> = link.link.traffic().errors.into_keys().collect();
        assert!(kinds == [ErrorKind::Protocol] || kinds == [ErrorKind::Silent], "{what}: {kinds:?}, {}", down.reason);
    }
}

#[tokio::test]
async fn a_closed_connection_is_down_at_once_and_back_soon() {
    let plc = Plc::start(|request| if request.number == 3 { Reply::Close } else { at_once(sound(request)) }).await;
    let mut link = plc.link(&[0], "");
    link.until_up().await;
    let down = link.until_down().await;
    assert_eq!(down.reason, "the device closed the connection");
    link.until_up().await;
}

#[tokio::test]
async fn late_answers_are_never_taken_for_answers_to_later_questions() {
    // Each register answers with its own number, in one block each, so that a mix-up shows.
    let plc = Plc::start(|request| {
        let late = request.number % 50 == 49;
        Reply::Bytes(sound(request), Duration::from_millis(if late { 75 } else { 0 }))
    })
    .await;
    let registers: Vec<u16> = (0..20).map(|n| n * 100).collect();
    let points = (0..)
        .zip(&registers)
        .map(|(n, register)| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":{register}}}"#)));
    let more = r#""poll_ms":20,"timeout_ms":50"#;
    let mut link = Link::open("modbus-tcp", plc.port, more, points.collect());
    link.until_within(Duration::from_secs(60), "some losses", |link| link.errors(ErrorKind::Silent) >= 5).await;
    assert!(link.samples.len() > 200, "{}", link.samples.len());
    for (tag, sample) in &link.samples {
        assert_eq!(sample.value, Some(Value::Int(i64::from(tag.0) * 100 + 1)), "a late answer was taken for another");
    }
    assert!(plc.connections.load(Relaxed) >= 5, "each time-out costs its connection");
}

#[tokio::test]
async fn an_address_that_is_not_there_makes_only_its_own_tag_bad() {
    // Registers 0 to 9 in one block; 4 does not exist.
    let plc = Plc::start(|request| {
        if (request.start..request.start + request.count).contains(&4) {
            exception(request, 2)
        } else {
            at_once(sound(request))
        }
    })
    .await;
    let mut link = plc.link(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "");
    link.until("all samples", |link| link.latest.iter().all(Option::is_some)).await;
    for n in 0..10 {
        let expect = if n == 4 { Quality::BAD_CONFIGURATION } else { Quality::GOOD };
        assert_eq!(link.quality(n), Some(expect), "register {n}");
    }
    let refused = link.errors(ErrorKind::Refused);
    let requests = plc.requests.load(Relaxed);
    link.until("more polls", |_| plc.requests.load(Relaxed) > requests + 40).await;
    assert_eq!(link.errors(ErrorKind::Refused), refused, "what was learnt is remembered");
    let status = link.status.expect("up");
    assert_eq!(status.state, LinkState::Up);
    assert!(status.reason.contains("holding registers, 4:") && status.reason.contains("02"), "{}", status.reason);
}

#[tokio::test]
async fn every_exception_has_its_quality_and_the_link_lives_on() {
    for (code, quality) in [
        (1, Quality::BAD_CONFIGURATION),
        (2, Quality::BAD_CONFIGURATION),
        (3, Quality::BAD_CONFIGURATION),
        (4, Quality::BAD_DEVICE_FAILURE),
        (6, Quality::BAD_NO_COMMUNICATION),
        (8, Quality::BAD_DEVICE_FAILURE),
        (0x0A, Quality::BAD_NOT_CONNECTED),
        (0x0B, Quality::BAD_NO_COMMUNICATION),
        (0x55, Quality::BAD),
    ] {
        let plc = Plc::start(
            move |request| if request.start < 100 { exception(request, code) } else { at_once(sound(request)) },
        )
        .await;
        let mut link = plc.link(&[0, 200], "");
        link.until("both samples", |link| link.latest.iter().all(Option::is_some)).await;
        assert_eq!((link.quality(0), link.quality(1)), (Some(quality), Some(Quality::GOOD)), "exception {code:#x}");
        assert_eq!(link.link.traffic().connects, 1);
    }
}

#[tokio::test]
async fn a_busy_device_keeps_its_last_values_for_a_while() {
    let plc = Plc::start(|request| match request.number {
        0 => at_once(sound(request)),
        1..=3 => exception(request, 6),
        4 => at_once(sound(request)),
        _ => exception(request, 6),
    })
    .await;
    let mut link = plc.link(&[0], "");
    link.until("busy for long", |link| link.quality(0) == Some(Quality::BAD_NO_COMMUNICATION)).await;
    let qualities: Vec<_> = link.samples.iter().map(|(_, sample)| sample.quality).take(9).collect();
    let (good, stale, bad) = (Quality::GOOD, Quality::STALE, Quality::BAD_NO_COMMUNICATION);
    assert_eq!(qualities, [good, stale, stale, stale, good, stale, stale, stale, bad]);
    assert_eq!(link.samples[1].1.value, Some(Value::Int(1)), "the last usable value");
}

#[tokio::test]
async fn one_silent_unit_does_not_take_the_others_down() {
    // Also where it is the first one asked.
    for silent in [1, 7, 9] {
        let plc =
            Plc::start(move |request| if request.unit == silent { Reply::Nothing } else { at_once(sound(request)) })
                .await;
        let units = [1, 7, 9];
        let points = units
            .iter()
            .zip(0..)
            .map(|(unit, n)| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":5,"unit":{unit}}}"#)));
        let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":20,"timeout_ms":400"#, points.collect());
        link.until("many samples of the others", |link| link.samples.len() > 100).await;
        for (n, unit) in units.into_iter().enumerate() {
            let expect = if unit == silent { Quality::BAD_TIMEOUT } else { Quality::GOOD };
            assert_eq!(link.quality(n), Some(expect), "unit {unit}");
        }
        link.until("words", |link| {
            link.status.as_ref().is_some_and(|status| status.reason == format!("unit {silent} does not answer"))
        })
        .await;
        assert!(link.statuses.iter().all(|status| status.state != LinkState::Down), "{:?}", link.statuses);
        assert!(
            link.errors(ErrorKind::Silent) <= 4,
            "it is asked ever more rarely: {}",
            link.errors(ErrorKind::Silent)
        );
    }
}

#[tokio::test]
async fn many_silent_units_are_a_lost_link() {
    let plc = Plc::start(|request| if request.number < 30 { at_once(sound(request)) } else { Reply::Nothing }).await;
    let points =
        (0..10).map(|n| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":5,"unit":{}}}"#, n + 1)));
    let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":20,"timeout_ms":400"#, points.collect());
    link.until("all answer", |link| link.latest.iter().all(Option::is_some)).await;
    let frozen = Instant::now();
    link.until_down().await;
    assert!(frozen.elapsed() < Duration::from_secs(12), "{:?}", frozen.elapsed());
    // Which unit's turn it was when the link was given up is not fixed: the line is fair among them.
    let good = (0..10).filter(|n| link.quality(*n) == Some(Quality::GOOD)).count();
    assert!(good <= 1, "said of each one as it is noticed, but for the last: {good} are still good");
}

#[tokio::test]
async fn what_is_not_a_number_is_bad_and_a_slow_device_overruns() {
    let plc = Plc::start(|request| Reply::Bytes(registers(request, [0x7FC0, 0]), Duration::from_millis(70))).await;
    let points = vec![point(0, DataType::Float, r#"{"table":"input","register":5,"type":"f32"}"#)];
    let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":20,"timeout_ms":4000"#, points);
    link.until("overruns", |link| link.link.traffic().overruns >= 3 && link.latest[0].is_some()).await;
    assert_eq!((link.quality(0), value(&link, 0)), (Some(Quality::BAD_OUT_OF_RANGE), None));
    assert!(link.errors(ErrorKind::Decode) >= 1);
}

#[tokio::test]
async fn bits_come_as_bits() {
    let plc = Plc::start(|request| {
        // Bit n is set where n is a multiple of three.
        let mut bytes = vec![0u8; usize::from(request.count).div_ceil(8)];
        for n in 0..request.count {
            bytes[usize::from(n / 8)] |= u8::from((request.start + n).is_multiple_of(3)) << (n % 8);
        }
        let count = u8::try_from(bytes.len()).expect("short");
        at_once(frame(request, &[&[request.function, count][..], &bytes].concat()))
    })
    .await;
    let points = (0..20).map(|n| point(n, DataType::Bool, &format!(r#"{{"table":"coil","register":{}}}"#, n * 7)));
    let mut link = Link::open("modbus-tcp", plc.port, r#""poll_ms":20"#, points.collect());
    link.until("all values", |link| link.latest.iter().all(Option::is_some)).await;
    for n in 0..20 {
        assert_eq!(value(&link, n), Some(Value::Bool((n * 7).is_multiple_of(3))), "coil {}", n * 7);
    }
}

#[tokio::test]
async fn a_device_that_takes_one_connection_takes_the_next_one_when_the_first_has_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let is_taken = Arc::new(AtomicU64::new(0));
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            if is_taken.swap(1, Relaxed) == 1 {
                continue;
            }
            let is_taken = Arc::clone(&is_taken);
            tokio::spawn(async move {
                serve(stream, Arc::default(), Arc::new(|request| at_once(sound(request)))).await;
                is_taken.store(0, Relaxed);
            });
        }
    });
    // Two stations, which know nothing of each other.
    let settings = r#""poll_ms":20,"timeout_ms":400"#;
    let tag = || vec![point(0, DataType::Int, r#"{"table":"holding","register":5}"#)];
    let mut first = Link::open("modbus-tcp", port, settings, tag());
    first.until_up().await;
    let mut second = Link::open("modbus-tcp", port, settings, tag());
    let down = second.until_down().await;
    assert!(down.reason.contains("closed the connection"), "{}", down.reason);
    second.until("more attempts", |link| link.errors(ErrorKind::Lost) >= 3).await;
    assert!(first.is(LinkState::Up));
    first.link.close().await;
    second.until("its turn", |link| link.is(LinkState::Up) && link.latest[0].is_some()).await;
    task.abort();
}
