//! What a gateway's settings only name, because it does not belong into the plant file: secrets, and files of
//! certificates beside it.
//!
//! The keys mean the same in every protocol that knows them, and are declared here once: from this list come what
//! `andon check` looks up and what is said of a secret that somebody wrote into the plant file.
//!
//! **Invariant:** no message repeats what was written at such a key; it may be the secret itself.

use model::{Reference, Referent, Rejection, Settings};

use crate::credentials::{is_certificate_file, is_secret_name};

/// The keys that name something.
const KEYS: [(&str, Referent); 4] = [
    ("login", Referent::Login),
    ("key_secret", Referent::Secret),
    ("ca", Referent::Certificate),
    ("certificate", Referent::Certificate),
];

/// Words under which people write a user or a password.
const LOGIN_WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "user",
    "username",
    "user_name",
    "credentials",
    "token",
    "secret",
    "auth",
];
/// Words under which people write a private key.
const KEY_WORDS: [&str; 5] = ["key", "private_key", "client_key", "keyfile", "key_file"];

/// What settings name.
pub(crate) fn references(settings: &Settings) -> Vec<Reference> {
    let named = |(key, referent): (&'static str, Referent)| {
        let name = settings.get(key)?.as_str()?.to_owned();
        Some(Reference { key, referent, name })
    };
    KEYS.into_iter().filter_map(named).collect()
}

/// Whether what stands at a key must not be repeated.
pub(crate) fn is_private(key: &str) -> bool {
    names(key).is_some() || is_login_word(key) || KEY_WORDS.contains(&key)
}

/// What is wrong with a name at a key that the protocol knows.
pub(crate) fn check(key: &str, value: &serde_json::Value) -> Option<Rejection> {
    // What is no text was rejected when it was read.
    let name = value.as_str()?;
    let (is_right, message, remedy) = match names(key)? {
        Referent::Login => (is_secret_name(name), "is not the name of a secret", store_login()),
        Referent::Secret => (is_secret_name(name), "is not the name of a secret", store_key()),
        Referent::Certificate => (
            is_certificate_file(name),
            "is not a file beside the plant file",
            format!("put it into the plant's folder and write {key} = \"certs/FILE.pem\""),
        ),
    };
    (!is_right).then(|| Rejection { key: Some(key.to_owned()), message: format!("`{key}` {message}"), remedy })
}

/// What to say of an unknown key that holds a secret; `None` where it does not look like one. `known` are the keys that
/// the protocol has.
pub(crate) fn spelled_out(key: &str, known: &[&str]) -> Option<Rejection> {
    let (by_name, remedy) = match key {
        _ if is_login_word(key) => ("login", store_login()),
        _ if KEY_WORDS.contains(&key) => ("key_secret", store_key()),
        _ => return None,
    };
    let remedy = if known.contains(&by_name) { remedy } else { "remove it: there is no such log-in here".to_owned() };
    let message = format!("`{key}` must not be written into the plant file, which others may read");
    Some(Rejection { key: Some(key.to_owned()), message, remedy })
}

fn names(key: &str) -> Option<Referent> {
    KEYS.iter().find(|(own, _)| *own == key).map(|(_, referent)| *referent)
}

fn is_login_word(key: &str) -> bool {
    LOGIN_WORDS.contains(&key)
}

fn store_login() -> String {
    "store user and password with `andon secret set NAME --login` and write login = \"NAME\"".to_owned()
}

fn store_key() -> String {
    "store the private key with `andon secret set NAME < key.pem` and write key_secret = \"NAME\"".to_owned()
}

#[cfg(test)]
mod tests {
    use crate::form::Form;

    use super::*;

    fn settings(json: &str) -> Settings {
        serde_json::from_str(json).expect("a document")
    }

    /// Reads settings as a protocol with a log-in and a certificate would.
    fn read(json: &str) -> Vec<Rejection> {
        let settings = settings(json);
        let mut form = Form::new(&settings);
        form.text("login");
        form.text("key_secret");
        form.text("ca");
        form.finish(Some(())).err().unwrap_or_default()
    }

    #[test]
    fn what_is_named_is_listed_once() {
        let listed = references(&settings(r#"{"host":"b","login":"broker","ca":"certs/ca.pem","key_secret":7}"#));
        let words: Vec<_> = listed.iter().map(|reference| (reference.key, reference.name.as_str())).collect();
        assert_eq!(words, [("login", "broker"), ("ca", "certs/ca.pem")]);
        assert_eq!(listed[0].referent, Referent::Login);
    }

    #[test]
    fn names_are_in_order() {
        for json in [r#"{"login":"line1-broker","ca":"certs/ca.pem","key_secret":"station.key"}"#, r#"{"ca":"ca.pem"}"#]
        {
            assert_eq!(read(json), [], "{json}");
        }
    }

    #[test]
    fn a_secret_in_the_plant_file_is_refused_with_the_way_out_and_never_repeated() {
        let canary = "tr0ub4dor+3";
        for (json, remedy) in [
            (format!(r#"{{"password":"{canary}"}}"#), "andon secret set NAME --login"),
            (format!(r#"{{"username":"{canary}"}}"#), "login = \"NAME\""),
            (format!(r#"{{"token":["{canary}"]}}"#), "andon secret set NAME --login"),
            (format!(r#"{{"key":"{canary}"}}"#), "key_secret = \"NAME\""),
            (format!(r#"{{"login":"user:{canary}"}}"#), "andon secret set NAME --login"),
            (format!(r#"{{"login":{{"user":"u","password":"{canary}"}}}}"#), "login"),
            (format!(r#"{{"key_secret":"-----BEGIN PRIVATE KEY-----{canary}"}}"#), "andon secret set NAME < key.pem"),
            (format!(r#"{{"ca":"../{canary}"}}"#), "certs/FILE.pem"),
            (format!(r#"{{"ca":"/etc/{canary}"}}"#), "certs/FILE.pem"),
        ] {
            let rejections = read(&json);
            assert_eq!(rejections.len(), 1, "{json}: {rejections:?}");
            assert!(rejections[0].remedy.contains(remedy), "{json}: {rejections:?}");
            let said = format!("{rejections:?}");
            assert!(!said.contains(canary), "{json} is repeated: {said}");
        }
    }

    #[test]
    fn where_there_is_no_login_none_is_recommended() {
        let settings = settings(r#"{"password":"x"}"#);
        let rejections = Form::new(&settings).finish(Some(())).expect_err("refused");
        assert!(rejections[0].remedy.starts_with("remove it"), "{rejections:?}");
    }

    #[test]
    fn a_login_within_the_address_is_not_repeated() {
        let settings = settings(r#"{"host":"mqtt://user:tr0ub4dor@broker"}"#);
        let mut form = Form::new(&settings);
        form.host();
        let said = format!("{:?}", form.finish(Some(())).expect_err("no host"));
        assert!(!said.contains("tr0ub4dor") && said.contains("host"), "{said}");
    }
}
