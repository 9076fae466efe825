//! The seam to the client libraries: nothing outside of this module names them.
//!
//! MQTT 3.1.1 and MQTT 5 have a library each; here they are one. A connection is two halves. [`Events`] is polled by one
//! task that does nothing that could wait, because the library's keep-alive stops while it is not polled. [`Requests`]
//! only ever tries: awaiting a full request queue from the polling task would wait for itself. Both are made anew for
//! every connection, so that no state of the one before survives: what was not sent by then is never sent.

mod dial;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod sieve;
#[cfg(test)]
mod tests;
mod v4;
mod v5;
mod websocket;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::ErrorKind;

pub(crate) use self::dial::{Dial, Wrapping};
use crate::attempt::{Attempt, Lost};

/// The largest packet sent. Subscriptions are cut well below it.
pub(crate) const LARGEST_SENT: usize = 262_144;
/// Filters in one SUBSCRIBE, and their bytes: some brokers accept no more.
const FILTERS: usize = 100;
const FILTER_BYTES: usize = 32_768;
/// Publications that may wait to be sent.
const PUBLICATIONS: usize = 64;
/// Messages that a broker may have sent and not yet seen acknowledged, over which it cannot go.
const UNACKNOWLEDGED: usize = 65_535;

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// MQTT 3.1.1.
    V3,
    /// MQTT 5.
    V5,
}

/// Whether the broker keeps what comes while this station is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It forgets the station with the connection.
    Nothing,
    /// It keeps subscriptions and messages. Brokers of MQTT 5 are asked to do so for this time.
    Session { for_s: u32 },
}

/// Who tells the broker that a message has arrived for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledging {
    /// The library, as soon as it has read it.
    AtOnce,
    /// [`Requests::acknowledge`].
    ByHand,
}

/// How hard the protocol tries. Exactly once is not used: a broker and a client that disagree about it are hard to part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Qos {
    AtMostOnce,
    AtLeastOnce,
}

/// Who logs in.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A message on its way to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: Qos,
    pub(crate) retained: bool,
}

/// What a connection needs to know.
pub(crate) struct Options {
    pub(crate) version: Version,
    pub(crate) client_id: String,
    pub(crate) login: Option<Login>,
    pub(crate) keep_alive_s: u16,
    /// Larger messages are left unread.
    pub(crate) max_packet_bytes: usize,
    pub(crate) keeping: Keeping,
    pub(crate) acknowledging: Acknowledging,
    /// What the broker publishes when this station is gone without a goodbye.
    pub(crate) will: Option<Publication>,
    /// How many filters will be subscribed at most.
    pub(crate) filters: usize,
}

/// Something that happened on a connection.
pub(crate) enum Heard {
    /// The broker accepted the connection. Whether it goes on with a session that it kept.
    Connected { session_present: bool },
    /// The broker answered to a subscription, one answer a filter.
    Subscribed(Vec<(Arc<str>, Grant)>),
    /// A message came.
    Message(Message),
    /// Anything else.
    Other,
}

/// A broker's answer for one filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Its messages will come, with no more than this.
    Granted(Qos),
    /// They will not. The reason in words; empty where the broker has none to give.
    Refused(&'static str),
}

/// A message.
pub(crate) struct Message {
    pub(crate) topic: Bytes,
    pub(crate) payload: Bytes,
    /// The broker had kept it for whoever comes later.
    pub(crate) retained: bool,
    /// The broker sends it again, because it has seen no acknowledgement.
    pub(crate) repeated: bool,
    /// What to acknowledge it by, where that is wanted and not done by the library.
    pub(crate) ack: Option<Ack>,
    /// The size of a message that was too large, and whose payload was left unread.
    pub(crate) oversize: Option<usize>,
}

/// A message's number with its broker; good for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ack {
    packet_id: u16,
    is_exactly_once: bool,
}

impl Ack {
    /// The number. A message that comes again has the same.
    pub(crate) fn packet_id(self) -> u16 {
        self.packet_id
    }

    #[cfg(test)]
    pub(crate) fn of(packet_id: u16) -> Self {
        Self { packet_id, is_exactly_once: false }
    }
}

/// What became of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It was sent, and at [`Qos::AtLeastOnce`] the broker has it.
    Taken,
    /// The broker has it and says that nobody has subscribed to it. Only brokers of MQTT 5 say so, and not all of them.
    NobodyListens,
    /// The broker did not take it. The reason in words.
    Refused(String),
    /// The connection ended before that was known. It may have been sent.
    Unknown,
}

/// Waits for what becomes of a publication, while the [`Events`] are polled.
pub(crate) struct Handing(Pin<Box<dyn Future<Output = Handed> + Send>>);

impl Handing {
    fn new(outcome: impl Future<Output = Handed> + Send + 'static) -> Self {
        Self(Box::pin(outcome))
    }

    pub(crate) async fn done(self) -> Handed {
        self.0.await
    }
}

/// The asking half.
#[derive(Clone)]
pub(crate) struct Requests {
    client: Client,
    asked: Asked,
}

#[derive(Clone)]
enum Client {
    V3(v4::Client),
    V5(v5::Client),
}

/// The filters of the subscriptions that were asked for and not sent yet, in order.
type Asked = Arc<Mutex<VecDeque<Vec<Arc<str>>>>>;

