//! What the plant file says of a broker.

use std::sync::Arc;

use model::{ErrorKind, Rejection, Settings};

use super::client::{Acknowledging, Dial, Keeping, Login, Options, Qos, Version, Wrapping};
use super::template;
use crate::Credentials;
use crate::attempt::Lost;
use crate::form::Form;
use crate::tls::Tls;

/// The standard ports: TCP, TLS, and of the two kinds of web servers.
const PORT: u16 = 1883;
const PORT_TLS: u16 = 8883;
const PORT_WEB: u16 = 80;
const PORT_WEB_TLS: u16 = 443;
const MEBIBYTE: usize = 1_048_576;
const DAY_S: u32 = 86_400;
/// So long a broker of MQTT 5 keeps the session of a station that is away.
const KEPT_DAYS: u32 = 7;

/// How a broker is reached, and who this station is to it. The same for every protocol that travels over one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Broker {
    pub(crate) version: Version,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) wrapping: Wrapping,
    /// The secret with user and password.
    pub(crate) login: Option<String>,
    /// As configured; without one, each start makes its own.
    pub(crate) client_id: Option<String>,
    pub(crate) keep_alive_s: u16,
    /// Larger messages are left unread.
    pub(crate) max_packet_bytes: usize,
}

/// How the topics of a broker's tags are subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscribing {
    pub(super) qos: Qos,
    pub(super) keeping: Keeping,
}

impl Broker {
    /// Reads a broker with the subscriptions of its tags.
    pub(super) fn read(settings: &Settings) -> Result<(Broker, Subscribing), Vec<Rejection>> {
        let mut form = Form::new(settings);
        let broker = Broker::part(&mut form);
        let subscribing = Subscribing::part(&mut form);
        template::check(&mut form);
        form.finish(broker.zip(subscribing))
    }

    /// Reads what every protocol over a broker has in common; `None` only after a rejection.
    pub(crate) fn part(form: &mut Form<'_>) -> Option<Broker> {
        let version = form.choice("version", &[("3.1.1", Version::V3), ("5", Version::V5)]).unwrap_or(Version::V3);
        let host = form.host();
        let tls = Tls::read(form);
        let websocket = websocket(form);
        let port = form.port(match (&tls, &websocket) {
            (None, None) => PORT,
            (Some(_), None) => PORT_TLS,
            (None, Some(_)) => PORT_WEB,
            (Some(_), Some(_)) => PORT_WEB_TLS,
        });
        let login = form.text("login").map(str::to_owned);
        let client_id = form.text("client_id").map(str::to_owned);
        if let Some(id) = &client_id
            && (id.is_empty() || id.len() > 128 || id.chars().any(char::is_control))
        {
            form.reject(
                "client_id",
                "a client id has 1 to 128 characters, none of them a control character",
                "shorten it, or leave it out: then each station makes its own",
            );
        }
        let keep_alive_s = form.integer("keep_alive_s", 1..=60).unwrap_or(5);
        let max_packet_bytes = form.integer("max_packet_bytes", 1_024..=16_777_216);
        host.zip(port).map(|(host, port)| Broker {
            version,
            host,
            port,
            wrapping: Wrapping { tls, websocket },
            login,
            client_id,
            keep_alive_s: u16::try_from(keep_alive_s).unwrap_or(5),
            max_packet_bytes: max_packet_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(MEBIBYTE),
        })
    }

    /// The way to it.
    pub(crate) fn dial(&self, credentials: Arc<dyn Credentials>) -> Dial {
        Dial::new(self.host.clone(), self.port, self.wrapping.clone(), credentials)
    }

    /// Looks the user and the password up.
    pub(crate) async fn log_in(&self, credentials: &Arc<dyn Credentials>) -> Result<Option<Login>, Lost> {
        let Some(name) = self.login.clone() else { return Ok(None) };
        let credentials = Arc::clone(credentials);
        // A store of secrets may take its time, which others need not share.
        let looked_up = tokio::task::spawn_blocking(move || login(&*credentials, &name)).await;
        match looked_up {
            Ok(Ok(login)) => Ok(Some(login)),
            Ok(Err(words)) => Err(Lost::new(ErrorKind::Refused, words)),
            Err(error) => Err(Lost::new(ErrorKind::Internal, format!("the log-in could not be looked up: {error}"))),
        }
    }

