//! The seam to the client library: nothing else in this crate names it.
//!
//! A connection is two halves. [`Events`] is polled by one task that does nothing that could wait, because the library's
//! keep-alive stops while it is not polled. [`Requests`] only ever tries: awaiting a full request queue from the polling
//! task would wait for itself. Both are made anew for every connection, so that no state of the one before survives.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::ErrorKind;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming, MqttOptions, Outgoing, QoS,
    StateError, SubscribeFilter, SubscribeReasonCode,
};

use super::sieve::{Oversize, Sieve, Sieved};
use crate::attempt::{Attempt, Lost};
use crate::socket::{Peer, broken};

/// For the TCP connection alone. Shorter than the library's own limit for it and the CONNACK together, which is 5 s, so
/// that the words can tell the one from the other.
const CONNECT: Duration = Duration::from_secs(4);
/// The largest packet sent. Subscriptions are cut well below it.
const LARGEST_SENT: usize = 262_144;
/// Filters in one SUBSCRIBE, and their bytes: some brokers accept no more.
const FILTERS: usize = 100;
const FILTER_BYTES: usize = 32_768;

/// What a connection needs to know.
pub(super) struct Options {
    pub(super) client_id: String,
    pub(super) keep_alive_s: u16,
    pub(super) max_packet_bytes: usize,
    /// How many filters will be subscribed at most.
    pub(super) filters: usize,
}

/// Something that happened on a connection.
pub(super) enum Heard {
    /// The broker accepted the connection.
    Connected,
    /// The broker answered to a subscription, one answer a topic.
    Subscribed(Vec<(Arc<str>, Grant)>),
    /// A message came.
    Message(Message),
    /// Anything else.
    Other,
}

/// A broker's answer for one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// Its messages will come.
    Granted,
    /// They will not.
    Refused,
}

/// A message.
pub(super) struct Message {
    pub(super) topic: Bytes,
    pub(super) payload: Bytes,
    pub(super) retained: bool,
    /// The size of a message that was too large, and whose payload was left unread.
    pub(super) oversize: Option<usize>,
}

/// The asking half.
#[derive(Clone)]
pub(super) struct Requests {
    client: AsyncClient,
}

/// The listening half.
pub(super) struct Events {
    event_loop: EventLoop,
    oversize: Oversize,
    messages: u64,
    /// Topics of the subscriptions that were asked for and not sent yet, in order.
    asked: VecDeque<Vec<Arc<str>>>,
    /// Topics of the subscriptions that were sent and not answered yet, by packet id.
    sent: HashMap<u16, Vec<Arc<str>>>,
    /// What ended the connection, while messages from before its end are still to be told.
    end: Option<Lost>,
}

/// Prepares a connection; it is made when [`Events::next`] is first called.
pub(super) fn prepare(options: &Options, peer: Arc<Peer>, attempt: &Attempt) -> (Requests, Events) {
    // The library never sees the address: `peer` connects.
    let mut mqtt = MqttOptions::new(options.client_id.clone(), ("broker", 1883));
    let oversize = Oversize::default();
    let limit = options.max_packet_bytes;
    mqtt.set_keep_alive(options.keep_alive_s)
        .set_clean_session(true)
        .set_max_packet_size(limit, LARGEST_SENT)
        // Every subscription at once, a repeated one, and the goodbye find room.
        .set_request_channel_capacity(2 * (options.filters / FILTERS + 1) + options.filters * 1_024 / FILTER_BYTES + 8);
    let (shortened, hears) = (oversize.clone(), attempt.clone());
    mqtt.set_socket_connector(move |_address, _options| {
        let (peer, attempt) = (Arc::clone(&peer), hears.clone());
        let sieve = Sieve::new(limit, shortened.clone());
        async move {
            let stream = peer.connect(CONNECT).await.map_err(io::Error::other)?;
            Ok(Sieved::new(stream, sieve, move || attempt.heard()))
        }
    });
    let (client, event_loop) = AsyncClient::builder(mqtt).build();
    let events = Events { event_loop, oversize, messages: 0, asked: VecDeque::new(), sent: HashMap::new(), end: None };
    (Requests { client }, events)
}

impl Requests {
    /// Says goodbye to the broker; the events end soon after.
    pub(super) fn goodbye(&self) {
        if let Err(error) = self.client.try_disconnect_now() {
            tracing::debug!(%error, "no goodbye");
        }
    }

