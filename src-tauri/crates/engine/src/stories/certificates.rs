//! How a certificate comes to its end: said in the journal while there is time, an alarm in its last days, and gone with
//! the next certificate.

use super::*;

use model::{Certificate, CertificateOwner, LinkDetail};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The plant of the stories, with a broker that shows a certificate.
fn with_tls() -> String {
    PLANT.replacen("kind = \"memory\"", "kind = \"memory\"\nname = \"Broker\"\ntls = true", 1)
}

fn begin() -> Story {
    let mut story = Story::begin();
    story.reload(&with_tls());
    story.up("broker");
    story.said();
    story
}

/// A certificate that is good for so many days from now on.
fn certificate(story: &Story, fingerprint: &str, days: u32) -> Certificate {
    Certificate {
        owner: CertificateOwner::Peer,
        subject: "broker.local".into(),
        not_before: story.now.wall.saturating_sub(300 * DAY),
        not_after: story.now.wall.saturating_add(days * DAY + Duration::from_secs(1)),
        fingerprint: fingerprint.into(),
    }
}

impl Story {
    /// The broker's link shows these certificates from now on.
    fn show(&mut self, certificates: Vec<Certificate>) {
        let counters = Arc::clone(&self.memory.counters.lock().expect("one thread")["broker"]);
        counters.tell(LinkDetail { certificates, ..LinkDetail::default() });
    }

    /// Lets days pass in one step, and a minute, so that the certificates are looked at.
    fn days(&mut self, days: u32) {
        self.now.uptime = self.now.uptime + days * DAY;
        self.now.wall = self.now.wall.saturating_add(days * DAY);
        self.pass(61);
    }

    /// What was said in the journal beside alarms since the last call.
    fn said(&mut self) -> Vec<String> {
        let entries = std::mem::take(&mut self.effects.entries);
        let words = |entry| match entry {
            Entry::System(system) => Some(system.message),
            Entry::Alarm(_) | Entry::Remark(_) | Entry::Action(_) => None,
        };
        entries.into_iter().filter_map(words).collect()
    }

    fn raised(&mut self) -> Vec<String> {
        let snapshot = self.snapshot();
        let present = snapshot.alarms.alarms.iter().filter(|active| active.state.is_present());
        present.map(|active| active.occurrence.alarm.to_string()).collect()
    }
}

#[test]
fn a_plant_without_certificates_has_no_alarm_for_them() {
    let count = |text: &str| read(text, &TagIndices::default()).alarms.len();
    assert_eq!(count(&with_tls()), count(PLANT) + 2);
    let ids: Vec<String> =
        read(PLANT, &TagIndices::default()).alarms.iter().map(|alarm| alarm.id.to_string()).collect();
    assert!(ids.iter().all(|id| !id.contains("certificate")), "{ids:?}");
}

#[test]
fn a_certificate_is_told_of_at_sixty_and_thirty_days_and_raises_its_alarm_at_seven() {
    let mut story = begin();
    let first = certificate(&story, "a", 90);
    story.show(vec![first.clone()]);
    story.days(0);
    assert_eq!(story.said(), Vec::<String>::new(), "ninety days are time enough");

    story.days(31);
    let said = story.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("Broker: the gateway's certificate, broker.local, ends in 58 days, on 2026-"),
        "{said:?}"
    );
    story.days(10);
    assert_eq!(story.said(), Vec::<String>::new(), "once");

    story.days(20);
    let said = story.said();
    assert!(said.len() == 1 && said[0].contains("warning: ") && said[0].contains("ends in 28 days"), "{said:?}");
    assert_eq!(story.raised(), Vec::<String>::new());

    story.days(23);
    assert_eq!(story.raised(), ["gateway/broker/certificate"]);
    assert_eq!(story.said().len(), 1);

    story.days(6);
    assert_eq!(story.raised(), ["gateway/broker/certificate-invalid"], "one alarm for one thing");
    let said = story.said();
    assert!(said.len() == 1 && said[0].contains("has ended on") && said[0].contains("clock"), "{said:?}");

    let renewed = certificate(&story, "b", 365);
    story.show(vec![renewed]);
    story.days(0);
    assert_eq!(story.alarms(), [], "renewed, and nobody has to acknowledge that");
}

#[test]
fn the_worst_of_several_certificates_counts() {
    let mut story = begin();
    let (fine, old) = (certificate(&story, "a", 365), certificate(&story, "b", 5));
    let authority = Certificate { owner: CertificateOwner::Authority, ..old };
    story.show(vec![fine.clone(), authority]);
    story.days(0);
    assert_eq!(story.raised(), ["gateway/broker/certificate"]);
    assert!(story.said()[0].contains("the authority's certificate"));
    // The next connection shows others, and is looked at without waiting for the minute.
    story.show(vec![fine]);
    story.up("broker");
    story.pass(1);
    assert_eq!(story.raised(), Vec::<String>::new());
}

#[test]
fn a_certificate_that_begins_later_may_mean_a_wrong_clock() {
    let mut story = begin();
    let later = Certificate { not_before: story.now.wall.saturating_add(DAY), ..certificate(&story, "a", 365) };
    story.show(vec![later]);
    story.days(0);
    assert_eq!(story.raised(), ["gateway/broker/certificate-invalid"]);
    let said = story.said();
    assert!(said[0].contains("is valid from") && said[0].contains("this station's clock"), "{said:?}");
    // The clock is set right.
    story.now.wall = story.now.wall.saturating_add(2 * DAY);
    story.days(0);
    assert_eq!(story.raised(), Vec::<String>::new());
    assert!(story.said()[0].contains("is good up to"));
}

#[test]
fn of_a_link_that_shows_no_certificate_nothing_is_concluded() {
    let mut story = begin();
    story.show(vec![certificate(&story, "a", 3)]);
    story.days(0);
    assert_eq!(story.raised(), ["gateway/broker/certificate"]);
    story.down("broker");
    story.show(Vec::new());
    story.days(1);
    assert_eq!(story.raised(), ["gateway/broker/connection", "gateway/broker/certificate"]);
}
