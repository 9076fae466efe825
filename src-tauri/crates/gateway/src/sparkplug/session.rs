//! The host over a broker: one session is one connection.
//!
//! The will is made anew for every connection, because its time is the connection's. The listening half is polled and
//! never waits; everything that waits is in the half that steers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{ErrorKind, Timestamp, Written};
use tokio::sync::Notify;

use super::Sparkplug;
use super::host::{Effects, Input, Presence, Publish, Retention, Style, state_message};
use super::topic::shorten;
use crate::attempt::{Attempt, Lost};
use crate::mqtt::client::{Events, Grant, Handing, Heard, Message, Publication, Qos, Requests};
use crate::requests::{Answer, Request};

/// A broker that has not answered to the subscriptions so long after the first attempt to reach it will not.
const SUBSCRIBED: Duration = Duration::from_secs(15);
/// How long the broker has to take this host's death, within the time there is for a goodbye.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// How often people are told of the nodes, where there is news.
const TELL: Duration = Duration::from_secs(1);
/// What of an edge node's messages is read: births, data and deaths.
const VERBS: [&str; 6] = ["NBIRTH/+", "NDATA/+", "NDEATH/+", "DBIRTH/+/+", "DDATA/+/+", "DDEATH/+/+"];

/// One connection.
pub(super) struct Connection<'a> {
    sparkplug: &'a Sparkplug,
    attempt: &'a Attempt,
    requests: Requests,
    /// The time in this connection's will.
    will: Timestamp,
    answers: Mutex<HashMap<u64, Answer>>,
    numbers: AtomicU64,
    refused: Mutex<Vec<Arc<str>>>,
    /// Told when every subscription was answered.
    settled: Notify,
    /// Told when the next thing to do by the clock may be another one than before.
    news: Notify,
    is_untold: AtomicBool,
}

/// This host's death, for the broker to tell.
pub(super) fn will(host_id: &str, at: Timestamp) -> Publication {
    publication(state_message(host_id, Presence::Offline, at))
}

/// The filters of a host: its own state first, then that of others, then the nodes.
pub(super) fn filters(host_id: Option<&str>, groups: &[String]) -> Vec<Arc<str>> {
    let own = host_id.map(super::topic::state);
    let groups: Vec<&str> = if groups.is_empty() { vec!["+"] } else { groups.iter().map(String::as_str).collect() };
    let nodes = groups.iter().flat_map(|group| VERBS.map(|verb| format!("{}/{group}/{verb}", super::topic::NAMESPACE)));
    own.into_iter().chain([super::topic::state("+")]).chain(nodes).map(Arc::from).collect()
}

fn publication(publish: Publish) -> Publication {
    let (qos, retained) = match publish.style {
        Style::State => (Qos::AtLeastOnce, true),
        Style::Command(_) => (Qos::AtMostOnce, false),
    };
    Publication { topic: publish.topic, payload: publish.payload.into(), qos, retained }
}

impl<'a> Connection<'a> {
    pub(super) fn new(sparkplug: &'a Sparkplug, attempt: &'a Attempt, requests: Requests, will: Timestamp) -> Self {
        Self {
            sparkplug,
            attempt,
            requests,
            will,
            answers: Mutex::default(),
            numbers: AtomicU64::new(0),
            refused: Mutex::default(),
            settled: Notify::new(),
            news: Notify::new(),
            is_untold: AtomicBool::new(true),
        }
    }

