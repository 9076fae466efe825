//! How long to wait before the next attempt.
//!
//! Doubling waits keep a dead gateway from being hammered, and the jitter keeps many stations from coming back in step.

use std::time::Duration;

use model::ErrorKind;

/// The wait before the second attempt, and what doubles from there.
const FIRST: Duration = Duration::from_millis(500);
/// No wait is longer, before jitter.
const LONGEST: Duration = Duration::from_secs(8);
/// A connection that held this long was a good one, and the next loss starts over.
const SETTLED: Duration = Duration::from_secs(30);
/// A refused log-in is not repeated faster, so that no account is locked by it.
const REFUSED: Duration = Duration::from_secs(30);

/// The waits between attempts: 0.5, 1, 2, 4, 8, 8, ... seconds, each moved by up to a fifth.
#[derive(Debug)]
pub(crate) struct Backoff {
    wait: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { wait: FIRST }
    }
}

impl Backoff {
    /// The wait after a connection that was up for `up_for` and was lost, or never made, for a reason of `kind`.
    /// `random` lies between 0 and 1.
    pub(crate) fn next(&mut self, up_for: Duration, kind: ErrorKind, random: f64) -> Duration {
        if up_for >= SETTLED {
            self.wait = FIRST;
        }
        let random = random.clamp(0.0, 1.0);
        let wait = match kind {
            ErrorKind::Refused => REFUSED.mul_f64(1.0 + 0.2 * random),
            ErrorKind::Connect
            | ErrorKind::Lost
            | ErrorKind::Silent
            | ErrorKind::Protocol
            | ErrorKind::Decode
            | ErrorKind::Oversize
            | ErrorKind::Internal => self.wait.mul_f64(0.8 + 0.4 * random),
        };
        self.wait = (self.wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER_UP: Duration = Duration::ZERO;

    fn waits(backoff: &mut Backoff, up_for: Duration, random: f64, count: usize) -> Vec<u128> {
        (0..count).map(|_| backoff.next(up_for, ErrorKind::Connect, random).as_millis()).collect()
    }

    #[test]
    fn waits_double_up_to_eight_seconds() {
        assert_eq!(waits(&mut Backoff::default(), NEVER_UP, 0.5, 7), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn jitter_moves_a_wait_by_a_fifth_and_no_more() {
        assert_eq!(waits(&mut Backoff::default(), NEVER_UP, 0.0, 5), [400, 800, 1600, 3200, 6400]);
        assert_eq!(waits(&mut Backoff::default(), NEVER_UP, 1.0, 5), [600, 1200, 2400, 4800, 9600]);
    }

    #[test]
    fn only_a_settled_connection_starts_over() {
        let mut backoff = Backoff::default();
        waits(&mut backoff, NEVER_UP, 0.5, 6);
        assert_eq!(waits(&mut backoff, Duration::from_secs(29), 0.5, 1), [8000], "flapping is not rewarded");
        assert_eq!(waits(&mut backoff, SETTLED, 0.5, 1), [500]);
    }

    #[test]
    fn a_refused_log_in_waits_half_a_minute() {
        let wait = Backoff::default().next(NEVER_UP, ErrorKind::Refused, 0.0);
        assert!(wait >= Duration::from_secs(30), "{wait:?}");
    }
}
