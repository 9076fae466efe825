//! Whether another station uses this station's client id.
//!
//! A broker admits one connection of a client id and closes the older one. Two stations with the same one so close each
//! other's connections for as long as both try. MQTT 5 says so; before, it shows in the pattern: the broker closes
//! connection after connection soon after it was made, and is there all the time.

use std::time::Duration;

use model::ErrorKind;

use crate::attempt::Lost;

/// A connection that the broker closes so soon may have been taken over.
const SOON: Duration = Duration::from_secs(2);
/// One that held for longer was not taken over by a station that tries again and again: those wait less.
const HELD: Duration = Duration::from_secs(10);
/// So many in a row are a fight. Fewer may be a broker that is restarted while somebody works on it, and then waiting would
/// keep the station away for longer than the broker.
const FIGHT: u32 = 3;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Connections in a row that the broker closed before they had held.
    closed: u32,
}

impl Suspicion {
    /// Says more of the loss of a connection that was up for so long, if at all. What looks like a fight for the client id
    /// is not repeated as fast as other attempts.
    pub(super) fn judge(&mut self, lost: Lost, up_for: Option<Duration>, client_id: &str) -> Lost {
        let up_for = match (lost.kind, up_for) {
            (ErrorKind::Lost, Some(up_for)) if up_for < HELD => up_for,
            // Not admitted yet: a broker behind something else, that may come or not.
            (ErrorKind::Lost, None) => return lost,
            _ => {
                self.closed = 0;
                return lost;
            }
        };
        self.closed += 1;
        let perhaps = format!("perhaps another station uses the client id \"{client_id}\"");
        match self.closed {
            ..FIGHT if up_for > SOON => lost,
            ..FIGHT => Lost::new(lost.kind, format!("{} right after it was made; {perhaps}", lost.words)),
            times => Lost::new(
                ErrorKind::Refused,
                format!("{}, the {times}. time in a row soon after it was made; {perhaps}", lost.words),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(suspicion: &mut Suspicion, up_for_s: u64) -> Lost {
        let lost = Lost::new(ErrorKind::Lost, "the broker closed the connection");
        suspicion.judge(lost, Some(Duration::from_secs(up_for_s)), "line1")
    }

    #[test]
    fn a_fight_for_a_client_id_is_named_and_slowed_down() {
        let mut suspicion = Suspicion::default();
        assert_eq!(closed(&mut suspicion, 40).words, "the broker closed the connection");
        let first = closed(&mut suspicion, 0);
        assert_eq!(first.kind, ErrorKind::Lost);
        assert!(first.words.contains("another station uses the client id \"line1\""), "{first}");
        let second = closed(&mut suspicion, 5);
        assert_eq!(second.kind, ErrorKind::Lost, "a broker may be restarted twice");
        let third = closed(&mut suspicion, 5);
        assert_eq!(third.kind, ErrorKind::Refused, "such are repeated after half a minute");
        assert!(third.words.contains("the 3. time in a row"), "{third}");
        assert_eq!(closed(&mut suspicion, 11).kind, ErrorKind::Lost, "it held");
    }

    #[test]
    fn a_broker_that_comes_and_goes_is_not_suspected() {
        let mut suspicion = Suspicion::default();
        for _ in 0..10 {
            assert_eq!(closed(&mut suspicion, 3).kind, ErrorKind::Lost);
            let nobody = Lost::new(ErrorKind::Connect, "nothing listens there");
            assert_eq!(suspicion.judge(nobody.clone(), None, "line1"), nobody);
        }
    }
}
