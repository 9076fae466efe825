//! Whether there is a flood of alarms now. What a flood is, is said by [`alarm::FloodWatch`]; here it gets a clock that nobody
//! sets back, and a time that people read.

use alarm::{FloodWatch, Transition};
use model::{Now, Timestamp};

use crate::Flood;

/// Watches the announcements of the whole plant.
#[derive(Default)]
pub(crate) struct Flooding {
    watch: FloodWatch,
    /// When the flood that goes on began, by the wall clock of the moment at which it was seen to.
    since: Option<Timestamp>,
    /// The last time that was told.
    told: Option<i64>,
}

impl Flooding {
    /// Takes a change of an alarm.
    pub fn take(&mut self, now: Now, transition: &Transition) {
        if transition.is_annunciation() {
            self.announce(now, uptime(now));
        }
    }

    /// Learns when there were announcements before the program began, in order.
    pub fn remember(&mut self, now: Now, announcements: impl Iterator<Item = Timestamp>) {
        for at in announcements {
            self.announce(now, uptime(now) - now.wall.millis_since(at).max(0));
        }
        self.pass(now);
    }

    /// Lets time pass. Says whether a flood has ended.
    pub fn pass(&mut self, now: Now) -> bool {
        let ended = self.watch.pass(uptime(now)).is_some();
        if ended {
            self.since = None;
        }
        ended
    }

    /// The flood that goes on.
    pub fn flood(&self) -> Option<Flood> {
        Some(Flood { since: self.since?, count: self.watch.current()?.count })
    }

    fn announce(&mut self, now: Now, at: i64) {
        let at = self.told.map_or(at, |told| told.max(at));
        self.told = Some(at);
        if self.watch.take(at).ended.is_some() {
            self.since = None;
        }
        let Some(flood) = self.watch.current() else { return };
        let ago = uptime(now) - flood.begin;
        self.since.get_or_insert(Timestamp::from_millis(now.wall.millis() - ago));
    }
}

fn uptime(now: Now) -> i64 {
    i64::try_from(now.uptime.duration().as_millis()).unwrap_or(i64::MAX / 2)
}
