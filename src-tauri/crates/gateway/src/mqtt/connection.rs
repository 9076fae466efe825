//! One connection: subscribe, check every answer, take what comes, and act by the clock and by what people ask.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::{ErrorKind, LinkDetail, Quality, Reach, Timestamp, Update};
use tokio::sync::{Notify, mpsc};

use super::Mqtt;
use super::client::{Events, Grant, Heard, Keeping, Message, Qos, Requests};
use super::ingest::{Course, Memory, Pending};
use super::payload::{self, Delivery, Readers};
use super::write::Watchers;
use crate::Receipt;
use crate::attempt::{Attempt, Lost};
use crate::requests::Request;

/// A broker that has not answered to the subscriptions so long after the first attempt to reach it will not.
const SUBSCRIBED: Duration = Duration::from_secs(15);
/// A refused topic is asked for again after this time: someone may have corrected the broker's rules.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// How often it is looked whether samples still reach the disk.
const LOOK: Duration = Duration::from_secs(1);
/// For a goodbye before the next connection of the same link.
const GOODBYE: Duration = Duration::from_secs(1);
/// Requests of people that are carried out at once.
const AT_ONCE: usize = 8;

/// What came of a connection.
pub(super) enum End {
    Lost(Lost),
    /// The link goes on with another kind of connection, as its [`Memory`] says.
    Turn,
}

/// One connection, seen from the half that listens and the halves that act.
pub(super) struct Connection<'a> {
    pub(super) mqtt: &'a Mqtt,
    pub(super) attempt: &'a Attempt,
    pub(super) requests: Requests,
    /// Who waits for the values of a tag.
    pub(super) watchers: Watchers,
    manner: Manner,
    standing: Mutex<Standing>,
    pending: Mutex<Pending>,
    /// Gives the numbers of receipts back.
    confirm: mpsc::UnboundedSender<u64>,
    /// Told when every subscription was answered.
    settled: Notify,
}

/// What becomes of the values of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The broker keeps nothing, and values go where they always go.
    Passing,
    /// A message is acknowledged when it is on disk.
    Keeping,
    /// Values are shown and not recorded: the broker keeps them meanwhile, for when they can be.
    Showing,
}

#[derive(Default)]
struct Standing {
    refused: BTreeSet<Arc<str>>,
    /// Topics that the broker does not keep messages of.
    unkept: BTreeSet<Arc<str>>,
    /// Whether it is time to ask for the refused topics again. Done with the next event, at the latest the answer to
    /// the next ping.
    ask_again: bool,
    /// The broker went on with a session that it had kept.
    is_resumed: bool,
    /// A receipt was asked for that tells when the disk works again.
    is_probing: bool,
}

impl<'a> Connection<'a> {
    /// A connection, and what gives the numbers of its receipts back.
    pub(super) fn new(
        mqtt: &'a Mqtt,
        attempt: &'a Attempt,
        requests: Requests,
        course: Course,
    ) -> (Self, mpsc::UnboundedReceiver<u64>) {
        let (confirm, confirmed) = mpsc::unbounded_channel();
        let manner = match (mqtt.subscribing.keeping, course) {
            (Keeping::Nothing, _) => Manner::Passing,
            (Keeping::Session { .. }, Course::Session) => Manner::Keeping,
            (Keeping::Session { .. }, Course::Showing) => Manner::Showing,
        };
        let connection = Self {
            mqtt,
            attempt,
            requests,
            watchers: Watchers::default(),
            manner,
            standing: Mutex::default(),
            pending: Mutex::default(),
            confirm,
            settled: Notify::new(),
        };
        (connection, confirmed)
    }

    /// Runs it to its end.
    pub(super) async fn run(&self, mut events: Events, confirmed: mpsc::UnboundedReceiver<u64>) -> End {
        let end = tokio::select! {
            lost = self.listen(&mut events) => End::Lost(lost),
            lost = self.steer() => End::Lost(lost),
            end = self.follow(confirmed) => end,
            never = self.serve() => match never {},
        };
        if matches!(end, End::Turn) {
            self.requests.goodbye();
            let leaving = async { while events.next().await.is_ok() {} };
            let _in_time_or_not = tokio::time::timeout(GOODBYE, leaving).await;
        }
        end
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.mqtt.memory()
    }

    /// Acts by the clock, until the broker does not answer to the subscriptions in time.
    async fn steer(&self) -> Lost {
        let goodbye = async {
            self.attempt.stopped().await;
            self.requests.goodbye();
            // The listening half ends the session once the goodbye is out.
            std::future::pending().await
        };
        let clockwork = async {
            if tokio::time::timeout(SUBSCRIBED, self.settled.notified()).await.is_err() {
                return Lost::new(ErrorKind::Silent, "the broker does not answer to the subscriptions");
            }
            loop {
                tokio::time::sleep(ASK_AGAIN).await;
                let mut standing = self.standing();
                standing.ask_again = !standing.refused.is_empty();
            }
        };
        tokio::select! {
            lost = goodbye => lost,
            lost = clockwork => lost,
        }
    }

