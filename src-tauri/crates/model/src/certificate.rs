//! How long a certificate is good for, and what else a gateway's settings only name.

use std::time::Duration;

use crate::{Certificate, CertificateOwner, Timestamp};

/// How a certificate stands at a time, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateStanding {
    /// Good for longer than anybody has to know.
    Good,
    /// It ends within 60 days.
    Notice,
    /// It ends within 30 days.
    Warning,
    /// It ends within 7 days.
    Ending,
    /// It begins later, or this station's clock is wrong.
    NotYetValid,
    /// It has ended, or this station's clock is wrong.
    Ended,
}

/// Something that a gateway's settings name and that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The key of the settings.
    pub key: &'static str,
    /// What is kept there.
    pub referent: Referent,
    /// Its name in the store, or the file beside the plant file.
    pub name: String,
}

/// What can be kept outside of the plant file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Referent {
    /// A user and a password, on two lines of one secret.
    Login,
    /// A secret, such as a private key.
    Secret,
    /// A file of certificates.
    Certificate,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl CertificateStanding {
    /// From so long before the end on, a standing is the next one.
    pub const NOTICE: Duration = Duration::from_secs(60 * DAY.as_secs());
    /// See [`CertificateStanding::NOTICE`].
    pub const WARNING: Duration = Duration::from_secs(30 * DAY.as_secs());
    /// See [`CertificateStanding::NOTICE`].
    pub const ENDING: Duration = Duration::from_secs(7 * DAY.as_secs());
}

impl Certificate {
    /// How it stands at a time. Both ends of its validity belong to it (RFC 5280, 4.1.2.5).
    pub fn standing(&self, now: Timestamp) -> CertificateStanding {
        let within = |before: Duration| now >= self.not_after.saturating_sub(before);
        if now > self.not_after {
            CertificateStanding::Ended
        } else if now < self.not_before {
            CertificateStanding::NotYetValid
        } else if within(CertificateStanding::ENDING) {
            CertificateStanding::Ending
        } else if within(CertificateStanding::WARNING) {
            CertificateStanding::Warning
        } else if within(CertificateStanding::NOTICE) {
            CertificateStanding::Notice
        } else {
            CertificateStanding::Good
        }
    }

    /// Whole days up to its end; negative once it has ended.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
        self.not_after.millis_since(now).div_euclid(day)
    }
}

impl CertificateOwner {
    /// Whose it is, as in "the gateway's certificate".
    pub fn words(self) -> &'static str {
        match self {
            CertificateOwner::Peer => "the gateway's",
            CertificateOwner::Own => "this station's",
            CertificateOwner::Authority => "the authority's",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_764_000_000_000);

    fn certificate(days: u64) -> Certificate {
        Certificate {
            owner: CertificateOwner::Peer,
            subject: "broker.local".into(),
            not_before: START,
            not_after: START.saturating_add(Duration::from_secs(days * DAY.as_secs())),
            fingerprint: "00".into(),
        }
    }

    #[test]
    fn a_certificate_goes_through_its_standings_one_by_one() {
        let certificate = certificate(365);
        let end = certificate.not_after;
        let ms = Duration::from_millis(1);
        let before = |duration: Duration| end.saturating_sub(duration);
        for (now, expect) in [
            (START.saturating_sub(ms), CertificateStanding::NotYetValid),
            (START, CertificateStanding::Good),
            (before(CertificateStanding::NOTICE + ms), CertificateStanding::Good),
            (before(CertificateStanding::NOTICE), CertificateStanding::Notice),
            (before(CertificateStanding::WARNING + ms), CertificateStanding::Notice),
            (before(CertificateStanding::WARNING), CertificateStanding::Warning),
            (before(CertificateStanding::ENDING + ms), CertificateStanding::Warning),
            (before(CertificateStanding::ENDING), CertificateStanding::Ending),
            (end, CertificateStanding::Ending),
            (end.saturating_add(ms), CertificateStanding::Ended),
        ] {
            assert_eq!(certificate.standing(now), expect, "{now:?}");
        }
    }

    #[test]
    fn the_days_left_are_whole_ones() {
        let certificate = certificate(10);
        assert_eq!(certificate.days_left(START), 10);
        assert_eq!(certificate.days_left(START.saturating_add(Duration::from_secs(1))), 9);
        assert_eq!(certificate.days_left(certificate.not_after.saturating_add(Duration::from_secs(1))), -1);
    }

    #[test]
    fn an_end_before_the_beginning_counts_as_ended() {
        let mut backwards = certificate(0);
        backwards.not_before = START.saturating_add(DAY);
        assert_eq!(backwards.standing(START.saturating_add(Duration::from_secs(1))), CertificateStanding::Ended);
    }
}
