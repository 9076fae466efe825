//! What a plant's gateways name outside of the plant file: whether the secrets are in a store, and whether the
//! certificates are there.

use std::collections::HashMap;

use gateway::Credentials as _;
use model::{CertificateOwner, CertificateStanding, Protocols, Reference, Referent, Timestamp};
use plant::{Plant, Problem, Recipient, Severity};

use crate::secrets::{Missing, Store};

/// A warning for everything that is missing on this station. No error: the plant may be meant for another one.
pub fn missing(plant: &Plant, protocols: &dyn Protocols, store: &Store, now: Timestamp) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut known: HashMap<String, Option<Missing>> = HashMap::new();
    for gateway in &plant.gateways {
        for Reference { key, referent, name } in protocols.references(&gateway.spec) {
            let fault = match referent {
                Referent::Login | Referent::Secret => known
                    .entry(name.clone())
                    .or_insert_with(|| store.locate(&name).err())
                    .clone()
                    .map(|Missing { words, remedy }| (words, remedy)),
                Referent::Certificate => certificate(store, &name, now),
            };
            problems.extend(fault.map(|(words, remedy)| Problem {
                file: "plant.toml".into(),
                line: gateway.line,
                severity: Severity::Warning,
                message: format!("`{key}` of the gateway `{}`: {words}", gateway.spec.id),
                remedy,
            }));
        }
    }
    for (line, place, key, referent, name) in named_by_notifications(plant) {
        let fault = match referent {
            Referent::Login | Referent::Secret => known
                .entry(name.clone())
                .or_insert_with(|| store.locate(&name).err())
                .clone()
                .map(|Missing { words, remedy }| (words, remedy)),
            Referent::Certificate => certificate(store, &name, now),
        };
        problems.extend(fault.map(|(words, remedy)| Problem {
            file: "plant.toml".into(),
            line,
            severity: Severity::Warning,
            message: format!("`{key}` of {place}: {words}"),
            remedy,
        }));
    }
    problems
}

/// What the mail server and the rules of notification name: the line, whose it is, the key, what it refers to, and the name.
fn named_by_notifications(plant: &Plant) -> Vec<(u32, String, &'static str, Referent, String)> {
    let mut named = Vec::new();
    let mut add = |line, place: &str, key, referent, name: &Option<String>| {
        named.extend(name.clone().map(|name| (line, place.to_owned(), key, referent, name)));
    };
    if let Some(mail) = &plant.mail {
        add(mail.line, "[mail]", "login", Referent::Login, &mail.login);
        add(mail.line, "[mail]", "ca", Referent::Certificate, &mail.ca);
    }
    for rule in &plant.notifications {
        let place = format!("the notification `{}`", rule.name);
        add(rule.line, &place, "sign_with", Referent::Secret, &rule.sign_with);
        add(rule.line, &place, "ca", Referent::Certificate, &rule.ca);
        for recipient in &rule.to {
            match recipient {
                Recipient::SecretWebhook(name) => {
                    add(rule.line, &place, "to", Referent::Secret, &Some(name.clone()));
                }
                Recipient::Mail(_) | Recipient::Webhook(_) => {}
            }
        }
    }
    named
}

/// What is wrong with a file of certificates, and what to do.
fn certificate(store: &Store, file: &str, now: Timestamp) -> Option<(String, String)> {
    let read = store.certificate(file).and_then(|pem| {
        gateway::certificates(&pem, CertificateOwner::Own)
            .map_err(|words| format!("the file {file} is not right: {words}"))
    });
    let certificates = match read {
        Err(words) => return Some((words, format!("put the certificate into {file} in the plant's folder"))),
        Ok(certificates) => certificates,
    };
    let worst = certificates.iter().max_by_key(|certificate| certificate.standing(now))?;
    let (subject, left) = (&worst.subject, worst.days_left(now));
    let words = match worst.standing(now) {
        CertificateStanding::Good => return None,
        CertificateStanding::Notice | CertificateStanding::Warning | CertificateStanding::Ending => {
            format!("the certificate {subject} in {file} ends in {left} days")
        }
        CertificateStanding::NotYetValid => format!("the certificate {subject} in {file} is not valid yet"),
        CertificateStanding::Ended => format!("the certificate {subject} in {file} has ended"),
    };
    Some((words, "renew it, and see whether this machine's clock is right".to_owned()))
}