/// The listening half.
pub(crate) struct Events {
    polled: Polled,
    asked: Asked,
    /// Filters of the subscriptions that were sent and not answered yet, by packet id.
    sent: HashMap<u16, Vec<Arc<str>>>,
    /// The packet ids of the messages whose acknowledgement has left.
    acknowledged: Vec<u16>,
}

enum Polled {
    V3(Box<v4::Events>),
    V5(Box<v5::Events>),
}

/// What a library tells, in common words.
enum Told {
    Connected {
        session_present: bool,
    },
    /// A SUBSCRIBE of this packet id was sent.
    Sent(u16),
    /// A SUBSCRIBE of this packet id was answered.
    Answered(u16, Vec<Grant>),
    Message(Message),
    /// The acknowledgement of a message of this packet id has left.
    Acknowledged(u16),
    Other,
}

/// Prepares a connection; it is made when [`Events::next`] is first called.
pub(crate) fn prepare(options: &Options, dial: Arc<Dial>, attempt: &Attempt) -> (Requests, Events) {
    let (client, polled) = match options.version {
        Version::V3 => {
            let (client, events) = v4::prepare(options, dial, attempt);
            (Client::V3(client), Polled::V3(Box::new(events)))
        }
        Version::V5 => {
            let (client, events) = v5::prepare(options, dial, attempt);
            (Client::V5(client), Polled::V5(Box::new(events)))
        }
    };
    let asked = Asked::default();
    (
        Requests { client, asked: Arc::clone(&asked) },
        Events { polled, asked, sent: HashMap::new(), acknowledged: Vec::new() },
    )
}

/// Requests that may wait in the library: every subscription at once, a repeated one, the goodbye, and by hand every
/// acknowledgement there can be.
fn room(options: &Options) -> usize {
    let subscriptions = 2 * (options.filters / FILTERS + 1) + options.filters * 1_024 / FILTER_BYTES;
    let acknowledgements = match options.acknowledging {
        Acknowledging::AtOnce => 0,
        Acknowledging::ByHand => UNACKNOWLEDGED,
    };
    subscriptions + acknowledgements + PUBLICATIONS + 8
}

impl Requests {
    /// Says goodbye to the broker; the events end soon after. The broker does not publish the will then.
    pub(crate) fn goodbye(&self) {
        match &self.client {
            Client::V3(client) => client.goodbye(),
            Client::V5(client) => client.goodbye(),
        }
    }

    /// Asks for the messages of filters. The answers come as [`Heard::Subscribed`].
    pub(crate) fn subscribe(&self, filters: &[Arc<str>], qos: Qos) -> Result<(), Lost> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for part in parts(filters) {
            let queued = match &self.client {
                Client::V3(client) => client.subscribe(part, qos),
                Client::V5(client) => client.subscribe(part, qos),
            };
            queued.map_err(|words| {
                Lost::new(ErrorKind::Internal, format!("the subscriptions could not be queued: {words}"))
            })?;
            asked.push_back(part.to_vec());
        }
        Ok(())
    }

    /// Hands a message to the broker. Never sent after this connection.
    ///
    /// # Errors
    /// Why it cannot be sent, in words: then it is not.
    pub(crate) fn publish(&self, publication: Publication) -> Result<Handing, String> {
        let size = publication.payload.len() + publication.topic.len() + 16;
        if size > LARGEST_SENT {
            return Err(format!("a message of {size} bytes is larger than the limit of {LARGEST_SENT}"));
        }
        match &self.client {
            Client::V3(client) => client.publish(publication),
            Client::V5(client) => client.publish(publication),
        }
    }

    /// Tells the broker that it need not keep a message any longer. Once for each message.
    pub(crate) fn acknowledge(&self, ack: Ack) -> Result<(), Lost> {
        let queued = match &self.client {
            Client::V3(client) => client.acknowledge(ack),
            Client::V5(client) => client.acknowledge(ack),
        };
        queued
            .map_err(|words| Lost::new(ErrorKind::Internal, format!("an acknowledgement could not be queued: {words}")))
    }
}

/// Cuts filters into what one SUBSCRIBE may carry.
fn parts(filters: &[Arc<str>]) -> impl Iterator<Item = &[Arc<str>]> {
    let mut rest = filters;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |filter: &&Arc<str>| {
            bytes += filter.len() + 3;
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
    pub(crate) async fn next(&mut self) -> Result<Heard, Lost> {
        let told = match &mut self.polled {
            Polled::V3(events) => events.next().await?,
            Polled::V5(events) => events.next().await?,
        };
        Ok(match told {
            Told::Connected { session_present } => Heard::Connected { session_present },
            Told::Message(message) => Heard::Message(message),
            Told::Sent(packet_id) => {
                let filters = self.asked.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                self.sent.extend(filters.map(|filters| (packet_id, filters)));
                Heard::Other
            }
            Told::Answered(packet_id, grants) => {
                let filters = self.sent.remove(&packet_id).unwrap_or_default();
                Heard::Subscribed(filters.into_iter().zip(grants).collect())
            }
            Told::Acknowledged(packet_id) => {
                self.acknowledged.push(packet_id);
                Heard::Other
            }
            Told::Other => Heard::Other,
        })
    }

    /// The packet ids of the messages whose acknowledgement has left since this was last asked.
    pub(crate) fn acknowledged(&mut self) -> impl Iterator<Item = u16> {
        self.acknowledged.drain(..)
    }

    /// Whether every subscription was answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.sent.is_empty() && self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}
