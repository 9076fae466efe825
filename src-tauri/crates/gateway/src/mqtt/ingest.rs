//! Messages that the broker keeps until they are on disk.
//!
//! With a persistent session a message is acknowledged when its samples are committed, and in the order in which messages
//! came (MQTT 3.1.1, 4.6). Until then it is the broker that has it: it comes again after a loss. The same message has the
//! same packet id then, and gets the time of its first arrival, so that it is one sample however often it comes.
//!
//! What is acknowledged is forgotten, because from then on the broker may give its packet id to another message. So where
//! an acknowledgement is lost with its connection, or this program is killed between the commit and the acknowledgement, a
//! message comes again that nobody remembers. If it carries its own time it is the same sample still; if not, it is one
//! more, never one less.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use model::{Timestamp, Uptime};

use super::client::{Ack, Message};

/// Samples that are not on disk after this time will not be there soon.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a link knows of its messages over all its connections.
#[derive(Debug, Default)]
pub(super) struct Memory {
    course: Course,
    /// What was not acknowledged yet, by packet id.
    unacknowledged: HashMap<u16, Arrived>,
}

/// Which connection a link with a persistent session makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Course {
    /// The one of the session.
    #[default]
    Session,
    /// One that shows values and keeps none, while they cannot be written to disk.
    Showing,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    digest: u64,
    at: Timestamp,
}

impl Memory {
    pub(super) fn course(&self) -> Course {
        self.course
    }

    pub(super) fn turn(&mut self, course: Course) {
        self.course = course;
    }

    /// The broker has forgotten the session, and with it all packet ids.
    pub(super) fn forget_all(&mut self) {
        self.unacknowledged.clear();
    }

    /// The acknowledgement of a packet id has left.
    pub(super) fn forget(&mut self, packet_id: u16) {
        self.unacknowledged.remove(&packet_id);
    }

    /// When a message first arrived, which may be now.
    pub(super) fn arrival(&mut self, message: &Message, ack: Ack, now: Timestamp) -> Timestamp {
        let mut hasher = DefaultHasher::new();
        (&message.topic, &message.payload, message.oversize).hash(&mut hasher);
        let digest = hasher.finish();
        let arrived = Arrived { digest, at: now };
        let known = self.unacknowledged.insert(ack.packet_id(), arrived);
        match known.filter(|known| message.repeated && known.digest == digest) {
            Some(known) => {
                self.unacknowledged.insert(ack.packet_id(), known);
                known.at
            }
            None => now,
        }
    }
}

/// The messages of one connection that were not acknowledged yet, in order.
#[derive(Debug, Default)]
pub(super) struct Pending {
    messages: VecDeque<Waiting>,
    /// The number of the first of `messages`.
    first: u64,
}

#[derive(Debug)]
struct Waiting {
    ack: Ack,
    since: Uptime,
    is_settled: bool,
}

impl Pending {
    /// Adds a message; the answer is its number.
    pub(super) fn add(&mut self, ack: Ack, now: Uptime) -> u64 {
        self.messages.push_back(Waiting { ack, since: now, is_settled: false });
        self.first + self.messages.len() as u64 - 1
    }

    /// A message's samples are on disk, or it has none.
    pub(super) fn settle(&mut self, number: u64) {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(waiting) = place.and_then(|place| self.messages.get_mut(place)) {
            waiting.is_settled = true;
        }
    }

    /// The next message that can be acknowledged.
    pub(super) fn next_settled(&mut self) -> Option<Ack> {
        let Waiting { ack, .. } = self.messages.pop_front_if(|waiting| waiting.is_settled)?;
        self.first += 1;
        Some(ack)
    }

    /// Whether a message has waited for longer than a disk that works would need.
    pub(super) fn is_stuck(&self, now: Uptime) -> bool {
        self.messages.front().is_some_and(|waiting| now.since(waiting.since) > PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// A message that comes for the first time.
    fn new(payload: &'static str, id: u16) -> (Message, Ack) {
        let ack = Ack::of(id);
        let message = Message {
            topic: Bytes::from_static(b"a"),
            payload: Bytes::from_static(payload.as_bytes()),
            retained: false,
            repeated: false,
            ack: Some(ack),
            oversize: None,
        };
        (message, ack)
    }

    /// One that the broker sends again.
    fn again(payload: &'static str, id: u16) -> (Message, Ack) {
        let (message, ack) = new(payload, id);
        (Message { repeated: true, ..message }, ack)
    }

    fn at(memory: &mut Memory, (message, ack): (Message, Ack), now: i64) -> i64 {
        memory.arrival(&message, ack, Timestamp::from_millis(now)).millis()
    }

    #[test]
    fn a_message_that_comes_again_came_when_it_first_did() {
        let mut memory = Memory::default();
        assert_eq!(at(&mut memory, new("1", 7), 100), 100);
        assert_eq!(at(&mut memory, again("1", 7), 200), 100);
        assert_eq!(at(&mut memory, again("1", 7), 300), 100, "however often");
        assert_eq!(at(&mut memory, again("1", 8), 300), 300, "another one");
        assert_eq!(at(&mut memory, again("2", 7), 400), 400, "not what came under this id");
        assert_eq!(at(&mut memory, new("2", 7), 500), 500, "not sent again");
        memory.forget(7);
        assert_eq!(at(&mut memory, again("2", 7), 600), 600, "acknowledged: the id may mean another message");
        memory.forget_all();
        assert_eq!(at(&mut memory, again("1", 8), 700), 700);
    }

    #[test]
    fn messages_are_acknowledged_in_the_order_in_which_they_came() {
        let mut pending = Pending::default();
        let now = Uptime::from_millis(0);
        let numbers: Vec<_> = (1..=4).map(|id| pending.add(Ack::of(id), now)).collect();
        pending.settle(numbers[1]);
        pending.settle(numbers[2]);
        assert_eq!(pending.next_settled(), None, "the first one is not on disk");
        pending.settle(numbers[0]);
        let acks: Vec<_> = std::iter::from_fn(|| pending.next_settled()).map(Ack::packet_id).collect();
        assert_eq!(acks, [1, 2, 3]);
        pending.settle(numbers[0]);
        pending.settle(99);
        assert_eq!(pending.next_settled(), None, "numbers of before and of nobody mean nothing");
        assert!(!pending.is_stuck(Uptime::from_millis(15_000)));
        assert!(pending.is_stuck(Uptime::from_millis(15_001)));
        pending.settle(numbers[3]);
        assert_eq!(pending.next_settled().map(Ack::packet_id), Some(4));
        assert!(!pending.is_stuck(Uptime::from_millis(60_000)), "nothing waits");
    }
}