#[cfg(test)]
mod tests {
    use model::{GatewaySpec, Point, Rejection};
    use plant::{Files, TagIndices};

    use super::*;

    /// A protocol that takes whatever is written, and names two things.
    struct Naming;

    impl Protocols for Naming {
        fn kinds(&self) -> Vec<&'static str> {
            vec!["naming"]
        }

        fn check_gateway(&self, _: &GatewaySpec) -> Result<(), Vec<Rejection>> {
            Ok(())
        }

        fn check_point(&self, _: &GatewaySpec, _: &Point) -> Result<(), Vec<Rejection>> {
            Ok(())
        }

        fn references(&self, _: &GatewaySpec) -> Vec<Reference> {
            let reference = |key, referent, name: &str| Reference { key, referent, name: name.to_owned() };
            vec![
                reference("login", Referent::Login, "nobody.has.this"),
                reference("ca", Referent::Certificate, "certs/ca.pem"),
            ]
        }
    }

    /// Now, and a certificate that is good for so many days from now on in the plant's folder.
    fn with_certificate(folder: &std::path::Path, days: i64) -> Timestamp {
        let now = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
        let mut parameters = rcgen::CertificateParams::new(vec!["broker".to_owned()]).expect("a name");
        parameters.not_before = now - time::Duration::days(100);
        parameters.not_after = now + time::Duration::days(days) + time::Duration::hours(1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        std::fs::create_dir_all(folder.join("certs")).expect("a folder");
        std::fs::write(folder.join("certs/ca.pem"), pem).expect("a file");
        Timestamp::from_millis(now.unix_timestamp() * 1_000)
    }

    #[test]
    fn a_certificate_that_ends_soon_is_a_warning() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let store = Store::new(folder.path().to_path_buf());
        for (days, expect) in
            [(90, None), (40, Some("ends in 40 days")), (3, Some("ends in 3 days")), (-2, Some("has ended"))]
        {
            let now = with_certificate(folder.path(), days);
            let said = certificate(&store, "certs/ca.pem", now).map(|(words, _)| words);
            match expect {
                None => assert_eq!(said, None),
                Some(expect) => assert!(said.as_ref().is_some_and(|words| words.contains(expect)), "{days}: {said:?}"),
            }
        }
        std::fs::write(folder.path().join("certs/ca.pem"), "nothing of the kind").expect("a file");
        let (words, _) = certificate(&store, "certs/ca.pem", Timestamp::default()).expect("no certificate");
        assert!(words.contains("no certificate in PEM form"), "{words}");
    }

    #[test]
    fn what_is_missing_is_a_warning_at_its_gateway() {
        let mut files = Files::new();
        files.insert("plant.toml", "[plant]\nname = \"Ulm\"\n\n[[gateways]]\nid = \"broker\"\nkind = \"naming\"\n");
        let plant = plant::read(&files, &Naming, &TagIndices::default()).plant.expect("a plant");
        let folder = tempfile::tempdir().expect("a scratch folder");
        let problems = missing(&plant, &Naming, &Store::new(folder.path().to_path_buf()), Timestamp::default());
        let [login, ca] = problems.as_slice() else { panic!("two things are missing: {problems:?}") };
        assert!(problems.iter().all(|problem| problem.line == 4 && problem.severity == Severity::Warning));
        assert!(login.message.contains("`login` of the gateway `broker`"), "{login:?}");
        // What to do depends on whether there is a keyring where this runs.
        assert!(login.remedy.contains("nobody.has.this"), "{login:?}");
        assert!(ca.message.contains("certs/ca.pem is not in the plant's folder"), "{ca:?}");
    }
}
