//! Takes oversize messages out of a broker's stream before the client library sees them.
//!
//! The library drops the connection when a message is larger than its limit; a retained one would then come back with
//! every new connection, for ever. Here such a message is shortened to its topic, with an empty payload, so that it is
//! acknowledged and the link lives on. What is not a well-formed header is passed on as it is, for the library to refuse.
//!
//! Two more things are seen to here, because the libraries do not: a broker that takes no more data is noticed, and the
//! end of a stream is told apart from what came just before it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use model::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::attempt::Lost;

/// The control packet type of PUBLISH (MQTT 3.1.1, table 2.1).
const PUBLISH: u8 = 3;
/// How an alert of TLS begins. In MQTT nothing does that comes from a broker.
const ALERT: [u8; 2] = [0x15, 3];
/// The first byte of a DISCONNECT.
const DISCONNECT: u8 = 0xE0;
/// Read from the socket at once.
const CHUNK: usize = 16 * 1_024;
/// A broker that takes nothing for so long is not there any more. The library for MQTT 5 would wait for ever.
const STUCK: Duration = Duration::from_secs(5);

/// Which version of the protocol the stream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    V3,
    V5,
}

/// The messages that were shortened, by their place among all messages of the connection, with their size.
#[derive(Clone, Debug, Default)]
pub(super) struct Oversize(Arc<Mutex<VecDeque<(u64, usize)>>>);

impl Oversize {
    /// The size of the message at a place, if it was shortened. Places are asked for in order.
    pub(super) fn take(&self, place: u64) -> Option<usize> {
        let mut shortened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, size) = shortened.pop_front_if(|(at, _)| *at == place)?;
        Some(size)
    }

    fn push(&self, place: u64, size: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back((place, size));
    }
}

/// The state between two reads.
#[derive(Debug)]
pub(super) struct Sieve {
    dialect: Dialect,
    limit: usize,
    oversize: Oversize,
    messages: u64,
    step: Step,
    /// Whether anything came yet.
    has_begun: bool,
    /// What came and cannot be gone on from.
    refused: Option<Lost>,
}

#[derive(Debug)]
enum Step {
    /// Collecting the fixed header: the type and one to four bytes of length.
    Header(Vec<u8>),
    /// Passing on the rest of a packet.
    Pass(usize),
    /// Collecting the topic, and the packet id where there is one, of a message that is too large.
    Shorten { first: u8, length: usize, kept: Vec<u8> },
    /// Waiting for the reason of a DISCONNECT.
    Reason,
    /// Leaving out the rest of a message.
    Skip(usize),
    /// Not MQTT: everything is passed on.
    Blind,
}

impl Sieve {
    pub(super) fn new(dialect: Dialect, limit: usize, oversize: Oversize) -> Self {
        Self { dialect, limit, oversize, messages: 0, step: Step::Header(Vec::new()), has_begun: false, refused: None }
    }

    /// Takes what was read and appends what is to be seen of it.
    pub(super) fn feed(&mut self, mut input: &[u8], seen: &mut BytesMut) {
        while !input.is_empty() {
            match &mut self.step {
                Step::Header(header) => {
                    header.push(input.get_u8());
                    if let Some(length) = remaining_length(header) {
                        let header = std::mem::take(header);
                        self.step = self.begin(&header, length, seen);
                    } else if header.len() == 5 {
                        seen.put_slice(header);
                        self.step = Step::Blind;
                    }
                }
                Step::Pass(left) => {
                    let n = input.len().min(*left);
                    seen.put_slice(&input[..n]);
                    input.advance(n);
                    *left -= n;
                    if *left == 0 {
                        self.step = Step::Header(Vec::new());
                    }
                }
                Step::Shorten { first, length, kept } => {
                    kept.push(input.get_u8());
                    if kept.len() == *length || Some(kept.len()) == variable_header(*first, kept) {
                        // What is left out with the payload in MQTT 5 are the properties; there are none now.
                        let properties: &[u8] = if self.dialect == Dialect::V5 { &[0] } else { &[] };
                        seen.put_u8(*first);
                        put_length(seen, kept.len() + properties.len());
                        seen.put_slice(kept);
                        seen.put_slice(properties);
                        self.oversize.push(self.messages, *length);
                        self.messages += 1;
                        self.step = Step::skip(*length - kept.len());
                    }
                }
                Step::Reason => {
                    seen.put_slice(&[DISCONNECT, 2, input.get_u8(), 0]);
                    self.step = Step::Header(Vec::new());
                }
                Step::Skip(left) => {
                    let n = input.len().min(*left);
                    input.advance(n);
                    self.step = Step::skip(*left - n);
                }
                Step::Blind => {
                    seen.put_slice(input);
                    input = &[];
                }
            }
        }
    }

