//! Reading a protocol's settings and addresses, with everything that is wrong said at once.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use model::{Rejection, Settings};

use crate::references;

/// A document being read. Keys that were not asked for are rejected at the end.
pub(crate) struct Form<'a> {
    settings: &'a Settings,
    known: Vec<&'static str>,
    rejections: Vec<Rejection>,
}

impl<'a> Form<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, known: Vec::new(), rejections: Vec::new() }
    }

    fn get(&mut self, key: &'static str) -> Option<&'a serde_json::Value> {
        self.known.push(key);
        self.settings.get(key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    /// Notes what is wrong with a key.
    pub(crate) fn reject(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.rejections.push(Rejection { key: Some(key.to_owned()), message: message.into(), remedy: remedy.into() });
    }

    /// A text that may be missing.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.get(key)?;
        let text = value.as_str();
        if text.is_none() {
            let shown = if references::is_private(key) { String::new() } else { format!(": {value}") };
            self.reject(key, format!("`{key}` is not a text{shown}"), format!("write {key} = \"...\""));
        }
        text
    }

    /// A list or a table as it was written.
    pub(crate) fn document(&mut self, key: &'static str) -> Option<&'a serde_json::Value> {
        self.get(key)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, key: &'static str, example: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.known.push(key);
            self.reject(key, format!("`{key}` is missing"), format!("write for example {key} = \"{example}\""));
            return None;
        }
        self.text(key)
    }

    /// Yes or no, where it may be missing.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.reject(key, format!("`{key}` is neither true nor false: {value}"), format!("write {key} = true"));
        }
        flag
    }

    /// Two different numbers, where they may be missing.
    pub(crate) fn pair(&mut self, key: &'static str) -> Option<(f64, f64)> {
        let value = self.get(key)?;
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|items| items.iter().map(serde_json::Value::as_f64).collect());
        match numbers.as_deref() {
            Some([first, second]) if first != second => Some((*first, *second)),
            Some(_) | None => {
                let message = format!("`{key}` are not two different numbers: {value}");
                self.reject(key, message, format!("write for example {key} = [0, 100]"));
                None
            }
        }
    }

    /// A table of texts, where it may be missing.
    pub(crate) fn words(&mut self, key: &'static str) -> Option<Vec<(&'a str, &'a str)>> {
        let value = self.get(key)?;
        let words = value.as_object().and_then(|table| {
            table.iter().map(|(name, word)| word.as_str().map(|word| (name.as_str(), word))).collect()
        });
        if words.is_none() {
            let message = format!("`{key}` is not a table of texts: {value}");
            self.reject(key, message, format!("write for example {key} = {{ \"0\" = \"Stopped\" }}"));
        }
        words
    }

    /// A number or a text as a text, where it may be missing.
    pub(crate) fn number_or_text(&mut self, key: &'static str) -> Option<String> {
        let value = self.get(key)?;
        match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => {
                self.reject(key, format!("`{key}` is neither a number nor a text: {value}"), "correct it");
                None
            }
        }
    }

    /// An integer that may be missing; one out of range counts as missing, after its rejection.
    pub(crate) fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.get(key)?;
        let number = value.as_i64().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.reject(
                key,
                format!("`{key}` is not an integer from {low} to {high}: {value}"),
                format!("write for example {key} = {low}"),
            );
        }
        number
    }

    /// A list of texts; may be missing.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let texts = |list: &Vec<serde_json::Value>| list.iter().map(|text| text.as_str().map(str::to_owned)).collect();
        let texts: Option<Vec<String>> = value.as_array().and_then(texts);
        if texts.is_none() {
            self.reject(key, format!("`{key}` is not a list of texts: {value}"), format!("write {key} = [\"...\"]"));
        }
        texts
    }

    /// One of a few words; a missing or a wrong one is `None`, the wrong one after its rejection.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let mut list = String::new();
            for (n, (word, _)) in words.iter().enumerate() {
                let _infallible = write!(list, "{}\"{word}\"", if n == 0 { "" } else { ", " });
            }
            self.reject(key, format!("`{key}` cannot be \"{text}\""), format!("write one of {list}"));
        }
        chosen
    }

    /// A host name or an address, without a scheme and without a port.
    pub(crate) fn host(&mut self) -> Option<String> {
        let host = self.required_text("host", "192.168.0.10")?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_address = bare.parse::<std::net::IpAddr>().is_ok();
        let is_name = !bare.is_empty()
            && bare.len() <= 253
            && bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if is_address || is_name {
            return Some(bare.to_owned());
        }
        // Before an @ there may be a password.
        let shown = if host.contains('@') { String::new() } else { format!(": \"{}\"", host.escape_debug()) };
        self.reject(
            "host",
            format!("`host` is not a host name or an address{shown}"),
            "write the name or the address alone, without mqtt:// and without a port",
        );
        None
    }

    /// A TCP port, or the protocol's own.
    pub(crate) fn port(&mut self, standard: u16) -> Option<u16> {
        if !self.has("port") {
            self.known.push("port");
            return Some(standard);
        }
        self.integer("port", 1..=65_535).and_then(|port| u16::try_from(port).ok())
    }

    /// What was read, unless anything was rejected. `read` is `None` only where something was.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, Vec<Rejection>> {
        for (key, value) in self.settings {
            if self.known.contains(&key.as_str()) {
                self.rejections.extend(references::check(key, value));
            } else {
                let unknown = || Rejection {
                    key: Some(key.clone()),
                    message: format!("`{key}` is not known here"),
                    remedy: format!("remove it, or write one of: {}", self.known.join(", ")),
                };
                self.rejections.push(references::spelled_out(key, &self.known).unwrap_or_else(unknown));
            }
        }
        match read {
            Some(read) if self.rejections.is_empty() => Ok(read),
            Some(_) | None => Err(self.rejections),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_said_at_once() {
        let settings: Settings =
            serde_json::from_str(r#"{"host":"mqtt://broker:1883","port":70000,"hots":1}"#).expect("a document");
        let mut form = Form::new(&settings);
        let host = form.host();
        let port = form.port(1883);
        let rejections = form.finish(host.zip(port)).expect_err("three things are wrong");
        let keys: Vec<_> = rejections.iter().filter_map(|r| r.key.as_deref()).collect();
        assert_eq!(keys, ["host", "port", "hots"]);
        assert!(rejections.iter().all(|r| !r.message.is_empty() && !r.remedy.is_empty()));
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for (text, accepted) in [
            ("broker.plant.local", true),
            ("192.168.0.1", true),
            ("[::1]", true),
            ("fe80::1", true),
            ("", false),
            ("a b", false),
            ("tcp://x", false),
            ("x:1883", false),
        ] {
            let settings: Settings = [("host".to_owned(), text.into())].into_iter().collect();
            assert_eq!(Form::new(&settings).host().is_some(), accepted, "{text}");
        }
    }
}