    /// Runs until the connection ends.
    pub(super) async fn run(&self, events: Events) -> Lost {
        tokio::select! {
            lost = self.listen(events) => lost,
            lost = self.steer() => lost,
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<u64, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the host what happened and does what it says.
    fn step(&self, input: Input<'_>) -> Vec<Handing> {
        let effects = self.sparkplug.host().step(self.attempt.now(), input);
        self.carry_out(effects)
    }

    /// Hands over, sends, counts and answers. What was sent can be waited for.
    fn carry_out(&self, effects: Effects) -> Vec<Handing> {
        let counters = self.attempt.counters();
        self.attempt.deliver(effects.updates);
        for (kind, words) in effects.faults {
            self.attempt.error(kind, words);
        }
        if effects.is_unknown {
            counters.unknown();
        }
        let mut sent = Vec::new();
        for publish in effects.publish {
            let write = match publish.style {
                Style::State | Style::Command(None) => None,
                Style::Command(write) => write,
            };
            if let Some(answer) = write.and_then(|id| self.answers().get_mut(&id).map(Answer::sent).map(|()| id)) {
                tracing::debug!(write = answer, topic = publish.topic, "a command is sent");
            }
            match self.requests.publish(publication(publish)) {
                Ok(handing) => sent.push(handing),
                Err(words) => {
                    if let Some(answer) = write.and_then(|id| self.answers().remove(&id)) {
                        answer.give(Written::Refused(words.clone()));
                    }
                    self.attempt.error(ErrorKind::Internal, format!("a message could not be sent: {words}"));
                }
            }
        }
        for (id, written) in effects.answers {
            let answer = self.answers().remove(&id);
            if let Some(answer) = answer {
                answer.give(written);
            }
        }
        sent
    }

    /// Takes what the broker sends, until the connection ends.
    async fn listen(&self, mut events: Events) -> Lost {
        loop {
            let done = match events.next().await {
                Ok(heard) => self.hear(heard, &events),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = done {
                return lost;
            }
        }
    }

    fn hear(&self, heard: Heard, events: &Events) -> Result<(), Lost> {
        match heard {
            Heard::Connected { session_present: _ } => {
                self.requests.subscribe(&self.sparkplug.filters, Qos::AtLeastOnce)?;
            }
            Heard::Subscribed(answers) => {
                for (filter, grant) in answers {
                    if let Grant::Refused(reason) = grant {
                        let colon = if reason.is_empty() { "" } else { ": " };
                        let words = format!("the broker does not let this station read \"{filter}\"{colon}{reason}");
                        self.attempt.error(ErrorKind::Refused, words);
                        self.refused().push(filter);
                    }
                }
                if events.is_settled() {
                    // Nothing may be published before the host's own birth, which this does.
                    let _sent = self.step(Input::Connected { will: self.will });
                    self.say_up();
                    self.settled.notify_one();
                    self.news.notify_one();
                }
            }
            Heard::Message(message) => {
                self.say_up();
                self.take(&message);
            }
            Heard::Other => {}
        }
        Ok(())
    }

    fn say_up(&self) {
        let refused = self.refused();
        let remark = match refused.first() {
            None => String::new(),
            Some(first) => format!(
                "the broker refuses {} of {} topic filters, \"{first}\" among them",
                refused.len(),
                self.sparkplug.filters.len()
            ),
        };
        drop(refused);
        self.attempt.up(&remark);
    }

    fn take(&self, message: &Message) {
        let arrival = self.attempt.now().wall;
        let counters = self.attempt.counters();
        counters.message(arrival, message.oversize.unwrap_or(message.payload.len()));
        self.is_untold.store(true, Relaxed);
        let Ok(topic) = std::str::from_utf8(&message.topic) else {
            counters.unknown();
            return;
        };
        if let Some(bytes) = message.oversize {
            let limit = self.sparkplug.broker.max_packet_bytes;
            let words = format!(
                "a message of {bytes} bytes on \"{}\" is larger than the limit of {limit}; raise max_packet_bytes",
                shorten(topic)
            );
            return counters.error(arrival, ErrorKind::Oversize, words);
        }
        let retention = if message.retained { Retention::Retained } else { Retention::Live };
        let before = self.sparkplug.host().deadline(self.attempt.now().uptime);
        let _sent = self.step(Input::Message { topic, payload: &message.payload, retention });
        if self.sparkplug.host().deadline(self.attempt.now().uptime) != before {
            self.news.notify_one();
        }
    }

    /// Acts by the clock and on what people ask, until the broker does not answer to the subscriptions in time.
    async fn steer(&self) -> Lost {
        let answered = async {
            if tokio::time::timeout(SUBSCRIBED, self.settled.notified()).await.is_err() {
                return Lost::new(ErrorKind::Silent, "the broker does not answer to the subscriptions");
            }
            std::future::pending().await
        };
        tokio::select! {
            lost = answered => lost,
            () = self.goodbye() => Lost::new(ErrorKind::Lost, "closed by this station"),
            never = self.serve() => never,
            never = self.clockwork() => never,
            never = self.tell() => never,
        }
    }

    /// Tells the nodes that this host is gone, and the broker that it need not. The listening half ends after that.
    async fn goodbye(&self) {
        self.attempt.stopped().await;
        let taken = async {
            for sent in self.step(Input::Goodbye) {
                sent.done().await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, taken).await.is_err() {
            tracing::debug!("the broker did not take the host's death; its will tells the same");
        }
        self.requests.goodbye();
        std::future::pending().await
    }

    async fn serve(&self) -> Lost {
        loop {
            match self.attempt.request().await {
                Request::Write(write, answer) => {
                    let id = self.numbers.fetch_add(1, Relaxed);
                    self.answers().insert(id, answer);
                    let _sent = self.step(Input::Write { id, write: &write });
                    self.news.notify_one();
                }
                Request::Browse(browse, reply) => {
                    // Whoever asked may have gone.
                    let _gone = reply.send(self.sparkplug.host().browse(&browse));
                }
            }
        }
    }

    async fn clockwork(&self) -> Lost {
        loop {
            let now = self.attempt.now().uptime;
            let deadline = self.sparkplug.host().deadline(now);
            let until = async {
                match deadline {
                    // A little later rather than a little too early, which would be for nothing.
                    Some(deadline) => tokio::time::sleep(deadline.since(now) + Duration::from_millis(1)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = until => {
                    let _sent = self.step(Input::Tick);
                    self.is_untold.store(true, Relaxed);
                }
                () = self.news.notified() => {}
            }
        }
    }

    async fn tell(&self) -> Lost {
        let mut turns = tokio::time::interval(TELL);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            if self.is_untold.swap(false, Relaxed) {
                self.attempt.counters().tell(self.sparkplug.detail());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(host: Option<&str>, groups: &[&str]) -> Vec<String> {
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        filters(host, &groups).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tck_id_host_topic_phid_birth_sub_required() {
        let filters = all(Some("andon"), &[]);
        assert_eq!(filters[0], "spBv1.0/STATE/andon", "its own state comes first");
        for verb in ["NBIRTH/+", "NDATA/+", "NDEATH/+", "DBIRTH/+/+", "DDATA/+/+", "DDEATH/+/+"] {
            assert!(filters.contains(&format!("spBv1.0/+/{verb}")), "{verb}");
        }
    }

    #[test]
    fn only_the_groups_that_are_named_are_read() {
        let filters = all(None, &["a", "b"]);
        assert_eq!(filters.len(), 13);
        assert!(filters[1..].iter().all(|filter| filter.starts_with("spBv1.0/a/") || filter.starts_with("spBv1.0/b/")));
    }

    #[test]
    fn tck_id_payloads_state_will_message() {
        let will = will("andon", Timestamp::from_millis(1_700_000_000_000));
        assert_eq!(will.topic, "spBv1.0/STATE/andon");
        assert_eq!(&will.payload[..], br#"{"online":false,"timestamp":1700000000000}"#);
        assert_eq!((will.qos, will.retained), (Qos::AtLeastOnce, true));
    }

    #[test]
    fn tck_id_topics_ncmd_mqtt() {
        let publish = Publish { topic: "t".into(), payload: vec![1], style: Style::Command(Some(1)) };
        let sent = publication(publish);
        assert_eq!((sent.qos, sent.retained), (Qos::AtMostOnce, false));
    }
}