    fn begin(&mut self, header: &[u8], length: usize, seen: &mut BytesMut) -> Step {
        let is_message = header[0] >> 4 == PUBLISH;
        if is_message && length > self.limit {
            return Step::Shorten { first: header[0], length, kept: Vec::new() };
        }
        if !std::mem::replace(&mut self.has_begun, true) && header == ALERT {
            self.refused = Some(Lost::new(ErrorKind::Refused, "the broker speaks TLS at this port: write tls = true"));
            return Step::Skip(usize::MAX);
        }
        if length > self.limit {
            let words = format!("the broker sent a packet of {length} bytes, larger than allowed");
            self.refused = Some(Lost::new(ErrorKind::Oversize, words));
            return Step::Skip(usize::MAX);
        }
        if self.dialect == Dialect::V5 && header == [DISCONNECT, 1] {
            // Without properties their length may be left out (MQTT 5, 3.14.2.2.1). The library would wait for it.
            return Step::Reason;
        }
        self.messages += u64::from(is_message);
        seen.put_slice(header);
        if length == 0 { Step::Header(Vec::new()) } else { Step::Pass(length) }
    }
}

impl Step {
    fn skip(left: usize) -> Step {
        if left == 0 { Step::Header(Vec::new()) } else { Step::Skip(left) }
    }
}

/// The remaining length, once its last byte is there (MQTT 3.1.1, 2.2.3).
fn remaining_length(header: &[u8]) -> Option<usize> {
    let (last, before) = header.get(1..)?.split_last()?;
    if last & 0x80 != 0 {
        return None;
    }
    let value = before.iter().rev().fold(usize::from(*last), |value, byte| value << 7 | usize::from(byte & 0x7F));
    Some(value)
}

fn put_length(seen: &mut BytesMut, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7F).expect("seven bits fit a byte");
        length >>= 7;
        seen.put_u8(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            return;
        }
    }
}

/// The length of a message's variable header, once its topic's length is known.
fn variable_header(first: u8, kept: &[u8]) -> Option<usize> {
    let topic = usize::from(u16::from_be_bytes([*kept.first()?, *kept.get(1)?]));
    let has_packet_id = first & 0b110 != 0;
    Some(2 + topic + if has_packet_id { 2 } else { 0 })
}

/// A connection behind a sieve. `heard` is called whenever bytes come in.
pub(super) struct Sieved<S, H> {
    inner: S,
    sieve: Sieve,
    seen: BytesMut,
    heard: H,
    /// Bytes were handed over since the reader last had to wait.
    has_fed: bool,
    /// How the stream ended, while that is still to be told.
    end: Option<io::Result<()>>,
    /// Runs while the other side takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S, H> Sieved<S, H> {
    pub(super) fn new(inner: S, sieve: Sieve, heard: H) -> Self {
        Self { inner, sieve, seen: BytesMut::new(), heard, has_fed: false, end: None, stuck: None }
    }

    /// An error where the other side has taken nothing for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(STUCK)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::other(Lost::new(ErrorKind::Silent, "the broker takes no more data"))))
    }
}