    /// Follows what reaches the disk: acknowledges it, and turns where nothing does, or does again.
    async fn follow(&self, mut confirmed: mpsc::UnboundedReceiver<u64>) -> End {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(number) = confirmed.recv() => {
                    if self.manner == Manner::Showing {
                        self.memory().turn(Course::Session);
                        return End::Turn;
                    }
                    self.pending().settle(number);
                    if let Err(lost) = self.acknowledge() {
                        return End::Lost(lost);
                    }
                }
                _ = look.tick() => {
                    if self.pending().is_stuck(self.attempt.now().uptime) {
                        self.attempt.error(ErrorKind::Internal, "samples do not reach the disk; the broker keeps them");
                        self.memory().turn(Course::Showing);
                        return End::Turn;
                    }
                }
            }
        }
    }

    /// Carries out what people ask.
    async fn serve(&self) -> Infallible {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                request = self.attempt.request(), if running.len() < AT_ONCE => running.push(self.answer(request)),
                Some(()) = running.next(), if !running.is_empty() => {}
            }
        }
    }

    async fn answer(&self, request: Request) {
        match request {
            Request::Write(write, answer) => self.write(write, answer).await,
            Request::Browse(browse, reply) => {
                // Whoever asked may have gone.
                let _gone = reply.send(self.browse(browse).await);
            }
        }
    }

    /// Takes what the broker sends, until the connection ends.
    async fn listen(&self, events: &mut Events) -> Lost {
        loop {
            let done = match events.next().await {
                Ok(heard) => self.hear(heard, events),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = done {
                self.tell();
                return lost;
            }
        }
    }

    fn hear(&self, heard: Heard, events: &mut Events) -> Result<(), Lost> {
        match heard {
            Heard::Connected { session_present } => {
                if self.manner == Manner::Keeping && !session_present {
                    self.memory().forget_all();
                }
                self.standing().is_resumed = session_present;
                self.tell();
                let topics: Vec<_> = self.mqtt.topics.keys().cloned().collect();
                self.requests.subscribe(&topics, self.mqtt.subscribing.qos)?;
                self.settle(events);
            }
            Heard::Subscribed(answers) => {
                self.note(answers);
                self.settle(events);
            }
            Heard::Message(message) => {
                if !self.attempt.is_up() {
                    self.say_up();
                }
                self.take(&message)?;
            }
            Heard::Other => {}
        }
        if self.manner == Manner::Keeping {
            let mut memory = self.memory();
            events.acknowledged().for_each(|packet_id| memory.forget(packet_id));
        }
        let mut standing = self.standing();
        if std::mem::take(&mut standing.ask_again) {
            let refused: Vec<_> = standing.refused.iter().cloned().collect();
            self.requests.subscribe(&refused, self.mqtt.subscribing.qos)?;
        }
        Ok(())
    }

    fn settle(&self, events: &Events) {
        if events.is_settled() {
            self.say_up();
            self.settled.notify_one();
        }
    }

    /// Notes which topics the broker refused; their tags are bad.
    fn note(&self, answers: Vec<(Arc<str>, Grant)>) {
        let arrival = self.attempt.now().wall;
        for (topic, grant) in answers {
            match grant {
                Grant::Granted(qos) => {
                    let mut standing = self.standing();
                    standing.refused.remove(&topic);
                    if self.manner != Manner::Passing && qos == Qos::AtMostOnce {
                        standing.unkept.insert(topic);
                    }
                }
                Grant::Refused(reason) => {
                    let colon = if reason.is_empty() { "" } else { ": " };
                    let detail =
                        format!("the broker does not let this station read the topic \"{topic}\"{colon}{reason}");
                    self.attempt.error(ErrorKind::Refused, &detail);
                    let readers = self.mqtt.topics.get(&topic).map(Readers::as_slice).unwrap_or_default();
                    self.attempt.deliver(payload::all_bad(
                        readers,
                        Quality::BAD_ACCESS_DENIED,
                        &detail,
                        arrival,
                        |_said_already| {},
                    ));
                    self.standing().refused.insert(topic);
                }
            }
        }
    }

    fn say_up(&self) {
        let standing = self.standing();
        let mut remarks = Vec::new();
        if let Some(first) = standing.refused.first() {
            let (refused, all) = (standing.refused.len(), self.mqtt.topics.len());
            remarks.push(format!("the broker refuses {refused} of {all} topics, \"{first}\" among them"));
        }
        if let Some(first) = standing.unkept.first() {
            let (unkept, all) = (standing.unkept.len(), self.mqtt.topics.len());
            remarks.push(format!("the broker keeps nothing of {unkept} of {all} topics, \"{first}\" among them"));
        }
        if self.manner == Manner::Showing {
            remarks.push("values are shown and not recorded: the broker keeps them until the disk works".to_owned());
        }
        drop(standing);
        self.attempt.up(&remarks.join("; "));
    }

    /// Tells what people may want to know of the connection.
    fn tell(&self) {
        let session = match (self.manner, self.standing().is_resumed) {
            (Manner::Passing, _) => "ends with the connection",
            (Manner::Keeping, true) => "kept by the broker, and went on",
            (Manner::Keeping, false) => "kept by the broker, begun anew",
            (Manner::Showing, _) => "kept by the broker, which holds back what cannot be recorded here",
        };
        self.attempt.counters().tell(LinkDetail {
            certificates: self.mqtt.dial.certificates(),
            remarks: vec![
                ("Protocol".into(), self.mqtt.broker.words()),
                ("Client id".into(), self.mqtt.client_id.clone()),
                ("Session".into(), session.into()),
            ],
            ..LinkDetail::default()
        });
    }

    fn take(&self, message: &Message) -> Result<(), Lost> {
        let now = self.attempt.now();
        let counters = self.attempt.counters();
        counters.message(now.wall, message.oversize.unwrap_or(message.payload.len()));
        let arrival = match message.ack.filter(|_| self.manner == Manner::Keeping) {
            Some(ack) => self.memory().arrival(message, ack, now.wall),
            None => now.wall,
        };
        let updates = self.updates(message, arrival);
        if !message.retained {
            self.watchers.show(&updates);
        }
        match self.manner {
            Manner::Passing => self.attempt.deliver(updates),
            Manner::Showing => self.show(updates),
            Manner::Keeping => return self.keep(message, updates),
        }
        Ok(())
    }

    fn updates(&self, message: &Message, arrival: Timestamp) -> Vec<Update> {
        let counters = self.attempt.counters();
        let readers = std::str::from_utf8(&message.topic).ok().and_then(|topic| self.mqtt.topics.get(topic));
        let Some(readers) = readers else {
            counters.unknown();
            return Vec::new();
        };
        match message.oversize {
            Some(bytes) => {
                let topic = String::from_utf8_lossy(&message.topic);
                let limit = self.mqtt.broker.max_packet_bytes;
                let detail = format!("a message of {bytes} bytes on \"{topic}\" is larger than the limit of {limit}");
                counters.error(arrival, ErrorKind::Oversize, &detail);
                payload::all_bad(readers.as_slice(), Quality::BAD_DECODING, &detail, arrival, |_said_already| {})
            }
            None => {
                let delivery = if message.retained { Delivery::Retained } else { Delivery::Live };
                payload::decode(readers, &message.payload, delivery, arrival, |fault| {
                    counters.error(arrival, ErrorKind::Decode, fault);
                })
            }
        }
    }

    /// Shows values without recording them.
    fn show(&self, mut updates: Vec<Update>) {
        only_live(&mut updates);
        self.attempt.deliver(updates);
        // It is signed when all that was given to the disk before is on it.
        if !std::mem::replace(&mut self.standing().is_probing, true) {
            self.attempt.ask_receipt(Receipt::new(0, self.confirm.clone()));
        }
    }

    /// Delivers values and sees to it that their message is acknowledged once they are on disk.
    fn keep(&self, message: &Message, mut updates: Vec<Update>) -> Result<(), Lost> {
        if message.retained && self.standing().is_resumed {
            // The session had it already; recorded again it would take the place of the same value as it came live.
            only_live(&mut updates);
        }
        let waits = !message.retained && !updates.is_empty();
        self.attempt.deliver(updates);
        let Some(ack) = message.ack else { return Ok(()) };
        let number = self.pending().add(ack, self.attempt.now().uptime);
        if waits {
            self.attempt.ask_receipt(Receipt::new(number, self.confirm.clone()));
            return Ok(());
        }
        self.pending().settle(number);
        self.acknowledge()
    }

    /// Acknowledges what can be, in order.
    fn acknowledge(&self) -> Result<(), Lost> {
        let mut pending = self.pending();
        while let Some(ack) = pending.next_settled() {
            self.requests.acknowledge(ack)?;
        }
        Ok(())
    }
}

fn only_live(updates: &mut [Update]) {
    for update in updates {
        update.reach = Reach::Live;
    }
}
