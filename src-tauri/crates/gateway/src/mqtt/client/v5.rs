//! MQTT 5 by its library.
//!
//! Topic aliases are never offered: the library tells of a message before it has looked the alias up. The largest packet
//! is not announced either: a broker that knew it would leave out larger messages in silence.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use model::ErrorKind;
use rumqttc_v5::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, DisconnectReasonCode, Error, Event, EventLoop, Incoming,
    LastWill, ManualAck, MqttOptions, Outgoing, PersistedAckMode, PersistedSession, PubAck, PubAckReason, PubRec,
    PublishNoticeError, PublishOptions, PublishResult, QoS, SessionStore, SessionStoreError, SessionStoreKey,
    StateError, SubscribeFilter, SubscribeReasonCode,
};

use super::sieve::{Dialect, Oversize, Sieve, Sieved};
use super::{Ack, Acknowledging, Dial, Grant, Handed, Handing, Keeping, Message, Options, Publication, Qos, Told};
use crate::attempt::{Attempt, Lost};
use crate::socket::broken;

/// Messages that the broker may send ahead of their acknowledgements. What is not on disk yet waits in memory, so
/// this bounds it.
const RECEIVE_MAXIMUM: u16 = 2_000;

#[derive(Clone)]
pub(super) struct Client(AsyncClient);

pub(super) struct Events {
    event_loop: EventLoop,
    oversize: Oversize,
    messages: u64,
    acknowledging: Acknowledging,
    client_id: String,
    keep_alive_s: u16,
    limit_s: u64,
    is_connected: bool,
}

pub(super) fn prepare(options: &Options, dial: Arc<Dial>, attempt: &Attempt) -> (Client, Events) {
    // The library never sees the address: `dial` connects.
    let mut mqtt = MqttOptions::new(options.client_id.clone(), ("broker", 1883));
    let limit = options.max_packet_bytes;
    let limit_s = dial.limit_s();
    mqtt.set_keep_alive(options.keep_alive_s)
        .set_clean_start(options.keeping == Keeping::Nothing)
        .set_unlimited_incoming_packet_size()
        .set_connect_timeout(Duration::from_secs(limit_s))
        .set_request_channel_capacity(super::room(options))
        .set_ack_mode(match options.acknowledging {
            Acknowledging::AtOnce => AckMode::Automatic,
            Acknowledging::ByHand => AckMode::Manual,
        });
    if let Keeping::Session { for_s } = options.keeping {
        mqtt.set_session_expiry_interval(Some(for_s)).set_session_store(Blank {
            ack_mode: match options.acknowledging {
                Acknowledging::AtOnce => PersistedAckMode::Automatic,
                Acknowledging::ByHand => PersistedAckMode::Manual,
            },
        });
    }
    if options.acknowledging == Acknowledging::ByHand {
        mqtt.set_receive_maximum(Some(RECEIVE_MAXIMUM));
    }
    // Setting properties brings back the library's own limit of 10 KiB.
    mqtt.set_unlimited_incoming_packet_size();
    if let Some(login) = &options.login {
        mqtt.set_credentials(login.user.clone(), login.password.clone());
    }
    if let Some(will) = &options.will {
        let payload = will.payload.clone();
        mqtt.set_last_will(LastWill::new(will.topic.clone(), payload, qos(will.qos), will.retained, None));
    }
    let oversize = Oversize::default();
    let (shortened, hears) = (oversize.clone(), attempt.clone());
    mqtt.set_socket_connector(move |_address, _options| {
        let (dial, attempt) = (Arc::clone(&dial), hears.clone());
        let sieve = Sieve::new(Dialect::V5, limit, shortened.clone());
        async move {
            let stream = dial.connect(attempt.now().wall).await.map_err(io::Error::other)?;
            Ok(Sieved::new(stream, sieve, move || attempt.heard()))
        }
    });
    let (client, event_loop) = AsyncClient::builder(mqtt).build();
    let events = Events {
        event_loop,
        oversize,
        messages: 0,
        acknowledging: options.acknowledging,
        client_id: options.client_id.clone(),
        keep_alive_s: options.keep_alive_s,
        limit_s,
        is_connected: false,
    };
    (Client(client), events)
}

impl Client {
    pub(super) fn goodbye(&self) {
        if let Err(error) = self.0.try_disconnect_now() {
            tracing::debug!(%error, "no goodbye");
        }
    }

