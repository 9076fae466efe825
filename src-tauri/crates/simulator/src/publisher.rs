//! The controllers' side of MQTT: a client that keeps a connection to the broker, publishes each second, and takes the
//! speed setpoints that somebody sends.
//!
//! Quality of service 0 and nothing queued while the broker is away, as small controllers do: what happened meanwhile is
//! gone, and the reader's screen has to say so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rumqttc::{AsyncClient, Broker, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS};
use tokio::sync::mpsc;

use crate::line::Station;
use crate::messages::{self, Keep, Message};

/// How long after a lost connection the next one is tried.
const RETRY: Duration = Duration::from_millis(500);

/// Publishes what comes through the channel until it closes, and hands setpoints to `set`: of which machine, in its own
/// units a minute.
pub(crate) async fn publish(port: u16, outbox: mpsc::Receiver<Vec<Message>>, set: impl Fn(Station, f64)) {
    let mut options = MqttOptions::new("line1-controllers", Broker::tcp("127.0.0.1", port));
    options.set_keep_alive(5);
    let (client, events) = AsyncClient::builder(options).capacity(256).build();
    let connected = AtomicBool::new(false);
    tokio::select! {
        () = keep_connected(events, &client, &connected, set) => {}
        () = forward(outbox, &client, &connected) => {}
    }
}

/// Drives the connection for ever.
async fn keep_connected(
    mut events: EventLoop,
    client: &AsyncClient,
    connected: &AtomicBool,
    set: impl Fn(Station, f64),
) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                connected.store(true, Ordering::Relaxed);
                if let Err(error) = client.try_subscribe(messages::SETPOINTS, QoS::AtLeastOnce) {
                    tracing::debug!(%error, "the demo's controllers take no setpoints");
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let topic = std::str::from_utf8(&publish.topic).unwrap_or_default();
                if let Some((station, speed)) = messages::setpoint(topic, &publish.payload) {
                    set(station, speed);
                }
            }
            Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
            Err(error) => {
                connected.store(false, Ordering::Relaxed);
                tracing::debug!(%error, "the demo's controllers have lost their broker");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn forward(mut outbox: mpsc::Receiver<Vec<Message>>, client: &AsyncClient, connected: &AtomicBool) {
    while let Some(messages) = outbox.recv().await {
        if !connected.load(Ordering::Relaxed) {
            continue;
        }
        for message in messages {
            let options = PublishOptions::at_most_once().retain(message.keep == Keep::Retained);
            if let Err(error) = client.try_publish(message.topic, message.payload, options) {
                tracing::debug!(%error, "a message of the demo's controllers was not sent");
            }
        }
    }
}