impl<S: AsyncRead + Unpin, H: Fn()> Sieved<S, H> {
    /// Fills `seen`, or notes the end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.seen.is_empty() && self.end.is_none() {
            let mut chunk = [0; CHUNK];
            let mut chunk = ReadBuf::new(&mut chunk);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut chunk)) {
                Ok(()) if chunk.filled().is_empty() => self.end = Some(Ok(())),
                Ok(()) => {
                    (self.heard)();
                    self.sieve.feed(chunk.filled(), &mut self.seen);
                    if let Some(lost) = self.sieve.refused.take() {
                        self.end = Some(Err(io::Error::other(lost)));
                    }
                }
                Err(error) => self.end = Some(Err(error)),
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin, H: Fn() + Unpin> AsyncRead for Sieved<S, H> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.fill(cx).is_pending() {
            this.has_fed = false;
            return Poll::Pending;
        }
        if this.seen.is_empty() {
            // The libraries read on while they can, and forget what they have read when that ends in an error. So they
            // have to wait once before they get to the end.
            if std::mem::take(&mut this.has_fed) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(this.end.take().unwrap_or(Ok(())));
        }
        let n = this.seen.len().min(out.remaining());
        out.put_slice(&this.seen[..n]);
        this.seen.advance(n);
        this.has_fed = true;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for Sieved<S, H> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.watch(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        this.watch(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of QoS 0 or 1.
    fn publish(qos: u8, topic: &str, payload: usize) -> Vec<u8> {
        publish_with(qos, topic, &[], payload)
    }

    fn publish_with(qos: u8, topic: &str, properties: &[u8], payload: usize) -> Vec<u8> {
        let mut body = BytesMut::new();
        body.put_u16(u16::try_from(topic.len()).expect("short"));
        body.put_slice(topic.as_bytes());
        if qos > 0 {
            body.put_u16(7);
        }
        body.put_slice(properties);
        body.put_bytes(b'x', payload);
        let mut packet = BytesMut::new();
        packet.put_u8(PUBLISH << 4 | qos << 1);
        put_length(&mut packet, body.len());
        packet.put_slice(&body);
        packet.to_vec()
    }

    fn sift(input: &[u8], chunk: usize, limit: usize) -> (Vec<u8>, Oversize) {
        sift_as(Dialect::V3, input, chunk, limit)
    }

    fn sift_as(dialect: Dialect, input: &[u8], chunk: usize, limit: usize) -> (Vec<u8>, Oversize) {
        let oversize = Oversize::default();
        let mut sieve = Sieve::new(dialect, limit, oversize.clone());
        let mut seen = BytesMut::new();
        for part in input.chunks(chunk) {
            sieve.feed(part, &mut seen);
        }
        (seen.to_vec(), oversize)
    }

    #[test]
    fn an_oversize_message_shrinks_to_its_topic_and_keeps_its_packet_id() {
        let stream = [publish(0, "a", 3), publish(1, "big", 5_000), vec![0xD0, 0], publish(0, "b", 3)].concat();
        let (seen, oversize) = sift(&stream, 1_000, 100);
        assert_eq!(seen, [publish(0, "a", 3), publish(1, "big", 0), vec![0xD0, 0], publish(0, "b", 3)].concat());
        assert_eq!([0, 1, 2].map(|place| oversize.take(place)), [None, Some(5_007), None]);
    }

    #[test]
    fn in_mqtt_5_it_loses_its_properties_with_its_payload() {
        // A content type, and more of it than the limit: properties alone can make a message too large.
        let properties = [&[0xC8, 0x01, 3, 0, 197][..], &[b't'; 197]].concat();
        let stream = [publish_with(1, "big", &properties, 0), publish_with(0, "b", &[0], 3)].concat();
        for chunk in [1, 7, 1_000] {
            let (seen, oversize) = sift_as(Dialect::V5, &stream, chunk, 100);
            assert_eq!(seen, [publish_with(1, "big", &[0], 0), publish_with(0, "b", &[0], 3)].concat());
            assert_eq!([0, 1].map(|place| oversize.take(place)), [Some(209), None]);
        }
    }

    #[test]
    fn a_short_disconnect_gets_the_length_of_its_properties() {
        assert_eq!(sift_as(Dialect::V5, &[0xE0, 1, 0x8E, 0xD0, 0], 1, 100).0, [0xE0, 2, 0x8E, 0, 0xD0, 0]);
        assert_eq!(sift_as(Dialect::V5, &[0xE0, 0], 1, 100).0, [0xE0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_packet_that_is_no_message_ends_the_stream_after_what_came_before() {
        let mut stream = publish(0, "a", 3);
        stream.extend([0x90, 0xFF, 0xFF, 0x03]);
        let sieve = Sieve::new(Dialect::V5, 100, Oversize::default());
        let mut sieved = Sieved::new(&stream[..], sieve, || {});
        let mut seen = Vec::new();
        let error = tokio::io::AsyncReadExt::read_to_end(&mut sieved, &mut seen).await.expect_err("too large");
        assert_eq!(seen, publish(0, "a", 3));
        assert!(error.to_string().contains("a packet of 65535 bytes"), "{error}");
    }

    #[tokio::test]
    async fn a_port_that_speaks_tls_is_named() {
        let alert = b"\x15\x03\x01\x00\x02\x02\x46";
        let mut sieved = Sieved::new(&alert[..], Sieve::new(Dialect::V3, 100, Oversize::default()), || {});
        let error = tokio::io::AsyncReadExt::read_u8(&mut sieved).await.expect_err("no MQTT");
        assert_eq!(error.to_string(), "the broker speaks TLS at this port: write tls = true");
    }

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_takes_no_more_data_is_noticed() {
        let (station, _broker) = tokio::io::duplex(64);
        let mut sieved = Sieved::new(station, Sieve::new(Dialect::V5, 100, Oversize::default()), || {});
        let written = tokio::io::AsyncWriteExt::write_all(&mut sieved, &[0; 1_000]).await;
        assert_eq!(written.expect_err("it never reads").to_string(), "the broker takes no more data");
    }

    #[test]
    fn what_is_not_mqtt_is_passed_on_for_the_library_to_refuse() {
        let garbage = [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3];
        assert_eq!(sift(&garbage, 1, 100).0, garbage);
    }

    proptest! {
        #[test]
        fn the_cuts_between_reads_do_not_matter(
            messages in prop::collection::vec((0u8..=1, "[a-z]{1,9}", 0usize..400), 0..8),
            chunk in 1usize..600,
            tail in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut stream: Vec<u8> = messages.iter().flat_map(|(q, t, n)| publish(*q, t, *n)).collect();
            let expect: Vec<u8> = messages
                .iter()
                .flat_map(|(q, t, n)| {
                    let small = t.len() + n + 2 + usize::from(*q) * 2 <= 200;
                    publish(*q, t, if small { *n } else { 0 })
                })
                .collect();
            prop_assert_eq!(&sift(&stream, chunk, 200).0, &expect);
            stream.extend(&tail);
            prop_assert_eq!(sift(&stream, chunk, 200).0, sift(&stream, usize::MAX, 200).0);
        }
    }
}