    pub(super) fn subscribe(&self, filters: &[Arc<str>], asked: Qos) -> Result<(), String> {
        let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.to_string(), qos(asked)));
        self.0.try_subscribe_many(filters).map_err(|error| error.to_string())
    }

    pub(super) fn publish(&self, message: Publication) -> Result<Handing, String> {
        let options = PublishOptions::new(qos(message.qos)).retain(message.retained);
        let notice = self.0.try_publish_tracked(message.topic, message.payload, options);
        let notice = notice.map_err(|error| error.to_string())?;
        Ok(Handing::new(async move {
            match notice.wait_async().await {
                Ok(PublishResult::Qos1(answer)) => handed(answer.reason),
                Ok(_taken) => Handed::Taken,
                Err(PublishNoticeError::V5PubAck(reason)) => handed(reason),
                Err(PublishNoticeError::RetainNotSupported) => {
                    Handed::Refused("the broker keeps no messages for later".into())
                }
                Err(_ended) => Handed::Unknown,
            }
        }))
    }

    pub(super) fn acknowledge(&self, ack: Ack) -> Result<(), String> {
        let packet = if ack.is_exactly_once {
            ManualAck::PubRec(PubRec::new(ack.packet_id, None))
        } else {
            ManualAck::PubAck(PubAck::new(ack.packet_id, None))
        };
        self.0.try_manual_ack(packet).map_err(|error| error.to_string())
    }
}

/// The PUBACK reason codes (MQTT 5, table 3-4).
fn handed(reason: PubAckReason) -> Handed {
    let words = match reason {
        PubAckReason::Success => return Handed::Taken,
        PubAckReason::NoMatchingSubscribers => return Handed::NobodyListens,
        PubAckReason::UnspecifiedError | PubAckReason::ImplementationSpecificError => "it gives no reason",
        PubAckReason::NotAuthorized => "this station is not authorised",
        PubAckReason::TopicNameInvalid => "it does not accept the topic",
        PubAckReason::PacketIdentifierInUse => "the packet id is in use",
        PubAckReason::QuotaExceeded => "a quota is exceeded",
        PubAckReason::PayloadFormatInvalid => "the payload has the wrong format",
    };
    Handed::Refused(format!("the broker did not take the message: {words}"))
}

impl Events {
    pub(super) async fn next(&mut self) -> Result<Told, Lost> {
        match self.event_loop.poll().await {
            Ok(event) => Ok(self.translate(event)),
            Err(error) => Err(self.lost(&error)),
        }
    }

    fn translate(&mut self, event: Event) -> Told {
        match event {
            Event::Incoming(Incoming::ConnAck(answer)) => {
                self.is_connected = true;
                // The broker may ask for a longer keep-alive, which would be taken for silence here.
                let asked = self.event_loop.options.keep_alive().as_secs();
                if asked > u64::from(self.keep_alive_s) {
                    self.event_loop.options.set_keep_alive(self.keep_alive_s);
                }
                Told::Connected { session_present: answer.session_present }
            }
            Event::Incoming(Incoming::Publish(publish)) => {
                let place = self.messages;
                self.messages += 1;
                let ack = Ack { packet_id: publish.pkid, is_exactly_once: publish.qos == QoS::ExactlyOnce };
                let is_wanted = self.acknowledging == Acknowledging::ByHand && publish.qos != QoS::AtMostOnce;
                Told::Message(Message {
                    oversize: self.oversize.take(place),
                    topic: publish.topic,
                    payload: publish.payload,
                    retained: publish.retain,
                    repeated: publish.dup,
                    ack: is_wanted.then_some(ack),
                })
            }
            Event::Incoming(Incoming::SubAck(answer)) => {
                Told::Answered(answer.pkid, answer.return_codes.into_iter().map(grant).collect())
            }
            Event::Outgoing(Outgoing::Subscribe(packet_id)) => Told::Sent(packet_id),
            Event::Outgoing(Outgoing::PubAck(packet_id)) if self.acknowledging == Acknowledging::ByHand => {
                Told::Acknowledged(packet_id)
            }
            Event::Incoming(_) | Event::Outgoing(_) | Event::Auth(_) => Told::Other,
        }
    }

