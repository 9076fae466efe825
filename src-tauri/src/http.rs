//! One request to an Andon on this machine: just enough HTTP for the command line to speak to the web host.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The largest answer that is read, bytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Where an Andon is served: `127.0.0.1:4711` and its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// Host and port.
    pub authority: &'a str,
    /// What lets one in.
    pub token: &'a str,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// The document.
    pub body: Vec<u8>,
}

impl<'a> Address<'a> {
    /// Takes the address apart that a served Andon says; nothing where it is none.
    pub fn parse(url: &'a str) -> Option<Self> {
        let (authority, token) = url.trim().strip_prefix("http://")?.split_once("/?token=")?;
        Some(Self { authority, token })
    }

    /// Calls a command of the contract.
    ///
    /// # Errors
    /// The connection's.
    pub fn call(&self, command: &str, request: &str) -> io::Result<Answer> {
        let Self { authority, token } = self;
        let port = authority.rsplit_once(':').map_or("80", |(_, port)| port);
        let mut stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        write!(
            stream,
            "POST /api/call/{command} HTTP/1.1\r\nHost: {authority}\r\nCookie: andon_{port}={token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{request}",
            request.len()
        )?;
        let mut bytes = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut bytes)?;
        answer(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
    }
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address { authority: "127.0.0.1:4711", token: "abc" };
        assert_eq!(Address::parse("http://127.0.0.1:4711/?token=abc\n"), Some(address));
        assert_eq!(Address::parse("http://127.0.0.1:4711/"), None);
        assert_eq!(Address::parse(""), None);
    }

    #[test]
    fn an_answer_is_taken_apart() {
        let read = answer(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}");
        assert_eq!(read, Some(Answer { status: 404, body: b"{}".to_vec() }));
        assert_eq!(answer(b"nonsense"), None);
    }
}
