//! What keeps a link alive: one loop for every protocol.
//!
//! It starts a session, watches over it, says what became of it, waits, and starts the next one, for as long as the link
//! is open. A session that panics is one that was lost.

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, ErrorKind, LinkState, LinkStatus, Quality, Sample, Timestamp, Update};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::attempt::{Attempt, Driver, Lost};
use crate::backoff::Backoff;
use crate::outlet::Outlet;
use crate::{Counters, GatewayEvent, Requests};

/// How often the watchdog looks. It cannot sleep to its deadline, because a laptop that slept moves the deadline.
const LOOK: Duration = Duration::from_millis(500);
/// How long a session has to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Numbers between 0 and 1, for spreading what would otherwise happen everywhere at once.
pub(crate) type Randomness = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Runs one link.
pub(crate) struct Supervisor {
    pub(crate) gateway: Arc<str>,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) tags: usize,
    pub(crate) events: mpsc::Sender<GatewayEvent>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Randomness,
    pub(crate) requests: Requests,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Supervisor {
    /// Runs the link until it is asked to stop.
    pub(crate) async fn run(self) {
        let outlet = Outlet::new(self.tags, Arc::clone(&self.counters));
        let pump = tokio::spawn(outlet.clone().pump(Arc::clone(&self.gateway), self.events.clone()));
        self.declare_unusable(&outlet);
        self.attempts(&outlet).await;
        self.requests.close();
        outlet.close();
        if let Err(error) = pump.await {
            tracing::error!(gateway = %self.gateway, %error, "the way to the engine broke");
        }
    }

    fn declare_unusable(&self, outlet: &Outlet) {
        let now = self.clock.now().wall;
        for (tag, words) in self.driver.unusable() {
            tracing::error!(gateway = %self.gateway, words, "a tag's address cannot be used");
            self.counters.error(now, ErrorKind::Internal, words);
            outlet.samples([Update::new(tag, Sample::bad(now, Quality::BAD_CONFIGURATION))]);
        }
    }

    async fn attempts(&self, outlet: &Outlet) {
        let mut backoff = Backoff::default();
        let mut since = self.clock.now().wall;
        let mut reason = String::new();
        for epoch in 1.. {
            outlet.status(not_up(LinkState::Connecting, since, &reason));
            let attempt = Attempt::new(
                outlet.clone(),
                Arc::clone(&self.counters),
                Arc::clone(&self.clock),
                self.requests.clone(),
                epoch,
                self.stop.clone(),
            );
            let ended = self.session(&attempt).await;
            self.requests.close();
            let Some(lost) = ended else { return };

            let now = self.clock.now().wall;
            let up_for = attempt.up_for();
            self.counters.error(now, lost.kind, &lost.words);
            if attempt.is_up() {
                since = now;
                tracing::warn!(gateway = %self.gateway, reason = lost.words, up_for_s = up_for.as_secs(), "link lost");
            } else if reason != lost.words {
                tracing::warn!(gateway = %self.gateway, reason = lost.words, "cannot connect");
            }
            outlet.status(not_up(LinkState::Down, since, &lost.words));
            let wait = backoff.next(up_for, lost.kind, (self.randomness)());
            reason = lost.words;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = attempt.stopped() => return,
            }
        }
    }

    /// Runs one session; `None` when it was asked to stop.
    async fn session(&self, attempt: &Attempt) -> Option<Lost> {
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(&self.driver).session(attempt.clone()));
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = attempt.stopped() => {
                    if tokio::time::timeout(GOODBYE, task.join_next()).await.is_err() {
                        tracing::debug!(gateway = %self.gateway, "closed without a goodbye");
                    }
                    return None;
                }
                ended = task.join_next() => return Some(match ended {
                    Some(Ok(lost)) => lost,
                    Some(Err(error)) => {
                        tracing::error!(gateway = %self.gateway, %error, "a session failed");
                        internal()
                    }
                    None => internal(),
                }),
                _ = look.tick() => {
                    let silent_for = attempt.silent_for();
                    if silent_for > self.driver.silence() {
                        // Dropping the set ends the session wherever it stands.
                        return Some(Lost::new(
                            ErrorKind::Silent,
                            format!("nothing heard for {} s", silent_for.as_secs()),
                        ));
                    }
                }
            }
        }
    }
}

fn internal() -> Lost {
    Lost::new(ErrorKind::Internal, "a fault in Andon itself, see the log; the link is started again")
}