    /// Asks for the messages of topics. The answers come as [`Heard::Subscribed`].
    pub(super) fn subscribe(&self, events: &mut Events, topics: &[Arc<str>]) -> Result<(), Lost> {
        for part in parts(topics) {
            let filters = part.iter().map(|topic| SubscribeFilter::new(topic.to_string(), QoS::AtLeastOnce));
            self.client.try_subscribe_many(filters).map_err(|error| {
                Lost::new(ErrorKind::Internal, format!("the subscriptions could not be queued: {error}"))
            })?;
            events.asked.push_back(part.to_vec());
        }
        Ok(())
    }
}

/// Cuts topics into what one SUBSCRIBE may carry.
fn parts(topics: &[Arc<str>]) -> impl Iterator<Item = &[Arc<str>]> {
    let mut rest = topics;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |topic: &&Arc<str>| {
            bytes += topic.len() + 3;
            bytes <= FILTER_BYTES
        };
        let n = rest.iter().take(FILTERS).take_while(fits).count();
        let (part, after) = rest.split_at(n);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

impl Events {
    /// What happens next, or why nothing will any more.
    pub(super) async fn next(&mut self) -> Result<Heard, Lost> {
        let event = match self.end.clone() {
            Some(lost) => self.event_loop.state.events.pop_front().ok_or(lost)?,
            None => match self.event_loop.poll().await {
                Ok(event) => event,
                Err(error) => {
                    let lost = lost(&error);
                    self.end = Some(lost.clone());
                    // What came just before the end is not lost with it.
                    self.event_loop.state.events.pop_front().ok_or(lost)?
                }
            },
        };
        Ok(self.translate(event))
    }

    fn translate(&mut self, event: Event) -> Heard {
        match event {
            Event::Incoming(Incoming::ConnAck(_)) => Heard::Connected,
            Event::Incoming(Incoming::Publish(publish)) => {
                let place = self.messages;
                self.messages += 1;
                Heard::Message(Message {
                    oversize: self.oversize.take(place),
                    topic: publish.topic,
                    payload: publish.payload,
                    retained: publish.retain,
                })
            }
            Event::Incoming(Incoming::SubAck(answer)) => {
                let topics = self.sent.remove(&answer.pkid).unwrap_or_default();
                let grants = answer.return_codes.iter().map(|code| match code {
                    SubscribeReasonCode::Success(_) => Grant::Granted,
                    SubscribeReasonCode::Failure => Grant::Refused,
                });
                Heard::Subscribed(topics.into_iter().zip(grants).collect())
            }
            Event::Outgoing(Outgoing::Subscribe(packet_id)) => {
                if let Some(topics) = self.asked.pop_front() {
                    self.sent.insert(packet_id, topics);
                }
                Heard::Other
            }
            Event::Incoming(_) | Event::Outgoing(_) => Heard::Other,
        }
    }

    /// Whether every subscription was answered.
    pub(super) fn is_settled(&self) -> bool {
        self.asked.is_empty() && self.sent.is_empty()
    }
}

/// What an error of the library means for an operator.
fn lost(error: &ConnectionError) -> Lost {
    let protocol = |words: String| Lost::new(ErrorKind::Protocol, words);
    match error {
        ConnectionError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Lost>()) {
            Some(lost) => lost.clone(),
            None => broken(error),
        },
        ConnectionError::NetworkTimeout => {
            Lost::new(ErrorKind::Connect, "connected, but no MQTT broker answers there within 5 s")
        }
        ConnectionError::FlushTimeout => Lost::new(ErrorKind::Silent, "the broker takes no more data"),
        ConnectionError::ConnectionRefused(code) => refused(*code),
        ConnectionError::NotConnAck(_) => protocol("not an MQTT broker: it does not answer to CONNECT".into()),
        ConnectionError::SessionStateMismatch { .. } => {
            protocol("the broker goes on with a session that was to start anew".into())
        }
        ConnectionError::MqttState(error) => state(error),
        ConnectionError::RequestsDone | ConnectionError::DisconnectTimeout => {
            Lost::new(ErrorKind::Lost, "closed by this station")
        }
        other => protocol(format!("the connection failed: {other}")),
    }
}

