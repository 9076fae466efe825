//! The bounded way from a session to the engine.
//!
//! A session never waits here, so that a busy engine cannot make a link miss its keep-alive. While the engine takes
//! what it is given, everything is delivered in order and grouped. When it falls behind, the newest sample of each tag is
//! kept and the rest is counted as merged. Samples that a receipt was asked for are never merged: their source holds back
//! more until they are on disk, which bounds them.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Batch, LinkStatus, TagIndex, Update};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::{Counters, GatewayEvent, Receipt, What};

/// What arrives within this time of the last batch travels together.
const GROUPING: Duration = Duration::from_millis(10);
/// The most samples in one batch; a batch that is full does not wait.
const BATCH: usize = 1_000;
/// Samples that may wait before they are merged, if the link has few tags.
const ROOM: usize = 16_384;
/// Statuses that may wait; of more, the newest are kept.
const STATUSES: usize = 32;

/// The session's end. Clones share one queue.
#[derive(Clone)]
pub(crate) struct Outlet {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Told whenever something was queued, and on closing.
    arrived: Notify,
    counters: Arc<Counters>,
    /// Samples that may wait. At least twice the number of tags, so that merging pays for itself.
    room: usize,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    samples: usize,
    statuses: usize,
    receipts: usize,
    closed: bool,
}

enum Entry {
    Sample(Update),
    Status(LinkStatus),
    Receipt(Receipt),
}

impl Outlet {
    /// An outlet for a link with so many tags.
    pub(crate) fn new(tags: usize, counters: Arc<Counters>) -> Self {
        let room = ROOM.max(tags.saturating_mul(2));
        Self { shared: Arc::new(Shared { queue: Mutex::default(), arrived: Notify::new(), counters, room }) }
    }

    /// Queues samples, in order of arrival.
    pub(crate) fn samples(&self, updates: impl IntoIterator<Item = Update>) {
        let mut queue = self.shared.queue();
        for update in updates {
            if queue.samples >= self.shared.room && queue.receipts == 0 {
                let merged = queue.merge();
                self.shared.counters.merged(merged);
            }
            queue.entries.push_back(Entry::Sample(update));
            queue.samples += 1;
        }
        drop(queue);
        self.shared.arrived.notify_one();
    }

    /// Queues a status, in order with the samples.
    pub(crate) fn status(&self, status: LinkStatus) {
        let mut queue = self.shared.queue();
        if queue.statuses >= STATUSES {
            queue.drop_oldest_status();
        }
        queue.entries.push_back(Entry::Status(status));
        queue.statuses += 1;
        drop(queue);
        self.shared.arrived.notify_one();
    }

    /// Queues a wish for a receipt of the samples before it.
    pub(crate) fn receipt(&self, receipt: Receipt) {
        let mut queue = self.shared.queue();
        queue.entries.push_back(Entry::Receipt(receipt));
        queue.receipts += 1;
        drop(queue);
        self.shared.arrived.notify_one();
    }

    /// Lets [`Outlet::pump`] end after handing over what there is room for.
    pub(crate) fn close(&self) {
        self.shared.queue().closed = true;
        self.shared.arrived.notify_one();
    }

