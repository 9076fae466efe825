//! The proxy does what it is told, and nothing else.

use tokio::time::timeout;

use super::*;

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ended = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    address
}

async fn connected(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port)).await.expect("the proxy listens")
}

async fn ask(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.expect("open");
    let mut answer = vec![0; bytes.len()];
    timeout(Duration::from_secs(10), stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    answer
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(200), stream.read(&mut [0; 64])).await.is_err()
}

#[tokio::test]
async fn without_a_fault_everything_arrives() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connected(&proxy).await;
    let bytes: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let (mut from, mut to) = stream.split();
    let mut answer = vec![0; bytes.len()];
    let (written, read) = tokio::join!(to.write_all(&bytes), from.read_exact(&mut answer));
    written.expect("open");
    read.expect("an answer");
    assert_eq!(answer, bytes);
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn bytes_come_late_in_pieces_and_in_order() {
    let proxy = Proxy::start(echo().await).await;
    proxy.set(|faults| {
        faults.to_link = Way { delay: Duration::from_millis(150), segment: Some(1), ..Way::default() };
        faults.to_server.jitter = Duration::from_millis(50);
    });
    let mut stream = connected(&proxy).await;
    let asked = Instant::now();
    assert_eq!(ask(&mut stream, b"one after the other").await, b"one after the other");
    assert!(asked.elapsed() >= Duration::from_millis(150), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn bits_are_turned_where_it_was_said() {
    let proxy = Proxy::start(echo().await).await;
    proxy.set(|faults| faults.to_link.flipped_bits = [0, 15].into());
    let mut stream = connected(&proxy).await;
    assert_eq!(ask(&mut stream, &[0, 0, 0]).await, [0x80, 0x01, 0]);
}

#[tokio::test]
async fn a_cut_comes_after_the_bytes_before_it() {
    let proxy = Proxy::start(echo().await).await;
    proxy.set(|faults| faults.to_link.cut_after = Some(4));
    let mut stream = connected(&proxy).await;
    stream.write_all(b"123456").await.expect("open");
    let mut got = Vec::new();
    // A reset after them is an end, too.
    let _end = timeout(Duration::from_secs(10), stream.read_to_end(&mut got)).await.expect("an end");
    assert_eq!(got, b"1234");
}

#[tokio::test]
async fn held_bytes_arrive_later_and_swallowed_ones_never() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connected(&proxy).await;
    ask(&mut stream, b"a").await;
    proxy.set(|faults| faults.to_server.flow = Flow::Hold);
    stream.write_all(b"b").await.expect("open");
    assert!(is_silent(&mut stream).await);
    proxy.heal();
    assert_eq!(stream.read_u8().await.expect("it was only held"), b'b');
    proxy.set(|faults| faults.to_server.flow = Flow::Swallow);
    stream.write_all(b"c").await.expect("open");
    assert!(is_silent(&mut stream).await);
    proxy.heal();
    assert_eq!(ask(&mut stream, b"d").await, b"d");
}

#[tokio::test]
async fn a_half_closed_connection_still_takes_and_a_reset_one_does_not() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connected(&proxy).await;
    ask(&mut stream, b"a").await;
    proxy.half_close();
    assert_eq!(stream.read(&mut [0; 8]).await.expect("an end in order"), 0);
    stream.write_all(b"still taken").await.expect("open");
    let mut other = connected(&proxy).await;
    ask(&mut other, b"a").await;
    proxy.reset();
    let error = other.read(&mut [0; 8]).await.expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_door_refuses_leaves_waiting_or_slams() {
    let proxy = Proxy::start(echo().await).await;
    ask(&mut connected(&proxy).await, b"a").await;
    proxy.set(|faults| faults.door = Door::Refuses);
    let refused = async {
        while TcpStream::connect(("127.0.0.1", proxy.port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), refused).await.expect("nobody listens");
    proxy.set(|faults| faults.door = Door::Unattended);
    let mut waiting = loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", proxy.port)).await {
            break stream;
        }
    };
    waiting.write_all(b"hello").await.expect("the system takes it");
    assert!(is_silent(&mut waiting).await);
    proxy.set(|faults| faults.door = Door::Slams);
    let end = timeout(Duration::from_secs(10), waiting.read(&mut [0; 8])).await.expect("an end");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    proxy.heal();
    assert_eq!(ask(&mut connected(&proxy).await, b"b").await, b"b");
}

#[tokio::test]
async fn a_throttled_way_keeps_to_its_rate() {
    let proxy = Proxy::start(echo().await).await;
    proxy.set(|faults| faults.to_link.bytes_per_second = Some(10_000));
    let mut stream = connected(&proxy).await;
    let asked = Instant::now();
    ask(&mut stream, &[7; 4_000]).await;
    assert!(asked.elapsed() >= Duration::from_millis(350), "{:?}", asked.elapsed());
}
