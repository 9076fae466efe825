//! Who is let in: a token made at each start, carried in a cookie, from our own page only.
//!
//! Loopback alone is no protection: any page in the same browser can send requests to it, and a name that resolves to
//! 127.0.0.1 makes the browser believe it is that page's own server. Hence three checks: the Host header names this
//! listener, the Origin (where the browser sends one) is our own, and the token is right.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};

/// 128 random bits as text. Its `Debug` does not show them.
#[derive(Clone)]
pub struct Token(String);

/// The checks for one listener.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    token: Token,
    cookie: String,
    hosts: [String; 2],
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was meant for another name.
    WrongHost,
    /// It comes from another page.
    WrongOrigin,
    /// It has no token, or another one.
    NoToken,
}

impl Token {
    pub(crate) fn random() -> Result<Self, std::io::Error> {
        let mut bits = [0u8; 16];
        let filled = rustix::rand::getrandom(&mut bits, rustix::rand::GetRandomFlags::empty())?;
        if filled != bits.len() {
            return Err(std::io::Error::other("the system gave too few random bytes"));
        }
        let mut text = String::with_capacity(32);
        for byte in bits {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        }
        Ok(Self(text))
    }

    /// The token as it stands in the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not tell how much was right.
    pub(crate) fn matches(&self, given: &str) -> bool {
        let differences = self.0.bytes().zip(given.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b));
        given.len() == self.0.len() && differences == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Guard {
    pub(crate) fn new(port: u16, token: Token) -> Self {
        Self {
            token,
            cookie: format!("andon_{port}"),
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        }
    }

    /// Checks everything but the token.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, header::HOST).ok_or(Refusal::WrongHost)?;
        if !self.hosts.iter().any(|own| own == host) {
            return Err(Refusal::WrongHost);
        }
        match headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
            None => Ok(()),
            Some(origin) if origin.strip_prefix("http://") == Some(host) => Ok(()),
            Some(_) => Err(Refusal::WrongOrigin),
        }
    }

    /// Checks everything.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.check_origin(headers)?;
        let cookies = text(headers, header::COOKIE).unwrap_or_default();
        let given = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == self.cookie);
        match given {
            Some((_, token)) if self.token.matches(token) => Ok(()),
            Some(_) | None => Err(Refusal::NoToken),
        }
    }

    /// The cookie that lets a browser in, if the token in the address is right.
    pub(crate) fn admit(&self, given: &str) -> Option<String> {
        let right = self.token.matches(given);
        right.then(|| format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie, self.token.as_str()))
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &str)], expect: Result<(), Refusal>) {
        let guard = Guard::new(4711, Token("0123456789abcdef0123456789abcdef".into()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header value"));
        }
        assert_eq!(guard.check(&map), expect, "{headers:?}");
    }

    #[test]
    fn only_our_own_page_with_the_token_is_let_in() {
        let cookie = ("cookie", "other=1; andon_4711=0123456789abcdef0123456789abcdef");
        check(&[("host", "127.0.0.1:4711"), cookie], Ok(()));
        check(&[("host", "localhost:4711"), cookie, ("origin", "http://localhost:4711")], Ok(()));
        check(&[cookie], Err(Refusal::WrongHost));
        check(&[("host", "evil.example:4711"), cookie], Err(Refusal::WrongHost));
        check(&[("host", "127.0.0.1:4711"), cookie, ("origin", "http://127.0.0.1:9999")], Err(Refusal::WrongOrigin));
        check(&[("host", "127.0.0.1:4711"), cookie, ("origin", "null")], Err(Refusal::WrongOrigin));
        check(&[("host", "127.0.0.1:4711")], Err(Refusal::NoToken));
        check(&[("host", "127.0.0.1:4711"), ("cookie", "andon_4711=")], Err(Refusal::NoToken));
        check(
            &[("host", "127.0.0.1:4711"), ("cookie", "andon_4711=0123456789abcdef0123456789abcdee")],
            Err(Refusal::NoToken),
        );
        check(
            &[("host", "127.0.0.1:4711"), ("cookie", "andon_4712=0123456789abcdef0123456789abcdef")],
            Err(Refusal::NoToken),
        );
    }

    #[test]
    fn two_tokens_differ_and_are_not_shown_in_logs() {
        let (a, b) = (Token::random().expect("random bytes"), Token::random().expect("random bytes"));
        assert_ne!(a.as_str(), b.as_str());
        assert!(!format!("{a:?}").contains(a.as_str()));
    }
}