fn state(error: &StateError) -> Lost {
    match error {
        StateError::ConnectionAborted => Lost::new(ErrorKind::Lost, "the broker closed the connection"),
        StateError::AwaitPingResp => Lost::new(ErrorKind::Silent, "the broker no longer answers"),
        StateError::Io(error) => broken(error),
        StateError::Deserialization(rumqttc::Error::Io(error)) => broken(error),
        StateError::Deserialization(rumqttc::Error::PayloadSizeLimitExceeded(bytes)) => {
            Lost::new(ErrorKind::Oversize, format!("the broker sent a packet of {bytes} bytes, larger than allowed"))
        }
        StateError::Deserialization(rumqttc::Error::InvalidConnectReturnCode(code)) => {
            Lost::new(ErrorKind::Refused, format!("the broker refused the connection with the unknown code {code}"))
        }
        other => Lost::new(ErrorKind::Protocol, format!("the broker does not keep to the protocol: {other}")),
    }
}

/// The CONNACK return codes (MQTT 3.1.1, table 3.1).
fn refused(code: ConnectReturnCode) -> Lost {
    let words = match code {
        ConnectReturnCode::Success => "the broker accepted the connection",
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::BadClientId => "the broker does not accept the client id",
        ConnectReturnCode::ServiceUnavailable => {
            return Lost::new(ErrorKind::Connect, "the broker is running but does not serve at the moment");
        }
        ConnectReturnCode::BadUserNamePassword => "the broker does not accept the user name or the password",
        ConnectReturnCode::NotAuthorized => "the broker does not admit this station: not authorised",
    };
    Lost::new(ErrorKind::Refused, words)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use model::{Clock, Now, Timestamp, Uptime};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    use super::*;
    use crate::Counters;
    use crate::outlet::Outlet;

    #[test]
    fn subscriptions_are_cut_to_what_brokers_take() {
        let topics: Vec<Arc<str>> = (0..250).map(|n| format!("t/{n}").into()).collect();
        assert_eq!(parts(&topics).map(<[_]>::len).collect::<Vec<_>>(), [100, 100, 50]);
        let long: Vec<Arc<str>> = (0..70).map(|_| "x".repeat(1_021).into()).collect();
        assert_eq!(parts(&long).map(<[_]>::len).collect::<Vec<_>>(), [32, 32, 6]);
        assert_eq!(parts(&[]).count(), 0);
    }

    struct Running(Instant);

    impl Clock for Running {
        fn now(&self) -> Now {
            Now { wall: Timestamp::default(), uptime: Uptime::from_duration(self.0.elapsed()) }
        }
    }

    /// CONNACK, SUBACK for one topic, a message of QoS 0, one of QoS 1, PINGRESP.
    const SANE: &[u8] = b"\x20\x02\x00\x00\x90\x03\x00\x01\x01\x30\x07\x00\x01a12.5\x32\x06\x00\x01a\x00\x097\xD0\x00";

    #[tokio::test]
    async fn every_damaged_bit_ends_in_words_and_never_in_a_panic() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let peer = Arc::new(Peer::new("127.0.0.1".into(), listener.local_addr().expect("bound").port()));
        let server = tokio::spawn(async move {
            for bit in 0..SANE.len() * 8 {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut bytes = SANE.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                stream.write_all(&bytes).await.expect("a small write");
                stream.shutdown().await.expect("still open");
                // Reading to the end keeps the close from turning into a reset that swallows what was sent.
                let _reset_or_end = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let counters = Arc::new(Counters::default());
        let outlet = Outlet::new(1, Arc::clone(&counters));
        let (_stop, stopped) = watch::channel(false);
        let attempt = Attempt::new(outlet, counters, Arc::new(Running(Instant::now())), crate::channel().1, 1, stopped);
        let options = Options { client_id: "x".into(), keep_alive_s: 5, max_packet_bytes: 1_024, filters: 1 };
        for bit in 0..SANE.len() * 8 {
            let (requests, mut events) = prepare(&options, Arc::clone(&peer), &attempt);
            let ended = async {
                loop {
                    match events.next().await {
                        Ok(Heard::Connected) => requests.subscribe(&mut events, &["a".into()])?,
                        Ok(Heard::Subscribed(_) | Heard::Message(_) | Heard::Other) => {}
                        Err(lost) => return Err::<(), Lost>(lost),
                    }
                }
            };
            let lost = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("an end");
            assert!(lost.is_err_and(|lost| !lost.words.is_empty()), "bit {bit}");
        }
        server.await.expect("in order");
    }
}
