//! How long the certificates on the links are good for, said early enough that somebody can renew them.
//!
//! Once a minute the certificates that the links show are looked at. Whenever one comes nearer to its end, that is an
//! entry of the journal; its last days, and that it is not valid, are alarms (the plant defines them). Each is said once
//! for as long as the program runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{Certificate, CertificateStanding, Now, Timestamp, Uptime};
use plant::CertificateFault;

/// From one look to the next.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// What was last said of certificates.
#[derive(Default)]
pub(crate) struct Certificates {
    looked: Option<Uptime>,
    /// By gateway and fingerprint.
    said: HashMap<(Arc<str>, String), CertificateStanding>,
}

impl Certificates {
    /// Whether it is time to look.
    pub fn is_due(&self, now: Uptime) -> bool {
        self.looked.is_none_or(|looked| now.since(looked) >= LOOK_INTERVAL)
    }

    /// There may be others now.
    pub fn look_soon(&mut self) {
        self.looked = None;
    }

    /// Looks at the certificates of one gateway: how the worst of them stands, and what there is to say that was not said
    /// yet. `None` where there are none.
    pub fn look(
        &mut self,
        now: Now,
        gateway: &Arc<str>,
        certificates: &[Certificate],
    ) -> (Option<CertificateStanding>, Vec<String>) {
        self.looked = Some(now.uptime);
        if !certificates.is_empty() {
            // Those that were replaced would be kept for ever.
            self.said.retain(|(of, fingerprint), _| {
                of != gateway || certificates.iter().any(|certificate| certificate.fingerprint == *fingerprint)
            });
        }
        let mut news = Vec::new();
        for certificate in certificates {
            let standing = certificate.standing(now.wall);
            let said = self.said.insert((Arc::clone(gateway), certificate.fingerprint.clone()), standing);
            if said.unwrap_or(CertificateStanding::Good) != standing {
                news.push(words(certificate, standing, now.wall));
            }
        }
        (certificates.iter().map(|certificate| certificate.standing(now.wall)).max(), news)
    }
}

/// Whether each fault is there, by how the worst certificate stands.
pub(crate) fn faults(standing: CertificateStanding) -> [(CertificateFault, bool); 2] {
    let is_invalid = match standing {
        CertificateStanding::NotYetValid | CertificateStanding::Ended => true,
        CertificateStanding::Good
        | CertificateStanding::Notice
        | CertificateStanding::Warning
        | CertificateStanding::Ending => false,
    };
    [(CertificateFault::Ending, standing == CertificateStanding::Ending), (CertificateFault::Invalid, is_invalid)]
}

fn words(certificate: &Certificate, standing: CertificateStanding, now: Timestamp) -> String {
    let which = format!("{} certificate, {},", certificate.owner.words(), certificate.subject);
    let end = || {
        let left = match certificate.days_left(now) {
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        };
        format!("{which} ends {left}, on {}", day(certificate.not_after))
    };
    match standing {
        CertificateStanding::Good => {
            format!("{which} is good up to {}", day(certificate.not_after))
        }
        CertificateStanding::Notice => end(),
        CertificateStanding::Warning | CertificateStanding::Ending => format!("warning: {}", end()),
        CertificateStanding::NotYetValid => format!(
            "{which} is valid from {} on only; or this station's clock, {}, is wrong",
            day(certificate.not_before),
            day(now)
        ),
        CertificateStanding::Ended => format!(
            "{which} has ended on {}; or this station's clock, {}, is wrong",
            day(certificate.not_after),
            day(now)
        ),
    }
}

/// The day of a time, UTC as in the certificate.
fn day(time: Timestamp) -> String {
    let words = |time: jiff::Timestamp| time.strftime("%Y-%m-%d").to_string();
    jiff::Timestamp::from_millisecond(time.millis()).map_or_else(|_| "a day beyond the calendar".to_owned(), words)
}
