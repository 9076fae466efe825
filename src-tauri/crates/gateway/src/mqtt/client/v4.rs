//! MQTT 3.1.1 by its library.

use std::io;
use std::sync::Arc;

use model::ErrorKind;
use rumqttc::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, Error, Event, EventLoop, Incoming, LastWill, ManualAck,
    MqttOptions, NetworkOptions, Outgoing, PubAck, PubRec, PublishOptions, QoS, StateError, SubscribeFilter,
    SubscribeReasonCode,
};

use super::sieve::{Dialect, Oversize, Sieve, Sieved};
use super::{
    Ack, Acknowledging, Dial, Grant, Handed, Handing, Keeping, LARGEST_SENT, Message, Options, Publication, Qos, Told,
};
use crate::attempt::{Attempt, Lost};
use crate::socket::broken;

#[derive(Clone)]
pub(super) struct Client(AsyncClient);

pub(super) struct Events {
    event_loop: EventLoop,
    oversize: Oversize,
    messages: u64,
    acknowledging: Acknowledging,
    limit_s: u64,
    /// What ended the connection, while messages from before its end are still to be told.
    end: Option<Lost>,
}

pub(super) fn prepare(options: &Options, dial: Arc<Dial>, attempt: &Attempt) -> (Client, Events) {
    // The library never sees the address: `dial` connects.
    let mut mqtt = MqttOptions::new(options.client_id.clone(), ("broker", 1883));
    let limit = options.max_packet_bytes;
    mqtt.set_keep_alive(options.keep_alive_s)
        .set_clean_session(options.keeping == Keeping::Nothing)
        .set_max_packet_size(limit, LARGEST_SENT)
        .set_request_channel_capacity(super::room(options))
        .set_ack_mode(match options.acknowledging {
            Acknowledging::AtOnce => AckMode::Automatic,
            Acknowledging::ByHand => AckMode::Manual,
        });
    if let Some(login) = &options.login {
        mqtt.set_credentials(login.user.clone(), login.password.clone());
    }
    if let Some(will) = &options.will {
        mqtt.set_last_will(LastWill::new(will.topic.clone(), will.payload.clone(), qos(will.qos), will.retained));
    }
    let oversize = Oversize::default();
    let limit_s = dial.limit_s();
    let (shortened, hears) = (oversize.clone(), attempt.clone());
    mqtt.set_socket_connector(move |_address, _options| {
        let (dial, attempt) = (Arc::clone(&dial), hears.clone());
        let sieve = Sieve::new(Dialect::V3, limit, shortened.clone());
        async move {
            let stream = dial.connect(attempt.now().wall).await.map_err(io::Error::other)?;
            Ok(Sieved::new(stream, sieve, move || attempt.heard()))
        }
    });
    let (client, mut event_loop) = AsyncClient::builder(mqtt).build();
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(limit_s);
    event_loop.set_network_options(network);
    let acknowledging = options.acknowledging;
    (Client(client), Events { event_loop, oversize, messages: 0, acknowledging, limit_s, end: None })
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
                Ok(_taken) => Handed::Taken,
                Err(_ended) => Handed::Unknown,
            }
        }))
    }

    pub(super) fn acknowledge(&self, ack: Ack) -> Result<(), String> {
        let packet = if ack.is_exactly_once {
            ManualAck::PubRec(PubRec::new(ack.packet_id))
        } else {
            ManualAck::PubAck(PubAck::new(ack.packet_id))
        };
        self.0.try_manual_ack(packet).map_err(|error| error.to_string())
    }
}

impl Events {
    pub(super) async fn next(&mut self) -> Result<Told, Lost> {
        let event = match self.end.clone() {
            Some(lost) => self.event_loop.state.events.pop_front().ok_or(lost)?,
            None => match self.event_loop.poll().await {
                Ok(event) => event,
                Err(error) => {
                    let lost = self.lost(&error);
                    self.end = Some(lost.clone());
                    // What came just before the end is not lost with it.
                    self.event_loop.state.events.pop_front().ok_or(lost)?
                }
            },
        };
        Ok(self.translate(event))
    }

    fn translate(&mut self, event: Event) -> Told {
        match event {
            Event::Incoming(Incoming::ConnAck(answer)) => Told::Connected { session_present: answer.session_present },
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
                let grants = answer.return_codes.iter().map(|code| match code {
                    SubscribeReasonCode::Success(QoS::AtMostOnce) => Grant::Granted(Qos::AtMostOnce),
                    SubscribeReasonCode::Success(QoS::AtLeastOnce | QoS::ExactlyOnce) => {
                        Grant::Granted(Qos::AtLeastOnce)
                    }
                    SubscribeReasonCode::Failure => Grant::Refused(""),
                });
                Told::Answered(answer.pkid, grants.collect())
            }
            Event::Outgoing(Outgoing::Subscribe(packet_id)) => Told::Sent(packet_id),
            Event::Outgoing(Outgoing::PubAck(packet_id)) if self.acknowledging == Acknowledging::ByHand => {
                Told::Acknowledged(packet_id)
            }
            Event::Incoming(_) | Event::Outgoing(_) => Told::Other,
        }
    }

    /// What an error of the library means for an operator.
    fn lost(&self, error: &ConnectionError) -> Lost {
        let protocol = |words: String| Lost::new(ErrorKind::Protocol, words);
        match error {
            ConnectionError::Io(error) => broken(error),
            ConnectionError::NetworkTimeout => Lost::new(
                ErrorKind::Connect,
                format!("connected, but no MQTT broker answers there within {} s", self.limit_s),
            ),
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
}

fn qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
    }
}

fn state(error: &StateError) -> Lost {
    match error {
        StateError::ConnectionAborted => Lost::new(ErrorKind::Lost, "the broker closed the connection"),
        StateError::AwaitPingResp => Lost::new(ErrorKind::Silent, "the broker no longer answers"),
        StateError::Io(error) | StateError::Deserialization(Error::Io(error)) => broken(error),
        StateError::Deserialization(Error::PayloadSizeLimitExceeded(bytes)) => {
            Lost::new(ErrorKind::Oversize, format!("the broker sent a packet of {bytes} bytes, larger than allowed"))
        }
        StateError::Deserialization(Error::InvalidConnectReturnCode(code)) => {
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