    /// A connection of which the broker keeps nothing, without a will. `filters` is how many will be subscribed.
    pub(crate) fn options(&self, client_id: String, login: Option<Login>, filters: usize) -> Options {
        Options {
            version: self.version,
            client_id,
            login,
            keep_alive_s: self.keep_alive_s,
            max_packet_bytes: self.max_packet_bytes,
            keeping: Keeping::Nothing,
            acknowledging: Acknowledging::AtOnce,
            will: None,
            filters,
        }
    }

    /// How it is spoken to, in words.
    pub(crate) fn words(&self) -> String {
        let version = match self.version {
            Version::V3 => "MQTT 3.1.1",
            Version::V5 => "MQTT 5",
        };
        let below = match (&self.wrapping.tls, &self.wrapping.websocket) {
            (None, None) => "TCP",
            (Some(_), None) => "TLS",
            (None, Some(_)) => "a WebSocket",
            (Some(_), Some(_)) => "a WebSocket with TLS",
        };
        format!("{version} over {below}")
    }
}

impl Subscribing {
    fn part(form: &mut Form<'_>) -> Option<Subscribing> {
        let qos = form.integer("qos", 0..=1);
        let keeps = form.choice("session", &[("clean", false), ("persistent", true)]).unwrap_or(false);
        let days = form.integer("session_days", 1..=365);
        if !keeps {
            if form.has("session_days") {
                form.reject("session_days", "`session_days` without a session", "write session = \"persistent\"");
            }
            let qos = if qos == Some(0) { Qos::AtMostOnce } else { Qos::AtLeastOnce };
            return Some(Subscribing { qos, keeping: Keeping::Nothing });
        }
        if !form.has("client_id") {
            let remedy = "write client_id = \"...\", a name that no other client of the broker has";
            form.reject("session", "a persistent session needs a client id that stays the same", remedy);
        }
        if qos == Some(0) {
            form.reject("qos", "a broker keeps only messages of qos = 1", "remove `qos`, or write session = \"clean\"");
        }
        let days = days.and_then(|days| u32::try_from(days).ok()).unwrap_or(KEPT_DAYS);
        Some(Subscribing { qos: Qos::AtLeastOnce, keeping: Keeping::Session { for_s: days * DAY_S } })
    }
}

/// The path of the WebSocket, where that is the transport.
fn websocket(form: &mut Form<'_>) -> Option<String> {
    let is_websocket = form.choice("transport", &[("tcp", false), ("websocket", true)]).unwrap_or(false);
    let path = form.text("path").map(str::to_owned);
    if !is_websocket {
        if path.is_some() {
            form.reject("path", "`path` without a WebSocket", "write transport = \"websocket\", or remove it");
        }
        return None;
    }
    let path = path.unwrap_or_else(|| "/mqtt".to_owned());
    let is_path = path.starts_with('/') && path.len() <= 1_024 && path.chars().all(|c| c.is_ascii_graphic());
    if !is_path {
        let message = format!("`path` is not a path on a web server: \"{}\"", path.escape_debug());
        form.reject("path", message, "write for example path = \"/mqtt\"");
    }
    Some(path)
}