    /// Carries what is queued to the engine until the outlet is closed or the engine is gone.
    pub(crate) async fn pump(self, gateway: Arc<str>, events: mpsc::Sender<GatewayEvent>) {
        let event = |what| GatewayEvent { gateway: Arc::clone(&gateway), what };
        let mut earliest = Instant::now();
        loop {
            let arrived = self.shared.arrived.notified();
            let (waiting, closed) = self.shared.waiting();
            if closed {
                // Whoever closes may be the one who empties the channel, so waiting for room could wait forever.
                while let Some(what) = self.shared.take() {
                    if events.try_send(event(what)).is_err() {
                        return;
                    }
                }
                return;
            }
            if waiting == 0 {
                arrived.await;
                continue;
            }
            let permit = tokio::select! {
                permit = events.reserve() => match permit {
                    Ok(permit) => permit,
                    Err(_engine_gone) => return,
                },
                () = self.shared.closed() => continue,
            };
            if self.shared.waiting().0 < BATCH {
                sleep_until(earliest).await;
            }
            if let Some(what) = self.shared.take() {
                permit.send(event(what));
                earliest = Instant::now() + GROUPING;
            }
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries wait, and whether the outlet is closed.
    fn waiting(&self) -> (usize, bool) {
        let queue = self.queue();
        (queue.entries.len(), queue.closed)
    }

    async fn closed(&self) {
        loop {
            let arrived = self.arrived.notified();
            if self.queue().closed {
                // The loop in `pump` waits on the same notice; pass it on.
                self.arrived.notify_one();
                return;
            }
            arrived.await;
        }
    }

    /// The status or the receipt at the front, or the samples up to the next status.
    ///
    /// A receipt behind samples waits for the next turn, with all that came before it: signed later, it is as true.
    fn take(&self) -> Option<What> {
        let mut queue = self.queue();
        let mut updates = Vec::new();
        let mut receipts = VecDeque::new();
        loop {
            match queue.entries.pop_front() {
                Some(Entry::Sample(update)) => {
                    queue.samples -= 1;
                    updates.push(update);
                    if updates.len() == BATCH {
                        break;
                    }
                }
                Some(Entry::Status(status)) if updates.is_empty() => {
                    queue.statuses -= 1;
                    return Some(What::Status(status));
                }
                Some(Entry::Receipt(receipt)) if updates.is_empty() => {
                    queue.receipts -= 1;
                    return Some(What::Receipt(receipt));
                }
                Some(Entry::Receipt(receipt)) => receipts.push_back(receipt),
                Some(status @ Entry::Status(_)) => {
                    queue.entries.push_front(status);
                    break;
                }
                None => break,
            }
        }
        while let Some(receipt) = receipts.pop_back() {
            queue.entries.push_front(Entry::Receipt(receipt));
        }
        (!updates.is_empty()).then_some(What::Batch(Batch { updates }))
    }
}

impl Queue {
    /// Keeps the newest sample of each tag in its place; returns how many went.
    fn merge(&mut self) -> usize {
        let before = self.samples;
        let mut seen: HashSet<TagIndex> = HashSet::with_capacity(before);
        let mut kept: VecDeque<Entry> = VecDeque::with_capacity(self.entries.len());
        while let Some(entry) = self.entries.pop_back() {
            let keep = match &entry {
                Entry::Sample(update) => seen.insert(update.tag),
                Entry::Status(_) | Entry::Receipt(_) => true,
            };
            if keep {
                kept.push_front(entry);
            }
        }
        self.entries = kept;
        self.samples = seen.len();
        before - self.samples
    }

    fn drop_oldest_status(&mut self) {
        if let Some(place) = self.entries.iter().position(|entry| matches!(entry, Entry::Status(_))) {
            self.entries.remove(place);
            self.statuses -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{LinkState, Quality, Sample, Timestamp, Value};

    use super::*;

    fn update(tag: u32, value: i64) -> Update {
        Update::new(TagIndex(tag), Sample::good(Timestamp::from_millis(value), Value::Int(value)))
    }

    fn status(reason: &str) -> LinkStatus {
        LinkStatus {
            state: LinkState::Down,
            since: Timestamp::default(),
            reason: reason.to_owned(),
            quality: Quality::STALE,
        }
    }

    fn link() -> (Outlet, Arc<Counters>) {
        let counters = Arc::new(Counters::default());
        (Outlet::new(3, Arc::clone(&counters)), counters)
    }

    #[tokio::test(start_paused = true)]
    async fn what_arrives_together_travels_together_and_in_order() {
        let (outlet, _) = link();
        let (events, mut engine) = mpsc::channel(8);
        outlet.samples((0..1_500).map(|n| update(0, n)));
        outlet.status(status("closed"));
        outlet.samples([update(1, 7)]);
        let pump = tokio::spawn(outlet.clone().pump("press".into(), events));

        let mut sizes = Vec::new();
        for _ in 0..4 {
            match engine.recv().await.expect("the pump runs").what {
                What::Batch(batch) => sizes.push(batch.updates.len()),
                What::Status(status) => {
                    assert_eq!((status.reason.as_str(), sizes.as_slice()), ("closed", &[1000, 500][..]))
                }
                What::Receipt(_) => panic!("nobody asked for one"),
            }
        }
        assert_eq!(sizes, [1000, 500, 1]);
        outlet.close();
        pump.await.expect("the pump ends when closed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lone_sample_does_not_wait() {
        let (outlet, _) = link();
        let (events, mut engine) = mpsc::channel(8);
        let _pump = tokio::spawn(outlet.clone().pump("press".into(), events));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let sent = Instant::now();
        outlet.samples([update(0, 1)]);
        engine.recv().await.expect("the pump runs");
        assert!(sent.elapsed() <= Duration::from_millis(1), "{:?}", sent.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_falls_behind_gets_the_newest_of_each_tag() {
        let (outlet, counters) = link();
        let (events, mut engine) = mpsc::channel(1);
        for n in 0..100_000 {
            outlet.samples([update(u32::try_from(n % 3).expect("below 3"), n)]);
        }
        assert!(outlet.shared.waiting().0 <= ROOM, "bounded");
        let _pump = tokio::spawn(outlet.clone().pump("press".into(), events));

        let mut newest = [0; 3];
        let mut taken = 0;
        while newest.iter().max() != Some(&99_999) {
            if let What::Batch(batch) = engine.recv().await.expect("the pump runs").what {
                taken += batch.updates.len() as u64;
                for update in batch.updates {
                    if let Some(Value::Int(value)) = update.sample.value {
                        newest[update.tag.slot()] = value;
                    }
                }
            }
        }
        assert_eq!(newest, [99_999, 99_997, 99_998]);
        assert_eq!(counters.traffic().merged + taken, 100_000, "every sample is delivered or counted");
    }

    #[tokio::test(start_paused = true)]
    async fn a_receipt_follows_its_samples_and_keeps_them_from_being_merged() {
        let (outlet, counters) = link();
        let (confirm, mut confirmed) = mpsc::unbounded_channel();
        let (events, mut engine) = mpsc::channel(1);
        let samples = i64::try_from(2 * ROOM).expect("few");
        for n in 0..samples {
            outlet.samples([update(0, n)]);
            outlet.receipt(Receipt::new(n.unsigned_abs(), confirm.clone()));
        }
        let _pump = tokio::spawn(outlet.clone().pump("press".into(), events));
        let mut taken = 0;
        let mut signed = None;
        while signed != Some(samples - 1) {
            match engine.recv().await.expect("the pump runs").what {
                What::Batch(batch) => taken += i64::try_from(batch.updates.len()).expect("few"),
                What::Receipt(receipt) => {
                    receipt.sign();
                    signed = confirmed.recv().await.map(u64::cast_signed);
                    assert!(signed.is_some_and(|number| number < taken), "{signed:?} before its sample");
                }
                What::Status(_) => panic!("nobody said one"),
            }
        }
        assert_eq!((taken, counters.traffic().merged), (samples, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_never_waits_for_a_full_channel() {
        let (outlet, _) = link();
        let (events, _engine) = mpsc::channel(1);
        let pump = tokio::spawn(outlet.clone().pump("press".into(), events));
        for n in 0..5 {
            outlet.status(status(&n.to_string()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        outlet.close();
        tokio::time::timeout(Duration::from_secs(1), pump).await.expect("in time").expect("in order");
    }
}
