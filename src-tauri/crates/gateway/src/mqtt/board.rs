//! A board at a broker: what this station keeps there for others to read, and what others keep there.
//!
//! Everything on it is a retained message of QoS 1, so that whoever comes later finds it. What this station has on the board
//! is kept here and put up again with every connection: whether the broker still has it need not be asked. It is a
//! connection of its own, and a link like any other: supervised, with waits between the attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::{ErrorKind, GatewaySpec, LinkDetail, Rejection, TagIndex, Timestamp};
use tokio::sync::{Notify, mpsc};

use super::broker::Broker;
use super::client::{self, Dial, Events, Grant, Handed, Heard, Message, Publication, Qos, Requests};
use super::own_client_id;
use crate::attempt::{Attempt, Driver, Lost, Session};
use crate::{Credentials, OpenLink};

/// A broker that has not answered to the subscription so long after the first attempt to reach it will not.
const SUBSCRIBED: Duration = Duration::from_secs(15);
/// Sheets on their way to the broker at once, within what a connection lets wait.
const AT_ONCE: usize = 32;

/// A message on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Where it hangs.
    pub topic: String,
    /// What is on it; nothing where it was taken down.
    pub payload: Bytes,
}

/// What this station has on a board. Dropping it closes the connection; [`Board::close`] waits. What hangs at the broker
/// stays there.
pub struct Board {
    own: Arc<Own>,
    link: OpenLink,
}

/// How much of what this station has on the board has arrived there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Sheets that the broker took, again after each connection.
    pub sheets: u64,
    /// When it last took one.
    pub last: Option<Timestamp>,
    /// Sheets that it has yet to take.
    pub waiting: usize,
}

/// What this station has on the board, shared with its connection.
#[derive(Default)]
pub(crate) struct Own {
    sheets: Mutex<Sheets>,
    changed: Notify,
}

#[derive(Default)]
struct Sheets {
    /// By topic. One without content is to be taken down, and is forgotten when it is.
    all: BTreeMap<String, Bytes>,
    /// The topics of those that the broker has yet to take.
    due: BTreeSet<String>,
    arrived: Arrived,
}

/// The connection to a board.
pub(crate) struct Hanging {
    broker: Broker,
    dial: Arc<Dial>,
    credentials: Arc<dyn Credentials>,
    client_id: String,
    filter: Arc<str>,
    own: Arc<Own>,
    sheets: mpsc::Sender<Sheet>,
}

impl Board {
    pub(crate) fn new(own: Arc<Own>, link: OpenLink) -> Self {
        Self { own, link }
    }

    /// Puts a sheet up in place of the one before; an empty one takes it down. Never waits.
    pub fn put(&self, Sheet { topic, payload }: Sheet) {
        let mut sheets = self.own.sheets();
        sheets.due.insert(topic.clone());
        sheets.all.insert(topic, payload);
        drop(sheets);
        self.own.changed.notify_one();
    }

    /// Puts up again what this station has at a topic, where something else was found; takes that down where it has
    /// nothing there.
    pub fn restore(&self, topic: &str) {
        let mut sheets = self.own.sheets();
        sheets.due.insert(topic.to_owned());
        sheets.all.entry(topic.to_owned()).or_default();
        drop(sheets);
        self.own.changed.notify_one();
    }

    /// How much has arrived.
    pub fn arrived(&self) -> Arrived {
        let sheets = self.own.sheets();
        Arrived { waiting: sheets.due.len(), ..sheets.arrived }
    }

    /// Says goodbye to the broker and waits until the connection has ended.
    pub async fn close(self) {
        self.link.close().await;
    }
}

impl Own {
    fn sheets(&self) -> MutexGuard<'_, Sheets> {
        self.sheets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything is to be put up.
    fn begin(&self) {
        let mut sheets = self.sheets();
        sheets.due = sheets.all.keys().cloned().collect();
    }

    /// A sheet that is due and that is not on its way.
    fn next(&self, on_their_way: &BTreeSet<String>) -> Option<Sheet> {
        let sheets = self.sheets();
        let topic = sheets.due.iter().find(|topic| !on_their_way.contains(*topic))?;
        Some(Sheet { topic: topic.clone(), payload: sheets.all.get(topic)?.clone() })
    }