/// A user and a password: two lines of one secret. The second may be empty, or missing.
fn login(credentials: &dyn Credentials, name: &str) -> Result<Login, String> {
    let secret = credentials.secret(name)?;
    let text = secret.reveal();
    let (user, password) = text.split_once('\n').unwrap_or((text, ""));
    let user = user.trim_end_matches('\r');
    let password = password.strip_suffix('\n').unwrap_or(password).trim_end_matches('\r');
    if user.is_empty() {
        return Err(format!(
            "the secret \"{name}\" holds no user: the first line is the user, the second the password"
        ));
    }
    Ok(Login { user: user.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn read(text: &str) -> Result<(Broker, Subscribing), Vec<String>> {
        let settings: Settings = serde_json::from_str(text).expect("a document");
        Broker::read(&settings)
            .map_err(|rejections| rejections.into_iter().filter_map(|rejection| rejection.key).collect())
    }

    #[test]
    fn a_broker_needs_a_host_and_has_defaults() {
        let (broker, subscribing) = read(r#"{"host":"broker"}"#).expect("enough");
        assert_eq!((broker.port, broker.keep_alive_s, broker.max_packet_bytes), (1883, 5, 1_048_576));
        assert_eq!((broker.version, broker.words().as_str()), (Version::V3, "MQTT 3.1.1 over TCP"));
        assert_eq!(subscribing, Subscribing { qos: Qos::AtLeastOnce, keeping: Keeping::Nothing });
        assert_eq!(read(r"{}"), Err(vec!["host".to_owned()]));
        assert!(read(r#"{"host":"b","tags":{"topic":"{path}/{tag}"}}"#).is_ok());
        assert_eq!(read(r#"{"host":"b","tags":{"topic":"{path}/{name}"}}"#), Err(vec!["tags".to_owned()]));
        assert_eq!(read(r#"{"host":"b","keep_alive_s":0}"#), Err(vec!["keep_alive_s".to_owned()]));
        assert_eq!(read(r#"{"host":"b","client_id":""}"#), Err(vec!["client_id".to_owned()]));
        assert_eq!(read(r#"{"host":"b","password":"x"}"#), Err(vec!["password".to_owned()]), "never ignored");
    }

    #[test]
    fn each_way_to_a_broker_has_its_port() {
        for (more, port, words) in [
            (r#""version":"5""#, 1883, "MQTT 5 over TCP"),
            (r#""tls":true"#, 8883, "MQTT 3.1.1 over TLS"),
            (r#""transport":"websocket""#, 80, "MQTT 3.1.1 over a WebSocket"),
            (r#""transport":"websocket","path":"/ws","tls":true"#, 443, "MQTT 3.1.1 over a WebSocket with TLS"),
        ] {
            let (broker, _) = read(&format!(r#"{{"host":"b",{more}}}"#)).expect("enough");
            assert_eq!((broker.port, broker.words().as_str()), (port, words), "{more}");
        }
    }

    #[test]
    fn a_session_is_kept_only_for_a_station_that_can_be_known_again() {
        let (_, kept) = read(r#"{"host":"b","client_id":"x","session":"persistent"}"#).expect("enough");
        assert_eq!(kept.keeping, Keeping::Session { for_s: 7 * 86_400 });
        for (more, key) in [
            (r#""session":"persistent""#, "session"),
            (r#""session":"persistent","client_id":"x","qos":0"#, "qos"),
            (r#""session_days":3"#, "session_days"),
            (r#""path":"/mqtt""#, "path"),
            (r#""transport":"websocket","path":"mqtt""#, "path"),
            (r#""ca":"certs/ca.pem""#, "ca"),
            (r#""tls":true,"certificate":"certs/a.pem""#, "certificate"),
            (r#""tls":true,"fingerprint":"12:34""#, "fingerprint"),
            (r#""version":"4""#, "version"),
        ] {
            assert_eq!(read(&format!(r#"{{"host":"b",{more}}}"#)), Err(vec![key.to_owned()]), "{more}");
        }
    }

    struct Store(&'static str);

    impl Credentials for Store {
        fn secret(&self, _name: &str) -> Result<Secret, String> {
            Ok(Secret::new(self.0))
        }

        fn certificate(&self, file: &str) -> Result<Vec<u8>, String> {
            Err(format!("no {file}"))
        }
    }

    #[test]
    fn a_log_in_is_two_lines_of_one_secret() {
        for (text, expected) in [
            ("hmi\npass word", Some(("hmi", "pass word"))),
            ("hmi\r\npw\r\n", Some(("hmi", "pw"))),
            ("hmi", Some(("hmi", ""))),
            ("hmi\n", Some(("hmi", ""))),
            ("\npw", None),
            ("", None),
        ] {
            let read = login(&Store(text), "broker").ok();
            let read = read.as_ref().map(|login| (login.user.as_str(), login.password.as_str()));
            assert_eq!(read, expected, "{text:?}");
        }
    }
}