fn not_up(state: LinkState, since: Timestamp, reason: &str) -> LinkStatus {
    LinkStatus { state, since, reason: reason.to_owned(), quality: Quality::STALE }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use model::{Now, TagIndex, Uptime};
    use tokio::time::Instant;

    use super::*;
    use crate::What;
    use crate::attempt::Session;

    /// A clock that follows tokio's paused time.
    struct PausedClock(Instant);

    impl Clock for PausedClock {
        fn now(&self) -> Now {
            let uptime = self.0.elapsed();
            Now {
                wall: Timestamp::from_millis(1_000_000).saturating_add(uptime),
                uptime: Uptime::from_duration(uptime),
            }
        }
    }

    /// Does to its attempts what the script says, in turn; the last line goes on for ever.
    struct Scripted {
        lines: Vec<Line>,
        attempts: AtomicUsize,
    }

    #[derive(Clone, Copy)]
    enum Line {
        Refuse,
        Panic,
        UpThenSilent,
        UpFor(Duration),
        UpUntilStopped,
    }

    impl Driver for Scripted {
        fn silence(&self) -> Duration {
            Duration::from_secs(12)
        }

        fn unusable(&self) -> Vec<(TagIndex, String)> {
            Vec::new()
        }

        fn session(self: Arc<Self>, attempt: Attempt) -> Session {
            let n = self.attempts.fetch_add(1, Relaxed);
            let line = self.lines[n.min(self.lines.len() - 1)];
            Box::pin(async move {
                match line {
                    Line::Refuse => Lost::new(ErrorKind::Connect, "nobody there"),
                    Line::Panic => panic!("a bug"),
                    Line::UpThenSilent => {
                        attempt.up("");
                        std::future::pending().await
                    }
                    Line::UpFor(time) => {
                        attempt.up("");
                        tokio::time::sleep(time).await;
                        Lost::new(ErrorKind::Lost, "closed")
                    }
                    Line::UpUntilStopped => {
                        attempt.up("");
                        loop {
                            tokio::select! {
                                () = attempt.stopped() => return Lost::new(ErrorKind::Lost, "stopped"),
                                () = tokio::time::sleep(Duration::from_secs(1)) => attempt.heard(),
                            }
                        }
                    }
                }
            })
        }
    }

    struct Bench {
        events: mpsc::Receiver<GatewayEvent>,
        counters: Arc<Counters>,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
    }

    fn start(lines: &[Line]) -> Bench {
        let (sender, events) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let counters = Arc::new(Counters::default());
        let supervisor = Supervisor {
            gateway: "press".into(),
            driver: Arc::new(Scripted { lines: lines.to_vec(), attempts: AtomicUsize::new(0) }),
            tags: 1,
            events: sender,
            counters: Arc::clone(&counters),
            clock: Arc::new(PausedClock(Instant::now())),
            randomness: Arc::new(|| 0.5),
            requests: crate::channel().1,
            stop: stopped,
        };
        Bench { events, counters, stop, task: tokio::spawn(supervisor.run()) }
    }

    impl Bench {
        async fn until(&mut self, state: LinkState) -> LinkStatus {
            loop {
                let event = self.events.recv().await.expect("the link never ends by itself");
                if let What::Status(status) = event.what
                    && status.state == state
                {
                    return status;
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_connection_is_tried_again_and_again() {
        let mut bench = start(&[Line::Refuse, Line::Refuse, Line::Refuse, Line::UpUntilStopped]);
        let started = Instant::now();
        let down = bench.until(LinkState::Down).await;
        assert_eq!((down.reason.as_str(), down.quality), ("nobody there", Quality::STALE));
        let connecting = bench.until(LinkState::Connecting).await;
        assert_eq!(connecting.reason, "nobody there", "the words stay on the screen while it tries again");
        let up = bench.until(LinkState::Up).await;
        assert_eq!((up.reason.as_str(), up.quality), ("", Quality::GOOD));
        assert!(started.elapsed() < Duration::from_secs(4), "0.5 + 1 + 2 s, not {:?}", started.elapsed());
        assert_eq!(bench.counters.traffic().errors.get(&ErrorKind::Connect), Some(&3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_lost_connection() {
        let mut bench = start(&[Line::Panic, Line::UpUntilStopped]);
        let down = bench.until(LinkState::Down).await;
        assert!(down.reason.contains("fault in Andon"), "{}", down.reason);
        bench.until(LinkState::Up).await;
        assert_eq!(bench.counters.traffic().errors.get(&ErrorKind::Internal), Some(&1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_lost_within_its_time() {
        let mut bench = start(&[Line::UpThenSilent, Line::UpUntilStopped]);
        bench.until(LinkState::Up).await;
        let up = Instant::now();
        let down = bench.until(LinkState::Down).await;
        let took = up.elapsed();
        assert!(took >= Duration::from_secs(12) && took < Duration::from_secs(13), "{took:?}");
        assert_eq!(down.reason, "nothing heard for 12 s");
        bench.until(LinkState::Up).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_flapping_link_is_not_hammered_and_a_loss_keeps_its_time() {
        let mut bench = start(&[Line::UpFor(Duration::from_secs(1))]);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let down = bench.until(LinkState::Down).await;
            let connecting = bench.until(LinkState::Connecting).await;
            assert_eq!(connecting.since, down.since, "since the loss, not since the attempt");
        }
        assert!(bench.counters.traffic().connects <= 12, "{}", bench.counters.traffic().connects);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_ends_the_session_and_says_nothing_more() {
        let mut bench = start(&[Line::UpUntilStopped]);
        bench.until(LinkState::Up).await;
        bench.stop.send_replace(true);
        bench.task.await.expect("in order");
        assert!(bench.events.recv().await.is_none(), "no event after the close");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_link_closes_itself() {
        let mut bench = start(&[Line::Refuse]);
        bench.until(LinkState::Down).await;
        drop(bench.stop);
        tokio::time::timeout(Duration::from_secs(2), bench.task).await.expect("in time").expect("in order");
    }
}