    /// The broker has a sheet. Another may have come in its place meanwhile, which is due still.
    fn settle(&self, sheet: &Sheet, at: Timestamp) {
        let mut sheets = self.sheets();
        sheets.arrived.sheets += 1;
        sheets.arrived.last = Some(at);
        if sheets.all.get(&sheet.topic) != Some(&sheet.payload) {
            return;
        }
        sheets.due.remove(&sheet.topic);
        if sheet.payload.is_empty() {
            sheets.all.remove(&sheet.topic);
        }
    }

    /// The broker does not take a sheet: it is tried again with the next connection.
    fn refuse(&self, sheet: &Sheet) {
        self.sheets().due.remove(&sheet.topic);
    }
}

impl Hanging {
    /// Sets up the connection to a board, with the broker of a gateway. `random` lies between 0 and 1 and tells this station
    /// from others.
    pub(crate) fn new(
        spec: &GatewaySpec,
        random: f64,
        credentials: Arc<dyn Credentials>,
        filter: &str,
        sheets: mpsc::Sender<Sheet>,
    ) -> Result<(Self, Arc<Own>), Vec<Rejection>> {
        let (broker, _) = Broker::read(&spec.settings)?;
        let dial = Arc::new(broker.dial(Arc::clone(&credentials)));
        // Not the one of the values: a broker has one connection of a client id.
        let client_id = broker.client_id.as_ref().map_or_else(|| own_client_id(random), |id| format!("{id}-acts"));
        let own = Arc::new(Own::default());
        let hanging =
            Self { broker, dial, credentials, client_id, filter: filter.into(), own: Arc::clone(&own), sheets };
        Ok((hanging, own))
    }

    async fn connection(&self, attempt: Attempt) -> Lost {
        let login = match self.broker.log_in(&self.credentials).await {
            Ok(login) => login,
            Err(lost) => return lost,
        };
        let options = self.broker.options(self.client_id.clone(), login, 1);
        let (requests, mut events) = client::prepare(&options, Arc::clone(&self.dial), &attempt);
        self.own.begin();
        let subscribed = Notify::new();
        tokio::select! {
            lost = self.listen(&mut events, &requests, &attempt, &subscribed) => lost,
            lost = self.hang(&requests, &attempt, &subscribed) => lost,
            lost = leave(&requests, &attempt) => lost,
        }
    }

    /// Takes what hangs at the broker and what is put up there, until the connection ends.
    async fn listen(&self, events: &mut Events, requests: &Requests, attempt: &Attempt, subscribed: &Notify) -> Lost {
        loop {
            let heard = match events.next().await {
                Ok(heard) => heard,
                Err(lost) => return lost,
            };
            match heard {
                Heard::Connected { session_present: _ } => {
                    attempt.counters().tell(LinkDetail {
                        certificates: self.dial.certificates(),
                        remarks: vec![("Protocol".into(), self.broker.words())],
                        ..LinkDetail::default()
                    });
                    if let Err(lost) = requests.subscribe(&[Arc::clone(&self.filter)], Qos::AtLeastOnce) {
                        return lost;
                    }
                }
                Heard::Subscribed(answers) => {
                    if let Some((_, Grant::Refused(reason))) = answers.first() {
                        let colon = if reason.is_empty() { "" } else { ": " };
                        let words =
                            format!("the broker does not let this station read \"{}\"{colon}{reason}", self.filter);
                        return Lost::new(ErrorKind::Refused, words);
                    }
                    attempt.up("");
                    subscribed.notify_one();
                }
                Heard::Message(message) => self.take(message, attempt).await,
                Heard::Other => {}
            }
        }
    }

    /// Hands a sheet over. Whoever reads them waits for nothing here, so that this does not wait for long.
    async fn take(&self, message: Message, attempt: &Attempt) {
        attempt.counters().message(attempt.now().wall, message.payload.len());
        if let Some(bytes) = message.oversize {
            let topic = String::from_utf8_lossy(&message.topic).into_owned();
            attempt.error(ErrorKind::Oversize, format!("{bytes} bytes on \"{}\"", topic.escape_debug()));
            return;
        }
        let Ok(topic) = String::from_utf8(message.topic.to_vec()) else {
            attempt.error(ErrorKind::Protocol, "a topic that is not text");
            return;
        };
        // Nobody reads any more where the board is being closed.
        let _closing = self.sheets.send(Sheet { topic, payload: message.payload }).await;
    }

