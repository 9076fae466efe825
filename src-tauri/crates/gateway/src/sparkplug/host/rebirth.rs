//! When a node may be asked for its births again.
//!
//! The first question goes out at once, the next ones only after waits that double: a node that does not answer, or whose
//! births do not help, is not flooded, and neither is everybody else on its network.

use std::time::Duration;

use model::Uptime;

/// The wait after the first question.
const FIRST: Duration = Duration::from_secs(30);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(600);
/// Without a question for so long, the waits begin anew.
const SETTLED: Duration = Duration::from_secs(1_200);

/// Whether a node needs to be asked, and when it may be.
#[derive(Debug, Default)]
pub(super) struct Rebirth {
    need: Option<String>,
    asked: Option<Uptime>,
    wait: Duration,
}

impl Rebirth {
    /// Its births are needed. The first reason stands until it is satisfied.
    pub(super) fn need(&mut self, reason: impl Into<String>) {
        self.need.get_or_insert_with(|| reason.into());
    }

    /// Why they are needed, if they are.
    pub(super) fn reason(&self) -> Option<&str> {
        self.need.as_deref()
    }

    /// Whether it was asked more than once and did not answer.
    pub(super) fn is_unanswered(&self) -> bool {
        self.need.is_some() && self.wait > FIRST
    }

    /// They came.
    pub(super) fn satisfied(&mut self) {
        self.need = None;
    }

    /// When it is to be asked, if it is.
    pub(super) fn due(&self) -> Option<Uptime> {
        self.need.as_ref().map(|_| self.asked.map_or(Uptime::default(), |asked| asked + self.wait))
    }

    /// It is being asked now.
    pub(super) fn asked(&mut self, now: Uptime) {
        self.wait = match self.asked {
            Some(before) if now.since(before) < SETTLED => (self.wait * 2).min(LONGEST),
            Some(_) | None => FIRST,
        };
        self.asked = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_thirty_seconds_to_ten_minutes_and_settle() {
        let mut rebirth = Rebirth::default();
        rebirth.need("a gap");
        let mut now = Uptime::from_millis(1_000);
        let mut waits = Vec::new();
        for _ in 0..7 {
            assert!(rebirth.due().is_some_and(|due| due <= now));
            rebirth.asked(now);
            let due = rebirth.due().expect("still needed");
            waits.push(due.since(now).as_secs());
            now = due;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
        rebirth.satisfied();
        assert_eq!(rebirth.due(), None);
        now = now + SETTLED;
        rebirth.need("a gap");
        rebirth.asked(now);
        assert_eq!(rebirth.due().map(|due| due.since(now)), Some(FIRST));
    }
}
