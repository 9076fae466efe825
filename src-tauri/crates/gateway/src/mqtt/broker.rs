//! What the plant file says of a broker.

use model::{Rejection, Settings};

use super::template;
use crate::form::Form;

/// The standard port without TLS.
const PORT: u16 = 1883;
const MEBIBYTE: usize = 1_048_576;

/// A broker's settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broker {
    pub(super) host: String,
    pub(super) port: u16,
    /// As configured; without one, each start makes its own.
    pub(super) client_id: Option<String>,
    pub(super) keep_alive_s: u16,
    /// Larger messages are left unread.
    pub(super) max_packet_bytes: usize,
}

impl Broker {
    pub(super) fn read(settings: &Settings) -> Result<Broker, Vec<Rejection>> {
        let mut form = Form::new(settings);
        let host = form.host();
        let port = form.port(PORT);
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
        template::check(&mut form);
        let read = host.zip(port).map(|(host, port)| Broker {
            host,
            port,
            client_id,
            keep_alive_s: u16::try_from(keep_alive_s).unwrap_or(5),
            max_packet_bytes: max_packet_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(MEBIBYTE),
        });
        form.finish(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_needs_a_host_and_has_defaults() {
        let read = |text: &str| Broker::read(&serde_json::from_str(text).expect("a document"));
        let broker = read(r#"{"host":"broker"}"#).expect("enough");
        assert_eq!((broker.port, broker.keep_alive_s, broker.max_packet_bytes), (1883, 5, 1_048_576));
        assert!(read(r"{}").is_err());
        assert!(read(r#"{"host":"b","tags":{"topic":"{path}/{tag}"}}"#).is_ok());
        assert!(read(r#"{"host":"b","tags":{"topic":"{path}/{name}"}}"#).is_err());
        assert!(read(r#"{"host":"b","keep_alive_s":0}"#).is_err());
        assert!(read(r#"{"host":"b","client_id":""}"#).is_err());
        assert!(read(r#"{"host":"b","password":"x"}"#).is_err(), "unknown keys are never ignored");
    }
}