    /// Puts up what is due, until the broker does not answer to the subscription in time.
    async fn hang(&self, requests: &Requests, attempt: &Attempt, subscribed: &Notify) -> Lost {
        if tokio::time::timeout(SUBSCRIBED, subscribed.notified()).await.is_err() {
            return Lost::new(ErrorKind::Silent, "the broker does not answer to the subscription");
        }
        let mut under_way = FuturesUnordered::new();
        let mut topics = BTreeSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(sheet) = self.own.next(&topics)
            {
                let publication = Publication {
                    topic: sheet.topic.clone(),
                    payload: sheet.payload.clone(),
                    qos: Qos::AtLeastOnce,
                    retained: true,
                };
                match requests.publish(publication) {
                    Ok(handing) => {
                        topics.insert(sheet.topic.clone());
                        under_way.push(async move { (sheet, handing.done().await) });
                    }
                    Err(words) => return Lost::new(ErrorKind::Internal, words),
                }
            }
            tokio::select! {
                () = self.own.changed.notified() => {}
                Some((sheet, handed)) = under_way.next(), if !under_way.is_empty() => {
                    topics.remove(&sheet.topic);
                    match handed {
                        Handed::Taken | Handed::NobodyListens => self.own.settle(&sheet, attempt.now().wall),
                        Handed::Refused(words) => {
                            self.own.refuse(&sheet);
                            let words = format!("the broker does not take \"{}\": {words}", sheet.topic);
                            attempt.error(ErrorKind::Refused, &words);
                            attempt.up(&words);
                        }
                        // The connection is at its end, and the sheet stays due.
                        Handed::Unknown => {}
                    }
                }
            }
        }
    }
}

/// Says goodbye when the link is asked to end. The listening half ends the session once the goodbye is out.
async fn leave(requests: &Requests, attempt: &Attempt) -> Lost {
    attempt.stopped().await;
    requests.goodbye();
    std::future::pending().await
}

impl Driver for Hanging {
    fn silence(&self) -> Duration {
        Duration::from_secs(u64::from(self.broker.keep_alive_s) * 2 + 2)
    }

    fn unusable(&self) -> Vec<(TagIndex, String)> {
        Vec::new()
    }

    fn session(self: Arc<Self>, attempt: Attempt) -> Session {
        Box::pin(async move { self.connection(attempt).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(topic: &str, payload: &'static str) -> Sheet {
        Sheet { topic: topic.to_owned(), payload: payload.into() }
    }

    fn put(own: &Own, sheet: Sheet) {
        let mut sheets = own.sheets();
        sheets.due.insert(sheet.topic.clone());
        sheets.all.insert(sheet.topic, sheet.payload);
    }

    fn due(own: &Own) -> Vec<String> {
        own.sheets().due.iter().cloned().collect()
    }

    #[test]
    fn what_changes_while_it_is_on_its_way_is_put_up_again() {
        let own = Own::default();
        put(&own, sheet("a", "1"));
        let first = own.next(&BTreeSet::new()).expect("due");
        assert_eq!(own.next(&BTreeSet::from(["a".to_owned()])), None, "one at a time, so that the last one wins");
        put(&own, sheet("a", "2"));
        own.settle(&first, Timestamp::from_millis(5));
        assert_eq!(own.next(&BTreeSet::new()), Some(sheet("a", "2")));
    }

    #[test]
    fn a_new_connection_puts_everything_up_again_but_what_was_taken_down() {
        let own = Own::default();
        for sheet in [sheet("a", "1"), sheet("b", ""), sheet("c", "3")] {
            put(&own, sheet.clone());
            own.settle(&sheet, Timestamp::from_millis(5));
        }
        assert_eq!(due(&own), Vec::<String>::new());
        own.begin();
        assert_eq!(due(&own), ["a", "c"]);
        assert_eq!(own.sheets().arrived.sheets, 3);
    }
}
