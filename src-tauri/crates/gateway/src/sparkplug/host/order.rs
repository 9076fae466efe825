//! The order of a node's messages by their sequence number, which runs from 0 to 255 and begins again.
//!
//! A message that comes too early is held for a while, for the ones before it may still come. One that came already is
//! known by its number and content. Everything held is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use model::Uptime;

use crate::sparkplug::topic::Verb;

/// Messages of one node that are held, and their bytes.
const HELD: usize = 64;
const HELD_BYTES: usize = 1_048_576;
/// How many of the newest messages are known again.
const REMEMBERED: usize = 16;

/// A message that came too early.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) verb: Verb,
    pub(super) device: Option<Arc<str>>,
    pub(super) bytes: Vec<u8>,
}

/// Where a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the next one.
    Next,
    /// It came before.
    Repeated,
    /// It is held; others before it are missing.
    Early(Gap),
    /// There is no room to hold it.
    Full,
}

/// Whether a gap is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    Opened,
    Known,
}

/// The order of one node's messages.
#[derive(Debug, Default)]
pub(super) struct Order {
    expected: u8,
    held: BTreeMap<u8, Held>,
    bytes: usize,
    /// Since when a message is missing.
    missing_since: Option<Uptime>,
    newest: VecDeque<(u8, u64)>,
}

impl Order {
    /// Begins with the birth of a node, whatever its number.
    pub(super) fn begin(&mut self, seq: u8) {
        *self = Order { expected: seq.wrapping_add(1), ..Order::default() };
    }

    /// Says where a message belongs; `held` makes what is kept of it.
    pub(super) fn arrive(&mut self, now: Uptime, seq: u8, bytes: &[u8], held: impl FnOnce() -> Held) -> Place {
        if seq == self.expected {
            self.pass(seq, bytes);
            return Place::Next;
        }
        if self.newest.contains(&(seq, fingerprint(bytes))) || self.held.contains_key(&seq) {
            return Place::Repeated;
        }
        if self.held.len() >= HELD || self.bytes + bytes.len() > HELD_BYTES {
            return Place::Full;
        }
        self.held.insert(seq, held());
        self.bytes += bytes.len();
        match self.missing_since {
            Some(_) => Place::Early(Gap::Known),
            None => {
                self.missing_since = Some(now);
                Place::Early(Gap::Opened)
            }
        }
    }

    /// The next message of those held, once the ones before it have come.
    pub(super) fn next_held(&mut self, now: Uptime) -> Option<Held> {
        let Some(next) = self.held.remove(&self.expected) else {
            // What is still held waits for another one that is missing, and that one has its own time.
            self.missing_since = (!self.held.is_empty()).then_some(now);
            return None;
        };
        self.bytes -= next.bytes.len();
        self.pass(self.expected, &next.bytes);
        Some(next)
    }

    /// Whether anything is held.
    pub(super) fn is_waiting(&self) -> bool {
        !self.held.is_empty()
    }

    /// When the wait for the missing message ends.
    pub(super) fn ends(&self, reorder: Duration) -> Option<Uptime> {
        self.missing_since.map(|since| since + reorder)
    }

    /// Gives up: what was held is dropped.
    pub(super) fn give_up(&mut self) {
        self.held.clear();
        self.bytes = 0;
        self.missing_since = None;
    }

    /// The number of the message that is expected next.
    pub(super) fn expected(&self) -> u8 {
        self.expected
    }

    fn pass(&mut self, seq: u8, bytes: &[u8]) {
        self.expected = seq.wrapping_add(1);
        if self.newest.len() == REMEMBERED {
            self.newest.pop_front();
        }
        self.newest.push_back((seq, fingerprint(bytes)));
    }
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Uptime = Uptime::from_millis(0);

    fn arrive(order: &mut Order, seq: u8) -> Place {
        let bytes = vec![seq];
        order.arrive(NOW, seq, &bytes, || Held { verb: Verb::NodeData, device: None, bytes: bytes.clone() })
    }

    #[test]
    fn numbers_go_on_over_255_to_0() {
        let mut order = Order::default();
        order.begin(250);
        for n in 0..20u8 {
            assert_eq!(arrive(&mut order, 251u8.wrapping_add(n)), Place::Next);
        }
    }

    #[test]
    fn early_ones_are_held_and_follow_in_order() {
        let mut order = Order::default();
        order.begin(254);
        assert_eq!(arrive(&mut order, 1), Place::Early(Gap::Opened));
        assert_eq!(arrive(&mut order, 0), Place::Early(Gap::Known));
        assert_eq!(arrive(&mut order, 0), Place::Repeated);
        assert_eq!(arrive(&mut order, 255), Place::Next);
        let held: Vec<u8> = std::iter::from_fn(|| order.next_held(NOW)).map(|held| held.bytes[0]).collect();
        assert_eq!(held, [0, 1]);
        assert_eq!(order.ends(Duration::from_secs(2)), None, "the wait is over");
        assert_eq!(arrive(&mut order, 1), Place::Repeated);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut order = Order::default();
        order.begin(0);
        let places: Vec<Place> = (2..=80).map(|seq| arrive(&mut order, seq)).collect();
        assert_eq!(places.iter().filter(|place| **place == Place::Full).count(), 79 - HELD);
        let mut order = Order::default();
        order.begin(0);
        let large = vec![0; HELD_BYTES + 1];
        let held = || Held { verb: Verb::NodeData, device: None, bytes: large.clone() };
        assert_eq!(order.arrive(NOW, 5, &large, held), Place::Full);
    }
}
