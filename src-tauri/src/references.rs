//! What a plant's gateways name outside of the plant file: whether the secrets are in a store, and whether the
//! certificates are there.

use std::collections::HashMap;

use gateway::Credentials as _;
use model::{Protocols, Reference, Referent, Timestamp};
use plant::{Plant, Problem, Severity};

use crate::secrets::Store;

/// A warning for everything that is missing on this station. No error: the plant may be meant for another one.
pub fn missing(plant: &Plant, protocols: &dyn Protocols, store: &Store, now: Timestamp) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut known: HashMap<String, Option<String>> = HashMap::new();
    for gateway in &plant.gateways {
        for Reference { key, referent, name } in protocols.references(&gateway.spec) {
            let fault = match referent {
                Referent::Login | Referent::Secret => {
                    known.entry(name.clone()).or_insert_with(|| store.locate(&name).err()).clone().map(|words| {
                        let set = if referent == Referent::Login { " --login" } else { "" };
                        (words, format!("on the station that runs this plant: `andon secret set {name}{set}`"))
                    })
                }
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
    problems
}

/// What is wrong with a file of certificates, and what to do.
fn certificate(store: &Store, file: &str, _now: Timestamp) -> Option<(String, String)> {
    let words = store.certificate(file).err()?;
    Some((words, format!("put the certificate into {file} in the plant's folder")))
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
        assert!(login.remedy.contains("andon secret set nobody.has.this --login"), "{login:?}");
        assert!(ca.message.contains("certs/ca.pem is not in the plant's folder"), "{ca:?}");
    }
}