    /// What an error of the library means for an operator.
    fn lost(&self, error: &ConnectionError) -> Lost {
        let protocol = |words: String| Lost::new(ErrorKind::Protocol, words);
        match error {
            ConnectionError::Io(error) => broken(error),
            ConnectionError::Timeout(_) => Lost::new(
                ErrorKind::Connect,
                format!("connected, but no MQTT broker answers there within {} s", self.limit_s),
            ),
            ConnectionError::ConnectionRefused(code) => refused(code),
            ConnectionError::NotConnAck(_) => protocol("not an MQTT broker: it does not answer to CONNECT".into()),
            ConnectionError::SessionStateMismatch { .. } => {
                protocol("the broker goes on with a session that was to start anew".into())
            }
            ConnectionError::MqttState(error) => self.state(error),
            ConnectionError::RequestsDone | ConnectionError::DisconnectTimeout => {
                Lost::new(ErrorKind::Lost, "closed by this station")
            }
            other => protocol(format!("the connection failed: {other}")),
        }
    }

    fn state(&self, error: &StateError) -> Lost {
        match error {
            StateError::ConnectionAborted if !self.is_connected => {
                Lost::new(ErrorKind::Lost, "the broker closed the connection; perhaps it does not speak MQTT 5")
            }
            StateError::ConnectionAborted => Lost::new(ErrorKind::Lost, "the broker closed the connection"),
            StateError::AwaitPingResp => Lost::new(ErrorKind::Silent, "the broker no longer answers"),
            StateError::Io(error) | StateError::Deserialization(Error::Io(error)) => broken(error),
            StateError::ServerDisconnect { reason_code, reason_string } => {
                dismissed(*reason_code, reason_string.as_deref(), &self.client_id)
            }
            StateError::ConnFail { reason } => refused(reason),
            StateError::Deserialization(Error::InvalidConnectReturnCode(code)) => {
                Lost::new(ErrorKind::Refused, format!("the broker refused the connection with the unknown code {code}"))
            }
            other if self.is_connected => {
                Lost::new(ErrorKind::Protocol, format!("the broker does not keep to the protocol: {other}"))
            }
            other => Lost::new(
                ErrorKind::Protocol,
                format!("the broker does not keep to the protocol: {other}; perhaps it does not speak MQTT 5"),
            ),
        }
    }
}

fn qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
    }
}

/// The SUBACK reason codes (MQTT 5, table 3-8).
fn grant(code: SubscribeReasonCode) -> Grant {
    Grant::Refused(match code {
        SubscribeReasonCode::Success(QoS::AtMostOnce) => return Grant::Granted(Qos::AtMostOnce),
        SubscribeReasonCode::Success(QoS::AtLeastOnce | QoS::ExactlyOnce) => return Grant::Granted(Qos::AtLeastOnce),
        SubscribeReasonCode::Failure
        | SubscribeReasonCode::Unspecified
        | SubscribeReasonCode::ImplementationSpecific => "",
        SubscribeReasonCode::NotAuthorized => "not authorised",
        SubscribeReasonCode::TopicFilterInvalid => "it does not accept the topic",
        SubscribeReasonCode::PkidInUse => "the packet id is in use",
        SubscribeReasonCode::QuotaExceeded => "a quota is exceeded",
        SubscribeReasonCode::SharedSubscriptionsNotSupported => "it has no shared subscriptions",
        SubscribeReasonCode::SubscriptionIdNotSupported => "it has no subscription ids",
        SubscribeReasonCode::WildcardSubscriptionsNotSupported => "it has no wildcards",
    })
}

