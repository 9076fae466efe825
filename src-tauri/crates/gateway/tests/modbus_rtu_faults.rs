//! A serial device server whose frames are not what they must be.

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use model::{DataType, ErrorKind, LinkState, Quality, Value};
use peer::{Link, point};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A read as it came: the frame without its checksum.
type Asked = [u8; 6];

struct Server {
    port: u16,
    connections: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// One that answers each request with these bytes, after so long; the requests are numbered over all connections.
    async fn start(reply: impl Fn(Asked, u64) -> (Vec<u8>, Duration) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let connections = Arc::new(AtomicU64::new(0));
        let (count, reply, asked) = (Arc::clone(&connections), Arc::new(reply), Arc::new(AtomicU64::new(0)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&asked), Arc::clone(&reply)));
            }
        });
        Server { port, connections, task }
    }

    fn link(&self, registers: &[u16], more: &str) -> Link {
        let points = (0..)
            .zip(registers)
            .map(|(n, register)| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":{register}}}"#)));
        let settings = format!(r#""poll_ms":20,"timeout_ms":200,"turnaround_ms":30{more}"#);
        Link::open("modbus-rtu-tcp", self.port, &settings, points.collect())
    }
}

async fn serve(mut stream: TcpStream, asked: Arc<AtomicU64>, reply: Arc<impl Fn(Asked, u64) -> (Vec<u8>, Duration)>) {
    let mut frame = [0; 8];
    while stream.read_exact(&mut frame).await.is_ok() {
        let request: Asked = frame[..6].try_into().expect("six bytes");
        assert_eq!(frame[6..], checksum(&request), "the request's checksum");
        let (bytes, after) = reply(request, asked.fetch_add(1, Relaxed));
        tokio::time::sleep(after).await;
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Modbus over Serial Line V1.02, 6.2.2.
fn checksum(frame: &[u8]) -> [u8; 2] {
    let crc = frame.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    });
    crc.to_le_bytes()
}

fn framed(content: &[u8]) -> Vec<u8> {
    [content, &checksum(content)].concat()
}

/// Each register holds its own number, plus one.
fn registers(asked: Asked, change_of_count: i32) -> Vec<u8> {
    let word = |at: usize| u16::from_be_bytes([asked[at], asked[at + 1]]);
    let (start, count) = (word(2), i32::from(word(4)) + change_of_count);
    let values = (0..).map(|n: u16| (start + n + 1).to_be_bytes());
    let values: Vec<u8> = values.take(usize::try_from(count).expect("not negative")).flatten().collect();
    [&[asked[0], asked[1], u8::try_from(values.len()).expect("short")][..], &values].concat()
}

fn sound(asked: Asked) -> Vec<u8> {
    framed(&registers(asked, 0))
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_never_taken_for_values() {
    type Break = fn(Asked) -> Vec<u8>;
    let breaks: [(&str, Break); 11] = [
        ("another unit", |mut asked| {
            asked[0] ^= 1;
            sound(asked)
        }),
        ("another function", |mut asked| {
            asked[1] = 4;
            sound(asked)
        }),
        ("a wrong checksum", |asked| {
            let mut frame = sound(asked);
            if let Some(last) = frame.last_mut() {
                *last ^= 1;
            }
            frame
        }),
        ("a flipped bit", |asked| {
            let mut frame = sound(asked);
            frame[4] ^= 0x10;
            frame
        }),
        ("one register too few", |asked| framed(&registers(asked, -1))),
        ("one register too many", |asked| framed(&registers(asked, 1))),
        ("an odd number of bytes", |asked| framed(&[asked[0], 3, 3, 0, 9, 9])),
        ("no content", |asked| framed(&[asked[0], 3, 0])),
        ("half a frame", |asked| sound(asked)[..4].to_vec()),
        ("a count that is more than comes", |asked| framed(&[asked[0], 3, 255, 0, 9])),
        ("another frame's remains", |asked| [vec![0xFF; 300], sound(asked)].concat()),
    ];
    for (what, broken) in breaks {
        let server = Server::start(move |asked, number| {
            let bytes = if number == 3 { broken(asked) } else { sound(asked) };
            (bytes, Duration::ZERO)
        })
        .await;
        let mut link = server.link(&[0, 1], "");
        link.until(what, |link| {
            server.connections.load(Relaxed) >= 2 && link.is(LinkState::Up) && link.samples.len() >= 12
        })
        .await;
        for (tag, sample) in &link.samples {
            assert_eq!(sample.value, Some(Value::Int(i64::from(tag.0) + 1)), "{what}: a wrong value got through");
        }
    }
}

#[tokio::test]
async fn exceptions_have_their_quality_on_serial_frames_too() {
    for (code, quality) in [
        (2, Quality::BAD_CONFIGURATION),
        (4, Quality::BAD_DEVICE_FAILURE),
        (0x0B, Quality::BAD_NO_COMMUNICATION),
        (0x55, Quality::BAD),
    ] {
        let server = Server::start(move |asked, _| {
            let is_refused = asked[2] == 0 && asked[3] < 100;
            let bytes = if is_refused { framed(&[asked[0], asked[1] | 0x80, code]) } else { sound(asked) };
            (bytes, Duration::ZERO)
        })
        .await;
        let mut link = server.link(&[0, 200], "");
        link.until("both samples", |link| link.latest.iter().all(Option::is_some)).await;
        assert_eq!((link.quality(0), link.quality(1)), (Some(quality), Some(Quality::GOOD)), "exception {code:#x}");
        assert_eq!(server.connections.load(Relaxed), 1);
    }
}

#[tokio::test]
async fn a_silent_device_is_down_within_its_time_and_comes_back() {
    let server = Server::start(|asked, number| {
        let bytes = if (5..8).contains(&number) { Vec::new() } else { sound(asked) };
        (bytes, Duration::ZERO)
    })
    .await;
    let mut link = server.link(&[0], "");
    link.until_up().await;
    let down = link.until_down().await;
    assert_eq!(down.quality, Quality::STALE);
    assert!(down.reason.contains("unit 1 does not answer within 200 ms"), "{}", down.reason);
    link.until_up().await;
    assert!(link.errors(ErrorKind::Silent) >= 1);
}

#[tokio::test]
async fn late_answers_on_real_sockets_are_never_taken_for_others() {
    // Twenty single registers, every thirtieth answer late by one and a half times the time-out.
    let server =
        Server::start(|asked, number| (sound(asked), Duration::from_millis(if number % 30 == 29 { 75 } else { 0 })))
            .await;
    let registers: Vec<u16> = (0..20).map(|n| n * 100).collect();
    let points = (0..)
        .zip(&registers)
        .map(|(n, register)| point(n, DataType::Int, &format!(r#"{{"table":"holding","register":{register}}}"#)));
    let more = r#""poll_ms":20,"timeout_ms":50,"turnaround_ms":10"#;
    let mut link = Link::open("modbus-rtu-tcp", server.port, more, points.collect());
    link.until_within(Duration::from_secs(60), "some losses", |link| {
        link.errors(ErrorKind::Silent) >= 4 && link.samples.len() > 80
    })
    .await;
    for (tag, sample) in &link.samples {
        assert_eq!(sample.value, Some(Value::Int(i64::from(tag.0) * 100 + 1)), "a late answer was taken for another");
    }
}