/// The CONNACK reason codes (MQTT 5, table 3-1).
fn refused(code: &ConnectReturnCode) -> Lost {
    let not_now = |words: &str| Lost::new(ErrorKind::Connect, words);
    let words = match code {
        ConnectReturnCode::Success => "the broker accepted the connection",
        ConnectReturnCode::RefusedProtocolVersion | ConnectReturnCode::UnsupportedProtocolVersion => {
            "the broker does not speak MQTT 5"
        }
        ConnectReturnCode::BadClientId | ConnectReturnCode::ClientIdentifierNotValid => {
            "the broker does not accept the client id"
        }
        ConnectReturnCode::BadUserNamePassword => "the broker does not accept the user name or the password",
        ConnectReturnCode::NotAuthorized => "the broker does not admit this station: not authorised",
        ConnectReturnCode::Banned => "the broker has banned this station",
        ConnectReturnCode::ServiceUnavailable | ConnectReturnCode::ServerUnavailable => {
            return not_now("the broker is running but does not serve at the moment");
        }
        ConnectReturnCode::ServerBusy => return not_now("the broker is busy"),
        ConnectReturnCode::ConnectionRateExceeded => "the broker is asked to connect too often",
        ConnectReturnCode::QuotaExceeded => "a quota of the broker is exceeded",
        ConnectReturnCode::UseAnotherServer | ConnectReturnCode::ServerMoved => "the broker has moved elsewhere",
        ConnectReturnCode::PacketTooLarge => "the broker finds the connection's first packet too large",
        ConnectReturnCode::RetainNotSupported => "the broker keeps no messages for later",
        ConnectReturnCode::QoSNotSupported => "the broker does not support the quality of service of the will",
        ConnectReturnCode::BadAuthenticationMethod => "the broker does not accept the way of authentication",
        other => {
            return Lost::new(ErrorKind::Refused, format!("the broker refused the connection: {other:?}"));
        }
    };
    Lost::new(ErrorKind::Refused, words)
}

/// The DISCONNECT reason codes (MQTT 5, table 3-10). Those that a try soon after would only provoke again count as
/// refusals, which are not repeated fast.
fn dismissed(code: DisconnectReasonCode, said: Option<&str>, client_id: &str) -> Lost {
    use DisconnectReasonCode as Code;
    let (kind, words) = match code {
        Code::SessionTakenOver => {
            let words = format!("another station has connected with the client id \"{client_id}\" and taken over");
            return Lost::new(ErrorKind::Refused, words);
        }
        Code::NotAuthorized => (ErrorKind::Refused, "the broker says that this station is not authorised"),
        Code::QuotaExceeded => (ErrorKind::Refused, "the broker says that a quota is exceeded"),
        Code::MessageRateTooHigh => (ErrorKind::Refused, "the broker says that this station sends too often"),
        Code::AdministrativeAction => (ErrorKind::Refused, "the broker's administrator closed the connection"),
        Code::ConnectionRateExceeded => (ErrorKind::Refused, "the broker is asked to connect too often"),
        Code::UseAnotherServer | Code::ServerMoved => (ErrorKind::Refused, "the broker has moved elsewhere"),
        Code::ServerBusy => (ErrorKind::Lost, "the broker is busy"),
        Code::ServerShuttingDown => (ErrorKind::Lost, "the broker is shutting down"),
        Code::KeepAliveTimeout => (ErrorKind::Silent, "the broker has not heard from this station for too long"),
        Code::MaximumConnectTime => (ErrorKind::Lost, "the broker does not keep connections for so long"),
        Code::MalformedPacket | Code::ProtocolError | Code::PacketTooLarge | Code::ReceiveMaximumExceeded => {
            (ErrorKind::Protocol, "the broker does not understand this station")
        }
        _ => (ErrorKind::Lost, "the broker closed the connection"),
    };
    match said.filter(|said| !said.is_empty()) {
        Some(said) => {
            let said: String = said.chars().take(200).flat_map(char::escape_debug).collect();
            Lost::new(kind, format!("{words}: \"{said}\""))
        }
        None => Lost::new(kind, words),
    }
}

/// A session of which this side knows nothing. Only so does the library go on with one that the broker has kept: it would
/// have every connection remember the publications of the one before, and send them again. A command must not be.
#[derive(Debug)]
struct Blank {
    ack_mode: PersistedAckMode,
}

type Stored<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

impl SessionStore for Blank {
    fn load<'a>(&'a self, key: &'a SessionStoreKey) -> Stored<'a, Option<PersistedSession>> {
        let blank = PersistedSession {
            format_version: 1,
            client_id: key.client_id().to_owned(),
            clean_start: false,
            session_expiry_interval: None,
            outgoing_inflight_upper_limit: None,
            ack_mode: self.ack_mode,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        };
        Box::pin(std::future::ready(Ok(Some(blank))))
    }

    fn save<'a>(&'a self, _key: &'a SessionStoreKey, _session: &'a PersistedSession) -> Stored<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn clear<'a>(&'a self, _key: &'a SessionStoreKey) -> Stored<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
